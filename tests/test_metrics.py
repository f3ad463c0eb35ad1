"""PCK and jitter, against counts by hand."""

import numpy as np
import pytest

from tslib.metrics import jitter, pck


def test_counts_by_hand():
    truth = np.zeros((4, 2, 2))
    prediction = truth.copy()
    prediction[:, 0, 0] = [0, 20, 20.001, 30]  # hits: 0 and exactly 20 px of 100
    prediction[1, 1] = np.nan
    assert pck(prediction, truth, 100).tolist() == [0.5, 0.75]
    assert pck(prediction, truth, 100, alpha=0.1).tolist() == [0.25, 0.75]


def test_size_of_each_frame():
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
def test_refuses(prediction, truth, size, visible, word):
    with pytest.raises(ValueError, match=word):
        pck(prediction, truth, size, visible=visible)


def test_jitter_of_uniform_motion_is_zero_and_of_a_spike_is_known():
    line = np.arange(10.0)[:, None, None] * [[[3.0, -1.0]]]
    assert jitter(line) == 0
    line[5, 0] += [3, 4]  # second differences 5, 10, 5 among 8
    assert jitter(line) == pytest.approx(20 / 8)
    line[5] = np.nan
    assert jitter(line) == 0
    assert np.isnan(jitter(line[:2]))
    with pytest.raises(ValueError, match="shape"):
        jitter(line[0])
