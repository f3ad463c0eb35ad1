"""The parts of a body, the tree that they hang on, and their types."""

from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans, vq
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from tslib.skeletons import Skeleton

RESTARTS = 20  # of k-means


@dataclass(frozen=True)
class Parts:
    """P parts: the joints, and the middle of each limb, as Yang and Ramanan have them.

    parents : tuple of P part numbers, each smaller than the part's own; -1 for the root, part 0
    mix : float64 (P, K), parts = mix @ joints
    joints : int64 (K,), the part that is each joint
    """

    parents: tuple[int, ...]
    mix: np.ndarray
    joints: np.ndarray

    @staticmethod
    def of(skeleton: Skeleton) -> "Parts":
        """The parts of a skeleton; its first joint is the root, and a limb that closes a cycle is
        left out.

        ValueError where there is no limb, or the limbs do not connect all joints.
        """
        if not skeleton.limbs:
            raise ValueError(f"{skeleton.name} has no limb; a mixture of parts needs one or more.")
        K, edges = len(skeleton.joints), np.array(skeleton.edges)
        graph = csr_array((np.ones(len(edges)), edges.T), shape=(K, K))
        order, parent = breadth_first_order(graph, 0, directed=False)
        if len(order) < K:
            lost = skeleton.joints[min(set(range(K)) - set(order.tolist()))]
            raise ValueError(
                f"the limbs of {skeleton.name} do not connect {skeleton.joints[0]} and {lost}; "
                "a mixture of parts needs one tree, so add a limb or leave joints out."
            )
        parents, mix, number = [-1], [np.eye(K)[0]], {0: 0}
        for joint in order[1:].tolist():
            above = int(parent[joint])
            parents += [number[above], len(parents)]
            mix += [np.eye(K)[[above, joint]].mean(0), np.eye(K)[joint]]
            number[joint] = len(parents) - 1
        return Parts(tuple(parents), np.stack(mix), np.array([number[k] for k in range(K)]))

    def __len__(self) -> int:
        return len(self.parents)

    def places(self, joints: np.ndarray) -> np.ndarray:
        """Joints (..., K, 2) -> parts (..., P, 2); NaN where one of a part's joints is NaN."""
        # A matrix product would spread NaN to all parts.
        weights = self.mix[..., None]
        terms = np.where(weights > 0, weights * np.asarray(joints, np.float64)[..., None, :, :], 0)
        return terms.sum(-2)

    def offsets(self, places: np.ndarray, part: int) -> np.ndarray:
        """A part's offsets from its parent, which tell its types, (N, 2); of the root, its first
        child's.
        """
        child = part or self.parents.index(0)
        return places[:, child] - places[:, self.parents[child]]


def cluster(
    offsets: np.ndarray, types: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Types by k-means of offsets (N, 2), NaN where unknown: int64 (N,), -1 where unknown; and
    their means.

    There are fewer types than asked where there are fewer different offsets. ValueError where none
    is known.
    """
    known = np.isfinite(offsets).all(-1)
    different = np.unique(offsets[known], axis=0)
    if not len(different):
        raise ValueError("no offset is known")
    if len(different) <= types:
        means = different
    else:
        starts = (
            different[rng.choice(len(different), types, replace=False)] for _ in range(RESTARTS)
        )
        means, _ = min(
            (kmeans(offsets[known], start) for start in starts), key=lambda found: found[1]
        )
    label = np.full(len(offsets), -1)
    used, label[known] = np.unique(vq(offsets[known], means)[0], return_inverse=True)
    return label, means[used]
