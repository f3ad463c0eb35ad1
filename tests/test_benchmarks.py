"""The benchmarks measure what they say: the rivals agree, and a quick run goes through. No time is
tested.
"""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import short_runs
import torch

from experiments.paper_a import full_size
from experiments.paper_a.runs import Runs
from experiments.real import dense_motion, youtube_correctors
from experiments.real import springs as real_springs
from experiments.speed import messages, peers
from renderer import render
from tslib.clip import Clip
from tslib.distance_transform import distance_transform_numpy
from tslib.distance_transform.layer import flat_source
from tslib.message_passing import MessagePassing, PoseGraph
from tslib.training.data import load


@pytest.mark.parametrize("kind", ["heat", "finer", "noise", "x 100"])
def test_every_transform_gives_the_references_message(kind):
    score, stiffness, rest = messages.transform_inputs(kind, 3, 21)
    expected, _ = distance_transform_numpy(score.numpy(), stiffness.numpy(), rest.numpy())
    found = messages.transforms(compile=False)
    assert len(found) == 5
    for name, function in found.items():
        arguments = [
            t.numpy() if name == "NumPy reference" else t for t in (score, stiffness, rest)
        ]
        assert np.allclose(messages.first(function(*arguments)), expected, atol=1e-4), name


def test_the_envelope_names_senders_that_offer_its_message():
    score, stiffness, rest = messages.transform_inputs("noise", 2, 19)
    message, column, row = peers.envelope(score, stiffness, rest)
    source = flat_source(column, row, 19)
    y, x = torch.meshgrid(torch.arange(19), torch.arange(19), indexing="ij")
    price = sum(
        stiffness[:, axis, None, None] * (q - p - rest[:, axis, None, None]) ** 2
        for axis, q, p in ((0, source % 19, x), (1, source // 19, y))
    )
    assert torch.allclose(
        score.flatten(1).gather(1, source.flatten(1)).view_as(price) - price, message, atol=1e-5
    )


def test_every_layer_gives_the_same_scores_and_gradients():
    inputs = messages.layer_inputs(B=2, T=2, n=11)
    results = {
        name: messages.training_step(one_round, 2, inputs)[:2]
        for name, one_round in messages.layers().items()
    }
    score, gradients = results.pop("ours")
    assert len(results) == 2
    for name, (other, theirs) in results.items():
        assert torch.allclose(score, other, atol=1e-5), name
        for a, b in zip(gradients, theirs, strict=True):
            assert torch.allclose(a, b, rtol=1e-3, atol=1e-4), name


def test_the_graph_of_the_layer():
    assert len(messages.layer_inputs(B=1, n=4)[1]) == 284
    assert len(messages.layer_inputs(B=1, n=4, joints=5, T=3)[1]) == 2 * (3 * 4 + 2 * 5)


def test_candidates_are_counted_within_the_window():
    stiffness, rest = np.float32([0.1, 0.1]), np.float32([0, 0])
    flat, steep = np.zeros((32, 32), np.float32), np.zeros((32, 32), np.float32)
    steep[::2] = 1e6
    steep[:, ::2] = -1e6
    assert peers.candidates(flat, stiffness, rest) < 40
    assert peers.candidates(steep, stiffness, rest) >= 2 * 32


def test_a_quick_run_goes_through(capsys):
    messages.main(["--quick"])
    printed = capsys.readouterr().out
    for part in (
        "numba envelope",
        "plain autograd",
        "candidates a cell",
        "frames",
        "| ratio | measured | bar |",
    ):
        assert part in printed


def test_the_stored_results_are_of_a_whole_run_and_the_readme_shows_them():
    found = json.loads((messages.RESULTS / "messages.json").read_text(encoding="utf-8"))
    bars = {*messages.BARS, *messages.CEILINGS}
    cuda = {name for name in bars if name.startswith("CUDA")}
    assert set(messages.ratios(found)) == bars - cuda
    assert found["settings"]["edges"] == 284 and set(found["layer"]) == set(messages.layers())
    assert set(found["pgmax"]) == {"8", "12"}  # measured where PGMax is installed
    readme = (messages.ROOT / "README.md").read_text(encoding="utf-8")
    assert messages.against_the_bars(found) in readme
    found = json.loads((messages.RESULTS / "messages-cuda.json").read_text(encoding="utf-8"))
    assert set(messages.ratios(found)) == cuda and messages.against_the_bars(found) in readme


@pytest.mark.parametrize(
    "name",
    [
        "labels.py",
        "failure_modes.py",
        "dense_motion.py",
        "real_springs.py",
        "youtube_correctors.py",
    ],
)
def test_scripts_start_by_their_path(name):
    script = messages.ROOT / "benchmarks" / name
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, encoding="utf-8")
    assert done.returncode == 0 and ("--write" in done.stdout or "--quick" in done.stdout), (
        done.stderr
    )


def test_full_size_measures_steps_and_rows(tmp_path):
    """On a tiny network: both stages are timed, and rows are compared on the same clips."""
    render(tmp_path / "clips", 10, 0, (48, 48), 7)
    config = replace(
        short_runs.config(2), joint=replace(short_runs.CONFIG.joint, steps=2, frames=3)
    )
    data = load(tmp_path / "clips", config)
    found = full_size.cost(config, data, tmp_path / "cost", full_size.WARM + 3)
    assert set(found) == {"pretrain", "joint"}
    assert all(row["s a step"] > 0 for row in found.values())
    found = full_size.rows_of(Runs(config, data, tmp_path / "runs"))
    assert set(found["rows"]) == set(full_size.ROWS) and found["clips"]["test"] == len(data.test)
    rates = {row: r["mean"] for row, r in found["rows"].items()}
    for one in found["differences"]:
        assert one["@0.2"][0] == pytest.approx(rates[one["row"]] - rates[one["other"]])


# Real tracks and maps


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
        found.append(dense_motion.Sequence(f"scene{seed}", track, truth))
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


def test_springs_of_one_type_are_the_layers():
    """The benchmark's loop of mixtures, with one type, is MessagePassing along the limbs."""
    skeleton, draw = real_springs.UPPER, torch.Generator().manual_seed(0)
    layer = MessagePassing(PoseGraph.of(skeleton, 1, mirror=False, span=0), real_springs.ITERATIONS)
    rest = 2 * torch.randn(len(skeleton.edges), 1, 2, generator=draw)
    ours = real_springs.Springs(rest.numpy())
    with torch.no_grad():
        layer.rest.copy_(rest[:, 0])
    unary = torch.rand(2, 7, 12, 9, generator=draw)
    torch.testing.assert_close(ours(unary), layer(unary[:, None])[:, 0])
    two = real_springs.Springs(rest.repeat(1, 2, 1).numpy())
    torch.testing.assert_close(two(unary), ours(unary))  # two types that are the same are one
    with torch.no_grad():
        two.rest[:, 1] += 50  # beyond the map, and so never the best
    torch.testing.assert_close(two(unary), ours(unary))


def test_errors_that_can_be_corrected():
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


def test_the_readme_says_what_a_step_costs():
    found = json.loads((messages.RESULTS / "full_size.json").read_text(encoding="utf-8"))["recipe"][
        "cost"
    ]
    assert set(found) == {f"{n} stages, {stage}" for n in (3, 6) for stage in ("pretrain", "joint")}
    readme = (messages.ROOT / "README.md").read_text(encoding="utf-8")
    for stage in ("pretrain", "joint"):
        cost = found[f"3 stages, {stage}"]
        assert f"{cost['s a step']:.2f} s and {cost['GPU, GB']:.0f} GB in the" in readme


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
