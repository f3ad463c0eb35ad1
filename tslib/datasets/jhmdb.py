"""JHMDB: 928 clips of 21 actions, 15 joints; and sub-JHMDB, its 316 clips with the whole body in
sight.

Layout: ``joint_positions/ACTION/CLIP/joint_positions.mat``,
``Rename_Images/ACTION/CLIP/00001.png``, ``puppet_mask/ACTION/CLIP/puppet_mask.mat``,
``splits/ACTION_test_split1.txt`` and, for sub-JHMDB, ``sub_splits/ACTION_test_split_1.txt``. H.
Jhuang, J. Gall, S. Zuffi, C. Schmid, M. J. Black, Towards Understanding Action Recognition, ICCV
2013.

What is done about its quirks:

- names are read from files as they are: clips hold ( ) ! @ + and more, actions hold _ (an action is
  what stands before ``_test_split``)
- every joint has a position in every frame, also hidden or outside the image: all are visible
- the box of a frame is the tight box of its puppet mask, from the first to the last pixel's middle.
  Without a mask it is NaN: a box of the joints is smaller, and would quietly give another PCK
- frames are Rename_Images. The avi beside them claims 48 frames for 40 that it holds and that have
  labels, and is compressed; it is not read
- the three splits overlap; a result is the mean over the three (Paper A, Sec. 5.1)
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..clip import Clip
from ..errors import InputError
from ..skeletons import SKELETONS
from . import attempt, clips_of, frames_of, one_name
from .matlab import known, numbers, read_mat, shaped

JHMDB = SKELETONS["jhmdb15"]
BESIDE = {
    "Rename_Images/[!.]*/[!.]*/": "frames without joints",
    "puppet_mask/[!.]*/[!.]*/": "a puppet mask without joints",
}
SIZE = 320, 240  # px of every clip
SPLITS = 1, 2, 3


def find(root):
    """The folder with joint_positions or splits: root, or ``JHMDB`` in it; None where there is
    none.
    """
    for folder in (Path(root), Path(root) / "JHMDB"):
        if any(folder.glob("*splits/*_test_split*.txt")) or any(
            folder.glob("joint_positions/*/*/*.mat")
        ):
            return folder
    return None


def walk(root):
    """Yield Found for each clip with joints, by name "ACTION/CLIP"; no clip has a split yet."""
    folder = find(root)
    if folder:
        for file in sorted(folder.glob("joint_positions/[!.]*/[!.]*/joint_positions.mat")):
            action, name = file.parts[-3:-1]
            yield attempt(f"{action}/{name}", _read, folder, action, name)


def load(root, split=1, sub=False):
    """The clips of a split that have joints here, by action and in the file's order: a list of
    Clip.

    root : folder; split : 1, 2 or 3; sub : whether of sub-JHMDB

    Raises InputError where there is none, or a file is damaged.
    """
    where = read_split(root, split, sub)
    folder = find(root)
    found = (
        attempt(name, _read, folder, *name.split("/"))
        for name in where
        if (folder / "joint_positions" / name / "joint_positions.mat").is_file()
    )
    clips = clips_of(
        found, f"{root} holds joints of no clip; expected is joint_positions/ACTION/CLIP/*.mat."
    )
    return [replace(c, split=where[c.name]) for c in clips]


def read_split(root, split, sub=False):
    """Who is tested in a split: {"ACTION/CLIP": "train" or "test"}.

    Its files hold lines ``CLIP.avi 1`` for training and ``CLIP.avi 2`` for testing. Raises
    InputError.
    """
    if split not in SPLITS:
        raise InputError(f"JHMDB has the splits 1, 2 and 3, but no {split!r}.")
    folder, end = find(root), f"_test_split_{split}.txt" if sub else f"_test_split{split}.txt"
    files = sorted(folder.glob(f"{'sub_splits' if sub else 'splits'}/[!.]*{end}")) if folder else []
    if not files:
        raise InputError(
            f"{root} holds no {'sub_' * sub}splits/ACTION{end}; unpack {'sub_' * sub}splits.zip there."
        )
    where = {}
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError:
            raise InputError(f"{file} is not a text file; replace it.") from None
        action = file.name.removesuffix(end)
        for n, line in enumerate(map(str.strip, lines), 1):
            name, _, kind = line.rpartition(".avi ")
            if line and kind not in ("1", "2"):
                raise InputError(
                    f"line {n} of {file} must be CLIP.avi and 1 or 2, but is {line[:80]!r}."
                )
            if line:
                where[f"{action}/{one_name(name, file)}"] = "train" if kind == "1" else "test"
    return where


def _read(folder, action, name):
    """Clip and notes of one clip."""
    place = Path(action) / name
    file = folder / "joint_positions" / place / "joint_positions.mat"
    mat = read_mat(file, ["pos_img"])
    joints = known(
        numbers(mat["pos_img"], (2, 15, None), f"pos_img in {file}").transpose(2, 1, 0) - 1
    )
    T = len(joints)
    frames, size, notes = frames_of(folder / "Rename_Images" / place, range(1, T + 1), "{:05d}.png")
    box, size = _boxes(folder / "puppet_mask" / place / "puppet_mask.mat", T, size or SIZE, notes)
    visible = ~np.isnan(joints[..., 0])
    if not visible.all():
        notes.append(f"{(~visible).sum()} joints have no position")
    return Clip(f"{action}/{name}", joints, visible, box, JHMDB, frames, action, "", size), notes


def _boxes(file, T, size, notes):
    """(T, 4) float32 boxes (x, y, w, h) px of the masks in a file, NaN without one; and (W, H) px."""
    box = np.full((T, 4), np.nan, np.float32)
    if not file.is_file():
        notes.append("no puppet mask, so no box")
        return box, size
    masks = shaped(
        read_mat(file, ["part_mask"])["part_mask"], (None, None, None), f"part_mask in {file}"
    )
    H, W, n = masks.shape
    if (W, H) != size:
        raise InputError(
            f"part_mask in {file} is {W}x{H} pixels, but the frames are {size[0]}x{size[1]}."
        )
    if n != T:
        notes.append(f"{n} puppet masks for {T} frames")
    for t in range(min(n, T)):
        x, y = (np.flatnonzero(masks[..., t].any(axis)) for axis in (0, 1))
        if len(x) > 1 and len(y) > 1:
            box[t] = x[0], y[0], x[-1] - x[0], y[-1] - y[0]
    empty = np.isnan(box[:, 0]).sum()
    if empty:
        notes.append(f"{empty} of {T} frames have an empty mask or none, so no box")
    return box, size
