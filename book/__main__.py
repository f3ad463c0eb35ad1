"""python -m book: execute the chapters that have changed and build the book in build/book.
python -m book run: execute them and write the outputs into chapters/*.ipynb, and the pictures of
cells tagged picture:NAME into data/NAME.png. --chapter 04 means one chapter alone. python -m book
student, and instructor: the chapters for a course, in build/student and build/instructor. python -m
book slides: the chapters' pictures as pages of slides, in build/slides.
"""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Until main can say it in a sentence; what follows takes seconds to import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import base64
import hashlib
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import jupytext
import nbformat
from jupytext.cli import jupytext as convert
from sphinx.cmd.build import main as sphinx

from . import downloads, editions, files, pages, slides
from .kernels import ChapterFailed, Kernels, alternatives, environment

BUILD = Path("build")
# Chapters as they ran last, each with a key that says of what; `make clean` forgets them.
EXECUTED = BUILD / "executed"
SOURCE = BUILD / "chapters"
BOOK = BUILD / "book"
CHAPTERS = Path("chapters")
# A new version of one of these may change what a chapter shows.
DECIDING = (
    "ipykernel ipython jupytext matplotlib nbclient numba numpy opencv-python pandas scipy torch"
).split()


class Interrupted(Exception):
    """Ctrl-C, after every kernel has been ended."""


def chosen(folder: Path, only: str) -> list[Path]:
    """The sources of the chapters, or of the one that a number names.

    Raises Refused where there is none.
    """
    sources = files.sources(folder)
    if not only:
        return sources
    found = [path for path in sources if only.zfill(2) in (path.stem[:2], path.stem)]
    if not found:
        first, last = (path.stem[:2] for path in (sources[0], sources[-1]))
        raise files.Refused(f"There is no chapter {only!r}; the chapters are {first} to {last}.")
    return found


def key(source: Path) -> str:
    """A checksum of all that decides what a chapter shows: its source, what it may import and
    read, and the versions of Python and of the main libraries."""
    root = source.resolve().parents[1]
    digest = hashlib.sha256(sys.version.encode())
    for name in DECIDING:
        digest.update(f"{name} {metadata.version(name)}\n".encode())
    for path in [source, *_shared(root)]:
        digest.update(f"{path.name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _shared(root: Path) -> list[Path]:
    """What every chapter may import or read. Untracked files count, as they do in Python."""
    folders = [root / "chapters" / "exercises", *map(root.joinpath, ("tslib", "renderer"))]
    folders += [root / "experiments", root / "data"]
    found = [path for folder in folders if folder.is_dir() for path in files.walk(folder, root)]
    found += [*(root / "chapters").glob("[a-z]*.py"), *(root / "chapters").glob("*.toml")]
    return sorted([*found, Path(__file__).with_name("kernels.py")])


def execute(folder: Path, work: Path, only: str = "") -> dict[str, str]:
    """Run the chapters of a folder, two at a time, and leave the notebooks with their outputs in
    work; a chapter that ran there before, and nothing has changed since, is not run again, nor is
    one whose downloads cannot be had.

    They run in the folder of the chapters: from there a chapter imports its exercises. Returns why
    a chapter failed, by its name. Raises Interrupted.
    """
    sources = chosen(folder, only)
    failed: dict[str, str] = {}
    work.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / "jupytext.toml", work)
    pending = []
    for number, source in enumerate(sources, 1):
        place = f"{source.stem}, {number} of {len(sources)}"
        if is_current(source, work):
            _say(f"Chapter {place}, has not changed and is not run again.")
        elif sentence := downloads.fetched(source):
            _say(f"Chapter {place}, is not run: {sentence}")
        else:
            pending.append((place, source))
    if not pending:
        return failed
    kernels = Kernels()
    own = environment(folder)
    # Not in a `with`, which would wait for its threads after Ctrl-C.
    pool = ThreadPoolExecutor(min(2, os.cpu_count() or 1))
    running = {pool.submit(_run, *one, work, kernels, own): one[1] for one in pending}
    try:
        for done in as_completed(running):
            source = running[done]
            try:
                _say(f"Chapter {source.stem} took {done.result():.0f} s.")
            except ChapterFailed as error:
                failed[source.stem] = str(error)
                _say(f"Chapter {source.stem} stopped:\n{error}")
    except BaseException as error:
        # A second Ctrl-C must not get in between.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        pool.shutdown(wait=False, cancel_futures=True)
        kernels.end()
        if isinstance(error, KeyboardInterrupt):
            raise Interrupted from None
        raise
    pool.shutdown()
    return failed


def is_current(source: Path, work: Path) -> bool:
    """Whether a chapter ran in work, and nothing that decides its outputs has changed since."""
    stamp = work / f"{source.stem}.key"
    there = stamp.exists() and (work / f"{source.stem}.ipynb").exists()
    return there and stamp.read_text(encoding="utf-8") == key(source)


