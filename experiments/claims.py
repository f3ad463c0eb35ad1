"""What a paper claims, as rows of data, and the engine that holds them against evidence.

A claim names the evidence that it needs and has a test of it, so that it can fail. The evidence is
kept with the verdict, and `judge_again` gives the same verdict from it as `judge`, without the
runs.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .comparison import Interval

HOLDS, FAILS, UNDECIDED, NOT_MEASURED = "holds", "fails", "undecided", "not measured"
WHOLE = "all"  # the name of a value that stands alone


class NotMeasured(Exception):
    """A piece of evidence is not there; the message says what it would take."""


@dataclass(frozen=True)
class Evidence:
    """Differences that a claim is held against.

    of : what they are; values : {name, such as a report group: Interval}; unit : such as "@0.2"
    """

    of: str
    values: Mapping[str, Interval]
    unit: str = ""

    def __str__(self) -> str:
        if list(self.values) == [WHOLE]:
            said = f"{self.of} {self.values[WHOLE]}"
        else:
            said = f"{self.of}: " + ", ".join(f"{n} {v}" for n, v in self.values.items())
        bare = any(value.low is None for value in self.values.values())
        return f"{said} {self.unit}".rstrip() + bare * " (no interval)"


@dataclass(frozen=True)
class Claim:
    """One claim of a paper.

    needs : functions of what is known (results of a table) to Evidence; one whose evidence is not
        there raises NotMeasured
    test : function of as many {name: Interval} to a verdict
    alone : where its evidence comes from, if that is not the table that is judged
    """

    name: str
    text: str
    needs: Sequence[Callable[[Any], Evidence]]
    test: Callable[..., str]
    alone: str = ""


@dataclass(frozen=True)
class Judged:
    """A claim's verdict; evidence: a sentence with our numbers; numbers: the same as Evidence."""

    name: str
    claim: str
    verdict: str
    evidence: str
    numbers: Sequence[Evidence] = ()


def judge(claims: Iterable[Claim], known: Any) -> list[Judged]:
    """Each claim held against what is known, which its needs know how to read."""
    found = []
    for claim in claims:
        try:
            numbers = [need(known) for need in claim.needs]
        except NotMeasured as why:
            found.append(Judged(claim.name, claim.text, NOT_MEASURED, str(why)))
        else:
            found.append(_judged(claim, numbers))
    return found


def judge_again(claims: Iterable[Claim], stored: Iterable[dict]) -> list[dict]:
    """Claims as a result's JSON holds them (`Judged` as dicts), judged by their stored numbers.

    One that has no numbers stays as it is; one that stands alone is judged from its own evidence.
    """
    of, found = {claim.name: claim for claim in claims}, []
    for one in stored:
        if of[one["name"]].alone:
            one = asdict(judge([of[one["name"]]], None)[0])
        elif one.get("numbers"):
            numbers = [
                Evidence(n["of"], {k: Interval(*v) for k, v in n["values"].items()}, n["unit"])
                for n in one["numbers"]
            ]
            one = asdict(_judged(of[one["name"]], numbers))
        found.append(one)
    return found


def _judged(claim: Claim, numbers: Sequence[Evidence]) -> Judged:
    verdict = claim.test(*(evidence.values for evidence in numbers))
    return Judged(claim.name, claim.text, verdict, "; ".join(map(str, numbers)), numbers)


# What tests are made of. A verdict needs an interval: where it contains what is asked for and its
# opposite, or is not there, nothing is decided.


def between(low: float, high: float, *values: Interval) -> str:
    """Whether all lie between two bounds: HOLDS where the intervals do, FAILS where one does not
    touch them.
    """
    verdicts = []
    for value in values:
        if value.low is None or value.high is None or math.isnan(value.points):
            verdicts.append(UNDECIDED)
        elif value.low > high or value.high < low:
            verdicts.append(FAILS)
        else:
            verdicts.append(HOLDS if low <= value.low and value.high <= high else UNDECIDED)
    return every(*verdicts)


def above(*values: Interval) -> str:
    """Whether all are gains, above zero."""
    return between(math.nextafter(0, 1), math.inf, *values)


def below(*values: Interval) -> str:
    """Whether all are losses, below zero."""
    return between(-math.inf, math.nextafter(0, -1), *values)


def within(margin: float, *values: Interval) -> str:
    """Whether all are nothing, no more than a margin to either side."""
    return between(-margin, margin, *values)


def every(*verdicts: str) -> str:
    """The verdict on a claim of several parts, which fails with any of them."""
    return next((v for v in (FAILS, UNDECIDED) if v in verdicts), HOLDS)


def gains(*values: Mapping[str, Interval]) -> str:
    """A test: whether everything that was measured is a gain."""
    return above(*(one for part in values for one in part.values()))


def nothing(margin: float) -> Callable[..., str]:
    """A test: whether everything that was measured is nothing, within a margin."""
    return lambda *values: within(margin, *(one for part in values for one in part.values()))


def never(why: str) -> Callable[[Any], Evidence]:
    """A need that nothing here can meet."""

    def need(known: Any) -> Evidence:
        raise NotMeasured(why)

    return need


def exact(of: str, value: float, unit: str = "") -> Evidence:
    """Evidence of a number that was counted or computed, not drawn from clips."""
    return Evidence(of, {WHOLE: Interval(value, value, value)}, unit)
