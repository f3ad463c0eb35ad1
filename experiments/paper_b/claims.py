"""Paper B's claims, each with the evidence that it needs of our tables, and what would refute it.

The paper's estimators are SFN, a network that sees one frame, and YR, which is the worse one. Of
ours the best that sees one frame takes the part of SFN, and the worst of these, where there are
two, that of YR.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scipy.stats import t as student

from ..claims import (
    WHOLE,
    Claim,
    Evidence,
    NotMeasured,
    above,
    between,
    every,
    exact,
    gains,
    never,
    nothing,
    within,
)
from ..comparison import Compared, Interval
from .runs import ATTENTION, INPUT

LIVE = 1000 / 30  # ms a frame
EQUAL = 1.0  # points: a change that is no larger counts as none
FRAMES, VIDEOS, PRINTED = 1457, 11, 131  # of CVIT-Sports, as the paper has them
ELSEWHERE = {"tableI": "CVIT-Sports, see Table II", "tableII": "YouTube Pose, see Table I"}


@dataclass(frozen=True)
class Known:
    """What a table has found.

    what : "tableI" or "tableII"; compared : {estimator: Compared}, with the rows of runs.METHODS
    alpha : the threshold; result : of tables.table, with temporal, transfer and ms
    overlap : the change that overlap makes, see tables.change; clips : how many are tested
    """

    what: str
    compared: Mapping[str, Compared]
    alpha: float
    result: Mapping
    overlap: Mapping
    clips: int

    def estimator(self, part: str) -> str:
        """Our estimator in the part of "SFN" or "YR"."""
        single = [name for name in self.compared if name not in self.result["temporal"]]
        order = sorted(single, key=lambda name: -self.compared[name].rate(INPUT, self.alpha))
        if len(order) < {"SFN": 1, "YR": 2}[part]:
            which = {"SFN": "an estimator", "YR": "a second, worse estimator"}[part]
            raise NotMeasured(f"needs the estimates of {which} that sees one frame")
        return order[0 if part == "SFN" else -1]

    def evidence(self, of: str, values: Mapping[str, Interval]) -> Evidence:
        """Differences at the table's threshold."""
        return Evidence(of, values, self.result["main"])


Need = Callable[[Known], Evidence]


def on(data: str, part: str, measure: Callable[[Known, str], Evidence]) -> Need:
    """Evidence from one of the two tables, about our estimator in the part of "SFN" or "YR"."""

    def need(known: Known) -> Evidence:
        if known.what != data:
            raise NotMeasured(f"on {ELSEWHERE[known.what]}")
        return measure(known, known.estimator(part))

    return need


def gain(known: Known, estimator: str) -> Evidence:
    """What attention adds to an estimator."""
    found = known.compared[estimator].difference(ATTENTION, INPUT, known.alpha)
    return known.evidence(f"{estimator}: {ATTENTION} - {INPUT}", {WHOLE: found})


def groups(known: Known, estimator: str) -> Evidence:
    """The same for each report group."""
    found = known.compared[estimator].group_differences(ATTENTION, INPUT, known.alpha)
    return known.evidence(estimator, found)


def transfer(known: Known) -> Evidence:
    """What attention that learnt on one estimator adds to another."""
    if not known.result["transfer"]:
        raise NotMeasured("needs two estimators")
    found = {
        f"{t['from']} to {t['to']}": interval_of(t["change"], known.clips)
        for t in known.result["transfer"]
    }
    return known.evidence("learnt on one, applied to another", found)


def speed(known: Known) -> Evidence:
    """How much shorter a frame takes than it lasts."""
    return exact("ms that a live frame lasts - those that we take", LIVE - known.result["ms"])


def overlap(known: Known) -> Evidence:
    """What overlapping windows add."""
    found = interval_of(known.overlap, known.clips)
    return known.evidence("windows each frame - windows side by side", {WHOLE: found})


def frames_a_video(known: object) -> Evidence:
    """The quotient of the paper's own numbers beside the one that it prints."""
    of = f"{FRAMES} frames / {VIDEOS} videos - the {PRINTED} that are printed"
    return exact(of, FRAMES / VIDEOS - PRINTED)


def interval_of(change: Mapping, clips: int) -> Interval:
    """The 95 % interval of a mean over so many clips, from its standard error."""
    points, error = change["points"], change["error"]
    if error is None:
        return Interval(points)
    error *= float(student.ppf(0.975, clips - 1))
    return Interval(points, points - error, points + error)


def rise(*names: str) -> Callable[[Mapping[str, Interval]], str]:
    """A test: whether all these groups gain."""
    return lambda changes: above(*(changes[name] for name in names))


def all_but_wrists(changes: Mapping[str, Interval]) -> str:
    """Whether head, elbows and shoulders gain, and wrists do not."""
    return every(
        rise("head", "elbow", "shoulder")(changes), between(-float("inf"), EQUAL, changes["wrist"])
    )


I, II = "tableI", "tableII"
CLAIMS = (
    Claim("B-C1", "3.7 points above YR", [on(I, "YR", gain)], gains),
    Claim("B-C2", "2.07 points above SFN", [on(I, "SFN", gain)], gains),
    Claim(
        "B-C3",
        "head gains 5 and shoulders 6 points on SFN",
        [on(I, "SFN", groups)],
        rise("head", "shoulder"),
    ),
    Claim(
        "B-C4",
        "wrists and elbows stay equal on SFN",
        [on(I, "SFN", groups)],
        lambda changes: within(EQUAL, changes["wrist"], changes["elbow"]),
    ),
    Claim(
        "B-C5",
        "head gains 18, shoulders 3 and elbows 1 on YR, wrists nothing",
        [on(I, "YR", groups)],
        all_but_wrists,
    ),
    Claim(
        "B-C6",
        "head, elbows and shoulders gain on SFN",
        [on(II, "SFN", groups)],
        rise("head", "elbow", "shoulder"),
    ),
    Claim("B-C7", "0.7 points above YR", [on(II, "YR", gain)], gains),
    Claim(
        "B-C8",
        "surpasses the state of the art",
        [never("other methods' estimates are not at hand")],
        gains,
    ),
    Claim("B-C9", "fast", [speed], gains),
    Claim("B-C10", "generic: does not depend on the estimator", [transfer], gains),
    Claim(
        "B-C11",
        f"CVIT-Sports has {FRAMES} frames, in the mean {PRINTED} a video",
        [frames_a_video],
        nothing(0.5),
        alone="the paper's own numbers",
    ),
    Claim("B-C12", "overlapping sequences reduce the error", [overlap], gains),
)
