"""What a run learns from: the clips of a folder, divided, and the flow between their frames."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike

from ..augment import PERSON, known_boxes
from ..clip import Clip
from ..datasets import LOADERS, cvit_sports, penn_action, youtube_pose
from ..datasets.loaders import Loader
from ..errors import InputError
from ..part_flow import PartFlow, read_flow
from ..slices import Estimated, FlowOf
from .config import Config

# Quantiles; from 0.1 to 0.9, raised hands of validation videos were cut off.
_SPREAD = 0.05, 0.95


@dataclass(frozen=True)
class Data:
    """Clips to learn from, to choose by, and only to report, and their flow as `Slices` take it."""

    train: list[Clip]
    validation: list[Clip]
    test: list[Clip]
    flow: FlowOf | None


def load_data(root: Path | str, config: Config, **which: Any) -> Data:
    """The Data in a folder of Penn Action's layout, rendered or real, of JHMDB or of YouTube Pose.

    which : of JHMDB the split and whether of sub-JHMDB, as `jhmdb.load` takes them

    Where no clip to learn from has a box, each gets one, of its true joints, and smaller frames
    that are kept in memory: as large as the view can show. Clips to test stay as they are.

    InputError where there is none, its joints are not the config's, or it lacks the flow that the
    config asks for.
    """
    learn, test = clips_in(root, config.skeleton, **which)
    if not any(known_boxes(clip.box).any() for clip in learn):
        side = PERSON * config.view.size * config.view.scale[1]
        learn = [reduced(with_box(c, still_box(c.joints)), side) for c in learn if c.visible.any()]
    train, validation = divided(learn)
    return Data(train, validation, test, flow_for(config, root))


def clips_in(
    root: Path | str, skeleton: str | None = None, **which: Any
) -> tuple[list[Clip], list[Clip]]:
    """The clips of a folder, to learn from and to test. which : as of `load_data`

    Of YouTube Pose, videos with frames alone: those of its Subset are to test. Where these have
    none, every ninth of the others is, by name. Of CVIT-Sports, which says no split, every second
    sequence, by name.

    InputError where there is none, or its joints are not those of the skeleton, if one is named.
    """
    module = loader_of(root)
    if module is None:
        raise InputError(
            f"{root} holds no Penn Action (labels/*.mat), JHMDB or YouTube Pose "
            f"({youtube_pose.LABELS}), and no CVIT-Sports."
        )
    clips = module.load(root, **which)
    if module is youtube_pose:
        clips = [clip for clip in clips if clip.frames is not None]
        if not clips:
            raise InputError(f"{root} has no video with frames.")
    learn, test = ([c for c in clips if c.split == split] for split in ("train", "test"))
    if module is cvit_sports:
        learn, test = divided(clips, 2)
    elif module is youtube_pose and not test:
        learn, test = divided(learn, 9)
    there = clips[0].skeleton.name
    if skeleton is not None and there != skeleton:
        raise InputError(
            f"the clips in {root} have joints of {there}, not of {skeleton}; "
            f'write skeleton = "{there}" into the training file.'
        )
    return learn, test


def loader_of(root: Path | str) -> Loader | None:
    """The first loader that finds its data set in a folder."""
    return next((loader for loader in LOADERS.values() if loader.find(root)), None)


def divided(clips: Sequence[Clip], every: int = 10) -> tuple[list[Clip], list[Clip]]:
    """Clips as (most, few), by name: every tenth, or so, is among the few, or the last of fewer.

    The training clips are so divided from those for validation. No seed is asked, so runs with
    other seeds can be compared.
    """
    clips = sorted(clips, key=lambda clip: clip.name)
    few = clips[every - 1 :: every] or clips[1:][-1:]
    return [clip for clip in clips if clip not in few], few


def still_box(joints: ArrayLike) -> np.ndarray:
    """The box (x, y, w, h) px, float64, of somebody who stays in place, from joints (T, K, 2) px.

    It reaches from the 5th to the 95th percentile of all of them, true or estimated. Joints beyond
    are in the margin of `augment.window_around`.
    """
    points = np.reshape(joints, (-1, 2)).astype(np.float64)
    low, high = np.nanquantile(points, _SPREAD, axis=0)
    return np.concatenate([low, np.maximum(high - low, 1)])


def with_box(clip: Clip, box: ArrayLike) -> Clip:
    """The clip with one box (x, y, w, h) px in all frames."""
    return replace(clip, box=np.tile(np.asarray(box, np.float32), (len(clip), 1)))


def reduced(clip: Clip, side: float) -> Clip:
    """The clip with smaller frames: the larger side of its boxes, in the mean, becomes `side` px.

    Never enlarged. Frames are kept in memory once they are read.
    """
    assert clip.size is not None and clip.frames is not None
    factor = min(1.0, side / float(np.nanmean(clip.size_of_person)))
    size = max(1, round(factor * clip.size[0])), max(1, round(factor * clip.size[1]))
    factors = np.divide(size, clip.size)

    def moved(points: np.ndarray) -> np.ndarray:
        return ((points + 0.5) * factors - 0.5).astype(np.float32)

    box = np.concatenate([moved(clip.box[:, :2]), np.float32(clip.box[:, 2:] * factors)], -1)
    frames = ReducedFrames(clip.frames, size)
    return replace(clip, joints=moved(clip.joints), box=box, frames=frames, size=size)


class ReducedFrames(Sequence):
    """Frames made smaller, uint8 (h, w, 3), and kept in memory once they are read; size (w, h)."""

    def __init__(self, frames: Sequence[np.ndarray], size: tuple[int, int]) -> None:
        self.frames, self.size = frames, size
        self.kept: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, t: Any) -> Any:
        if isinstance(t, slice):
            return [self[i] for i in range(*t.indices(len(self)))]
        if t not in self.kept:
            self.kept[t] = cv2.resize(self.frames[t], self.size, interpolation=cv2.INTER_AREA)
        return self.kept[t]


def flow_for(config: Config, root: Path | str) -> FlowOf | None:
    """What `Slices` take as flow: exact, estimated by the config's method, or None."""
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


def _exact(folder: Path, clip: Clip) -> PartFlow:
    return _read(folder, clip.name)


# A clip's flow is unpacked once for many slices.
_read = lru_cache(maxsize=128)(read_flow)
