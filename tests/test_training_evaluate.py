"""A model on clips of several lengths: slices, and whose pose a frame gets."""

import numpy as np
import pytest
from torch import nn
from torch.nn.functional import avg_pool2d

from tslib.clip import Clip
from tslib.errors import InputError, NotFinite
from tslib.skeletons import SKELETONS
from tslib.slices import View
from tslib.training.evaluate import predict_clips

PENN, VIEW = SKELETONS["penn13"], View(32, 4)


class Brightest(nn.Module):
    """Scores of all joints: brightness, and how far its frame lies in the slice; notes lengths of
    slices.
    """

    def __init__(self):
        super().__init__()
        self.lengths = []

    def forward(self, images, flows=None):
        self.lengths += [images.shape[1]] * len(images)
        grey = avg_pool2d(images.mean(2), 4)
        return grey[:, :, None].expand(-1, -1, 13, -1, -1), []


def clip_of(T, name="a", boxed=True):
    """A clip of 32 px in which a bright square goes to the right."""
    frames = np.zeros((T, 32, 32, 3), np.uint8)
    for t in range(T):
        frames[t, 8:12, 4 + t : 8 + t] = 255
    box = np.full((T, 4), np.nan, np.float32)
    if boxed:
        box[:] = 6, 6, 20, 20
    joints, visible = np.zeros((T, 13, 2), np.float32), np.ones((T, 13), bool)
    return Clip(name, joints, visible, box, PENN, frames, size=(32, 32))


def test_each_clip_has_slices_of_its_own_length():
    clips = [clip_of(7), clip_of(3), clip_of(12), clip_of(3), clip_of(5)]
    model = Brightest()
    together = predict_clips(model, clips, VIEW, frames=5)
    assert sorted(model.lengths) == [3] * 2 + [5] * (2 + 3 + 1)
    for clip, pose in zip(clips, together, strict=True):
        (alone,) = predict_clips(Brightest(), [clip], VIEW, frames=5)
        np.testing.assert_array_equal(pose, alone)
        np.testing.assert_allclose(pose[:, 0], [[5.5 + t, 9.5] for t in range(len(clip))], atol=2)


def test_clips_without_a_box_have_no_pose_and_stop_nobody():
    poses = predict_clips(
        Brightest(), [clip_of(2, boxed=False), clip_of(6), clip_of(6, boxed=False)], VIEW
    )
    assert [np.isnan(pose).all() for pose in poses] == [True, False, True]
    with pytest.raises(InputError, match="none of 1 clips has 2 frames and a box"):
        predict_clips(Brightest(), [clip_of(2, boxed=False)], VIEW)


def test_maps_that_are_not_finite_are_an_input_error():
    class Endless(nn.Module):
        def forward(self, *given):
            raise NotFinite("unary must be finite")

    with pytest.raises(InputError, match="the network's maps are not finite; train it again"):
        predict_clips(Endless(), [clip_of(2)], VIEW, 2)
