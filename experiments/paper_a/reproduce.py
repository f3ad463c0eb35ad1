"""Paper A's tables and figures on a data set of one's own: train what is missing, evaluate,
compare.
"""

from collections.abc import Sequence
from pathlib import Path

from tslib.datasets import jhmdb
from tslib.skeletons import SKELETONS
from tslib.training.config import read_config
from tslib.training.processes import device_of

from ..report import write
from . import figures
from .runs import runs_in
from .tables import JHMDB_TABLES, jhmdb_table, printable, table1


def reproduce(
    what: str,
    config: Path | str,
    root: Path | str,
    output: Path | str,
    seeds: Sequence[int],
    device: str = "auto",
    workers: int = 0,
) -> str:
    """Train and evaluate all that a table or figure needs and is not there yet; returns it as
    Markdown.

    what : table1 to table3, figure1, figure3 or figure4; config : path of a TOML file
    root : folder of clips, see data.load
    output : path of the folder for runs and for what is made of them: WHAT.json, WHAT.md, and of a
        figure .csv or .png. All that is made of the same clips shares its runs.

    In a folder of JHMDB, Tables 2 and 3 take its three splits, of all clips and of sub-JHMDB; all
    else takes the first split.

    InputError where something given cannot be used, or training fails.
    """
    settings = read_config(config)
    splits, sub = jhmdb.SPLITS if what in JHMDB_TABLES else jhmdb.SPLITS[:1], what == "table3"
    runs = runs_in(root, settings, output, splits, sub, device=device_of(device), workers=workers)
    files: dict[str, bytes] = {}
    if what.startswith("figure"):
        result, files = getattr(figures, what)(runs[0], seeds)
        text = "\n".join(f"- {name}" for name in files)
    else:
        result = table1(runs[0], seeds) if what == "table1" else jhmdb_table(what, runs, seeds)
        text = printable(result, SKELETONS[settings.skeleton])
    return write(what, result, text, files, output)
