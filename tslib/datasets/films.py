"""Real films that anybody may use, fetched from two Python packages with the licence BSD-3.

pose2sim brings four synchronised cameras and their calibration, sports2d a film of one. Their
wheels are fetched by pip, so that they come from the reader's own index, and are not installed.
"""

import hashlib
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..files import appearing
from ..video.blazepose import fetch_wheel
from ..video.network import cache_folder

_RUN = "`python -m tslib download films`"
_LARGEST = 20_000_000  # bytes of one file


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
    files: dict[str, tuple[str, str]]


FILMS = {
    "pose2sim": Films(
        "a man who balances, filmed by four calibrated cameras",
        "pose2sim==0.10.49",
        51,
        "403e0dc4065898ba6a595e72a8970950310979253d60e24c2e00b16b36bf21e1",
        {
            "single_person/cam01.mp4": (
                "Pose2Sim/Demo_SinglePerson/videos/cam01.mp4",
                "cf4f2816c86bea4bfbea255333d8626ff32a3ecabdab8b0fb147cea9167fde3a",
            ),
            "single_person/cam02.mp4": (
                "Pose2Sim/Demo_SinglePerson/videos/cam02.mp4",
                "94ff87cf978b8406e8aa36ab3c5362e72848994e87652f0dc7a33c315e8e0442",
            ),
            "single_person/cam03.mp4": (
                "Pose2Sim/Demo_SinglePerson/videos/cam03.mp4",
                "b8b329f832f178f27ecb78d024d5026b96c6adb36c387bfe2c0af85eab8a11ca",
            ),
            "single_person/cam04.mp4": (
                "Pose2Sim/Demo_SinglePerson/videos/cam04.mp4",
                "b5c0e7863fd70d008e7178d3c556b045b0ea5f78fcd61ca548a0b2e807e641f7",
            ),
            "single_person/Calib.qca.txt": (
                "Pose2Sim/Demo_SinglePerson/calibration/Calib.qca.txt",
                "fd90e4bbae3278ef1dc0cdd42a34ee06bf88286f628a02c00a29407aa39e34c5",
            ),
            "trial_2/cam01.mp4": (
                "Pose2Sim/Demo_Batch/Trial_2/videos/cam01.mp4",
                "543cee6a4c2c2b52dc9eac9137ee63d14f1f84e706a9a7264769edcb11e5ea53",
            ),
            "trial_2/cam02.mp4": (
                "Pose2Sim/Demo_Batch/Trial_2/videos/cam02.mp4",
                "8895092a7cf26359205a427b7ac2f4a935c2e0bd36d9b7a5140cb33faa468a6b",
            ),
            "trial_2/cam03.mp4": (
                "Pose2Sim/Demo_Batch/Trial_2/videos/cam03.mp4",
                "d3daf48cdf9f5603868ddb99166ddaf9b12279e7ce968922926560d5fd3f0c99",
            ),
            "trial_2/cam04.mp4": (
                "Pose2Sim/Demo_Batch/Trial_2/videos/cam04.mp4",
                "1490149dc40e7301fa5ceae23862b044ba5c398a8b2a40df21ed894702728c09",
            ),
            "LICENSE": (
                "pose2sim-0.10.49.dist-info/licenses/LICENSE",
                "7f8a9ede713463b96d261a39c3ec404748c8e4f528c795e5f8cb18898ed944cf",
            ),
        },
    ),
    "sports2d": Films(
        "a runner, filmed by one camera",
        "sports2d==0.8.34",
        9,
        "733b6db70742636ae9c35d870c22bd416582f579abd5881bee93a14bb0e2655d",
        {
            "demo.mp4": (
                "Sports2D/Demo/demo.mp4",
                "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039",
            ),
            "LICENSE": (
                "sports2d-0.8.34.dist-info/licenses/LICENSE",
                "7f8a9ede713463b96d261a39c3ec404748c8e4f528c795e5f8cb18898ed944cf",
            ),
        },
    ),
}


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
    wanted = FILMS if file is None else {_package_of(Path(file)): None}
    for name in wanted:
        films, folder = FILMS[name], films_folder() / name
        if folder.is_dir():
            continue
        size = f"{films.megabytes} MB"
        print(f"{films.title}, from the package {films.package} ({size}), BSD-3.", file=sys.stderr)
        with appearing(folder) as new, tempfile.TemporaryDirectory() as place:
            if file is None:
                source = fetch_wheel(films.package, films.sha256, place, _RUN)
            else:
                source = Path(file)
            for kept, content in _unpacked(source, films).items():
                (new / kept).parent.mkdir(exist_ok=True)
                (new / kept).write_bytes(content)
    return films_folder()


def _package_of(wheel: Path) -> str:
    """The name of the package in a wheel; InputError where it is neither."""
    entries = _contents(wheel).keys()
    for name, films in FILMS.items():
        if all(inside in entries for inside, _ in films.files.values()):
            return name
    packages = " or ".join(films.package for films in FILMS.values())
    raise InputError(f"{wheel} does not hold the films of {packages}.")


def _contents(wheel: Path) -> dict[str, int]:
    """{name: bytes} of the files in a wheel."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            return {entry.filename: entry.file_size for entry in archive.infolist()}
    except FileNotFoundError:
        raise InputError(f"there is no {wheel}; name a wheel with films.") from None
    except (OSError, zipfile.BadZipFile):
        raise InputError(f"{wheel} cannot be read as a wheel or zip.") from None


def _unpacked(wheel: Path, films: Films) -> dict[str, bytes]:
    """{name here: content} of the files of a package, their checksums verified."""
    sizes, found = _contents(wheel), {}
    try:
        with zipfile.ZipFile(wheel) as archive:
            for kept, (inside, sha256) in films.files.items():
                content = archive.read(inside) if sizes.get(inside, _LARGEST) < _LARGEST else b""
                if hashlib.sha256(content).hexdigest() != sha256:
                    wrong = f"{inside} in {wheel} is not the file of {films.package}"
                    raise InputError(f"{wrong}; fetch the wheel again.")
                found[kept] = content
    except (OSError, zipfile.BadZipFile):
        raise InputError(f"{wheel} is damaged; fetch the wheel again.") from None
    return found
