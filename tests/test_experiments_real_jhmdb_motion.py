"""Paper A's Tables 2 and 3 on JHMDB's motion: who is tested where, and figures that move so."""

from dataclasses import replace

import numpy as np
import pytest
import short_runs

from experiments.real.jhmdb_motion import data_of, measure, rendered, tracks_of
from renderer.motion import joints_of
from tslib.datasets import jhmdb
from tslib.skeletons import SKELETONS

BODY = SKELETONS["jhmdb15"].joints
NAMES = ["run/a (1)", "run/b!", "jump/c", "jump/d"]


def body(frames=6):
    """Joints (T, 15, 2) of somebody who stands and sways, in the units of pos_world."""
    rng = np.random.default_rng(0)
    at = dict(neck=(0, -0.25), belly=(0, 0), face=(0, -0.32))
    for side, x in (("right", -1), ("left", 1)):
        at[f"{side}_shoulder"], at[f"{side}_elbow"] = (0.06 * x, -0.22), (0.1 * x, -0.1)
        at[f"{side}_wrist"], at[f"{side}_hip"] = (0.12 * x, 0.02), (0.04 * x, 0.04)
        at[f"{side}_knee"], at[f"{side}_ankle"] = (0.05 * x, 0.2), (0.05 * x, 0.35)
    still = np.array([at[name] for name in BODY])
    return still + 0.01 * rng.standard_normal((frames, 1, 2))


@pytest.fixture
def file(tmp_path):
    """Four clips: the third is beyond the picture, and nobody is sure of the fourth's name."""
    world = np.full((4, 40, 15, 2), np.nan, np.float32)
    world[:, :6] = body()
    world[2] += 0.6
    path = tmp_path / "world.npz"
    np.savez(
        path,
        name=np.array(NAMES),
        nframes=np.full(4, 6),
        pos_world=world,
        scale_est=np.ones(4, np.float32),
        splits=np.array([[1, 2, 1], [2, 1, 1], [2, 2, 1], [2, 2, 2]]),
        confident=np.array([True, True, True, False]),
    )
    return path


def test_tracks_know_their_splits_and_whether_the_body_is_in_the_picture(file):
    tracks = tracks_of(file)
    assert [t.clip.name for t in tracks] == NAMES[:3]
    assert [t.tested for t in tracks] == [{2}, {1}, {1, 2}]
    assert [t.whole for t in tracks] == [True, True, False]
    assert [t.clip.action for t in tracks] == ["run", "run", "jump"]
    assert all(len(t.clip) == 6 and t.clip.size == jhmdb.SIZE for t in tracks)


def test_every_split_tests_the_motions_that_it_tests_in_the_data_set(file):
    tracks = tracks_of(file)
    clips, flows = rendered(tracks)
    assert [clip.name for clip in clips] == NAMES[:3]
    first, second = (data_of(split, tracks, clips, flows) for split in (1, 2))
    assert {c.name for c in first.test} == {NAMES[1], NAMES[2]}
    assert {c.name for c in second.test} == {NAMES[0], NAMES[2]}
    assert [c.name for c in first.train + first.validation] == NAMES[:1]
    # The flow is that of the clip itself.
    assert first.flow is not None
    assert first.flow(clips[2]) is flows[NAMES[2]]
    # The figure moves as the source does, up to size, place and the camera.
    ours = clips[0].joints[:, :, 1]
    theirs = joints_of(tracks[0].clip)[0][:, :, 1]
    order = [SKELETONS["penn13"].joints.index(name) for name in ("head", "left_ankle")]
    assert (ours[:, order[0]] < ours[:, order[1]]).all() and (theirs[:, 0] < theirs[:, -1]).all()


def test_table_3_counts_whole_bodies_alone(file, tmp_path):
    tracks = tracks_of(file)
    # With three clips, no clip of a split is left to test unless it is tested in all.
    tracks = [replace(t, tested=frozenset({n % 3 + 1})) for n, t in enumerate(tracks + tracks[:2])]
    tracks = [
        replace(t, clip=replace(t.clip, name=f"{t.clip.name} {n}")) for n, t in enumerate(tracks)
    ]
    tracks = [replace(t, whole=n != 4) for n, t in enumerate(tracks)]
    found = measure(short_runs.config(1, batch=1), tracks, tmp_path / "out", [0])
    assert [c["test"] for c in found["table2"]["clips"]] == [2, 2, 1]
    assert [c["test"] for c in found["table3"]["clips"]] == [2, 1, 1]
    assert "ST-infer @0.1" in found["table2"]["rows"] and "S-infer" in found["table3"]["rows"]
    pairs = [(d["row"], d["other"]) for d in found["table3"]["differences"]]
    assert ("ST-infer", "longer, ST untrained") in pairs