def _run(
    place: str, source: Path, work: Path, kernels: Kernels, environment: dict[str, str]
) -> float:
    """Bring a notebook in work in step with its source, run it there; returns the seconds."""
    _say(f"Chapter {place}, starts.")
    start = time.perf_counter()
    path, stamp = work / f"{source.stem}.ipynb", work / f"{source.stem}.key"
    stamp.unlink(missing_ok=True)
    of_what = key(source)
    _remember(source, work)
    shutil.copy(source, work)
    if source.with_suffix(".ipynb").exists():
        shutil.copy(source.with_suffix(".ipynb"), path)
    convert(["--quiet", "--to", "ipynb", "--update", str(work / source.name)])
    notebook = nbformat.read(path, as_version=4)
    kernels.run(notebook, source, environment)
    nbformat.write(notebook, path)
    stamp.write_text(of_what, encoding="utf-8")
    if key(source) != of_what:
        _say(f"Chapter {place}, or what it reads, changed while it ran: run it again.")
    return time.perf_counter() - start


def _say(sentence: str) -> None:
    # One piece with its line end, because two chapters speak at a time.
    print(f"{sentence}\n", end="", flush=True)


def run(folder: Path, work: Path, only: str = "") -> dict[str, str]:
    """Execute chapters and write their notebooks and pictures into the folder. As `execute`;
    Refused where this would overwrite what was written into a notebook alone."""
    sources = chosen(folder, only)
    for source in sources:
        if sentence := answers_in_danger(source, work):
            raise files.Refused(sentence)
    failed = execute(folder, work, only)
    for source in sources:
        if source.stem not in failed and is_current(source, work):
            executed = (work / f"{source.stem}.ipynb").read_bytes()
            files.replace(source.with_suffix(".ipynb"), executed)
            save_pictures(source.with_suffix(".ipynb"))
            _remember(source, work)
    return failed


def _typed(*words: object) -> str:
    """A call of jupytext as a shell takes it, whatever characters a path has."""
    command = [sys.executable, "-m", "jupytext", *map(str, words)]
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def answers_in_danger(source: Path, work: Path) -> str:
    """A sentence where a notebook has a cell that its .py never had, so that it was written in the
    notebook alone; "" where its cells come from the .py as it is or as it was."""
    notebook = source.with_suffix(".ipynb")
    if not notebook.exists():
        return ""
    unknown = _cells(jupytext.read(notebook)) - _cells(jupytext.read(source))
    if not unknown:
        return ""
    for text in _earlier(source, work):
        unknown -= _cells(jupytext.reads(text, fmt="py:percent"))
        if not unknown:
            return ""
    line = next(iter(unknown))[1].strip().partition("\n")[0]
    return (
        f"{notebook} has a cell that {source.name} lacks; it begins with `{line}`. Nothing was run "
        "or overwritten. To keep what the notebook has, type\n"
        f"    {_typed('--to', 'py:percent', notebook)}\n"
        "To keep what the .py has, type\n"
        f"    {_typed('--to', 'ipynb', '--update', source)}\n"
        "Then try again."
    )


def _cells(notebook: nbformat.NotebookNode) -> Counter[tuple[str, str]]:
    # A cell without a word in it is nobody's answer.
    cells = ((cell.cell_type, cell.source.strip()) for cell in notebook.cells)
    return Counter(cell for cell in cells if cell[1])


def _remember(source: Path, work: Path) -> None:
    """Keep a .py that its notebook follows, to know later where the notebook's cells came from."""
    notebook = source.with_suffix(".ipynb")
    if notebook.exists() and not _cells(jupytext.read(notebook)) - _cells(jupytext.read(source)):
        shutil.copyfile(source, work / f"{source.stem}.followed.py")


def _earlier(source: Path, work: Path) -> Iterator[str]:
    """Texts of a .py as it was: when the notebook followed it, in git's index, and in the last
    fifty commits of it."""
    followed = work / f"{source.stem}.followed.py"
    if followed.exists():
        yield followed.read_text(encoding="utf-8")
    yield files.git(source.parent, "show", f":./{source.name}")
    log = files.git(source.parent, "rev-list", "-n", "50", "HEAD", "--", source.name)
    for commit in log.split():
        yield files.git(source.parent, "show", f"{commit}:./{source.name}")


def save_pictures(notebook: Path) -> None:
    """Write the pictures that other pages show to data/, and their checksums into its README."""
    data = notebook.parent.parent / "data"
    readme = data / "README.md"
    for cell in nbformat.read(notebook, as_version=4).cells:
        for tag in (t for t in cell.metadata.get("tags", []) if t.startswith("picture:")):
            name = tag.removeprefix("picture:") + ".png"
            (picture,) = (
                o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {})
            )
            content = base64.b64decode(picture)
            files.replace(data / name, content)
            digest = hashlib.sha256(content).hexdigest()
            row = re.compile(rf"(\[{re.escape(name)}\].*`)[0-9a-f]*(`)")
            text = row.sub(rf"\g<1>{digest}\2", readme.read_text(encoding="utf-8"))
            files.replace(readme, text.encode())


