"""Finished models: one file that says all that is needed to use them, and where they come from."""

import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from torch import nn

from .. import checkpoint
from ..networks import ThinSlicingNetwork
from .config import Config, as_tables, from_tables
from .rows import span_of
from .stages import network

_PACKAGES = ("tslib", "torch", "numpy", "opencv-python")


def save_model(path: Path | str, model: nn.Module, config: Config, row: str, seed: int) -> None:
    """Write a model with what it is made by: config, row of rows.ROWS, seed, command, versions."""
    notes: dict[str, Any] = {
        "config": as_tables(config),
        "row": row,
        "seed": seed,
        # Where the package lies is nobody's business.
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "versions": {p: _version(p) for p in _PACKAGES} | {"python": platform.python_version()},
    }
    checkpoint.save(path, model, **notes)


def load_model(
    path: Path | str, kind: type[Config] = Config
) -> tuple[ThinSlicingNetwork, Config, dict[str, Any]]:
    """The model of a file, ready for tests, its Config and its notes; InputError: it is none."""

    def build(notes: dict[str, Any]) -> tuple[tuple[ThinSlicingNetwork, Config], nn.Module]:
        config = from_tables(notes["config"], path, kind)
        model = network(config, span_of(notes["row"]))
        return (model, config), model

    (model, config), notes = checkpoint.restore(path, "config", build)
    return model.eval(), config, notes


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
