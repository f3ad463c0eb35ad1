"""python -m book.install: make .venv and install all that the chapters, the book and the tests
need. It runs before anything is installed, so it imports nothing but Python's own library.

Three environment variables change what is installed:
TORCH_INDEX  the index that torch comes from, or "pypi"; on Linux PyPI's torch is the large build
             for CUDA, so there the default is PyTorch's own index of CPU builds
CONSTRAINTS  the file of pinned versions; empty for the newest versions
TRITON       1 installs Triton as well, 1 GB that only the tests of the CUDA kernels want
"""

import os
import re
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Sequence
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
VENV = Path(".venv")
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# Seconds after which a silent pip is spoken for.
PATIENCE = 15
# Words of pip where it could not reach an index.
UNREACHABLE = re.compile(
    "Retrying|NewConnectionError|ConnectionError|Could not fetch URL|timed out|Max retries"
)
# The packages of Debian, also in apt.txt, with the libraries that OpenCV wants of the system.
APT = ("libgl1", "libglib2.0-0", "libxcb1")


class PipFailed(Exception):
    """pip ended with an error; the text is what it said last."""


def pip(*arguments: str) -> None:
    """Run pip in .venv and say what it downloads; a line comes at least every PATIENCE seconds.

    Raises PipFailed.
    """
    # Modules are compiled when they are first imported, which is a fifth of the space of all.
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-compile"]
    process = subprocess.Popen(
        [*command, "--progress-bar", "off", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    lines: list[str] = []
    done = threading.Event()
    threading.Thread(target=_speak_for, args=(lines, done), daemon=True).start()
    try:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if line.lstrip().startswith(("Downloading ", "Building ", "Installing collected")):
                _say("  " + line.strip()[:90])
        if process.wait():
            raise PipFailed("\n".join(_cause(lines)))
    finally:
        done.set()
        process.kill()
        process.wait()


def _speak_for(lines: list[str], done: threading.Event) -> None:
    """Say every now and then that pip, which prints little, still works, and on what."""
    start = time.monotonic()
    while not done.wait(PATIENCE):
        doing = lines[-1].strip()[:60] if lines else "starting"
        _say(f"  ... {time.monotonic() - start:.0f} s, pip is at: {doing}")


def _cause(lines: Sequence[str]) -> list[str]:
    """The end of pip's output, from its first error or warning on, without what it has found."""
    dull = re.compile(r"\s*(Collecting|Requirement already|Downloading|Using cached|Obtaining) ")
    said = [line for line in lines if not dull.match(line)]
    first = next((n for n, line in enumerate(said) if line.startswith(("ERROR", "WARNING"))), 0)
    return said[first:][-30:]


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def imports(module: str) -> str:
    """What Python says when .venv imports a module: empty where all is well."""
    done = subprocess.run(
        [str(PYTHON), "-c", f"import {module}"], capture_output=True, encoding="utf-8"
    )
    return done.stderr if done.returncode else ""


def install(index: str, constraints: str, extras: str) -> None:
    """Fill .venv; exits with a sentence where something is missing.

    index : address of an index for torch, or "pypi"
    constraints : file of pinned versions, or ""
    extras : names of pyproject.toml's optional dependencies, with commas
    """
    _say(f"Making {VENV} with Python {sys.version.split()[0]}.")
    point_home()  # where an earlier call was interrupted
    venv.create(VENV, with_pip=True)

    pins = Path(constraints).read_text(encoding="utf-8") if constraints else ""
    if index != "pypi":
        torch = (re.findall("^torch==.*$", pins, re.MULTILINE) or ["torch"])[0]
        _say(f"Installing {torch} from {index}.")
        try:
            pip(*alone(index), torch)
        except PipFailed as error:
            # It may fail where torch is already there.
            if imports("importlib.metadata as m; m.version('torch')"):
                sys.exit(why_no_torch(torch, index, str(error)))

    _say("Installing everything else, which takes a minute or two.")
    pinned = ["--constraint", constraints] if constraints else []
    try:
        pip(*pinned, "--editable", f".[{extras}]")
    except PipFailed as error:
        sys.exit(f"{error}\nThe packages could not be installed; pip says why above.")

    point_home()
    if problem := imports("cv2"):
        sys.exit(missing_library(problem) or f"OpenCV cannot be imported:\n{problem}")
    _say("Fetching a detector and two films for the last chapter, 95 MB.")
    # Offline it says what could not be had, and the book leaves that chapter out.
    subprocess.run([str(PYTHON), "-m", "book.downloads"])
    _say("Everything is installed.")


def point_home() -> None:
    """Let .venv find the repository by a relative path, whatever letters its own path has.

    pip writes the path as UTF-8. Before Python 3.13 a start reads it in the locale's encoding, so
    with LC_ALL=C in a folder with an umlaut no program of .venv would start.
    """
    for pattern in ("lib/python*/site-packages", "Lib/site-packages"):
        for file in VENV.glob(f"{pattern}/_tslib.pth"):
            file.write_text(os.path.relpath(Path.cwd(), file.parent) + "\n", encoding="ascii")


def alone(index: str) -> tuple[str, ...]:
    """Options for one package from one index, which is asked for nothing else.

    Without a single retry pip would not say that an index cannot be reached.
    """
    return "--no-deps", "--retries", "1", "--index-url", index


def why_no_torch(torch: str, index: str, said: str) -> str:
    """pip's own words, and a sentence that tells an index out of reach from one without torch."""
    if UNREACHABLE.search(said):
        reason = f"The index {index} cannot be reached, so torch could not be installed."
    else:
        reason = f"{index} has no {torch} for this Python, or pip cannot install it."
    return (
        f"{said}\n{reason} Name another index with TORCH_INDEX=URL, or take PyPI's build, on Linux "
        "the large one for CUDA, with TORCH_INDEX=pypi."
    )


def missing_library(problem: str) -> str:
    """A sentence for any system library that OpenCV wants and does not find; "" for other errors.

    All packages are named at once, because the loader names one library at a time.
    """
    found = re.search(r"(\S+): cannot open shared object file", problem)
    if not found:
        return ""
    debian = f"{', '.join(APT[:-1])} and {APT[-1]}"
    return (
        f"OpenCV needs the system library {found[1]}. Install {debian} (Debian, Ubuntu), or "
        "mesa-libGL, glib2 and libxcb (Fedora), or libglvnd, glib2 and libxcb (Arch), then try "
        "again."
    )


def main() -> None:
    """Read the environment and install."""
    if sys.version_info < (3, 11):  # noqa: UP036, since this file runs before anything is installed
        sys.exit(
            f"Python 3.11 or newer is needed, not {sys.version.split()[0]}: name it, as in make "
            "book PYTHON=python3.13"
        )
    default = CPU_INDEX if sys.platform == "linux" else "pypi"
    extras = "chapters,book,test,train" + (",triton" if os.environ.get("TRITON") else "")
    try:
        install(
            os.environ.get("TORCH_INDEX") or default,
            os.environ.get("CONSTRAINTS", "constraints.txt"),
            extras,
        )
    except KeyboardInterrupt:
        print("Interrupted; the next call goes on from here.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
