"""The one line that an exercise prints."""

import gates
import numpy as np
import pytest
import torch


def not_there_yet(x):
    raise NotImplementedError


def library_without_it(x):
    raise NotImplementedError("not for this dtype")


def hands_back_nothing(x):
    2 * x


def hands_back_words(x):
    return "twice"


@pytest.mark.parametrize(
    "function, right, line",
    [
        (not_there_yet, None, "not attempted."),
        (lambda x: NotImplemented, None, "not attempted."),
        (lambda x: 2 * x, True, "right."),
        (lambda x: x**2, False, "not yet. Twice 3 is 6, not 9."),
        (lambda x: x + 2, False, "not yet. Twice 4 is more than that."),
        (
            lambda x: x / 0,
            False,
            "not yet. Your function raised ZeroDivisionError: division by zero",
        ),
        (
            library_without_it,
            False,
            "not yet. Your function raised NotImplementedError: not for this dtype",
        ),
        (hands_back_nothing, False, "not yet. Your function returned None."),
        (
            hands_back_words,
            False,
            "not yet. The check cannot use what your function returns (TypeError: ",
        ),
    ],
)
def test_the_line(function, right, line, chapters_folder, capsys):
    with gates.importable(chapters_folder):
        from exercises import exercise

    @exercise("1.1")
    def checker(double):
        if double(4) <= 7:
            raise AssertionError("Twice 4 is\nmore than that.")
        if double(3) != 6:
            return f"Twice 3 is 6, not {double(3)}."

    verdict, said = checker.verdict(function)
    assert verdict is right
    assert said.startswith(f"Exercise 1.1: {line}")
    assert checker(function) is None  # a value would show up below the cell
    assert capsys.readouterr().out == said + "\n"


RIGHT = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=torch.float64)


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT.float(),
        RIGHT.clone().requires_grad_(),
        RIGHT.T.contiguous().T,
        RIGHT.tolist(),
        list(RIGHT),
        tuple(RIGHT.numpy()),
        RIGHT.flip(0, 1).numpy()[::-1, ::-1],
        [[np.float64(v) for v in row] for row in RIGHT.tolist()],
    ],
)
def test_an_answer_counts_in_any_style(answer, chapters_folder):
    with gates.importable(chapters_folder):
        from exercises.tensors import unlike
    assert unlike(answer, RIGHT, "this") is None


@pytest.mark.parametrize(
    "answer, words",
    [
        (RIGHT + 1e-3, "entry [0, 0] is 1.0000"),
        (RIGHT.T, "shape (2, 3)"),
        ([RIGHT[0], RIGHT[1, :2]], "does not make one"),
        ("six numbers", "does not make one"),
    ],
)
def test_a_wrong_answer_hears_what_is_wrong(answer, words, chapters_folder):
    with gates.importable(chapters_folder):
        from exercises.tensors import unlike
    assert words in unlike(answer, RIGHT, "this")
