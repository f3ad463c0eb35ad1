"""Penn Action: 2326 sequences of 15 actions, 13 joints with visibility, a box in each frame.

Layout: ``labels/0001.mat`` and ``frames/0001/000001.jpg``; the renderer writes the same.
W. Zhang, M. Zhu, K. Derpanis, From Actemes to Action, ICCV 2013.

What is done about its quirks, each with a note for ``python -m tslib inspect``:

- numbers stored as uint8 or uint16 are cast before any arithmetic; positions count from 1 and lose
  1 here, once
- only `visibility` says what may be counted. An invisible joint keeps its frozen or guessed
  position, but in the image's corner, where the labelling tool leaves joints that were never
  placed, it becomes NaN
- a visible joint stays visible, however far outside the image or the box
- the box (x1, y1, x2, y2) becomes x2 - x1 wide, as in PCK's definition; one without area or with a
  corner missing becomes NaN; where `bbox` is one row short, its last row is repeated
- the size is that of the frames; `dimensions` counts only where there are none, and `nframes` never
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...clip import Clip
from ...errors import InputError
from ...skeletons import SKELETONS
from ..matlab import floats, from_zero, number, read_mat, text
from . import Loader, ReadClip, frames_of

# Unplaced joints lie at (0.67, 0.67) to (1.5, 1.5) px from 1, and no visible joint does.
_CORNER = 2
# How browsers and desktops call a second one.
_COPY = re.compile(r"(.+?)(?: ?\([0-9]+\)| - .+| copy.*)")
# So many px outside the image are inaccuracy.
_FAR = 5


class PennAction(Loader):
    """The loader of Penn Action; a clip for each label file."""

    name, archive, signs = "penn_action", "Penn_Action", ("labels/[!.]*.mat",)
    expected = "Penn Action; expected are labels/*.mat and frames/*/*.jpg."
    beside = {"frames/[!.]*/": "frames without labels"}

    def _entries(self, folder: Path) -> Iterator[tuple[str, ReadClip]]:
        for file in sorted(folder.glob("labels/[!.]*.mat")):
            yield file.stem, partial(_read, folder, file)


def _read(folder: Path, file: Path) -> tuple[Clip, list[str]]:
    copied = _COPY.fullmatch(file.stem)
    if copied and (original := file.with_stem(copied[1])).is_file():
        raise InputError(f"{file} seems to be a copy of {original.name}; take one of them away.")
    needed = "x", "y", "visibility", "bbox", "train"
    mat = read_mat(file, needed, ("action", "dimensions", "nframes"))
    x = floats(mat["x"], (None, 13), f"x in {file}")
    T = len(x)
    y = floats(mat["y"], (T, 13), f"y in {file}")
    visible = floats(mat["visibility"], (T, 13), f"visibility in {file}") > 0
    train = number(mat["train"], f"train in {file}")
    if train not in (1, -1):
        raise InputError(f"train in {file} must be 1 or -1, but is {train:g}.")
    action = text(mat["action"], f"action in {file}") if "action" in mat else ""

    notes = []
    joints = from_zero(np.stack([x, y], -1))
    # Left of or above the corner a joint is outside the image.
    unplaced = ~visible & (np.minimum(x, y) > 0) & (np.maximum(x, y) < _CORNER)
    joints[unplaced] = np.nan
    nowhere = visible & np.isnan(joints[..., 0])
    if nowhere.any():
        notes.append(
            f"{nowhere.sum()} joints are called visible but have no position; they count as hidden"
        )
        visible &= ~nowhere
    unseen = T - visible.any(1).sum()
    if unseen:
        notes.append(f"{unseen} of {T} frames have no visible joint")
    box = _boxes(floats(mat["bbox"], (None, 4), f"bbox in {file}"), T, notes, file)
    lost = visible[np.isnan(box[:, 0])].sum()
    if lost:
        notes.append(f"{lost} visible joints have no box around them")

    frames, size, more = frames_of(folder / "frames" / file.stem, range(1, T + 1), "{:06d}.jpg")
    notes += more
    stated = _stated_size(mat.get("dimensions"))
    if size and stated and size != stated:
        notes.append("dimensions says {}x{} px, but the frames have {}x{}".format(*stated, *size))
    stated_T = np.ravel(mat.get("nframes", T))
    if stated_T.size != 1 or stated_T[0] != T:
        notes.append(f"nframes is not the {T} frames that have labels")
    size = size or stated
    if size:
        beyond = np.maximum(-joints, joints - np.subtract(size, 1)).max(-1)[visible]
        far = beyond[beyond > _FAR]
        if len(far):
            notes.append(
                f"{len(far)} visible joints lie outside the image, by up to {far.max():.0f} px"
            )
    split = "train" if train == 1 else "test"
    skeleton = SKELETONS["penn13"]
    return Clip(file.stem, joints, visible, box, skeleton, frames, action, split, size), notes


def _boxes(corners: np.ndarray, T: int, notes: list[str], file: Path) -> np.ndarray:
    """(T, 4) float32 boxes (x, y, w, h) from rows (x1, y1, x2, y2) that count from 1."""
    if len(corners) == T - 1:
        notes.append("bbox has one row fewer than there are frames; its last box is repeated")
        corners = np.concatenate([corners, corners[-1:]])
    if len(corners) != T:
        raise InputError(f"bbox in {file} has {len(corners)} rows for {T} frames.")
    start, end = from_zero(corners[:, :2]), from_zero(corners[:, 2:])
    with np.errstate(over="ignore", invalid="ignore"):
        box = np.concatenate([start, end - start], -1)
    empty = ~((box[:, 2:] > 0) & np.isfinite(box[:, 2:])).all(-1)
    if empty.any():
        notes.append(f"{empty.sum()} of {T} boxes have no area; they count as unknown")
        box[empty] = np.nan
    return box


def _stated_size(dimensions: Any) -> tuple[int, int] | None:
    """(W, H) px of `dimensions`, [H W T]; None where it makes no sense."""
    try:
        height, width = floats(np.ravel(dimensions)[:2], (2,), "dimensions")
    except InputError:
        return None
    return (int(width), int(height)) if 1 <= height < 1e5 and 1 <= width < 1e5 else None


penn_action = PennAction()
