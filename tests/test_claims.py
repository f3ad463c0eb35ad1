"""Claims as data: what a test of intervals says, what is not there, and what is judged again."""

import itertools
from dataclasses import asdict

import pytest

from experiments.claims import (
    FAILS,
    HOLDS,
    NOT_MEASURED,
    UNDECIDED,
    Claim,
    Evidence,
    above,
    below,
    every,
    exact,
    gains,
    judge,
    judge_again,
    never,
    within,
)
from experiments.comparison import Interval
from experiments.paper_a.claims import CLAIMS as OF_A
from experiments.paper_b.claims import CLAIMS as OF_B

GAIN, LOSS, OPEN, BARE = Interval(2, 1, 3), Interval(-2, -3, -1), Interval(1, -1, 3), Interval(5)


def test_a_gain_needs_an_interval_above_zero():
    found = [above(v) for v in (GAIN, LOSS, OPEN, BARE, Interval(1, 0, 2))]
    assert found == [HOLDS, FAILS, UNDECIDED, UNDECIDED, UNDECIDED]
    assert [below(v) for v in (GAIN, LOSS, OPEN)] == [FAILS, HOLDS, UNDECIDED]
    nothing = Interval(0, 0, 0)
    assert above(nothing) == below(nothing) == FAILS and within(0, nothing) == HOLDS
    assert above(Interval(float("nan"), float("nan"), float("nan"))) == UNDECIDED


def test_nothing_is_an_interval_within_a_margin():
    found = [within(1, v) for v in (Interval(0, -1, 1), GAIN, Interval(3, 2, 4), BARE)]
    assert found == [HOLDS, UNDECIDED, FAILS, UNDECIDED]


def test_a_claim_of_several_parts_fails_with_any():
    assert above(GAIN, OPEN) == UNDECIDED and above(OPEN, LOSS) == FAILS
    assert every(HOLDS, HOLDS) == HOLDS and every(HOLDS, UNDECIDED, FAILS) == FAILS


def test_evidence_is_a_sentence_and_says_when_an_interval_is_missing():
    assert str(Evidence("a - b", {"all": GAIN}, "@0.2")) == "a - b +2.0 [+1.0, +3.0] @0.2"
    groups = {"head": LOSS, "hip": BARE}
    assert str(Evidence("a", groups)) == "a: head -2.0 [-3.0, -1.0], hip +5.0 (no interval)"
    assert str(exact("ms", 32.68)) == "ms +32.7"


def test_a_verdict_follows_from_what_is_known_and_from_what_was_stored():
    claim = Claim("X-C1", "gains", [lambda known: Evidence("a - b", {"all": known})], gains)
    for known, verdict in ((GAIN, HOLDS), (LOSS, FAILS), (OPEN, UNDECIDED)):
        (found,) = judge([claim], known)
        assert found.verdict == verdict and found.evidence == f"a - b {known}"
        old = asdict(found) | {"verdict": "does not"}
        assert judge_again([claim], [old]) == [asdict(found)]
    claim_of_nobody = Claim("X-C2", "more", [never("nobody knows")], gains)
    (found,) = judge([claim_of_nobody], GAIN)
    assert (found.verdict, found.evidence) == (NOT_MEASURED, "nobody knows")
    assert judge_again([claim_of_nobody], [asdict(found)]) == [asdict(found)]
    # One that stands alone has new evidence, whatever was stored.
    alone = Claim("X-C2", "more", [lambda known: Evidence("a", {"all": LOSS})], gains, alone="b")
    assert judge_again([alone], [asdict(found)])[0]["verdict"] == FAILS


@pytest.mark.parametrize("claim", [*OF_A, *OF_B], ids=lambda claim: claim.name)
def test_every_claim_of_the_papers_can_hold_fail_and_stay_open(claim):
    """By numbers of any name: what is asked for differs, but no verdict is a constant."""
    large, seen = (Interval(5, 4, 6), Interval(-5, -6, -4), OPEN, Interval(0, 0, 0)), set()
    for one, other in itertools.product(large, large):
        parts = [
            dict.fromkeys(("all", "head", "shoulder", "elbow"), v) for v in (one, other, other)
        ]
        seen.add(claim.test(*[part | {"wrist": other} for part in parts[: len(claim.needs)]]))
        seen.add(
            claim.test(*[part | {"wrist": part["head"]} for part in parts[: len(claim.needs)]])
        )
    assert seen == {HOLDS, FAILS, UNDECIDED}
