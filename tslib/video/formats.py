"""The formats in which predict writes joints, one file or folder for each table.

Each format is a context manager of (stem, table) that gives ``write(frame, people)``, where people
are (pose (K, 2) px, score (K,)), or None for who is out of sight. Pixels count from 0.

csv : STEM.csv, see `joints_csv`
coco : STEM.coco.json, a list of COCO's keypoint results, of the people who are in sight. A joint's
    v is 2 and a missing one's 0; an image's id is the number of its frame.
openpose : STEM.openpose/NAME_000000000000_keypoints.json, one for each frame, in the order BODY_25.
    Neck and middle of the hips are the middles between both sides; feet and missing joints are 0.
npz : STEM.npz with joints (T, K, 2) px, NaN where nobody is in sight, score (T, K), names and fps;
    (T, people, K, 2) and (T, people, K) for several people.

Of several people each carries its number: person in csv and coco, person_id in openpose.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..skeletons import SKELETONS
from .joints_csv import write_header, write_rows

Found = tuple[np.ndarray, np.ndarray] | None
Write = Callable[[int, Sequence[Found]], None]
_COCO = SKELETONS["coco17"].joints
_BODY_25 = (
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist hips "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear "
    "left_ear"
).split()
_FEET = 6  # joints of BODY_25 that follow
_MIDDLES = {"neck": ("left_shoulder", "right_shoulder"), "hips": ("left_hip", "right_hip")}
_EMPTY = ["face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d"]
_EMPTY += [name.replace("2d", "3d") for name in ("pose_keypoints_2d", *_EMPTY)]


@dataclass(frozen=True)
class Table:
    """What a table is about: names of the joints, how many people, name of the film, its fps."""

    joints: Sequence[str]
    people: int
    film: str
    fps: float


@contextmanager
def _csv(stem: Path, table: Table) -> Iterator[Write]:
    with open(stem.with_suffix(".csv"), "w", encoding="utf-8") as file:
        write_header(file, table.people > 1)

        def write(frame, people):
            for n, found in enumerate(people):
                write_rows(file, frame, table.joints, found, n if table.people > 1 else None)

        yield write


@contextmanager
def _coco(stem: Path, table: Table) -> Iterator[Write]:
    with open(stem.with_suffix(".coco.json"), "w", encoding="utf-8") as file:
        before = "["

        def write(frame, people):
            nonlocal before
            for n, found in enumerate(people):
                if found is None:
                    continue
                named = _named(table.joints, found)
                rows = [[*named[j][:2], 2] if j in named else [0, 0, 0] for j in _COCO]
                score = round(float(np.mean([s for *_, s in named.values()])), 4)
                result = {"image_id": frame, "category_id": 1, "keypoints": sum(rows, [])}
                more = {"person": n} if table.people > 1 else {}
                file.write(f"{before}\n{json.dumps({**result, 'score': score, **more})}")
                before = ","

        yield write
        file.write("[]\n" if before == "[" else "\n]\n")


@contextmanager
def _openpose(stem: Path, table: Table) -> Iterator[Write]:
    folder = stem.with_suffix(".openpose")
    folder.mkdir()

    def write(frame, people):
        seen = []
        for n, found in enumerate(people):
            if found is not None:
                named = _named(table.joints, found)
                for name, sides in _MIDDLES.items():
                    if name not in named and named.keys() >= {*sides}:
                        a, b = (named[side] for side in sides)
                        x, y = (round((a[i] + b[i]) / 2, 2) for i in (0, 1))
                        named[name] = [x, y, min(a[2], b[2])]
                rows = [named.get(j, [0, 0, 0]) for j in _BODY_25] + [[0, 0, 0]] * _FEET
                person = {"person_id": [n if table.people > 1 else -1]}
                person |= {"pose_keypoints_2d": sum(rows, [])} | {name: [] for name in _EMPTY}
                seen.append(person)
        text = json.dumps({"version": 1.3, "people": seen})
        name = f"{table.film}_{frame:012d}_keypoints.json"
        (folder / name).write_text(text, encoding="utf-8")

    yield write


@contextmanager
def _npz(stem: Path, table: Table) -> Iterator[Write]:
    shape = (table.people,) * (table.people > 1) + (len(table.joints), 3)
    nobody = np.full(shape[-2:], (np.nan, np.nan, 0), np.float32)
    # On disk until its length is known, so that hours of video take no memory.
    with tempfile.TemporaryFile() as rows:

        def write(frame, people):
            for found in people:
                row = nobody if found is None else np.column_stack(found).astype(np.float32)
                rows.write(row.tobytes())

        yield write
        rows.flush()
        values = np.memmap(rows, np.float32, "r").reshape(-1, *shape)
        joints, score = values[..., :2], values[..., 2]
        fps, names = np.float64(table.fps), np.array(table.joints)
        np.savez(stem.with_suffix(".npz"), joints=joints, score=score, names=names, fps=fps)


def _named(joints: Sequence[str], found: tuple[np.ndarray, np.ndarray]) -> dict[str, list[float]]:
    """{name: [x, y, score]} of a person's joints."""
    rows = np.column_stack(found).astype(float)
    return {
        name: [round(x, 2), round(y, 2), round(score, 4)]
        for name, (x, y, score) in zip(joints, rows.tolist(), strict=True)
    }


FORMATS: dict[str, Callable[[Path, Table], AbstractContextManager[Write]]]
FORMATS = {"csv": _csv, "coco": _coco, "openpose": _openpose, "npz": _npz}
