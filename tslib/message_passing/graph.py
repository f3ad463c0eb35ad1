"""The graph of joints in frames along which messages go, and the score that it gives to poses."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

import numpy as np
import torch
from torch import Tensor

from ..skeletons import Skeleton


@dataclass(frozen=True, eq=False)
class PoseGraph:
    """Nodes (frame t, joint k), numbered t * K + k, and undirected edges, each naming its spring.

    frames : T, the length of a slice
    joints, springs : K and S names
    edges : int64 (E, 2), first and second node of each edge
    spring : int64 (E,), the spring that an edge uses; several edges may share one. Its rest offset
        is where the second node lies as seen from the first.

    `PoseGraph.of` makes the paper's graph from a skeleton; any other is made from its lists.
    ValueError says which edge is wrong.
    """

    frames: int
    joints: tuple[str, ...]
    edges: np.ndarray
    spring: np.ndarray
    springs: tuple[str, ...]
    recipe: tuple | None = None  # the arguments of `of` but for the frames

    def __post_init__(self) -> None:
        object.__setattr__(self, "edges", np.asarray(self.edges, np.int64).reshape(-1, 2))
        object.__setattr__(self, "spring", np.asarray(self.spring, np.int64).reshape(-1))
        if len(self.spring) != len(self.edges):
            raise ValueError(f"there are {len(self.edges)} edges, but {len(self.spring)} springs.")
        seen: dict[frozenset, int] = {}
        for e, (first, second) in enumerate(self.edges.tolist()):
            if not (0 <= first < self.nodes and 0 <= second < self.nodes):
                raise ValueError(
                    f"edges[{e}] is ({first}, {second}), but nodes are 0..{self.nodes - 1}."
                )
            if first == second:
                raise ValueError(f"edges[{e}] joins node {first} to itself.")
            other = seen.setdefault(frozenset((first, second)), e)
            if other != e:
                raise ValueError(f"edges[{e}] joins the same nodes as edges[{other}]; keep one.")
            if not 0 <= self.spring[e] < len(self.springs):
                raise ValueError(
                    f"spring[{e}] is {self.spring[e]}, but springs are 0..{len(self.springs) - 1}."
                )

    @classmethod
    def of(
        cls,
        skeleton: Skeleton,
        frames: int = 5,
        limbs: bool = True,
        mirror: bool = True,
        span: int = 1,
    ) -> Self:
        """Paper A's graph (Sec. 3.1): limbs and left-right pairs in each frame, joints over time.

        limbs, mirror : whether the limbs and the left-right pairs are edges
        span : 0, 1 or 2, over how many frames the edges of a joint with itself reach

        Each limb, each pair, and each joint and distance in time has a spring, in all frames.
        """
        if frames < 1 or span not in (0, 1, 2):
            raise ValueError(
                f"a graph has 1 or more frames and span 0, 1 or 2, not {frames} frames, "
                f"span {span}."
            )
        joints, K = skeleton.joints, len(skeleton.joints)
        limbed = list(skeleton.edges) * limbs
        pairs = [p for p in skeleton.mirror_pairs if p not in limbed and p[::-1] not in limbed]
        kinds = [(a, b, 0) for a, b in limbed + pairs * mirror]
        kinds += [(k, k, d) for d in range(1, span + 1) for k in range(K)]
        springs = tuple(
            f"{joints[a]}+{d}" if d else f"{joints[a]}-{joints[b]}" for a, b, d in kinds
        )
        edges = [
            (t * K + a, (t + d) * K + b, s)
            for s, (a, b, d) in enumerate(kinds)
            for t in range(frames - d)
        ]
        *ends, spring = np.array(edges, np.int64).reshape(-1, 3).T
        recipe = skeleton, limbs, mirror, span
        return cls(frames, joints, np.stack(ends, 1), spring, springs, recipe)

    def with_frames(self, frames: int) -> "PoseGraph":
        """The same graph for slices of another length; ValueError where it was not made by `of`."""
        if frames == self.frames:
            return self
        if self.recipe is None:
            raise ValueError(f"this graph of {self.frames} frames cannot be made for {frames}.")
        return _of(self.recipe, frames)

    @property
    def nodes(self) -> int:
        """How many nodes there are: T * K."""
        return self.frames * len(self.joints)

    @cached_property
    def offset(self) -> np.ndarray:
        """Frames from the first to the second node of each edge: int64 (E,)."""
        frame = self.edges // len(self.joints)
        return frame[:, 1] - frame[:, 0]

    @cached_property
    def offsets(self) -> list[int]:
        """Over how many frames messages come from another frame, backwards and forwards."""
        return sorted({sign * int(o) for o in self.offset if o for sign in (1, -1)})

    @cached_property
    def degree(self) -> np.ndarray:
        """How many edges end in each node: int64 (N,)."""
        return np.bincount(self.edges.ravel(), minlength=self.nodes)

    @cached_property
    def directed(self) -> np.ndarray:
        """Sender and receiver of each message, int64 (2E, 2): second to first, then all back."""
        return np.concatenate([self.edges[:, ::-1], self.edges])


@lru_cache(maxsize=32)
def _of(recipe, frames):
    skeleton, limbs, mirror, span = recipe
    return PoseGraph.of(skeleton, frames, limbs, mirror, span)


def score_of_pose(
    graph: PoseGraph,
    unary: Tensor,
    places: Tensor,
    stiffness: Tensor,
    rest: Tensor,
    flows: Mapping[int, Tensor] | None = None,
) -> Tensor:
    """Score of the poses of a slice (Paper A, Eq. 1; with more than one frame, Eq. 2).

        S(p) = sum_i unary_i[p_i] - sum_(i,j) stiffness (p_j - p_i - flow_i[p_i] - rest)^2

    unary : (T, K, H, W); places : int64 (..., T, K, 2), the cell of each joint, x first
    stiffness, rest : (S, 2), of the graph's springs
    flows : {offset: (T, H, W, 2)}, from each frame to the one so many later, on its cells: it
        carries the first node along. None: nothing moves.

    Returns (...). `MessagePassing` looks for the places where it is highest.
    """
    nodes, K = places.flatten(-3, -2), len(graph.joints)
    first, second, spring = (torch.from_numpy(a) for a in (*graph.edges.T, graph.spring))
    x, y = nodes.unbind(-1)
    score = unary.flatten(0, 1)[torch.arange(graph.nodes), y, x].sum(-1)
    carried = nodes[..., first, :].to(unary.dtype)
    for offset, flow in (flows or {}).items():
        those = torch.from_numpy(graph.offset == offset)
        i = first[those]
        carried[..., those, :] += flow[i // K, y[..., i], x[..., i]]
    stretch = nodes[..., second, :] - carried - rest[spring]
    return score - (stiffness[spring] * stretch.square()).sum((-2, -1))
