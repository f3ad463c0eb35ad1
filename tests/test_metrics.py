"""PCK, its means and tables, against counts by hand and against curves that others
printed.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.measures import curve
from tslib.datasets import penn_action
from tslib.metrics import group_rates, means, pck, rates, table, tally
from tslib.skeletons import SKELETONS, Skeleton

PENN, JHMDB = SKELETONS["penn13"], SKELETONS["jhmdb15"]


def test_counts_by_hand():
    truth = np.zeros((4, 2, 2))
    prediction = truth.copy()
    prediction[:, 0, 0] = [0, 20, 20.001, 30]  # hits: 0 and exactly 20 px of 100
    prediction[1, 1] = np.nan
    assert pck(prediction, truth, 100).tolist() == [0.5, 0.75]
    assert pck(prediction, truth, 100, alpha=0.1).tolist() == [0.25, 0.75]


def test_each_frame_has_its_own_size():
    prediction = np.full((2, 1, 2), [3.0, 4.0])
    assert pck(prediction, np.zeros((2, 1, 2)), [25, 24]).tolist() == [0.5]


def test_only_visible_and_known_joints_count():
    truth = np.zeros((2, 3, 2))
    truth[0, 1] = np.nan
    truth[:, 2] = np.nan
    prediction = np.zeros((2, 3, 2))
    prediction[1, 1] = 99
    visible = np.array([[True, True, True], [True, False, True]])
    np.testing.assert_array_equal(pck(prediction, truth, 10, visible=visible), [1, np.nan, np.nan])
    np.testing.assert_array_equal(pck(prediction, truth, 10), [1, 0, np.nan])


def test_size_may_be_unknown_where_nothing_counts():
    truth = np.zeros((2, 1, 2))
    truth[1] = np.nan
    assert pck(np.zeros((2, 1, 2)), truth, [10, np.nan]).tolist() == [1]


@pytest.mark.parametrize(
    ("prediction", "truth", "size", "visible", "word"),
    [
        (np.zeros((2, 3, 2)), np.zeros((2, 4, 2)), 10, None, "shape"),
        (np.zeros((2, 3)), np.zeros((2, 3)), 10, None, "shape"),
        (np.zeros((2, 3, 2)), np.zeros((2, 3, 2)), [1, 2, 3], None, "size"),
        (np.zeros((2, 3, 2)), np.zeros((2, 3, 2)), 0, None, "positive"),
        (np.zeros((2, 3, 2)), np.zeros((2, 3, 2)), [10, np.nan], None, "positive"),
        (np.zeros((2, 3, 2)), np.zeros((2, 3, 2)), 10, np.ones(3), "visible"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(prediction, truth, size, visible, word):
    with pytest.raises(ValueError, match=word):
        pck(prediction, truth, size, visible=visible)


@pytest.mark.parametrize("alpha", [-0.1, np.nan, [[0.1]]])
def test_refuses_thresholds_that_are_none(alpha):
    with pytest.raises(ValueError, match="alpha must be"):
        pck(np.zeros((2, 3, 2)), np.zeros((2, 3, 2)), 10, alpha)


def test_the_strict_rule_leaves_the_limit_out():
    truth, prediction = np.zeros((3, 1, 2)), np.zeros((3, 1, 2))
    prediction[:, 0, 1] = [0, 19.999, 20]
    assert pck(prediction, truth, 100) == [1]
    assert pck(prediction, truth, 100, strict=True) == [2 / 3]
    assert pck(prediction, truth, 100, alpha=0, strict=True) == [0]  # not even a perfect one
    assert pck(prediction, truth, 100, alpha=0) == [1 / 3]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [100, 37])
@pytest.mark.parametrize("away", [0, 3.3, 41.7])
def test_a_joint_on_the_limit_is_a_hit_and_by_the_strict_rule_a_miss(dtype, size, away):
    """To the right, upwards and along a 3-4-5 triangle, `away` limits from the origin."""
    for percent in range(1, 101):
        limit = percent * size / 100
        truth = np.full((1, 3, 2), away * limit, dtype)
        offset = limit * np.array([[1, 0], [0, -1], [0.6, 0.8]])
        prediction = (truth + offset).astype(dtype)
        for alpha in (percent / 100, 0.01 * percent, np.linspace(0, 1, 101)[percent]):
            assert pck(prediction, truth, dtype(size), alpha).tolist() == [1, 1, 1]
            assert pck(prediction, truth, dtype(size), alpha, strict=True).tolist() == [0, 0, 0]
            for strict in (False, True):  # beside the limit both rules agree
                assert pck(truth + 0.9999 * offset, truth, size, alpha, strict=strict).tolist() == [
                    1,
                    1,
                    1,
                ]
                assert pck(truth + 1.0001 * offset, truth, size, alpha, strict=strict).tolist() == [
                    0,
                    0,
                    0,
                ]


def test_with_size_1_the_limit_is_in_pixels():
    prediction = np.zeros((4, 1, 2))
    prediction[:, 0] = [[12, 16], [20, 0], [20, 1], [0, 0]]
    assert pck(prediction, np.zeros((4, 1, 2)), 1, 20) == [0.75]
    assert pck(prediction, np.zeros((4, 1, 2)), 1, 19.9) == [0.25]


def grid(low, high):
    return st.integers(low, high).map(
        lambda n: n / 8
    )  # exact in binary, and so are all the sums below


@given(
    st.lists(st.tuples(grid(-800, 800), grid(-800, 800)), min_size=6, max_size=6),
    st.tuples(grid(-8000, 8000), grid(-8000, 8000)),
    st.sampled_from([1 / 64, 0.5, 2, 32]),
    st.booleans(),
)
def test_common_shift_and_scale_change_nothing(errors, shift, scale, strict):
    truth = np.arange(12.0).reshape(3, 2, 2) * 16
    prediction = truth + np.reshape(errors, (3, 2, 2))
    size, alpha = np.array([64, 128, 32]), [0, 0.125, 0.25, 1]
    once = pck(prediction, truth, size, alpha, strict=strict)
    twice = pck(
        scale * prediction + shift, scale * truth + shift, scale * size, alpha, strict=strict
    )
    np.testing.assert_array_equal(once, twice)
    assert (np.diff(once, axis=0) >= 0).all()  # a curve rises


@given(st.floats(0.01, 100), st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)))
def test_any_shift_and_scale_change_nothing_away_from_the_limit(scale, shift):
    random = np.random.default_rng(0)
    truth = random.uniform(0, 300, (20, 5, 2))
    prediction = truth + random.normal(0, 20, truth.shape)
    size = random.uniform(80, 120, 20)
    margin = np.linalg.norm(prediction - truth, axis=-1) - 0.2 * size[:, None]
    assert np.abs(margin).min() > 0.01
    np.testing.assert_array_equal(
        pck(prediction, truth, size),
        pck(scale * prediction + shift, scale * truth + shift, scale * size),
    )


def one_tally(skeleton, **counts):
    """A tally (2, K) from hits and counts by joint name; 0 of 0 for the others."""
    result = np.zeros((2, len(skeleton.joints)), np.int64)
    for name, pair in counts.items():
        result[:, skeleton.joints.index(name)] = pair
    return result


def test_three_means_by_hand():
    """Head 9 of 10; left wrist 1 of 2, right wrist 0 of 8; neck 10 of 10, which is in no group."""
    counts = one_tally(JHMDB, face=(9, 10), left_wrist=(1, 2), right_wrist=(0, 8), neck=(10, 10))
    assert means(counts, JHMDB) == {
        "micro": pytest.approx(20 / 30),
        "joint-macro": pytest.approx((0.9 + 0.5 + 0 + 1) / 4),
        "group-macro": pytest.approx((0.9 + (0.5 + 0) / 2) / 2),
    }
    groups = group_rates(rates(counts), JHMDB)
    assert groups[0] == 0.9 and groups[3] == 0.25 and np.isnan(groups[[1, 2, 4, 5, 6]]).all()


def test_means_of_nothing_are_nan_and_leading_axes_are_kept():
    nothing = one_tally(PENN)
    assert np.isnan(list(means(nothing, PENN).values())).all()
    many = np.random.default_rng(0).integers(1, 9, (4, 3, 2, 13))
    for name, values in means(many, PENN).items():
        assert values.shape == (4, 3) and values[2, 1] == means(many[2, 1], PENN)[name]


def test_tallies_of_clips_add_up():
    random = np.random.default_rng(0)
    truth, prediction = random.uniform(0, 99, (2, 12, 13, 2))
    visible, size = random.random((12, 13)) < 0.7, random.uniform(50, 200, 12)
    parts = [
        tally(prediction[s], truth[s], size[s], visible=visible[s])
        for s in (slice(0, 5), slice(5, 12))
    ]
    np.testing.assert_array_equal(sum(parts), tally(prediction, truth, size, visible=visible))
    np.testing.assert_array_equal(rates(sum(parts)), pck(prediction, truth, size, visible=visible))


def test_a_table_prints_like_the_papers():
    full = np.full((2, 13), 1000)
    full[0] = [980] + 2 * [973] + 2 * [951] + 2 * [947] + 2 * [971] + 2 * [971] + 2 * [969]
    low = np.full((2, 13), 1000)
    low[0] = 300
    frame = table({"ST-infer": full, "two splits": [full, low]}, PENN)
    assert frame.to_string().splitlines() == [
        "            Head  Shou  Elbo  Wris   Hip  Knee  Ankl  micro  joint-macro  group-macro",
        "ST-infer    98.0  97.3  95.1  94.7  97.1  97.1  96.9   96.5         96.5         96.6",
        "two splits  64.0  63.6  62.6  62.4  63.6  63.6  63.4   63.2         63.2         63.3",
    ]


def test_what_one_split_never_counts_is_averaged_over_the_others():
    seen = np.array([[8] + [6] * 12, [10] * 13])
    headless = np.array([[0] + [4] * 12, [0] + [10] * 12])
    frame = table(
        {"ours": [seen, headless], "never": [headless, headless], "nothing": [0 * seen]}, PENN
    )
    assert frame.loc["ours"].tolist() == [80.0] + 6 * [50.0] + [50.8, 50.8, 51.4]
    assert frame.loc["never", "Shou"] == 40 and np.isnan(frame.loc["never", "Head"])
    assert frame.loc["nothing"].isna().all()


def test_a_table_has_the_columns_of_its_skeleton():
    upper = PENN.with_joints(["head", "left_wrist", "right_wrist"])
    frame = table({"ours": np.array([[3, 0, 1], [4, 0, 2]])}, upper)
    assert frame.columns.tolist() == ["Head", "Wris", "micro", "joint-macro", "group-macro"]
    assert frame.loc["ours"].tolist() == [75.0, 50.0, 66.7, 62.5, 62.5]


# What public code has got wrong (the functions that end in _wrong), each with the number that it
# should give.


def test_mistake_one_pixel_between_the_bases():
    """Labels made 0-based, predictions left 1-based: a pixel off, in x and in y."""

    def pck_wrong(prediction, truth, size):
        return pck(np.asarray(prediction) + 1, truth, size)

    truth = np.full((2, 1, 2), 50.0)
    prediction = truth + [[[6, 8]], [[-6, -8]]]  # 10 px off, and 10 px are allowed
    assert pck(prediction, truth, 50) == [1]
    assert pck_wrong(prediction, truth, 50) == [0.5]


def test_mistake_corners_taken_for_width_and_height():
    """The last two of x1, y1, x2, y2 are no size: a person far from the image's corner gets a large
    one.
    """

    def size_wrong(corners):
        return np.asarray(corners)[:, 2:].max(1)

    corners = np.array([[200.0, 100, 250, 200]])  # 50 x 100 px
    truth = np.full((1, 1, 2), 150.0)
    prediction = truth + [40, 0]
    assert pck(prediction, truth, (corners[:, 2:] - corners[:, :2]).max(1)) == [0]
    assert pck(prediction, truth, size_wrong(corners)) == [1]


def test_mistake_a_mean_over_joints_that_no_column_shows():
    """ "Mean" over 15 joints beside columns of 13: the columns average to another number."""

    def mean_wrong(counts):
        return rates(counts).mean()

    counts = np.full((2, 15), 100)
    counts[0] = 60
    counts[0, :2] = 100  # neck and belly are easy
    frame = table({"ours": counts}, JHMDB)
    assert frame.loc["ours"].tolist() == [60.0] * 7 + [65.3, 65.3, 60.0]
    assert round(100 * mean_wrong(counts), 1) == 65.3  # as our joint-macro, but under no name
    shown = JHMDB.with_joints(JHMDB.joints[2:])
    assert table({"ours": counts[:, 2:]}, shown).loc["ours"].tolist() == [60.0] * 10


def test_mistake_padding_is_counted():
    """Sequences filled up with zeros, in the truth and in the prediction, are right in every added
    frame.
    """

    def pck_wrong(prediction, truth, size, length):
        missing = length - len(truth)
        padded = [np.pad(joints, ((0, missing), (0, 0), (0, 0))) for joints in (prediction, truth)]
        return pck(*padded, np.pad(size, (0, missing), mode="edge"))

    truth, size = np.full((6, 1, 2), 50.0), np.full(6, 10.0)
    prediction = truth + [0, 9]
    assert pck(prediction, truth, size) == [0]
    assert pck_wrong(prediction, truth, size, 10) == [0.4]
    padded = [np.pad(joints, ((0, 4), (0, 0), (0, 0))) for joints in (prediction, truth)]
    assert pck(*padded, 10, visible=np.arange(10)[:, None] < 6) == [
        0
    ]  # where padding cannot be avoided


def test_mistake_splits_are_pooled():
    """JHMDB's figure is the mean of three splits, a model each; a large split weighs no more."""

    def row_wrong(splits):
        return table({"ours": sum(splits)}, PENN)

    splits = [
        np.stack([np.full(13, hits), np.full(13, counted)]) for hits, counted in ((9, 10), (40, 80))
    ]
    assert table({"ours": splits}, PENN).loc["ours"].tolist() == [70.0] * 10
    assert row_wrong(splits).loc["ours"].tolist() == [54.4] * 10


