"""A tiny book of one chapter, so that a case of a test of the gates or the book takes seconds."""

import shutil
import subprocess
from pathlib import Path

from book.__main__ import run

ROOT = Path(__file__).parents[1]
NOTEBOOK, SOURCE = "01_count.ipynb", "01_count.py"
CHECKER, MISTAKE = "exercises/chapter_01.py", "../tests/mistakes/chapter_01.py"
RIGHT = "../tests/right/chapter_01.py"
PACKAGE_FILE = "../tslib/counting.py"

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

VARIANTS = """\
def exercise_1_1_by_a_sum(x):
    return x + x + x
"""

PACKAGE = '''\
STEP = 2


def double(x):
    """Twice x."""
    return STEP * x
'''

# A chapter that draws, and imports all packages of the root.
DRAWING = """\
# %% [markdown]
# # 2. Draw

# %%
import matplotlib.pyplot as plt
from renderer import COLOUR
from style import show

print("It is", COLOUR)

# %%
plt.plot([1, 2], color=COLOUR)
show("a line")
"""


def make(root: Path) -> Path:
    """Write the book into a folder, executed and in git; returns its folder of chapters."""
    texts = {
        "chapters/01_count.py": CHAPTER,
        "chapters/exercises/chapter_01.py": CHECKERS,
        "tests/mistakes/chapter_01.py": MISTAKES,
        "tests/right/chapter_01.py": VARIANTS,
        "tslib/__init__.py": "",
        "tslib/counting.py": PACKAGE,
        "renderer/__init__.py": 'COLOUR = "red"\n',
        "experiments/__init__.py": "",
        "Makefile": "book:\n\ntest:\n",
        "README.md": "Run `make book`, or\n\n```\nmake test\n```\n",
        "read.py": 'open("README.md", encoding="utf-8")\n',
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8", newline="\n")
    for name in (
        "pyproject.toml",
        "chapters/jupytext.toml",
        "chapters/exercises/__init__.py",
        "chapters/style.py",
    ):
        shutil.copy(ROOT / name, root / name)
    shutil.copy(ROOT / ".gitignore", root)
    assert run(root / "chapters", root / "build" / "executed") == {}
    git(root, "init", "--quiet")
    add(root)
    return root / "chapters"


def git(root: Path, *arguments: str) -> None:
    """Run git in a folder, as somebody."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True)


def add(root: Path) -> None:
    """Track all files."""
    git(root, "add", "--all")


def change(path: Path, old: str, new: str) -> None:
    """Tamper with a file: new text in the place of old, which must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"there is no {old!r} in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def add_chapter(chapters: Path, text: str = DRAWING, name: str = "02_draw") -> Path:
    """A second chapter, not yet executed; returns its source."""
    kernel = CHAPTER[: CHAPTER.index("# %%")]
    path = chapters / f"{name}.py"
    path.write_text(kernel + text, encoding="utf-8", newline="\n")
    add(chapters.parent)
    return path
