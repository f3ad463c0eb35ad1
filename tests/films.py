"""Video files as other programs write them, byte by byte: what OpenCV cannot write itself."""

import struct

import cv2

FPS = 25


def jpeg(picture, aspect=(1, 1)):
    """An RGB picture as JPEG, whose header says how wide and how high a pixel is."""
    data = bytearray(cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes())
    assert data[6:10] == b"JFIF"
    data[13:18] = struct.pack(">BHH", 0, *aspect)
    return bytes(data)


def _chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _list(name, *parts):
    return _chunk(b"LIST", name + b"".join(parts))


def write_avi(path, chunks, size):
    """An .avi of chunks: bytes of a JPEG, or None for a packet of sound. size : (W, H) px"""
    count = sum(chunk is not None for chunk in chunks)
    head = struct.pack("<14I", 1_000_000 // FPS, 0, 0, 0, count, 0, 2, 0, *size, 0, 0, 0, 0)
    streams = []
    for kind, rate, length, form in (
        (b"vidsMJPG", FPS, count, struct.pack("<IiiHH4s5I", 40, *size, 1, 24, b"MJPG", *5 * [0])),
        (b"auds\1\0\0\0", 8000, len(chunks), struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)),
    ):
        header = kind + struct.pack("<10I4H", 0, 0, 0, 1, rate, 0, length, 0, 0, 1, *4 * [0])
        streams.append(_list(b"strl", _chunk(b"strh", header), _chunk(b"strf", form)))
    moved = (_chunk(b"01wb", b"\x80") if c is None else _chunk(b"00dc", c) for c in chunks)
    body = _list(b"hdrl", _chunk(b"avih", head), *streams) + _list(b"movi", *moved)
    path.write_bytes(_chunk(b"RIFF", b"AVI " + body))
    return path


def write_mov(path, frames):
    """A .mov of JPEGs by OpenCV, and where in it each of them lies, as slices."""
    size = frames[0].shape[1], frames[0].shape[0]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, size)
    for frame in frames:
        writer.write(frame[..., ::-1].copy())
    writer.release()
    data, places, at = path.read_bytes(), [], 0
    while (at := data.find(b"\xff\xd8\xff", at)) >= 0:
        places.append(slice(at, data.index(b"\xff\xd9", at) + 2))
        at = places[-1].stop
    assert len(places) == len(frames)
    return places


def change(path, places, data=None):
    """Overwrite parts of a file by zeros, or by the data."""
    content = bytearray(path.read_bytes())
    for place in places:
        content[place] = data or bytes(place.stop - place.start)
    path.write_bytes(content)


def trim(path, seconds):
    """Hide all of an .mp4 but its first seconds, as phones do it: in the header alone."""
    content = bytearray(path.read_bytes())
    at = content.index(b"mvhd")
    (units,) = struct.unpack_from(">I", content, at + 16)
    for box, offset in ((b"tkhd", 24), (b"elst", 12)):
        struct.pack_into(">I", content, content.index(box) + offset, int(seconds * units))
    path.write_bytes(content)


def header_first(path):
    """Move the header of an .mp4 before the pictures, as for the web; where it then ends."""
    content = bytearray(path.read_bytes())
    start = content.index(b"moov") - 4
    header, rest = content[start:], content[:start]
    table = header.index(b"stco")
    (count,) = struct.unpack_from(">I", header, table + 8)
    for n in range(count):
        (place,) = struct.unpack_from(">I", header, table + 12 + 4 * n)
        struct.pack_into(">I", header, table + 12 + 4 * n, place + len(header))
    (first,) = struct.unpack_from(">I", rest)
    path.write_bytes(rest[:first] + header + rest[first:])
    return first + len(header)