def test_mistake_the_size_of_the_last_image_for_all():
    """A loop over images that keeps using the scale which the loop before it ended with."""

    def pck_wrong(prediction, truth, size):
        return pck(prediction, truth, size[-1])

    truth = np.zeros((3, 1, 2))
    prediction = truth + [0, 15]
    size = [50, 60, 200]
    assert pck(prediction, truth, size) == [1 / 3]
    assert pck_wrong(prediction, truth, size) == [1]


def test_mistake_torso_in_cells_first_sample_only():
    """Joints read off 46 x 46 cells, measured in torsos of cells, or in a tenth of the map where
    the torso is too short, for the first frame of a batch: not PCK on max(h, w), though it was
    printed as that."""

    def pck_wrong(prediction, truth, shoulder, hip, stride=8):
        prediction, truth = prediction[:1] // stride, truth[:1] // stride
        torso = np.linalg.norm(truth[:, shoulder] - truth[:, hip], axis=-1)
        return pck(prediction, truth, np.where(torso > 1, torso, 46 / 10), alpha=0.5)

    shoulder, hip = PENN.joints.index("right_shoulder"), PENN.joints.index("left_hip")
    truth = np.zeros((2, 13, 2))
    truth[:] = [100, 100]
    truth[:, hip] = [100, 180]
    prediction = truth + [31, 0]
    prediction[1] += [50, 0]
    size = 120  # of the box
    assert (pck(prediction, truth, size) == 0).all()
    assert (pck_wrong(prediction, truth, shoulder, hip) == 1).all()
    torso = np.linalg.norm(truth[:, shoulder] - truth[:, hip], axis=-1)
    assert (
        pck(prediction, truth, torso, alpha=0.5) == 0.5
    ).all()  # tPCK, in pixels and in every frame


