"""The two commands: train a model, and say how good it is."""

from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import InputError
from . import stages
from .board import Board
from .config import read_config
from .data import load_data
from .evaluate import in_shares, predict_as_trained
from .models import load_model, save_model
from .processes import device_of, joined, rank_and_world
from .rows import ROWS


def train(
    config: Path | str,
    root: Path | str,
    output: Path | str,
    row: str | None = None,
    device: str = "auto",
    **options: Any,
) -> Path:
    """Train the model of a row, or go on where the same call was stopped; returns its file.

    config : a TOML file, see config.py; root : a folder of clips, see data.read_clips
    output : a folder; gets the model, ROW.safetensors, and folders of each stage with its
        checkpoint, log and pictures. Rows that share it share the first stage.
    row : one of rows.ROWS, that of the file by default; device : "auto", "cpu" or "cuda"
    options : seed, workers and every of `loop.Trainer`

    InputError where something given cannot be used, or training fails.
    """
    plan, output = read_config(config), Path(output)
    row = row or plan.row
    if row not in ROWS:
        raise InputError(f"there is no row {row!r}; name one of {', '.join(ROWS)}.")
    path, data = output / f"{row}.safetensors", load_data(root, plan)
    with joined(device) as place:
        board = Board(plan.view, data.validation, data.flow) if data.validation else None
        options |= {"device": place, "board": board}
        model = stages.pretrain(plan, data.train, output / "pretrain", **options)
        model = stages.row(row, plan, model, data.train, output / row, data.flow, **options)
        if rank_and_world()[0] == 0:
            save_model(path, model, plan, row, options.get("seed", 0))
    return path


def evaluate(path: Path | str, root: Path | str, device: str = "auto") -> pd.DataFrame:
    """PCK of a model file on the test clips of a folder; InputError for clips without boxes."""
    model, config, notes = load_model(path)
    data = load_data(root, config)
    if not any(clip.counted.any() for clip in data.test):
        raise InputError(f"{root} holds no test clip with boxes, the measure of PCK.")
    poses = predict_as_trained(model, data.test, config.view, data.flow, device_of(device))
    return in_shares(notes["row"], poses, data.test)
