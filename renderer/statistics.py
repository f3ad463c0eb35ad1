"""Numbers about clips in Penn Action's layout, rendered or real, to compare the two by."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tslib.clip import Clip
from tslib.datasets.matlab import read_mat
from tslib.skeletons import SKELETONS

PENN = SKELETONS["penn13"]
# Heat-map cells across a person, as when 24 cells show one who fills two thirds of the picture.
CELLS = 16
VIEWS = {"front": "front", "left": "side", "right": "side", "back": "back"}  # by the labels' `pose`


def _known(values):
    values = np.asarray(values, np.float64)
    return values[np.isfinite(values)]


def _mean(values):
    """The mean of what is known; NaN where nothing is."""
    known = _known(values)
    return float(known.mean()) if known.size else np.nan


def statistics(clips: Sequence[Clip], window: int = 20) -> dict[str, float]:
    """How people move and hide in clips.

    clips : Clips with the joints of penn13, as datasets.penn_action.load returns them
    window : frames over which limb_spread is taken, as longer clips show a limb from more sides

    Returns a dict of floats; lengths are in cells, of which a person's box has 16 on its longer
    side: clips, frames, size (of the box, as a share of the picture's longer side), motion,
    motion_50 and motion_90 (mean, median and 90th percentile of what a visible joint moves in one
    frame), fast (share of joints that move 2 cells or more), motion_GROUP, jitter (mean second
    difference), hidden and hidden_GROUP (shares of joints), limb_spread (standard deviation of a
    limb's length within a window, as a share of its mean, averaged over limbs and windows),
    people_spread (the same between the clips' means).

    NaN for what nothing is known of. A clip without a box more than 10 px long counts in clips,
    frames and hidden alone. ValueError where all are such, or for another skeleton.
    """
    moves, shakes, covered, sizes, spread, means = [], [], [], [], [], []
    if {clip.skeleton.name for clip in clips} - {PENN.name}:
        raise ValueError("statistics need clips with the joints of penn13.")
    for clip in clips:
        joints, seen, sides = clip.joints.astype(np.float64), clip.visible, clip.size_of_person
        sides = sides[sides > 10]
        covered.append(~seen)
        if not sides.size:
            continue
        cell = np.median(sides) / CELLS
        sizes.append(np.median(sides) / max(clip.size) if clip.size else np.nan)
        joints = np.where(seen[..., None], joints, np.nan) / cell
        moves.append(np.linalg.norm(np.diff(joints, axis=0), axis=-1))
        shakes.append(np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1))
        first, second = np.transpose(PENN.edges)
        limbs = np.linalg.norm(joints[:, first] - joints[:, second], axis=-1)
        for start in range(0, len(limbs), window):
            part = limbs[start : start + window]
            part = part[:, np.isfinite(part).sum(0) >= 5]
            if part.size:
                usual = np.maximum(np.nanmean(part, axis=0), 0.2)
                spread.append(np.mean(np.nanstd(part, axis=0) / usual))
        means.append([_mean(limb) if np.isfinite(limb).sum() >= 5 else np.nan for limb in limbs.T])
    if not means:
        raise ValueError("statistics need a clip with a box.")
    steps, hidden = np.concatenate(moves), np.concatenate(covered)
    moved = _known(steps)
    median, high = np.percentile(moved, (50, 90)) if moved.size else (np.nan, np.nan)
    people = [_known(limb) for limb in np.transpose(means)]  # of a limb, in each clip that shows it
    found = {
        "clips": float(len(clips)),
        "frames": float(len(hidden)),
        "size": _mean(sizes),
        "motion": _mean(moved),
        "motion_50": float(median),
        "motion_90": float(high),
        "fast": _mean(moved >= 2),
        "jitter": _mean(np.concatenate(shakes)),
        "hidden": _mean(hidden),
        "limb_spread": _mean(spread),
        "people_spread": _mean([limb.std() / limb.mean() for limb in people if limb.size]),
    }
    for group, those in PENN.groups.items():
        found[f"motion_{group}"] = _mean(steps[:, those])
        found[f"hidden_{group}"] = _mean(hidden[:, those])
    return found


def viewpoints(files: Iterable[Path | str]) -> dict[str, float]:
    """From where label files show the person: shares of clips, "view_front", "view_side" and
    "view_back".

    files : paths of labels/NNNN.mat; a clip whose `pose` is not in VIEWS does not count. NaN where
        none counts, InputError for a file that cannot be read.
    """
    poses = [read_mat(Path(file), ["pose"])["pose"] for file in files]
    seen = [VIEWS[pose] for pose in poses if pose in VIEWS]
    return {
        f"view_{v}": seen.count(v) / len(seen) if seen else np.nan
        for v in dict.fromkeys(VIEWS.values())
    }
