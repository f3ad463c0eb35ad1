"""Does a corrector that learnt real motion help a real detector's tracks?

    python -m experiments real dense_motion [--quick]

Needs TSLIB_DATA, see data/README.md. YouTube Pose's labels lie seconds apart; here every frame has
one. Truth to learn from: 804 JHMDB clips and 474 Penn Action label tracks, every second frame. What
a detector does to it is measured on Poses in the Wild (Flowing ConvNets' tracks of 16 sequences),
on films that are not tested: one fold for each of three films. Two ways to put those errors onto
clean tracks:

    replayed    pieces of the measured errors, whole bodies, as they came
    drawn       from their statistics, joint by joint: a shift, a tremble, bursts of gross errors

A network learns from such pairs for as many steps as there are (rows "to the end"). From drawn
errors it also learns for as few as do best on the tracks of the other films ("stopped");
replayed ones are those very tracks' errors, so nothing could be chosen by them. All rows, seeds and
intervals over scenes are stored in experiments/results/dense_motion.json. --quick: a few steps,
nothing is stored.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tslib.augment import Affine
from tslib.clip import Clip
from tslib.correction import Corrector, CorrectorPlan, PoseCorrector
from tslib.correction.model import WindowNetwork
from tslib.correction.networks import BiLSTM, FrameMLP, TemporalMLP
from tslib.correction.normalization import place
from tslib.correction.windows import filled
from tslib.datasets import jhmdb, penn_action
from tslib.skeletons import SKELETONS

from .. import records, report
from ..comparison import Compared, at_pixels, tallies_in_pixels
from ..paper_b.controls import Identity, Offset
from ..paper_b.runs import FILTERS

ARMS = SKELETONS["youtube7"].with_joints(
    ("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist")
)
# The joints of Poses in the Wild.
WILD = (
    "neck left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist torso".split()
)
STEP, LENGTH, HIDDEN = 2, 10, 64  # Poses in the Wild has every second frame of a film
PIXELS, MAIN = np.arange(51), 20
GROSS = 0.3  # shoulder widths, beside the usual shift
STEPS = (0, 3, 10, 30, 100, 300)
NETWORKS: dict[str, Callable[[], WindowNetwork]] = {
    "MLP, frame by frame": lambda: FrameMLP(6, HIDDEN, residual=True),
    "temporal MLP": lambda: TemporalMLP(6, LENGTH, HIDDEN, residual=True),
    "bi-LSTM": lambda: BiLSTM(6, HIDDEN, residual=True),
    "attention": lambda: PoseCorrector(6, hidden=HIDDEN, residual=True),
}
OFFSET = "constant offset"


@dataclass(frozen=True, eq=False)
class Measured:
    """A detector's track of ARMS and its truth, (T, 6, 2) px, NaN where nobody can see.

    scene : of a film, which its name begins with
    """

    scene: str
    track: np.ndarray
    truth: np.ndarray

    @property
    def film(self) -> str:
        return self.scene.rstrip("-0123456789")


def sequences(folder: Path) -> list[Measured]:
    """The 16 sequences with tracks of Flowing ConvNets."""
    data = np.load(folder / "poses_in_the_wild" / "flowing_convnets_16_sequences.npz")
    joints = [WILD.index(name) for name in ARMS.joints]
    found, start = [], 0
    for length in data["sequence_length"].tolist():
        part = slice(start, start + length)
        seen = data["visible"][part][:, joints, None] > 0
        both = (data[name][part] for name in ("prediction", "truth"))
        track, truth = (poses[:, joints].astype(np.float64) for poses in both)
        scene = str(data["image"][start]).rpartition("-")[0]
        found.append(Measured(scene, track, np.where(seen, truth, np.nan)))
        start += length
    return found


def motion(folder: Path) -> list[np.ndarray]:
    """Clean tracks (T, 6, 2) of people in motion, px, NaN where hidden; up to 20 frames each."""
    world = np.load(folder / "jhmdb" / "joint_positions_world.npz")["pos_world"].astype(np.float64)
    body, penn = SKELETONS["jhmdb15"], SKELETONS["penn13"]
    world = [clip[np.isfinite(clip).all((1, 2))][:, _places(body)] for clip in world]
    # Of any size, because it is taken out later.
    tracks = [from_world(clip, np.ones(clip.shape[:2])) for clip in world]
    for clip in penn_action.load(folder / "penn_action"):
        seen = clip.visible[:, _places(penn), None]
        tracks.append(np.where(seen, clip.joints[:, _places(penn)].astype(np.float64), np.nan))
    pieces = [t[s : s + 20 * STEP : STEP] for t in tracks for s in range(0, len(t), 20 * STEP)]
    return [piece for piece in pieces if _learnable(piece)]


def _learnable(piece: np.ndarray) -> bool:
    known = np.isfinite(piece).all(-1)
    return len(piece) >= 8 and known.mean() > 0.8 and bool(known.any(0).all())


def _places(skeleton):
    return [skeleton.joints.index(name) for name in ARMS.joints]


def size(track: np.ndarray) -> float:
    """Shoulder width of a track, px, as the networks see it."""
    return float(place(track, ARMS, "shoulders")[1])


class Replayed:
    """Errors of whole tracks, in shoulder widths, played forth and back from any frame."""

    def __init__(self, measured: Sequence[Measured]) -> None:
        errors = [(s.track - s.truth) / size(s.track) for s in measured]
        self.errors = [filled(e) for e in errors if np.isfinite(e).all(-1).any(0).all()]

    def draw(self, frames: int, rng: np.random.Generator) -> np.ndarray:
        """Errors (frames, 6, 2) in shoulder widths."""
        error = self.errors[rng.integers(len(self.errors))]
        T = len(error)
        place = (np.arange(frames) + rng.integers(2 * T)) % (2 * T)
        return error[np.minimum(place, 2 * T - 1 - place)]


class Drawn:
    """Errors from statistics of each joint: a shift, a tremble that lasts, gross bursts."""

    def __init__(self, measured: Sequence[Measured]) -> None:
        errors = [(s.track - s.truth) / size(s.track) for s in measured]
        self.shift = np.nanmedian(np.concatenate(errors), 0)
        away = [np.linalg.norm(e - self.shift, axis=-1) for e in errors]  # NaN where unknown
        both = zip(errors, away, strict=True)
        usual = [np.where(a[..., None] < GROSS, e - self.shift, np.nan) for e, a in both]
        self.spread = 1.48 * np.nanmedian(np.abs(np.concatenate(usual)), 0)
        pairs = np.concatenate([np.stack([u[1:], u[:-1]]) for u in usual], 1)
        pairs = np.where(np.isfinite(pairs).all(0), pairs, np.nan)
        self.memory = np.clip(np.nansum(pairs.prod(0), 0) / np.nansum(pairs[1] ** 2, 0), 0, 0.97)
        gross = [a >= GROSS for a in away]
        bursts = sum(g[0] + (g[1:] & ~g[:-1]).sum(0) for g in gross)
        far, often = np.concatenate(away), np.concatenate(gross)
        self.share = often.sum(0) / np.isfinite(far).sum(0)
        self.burst = often.sum(0) / np.maximum(bursts, 1)
        self.sizes = [a[g] for a, g in zip(far.T, often.T, strict=True)]

    def draw(self, frames: int, rng: np.random.Generator) -> np.ndarray:
        """Errors (frames, 6, 2) in shoulder widths."""
        tremble = rng.normal(size=(frames, *self.shift.shape))
        for t in range(1, frames):
            tremble[t] = self.memory * tremble[t - 1] + np.sqrt(1 - self.memory**2) * tremble[t]
        error = self.shift + rng.uniform(0.5, 1.5) * self.spread * tremble
        for k, (share, burst) in enumerate(zip(self.share, self.burst, strict=True)):
            if not len(self.sizes[k]):
                continue
            t = -int(rng.integers(1 + int(burst)))
            while t < frames:
                angle, far = rng.uniform(0, 2 * np.pi), rng.choice(self.sizes[k])
                if rng.random() < share:
                    way = np.array([np.cos(angle), np.sin(angle)])
                    error[max(0, t) : max(0, t + round(burst)), k] += far * way
                t += max(1, round(burst))
        return error


def turned(track: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Motion in a mirror or not, turned a little; what a detector adds comes later, unturned."""
    angle, flip = rng.uniform(-15, 15), bool(rng.integers(2))
    return Affine.about(np.nanmean(track, (0, 1)), angle, flip=flip).joints(track, ARMS)


