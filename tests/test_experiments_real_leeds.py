"""Leeds Sports Pose: its loader on a made-up folder and on the real one, springs with types against
brute force, and the rows of a tiny run.
"""

import argparse
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
import trees

from experiments.claims import FAILS, HOLDS, UNDECIDED
from experiments.real import leeds, leeds_pictures, pictures, turned
from experiments.real.springs import Springs
from tslib.errors import InputError
from tslib.message_passing import MessagePassing, PoseGraph
from tslib.skeletons import SKELETONS

SKELETON = SKELETONS["cvit14"]
GRAPH = turned.graph_of(SKELETON)
ROWS = pictures.rows(pictures.UNTRAINED | pictures.TURNED)
PICTURES = 18


def labels(count=PICTURES):
    """joints (14, 3, N) from 1: every picture another place; the second one lacks a knee."""
    joints = np.ones((14, 3, count))
    joints[:, :2] = trees.pose(count, 14).transpose(1, 2, 0)
    joints[1, :, 1] = -53.3, 0, 0
    return joints


def written(root, joints=None, pictures=range(1, PICTURES + 1)):
    """A folder in the data set's layout; its label file may hold more than its pictures."""
    root.mkdir(parents=True, exist_ok=True)
    trees.savemat(root / "joints.mat", {"joints": labels() if joints is None else joints})
    for n in pictures:
        trees.write_frame(root / "images" / f"im{n:05d}.jpg", n)
    return root


def numbers(clips):
    return [int(clip.name.removeprefix("im")) for clip in clips]


def test_pictures_become_clips_of_one_frame_in_three_parts(tmp_path):
    data = leeds_pictures.load(written(tmp_path, pictures=range(1, 16)))
    assert numbers(data.test) == [6, 12] and numbers(data.validation) == [3, 9, 15]
    assert numbers(data.train) == [1, 2, 4, 5, 7, 8, 10, 11, 13, 14]  # 16 to 18 are labels alone
    assert data.flow is None and {clip.split for clip in data.train} == {"train"}
    clip = data.train[0]
    assert len(clip) == 1 and clip.skeleton.joints[0] == "right_ankle"
    np.testing.assert_array_equal(clip.joints[0], trees.pose(1, 14)[0] - 1)  # they count from 1
    assert np.abs(clip.frames[0].astype(int) - trees.frame(1)).mean() < 6


def test_a_flag_of_0_is_an_unknown_joint_and_no_part_of_the_box(tmp_path):
    second = leeds_pictures.load(written(tmp_path)).train[1]
    assert np.isnan(second.joints[0, 1]).all() and not second.visible[0, 1]
    assert second.visible.sum() == second.counted.sum() == 13
    known = np.delete(trees.pose(2, 14)[1] - 1, 1, 0)
    np.testing.assert_array_equal(second.box[0, :2], known.min(0))
    assert second.size_of_person == np.ptp(known, axis=0).max()


def test_a_picture_with_too_few_joints_has_no_box(tmp_path):
    joints = labels()
    joints[1:, 2, 5] = 0  # one joint of picture 6
    joints[:, 1, 11] = 20  # all of picture 12 on one line
    test = leeds_pictures.load(written(tmp_path, joints)).test
    assert numbers(test) == [6, 12, 18]
    assert [bool(clip.counted.any()) for clip in test] == [False, False, True]


@pytest.mark.parametrize(
    ("joints", "pictures", "word"),
    [
        (np.ones((13, 3, 6)), [6], r"joints in .* must be numbers of shape \(14, 3, any\)"),
        (None, [1, 2], "has 2, 0 and 0; copy more there"),
        (None, [], "has 0, 0 and 0; copy more there"),
    ],
)
def test_damage_is_said_in_one_sentence(tmp_path, joints, pictures, word):
    with pytest.raises(InputError, match=word):
        leeds_pictures.load(written(tmp_path, joints, pictures))


def test_missing_labels_are_said_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"there is no label file .*joints\.mat"):
        leeds_pictures.load(tmp_path)


def test_the_real_pictures_are_those_that_its_description_counts(real_data):
    data = leeds_pictures.load(real_data / "lsp")
    assert [len(part) for part in (data.train, data.validation, data.test)] == [4000, 1000, 1000]
    everything = data.train + data.validation + data.test
    assert sum(int(clip.visible.sum()) for clip in everything) == 73861  # of 84,000
    assert sum(int(clip.counted.sum()) for clip in data.test) == 12335
    assert min(int(clip.visible.sum()) for clip in everything) == 5
    # Nobody asked for the fillers, which lie outside the picture.
    known = np.concatenate([clip.joints[clip.visible] for clip in everything])
    assert known.min() > -3 and known.max() < 1000
    head, left, right = (
        data.test[0].skeleton.joints.index(j) for j in ("head", "left_hip", "right_hip")
    )
    heights = np.array([clip.joints[0, :, 1] for clip in everything])
    turned = heights[:, head] - heights[:, [left, right]].mean(1)
    assert (turned > 0)[np.isfinite(turned)].mean() == pytest.approx(1 / 3, abs=0.02)
    assert data.test[0].frames[0].ndim == 3


