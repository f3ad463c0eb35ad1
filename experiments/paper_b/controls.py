"""What a corrector is compared with: methods without a network, all used alike.

    for method in (Identity(), Offset(skeleton), MedianFilter(), Corrector(...)):
        method.fit(estimates, truths)       # lists of tracks (T, K, 2) px, NaN where unlabelled
        poses = method.correct(track)       # (T, K, 2) px -> float64 (T, K, 2) px

All but the identity fill gaps, as tslib.correction.windows.filled does; a joint that is never seen
stays NaN.
"""

from typing import Self

import numpy as np
from scipy.ndimage import median_filter
from scipy.signal import savgol_filter

from tslib.correction.normalization import place
from tslib.correction.windows import TrackList, as_track, filled
from tslib.skeletons import Skeleton


class Identity:
    """The estimates as they are."""

    def fit(self, estimates: TrackList, truths: TrackList) -> Self:
        """Nothing is learnt; returns the method."""
        return self

    def correct(self, poses: np.ndarray) -> np.ndarray:
        return as_track(poses)


class Offset(Identity):
    """One constant shift for each joint, which is all it takes where a joint is defined otherwise.

    ``offset`` (K, 2), in sizes of the person as tslib.correction.normalization has them, is the
    median of truth - estimate in the training tracks; 0 for a joint without labels.
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


class TimeFilter(Identity):
    """A filter along time; a subclass says of what kind by `filtered`."""

    def correct(self, poses: np.ndarray) -> np.ndarray:
        poses = filled(poses)
        seen = np.isfinite(poses).all((0, 2))
        if seen.any():
            poses[:, seen] = self.filtered(poses[:, seen])
        return poses

    def filtered(self, poses: np.ndarray) -> np.ndarray:
        """Joints that are seen in all frames, (T, n, 2) px, as new ones."""
        raise NotImplementedError


class MedianFilter(TimeFilter):
    """The median of each coordinate over an odd number of frames; joints rest before and after."""

    def __init__(self, frames: int = 5) -> None:
        self.frames = _odd(frames)

    def filtered(self, poses: np.ndarray) -> np.ndarray:
        return median_filter(poses, (self.frames, 1, 1), mode="nearest")


class SavitzkyGolay(TimeFilter):
    """A polynomial fitted to an odd number of frames around each; short tracks take fewer."""

    def __init__(self, frames: int = 7, order: int = 2) -> None:
        self.frames, self.order = _odd(frames), order

    def filtered(self, poses: np.ndarray) -> np.ndarray:
        frames = min(self.frames, len(poses) - 1 + len(poses) % 2)
        return savgol_filter(poses, frames, self.order, axis=0) if frames > self.order else poses


def _odd(frames: int) -> int:
    if type(frames) is not int or frames < 1 or frames % 2 == 0:
        raise ValueError(f"a filter needs an odd number of frames, but is given {frames!r}.")
    return frames
