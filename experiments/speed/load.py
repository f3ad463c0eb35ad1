"""What hours of film and thousands of clips take: time, and the peak of memory as they grow.

    python -m experiments speed load [--quick] [--write]

Two hours of film go through predict and correct, 20,000 clips of Penn Action's layout through
inspect, the loader and evaluate, and 2,000 clips come from the renderer. Each is done at three
sizes, eight times as large each, in processes of their own, as Linux tells their peaks. Films,
clips and networks are tiny, because what grows with their number does not ask how large they are;
and the overlay has the film's size, because enlarging it takes most of the time. --write stores the
numbers in experiments/results/load.json. The tiny detector is made by the package onnx, which the
tests bring.
"""

import argparse
import contextlib
import io
import itertools
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
import torch
from scipy.io import savemat

from renderer.write import render
from tslib.correction import Corrector, PoseCorrector, load_corrector, save_corrector
from tslib.datasets.inspection import inspect
from tslib.skeletons import SKELETONS
from tslib.slices import View
from tslib.training import stages
from tslib.training.config import Config, Network
from tslib.training.data import read_clips
from tslib.training.models import save_model
from tslib.training.run import evaluate
from tslib.video.correct import correct_file
from tslib.video.formats import FORMATS
from tslib.video.predict import predict

from .. import records
from .memory import resident

SKELETON, CLIP = SKELETONS["youtube7"], 2  # frames of a clip on the disk
FPS, SIZE, INPUT = 25, (160, 120), 32  # of the film; px of it and of the network
_MADE_BEFORE = 8  # frames or clips that are computed first, because compiling takes memory
# Where the joints of the film are, px, in the skeleton's order.
_BODY = np.array([[80, 30], [50, 84], [110, 84], [58, 66], [102, 66], [66, 48], [94, 48]])
_COLORS = np.array([*itertools.product([0, 1], repeat=3)][1:])  # RGB, one for each joint


@dataclass(frozen=True)
class Job:
    """make : writes what n of a kind take into a folder; work : goes through it

    full : the largest n
    """

    unit: str
    full: int
    make: Callable[[Path, int], object]
    work: Callable[[Path, int], object]


def film(folder: Path, n: int) -> None:
    """film.mp4: a body of coloured dots that sways, and detector.onnx, which finds the colours."""
    cycle = []
    for t in range(50):
        frame = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        sway = 12 * np.sin(2 * np.pi * t / 50)
        for (x, y), color in zip(_BODY.tolist(), (255 * _COLORS[:, ::-1]).tolist(), strict=True):
            cv2.circle(frame, (round(x + sway), y), 5, color, -1)
        cycle.append(frame)
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(folder / "film.mp4"), code, FPS, SIZE)
    for frame in itertools.islice(itertools.cycle(cycle), n):
        writer.write(frame)
    writer.release()
    settings = {"input": [INPUT, INPUT], "channels": "rgb", "divide": 255, "mean": [0, 0, 0]}
    settings |= {"std": [1, 1, 1], "skeleton": SKELETON.name}
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in settings.items()]
    (folder / "detector.toml").write_text("".join(lines), encoding="utf-8")
    write_detector(folder / "detector.onnx")


def write_detector(file: Path) -> None:
    """An ONNX network whose k-th map is 1 where the picture has the k-th of the colours."""
    from onnx import TensorProto, helper, numpy_helper, save

    weights = {
        "weight": (2 * _COLORS - 1)[..., None, None],  # 1 at the colour, 0 or less at all others
        "bias": 1 - _COLORS.sum(1),
    }
    nodes = [
        helper.make_node("Conv", ["image", *weights], ["near"], kernel_shape=[1, 1]),
        helper.make_node("Relu", ["near"], ["nearness"]),
        helper.make_node(
            "AveragePool", ["nearness"], ["maps"], kernel_shape=[4, 4], strides=[4, 4]
        ),
    ]
    shapes = {"image": [1, 3, INPUT, INPUT], "maps": [1, len(_COLORS), INPUT // 4, INPUT // 4]}
    image, maps = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    )
    values = [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()]
    graph = helper.make_graph(nodes, "colours", [image], [maps], values)
    opset = [helper.make_opsetid("", 13)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), str(file))


def table_of_joints(folder: Path, n: int) -> None:
    """joints.csv with a gap in every fourth second, and model.safetensors, which corrects it."""
    network = PoseCorrector(len(SKELETON.joints), hidden=16)
    save_corrector(Corrector(network, SKELETON), folder / "model.safetensors")
    with open(folder / "joints.csv", "w", encoding="utf-8") as file:
        file.write("frame,joint,x,y,score\n")
        for t in range(n):
            there = t // FPS % 4 != 3
            for name, (x, y) in zip(SKELETON.joints, _BODY.tolist(), strict=True):
                place = f"{x + t % 7},{y + t % 5},0.9" if there else ",,0"
                file.write(f"{t},{name},{place}\n")


