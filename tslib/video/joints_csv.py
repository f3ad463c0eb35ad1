"""Files of joints as predict writes them: CSV with the columns frame, joint, x, y, score.

One row for each frame and joint; x and y are empty where the joint is unknown. A first column,
person, says whose it is where predict follows several people.
"""

import csv
import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TextIO

import numpy as np

from ..errors import InputError
from ..files import ordinary

_COLUMNS = "frame,joint,x,y,score"
_LONGEST = 100_000  # characters of a line
_FARTHEST = 1e6  # px; a coordinate beyond is a mistake
_NOWHERE = math.nan, math.nan
_Found = tuple[np.ndarray, np.ndarray] | None


@dataclass(frozen=True, eq=False)
class Tracks:
    """The joints of a file, all its frames in order.

    frames : int64 (T,), their numbers, ascending; some may be left out
    poses : float64 (T, K, 2) px, NaN where unknown
    score : float64 (T, K), 0 where the file has no row
    """

    frames: np.ndarray
    poses: np.ndarray
    score: np.ndarray


def read_rows(path: Path | str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield for each row its place, "line 2 of FILE", and {column: text}.

    Raises InputError, also for a row of another length than the header, a frame without a number,
    and a joint that a frame has twice.
    """
    place, needed = None, f"{path} must have rows under the header {_COLUMNS}."
    ordinary(path, f"there is no joints file {path}.")
    with _on_disk(path) as seen:
        seen.execute("CREATE TABLE seen (frame, joint, PRIMARY KEY (frame, joint)) WITHOUT ROWID")
        try:
            # Spreadsheets begin a file with a mark, which this encoding takes away.
            with open(path, newline="", encoding="utf-8-sig") as file:
                # No line is that long, and of a file without lines this is no more.
                rows = csv.DictReader(iter(partial(file.readline, _LONGEST), ""))
                if any([*(rows.fieldnames or ())].count(c) != 1 for c in _COLUMNS.split(",")):
                    raise InputError(needed)
                if "person" in (rows.fieldnames or ()):
                    raise InputError(
                        f"{path} holds several people; keep the rows of one, and no column person."
                    )
                for row in rows:
                    place = f"line {rows.line_num} of {path}"
                    number, name = row["frame"], row["joint"]
                    if None in row or None in row.values():
                        than = "more" if None in row else "fewer"
                        raise InputError(f"{place} has {than} values than the header.")
                    if not (number.isascii() and number.isdigit() and len(number) <= 15):
                        raise InputError(f"{place} has {number[:20]!r} for a frame's number.")
                    try:
                        seen.execute("INSERT INTO seen VALUES (?, ?)", (int(number), name))
                    except sqlite3.IntegrityError:
                        again = f"holds {name[:40]!r} in frame {int(number)} a second time"
                        raise InputError(f"{place} {again}.") from None
                    yield place, row
        except (OSError, UnicodeDecodeError, csv.Error):
            raise InputError(f"{path} cannot be read as CSV.") from None
    if place is None:
        raise InputError(needed)


def values_of(row: dict[str, str], place: str) -> tuple[float, float, float]:
    """x, y and score of a row; x and y NaN where unknown; InputError says the place.

    A joint is unknown where both are empty, and where all three are 0, as OpenPose writes it.
    """
    unknown = not row["x"] and not row["y"]
    try:
        x, y, score = (float(row[key] or "0" * unknown) for key in ("x", "y", "score"))
    except ValueError:
        x = y = score = math.nan
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(score)):
        raise InputError(f"{place} holds a value that is no number.")
    return (*_NOWHERE, score) if unknown or x == y == score == 0 else (x, y, score)


@contextmanager
def _on_disk(path: Path | str) -> Iterator[sqlite3.Connection]:
    """A table for the rows of a file, on disk, so that hours of video take no memory."""
    # A database without a name is a temporary file.
    rows = sqlite3.connect("")
    try:
        yield rows
    except sqlite3.OperationalError as error:
        full = f"{path} cannot be sorted: {error}; make room for temporary files"
        raise InputError(f"{full}.") from None
    finally:
        rows.close()


class JointsTable:
    """The joints of a CSV file, all its frames in order, on disk; a context manager.

    frames : int64 (T,), their numbers, ascending; some may be left out
    joints : tuple of K names

    Raises InputError where the file holds other joints, lacks one, or cannot be used.
    """

    def __init__(self, path: Path | str, joints: Sequence[str]) -> None:
        self.joints = tuple(joints)
        with ExitStack() as opened:
            self._rows = opened.enter_context(_on_disk(path))
            self._rows.execute("CREATE TABLE rows (frame INTEGER, joint INTEGER, x, y, score)")
            self._rows.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", self._read(path))
            self._rows.execute("CREATE INDEX time ON rows (frame)")
            self._rows.execute("CREATE INDEX seen ON rows (joint, frame) WHERE x IS NOT NULL")
            for k, name in enumerate(joints):
                if not self._rows.execute("SELECT 1 FROM rows WHERE joint = ?", [k]).fetchone():
                    raise InputError(f"{path} lacks the joint {name}.")
            self._opened = opened.pop_all()
        numbers = self._rows.execute("SELECT DISTINCT frame FROM rows ORDER BY frame")
        self.frames = np.fromiter((frame for (frame,) in numbers), np.int64)

    def _read(self, path: Path | str) -> Iterator[tuple[int, int, float, float, float]]:
        for place, row in read_rows(path):
            name = row["joint"]
            if name not in self.joints:
                these = ", ".join(self.joints)
                raise InputError(f"{place} holds {name[:40]!r}, which is none of {these}.")
            x, y, score = values_of(row, place)
            if max(abs(x), abs(y)) > _FARTHEST:
                raise InputError(f"{place} holds a position beyond {_FARTHEST:g} px.")
            # What is NaN becomes NULL.
            yield int(row["frame"]), self.joints.index(name), x, y, score

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def tracks(self, first: int, last: int, within: tuple[int, int] | None = None) -> Tracks:
        """The frames from a first to a last, both included.

        within : two more frames; then also those, as far as they lie between these two, in which a
            joint was seen last before the first, and next after the last
        """
        row = "SELECT frame, joint, x, y, score FROM rows WHERE"
        found = self._rows.execute(f"{row} frame BETWEEN ? AND ?", (first, last)).fetchall()
        if within:
            seen = f"{row} joint = ? AND x IS NOT NULL AND frame BETWEEN ? AND ? ORDER BY frame"
            for k in range(len(self.joints)):
                for ends, order in (
                    ((within[0], first - 1), "DESC"),
                    ((last + 1, within[1]), "ASC"),
                ):
                    found += self._rows.execute(f"{seen} {order} LIMIT 1", (k, *ends)).fetchall()
        values = np.array(found, np.float64).reshape(-1, 5)
        frames, t = np.unique(values[:, 0].astype(np.int64), return_inverse=True)
        poses = np.full((len(frames), len(self.joints), 2), np.nan)
        score = np.zeros(poses.shape[:2])
        cells = t, values[:, 1].astype(int)
        poses[cells], score[cells] = values[:, 2:4], values[:, 4]
        return Tracks(frames, poses, score)


def write_header(table: TextIO, several: bool = False) -> None:
    """The names of the columns, the first line of an open file; person too, for several people."""
    table.write(("person," if several else "") + _COLUMNS + "\n")


def write_rows(
    table: TextIO, frame: int, joints: Sequence[str], result: _Found, person: int | None = None
) -> None:
    """One person's rows of a frame; result is (pose (K, 2) px, score (K,)), None for nobody.

    person : its number, where there are several
    """
    who = "" if person is None else f"{person},"
    for k, name in enumerate(joints):
        (x, y), score = (_NOWHERE, 0) if result is None else (result[0][k], result[1][k])
        if math.isnan(x):
            table.write(f"{who}{frame},{name},,,{score:.4g}\n")
        else:
            table.write(f"{who}{frame},{name},{x:.2f},{y:.2f},{score:.4f}\n")
