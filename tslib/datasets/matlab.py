"""MATLAB 5 files, with everything that is read checked: kind, shape, and that it is there.

Read without scipy.io, which a damaged file can bring down with the whole process. Numbers come as
they are stored, texts as str, structs as a list of dicts; cells, sparse and complex arrays are not
needed: None. Format: The MathWorks, MAT-File Format, version 5; MATLAB's ``-v6`` and ``-v7`` and
scipy.io.savemat write it.
"""

import math
import zlib

import numpy as np

from ..errors import InputError

LARGEST = 1 << 29  # bytes of a file or of a variable
MATRIX, COMPRESSED = 14, 15  # types of data elements
NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
TEXTS = {2: "latin-1", 4: "utf-16-le", 16: "utf-8", 17: "utf-16-le"}
STRUCT, CHAR, NUMERIC = 2, 4, range(6, 16)  # classes of arrays


def read_mat(path, needed, optional=()):
    """Variables of a .mat file by name: {name: array, str, list of dict, or None}.

    Raises InputError where the file is missing or damaged, or lacks a needed variable.
    """
    if not path.is_file():
        raise InputError(f"there is no label file {path}.")
    try:
        content = _variables(path, {*needed, *optional})
    except (ValueError, IndexError, MemoryError, zlib.error):
        raise InputError(f"{path} cannot be read as a MATLAB 5 file; replace it.") from None
    for name in needed:
        if name not in content:
            raise InputError(f"{path} lacks {name!r}.")
    return content


def _variables(path, wanted):
    if path.stat().st_size > LARGEST:
        raise ValueError("too large")
    data = memoryview(path.read_bytes())
    if data[126:128] != b"IM":  # little-endian, as every machine since 2006 writes
        raise ValueError("no MATLAB 5 file")
    content = {}
    for kind, element in _elements(data[128:]):
        if kind == COMPRESSED:
            unpacker = zlib.decompressobj()
            element = memoryview(unpacker.decompress(element, LARGEST))
            if not unpacker.eof:
                raise ValueError("too large or cut off")
            ((kind, element),) = _elements(element)
        if kind != MATRIX:
            raise ValueError("no array")
        parts = list(_elements(element))
        name = bytes(parts[2][1]).decode("ascii") if len(parts) > 2 else ""
        if name in wanted:
            content[name] = _array(parts)
    return content


def _elements(data):
    """Yield (type, bytes) of the data elements that lie one after the other."""
    at = 0
    while at < len(data):
        word, length = (int(n) for n in _numbers(data[at : at + 8], "u4"))
        if word >> 16:  # up to four bytes share the tag
            kind, length, start, after = word & 0xFFFF, word >> 16, at + 4, at + 8
            if length > 4:
                raise ValueError("a wrong tag")
        else:
            kind, start = word, at + 8
            after = start + (length if kind == COMPRESSED else -(-length // 8) * 8)
        if start + length > len(data):
            raise ValueError("cut off")
        yield kind, data[start : start + length]
        at = after


def _numbers(data, dtype):
    return np.frombuffer(data, f"<{dtype}")


def _array(parts, depth=0):
    """The value of an array from its data elements: flags, dimensions, name, content."""
    if len(parts) < 3:
        return None  # an empty one, in a struct
    flags = int(_numbers(parts[0][1], "u4")[0])
    array_class, is_complex = flags & 0xFF, flags & 0x800
    shape = [int(n) for n in _numbers(parts[1][1], "i4")]
    if min(shape) < 0 or len(shape) > 8:
        raise ValueError("wrong dimensions")
    content = parts[3:]
    if array_class == STRUCT and depth < 3:
        width = int(_numbers(content[0][1], "i4")[0])
        text = bytes(content[1][1])
        if width < 1:
            raise ValueError("wrong field names")
        fields = [
            text[n : n + width].split(b"\0")[0].decode("ascii") for n in range(0, len(text), width)
        ]
        values = [_array(list(_elements(e)), depth + 1) for _, e in content[2:]]
        if len(values) != len(fields) * math.prod(shape):
            raise ValueError("fields are missing")
        return [
            dict(zip(fields, values[n:], strict=False))
            for n in range(0, len(values), len(fields) or 1)
        ]
    if array_class == CHAR and len(content) == 1 and content[0][0] in TEXTS:
        text = bytes(content[0][1]).decode(TEXTS[content[0][0]])
        return text if shape[0] <= 1 else None
    if array_class in NUMERIC and not is_complex and len(content) == 1 and content[0][0] in NUMBERS:
        kind, data = content[0]
        return _numbers(data, NUMBERS[kind]).astype(NUMBERS[kind]).reshape(shape, order="F")
    return None


def numbers(value, shape, what):
    """A value as float64 of that shape: MATLAB shrinks whole numbers to uint8 and uint16, which
    wrap.
    """
    return shaped(value, shape, what).astype(np.float64)


def shaped(value, shape, what):
    """A value that holds numbers of that shape, as it is stored.

    None in shape stands for any length. MATLAB drops a last axis of length 1; it is put back.
    `what` names the value in the InputError.
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
        is_ = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else "something else"
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
    if isinstance(value, str):
        return value
    raise InputError(f"{what} must be a text.")


def known(points):
    """Points (..., 2) float64 as float32, NaN in both coordinates where one is no finite number."""
    with np.errstate(over="ignore"):  # beyond float32 is damage: infinite, so unknown
        points = points.astype(np.float32)
    points[~np.isfinite(points).all(-1)] = np.nan
    return points
