"""Mutants are small, different from what they are of, and leave types and sentences alone."""

import ast

import mutants
import pytest

TEXT = '''
def f(x: int = 3) -> "list[1 + 1]":
    """One plus 1."""
    if not x < 2 and x:
        raise ValueError(f"{x + 1} is 1 too many")
    return max(x - 1, -x) if x else x * 2
'''


def test_each_kind_of_change_is_made():
    said = {mutant.what for mutant in mutants.of_text(TEXT)}
    assert {
        "Lt became LtE",
        "Not was dropped",
        "And became Or",
        "Sub became Add",
        "the term 1 was dropped",
        "USub was dropped",
        "max became min",
        "Mult became Div",
        "a choice was turned round",
        "a number became 4",
        "a number became 1",
    } <= said


def test_every_mutant_parses_and_is_another_program():
    before = ast.unparse(ast.parse(TEXT))
    made = list(mutants.of_text(TEXT))
    assert len({mutant.text for mutant in made}) == len(made) > 15
    for mutant in made:
        ast.parse(mutant.text)
        assert mutant.text != before
        assert "list[1 + 1]" in mutant.text and "is 1 too many" in mutant.text


def test_what_is_held_and_what_is_called_equivalent_is_there():
    """A function that has changed has other keys, so that its reasons are thought over."""
    for file, tests in mutants.HELD.items():
        assert all((mutants.ROOT / "tests" / f"test_{name}.py").is_file() for name in tests.split())
        text = (mutants.ROOT / "tslib" / f"{file}.py").read_text(encoding="utf-8")
        if named := mutants.equivalent().get(file):
            assert set(named) <= {mutant.key for mutant in mutants.of_text(text)}, file


@pytest.mark.parametrize(("killed", "tried"), [(50, 58), (10, 10)])
def test_the_interval_holds_the_share(killed, tried):
    low, high = mutants.interval(killed, tried)
    assert low < killed / tried <= high + 1e-9
    assert mutants.interval(50, 58)[0] == pytest.approx(0.75, abs=0.01)
