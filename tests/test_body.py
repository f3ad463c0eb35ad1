"""The rows of the network that sees the body: on the same crops, each computed once."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments.paper_a import body, conditions, recipes, strict
from renderer import render
from tslib.heatmaps import gaussian
from tslib.slices import Slices
from tslib.training.config import read_config
from tslib.training.data import load_data


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("body") / "clips"
    render(folder, 10, 0, (48, 48), 6)
    torch.set_num_threads(1)
    return folder


@pytest.fixture(scope="module")
def config():
    config = read_config(body.CONFIG)
    short = {"steps": 2, "batch": 2}
    pretrain, joint = replace(config.pretrain, **short), replace(config.joint, **short)
    return replace(config, view=replace(config.view, size=48), pretrain=pretrain, joint=joint)


@pytest.fixture(scope="module")
def rows(clips, config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    return body.Body(config, load_data(clips, config), folder, 0)


def test_every_row_is_compared_with_one_that_comes_before_it():
    names = list(body.rows())
    assert names[0] == "baseline" and set(body.JOINT) < set(names)
    for row, other in body.rows().items():
        assert not other or names.index(other) < names.index(row)


def test_messages_over_time_alone_have_no_edge_within_a_frame(rows):
    base = rows.model("baseline")
    for messages, reach in ((body.ONE, {1}), (body.TWO, {1, 2})):
        layer = messages.behind(base, rows.config, rows.data).inference
        assert {*layer.graph.offset.tolist()} == reach
        assert torch.allclose(layer.stiffness, torch.tensor(messages.stiffness))
        assert not layer.rest.any()  # the flow has taken the motion away


def test_messages_in_space_alone_rest_where_the_data_do(rows):
    layer = body.Messages(0, True, 0.01).behind(rows.model("baseline"), rows.config, rows.data)
    assert not layer.inference.graph.offset.any() and layer.inference.rest.abs().sum() > 1


def test_a_run_that_has_ended_is_taken_up_and_not_trained_again(rows, monkeypatch):
    name = "time over two frames, joint"
    before = rows.model(name).state_dict()
    again = body.Body(rows.config, rows.data, rows.folder, 0).model(name).state_dict()
    assert all(torch.equal(value, again[key]) for key, value in before.items())


def test_the_flow_of_a_row_is_the_one_it_names(rows):
    found = {row: rows.tallies(row) for row in ("baseline; time", "baseline; time and zero flow")}
    assert len({t[:, :, 1].sum() for t in found.values()}) == 1  # the same joints count
    with pytest.raises(KeyError):
        rows.tallies("baseline; time and no such flow")


def test_every_row_is_kept_and_none_is_computed_again(clips, config, tmp_path, monkeypatch):
    monkeypatch.setattr(body, "RESULTS", tmp_path)
    monkeypatch.setattr(body, "read_config", lambda path: config)
    options = argparse.Namespace(
        data=clips, output=tmp_path / "runs", seeds=[0, 1], tests=2, camera="usual", config=None
    )
    body.run(options)
    parts = json.loads((tmp_path / "body.json").read_text(encoding="utf-8"))["parts"]
    assert len(parts) == 3 * len(body.rows()) + 1
    claims = {one["name"]: one for one in parts["seeds [0, 1]: claims"]}
    assert claims["A-C1"]["evidence"].startswith("S-infer - baseline +")
    assert claims["A-C8"]["verdict"] == "not measured"
    joint = parts["seed 1: ST-infer"]
    assert (
        np.shape(joint["minus baseline"])
        == np.shape(joint["minus longer; time over two frames"])
        == (3, 3)
    )
    assert np.shape(parts["seeds [0, 1]: baseline"]["by seed"]) == (3, 2)
    monkeypatch.setattr(body, "compared", lambda *a: pytest.fail("computed again"))
    body.run(options)


def test_suspects_of_strict_thresholds_differ_by_what_they_are_named_for(rows):
    """Arg-max alone lies on the cells, a pull changes springs alone, a target another training."""
    suspects = strict.Strict(rows.config, rows.data, rows.folder, 0)
    names = list(strict.rows())
    assert all(
        not other or names.index(other) < names.index(row) for row, other in strict.rows().items()
    )
    clips = rows.data.test
    read = {row: suspects.poses(row, clips, rows.folder) for row in names[:5]}
    ours, alone = read[strict.JOINT][0], read[f"{strict.JOINT}; {strict.ARG_MAX}"][0]
    assert not np.array_equal(ours, alone) and np.nanmax(np.abs(ours - alone)) < 10
    sizes = {radius for radius in strict.DISCS.values()}
    assert rows.config.joint.radius not in sizes
    trained = [suspects.model(row) for row in (strict.JOINT, *strict.DISCS, strict.SQUARED)]
    springs = [model.inference.log_stiffness for model in trained]
    assert all(not torch.equal(springs[0], other) for other in springs[1:])


def test_the_belief_is_held_against_the_gaussian_of_eq_5(rows):
    """Scores that equal the Gaussian after calibration leave the error of the ConvNet alone."""
    config = rows.config
    model = rows.model("S-infer")
    slices = Slices(rows.data.train, config.view.still(), config.joint.frames, rows.data.flow, 0)
    batch = slices.batch(slices.all()[:2])
    scores, found = model(batch["images"], None)
    loss, parts = strict.towards_gaussian(model, batch, replace(config.joint, deep=0.0))
    side = scores.shape[-1]
    target = gaussian(batch["cells"], (side, side), sigma=config.joint.sigma)
    expected = ((model.calibrated(scores) + 1) / 2 - target).square().sum() / (
        2 * 2 * scores.shape[1]
    )
    torch.testing.assert_close(loss, strict.WEIGHT * expected)
    torch.testing.assert_close(parts["belief"], expected.detach())


def test_recipes_differ_by_what_they_are_named_for(rows):
    """Another target, other steps or rates; and springs in space that start soft."""
    tried = recipes.Recipes(rows.config, rows.data, rows.folder, 0)
    for name, recipe in recipes.RECIPES.items():
        plan, ours = recipe.plan(rows.config.joint), rows.config.joint
        assert (name.startswith("both"), "squared" in name) == (recipe.space > 0, recipe.squared)
        assert ("x steps" in name) == (plan.steps == recipes.LONG * ours.steps)
        assert ("disc of" in name) == (plan.radius == strict.SMALLEST)
        assert ("rate" in name or "slower" in name) == (plan.rate < ours.rate)
    names = recipes.rows()
    assert all(not other or other in names for other in names.values())
    model = tried.model("both, squared error")
    layer = model.inference
    within = set(layer.graph.spring[layer.graph.offset == 0])
    before = replace(body.TWO, space=True).behind(tried.model("baseline"), rows.config, rows.data)
    recipes.soften(before.inference, 0.001)
    for s, value in enumerate(before.inference.stiffness.mean(1).tolist()):
        assert value == pytest.approx(0.001 if s in within else body.TWO.stiffness)
    # The ConvNet has learnt, and so have springs in space.
    base = dict(tried.model("baseline").named_parameters())
    assert any(not torch.equal(v, base[n]) for n, v in model.named_parameters() if n in base)
    moved = (layer.stiffness != before.inference.stiffness).any(1).tolist()
    assert {s in within for s, one in enumerate(moved) if one} == {
        True
    }  # with exact flow none pulls


def test_a_recipe_is_held_against_the_untrained_row_as_well(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "RESULTS", tmp_path)
    monkeypatch.setattr(body, "read_config", lambda path: rows.config)
    monkeypatch.setattr(body, "load_data", lambda *a: rows.data)
    few = dict(list(recipes.RECIPES.items())[:1])
    monkeypatch.setattr(recipes, "RECIPES", few)
    options = argparse.Namespace(
        config=None, data=None, output=rows.folder.parent, seeds=[0], camera="poor", tests=2
    )
    recipes.run(options)
    parts = json.loads((tmp_path / "recipes.json").read_text(encoding="utf-8"))["parts"]
    (name,) = few
    found = parts[f"seed 0: {name}"]
    for other in (recipes.UNTRAINED, recipes.FAIR[1], "baseline"):
        assert np.shape(found[f"minus {other}"]) == (3, 3)


def test_hidden_joints_are_in_the_picture_and_cannot_be_seen(rows):
    clip = rows.data.test[0]
    joints, visible = clip.joints.copy(), np.ones_like(clip.visible)
    joints[:] = 5
    joints[0, 1], joints[0, 2], joints[0, 3] = (-1, 5), (5, 48), (np.nan, 5)  # of 48 px
    visible[0, :4] = False
    found = conditions.hidden(replace(clip, joints=joints, visible=visible))
    assert found[0, 0] and found.sum() == 1


def test_other_conditions_take_up_the_networks_and_count_other_joints(
    clips, config, tmp_path, monkeypatch
):
    other = tmp_path / "usual"
    render(other, 10, 1, (48, 48), 6)
    monkeypatch.setattr(conditions, "RESULTS", tmp_path)
    monkeypatch.setattr(body, "read_config", lambda path: config)
    few = {row: also for row, also in conditions.rows().items() if not also or row == "S-infer"}
    monkeypatch.setattr(conditions, "rows", lambda: few)
    output = tmp_path / "runs"
    given = dict(data=clips, output=output, seeds=[0], tests=2, camera="usual", config=None)
    conditions.run(argparse.Namespace(**given, usual=other, sets=[other]))
    stored = json.loads((tmp_path / "conditions.json").read_text(encoding="utf-8"))
    names = [(conditions.USUAL, 0), (conditions.HIDDEN, 0), (conditions.SETS, 1)]
    assert set(stored["parts"]) == {f"{name}, seed {s}: {row}" for name, s in names for row in few}
    data = load_data(clips, config)
    seen = body.Body(config, data, output / "seed0", 0).tallies("baseline")[:, 0, 1].sum()
    hidden = conditions.Hidden(config, data, output / "seed0", 0).tallies("baseline")[:, 0, 1].sum()
    assert hidden == stored["about"]["joints"][conditions.HIDDEN] > 0
    assert seen == sum(clip.counted.sum() for clip in data.test)
    # Joints of the other clips have places of their own.
    kept = [np.load(output / "seed0" / place / "baseline.npz") for place in ("", conditions.USUAL)]
    assert not all(np.array_equal(kept[0][name], kept[1][name]) for name in kept[0].files)
    monkeypatch.setattr(conditions, "compared", lambda *a: pytest.fail("computed again"))
    conditions.run(argparse.Namespace(**given, usual=other, sets=[other]))


def test_another_set_is_learnt_from_and_the_same_clips_are_tested(clips, config, tmp_path):
    render(tmp_path / "other", 10, 1, (48, 48), 6)
    data, other = load_data(clips, config), load_data(tmp_path / "other", config)
    mixed = conditions.of_set(data, tmp_path / "other", config)
    assert mixed.test is data.test
    for ours, theirs in ((mixed.test[0], data), (mixed.train[0], other)):
        expected = [c for c in (*theirs.train, *theirs.test) if c.name == ours.name][0]
        np.testing.assert_array_equal(ours.joints, expected.joints)
        flows = [kind.flow(ours).dense(0) for kind in (mixed, theirs)]
        np.testing.assert_array_equal(*flows)
