"""How many frames a second predict takes in, and where its time goes.

    python -m experiments speed predict [--against CHECKOUT] [--quick] [--write]

A clip of 640 x 480 px is made of a real film, `python -m tslib download films`. Each run is a
process of its own that is held to one core or to two, as Linux can. --against names another
checkout of this repository, whose runs alternate with ours, so that both meet the same load. On a
busy machine the frames a second are too few, and the processor's own time says more; so the stages
are given in that. --write stores the numbers in experiments/results/predict.json.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from tslib.datasets.films import films_folder
from tslib.errors import InputError
from tslib.overlay import Canvas
from tslib.video.blazepose import CONFIG, default_detector
from tslib.video.detector import HeatmapDetector
from tslib.video.frames import VideoWriter, open_frames
from tslib.video.inference import bridged, infer, link, reach_at
from tslib.video.predict import joints_of
from tslib.video.tracking import moved, observe_people

from .. import records

SIZE, FRAMES, WARM, REPEATS = (640, 480), 60, 6, 3
CORES = (1, 2)
_CHILD = """
import json, os, sys, tempfile, time
warm, clip, cores = sys.argv[1:]
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(cores)])
from tslib.command_line import quiet
quiet()
from tslib.video.predict import predict
with tempfile.TemporaryDirectory() as folder:
    predict(warm, folder + "/warm")
    wall, own = time.perf_counter(), time.process_time()
    predict(clip, folder + "/out")
    print(json.dumps([time.perf_counter() - wall, time.process_time() - own]))
"""


def run(options: argparse.Namespace) -> None:
    """options : against, quick, write"""
    film = films_folder() / "sports2d" / "demo.mp4"
    if not film.is_file():
        raise InputError(f"there is no film {film}; run `python -m tslib download films`.")
    frames, repeats = (2 * WARM, 1) if options.quick else (FRAMES, REPEATS)
    checkouts = {"now": records.ROOT} | ({"before": options.against} if options.against else {})
    with tempfile.TemporaryDirectory() as folder:
        warm, clip = Path(folder, "warm.mp4"), Path(folder, "clip.mp4")
        _make(film, warm, WARM)
        _make(film, clip, frames)
        spent = _runs(warm, clip, checkouts, repeats)
        stages = _stages(clip)
    found: dict[str, Any] = {"frames": frames, "repeats": repeats, "stages_ms": stages}
    for n in CORES:
        for name in checkouts:
            wall, own = np.median(spent[name, n], 0)
            found[f"{name}, {n} cores"] = {
                "frames_per_second": round(float(frames / wall), 2),
                "processor_ms": round(float(1000 * own / frames), 1),
            }
        if options.against:
            ratio = np.divide(spent["before", n], spent["now", n])
            found[f"before / now, {n} cores"] = [round(v, 2) for v in np.median(ratio, 0).tolist()]
    print(table(found))
    for name, value in found.items():
        print(f"{name}: {value}")
    if options.write and not options.quick:
        records.store("predict", {**found, "machine": records.machine("cpu")})


def table(found: dict[str, Any]) -> str:
    """What each stage takes, as docs/your-video.md has it, in Markdown."""
    whole = found["now, 1 cores"]["processor_ms"]
    rows = found["stages_ms"] | {"the whole command": whole}
    lines = ["| stage | ms a frame | share |", "|---|---|---|"]
    lines += [f"| {name} | {ms:.1f} | {100 * ms / whole:.0f} % |" for name, ms in rows.items()]
    return "\n".join(lines)


def _make(film: Path, clip: Path, count: int) -> None:
    """The middle of a film's first frames as a clip of SIZE."""
    with VideoWriter(clip.with_suffix(".webm"), 30, SIZE) as writer:
        for frame, _ in zip(open_frames(film), range(count), strict=False):
            wide = round(frame.shape[1] * SIZE[1] / frame.shape[0])
            small = cv2.resize(frame, (wide, SIZE[1]), interpolation=cv2.INTER_AREA)
            left = (wide - SIZE[0]) // 2
            writer.write(small[:, left : left + SIZE[0]])
    clip.with_suffix(".webm").rename(clip)


def _runs(
    warm: Path, clip: Path, checkouts: dict[str, Path], repeats: int
) -> dict[tuple[str, int], list[list[float]]]:
    """{(name of the checkout, cores): [[seconds, the processor's seconds] of each run]}."""
    spent: dict[tuple[str, int], list[list[float]]] = {}
    for _ in range(repeats):
        for n in CORES:
            for name, root in checkouts.items():
                words = [sys.executable, "-c", _CHILD, str(warm), str(clip), str(n)]
                where = os.environ | {"PYTHONPATH": str(Path(root).resolve())}
                done = subprocess.run(
                    words, env=where, cwd=warm.parent, stdout=-1, encoding="utf-8", check=True
                )
                spent.setdefault((name, n), []).append(json.loads(done.stdout))
    return spent


def _stages(clip: Path) -> dict[str, float]:
    """Milliseconds of this thread's own time that each stage takes for a frame."""
    threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    spent: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Iterable]) -> list:
        began = time.thread_time()
        done = list(work())
        spent[name] = round(1000 * (time.thread_time() - began) / len(done), 1)
        return done

    network = HeatmapDetector(default_detector(), CONFIG)
    reach = reach_at(30)
    frames = timed("reading", lambda: open_frames(clip))
    stream = timed("optical flow", lambda: moved(frames))
    seen = timed("detector, and searches", lambda: observe_people(stream, network))
    single = [observation for (observation,) in seen]
    nodes = timed("paths along the flow", lambda: link(bridged(single, reach), reach))
    list(infer(nodes, reach))  # compiles
    beliefs = timed("messages", lambda: infer(nodes, reach))
    canvas = Canvas(SIZE, network.skeleton)

    def drawn() -> Iterable[np.ndarray]:
        for frame, (node, belief) in zip(frames, beliefs, strict=True):
            crop = node.seen.crop
            both = (joints_of(maps, crop) if crop else None for maps in (belief, node.seen.maps))
            result, alone = both
            picture = canvas.enlarge(frame)
            canvas.add(picture, result, alone, crop)
            yield picture

    pictures = timed("joints and drawing", drawn)
    with tempfile.TemporaryDirectory() as folder:
        with VideoWriter(Path(folder, "overlay.webm"), 30, canvas.size) as writer:
            timed("writing the overlay", lambda: map(writer.write, pictures))
    torch.set_num_threads(threads[0])
    cv2.setNumThreads(threads[1])
    return spent
