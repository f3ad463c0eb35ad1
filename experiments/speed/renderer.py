"""How many frames a second the renderer makes, of CPU time on one core.

    python -m experiments speed renderer [--write]

--write stores the numbers in experiments/results/renderer.json.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from renderer import Settings, render_clip
from renderer.write import Target, write_clip

from .. import records

FRAMES = 20
CLIPS = {96: 80, 368: 16}  # how many are rendered of each size, px


def measured(size: int, job: Callable[[int, Settings], object]) -> float:
    """Frames a second of process time for a job over some clips."""
    settings = Settings((size, size), FRAMES)
    job(1, settings)
    start = time.process_time()
    for number in range(2, CLIPS[size] + 2):
        job(number, settings)
    return CLIPS[size] * FRAMES / (time.process_time() - start)


def run(options: argparse.Namespace) -> None:
    """options : write"""
    cv2.setNumThreads(1)
    print("| frames a second, one core | 96 px | 368 px |\n|---|---|---|")
    found = {}
    with tempfile.TemporaryDirectory() as folder:

        def on_disk(number: int, settings: Settings) -> None:
            out = Path(folder) / str(settings.size[0])
            for name in ("frames", "labels", "flow", "unfinished"):
                (out / name).mkdir(parents=True, exist_ok=True)
            write_clip(Target(out, out / "unfinished", 0, settings), number)

        jobs: dict[str, Callable[[int, Settings], object]] = {
            "pictures and labels": lambda n, s: render_clip(0, n, s, flow=False),
            "and exact flow both ways": lambda n, s: render_clip(0, n, s),
            "and written to disk": on_disk,
        }
        for name, job in jobs.items():
            found[name] = {f"{size} px": measured(size, job) for size in CLIPS}
            print(f"| {name} | {' | '.join(f'{each:.0f}' for each in found[name].values())} |")
    if options.write:
        records.store("renderer", {"machine": records.machine("cpu"), "frames a second": found})