def clips(folder: Path, n: int) -> None:
    """Clips in Penn Action's layout, every fourth one to test by model.safetensors."""
    K, (W, H) = len(SKELETONS["penn13"].joints), (48, 36)
    picture = np.random.default_rng(0).integers(0, 256, (H, W, 3), np.uint8)
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
    (folder / "labels").mkdir()
    x, y = np.linspace(10, W - 10, K), np.linspace(5, H - 5, K)
    content = {
        "x": np.tile(x, (CLIP, 1)),
        "y": np.tile(y, (CLIP, 1)),
        "visibility": np.ones((CLIP, K), np.uint8),
        "bbox": np.tile([5.0, 3, W - 5, H - 3], (CLIP, 1)),
        "action": "sway",
        "dimensions": np.array([[H, W, CLIP]], np.uint16),
        "nframes": CLIP,
    }
    labels = []
    for train in (1, -1):
        stream = io.BytesIO()
        savemat(stream, {**content, "train": train})
        labels.append(stream.getvalue())
    for number in range(n):
        name = f"{number + 1:06d}"
        (folder / "labels" / f"{name}.mat").write_bytes(labels[number % 4 == 0])
        frames = folder / "frames" / name
        frames.mkdir(parents=True)
        for t in range(CLIP):
            (frames / f"{t + 1:06d}.jpg").write_bytes(jpeg)
    config = Config(flow="dis", view=View(size=48), network=Network("small", stages=1))
    network = stages.network(config, 1)
    save_model(folder / "model.safetensors", network, config, "ST-infer", 0)


def _predict(folder: Path, n: int) -> None:
    with mock.patch("tslib.overlay._SHORTEST", 1):
        predict(
            folder / "film.mp4",
            folder / "results",
            detector=folder / "detector.onnx",
            formats=[*FORMATS],
        )
    seen = (folder / "results" / "report.html").read_text(encoding="utf-8")
    assert f"in sight in {n} of {n} frames" in seen


def _correct(folder: Path, n: int) -> None:
    correct_file(
        folder / "joints.csv", load_corrector(folder / "model.safetensors"), folder / "new.csv"
    )


def _inspect(folder: Path, n: int) -> None:
    assert "0 clips are odd" in "".join(inspect(folder, folder / "sheet.png"))


def _load(folder: Path, n: int) -> None:
    assert len(read_clips(folder)) == n


def _evaluate(folder: Path, n: int) -> None:
    evaluate(folder / "model.safetensors", folder, "cpu")


def _render(folder: Path, n: int) -> None:
    assert render(folder / "clips", n, size=(32, 32), frames=5) == n


JOBS = {
    "render": Job("clip", 2000, lambda folder, n: None, _render),
    "correct": Job("frame", 2 * 3600 * FPS, table_of_joints, _correct),
    "load": Job("clip", 20_000, clips, _load),
    "inspect": Job("clip", 20_000, clips, _inspect),
    "evaluate": Job("clip", 20_000, clips, _evaluate),
    "predict": Job("frame", 2 * 3600 * FPS, film, _predict),
}


def run(options: argparse.Namespace) -> None:
    """options : quick, write"""
    found: dict[str, Any] = {}
    for make in dict.fromkeys(job.make for job in JOBS.values()):
        names = [name for name, job in JOBS.items() if job.make is make]
        largest = 64 * _MADE_BEFORE if options.quick else JOBS[names[0]].full
        for n in (largest // 64, largest // 8, largest):
            for name, row in spent(names, n).items():
                found.setdefault(name, {})[str(n)] = row
        print(table({name: found[name] for name in names}), flush=True)
    if options.write and not options.quick:
        records.store("load", {"jobs": found, "machine": records.machine("cpu")})


def spent(names: Sequence[str], n: int) -> dict[str, dict[str, float]]:
    """What jobs on the same things take of the processor, in s, and the peaks of memory, in MB."""
    fresh = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as place:
        sizes = {Path(place, "few"): _MADE_BEFORE, Path(place, "many"): n}
        for folder, size in sizes.items():
            folder.mkdir()
            JOBS[names[0]].make(folder, size)
        with ProcessPoolExecutor(1, fresh, max_tasks_per_child=1) as pool:
            return {name: pool.submit(_measured, name, sizes).result() for name in names}


def _measured(name: str, sizes: dict[Path, int]) -> dict[str, float]:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    began = 0.0
    for folder, n in sizes.items():
        began = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            JOBS[name].work(folder, n)
    return {"s": round(time.process_time() - began, 2), "MB": round(resident("VmHWM") / 1e6)}


def table(found: dict[str, Any]) -> str:
    """Time and peaks at each size, and how much memory each frame or clip more takes."""
    lines = ["| what | how many | ms each | peak, MB | kB more for each |", "|---|---|---|---|---|"]
    for name, rows in found.items():
        (few, first), *_, (many, last) = rows.items()
        more = 1000 * (last["MB"] - first["MB"]) / (int(many) - int(few))
        for n, row in rows.items():
            ms, unit = 1000 * row["s"] / int(n), JOBS[name].unit
            grown = f"{more:.1f}" if n == many else ""
            lines.append(f"| {name} | {int(n):,} {unit}s | {ms:.2f} | {row['MB']:,} | {grown} |")
    return "\n".join(lines)
