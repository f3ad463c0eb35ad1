"""The two commands: train a model, and say how good it is."""

from pathlib import Path

from .. import metrics
from ..errors import InputError
from . import models, stages
from .board import Board
from .config import read_config
from .data import load
from .evaluate import predict_as_trained, predict_twice, tallies, tallies_in_pixels
from .processes import device_of, joined, leads

ALPHA = (0.2, 0.1, 0.05)
PIXELS = (10, 20, 40)


def train(config, root, output, row=None, seed=0, device="auto", workers=0, every=200):
    """Train the model of a row, or go on where the same call was stopped; returns the Path of its
    file.

    Parameters
    ----------
    config : path of a TOML file, see config.py
    root : path of a folder in Penn Action's layout, rendered or real, or of YouTube Pose
    output : path of a folder; gets the model, ROW.safetensors, and folders of each stage with its
        checkpoint, log and pictures. Rows that share it share the first stage.
    row : one of rows.ROWS, that of the file by default
    seed, workers, every : see `loop.fit`
    device : "auto", "cpu" or "cuda"

    InputError where something given cannot be used, or training fails.
    """
    config, output = read_config(config), Path(output)
    row = row or config.row
    path = output / f"{row}.safetensors"
    data = load(root, config)
    with joined(device) as place:
        board = Board(config.view, data.validation, data.flow) if data.validation else None
        options = {
            "seed": seed,
            "device": place,
            "workers": workers,
            "every": every,
            "board": board,
        }
        model = stages.pretrain(config, data.train, output / "pretrain", **options)
        model = stages.row(row, config, model, data.train, output / row, data.flow, **options)
        if leads():
            models.save(path, model, config, row, seed)
    return path


def evaluate(path, root, device="auto"):
    """How good a model file is on the test clips of a folder: a pandas frame as metrics.table
    prints it.

    PCK where the clips have boxes; else accuracy within 10, 20 and 40 px, in whole frames and in
    estimated boxes, see evaluate.predict_twice.
    """
    model, config, notes = models.load(path)
    data = load(root, config)
    if not data.test:
        raise InputError(f"{root} holds no test clip.")
    device, row = device_of(device), notes["row"]
    if any(clip.counted.any() for clip in data.test):
        poses = predict_as_trained(model, data.test, config.view, data.flow, device)
        return in_shares(row, poses, data.test)
    whole, boxed = predict_twice(model, data.test, config.view, device)
    return in_pixels({f"{row}, whole frame": (whole, data.test), f"{row}, box": (boxed, data.test)})


def in_shares(name, poses, clips):
    """PCK at ALPHA of poses, as metrics.table prints it."""
    counts = tallies(poses, clips, ALPHA).sum(0)
    rows = {f"{name} PCK@{alpha}": count for alpha, count in zip(ALPHA, counts, strict=True)}
    return metrics.table(rows, clips[0].skeleton)


def in_pixels(results):
    """Accuracy within PIXELS of {name: (poses, clips)}, as metrics.table prints it."""
    rows = {}
    for name, (poses, clips) in results.items():
        counts = tallies_in_pixels(poses, clips, PIXELS).sum(0)
        rows |= {f"{name} @{d} px": count for d, count in zip(PIXELS, counts, strict=True)}
    return metrics.table(rows, clips[0].skeleton)
