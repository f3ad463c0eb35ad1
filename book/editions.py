"""The chapters for a course, in folders to hand out: without the solutions for students, solved for
instructors. The folded answers of the quizzes stay in both, because a quiz has no checker.

Each is a project of its own with its own set-up, so nothing that is solved there reaches the tests,
which insist on unsolved exercises.
"""

import ast
import re
import shutil
from pathlib import Path

import nbformat
from jupytext.cli import jupytext as convert
from nbformat import NotebookNode

from . import files

EDITIONS = ("student", "instructor")
# Tests stay behind: they hold the wrong answers, and insist that nothing is solved.
COPIED = (
    "chapters tslib renderer experiments data book Makefile pyproject.toml constraints.txt "
    "environment.yml apt.txt LICENSE CITATION.cff .gitignore docs CHANGELOG.md"
).split()
SOLUTION = re.compile(
    r"^<details><summary>Solution</summary>\n(.*?)^</details>\n?", re.DOTALL | re.MULTILINE
)
# A sentence about tests that a copy has not.
OF_TESTS = re.compile(r" Please work on a copy of the notebook [^.]*?unsolved\s+exercises\.")
README = """\
# Human pose in video: the {edition}'s copy

This is a course of twelve notebooks. It teaches how a computer finds a person's joints in a video,
and how the frames before and after help where one frame is blurred or hidden. Begin with chapter
00.

```sh
make lab                # sets up .venv when it is missing, and opens the chapters in JupyterLab
make book               # runs every chapter and builds build/book/index.html: some minutes
make book CHAPTER=04    # runs one chapter alone
```

{about}

{machine}

The set-up needs the network once. For chapter 10 it also fetches films and a detector, and where
they cannot be had that chapter is shown as it was stored. On Windows, without make:
`python -m book.install`, then
`.venv\\Scripts\\python -m jupyterlab --LabApp.default_url=/lab/tree/chapters`.

{table}

The minutes are those of a chapter with half of its exercises. Words and letters are explained in
[docs/words.md](docs/words.md).
"""
# What a copy has no use for: its tests stay behind, and it is an edition already.
FOR_MAKERS = re.compile(
    r"^(test|check|run|student|instructor|slides): .*\n(\t.*\n)*\n", re.MULTILINE
)
ABOUT = {
    "student": """\
An exercise is a function that raises `NotImplementedError`. Run the chapter up to it, put your
answer in its place and run the cell: the line below it says whether the answer is right, and if
not, what to look at. Save the notebook, because it keeps that line. Hints are folded in below each
exercise, and solutions are not part of this copy. A quiz has its answers folded in, so answer
before you open them.""",
    "instructor": """\
Every exercise is solved here; hints and solutions stand folded below each one. Plans and questions
for a course are in [docs/teaching.md](docs/teaching.md).""",
}


def write(folder: Path, target: Path, edition: str) -> Path:
    """Write an edition of a folder of chapters, and all that they need, into target, anew.

    edition : "student" or "instructor"
    """
    with files.whole(target) as part:
        _write(folder, part, edition)
    return target


def _write(folder: Path, target: Path, edition: str) -> None:
    root = folder.resolve().parent
    chapters = {path.stem for path in files.sources(root / folder.name)}
    for path in files.listed(root):
        place = path.relative_to(root)
        stranger = path.suffix == ".ipynb" and path.stem not in chapters
        if place.parts[0] in COPIED and not stranger:
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / place)
    ours = (root / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[\d\d .*$", ours, re.M)
    machine = "".join(re.findall(r"^\*\*Machine\.\*\* (?:.+\n)+", ours, re.M)).strip()
    table = "\n".join(["| chapter | what you build | minutes |", "|---|---|---|", *rows])
    readme = README.format(edition=edition, about=ABOUT[edition], machine=machine, table=table)
    make = target / "Makefile"
    make.write_text(FOR_MAKERS.sub("", make.read_text(encoding="utf-8")), encoding="utf-8")
    (target / "README.md").write_text(readme, encoding="utf-8", newline="\n")
    change = without_solutions if edition == "student" else solved
    sources = files.sources(target / folder.name)
    convert(["--quiet", "--to", "ipynb", "--update", *map(str, sources)])
    notebooks = [source.with_suffix(".ipynb") for source in sources]
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        change(notebook)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = OF_TESTS.sub("", cell.source)
        nbformat.write(notebook, path)
    convert(["--quiet", "--to", "py:percent", *map(str, notebooks)])


def without_solutions(notebook: NotebookNode) -> None:
    """Take the solutions out of a notebook; the hints stay."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = SOLUTION.sub("", cell.source).rstrip("\n")


def solved(notebook: NotebookNode) -> None:
    """Put each solution in the place of its stub, which is in the cell with the checker's call."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or not (stub := _stub(cell.source)):
            continue
        below = []
        for later in notebook.cells[number + 1 :]:
            if later.cell_type == "code":
                break
            below.append(later.source)
        (solution,) = SOLUTION.findall("\n".join(below))
        (code,) = re.findall(r"```python\n(.*?)```", solution, re.DOTALL)[:1]
        lines = cell.source.splitlines()
        lines[stub.lineno - 1 : stub.end_lineno] = code.rstrip().splitlines()
        cell.source = "\n".join(lines)
        # What is stored below it was said of the stub.
        cell.outputs, cell.execution_count = [], None


def _stub(source: str) -> ast.FunctionDef | None:
    """The function of a cell that one of its checkers is called on."""
    tree = ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE))
    names = {
        ast.unparse(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and re.search(r"\bexercise_\d", ast.unparse(call.func))
    }
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in names]
    return found[0] if found else None
