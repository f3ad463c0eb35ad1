"""The two commands: train a model, and say how good it is."""

from pathlib import Path

from .. import metrics
from ..errors import InputError
from ..skeletons import SKELETONS
from . import models, stages
from .board import Board
from .config import read_config
from .data import load
from .evaluate import predict_as_trained, tallies
from .processes import device_of, joined, leads

ALPHA = (0.2, 0.1, 0.05)


def train(config, root, output, row="ST-infer", seed=0, device="auto", workers=0, every=200):
    """Train the model of a row, or go on where the same call was stopped; returns the Path of its file.

    Parameters
    ----------
    config : path of a TOML file, see config.py
    root : path of a folder in Penn Action's layout, rendered or real
    output : path of a folder; gets the model, ROW.safetensors, and folders of each stage with its checkpoint,
        log and pictures. Rows that share it share the first stage.
    row : one of rows.ROWS
    seed, workers, every : see `loop.fit`
    device : "auto", "cpu" or "cuda"

    InputError where something given cannot be used, or training fails.
    """
    path, output = Path(output) / f"{row}.safetensors", Path(output)
    config = read_config(config)
    data = load(root, config)
    with joined(device) as place:
        board = Board(config.view, data.validation, data.flow) if data.validation else None
        options = {"seed": seed, "device": place, "workers": workers, "every": every, "board": board}
        model = stages.pretrain(config, data.train, output / "pretrain", **options)
        model = stages.row(row, config, model, data.train, output / row, data.flow, **options)
        if leads():
            models.save(path, model, config, row, seed)
    return path


def evaluate(path, root, device="auto"):
    """PCK of a model file on the test clips of a folder, and a pandas frame as metrics.table prints it."""
    model, config, notes = models.load(path)
    data = load(root, config)
    if not data.test:
        raise InputError(f"{root} holds no test clip.")
    poses = predict_as_trained(model, data.test, config.view, data.flow, device_of(device))
    counts = tallies(poses, data.test, ALPHA).sum(0)
    rows = {f"{notes['row']} PCK@{alpha}": count for alpha, count in zip(ALPHA, counts, strict=True)}
    return metrics.table(rows, SKELETONS[config.skeleton])
