"""The methods that a corrector is compared with, by hand; and what all of them have in common."""

import numpy as np
import pytest
import torch

from experiments.paper_b.controls import Identity, MedianFilter, Offset, SavitzkyGolay
from experiments.paper_b.one_euro import OneEuro
from tslib.correction import Corrector, CorrectorPlan, PoseCorrector
from tslib.correction.networks import BiLSTM, FrameMLP, TemporalMLP
from tslib.skeletons import SKELETONS

YOUTUBE = SKELETONS["youtube7"]
NAN = np.nan


def methods():
    torch.manual_seed(0)
    plan = CorrectorPlan(steps=2, batch=4)
    networks = (
        PoseCorrector(7, hidden=4),
        PoseCorrector(7, "library", hidden=4),
        BiLSTM(7, 4),
        FrameMLP(7, 4),
        TemporalMLP(7, 10, 4),
    )
    filters = Identity(), Offset(YOUTUBE), MedianFilter(), SavitzkyGolay(), OneEuro()
    return [*filters, *(Corrector(network, YOUTUBE, plan, length=10) for network in networks)]


def track(T=25, seed=0):
    return np.random.default_rng(seed).normal(0, 30, (T, 7, 2)) + 200


@pytest.mark.parametrize("number", range(len(methods())))
def test_all_methods_fit_and_correct_alike(number):
    """Each method: lists of tracks in, tracks of that shape out; also short ones, with gaps, or of
    nobody.
    """
    method = methods()[number]
    gaps = track(12)
    gaps[3:6, 1] = gaps[:, 4] = NAN
    nobody = np.full((5, 7, 2), NAN)
    given = [track(), gaps, track(1), nobody]
    copies = [one.copy() for one in given]
    assert method.fit(given, [track(len(one), seed=1) for one in given]) is method
    for one, copy in zip(given, copies, strict=True):
        corrected = method.correct(one)
        assert corrected.shape == one.shape and corrected.dtype == np.float64
        assert np.array_equal(one, copy, equal_nan=True)  # the argument stays as it is
        known = np.isfinite(one)
        if type(method) is not Identity:
            known |= known.any((0, 2), keepdims=True)
        assert np.array_equal(np.isfinite(corrected), known)
    with pytest.raises(ValueError, match=r"a track must have shape \(T, K, 2\)"):
        method.correct(np.zeros((7, 2)))


def test_a_residual_corrector_starts_as_the_identity_on_tracks():
    """Exactly, through windows and back (T14); a gap is filled straight between its ends."""
    for network in (
        PoseCorrector(7, hidden=4, residual=True),
        BiLSTM(7, 4, True),
        TemporalMLP(7, 20, 4, True),
    ):
        corrector = Corrector(network, YOUTUBE)
        for T in (1, 7, 20, 53):
            assert np.array_equal(corrector.correct(track(T)), track(T))
        gap = track(9)
        gap[4, 2] = NAN
        middle = (gap[3, 2] + gap[5, 2]) / 2
        np.testing.assert_allclose(corrector.correct(gap)[4, 2], middle, rtol=1e-15)


def test_a_corrector_moves_and_grows_with_the_person():
    torch.manual_seed(0)
    corrector = Corrector(PoseCorrector(7, hidden=4), YOUTUBE)
    once = corrector.correct(track())
    np.testing.assert_allclose(corrector.correct(3 * track() - 500), 3 * once - 500, atol=1e-3)
    assert np.abs(once - track()).max() > 1


def test_many_windows_are_as_few(monkeypatch):
    torch.manual_seed(0)
    corrector = Corrector(PoseCorrector(7, hidden=4), YOUTUBE, stride=1)
    whole = corrector.correct(track(40))
    monkeypatch.setattr("tslib.correction.corrector.WINDOW_BATCH", 4)
    np.testing.assert_allclose(corrector.correct(track(40)), whole, atol=1e-4)


def test_a_corrector_of_another_skeleton_is_refused():
    with pytest.raises(ValueError, match="the network is for 6 joints, but youtube7 has 7"):
        Corrector(PoseCorrector(6), YOUTUBE)
    with pytest.raises(ValueError, match="youtube7 has 7 joints, but a track has 6"):
        Corrector(PoseCorrector(7, hidden=4), YOUTUBE).correct(track()[:, :6])


