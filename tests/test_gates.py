"""Every gate is open for the chapters as they are, and closed for a copy that was tampered with.

The copy is of a tiny book of one chapter, so that a case takes a second.
"""

import functools
import shutil
import subprocess

import gates
import pytest

from book.__main__ import execute

ONE_THREAD, TWO_THREADS = (functools.partial(gates.outputs, threads=n) for n in (1, 2))
GATES = {
    "pairs": gates.pairs,
    "execution": gates.execution,
    "outputs with one thread": ONE_THREAD,
    "outputs with two threads": TWO_THREADS,
    "exports": gates.exports,
    "exercises": gates.exercises,
    "sizes": gates.sizes,
    "hygiene": gates.hygiene,
    "lint": gates.lint,
}

CHAPTER = '''\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. Count

# %%
from exercises import chapter_01 as check

LIMIT = 2 * 2

# %% tags=["export:tslib.counting"]
STEP = 2


def double(x):
    """Twice x (Eq. 1.1), said at more length than in the package."""
    return STEP * x  # the same code all the same


# %%
print("twice", LIMIT, "is", double(LIMIT))


# %%
def triple(x):
    raise NotImplementedError


check.exercise_1_1(triple)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Once more.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def triple(x):
#     return double(x) + x
# ```
#
# </details>
'''

CHECKERS = """\
from . import exercise


@exercise("1.1")
def exercise_1_1(triple):
    if triple(5) != 15:
        return f"Three times 5 is 15, not {triple(5)}."
"""

MISTAKES = """\
def exercise_1_1_adds_three(x):
    return x + 3
"""

PACKAGE = '''\
STEP = 2


def double(x):
    """Twice x."""
    return STEP * x
'''


