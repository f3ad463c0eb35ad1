"""The default detector on YouTube Pose: one frame of every other video, crops by a search.

Of three frames of each video the six arm joints are within 20 px in 98.6 %.
"""

import numpy as np
import pytest

from experiments.clips import clips_in
from tslib.heatmaps import decode
from tslib.skeletons import SKELETONS
from tslib.video import blazepose
from tslib.video.detector import HeatmapDetector
from tslib.video.upright import UprightTracker

pytestmark = pytest.mark.real
ARMS = [f"{side}_{part}" for side in ("left", "right") for part in ("shoulder", "elbow", "wrist")]


def test_the_arms_of_upper_bodies_are_found(real_data):
    model = blazepose.detector_folder() / blazepose.MODEL
    if not model.is_file():
        pytest.skip("The default detector is not here; `python -m tslib download detector`.")
    detector = HeatmapDetector(model, blazepose.CONFIG)
    theirs = [SKELETONS["youtube7"].joints.index(name) for name in ARMS]
    ours = [detector.skeleton.joints.index(name) for name in ARMS]
    learn, test = clips_in(real_data / "youtube_pose")
    near = []
    for clip in (learn + test)[::2]:  # a search takes a second
        t = len(clip) // 2
        crop, sight = UprightTracker(detector).look(clip.frames[t], None)
        truth, visible = clip.joints[t, theirs], clip.visible[t, theirs]
        found = np.full((6, 2), np.inf)
        if sight is not None:
            found = crop.to_image(decode(sight.maps)[0])[ours]
        near.extend(np.linalg.norm(found - truth, axis=-1)[visible] <= 20)
    assert len(near) > 100 and np.mean(near) >= 0.93
