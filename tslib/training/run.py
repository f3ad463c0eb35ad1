"""The two commands: train a model, and say how good it is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import metrics
from ..clip import Clip
from ..errors import InputError
from . import stages
from .board import Board
from .config import read_config
from .data import load_data
from .evaluate import ALPHA, Poses, predict_as_trained, predict_twice, tallies, tallies_in_pixels
from .models import load_model, save_model
from .processes import device_of, joined, rank_and_world
from .rows import ROWS

_PIXELS = (10, 20, 40)


def train(
    config: Path | str,
    root: Path | str,
    output: Path | str,
    row: str | None = None,
    seed: int = 0,
    device: str = "auto",
    workers: int = 0,
    every: int = 200,
) -> Path:
    """Train the model of a row, or go on where the same call was stopped; returns its file.

    Parameters
    ----------
    config : path of a TOML file, see config.py
    root : path of a folder in Penn Action's layout, rendered or real, or of YouTube Pose
    output : path of a folder; gets the model, ROW.safetensors, and folders of each stage with its
        checkpoint, log and pictures. Rows that share it share the first stage.
    row : one of rows.ROWS, that of the file by default
    device : "auto", "cpu" or "cuda"
    seed, workers, every : see `loop.Trainer`

    InputError where something given cannot be used, or training fails.
    """
    plan, output = read_config(config), Path(output)
    row = row or plan.row
    if row not in ROWS:
        raise InputError(f"there is no row {row!r}; name one of {', '.join(ROWS)}.")
    path = output / f"{row}.safetensors"
    data = load_data(root, plan)
    with joined(device) as place:
        board = Board(plan.view, data.validation, data.flow) if data.validation else None
        options: dict[str, Any] = dict(
            seed=seed, device=place, workers=workers, every=every, board=board
        )
        model = stages.pretrain(plan, data.train, output / "pretrain", **options)
        model = stages.row(row, plan, model, data.train, output / row, data.flow, **options)
        if rank_and_world()[0] == 0:
            save_model(path, model, plan, row, seed)
    return path


def evaluate(path: Path | str, root: Path | str, device: str = "auto") -> pd.DataFrame:
    """How good a model file is on the test clips of a folder, as metrics.table prints it.

    PCK where the clips have boxes; else accuracy within 10, 20 and 40 px, in whole frames and in
    estimated boxes, see evaluate.predict_twice.
    """
    model, config, notes = load_model(path)
    data = load_data(root, config)
    if not data.test:
        raise InputError(f"{root} holds no test clip.")
    place, row = device_of(device), notes["row"]
    if any(clip.counted.any() for clip in data.test):
        poses = predict_as_trained(model, data.test, config.view, data.flow, place)
        return in_shares(row, poses, data.test)
    whole, boxed = predict_twice(model, data.test, config.view, place)
    return in_pixels({f"{row}, whole frame": (whole, data.test), f"{row}, box": (boxed, data.test)})


def in_shares(name: str, poses: Poses, clips: Sequence[Clip]) -> pd.DataFrame:
    """PCK at ALPHA of poses, as metrics.table prints it."""
    counts = tallies(poses, clips, ALPHA).sum(0)
    rows = {f"{name} PCK@{alpha}": count for alpha, count in zip(ALPHA, counts, strict=True)}
    return metrics.table(rows, clips[0].skeleton)


def in_pixels(results: Mapping[str, tuple[Poses, Sequence[Clip]]]) -> pd.DataFrame:
    """Accuracy within 10, 20 and 40 px of {name: (poses, clips)}, as metrics.table prints it."""
    rows: dict[str, np.ndarray] = {}
    for name, (poses, clips) in results.items():
        counts = tallies_in_pixels(poses, clips, _PIXELS).sum(0)
        rows |= {f"{name} @{d} px": count for d, count in zip(_PIXELS, counts, strict=True)}
    return metrics.table(rows, clips[0].skeleton)
