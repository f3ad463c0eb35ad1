"""Real film with a reference: cameras, damage, intervals and the hidden node of sides.

All but the last tests are on cameras and points made here; those on the films need
`python -m tslib download films` and the default detector.
"""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from experiments import records
from experiments.real import damage, multiview, sides
from experiments.real.cameras import Camera, agree, read_calibration, refine, resect, without
from tslib.crop import Crop
from tslib.datasets.films import films_folder
from tslib.errors import InputError
from tslib.flow import Flow
from tslib.video import blazepose
from tslib.video.tracking import Observation

FILMS = films_folder() / "pose2sim"
needs_films = pytest.mark.skipif(
    not FILMS.is_dir(), reason="the films are not here; run `python -m tslib download films`"
)
needs_detector = pytest.mark.skipif(
    not (blazepose.detector_folder() / blazepose.MODEL).is_file(),
    reason="the detector is not here; run `python -m tslib download detector`",
)


def looking(angle, height=1.5, distance=4.0):
    """A camera on a circle that looks at a person in the middle; frames of 360 x 640 px."""
    center = np.array([distance * np.cos(angle), distance * np.sin(angle), height])
    ahead = np.array([0, 0, 1.0]) - center
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    return Camera(np.array([[560.0, 0, 180], [0, 560, 320], [0, 0, 1]]), rotation, center)


@pytest.fixture
def cameras():
    return [looking(angle) for angle in (0.3, 1.7, 3.4, 4.9)]


@pytest.fixture
def world():
    return np.random.default_rng(0).uniform([-0.4, -0.4, 0], [0.4, 0.4, 1.8], (60, 3))


def views(cameras, world):
    return np.stack([camera.project(world) for camera in cameras])


def test_a_calibration_is_read_in_px_and_metres(tmp_path):
    turn = Rotation.from_euler("zyx", [0.3, -0.2, 1.1]).as_matrix()
    rotation = " ".join(f'r{i + 1}{j + 1}="{turn[i, j]}"' for i in range(3) for j in range(3))
    inner = 'focalLengthU="64000" focalLengthV="64640" centerPointU="32000" centerPointV="6400"'
    camera = (
        f'<camera><transform x="1000" y="-500" z="250" {rotation}/><intrinsic {inner}/></camera>'
    )
    path = tmp_path / "Calib.qca.txt"
    path.write_text(f"<calibration><cameras>{camera}</cameras></calibration>", encoding="utf-8")
    (found,) = read_calibration(path)
    np.testing.assert_allclose(found.matrix, [[1000, 0, 500], [0, 1010, 100], [0, 0, 1]])
    np.testing.assert_allclose(found.center, [1, -0.5, 0.25])
    # The file's axes are right, up and backwards.
    np.testing.assert_allclose(found.rotation, turn * np.array([[1], [-1], [-1]]))


@pytest.mark.parametrize("text", ["", "no file", "<a/>", "<a><cameras><camera/></cameras></a>"])
def test_what_is_no_calibration_is_one_sentence(tmp_path, text):
    path = tmp_path / "Calib.qca.txt"
    if text:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"^(there is no|.* (is no|holds no) )"):
        read_calibration(path)


def test_a_camera_of_a_smaller_frame_sees_the_same_place(cameras, world):
    small, seen = cameras[0].resized(0.5, 0.25), cameras[0].project(world)
    expected = (seen + 0.5) * [0.5, 0.25] - 0.5
    np.testing.assert_allclose(small.project(world), expected)


def test_clean_views_give_the_points_exactly(cameras, world):
    found, use = agree(cameras, views(cameras, world), 3)
    np.testing.assert_allclose(found, world, atol=1e-9)
    assert use.all()


def test_one_camera_that_errs_is_left_out(cameras, world):
    places = views(cameras, world)
    wrong = np.arange(60) % 4
    places[wrong, np.arange(60)] += 40
    found, use = agree(cameras, places, 3)
    np.testing.assert_allclose(found, world, atol=1e-9)
    assert not use[wrong, np.arange(60)].any() and use.sum() == 3 * 60


