"""Left and right exchanged for whole frames: a hidden node of two values a frame, solved exactly.

A detector that takes a man's back for his front gives every joint to the other side, surely, for
many frames in a row. Each frame has a state, 0 as the detector says and 1 with the sides exchanged:

    score(s_1 ... s_T) = sum_t unary_t(s_t) - sum_t cost_t(s_t-1, s_t)

unary : what the maps say, log of how high they are at their own joints against the other side's
cost : how far the joints of a frame lie from where the flow carries those of the frame before

The best states of the whole clip are found by Viterbi's recursion, which is max-sum on a chain
(chapter 04), and the same in a stream that waits a fixed number of frames before it decides.
"""

from collections.abc import Sequence

import numpy as np

from tslib.heatmaps import decode
from tslib.skeletons import SKELETONS
from tslib.video.tracking import Observation

SKELETON = SKELETONS["coco17"]
MIRROR = [
    SKELETON.joints.index(name.replace("left", "x").replace("right", "left").replace("x", "right"))
    for name in SKELETON.joints
]
BODY = list(range(5, 17))  # the face says little of sides
WEIGHT = 0.1  # of the maps against the way, chosen on the first film
LIMIT = 0.25  # of the body, beyond which a jump says no more
LAG = 15  # frames that a stream waits


def evidence(observations: Sequence[Observation], scale: np.ndarray) -> dict[str, np.ndarray]:
    """What `exchanged` needs, of observations of frames that were made smaller by scale.

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
    return {"own": own, "crossed": crossed, "carried": (carried + 0.5) / scale - 0.5}
