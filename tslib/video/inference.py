"""Max-sum messages between the frames of a video, and between joints where springs are given.

Paper A's warping and inference layers (Sec. 3.2 and 3.3, Eq. 3 and 4) on any detector's heat-maps,
untrained:

    score_i <- (unary_i + sum of the messages to i) / (1 + number of them)

repeated from the scores of all frames at once. A temporal message comes from the same joint
``offset`` frames away; the map of another frame lies on that frame's own crop, so a cell is
followed cell -> image -> flow -> image -> cell. Flow follows whoever passes before the person, so
each cell of a message may also go with the camera alone, and takes the way that finds more: a
hidden value of two on every edge, maximized over. A stage of `infer` holds 2 * reach + 1 frames,
however long the video is.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch

from ..distance_transform import distance_transform
from ..message_passing.layer import STIFFNESS
from ..warp import sample
from .detector import PRESENT
from .springs import Spring, in_cells
from .tracking import Observation

ITERATIONS = 3
_SECONDS = 0.15  # messages from further away blur fast wrists
_Item = TypeVar("_Item")


def reach_at(fps: float | None) -> int:
    """How many frames away messages come from, each way: 0.15 s, from 1 to 4; 2 without fps."""
    return 2 if fps is None else int(np.clip(round(_SECONDS * fps), 1, 4))


@dataclass(frozen=True, eq=False)
class Node:
    """A frame as the messages see it.

    seen : the Observation, without its flows: they are in the paths, and large
    unary : (K, H, W) float32 tensor, the heat-maps from 0 up; None where nobody is in sight
    paths : {offset: (2, H, W, 2) float32 tensor}, for every frame that sends messages here: the
        cell of its map, x first, where each cell of this one lies by the flow, and by the camera
    """

    seen: Observation
    unary: torch.Tensor | None
    paths: dict[int, torch.Tensor]


def windows(
    stream: Iterable[_Item], reach: int
) -> Iterator[tuple[list[_Item], _Item, list[_Item]]]:
    """Yield (before, item, after) for each item: up to reach items each way, nearest first."""
    before: deque[_Item] = deque(maxlen=reach)
    pending: deque[_Item] = deque()
    for item in stream:
        pending.append(item)
        if len(pending) > reach:
            item = pending.popleft()
            yield list(before), item, list(pending)
            before.appendleft(item)
    while pending:
        item = pending.popleft()
        yield list(before), item, list(pending)
        before.appendleft(item)


def bridged(observations: Iterable[Observation], reach: int) -> Iterator[Observation]:
    """Yield Observations, empty where nobody is present within reach frames of the same scene.

    So messages find a person who is hidden for a moment, and nobody finds one who is gone.
    """
    for before, seen, after in windows(observations, reach):
        near = [o for o in (*before, seen, *after) if o.scene == seen.scene]
        there = max(o.presence for o in near) >= PRESENT
        yield seen if there else replace(seen, crop=None, maps=None)


def link(observations: Iterable[Observation], reach: int) -> Iterator[Node]:
    """Yield a Node for each Observation, reach frames late: flows composed over every offset."""
    for before, seen, after in windows(observations, reach):
        bare = replace(seen, to_previous=None, to_next=None)
        if seen.crop is None or seen.maps is None:
            yield Node(bare, None, {})
            continue
        paths = {}
        for side, others in ((1, after), (-1, before)):
            here, points = seen, seen.crop.to_image(seen.crop.cells())
            camera = points
            for distance, other in enumerate(others, 1):
                flow = here.to_next if side == 1 else here.to_previous
                if flow is None or other.scene != seen.scene:
                    break
                points, camera = points + flow.at(points), camera + flow.camera
                if other.crop is not None:
                    ways = [other.crop.to_cells(way) for way in (points, camera)]
                    paths[side * distance] = torch.from_numpy(np.stack(ways)).float()
                here = other
        # Maps of a frame without the person are weak witnesses.
        yield Node(bare, torch.from_numpy(seen.maps).clamp(min=0) * seen.presence, paths)


def warp_to_crop(maps: torch.Tensor, path: torch.Tensor) -> torch.Tensor:
    """Bilinear samples of maps (..., K, H, W) at the cells path (..., h, w, 2), x first:
    (..., K, h, w).

    Cells beyond a map take its minimum, so that nothing is pulled out of the crop.
    """
    *lead, K, H, W = maps.shape
    padded = maps.amin((-2, -1), keepdim=True).repeat(*[1] * len(lead), 1, H + 2, W + 2)
    padded[..., 1:-1, 1:-1] = maps
    place = (path + 1).view(-1, *path.shape[-3:])
    found = sample(padded.view(-1, K, H + 2, W + 2), place)
    return found.view(*lead, *found.shape[1:])


def update(
    node: Node, score: torch.Tensor, others: dict[int, torch.Tensor], springs: Sequence[Spring] = ()
) -> torch.Tensor:
    """One iteration in one frame where somebody is in sight: its new scores (K, H, W).

    score : (K, H, W), its scores before
    others : {offset: (K, H, W)}, the scores before of the frames in node.paths
    springs : by joint numbers
    """
    assert node.unary is not None and node.seen.crop is not None
    total, received = node.unary.clone(), torch.full((len(score), 1, 1), float(len(node.paths)))
    if node.paths:
        maps = torch.stack([others[offset] for offset in node.paths])
        by_flow, by_camera = torch.stack([*node.paths.values()], 1)
        senders = torch.maximum(warp_to_crop(maps, by_flow), warp_to_crop(maps, by_camera))
        # A spring over several frames is as much weaker.
        stiffness = torch.tensor([STIFFNESS / abs(offset) for offset in node.paths])
        stiffness = stiffness[:, None, None].expand(-1, 1, 2)
        total += distance_transform(senders, stiffness, torch.zeros(2)).sum(0)
    if springs:
        sender, receiver, stiffness, rest = in_cells(springs, node.seen.crop)
        total.index_add_(0, receiver, distance_transform(score[sender], stiffness, rest))
        received.index_add_(0, receiver, torch.ones(len(receiver), 1, 1))
    return total / (1 + received)


def infer(
    nodes: Iterable[Node], reach: int, springs: Sequence[Spring] = (), iterations: int = ITERATIONS
) -> Iterator[tuple[Node, torch.Tensor | None]]:
    """Yield (node, belief) for each Node of a stream, iterations * reach frames late.

    belief: (K, H, W) tensor, None where nobody is in sight. Each iteration is a stage of its own
    that reads the scores of the one before, so the result is that of inference on the whole clip.
    """
    stream: Iterator = ((node, node.unary) for node in nodes)
    for _ in range(iterations):
        stream = _iterate(stream, reach, springs)
    return stream


@torch.no_grad()
def _iterate(stream, reach, springs):
    for before, (node, score), after in windows(stream, reach):
        if score is not None:
            others = {o: (after[o - 1] if o > 0 else before[-o - 1])[1] for o in node.paths}
            score = update(node, score, others, springs)
        yield node, score
