"""Paper A's Tables 2 and 3 on rendered figures that move as people in JHMDB do.

    python -m experiments real jhmdb_motion --output runs-jhmdb

Needs TSLIB_DATA, see data/README.md. JHMDB's pictures are not here, but the true joints of most of
its clips are, with the action, the name and the three splits of each. Every clip drives the
renderer's figure once, before a poor camera, so that a split tests the motions that it tests in the
data set itself. Each split has networks of its own, which are those of data/training/laptop.toml.
sub-JHMDB, which is Table 3's, holds the clips whose whole body is in the picture; here it is those
whose 15 joints all are. Runs lie in a folder and are not computed again. The tables stand in
experiments/results/jhmdb_motion.json.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from renderer import Settings, render_clip
from renderer.motion import usable
from tslib.clip import Clip
from tslib.datasets import jhmdb
from tslib.skeletons import SKELETONS
from tslib.training.config import Config, read_config
from tslib.training.data import Data, divided

from .. import records
from ..paper_a.runs import Runs
from ..paper_a.tables import jhmdb_table, printable
from .dense_motion import from_world

CONFIG = records.ROOT / "data" / "training" / "laptop.toml"
CAMERA = "poor"
SEED = 0  # of what is rendered


@dataclass(frozen=True, eq=False)
class Track:
    """The motion of one clip. tested : in which splits it is tested; whole : body in the picture"""

    clip: Clip
    tested: frozenset[int]
    whole: bool


def tracks_of(file: Path) -> list[Track]:
    """All that can drive a figure, of `joint_positions_world.npz`, in the order of the file.

    A name that is only probable is left out, because a split is said of names.
    """
    with np.load(file) as stored:
        data = {name: stored[name] for name in stored.files}
    found = []
    for n in np.flatnonzero(data["confident"]):
        world = data["pos_world"][n, : data["nframes"][n]].astype(np.float64)
        joints = from_world(world, np.full(world.shape[:2], data["scale_est"][n]))
        name = str(data["name"][n])
        clip = Clip(
            name,
            joints.astype(np.float32),
            np.isfinite(joints).all(-1),
            np.full((len(joints), 4), np.nan, np.float32),
            SKELETONS["jhmdb15"],
            action=name.partition("/")[0],
            size=jhmdb.SIZE,
        )
        if usable(clip):
            splits = frozenset(jhmdb.SPLITS[i] for i in np.flatnonzero(data["splits"][n] == 2))
            inside = (joints >= 0) & (joints <= np.subtract(jhmdb.SIZE, 1))
            found.append(Track(clip, splits, bool(inside.all())))
    return found


def rendered(tracks: Sequence[Track]) -> tuple[list[Clip], dict[str, Any]]:
    """A clip for each track, under the name of its source, and {name: exact flow}."""
    clips, flows = [], {}
    for n, track in enumerate(tqdm(tracks, desc="clips", unit="clip", disable=None), 1):
        made = render_clip(SEED, n, Settings(camera=CAMERA), [track.clip])
        clips.append(made.as_clip(track.clip.name))
        flows[track.clip.name] = made.flow
    return clips, flows


def data_of(
    split: int, tracks: Sequence[Track], clips: Sequence[Clip], flows: Mapping[str, Any]
) -> Data:
    """What a split learns from, chooses by and tests."""
    both: tuple[list[Clip], list[Clip]] = [], []
    for track, clip in zip(tracks, clips, strict=True):
        both[split in track.tested].append(clip)
    train, validation = divided(both[0])
    return Data(train, validation, both[1], lambda clip: flows[clip.name])


def measure(config: Config, tracks: Sequence[Track], output: Path, seeds: Sequence[int]) -> dict:
    """Tables 2 and 3: {"table2": see `paper_a.tables.jhmdb_table`, "table3": ...}."""
    clips, flows = rendered(tracks)
    whole = [n for n, track in enumerate(tracks) if track.whole]
    tables = {}
    for name, prefix, chosen in (
        ("table2", "", range(len(tracks))),
        ("table3", "sub-", whole),
    ):
        few = [tracks[n] for n in chosen], [clips[n] for n in chosen]
        runs = [
            Runs(config, data_of(split, *few, flows), output / f"{prefix}split{split}")
            for split in jhmdb.SPLITS
        ]
        tables[name] = jhmdb_table(name, runs, seeds)
    return tables


def run(options: argparse.Namespace) -> str:
    """options : output, a folder; seeds"""
    config = read_config(CONFIG)
    tracks = tracks_of(records.folder() / "jhmdb" / "joint_positions_world.npz")
    tables = measure(config, tracks, options.output, options.seeds)
    about = {"machine": records.machine("cpu"), "camera": CAMERA, "config": CONFIG.name}
    records.store("jhmdb_motion", about | tables)
    return "\n\n".join(printable(table, SKELETONS[config.skeleton]) for table in tables.values())
