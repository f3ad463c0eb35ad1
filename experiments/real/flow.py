"""Optical flow at the true joints of a real clip.

    python -m experiments real flow [--write]

The clip is JHMDB's in the folder that TSLIB_DATA names (data/README.md). --write stores the table
in experiments/results/flow_real_clip.json.
"""

import argparse

import numpy as np

from tslib.clip import Clip
from tslib.datasets import jhmdb
from tslib.flow import METHODS, flow_between

from .. import records

LONG = 16  # cells of a person, as in chapter 00
BINS = (0.0, 0.5, 1.0, np.inf)  # motion of a joint in one frame, cells


def run(options: argparse.Namespace) -> None:
    """options : write"""
    (clip,) = [c for c in jhmdb.load(records.folder() / "jhmdb") if c.frames is not None]
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
        settings = {"clip": clip.name, "frames": len(clip), "cells": LONG}
        settings["cell_px"] = round(cell, 2)
        records.store("flow_real_clip", {"settings": settings, "columns": columns})


def _measure(clip: Clip) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Motion of each joint to the next frame, and each method's end-point error there.

    Both in px, (T - 1, K).
    """
    motion = np.linalg.norm(np.diff(clip.joints, axis=0), axis=-1)
    errors = {name: np.empty_like(motion) for name in METHODS}
    assert clip.frames is not None  # it was chosen so
    for t in range(len(clip) - 1):
        for name in METHODS:
            flow = flow_between(clip.frames[t], clip.frames[t + 1], name)
            there = clip.joints[t] + flow.at(clip.joints[t][None])[0]
            errors[name][t] = np.linalg.norm(there - clip.joints[t + 1], axis=-1)
    return motion, errors


def _column(
    motion: np.ndarray, errors: dict[str, np.ndarray], those: np.ndarray
) -> dict[str, float]:
    """Share of joints, their mean motion and the methods' mean errors, all in cells."""
    means = {f"error_{name}": round(float(e[those].mean()), 3) for name, e in errors.items()}
    share, moved = round(float(those.mean()), 3), round(float(motion[those].mean()), 3)
    return {"share": share, "motion": moved} | means
