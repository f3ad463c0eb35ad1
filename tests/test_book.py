"""Chapters come out the same whoever runs them, run when something changed, and lose nothing."""

import errno
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import gates
import nbformat
import pytest
from tiny_book import NOTEBOOK, ROOT, SOURCE, add, add_chapter, change, git

from book import __main__ as book
from book import files, kernels


@pytest.fixture
def work(copy):
    """Where the chapters of the copy are executed."""
    return copy.parent / "build" / "executed"


@pytest.fixture(scope="module")
def drawn(tiny_book, tmp_path_factory):
    """A copy of the tiny book with a second chapter that draws, executed and stored."""
    root = tmp_path_factory.mktemp("drawn") / "book"
    chapters = shutil.copytree(tiny_book.parent, root) / "chapters"
    add_chapter(chapters)
    assert book.run(chapters, root / "build" / "executed") == {}
    add(root)
    return root


@pytest.fixture
def drawing(copy, drawn):
    """The second chapter, in the copy."""
    shutil.copytree(drawn, copy.parent, dirs_exist_ok=True)
    return copy / "02_draw.py"


def settings_of_a_reader(home: Path) -> dict[str, str]:
    """A home with settings of every tool that a kernel reads, and variables that point at them."""
    broken = {"argv": ["/nowhere/python"], "display_name": "mine", "language": "python"}
    texts = {
        ".config/matplotlib/matplotlibrc": "text.usetex : True\nlines.linewidth : 9\n",
        ".ipython/profile_default/startup/me.py": "print('good morning')\n",
        ".ipython/profile_default/ipython_kernel_config.py": "c.InlineBackend.rc = {'x.y': 1}\n",
        "jupyter/kernels/python3/kernel.json": json.dumps(broken),
        ".local/share/jupyter/kernels/python3/kernel.json": json.dumps(broken),
        "modules/sitecustomize.py": "print('good evening')\n",
        "modules/exercises/__init__.py": "",
        "modules/renderer.py": "COLOUR = 'mine'\n",
    }
    for name, text in texts.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    return {
        "HOME": str(home),
        "MPLBACKEND": "Agg",
        "MATPLOTLIBRC": str(home / ".config" / "matplotlib"),
        "MPLCONFIGDIR": str(home / ".config" / "matplotlib"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "JUPYTER_PATH": str(home / "jupyter"),
        "JUPYTER_DATA_DIR": str(home / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
        "JUPYTER_RUNTIME_DIR": "/nowhere/runtime",
        "IPYTHONDIR": str(home / ".ipython"),
        "PYTHONPATH": str(home / "modules"),
        "PYTHONSTARTUP": str(home / "modules" / "sitecustomize.py"),
        "PYTHONWARNINGS": "error",
        "PYTHONIOENCODING": "ascii",
        "PYTHONUTF8": "0",
        "PYTHONOPTIMIZE": "2",
        "PYTEST_ADDOPTS": "--nonsense",
        "NUMBA_DISABLE_JIT": "1",
        "COLUMNS": "20",
        "LC_ALL": "C",
    }


def test_settings_of_the_reader_change_nothing(copy, drawing, tmp_path, monkeypatch):
    """Neither what the book executes, with its pictures, nor what the gate compares."""
    notebooks = [copy / NOTEBOOK, drawing.with_suffix(".ipynb")]
    before = [path.read_bytes() for path in notebooks]
    for name, value in settings_of_a_reader(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    # The folder of connection files is asked for in the process itself, as `main` does.
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", kernels.environment(copy)["JUPYTER_RUNTIME_DIR"])
    assert book.run(copy, copy.parent / "build" / "again") == {}
    assert [path.read_bytes() for path in notebooks] == before
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", "/nowhere/runtime")
    assert gates.outputs(copy) == []


def test_a_matplotlibrc_beside_the_chapters_is_refused(copy):
    (copy / "matplotlibrc").write_text("text.usetex : True\n", encoding="utf-8")
    with pytest.raises(kernels.ChapterFailed, match="matplotlibrc would change"):
        kernels.environment(copy)


def test_threads_and_the_place_of_compiled_code_stay(copy, monkeypatch):
    for name in (*gates.THREADS, "NUMBA_CACHE_DIR", "LD_LIBRARY_PATH", "PATH"):
        monkeypatch.setenv(name, "mine")
        assert kernels.environment(copy)[name] == "mine"


def test_a_chapter_that_lost_a_picture_has_failed(copy, work, drawing):
    stored = drawing.with_suffix(".ipynb").read_bytes()
    change(drawing, 'show("a line")', "plt.close(); plt.show()")
    (reason,) = book.run(copy, work).values()
    assert "`plt.plot([1, 2], color=COLOUR)` has no picture" in reason
    assert drawing.with_suffix(".ipynb").read_bytes() == stored


def test_a_stored_picture_counts_where_no_cell_calls_show(copy, work, drawing):
    change(drawing, 'show("a line")\n', "")
    assert book.run(copy, work) == {}
    change(drawing, "import matplotlib", "%matplotlib agg\nimport matplotlib")
    assert "has no picture" in book.run(copy, work)["02_draw"]


@pytest.mark.parametrize(
    "source, verdict",
    [
        ("plt.show()", True),
        ("show('a line')", True),
        ("%matplotlib inline\nfor i in range(3):\n    plt.show()", True),
        ("def draw():\n    plt.show()", False),
        ("x = 'plt.show()'", False),
    ],
)
def test_which_cells_should_draw(source, verdict):
    assert kernels.draws(source) is verdict


def test_a_chapter_imports_all_packages_at_the_root(copy, drawing):
    assert "It is red" in drawing.with_suffix(".ipynb").read_text(encoding="utf-8")


def test_what_has_not_changed_is_not_run_again(copy, work, drawing, capsys):
    book.run(copy, work)
    said = capsys.readouterr().out
    assert said.count("has not changed and is not run again") == 2 and "starts" not in said
    change(drawing, "[1, 2]", "[1, 3]")
    book.run(copy, work)
    said = capsys.readouterr().out
    assert "Chapter 01_count, 1 of 2, has not changed" in said
    assert "Chapter 02_draw, 2 of 2, starts." in said and "Chapter 02_draw took" in said


def change_version(copy, monkeypatch):
    monkeypatch.setattr(book.metadata, "version", lambda name: "99")


CHANGES = {
    "its source": lambda copy, _: change(copy / SOURCE, "Count", "Counting"),
    "the package": lambda copy, _: change(copy.parent / "tslib/counting.py", "Twice", "2 times"),
    "the renderer": lambda copy, _: change(copy.parent / "renderer/__init__.py", "red", "blue"),
    "a new module": lambda copy, _: (copy.parent / "experiments/new.py").write_bytes(b""),
    "a checker": lambda copy, _: change(copy / "exercises/chapter_01.py", "15", "16"),
    "a result": lambda copy, _: (copy.parent / "experiments/results.json").write_bytes(b"{}"),
    "the style": lambda copy, _: (copy / "style.py").write_bytes(b"\n"),
    "a library": change_version,
}


@pytest.mark.parametrize("what", CHANGES.values(), ids=CHANGES.keys())
def test_what_a_chapter_shows_depends_on(what, copy, monkeypatch):
    before = book.key(copy / SOURCE)
    assert book.key(copy / SOURCE) == before
    what(copy, monkeypatch)
    assert book.key(copy / SOURCE) != before


def test_what_it_does_not_depend_on(copy, drawing):
    before = book.key(copy / SOURCE)
    change(drawing, "[1, 2]", "[1, 3]")
    (copy.parent / "README.md").write_text("else", encoding="utf-8")
    (copy / "my_copy.ipynb").write_text("else", encoding="utf-8")
    (copy / NOTEBOOK).touch()
    assert book.key(copy / SOURCE) == before


@pytest.mark.parametrize("name", ["2", "02", "02_draw"])
def test_one_chapter_alone(name, copy, work, drawing, capsys):
    change(copy / SOURCE, "2 * 2", "3 * 3")
    change(drawing, "[1, 2]", "[1, 3]")
    assert book.run(copy, work, name) == {}
    said = capsys.readouterr().out
    assert "02_draw" in said and "01_count" not in said
    assert "3 * 3" not in (copy / NOTEBOOK).read_text(encoding="utf-8")


def test_a_chapter_that_is_not_there(copy, work, drawing):
    with pytest.raises(files.Refused, match="no chapter '7'; the chapters are 01 to 02"):
        book.run(copy, work, "7")


@pytest.fixture
def failing(copy, monkeypatch, capsys):
    """Runs a command of the book, whose work is this function, in a project; what it says."""

    def call(function):
        monkeypatch.chdir(copy.parent)
        monkeypatch.setattr(book, "_do", function)
        monkeypatch.setattr(signal, "signal", lambda *given: None)
        assert book.main([]) == 2
        return capsys.readouterr().err

    return call


def test_in_another_folder_the_file_that_is_missing_is_named(failing):
    said = failing(lambda *given: open("nowhere/README.md", encoding="utf-8"))
    assert (
        said == "There is no nowhere/README.md here; type this in the folder of the repository.\n"
    )


@pytest.mark.parametrize("error, name", [(("a", None, "build/x"), "build/x"), ((), "build")])
def test_a_full_disk_is_said_with_the_file_that_was_to_be_written(failing, error, name):
    def full(*given):
        raise OSError(errno.ENOSPC, "No space left on device", *error)

    said = failing(full)
    assert said == f"{name} cannot be read or written: No space left on device.\n"


def test_of_two_runs_at_once_one_says_that_the_other_is_at_work(failing):
    def again(*given):
        with files.alone(book.BUILD):
            pass

    assert failing(again) == "Another run is at work in build; let it end first.\n"


def test_nothing_is_written_into_a_folder_without_chapters(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *given: None)
    assert book.main([]) == 2 and capsys.readouterr().err == "There are no chapters in chapters.\n"
    assert not list(tmp_path.iterdir())


# An answer that was written into the notebook alone


def solve(notebook: Path) -> None:
    change(notebook, "raise NotImplementedError", "return 3 * x")


@pytest.mark.parametrize("with_git", [True, False])
def test_an_answer_in_the_notebook_alone_is_not_overwritten(copy, work, with_git):
    if not with_git:
        shutil.rmtree(copy.parent / ".git")
    solve(copy / NOTEBOOK)
    solved = (copy / NOTEBOOK).read_bytes()
    with pytest.raises(files.Refused) as stopped:
        book.run(copy, work)
    assert "01_count.ipynb has a cell that 01_count.py lacks" in str(stopped.value)
    assert (copy / NOTEBOOK).read_bytes() == solved
    # Not even where it was committed.
    if with_git:
        git(copy.parent, "commit", "--quiet", "--all", "--message", "Solve")
        with pytest.raises(files.Refused):
            book.run(copy, work)


@pytest.mark.parametrize("which, verdict", [(0, "right."), (1, "not attempted.")])
def test_both_commands_that_the_sentence_names_help(copy, work, which, verdict):
    """One keeps what the notebook has, the other what the .py has."""
    solve(copy / NOTEBOOK)
    with pytest.raises(files.Refused) as stopped:
        book.run(copy, work)
    lines = [x for x in str(stopped.value).splitlines() if x.startswith("    ")]
    command = shlex.split(lines[which])  # as a shell takes it, whatever the folder is called
    subprocess.run(command, check=True, capture_output=True)
    assert book.run(copy, work) == {}
    assert f"Exercise 1.1: {verdict}" in (copy / NOTEBOOK).read_text(encoding="utf-8")
    assert gates.pairs(copy) == []


def test_an_edit_of_the_py_is_carried_over(copy, work):
    """Though the notebook has the cell as it was: the .py had it, in git or when it last ran."""
    git(copy.parent, "commit", "--quiet", "--all", "--message", "Start")
    change(copy / SOURCE, "2 * 2", "3 * 3")
    git(copy.parent, "commit", "--quiet", "--all", "--message", "Change the .py alone")
    assert book.run(copy, work) == {}
    assert "twice 9 is 18" in (copy / NOTEBOOK).read_text(encoding="utf-8")
    shutil.rmtree(copy.parent / ".git")
    change(copy / SOURCE, "3 * 3", "4 * 4")
    assert book.run(copy, work) == {}
    assert "twice 16 is 32" in (copy / NOTEBOOK).read_text(encoding="utf-8")


# The program itself


@pytest.fixture
def program(copy):
    """The command line of the book, in a project that has a book of its own."""
    shutil.copytree(
        ROOT / "book", copy.parent / "book", ignore=shutil.ignore_patterns("__pycache__")
    )
    add(copy.parent)
    return [sys.executable, "-m", "book"]


def call(program: list[str], copy: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*program, *arguments],
        cwd=copy.parent,
        env=os.environ | {"PYTHONPATH": "", "MPLBACKEND": "Agg"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


@pytest.fixture
def described(copy):
    """The pages beside the chapters, which a book has and the tiny one does not need."""
    shutil.copytree(ROOT / "docs", copy.parent / "docs")
    shutil.copy(ROOT / "CHANGELOG.md", copy.parent / "CHANGELOG.md")
    text = "# A tiny book\n\nIt counts.\n\n```sh\nmake test\n```\n\n"
    for source in sorted(copy.glob("0*.py")):
        text += f"| [{source.stem[:2]} It](chapters/{source.stem}.ipynb) | counts | 5 |\n"
    (copy.parent / "README.md").write_text(text, encoding="utf-8")


def test_a_failing_chapter_leaves_the_rest_of_the_book(copy, drawing, program, described):
    stored = (copy / NOTEBOOK).read_bytes()
    change(copy / SOURCE, "LIMIT = 2 * 2", "LIMIT = 2 / 0")
    done = call(program, copy)
    assert done.returncode == 1, done.stdout
    assert "ZeroDivisionError" in done.stdout and "01_count stopped" in done.stdout
    page = (copy.parent / "build/book/01_count.html").read_text(encoding="utf-8")
    assert "stopped when this book was built" in page and "twice 4 is 8" in page
    page = (copy.parent / "build/book/02_draw.html").read_text(encoding="utf-8")
    assert "stopped when" not in page and "<img" in page
    # The same for `run`, which leaves the notebook alone.
    done = call(program, copy, "run")
    assert done.returncode == 1 and "Not every chapter ran: 01_count" in done.stdout
    assert (copy / NOTEBOOK).read_bytes() == stored
    # A dead kernel is a failure like others.
    change(copy / SOURCE, "LIMIT = 2 / 0", "import os\n\nos._exit(3)")
    assert "Kernel died" in book.run(copy, copy.parent / "build" / "again", "1")["01_count"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process.")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_at_once(copy, program, tmp_path, number):
    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("This signal is ignored here, as under nohup, and by every program from here.")
    change(
        copy / SOURCE,
        "LIMIT = 2 * 2",
        "import os, signal, subprocess, time\n\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        'child = subprocess.Popen(["sleep", "100"])\n'
        f'open("{tmp_path}/pids", "w").write(f"{{os.getpid()}} {{child.pid}} ")\n'
        "time.sleep(100)",
    )
    add_chapter(copy, "# %%\nimport time\n\ntime.sleep(100)\n", "02_sleep")
    stored = (copy / NOTEBOOK).read_bytes()
    process = subprocess.Popen(
        [*program, "run"],
        cwd=copy.parent,
        env=os.environ | {"PYTHONPATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )
    pids = tmp_path / "pids"
    deadline = time.monotonic() + 60
    while not (pids.exists() and pids.read_text(encoding="utf-8").endswith(" ")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    start = time.monotonic()
    # As a terminal does it: to the whole group.
    os.killpg(process.pid, number)
    said = process.communicate(timeout=20)[0]
    assert time.monotonic() - start < 5
    assert process.returncode == 130
    assert "Traceback" not in said and said.endswith("nothing in chapters was changed.\n")
    assert (copy / NOTEBOOK).read_bytes() == stored
    time.sleep(0.5)
    for pid in pids.read_text(encoding="utf-8").split():
        state = Path(f"/proc/{pid}/stat")
        # Nobody may be there to collect it.
        assert not state.exists() or " Z " in state.read_text(encoding="utf-8")


def test_the_pictures_of_other_pages_are_renewed(copy, work, drawing):
    change(drawing, "# %%\nplt.plot", '# %% tags=["picture:line"]\nplt.plot')
    (copy.parent / "data").mkdir()
    readme = copy.parent / "data" / "README.md"
    readme.write_text("| [line.png](line.png) | a line | `00` |\n", encoding="utf-8")
    assert book.run(copy, work) == {}
    (cell,) = nbformat.read(drawing.with_suffix(".ipynb"), as_version=4).cells[-1:]
    assert kernels.pictured(cell) and (copy.parent / "data/line.png").stat().st_size > 1000
    assert "`00`" not in readme.read_text(encoding="utf-8")
