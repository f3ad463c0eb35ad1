"""Optical flow at the true joints of a real clip: python experiments/real/flow.py [--write]

The clip is JHMDB's in the folder that TSLIB_DATA names (data/README.md). --write stores the table
in experiments/results/flow_real_clip.json.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np

from tslib.datasets import jhmdb
from tslib.flow import METHODS, flow_between

from ..records import RESULTS

LONG = 16  # cells of a person, as in chapter 00
BINS = (0.0, 0.5, 1.0, np.inf)  # motion of a joint in one frame, cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not os.environ.get("TSLIB_DATA"):
        sys.exit("Set TSLIB_DATA to the folder of recordings that data/README.md describes.")
    (clip,) = [c for c in jhmdb.load(Path(os.environ["TSLIB_DATA"]) / "jhmdb") if len(c.frames)]
    cell = float(clip.size_of_person.mean()) / LONG
    motion, errors = _measure(clip)
    motion, errors = motion / cell, {name: e / cell for name, e in errors.items()}
    columns = {"all": _column(motion, errors, np.ones(motion.shape, bool))}
    for low, high in zip(BINS, BINS[1:], strict=False):
        name = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more"
        columns[name] = _column(motion, errors, (motion >= low) & (motion < high))
    for name, column in columns.items():
        print(f"{name:10}", column)
    if options.write:
        settings = {
            "clip": clip.name,
            "frames": len(clip),
            "cells": LONG,
            "cell_px": round(cell, 2),
        }
        file = RESULTS / "flow_real_clip.json"
        file.write_text(
            json.dumps({"settings": settings, "columns": columns}, indent=1) + "\n",
            encoding="utf-8",
        )


def _measure(clip):
    """Motion of each joint to the next frame and the end-point error of each method there: px, (T -
    1, K).
    """
    motion = np.linalg.norm(np.diff(clip.joints, axis=0), axis=-1)
    errors = {name: np.empty_like(motion) for name in METHODS}
    for t in range(len(clip) - 1):
        for name in METHODS:
            found = flow_between(clip.frames[t], clip.frames[t + 1], name).at(clip.joints[t][None])[
                0
            ]
            errors[name][t] = np.linalg.norm(clip.joints[t] + found - clip.joints[t + 1], axis=-1)
    return motion, errors


def _column(motion, errors, those):
    """Share of joints, their mean motion and the methods' mean errors, all in cells."""
    means = {f"error_{name}": round(float(e[those].mean()), 3) for name, e in errors.items()}
    return {
        "share": round(float(those.mean()), 3),
        "motion": round(float(motion[those].mean()), 3),
    } | means


if __name__ == "__main__":
    main()
