"""The graph along which messages go: joints in frames, limbs, left-right pairs, the same joint over
time.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

SPATIAL, TEMPORAL = "#0072b2", "#e69f00"  # blue and yellow, as in Paper A's Figure 2(e)


@dataclass(frozen=True, eq=False)
class PoseGraph:
    """Nodes (frame t, joint k), numbered t * K + k, and undirected edges, each naming its spring.

    frames : int, T, the length of a slice
    joints : tuple of K names
    edges : int64 (E, 2), first and second node of each edge
    spring : int64 (E,), the spring that an edge uses, one of S; edges that name the same one share
    it
    springs : tuple of S names

    A spring's rest offset is where the second node lies as seen from the first. `PoseGraph.of`
    makes the paper's graph from a skeleton; any other is made from its lists. Building one checks
    it: ValueError says which edge is wrong.
    """

    frames: int
    joints: tuple[str, ...]
    edges: np.ndarray
    spring: np.ndarray
    springs: tuple[str, ...]
    recipe: tuple | None = None  # the arguments of `of` but for the frames

    def __post_init__(self):
        object.__setattr__(self, "edges", np.asarray(self.edges, np.int64).reshape(-1, 2))
        object.__setattr__(self, "spring", np.asarray(self.spring, np.int64).reshape(-1))
        if len(self.spring) != len(self.edges):
            raise ValueError(
                f"there are {len(self.edges)} edges, but springs for {len(self.spring)}."
            )
        seen = {}
        for e, (first, second) in enumerate(self.edges.tolist()):
            if not (0 <= first < self.nodes and 0 <= second < self.nodes):
                raise ValueError(
                    f"edges[{e}] is ({first}, {second}), but nodes are 0..{self.nodes - 1}."
                )
            if first == second:
                raise ValueError(f"edges[{e}] joins node {first} to itself.")
            other = seen.setdefault(frozenset((first, second)), e)
            if other != e:
                raise ValueError(
                    f"edges[{e}] joins the same nodes as edges[{other}]; keep one of them."
                )
            if not 0 <= self.spring[e] < len(self.springs):
                raise ValueError(
                    f"spring[{e}] is {self.spring[e]}, but springs are 0..{len(self.springs) - 1}."
                )

    @classmethod
    def of(cls, skeleton, frames=5, limbs=True, mirror=True, span=1):
        """The graph of Paper A (Sec. 3.1): limbs and left-right pairs in each frame, joints over
        time.

        skeleton : Skeleton
        frames : int, length of the slice
        limbs, mirror : bool, whether the limbs and the left-right pairs are edges
        span : 0, 1 or 2, over how many frames the edges of a joint with itself reach

        A spring belongs to each limb and each pair, shared by all frames; and to each joint and
        distance in time, shared by all frames.
        """
        if frames < 1 or span not in (0, 1, 2):
            raise ValueError(
                f"a graph has 1 or more frames and span 0, 1 or 2, not {frames} frames, span {span}."
            )
        K = len(skeleton.joints)
        pairs = list(skeleton.edges) * limbs
        pairs += [
            p for p in skeleton.mirror_pairs if p not in pairs and p[::-1] not in pairs
        ] * mirror
        named = [(a, b, 0) for a, b in pairs] + [
            (k, k, d) for d in range(1, span + 1) for k in range(K)
        ]
        springs = tuple(
            f"{skeleton.joints[a]}-{skeleton.joints[b]}" if not d else f"{skeleton.joints[a]}+{d}"
            for a, b, d in named
        )
        edges = [
            (t * K + a, (t + d) * K + b, s)
            for s, (a, b, d) in enumerate(named)
            for t in range(frames - d)
        ]
        edges = np.array(edges, np.int64).reshape(-1, 3)
        return cls(
            frames,
            skeleton.joints,
            edges[:, :2],
            edges[:, 2],
            springs,
            (skeleton, limbs, mirror, span),
        )

    def with_frames(self, frames):
        """The same graph for slices of another length; ValueError where it was not made by `of`."""
        if frames == self.frames:
            return self
        if self.recipe is None:
            raise ValueError(
                f"this graph has {self.frames} frames and cannot be made for {frames}."
            )
        return _of(self.recipe, frames)

    @property
    def nodes(self):
        """How many nodes there are: T * K."""
        return self.frames * len(self.joints)

    @cached_property
    def offset(self):
        """Frames from the first to the second node of each edge: int64 (E,)."""
        frame = self.edges // len(self.joints)
        return frame[:, 1] - frame[:, 0]

    @cached_property
    def degree(self):
        """How many edges end in each node: int64 (N,)."""
        return np.bincount(self.edges.ravel(), minlength=self.nodes)

    @cached_property
    def directed(self):
        """Sender and receiver of each message: int64 (2E, 2), all edges from second to first, then
        back.
        """
        return np.concatenate([self.edges[:, ::-1], self.edges])

    def draw(self, ax, pose, spacing=None):
        """Draw the graph into matplotlib Axes, frames side by side (Paper A, Figure 2(e)).

        pose : (K, 2), where the joints lie in each frame, x right, y down
        spacing : how far one frame lies from the next; None: twice the pose's width
        """
        pose = np.asarray(pose, float)
        step = 2 * np.ptp(pose[:, 0]) if spacing is None else spacing
        place = np.concatenate([pose + [t * step, 0] for t in range(self.frames)])
        for (a, b), offset in zip(self.edges, self.offset, strict=True):
            color, bend, layer = (
                (TEMPORAL, 0.12 * (abs(offset) - 1), 1) if offset else (SPATIAL, 0, 1.5)
            )
            middle = place[[a, b]].mean(0) - [0, bend * step]
            ax.plot(*np.array([place[a], middle, place[b]]).T, color=color, lw=1, zorder=layer)
        ax.scatter(*place.T, s=18, color="black", zorder=2)
        ax.set_aspect("equal")
        ax.invert_yaxis()
        ax.axis("off")


@lru_cache(maxsize=32)
def _of(recipe, frames):
    skeleton, limbs, mirror, span = recipe
    return PoseGraph.of(skeleton, frames, limbs, mirror, span)
