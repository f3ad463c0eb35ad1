"""The film of chapter 05: joints that neighbours repair, and which neighbour it was.

The committed ST-infer on a clip filmed by a poor camera, with exact flow: on the left the highest
cells of its ConvNet's maps, on the right those after three rounds of messages. Each frame is the
middle one of a slice of five, so that it has neighbours on both sides.

Where messages move a joint from one cell to another, each neighbour's last message says how much
better it likes the new cell. The neighbour that likes it most better is called the one that moved
it: the joint itself in the frame before or after, or another joint of the same frame.

A rule chooses the clip: of the test clips of the first so many the one in which messages repair
most joints, less those that they leave or make wrong. A joint is wrong if it is visible and off by
more than 0.2 of the person's size.
"""

from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from tslib.message_passing import MessagePassing
from tslib.networks import ThinSlicingNetwork
from tslib.slices import View

from ..paper_a.figures import NEAR, RIGHT
from .film import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    Film,
    Sheet,
    draw_pose,
    ring,
    show_frame,
)
from .people import Person, network, person, seen, unaries

SEED, CLIPS, LONG, FRAMES = 0, 100, 20, 5
SOURCES = {"frame before": PURPLE, "frame after": GREEN, "own frame": DARK}
WIDTH, HEIGHT, PANEL = 760, 640, 362  # px
STEP, END = 0.9, 2.5  # s
RIM = withStroke(linewidth=5.5, foreground="white")


_Pair = tuple[torch.Tensor, torch.Tensor]  # scores and messages of a slice


class Repaired(NamedTuple):
    """A clip, from its frame `first` on.

    poses : (2, T, K, 2) px, of the detector and after messages; wrong : bool (2, T, K)
    source : (T, K), the number in SOURCES of who moved a joint; -1 where it stays near
    """

    someone: Person
    first: int
    poses: np.ndarray
    wrong: np.ndarray
    source: np.ndarray

    @property
    def gain(self) -> int:
        before, after = self.wrong
        return int((before & ~after).sum() - after.sum())


@torch.no_grad()
def repaired(someone: Person, model: ThinSlicingNetwork, view: View) -> Repaired:
    """What messages do to every frame of a clip that has two on either side."""
    layer, clip = model.inference, someone.clip
    assert layer is not None
    poses, sources = [], []
    for first in range(len(clip) - FRAMES + 1):
        one, kept = seen(someone, view, first, FRAMES), list[_Pair]()
        phi = unaries(model, one)

        def keep(
            _: int, scores: torch.Tensor, messages: torch.Tensor | None, kept: list[_Pair] = kept
        ) -> None:
            if messages is not None:
                kept[:] = [(scores[0], messages[0])]

        layer(phi[None], one.inputs["flows"], keep)
        (scores, messages), middle = kept[0], FRAMES // 2
        pair = phi[middle], scores[middle]
        poses.append([one.joints(maps) for maps in pair])
        sources.append(_sources(layer, messages, *(m.flatten(1).argmax(1) for m in pair)))
    found = np.array(poses).swapaxes(0, 1)
    first = FRAMES // 2
    part = slice(first, first + found.shape[1])
    size = clip.size_of_person[part, None]
    off = np.linalg.norm(found - clip.joints[part], axis=-1) / size
    moved = np.linalg.norm(found[1] - found[0], axis=-1) / size > NEAR
    source = np.where(moved, np.array(sources), -1)
    return Repaired(someone, first, found, (off > RIGHT) & clip.counted[part], source)


def _sources(
    layer: MessagePassing, messages: torch.Tensor, old: torch.Tensor, new: torch.Tensor
) -> list[int]:
    """Who moved each joint of the middle frame from its old cell to the new one, of SOURCES."""
    graph, K = layer.graph, len(layer.graph.joints)
    flat, middle, found = messages.flatten(1), FRAMES // 2, []
    for k in range(K):
        heard = np.flatnonzero(graph.directed[:, 1] == middle * K + k)
        better = flat[heard, new[k]] - flat[heard, old[k]]
        offset = int(graph.directed[heard[int(better.argmax())], 0]) // K - middle
        found.append({-1: 0, 1: 1, 0: 2}[offset])
    return found


