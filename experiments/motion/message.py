"""The film of chapter 04: max-sum on one body, message by message.

The limbs of a body are a tree. Messages first go from the ends to the root, the head, and then back
from it, and after these two sweeps the belief of each joint is its exact max-marginal, which a
`MessagePassing` with enough rounds must agree with. The unaries are the maps of a small ConvNet,
that of the committed S-infer, with its rest offsets, and springs as loose as Paper A starts with.

A rule chooses the frame, so that no hand can: of the first five frames of each test clip, the one
in which messages repair most joints, less those that they make wrong. A joint is wrong if it is
visible and off by more than 0.15 of the person's size.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tslib.distance_transform import distance_transform
from tslib.message_passing import MessagePassing, PoseGraph
from tslib.skeletons import SKELETONS

from ..paper_a.figures import off
from .film import BLUE, DARK, Film, Sheet, draw_pose, ring, show_frame, show_heat
from .people import Person, Seen, network, person, seen, unaries

PENN = SKELETONS["penn13"]
ROOT = PENN.joints.index("head")
SEED, CLIPS, FRAMES = 0, 120, 5
WRONG = 0.15  # of the person's size
DEPTH = 0.5  # of score; so far below its highest cell a map is drawn clear, or at its median
WIDTH, HEIGHT, BIG, SMALL = 720, 548, 452, 216  # px
SENT, HEARD, END = 0.75, 0.75, 3.0  # s


class Springs(NamedTuple):
    """Of the tree's edges: stiffness and rest offset (S, 2), and the layer that must agree."""

    edges: list[tuple[int, int]]
    stiffness: Tensor
    rest: Tensor
    layer: MessagePassing


class Step(NamedTuple):
    """A message from one joint to another, and what it changes.

    score : sender's score without the receiver; message : (h, w); before, after : all
    beliefs (K, h, w)
    """

    sender: int
    receiver: int
    score: Tensor
    message: Tensor
    before: Tensor
    after: Tensor


def springs_of(trained: MessagePassing) -> Springs:
    """The limbs of a trained layer, as a tree."""
    tree = PoseGraph.of(PENN, frames=1, mirror=False, span=0)
    layer = MessagePassing(tree, len(tree.edges), "none", exclude=True).requires_grad_(False)
    assert trained.graph.springs[: len(tree.springs)] == tree.springs
    layer.rest.copy_(trained.rest[: len(tree.springs)].detach())
    edges = [(int(a), int(b)) for a, b in tree.edges]
    return Springs(edges, layer.stiffness, layer.rest, layer)


def steps_of(phi: Tensor, springs: Springs) -> Iterator[Step]:
    """All messages of two sweeps over the tree, from unaries (K, h, w)."""
    toward, order = {ROOT: (ROOT, 0)}, [ROOT]  # of each joint: the next to the root, and its edge
    for joint in order:
        for e, edge in enumerate(springs.edges):
            if joint in edge and (other := sum(edge) - joint) not in toward:
                toward[other] = joint, e
                order.append(other)
    inward = [(joint, toward[joint][0], toward[joint][1]) for joint in order[:0:-1]]
    heard: dict[tuple[int, int], Tensor] = {}
    beliefs = phi
    for sender, receiver, e in [*inward, *((b, a, e) for a, b, e in inward[::-1])]:
        # What the receiver itself has said is no news to it.
        told = [m for (k, i), m in heard.items() if i == sender and k != receiver]
        score = phi[sender] + sum(told, torch.zeros_like(phi[sender]))
        sign = 1 if springs.edges[e][0] == receiver else -1
        message = distance_transform(score, springs.stiffness[e], sign * springs.rest[e])
        heard[sender, receiver] = message
        after = beliefs.clone()
        after[receiver] += message
        yield Step(sender, receiver, score, message, beliefs, after)
        beliefs = after


class Chosen(NamedTuple):
    """The frame that the rule takes, its unaries, and how many joints are wrong, then and later."""

    someone: Person
    one: Seen
    frame: int
    phi: Tensor
    wrong: tuple[int, int]


