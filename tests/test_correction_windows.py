"""Windows and their normalisation: cut and merged again, filled, and independent of place, size and
truth.
"""

import math

import numpy as np
import pytest

from tslib.augment import Affine
from tslib.correction.normalization import normalized, place
from tslib.correction.training import Windows
from tslib.correction.windows import cut, filled, merge, starts
from tslib.skeletons import SKELETONS

YOUTUBE = SKELETONS["youtube7"]
NAN = np.nan


def tracks(T=30, K=7, seed=0):
    return np.random.default_rng(seed).normal(200, 50, (T, K, 2))


def points(*xy):
    """One joint's track (T, 1, 2)."""
    return np.array(xy, float)[:, None]


def test_tracks_are_cut_as_by_hand():
    assert starts(10, 4, 3).tolist() == [0, 3, 6]
    assert starts(11, 4, 3).tolist() == [0, 3, 6, 7]  # the last one reaches the end
    assert starts(4, 4, 3).tolist() == starts(2, 4, 3).tolist() == [0]
    windows, mask = cut(np.arange(5), 4, 2)
    assert windows.tolist() == [[0, 1, 2, 3], [1, 2, 3, 4]] and mask.all()
    windows, mask = cut(np.arange(2), 4, 2)
    assert windows.tolist() == [[0, 1, 1, 1]] and mask.tolist() == [[True, True, False, False]]


def test_merging_takes_the_mean_of_windows_by_hand():
    windows = np.array([[0.0, 0, 0], [3, 3, 3], [9, 9, 9]])[..., None]
    assert merge(windows, 5, 3, 1)[:, 0].tolist() == [0, 1.5, 4, 6, 9]
    assert merge(np.array([[1.0, 2, 7]])[..., None], 2, 3, 1)[:, 0].tolist() == [1, 2]


@pytest.mark.parametrize("stride", [1, 3, 5, 20])
@pytest.mark.parametrize("frames", [1, 2, 19, 20, 21, 38, 60])
def test_merging_what_was_cut_is_the_identity(frames, stride):
    """T14, with an identity for a model."""
    track = tracks(frames)
    windows, mask = cut(track, 20, stride)
    assert windows.shape[1:] == (20, 7, 2) and mask.any(1).all()
    np.testing.assert_allclose(merge(windows, frames, 20, stride), track, rtol=1e-15)


def test_windows_that_make_no_sense_are_refused():
    for bad in ((0, 4, 1), (5, 0, 1), (5, 4, 0)):
        with pytest.raises(ValueError, match="must be 1 or more"):
            starts(*bad)
    with pytest.raises(ValueError, match="would leave frames out"):
        starts(20, 4, 5)


def test_gaps_are_filled_straight_by_hand():
    gaps = points((NAN, NAN), (0, 8), (NAN, 5), (NAN, NAN), (6, 2), (NAN, NAN))
    whole = [(0, 8), (0, 8), (2, 6), (4, 4), (6, 2), (6, 2)]
    assert filled(gaps)[:, 0].tolist() == [list(map(float, p)) for p in whole]
    assert np.isnan(gaps[0]).all()  # the argument stays as it is
    half = points((1, NAN), (NAN, 2))
    assert np.isnan(filled(half)).all()
    assert filled(points((np.inf, 0), (3, 4)))[0, 0].tolist() == [3, 4]
    for wrong in (np.zeros((3, 2)), np.zeros((0, 7, 2)), np.zeros((3, 7, 3))):
        with pytest.raises(ValueError, match=r"a track must have shape \(T, K, 2\)"):
            filled(wrong)


def upper_body(width, height):
    """One frame of youtube7: shoulders `width` px apart, head and a wrist `height` px apart."""
    pose = np.zeros((1, 7, 2))
    pose[0, 0], pose[0, 1] = (0, 0), (0, height)
    pose[0, 5], pose[0, 6] = (-width / 2, height / 2), (width / 2, height / 2)
    pose[0, [2, 3, 4]] = (0, height / 2)
    return pose


def test_place_and_size_equal_those_by_hand():
    frames = upper_body(40, 160), upper_body(50, 160), upper_body(60, 90)
    center, size = place(np.concatenate(frames), YOUTUBE)
    assert size == 50 and center[0] == pytest.approx(0, abs=1e-9)
    assert place(upper_body(40, 160) + [1000, -500], YOUTUBE)[0] == pytest.approx(
        (1000, -420), abs=1
    )
    assert place(upper_body(40, 160), YOUTUBE, "body")[1] == 160
    assert place(upper_body(5, 160), YOUTUBE)[1] == 160 / 8  # seen from the side
    unseen = upper_body(40, 160)
    unseen[0, 5] = NAN
    assert place(unseen, YOUTUBE)[1] == 160 / 4
    assert place(np.full((4, 7, 2), NAN), YOUTUBE)[0].tolist() == [0, 0]
    assert place(np.full((4, 7, 2), 3.0), YOUTUBE)[1] == 1  # px: all joints in one place
    with pytest.raises(ValueError, match="no unit 'head'; choose one of shoulders, body"):
        place(unseen, YOUTUBE, "head")


