"""What chapters need that no clone holds: a detector and films, fetched once.

A chapter says so by the tags needs:detector and needs:films of its cells. The set-up fetches both,
by python -m book.downloads; whoever was offline then gets them when the chapter first runs. Where
that cannot be, the chapter is left out in a sentence and keeps what is stored below its cells.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path

TAG = re.compile(r"\bneeds:([a-z]+)\b")
# Whether something is there, and what fetches it.
State = tuple[bool, Callable[[], Path]]


# tslib is imported where a chapter asks for it, since a book need not be of this project.
def _detector() -> State:
    from tslib.video.blazepose import MODEL, detector_folder, fetch_detector

    return (detector_folder() / MODEL).is_file(), fetch_detector


def _films() -> State:
    from tslib.datasets.films import FILMS, fetch_films, films_folder

    return all((films_folder() / name).is_dir() for name in FILMS), fetch_films


# By tag.
THINGS: dict[str, Callable[[], State]] = {"detector": _detector, "films": _films}


def needed(chapter: Path) -> list[str]:
    """What the tags of a chapter's .py name, in the order of THINGS. ValueError for another tag."""
    heads = re.findall(r"^# %% .*$", chapter.read_text(encoding="utf-8"), re.MULTILINE)
    names = set(TAG.findall("\n".join(heads)))
    if unknown := names - set(THINGS):
        listed = ", ".join(sorted(unknown))
        raise ValueError(f"{chapter.name} needs {listed}, which nobody fetches.")
    return [name for name in THINGS if name in names]


def missing(chapter: Path) -> str:
    """A sentence where a chapter needs what is not there, or ""."""
    absent = [name for name in needed(chapter) if not THINGS[name]()[0]]
    if not absent:
        return ""
    commands = " and ".join(f"`python -m tslib download {name}`" for name in absent)
    return f"{chapter.stem} needs the {' and the '.join(absent)}; run {commands} with a network."


def fetched(chapter: Path) -> str:
    """Fetch what a chapter needs and is not there; a sentence where that fails, or ""."""
    fetch(needed(chapter))
    return missing(chapter)


def fetch(names: list[str]) -> list[str]:
    """Fetch some of THINGS, and say of each why it cannot be had. Returns those sentences."""
    said = []
    for name in names:
        there, get = THINGS[name]()
        try:
            if not there:
                get()
        except (ValueError, OSError) as error:
            said.append(f"The {name} could not be fetched: {error}")
    return said


if __name__ == "__main__":
    for sentence in fetch(list(THINGS)):
        print(sentence, file=sys.stderr)
