"""Springs on the upper bodies of YouTube Pose: who learns from whom, small frames, a tiny run."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import trees

from experiments.claims import FAILS, HOLDS, UNDECIDED
from experiments.real import pictures, upper_bodies
from tslib.errors import InputError

NAMES = [f"video{n}" for n in range(9)]
T = 6  # labelled frames of a video


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """YouTube Pose in small, with frames of every video."""
    folder = tmp_path_factory.mktemp("upper") / "youtube_pose"
    trees.write_youtube(folder, videos=NAMES, locs=trees.pose(T, 7).transpose(2, 1, 0))
    content = trees.youtube(videos=NAMES)["data"][0]
    for entry in content:
        for n in np.ravel(entry["frameids"]):
            name = entry["videoname"]
            trees.write_frame(folder / "GT_frames" / name / f"frame_{n:06d}.jpg", int(n) // 40)
    return folder


def names(clips):
    return {clip.name for clip in clips}


def test_every_video_is_tested_once_by_a_network_that_never_saw_it(root):
    videos = upper_bodies.videos_in(root)
    assert [clip.name for clip in videos] == NAMES
    tested = []
    for fold in range(upper_bodies.FOLDS):
        data = upper_bodies.data_of(fold, videos)
        parts = [names(data.train), names(data.validation), names(data.test)]
        assert sum(map(len, parts)) == len(set.union(*parts)) == len(NAMES)
        assert all(len(clip) == T for clip in data.train) and data.flow is None
        assert all(len(clip) == 2 for clip in data.test + data.validation)  # of six every fourth
        tested += parts[2]
    assert sorted(tested) == NAMES


def test_a_person_becomes_as_small_as_the_network_sees_people(root, monkeypatch):
    whole = upper_bodies.videos_in(root)[0]
    assert whole.frames[0].shape == (48, 64, 3)  # small enough: nothing is enlarged
    monkeypatch.setattr(upper_bodies, "PERSON", 6.0)  # their boxes are 12 px wide
    small = upper_bodies.videos_in(root)[0]
    assert small.size == (32, 24) and small.frames[0].shape == (24, 32, 3)
    np.testing.assert_allclose(small.joints, (whole.joints + 0.5) / 2 - 0.5)
    # Half a pixel is what a cell of four pixels shows: red grows by 4 a pixel to the right.
    x = np.arange(32)
    red = small.frames[0][12, :, 0].astype(float)
    np.testing.assert_allclose(red, 4 * (2 * x + 0.5), atol=8)
    np.testing.assert_allclose(small.box[:, :2], small.joints.min(1))
    np.testing.assert_allclose(small.size_of_person, 6)


def test_every_row_of_a_tiny_run_is_kept(root, tmp_path, monkeypatch):
    torch.set_num_threads(1)
    plan = pictures.config(upper_bodies.SKELETON, 2, upper_bodies.ANGLE)
    plan = replace(
        plan,
        view=replace(plan.view, size=48),
        pretrain=replace(plan.pretrain, batch=2),
        joint=replace(plan.joint, steps=2, batch=2),
    )
    few = {name: m for name, m in pictures.UNTRAINED.items() if m.stiffness == 0.01 and m.types < 5}
    monkeypatch.setenv("TSLIB_DATA", str(root.parent))
    monkeypatch.setattr(upper_bodies, "RESULTS", tmp_path)
    monkeypatch.setattr(upper_bodies, "UNTRAINED", few)
    monkeypatch.setattr(upper_bodies, "config", lambda *given: plan)
    options = argparse.Namespace(output=tmp_path / "runs", seeds=[0, 1], steps=2)
    upper_bodies.run(options)
    stored = json.loads((tmp_path / "upper_bodies.json").read_text(encoding="utf-8"))
    parts, about = stored["parts"], stored["about"]
    assert (about["videos"], about["folds"], about["pictures"]["test"]) == (9, 3, 18)
    assert about["joints"] == 18 * 7
    (claim,) = parts.pop("seeds [0, 1]: claims")
    assert claim["name"] == "A-C1" and claim["verdict"] in (HOLDS, FAILS, UNDECIDED)
    rows = pictures.rows(few)
    expected = {f"{s}: {row}" for s in ("seed 0", "seed 1", "seeds [0, 1]") for row in rows}
    expected |= {f"seed {s}: pictures to choose by" for s in (0, 1)}
    assert set(parts) == expected
    # One network for each third of the videos.
    assert len(list((tmp_path / "runs" / "seed1").iterdir())) == upper_bodies.FOLDS
    monkeypatch.setattr(pictures, "compared_here", lambda *a: pytest.fail("computed again"))
    upper_bodies.run(options)


def test_without_recordings_one_sentence_says_what_is_missing(monkeypatch):
    monkeypatch.delenv("TSLIB_DATA", raising=False)
    with pytest.raises(InputError, match="TSLIB_DATA must name the folder"):
        upper_bodies.run(argparse.Namespace(output=None, seeds=[0], steps=2))
