"""What a corrector is compared with: methods without a network, all used alike.

    for method in (Identity(), Offset(skeleton), MedianFilter(), OneEuro(), Corrector(...)):
        method.fit(estimates, truths)       # lists of tracks (T, K, 2) px, NaN where unlabelled
        poses = method.correct(track)       # (T, K, 2) px -> float64 (T, K, 2) px

All but the identity fill gaps, as windows.filled; a joint that is never seen stays NaN.
"""

from typing import Self

import numpy as np
from scipy.ndimage import median_filter
from scipy.signal import savgol_filter

from ..skeletons import Skeleton
from .normalization import body_sizes, place
from .windows import TrackList, as_track, filled


class Identity:
    """The estimates as they are."""

    def fit(self, estimates: TrackList, truths: TrackList) -> Self:
        """Nothing is learnt; returns the method."""
        return self

    def correct(self, poses: np.ndarray) -> np.ndarray:
        return as_track(poses)


class Offset(Identity):
    """One constant shift for each joint, which is all it takes where a joint is defined otherwise.

    ``offset`` (K, 2), in sizes of the person (see normalization.place), is the median of truth -
    estimate in the training tracks; 0 before, and for a joint without labels.
    """

    def __init__(self, skeleton: Skeleton, unit: str = "shoulders") -> None:
        self.skeleton, self.unit = skeleton, unit
        self.offset = np.zeros((len(skeleton.joints), 2))

    def fit(self, estimates: TrackList, truths: TrackList) -> Self:
        pairs = zip(estimates, truths, strict=True)
        shifts = [(as_track(truth) - as_track(x)) / self._size(x) for x, truth in pairs]
        residuals = np.concatenate(shifts)
        known = np.isfinite(residuals).any(0)
        self.offset = np.where(known, np.nanmedian(np.where(known, residuals, 0), 0), 0)
        return self

    def correct(self, poses: np.ndarray) -> np.ndarray:
        return filled(poses) + self._size(poses) * self.offset

    def _size(self, poses: np.ndarray) -> np.ndarray:
        return place(as_track(poses), self.skeleton, self.unit)[1]


class _Filter(Identity):
    """A filter along time; `_filtered` is given the joints that are seen, (T, n, 2)."""

    def correct(self, poses: np.ndarray) -> np.ndarray:
        poses = filled(poses)
        seen = np.isfinite(poses).all((0, 2))
        if seen.any():
            poses[:, seen] = self._filtered(poses[:, seen])
        return poses

    def _filtered(self, poses: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class MedianFilter(_Filter):
    """The median of each coordinate over an odd number of frames; joints rest before and after."""

    def __init__(self, frames: int = 5) -> None:
        self.frames = _odd(frames)

    def _filtered(self, poses: np.ndarray) -> np.ndarray:
        return median_filter(poses, (self.frames, 1, 1), mode="nearest")


class SavitzkyGolay(_Filter):
    """A polynomial fitted to an odd number of frames around each; short tracks take fewer."""

    def __init__(self, frames: int = 7, order: int = 2) -> None:
        self.frames, self.order = _odd(frames), order

    def _filtered(self, poses: np.ndarray) -> np.ndarray:
        frames = min(self.frames, len(poses) - 1 + len(poses) % 2)
        return savgol_filter(poses, frames, self.order, axis=0) if frames > self.order else poses


class OneEuro(_Filter):
    """The One-Euro filter (Casiez et al., CHI 2012): smooths what rests, and follows what is fast.

    fps : frames per second
    cutoff : Hz, for a joint at rest
    beta : Hz for each body per second of speed, a body being the median largest distance of two
        joints

    It looks back only, as one does live.
    """

    def __init__(self, fps: float = 30.0, cutoff: float = 2.0, beta: float = 5.0) -> None:
        self.fps, self.cutoff, self.beta = fps, cutoff, beta

    def _filtered(self, poses: np.ndarray) -> np.ndarray:
        size = body_sizes(poses)
        poses = poses / size
        smooth, speed = poses.copy(), np.zeros(poses.shape[1:])
        for t in range(1, len(poses)):
            speed += self._share(1.0) * ((poses[t] - poses[t - 1]) * self.fps - speed)
            share = self._share(self.cutoff + self.beta * np.abs(speed))
            smooth[t] = share * poses[t] + (1 - share) * smooth[t - 1]
        return smooth * size

    def _share(self, cutoff: float | np.ndarray) -> float | np.ndarray:
        """The new value's share in a low-pass of a cutoff (Hz)."""
        rate = 2 * np.pi * cutoff / self.fps
        return rate / (1 + rate)


def _odd(frames: int) -> int:
    if type(frames) is not int or frames < 1 or frames % 2 == 0:
        raise ValueError(f"a filter needs an odd number of frames, but is given {frames!r}.")
    return frames
