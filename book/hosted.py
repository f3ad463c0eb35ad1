"""What lets a chapter run where it stands alone, as on a hosted machine: its first cell, and links
to such machines.

The cell is the same in all chapters; tests/test_book_hosted.py holds them equal to this one. Links
can only be made where the project has a public address: `Repository` under [project.urls] in
pyproject.toml.
"""

import tomllib
from pathlib import Path

TAG = "remove-cell"  # the book does not show it
CELL = """\
# A copy in a folder of its own runs among the chapters; one alone fetches them.
import importlib.util, os, subprocess, sys

if os.path.isdir("../exercises"):
    os.chdir("..")
    sys.path.insert(0, os.getcwd())
elif importlib.util.find_spec("exercises") is None:
    address = os.environ.get("TSLIB_REPOSITORY") or sys.exit(
        "Set TSLIB_REPOSITORY to the repository's address, and run again."
    )
    subprocess.run(["git", "clone", "--depth", "1", address, "book"], check=True)
    packages = [sys.executable, "-m", "pip", "install", "-q", "-e", "book[chapters]"]
    subprocess.run(packages, check=True)
    os.chdir("book/chapters")
    sys.path[:0] = [os.getcwd(), os.path.dirname(os.getcwd())]
"""


def address(root: Path) -> str:
    """The project's public address, "" where pyproject.toml names none."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project.get("urls", {}).get("Repository", "")


def theme_options(root: Path) -> dict[str, object]:
    """Options of the book's theme: buttons that open a page on Binder or Colab, or none."""
    if not (where := address(root)):
        return {}
    return {
        "repository_url": where,
        "path_to_docs": "chapters",
        "use_repository_button": True,
        "launch_buttons": {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    }
