"""Finished models: one file that says all that is needed to use them, and where they come from."""

import platform
import sys
from importlib import metadata
from pathlib import Path

from .. import checkpoint
from .config import as_tables, from_tables
from .rows import span_of
from .stages import network

PACKAGES = ("tslib", "torch", "numpy", "opencv-python")


def save(path, model, config, row, seed):
    """Write a model with its Config, its row of rows.ROWS, the seed, the command line and the
    versions.
    """
    versions = {name: _version(name) for name in PACKAGES} | {"python": platform.python_version()}
    command = [Path(sys.argv[0]).name, *sys.argv[1:]]  # and not where the package lies
    checkpoint.save(
        path,
        model,
        config=as_tables(config),
        row=row,
        seed=seed,
        command=command,
        versions=versions,
    )


def load(path):
    """The model of a file, ready for tests, its Config and its notes (dict). InputError: it is
    none.
    """

    def build(notes):
        config = from_tables(notes["config"], path)
        model = network(config, span_of(notes["row"]))
        return (model, config), model

    (model, config), notes = checkpoint.restore(path, "config", build)
    return model.eval(), config, notes


def _version(name):
    """A package's version; "not installed" of one that runs from its folder."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
