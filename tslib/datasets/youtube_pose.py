"""YouTube Pose: 50 videos with 100 labelled frames each, 7 joints of the upper body, the person's
own sides.

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

from pathlib import Path

import numpy as np

from ..clip import Clip
from ..errors import InputError
from ..skeletons import SKELETONS
from . import Found, attempt, clips_of, frames_of, one_name
from .matlab import known, number, numbers, read_mat, text

YOUTUBE = SKELETONS["youtube7"]
BESIDE = {"GT_frames/[!.]*/": "frames without labels"}
LABELS = "YouTube_Pose_dataset.mat"
FIELDS = {"videoname", "locs", "frameids"}
SUBSET = {"isYouTubePoseSubset", "isYouTubeSubset"}


def find(root):
    """The folder with the label file: root, or ``YouTube_Pose...`` in it; None where there is none."""
    for folder in (Path(root), *sorted(Path(root).glob("YouTube_Pose*/"))):
        if (folder / LABELS).is_file():
            return folder
    return None


def walk(root):
    """Yield Found for each video, in the label file's order."""
    folder = find(root)
    if not folder:
        return
    file = folder / LABELS
    try:
        data = read_mat(file, ["data"])["data"]
        fields = set(data[0]) if isinstance(data, list) and data else set()
        subset = sorted(fields & SUBSET)
        if not FIELDS <= fields or not subset:
            needed = ", ".join(sorted(FIELDS))
            raise InputError(
                f"data in {file} must be a struct with {needed} and isYouTubePoseSubset."
            )
    except InputError as error:
        yield Found(file.name, None, [str(error).removesuffix(".")])
        return
    for n, entry in enumerate(data, 1):
        found = attempt(f"video {n}", _read, folder, entry, f"video {n} of {file}", subset[0])
        yield Found(found.clip.name, found.clip, found.notes) if found.clip else found


def load(root, split=None):
    """The videos: a list of Clip; split "test" takes the 5-video Subset, "train" the others.

    Raises InputError where there is none, or the label file is damaged.
    """
    clips = clips_of(
        walk(root), f"{root} holds no YouTube Pose; expected are {LABELS} and GT_frames/*/*.jpg."
    )
    return [c for c in clips if split in (None, c.split)]


def _read(folder, entry, what, subset):
    """Clip and notes of one element of the struct array."""
    name = one_name(text(entry["videoname"], f"videoname of {what}"), what)
    locs = numbers(entry["locs"], (2, 7, None), f"locs of {what}")
    T = locs.shape[2]
    ids = numbers(entry["frameids"], (1, T), f"frameids of {what}")[0]
    if not ((ids >= 0) & (ids < 1e6) & (ids == np.round(ids))).all():
        raise InputError(f"frameids of {what} must be whole numbers below a million.")
    in_time = np.argsort(ids, kind="stable")
    ids = ids[in_time].astype(np.int64)
    joints = known(locs[..., in_time].transpose(2, 1, 0) - 1)
    frames, size, notes = frames_of(folder / "GT_frames" / name, ids.tolist(), "frame_{:06d}.jpg")
    if len(np.unique(ids)) < T:
        notes.append("a frame has labels twice")
    visible = ~np.isnan(joints[..., 0])
    if not visible.all():
        notes.append(f"{(~visible).sum()} joints have no position")
    box = np.full((T, 4), np.nan, np.float32)
    split = "test" if number(entry[subset], f"{subset} of {what}") else "train"
    return Clip(name, joints, visible, box, YOUTUBE, frames, "", split, size, ids), notes
