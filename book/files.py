"""Which files are the project's, whatever else lies beside them, and which of them are chapters.

Where git knows the project, it is asked. In a ZIP download, where git is not installed, and where
the checkout belongs to somebody else (git refuses then), the folder is walked instead and what
`.gitignore` names is left out.
"""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

CHAPTER = re.compile(r"\d\d_[a-z0-9_]+")


class Refused(Exception):
    """What was asked for cannot be done here; the text says why."""


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """A block that no other run enters with this folder, which is made where it is missing.

    Raises Refused where another one is at work there.
    """
    folder.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(FileLock(folder / ".lock", timeout=0))
        except Timeout:
            raise Refused(f"Another run is at work in {folder}; let it end first.") from None
        except NotImplementedError:
            pass  # some disks know no locks
        yield


@contextlib.contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which takes the place of `folder` after the block and goes where the
    block fails."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    part.mkdir(parents=True)
    try:
        yield part
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def replace(path: Path, data: bytes) -> None:
    """Put these bytes in the place of a file, or leave it as it is where they cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def git(root: Path, *arguments: str) -> str:
    """What a git command prints, "" where git is missing, fails or refuses."""
    command = ["git", *arguments]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8")
    except OSError:
        return ""
    return "" if done.returncode else done.stdout


def listed(root: Path) -> list[Path]:
    """The project's files, in order: those that git tracks, or else all that it would not ignore.

    Untracked files do not count, because an editor's settings or an environment in the folder say
    nothing about the project. Raises FileNotFoundError where there is nothing at all, since a check
    that has read nothing must not pass.
    """
    names = [name for name in git(root, "ls-files", "-z").split("\0") if name]
    paths = [root / name for name in names] or walk(root, root)
    files = sorted(path for path in paths if path.is_file())
    if not files:
        raise FileNotFoundError(f"There are no files of the project in {root}.")
    return files


def walk(folder: Path, root: Path) -> list[Path]:
    """All files below a folder of a project, in order, but those that its .gitignore names."""
    ignore = root / ".gitignore"
    rules = ignore.read_text(encoding="utf-8").splitlines() if ignore.exists() else []
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name == ".git" or _ignored(path.relative_to(root), path.is_dir(), rules):
            continue
        if not path.is_dir() or path.is_symlink():
            found.append(path)
        # An environment is known by its own file, whatever it is called.
        elif not (path / "pyvenv.cfg").exists():
            found += walk(path, root)
    return found


def _ignored(path: Path, folder: bool, rules: list[str]) -> bool:
    """Whether .gitignore leaves a path out, by the few forms of rules that ours has: `name`,
    `name/`, `folder/pattern` and `!`; the last rule that fits decides."""
    verdict = False
    for rule in (line.strip() for line in rules):
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.removeprefix("!")
        if pattern.endswith("/") and not folder:
            continue
        pattern = pattern.strip("/")
        # A rule with a slash in it is meant from the root, another one anywhere.
        deep = "/" not in pattern or pattern.count("/") == len(path.parts) - 1
        if deep and path.match(pattern):
            verdict = not rule.startswith("!")
    return verdict


def numbered(folder: Path, kind: str) -> list[Path]:
    """The chapters' files of one kind, "py" or "ipynb", in order.

    Where git tracks chapters, those are meant and no others. Elsewhere the name decides: two
    digits, then small letters, digits and low lines. So copies and notebooks without a name, which
    JupyterLab leaves beside the chapters, belong neither to the book nor to its checks.
    """
    tracked = git(folder, "ls-files", "-z", "--", f"[0-9][0-9]_*.{kind}").split("\0")
    names = [name for name in tracked if name] or [path.name for path in folder.glob(f"*.{kind}")]
    paths = [folder / name for name in names if CHAPTER.fullmatch(Path(name).stem)]
    return sorted(path for path in paths if path.is_file())


def sources(folder: Path) -> list[Path]:
    """The chapters' sources, in order. Raises FileNotFoundError where there are none."""
    found = numbered(folder, "py")
    if not found:
        raise FileNotFoundError(f"There are no chapters in {folder}.")
    return found