def test_points_that_no_two_cameras_agree_on_are_unknown(cameras, world):
    places = views(cameras, world)
    places[2:, 0], places[:, 1] = np.nan, np.random.default_rng(1).uniform(0, 640, (4, 2))
    places[1, 2], places[2:, 2] = places[1, 2] + 90, np.nan
    found, _ = agree(cameras, places, 3)
    assert np.isfinite(found[0]).all()  # two cameras will do
    assert np.isnan(found[1]).all() and np.isnan(found[2]).all()


def test_a_camera_has_no_part_in_its_own_truth(cameras, world):
    places = views(cameras, world)
    expected = places[1].copy()
    places[1] = 0
    np.testing.assert_allclose(without(1, cameras, places, 3), expected, atol=1e-6)


def test_refinement_recovers_cameras_that_were_moved_apart(cameras, world):
    rng = np.random.default_rng(2)
    places = views(cameras, world) + rng.normal(0, 0.3, (4, 60, 2))
    places[0, :10] += 50  # and some joints are simply wrong
    moved = [c.moved(rng.normal(0, 0.01, 3), rng.normal(0, 0.01, 3)) for c in cameras]

    def off(found):
        expected = views(cameras, world)
        return max(
            np.median(np.linalg.norm(without(k, found, places, 5) - expected[k], axis=-1))
            for k in range(4)
        )

    assert off(moved) > 3
    assert off(refine(moved, places, 5)) < 0.5


def test_a_camera_is_placed_by_known_points(cameras, world):
    moved = cameras[0].moved(np.array([0.02, -0.03, 0.01]), np.array([0.05, -0.02, 0.04]))
    places = cameras[0].project(world)
    places[:12] += 60
    places[12] = np.nan
    found = resect(moved, world, places, 5)
    np.testing.assert_allclose(found.project(world), cameras[0].project(world), atol=0.5)


@pytest.fixture
def film():
    rng = np.random.default_rng(3)
    return [rng.integers(0, 255, (64, 36, 3)).astype(np.uint8) for _ in range(24)]


@pytest.mark.parametrize("name", damage.DAMAGES)
def test_damage_is_what_the_seed_says_and_leaves_the_film_alone(film, name):
    before = [frame.copy() for frame in film]
    one, two, other = (
        damage.damaged(name, film, np.random.default_rng(seed))[0] for seed in (0, 0, 1)
    )
    assert np.array_equal(one, two)
    assert np.array_equal(one, other) != (name in damage.DRAWN)
    assert np.array_equal(film, before)
    assert len(one) == 24 and one[0].shape == (64, 36, 3) and one[0].dtype == np.uint8


def test_a_moving_camera_goes_as_far_as_it_says(film):
    """The picture lies where the shifts say, and the steps are those of a hand."""
    found, shifts = damage.damaged("moving camera", film, np.random.default_rng(2))
    assert shifts.shape == (24, 2) and (np.abs(shifts).max(0) == [3, 1]).all()
    for frame, before, (dx, dy) in zip(found, film, shifts, strict=True):
        inside = np.roll(before, (dy, dx), (0, 1))[4:-4, 4:-4]
        assert np.array_equal(frame[4:-4, 4:-4], inside)
    _, still = damage.damaged("blur", film, np.random.default_rng(2))
    assert not still.any()


def test_blur_comes_in_bursts_of_at_most_three_frames(film):
    for seed in range(20):
        found = damage.blurred(film, np.random.default_rng(seed))
        changed = "".join("x" if (a != b).any() else " " for a, b in zip(film, found, strict=True))
        assert "x" in changed and max(map(len, changed.split())) <= 3


def test_a_median_leaves_out_frames_without_the_person():
    joints = np.arange(7.0)[:, None, None] * np.ones((1, 2, 2))
    joints[3] = 1000
    presence = np.array([1, 1, 1, 0, 1, 1, 1])
    found = multiview.median(joints, presence, 3)
    np.testing.assert_allclose(found[3], 3)  # of 2 and 4
    np.testing.assert_allclose(found[2], 1.5)
    assert np.isnan(multiview.median(joints, np.zeros(7), 3)).all()


