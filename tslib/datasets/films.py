"""Real films that anybody may use, fetched from two Python packages with the licence BSD-3.

pose2sim brings four synchronised cameras and their calibration, sports2d a film of one. pip fetches
their wheels, so that they come from the reader's own index, and they are not installed.
"""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..files import appearing, read_toml
from ..video.blazepose import fetch_wheel, read_wheel
from ..video.network import cache_folder

_RUN = "`python -m tslib download films`"


@dataclass(frozen=True)
class Films:
    """What is taken out of a package.

    title : what the films show
    package : its name and version, as pip takes them
    megabytes : size of its wheel
    sha256 : checksum of its wheel
    files : {name here: (name in the wheel, checksum)}, the licence among them
    """

    title: str
    package: str
    megabytes: int
    sha256: str
    files: dict[str, Sequence[str]]


_TABLE = Path(__file__).with_suffix(".toml")
FILMS = {name: Films(**about) for name, about in read_toml(_TABLE, f"{_TABLE} is lost.").items()}


def films_folder() -> Path:
    """Where films are kept: data/films of the repository, else in the user's cache."""
    data = Path(__file__).parents[2] / "data"
    return (data if (data / "detectors").is_dir() else cache_folder()) / "films"


def fetch_films(file: Path | str | None = None) -> Path:
    """Put the films of FILMS, a folder for each package, into `films_folder`, and return it.

    file : one package's wheel, or a zip of it, on the disk; the other package is then left alone

    A folder that is there stays. A new one appears whole or not at all. Raises InputError where pip
    cannot fetch a wheel, or what came does not hold the files that the checksums here are of.
    """
    # What a given wheel holds tells whose it is, so it is read before and not again.
    given = {} if file is None else _recognised(Path(file))
    for name in given or FILMS:
        films, folder = FILMS[name], films_folder() / name
        if folder.is_dir():
            continue
        size = f"{films.megabytes} MB"
        print(f"{films.title}, from the package {films.package} ({size}), BSD-3.", file=sys.stderr)
        with appearing(folder) as new:
            there = given.get(name) or _inside(
                fetch_wheel(films.package, films.sha256, new.parent, _RUN), films
            )
            for kept, content in _verified(there, films, file or films.package).items():
                (new / kept).parent.mkdir(exist_ok=True)
                (new / kept).write_bytes(content)
    return films_folder()


def _recognised(wheel: Path) -> dict[str, dict[str, bytes]]:
    """{name of the package: its files} of a wheel; InputError where it is no package of FILMS."""
    for name, films in FILMS.items():
        if len(there := _inside(wheel, films)) == len(films.files):
            return {name: there}
    packages = " or ".join(films.package for films in FILMS.values())
    raise InputError(f"{wheel} does not hold the films of {packages}.")


def _inside(wheel: Path, films: Films) -> dict[str, bytes]:
    """{name in the wheel: content} of a package's files."""
    names = {inside for inside, _ in films.files.values()}
    return read_wheel(wheel, names.__contains__)


def _verified(there: dict[str, bytes], films: Films, wheel: Path | str) -> dict[str, bytes]:
    """{name here: content} of what `_inside` found in a wheel, the checksums verified."""
    found = {}
    for kept, (inside, sha256) in films.files.items():
        found[kept] = there.get(inside, b"")
        if hashlib.sha256(found[kept]).hexdigest() != sha256:
            wrong = f"{inside} in {wheel} is not the file of {films.package}"
            raise InputError(f"{wrong}; fetch the wheel again.")
    return found
