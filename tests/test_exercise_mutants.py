"""Checkers notice solutions with one small thing wrong in them.

Mutants that are right all the same, because what was changed decides nothing, are named in
tests/equivalent.toml with the reason. `python tests/test_exercise_mutants.py` tries all mutants of
all solutions and lists those that a checker accepts.
"""

import contextlib
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import gates
import mutants
import pytest

CHAPTERS = Path(__file__).parents[1] / "chapters"
SAMPLE = 5  # mutants of each solution, in the tests
LIMIT = 2  # s, for a checker of a mutant that may never end


class TooLong(Exception):
    """A mutant that does not end is a mutant that was noticed."""


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise TooLong after so many seconds, where the system has alarms."""

    def stop(*_: object) -> None:
        raise TooLong

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def accepted(chapter: Path, sample: int | None) -> tuple[list[tuple[str, mutants.Mutant]], int]:
    """The mutants of a chapter's solutions that their checkers accept, and how many were tried."""
    found, tried = [], 0
    checkers = gates.checkers_of(chapter.name[:2])
    for name, stub, _, text, namespace in gates.calls_of(chapter, checkers):
        known = mutants.equivalent().get(name, {})
        made = [m for m in mutants.of_text(gates.solution_in(text)) if m.key not in known]
        if sample is not None:
            made = random.Random(name).sample(made, min(sample, len(made)))
        for mutant in made:
            tried += 1
            right = False
            with contextlib.suppress(Exception), limited(LIMIT):
                answer = gates.answered(mutant.text, stub, namespace)
                right = checkers[name].verdict(answer)[0]
            if right:
                found.append((name, mutant))
    return found, tried


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("chapter", gates.chapters_of(CHAPTERS), ids=lambda path: path.stem[:2])
def test_checkers_reject_mutants_of_their_solutions(chapter, one_thread):
    with gates.importable(CHAPTERS):
        found, tried = accepted(chapter, SAMPLE)
    said = [f"{name}: line {m.line}, {m.what} ({m.key})" for name, m in found]
    assert tried >= 15 and not said, "\n".join(said)


def main() -> int:
    total, alive = 0, 0
    for chapter in gates.chapters_of(CHAPTERS):
        with gates.importable(CHAPTERS):
            found, tried = accepted(chapter, None)
        total, alive = total + tried, alive + len(found)
        print(f"{chapter.stem}: {tried - len(found)} of {tried} rejected", flush=True)
        for name, mutant in found:
            print(f"  {name}, line {mutant.line}: {mutant.what} ({mutant.key})")
    low, high = mutants.interval(total - alive, total)
    print(f"{total - alive} of {total} rejected, {low:.1%} to {high:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
