"""Rows of results against each other, and what a paper claims of them: for both papers alike."""

from dataclasses import dataclass

import numpy as np

from tslib.metrics import bootstrap, group_rates, known_mean, means, rates

AT = {
    0.2: 20,
    0.1: 10,
    0.05: 5,
    10: 10,
    20: 20,
    40: 40,
}  # where a threshold, or px, lies among 0 to 50


@dataclass(frozen=True)
class Claim:
    """One claim. verdict: "holds", "does not" or "not measured"; evidence: a sentence with our
    numbers
    """

    name: str
    claim: str
    verdict: str
    evidence: str


def pooled(tallies):
    """Tallies of all seeds on the same clips, added up: {seed: (N, A, 2, K)} -> (N, A, 2, K)."""
    return np.sum(list(tallies.values()), 0)


class Compared:
    """Differences between rows, in points of PCK with intervals over clips, all seeds together.

    results : {row: {seed: int64 (N, A, 2, K)}}; skeleton : Skeleton; mean : a name of metrics.MEANS

    Where a data set has S splits, a clip's tallies lie side by side, (N, A, 2, S * K), and all
    numbers are means over the splits: a draw of clips takes a clip in every split that tests it.
    """

    def __init__(self, results, skeleton, mean="micro"):
        self.results, self.skeleton, self.mean = results, skeleton, mean

    def over_splits(self, statistic, tallies):
        """Mean over the splits of a statistic of (..., 2, K); what a split counts nowhere is left
        out.
        """
        splits = tallies.shape[-1] // len(self.skeleton.joints)
        return known_mean(np.stack([statistic(part) for part in np.split(tallies, splits, -1)], -1))

    def average(self, tallies):
        """The mean of tallies (..., 2, S * K), as a rate."""
        return self.over_splits(lambda t: means(t, self.skeleton)[self.mean], tallies)

    def rate(self, row, alpha=0.2):
        """Mean over seeds, in per cent."""
        return float(np.mean(self.by_seed(row, alpha)))

    def by_seed(self, row, alpha=0.2):
        """One number for each seed, in per cent."""
        return [
            100 * float(self.average(t[:, AT[alpha]].sum(0))) for t in self.results[row].values()
        ]

    def interval(self, row, alpha=0.2):
        """(low, high), in per cent: the 95 % interval of a row."""
        return tuple(
            100 * float(v) for v in bootstrap(self.average, pooled(self.results[row])[:, AT[alpha]])
        )

    def difference(self, row, other, alpha=0.2):
        """(points, low, high): row - other, and its 95 % interval."""
        a, b = (pooled(self.results[r])[:, AT[alpha]] for r in (row, other))
        low, high = bootstrap(self.average, a, b)
        return self.rate(row, alpha) - self.rate(other, alpha), 100 * float(low), 100 * float(high)

    def groups(self, row, alpha=0.2):
        """Rates of the report groups in per cent, all seeds together: float64 (G,)."""
        counted = pooled(self.results[row])[:, AT[alpha]].sum(0)
        return 100 * self.over_splits(lambda t: group_rates(rates(t), self.skeleton), counted)

    def says(self, row, other, alpha=0.2):
        points, low, high = self.difference(row, other, alpha)
        return f"{row} - {other} {points:+.1f} [{low:+.1f}, {high:+.1f}] @{alpha:g}"

    def above(self, row, other, alpha=0.2):
        return self.difference(row, other, alpha)[1] > 0