def chosen_of(clips: int) -> Repaired:
    """The clip that the rule takes, of the test clips of the first so many."""
    model, view = network("ST-infer")
    everybody = (person(SEED, number, LONG, "poor") for number in range(5, clips + 1, 5))
    return max((repaired(someone, model, view) for someone in everybody), key=lambda one: one.gain)


def _timeline(ax: Axes, one: Repaired, t: int) -> None:
    """How many joints each kind of neighbour has moved, of the frames so far."""
    below = np.zeros(t + 1)
    for number, color in enumerate(SOURCES.values()):
        count = (one.source[: t + 1] == number).sum(1)
        ax.bar(np.arange(t + 1), count, 0.8, below, color=color)
        below += count
    most = int((one.source >= 0).sum(1).max())
    ax.set(xlim=(-0.6, one.source.shape[0] - 0.4), ylim=(0, most + 1), xticks=[], yticks=[0, most])
    ax.set_xlabel("frames")


def picture_of(one: Repaired, t: int) -> np.ndarray:
    """Both sides of a frame, and who moved what."""
    someone, clip = one.someone, one.someone.clip
    assert clip.frames is not None and clip.size is not None
    sheet = Sheet(WIDTH, HEIGHT)
    number = one.first + t
    fault = str(someone.fault[number])
    spoilt = f", spoilt by the camera ({fault})" if fault else ""
    sheet.text(12, 24, f"Frame {number}{spoilt}", size=20, weight="bold")
    names = "detector alone", "after messages"
    for x, name, pose, wrong in zip(
        (12, WIDTH - 12 - PANEL), names, one.poses[:, t], one.wrong[:, t], strict=True
    ):
        ax = sheet.axes(x, 76, PANEL, PANEL)
        show_frame(ax, clip.frames[number], pale=0.25)
        color = RED if wrong.any() else DARK
        sheet.text(x, 56, f"{name}: {wrong.sum()} wrong", size=18, color=color)
        draw_pose(ax, pose, clip.skeleton, ORANGE if name == names[0] else BLUE)
        ring(ax, pose[wrong])
        if name == names[1]:
            for k in np.flatnonzero(one.source[t] >= 0):
                paint = list(SOURCES.values())[one.source[t, k]]
                arrow = dict(arrowstyle="-|>", mutation_scale=20, color=paint, lw=3)
                arrow |= {"shrinkA": 0, "shrinkB": 0, "path_effects": [RIM]}
                ax.annotate("", pose[k], one.poses[0, t, k], arrowprops=arrow)
        ax.set(xlim=(-0.5, clip.size[0] - 0.5), ylim=(clip.size[1] - 0.5, -0.5))
    sheet.text(12, 464, "moved by the", size=17)
    sheet.keys(186, 464, SOURCES)
    _timeline(sheet.axes(48, 490, WIDTH - 66, 108), one, t)
    sheet.text(12, 545, "joints", rotation=90, size=15, ha="center", color=GREY)
    return sheet.picture()


def film(clips: int = CLIPS) -> Film:
    """The whole film, of a clip among the test clips of the first so many."""
    one = chosen_of(clips)
    T = one.source.shape[0]
    before, after = one.wrong
    clip = one.someone.clip
    counts = [int((one.source == n).sum()) for n in range(len(SOURCES))]
    who = ", ".join(f"{n} by the {name}" for name, n in zip(SOURCES, counts, strict=True))
    said = (
        f"clip {clip.name}, {clip.action}, frames {one.first} to {one.first + T - 1}: of "
        f"{clip.counted[one.first : one.first + T].sum()} visible joints {before.sum()} are wrong "
        f"before messages and {after.sum()} after; moved were {who}"
    )
    best = int((before.sum(1) - after.sum(1)).argmax())
    pictures = [picture_of(one, t) for t in range(T)]
    return Film(pictures, [STEP] * (T - 1) + [END], best, said, quality=72)
