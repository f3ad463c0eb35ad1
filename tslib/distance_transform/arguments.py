"""What both versions of the transform accept, checked in one place and said in one sentence."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor


def check_type(name: str, value: Any) -> None:
    """ValueError for what is no float32 or float64 tensor."""
    if not isinstance(value, Tensor) or value.dtype not in (torch.float32, torch.float64):
        kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"{name} must be a float32 or float64 tensor, but it is {kind}.")


def leading_shape(
    score_shape: Sequence[int], stiffness_shape: Sequence[int], rest_shape: Sequence[int]
) -> tuple[int, ...]:
    """The axes before (H, W) of all three arguments, broadcast together.

    Raises ValueError where a map is empty, a spring is not a pair, or the axes do not broadcast.
    """
    if len(score_shape) < 2:
        raise ValueError(f"score must have shape (..., H, W), but has {tuple(score_shape)}.")
    if 0 in score_shape[-2:]:
        raise ValueError(f"score must have at least one cell, but has {tuple(score_shape)}.")
    for name, shape in (("stiffness", stiffness_shape), ("rest", rest_shape)):
        if len(shape) < 1 or shape[-1] != 2:
            raise ValueError(f"{name} must have shape (..., 2), x first, but has {tuple(shape)}.")
    try:
        return np.broadcast_shapes(score_shape[:-2], stiffness_shape[:-1], rest_shape[:-1])
    except ValueError:
        raise ValueError(
            "the leading axes of score, stiffness and rest must broadcast, but they are "
            f"{tuple(score_shape[:-2])}, {tuple(stiffness_shape[:-1])} "
            f"and {tuple(rest_shape[:-1])}."
        ) from None


def check_values(
    score: np.ndarray | Tensor, stiffness: np.ndarray | Tensor, rest: np.ndarray | Tensor
) -> None:
    """ValueError for what has no maximum: NaN or +inf scores, springs that do not pull or have no
    finite offset. Tensors must be detached; -inf scores (masked cells) are allowed.
    """
    _check("score", score, None, "must not hold NaN or +inf")
    pull = "must be positive and finite (a spring pulls towards its rest offset)"
    _check("stiffness", stiffness, 0, pull)
    _check("rest", rest, -math.inf, "must be finite")


def _check(name, values, low, wanted):
    """Refuse values that do not lie between low, if there is a limit, and infinity."""
    above = 0 in values.shape or low is None or low < float(values.min())
    if above and (0 in values.shape or float(values.max()) < math.inf):  # false for NaN
        return
    numbers = np.array(values.tolist())
    good = (numbers < math.inf) & (True if low is None else numbers > low)
    place = np.argwhere(~good)[0].tolist()
    raise ValueError(f"{name} {wanted}, but {name}{place} is {numbers[tuple(place)]}.")
