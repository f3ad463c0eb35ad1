"""What the tables and curves of both papers look like: rows as numbers, Markdown, files."""

import json
from pathlib import Path

import pandas as pd

from tslib.files import write_whole
from tslib.metrics import curve, heads

from .paper_tables import PAPER_TABLES


def row_of(compared, row, alpha=0.2):
    """What all tables say of a row: a dict of numbers, per cent. compared : comparison.Compared"""
    return {
        "groups": compared.groups(row, alpha).tolist(),
        "mean": compared.rate(row, alpha),
        "interval": list(compared.interval(row, alpha)),
        "by seed": compared.by_seed(row, alpha),
    }


def printed(table, name, skeleton):
    """A row of the paper's: per cent of the groups that our skeleton has, and the mean."""
    return PAPER_TABLES[table].loc[name, [*heads(skeleton), "Mean"]].tolist()


def curves(counted, thresholds, skeleton):
    """Accuracy over the threshold: {row: {group or mean: per cent at each}}, and the same as a
    CSV's bytes.

    counted : {row: int64 (A, 2, K)}, see metrics.tally; thresholds : (A,)
    """
    frames = {row: curve(tallies, thresholds, skeleton) for row, tallies in counted.items()}
    csv = pd.concat(frames, names=["row"]).to_csv(float_format="%.4f", lineterminator="\n")
    return {row: frame.to_dict("list") for row, frame in frames.items()}, csv.encode()


def of_claims(claims):
    """Markdown of claims, dicts of the fields of comparison.Claim."""
    lines = [[c["name"], c["claim"], c["verdict"], c["evidence"]] for c in claims]
    return markdown(["claim", "", "verdict", "ours"], lines)


def points(difference):
    """A difference (points, low, high) as text."""
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*difference)


def markdown(head, lines):
    """A table of cells, numbers with one decimal; short lines are filled up, None is empty."""
    cells = [[f"{c:.1f}" if isinstance(c, float) else c or "" for c in line] for line in lines]
    cells = [line + [""] * (len(head) - len(line)) for line in cells]
    rows = [head, ["---"] * len(head), *cells]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def write(what, result, text, files, output):
    """A result as WHAT.json, its Markdown as WHAT.md, and other files {name: bytes}, in a folder."""
    files[f"{what}.json"] = (json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode()
    files[f"{what}.md"] = f"{text}\n".encode()
    for name, content in files.items():
        write_whole(Path(output) / name, content)