def test_mistake_groups_of_another_skeleton():
    """JHMDB's joints grouped by the numbers of another data set."""

    def groups_wrong(counts):
        return np.array([rates(counts)[joints].mean() for joints in PENN.groups.values()])

    counts = one_tally(JHMDB, **{name: (0 if "wrist" in name else 10, 10) for name in JHMDB.joints})
    assert group_rates(rates(counts), JHMDB).tolist() == [1, 1, 1, 0, 1, 1, 1]
    assert groups_wrong(counts).tolist() == [1, 1, 1, 1, 1, 1, 0]
    with pytest.raises(ValueError, match="penn13 has 13 joints, but there are rates of 15"):
        table({"ours": counts}, PENN)


def test_mistake_labels_trusted_where_nothing_is_visible():
    """A filler such as (-1, -1) or (0.75, 0.75) for an invisible joint is no position to be
    measured by.
    """

    def pck_wrong(prediction, truth, size, visible):
        return pck(prediction, truth, size)

    truth = np.array([[[50.0, 50]], [[0.75, 0.75]]])
    prediction, visible = np.array([[[50.0, 50]], [[52.0, 50]]]), np.array([[True], [False]])
    assert pck(prediction, truth, 60, visible=visible) == [1]
    assert pck_wrong(prediction, truth, 60, visible) == [0.5]


