"""Tracks cut into overlapping windows of one length, and put together again."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

TrackList = Sequence[np.ndarray]  # of tracks (T, K, 2) px, NaN where a joint is not known
# In frames. Paper B says "fixed length" and "overlapping", and no numbers.
WINDOW_LENGTH, WINDOW_STRIDE = 20, 5


def filled(poses: np.ndarray, frames: np.ndarray | None = None) -> np.ndarray:
    """A track (T, K, 2) without gaps, which linear interpolation fills joint by joint.

    Before it is first seen and after it is last seen a joint rests there; one that is never seen
    stays NaN. float64; ValueError for another shape. frames : (T,) numbers, where some are left out
    """
    poses = as_track(poses).copy()
    frames = np.arange(len(poses)) if frames is None else frames
    for joint in np.moveaxis(poses, 1, 0):
        seen = np.isfinite(joint).all(-1)
        joint[~seen] = np.nan
        for axis in (0, 1) if seen.any() else ():
            joint[~seen, axis] = np.interp(frames[~seen], frames[seen], joint[seen, axis])
    return poses


def starts(frames: int, length: int = WINDOW_LENGTH, stride: int = WINDOW_STRIDE) -> np.ndarray:
    """First frames (N,) of windows: one each `stride` frames, and a last that ends the track."""
    if frames < 1 or not 1 <= stride <= length:
        raise ValueError(
            f"windows of {length} frames, one each {stride} frames, would leave frames out of a "
            f"track of {frames}; all must be 1 or more, and the stride at most the length."
        )
    last = max(frames - length, 0)
    return np.append(np.arange(0, last, stride), last)


def cut(
    track: np.ndarray, length: int = WINDOW_LENGTH, stride: int = WINDOW_STRIDE
) -> tuple[np.ndarray, np.ndarray]:
    """Windows of a track (T, ...): (N, length, ...), and mask, bool (N, length).

    A track shorter than a window makes one, filled up with its last frame; the mask is False there.
    """
    numbers = starts(len(track), length, stride)[:, None] + np.arange(length)
    return track[np.minimum(numbers, len(track) - 1)], numbers < len(track)


def merge(
    windows: np.ndarray, frames: int, length: int = WINDOW_LENGTH, stride: int = WINDOW_STRIDE
) -> np.ndarray:
    """A track (T, ...) from windows (N, length, ...): in each frame the mean of all that cover it.

    Paper B, Sec. IV, does not print how several estimates of a frame become one.
    """
    total = np.zeros((frames, *windows.shape[2:]))
    count = np.zeros((frames, *[1] * (windows.ndim - 2)))
    for first, window in zip(starts(frames, length, stride), windows, strict=True):
        total[first : first + length] += window[: frames - first]
        count[first : first + length] += 1
    return total / count


def as_track(poses: ArrayLike) -> np.ndarray:
    """Poses as float64 (T, K, 2); ValueError for another shape."""
    track = np.asarray(poses, np.float64)
    if track.ndim != 3 or track.shape[-1] != 2 or not track.size:
        raise ValueError(f"a track must have shape (T, K, 2), but has {track.shape}.")
    return track
