"""Every gate is open for the chapters as they are, and closed for a copy that was tampered with.

The copy is of a tiny book of one chapter, so that a case takes a second.
"""

import functools
import json
import os
import shutil
import subprocess
import sys

import gates
import pytest
from tiny_book import (
    CHECKER,
    MISTAKE,
    NOTEBOOK,
    PACKAGE_FILE,
    RIGHT,
    SOURCE,
    add,
    add_chapter,
    change,
)

from book.__main__ import run

GATES = {
    "pairs": gates.pairs,
    "execution": gates.execution,
    "outputs": gates.outputs,
    "exports": gates.exports,
    "legible": gates.legible,
    "exercises": gates.exercises,
    "sizes": gates.sizes,
    "hygiene": gates.hygiene,
    "lint": gates.lint,
    "encodings": gates.encodings,
}


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES.keys())
def test_the_chapters_pass(gate, chapters_folder):
    problems = gate(chapters_folder)
    assert not problems, "\n".join(problems)
    if gate is gates.outputs and (sentences := gates.left_out(chapters_folder)):
        pytest.skip(f"All chapters that can run have passed. {' '.join(sentences)}")


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES.keys())
def test_the_tiny_book_passes(gate, tiny_book):
    problems = gate(tiny_book, at_least=1) if gate is gates.exercises else gate(tiny_book)
    assert not problems, "\n".join(problems)


def test_running_again_changes_nothing(copy):
    before = (copy / NOTEBOOK).read_bytes()
    run(copy, copy.parent / "build" / "again")
    assert (copy / NOTEBOOK).read_bytes() == before


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
    "a stale output": (gates.outputs, NOTEBOOK, "twice 4 is 8", "twice 4 is 9", "twice 4 is 9"),
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
    "a right answer that is refused": (
        EXERCISES,
        RIGHT,
        "x + x + x",
        "x + x",
        "is not accepted",
    ),
    "a right answer to nothing": (EXERCISES, RIGHT, "1_1", "1_2", "belongs to no exercise"),
    "a long cell": (gates.legible, NOTEBOOK, "LIMIT = 2", "\\n" * 30 + "LIMIT = 2", "25 fit"),
    "a wide line": (gates.legible, NOTEBOOK, "= 2 * 2", "= 2 * 2" + " * 1" * 30, "88 fit"),
    "a verdict": (gates.legible, NOTEBOOK, "4 is 8", "4 is 8: True", "not a number"),
    "too few exercises": (gates.exercises, CHECKER, "5", "6", "4 are needed"),
    "a heavy notebook": (gates.sizes, NOTEBOOK, "is 8", "8" * 2_000_000, "2000 are allowed"),
    "a place on a machine": (
        gates.hygiene,
        SOURCE,
        "Once more.",
        "/home" + "/ada/clips",
        "ada/clips",
    ),
    "a command that is gone": (gates.hygiene, "../Makefile", "book:", "html:", "make book"),
    "an unused name": (gates.lint, PACKAGE_FILE, "STEP = 2", "import os\n\nSTEP = 2", "F401"),
    "a layout of one's own": (
        gates.lint,
        PACKAGE_FILE,
        "STEP * x",
        "STEP*x",
        "would be reformatted",
    ),
    "a wrong type": (gates.lint, PACKAGE_FILE, "STEP = 2", 'STEP: int = "2"', "Incompatible types"),
    "a text in any encoding": (
        gates.encodings,
        "../read.py",
        ', encoding="utf-8"',
        "",
        "open() does not say",
    ),
    "a process read in any encoding": (
        gates.encodings,
        PACKAGE_FILE,
        "STEP * x",
        'subprocess.run("x", text=True)',
        "subprocess.run() does not say",
    ),
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
    assert "Cell outputs differ" in "\n".join(gates.outputs(copy))


def test_a_notebook_without_its_source_and_the_reverse(copy):
    (copy / SOURCE).rename(copy / "02_count.py")
    add(copy.parent)
    assert gates.pairs(copy) == ["02_count.py has no notebook.", "01_count.ipynb has no .py."]


def test_an_output_that_depends_on_the_machine(copy, monkeypatch):
    change(copy / SOURCE, "LIMIT = 2 * 2", "import torch\n\nLIMIT = torch.get_num_threads()")
    for name in gates.THREADS:
        monkeypatch.setenv(name, "2")
    run(copy, copy.parent / "build")
    assert "twice 1 is 2" in "\n".join(gates.outputs(copy))


def test_a_heavy_repository(copy):
    assert "are allowed" in "\n".join(gates.sizes(copy, everything=1000))


def test_a_chapter_without_its_pictures_is_caught(copy):
    notebook = add_chapter(copy).with_suffix(".ipynb")
    run(copy, copy.parent / "build")
    add(copy.parent)
    assert gates.execution(copy) == []
    stored = json.loads(notebook.read_text(encoding="utf-8"))
    stored["cells"][-1]["outputs"] = []
    notebook.write_text(json.dumps(stored), encoding="utf-8")
    assert "has no picture" in "\n".join(gates.execution(copy))


