"""Statistics of rendered clips beside those of real labels: python experiments/real/labels.py
PENN_ACTION [--write]

PENN_ACTION is the folder with labels/*.mat. --write stores the table in
experiments/results/labels.json.
"""

import argparse
import json
import tempfile
from pathlib import Path

from renderer import render
from renderer.statistics import statistics, viewpoints
from tslib.datasets import penn_action

from ..records import RESULTS

CLIPS, SEED = 500, 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", metavar="PENN_ACTION", help="folder with labels/*.mat")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        render(Path(folder) / "exercises", CLIPS, SEED)
        table["rendered"] = _numbers(Path(folder) / "exercises")
    table["real"] = _numbers(Path(options.real))
    print("| | " + " | ".join(table) + " |\n|---|---|---|")
    for name in table["real"]:
        print(
            f"| {name} | " + " | ".join(f"{column[name]:.3f}" for column in table.values()) + " |"
        )
    if options.write:
        file = RESULTS / "labels.json"
        rounded = {c: {k: round(v, 4) for k, v in numbers.items()} for c, numbers in table.items()}
        settings = {"clips": CLIPS, "seed": SEED, "size": 96, "frames": 20}
        file.write_text(
            json.dumps({"settings": settings, "columns": rounded}, indent=1) + "\n",
            encoding="utf-8",
        )


def _numbers(folder):
    files = sorted((folder / "labels").glob("*.mat"))
    return statistics(penn_action.load(folder)) | viewpoints(files)


if __name__ == "__main__":
    main()
