"""Upright crops: where landmarks put them, how they follow, and what happens without anybody."""

import numpy as np
import pytest
import synthetic

from tslib.crop import Crop
from tslib.flow import Flow
from tslib.video.detector import Sight
from tslib.video.follower import LOST, SEARCH
from tslib.video.tracking import observe
from tslib.video.upright import UprightTracker

GRID, BLANK = (16, 16), np.zeros((120, 160, 3), np.uint8)


class Stub:
    """A detector of a figure, hips at `hips` and a point `reach` px above, turned by `angle`."""

    grid, margin, maps = GRID, 1.5, list(range(13))
    rotation = {"center": 13, "top": 14, "side": 2.5}
    skeleton = synthetic.SKELETON

    def __init__(self, hips=(80.0, 62.0), reach=24.0, angle=0.0, peak=0.8):
        self.hips, self.reach, self.angle, self.peak = hips, reach, angle, peak
        self.present, self.seen = True, []

    def see(self, frame, crop):
        self.seen.append(crop)
        up = np.array([np.sin(self.angle), -np.cos(self.angle)])
        points = self.hips + np.linspace(-0.9, 0.9, 13)[:, None] * self.reach * up
        points = np.vstack([points, [self.hips], [self.hips + self.reach * up]])
        cells = crop.to_cells(points)
        inside = ((cells > -0.5) & (cells < np.array(GRID) - 0.5)).all(1)[:13]
        maps = np.zeros((13, 16, 16), np.float32)
        for k in np.flatnonzero(inside):
            maps[k, round(cells[k, 1]), round(cells[k, 0])] = self.peak
        return Sight(maps, float(self.present and inside.mean() > 0.5), cells)


def moving(x, y, part=None):
    """A flow of (x, y) px everywhere, or in the columns of a slice alone."""
    vectors = np.zeros((120, 160, 2), np.float32)
    vectors[:, part or slice(None)] = x, y
    return Flow(vectors, (1.0, 1.0))


@pytest.mark.parametrize("angle", [0.0, 0.6, -2.5])
def test_the_crop_is_turned_so_that_the_person_stands_in_it(angle):
    stub = Stub(angle=angle)
    tracker = UprightTracker(stub)
    crop, sight = tracker.look(BLANK, None)
    np.testing.assert_allclose(crop.center, stub.hips)
    assert crop.cell * 16 == pytest.approx(2.5 * 24) and crop.body == pytest.approx(0.6 * 2.5 * 24)
    assert (crop.angle - angle) % (2 * np.pi) == pytest.approx(0, abs=1e-9)
    cells = crop.to_cells(np.add(stub.hips, [24 * np.sin(angle), -24 * np.cos(angle)]))
    np.testing.assert_allclose(cells, (7.5, 7.5 - 16 / 2.5))
    assert sight.maps.shape == (13, 16, 16) and sight.presence == 1


def test_the_crop_follows_within_its_limits():
    """A tenth of the side in place and in size, 0.35 rad, the short way round."""
    stub = Stub(angle=3.1)
    tracker = UprightTracker(stub)
    tracker.look(BLANK, None)
    stub.hips, stub.reach, stub.angle = (95.0, 82.0), 18.0, -2.6
    tracker.look(BLANK, None)
    np.testing.assert_allclose(tracker.crop.center, (80 + 0.6 * 6, 62 + 0.8 * 6))
    assert tracker.crop.cell * 16 == pytest.approx(54)
    assert tracker.crop.angle == pytest.approx(3.1 + 0.35)
    for _ in range(5):
        crop, _ = tracker.look(BLANK, None)
    np.testing.assert_allclose(tracker.crop.center, stub.hips)
    assert np.cos(tracker.crop.angle - stub.angle) == pytest.approx(1)


def test_the_crop_moves_with_the_camera():
    stub = Stub()
    tracker = UprightTracker(stub)
    tracker.look(BLANK, None)
    crop, _ = tracker.look(BLANK, moving(5, -3))
    np.testing.assert_allclose(crop.center, (85, 59))


