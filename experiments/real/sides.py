"""Left and right exchanged for whole frames: a hidden node of two values a frame, solved exactly.

A detector that takes a man's back for his front gives every joint to the other side, surely, for
many frames in a row. Each frame has a state, 0 as the detector says and 1 with the sides exchanged:

    score(s_1 ... s_T) = sum_t unary_t(s_t) - sum_t sum_d cost_dt(s_t-d, s_t)

unary : what the maps say, log of how high they are at their own joints against the other side's
cost : how far the joints of a frame lie from where the flow carries those of d frames before

One frame before would not be enough: where a detector changes its mind, it is half a frame torn
between both, and the link over that frame says nothing. The best states of the whole clip are
found by Viterbi's recursion, which is max-sum on a chain (chapter 04) whose nodes know the last
REACH states, and the same in a stream that waits a fixed number of frames before it decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tslib.heatmaps import decode
from tslib.skeletons import SKELETONS
from tslib.video.detector import PRESENT
from tslib.video.tracking import Observation

SKELETON = SKELETONS["coco17"]
MIRROR = SKELETON.mirrored
BODY = list(range(5, 17))  # the face says little of sides
# Chosen on the first person: what the maps weigh against the way, and a change of sides by itself.
WEIGHT, CHANGE = 0.01, 0.2
LIMIT = 0.25  # of the body, beyond which a jump says no more
REACH = 2  # frames before, to which there are links
LAG = 15  # frames that a stream waits


def evidence(observations: Sequence[Observation]) -> dict[str, np.ndarray]:
    """What `scores` needs of observations.

    own, crossed (T, K) : the height of a joint's map at that joint, and of the other side's there
    carried (T, K, 2) px : where the flow takes a frame's joints in the next one; NaN where unknown
    """
    shape = len(observations), len(SKELETON.joints)
    own, crossed = np.zeros(shape), np.zeros(shape)
    carried = np.full((*shape, 2), np.nan)
    for t, o in enumerate(observations):
        if o.maps is None or o.crop is None:
            continue
        cells, own[t] = decode(o.maps)
        H, W = o.maps.shape[1:]
        x, y = (np.clip(np.round(cells[:, n]).astype(int), 0, (W, H)[n] - 1) for n in (0, 1))
        crossed[t] = o.maps[MIRROR, y, x]
        if o.to_next is not None:
            joints = o.crop.to_image(cells)
            carried[t] = joints + o.to_next.at(joints[None])[0]
    return {"own": own, "crossed": crossed, "carried": carried}


def scores(found: dict[str, np.ndarray], reach: int = REACH) -> tuple[np.ndarray, np.ndarray]:
    """unary (T, 2), and cost (reach, T, 2, 2) from the state d + 1 frames before to this one's.

    found : alone (T, K, 2) px, presence (T,), and what `evidence` gives; a frame without the person
        has no links
    """
    present = found["presence"][:, None, None] >= PRESENT
    joints, carried = (np.where(present, found[name], np.nan) for name in ("alone", "carried"))
    T = len(joints)
    heights = [np.log(np.maximum(found[name][:, BODY], 1e-3)) for name in ("crossed", "own")]
    unary = np.zeros((T, 2))
    unary[:, 1] = WEIGHT * np.mean(heights[0] - heights[1], 1)
    both = np.stack([joints, joints[:, MIRROR]], 1)[:, :, BODY]
    way = carried - joints
    size = np.ptp(joints[:, BODY], axis=1).max(-1)
    cost = np.zeros((reach, T, 2, 2))
    for d in range(1, reach + 1):
        # Over so few frames the flow goes on as it began.
        ahead = joints + d * way
        before = np.stack([ahead, ahead[:, MIRROR]], 1)[:, :, BODY]
        for t in range(d, T):
            away = np.linalg.norm(both[t][None] - before[t - d][:, None], axis=-1) / size[t]
            jump = np.minimum(np.nan_to_num(away, nan=LIMIT), LIMIT).mean(-1) / LIMIT
            cost[d - 1, t] = jump / reach
    cost[0] += CHANGE * (1 - np.eye(2))
    return unary, cost


def exchanged(unary: np.ndarray, cost: np.ndarray, lag: int | None = None) -> np.ndarray:
    """The states (T,) of the highest score, bool: whether a frame has its sides exchanged.

    unary (T, 2), cost (reach, T, 2, 2) : as `scores` gives them
    lag : frames that a state waits for those after it; all of them where None
    """
    T, reach = len(unary), len(cost)
    lag = T if lag is None else lag
    # A node's value is a number whose bit d is the state d frames before.
    values = np.arange(2**reach)
    # Before the first frame nothing was exchanged, and no link leads there.
    score = np.where(values == 0, 0.0, -np.inf)
    back, states = np.zeros((T, 2**reach), int), np.zeros(T, int)
    for t in range(T):
        best = np.full(2**reach, -np.inf)
        for state in (0, 1):
            links = sum(cost[d, t, values >> d & 1, state] for d in range(min(reach, t)))
            candidates = score + unary[t, state] - links
            for value in values:
                after = (value << 1 | state) & (2**reach - 1)
                if candidates[value] > best[after]:
                    best[after], back[t, after] = candidates[value], value
        score = best
        # At the end, everybody who waits is decided.
        last = t == T - 1
        if not last and t < lag:
            continue
        value, first = int(score.argmax()), t - lag
        for n in range(t, max(first, 0) - 1, -1):
            if n == first or last:
                states[n] = value & 1
            value = back[n, value]
    return states.astype(bool)


def repaired(joints: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Joints (T, K, 2) with the sides of some frames exchanged."""
    return np.where(states[:, None, None], joints[:, MIRROR], joints)


def mirrored(observations: Sequence[Observation], states: np.ndarray) -> Iterator[Observation]:
    """The observations, where a state says so with every map given to the other side's joint."""
    for o, state in zip(observations, states, strict=True):
        yield o if o.maps is None or not state else replace(o, maps=o.maps[MIRROR])
