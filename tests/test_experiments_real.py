"""What is measured on real tracks and maps, on small ones whose errors are known."""

from argparse import Namespace
from dataclasses import replace
from inspect import signature

import numpy as np
import pytest
import torch

from experiments.paper_a import failure_modes, full_size
from experiments.real import dense_motion, flow, labels, real_clip, springs, youtube_correctors
from tslib.clip import Clip
from tslib.errors import InputError
from tslib.message_passing import MessagePassing, PoseGraph


def walked(T, seed):
    """A truth (T, 6, 2) px of arms in slow motion."""
    start = np.array([[30, 0], [-30, 0], [40, 40], [-40, 40], [45, 80], [-45, 80]]) + 100.0
    return start + np.random.default_rng(seed).normal(0, 1, (T, 6, 2)).cumsum(0)


@pytest.fixture(scope="module")
def measured():
    """Tracks that are off by a shift of a tenth of the shoulders' width, a tremble, and a burst."""
    found = []
    for seed in range(4):
        truth = walked(30, seed)
        track = truth + [6, -3] + np.random.default_rng(9 + seed).normal(0, 1.2, truth.shape)
        track[10:13, 5] += 50
        truth[0, 4] = np.nan
        found.append(dense_motion.Measured(f"scene{seed}", track, truth))
    return found


@pytest.mark.parametrize("errors", [dense_motion.Replayed, dense_motion.Drawn])
def test_errors_put_onto_clean_tracks_are_like_the_measured_ones(measured, errors):
    made = errors(measured)
    drawn = np.stack([made.draw(30, np.random.default_rng(n)) for n in range(40)])
    assert drawn.shape == (40, 30, 6, 2)
    np.testing.assert_allclose(np.median(drawn, (0, 1)), np.tile([0.1, -0.05], (6, 1)), atol=0.02)
    gross = np.linalg.norm(drawn - [0.1, -0.05], axis=-1) > dense_motion.GROSS
    assert 0.05 < gross[..., 5].mean() < 0.2 and gross[..., :5].mean() < 0.005
    assert np.array_equal(made.draw(30, np.random.default_rng(3)), drawn[3])


def test_estimates_are_the_truth_and_errors(measured):
    clean = [walked(20, seed) for seed in range(5)]
    tracks, truths = dense_motion.pairs(
        clean, dense_motion.Replayed(measured), np.random.default_rng(0)
    )
    for track, truth, before in zip(tracks, truths, clean, strict=True):
        assert np.isclose(
            dense_motion.size(truth), dense_motion.size(before), rtol=0.05
        )  # turned, no larger
        off = np.median((track - truth) / dense_motion.size(truth), (0, 1))
        np.testing.assert_allclose(off, [0.1, -0.05], atol=0.03)  # and the shift is not turned
    assert dense_motion.right(dense_motion.Identity(), measured) == 4 * 30 * 6 - 4 * 3 - 4


def test_springs_of_one_type_are_those_of_the_layer():
    """The benchmark's loop of mixtures, with one type, is MessagePassing along the limbs."""
    skeleton, draw = springs.UPPER, torch.Generator().manual_seed(0)
    layer = MessagePassing(PoseGraph.of(skeleton, 1, mirror=False, span=0), springs.ITERATIONS)
    rest = 2 * torch.randn(len(skeleton.edges), 1, 2, generator=draw)
    ours = springs.Springs(rest.numpy())
    with torch.no_grad():
        layer.rest.copy_(rest[:, 0])
    unary = torch.rand(2, 7, 12, 9, generator=draw)
    torch.testing.assert_close(ours(unary), layer(unary[:, None])[:, 0])
    two = springs.Springs(rest.repeat(1, 2, 1).numpy())
    torch.testing.assert_close(two(unary), ours(unary))  # two types that are the same are one
    with torch.no_grad():
        two.rest[:, 1] += 50  # beyond the map, and so never the best
    torch.testing.assert_close(two(unary), ours(unary))


