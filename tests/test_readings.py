"""The readings of Eq. 6: what they differ in, and that nothing is computed twice."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from experiments import records
from experiments.paper_a import readings
from renderer import render
from tslib.heatmaps import disc
from tslib.slices import Slices
from tslib.training import stages
from tslib.training.data import load_data
from tslib.training.models import load_model


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readings") / "clips"
    render(folder, 10, 0, (96, 96), 6)
    torch.set_num_threads(1)
    return folder


@pytest.fixture(scope="module")
def setting(clips):
    """Config, data, untrained model and slices of the printed recipe."""
    config = readings.recipe_of("printed", "mean", 2)
    data = load_data(clips, config)
    start, _, _ = load_model(readings.START)
    model = stages.with_inference(config, start, data.train, 1)
    slices = Slices(data.train, config.view, config.joint.frames, data.flow)
    return config, data, model, slices


def options(clips, folder, **changes):
    chosen = {"data": clips, "output": folder, "seeds": [0], "steps": 2, "camera": "usual"}
    return argparse.Namespace(**chosen | changes)


def test_the_printed_recipe_has_the_paper_s_rates_and_the_laptop_s_discs():
    plan = readings.recipe_of("printed", "none", None).joint
    assert (plan.optimizer, plan.rate, plan.positive, plan.deep) == ("sgd", 1e-4, 1, 0)
    ours = readings.recipe_of("ours", "none", None).joint
    assert (plan.radius, plan.sigma, plan.steps) == (ours.radius, ours.sigma, ours.steps)


def test_averaged_is_summed_over_joints_and_cells(setting):
    config, _, model, slices = setting
    batch = default_collate([slices[0, 0, 1], slices[1, 0, 2]])
    with torch.no_grad():
        summed, _ = readings.eq6(model.eval(), batch, config.joint, False)
        averaged, _ = readings.eq6(model, batch, config.joint, True)
    assert float(averaged) == pytest.approx(float(summed) / (13 * 24 * 24))


def test_a_matched_calibration_puts_mean_scores_on_the_targets(setting):
    config, _, model, slices = setting
    readings.match(model, slices, config.joint)
    keys = readings.Keys(slices, replace(config.joint, steps=readings.BATCHES), 0)
    inside, outside = [], []
    with torch.no_grad():
        for part in keys:
            batch = default_collate([slices[key] for key in part])
            scores = model.calibrated(model(batch["images"], batch["flows"])[0])
            target = disc(batch["cells"], scores.shape[-2:], radius=config.joint.radius)
            inside.append(scores[target > 0])
            outside.append(scores[target < 0])
    # Joints are seen equally often, so what holds for each holds for all.
    assert float(torch.cat(outside).mean()) == pytest.approx(-1, abs=0.01)
    assert float(torch.cat(inside).mean()) == pytest.approx(1, abs=0.05)


def test_every_reading_is_kept_and_none_is_computed_again(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(readings, "RESULTS", tmp_path)
    monkeypatch.setattr(readings, "NORMALIZATIONS", ("degree",))
    readings.run(options(clips, tmp_path / "runs"))
    parts = json.loads((tmp_path / "readings.json").read_text(encoding="utf-8"))["parts"]
    assert len(parts) == 6  # four of the printed recipe, two of ours
    for found in parts.values():
        assert found["finite"] and found["steps"] == 2 and np.isfinite(found["loss"]).all()
        assert len(found["PCK"]["before"]) == 3 and len(found["after - before"]) == 3
    monkeypatch.setattr(readings, "read", lambda *a: pytest.fail("computed again"))
    readings.run(options(clips, tmp_path / "runs"))


def test_a_reading_that_diverges_is_said_to(clips, setting, tmp_path, monkeypatch):
    config, data, _, _ = setting
    wild = replace(config, joint=replace(config.joint, rate=1e20, steps=4))
    monkeypatch.setattr(readings, "recipe_of", lambda *a: wild)
    found = readings.read(data, tmp_path, 0, 4, ("printed", "summed", "raw", "mean"))
    assert not found["finite"] and "diverged" in found["why"] and "after" not in found["PCK"]


def test_the_printed_recipe_says_what_it_does():
    """No reading of it, with any seed, ends where it began; so the first lines of its file say."""
    first = (records.ROOT / "data" / "training" / "paper.toml").read_text(encoding="utf-8")[:200]
    assert "forgets what the first one has learnt" in " ".join(first.replace("#", "").split())
    parts = json.loads((records.RESULTS / "readings.json").read_text(encoding="utf-8"))["parts"]
    printed = [part for name, part in parts.items() if name.startswith("printed, ")]
    assert len(printed) >= 12
    for part in printed:
        assert not part["finite"] or part["after - before"][0][2] < -1
