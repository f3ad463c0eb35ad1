"""What several checkers ask of an answer."""

import numpy as np
import torch


def as_tensor(answer):
    """A reader's answer as one tensor: a tensor, an array, a number, or a list of any of them."""
    if isinstance(answer, torch.Tensor):
        return answer.detach()
    if isinstance(answer, list | tuple):
        return torch.stack([as_tensor(part) for part in answer])
    return torch.as_tensor(np.ascontiguousarray(answer)).reshape(np.shape(answer))


def unlike(answer, right, given):
    """None for what makes one tensor of the right shape and values, else a sentence."""
    try:
        answer = as_tensor(answer)
    except (TypeError, ValueError, RuntimeError):
        kind = type(answer).__name__
        return f"It must return one tensor, and your {kind} does not make one."
    if answer.shape != right.shape:
        return f"The result must have shape {tuple(right.shape)}, yours has {tuple(answer.shape)}."
    # An answer in float32 is as right as one in float64, and carries its rounding.
    tolerance = 1e-8 if answer.dtype == torch.float64 else 1e-5
    near = torch.isclose(answer.to(right.dtype), right, atol=tolerance)
    if not near.all():
        place = tuple(torch.nonzero(~near)[0].tolist())
        return (
            f"For {given}, entry {list(place)} is {right[place]:.4f}, yours is {answer[place]:.4f}."
        )