def test_a_gain_is_in_points_within_its_interval():
    rng = np.random.default_rng(4)
    counted = np.full((30, 3, 12), 10)
    hits = rng.integers(5, 9, (30, 3, 12))
    worse = np.stack([hits, counted], 2)
    better = np.stack([hits + 1, counted], 2)
    assert multiview.gain(better, worse) == [[10, 10, 10]] * 3
    (points, low, high), *_ = multiview.gain(better, better[rng.permutation(30)])
    assert low < points + 1e-9 and low < 0 < high


def test_hits_are_counted_in_blocks_where_the_truth_is_known():
    truth = np.zeros((25, 12, 2))
    truth[:, 0] = 100, 0
    truth[3, 5], truth[7] = np.nan, np.nan
    joints = truth + [15.0, 0]
    sizes = np.full(25, 100.0)
    sizes[7] = np.nan
    counts = multiview.blocks_of(joints, truth, sizes)
    assert counts.shape == (3, 3, 2, 12)
    assert counts[..., 1, :].sum() == 3 * (24 * 12 - 1)
    assert list(multiview.micro(counts.sum(0))) == [1, 0, 0]  # 15 px of 100


def observed(presence):
    """Observations of a crop in which a joint stands, while everything in the frame moves."""
    rng, crop = np.random.default_rng(9), Crop((20.0, 20.0), 1.0, (16, 16), 10.0)
    T = len(presence)

    def flow(way):
        vectors = np.full((8, 8, 2), way, np.float32)
        vectors[2:4, 2:4] = 30  # somebody passes
        return Flow(vectors, (0.2, 0.2))

    return [
        Observation(
            t,
            0,
            crop,
            rng.random((17, 16, 16)).astype(np.float32),
            flow(-2) if t else None,
            flow(2) if t < T - 1 else None,
            presence[t],
        )
        for t in range(T)
    ]


def test_the_cameras_motion_is_one_vector_of_a_frame():
    seen = observed([1.0, 1.0, 1.0])
    points = np.random.default_rng(0).uniform(0, 40, (3, 4, 2))
    for o, moved in zip(seen, multiview.by_camera(seen), strict=True):
        assert (o.to_next is None) == (moved.to_next is None)
        if moved.to_next:
            np.testing.assert_allclose(moved.to_next.at(points), 2)
        if moved.to_previous:
            np.testing.assert_allclose(moved.to_previous.at(points), -2)


def test_flow_is_left_out_beside_a_frame_without_the_person():
    presence = [1.0, 1.0, 1.0, 0.1, 1.0, 1.0]
    seen = observed(presence)
    found = list(multiview.sure(seen))
    kept_next = [a.to_next is b.to_next for a, b in zip(seen, found, strict=True)]
    kept_previous = [a.to_previous is b.to_previous for a, b in zip(seen, found, strict=True)]
    assert kept_next == [True, True, False, False, True, True]
    assert kept_previous == [True, True, True, False, False, True]


def test_messages_by_one_way_alone_are_those_of_that_way():
    """By the camera alone nothing comes from who passes, and by both ways it is the better one."""
    seen = observed([1.0] * 5)
    steady = list(multiview.by_camera(seen))
    by_camera, by_flow, both = (multiview.passed(seen, alone) for alone in (1, 0, None))
    np.testing.assert_allclose(multiview.passed(steady), by_camera)
    assert np.abs(by_flow - by_camera).max() > 1 and np.abs(both - by_camera).max() > 1


def chain(T, rng):
    return rng.normal(size=(T, 2)), np.abs(rng.normal(size=(2, T, 2, 2)))


