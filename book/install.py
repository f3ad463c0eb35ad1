"""python -m book.install: make .venv and install all that the chapters, the book and the tests
need.

Two environment variables change what is installed:
TORCH_INDEX  the index that torch comes from, or "pypi"; on Linux PyPI's torch is the large CUDA build,
             so there the default is PyTorch's own index of CPU builds
CONSTRAINTS  the file of pinned versions; empty for the newest versions
"""

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
VENV = Path(".venv")
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def pip(*arguments):
    """Run pip in .venv; the exit code."""
    command = [PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *arguments]
    return subprocess.call([str(part) for part in command])


def imports(module):
    """What Python says when .venv imports a module: empty where all is well."""
    done = subprocess.run([str(PYTHON), "-c", f"import {module}"], capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def install(index, constraints):
    """Fill .venv; exits with a sentence where something is missing."""
    print(f"Making {VENV} with Python {sys.version.split()[0]}.", flush=True)
    venv.create(VENV, with_pip=True)

    pins = Path(constraints).read_text(encoding="utf-8") if constraints else ""
    if index != "pypi":
        torch = (re.findall("^torch==.*$", pins, re.MULTILINE) or ["torch"])[0]
        print(f"Installing {torch} from {index}.", flush=True)
        # Alone, so that the index is asked for nothing else; it may fail where torch is already
        # there.
        pip("--no-deps", "--retries", "0", "--index-url", index, torch)
        if imports("importlib.metadata as m; m.version('torch')"):
            sys.exit(
                f"There is no {torch} for this Python at {index}: name another index with TORCH_INDEX=URL, "
                "or take PyPI's build, on Linux the large one for CUDA, with TORCH_INDEX=pypi."
            )

    print("Installing everything else, which takes a minute or two.", flush=True)
    pinned = ["--constraint", constraints] if constraints else []
    if pip(*pinned, "--editable", ".[chapters,book,test,train]"):
        sys.exit("The packages could not be installed; pip says why above.")

    problem = imports("cv2")
    if "libGL" in problem:
        sys.exit(
            "OpenCV needs the system library libGL.so.1: install libgl1 (Debian, Ubuntu) or "
            "mesa-libGL (Fedora) or libglvnd (Arch), then try again."
        )
    if problem:
        sys.exit(f"OpenCV is installed but cannot be imported:\n{problem}")
    imports(
        "matplotlib.font_manager"
    )  # lists the fonts once; in a chapter it would warn that it is slow


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036, since this file runs before anything is installed
        version = sys.version.split()[0]
        sys.exit(
            f"Python 3.11 or newer is needed, not {version}: name it, as in make book PYTHON=python3.13"
        )
    default = CPU_INDEX if sys.platform == "linux" else "pypi"
    install(
        os.environ.get("TORCH_INDEX") or default, os.environ.get("CONSTRAINTS", "constraints.txt")
    )