def test_place_and_size_are_those_of_the_slow_way():
    """One window and one point at a time, as the definitions read."""
    windows = np.stack([tracks(9, seed=n) for n in range(4)])
    windows[0, 2:5, 3], windows[1, :, 1], windows[2, 4] = NAN, NAN, NAN
    center, size = place(windows, YOUTUBE, "body")
    for n, window in enumerate(windows):
        known = [xy for xy in window.reshape(-1, 2) if np.isfinite(xy).all()]
        middle, weight = np.mean(known, 0), np.zeros(len(known))
        for _ in range(20):
            far = np.array([math.dist(xy, middle) for xy in known])
            weight = 1 / np.maximum(far, 1e-3 * far.mean())
            middle = (weight[:, None] * known).sum(0) / weight.sum()
        np.testing.assert_allclose(center[n], middle, rtol=0, atol=1e-9)
        seen = [[xy for xy in pose if np.isfinite(xy).all()] for pose in window]
        spans = [max(math.dist(a, b) for a in pose for b in pose) for pose in seen if len(pose) > 1]
        assert size[n] == pytest.approx(np.median(spans), rel=1e-12)


def test_some_joints_far_off_hardly_move_the_middle():
    track = tracks()
    off = track.copy()
    off[::10, 3] += 5000
    (here, size), (there, still) = place(track, YOUTUBE), place(off, YOUTUBE)
    assert np.abs(there - here).max() < 5 and size == still
    assert np.abs(off.mean((0, 1)) - here).max() > 50  # as a mean would be


@pytest.mark.parametrize("unit", ["shoulders", "body"])
@pytest.mark.parametrize("flip", [False, True])
def test_normalisation_commutes_with_turning_flipping_and_size(flip, unit):
    """T15: changed and then normalised is normalised and then turned and flipped."""
    track = tracks()
    track[4:9, 2] = NAN
    change = Affine.about((150, 80), 25, 1.7, flip, to=(-300, 40))
    turn = Affine.about((0, 0), 25, 1, flip)
    before = normalized(
        change.joints(track, YOUTUBE), *place(change.joints(track, YOUTUBE), YOUTUBE, unit)
    )
    after = turn.joints(normalized(track, *place(track, YOUTUBE, unit)), YOUTUBE)
    np.testing.assert_allclose(before, after, rtol=0, atol=1e-9)


def test_flipping_twice_is_the_identity():
    """T15."""
    flip, track = Affine.about((3, 5), flip=True), tracks()
    once = flip.joints(track, YOUTUBE)
    np.testing.assert_allclose(flip.joints(once, YOUTUBE), track, rtol=1e-14)
    # The right wrist was the left one.
    assert np.abs(once[:, 1] - flip.points(track[:, 2])).max() < 1e-9


def test_many_windows_at_once_are_as_one_by_one():
    windows = tracks().reshape(3, 10, 7, 2)
    center, size = place(windows, YOUTUBE)
    assert center.shape == (3, 2) and size.shape == (3,)
    for n in range(3):
        alone = place(windows[n], YOUTUBE)
        np.testing.assert_allclose(center[n], alone[0], rtol=1e-12)
        assert size[n] == alone[1]
        once = normalized(windows, center, size)[n]
        np.testing.assert_allclose(once, (windows[n] - alone[0]) / alone[1], rtol=0, atol=1e-12)


def test_no_truth_decides_what_a_network_sees():
    """T16: other labels, or none, and the same input."""
    track, truth = tracks(50), tracks(50, seed=1)
    plain = Windows.of(track, YOUTUBE, 20, 5, "shoulders")
    for labels in (truth, truth + 1000, np.where(np.arange(50)[:, None, None] % 3, NAN, truth)):
        windows = Windows.of(track, YOUTUBE, 20, 5, "shoulders", labels)
        for name in ("poses", "mask", "center", "size"):
            assert np.array_equal(getattr(windows, name), getattr(plain, name)), name
    assert plain.truth is None


def test_truth_is_normalised_as_the_estimates_are():
    track = tracks(23)
    track[:, 4] = NAN  # never seen
    truth = tracks(23, seed=1)
    truth[5, 1, 0] = NAN
    windows = Windows.of(track, YOUTUBE, 20, 5, "shoulders", truth)
    back = windows.truth * windows.size[:, None, None, None] + windows.center[:, None, None]
    expected = cut(truth, 20, 5)[0]
    expected[:, :, 4] = NAN
    expected[0, 5, 1] = expected[1, 2, 1] = NAN
    np.testing.assert_allclose(back, expected, rtol=1e-12)
    assert not windows.poses[:, :, 4].any() and np.isfinite(windows.poses).all()


def test_a_short_track_is_learnt_from_once():
    windows = Windows.of(tracks(3), YOUTUBE, 20, 5, "shoulders", tracks(3, seed=1))
    assert windows.mask.tolist() == [[True] * 3 + [False] * 17]
    assert np.array_equal(np.isfinite(windows.truth).all((2, 3)), windows.mask)
    alone = Windows.of(tracks(3), YOUTUBE, 3, 1, "shoulders")
    np.testing.assert_allclose(windows.poses[:, :3], alone.poses, rtol=1e-12)


def test_tracks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="youtube7 has 7 joints, but a track has 6"):
        Windows.of(tracks(K=6), YOUTUBE, 20, 5, "shoulders")
    with pytest.raises(ValueError, match=r"shape \(30, 7, 2\), but its truth has \(29, 7, 2\)"):
        Windows.of(tracks(), YOUTUBE, 20, 5, "shoulders", tracks(29))
    with pytest.raises(ValueError, match="no frame of the training tracks has a label"):
        Windows.joined(
            [Windows.of(tracks(), YOUTUBE, 20, 5, "shoulders", np.full((30, 7, 2), NAN))]
        )
