"""YouTube Pose: 50 videos with 100 labelled frames each, 7 joints of the upper body.

Layout: ``YouTube_Pose_dataset.mat`` and ``GT_frames/VIDEO/frame_000001.jpg``. J. Charles, T.
Pfister, D. Magee, D. Hogg, A. Zisserman, Personalizing Human Video Pose Estimation, CVPR 2016.

What is done about its quirks:

- a struct field that its readme calls isYouTubeSubset is called isYouTubePoseSubset: either is read
- the labels of a video come in no order: they are sorted by frame number, so frames are in time
  order. Labelled frames lie far apart (median gap 20 to 216 frames); ``number`` of the clip says
  where
- positions count from 1 (MATLAB) in the scaled and cropped frames, whose size is read from a frame,
  never computed
- nothing says which joint is visible: all with a position are. There is no box: NaN. Frames are
  scaled so that shoulders are about 100 px apart, which is the unit of its 20 px threshold (Paper
  B)
- video names may begin with - or end in &; the 5 videos of the Subset are "test" here, all others
  "train"
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...clip import Clip
from ...errors import InputError
from ...skeletons import SKELETONS
from ..matlab import floats, from_zero, number, read_mat, text
from . import Found, Loader, ReadClip, frames_of, one_name

_FIELDS = {"videoname", "locs", "frameids"}


class YoutubePose(Loader):
    """The loader of YouTube Pose; a clip for each video. Split "test" is the Subset of 5 videos."""

    LABELS = "YouTube_Pose_dataset.mat"
    name, archive, signs = "youtube_pose", "YouTube_Pose*", (LABELS,)
    expected = f"YouTube Pose; expected are {LABELS} and GT_frames/*/*.jpg."
    beside = {"GT_frames/[!.]*/": "frames without labels"}

    def walk(self, root: Path | str) -> Iterator[Found]:
        """Yield Found for each video in the label file's order, or for that file if damaged."""
        try:
            yield from super().walk(root)
        except InputError as error:
            yield Found(self.LABELS, None, [str(error).removesuffix(".")])

    def _entries(self, folder: Path) -> Iterator[tuple[str, ReadClip]]:
        file = folder / self.LABELS
        data = read_mat(file, ["data"])["data"]
        fields = set(data[0]) if isinstance(data, list) and data else set()
        subset = sorted(fields & {"isYouTubePoseSubset", "isYouTubeSubset"})
        if not _FIELDS <= fields or not subset:
            needed = ", ".join(sorted(_FIELDS))
            raise InputError(
                f"data in {file} must be a struct with {needed} and isYouTubePoseSubset."
            )
        for n, entry in enumerate(data, 1):
            what = f"video {n} of {file}"
            yield f"video {n}", partial(_read, folder, entry, what, subset[0])


def _read(folder: Path, entry: dict[str, Any], what: str, subset: str) -> tuple[Clip, list[str]]:
    name = one_name(text(entry["videoname"], f"videoname of {what}"), what)
    locs = floats(entry["locs"], (2, 7, None), f"locs of {what}")
    T = locs.shape[2]
    ids = floats(entry["frameids"], (1, T), f"frameids of {what}")[0]
    if not ((ids >= 0) & (ids < 1e6) & (ids == np.round(ids))).all():
        raise InputError(f"frameids of {what} must be whole numbers below a million.")
    in_time = np.argsort(ids, kind="stable")
    ids = ids[in_time].astype(np.int64)
    joints = from_zero(locs[..., in_time].transpose(2, 1, 0))
    frames, size, notes = frames_of(folder / "GT_frames" / name, ids.tolist(), "frame_{:06d}.jpg")
    if len(np.unique(ids)) < T:
        notes.append("a frame has labels twice")
    visible = ~np.isnan(joints[..., 0])
    if not visible.all():
        notes.append(f"{(~visible).sum()} joints have no position")
    box = np.full((T, 4), np.nan, np.float32)
    split = "test" if number(entry[subset], f"{subset} of {what}") else "train"
    skeleton = SKELETONS["youtube7"]
    return Clip(name, joints, visible, box, skeleton, frames, "", split, size, ids), notes


youtube_pose = YoutubePose()
