"""Slices: pictures, joints and flow on the same cells, however they are cut out."""

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
import pytest
import torch

from renderer import Settings, render_clip
from tslib.augment import Affine
from tslib.clip import Clip
from tslib.errors import InputError
from tslib.heatmaps import to_pixels
from tslib.skeletons import SKELETONS
from tslib.slices import GREY, Estimated, Slices, View, to_frames

PENN = SKELETONS["penn13"]
MIRROR = np.arange(13)  # which joint each becomes in a mirror
for left, right in PENN.mirror_pairs:
    MIRROR[[left, right]] = right, left
WILD = View(size=96, stride=4, angle=90, scale=(0.5, 2), shift=0.1, flip=True, shuffle=True)


def as_clip(made, name="0001"):
    """What the loader makes of a rendered clip's files."""
    start, end = made.box[:, :2], made.box[:, 2:]
    box = np.concatenate([start, end - start], -1).astype(np.float32)
    return Clip(name, made.joints.astype(np.float32), made.visible, box, PENN, made.frames)


@pytest.fixture(scope="module")
def rendered():
    return [render_clip(3, n, Settings((160, 120), 8)) for n in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def clips(rendered):
    return [as_clip(made, f"{n:04d}") for n, made in enumerate(rendered, 1)]


@pytest.fixture(scope="module")
def exact(rendered):
    """Flow of a clip, by its name."""
    return lambda clip: rendered[int(clip.name) - 1].flow


@pytest.mark.parametrize("size", [368, 94])
def test_an_item_has_the_shapes_and_dtypes_that_it_says(clips, exact, size):
    stride, cells = 8, -(-size // 8)
    item = Slices(clips, View(size, stride), 5, exact, span=2)[1, 2, 7]
    assert set(item) == {"images", "cells", "flows", "matrix"}
    assert item["images"].shape == (5, 3, size, size) and item["images"].dtype == torch.float32
    assert 0 <= item["images"].min() and 0.5 < item["images"].max() <= 1
    assert item["cells"].shape == (5, 13, 2) and item["cells"].dtype == torch.float32
    assert item["matrix"].shape == (2, 3) and item["matrix"].dtype == torch.float64
    assert set(item["flows"]) == {1, -1, 2, -2}
    for flow in item["flows"].values():
        assert flow.shape == (5, cells, cells, 2) and flow.dtype == torch.float32
    assert Slices(clips, View(size, stride), 5)[1, 2, 7]["flows"] == {}


def test_the_same_key_gives_the_same_item(clips, exact):
    slices = Slices(clips, WILD, 3, exact)
    one, again, other = slices[2, 1, 5], slices[2, 1, 5], slices[2, 1, 6]
    for name in ("images", "cells", "matrix"):
        assert torch.equal(one[name].nan_to_num(-1), again[name].nan_to_num(-1))
        assert not torch.equal(one[name].nan_to_num(-1), other[name].nan_to_num(-1))
    assert torch.equal(one["flows"][1], again["flows"][1])
    joints, visible = slices.labels((2, 1, 5))
    np.testing.assert_allclose(joints, one["cells"].numpy(), atol=1e-4)
    assert visible.shape == (3, 13) and visible.dtype == bool


def with_dots(clip, k):
    """The clip with nothing in its pictures but a bright dot at joint k."""
    frames = np.zeros((len(clip), 240, 320, 3), np.uint8)
    for frame, (x, y) in zip(frames, clip.joints[:, k], strict=True):
        ys, xs = np.mgrid[:240, :320]
        frame[:] = (255 * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * 3.0**2)))[
            ..., None
        ].round()
    return replace(clip, frames=frames, size=None)


def test_a_joints_cell_is_where_the_picture_has_it(clips):
    """A dot drawn at a joint lands on its cell; in a mirror that is the cell of the other side's
    joint.
    """
    k = PENN.joints.index("left_elbow")
    joints = np.clip(clips[0].joints * 1.5, 60, 180)
    box = np.tile(np.float32([60, 40, 160, 160]), (len(joints), 1))
    clip = with_dots(replace(clips[0], joints=joints, box=box), k)
    slices, flips = Slices([clip], WILD, 2), 0
    for seed in range(12):
        item = slices[0, 0, seed]
        flip = np.linalg.det(item["matrix"][:, :2].numpy()) < 0
        flips += flip
        for image, cells in zip(item["images"].mean(1).numpy(), item["cells"].numpy(), strict=True):
            image = np.maximum(image - 0.6, 0)  # beyond the frame's border it is 0.5
            ys, xs = np.indices(image.shape)
            dot = np.array([np.average(xs, weights=image), np.average(ys, weights=image)])
            place = to_pixels(cells[MIRROR[k] if flip else k], 4)
            if (place > 12).all() and (place < 84).all():
                np.testing.assert_allclose(dot, place, atol=0.8)
    assert 0 < flips < 12


def test_what_lies_beyond_a_frame_is_grey(clips):
    item = Slices(clips, replace(WILD, scale=(0.5, 0.5), angle=0), 1)[0, 0, 0]
    assert (item["images"][0, :, 0, :] * 255 == GREY).all()


@dataclass(frozen=True)
class Aimed(View):
    """A view whose middle cell, (12, 12), lies on a point of the frames."""

    target: tuple = (0.0, 0.0)

    def draw(self, rng, boxes):
        affine = super().draw(rng, boxes)
        shift = to_pixels(12, self.stride) - affine.points(self.target)
        return Affine(affine.matrix + np.pad(shift[:, None], ((0, 0), (2, 0))))