def test_an_offset_is_the_median_shift_by_hand():
    """Shoulders 50 px and 100 px apart, wrists that lie a tenth of that too high, one label that is
    wrong.
    """
    tracks, truths = [], []
    for width in (50, 100):
        pose = np.tile(np.linspace(0, 3 * width, 7)[:, None] * [0.1, 1], (8, 1, 1))
        pose[:, 5], pose[:, 6] = (0, 0), (width, 0)
        truth = pose.copy()
        truth[:, [1, 2], 1] += 0.1 * width
        truth[0, 1] = (1e4, 1e4)
        truth[:, 3] = NAN
        tracks.append(pose)
        truths.append(truth)
    method = Offset(YOUTUBE).fit(tracks, truths)
    expected = np.zeros((7, 2))
    expected[[1, 2], 1] = 0.1
    np.testing.assert_allclose(method.offset, expected, atol=1e-12)
    np.testing.assert_allclose(
        method.correct(tracks[1])[:, 1], truths[1][:, 2] - tracks[1][:, 2] + tracks[1][:, 1]
    )
    assert np.array_equal(Offset(YOUTUBE).correct(tracks[0]), tracks[0])


def test_a_median_filter_equals_medians_by_hand():
    x = np.array([5.0, 1, 90, 3, 4, -70, -60])
    poses = np.stack([x, 0 * x], -1)[:, None]
    assert MedianFilter(3).correct(poses)[:, 0, 0].tolist() == [5, 5, 3, 4, 3, -60, -60]
    assert not MedianFilter(3).correct(poses)[..., 1].any()
    assert np.array_equal(MedianFilter(1).correct(poses), poses)


def test_savitzky_golay_keeps_a_parabola_and_smooths_noise():
    t = np.arange(20.0)
    curve = np.stack([t**2, 3 - t], -1)[:, None]
    for frames in (3, 7, 19, 99):
        np.testing.assert_allclose(SavitzkyGolay(frames).correct(curve), curve, atol=1e-9)
    noise = np.random.default_rng(0).normal(0, 1, (500, 1, 2))
    # the middle weight of a parabola through 7 points is 7/21, and their squares sum to it as well
    assert SavitzkyGolay(7).correct(noise).var() == pytest.approx(7 / 21, rel=0.1)
    for T in (1, 2, 3):
        np.testing.assert_allclose(SavitzkyGolay().correct(curve[:T]), curve[:T], atol=1e-9)


def test_one_euro_equals_its_steps_by_hand():
    """Two joints, one of which jumps by 10 px, at 10 frames a second."""
    poses = np.zeros((3, 2, 2))
    poses[:, 1, 1] = 10
    poses[1:, 0, 0] = -10
    method = OneEuro(fps=10, cutoff=1, beta=2)

    def share(cutoff):
        return 1 / (1 + 10 / (2 * np.pi * cutoff))

    # px: the joints' distance is 10 in the first frame and this in the two others.
    body = 10 * 2**0.5
    speed = share(1) * 100 / body
    first = share(1 + 2 * speed)
    speed *= 1 - share(1)
    second = first + share(1 + 2 * speed) * (1 - first)
    np.testing.assert_allclose(
        method.correct(poses)[:, 0, 0], [0, -10 * first, -10 * second], rtol=1e-12
    )
    np.testing.assert_allclose(method.correct(poses)[:, 1], poses[:, 1], rtol=1e-12)


def test_an_even_number_of_frames_is_refused():
    for wrong in (4, 0, -3, 2.5):
        with pytest.raises(ValueError, match="an odd number of frames"):
            MedianFilter(wrong)
        with pytest.raises(ValueError, match="an odd number of frames"):
            SavitzkyGolay(wrong)


def test_the_learnt_filter_has_two_blocks():
    found = TemporalMLP(7, 10, 4)
    ends, block = (10 + 1) * 4 + (4 + 1) * 10, 2 * (4 + 1) * 4
    assert sum(p.numel() for p in found.parameters()) == ends + 2 * block
