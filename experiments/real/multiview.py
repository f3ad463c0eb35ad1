"""What time is worth on real film: a detector's joints, filtered or after messages, damaged or not.

Four calibrated cameras film the same people, so nobody has to label them: the truth of a camera is
where it sees the joints that the other three agree on. `python -m tslib download films` fetches the
films. Three people are followed, of whom the first one is there to make choices on:

    man     Demo_SinglePerson: a man who balances, alone
    figure  Demo_Batch/Trial_2: a rendered woman who walks about, with another body and movement
    behind  Demo_Batch/Trial_2: the same take of the man, before whom that figure passes

Trial_2 is no second recording of the man: his pixels are those of Demo_SinglePerson, a frame later.
"""

import argparse
import datetime
import io
import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch

from tslib.crop import Crop
from tslib.datasets.films import films_folder
from tslib.errors import InputError
from tslib.files import write_whole
from tslib.flow import Flow
from tslib.heatmaps import decode
from tslib.metrics import tally
from tslib.skeletons import SKELETONS
from tslib.video import blazepose
from tslib.video.detector import PRESENT, HeatmapDetector
from tslib.video.follower import TRUST, sureness
from tslib.video.frames import open_frames
from tslib.video.inference import Node, bridged, infer, link, reach_at
from tslib.video.tracking import Observation, observe

from .. import records
from ..measures import bootstrap, jitter
from . import sides
from .cameras import Camera, agree, errors_of, read_calibration, refine, resect, without
from .damage import DAMAGES, DRAWN, damaged, resized

FPS, HEIGHT = 30, 640  # every second frame, a third of the resolution
CAMERAS = 4
SKELETON = SKELETONS["coco17"]
PARTS = "shoulder", "elbow", "wrist", "hip", "knee", "ankle"
LIMB_JOINTS = [SKELETON.joints.index(f"{s}_{part}") for part in PARTS for s in ("left", "right")]
ALPHAS = 0.2, 0.1, 0.05
LIMIT = 8.0  # px of a frame of HEIGHT, within which cameras agree
FILTERS = 5, 9, 11  # frames of a median
BLOCK = 10  # frames in a row are hardly any new evidence, so intervals are over blocks
SMALL = 70  # px, of the condition of that name
FLOWS = (
    "messages",
    "messages, zero flow",
    "messages, flow alone",
    "messages, flow of frames that are sure",
    "messages, camera's motion",
    "messages, camera's motion, sides put right",
)
FIRST, OTHERS = "man", ("figure", "behind")
ALL_OTHERS = "the others"


@dataclass(frozen=True)
class Person:
    """Somebody in the films.

    folder, start : of the films, and the first frame of them that is used
    boxes : (x, y, w, h) px of a frame of HEIGHT, of the first frame of each camera; a search is not
        what is measured here, and would find the other person
    """

    folder: str
    start: int
    boxes: tuple[tuple[int, int, int, int], ...]


_MAN = (80, 105, 110, 285), (130, 130, 110, 245), (155, 135, 110, 310), (60, 160, 160, 315)
_FIGURE = (155, 260, 165, 320), (10, 210, 115, 280), (58, 165, 65, 180), (210, 130, 110, 185)
PEOPLE = {
    "man": Person("single_person", 0, _MAN),
    "figure": Person("trial_2", 1, _FIGURE),
    # A frame later, the films show what the others show.
    "behind": Person("trial_2", 1, _MAN),
}


@dataclass(frozen=True)
class Task:
    """One camera's film of one person, damaged, seen by one detector."""

    detector: str
    person: str
    condition: str
    seed: int
    camera: int

    def file(self, folder: Path) -> Path:
        """Where its joints are kept."""
        words = self.detector, self.person, self.condition, f"seed {self.seed}", self.camera + 1
        return folder / ("_".join(map(str, words)).replace(" ", "-") + ".npz")


@cache
def films_of(folder: str, start: int, frames: int) -> tuple[list[np.ndarray], ...]:
    """The films of four cameras as they are used: lists of uint8 (HEIGHT, W, 3) RGB frames."""
    found = []
    for number in range(1, CAMERAS + 1):
        path = films_folder() / "pose2sim" / folder / f"cam{number:02d}.mp4"
        if not path.is_file():
            raise InputError(f"there is no {path}; run `python -m tslib download films`.")
        film = [frame for n, frame in enumerate(open_frames(path)) if n % 2 == start % 2]
        H, W = film[0].shape[:2]
        found.append(resized(film[:frames], (round(W * HEIGHT / H), HEIGHT)))
    return tuple(found)


