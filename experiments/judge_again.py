"""Judge the claims of tables that are stored, by the numbers that are stored with them."""

import argparse
import json
from pathlib import Path

from tslib.errors import InputError
from tslib.files import ordinary, write_whole

from .claims import judge_again
from .paper_a.claims import CLAIMS as OF_A
from .paper_b.claims import CLAIMS as OF_B
from .report import json_of, markdown


def judge_files(options: argparse.Namespace) -> str:
    """Judge the claims of tables' JSON files again, in place; returns what they are now.

    None is written before all have been read.
    """
    lines, judged = [], {}
    for file in map(Path, options.files):
        ordinary(file, f"there is no file {file}.")
        try:
            result = json.loads(file.read_bytes())
            before = result["claims"]
            result["claims"] = judge_again([*OF_A, *OF_B], before)
            for old, new in zip(before, result["claims"], strict=True):
                verdicts = [old["verdict"], new["verdict"]]
                lines.append([file.name, new["name"], *verdicts, new["evidence"]])
                if not all(isinstance(cell, str) for cell in lines[-1]):
                    raise TypeError(new["name"])
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror}.") from None
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
            raise InputError(f"{file} is no table with claims that a command wrote.") from None
        judged[file] = json_of(result)
    for file, data in judged.items():
        write_whole(file, data)
    return markdown(["file", "claim", "before", "now", "ours"], lines)