def test_states_are_those_of_the_highest_score_of_all():
    rng = np.random.default_rng(5)
    for _ in range(20):
        unary, cost = chain(8, rng)

        def score(states, unary=unary, cost=cost):
            links = [(d, t) for d in (1, 2) for t in range(d, 8)]
            ways = sum(cost[d - 1, t, states[t - d], states[t]] for d, t in links)
            return sum(unary[t, s] for t, s in enumerate(states)) - ways

        every = [[n >> t & 1 for t in range(8)] for n in range(256)]
        best = max(every, key=score)
        assert sides.exchanged(unary, cost).astype(int).tolist() == best
        assert sides.exchanged(unary, cost, lag=20).astype(int).tolist() == best


def test_a_stream_decides_after_its_lag_and_knows_no_more():
    rng = np.random.default_rng(6)
    unary, cost = chain(40, rng)
    found = sides.exchanged(unary, cost, lag=5)
    for t in range(30):
        part = sides.exchanged(unary[: t + 6], cost[:, : t + 6])
        assert found[t] == part[t]


def test_sides_exchanged_for_some_frames_are_put_right():
    rng = np.random.default_rng(7)
    body = rng.uniform(0, 100, (17, 2))
    joints = body + np.arange(30)[:, None, None] + rng.normal(0, 1, (30, 17, 2))
    wrong = np.zeros(30, bool)
    wrong[12:20] = True
    seen = sides.repaired(joints, wrong)
    found = {"alone": seen, "carried": seen + 1}
    found |= {"own": np.full((30, 17), 0.8), "crossed": np.full((30, 17), 0.2)}
    found["presence"] = np.ones(30)
    states = sides.exchanged(*sides.scores(found), sides.LAG)
    assert (states == wrong).all()
    np.testing.assert_allclose(sides.repaired(seen, states), joints)


def test_a_frame_torn_between_both_does_not_turn_what_follows():
    rng = np.random.default_rng(8)
    joints = rng.uniform(0, 100, (17, 2)) + np.zeros((30, 17, 2))
    # In one frame the body is its own mirror image, so the links to it say nothing.
    joints[15] = (joints[15] + joints[15, sides.MIRROR]) / 2
    found = {"alone": joints, "carried": joints, "own": np.full((30, 17), 0.5)}
    found["presence"] = np.ones(30)
    # The maps would rather have what follows exchanged.
    found["crossed"] = np.where(np.arange(30) > 15, 4.0, 0.01)[:, None] + np.zeros(17)
    unary, cost = sides.scores(found)
    assert not sides.exchanged(unary, cost).any()
    one = sides.scores(found, reach=1)
    assert sides.exchanged(*one)[16:].all()


@needs_films
@needs_detector
def test_the_cameras_of_the_real_films_agree_once_they_are_refined(tmp_path):
    found = multiview.references(tmp_path, 6)
    for name, truth in found.items():
        assert truth.notes["known"] > 0.95, name
        assert truth.notes["residual, refined"] < 7 < 10 < truth.notes["residual, shipped"], name
    rows = multiview.rows_of(
        multiview.kept(multiview.Task("BlazePose", "man", "clean", 0, 0), tmp_path, 6)
    )
    truth = found["man"]
    for row in ("detector alone", "messages"):
        counts = multiview.blocks_of(
            rows[row][:, multiview.LIMB_JOINTS], truth.joints[0], truth.sizes()[0]
        )
        assert multiview.micro(counts.sum(0))[1] > 0.9, row


def test_the_page_shows_rows_of_the_stored_result():
    page = (records.ROOT / "docs" / "real-film.md").read_text(encoding="utf-8")
    found = json.loads((records.RESULTS / "multiview.json").read_text(encoding="utf-8"))
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len(rows) > 15 and set(rows) <= set(multiview.tables(found).splitlines())


@pytest.mark.parametrize("text", ["<a", "<a/>", "<?xml version='1.0' encoding='x-none'?><a/>"])
def test_what_is_no_calibration_is_refused(tmp_path, text):
    file = tmp_path / "a.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="a.txt (is no calibration of cameras|holds no camera)"):
        read_calibration(file)
