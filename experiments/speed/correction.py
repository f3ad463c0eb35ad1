"""Time to correct a pose, beside the time to read its frame.

    python -m experiments speed correction [--write]

One thread. --write stores the numbers in experiments/results/correction.json.
"""

import argparse
import platform
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from tslib.correction import Corrector, PoseCorrector
from tslib.correction.networks import BiLSTM
from tslib.images import read_image
from tslib.skeletons import SKELETONS

from .. import records
from ..paper_b.controls import MedianFilter

FRAMES, REPEATS, SKELETON = 500, 7, SKELETONS["penn13"]


def run(options: argparse.Namespace) -> None:
    """options : write"""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    track = rng.normal(0, 40, (13, 2)) + rng.normal(0, 2, (FRAMES, 13, 2)).cumsum(0)
    table = {"median filter": _per_frame(lambda: MedianFilter().correct(track))}
    networks = {"PoseCorrector": PoseCorrector(13), "bi-LSTM without attention": BiLSTM(13)}
    for name, network in networks.items():
        for stride in (1, 5, 20):
            made = Corrector(network, SKELETON, stride=stride)
            table[f"{name}, stride {stride}"] = _per_frame(partial(made.correct, track))
    with tempfile.TemporaryDirectory() as folder:
        file, small = Path(folder) / "frame.jpg", rng.integers(0, 256, (60, 80, 3), np.uint8)
        cv2.imwrite(str(file), cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC))
        reading = _per_frame(lambda: [read_image(file) for _ in range(FRAMES)])
        table["read a 640x480 JPEG frame"] = reading
    for name, spent in table.items():
        print(f"{name:32s} {spent:.3f} ms a frame")
    if options.write:
        settings: dict[str, Any] = {
            "frames": FRAMES,
            "repeats": REPEATS,
            "joints": 13,
            "hidden": 128,
        }
        settings |= {
            "length": 20,
            "threads": 1,
            "machine": platform.machine(),
            "torch": torch.__version__,
        }
        numbers = {name: round(spent, 4) for name, spent in table.items()}
        records.store("correction", {"settings": settings, "ms": numbers})


def _per_frame(work: Callable[[], object]) -> float:
    """Milliseconds of this thread's own time, the median of some runs after a first one."""
    spent = []
    for _ in range(1 + REPEATS):
        began = time.thread_time()
        work()
        spent.append(1e3 * (time.thread_time() - began) / FRAMES)
    return float(np.median(spent[1:]))
