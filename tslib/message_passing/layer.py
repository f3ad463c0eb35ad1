"""Paper A's inference layer: loopy max-sum messages between joints and frames, with learnt springs."""

import math

import numpy as np
import torch
from torch import nn

from ..distance_transform import distance_transform
from ..errors import NotFinite
from ..warp import warp_unchecked
from .rounds import pass_unchecked

STIFFNESS = 0.01  # per cell squared: where Paper A starts (Sec. 5.2)
NORMALIZATIONS = ("degree", "mean", "none")


class MessagePassing(nn.Module):
    """Scores of all joints and frames after some rounds of messages along a graph.

    In each round every node hears from all its neighbours at once (Eqs. 3 and 4):

        score_i <- own_i unary_i + share_i sum of the messages to i

    Parameters
    ----------
    graph : PoseGraph
    iterations : int
        Rounds; the paper has 3.
    normalization : "degree", "mean" or "none"
        own and share: 1 / (1 + degree) for both; 1 and 1 / degree; 1 and 1.
    exclude : bool Whether a node's own message is taken out of what it hears back. On a tree, with
        "none" and as many rounds as the tree is long, the scores are then exact max-marginals. The
        paper keeps it in.
    warp_once : bool
        Whether neighbour frames send their unaries, warped once, instead of their current scores.

    Attributes
    ----------
    rest : Parameter (S, 2), cells Rest offset of each spring of the graph: its second node as seen
        from its first, x first. 0 at first, as in the paper; `start` takes it from data.
    log_stiffness : Parameter (S, 2) Logarithm of the stiffness in score per cell squared: whatever
        training does, a spring pulls.
    """

    def __init__(
        self,
        graph,
        iterations=3,
        normalization="degree",
        exclude=False,
        warp_once=False,
        stiffness=STIFFNESS,
    ):
        super().__init__()
        if normalization not in NORMALIZATIONS:
            raise ValueError(
                f"there is no normalization {normalization!r}; choose one of {', '.join(NORMALIZATIONS)}."
            )
        if iterations < 0:
            raise ValueError(f"iterations must be 0 or more, but there are {iterations}.")
        if not 0 < stiffness < math.inf:
            raise ValueError(
                f"stiffness must be positive (a spring pulls towards its rest offset), but is {stiffness}."
            )
        self.graph, self.iterations, self.normalization = graph, iterations, normalization
        self.exclude, self.warp_once = exclude, warp_once
        self.rest = nn.Parameter(torch.zeros(len(graph.springs), 2))
        self.log_stiffness = nn.Parameter(torch.full((len(graph.springs), 2), math.log(stiffness)))

    @property
    def stiffness(self):
        """(S, 2), score per cell squared, positive."""
        return self.log_stiffness.exp()

    @torch.no_grad()
    def start(self, joints, visible=None):
        """Rest offsets from data: each spatial spring's mean offset. Returns the layer.

        joints : (n, K, 2) cells of the heat-map, NaN where unknown; visible : bool (n, K), optional

        Springs over time stay at 0: the flow has taken the motion away. A spring whose joints are
        never seen together stays as well.
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

    def forward(self, unary, flows=None, watch=None):
        """Scores (B, T, K, H, W) from unaries of that shape.

        Parameters
        ----------
        unary : Tensor (B, T, K, H, W) Finite heat-maps. T may differ from the graph's frames if the
            graph was made by `PoseGraph.of`.
        flows : {offset: Tensor (B, T, H, W, 2)}, optional ``flows[o][:, t]`` is the flow from frame
            t to frame t + o on the cells of frame t, in cells; what leads out of the slice is
            ignored. One for every offset, both ways, of the graph's temporal edges; None: nothing
            moves.
        watch : function, optional Called as watch(iteration, scores (B, T, K, H, W), messages (B,
            2E, H, W)) after every round, the messages in the order of ``graph.directed``; with
            iteration 0, the unaries and None before.

        Raises
        ------
        ValueError
            Shapes that do not fit the graph, values that are not finite, a flow that is missing.
        """
        graph, offsets = self._checked(unary, flows)
        shape = unary.shape
        edges, spring, degree = (
            torch.as_tensor(a, device=unary.device)
            for a in (graph.directed, graph.spring, graph.degree)
        )
        stiffness, rest = self.stiffness[spring].to(unary.dtype), self.rest[spring].to(unary.dtype)
        stiffness, rest = torch.cat([stiffness, stiffness]), torch.cat([rest, -rest])
        own, share = self._weights(degree.to(unary.dtype))

        unary = unary.flatten(1, 2)
        places = torch.stack([_places(graph, offsets).to(unary.device), edges[:, 1]], 1)
        moved = _moved(unary, flows, offsets, shape)
        score, messages = unary, torch.zeros((), dtype=unary.dtype, device=unary.device)
        if watch:
            watch(0, score.view(shape), None)
        for iteration in range(1, self.iterations + 1):
            if iteration > 1 and not self.warp_once:
                moved = _moved(score, flows, offsets, shape)
            senders = torch.cat([score, *moved], 1)
            if watch or self.exclude:
                heard = senders[:, places[:, 0]]
                if self.exclude and iteration > 1:
                    heard = heard - self._own_part(messages, edges, share, flows, graph)
                messages = distance_transform(heard, stiffness, rest)
                total = torch.zeros_like(unary).index_add(1, edges[:, 1], messages)
                score = own[:, None, None] * unary + share[:, None, None] * total
            else:
                score = pass_unchecked(unary, senders, places, stiffness, rest, own, share)
            if watch:
                watch(iteration, score.view(shape), messages)
        return score.view(shape)

    def _weights(self, degree):
        """own and share of every node, (N,)."""
        one = torch.ones_like(degree)
        if self.normalization == "degree":
            return 1 / (1 + degree), 1 / (1 + degree)
        return one, 1 / degree.clamp(min=1) if self.normalization == "mean" else one

    def _own_part(self, messages, edges, share, flows, graph):
        """What each receiver's own last message adds to the map it hears, (B, 2E, H, W), warped
        like that.
        """
        E = len(edges) // 2
        back = share[edges[:, 0], None, None] * messages.roll(
            E, 1
        )  # the message the other way, at the sender
        frame = edges[:, 1] // len(graph.joints)
        offset = edges[:, 0] // len(graph.joints) - frame
        for o in sorted(set(offset.tolist()) - {0}) if flows or self.warp_once else ():
            those = (offset == o).nonzero()[:, 0]
            if self.warp_once:  # a neighbour's unary holds no message
                back = back.index_fill(1, those, 0)
            else:
                back = back.index_copy(
                    1, those, warp_unchecked(back[:, those], flows[o][:, frame[those]])
                )
        return back

    def _checked(self, unary, flows):
        """The graph for these frames, and the offsets of its flows; ValueError says what does not
        fit.
        """
        K = len(self.graph.joints)
        if unary.dim() != 5 or unary.shape[2] != K:
            raise ValueError(
                f"unary must have shape (B, T, {K}, H, W) for this graph, but has {tuple(unary.shape)}."
            )
        if not unary.isfinite().all():
            b, t, k, y, x = (int(i[0]) for i in torch.nonzero(~unary.isfinite(), as_tuple=True))
            raise NotFinite(
                f"unary must be finite, but unary[{b}, {t}, {k}, {y}, {x}] is {unary[b, t, k, y, x].item()}."
            )
        graph = self.graph.with_frames(unary.shape[1])
        offsets = sorted({sign * int(o) for o in graph.offset if o for sign in (1, -1)})
        if flows is None:
            return (
                graph,
                offsets if self.warp_once else [],
            )  # unmoved unaries are still not the scores
        B, T, _, H, W = unary.shape
        for o in offsets:
            if o in flows and not flows[o].isfinite().all():
                raise ValueError(f"flows[{o}] must be finite, but holds NaN or infinity.")
            if o not in flows:
                raise ValueError(f"flows must hold offset {o}; they hold {sorted(flows)}.")
            if tuple(flows[o].shape) != (B, T, H, W, 2):
                raise ValueError(
                    f"flows[{o}] must have shape {(B, T, H, W, 2)}, but has {tuple(flows[o].shape)}."
                )
        return graph, offsets


def _moved(score, flows, offsets, shape):
    """For each offset, all joints of the sending frames as seen from the receiving ones: (B, n, H,
    W).
    """
    B, T, K, H, W = shape
    score = score.view(shape)
    moved = []
    for o in offsets:
        to = slice(max(0, -o), T - max(0, o))  # frames that have a neighbour there
        sent = score[:, max(0, o) : T + min(0, o)]
        if flows is not None:
            sent = warp_unchecked(sent, flows[o][:, to, None])
        moved.append(sent.flatten(1, 2))
    return moved


def _places(graph, offsets):
    """Where each message's sender lies among the scores and what `_moved` appends to them: int64
    (2E,).
    """
    T, K = graph.frames, len(graph.joints)
    sender, receiver = torch.from_numpy(graph.directed).T
    place, begin = sender.clone(), T * K
    for o in offsets:
        those = sender // K - receiver // K == o
        place[those] = begin + sender[those] - max(0, o) * K  # the first sending frame comes first
        begin += (T - abs(o)) * K
    return place
