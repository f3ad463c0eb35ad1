"""What the tables and curves of both papers look like: rows as numbers, Markdown, files."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tslib.errors import InputError
from tslib.files import write_whole
from tslib.metrics import heads
from tslib.skeletons import Skeleton

from .comparison import Compared
from .measures import curve
from .paper_tables import PAPER_TABLES


def row_of(compared: Compared, row: Any, alpha: float = 0.2) -> dict[str, Any]:
    """What all tables say of a row: a dict of numbers, per cent."""
    return {
        "groups": compared.groups(row, alpha).tolist(),
        "mean": compared.rate(row, alpha),
        "interval": list(compared.interval(row, alpha)),
        "by seed": compared.by_seed(row, alpha),
    }


ROW = ("Mean", "interval", "seeds")  # what stands over `cells`, behind the groups


def cells(name: str, row: Mapping[str, Any]) -> list:
    """The cells of such a row: its name, the groups, and ROW."""
    spread = " to ".join(f"{v:.1f}" for v in row["interval"])
    return [name, *row["groups"], row["mean"], spread, " ".join(f"{v:.1f}" for v in row["by seed"])]


def printed(table: str, name: str, skeleton: Skeleton) -> list[float]:
    """A row of the paper's: per cent of the groups that our skeleton has, and the mean."""
    return [float(v) for v in PAPER_TABLES[table][[*heads(skeleton), "Mean"]].loc[name].to_numpy()]


def curves(
    counted: Mapping[str, np.ndarray], thresholds: np.ndarray, skeleton: Skeleton
) -> tuple[dict[str, dict], bytes]:
    """Accuracy over the threshold: {row: {group or mean: per cent at each}}, and the same as a
    CSV's bytes.

    counted : {row: int64 (A, 2, K)}, see metrics.tally; thresholds : (A,)
    """
    frames = {row: curve(tallies, thresholds, skeleton) for row, tallies in counted.items()}
    csv = pd.concat(frames, names=["row"]).to_csv(float_format="%.4f", lineterminator="\n")
    return {row: frame.to_dict("list") for row, frame in frames.items()}, csv.encode()


def points(difference: Sequence[float]) -> str:
    """A difference (points, low, high) as text."""
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*difference)


def markdown(head: Sequence[str], lines: Iterable[Sequence]) -> str:
    """A table of cells, numbers with one decimal; short lines are filled up, None is empty."""
    rows = [[f"{c:.1f}" if isinstance(c, float) else c or "" for c in line] for line in lines]
    rows = [line + [""] * (len(head) - len(line)) for line in rows]
    rows = [list(head), ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def page(parts: Sequence[str], result: Mapping[str, Any]) -> str:
    """The parts of a table's page, and behind them what all results end with: claims (dicts as of
    `claims.Judged`), and why they are not complete.
    """
    ends = []
    if "claims" in result:
        lines = [[c["name"], c["claim"], c["verdict"], c["evidence"]] for c in result["claims"]]
        ends.append(markdown(["claim", "what the paper says", "verdict", "ours"], lines))
    if "stopped" in result:
        ends.append(f"Stopped: {result['stopped']}")
    return "\n\n".join([*parts, *ends])


def write(
    what: str, result: Mapping[str, Any], text: str, files: Mapping[str, bytes], output: Path | str
) -> str:
    """A result as WHAT.json, its Markdown as WHAT.md, and other files {name: bytes}, in a folder.

    Returns the Markdown. InputError, after all is written, for a result that was stopped.
    """
    own = {f"{what}.json": json_of(result), f"{what}.md": f"{text}\n".encode()}
    for name, content in (own | dict(files)).items():
        write_whole(Path(output) / name, content)
    if "stopped" in result:
        raise InputError(result["stopped"])
    return text


def json_of(result: Mapping[str, Any]) -> bytes:
    """A result as the files of the book have it."""
    return (json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode()
