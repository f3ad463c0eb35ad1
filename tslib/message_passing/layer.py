"""Paper A's inference layer (Sec. 3.3, Eqs. 3 and 4): loopy max-sum messages, learnt springs."""

import math
from collections.abc import Callable, Mapping
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..distance_transform import distance_transform
from ..errors import NotFinite
from ..warp import warp_unchecked
from .graph import PoseGraph
from .rounds import pass_unchecked

STIFFNESS = 0.01  # per cell squared: where Paper A starts (Sec. 5.2)
NORMALIZATIONS = ("degree", "mean", "none")


class MessagePassing(nn.Module):
    """Scores of all joints and frames after some rounds of messages along a graph.

    In each round every node hears from all its neighbours at once (Eqs. 3 and 4):

        score_i <- own_i unary_i + share_i sum of the messages to i

    iterations : rounds; the paper has 3
    normalization : own and share are 1 / (1 + degree) for both with "degree", 1 and 1 / degree with
        "mean", 1 and 1 with "none"
    exclude : whether a node's own message is taken out of what it hears back. On a tree, with
        "none" and as many rounds as the tree is long, the scores are then exact max-marginals. The
        paper keeps it in.
    warp_once : whether neighbour frames send their unaries, warped once, instead of their current
        scores

    What is learnt, for the S springs of the graph:

    rest : (S, 2) cells, the second node as seen from the first, x first. 0 at first, as in the
        paper; `start` takes it from data.
    log_stiffness : (S, 2), of score per cell squared; a logarithm, so that a spring always pulls
    """

    def __init__(
        self,
        graph: PoseGraph,
        iterations: int = 3,
        normalization: str = "degree",
        exclude: bool = False,
        warp_once: bool = False,
        stiffness: float = STIFFNESS,
    ) -> None:
        super().__init__()
        if normalization not in NORMALIZATIONS:
            choices = ", ".join(NORMALIZATIONS)
            raise ValueError(
                f"there is no normalization {normalization!r}; choose one of {choices}."
            )
        if iterations < 0:
            raise ValueError(f"iterations must be 0 or more, but there are {iterations}.")
        if not 0 < stiffness < math.inf:
            raise ValueError(
                "stiffness must be positive (a spring pulls towards its rest offset), "
                f"but is {stiffness}."
            )
        self.graph, self.iterations, self.normalization = graph, iterations, normalization
        self.exclude, self.warp_once = exclude, warp_once
        self.rest = nn.Parameter(torch.zeros(len(graph.springs), 2))
        self.log_stiffness = nn.Parameter(torch.full((len(graph.springs), 2), math.log(stiffness)))

    @property
    def stiffness(self) -> Tensor:
        """(S, 2), score per cell squared, positive."""
        return self.log_stiffness.exp()

    @torch.no_grad()
    def start(self, joints: ArrayLike, visible: ArrayLike | None = None) -> Self:
        """Rest offsets from data: each spatial spring's mean offset. Returns the layer.

        joints : (n, K, 2) cells of the heat-map, NaN where unknown; visible : bool (n, K)

        Springs over time stay at 0, because the flow has taken the motion away. A spring whose
        joints are never seen together stays as well.
        """
        joints = np.array(joints, np.float64)
        K = len(self.graph.joints)
        if joints.ndim != 3 or joints.shape[1:] != (K, 2):
            raise ValueError(f"joints must have shape (n, {K}, 2), but have {joints.shape}.")
        if visible is not None:
            joints[~np.asarray(visible, bool)] = np.nan
        for s in range(len(self.graph.springs)):
            uses = np.flatnonzero((self.graph.spring == s) & (self.graph.offset == 0))
            if len(uses):
                first, second = self.graph.edges[uses[0]] % K
                offset = joints[:, second] - joints[:, first]
                offset = offset[np.isfinite(offset).all(-1)]
                if len(offset):
                    self.rest[s] = torch.as_tensor(offset.mean(0))
        return self

    def forward(
        self,
        unary: Tensor,
        flows: Mapping[int, Tensor] | None = None,
        watch: Callable[[int, Tensor, Tensor | None], object] | None = None,
    ) -> Tensor:
        """Scores (B, T, K, H, W) from unaries of that shape.

        unary : finite heat-maps. T may differ from the graph's frames if `PoseGraph.of` made it.
        flows : {offset: (B, T, H, W, 2)}, one for every offset, both ways, of the graph's temporal
            edges: ``flows[o][:, t]`` is the flow from frame t to frame t + o on the cells of frame
            t, in cells; what leads out of the slice is ignored. None: nothing moves.
        watch : called as watch(iteration, scores (B, T, K, H, W), messages (B, 2E, H, W)) after
            every round, the messages in the order of ``graph.directed``; before the first one with
            iteration 0, the unaries and None

        Raises ValueError for shapes that do not fit the graph and flows that are missing or not
        finite, and NotFinite for unaries that are not finite.
        """
        graph = self._checked(unary, flows)
        sender, receiver, spring, degree = (
            torch.as_tensor(a, device=unary.device)
            for a in (*graph.directed.T, graph.spring, graph.degree)
        )
        stiffness, rest = self.stiffness[spring].to(unary.dtype), self.rest[spring].to(unary.dtype)
        stiffness, rest = torch.cat([stiffness, stiffness]), torch.cat([rest, -rest])
        own, share = self._weights(degree.to(unary.dtype))
        if not (watch or self.exclude):
            return self._fused(graph, unary, flows, stiffness, rest, own, share)

        K = len(graph.joints)
        apart = (sender // K != receiver // K)[:, None, None]
        phi = score = unary.flatten(1, 2)
        messages: Tensor | None = None
        if watch:
            watch(0, unary, None)
        for iteration in range(1, self.iterations + 1):
            sent = score[:, sender]
            if self.warp_once:
                sent = torch.where(apart, phi[:, sender], sent)
            heard = _arrived(sent, graph, flows)
            if self.exclude and messages is not None:
                # What the sender has from the receiver itself: the last message the other way.
                echo = share[sender, None, None] * messages.roll(len(spring), 1)
                if self.warp_once:  # a neighbour's unary holds no message
                    echo = echo.masked_fill(apart, 0)
                heard = heard - _arrived(echo, graph, flows)
            messages = distance_transform(heard, stiffness, rest)
            total = torch.zeros_like(phi).index_add(1, receiver, messages)
            score = own[:, None, None] * phi + share[:, None, None] * total
            if watch:
                watch(iteration, score.view(unary.shape), messages)
        return score.view(unary.shape)

    def _fused(self, graph, unary, flows, *springs_and_weights):
        """The same scores where nobody asks for messages: joints of a frame are warped together."""
        offsets = graph.offsets if flows is not None or self.warp_once else []
        places, receiver = _places(graph, offsets), torch.from_numpy(graph.directed[:, 1])
        edges = torch.stack([places, receiver], 1).to(unary.device)
        phi = score = unary.flatten(1, 2)
        moved = _moved(unary, flows, offsets)
        for iteration in range(1, self.iterations + 1):
            if iteration > 1 and not self.warp_once:
                moved = _moved(score.view(unary.shape), flows, offsets)
            senders = torch.cat([score, *moved], 1)
            score = pass_unchecked(phi, senders, edges, *springs_and_weights)
        return score.view(unary.shape)

    def _weights(self, degree):
        """own and share of every node, (N,)."""
        one = torch.ones_like(degree)
        if self.normalization == "degree":
            return 1 / (1 + degree), 1 / (1 + degree)
        return one, 1 / degree.clamp(min=1) if self.normalization == "mean" else one

    def _checked(self, unary, flows):
        """The graph for these frames; ValueError says what does not fit."""
        K = len(self.graph.joints)
        if unary.dim() != 5 or unary.shape[2] != K:
            raise ValueError(
                f"unary must have shape (B, T, {K}, H, W) for this graph, "
                f"but has {tuple(unary.shape)}."
            )
        if not unary.isfinite().all():
            place = (~unary.isfinite()).nonzero()[0].tolist()
            raise NotFinite(
                f"unary must be finite, but unary{place} is {unary[tuple(place)].item()}."
            )
        graph = self.graph.with_frames(unary.shape[1])
        B, T, _, H, W = unary.shape
        for o in graph.offsets if flows is not None else ():
            if o not in flows:
                raise ValueError(f"flows must hold offset {o}; they hold {sorted(flows)}.")
            if not flows[o].isfinite().all():
                raise ValueError(f"flows[{o}] must be finite, but holds NaN or infinity.")
            if tuple(flows[o].shape) != (B, T, H, W, 2):
                raise ValueError(
                    f"flows[{o}] must have shape {(B, T, H, W, 2)}, "
                    f"but has {tuple(flows[o].shape)}."
                )
        return graph


def _arrived(maps, graph, flows):
    """Maps (B, 2E, H, W), one for each message, warped to the receivers' frames."""
    frame = graph.directed // len(graph.joints)
    for o in graph.offsets if flows is not None else ():
        those = np.flatnonzero(frame[:, 0] - frame[:, 1] == o)
        flow = flows[o][:, frame[those, 1]]
        those = torch.from_numpy(those).to(maps.device)
        maps = maps.index_copy(1, those, warp_unchecked(maps[:, those], flow))
    return maps


def _moved(score, flows, offsets):
    """For each offset, the joints of the sending frames, warped to the receiving: (B, n, H, W)."""
    T, moved = score.shape[1], []
    for o in offsets:
        sent = score[:, max(0, o) : T + min(0, o)]
        if flows is not None:
            to = slice(max(0, -o), T - max(0, o))  # the frames that have a neighbour there
            sent = warp_unchecked(sent, flows[o][:, to, None])
        moved.append(sent.flatten(1, 2))
    return moved


def _places(graph, offsets):
    """Where each message's sender lies among the scores, `_moved` ones appended: int64 (2E,)."""
    T, K = graph.frames, len(graph.joints)
    sender, receiver = torch.from_numpy(graph.directed).T
    place, begin = sender.clone(), T * K
    for o in offsets:
        those = sender // K - receiver // K == o
        place[those] = begin + sender[those] - max(0, o) * K  # the first sending frame comes first
        begin += (T - abs(o)) * K
    return place
