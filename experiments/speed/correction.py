"""Time to correct a pose, beside the time to read its frame: python experiments/speed/correction.py
[--write]

One thread. --write stores the numbers in experiments/results/correction.json.
"""

import argparse
import json
import platform
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from tslib.correction import Corrector, PoseCorrector
from tslib.correction.controls import MedianFilter
from tslib.correction.networks import BiLSTM
from tslib.images import read_image
from tslib.skeletons import SKELETONS

from ..records import RESULTS

FRAMES, REPEATS, SKELETON = 500, 7, SKELETONS["penn13"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    track = rng.normal(0, 40, (13, 2)) + rng.normal(0, 2, (FRAMES, 13, 2)).cumsum(0)
    table = {"median filter": _per_frame(lambda: MedianFilter().correct(track))}
    for name, network in (
        ("PoseCorrector", PoseCorrector(13)),
        ("bi-LSTM without attention", BiLSTM(13)),
    ):
        for stride in (1, 5, 20):
            corrector = Corrector(network, SKELETON, stride=stride)
            table[f"{name}, stride {stride}"] = _per_frame(
                lambda made=corrector: made.correct(track)
            )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frame.jpg"
        noise = cv2.resize(
            rng.integers(0, 256, (60, 80, 3), np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC
        )
        cv2.imwrite(str(file), noise)
        table["read a 640x480 JPEG frame"] = _per_frame(
            lambda: [read_image(file) for _ in range(FRAMES)]
        )
    for name, spent in table.items():
        print(f"{name:32s} {spent:.3f} ms a frame")
    if options.write:
        settings = {
            "frames": FRAMES,
            "repeats": REPEATS,
            "joints": 13,
            "hidden": 128,
            "length": 20,
            "threads": 1,
        }
        settings |= {"machine": platform.machine(), "torch": torch.__version__}
        numbers = {name: round(spent, 4) for name, spent in table.items()}
        file = RESULTS / "correction.json"
        file.write_text(
            json.dumps({"settings": settings, "ms": numbers}, indent=1) + "\n", encoding="utf-8"
        )


def _per_frame(work):
    """Milliseconds of this thread's own time, the median of some runs after a first one."""
    spent = []
    for _ in range(1 + REPEATS):
        began = time.thread_time()
        work()
        spent.append(1e3 * (time.thread_time() - began) / FRAMES)
    return float(np.median(spent[1:]))


if __name__ == "__main__":
    main()