# Real detectors, and the curves that their authors printed.

# Its joints are in this order; limbs play no part here.
WILD = Skeleton(
    "poses_in_the_wild",
    ("neck", "left_shoulder", "left_elbow", "left_wrist")
    + ("right_shoulder", "right_elbow", "right_wrist", "torso"),
    (),
)


def wild(real_data, detector):
    """Prediction and truth (830, 8, 2) px, visible (830, 8), and the printed columns (41, 4)."""
    folder = real_data / "poses_in_the_wild"
    printed = np.genfromtxt(folder / f"{detector}_pck.csv", delimiter=",", names=True)
    with np.load(folder / f"{detector}.npz") as data:
        return data["prediction"], data["truth"], data["visible"].astype(bool), printed


@pytest.mark.parametrize("detector", ["cmas", "comp2560"])
def test_poses_in_the_wild_as_printed(real_data, detector):
    prediction, truth, visible, printed = wild(real_data, detector)
    thresholds = printed["Threshold"]
    assert thresholds.tolist() == np.arange(0, 102.5, 2.5).tolist()  # px
    counts = tally(prediction, truth, 1, thresholds, visible, strict=True)
    ours = curve(counts, thresholds, WILD)
    for group, theirs in (("Shou", "Shoulders"), ("Elbo", "Elbows"), ("Wris", "Wrists")):
        np.testing.assert_allclose(ours[group] / 100, printed[theirs], rtol=0, atol=1e-4)
    assert (counts[:, 0, [0, 7]] == 0).all()  # neck and torso are never predicted