def test_a_picture_without_a_text_of_its_own_is_caught(copy):
    """Whether a cell calls matplotlib's own show, or says of two pictures the same."""
    chapter = add_chapter(copy)
    run(copy, copy.parent / "build")
    add(copy.parent)
    assert gates.legible(copy) == []
    change(chapter, 'show("a line")', "plt.show()")
    run(copy, copy.parent / "build")
    assert "without a text" in "\n".join(gates.legible(copy))
    twice = 'show("a line")\n\n# %%\nplt.plot([2, 1])\nshow("a line")'
    change(chapter, "plt.show()", twice)
    run(copy, copy.parent / "build")
    assert gates.legible(copy) == ["02_draw.ipynb says of two pictures: a line"]


# Those that read the folder, and take no time.
READING = {name: gate for name, gate in GATES.items() if "outputs" not in name}


def verdicts(chapters):
    """What the gates that read the folder say, all together."""
    return [
        line
        for gate in READING.values()
        for line in (EXERCISES if gate is gates.exercises else gate)(chapters)
    ]


def without_git(monkeypatch, tmp_path, why):
    """Take git away in one of three ways."""
    if why == "not installed":
        (tmp_path / "empty").mkdir()
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    elif why == "somebody else's":
        # A switch of git's own tests: every checkout belongs to another user.
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    else:
        shutil.rmtree(tmp_path / "book" / ".git")


WAYS = ["a ZIP", "not installed", "somebody else's"]


@pytest.mark.parametrize("why", WAYS)
def test_without_git_the_gates_read_the_folder(why, copy, monkeypatch, tmp_path):
    without_git(monkeypatch, tmp_path, why)
    assert verdicts(copy) == []
    change(copy / SOURCE, "Once more.", "/home" + "/ada/clips")
    change(copy.parent / "read.py", ', encoding="utf-8"', "")
    change(copy / PACKAGE_FILE, "STEP * x", "STEP*x")
    said = "\n".join(verdicts(copy))
    assert all(
        word in said for word in ("ada/clips", "does not say", "would be reformatted", "differ")
    )


@pytest.mark.parametrize("why", ["with git", *WAYS])
def test_strangers_in_the_folder_change_no_verdict(why, copy, monkeypatch, tmp_path):
    broken = "/home" + "/ada/x.py\nimport os; open('x')"
    strangers = [
        ".vscode/settings.json",
        ".idea/x.py",
        "env/pyvenv.cfg",
        "env/lib/x.py",
        "my-environment/pyvenv.cfg",
        "my-environment/x.py",
        "runs/log.py",
        "runs-b/log.py",
        "estimates/x.py",
        "chapters/my_copy.ipynb",
        "chapters/Untitled.ipynb",
        "chapters/01_count-Copy1.ipynb",
        "chapters/.ipynb_checkpoints/01_count-checkpoint.ipynb",
        "chapters/copies/01_count.ipynb",
        "chapters/copies/01_count.py",
    ]
    if why == "with git":
        strangers += ["chapters/01_count_copy.ipynb", "chapters/01_count_copy.py", "notes.py"]
    else:
        # What has an ordinary name, and no git to ask, belongs to the project.
        strangers = [name for name in strangers if "Copy1" not in name and "my_" not in name]
        strangers.remove("chapters/Untitled.ipynb")
        for name in ("my_copy", "Untitled", "01_count-Copy1"):
            (copy / f"{name}.ipynb").write_bytes((copy / NOTEBOOK).read_bytes())
    for name in strangers:
        (copy.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (copy.parent / name).write_text(broken, encoding="utf-8")
    without = why != "with git"
    if without:
        without_git(monkeypatch, tmp_path, why)
    assert verdicts(copy) == []
    assert run(copy, copy.parent / "build" / "again") == {}
    for name in strangers:
        assert (copy.parent / name).read_text(encoding="utf-8") == broken


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES.keys())
def test_no_gate_passes_having_read_nothing(gate, tmp_path):
    (tmp_path / "chapters").mkdir()
    try:
        problems = gate(tmp_path / "chapters")
    except (AssertionError, FileNotFoundError) as error:
        problems = [str(error)]
    assert problems and problems[0].startswith(("There ", "No "))


def test_no_import_or_gate_leaves_an_encoding_to_the_machine(chapters_folder, tiny_book):
    """Python itself says so: with PYTHONWARNDEFAULTENCODING it warns, and here that is an error."""
    script = """
import importlib, pkgutil, sys, warnings
from pathlib import Path
ours = r"(tslib|renderer|experiments|book|gates|chapters)([.]|$)"
warnings.filterwarnings("error", category=EncodingWarning, module=ours)
sys.path.insert(0, "tests")
import book, experiments, gates, renderer, tslib
for package in (book, experiments, renderer, tslib):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__") and "triton" not in module.name:
            importlib.import_module(module.name)
folder = Path(sys.argv[1])
for gate in (gates.pairs, gates.execution, gates.exports, gates.sizes, gates.hygiene):
    gate(folder)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tiny_book],
        cwd=chapters_folder.parent,
        env=os.environ | {"PYTHONWARNDEFAULTENCODING": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
