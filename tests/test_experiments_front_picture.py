"""The README's moving picture: which clip the rule takes, what is ringed, and what is written."""

from argparse import Namespace

import cv2
import numpy as np
import pytest

from experiments.paper_a import front_picture
from experiments.paper_a.figures import RED
from experiments.paper_a.front_picture import GAP, PANEL, TITLE, Shown, best_of, picture_of
from renderer import Settings, render_clip


@pytest.fixture(scope="module")
def clip():
    return render_clip(0, 5, Settings(PANEL, 3)).as_clip("0005")


def shown(clip, before, after):
    """Both sides with their joints in the right places, of which some are called wrong."""
    return Shown(clip, [clip.joints.astype(float)] * 2, [before, after])


def wrong(*joints):
    """Joints (frame, number) that are wrong: bool (3, 13)."""
    found = np.zeros((3, 13), bool)
    for joint in joints:
        found[joint] = True
    return found


def test_repairs_count_less_what_messages_have_wrong(clip):
    one = shown(clip, wrong((0, 1), (0, 2), (1, 3)), wrong((1, 3), (2, 4)))
    assert one.repaired.tolist() == [2, -1, -1]


def test_the_test_clip_with_most_repairs_is_taken(clip, monkeypatch):
    gains, asked = {5: 1, 10: 3, 15: 2}, []

    def estimated(seed, number):
        asked.append((seed, number))
        return shown(clip, wrong(*((0, k) for k in range(gains[number]))), wrong())

    monkeypatch.setattr(front_picture, "estimated", estimated)
    assert best_of(7, 19).repaired.sum() == 3 and asked == [(7, 5), (7, 10), (7, 15)]


def test_each_side_rings_its_own_wrong_joints(clip):
    middle = int(np.abs(clip.joints[0] - np.array(PANEL) / 2).sum(1).argmin())
    picture = picture_of(shown(clip, wrong((0, middle)), wrong((1, middle))), 0)
    panels = picture[TITLE:, : PANEL[0]], picture[TITLE:, PANEL[0] + GAP :]
    assert [(panel == RED).all(-1).any() for panel in panels] == [True, False]


def test_the_command_writes_a_picture_that_moves_and_one_that_does_not(clip, tmp_path, monkeypatch):
    monkeypatch.setattr(front_picture, "best_of", lambda *_: shown(clip, wrong((1, 0)), wrong()))
    said = front_picture.run(Namespace(output=tmp_path, seed=0, clips=5))
    assert "1 are wrong without messages and 0 with them" in said
    done, animation = cv2.imreadanimation(str(tmp_path / "front.webp"))
    assert done and len(animation.frames) == 3 and animation.loop_count == 0
    still = cv2.imread(str(tmp_path / "front.png"))
    assert still.shape == animation.frames[0].shape[:2] + (3,)
    assert np.array_equal(still[..., ::-1], picture_of(shown(clip, wrong((1, 0)), wrong()), 1))