def chosen_of(clips: int) -> tuple[Chosen, Springs]:
    """The frame in which most is repaired, among the test clips of the first so many."""
    model, view = network("S-infer")
    assert model.inference is not None
    springs = springs_of(model.inference)
    found: list[Chosen] = []
    for number in range(5, clips + 1, 5):
        someone = person(SEED, number, FRAMES)
        one = seen(someone, view, 0, FRAMES)
        phi = unaries(model, one)
        scores = springs.layer(phi[:, None])[:, 0]
        before, after = (
            (off(someone.clip, one.joints(maps)) > WRONG) & someone.clip.counted
            for maps in (phi, scores)
        )
        counts = zip(before.sum(1).tolist(), after.sum(1).tolist(), strict=True)
        found += [Chosen(someone, one, t, phi[t], pair) for t, pair in enumerate(counts)]
    return max(found, key=lambda each: each.wrong[0] - each.wrong[1]), springs


def name_of(joint: int) -> str:
    return PENN.joints[joint].replace("_", " ")


def picture_of(chosen: Chosen, step: Step, heard: bool) -> np.ndarray:
    """A message on its way, or where it has been added to the receiver's belief."""
    someone, one, t = chosen.someone, chosen.one, chosen.frame
    frame, clip = someone.clip.frames[t], someone.clip  # type: ignore[index]  # it has frames
    beliefs = step.after if heard else step.before
    joints = one.joints(beliefs)
    sheet = Sheet(WIDTH, HEIGHT)
    said = "has heard" if heard else "sends to"
    first, second = (step.receiver, step.sender) if heard else (step.sender, step.receiver)
    sheet.text(
        16, 26, f"{name_of(first)} {said} {name_of(second)}".capitalize(), size=20, weight="bold"
    )
    counted = clip.counted[t]
    gap = np.linalg.norm(joints - clip.joints[t], axis=-1) / clip.size_of_person[t]
    wrong = counted & (gap > WRONG)
    off_by = f"of {counted.sum()} visible joints off by over {WRONG:g} of a person"
    sheet.text(16, 58, f"{wrong.sum()} {off_by}", size=17)
    panels = [(16, 84, BIG), (488, 84 + 10, SMALL), (488, 84 + 10 + SMALL + 20, SMALL)]
    axes = [sheet.axes(x, y, side, side) for x, y, side in panels]
    for ax in axes:
        show_frame(ax, frame, pale=0.55)
    maps = beliefs[step.receiver], step.score, step.message
    for ax, values in zip(axes, maps, strict=True):
        top, middle = float(values.max()), float(values.median())
        show_heat(ax, values.numpy(), one.onto, max(top - DEPTH, middle), top)
    draw_pose(axes[0], joints, PENN, BLUE)
    ring(axes[0], joints[wrong])
    if not heard:
        arrow = dict(arrowstyle="-|>", mutation_scale=26, color=DARK, lw=4)
        ends = joints[step.receiver], joints[step.sender]
        axes[0].annotate("", *ends, arrowprops=arrow)
    x, y = joints[step.receiver]
    axes[0].plot(x, y, "s", mfc="none", mec=DARK, ms=20, mew=2.5)
    titles = (
        f"belief of the {name_of(step.receiver)}",
        "sender's score",
        "its message",
    )
    for ax, title in zip(axes, titles, strict=True):
        ax.text(
            0.02,
            0.98,
            title,
            transform=ax.transAxes,
            va="top",
            size=14.5,
            bbox=dict(fc="white", ec="none", alpha=0.85, pad=2),
        )
    return sheet.picture()


def film(clips: int = CLIPS) -> Film:
    """The whole film, of a frame among the test clips of the first so many."""
    chosen, springs = chosen_of(clips)
    steps = list(steps_of(chosen.phi, springs))
    exact = springs.layer(chosen.phi[None, None])[0, 0]
    assert torch.allclose(steps[-1].after, exact, rtol=1e-3, atol=1e-3)
    pictures = [picture_of(chosen, step, heard) for step in steps for heard in (False, True)]
    seconds = [SENT, HEARD] * len(steps)
    seconds[-1] = END
    before, after = chosen.wrong
    clip = chosen.someone.clip
    said = (
        f"clip {clip.name}, frame {chosen.frame}, {clip.action}: {before} of "
        f"{clip.counted[chosen.frame].sum()} visible joints are wrong before {len(steps)} messages "
        f"and {after} after them"
    )
    return Film(pictures, seconds, len(pictures) - 2, said, quality=65)
