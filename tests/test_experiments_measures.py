"""Intervals over clips, curves and jitter, against loops and counts by hand."""

import numpy as np
import pytest

from experiments.measures import bootstrap, curve, jitter
from tslib.metrics import means, pck, rates, tally
from tslib.skeletons import SKELETONS

PENN = SKELETONS["penn13"]


def test_a_curve_is_pck_at_each_threshold():
    random = np.random.default_rng(1)
    truth = random.uniform(0, 99, (30, 13, 2))
    prediction, thresholds = truth + random.normal(0, 9, truth.shape), np.arange(21) / 100
    frame = curve(tally(prediction, truth, 100, thresholds), thresholds, PENN)
    assert frame.index.name == "threshold" and frame.shape == (21, 10)
    at = pck(prediction, truth, 100, alpha=thresholds[7])
    assert frame.loc[0.07, "Knee"] == pytest.approx(100 * at[[9, 10]].mean())
    assert frame.loc[0.07, "joint-macro"] == pytest.approx(100 * at.mean())


def micro(tallies):
    return means(tallies, PENN)["micro"]


@pytest.fixture(scope="module")
def two_methods():
    """Tallies (60, 2, 13) of two methods: clips differ much, the methods little; the second is
    better.
    """
    random = np.random.default_rng(3)
    hard = random.beta(2, 1, (60, 1))
    counted = random.integers(5, 60, (60, 13))
    first = random.binomial(counted, 0.9 * hard)
    second = first + random.binomial(counted - first, 0.05)
    return [np.stack([hits, counted], 1) for hits in (first, second)]


def test_bootstrap_is_the_loop_over_draws(two_methods):
    tallies, N = two_methods[0], 60
    draws = np.random.default_rng(5).multinomial(N, np.full(N, 1 / N), 200)
    values = [rates(sum(n * t for n, t in zip(draw, tallies, strict=True))) for draw in draws]
    expected = np.quantile(values, [0.05, 0.95], axis=0)
    low, high = bootstrap(rates, tallies, level=0.9, samples=200, seed=5)
    np.testing.assert_allclose([low, high], expected)
    assert (
        low.shape == (13,)
        and (low < rates(tallies.sum(0))).all()
        and (rates(tallies.sum(0)) < high).all()
    )


def test_a_paired_interval_sees_what_two_intervals_do_not(two_methods):
    first, second = two_methods
    low, high = bootstrap(micro, second, first)
    assert 0 < low < micro(second.sum(0)) - micro(first.sum(0)) < high
    assert bootstrap(micro, first)[1] > bootstrap(micro, second)[0]  # the two alone overlap
    assert bootstrap(micro, first, first) == (0, 0)
    assert bootstrap(micro, second, first) == (low, high)  # the seed is fixed
    assert bootstrap(micro, second, first, seed=1) != (low, high)


def test_an_interval_holds_the_truth_as_often_as_it_says():
    """Rates of 40 clips vary around 0.6; 95 % of the intervals should hold it, and 90 % do."""
    random = np.random.default_rng(0)
    held = 0
    for seed in range(300):
        hits = random.binomial(20, random.beta(6, 4, 40))
        tallies = np.stack([hits, np.full(40, 20)], 1)[..., None]
        low, high = bootstrap(rates, tallies, samples=400, seed=seed)
        held += bool(low <= 0.6 <= high)
    assert 270 <= held <= 297


def test_clips_are_drawn_and_not_frames():
    """Taking the 30 alike frames of a clip for 30 clips makes an interval far too narrow."""
    hits = np.random.default_rng(0).random(20) < 0.6  # each clip all right or all wrong
    frames = np.stack([hits, np.ones(20)], 1)[..., None].repeat(30, 0).astype(int)
    clips = frames.reshape(20, 30, 2, 1).sum(1)
    (low,), (high,) = bootstrap(rates, clips)
    (low_wrong,), (high_wrong,) = bootstrap(rates, frames)
    assert high - low > 4 * (high_wrong - low_wrong)


def test_bootstrap_refuses_what_cannot_be_compared(two_methods):
    first, second = two_methods
    for wrong in (first[:0], first[0], first[:, :1]):
        with pytest.raises(ValueError, match="shape"):
            bootstrap(rates, wrong)
    with pytest.raises(ValueError, match="same clips"):
        bootstrap(rates, first, second[:50])
    with pytest.raises(ValueError, match="same clips"):
        bootstrap(rates, first, second[::-1])


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