@pytest.mark.parametrize("change", [{"present": False}, {"peak": 0.45}])
def test_somebody_who_passes_does_not_take_the_crop_along(change):
    """Nobody present, or peaks below 0.6 of the usual: nothing but the camera moves the crop."""
    stub = Stub()
    tracker = UprightTracker(stub)
    tracker.look(BLANK, None)
    for name, value in (change | {"hips": (90.0, 62.0)}).items():
        setattr(stub, name, value)
    passing = slice(60, 100)  # what fills the crop moves, the rest of the frame stands still
    for _ in range(5):
        crop, sight = tracker.look(BLANK, moving(12, 0, passing))
        np.testing.assert_allclose(crop.center, (80, 62))
        assert sight.presence == stub.present
    for _ in range(5):
        tracker.look(BLANK, moving(-2, 1))
    np.testing.assert_allclose(tracker.crop.center, (70, 67))
    stub.present, stub.peak = True, 0.8
    tracker.look(BLANK, None)
    np.testing.assert_allclose(
        tracker.crop.center, np.add((70, 67), 6 * np.array([20, -5]) / 425**0.5)
    )


def test_frames_without_anybody_are_searched_after_a_while():
    stub = Stub()
    tracker = UprightTracker(stub)
    tracker.look(BLANK, None)
    stub.present, stub.seen = False, []
    for _ in range(LOST):
        crop, sight = tracker.look(BLANK, None)
        assert crop is not None and sight.presence == 0
    assert len(stub.seen) == LOST
    assert tracker.look(BLANK, None) == (None, None) and len(stub.seen) > LOST + 20
    stub.present = True
    seen = [tracker.look(BLANK, None)[0] for _ in range(SEARCH)]
    assert seen[-2] is None and seen[-1] is not None


def test_nobody_is_found_where_nobody_is():
    stub = Stub(hips=(-900.0, 0.0))
    seen = list(observe([BLANK] * 3, stub))
    assert [o.crop for o in seen] == [None] * 3


def test_the_search_takes_the_large_one_and_not_the_bystander():
    """The small one has higher peaks; the frame's landmarks are of whoever fills the window."""
    large, small = Stub((50.0, 60.0), 40.0, peak=0.7), Stub((130.0, 60.0), 12.0, peak=0.8)

    class Both(Stub):
        def see(self, frame, crop):
            near = min((large, small), key=lambda s: abs(np.log(crop.cell * 16 / s.reach / 2.5)))
            return near.see(frame, crop)

    crop, _ = UprightTracker(Both()).look(BLANK, None)
    np.testing.assert_allclose(crop.center, large.hips)


def test_a_given_box_says_who_it_is():
    stub = Stub((130.0, 60.0), 12.0)
    tracker = UprightTracker(stub, (118, 46, 24, 28))
    crop, _ = tracker.look(BLANK, None)
    np.testing.assert_allclose(crop.center, stub.hips)
    assert len(stub.seen) == 3  # twice more, and no search
    np.testing.assert_allclose(stub.seen[0].cell * 16, 1.5 * 28)
    wrong = UprightTracker(Stub((130.0, 60.0), 12.0), (0, 0, 20, 30))
    seen = [wrong.look(BLANK, None) for _ in range(LOST + 1)]
    assert [sight.presence for _, sight in seen] == [0] * LOST + [1]
    np.testing.assert_allclose(seen[LOST][0].center, (130, 60))


def test_observe_takes_the_tracker_that_the_detector_asks_for():
    stub = Stub(angle=0.4)
    (seen,) = observe([BLANK], stub)
    assert seen.crop.angle == pytest.approx(0.4)
    (seen,) = observe([BLANK], stub, (60, 30, 40, 64))
    assert isinstance(seen.crop, Crop) and seen.crop.angle == pytest.approx(0.4)
