"""What both versions of the transform accept, checked in one place and said in one sentence."""

import numpy as np


def leading_shape(score_shape, stiffness_shape, rest_shape):
    """Shape of the axes before (H, W): those of all three arguments, broadcast together.

    Raises ValueError where a map is missing or empty, a spring is not a pair, or the axes do not
    broadcast.
    """
    if len(score_shape) < 2:
        raise ValueError(
            f"score must have shape (..., H, W), but its shape is {tuple(score_shape)}."
        )
    if 0 in score_shape[-2:]:
        raise ValueError(
            f"score must have at least one cell, but its shape is {tuple(score_shape)}."
        )
    for name, shape in (("stiffness", stiffness_shape), ("rest", rest_shape)):
        if len(shape) < 1 or shape[-1] != 2:
            raise ValueError(
                f"{name} must have shape (..., 2), x first, but its shape is {tuple(shape)}."
            )
    try:
        return np.broadcast_shapes(score_shape[:-2], stiffness_shape[:-1], rest_shape[:-1])
    except ValueError:
        raise ValueError(
            "the leading axes of score, stiffness and rest must broadcast, but they are "
            f"{tuple(score_shape[:-2])}, {tuple(stiffness_shape[:-1])} and {tuple(rest_shape[:-1])}."
        ) from None


def check_values(score, stiffness, rest):
    """Refuse what has no maximum: NaN or +inf scores, springs that do not pull, offsets that are no
    number.

    Takes NumPy arrays or detached tensors; -inf scores (masked cells) are allowed. Raises
    ValueError.
    """
    inf = float("inf")
    if 0 not in score.shape and not bool(score.max() < inf):  # false for NaN as well
        value, place = _first(score, ~(score < inf))
        raise ValueError(f"score must not hold NaN or +inf, but score[{place}] is {value}.")
    if not _between(0, stiffness, inf):
        value, place = _first(stiffness, ~((stiffness > 0) & (stiffness < inf)))
        raise ValueError(
            f"stiffness must be positive and finite (a spring pulls towards its rest offset), "
            f"but stiffness[{place}] is {value}."
        )
    if not _between(-inf, rest, inf):
        value, place = _first(rest, ~((rest > -inf) & (rest < inf)))
        raise ValueError(f"rest must be finite, but rest[{place}] is {value}.")


def _between(low, values, high):
    """Whether all values lie between two numbers; NaN does not."""
    return 0 in values.shape or low < float(values.min()) and float(values.max()) < high


def _first(values, bad):
    """The first offending value and its index, as text."""
    index = tuple(
        int(i[0]) for i in np.nonzero(np.asarray(bad.tolist(), bool).reshape(tuple(bad.shape)))
    )
    return float(values[index]), ", ".join(map(str, index))