@pytest.mark.parametrize("offset", [1, -1, 2, -2])
def test_flow_carries_a_joint_to_its_cell_in_the_other_frame(clips, exact, offset):
    """Turned, scaled and mirrored, where the joint is seen; over two frames, seen in between as
    well.
    """
    sign, steps = np.sign(offset), abs(offset)
    t, first, checked, flips, moved = (0 if offset > 0 else 2), 2, 0, 0, []
    for n, clip in enumerate(clips):
        way = [first + t + sign * s for s in range(steps)]
        for k in np.flatnonzero(clip.visible[way].all(0)):
            view = Aimed(**vars(WILD), target=tuple(clip.joints[first + t, k].tolist()))
            slices, key = Slices(clips, view, 3, exact, span=2), (n, first, int(k))
            item, (joints, _) = slices[key], slices.labels(key)
            flip = np.linalg.det(item["matrix"][:, :2].numpy()) < 0
            here, there = joints[[t, t + offset], MIRROR[k] if flip else k]
            np.testing.assert_allclose(here, 12, atol=1e-4)
            flow = item["flows"][offset][t, 12, 12].numpy()
            np.testing.assert_allclose(here + flow, there, atol=0.1)
            checked, flips = checked + 1, flips + flip
            moved.append(np.linalg.norm(flow))
    assert checked > 20 and 3 < flips < checked - 3 and np.median(moved) > 0.3


def test_what_leads_out_of_the_slice_is_0(clips, exact):
    flows = Slices(clips, WILD, 3, exact, span=2)[0, 0, 0]["flows"]
    for offset, outside in ((1, [2]), (2, [1, 2]), (-1, [0]), (-2, [0, 1])):
        for t in range(3):
            assert bool(flows[offset][t].any()) == (t not in outside)


def test_estimated_flow_follows_a_camera_that_pans():
    """A texture that moves 6 px to the left from frame to frame."""
    noise = np.random.default_rng(1).random((30, 60)).astype(np.float32)
    wide = (255 * cv2.resize(noise, (480, 240), interpolation=cv2.INTER_CUBIC).clip(0, 1)).astype(
        np.uint8
    )
    frames = np.stack([np.repeat(wide[:, 6 * t : 6 * t + 320, None], 3, -1) for t in range(3)])
    box = np.tile(np.float32([120, 90, 80, 80]), (3, 1))
    clip = Clip(
        "pan", np.full((3, 13, 2), np.nan, np.float32), np.zeros((3, 13), bool), box, PENN, frames
    )
    slices = Slices([clip], View(96, 4), 3, partial(Estimated, method="dis"), span=2)
    item = slices[0, 0, 0]
    scale = 0.7 * 96 / 80 / 4  # cells to a pixel
    for offset, t in ((1, 1), (-1, 1), (2, 0), (-2, 2)):
        expected = np.broadcast_to((-6 * offset * scale, 0), (24, 24, 2))
        np.testing.assert_allclose(item["flows"][offset][t], expected, atol=0.15 * abs(offset))


@pytest.mark.parametrize("frames", [1, 3, 5, 8])
def test_keys_cover_every_frame_once(clips, frames):
    short = replace(
        clips[0], **{f: getattr(clips[0], f)[:5] for f in ("joints", "visible", "box", "frames")}
    )
    slices = Slices([short, *clips], View(48, 4), frames)
    seen = {(n, t + i) for n, t, _ in slices.all() for i in range(frames)}
    long_enough = [n for n, clip in enumerate(slices.clips) if len(clip) >= frames]
    assert seen == {(n, t) for n in long_enough for t in range(len(slices.clips[n]))}
    assert (
        len(slices.all())
        == len(set(slices.all()))
        == sum(-(-len(slices.clips[n]) // frames) for n in long_enough)
    )
    assert slices.starts.tolist() == [max(0, len(clip) - frames + 1) for clip in slices.clips]


def test_a_slice_without_a_box_takes_those_of_its_clip(clips):
    """A slice without any takes those of its clip; a clip without any has no slice."""
    gap, none = clips[0].box.copy(), np.full_like(clips[0].box, np.nan)
    gap[:3] = np.nan
    slices = Slices([replace(clips[0], box=gap), replace(clips[0], box=none)], View(48, 4), 2)
    assert slices[0, 0, 0]["images"].isfinite().all()
    assert slices.starts.tolist() == [7, 0] and {n for n, _, _ in slices.all()} == {0}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"frames": None}, "clip '0001' has no frames, only labels; the networks need pictures."),
        ({"box": np.full((8, 4), np.nan, np.float32)}, "none of 1 clips has 5 frames and a box"),
    ],
)
def test_clips_without_frames_or_boxes_are_refused(clips, change, said):
    with pytest.raises(InputError) as error:
        Slices([replace(clips[0], **change)], View(48, 4), 5)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_clips_that_are_all_too_short_are_refused(clips):
    with pytest.raises(
        InputError, match="^none of 4 clips has 9 frames and a box around the person"
    ):
        Slices(clips, View(48, 4), 9)


def test_joints_on_the_cells_go_back_to_the_frames(clips):
    slices = Slices(clips, WILD, 4)
    joints, _ = slices.labels((1, 2, 9))
    item = slices[1, 2, 9]
    back = to_frames(joints, item["matrix"], 4)
    order = MIRROR if np.linalg.det(item["matrix"][:, :2].numpy()) < 0 else np.arange(13)
    np.testing.assert_allclose(back[:, order], clips[1].joints[2:6], atol=1e-3)
