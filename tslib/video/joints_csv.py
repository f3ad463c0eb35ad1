"""Files of joints as predict writes them: CSV with the columns frame, joint, x, y, score.

One row for each frame and joint; x and y are empty where the joint is unknown.
"""

import csv
import io
import math
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..files import write_whole

COLUMNS = "frame,joint,x,y,score"
LARGEST = 1e6  # px; a coordinate beyond is a mistake


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


def read_rows(path):
    """The rows of a file, one after the other: (number of the line, {column: text}). Raises
    InputError.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:  # spreadsheets write a mark
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise InputError(f"there is no joints file {path}.") from None
    except (OSError, UnicodeDecodeError, csv.Error):
        raise InputError(f"{path} cannot be read as CSV.") from None
    if not rows or not set(COLUMNS.split(",")) <= set(rows[0]):
        raise InputError(f"{path} must have rows under the header {COLUMNS}.")
    for line, row in enumerate(rows, 2):
        if None in row.values():
            raise InputError(f"line {line} of {path} has fewer values than the header.")
        yield line, row


def numbers(row, line, path):
    """x, y and score of a row, finite; InputError names the line."""
    try:
        values = float(row["x"]), float(row["y"]), float(row["score"])
    except ValueError:
        values = (math.nan,)
    if not all(map(math.isfinite, values)):
        raise InputError(f"line {line} of {path} holds a value that is no number.")
    return values


def read(path, joints):
    """The Tracks in a file that holds these joints and no others; InputError says what does not
    fit.
    """
    found = {}
    for line, row in read_rows(path):
        if not (row["frame"].isascii() and row["frame"].isdigit() and len(row["frame"]) <= 15):
            raise InputError(
                f"line {line} of {path} has {row['frame'][:20]!r} for a frame's number."
            )
        key = int(row["frame"]), row["joint"]
        if key[1] not in joints:
            raise InputError(
                f"line {line} of {path} holds {key[1][:40]!r}, which is none of {', '.join(joints)}."
            )
        if key in found:
            raise InputError(
                f"line {line} of {path} holds {key[1]} in frame {key[0]} a second time."
            )
        empty = not row["x"] and not row["y"]
        x, y, score = numbers(row | {"x": 0, "y": 0} if empty else row, line, path)
        if max(abs(x), abs(y)) > LARGEST:
            raise InputError(f"line {line} of {path} holds a position beyond {LARGEST:g} px.")
        found[key] = (math.nan, math.nan, score) if empty else (x, y, score)
    for name in joints:
        if name not in {joint for _, joint in found}:
            raise InputError(f"{path} lacks the joint {name}.")
    frames = sorted({frame for frame, _ in found})
    values = np.array(
        [[found.get((t, name), (math.nan, math.nan, 0.0)) for name in joints] for t in frames]
    )
    return Tracks(np.array(frames, np.int64), values[..., :2], values[..., 2], tuple(joints))


def write(tracks, path):
    """Write Tracks to a file, which is replaced in one step; InputError where it cannot be."""
    table = io.StringIO()
    table.write(COLUMNS + "\n")
    for frame, pose, score in zip(tracks.frames, tracks.poses, tracks.score, strict=True):
        write_rows(table, frame, tracks.joints, (pose, score))
    write_whole(path, table.getvalue().encode())


def write_rows(table, frame, joints, result):
    """One frame's rows of an open file; result is (poses (K, 2) px, score (K,)), or None for
    nobody.
    """
    for k, name in enumerate(joints):
        (x, y), score = (
            (result[0][k], result[1][k]) if result is not None else ((math.nan, math.nan), 0)
        )
        if math.isnan(x):
            table.write(f"{frame},{name},,,{score:.4g}\n")
        else:
            table.write(f"{frame},{name},{x:.2f},{y:.2f},{score:.4f}\n")
