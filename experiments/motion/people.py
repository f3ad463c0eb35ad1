"""Rendered people as the committed networks see them, for the films that need a detector."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from renderer import Settings, render_clip
from tslib.augment import Affine
from tslib.clip import Clip
from tslib.heatmaps import decode
from tslib.networks import ThinSlicingNetwork
from tslib.part_flow import PartFlow
from tslib.slices import Slices, View
from tslib.training.models import load_model

from ..paper_a.front_picture import MODELS

SIZE = (288, 288)  # px of a frame; the networks see 96 px of it


class Person(NamedTuple):
    """A rendered clip and its exact flow; fault : (T,) str, what the camera did to a frame."""

    clip: Clip
    flow: PartFlow
    fault: np.ndarray


class Seen(NamedTuple):
    """A slice as a network sees it.

    inputs : a batch of one, see Slices; onto : from the frames' px to the cells of the maps
    """

    inputs: dict[str, Any]
    onto: Affine

    def joints(self, maps: Tensor) -> np.ndarray:
        """Joints of maps (..., K, h, w) in the frames' px, float64 (..., K, 2)."""
        return self.onto.inverse().points(decode(maps)[0])


def person(
    seed: int, number: int, frames: int, camera: str = "usual", size: tuple[int, int] = SIZE
) -> Person:
    """Render a clip; a test clip has a number that 5 divides."""
    made = render_clip(seed, number, Settings(size, frames, camera=camera))
    assert made.flow is not None
    return Person(made.as_clip(f"{number:04d}"), made.flow, made.fault)


def network(row: str) -> tuple[ThinSlicingNetwork, View]:
    """A committed model of Paper A's Table 1, by its row, and how it sees a person."""
    model, config, _ = load_model(MODELS / f"{row}.safetensors")
    return model, config.view


def seen(someone: Person, view: View, first: int, frames: int) -> Seen:
    """So many frames of a person, from the first one on, with flow to both neighbours."""
    slices = Slices([someone.clip], view.still(), frames, lambda _: someone.flow)
    inputs = slices.batch([(0, first, 0)])
    onto = Affine.onto_cells(view.stride) @ Affine(inputs["matrix"][0].numpy())
    return Seen(inputs, onto)


@torch.no_grad()
def unaries(model: ThinSlicingNetwork, one: Seen) -> Tensor:
    """The ConvNet's maps of a slice, without any message: (T, K, h, w)."""
    images = one.inputs["images"][0]
    return model.convnet(images)[-1][:, : model.convnet.joints].float()
