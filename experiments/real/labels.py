"""Statistics of rendered clips beside those of real labels.

    python -m experiments real labels PENN_ACTION [--write]

PENN_ACTION is the folder with labels/*.mat. --write stores the table in
experiments/results/labels.json.
"""

import argparse
import tempfile
from pathlib import Path

from renderer import render
from renderer.statistics import statistics, viewpoints
from tslib.datasets import penn_action

from .. import records

CLIPS, SEED = 500, 0


def run(options: argparse.Namespace) -> None:
    """options : real, the folder of real labels; write"""
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        render(Path(folder) / "exercises", CLIPS, SEED)
        table["rendered"] = _numbers(Path(folder) / "exercises")
    table["real"] = _numbers(Path(options.real))
    print("| measure | " + " | ".join(table) + " |\n|---|---|---|")
    for name in table["real"]:
        cells = " | ".join(f"{column[name]:.3f}" for column in table.values())
        print(f"| {name} | {cells} |")
    if options.write:
        rounded = {c: {k: round(v, 4) for k, v in numbers.items()} for c, numbers in table.items()}
        settings = {"clips": CLIPS, "seed": SEED, "size": 96, "frames": 20}
        records.store("labels", {"settings": settings, "columns": rounded})


def _numbers(folder: Path) -> dict[str, float]:
    files = sorted((folder / "labels").glob("*.mat"))
    return statistics(penn_action.load(folder)) | viewpoints(files)
