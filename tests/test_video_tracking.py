"""Following a person: steady frames, damaged ones, nobody, cuts."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import synthetic

import tslib.video.tracking
from tslib.crop import Crop
from tslib.video.detector import HeatmapDetector, Sight
from tslib.video.follower import BEST, LOST, SEARCH, Follower, sureness, windows_over
from tslib.video.predict import joints_of
from tslib.video.tracking import Tracker, box_of, is_cut, moved, observe, observe_people


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    return HeatmapDetector(synthetic.write_detector(tmp_path_factory.mktemp("detector")))


def inside(crop, t):
    """Whether a crop holds every joint of frame t and is not much larger than the person."""
    cells = crop.to_cells(synthetic.pose(t))
    return (
        (cells > -0.5).all() and (cells < np.array(crop.grid) - 0.5).all() and 60 < crop.body < 95
    )


def test_finds_and_follows_the_person(detector):
    seen = list(observe((synthetic.frame(t) for t in range(40)), detector))
    assert [o.index for o in seen] == list(range(40)) and {o.scene for o in seen} == {0}
    assert all(inside(o.crop, o.index) for o in seen)
    errors = [np.abs(joints_of(o.maps, o.crop)[0] - synthetic.pose(o.index)).max() for o in seen]
    assert max(errors) < 3
    assert seen[0].to_previous is None and seen[-1].to_next is None
    background = 10, 80, 20, 30  # pans by 2 px to the left
    for o in seen[:-1]:
        np.testing.assert_allclose(o.to_next.median_in(background), (-2, 0), atol=0.3)
    for o in seen[1:]:
        np.testing.assert_allclose(o.to_previous.median_in(background), (2, 0), atol=0.3)


def test_starts_from_a_given_box(detector):
    truth = synthetic.pose(0)
    first = next(
        iter(observe([synthetic.frame(0)], detector, (*truth.min(0), *np.ptp(truth, axis=0))))
    )
    np.testing.assert_allclose(first.crop.center, (truth.min(0) + truth.max(0)) / 2)
    assert first.crop.body == np.ptp(truth, axis=0).max()


def test_survives_frames_without_a_joint(detector):
    """Four frames show no joint at all; the box goes on with the flow and is there when they come
    back.
    """
    dark = range(12, 16)
    hidden = {(t, k) for t in dark for k in range(13)}
    seen = list(observe((synthetic.frame(t, hidden) for t in range(32)), detector))
    assert all(o.crop is not None for o in seen)
    assert all(inside(o.crop, o.index) for o in seen[dark[-1] + 1 :])


def test_follows_a_fast_pan_in_the_dark(detector):
    """For 12 frames no joint is seen while the camera turns by 8 px a frame, as the flow says."""
    noise = np.random.default_rng(2).random((30, 140)).astype(np.float32)
    world = (
        60 + 50 * cv2.resize(noise, (560, 120), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    ).astype(np.uint8)
    joints = synthetic.STANDING + [300, 62]

    def frame(t):
        picture = np.repeat(world[..., None], 3, -1)
        for a, b in synthetic.SKELETON.edges:
            cv2.line(picture, joints[a].astype(int), joints[b].astype(int), (150, 150, 150), 4)
        if not 5 <= t < 17:
            for (x, y), color in zip(joints, synthetic.COLORS, strict=True):
                cv2.circle(picture, (int(x), int(y)), 3, (255 * color).tolist(), -1)
        return picture[:, 8 * t : 8 * t + 360].copy()

    seen = list(observe((frame(t) for t in range(22)), detector, (280, 24, 40, 76)))
    assert {o.scene for o in seen} == {0}
    for o in seen:
        cells = o.crop.to_cells(joints - [8 * o.index, 0])
        assert (cells > -0.5).all() and (cells < np.array(o.crop.grid) - 0.5).all()


class Stub:
    """A detector that sees joints (13, 2) px, as high as one likes, whatever the frame."""

    grid, person_score, margin = synthetic.GRID, 0.3, 1.5

    def __init__(self, height=0.9):
        self.height, self.joints = height, synthetic.STANDING + [80, 62]

    def see(self, frame, crop):
        maps = np.zeros((13, 32, 24), np.float32)
        for k, (x, y) in enumerate(np.round(crop.to_cells(self.joints)).astype(int)):
            if 0 <= x < 24 and 0 <= y < 32:
                maps[k, y, x] = self.height
        return Sight(maps)


BLANK = np.zeros((120, 160, 3), np.uint8)
AROUND = 62, 28, 36, 68  # the box of the stub's joints


def test_weak_frames_are_not_believed():
    """Below 0.6 of the usual height joints correct nothing, and the usual follows by a tenth."""
    stub = Stub()
    tracker = Tracker(stub, AROUND)
    tracker.look(BLANK, None)
    assert tracker.usual == pytest.approx(0.9)
    stub.joints, stub.height, box = stub.joints + [5, 0], 0.53, tracker.box.copy()
    tracker.look(BLANK, None)
    assert np.array_equal(tracker.box, box) and tracker.missed == 1
    stub.height = 0.55
    tracker.look(BLANK, None)
    assert tracker.box[0] > box[0] + 2 and tracker.missed == 0
    assert tracker.usual == pytest.approx(0.9 * 0.9 + 0.1 * 0.55)


def test_a_correction_has_its_limits():
    """A tenth of the height in each direction, 7 % of the size, however far the joints are."""
    stub = Stub()
    stub.joints = 80 + 0.5 * synthetic.STANDING  # half as large, 18 px below the middle of the box
    tracker = Tracker(stub, AROUND)
    tracker.look(BLANK, None)
    np.testing.assert_allclose(tracker.box[2:], np.multiply(AROUND[2:], 0.93))
    np.testing.assert_allclose(tracker.box[1] + tracker.box[3] / 2, 62 + 6.8)
    stub.joints = [80, 62] + 1.3 * synthetic.STANDING
    tracker = Tracker(stub, AROUND)
    tracker.look(BLANK, None)
    np.testing.assert_allclose(tracker.box[2:], np.multiply(AROUND[2:], 1.07))


def test_the_detectors_own_threshold_says_who_is_a_person():
    assert Tracker(Stub(0.35)).search(BLANK) is not None
    stub = Stub(0.35)
    stub.person_score = 0.4
    assert Tracker(stub).search(BLANK) is None
    assert Tracker(Stub(0.25)).search(BLANK) is None


@pytest.mark.parametrize("size", [1, 4.7], ids=["small", "fills the frame"])
def test_search_finds_persons_of_any_size(detector, size):
    picture = np.full((360, 480, 3), 70, np.uint8)
    joints = size * synthetic.STANDING + [240, 180]
    for (x, y), color in zip(joints, synthetic.COLORS, strict=True):
        cv2.circle(picture, (round(x), round(y)), round(3 * size), (255 * color).tolist(), -1)
    x, y, w, h = Tracker(detector).search(picture)
    np.testing.assert_allclose(
        (x, y, x + w, y + h), (*joints.min(0), *joints.max(0)), atol=4 * size
    )


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
    assert seen[19].crop is not None  # for 15 frames hoped to come back
    assert seen[21].crop is None and seen[21].maps is None
    back = next(o.index for o in seen[30:] if o.crop is not None)
    assert back < 30 + SEARCH
    assert all(inside(o.crop, o.index) for o in seen[back:])


def test_nobody_is_found_where_nobody_is(detector):
    seen = list(observe((synthetic.frame(t, figure=False) for t in range(10)), detector))
    assert len(seen) == 10 and all(o.crop is None and o.maps is None for o in seen)
    assert list(observe([], detector)) == []


def test_a_cut_begins_a_new_scene(detector):
    other = np.repeat(np.linspace(40, 90, 120, dtype=np.uint8)[:, None, None], 160, 1).repeat(3, 2)
    frames = (
        [synthetic.frame(t) for t in range(6)]
        + [other] * 3
        + [synthetic.frame(t) for t in range(6)]
    )
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
    assert not is_cut(a, cv2.GaussianBlur(b, (31, 31), 0))
    strong, covered = (np.clip(4.0 * x - 250, 0, 255).astype(np.uint8) for x in (a, b))
    covered[30:, 60:80] = 0  # somebody walks by
    assert not is_cut(strong, covered)
    assert not is_cut(a, np.clip(1.6 * b, 0, 255).astype(np.uint8))  # a lamp
    assert not is_cut(np.zeros_like(a), np.zeros_like(a))


def wall(seed, person=None):
    """A plain grey wall, uint8 (480, 640, 3) with a camera's noise, and somebody 200 px high before
    it.
    """
    picture = np.full((480, 640, 3), 128.0)
    if person is not None:
        cv2.ellipse(picture, (person, 240), (33, 100), 0, 0, 360, (40, 60, 90), -1)
    noise = np.random.default_rng(seed).normal(0, 3, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def test_a_plain_wall_is_no_cut():
    for seed in range(0, 10, 2):
        assert not is_cut(wall(seed), wall(seed + 1))
        assert not is_cut(wall(seed, 100 + 40 * seed), wall(seed + 1, 140 + 40 * seed))
        assert not is_cut(wall(seed), wall(seed + 1, 40))


@pytest.mark.parametrize("level", [0, 255])
def test_a_plain_frame_between_scenes_is_a_cut_on_both_sides(level):
    scene, plain = synthetic.frame(0), np.full_like(synthetic.frame(0), level)
    assert is_cut(scene, plain) and is_cut(plain, scene) and not is_cut(plain, plain)


@pytest.mark.parametrize(("alike", "cut"), [(0.0, True), (0.45, True), (0.75, False)])
def test_scenes_that_are_somewhat_alike_are_cut_apart(alike, cut):
    """Two indoor scenes are both brighter above, say; a pan leaves more."""
    random = np.random.default_rng(0)
    a, b = random.normal(0, 1, (2, 12, 16))
    b -= (a * b).sum() / (a * a).sum() * a
    b = alike * a / a.std() + np.sqrt(1 - alike**2) * b / b.std()
    large = [
        cv2.resize(120 + 40 * x, (160, 120), interpolation=cv2.INTER_NEAREST)
        for x in (a / a.std(), b)
    ]
    assert (
        is_cut(*(np.repeat(x.clip(0, 255).astype(np.uint8)[..., None], 3, -1) for x in large))
        == cut
    )


def test_the_best_peaks_make_sureness_and_box():
    peaks = np.r_[np.full(10, 0.8), np.zeros(7)]
    assert BEST == 10 / 17 and sureness(peaks) == pytest.approx(0.8)
    joints = np.stack([np.arange(17.0), 2 * np.arange(17.0)], -1)
    np.testing.assert_array_equal(box_of(joints, peaks), (0, 0, 9, 18))
    assert box_of(joints, np.r_[np.full(6, 0.8), np.zeros(11)]) is None
    assert box_of(joints, np.r_[np.full(7, 0.8), np.zeros(10)]) is not None
    # A box has an area.
    np.testing.assert_array_equal(box_of(np.ones((17, 2)), peaks), (1, 1, 1, 1))


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


def test_a_crop_that_becomes_anothers_looks_for_somebody_else(monkeypatch):
    """Not at once, because two who pass each other share a crop for a while."""
    crop, resets = Crop.around((40, 40, 20, 60), (24, 32)), []

    class Fake(Follower):
        def reset(self, box=None):
            resets.append(box)

        def look(self, frame, flow):
            return crop, Sight(np.zeros((13, 32, 24), np.float32))

    monkeypatch.setattr(tslib.video.tracking, "Tracker", Fake)
    stream = moved((synthetic.frame(0) for _ in range(2 * SEARCH)), "none")
    detector = SimpleNamespace(rotation=None)
    seen = list(observe_people(stream, detector, (1, 2, 3, 4), people=2))
    assert len(seen) == 2 * SEARCH and all(len(each) == 2 for each in seen)
    assert resets == [(1, 2, 3, 4), None, None]
