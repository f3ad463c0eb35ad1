"""Numbers about label files in Penn Action's layout, rendered or real, so that the two can be compared."""

from pathlib import Path

import numpy as np
from scipy.io import loadmat

from ..datasets.matlab import read_mat
from ..skeletons import SKELETONS

PENN = SKELETONS["penn13"]
CELLS = 16  # heat-map cells across a person, as when 24 cells show one who fills two thirds of the picture
VIEWS = {"front": "front", "left": "side", "right": "side", "back": "back"}  # by the labels' `pose`


def statistics(files, window=20):
    """How people move and hide in label files.

    files : paths of labels/NNNN.mat
    window : frames over which limb_spread is taken, as longer clips show a limb from more sides

    Returns a dict of floats; lengths are in cells, of which a person's box has 16 on its longer side:
    clips, frames, size (of the box, as a share of the picture's longer side),
    motion, motion_50 and motion_90 (mean, median and 90th percentile of what a visible joint moves in one
    frame), fast (share of joints that move 2 cells or more), motion_GROUP, jitter (mean second difference),
    hidden and hidden_GROUP (shares of joints), limb_spread (standard deviation of a limb's length within a
    window, as a share of its mean, averaged over limbs and windows), people_spread (the same between the
    clips' means).

    A clip without a box with area, or in a form that cannot be read, raises what reading it raises.
    """
    steps, shakes, hidden, sizes, spread, means = [], [], [], [], [], []
    clips = frames = 0
    for file in map(Path, files):
        mat = loadmat(file)
        joints = np.stack([mat["x"], mat["y"]], -1).astype(np.float64)
        seen = mat["visibility"].astype(np.float64) > 0
        box = mat["bbox"].astype(np.float64)
        sides = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
        sides = sides[sides > 10]
        clips, frames = clips + 1, frames + len(joints)
        hidden.append(~seen)
        if not sides.size:
            continue
        cell = np.median(sides) / CELLS
        sizes.append(np.median(sides) / max(mat["dimensions"].ravel()[:2].astype(float)))
        joints = np.where(seen[..., None], joints, np.nan) / cell
        steps.append(np.linalg.norm(np.diff(joints, axis=0), axis=-1))
        shakes.append(np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1).ravel())
        limbs = np.stack([np.linalg.norm(joints[:, a] - joints[:, b], axis=-1) for a, b in PENN.edges], 1)
        for start in range(0, len(limbs), window):
            part = limbs[start : start + window]
            part = part[:, np.isfinite(part).sum(0) >= 5]
            if part.size:
                spread.append(np.mean(np.nanstd(part, axis=0) / np.maximum(np.nanmean(part, axis=0), 0.2)))
        mean = np.full(limbs.shape[1], np.nan)
        enough = np.isfinite(limbs).sum(0) >= 5
        mean[enough] = np.nanmean(limbs[:, enough], axis=0)
        means.append(mean)
    steps, hidden, means = np.concatenate(steps), np.concatenate(hidden), np.stack(means)
    moved = steps[np.isfinite(steps)]
    found = {
        "clips": float(clips), "frames": float(frames), "size": float(np.mean(sizes)),
        "motion": float(moved.mean()), "motion_50": float(np.median(moved)),
        "motion_90": float(np.percentile(moved, 90)),
        "fast": float((moved >= 2).mean()), "jitter": float(np.nanmean(np.concatenate(shakes))),
        "hidden": float(hidden.mean()), "limb_spread": float(np.mean(spread)),
        "people_spread": float(np.nanmean(np.nanstd(means, axis=0) / np.nanmean(means, axis=0))),
    }  # fmt: skip
    for group, joints in PENN.groups.items():
        found[f"motion_{group}"] = float(np.nanmean(steps[:, joints]))
        found[f"hidden_{group}"] = float(hidden[:, joints].mean())
    return found


def viewpoints(files):
    """From where label files show the person: {"view_front": share of the clips, "view_side", "view_back"}.

    files : paths of labels/NNNN.mat; a clip whose `pose` is not in VIEWS does not count. NaN where none
    counts, InputError for a file that cannot be read.
    """
    poses = [read_mat(Path(file), ["pose"])["pose"] for file in files]
    seen = [VIEWS[pose] for pose in poses if pose in VIEWS]
    return {f"view_{v}": seen.count(v) / len(seen) if seen else np.nan for v in dict.fromkeys(VIEWS.values())}
