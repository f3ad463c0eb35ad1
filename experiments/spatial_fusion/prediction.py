"""Joints of videos without any true box, by two passes, and in a mirror as well."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from tslib.clip import Clip
from tslib.networks import ThinSlicingNetwork
from tslib.skeletons import Skeleton
from tslib.slices import View, whole_frame
from tslib.training.evaluate import Poses, predict_as_trained

from ..clips import still_box, with_box


class Mirrored(ThinSlicingNetwork):
    """A model whose scores are averaged with those of the mirrored pictures; without flow."""

    def __init__(self, model: ThinSlicingNetwork, skeleton: Skeleton) -> None:
        super().__init__(model.convnet, model.inference)
        self.skeleton = skeleton

    def forward(
        self, images: Tensor, flows: Mapping[int, Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Averaged scores, and the stages of the pictures as they are."""
        scores, stages = super().forward(images)
        return (scores + in_a_mirror(super().forward, images, self.skeleton)) / 2, stages


def in_a_mirror(
    model: Callable[[Tensor], tuple[Tensor, list[Tensor]]], images: Tensor, skeleton: Skeleton
) -> Tensor:
    """Scores (B, T, K, h, w) of slices (B, T, 3, H, W), found in their mirror and mirrored back.

    H and W must be multiples of the stride, or scores lie beside where they belong.
    """
    scores, _ = model(images.flip(-1))
    return scores.flip(-1)[:, :, skeleton.mirrored]


def predict_twice(
    model: ThinSlicingNetwork, clips: Sequence[Clip], view: View, device: torch.device | str = "cpu"
) -> tuple[Poses, Poses]:
    """Joints without any true box: in whole frames, then in one box a clip around where they were.

    Scores are averaged with those in a mirror where the view's size allows it. The clips' own boxes
    are not looked at.
    """
    seeing = model
    if view.size % view.stride == 0:
        seeing = Mirrored(model, clips[0].skeleton)
    whole = [with_box(clip, whole_frame(clip.size)) for clip in clips]
    first = predict_as_trained(seeing, whole, view, None, device)
    around = [with_box(clip, still_box(pose)) for clip, pose in zip(clips, first, strict=True)]
    return first, predict_as_trained(seeing, around, view, None, device)
