"""What several checkers ask of an answer."""

import torch


def unlike(answer, right, given):
    """None for a tensor of the right shape and values, else a sentence."""
    if not isinstance(answer, torch.Tensor):
        return f"It must return one tensor, yours returns a {type(answer).__name__}."
    if answer.shape != right.shape:
        return f"The result must have shape {tuple(right.shape)}, yours has {tuple(answer.shape)}."
    if not torch.allclose(answer.to(right), right):
        place = tuple(torch.nonzero(~torch.isclose(answer.to(right), right))[0].tolist())
        return (
            f"For {given}, entry {list(place)} is {right[place]:.4f}, yours is {answer[place]:.4f}."
        )
