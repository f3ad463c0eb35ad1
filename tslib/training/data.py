"""What a run learns from: the clips of a folder, divided, and the flow between their frames."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import cv2
import numpy as np

from ..augment import PERSON, known
from ..datasets import cvit_sports, jhmdb, penn_action, youtube_pose
from ..errors import InputError
from ..part_flow import read_flow
from ..skeletons import mapping
from ..slices import Estimated

TENTH, NINTH, SECOND = 10, 9, 2
SPREAD = 0.05, 0.95  # quantiles; from 0.1 to 0.9, raised hands of validation videos were cut off


@dataclass(frozen=True)
class Data:
    """Lists of Clip, train to learn from, validation to choose by, test only to report; and Slices'
    flow.
    """

    train: list
    validation: list
    test: list
    flow: object


def load(root, config, **which):
    """The Data in a folder of Penn Action's layout, rendered or real, of JHMDB or of YouTube Pose.

    which : of JHMDB the split and whether of sub-JHMDB, as `jhmdb.load` takes them

    Where no clip to learn from has a box, each gets one, of its true joints, and smaller frames
    that are kept in memory: as large as the view can show. Clips to test stay as they are.

    InputError where there is none, its joints are not the config's, or it lacks the flow that the
    config asks for.
    """
    learn, test = clips_of(root, config, **which)
    if not any(known(clip.box).any() for clip in learn):
        side = PERSON * config.view.size * config.view.scale[1]
        learn = [reduced(with_box(c, still_box(c.joints)), side) for c in learn if c.visible.any()]
    train, validation = divided(learn)
    return Data(train, validation, test, flow_for(config, root))


def clips_of(root, config, **which):
    """The clips of a folder, as `clips_in`, which must have the config's joints; errors as of
    `load`.
    """
    learn, test = clips_in(root, **which)
    there = (learn + test)[0].skeleton.name
    if there != config.skeleton:
        raise InputError(
            f"the clips in {root} have joints of {there}, not of {config.skeleton}; "
            f'write skeleton = "{there}" into the training file.'
        )
    return learn, test


def clips_in(root, **which):
    """The clips of a folder, to learn from and to test: two lists of Clip. which : as of `load`

    Of YouTube Pose, videos with frames alone: those of its Subset are to test. Where these have
    none, every ninth of the others is, by name. Of CVIT-Sports, which says no split, every second
    sequence, by name.

    InputError where there is none.
    """
    module = _loader_of(root)
    if module is None:
        raise InputError(
            f"{root} holds no Penn Action (labels/*.mat), JHMDB or YouTube Pose ({youtube_pose.LABELS}), "
            "and no CVIT-Sports."
        )
    clips = module.load(root, **which)
    if module is cvit_sports:
        return divided(clips, SECOND)
    if module is youtube_pose:
        clips = [c for c in clips if c.frames is not None]
        if not clips:
            raise InputError(f"{root} has no video with frames.")
    learn, test = ([c for c in clips if c.split == split] for split in ("train", "test"))
    return divided(learn, NINTH) if module is youtube_pose and not test else (learn, test)


def with_skeleton(clip, skeleton):
    """The clip with the joints of another skeleton; InputError where it lacks one of them."""
    joints, _ = mapping(clip.skeleton, skeleton)
    if len(joints) < len(skeleton.joints):
        missing = ", ".join(sorted({*skeleton.joints} - {*clip.skeleton.joints}))
        raise InputError(
            f"clip {clip.name!r} has joints of {clip.skeleton.name}, which lacks {missing}."
        )
    return replace(
        clip, joints=clip.joints[:, joints], visible=clip.visible[:, joints], skeleton=skeleton
    )


def is_jhmdb(root):
    """Whether a folder's clips are read as those of JHMDB."""
    return _loader_of(root) is jhmdb


def _loader_of(root):
    """The first loader that finds its data set in a folder, or None."""
    return next((m for m in (penn_action, jhmdb, youtube_pose, cvit_sports) if m.find(root)), None)


def divided(clips, every=TENTH):
    """Clips as (most, few), by name: every tenth, or so, is among the few, or the last of fewer.

    The training clips are so divided from those for validation. No seed is asked, so runs with
    other seeds can be compared.
    """
    clips = sorted(clips, key=lambda clip: clip.name)
    few = clips[every - 1 :: every] or clips[1:][-1:]
    return [clip for clip in clips if clip not in few], few


def still_box(joints):
    """The box (x, y, w, h) px, float64 (4,), of somebody who stays in place, from joints (T, K, 2)
    px.

    It reaches from the 5th to the 95th percentile of all of them, true or estimated. Joints beyond
    are in the margin of `augment.window`.
    """
    low, high = np.nanquantile(np.reshape(joints, (-1, 2)).astype(np.float64), SPREAD, axis=0)
    return np.concatenate([low, np.maximum(high - low, 1)])


def with_box(clip, box):
    """The clip with one box (x, y, w, h) px in all frames."""
    return replace(clip, box=np.tile(np.float32(box), (len(clip), 1)))


def reduced(clip, side):
    """The clip with smaller frames, in which the larger side of its boxes, in the mean, is `side`
    px.

    Never enlarged. Frames are kept in memory once they are read.
    """
    factor = min(1.0, side / float(np.nanmean(clip.size_of_person)))
    size = tuple(max(1, round(factor * v)) for v in clip.size)
    factors = np.divide(size, clip.size)

    def moved(points):
        return ((points + 0.5) * factors - 0.5).astype(np.float32)

    box = np.concatenate([moved(clip.box[:, :2]), np.float32(clip.box[:, 2:] * factors)], -1)
    return replace(
        clip, joints=moved(clip.joints), box=box, frames=ReducedFrames(clip.frames, size), size=size
    )


class ReducedFrames(Sequence):
    """Frames made smaller, uint8 (h, w, 3), and kept in memory once they are read.

    frames : sequence of images; size : (w, h) px
    """

    def __init__(self, frames, size):
        self.frames, self.size, self.kept = frames, size, {}

    def __len__(self):
        return len(self.frames)

    def __getitem__(self, t):
        if isinstance(t, slice):
            return [self[i] for i in range(*t.indices(len(self)))]
        if t not in self.kept:
            self.kept[t] = cv2.resize(self.frames[t], self.size, interpolation=cv2.INTER_AREA)
        return self.kept[t]


def flow_for(config, root):
    """What `Slices` take as flow: exact where the config says so, else an estimate by its method,
    or None.
    """
    if config.flow == "none":
        return None
    if config.flow != "exact":
        return partial(Estimated, method=config.flow)
    folder = penn_action.find(root)
    if not folder or not (folder / "flow").is_dir():
        raise InputError(
            f'{root} has no exact flow, as only rendered clips have; write flow = "dis".'
        )
    return partial(_exact, folder)


def _exact(folder, clip):
    return _read(folder, clip.name)


_read = lru_cache(maxsize=128)(read_flow)  # a clip's flow is unpacked once for many slices
