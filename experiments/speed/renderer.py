"""How many frames a second the renderer makes, of CPU time on one core: python
experiments/speed/renderer.py
"""

import tempfile
import time
from pathlib import Path

import cv2

from renderer import Settings, render_clip
from renderer.write import _write

cv2.setNumThreads(1)
FRAMES = 20


def measured(size, clips, job):
    """Frames a second of process time for job(number, settings) over some clips."""
    settings = Settings((size, size), FRAMES)
    job(1, settings)
    start = time.process_time()
    for number in range(2, clips + 2):
        job(number, settings)
    return clips * FRAMES / (time.process_time() - start)


def main():
    print("| frames a second, one core | 96 px | 368 px |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:

        def on_disk(number, settings):
            out = Path(folder) / str(settings.size[0])
            for name in ("frames", "labels", "flow", "unfinished"):
                (out / name).mkdir(parents=True, exist_ok=True)
            _write((out, out / "unfinished", 0, number, settings))

        jobs = {
            "pictures and labels": lambda n, s: render_clip(0, n, s, flow=False),
            "and exact flow both ways": lambda n, s: render_clip(0, n, s),
            "and written to disk": on_disk,
        }
        for name, job in jobs.items():
            print(f"| {name} | {measured(96, 80, job):.0f} | {measured(368, 16, job):.0f} |")


if __name__ == "__main__":
    main()
