"""Videos to learn from: a still box around each person, and frames as small as training needs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tslib.augment import PERSON, known_boxes
from tslib.clip import Clip
from tslib.training.config import Config
from tslib.training.data import Data, divided, flow_for

from ..clips import clips_in, still_box, with_box


def load_videos(root: Path | str, config: Config) -> Data:
    """The Data in a folder, see `clips_in`; InputError as there.

    Where no clip to learn from has a box, each gets one, of its true joints, and smaller frames
    that are kept in memory: as large as the view can show. Clips to test stay as they are.
    """
    learn, test = clips_in(root, config.skeleton)
    if not any(known_boxes(clip.box).any() for clip in learn):
        side = PERSON * config.view.size * config.view.scale[1]
        learn = [reduced(with_box(c, still_box(c.joints)), side) for c in learn if c.visible.any()]
    train, validation = divided(learn)
    return Data(train, validation, test, flow_for(config, root))


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
