"""Files of joints as predict writes them: CSV with the columns frame, joint, x, y, score.

One row for each frame and joint; x and y are empty where the joint is unknown.
"""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from ..errors import InputError
from ..files import write_whole

_COLUMNS = "frame,joint,x,y,score"
_FARTHEST = 1e6  # px; a coordinate beyond is a mistake
_NOWHERE = math.nan, math.nan
_Found = tuple[np.ndarray, np.ndarray] | None


@dataclass(frozen=True, eq=False)
class Tracks:
    """The joints of a file, all its frames in order.

    frames : int64 (T,), their numbers, ascending; some may be left out
    poses : float64 (T, K, 2) px, NaN where unknown
    score : float64 (T, K), 0 where the file has no row
    joints : tuple of K names
    """

    frames: np.ndarray
    poses: np.ndarray
    score: np.ndarray
    joints: tuple[str, ...]


def read_rows(path: Path | str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield for each row its place, "line 2 of FILE", and {column: text}. Raises InputError."""
    try:
        # Spreadsheets begin a file with a mark, which this encoding takes away.
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise InputError(f"there is no joints file {path}.") from None
    except (OSError, UnicodeDecodeError, csv.Error):
        raise InputError(f"{path} cannot be read as CSV.") from None
    if not rows or not set(_COLUMNS.split(",")) <= set(rows[0]):
        raise InputError(f"{path} must have rows under the header {_COLUMNS}.")
    for number, row in enumerate(rows, 2):
        if None in row.values():
            raise InputError(f"line {number} of {path} has fewer values than the header.")
        yield f"line {number} of {path}", row


def values_of(row: dict[str, str], place: str) -> tuple[float, float, float]:
    """x, y and score of a row, finite; InputError says the place."""
    try:
        x, y, score = (float(row[key]) for key in ("x", "y", "score"))
    except ValueError:
        x = y = score = math.nan
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(score)):
        raise InputError(f"{place} holds a value that is no number.")
    return x, y, score


def read_tracks(path: Path | str, joints: Sequence[str]) -> Tracks:
    """The Tracks in a file that holds these joints and no others. Raises InputError."""
    found = {}
    for place, row in read_rows(path):
        number, name = row["frame"], row["joint"]
        if not (number.isascii() and number.isdigit() and len(number) <= 15):
            raise InputError(f"{place} has {number[:20]!r} for a frame's number.")
        if name not in joints:
            raise InputError(f"{place} holds {name[:40]!r}, which is none of {', '.join(joints)}.")
        if (int(number), name) in found:
            raise InputError(f"{place} holds {name} in frame {int(number)} a second time.")
        unknown = not row["x"] and not row["y"]
        x, y, score = values_of(row | {"x": "0", "y": "0"} if unknown else row, place)
        if max(abs(x), abs(y)) > _FARTHEST:
            raise InputError(f"{place} holds a position beyond {_FARTHEST:g} px.")
        found[int(number), name] = (*_NOWHERE, score) if unknown else (x, y, score)
    for name in joints:
        if not any(name == joint for _, joint in found):
            raise InputError(f"{path} lacks the joint {name}.")
    frames = sorted({frame for frame, _ in found})
    values = np.array([[found.get((t, k), (*_NOWHERE, 0.0)) for k in joints] for t in frames])
    return Tracks(np.array(frames, np.int64), values[..., :2], values[..., 2], tuple(joints))


def write_tracks(tracks: Tracks, path: Path | str) -> None:
    """Write Tracks to a file, which is replaced in one step. Raises InputError."""
    table = io.StringIO()
    write_header(table)
    for frame, pose, score in zip(tracks.frames, tracks.poses, tracks.score, strict=True):
        write_rows(table, frame, tracks.joints, (pose, score))
    write_whole(path, table.getvalue().encode())


def write_header(table: TextIO) -> None:
    """The names of the columns, as the first line of an open file."""
    table.write(_COLUMNS + "\n")


def write_rows(table: TextIO, frame: int, joints: Sequence[str], result: _Found) -> None:
    """One frame's rows of an open file; result is (pose (K, 2) px, score (K,)), None for nobody."""
    for k, name in enumerate(joints):
        (x, y), score = (_NOWHERE, 0) if result is None else (result[0][k], result[1][k])
        if math.isnan(x):
            table.write(f"{frame},{name},,,{score:.4g}\n")
        else:
            table.write(f"{frame},{name},{x:.2f},{y:.2f},{score:.4f}\n")
