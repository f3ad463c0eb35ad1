"""What the tables of both papers have in common: methods on clips, each computed once and kept."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tslib.clip import Clip
from tslib.skeletons import Skeleton
from tslib.training.evaluate import tallies

from .comparison import PIXELS, SHARES, Compared, at_pixels, at_share, tallies_in_pixels
from .poses import kept


class Experiment:
    """Methods on the same test clips; what they find lies in a folder and is not computed again.

    test : list of Clip, of one skeleton; folder : for all that is computed
    mean : the average that tables report, a name of metrics.MEANS

    Attributes: boxed, whether clips have boxes, and accuracy is PCK, or is within px; main and
    other: the thresholds that are reported; at and thresholds: see `comparison`.
    """

    def __init__(self, test: Sequence[Clip], folder: Path | str, mean: str = "micro") -> None:
        self.test, self.folder, self.mean = test, Path(folder), mean
        self.boxed = any(clip.counted.any() for clip in test)
        self.main: float = 0.2 if self.boxed else 20
        self.other: Sequence[float] = (0.1, 0.05) if self.boxed else (10, 40)
        self.thresholds: np.ndarray = SHARES if self.boxed else PIXELS
        self.at = at_share if self.boxed else at_pixels

    @property
    def skeleton(self) -> Skeleton:
        """That of the test clips."""
        return self.test[0].skeleton

    def poses(self, *which: Any, **options: Any) -> list[np.ndarray]:
        """Joints (T, K, 2) px of the test clips; which and options say of what, the seed among
        them.
        """
        raise NotImplementedError

    def kept(self, name: str, predict: Callable[[], Iterable[np.ndarray]]) -> list[np.ndarray]:
        """Joints of the test clips in a file of the folder, predicted if it is not there yet."""
        return kept(self.folder / f"{name}.npz", self.test, predict)

    def tallies(self, *which: Any, **options: Any) -> np.ndarray:
        """What accuracy counts of `poses` at the thresholds: int64 (N, A, 2, K)."""
        return self.counted(self.poses(*which, **options))

    def counted(self, poses: Sequence[np.ndarray]) -> np.ndarray:
        """The same of given joints."""
        count = tallies if self.boxed else tallies_in_pixels
        return count(poses, self.test, self.thresholds)

    def compared(self, results: dict) -> Compared:
        """Rows of such tallies against each other."""
        return Compared(results, self.skeleton, self.mean, self.at)

    def within(self, alpha: float) -> str:
        """A threshold as tables name it: "@0.2" or "@20 px"."""
        return f"@{alpha:g}" + ("" if self.boxed else " px")
