"""How much processor time passes before a program shows its help.

    python -m experiments speed start [--write]

--write stores the numbers in experiments/results/start.json.
"""

import argparse
import os
import subprocess
import sys

import numpy as np

from .. import records

PROGRAMS, REPEATS = ("tslib", "renderer", "experiments"), 9


def seconds(program: str) -> float:
    """Processor time of `python -m program --help`, the median of some runs after a first one."""
    spent = []
    for _ in range(1 + REPEATS):
        before = os.times()
        words = [sys.executable, "-m", program, "--help"]
        subprocess.run(words, cwd=records.ROOT, stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        spent.append(sum(after[2:4]) - sum(before[2:4]))
    return float(np.median(spent[1:]))


def run(options: argparse.Namespace) -> None:
    """options : write"""
    found = {program: round(seconds(program), 3) for program in PROGRAMS}
    for program, spent in found.items():
        print(f"python -m {program} --help: {spent:.2f} s")
    if options.write:
        records.store("start", {"machine": records.machine("cpu"), "seconds": found})
