"""What several checkers of NumPy functions ask of an answer."""

import numpy as np
import torch


def as_array(answer):
    """The answer as float64, whatever a reader may rightly return: a list of rows, a torch tensor
    with or without gradients, a flipped view, float32."""
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().cpu().numpy()
    elif isinstance(answer, list | tuple) and any(isinstance(a, torch.Tensor) for a in answer):
        answer = [as_array(part) for part in answer]
    return np.asarray(answer, np.float64)


def differs(answer, right, given):
    """None for an array of the right shape and values, to the precision of float32, else a
    sentence."""
    answer, right = as_array(answer), as_array(right)
    if answer.shape != right.shape:
        return f"The result must have shape {right.shape}, yours has {answer.shape}."
    off = ~np.isclose(answer, right, rtol=1e-4, atol=1e-5)
    if off.any():
        first = tuple(np.argwhere(off)[0].tolist())
        place = f"entry {list(first)}" if first else "the result"
        return f"For {given}, {place} is {right[first]:.4f}, yours is {answer[first]:.4f}."


def both(answer, names):
    """The two parts of an answer, which may be a tuple, a list or one stacked array, or a sentence
    in their place."""
    try:
        first, second = answer
    except (TypeError, ValueError):
        return f"It must return two things: {names}."
    return first, second
