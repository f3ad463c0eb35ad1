"""Rows of results against each other, for both papers alike."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tslib.clip import Clip
from tslib.metrics import group_rates, known_mean, means, rates, tally
from tslib.skeletons import Skeleton
from tslib.training.evaluate import Poses

from .measures import bootstrap

# The thresholds of all tallies: shares of the person's size, or px where clips have no boxes.
SHARES, PIXELS = np.arange(51) / 100, np.arange(51)

Tallies = Mapping[Any, Mapping[int, np.ndarray]]


def tallies_in_pixels(poses: Poses, clips: Sequence[Clip], pixels: ArrayLike) -> np.ndarray:
    """What counts within limits in pixels, (A,), clip by clip: int64 (N, A, 2, K)."""
    pairs = zip(poses, clips, strict=True)
    return np.stack([tally(p, c.joints, 1, pixels, c.visible) for p, c in pairs])


def at_share(alpha: float) -> int:
    """Where a share of the person's size lies among SHARES."""
    return round(100 * alpha)


def at_pixels(pixels: float) -> int:
    """Where a distance lies among PIXELS."""
    return round(pixels)


class Interval(NamedTuple):
    """A difference and its 95 % interval; low and high are None where nobody has computed them."""

    points: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.points:+.1f}"
        if self.low == self.high:
            return f"{self.points:+.3g}"
        return f"{self.points:+.1f} [{self.low:+.1f}, {self.high:+.1f}]"


def pooled(tallies: Mapping[int, np.ndarray]) -> np.ndarray:
    """Tallies of all seeds on the same clips, added up: {seed: (N, A, 2, K)} -> (N, A, 2, K)."""
    return np.sum(list(tallies.values()), 0)


@dataclass(frozen=True)
class Trial:
    """One value of a sweep. which, options : of `Experiment.tallies`, but for the seed."""

    sweep: str
    value: int | str
    which: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The row's name among results, such as "iterations 3"."""
        return f"{self.sweep} {self.value}"


def tried(runs: Any, trials: Iterable[Trial], seeds: Iterable[int]) -> dict[str, dict]:
    """Tallies of trials of an `engine.Experiment`: {trial's name: {seed: int64 (N, A, 2, K)}}."""
    return {
        trial.name: {seed: runs.tallies(*trial.which, seed, **trial.options) for seed in seeds}
        for trial in trials
    }


class Compared:
    """Differences between rows, in points of PCK with intervals over clips, all seeds together.

    results : {row: {seed: int64 (N, A, 2, K)}}; mean : a name of metrics.MEANS
    at : where a threshold lies among the A, `at_share` or `at_pixels`

    Where a data set has S splits, a clip's tallies lie side by side, (N, A, 2, S * K), and all
    numbers are means over the splits: a draw of clips takes a clip in every split that tests it.
    """

    def __init__(
        self,
        results: Tallies,
        skeleton: Skeleton,
        mean: str = "micro",
        at: Callable[[float], int] = at_share,
    ) -> None:
        self.results, self.skeleton, self.mean, self.at = results, skeleton, mean, at

    def over_splits(
        self, statistic: Callable[[np.ndarray], np.ndarray], tallies: np.ndarray
    ) -> np.ndarray:
        """Mean over the splits of a statistic of (..., 2, K); what a split counts nowhere is left
        out.
        """
        splits = tallies.shape[-1] // len(self.skeleton.joints)
        return known_mean(np.stack([statistic(part) for part in np.split(tallies, splits, -1)], -1))

    def average(self, tallies: np.ndarray) -> np.ndarray:
        """The mean of tallies (..., 2, S * K), as a rate."""
        return self.over_splits(lambda t: means(t, self.skeleton)[self.mean], tallies)

    def by_group(self, tallies: np.ndarray) -> np.ndarray:
        """Rates of the report groups of tallies (..., 2, S * K): (..., G)."""
        return self.over_splits(lambda t: group_rates(rates(t), self.skeleton), tallies)

    def counted(self, row: Any, alpha: float) -> np.ndarray:
        """Tallies of a row at a threshold, all seeds together: int64 (N, 2, S * K)."""
        return pooled(self.results[row])[:, self.at(alpha)]

    def rate(self, row: Any, alpha: float = 0.2) -> float:
        """Mean over seeds, in per cent."""
        return float(np.mean(self.by_seed(row, alpha)))

    def by_seed(self, row: Any, alpha: float = 0.2) -> list[float]:
        """One number for each seed, in per cent."""
        tallies = self.results[row].values()
        return [100 * float(self.average(t[:, self.at(alpha)].sum(0))) for t in tallies]

    def interval(self, row: Any, alpha: float = 0.2) -> tuple[float, float]:
        """(low, high), in per cent: the 95 % interval of a row."""
        low, high = bootstrap(self.average, self.counted(row, alpha))
        return 100 * float(low), 100 * float(high)

    def difference(self, row: Any, other: Any, alpha: float = 0.2) -> Interval:
        """row - other, in points."""
        low, high = bootstrap(self.average, self.counted(row, alpha), self.counted(other, alpha))
        points = self.rate(row, alpha) - self.rate(other, alpha)
        return Interval(points, 100 * float(low), 100 * float(high))

    def groups(self, row: Any, alpha: float = 0.2) -> np.ndarray:
        """Rates of the report groups in per cent, all seeds together: float64 (G,)."""
        return 100 * self.by_group(self.counted(row, alpha).sum(0))

    def group_differences(self, row: Any, other: Any, alpha: float = 0.2) -> dict[str, Interval]:
        """row - other of each report group, in points."""
        found = self.contrast(np.subtract, (row, other), alpha)
        return dict(zip(self.skeleton.groups, found, strict=True))

    def contrast(
        self, statistic: Callable[..., np.ndarray], rows: Sequence[Any], alpha: float = 0.2
    ) -> list[Interval]:
        """Numbers (..., n) made of the group rates (..., G) of several rows, such as differences of
        differences, in points.
        """
        counted = np.concatenate([self.counted(row, alpha) for row in rows], -1)

        def contrasted(tallies: np.ndarray) -> np.ndarray:
            return statistic(*map(self.by_group, np.split(tallies, len(rows), -1)))

        found = contrasted(counted.sum(0)), *bootstrap(contrasted, counted)
        return [Interval(*(100 * float(v) for v in one)) for one in zip(*found, strict=True)]