@cache
def detector_named(name: str) -> HeatmapDetector:
    """BlazePose, which is the default, or SimplePose of TSLIB_DATA."""
    if name == "BlazePose":
        return HeatmapDetector(blazepose.default_detector(), blazepose.CONFIG)
    config = records.ROOT / "data" / "detectors" / "simplepose.toml"
    return HeatmapDetector(records.folder() / "detector" / "simplepose.onnx", config)


def still(observations: Iterable[Observation]) -> Iterator[Observation]:
    """The same, as if nothing had moved."""
    none = Flow(np.zeros((1, 1, 2), np.float32), (1.0, 1.0))
    for o in observations:
        yield replace(o, to_next=none, to_previous=none)


def sure(observations: Sequence[Observation]) -> Iterator[Observation]:
    """The same, with the camera's motion as flow from and to frames where the detector is unsure.

    What moves in front of a hidden person is somebody else. Unsure is the tracker's measure: peaks
    below 0.6 of the usual, or nobody present.
    """
    heights = [0.0 if o.maps is None else sureness(decode(o.maps)[1]) for o in observations]
    usual = float(np.median(heights))
    unsure = [
        o.presence < PRESENT or height < TRUST * usual
        for o, height in zip(observations, heights, strict=True)
    ]
    moved = list(by_camera(observations))
    # Nothing flows beyond the ends.
    beside = [*unsure, False]
    for n, (o, steady) in enumerate(zip(observations, moved, strict=True)):
        to_next = steady.to_next if unsure[n] or beside[n + 1] else o.to_next
        to_previous = steady.to_previous if unsure[n] or beside[n - 1] else o.to_previous
        yield replace(o, to_next=to_next, to_previous=to_previous)


def by_camera(observations: Iterable[Observation]) -> Iterator[Observation]:
    """The same, where everything moves as the camera does: by the median of a frame's flow."""
    for o in observations:
        yield replace(o, to_next=_median(o.to_next), to_previous=_median(o.to_previous))


def _median(flow: Flow | None) -> Flow | None:
    """One vector for the whole frame."""
    if flow is None:
        return None
    h, w = flow.vectors.shape[:2]
    return Flow(flow.camera[None, None], (flow.scale[0] / w, flow.scale[1] / h))


def joints_of(maps: np.ndarray | torch.Tensor | None, crop: Crop | None) -> np.ndarray:
    """Joints (K, 2) px read off heat-maps, NaN for nobody."""
    if maps is None or crop is None:
        return np.full((len(SKELETON.joints), 2), np.nan)
    return crop.to_image(decode(maps)[0])


def passed(observations: Iterable[Observation], alone: int | None = None) -> np.ndarray:
    """Joints (T, K, 2) px after the messages of `predict`.

    alone : of the two ways that a message may go, the only one: 0 by the flow, 1 by the camera
    """
    reach = reach_at(FPS)
    nodes: Iterable[Node] = link(bridged(observations, reach), reach)
    if alone is not None:
        twice = [alone, alone]
        nodes = (replace(n, paths={o: p[twice] for o, p in n.paths.items()}) for n in nodes)
    beliefs = infer(nodes, reach)
    return np.stack([joints_of(belief, node.seen.crop) for node, belief in beliefs])


