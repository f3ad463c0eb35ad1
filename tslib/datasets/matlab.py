"""MATLAB files, with everything that is read checked: kind, shape, and that it is there."""

import warnings

import numpy as np
from scipy.io import loadmat

from ..errors import InputError


def read_mat(path, needed, optional=()):
    """Variables of a .mat file by name: a dict of what scipy.io.loadmat makes of them.

    Raises InputError where the file is missing or damaged, or lacks a needed variable.
    """
    if not path.is_file():
        raise InputError(f"there is no label file {path}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = loadmat(path, variable_names=[*needed, *optional])
    except Exception:  # on damaged bytes scipy may raise anything
        raise InputError(f"{path} cannot be read as a MATLAB file; replace it.") from None
    for name in needed:
        if name not in content:
            raise InputError(f"{path} lacks {name!r}.")
    return content


def numbers(value, shape, what):
    """A value as float64 of that shape: MATLAB shrinks whole numbers to uint8 and uint16, which wrap."""
    return shaped(value, shape, what).astype(np.float64)


def shaped(value, shape, what):
    """A value that holds numbers of that shape, as it is stored.

    None in shape stands for any length. MATLAB drops a last axis of length 1; it is put back. `what` names
    the value in the InputError.
    """
    if isinstance(value, np.ndarray) and value.ndim == len(shape) - 1:
        value = value[..., None]
    if (
        not isinstance(value, np.ndarray)
        or value.dtype.kind not in "buif"
        or value.ndim != len(shape)
        or any(n is not None and n != m for n, m in zip(shape, value.shape, strict=True))
    ):
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        is_ = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        raise InputError(f"{what} must be numbers of shape ({wanted}), but is {is_}.")
    return value


def number(value, what):
    """A single number as float; InputError where it is none."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = numbers(value.reshape(1), (1,), what)[0]
        if np.isfinite(value):
            return float(value)
    raise InputError(f"{what} must be one number.")


def text(value, what):
    """A string; "" for an empty one; InputError where it is none."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "U" and value.size <= 1:
        return str(value.item()) if value.size else ""
    raise InputError(f"{what} must be a text.")


def known(points):
    """Points (..., 2) float64 as float32, NaN in both coordinates where one is no finite number."""
    with np.errstate(over="ignore"):  # beyond float32 is damage: infinite, so unknown
        points = points.astype(np.float32)
    points[~np.isfinite(points).all(-1)] = np.nan
    return points
