"""Which files are the project's, whatever else lies beside them, and which of them are chapters.

Where git knows the project, it is asked. In a ZIP download, where git is not installed, and where
the checkout belongs to somebody else (git refuses then), the folder is walked instead and what
`.gitignore` names is left out.
"""

import re
import subprocess
from pathlib import Path

CHAPTER = re.compile(r"\d\d_[a-z0-9_]+")


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