def detections(task: Task, frames: int, shrink: float = 1.0) -> dict[str, np.ndarray]:
    """Joints (T, K, 2) px of a frame of HEIGHT of one film: alone, by FLOWS; presence (T,).

    shrink : how small the film is made before anybody looks
    """
    person = PEOPLE[task.person]
    film = films_of(person.folder, person.start, frames)[task.camera]
    film, shifts = damaged(task.condition, film, np.random.default_rng([task.seed, task.camera]))
    H, W = film[0].shape[:2]
    small = round(shrink * W), round(shrink * H)
    film = film if shrink == 1 else resized(film, small)
    scale = np.divide(small, (W, H))
    box = np.add(person.boxes[task.camera], [*shifts[0], 0, 0]) * np.tile(scale, 2)
    seen = list(observe(film, detector_named(task.detector), box))
    alone = np.stack([joints_of(o.maps, o.crop) for o in seen])
    evidence = sides.evidence(seen) | {"presence": np.array([o.presence for o in seen])}
    states = sides.exchanged(*sides.scores({"alone": alone} | evidence), sides.LAG)
    rows = (
        passed(seen),
        passed(still(seen)),
        passed(seen, 0),
        passed(sure(seen), 0),
        passed(seen, 1),
        passed(sides.mirrored(seen, states), 1),
    )
    found = {"alone": alone} | dict(zip(FLOWS, rows, strict=True))

    def back(joints: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        return (joints + 0.5) / scale - 0.5 - shifts[:, None]

    found = {name: back(joints, shifts) for name, joints in found.items()}
    # The flow has carried joints to the next frame.
    evidence["carried"] = back(evidence["carried"], np.concatenate([shifts[1:], shifts[-1:]]))
    return found | evidence


def kept(task: Task, folder: Path, frames: int, shrink: float = 1.0) -> dict[str, np.ndarray]:
    """`detections`, which are kept in a folder and read from there the next time."""
    file = task.file(folder)
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        found = detections(task, frames, shrink)
        stream = io.BytesIO()
        np.savez_compressed(stream, **found)  # type: ignore[arg-type]  # names are words
        write_whole(file, stream.getvalue())
        print(f"{datetime.datetime.now():%H:%M:%S} {file.name}", flush=True)
    with np.load(file) as stored:
        return dict(stored)


def median(joints: np.ndarray, presence: np.ndarray, frames: int) -> np.ndarray:
    """Running median over the frames around each where the person is present; NaN for none."""
    known = np.where(presence[:, None, None] >= PRESENT, joints, np.nan)
    wide = np.pad(known, ((frames // 2,) * 2, (0, 0), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(wide, frames, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmedian(windows, -1)


def rows_of(found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """{row: joints (T, K, 2) px} of kept detections."""
    alone, presence = found["alone"], found["presence"]
    rows = {"detector alone": np.where(presence[:, None, None] >= PRESENT, alone, np.nan)}
    rows |= {f"median of {n} frames": median(alone, presence, n) for n in FILTERS}
    states = sides.exchanged(*sides.scores(found), sides.LAG)
    right = sides.repaired(alone, states)
    rows["detector alone, sides put right"] = sides.repaired(rows["detector alone"], states)
    rows["median of 9 frames, sides put right"] = median(right, presence, 9)
    return rows | {name: found[name] for name in FLOWS}


def calibrated(folder: str, widths: Sequence[int]) -> list[Camera]:
    """The cameras as the file has them, for films of these widths and HEIGHT."""
    path = films_folder() / "pose2sim" / "single_person" / "Calib.qca.txt"
    # The file is of frames of 1088 x 1920 px, 64ths of which are its sensor.
    return [
        c.resized(w / 1088, HEIGHT / 1920)
        for c, w in zip(read_calibration(path), widths, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Reference:
    """joints (4, T, 12, 2) px, NaN where unknown; notes: how well the cameras agree."""

    joints: np.ndarray
    notes: dict[str, float]

    def sizes(self) -> np.ndarray:
        """Larger side (4, T) px of the box around each frame's known joints."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            sides = np.nanmax(self.joints, 2) - np.nanmin(self.joints, 2)
        return sides.max(-1)


def references(folder: Path, frames: int) -> dict[str, Reference]:
    """The truth of everybody, from what the default detector alone sees in the clean films."""
    found, man = {}, None
    for name, person in PEOPLE.items():
        films = films_of(person.folder, person.start, frames)
        tasks = [Task("BlazePose", name, "clean", 0, camera) for camera in range(CAMERAS)]
        seen = [rows_of(kept(task, folder, frames))["detector alone"] for task in tasks]
        places = np.stack(seen)[:, :, LIMB_JOINTS].reshape(CAMERAS, -1, 2)
        shipped = calibrated(person.folder, [film[0].shape[1] for film in films])
        if name == "behind":
            # The same take, where nothing hides him: so his joints are known.
            assert man is not None
            old, views = man
            world = agree(old, views, LIMIT)[0]
            cameras = [resect(c, world, p, LIMIT) for c, p in zip(shipped, places, strict=True)]
        else:
            cameras = refine(shipped, places, LIMIT)
            old, views = cameras, places
            man = man or (cameras, places)
        truth = [without(k, old, views, LIMIT, c) for k, c in enumerate(cameras)]
        joints = np.stack(truth).reshape(CAMERAS, frames, -1, 2)
        notes = {"known": float(np.isfinite(joints).all(-1).mean())}
        for when, now in (("shipped", shipped), ("refined", cameras)):
            errors = errors_of(now, agree(now, places, 3 * LIMIT)[0], places)
            # In px of the full resolution, as the guides of calibration count.
            notes[f"residual, {when}"] = float(np.median(errors) * 1920 / HEIGHT)
        notes["size"] = float(np.nanmedian(Reference(joints, {}).sizes()))
        found[name] = Reference(joints, {key: round(value, 3) for key, value in notes.items()})
    return found


def blocks_of(joints: np.ndarray, truth: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Tallies (N, 3, 2, 12) of one film, for each block of frames and threshold."""
    known = np.isfinite(size) & (size > 0)
    truth = np.where(known[:, None, None], truth, np.nan)
    size = np.where(known, size, 1.0)
    parts = [slice(t, t + BLOCK) for t in range(0, len(truth), BLOCK)]
    return np.stack([tally(joints[p], truth[p], size[p], ALPHAS) for p in parts])


def micro(tallies: np.ndarray) -> np.ndarray:
    """Hits of all joints by counted joints, of tallies (..., 2, K)."""
    return tallies[..., 0, :].sum(-1) / tallies[..., 1, :].sum(-1)


def gain(tallies: np.ndarray, other: np.ndarray) -> list[list[float]]:
    """For each threshold, points that a row is above another, and their 95 % interval."""
    found = []
    for a in range(len(ALPHAS)):
        ours, theirs = tallies[:, a], other[:, a]
        points = micro(ours.sum(0)) - micro(theirs.sum(0))
        low, high = bootstrap(micro, ours, theirs)
        found.append([round(100 * float(v), 1) for v in (points, low, high)])
    return found


@dataclass(frozen=True, eq=False)
class Measured:
    """One person under one condition: {row: tallies (N, 3, 2, 12)}, seeds together; {row: px}."""

    tallies: dict[str, np.ndarray]
    jitter: dict[str, float]


def measured(
    detector: str,
    name: str,
    condition: str,
    seeds: Sequence[int],
    truth: Reference,
    options: "Plan",
) -> Measured:
    """All cameras and seeds of one person under one condition."""
    sizes = truth.sizes()
    counts: dict[str, np.ndarray] = {}
    shakes: dict[str, list[float]] = {}
    shrink = SMALL / truth.notes["size"] if condition == "70 px tall" else 1.0
    for seed in seeds:
        by_camera: dict[str, list[np.ndarray]] = {}
        for camera in range(CAMERAS):
            task = Task(detector, name, condition, seed, camera)
            found = kept(task, options.folder, options.frames, shrink)
            for row, joints in rows_of(found).items():
                ours = joints[:, LIMB_JOINTS]
                counted = blocks_of(ours, truth.joints[camera], sizes[camera])
                by_camera.setdefault(row, []).append(counted)
                shakes.setdefault(row, []).append(jitter(ours))
        for row, films in by_camera.items():
            counts[row] = counts.get(row, 0) + np.concatenate(films)
    return Measured(counts, {row: float(np.nanmean(s)) for row, s in shakes.items()})


def summary(found: Measured, best: str) -> dict:
    """The numbers of one person, or of several together, under one condition.

    best : the filter that messages are held against
    """
    rows = {}
    for row, counts in found.tallies.items():
        rates = [round(100 * float(v), 1) for v in micro(counts.sum(0))]
        rows[row] = [*rates, round(found.jitter[row], 1)]
    ours, zero, alone, steady, camera, right = (found.tallies[name] for name in FLOWS)
    return {
        "rows": rows,
        "filter": best,
        "messages above the filter": gain(ours, found.tallies[best]),
        "messages above zero flow": gain(ours, zero),
        "messages above flow alone": gain(ours, alone),
        "messages above the camera's motion": gain(ours, camera),
        "flow alone above zero flow": gain(alone, zero),
        "flow of sure frames above flow alone": gain(steady, alone),
        "camera's motion above flow alone": gain(camera, alone),
        "sides put right above not": gain(right, camera),
    }


def together(parts: Sequence[Measured]) -> Measured:
    """Several people as one."""
    rows = parts[0].tallies
    return Measured(
        {row: np.concatenate([p.tallies[row] for p in parts]) for row in rows},
        {row: float(np.mean([p.jitter[row] for p in parts])) for row in rows},
    )


def best_filter(found: Measured) -> str:
    """The median with the highest PCK@0.1."""
    names = [f"median of {n} frames" for n in FILTERS]
    return max(names, key=lambda name: float(micro(found.tallies[name].sum(0))[1]))


@dataclass(frozen=True)
class Plan:
    """What is measured: where detections are kept, how many frames, seeds, people, detectors."""

    folder: Path
    frames: int = 50
    seeds: tuple[int, ...] = (0, 1, 2)
    people: tuple[str, ...] = (FIRST, *OTHERS)
    conditions: tuple[str, ...] = tuple(DAMAGES)
    detectors: tuple[str, ...] = ("BlazePose",)


def _text(found: dict) -> str:
    """JSON with a row's numbers on one line."""
    text = json.dumps(found, indent=1) + "\n"
    # The innermost lists, and those of lists of numbers.
    for _ in range(2):
        text = re.sub(r"\[\s+([^{}\"]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    return text


def measure(plan: Plan, store: bool = True) -> dict:
    """Everything that multiview.json holds, which is written again after every part of it."""
    truths = references(plan.folder, plan.frames)
    found: dict = {
        "date": datetime.date.today().isoformat(),
        "machine": records.machine("cpu"),
        "fps": FPS,
        "height": HEIGHT,
        "frames": plan.frames,
        "columns": ["PCK@0.2", "PCK@0.1", "PCK@0.05", "jitter, px"],
        "references": {name: truth.notes for name, truth in truths.items()},
        "detectors": {},
    }
    done: dict[tuple[str, str, int], list[Measured]] = {}
    # All conditions with one seed come first, so that a run that is cut short shows all of them.
    for detector in plan.detectors:
        for count in range(1, len(plan.seeds) + 1):
            for condition in plan.conditions:
                seeds = plan.seeds[: count if condition in DRAWN else 1]
                if (detector, condition, len(seeds)) in done:
                    continue
                parts = [
                    measured(detector, name, condition, seeds, truths[name], plan)
                    for name in plan.people
                ]
                done[detector, condition, len(seeds)] = parts
                best = best_filter(parts[0])
                entry: dict = {"seeds": len(seeds)}
                for name, part in zip(plan.people, parts, strict=True):
                    entry[name] = summary(part, best)
                if len(parts) > 1:
                    entry[ALL_OTHERS] = summary(together(parts[1:]), best)
                found["detectors"].setdefault(detector, {})[condition] = entry
                if store:
                    write_whole(records.RESULTS / "multiview.json", _text(found).encode())
    return found


# Columns of the tables: rows of joints, and gains at 0.1.
_TABLES = {
    "What time is worth": (
        ("detector alone", "median of 9 frames", FLOWS[1], FLOWS[2], FLOWS[0]),
        ("messages above the filter", "messages above zero flow"),
    ),
    "Flow": (
        (),
        (
            "flow alone above zero flow",
            "flow of sure frames above flow alone",
            "camera's motion above flow alone",
            "messages above flow alone",
        ),
    ),
    "Sides": (
        ("median of 9 frames", "median of 9 frames, sides put right", FLOWS[4], FLOWS[5]),
        ("sides put right above not",),
    ),
}


def tables(found: dict) -> str:
    """The tables of docs/real-film.md: PCK@0.2 / @0.1, and gains at 0.1 in points."""
    lines = []
    for detector, conditions in found["detectors"].items():
        for title, (shown, gains) in _TABLES.items():
            heads = ["condition", *shown, *gains]
            lines += [f"{title}, {detector}", "", "| " + " | ".join(heads) + " |"]
            lines += ["|---" * len(heads) + "|"]
            for condition, entry in conditions.items():
                for name in (n for n in (FIRST, ALL_OTHERS) if n in entry):
                    part = entry[name]
                    rows = [part["rows"][row] for row in shown]
                    cells = [f"{row[0]:.0f} / {row[1]:.0f}" for row in rows]
                    cells += ["{:+.1f} [{:.1f}, {:.1f}]".format(*part[g][1]) for g in gains]
                    lines.append("| " + " | ".join([f"{condition}, {name}", *cells]) + " |")
            lines.append("")
    return "\n".join(lines)


def run(options: argparse.Namespace) -> str:
    """Measure, and return the table; --quick keeps its detections in a folder of its own."""
    detectors = ("BlazePose", "SimplePose") if os.environ.get("TSLIB_DATA") else ("BlazePose",)
    output = options.output or films_folder() / "joints"
    plan = Plan(output, seeds=tuple(range(options.seeds)), detectors=detectors)
    if options.quick:
        plan = Plan(output / "quick", 10, (0,), conditions=("clean", "moving camera, occluder"))
    found = measure(plan, store=not options.quick)
    for name, notes in found["references"].items():
        print(name, notes)
    return tables(found)
