"""Tracks cut into overlapping windows of one length, and put together again."""

import numpy as np

LENGTH, STRIDE = 20, 5  # frames; Paper B says "fixed length" and "overlapping", and no numbers


def filled(poses):
    """A track (T, K, 2) without gaps: each joint straight from where it was last seen to where it
    is next.

    Before it is first seen and after it is last seen it rests there. A joint that is never seen
    stays NaN. float64; ValueError for another shape.
    """
    poses = as_track(poses).copy()
    frames = np.arange(len(poses))
    for track in np.moveaxis(poses, 1, 0):
        seen = np.isfinite(track).all(-1)
        if seen.any() and not seen.all():
            for axis in (0, 1):
                track[~seen, axis] = np.interp(frames[~seen], frames[seen], track[seen, axis])
        elif not seen.any():
            track[:] = np.nan
    return poses


def starts(frames, length=LENGTH, stride=STRIDE):
    """First frames of the windows of a track: each `stride` frames, and one that ends with the
    track.
    """
    if frames < 1 or length < 1 or not 1 <= stride:
        raise ValueError(
            f"frames, length and stride must be 1 or more, but are {frames}, {length} and {stride}."
        )
    if stride > length:
        raise ValueError(
            f"windows of {length} frames, each {stride} frames, would leave frames out."
        )
    last = max(frames - length, 0)
    return np.array(sorted({*range(0, last, stride), last}), np.int64)


def cut(track, length=LENGTH, stride=STRIDE):
    """Windows of a track (T, ...): (N, length, ...), and mask, bool (N, length).

    A track shorter than a window makes one, filled up with its last frame; the mask is False there.
    """
    numbers = starts(len(track), length, stride)[:, None] + np.arange(length)
    return track[np.minimum(numbers, len(track) - 1)], numbers < len(track)


def merge(windows, frames, length=LENGTH, stride=STRIDE):
    """A track (T, ...) from the windows that `cut` made: the mean of all that cover a frame (Sec.
    IV).

    windows : float (N, length, ...); frames : int, T
    """
    total = np.zeros((frames, *windows.shape[2:]))
    count = np.zeros((frames, *[1] * (windows.ndim - 2)))
    for first, window in zip(starts(frames, length, stride), windows, strict=True):
        inside = window[: frames - first]
        total[first : first + length] += inside
        count[first : first + length] += 1
    return total / count


def as_track(poses):
    """Poses as float64 (T, K, 2); ValueError for another shape."""
    poses = np.asarray(poses, np.float64)
    if poses.ndim != 3 or poses.shape[-1] != 2 or not poses.size:
        raise ValueError(f"a track must have shape (T, K, 2), but has {poses.shape}.")
    return poses
