"""Judge the claims of tables that are stored, by the numbers that are stored with them."""

import argparse
import json
from pathlib import Path

from tslib.errors import InputError
from tslib.files import write_whole

from .claims import judge_again
from .paper_a.claims import CLAIMS as OF_A
from .paper_b.claims import CLAIMS as OF_B
from .report import json_of, markdown


def judge_files(options: argparse.Namespace) -> str:
    """Judge the claims of tables' JSON files again, in place; returns what they are now."""
    lines = []
    for file in map(Path, options.files):
        try:
            result = json.loads(file.read_bytes())
            before = result["claims"]
        except (OSError, ValueError, TypeError, KeyError):
            raise InputError(f"{file} is no table with claims that a command wrote.") from None
        result["claims"] = judge_again([*OF_A, *OF_B], before)
        write_whole(file, json_of(result))
        for old, new in zip(before, result["claims"], strict=True):
            lines.append([file.name, new["name"], old["verdict"], new["verdict"], new["evidence"]])
    return markdown(["file", "claim", "before", "now", "ours"], lines)
