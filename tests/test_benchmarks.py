"""The benchmarks measure what they say: the rivals agree, and a quick run goes through. No time is tested."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import short_runs
import torch

from benchmarks import full_size, messages, peers
from tslib.distance_transform import distance_transform_numpy
from tslib.distance_transform.layer import flat_source
from tslib.render import render
from tslib.training.data import load
from tslib.training.results import Runs


@pytest.mark.parametrize("kind", ["heat", "finer", "noise", "x 100"])
def test_every_transform_gives_the_references_message(kind):
    score, stiffness, rest = messages.transform_inputs(kind, 3, 21)
    expected, _ = distance_transform_numpy(score.numpy(), stiffness.numpy(), rest.numpy())
    found = messages.transforms(compile=False)
    assert len(found) == 5
    for name, function in found.items():
        arguments = [t.numpy() if name == "NumPy reference" else t for t in (score, stiffness, rest)]
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


@pytest.mark.parametrize("name", ["labels.py", "failure_modes.py"])
def test_scripts_start_by_their_path(name):
    script = messages.ROOT / "benchmarks" / name
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "--write" in done.stdout, done.stderr


def test_full_size_measures_steps_and_rows(tmp_path):
    """On a tiny network: both stages are timed, and rows are compared on the same clips."""
    render(tmp_path / "clips", 10, 0, (48, 48), 7)
    config = replace(short_runs.config(2), joint=replace(short_runs.CONFIG.joint, steps=2, frames=3))
    data = load(tmp_path / "clips", config)
    found = full_size.cost(config, data, tmp_path / "cost", full_size.WARM + 3)
    assert set(found) == {"pretrain", "joint"}
    assert all(row["s a step"] > 0 for row in found.values())
    found = full_size.rows_of(Runs(config, data, tmp_path / "runs"))
    assert set(found["rows"]) == set(full_size.ROWS) and found["clips"]["test"] == len(data.test)
    rates = {row: r["mean"] for row, r in found["rows"].items()}
    for one in found["differences"]:
        assert one["@0.2"][0] == pytest.approx(rates[one["row"]] - rates[one["other"]])