def test_a_message_of_types_is_the_best_of_all_senders_and_types():
    """Against a loop over all pairs of cells and all types."""
    draw = np.random.default_rng(0)
    graph = PoseGraph(1, ("a", "b"), np.array([[0, 1]]), np.array([0]), ("a-b",))
    rest, bias = draw.normal(0, 2, (1, 3, 2)), -draw.random((1, 3))
    springs, score = Springs(rest, graph, 0.02, bias), draw.random((1, 2, 5, 4))
    found = springs.messages(torch.from_numpy(score).float())[0].detach().numpy()
    cells = [(x, y) for y in range(5) for x in range(4)]
    for message, (sender, sign) in enumerate([(1, 1), (0, -1)]):
        for x, y in cells:
            offers = [
                score[0, sender, v, u]
                - 0.02 * ((np.array([u - x, v - y]) - sign * mu) ** 2).sum()
                + b
                for u, v in cells
                for mu, b in zip(rest[0], bias[0], strict=True)
            ]
            assert found[message, y, x] == pytest.approx(max(offers), abs=1e-5)


def test_types_find_the_directions_of_a_limb_and_weigh_rare_ones():
    draw = np.random.default_rng(0)
    centers, shares = np.array([[5.0, 0], [-5, 0], [0, 6]]), np.array([0.6, 0.3, 0.1])
    kinds = draw.choice(3, 4000, p=shares)
    offsets = centers[kinds] + draw.normal(0, 0.5, (4000, 2))
    offsets[::7] = np.nan
    means, found, variance = pictures.offset_types(offsets, 3, draw)
    order = np.argsort(-found)
    np.testing.assert_allclose(means[order], centers, atol=0.1)
    np.testing.assert_allclose(found[order], shares, atol=0.03)
    assert variance == pytest.approx(0.25, rel=0.1)


