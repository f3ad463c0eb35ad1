"""MATLAB 5 files, with everything that is read checked: kind, shape, and that it is there.

A damaged file can bring down scipy.io.loadmat with the whole process: scipy 1.17.1 dies of about 20
of 6,000 (``python experiments/real/damaged_mat.py``), so we read them ourselves. Numbers come as
they are stored, texts as str, structs as a list of dicts, and all else, which no data set needs, as
None. Format: The MathWorks, MAT-File Format, version 5, which scipy.io.savemat writes, too.
"""

import math
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import ordinary

# Bytes of a file or of a variable, which is turned into numbers of eight times the size.
_LARGEST = 1 << 25
_MOST = 1_000_000  # elements, one after the other
# Types of data elements; numbers and texts by what numpy and Python call them.
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = dict(
    zip((1, 2, 3, 4, 5, 6, 7, 9, 12, 13), "i1 u1 i2 u2 i4 u4 f4 f8 i8 u8".split(), strict=True)
)
_TEXTS = {2: "latin-1", 4: "utf-16-le", 16: "utf-8", 17: "utf-16-le"}
# Classes of arrays.
_STRUCT, _CHAR, _NUMERIC = 2, 4, range(6, 16)


def read_mat(path: Path, needed: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    """Variables of a .mat file by name: {name: array, str, list of dict, or None}.

    Raises InputError where the file is missing or damaged, or lacks a needed variable.
    """
    ordinary(path, f"there is no label file {path}.", _LARGEST)
    try:
        content = _variables(path, {*needed, *optional})
    except (OSError, ValueError, IndexError, MemoryError, zlib.error):
        raise InputError(f"{path} cannot be read as a MATLAB 5 file; replace it.") from None
    for name in needed:
        if name not in content:
            raise InputError(f"{path} lacks {name!r}.")
    return content


def _variables(path: Path, wanted: set[str]) -> dict[str, Any]:
    data = memoryview(path.read_bytes())
    # Little-endian, as every machine since 2006 writes.
    if data[126:128] != b"IM":
        raise ValueError("no MATLAB 5 file")
    content, unpacked = {}, 0
    for kind, element in _elements(data[128:]):
        if kind == _COMPRESSED:
            unpacker = zlib.decompressobj()
            element = memoryview(unpacker.decompress(element, _LARGEST))
            unpacked += len(element)
            if not unpacker.eof or unpacked > 4 * _LARGEST:
                raise ValueError("too large or cut off")
            ((kind, element),) = _elements(element)
        if kind != _MATRIX:
            raise ValueError("no array")
        parts = list(_elements(element))
        name = bytes(parts[2][1]).decode("ascii") if len(parts) > 2 else ""
        if name in wanted:
            content[name] = _array(parts)
    return content


def _elements(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield (type, bytes) of the data elements that lie one after the other."""
    at = count = 0
    while at < len(data):
        count += 1
        if count > _MOST:
            raise ValueError("too many parts")
        kind, length = _integers(data[at : at + 8], "u4")
        start, room = at + 8, length if kind == _COMPRESSED else -(-length // 8) * 8
        # Up to four bytes lie within the tag.
        if kind >> 16:
            kind, length, start, room = kind & 0xFFFF, kind >> 16, at + 4, 4
            if length > 4:
                raise ValueError("a wrong tag")
        if start + length > len(data):
            raise ValueError("cut off")
        yield kind, data[start : start + length]
        at = start + room


def _integers(data: memoryview, dtype: str) -> list[int]:
    return np.frombuffer(data, f"<{dtype}").tolist()


def _array(parts: list[tuple[int, memoryview]], depth: int = 0) -> Any:
    """The value of an array from its data elements: flags, dimensions, name, content."""
    # A struct's empty array has none.
    if len(parts) < 3:
        return None
    flags, shape = _integers(parts[0][1], "u4")[0], _integers(parts[1][1], "i4")
    array_class, is_complex = flags & 0xFF, flags & 0x800
    if min(shape) < 0 or len(shape) > 8:
        raise ValueError("wrong dimensions")
    content = parts[3:]
    if array_class == _STRUCT and depth < 3:
        width, names = _integers(content[0][1], "i4")[0], bytes(content[1][1])
        if width < 1:
            raise ValueError("wrong field names")
        fields = [
            names[n : n + width].split(b"\0")[0].decode("ascii")
            for n in range(0, len(names), width)
        ]
        values = [_array(list(_elements(e)), depth + 1) for _, e in content[2:]]
        if len(values) != len(fields) * math.prod(shape):
            raise ValueError("fields are missing")
        step = len(fields) or 1
        rows = (values[n : n + step] for n in range(0, len(values), step))
        return [dict(zip(fields, row, strict=False)) for row in rows]
    if len(content) != 1:
        return None
    kind, data = content[0]
    if array_class == _CHAR and kind in _TEXTS:
        text = bytes(data).decode(_TEXTS[kind])
        return text if shape[0] <= 1 else None
    if array_class in _NUMERIC and not is_complex and kind in _NUMBERS:
        dtype = _NUMBERS[kind]
        return np.frombuffer(data, f"<{dtype}").astype(dtype).reshape(shape, order="F")
    return None


def floats(value: Any, shape: tuple[int | None, ...], what: str) -> np.ndarray:
    """A value as float64, because MATLAB shrinks whole numbers to uint8 and uint16, which wrap."""
    return shaped(value, shape, what).astype(np.float64)


def shaped(value: Any, shape: tuple[int | None, ...], what: str) -> np.ndarray:
    """A value that holds numbers of that shape, as it is stored; `what` names it in the InputError.

    None in shape stands for any length but 0. MATLAB drops a last axis of length 1; it is put back.
    """
    is_ = "something else"
    if isinstance(value, np.ndarray):
        is_ = f"{value.dtype} {value.shape}"
        if value.ndim == len(shape) - 1:
            value = value[..., None]
        fits = len(shape) == value.ndim and all(
            n == m or n is None and m > 0 for n, m in zip(shape, value.shape, strict=True)
        )
        if fits and value.dtype.kind in "buif":
            return value
    wanted = ", ".join("any" if n is None else str(n) for n in shape)
    raise InputError(f"{what} must be numbers of shape ({wanted}), but is {is_}.")


def number(value: Any, what: str) -> float:
    """A single number; InputError where it is none."""
    if isinstance(value, np.ndarray) and value.size == 1 and np.isfinite(value).all():
        return float(value.item())
    raise InputError(f"{what} must be one number.")


def text(value: Any, what: str) -> str:
    """A string; "" for an empty one; InputError where it is none."""
    if isinstance(value, str):
        return value
    raise InputError(f"{what} must be a text.")


def from_zero(points: np.ndarray) -> np.ndarray:
    """Points (..., 2) float64 that count from 1, as MATLAB's do, as float32 that count from 0.

    NaN in both coordinates where one is no finite number, or none in float32: that is damage.
    """
    with np.errstate(over="ignore"):
        points = (points - 1).astype(np.float32)
    points[~np.isfinite(points).all(-1)] = np.nan
    return points
