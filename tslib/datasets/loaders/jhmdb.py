"""JHMDB: 928 clips of 21 actions, 15 joints; and sub-JHMDB, its 316 clips of whole bodies.

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

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from ...clip import Clip
from ...errors import InputError
from ...files import ordinary
from ...skeletons import SKELETONS
from ..matlab import floats, from_zero, read_mat, shaped
from . import Loader, ReadClip, frames_of, one_name


class Jhmdb(Loader):
    """The loader of JHMDB; a clip is called ACTION/CLIP."""

    name, archive = "jhmdb", "JHMDB"
    signs = "*splits/*_test_split*.txt", "joint_positions/*/*/*.mat"
    expected = "joints of no clip; expected is joint_positions/ACTION/CLIP/*.mat."
    beside = {
        "Rename_Images/[!.]*/[!.]*/": "frames without joints",
        "puppet_mask/[!.]*/[!.]*/": "a puppet mask without joints",
    }
    # (W, H) px of every clip.
    SIZE = 320, 240
    SPLITS = 1, 2, 3

    def _entries(self, folder: Path) -> Iterator[tuple[str, ReadClip]]:
        for file in sorted(folder.glob("joint_positions/[!.]*/[!.]*/joint_positions.mat")):
            name = "/".join(file.parts[-3:-1])
            yield name, partial(_read, folder, name)

    def load(self, root: Path | str, split: str | int | None = 1, sub: bool = False) -> list[Clip]:
        """The clips of a split that have joints here, by action and in the file's order.

        split : 1, 2 or 3; sub : whether of sub-JHMDB

        Raises InputError where there is none, or a file is damaged.
        """
        where = self.read_split(root, split, sub)
        folder = self.find(root) or Path(root)
        found = (
            self._found(name, partial(_read, folder, name))
            for name in where
            if (folder / "joint_positions" / name / "joint_positions.mat").is_file()
        )
        clips = self._clips(found, f"{root} holds {self.expected}")
        return [replace(c, split=where[c.name]) for c in clips]

    def read_split(
        self, root: Path | str, split: str | int | None, sub: bool = False
    ) -> dict[str, str]:
        """Who is tested in a split: {"ACTION/CLIP": "train" or "test"}.

        Its files hold lines ``CLIP.avi 1`` for training and ``CLIP.avi 2`` for testing. Raises
        InputError where there is none, or a line is anything else.
        """
        if split not in self.SPLITS:
            raise InputError(f"JHMDB has the splits 1, 2 and 3, but no {split!r}.")
        name, end = "sub_" * sub + "splits", f"_test_split{'_' * sub}{split}.txt"
        folder = self.find(root)
        files = sorted(folder.glob(f"{name}/[!.]*{end}")) if folder else []
        if not files:
            raise InputError(f"{root} holds no {name}/ACTION{end}; unpack {name}.zip there.")
        where = {}
        for file in files:
            try:
                lines = ordinary(file, f"there is no {file}.").read_text("utf-8").split("\n")
            except UnicodeDecodeError:
                raise InputError(f"{file} is not a text file; replace it.") from None
            action, kinds = file.name.removesuffix(end), {"1": "train", "2": "test"}
            for n, line in enumerate(map(str.strip, lines), 1):
                clip, _, kind = line.rpartition(".avi ")
                if kind in kinds:
                    where[f"{action}/{one_name(clip, file)}"] = kinds[kind]
                elif line:
                    raise InputError(
                        f"line {n} of {file} must be CLIP.avi and 1 or 2, but is {line[:80]!r}."
                    )
        return where


def _read(folder: Path, name: str) -> tuple[Clip, list[str]]:
    file = folder / "joint_positions" / name / "joint_positions.mat"
    positions = floats(read_mat(file, ["pos_img"])["pos_img"], (2, 15, None), f"pos_img in {file}")
    joints = from_zero(positions.transpose(2, 1, 0))
    T = len(joints)
    frames, size, notes = frames_of(folder / "Rename_Images" / name, range(1, T + 1), "{:05d}.png")
    size = size or Jhmdb.SIZE
    box = _boxes(folder / "puppet_mask" / name / "puppet_mask.mat", T, size, notes)
    visible = ~np.isnan(joints[..., 0])
    if not visible.all():
        notes.append(f"{(~visible).sum()} joints have no position")
    skeleton, action = SKELETONS["jhmdb15"], name.split("/")[0]
    return Clip(name, joints, visible, box, skeleton, frames, action, size=size), notes


def _boxes(file: Path, T: int, size: tuple[int, int], notes: list[str]) -> np.ndarray:
    """(T, 4) float32 boxes (x, y, w, h) px of the masks in a file, NaN without one."""
    box = np.full((T, 4), np.nan, np.float32)
    if not file.is_file():
        notes.append("no puppet mask, so no box")
        return box
    masks = read_mat(file, ["part_mask"])["part_mask"]
    masks = shaped(masks, (None, None, None), f"part_mask in {file}")
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
    return box


jhmdb = Jhmdb()