def build(folder: Path, only: str = "") -> dict[str, str]:
    """The book, from a copy of the chapters, so that no tracked file changes. As `execute`; a
    chapter that failed is in the book as it was stored, with a word about that on top."""
    failed = execute(folder, EXECUTED, only)
    shutil.rmtree(SOURCE, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    for source in files.sources(folder):
        executed, stored = EXECUTED / f"{source.stem}.ipynb", source.with_suffix(".ipynb")
        path = executed if is_current(source, EXECUTED) else stored
        notebook = jupytext.read(path if path.exists() else source)
        said = ""
        if source.stem in failed:
            reason = failed[source.stem].strip().splitlines()[-1].replace("`", "'")
            said = f"This chapter stopped when this book was built: `{reason}`"
        elif path == stored and (absent := downloads.missing(source)):
            said = f"This chapter was not run when this book was built: {absent}"
        if said:
            said += " What follows is as it was stored before."
            warning = nbformat.v4.new_markdown_cell(f":::{{warning}}\n{said}\n:::")
            notebook.cells.insert(1, warning)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                # In the book, pages lie beside the chapters.
                cell.source = cell.source.replace("](../docs/", "](")
            # Sphinx reads the text of a picture from the cell, not from its output.
            if cell.cell_type == "code" and any(alternatives(cell)):
                cell.metadata["mystnb"] = {"image": {"alt": " ".join(alternatives(cell))}}
        nbformat.write(notebook, SOURCE / stored.name)
    pages.write(Path(), SOURCE)
    _say("The pages are laid out, which takes half a minute.")
    with files.whole(BOOK) as part:
        if sphinx(["-q", "-W", "--keep-going", "-b", "html", "-c", "book", str(SOURCE), str(part)]):
            raise files.Refused("The book was not built; Sphinx says why above.")
        playground = part / "playground.html"
        playground.write_text(pages.playground(), encoding="utf-8", newline="\n")
    _say(f"The book: {(BOOK / 'index.html').resolve().as_uri()}")
    return failed


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(repr(message)[1:-1])  # one line, without control characters


def _do(what: str, only: str) -> dict[str, str]:
    """What a command asks for; why chapters failed, by their names."""
    # Jupyter's own folders are asked for in this process, too.
    os.environ.update(environment(CHAPTERS))
    if what in editions.EDITIONS:
        place = editions.write(CHAPTERS, BUILD / what, what)
        _say(f"The chapters: {place.resolve()}")
    elif what == "slides":
        made = slides.write(CHAPTERS, BUILD / "slides")
        _say(f"The slides: {len(made)} pages in {(BUILD / 'slides').resolve()}")
    else:
        return run(CHAPTERS, EXECUTED, only) if what == "run" else build(CHAPTERS, only)
    return {}


def _reason(error: Exception) -> str:
    """Why nothing could be done, as a sentence."""
    if isinstance(error, sqlite3.Error):  # Jupyter signs what it writes
        return f"{BUILD} cannot be read or written: {error}."
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    name = error.filename2 or error.filename or BUILD  # of a copy, what was to be written
    if isinstance(error, FileNotFoundError):
        return f"There is no {name} here; type this in the folder of the repository."
    return f"{name} cannot be read or written: {error.strerror}."


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 1 where a chapter failed, 2 where nothing could be done, 130 after
    Ctrl-C."""
    parser = _Parser(prog="python -m book", description=__doc__)
    parser.add_argument(
        "what", nargs="?", default="build", choices=["build", "run", *editions.EDITIONS, "slides"]
    )
    parser.add_argument("--chapter", default="", metavar="NN", help="one chapter alone, as 04")
    options = parser.parse_args(arguments)
    for ending in ("SIGINT", "SIGTERM"):
        number = getattr(signal, ending, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        files.sources(CHAPTERS)  # before anything is written into somebody else's folder
        with files.alone(BUILD):
            failed = _do(options.what, options.chapter)
    except (KeyboardInterrupt, Interrupted):
        print("Interrupted; nothing in chapters was changed.", file=sys.stderr)
        return 130
    except (ChapterFailed, files.Refused, OSError, sqlite3.Error) as error:
        print(_reason(error), file=sys.stderr)
        return 2
    if failed:
        names = " and ".join(sorted(failed))
        print(f"Not every chapter ran: {names} stopped, as said above.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # A kernel that was ended, or never began, would otherwise have its say.
    os._exit(code) if code else sys.exit(0)
