"""The default detector, BlazePose "full" of Google's MediaPipe, fetched from a Python package.

The network lies in the wheel of mediapipe 0.10.21. The wheel is fetched by pip, so that it comes
from the reader's own index, and is not installed: it would want other versions of numpy and OpenCV.
"""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from ..errors import InputError
from ..files import appearing, ordinary
from .network import cache_folder

PACKAGE = "mediapipe==0.10.21"
CONFIG = Path(__file__).with_name("blazepose.toml")
MODEL = "pose_landmark_full.tflite"
# One wheel for every reader: the network in it is the same on any system.
_CHOICE = "--no-deps --only-binary=:all: --platform manylinux_2_28_x86_64 --python-version 3.11"
_QUIET = "--implementation cp --retries 1 --disable-pip-version-check --no-input"
_SHA256 = {
    "wheel": "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    MODEL: "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
}
_LARGEST = 100_000_000  # bytes of what is taken out of a wheel
_RUN = "`python -m tslib download detector`"


def detector_folder() -> Path:
    """Where the network is kept: data/detectors of the repository, else the user's cache."""
    ours = Path(__file__).parents[2] / "data" / "detectors"
    return (ours if ours.is_dir() else cache_folder() / "detectors") / "blazepose"


def default_detector() -> Path:
    """Path of the network, fetched where it is not there; InputError says what can be done."""
    model = detector_folder() / MODEL
    if not model.is_file():
        print("The default detector is not here yet, so it is fetched once.", file=sys.stderr)
        fetch_detector()
    if _sha256(model.read_bytes()) != _SHA256[MODEL]:
        raise InputError(f"{model} is damaged; remove {model.parent} and run {_RUN}.")
    return model


def fetch_detector(file: Path | str | None = None) -> Path:
    """Put the network, its licence and its TOML file into `detector_folder`; returns the network.

    file : the package's wheel, or a zip of it, on the disk; fetched by pip where None

    The folder appears whole or not at all. Raises InputError where pip cannot fetch the wheel, or
    what came is not the one that the checksums here are of.
    """
    folder = detector_folder()
    if (folder / MODEL).is_file():
        return folder / MODEL
    print(f"BlazePose full, from the package {PACKAGE} (35 MB), Apache-2.0.", file=sys.stderr)
    with appearing(folder) as new:
        wheel = _SHA256["wheel"]
        source = fetch_wheel(PACKAGE, wheel, new.parent, _RUN) if file is None else Path(file)
        for name, content in _unpacked(source).items():
            (new / name).write_bytes(content)
        (new / MODEL).with_suffix(".toml").write_bytes(CONFIG.read_bytes())
    return folder / MODEL


def fetch_wheel(package: str, sha256: str, place: Path, again: str) -> Path:
    """A package's wheel, fetched into a folder by pip, its checksum verified.

    again : the command that an InputError names, where pip cannot fetch the wheel
    """
    words = [*f"download {_CHOICE} {_QUIET}".split(), "--dest", str(place), package]
    # What pip says goes where a progress bar belongs; its reasons go into our sentence.
    pip = subprocess.run([sys.executable, "-m", "pip", *words], stdout=2, stderr=subprocess.PIPE)
    wheels = list(place.glob("*.whl"))
    if pip.returncode or not wheels:
        said = pip.stderr.decode(errors="replace").strip()
        why = (said.splitlines() or ["it says nothing"])[-1].removeprefix("ERROR: ")
        # Its last line would then say that there is no such package.
        why = "the package index cannot be reached" if "connection broken" in said else why
        raise InputError(
            f"pip cannot fetch {package} ({why.rstrip('.')}); run {again} with a network, or add "
            "--file WHEEL with that wheel."
        )
    if _sha256(wheels[0].read_bytes()) != sha256:
        raise InputError(f"what pip fetched as {package} is another file; see your index for why.")
    return wheels[0]


def _unpacked(wheel: Path) -> dict[str, bytes]:
    """{name: content} of the network and its licence in a wheel."""
    found = read_wheel(wheel, lambda name: name.rpartition("/")[2] in (MODEL, "LICENSE"))
    found = {name.rpartition("/")[2]: content for name, content in found.items()}
    if len(found) < 2 or _sha256(found[MODEL]) != _SHA256[MODEL]:
        raise InputError(f"{wheel} does not hold the network of {PACKAGE} and its licence.")
    return found


def read_wheel(wheel: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """{name: content} of the files in a wheel that are wanted; InputError where it is damaged."""
    ordinary(wheel, f"there is no {wheel}; name a wheel that was downloaded.")
    try:
        with zipfile.ZipFile(wheel) as archive:
            entries = [entry for entry in archive.infolist() if wanted(entry.filename)]
            if sum(entry.file_size for entry in entries) > _LARGEST:
                raise ValueError("unreasonably much")
            return {entry.filename: archive.read(entry) for entry in entries}
    except Exception:  # zipfile, zlib and lzma each have errors of their own for damage
        raise InputError(f"{wheel} cannot be read as a wheel or zip.") from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
