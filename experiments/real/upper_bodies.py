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

import numpy as np

from tslib.clip import Clip
from tslib.skeletons import SKELETONS
from tslib.training.config import Config
from tslib.training.data import Data, divided

from ..clips import box_of_joints, clips_in
from ..growing import GrowingResult
from ..poses import frames_of
from ..records import RESULTS, folder
from .damage import resized
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
    frames = frames_of(clip)
    shape = np.array(frames[0].shape[1::-1])
    person = np.median(box_of_joints(clip.joints)[:, 2:].max(-1))
    W, H = np.round(shape * min(PERSON / person, 1.0)).astype(int).tolist()
    # Middles of pixels: the first one's is at 0, before and after.
    joints = ((clip.joints + 0.5) * ((W, H) / shape) - 0.5).astype(np.float32)
    return replace(
        clip,
        frames=resized(frames, (W, H)),
        joints=joints,
        box=box_of_joints(joints),
        size=(W, H),
    )


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
    first, tested = data_of(0, videos), [_few(clip) for clip in videos]
    about = described(plan, UNTRAINED) | {
        "videos": len(videos),
        "folds": FOLDS,
        "pictures": {
            "train": sum(map(len, first.train)),
            "validation": sum(map(len, first.validation)),
            "test": sum(map(len, tested)),
        },
        "joints": int(sum(clip.counted.sum() for clip in tested)),
        "intervals": "95 %, over videos, paired",
    }
    result = GrowingResult(RESULTS / "upper_bodies.json", about)
    seeds = {s: Folds(plan, videos, options.output / f"seed{s}", s) for s in options.seeds}
    return grow_rows(result, seeds, SKELETON, {"": UNTRAINED})
