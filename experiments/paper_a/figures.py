"""Paper A's Figures 1, 3 and 4 from our own runs: pictures by rule, and curves as numbers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from tslib.clip import Clip
from tslib.errors import InputError
from tslib.overlay import draw_limbs, enlarged
from tslib.skeletons import SKELETONS

from .. import report
from ..comparison import SHARES, pooled
from ..poses import frames_of
from .runs import Runs
from .tables import hidden

ROWS = {"baseline": "ConvNet", "S-infer": "S-infer", "ST-infer": "ST-infer"}
# Thresholds of Figure 3: 0 to 0.2.
CURVE = 21
# Of the person's size: what a ring in the pictures says, and what a repair must reach.
RIGHT, NEAR = 0.2, 0.1
# Pixels: a frame's longer side, its row's label, and a line of text.
TILE, LABEL, LINE = 288, 92, 24
# Of Figure 4: tiles in a row, rows above the one of failures.
COLUMNS, SUCCESSES = 5, 2
RED, WHITE = (255, 40, 40), (255, 255, 255)
Made = tuple[dict[str, Any], dict[str, bytes]]


class Repair(NamedTuple):
    """A slice in which some joints are repaired, bool (T, K); figure1 chooses by gain and far."""

    kind: str
    gain: int
    far: float
    number: int
    first: int
    repaired: np.ndarray


def figure3(runs: Runs, seeds: Sequence[int]) -> Made:
    """PCK of the report groups at thresholds of 0 to 0.2, all seeds together: a dict, and files.

    Returns {"seeds", "thresholds", "rows": {row: {group or mean: per cent at each}}} and {name:
    bytes} of figure3.csv, which holds the same.
    """
    skeleton = SKELETONS[runs.config.skeleton]
    counted = {
        row: pooled({seed: runs.tallies(row, seed) for seed in seeds}).sum(0) for row in ROWS
    }
    first = {row: tallies[:CURVE] for row, tallies in counted.items()}
    rows, csv = report.curves(first, SHARES[:CURVE], skeleton)
    result = {"seeds": list(seeds), "thresholds": SHARES[:CURVE].tolist(), "rows": rows}
    return result, {"figure3.csv": csv}


def figure1(runs: Runs, seeds: Sequence[int]) -> Made:
    """For each kind of failure the slice in which ST-infer repairs most of it, as four rows of
    pictures.

    Slices follow each other in each test clip. A joint is repaired that is off by more than 0.2 of
    the person's size in the baseline and by 0.1 at most in ST-infer. Of a kind, the slice is taken
    with the most of these, less the joints that are off by more than 0.2 in ST-infer; of equal
    ones, that in which the baseline is farther off. No clip is taken twice. Of several seeds the
    first.

    Returns {"seed", "slices": {kind: {"clip", "first": frame, "frames", "repaired": {joint: how
    often}}}} and {name: bytes} of figure1-KIND.png. A kind that never happens is left out.
    """
    poses = {row: runs.poses(row, seeds[0]) for row in ROWS}
    found = list(_repairs(runs, poses["baseline"], poses["ST-infer"]))
    slices, files, used = {}, {}, set()
    for kind in KINDS:
        left = [one for one in found if one.kind == kind and one.number not in used]
        if not left:
            continue
        best = max(left, key=lambda one: (one.gain, one.far))
        used.add(best.number)
        clip = runs.data.test[best.number]
        joints = [clip.skeleton.joints[k] for k in np.nonzero(best.repaired)[1]]
        slices[kind] = {
            "clip": clip.name,
            "first": best.first,
            "frames": len(best.repaired),
            "repaired": {name: joints.count(name) for name in sorted(set(joints))},
        }
        shown = {label: poses[row][best.number] for row, label in ROWS.items()}
        files[f"figure1-{kind}.png"] = _png(_four_rows(clip, best, shown))
    return {"seed": seeds[0], "slices": slices}, files


def _repairs(
    runs: Runs, baseline: Sequence[np.ndarray], ours: Sequence[np.ndarray]
) -> Iterator[Repair]:
    """Yield a Repair for each kind and slice of the test clips where something is repaired."""
    T = runs.config.joint.frames
    for n, clip in enumerate(runs.data.test):
        before, after = off(clip, baseline[n]), off(clip, ours[n])
        wrong = clip.counted & ~(after <= RIGHT)
        for kind, those in ways_to_fail(clip, baseline[n]).items():
            repaired = those & (before > RIGHT) & (after <= NEAR)
            for first in range(0, len(clip) - T + 1, T):
                part = slice(first, first + T)
                some = repaired[part]
                if some.any():
                    far = float(before[part][some].sum())
                    yield Repair(kind, int(some.sum() - wrong[part].sum()), far, n, first, some)


KINDS = {"hidden": "hidden joint", "damaged": "damaged frame", "side": "joint of the other side"}


def ways_to_fail(clip: Clip, pose: np.ndarray) -> dict[str, np.ndarray]:
    """What may be at fault where a pose (T, K, 2) px is wrong: {kind: bool (T, K)}, as KINDS names
    them.

    A frame is damaged if it is half as sharp as the clip's median one or less, or, with noise,
    twice as sharp or more. A joint of the other side lies within 0.2 of the person's size of where
    that one is.
    """
    order = clip.skeleton.mirrored
    other = (off(clip, pose[:, order])[:, order] <= RIGHT) & (order != np.arange(len(order)))
    sharp = np.array([cv2.Laplacian(frame, cv2.CV_64F).var() for frame in frames_of(clip)])
    damaged = np.abs(np.log2((sharp + 1e-9) / (np.median(sharp) + 1e-9))) >= 1
    return {
        "hidden": hidden(clip),
        "damaged": clip.counted & damaged[:, None],
        "side": clip.counted & other,
    }


def off(clip: Clip, pose: np.ndarray) -> np.ndarray:
    """How far joints are off, in sizes of the person: float (T, K); NaN where nothing says."""
    size = np.where(clip.size_of_person > 0, clip.size_of_person, np.nan)
    return np.linalg.norm(pose - clip.joints, axis=-1) / size[:, None]


def figure4(runs: Runs, seeds: Sequence[int]) -> Made:
    """Frames in which ST-infer is least off, and below them those in which it is most: a dict, and
    files.

    A frame's error is the mean over its counted joints, in per cent of the person's size; frames
    count in which half of the joints or more do. Of each action, or each clip where there are none,
    the best and the worst frame; of those the ten best and the five worst. Of several seeds the
    first.

    Returns {"seed", "successes", "failures": [{"clip", "frame", "error"}]} and {"figure4.png":
    bytes}.
    """
    poses = runs.poses("ST-infer", seeds[0])
    best: dict[str, tuple[float, int, int]] = {}
    worst: dict[str, tuple[float, int, int]] = {}
    for number, clip in enumerate(runs.data.test):
        error, counted = off(clip, poses[number]), clip.counted
        mean = np.where(counted, error, 0).sum(1) / np.maximum(counted.sum(1), 1)
        for frame in np.flatnonzero(counted.mean(1) >= 0.5):
            one, name = (float(mean[frame]), number, int(frame)), clip.action or clip.name
            best[name], worst[name] = min(best.get(name, one), one), max(worst.get(name, one), one)
    if not best:
        raise InputError("no frame of the test clips has half of its joints visible and a box.")
    successes = sorted(best.values())[: COLUMNS * SUCCESSES]
    failures = sorted(worst.values(), reverse=True)[:COLUMNS]
    rows = [successes[n : n + COLUMNS] for n in range(0, len(successes), COLUMNS)] + [failures]
    tiles = []
    for part, label in zip(rows, ["least off"] * (len(rows) - 1) + ["most off"], strict=True):
        shown = []
        for e, n, t in part:
            clip = runs.data.test[n]
            picture = tile(clip, t, poses[n][t], clip.counted[t], off(clip, poses[n])[t] > RIGHT)
            shown.append(_captioned(picture, f"{clip.name} {t} {clip.action}: {100 * e:.0f} %"))
        tiles.append(_row(label, shown))
    listed = [
        [{"clip": runs.data.test[n].name, "frame": t, "error": 100 * e} for e, n, t in part]
        for part in (successes, failures)
    ]
    result = {"seed": seeds[0], "successes": listed[0], "failures": listed[1]}
    return result, {"figure4.png": _png(_stacked(tiles))}


def _four_rows(clip: Clip, repair: Repair, poses: Mapping[str, np.ndarray]) -> np.ndarray:
    """Figure 1 of a slice: the input with the true pose, and a row for each of {label: (T, K, 2)
    px}.
    """
    moments = range(repair.first, repair.first + len(repair.repaired))
    asked = clip.visible.copy()
    asked[moments] |= repair.repaired
    rows = [_row("input", [tile(clip, t, clip.joints[t], asked[t]) for t in moments])]
    for label, pose in poses.items():
        wrong = asked & (off(clip, pose) > RIGHT)
        rows.append(_row(label, [tile(clip, t, pose[t], asked[t], wrong[t]) for t in moments]))
    title = f"{KINDS[repair.kind]}: {clip.name} {clip.action}, frames {moments[0]} to {moments[-1]}"
    return _captioned(
        _stacked(rows), f"{title}; ring: off by more than {RIGHT:g} of the person's size"
    )


def tile(
    clip: Clip, t: int, joints: np.ndarray, drawn: np.ndarray, wrong: np.ndarray | bool = False
) -> np.ndarray:
    """Frame t with a pose, TILE px on the longer side: uint8 (h, w, 3) RGB.

    joints : (K, 2) px; drawn : bool (K,); wrong : bool (K,), joints with a red ring, if any
    """
    frame = frames_of(clip)[t]
    scale = TILE / max(frame.shape[:2])
    size = [round(n * scale) for n in frame.shape[1::-1]]
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    picture = cv2.resize(frame, size, interpolation=how)
    drawn = drawn & np.isfinite(joints).all(-1)
    place = enlarged(np.where(drawn[:, None], joints, 0), scale)
    draw_limbs(picture, place, drawn, clip.skeleton)
    for k in np.flatnonzero(wrong & drawn):
        cv2.circle(picture, place[k], 8, WHITE, 4, cv2.LINE_AA)
        cv2.circle(picture, place[k], 8, RED, 2, cv2.LINE_AA)
    return picture


def _row(label: str, tiles: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures of one height side by side behind a label."""
    height = max(len(picture) for picture in tiles)
    tiles = [np.pad(p, ((0, height - len(p)), (0, 4), (0, 0)), constant_values=255) for p in tiles]
    head = np.full((height, LABEL, 3), 255, np.uint8)
    _write(head, label, (4, height // 2))
    return np.hstack([head, *tiles])


def _stacked(rows: Sequence[np.ndarray]) -> np.ndarray:
    width = max(row.shape[1] for row in rows)
    return np.vstack(
        [np.pad(r, ((0, 4), (0, width - r.shape[1]), (0, 0)), constant_values=255) for r in rows]
    )


def _captioned(picture: np.ndarray, text: str) -> np.ndarray:
    line = np.full((LINE, picture.shape[1], 3), 255, np.uint8)
    _write(line, text, (4, LINE - 8))
    return np.vstack([line, picture])


def _write(picture: np.ndarray, text: str, place: tuple[int, int]) -> None:
    # OpenCV draws ASCII alone.
    text = text.encode("ascii", "replace").decode()
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)


def _png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
