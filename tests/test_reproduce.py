"""Tables from runs of a few steps: all rows, their controls, the claims; nothing is computed twice."""

import json
from dataclasses import replace

import numpy as np
import pytest
import short_runs
import torch

from tslib.render import render
from tslib.skeletons import SKELETONS
from tslib.training import reproduce as reproduction
from tslib.training.claims import AT, Compared, judge
from tslib.training.data import load
from tslib.training.reproduce import ALPHAS, FOLDERS, Runs, printable, table1

PENN = SKELETONS["penn13"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reproduce")
    render(folder / "clips", 10, 0, (48, 48), 7)
    torch.set_num_threads(1)
    config = replace(short_runs.config(2), joint=replace(short_runs.CONFIG.joint, steps=2, frames=3))
    return Runs(config, load(folder / "clips", config), folder / "runs")


@pytest.fixture(scope="module")
def result(runs):
    return table1(runs, [0, 1])


def test_every_row_of_the_paper_and_the_controls(runs, result):
    assert set(result["rows"]) == set(FOLDERS) and len(FOLDERS) == 10
    assert result["seeds"] == [0, 1] and result["clips"]["test"] == len(runs.data.test)
    for row in result["rows"].values():
        assert len(row["groups"]) == 7 and len(row["by seed"]) == 2
        low, high = row["interval"]
        assert 0 <= low <= row["means"]["micro"] + 1e-9 and row["means"]["micro"] <= high + 1e-9 <= 101
        assert np.mean(row["by seed"]) == pytest.approx(
            row["means"]["micro"]
        )  # the same joints for each seed
    assert result["paper"]["ST-infer"] == [98.0, 97.3, 95.1, 94.7, 97.1, 97.1, 96.9, 96.5]
    assert set(result["sweeps"]) == {"iterations", "normalization", "frames", "flow"}
    assert set(result["sweeps"]["flow"]) == {"exact", "dis", "none"}
    json.dumps(result)


def test_rows_are_what_they_say(runs):
    """A joint model's ConvNet is its own; no iterations are the ConvNet alone; a frozen one is the base."""
    joint, taken = runs.poses("ST-infer", 0), runs.poses("ST-infer(∗)", 0)
    none = runs.poses("ST-infer", 0, label="iterations 0", change=reproduction.altered(iterations=0))
    assert all(np.allclose(a, b, atol=1e-3) for a, b in zip(taken, none, strict=True))
    assert any(not np.allclose(a, b, atol=1e-3) for a, b in zip(taken, joint, strict=True))
    frozen, base = runs.model("ST-infer(⋆)", 0).convnet, runs.model("baseline", 0).convnet
    other = runs.model("ST-infer", 0).convnet
    assert all(torch.equal(a, b) for a, b in zip(frozen.parameters(), base.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(other.parameters(), base.parameters(), strict=True))


def test_nothing_is_computed_twice(runs, result, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("this was computed before")

    monkeypatch.setattr(reproduction, "predict_clips", refuse)
    assert table1(runs, [0, 1]) == result


def test_a_page_of_it(result):
    text = printable(result, PENN)
    for row in FOLDERS:
        assert f"| {row} |" in text
    assert text.count("*the paper's") == 6
    for n in range(1, 16):
        assert f"| A-C{n} |" in text


def made_up(rates, seeds=(0, 1), clips=40):
    """Tallies {row: {seed: (N, A, 2, K)}} in which a row hits that share of joints at every threshold."""
    results = {}
    for row, rate in rates.items():
        results[row] = {}
        for seed in seeds:
            tally = np.full((clips, len(ALPHAS), 2, 13), 1000)
            tally[:, :, 0] = np.random.default_rng(seed).normal(10 * rate, 5, (clips, 1, 13)).round()
            results[row][seed] = tally
    return results


def test_claims_by_hand():
    good = {
        "baseline": 80, "longer": 80.5, "S-infer": 84, "ST-infer": 88, "ST-infer(⋆)": 86,
        "ST-infer(∗)": 79, "ST-infer(2)": 88,
    }  # fmt: skip
    verdicts = lambda c, s=None: {one.name: one.verdict for one in judge(c, s)}  # noqa: E731
    compared = Compared(made_up(good), PENN)
    assert compared.rate("ST-infer") == pytest.approx(88, abs=0.3)
    points, low, high = compared.difference("ST-infer", "S-infer")
    assert points == pytest.approx(4, abs=0.3) and 3.5 < low < points < high < 4.5
    found = verdicts(compared, {"iterations": {0: 80, 1: 87, 3: 88, 6: 88.2}, "normalization": {
        "degree": 88, "mean": 87, "none": 80}})  # fmt: skip
    assert [found[f"A-C{n}"] for n in (1, 2, 4, 8, 9, 11, 12)] == ["holds"] * 7
    assert found["A-C5"] == "does not"  # worse than before joint training
    assert found["A-C3"] == found["A-C10"] == found["A-C15"] == "not measured"
    worse = verdicts(Compared(made_up(good | {"ST-infer": 83, "ST-infer(2)": 88}), PENN))
    assert [worse[f"A-C{n}"] for n in (2, 4, 8, 9)] == ["does not"] * 4
    assert worse["A-C11"] == worse["A-C12"] == "not measured"
    only = made_up({"baseline": 80, "S-infer": 84})
    assert verdicts(Compared(only, PENN))["A-C2"] == "not measured"
    assert ALPHAS[AT[0.2]] == 0.2 and ALPHAS[AT[0.1]] == 0.1 and ALPHAS[AT[0.05]] == 0.05
