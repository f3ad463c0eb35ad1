"""What springs between joints are worth on real videos' frames: the upper bodies of YouTube Pose.

    python -m experiments real upper_bodies --output runs-upper

Needs TSLIB_DATA, see data/README.md. Labelled frames of a video lie seconds apart, so that they are
single pictures here, as those of Leeds Sports are (see leeds.py), and nothing is asked of time. A
person on television stands upright, so that one rest offset suits a limb better than an athlete's.
Three networks share the videos: each learns from two thirds and tests the others, so that every
video is tested once by a network that has never seen the person. What is computed stands in
experiments/results/upper_bodies.json at once and is not computed again.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from tslib.clip import Clip
from tslib.skeletons import SKELETONS
from tslib.training.config import Config
from tslib.training.data import Data, divided

from ..clips import clips_in
from ..growing import GrowingResult
from ..poses import frames_of
from ..records import RESULTS, folder
from .pictures import UNTRAINED, Pictures, config, described, grow_rows

SKELETON = SKELETONS["youtube7"]
FOLDS, EVERY, CHOOSE = 3, 4, 6  # of the videos to learn from every sixth is to choose by
ANGLE = 15.0  # degrees, by which pictures are turned both ways in training
PERSON = 100.0  # px, the larger side of a person's box in the median of a video, or less


def videos_in(root: Path) -> list[Clip]:
    """The videos of YouTube Pose that have frames, by name, as small as the network sees people.

    A frame's box is that of its joints.
    """
    learn, test = clips_in(root)
    return [_small(clip) for clip in sorted(learn + test, key=lambda clip: clip.name)]


def _small(clip: Clip) -> Clip:
    low, high = np.nanmin(clip.joints, 1), np.nanmax(clip.joints, 1)
    scale = min(PERSON / np.median((high - low).max(-1)), 1.0)
    frames = []
    for frame in frames_of(clip):
        size = [round(n * scale) for n in frame.shape[1::-1]]
        frames.append(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
    H, W = frame.shape[:2]
    # Middles of pixels: the first one's is at 0, before and after.
    joints = ((clip.joints + 0.5) * np.divide(size, (W, H)) - 0.5).astype(np.float32)
    low, high = np.nanmin(joints, 1), np.nanmax(joints, 1)
    box = np.concatenate([low, high - low], -1)
    return replace(clip, frames=frames, joints=joints, box=box, size=(size[0], size[1]))


def data_of(fold: int, videos: Sequence[Clip]) -> Data:
    """What the network of a fold learns from, chooses by and tests: of the latter two every fourth
    labelled frame.
    """
    others = [clip for n, clip in enumerate(videos) if n % FOLDS != fold]
    learn, choose = divided(others, CHOOSE)
    test = [clip for n, clip in enumerate(videos) if n % FOLDS == fold]
    return Data(learn, [_few(clip) for clip in choose], [_few(clip) for clip in test], None)


def _few(clip: Clip) -> Clip:
    """Every fourth frame of a clip."""
    some = slice(None, None, EVERY)
    return replace(
        clip,
        frames=frames_of(clip)[some],
        joints=clip.joints[some],
        visible=clip.visible[some],
        box=clip.box[some],
        number=clip.number[some] if clip.number is not None else None,
    )


class Folds:
    """The rows of one seed: networks of which each tests the videos that it has not learnt from."""

    def __init__(self, plan: Config, videos: Sequence[Clip], output: Path, seed: int) -> None:
        self.networks = [
            Pictures(plan, data_of(fold, videos), output / f"fold{fold}", seed)
            for fold in range(FOLDS)
        ]

    def tallies(self, row: str) -> np.ndarray:
        """What PCK counts in the test clips: int64 (N, A, 2, K)."""
        return np.concatenate([one.tallies(row) for one in self.networks])

    def to_choose_by(self, row: str) -> np.ndarray:
        """What PCK counts in the pictures to choose by: int64 (A, 2, K)."""
        return np.sum([one.to_choose_by(row) for one in self.networks], 0)


def run(options: argparse.Namespace) -> str:
    """Every row that its result lacks. options : as of options.pictures"""
    plan = config(SKELETON, options.steps, ANGLE)
    videos = videos_in(folder() / "youtube_pose")
    first = data_of(0, videos)
    about = described(plan, UNTRAINED) | {
        "videos": len(videos),
        "folds": FOLDS,
        "pictures": {
            "train": sum(map(len, first.train)),
            "validation": sum(map(len, first.validation)),
            "test": sum(len(_few(clip)) for clip in videos),
        },
        "joints": int(sum(_few(clip).counted.sum() for clip in videos)),
        "intervals": "95 %, over videos, paired",
    }
    result = GrowingResult(RESULTS / "upper_bodies.json", about)
    seeds = {s: Folds(plan, videos, options.output / f"seed{s}", s) for s in options.seeds}
    return grow_rows(result, seeds, SKELETON, {"": UNTRAINED})