@pytest.mark.parametrize("detector", ["cmas", "comp2560"])
def test_poses_in_the_wild_is_a_test_of_who_counts(real_data, detector):
    """Other ways of counting do not give the printed curves, so agreement is no accident."""
    prediction, truth, visible, printed = wild(real_data, detector)
    elbows, placed = [2, 5], (truth != -1).all(-1)
    assert (
        (placed & ~visible)[:, elbows].sum() == (placed & ~visible).sum() == 33
    )  # labelled, yet invisible

    def error_of(counted, pooled=False):
        counts = tally(prediction, truth, 1, printed["Threshold"], counted, strict=True)[
            ..., elbows
        ]
        if pooled:
            counts = counts.sum(-1, keepdims=True)
        return np.abs(rates(counts).mean(-1) - printed["Elbows"]).max()

    assert error_of(visible) < 1e-12
    assert error_of(placed) > 1e-3
    assert error_of(None) > 1e-2
    assert (
        error_of(visible, pooled=True) > 5e-4
    )  # left and right weigh the same, however often they are seen


def test_all_real_clips_can_be_measured(real_data):
    clips = penn_action.load(real_data / "penn_action")
    total = sum(tally(c.joints, c.joints, c.size_of_person, visible=c.counted) for c in clips)
    left_out = [int((c.visible & ~c.counted).sum()) for c in clips]
    assert len(clips) == 474 and sum(left_out) == 14 and np.count_nonzero(left_out) == 5
    assert total[1].sum() == 337_071 - 14 and (rates(total) == 1).all()
    with pytest.raises(ValueError, match="size must be positive"):
        clip = clips[np.argmax(left_out)]
        pck(clip.joints, clip.joints, clip.size_of_person, visible=clip.visible)
