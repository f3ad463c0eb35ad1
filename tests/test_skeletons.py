"""The table of skeletons."""

import numpy as np
import pytest

from tslib.errors import InputError
from tslib.skeletons import SKELETONS, mapping, skeleton_named


@pytest.mark.parametrize(
    ("name", "joints", "pairs"),
    [
        ("coco17", 17, 8),
        ("cvit14", 14, 6),
        ("jhmdb15", 15, 6),
        ("penn13", 13, 6),
        ("youtube7", 7, 3),
    ],
)
def test_limbs_and_sides_of_each_skeleton_are_consistent(name, joints, pairs):
    s = skeleton_named(name)
    assert len(set(s.joints)) == len(s.joints) == joints
    assert len(s.edges) == len(set(map(frozenset, s.edges)))
    # Every joint hangs on a limb.
    assert {k for edge in s.edges for k in edge} == set(range(joints))
    assert len(s.mirror_pairs) == pairs
    for left, right in s.mirror_pairs:
        assert s.joints[left].removeprefix("left_") == s.joints[right].removeprefix("right_")
    groups = ["head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"]
    assert list(s.groups) == (groups[:4] if name == "youtube7" else groups)
    mirrored = dict(s.mirror_pairs) | {b: a for a, b in s.mirror_pairs}
    edges = set(map(frozenset, s.edges))
    assert {
        frozenset(mirrored.get(k, k) for k in edge) for edge in edges
    } == edges  # limbs have two sides too


def test_joints_come_in_the_order_of_the_data_sets():
    penn, jhmdb = SKELETONS["penn13"], SKELETONS["jhmdb15"]
    assert (
        penn.joints[0] == "head"
        and penn.joints[6] == "left_wrist"
        and penn.joints[11] == "right_ankle"
    )
    assert penn.groups["knee"] == [9, 10]
    assert len(penn.edges) == 12 and (7, 9) in penn.edges  # Paper A's limbs form a tree
    assert (
        jhmdb.joints[2] == "face"
        and jhmdb.joints[3] == "right_shoulder"
        and jhmdb.joints[14] == "left_ankle"
    )
    assert jhmdb.groups["head"] == [2]
    assert SKELETONS["coco17"].joints[9] == "left_wrist"
    assert (
        SKELETONS["youtube7"].joints[1] == "right_wrist"
        and SKELETONS["youtube7"].joints[6][:4] == "left"
    )
    assert SKELETONS["cvit14"].joints[::13] == ("right_ankle", "head")


def test_joints_are_mapped_by_name():
    coco, jhmdb = SKELETONS["coco17"], SKELETONS["jhmdb15"]
    a, b = mapping(coco, jhmdb)
    assert len(a) == len(b) == 12
    assert [coco.joints[k] for k in a] == [jhmdb.joints[k] for k in b]
    assert (np.diff(b) > 0).all()
    assert all(map(np.array_equal, mapping(coco, coco), [np.arange(17)] * 2))
    youtube, penn = SKELETONS["youtube7"], SKELETONS["penn13"]
    # Both have the right one first.
    assert mapping(youtube, penn)[0].tolist() == [0, 5, 6, 3, 4, 1, 2]


@pytest.mark.parametrize("other", ["coco17", "jhmdb15"])
def test_penn_actions_columns_keep_their_sides_among_others(other):
    """The file's second column is the person's right shoulder, its last one the left ankle."""
    penn, names = SKELETONS["penn13"], SKELETONS[other].joints
    into, out = mapping(penn, SKELETONS[other])
    became = {int(a): names[b] for a, b in zip(into, out, strict=True)}
    assert became == {
        column: f"{side}_{part}"
        for n, part in enumerate(("shoulder", "elbow", "wrist", "hip", "knee", "ankle"))
        for column, side in ((1 + 2 * n, "right"), (2 + 2 * n, "left"))
    }
    back = mapping(SKELETONS[other], penn)
    assert {int(b): names[a] for a, b in zip(*back, strict=True)} == became


def test_limbs_follow_some_joints_in_another_order():
    s = SKELETONS["penn13"].with_joints(["left_wrist", "left_elbow", "head"])
    assert s.edges == [(1, 0)]
    assert s.mirror_pairs == []
    assert s.groups == {"head": [2], "elbow": [1], "wrist": [0]}


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="penn14.*coco17"):
        skeleton_named("penn14")
