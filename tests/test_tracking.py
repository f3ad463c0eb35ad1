"""Following a person: steady frames, damaged ones, nobody, cuts."""

import numpy as np
import pytest
import synthetic

from tslib.detector import HeatmapDetector
from tslib.predict import joints_of
from tslib.tracking import BEST, LOST, SEARCH, Tracker, box_of, is_cut, observe, sureness, windows_over


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    return HeatmapDetector(synthetic.write_detector(tmp_path_factory.mktemp("detector")))


def inside(crop, t):
    """Whether a crop holds every joint of frame t and is not much larger than the person."""
    cells = crop.to_cells(synthetic.pose(t))
    return (cells > -0.5).all() and (cells < np.array(crop.grid) - 0.5).all() and 60 < crop.body < 95


def test_finds_and_follows_the_person(detector):
    seen = list(observe((synthetic.frame(t) for t in range(40)), detector))
    assert [o.index for o in seen] == list(range(40)) and {o.scene for o in seen} == {0}
    assert all(inside(o.crop, o.index) for o in seen)
    errors = [np.abs(joints_of(o.maps, o.crop)[0] - synthetic.pose(o.index)).max() for o in seen]
    assert max(errors) < 3
    assert seen[0].to_previous is None and seen[-1].to_next is None
    assert all(o.to_next is not None for o in seen[:-1]) and all(o.to_previous is not None for o in seen[1:])


def test_starts_from_a_given_box(detector):
    truth = synthetic.pose(0)
    first = next(iter(observe([synthetic.frame(0)], detector, (*truth.min(0), *np.ptp(truth, axis=0)))))
    np.testing.assert_allclose(first.crop.center, (truth.min(0) + truth.max(0)) / 2)
    assert first.crop.body == np.ptp(truth, axis=0).max()


def test_survives_frames_without_a_joint(detector):
    """Four frames show no joint at all; the box goes on with the flow and is there when they come back."""
    dark = range(12, 16)
    hidden = {(t, k) for t in dark for k in range(13)}
    seen = list(observe((synthetic.frame(t, hidden) for t in range(32)), detector))
    assert all(o.crop is not None for o in seen)
    assert all(inside(o.crop, o.index) for o in seen[dark[-1] + 1 :])


def test_few_or_weak_joints_do_not_move_the_box(detector):
    tracker = Tracker(detector, (37, 28, 36, 68))
    tracker.look(synthetic.frame(0), None)
    box = tracker.box.copy()
    hidden = {(0, k) for k in range(9)}
    tracker.look(synthetic.frame(0, hidden), None)
    assert np.array_equal(tracker.box, box) and tracker.missed == 1
    tracker.look(synthetic.frame(0), None)
    assert tracker.missed == 0


def test_corrections_are_small(detector):
    tracker = Tracker(detector, (25, 15, 60, 110))  # too large, off to the left
    before = tracker.box.copy()
    tracker.look(synthetic.frame(0), None)
    move = tracker.box[:2] + tracker.box[2:] / 2 - before[:2] - before[2:] / 2
    assert 0 < np.abs(move).max() <= 0.1 * 110 + 1e-9
    assert (tracker.box[2:] / before[2:]).min() == pytest.approx(0.93)


def test_searches_again_when_lost_for_long(detector):
    """The person vanishes and comes back elsewhere."""
    frames = [synthetic.frame(t, figure=t < 5 or t >= 30) for t in range(45)]
    seen = list(observe(frames, detector))
    assert seen[5 + LOST + 1].crop is None and seen[5 + LOST + 1].maps is None
    back = next(o.index for o in seen[30:] if o.crop is not None)
    assert back < 30 + SEARCH
    assert all(inside(o.crop, o.index) for o in seen[back:])


def test_nobody(detector):
    seen = list(observe((synthetic.frame(t, figure=False) for t in range(10)), detector))
    assert len(seen) == 10 and all(o.crop is None and o.maps is None for o in seen)
    assert list(observe([], detector)) == []


def test_a_cut_begins_a_new_scene(detector):
    other = np.repeat(np.linspace(40, 90, 120, dtype=np.uint8)[:, None, None], 160, 1).repeat(3, 2)
    frames = [synthetic.frame(t) for t in range(6)] + [other] * 3 + [synthetic.frame(t) for t in range(6)]
    seen = list(observe(frames, detector))
    assert [o.scene for o in seen] == [0] * 6 + [1] * 3 + [2] * 6
    assert seen[5].to_next is None and seen[6].to_previous is None
    assert [o.crop is None for o in seen] == [False] * 6 + [True] * 3 + [False] * 6


def test_holds_two_frames_at_a_time(detector):
    def frames(T):
        return (synthetic.frame(t) for t in range(T))

    for T in (5, 25):
        assert synthetic.most_alive(frames(T), lambda stream: observe(stream, detector)) <= 3


def test_noise_and_blur_are_no_cut():
    random = np.random.default_rng(0)
    a, b = synthetic.frame(0), synthetic.frame(1)
    assert not is_cut(a, b)
    assert not is_cut(a, np.clip(b + random.normal(0, 40, b.shape), 0, 255).astype(np.uint8))
    assert not is_cut(np.zeros_like(a), np.zeros_like(a))


def test_sureness_and_box_by_hand():
    peaks = np.r_[np.full(10, 0.8), np.zeros(7)]
    assert BEST == 10 / 17 and sureness(peaks) == pytest.approx(0.8)
    joints = np.stack([np.arange(17.0), 2 * np.arange(17.0)], -1)
    np.testing.assert_array_equal(box_of(joints, peaks), (0, 0, 9, 18))
    assert box_of(joints, np.r_[np.full(6, 0.8), np.zeros(11)]) is None
    assert box_of(joints, np.r_[np.full(7, 0.8), np.zeros(10)]) is not None


@pytest.mark.parametrize(("W", "H"), [(320, 240), (1920, 1080), (480, 854), (50, 500)])
def test_windows_cover_the_frame(W, H):
    windows = list(windows_over(W, H, (48, 64)))
    assert len(windows) < 200
    covered = np.zeros((H, W), int)
    for x, y, w, h in windows:
        assert w / h == pytest.approx(48 / 64)
        covered[max(0, int(y)) : int(y + h) + 1, max(0, int(x)) : int(x + w) + 1] += 1
    assert covered.min() >= 1


def test_a_given_box_with_nobody_in_it_is_not_believed(detector):
    """After a while the person is searched for instead."""
    frames = [synthetic.frame(t) for t in range(LOST + 5)]
    seen = list(observe(frames, detector, (0, 0, 12, 20)))
    assert all(o.crop is None for o in seen[:LOST])
    assert all(inside(o.crop, o.index) for o in seen[LOST:])
