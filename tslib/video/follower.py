"""What the trackers of a person share: when to believe a detector, and where and when to search."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..crop import Crop
from .detector import HeatmapDetector

LOST = 15  # frames in a row without the person until it is searched again
SEARCH = 8  # while nobody is in sight, search every so many frames
BEST = 10 / 17  # of the peaks say how sure the detector is; the others may be hidden
SAME = 0.7  # overlap of the crops of one person; of two side by side it is less
TRUST = 0.6  # of the usual height must the best peaks keep


class Follower:
    """Follows one person through a scene by a detector, and knows how sure that usually is.

    first_box : (x, y, w, h) px in the very first frame; found by a search where None

    Attribute ``taken``: crops of others, whom a search passes over.
    """

    def __init__(self, detector: HeatmapDetector, first_box: Sequence[float] | None = None) -> None:
        self.detector = detector
        self.taken: list[Crop] = []
        self.reset(first_box)

    def reset(self, box: Sequence[float] | None = None) -> None:
        """Forget the person, as at a cut, or go on with the box of another."""
        raise NotImplementedError

    def forget(self) -> None:
        """Begin anew, as at a cut."""
        self.usual: float | None = None  # running mean of the sureness
        self.wait = 0  # frames until the next search
        self.missed = 0  # frames in a row that were not believed

    def first_free(self, found: Iterable[tuple[float, Crop]]) -> Iterator[Crop]:
        """Of the crops that a search finds, with scores, those that nobody has; the best first."""
        for _, crop in sorted(found, key=lambda pair: -pair[0]):
            if self.free(crop):
                yield crop

    def free(self, crop: Crop) -> bool:
        """Whether a crop holds somebody whom no other follower has."""
        return all(crop.overlap(other) < SAME for other in self.taken)

    def lost(self) -> bool:
        """Whether the person has not been seen for so long that it is searched again."""
        return self.missed >= LOST

    def may_search(self) -> bool:
        """Whether it is time for a search, of which each takes as long as many frames do."""
        search = self.wait == 0
        self.wait = (SEARCH if search else self.wait) - 1
        return search

    def believes(self, sure: float) -> bool:
        """Whether a sureness is near the usual one, which then follows it."""
        if self.usual is not None and sure < TRUST * self.usual:
            return False
        self.missed = 0
        self.usual = sure if self.usual is None else 0.9 * self.usual + 0.1 * sure
        return True


def sureness(peaks: np.ndarray) -> float:
    """Mean of the best of peaks (K,), ten of seventeen: hidden joints do not count against it."""
    return float(np.sort(peaks)[-max(1, round(BEST * len(peaks))) :].mean())


def windows_over(
    W: int, H: int, grid: tuple[int, int]
) -> Iterator[tuple[float, float, float, float]]:
    """Yield windows (x, y, w, h) px all over a frame of W x H px, in the proportions of the grid.

    The largest is a third larger than the frame, for a person who fills it, the smallest a third of
    that; of each size one begins in the middle of the one before.
    """
    largest = 4 / 3 * min(W / grid[0], H / grid[1])
    for scale in (1.0, 0.7, 0.5, 0.35):
        w, h = (n * largest * scale for n in grid)
        for y in _starts(H, h):
            for x in _starts(W, w):
                yield x, y, w, h


def _starts(length: int, side: float) -> list[float]:
    """Where windows of a side begin that cover a length, or the one in its middle."""
    number = max(1, round(2 * (length - side) / side) + 1)
    return np.linspace(0, length - side, number).tolist() if number > 1 else [(length - side) / 2]
