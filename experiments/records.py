"""Where recordings lie and how a result is kept: what everything that makes a number shares."""

import datetime
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tslib.errors import InputError
from tslib.files import write_whole

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"


def folder() -> Path:
    """The folder that TSLIB_DATA names; InputError where it names none."""
    if not os.environ.get("TSLIB_DATA"):
        raise InputError(
            "TSLIB_DATA must name the folder with the data sets; data/README.md says what is in it."
        )
    return Path(os.environ["TSLIB_DATA"])


def claim(file: Path, of: bytes) -> None:
    """Write down of what a folder's content is computed, or see that it is of this very thing.

    file : in that folder, which is made; InputError where the file holds anything else.
    """
    if file.exists() and file.read_bytes() != of:
        raise InputError(
            f"{file.parent} was computed from other tracks, clips or settings; "
            "give another folder for the output."
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, of)


def store(name: str, found: Mapping[str, Any]) -> None:
    """Keep a result and its date as results/NAME.json."""
    text = json.dumps({"date": datetime.date.today().isoformat(), **found}, indent=1)
    write_whole(RESULTS / f"{name}.json", f"{text}\n".encode())


def stored(name: str) -> dict[str, Any]:
    """What results/NAME.json holds."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def machine(device: str) -> dict[str, Any]:
    """What a result was measured on: processor, cores, versions, and the GPU of `cuda`."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        fields = {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        model = fields.get("model name", model)
        if "cpu family" in fields:
            model += f" (family {fields['cpu family']}, model {fields['model']})"
    versions = {"python": platform.python_version()}
    packages = "torch numba llvmlite numpy opencv-python triton pgmax jax"
    for package in packages.split():
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass
    found: dict[str, Any] = {"cpu": model, "cores": os.cpu_count(), "versions": versions}
    if device == "cuda":
        import torch  # here, since names of folders are asked for without it

        found["gpu"] = torch.cuda.get_device_name()
    return found