@pytest.fixture(scope="session")
def tiny_book(tmp_path_factory, chapters_folder):
    """The chapters folder of a book that passes every gate."""
    root = tmp_path_factory.mktemp("book")
    texts = {
        "chapters/01_count.py": CHAPTER,
        "chapters/exercises/chapter_01.py": CHECKERS,
        "tests/mistakes/chapter_01.py": MISTAKES,
        "tslib/counting.py": PACKAGE,
        "Makefile": "book:\n\ntest:\n",
        "README.md": "Run `make book`, or\n\n```\nmake test\n```\n",
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name in ("pyproject.toml", "chapters/jupytext.toml", "chapters/exercises/__init__.py"):
        shutil.copy(chapters_folder.parent / name, root / name)
    subprocess.run(["git", "init", "--quiet", root], check=True)
    execute(root / "chapters", home=root / "chapters")
    return root / "chapters"


@pytest.fixture
def copy(tiny_book, tmp_path):
    """A copy of the tiny book, to be tampered with."""
    return shutil.copytree(tiny_book.parent, tmp_path / "book") / "chapters"


def change(path, old, new):
    """Tamper with a file: new text in the place of old, which must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"there is no {old!r} in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES.keys())
def test_the_chapters_pass(gate, chapters_folder):
    problems = gate(chapters_folder)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES.keys())
def test_the_tiny_book_passes(gate, tiny_book):
    problems = gate(tiny_book, at_least=1) if gate is gates.exercises else gate(tiny_book)
    assert not problems, "\n".join(problems)


def test_running_again_changes_nothing(copy):
    before = (copy / NOTEBOOK).read_bytes()
    execute(copy, home=copy)
    assert (copy / NOTEBOOK).read_bytes() == before


NOTEBOOK, SOURCE = "01_count.ipynb", "01_count.py"
CHECKER, MISTAKE = "exercises/chapter_01.py", "../tests/mistakes/chapter_01.py"
PACKAGE_FILE = "../tslib/counting.py"
EXERCISES = functools.partial(gates.exercises, at_least=1)

# What is done, then: the gate, a file, what stands in it, what is put there, a word of the gate's
# sentence.
SABOTAGE = {
    "an edit not carried over": (gates.pairs, SOURCE, "2 * 2", "5", "is not its .py"),
    "outputs stripped": (gates.execution, NOTEBOOK, '_count": 2', '_count": null', "counts"),
    "a cell run twice": (gates.execution, NOTEBOOK, '_count": 4', '_count": 7', "counts"),
    "a stored error": (
        gates.execution,
        NOTEBOOK,
        '_type": "stream"',
        '_type": "error"',
        "stores an error",
    ),
    "a stale output": (ONE_THREAD, NOTEBOOK, "twice 4 is 8", "twice 4 is 9", "twice 4 is 9"),
    "the package moved on": (gates.exports, PACKAGE_FILE, "STEP * x", "x + x", "differ in double"),
    "the package moved on, annotated": (
        gates.exports,
        PACKAGE_FILE,
        '(x):\n    """Twice x."""\n    return STEP * x',
        "(x: int) -> int:\n    return x + x",
        "differ in double",
    ),
    "an argument more": (gates.exports, PACKAGE_FILE, "(x):", "(x, y=2):", "differ in double"),
    "a constant moved on": (gates.exports, SOURCE, "STEP = 2", "STEP = 3", "differ in STEP"),
    "a decorator more": (
        gates.exports,
        SOURCE,
        "def double",
        "@cache\ndef double",
        "differ in double",
    ),
    "an export of a stranger": (
        gates.exports,
        SOURCE,
        "def double",
        "def twice",
        "does not define",
    ),
    "an export to nowhere": (
        gates.exports,
        SOURCE,
        "tslib.counting",
        "tslib.gone",
        "no such module",
    ),
    "a copy without its tag": (gates.exports, SOURCE, "export:", "", "outside an export cell"),
    "a wrong solution": (
        EXERCISES,
        SOURCE,
        "double(x) + x",
        "double(x)",
        "does not accept its solution",
    ),
    "a solution of another": (
        EXERCISES,
        SOURCE,
        "# def triple",
        "# def thrice",
        "does not define triple",
    ),
    "no hint": (EXERCISES, SOURCE, "Hint", "Aside", "lacks a hint"),
    "solved and left in": (
        EXERCISES,
        SOURCE,
        "raise NotImplementedError",
        "return 3 * x",
        "but says",
    ),
    "a checker not called": (
        EXERCISES,
        SOURCE,
        "check.exercise_1_1(triple)",
        "pass",
        "called 0 times",
    ),
    "a checker that takes all": (EXERCISES, CHECKER, "!= 15", "== None", "does not reject"),
    "a mistake that is none": (EXERCISES, MISTAKE, "x + 3", "x * 3", "does not reject"),
    "a mistake that breaks": (EXERCISES, MISTAKE, "x + 3", "y + 3", "it breaks"),
    "a mistake of no exercise": (EXERCISES, MISTAKE, "1_1", "1_2", "belongs to no exercise"),
    "a checker without mistakes": (EXERCISES, MISTAKE, "1_1", "1_2", "has no mistake"),
    "too few exercises": (gates.exercises, CHECKER, "5", "6", "4 are needed"),
    "a heavy notebook": (gates.sizes, NOTEBOOK, "is 8", "8" * 500_000, "500 are allowed"),
    "a place on a machine": (
        gates.hygiene,
        SOURCE,
        "Once more.",
        "/home" + "/ada/clips",
        "ada/clips",
    ),
    "a command that is gone": (gates.hygiene, "../Makefile", "book:", "html:", "make book"),
    "an unused name": (gates.lint, PACKAGE_FILE, "STEP = 2", "import os\n\nSTEP = 2", "F401"),
}


@pytest.mark.parametrize("gate, file, old, new, sentence", SABOTAGE.values(), ids=SABOTAGE.keys())
def test_sabotage_is_caught(gate, file, old, new, sentence, copy):
    change(copy / file, old, new)
    assert sentence in "\n".join(gate(copy))


def test_an_export_may_be_annotated(copy):
    change(copy / PACKAGE_FILE, "double(x):", "double(x: float) -> float:")
    assert gates.exports(copy) == []


def test_a_solved_exercise_prints_something_else(copy):
    for file in (SOURCE, NOTEBOOK):
        change(copy / file, "raise NotImplementedError", "return 3 * x")
    assert gates.pairs(copy) == []
    assert "Cell outputs differ" in "\n".join(ONE_THREAD(copy))


def test_a_notebook_without_its_source_and_the_reverse(copy):
    (copy / SOURCE).rename(copy / "02_count.py")
    assert gates.pairs(copy) == ["02_count.py has no notebook.", "01_count.ipynb has no .py."]


def test_an_output_that_depends_on_the_machine(copy, monkeypatch):
    change(copy / SOURCE, "LIMIT = 2 * 2", "import torch\n\nLIMIT = torch.get_num_threads()")
    for name in gates.THREADS:
        monkeypatch.setenv(name, "2")
    execute(copy, home=copy)
    assert TWO_THREADS(copy) == []
    assert "twice 1 is 2" in "\n".join(ONE_THREAD(copy))


def test_a_heavy_repository(copy):
    assert "are allowed" in "\n".join(gates.sizes(copy, everything=1000))