def pairs(
    clean: Sequence[np.ndarray], errors: Replayed | Drawn, rng: np.random.Generator
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Estimates and truths, lists of tracks."""
    truths = [turned(track, rng) for track in clean]
    return [filled(t) + size(t) * errors.draw(len(t), rng) for t in truths], truths


def right(method: Any, measured: Sequence[Measured]) -> int:
    """How many joints of sequences a method has right, within MAIN px."""
    hits = [np.linalg.norm(method.correct(s.track) - s.truth, axis=-1) <= MAIN for s in measured]
    return sum(int(h.sum()) for h in hits)


def methods(
    measured: Sequence[Measured],
    clean: Sequence[np.ndarray],
    seed: int,
    fold: int,
    steps: Sequence[int],
) -> tuple[dict[str, Any], dict[str, int]]:
    """Methods by name that have learnt from scenes that are not tested.

    Returns them, and after how many steps those were stopped that were.
    """
    usual: dict[str, Any] = {"identity": Identity, **FILTERS}
    found: dict[str, Any] = {name: make() for name, make in usual.items()}
    chosen = {}
    found[OFFSET] = Offset(ARMS).fit([s.track for s in measured], [s.truth for s in measured])
    for errors in (Replayed(measured), Drawn(measured)):
        kind = type(errors).__name__.lower()
        tracks, truths = pairs(clean, errors, np.random.default_rng([seed, fold]))
        for name, make in NETWORKS.items():
            tried: dict[int, Any] = {0: Identity()}
            for count in steps[1:] if kind == "drawn" else steps[-1:]:
                torch.manual_seed(seed)
                plan = CorrectorPlan(steps=count, rate=3e-3, beta=0.03, augment=False)
                tried[count] = Corrector(make(), ARMS, plan, seed, LENGTH, STEP).fit(tracks, truths)
                tried[count].stride = 1
            found[f"{name}, {kind}, to the end"] = tried[steps[-1]]
            if kind == "drawn":
                hits = {count: right(method, measured) for count, method in tried.items()}
                best = chosen[f"{name}, {kind}, stopped"] = max(hits, key=hits.__getitem__)
                found[f"{name}, {kind}, stopped"] = tried[best]
    return found, chosen


def measure(
    folder: Path, seeds: Sequence[int], steps: Sequence[int], log: Callable = print
) -> dict[str, Any]:
    """Everything that dense_motion.json holds but the date."""
    wild, clean = sequences(folder), motion(folder)
    films, scenes = (sorted({getattr(s, kind) for s in wild}) for kind in ("film", "scene"))
    poses: dict[str, dict[int, list]] = {}
    stops: dict[str, list[int]] = {}
    for seed in seeds:
        for fold, film in enumerate(films):
            found, chosen = methods([s for s in wild if s.film != film], clean, seed, fold, steps)
            for name, method in found.items():
                kept = poses.setdefault(name, {}).setdefault(seed, [None] * len(wild))
                for n, sequence in enumerate(wild):
                    if sequence.film == film:
                        kept[n] = method.correct(sequence.track)
            for name, count in chosen.items():
                stops.setdefault(name, []).append(count)
            log(f"seed {seed}, {film}", flush=True)
    clips = [clip_of(n, sequence) for n, sequence in enumerate(wild)]
    # Sequences of one scene are no two witnesses.
    place = np.array([scenes.index(s.scene) for s in wild])
    results: dict[str, dict[int, np.ndarray]] = {}
    for name, by_seed in poses.items():
        for seed, tracks in by_seed.items():
            counted = tallies_in_pixels(tracks, clips, PIXELS)
            together = np.stack([counted[place == n].sum(0) for n in range(len(scenes))])
            results.setdefault(name, {})[seed] = together
    c = Compared(results, ARMS, at=at_pixels)
    best = max(FILTERS, key=lambda name: c.rate(name, MAIN))
    rows: dict[str, dict[str, Any]] = {}
    for name in results:
        rows[name] = {f"@{d} px": c.rate(name, d) for d in (10, MAIN, 40)}
        rows[name]["by seed"] = c.by_seed(name, MAIN)
        for other in ("identity", OFFSET, best):
            rows[name][f"over {other}"] = c.difference(name, other, MAIN)
        if name in stops:
            rows[name]["stopped after"] = stops[name]
    return {
        "sequences": len(wild),
        "scenes": len(scenes),
        "films": len(films),
        "clean tracks": len(clean),
        "seeds": list(seeds),
        "steps": list(steps),
        "filter": best,
        "rows": rows,
    }


def clip_of(number: int, sequence: Measured) -> Clip:
    """A Clip for what counts hits: truth, and which joints can be seen."""
    visible = np.isfinite(sequence.truth).all(-1)
    box = np.full((len(visible), 4), np.nan, np.float32)
    return Clip(f"{number:02d}", sequence.truth.astype(np.float32), visible, box, ARMS)


def from_world(
    world: np.ndarray, scale: np.ndarray, size: tuple[int, int] = jhmdb.SIZE
) -> np.ndarray:
    """Joints in px that count from 0, from the data set's own centred, scaled coordinates.

    world : (..., 2) of `pos_world`; scale : the person's, broadcast against (...); size : (W, H) px

    x = x_world * scale * H + W / 2 counts from 1; y alike with H / 2.
    """
    W, H = size
    return np.asarray(world) * np.asarray(scale)[..., None] * H + np.divide([W, H], 2) - 1


def run(options: argparse.Namespace) -> None:
    """options : quick"""
    torch.set_num_threads(1)
    seeds, steps = ((0,), STEPS[:2]) if options.quick else ((0, 1, 2), STEPS)
    found = measure(records.folder(), seeds, steps)
    for name, row in found["rows"].items():
        rates = " ".join(f"{row[f'@{d} px']:5.1f}" for d in (10, MAIN, 40))
        gains = " ".join(report.points(row[f"over {other}"]) for other in ("identity", OFFSET))
        print(f"{name:45} {rates}   {gains}  {row.get('stopped after', '')}")
    if not options.quick:
        records.store("dense_motion", found)
