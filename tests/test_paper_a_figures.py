"""Which slices and frames the pictures show, by poses whose faults are known."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import short_runs

from experiments.paper_a.figures import LABEL, LINE, RED, TILE, figure1, figure4, off, ways_to_fail
from tslib.clip import Clip
from tslib.errors import InputError
from tslib.skeletons import SKELETONS

PENN = SKELETONS["penn13"]
HEAD, RIGHT_WRIST, LEFT_WRIST = (
    PENN.joints.index(n) for n in ("head", "right_wrist", "left_wrist")
)
SIZE = 20  # px of the person: 4 px off is right, 2 px is near


def clip_of(name, T=6, action="", hidden=()):
    """A clip of noise, 64 x 48 px, whose joints lie 6 px apart; hidden : (frame, joint) pairs."""
    rng = np.random.default_rng(0)
    frames = rng.integers(100, 140, (T, 48, 64, 3)).astype(np.uint8)
    joints = np.stack([8 + 6 * (np.arange(13) % 7), 14 + 9 * (np.arange(13) // 7)], -1).astype(
        np.float32
    )
    visible = np.ones((T, 13), bool)
    for t, k in hidden:
        visible[t, k] = False
    box = np.tile(np.float32([10, 10, 12, SIZE]), (T, 1))
    return Clip(name, np.tile(joints, (T, 1, 1)), visible, box, PENN, frames, action, size=(64, 48))


def moved(clip, *faults, by=9):
    """The true pose, but for joints (frame, joint) that lie so many px lower."""
    pose = clip.joints.astype(np.float64)
    for t, k in faults:
        pose[t, k, 1] += by
    return pose


def runs_of(clips, **poses):
    """A stand-in for Runs. poses : of each row, a list of (T, 13, 2) px; the truth where there are
    none.
    """
    rows = {"baseline": "baseline", "S-infer": "spatial", "ST-infer": "both"}
    truth = [moved(clip) for clip in clips]
    return SimpleNamespace(
        config=short_runs.CONFIG,  # slices of 3 frames
        data=SimpleNamespace(test=clips),
        poses=lambda row, seed: poses.get(rows[row], truth),
    )


def picture(content):
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def red(part):
    return (part == RED).all(-1).sum()


def test_errors_are_in_sizes_of_the_person():
    clip = clip_of("a")
    clip = replace(clip, box=clip.box * np.float32([[1]] * 5 + [[np.nan]]))
    error = off(clip, moved(clip, (1, 3), by=5))
    assert error[1, 3] == 5 / SIZE and error[0].max() == 0 and np.isnan(error[5]).all()


def test_failures_are_hidden_damaged_or_of_the_other_side():
    clip = clip_of("a", hidden=[(1, HEAD), (2, HEAD)])
    clip.joints[2, HEAD] = -1, 20  # outside the picture
    clip.frames[3] = cv2.GaussianBlur(clip.frames[3], (0, 0), 2)
    clip.frames[4] = 128 + 3 * (clip.frames[4].astype(int) - 128)  # noise
    pose = moved(clip)
    pose[0, [LEFT_WRIST, RIGHT_WRIST]] = pose[0, [RIGHT_WRIST, LEFT_WRIST]]
    pose[5, LEFT_WRIST] = pose[5, RIGHT_WRIST]
    found = ways_to_fail(clip, pose)
    assert np.argwhere(found["hidden"]).tolist() == [[1, HEAD]]
    assert (
        np.flatnonzero(found["damaged"].all(1)).tolist() == [3, 4] and found["damaged"].sum() == 26
    )
    expected = [[0, RIGHT_WRIST], [0, LEFT_WRIST], [5, LEFT_WRIST]]
    assert np.argwhere(found["side"]).tolist() == expected


def test_figure_1_shows_what_is_repaired():
    """Of hidden joints the slice with most of them; of a clip one slice; no damage, no picture."""
    faults = [(4, 0), (4, 7), (5, 0)]
    clips = [
        clip_of("few", hidden=[(0, 0)]),
        *(clip_of(n, hidden=faults) for n in ("many", "spoilt")),
    ]
    both = [moved(clips[0]), moved(clips[1]), moved(clips[2], *[(3, k) for k in range(9, 13)])]
    baseline = [moved(clips[0], (0, 0)), moved(clips[1], *faults), moved(clips[2], *faults)]
    for n in (0, 1):  # the wrists change sides: in "many" for longer, but that one is taken
        for t in range(n + 1):
            baseline[n][t, [LEFT_WRIST, RIGHT_WRIST]] = baseline[n][t, [RIGHT_WRIST, LEFT_WRIST]]
    result, files = figure1(runs_of(clips, baseline=baseline, both=both), [3, 4])
    assert result["seed"] == 3 and list(result["slices"]) == ["hidden", "side"]
    hidden, side = result["slices"].values()
    assert hidden == {
        "clip": "many",
        "first": 3,
        "frames": 3,
        "repaired": {"head": 2, PENN.joints[7]: 1},
    }
    assert side["clip"] == "few" and side["repaired"] == {"left_wrist": 1, "right_wrist": 1}
    shown = picture(files["figure1-hidden.png"])
    height = TILE * 48 // 64
    assert shown.shape == (LINE + 4 * (height + 4), LABEL + 3 * (TILE + 4), 3)
    rows = [shown[LINE + n * (height + 4) :][:height] for n in range(4)]
    assert [red(row) > 0 for row in rows] == [False, True, False, False]
    columns = [red(rows[1][:, LABEL + n * (TILE + 4) :][:, :TILE]) > 0 for n in range(3)]
    assert columns == [False, True, True]  # frame 3 of the clip has no fault


def test_a_repair_must_be_near():
    clip = clip_of("a", hidden=[(0, 0)])
    for by, there in ((2, True), (3, False)):
        both, baseline = moved(clip, (0, 0), by=by), moved(clip, (0, 0))
        assert bool(figure1(runs_of([clip], baseline=[baseline], both=[both]), [0])[1]) == there


def test_figure_4_has_failures_in_its_last_row():
    """One frame of each action, the best and the worst; a frame with few joints is no success."""
    clips = [clip_of(str(n), action=("run", "jump", "swim", "rest")[n % 4]) for n in range(6)]
    clips[1].visible[3, :7] = False
    both = [clip.joints + np.float64([n + 1, 0]) for n, clip in enumerate(clips)]
    both[1][3] = clips[1].joints[3]  # no error, but in six joints of 13
    both[4][2] += [9, 0]
    result, files = figure4(runs_of(clips, both=both), [0])
    named = [[(f["clip"], f["frame"]) for f in result[part]] for part in ("successes", "failures")]
    assert named == [
        [("0", 0), ("1", 0), ("2", 0), ("3", 0)],
        [("4", 2), ("5", 5), ("3", 5), ("2", 5)],
    ]
    assert [f["error"] for f in result["failures"]] == pytest.approx([70, 30, 20, 15])
    shown = picture(files["figure4.png"])
    height = LINE + TILE * 48 // 64 + 4
    assert shown.shape[0] == 2 * height and red(shown[:height]) == 0 < red(shown[height:])
    clips[0].visible[:] = False
    with pytest.raises(InputError, match="no frame of the test clips"):
        figure4(runs_of(clips[:1]), [0])
