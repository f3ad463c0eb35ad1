"""Smooth motion of an upper body without data, and estimates that shake and at times fail."""

import numpy as np

from tslib.skeletons import SKELETONS
from tslib.video.joints_csv import JointsTable

SKELETON = SKELETONS["youtube7"]
# Standard deviations, in shoulder widths: of all estimates, and of those that fail.
NOISE, BURST = 0.06, 1.0


def truth(rng, T=60):
    """True joints (T, 7, 2) px of somebody who waves both arms."""

    def angle(base, amplitude):
        for _ in range(2):
            phase = 2 * np.pi * np.arange(T) / rng.uniform(15, 50) + rng.uniform(0, 7)
            base = base + rng.uniform(0, amplitude) * np.sin(phase)
        return base

    def at(start, turn, length):
        return start + length * np.stack([np.sin(turn), np.cos(turn)], -1)

    chest, tilt = np.stack([angle(0, 0.3), angle(0, 0.1)], -1), angle(0, 0.15)
    sides = -1, 1  # the person's right, and left: somebody who faces us
    shoulders = [at(chest, tilt + side * np.pi / 2, 0.5) for side in sides]
    elbows = [
        at(start, side * angle(0.5, 0.7), 0.9) for start, side in zip(shoulders, sides, strict=True)
    ]
    wrists = [
        at(start, side * angle(1.2, 0.9), 0.8) for start, side in zip(elbows, sides, strict=True)
    ]
    pose = np.stack([at(chest, np.pi + tilt, 0.7), *wrists, *elbows, *shoulders], 1)
    return pose * rng.uniform(60, 140) + rng.uniform(150, 400, 2)


def estimate(rng, pose):
    """What a detector makes of it: noise, and now and then a joint that is elsewhere for some
    frames.
    """
    T, K = pose.shape[:2]
    size = np.linalg.norm(pose[:, 5] - pose[:, 6], axis=-1).mean()
    found = pose + rng.normal(0, NOISE * size, pose.shape)
    for k in range(K):
        for _ in range(rng.poisson(T / 15)):
            first = rng.integers(T)
            found[first : first + rng.integers(1, 5), k] += rng.normal(0, BURST * size, 2)
    return found


def tracks(n, seed, T=60):
    """Estimates and truths of n clips."""
    rng = np.random.default_rng(seed)
    truths = [truth(rng, T) for _ in range(n)]
    return [estimate(rng, pose) for pose in truths], truths


def read_tracks(path, joints):
    """The Tracks of a whole file of joints."""
    with JointsTable(path, joints) as table:
        return table.tracks(table.frames[0].item(), table.frames[-1].item())