def test_correctable_errors_are_a_low_head_and_joints_that_are_off():
    skeleton, rng = youtube_correctors.UPPER, np.random.default_rng(0)
    joints = rng.normal(100, 40, (50, 7, 2)).astype(np.float32)
    clip = Clip("a", joints, np.ones((50, 7), bool), np.full((50, 4), np.nan, np.float32), skeleton)
    made = youtube_correctors.correctable(clip, rng)
    left, right = (
        joints[:, skeleton.joints.index(f"{side}_shoulder")] for side in ("left", "right")
    )
    width = np.median(np.linalg.norm(left - right, axis=-1))
    head = skeleton.joints.index("head")
    away = np.linalg.norm(made - joints, axis=-1) / width
    third = np.linalg.norm((left + right) / 2 - joints[:, head], axis=-1) / width / 3
    assert np.median(np.abs(away[:, head] - third)) < 0.06
    others = np.delete(away, head, 1)
    assert np.median(others) < 0.1 and 0.05 < (others > 0.2).mean() < 0.15


def test_no_method_has_seen_the_film_that_it_is_tested_on(measured, monkeypatch):
    """Of every method of a fold, what it was given; and rows are sums over the scenes."""
    films = ["Cast-Away", "Cast-Away", "Terminal", "Gump"]
    wild = [
        replace(s, scene=f"{film}-{n}")
        for n, (s, film) in enumerate(zip(measured, films, strict=True))
    ]
    wild.append(replace(wild[0], track=wild[0].track + 300))  # a second sequence of the first scene
    given = []

    def watched(rest, clean, seed, fold, steps):
        given.append({s.film for s in rest})
        return {
            name: dense_motion.Identity()
            for name in ("identity", dense_motion.OFFSET, *dense_motion.FILTERS)
        }, {}

    monkeypatch.setattr(dense_motion, "sequences", lambda folder: wild)
    monkeypatch.setattr(dense_motion, "motion", lambda folder: [])
    monkeypatch.setattr(dense_motion, "methods", watched)
    found = dense_motion.measure(None, [0], [0], log=lambda *a, **k: None)
    assert given == [{"Gump", "Terminal"}, {"Cast-Away", "Terminal"}, {"Cast-Away", "Gump"}]
    assert (found["sequences"], found["scenes"], found["films"]) == (5, 4, 3)
    assert found["rows"]["identity"]["@20 px"] == pytest.approx(
        100 * (4 * 176 - 4 - 12 + 4 + 4) / (5 * 180 - 5), abs=2
    )


def test_a_video_that_several_folds_have_seen_is_one_video():
    joints = np.zeros((4, 7, 2), np.float32)
    clips = [
        Clip(
            n,
            joints,
            np.ones((4, 7), bool),
            np.full((4, 4), np.nan, np.float32),
            youtube_correctors.UPPER,
        )
        for n in "abc"
    ]
    estimates = {clip.name: joints + 15.0 * n for n, clip in enumerate(clips)}
    pairs = [(clip, joints + 15.0 * n * k) for k in (1, 1, 0) for n, clip in enumerate(clips)]
    found = youtube_correctors.changes(pairs, estimates)
    assert (found["better"], found["worse"]) == (
        2,
        0,
    )  # b and c lie 21 and 42 px off until the third fold
    assert found["points"] == pytest.approx(100 * 2 / 3 / 3)


@pytest.mark.parametrize(
    "module",
    [failure_modes, full_size, dense_motion, flow, labels, real_clip, springs, youtube_correctors],
)
def test_every_measurement_runs_by_its_options(module):
    assert list(signature(module.run).parameters) == ["options"] and module.__doc__


@pytest.mark.parametrize("module", [dense_motion, flow, real_clip])
def test_without_recordings_one_sentence_says_what_is_missing(module, monkeypatch):
    monkeypatch.delenv("TSLIB_DATA", raising=False)
    with pytest.raises(InputError, match="TSLIB_DATA must name the folder"):
        module.run(Namespace(write=False, quick=True))