def test_types_that_the_data_lack_change_nothing():
    means, shares, _ = pictures.offset_types(
        np.tile([[1.0, 2]], (9, 1)), 4, np.random.default_rng(0)
    )
    np.testing.assert_array_equal(means, np.tile([[1.0, 2]], (4, 1)))
    np.testing.assert_array_equal(shares, 1)


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A recipe of two steps, and made-up pictures."""
    torch.set_num_threads(1)
    plan = pictures.config(SKELETON, 2, leeds.ANGLE)
    pretrain = replace(plan.pretrain, batch=2)
    joint = replace(plan.joint, steps=2, batch=2)
    folder = tmp_path_factory.mktemp("leeds") / "lsp"
    view = replace(plan.view, size=48)
    return replace(plan, view=view, pretrain=pretrain, joint=joint), written(folder)


def test_one_type_is_a_layer_of_the_package(short):
    plan, folder = short
    data = leeds_pictures.load(folder)
    ours = pictures.Mixture(1, 0.01).springs(plan, data)
    assert not ours.bias.any()
    layer = MessagePassing(GRAPH, 3, "degree", stiffness=0.01)
    with torch.no_grad():
        layer.rest.copy_(ours.rest[:, 0])
    unary = torch.rand(2, 14, 12, 9, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours(unary), layer(unary[:, None])[:, 0])


def test_springs_that_are_told_the_type_pull_to_the_true_direction():
    """A joint whose map says nothing goes where its neighbours and the true type put it, in each
    frame by that frame's truth.
    """
    clip = leeds_pictures._clip(leeds_pictures.Path("im00001.jpg"), np.full((14, 2), np.nan, "f4"))
    joints = np.full((2, 14, 2), np.nan, np.float32)
    elbow, wrist = (clip.skeleton.joints.index(f"left_{j}") for j in ("elbow", "wrist"))
    joints[:, elbow], joints[:, wrist] = (40, 40), [(40, 80), (75, 35)]  # down, then aside
    clip = replace(
        clip,
        joints=joints,
        visible=np.isfinite(joints[..., 0]),
        box=np.array([[20, 20, 60, 60]] * 2, np.float32),
        frames=[np.zeros((100, 100, 3), np.uint8)] * 2,
    )
    rest = np.zeros((len(GRAPH.edges), 2, 2))
    rest[GRAPH.springs.index("left_elbow-left_wrist")] = (0, 11), (9, 0)

    def sees_elbows(images):
        maps = torch.zeros(1, 1, 14, 24, 24)
        maps[..., elbow, 8, 8] = 1
        return maps, []

    tell = partial(pictures.told, Springs(rest, GRAPH, 0.05))
    plan = pictures.config(SKELETON, 2500, leeds.ANGLE)
    (found,) = pictures.each_its_own(sees_elbows, [clip], plan, tell)
    down, aside = found[:, wrist] - found[:, elbow]
    assert down[1] > 5 and abs(down[0]) < 5
    assert aside[0] > 5 and abs(aside[1]) < 5


def body(draw):
    """Joints of which every one is known, (K, 2)."""
    return draw.normal(0, 10, (14, 2))


def test_offsets_turn_with_what_they_hang_on():
    """However a body and its limbs are turned, from where they are seen nothing has changed."""
    draw = np.random.default_rng(0)
    joints = body(draw)
    first, second = GRAPH.edges.T
    seen = turned.turn(joints[second] - joints[first], -turned.directions(joints, GRAPH))
    for angle in (0.3, 2.0, -3.0):
        whole = turned.turn(joints, np.full(14, angle))
        ways = turned.directions(whole, GRAPH)
        np.testing.assert_allclose(
            turned.turn(whole[second] - whole[first], -ways), seen, atol=1e-12
        )
    # Right angles go from x to y, and one arm alone turns with its upper arm.
    np.testing.assert_allclose(turned.turn(np.array([1.0, 0]), np.pi / 2), [0, 1], atol=1e-12)
    names, forearm = list(SKELETON.joints), GRAPH.springs.index
    shoulder, elbow, wrist = (names.index(f"left_{n}") for n in ("shoulder", "elbow", "wrist"))
    joints[[shoulder, elbow, wrist]] = (0, 0), (5, 0), (5, 4)
    ways = turned.directions(joints, GRAPH)
    assert ways[forearm("left_elbow-left_wrist")] == 0
    assert ways[forearm("left_shoulder-left_elbow")] == ways[forearm("neck-head")] != 0
    joints[elbow] = np.nan
    assert np.isnan(turned.directions(joints, GRAPH)).sum() == 1  # the forearm's


def test_turned_springs_find_a_wrist_where_the_upper_arm_points():
    """Bodies in all directions, elbows bent alike: one turned type fits all, one fixed none."""
    draw = np.random.default_rng(0)
    joints = body(draw)
    bodies = np.stack([turned.turn(joints, np.full(14, a)) for a in draw.uniform(0, 6.28, 50)])
    first, second = GRAPH.edges.T
    ways, offsets = turned.directions(bodies, GRAPH), bodies[:, second] - bodies[:, first]
    rest = turned.turn(offsets, -ways).mean(0)[:, None]
    springs = Springs(rest, GRAPH, 0.05)
    nowhere = np.full((14, 2), np.nan)
    for seen, truth, what in ((bodies[3], nowhere, "guess"), (nowhere, bodies[3], "truth")):
        made = pictures.turned_by(what, springs, seen, truth)
        np.testing.assert_allclose(made.rest[:, 0].detach().numpy(), offsets[3], rtol=1e-4)
    guessed = pictures.turned_by("truth", springs, bodies[4], nowhere)  # no label says it
    np.testing.assert_allclose(guessed.rest[:, 0].detach().numpy(), offsets[4], rtol=1e-4)


def test_the_recipe_is_that_of_the_body_with_single_pictures():
    plan = pictures.config(SKELETON, 2500, leeds.ANGLE)
    assert (plan.network.architecture, plan.skeleton, plan.flow) == ("body", "cvit14", "none")
    assert (plan.joint.frames, plan.joint.batch, plan.view.angle) == (1, 30, 40)
    assert SKELETONS["cvit14"].joints[-2:] == ("neck", "head")


def test_every_row_is_kept_and_none_is_computed_again(short, tmp_path, monkeypatch):
    plan, folder = short
    monkeypatch.setenv("TSLIB_DATA", str(folder.parent))
    monkeypatch.setattr(leeds, "RESULTS", tmp_path)
    monkeypatch.setattr(leeds, "config", lambda *given: plan)
    options = argparse.Namespace(output=tmp_path / "runs", seeds=[0], steps=2)
    leeds.run(options)
    parts = json.loads((tmp_path / "leeds.json").read_text(encoding="utf-8"))["parts"]
    chosen = ("pictures to choose by", "turned springs, pictures to choose by")
    (claim,) = parts.pop("seeds [0]: claims")
    assert claim["name"] == "A-C1" and claim["verdict"] in (HOLDS, FAILS, UNDECIDED)
    assert set(parts) == {f"seed 0: {row}" for row in (*ROWS, *chosen)}
    row = parts["seed 0: baseline; 4 types, stiffness 0.01"]
    assert np.shape(row["minus baseline; one spring, stiffness 0.01"]) == (3, 3)
    assert "wrist" in row["groups minus baseline"][0]
    assert parts["seed 0: pictures to choose by"]["chosen"] in ROWS
    monkeypatch.setattr(pictures, "compared_here", lambda *a: pytest.fail("computed again"))
    leeds.run(options)


def test_without_recordings_one_sentence_says_what_is_missing(monkeypatch):
    monkeypatch.delenv("TSLIB_DATA", raising=False)
    with pytest.raises(InputError, match="TSLIB_DATA must name the folder"):
        leeds.run(argparse.Namespace(output=None, seeds=[0], steps=2))
