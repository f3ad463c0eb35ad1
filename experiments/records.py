"""What the benchmarks on real recordings share: where these lie, and how a result is kept."""

import datetime
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"


def folder() -> Path:
    """The folder that TSLIB_DATA names; ends the program with a sentence where it names none."""
    if not os.environ.get("TSLIB_DATA"):
        sys.exit(
            "TSLIB_DATA must name the folder with the data sets; data/README.md says what is in it."
        )
    return Path(os.environ["TSLIB_DATA"])


def store(name: str, found: dict[str, Any]) -> None:
    """A result and its date as results/NAME.json."""
    text = json.dumps({"date": datetime.date.today().isoformat()} | found, indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
