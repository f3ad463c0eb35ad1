"""Training: the loss by hand, sparse labels, resuming, folds; and that it helps where help is
possible.
"""

from dataclasses import replace

import motion
import numpy as np
import pytest
import torch

from experiments.estimates import out_of_fold
from experiments.paper_b.controls import Identity, MedianFilter
from tslib import checkpoint
from tslib.augment import paper_b
from tslib.clip import Clip
from tslib.correction import Corrector, CorrectorPlan, PoseCorrector
from tslib.correction.networks import BiLSTM, FrameMLP
from tslib.correction.training import PAPER, Windows, _optimizer_of, drawn, loss_of, train_corrector
from tslib.errors import InputError
from tslib.skeletons import SKELETONS

YOUTUBE = motion.SKELETON
NAN = float("nan")


def windows_of(clips=4, T=30, length=10):
    return Windows.joined(
        [
            Windows.of(x, YOUTUBE, length, 5, "shoulders", y)
            for x, y in zip(*motion.tracks(clips, 0, T), strict=True)
        ]
    )


def network(seed=0, make=FrameMLP, **options):
    torch.manual_seed(seed)
    return make(7, hidden=8, **options)


def error(method, seed=1, clips=20):
    """Mean distance from the truth of clips that nobody trained on, in shoulder widths."""
    errors = []
    for x, y in zip(*motion.tracks(clips, seed), strict=True):
        width = np.linalg.norm(y[:, 5] - y[:, 6], axis=-1)
        errors.append(np.linalg.norm(method.correct(x) - y, axis=-1) / width[:, None])
    return np.mean(errors)


def test_a_trained_corrector_is_better_than_a_median_and_than_nothing():
    """The positive control: dense, smooth motion, and errors that its neighbours give away."""
    torch.manual_seed(0)
    plan = CorrectorPlan(steps=400, rate=0.01)
    corrector = Corrector(PoseCorrector(7, hidden=48), YOUTUBE, plan, length=10, stride=3)
    assert error(corrector) > 2 * error(Identity())  # before
    corrector.fit(*motion.tracks(120, 0))
    assert error(corrector) < 0.6 * error(Identity()) and error(corrector) < 0.8 * error(
        MedianFilter(5)
    )
    assert len(corrector.losses) == 400


def test_the_papers_plan_learns_too():
    torch.manual_seed(0)
    corrector = Corrector(BiLSTM(7, 16), YOUTUBE, replace(PAPER, epochs=20), length=10)
    corrector.fit(*motion.tracks(30, 0))
    assert np.mean(corrector.losses[-10:]) < 0.3 * np.mean(corrector.losses[:10])


def test_losses_equal_those_by_hand():
    output, truth = torch.tensor([[[1.0, 5.0, 0.3]]]), torch.tensor([[[0.0, NAN, 0.25]]])
    assert float(loss_of(output, truth, PAPER)) == pytest.approx((1 + 0.05**2) / 2)
    smooth = loss_of(output, truth, CorrectorPlan(beta=0.1))
    assert float(smooth) == pytest.approx(((1 - 0.05) + 0.05**2 / 0.2) / 2)


def test_the_papers_optimizer_takes_the_step_by_hand():
    (weight,) = (p := torch.nn.Linear(1, 1, bias=False)).parameters()
    optimizer = _optimizer_of(p, PAPER)
    before = float(weight.detach())
    weight.grad = torch.full((1, 1), 0.5)
    optimizer.step()
    square = 0.1 * 0.5**2  # decay 0.9
    assert float(weight.detach()) == pytest.approx(
        before - 0.01 * 0.5 / (square**0.5 + 1e-7), abs=1e-6
    )
    assert (PAPER.batch, PAPER.epochs, PAPER.clip) == (64, 100, 1)


@pytest.mark.parametrize(
    ("kind", "plan", "factors"),
    [
        (
            torch.optim.Adam,
            CorrectorPlan(steps=4, clip=1e-3),
            [1, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5],
        ),
        (torch.optim.RMSprop, replace(PAPER, epochs=0, steps=4, clip=1e-3), [1, 1, 1, 1]),
    ],
)
def test_each_step_has_its_rate_and_one_clipped_gradient(monkeypatch, kind, plan, factors):
    rates, norms, step = [], [], kind.step

    def watched(self):
        (group,) = self.param_groups
        rates.append(group["lr"])
        norms.append(float(sum(p.grad.square().sum() for p in group["params"]) ** 0.5))
        return step(self)

    monkeypatch.setattr(kind, "step", watched)
    net = network()
    train_corrector(net, windows_of(), YOUTUBE, plan)
    assert rates == pytest.approx([plan.rate * f for f in factors])
    assert norms == pytest.approx([1e-3] * 4, rel=1e-2)
    assert not net.training


def test_labels_that_are_missing_teach_nothing():
    """Frames without labels: whatever the estimates' truth was there, the weights come out the
    same.
    """
    x, y = motion.tracks(3, 0)
    sparse = [np.where(np.arange(len(track))[:, None, None] % 4, NAN, track) for track in y]
    strange = [np.where(np.isnan(a), NAN, b) for a, b in zip(sparse, y, strict=True)]
    results = []
    for truths in (sparse, strange, y):
        net = network()
        Corrector(net, YOUTUBE, CorrectorPlan(steps=5), length=10).fit(x, truths)
        results.append(torch.nn.utils.parameters_to_vector(net.parameters()))
    assert results[0].isfinite().all()
    assert torch.equal(results[0], results[1]) and not torch.equal(results[0], results[2])


def test_estimates_and_truth_are_turned_and_flipped_alike():
    windows, rows = windows_of(), np.array([3, 0, 7, 8, 8])
    poses, truth = drawn(windows, rows, YOUTUBE, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    maps = [paper_b(rng, (0, 0)) for _ in rows]
    assert len({m.flips for m in maps}) == 2
    for n, (row, change) in enumerate(zip(rows, maps, strict=True)):
        np.testing.assert_allclose(poses[n], change.joints(windows.poses[row], YOUTUBE), atol=1e-12)
        np.testing.assert_allclose(truth[n], change.joints(windows.truth[row], YOUTUBE), atol=1e-12)


def test_an_epoch_shows_every_window_once(monkeypatch):
    windows, seen = windows_of(), []
    monkeypatch.setattr(
        "tslib.correction.training.drawn",
        lambda windows, rows, *_: seen.append(rows) or (windows.poses[rows], windows.truth[rows]),
    )
    losses = train_corrector(network(), windows, YOUTUBE, CorrectorPlan(batch=8, epochs=2))
    rounds = -(-len(windows) // 8)
    assert len(losses) == len(seen) == 2 * rounds
    for epoch in (seen[:rounds], seen[rounds:]):
        assert sorted(np.concatenate(epoch)) == list(range(len(windows)))
    assert not np.array_equal(seen[0], seen[rounds])
    seen.clear()
    train_corrector(network(), windows, YOUTUBE, CorrectorPlan(steps=3, batch=8, augment=False))
    assert not seen


def test_the_seed_decides_everything():
    windows = windows_of()
    first, again, other = (
        train_corrector(network(), windows, YOUTUBE, CorrectorPlan(steps=4, batch=8), seed=s)
        for s in (0, 0, 1)
    )
    assert first == again != other


@pytest.mark.parametrize(
    "plan", [CorrectorPlan(steps=7, batch=8), replace(PAPER, epochs=0, steps=7, batch=8)]
)
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path, monkeypatch, plan):
    windows, whole = windows_of(), network(make=PoseCorrector)
    losses = train_corrector(whole, windows, YOUTUBE, plan)

    save = checkpoint.save

    def stop(*arguments, **notes):
        save(*arguments, **notes)
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        train_corrector(
            network(make=PoseCorrector), windows, YOUTUBE, plan, folder=tmp_path / "run", every=3
        )
    monkeypatch.setattr(checkpoint, "save", save)
    later = network(seed=9, make=PoseCorrector)  # whose weights do not count
    assert (
        train_corrector(later, windows, YOUTUBE, plan, folder=tmp_path / "run", every=3) == losses
    )
    for a, b in zip(whole.parameters(), later.parameters(), strict=True):
        assert torch.equal(a, b)
    for other in ({"plan": replace(plan, clip=2)}, {"seed": 1}):
        with pytest.raises(InputError, match="other settings"):
            train_corrector(
                later, windows, YOUTUBE, **({"plan": plan, "folder": tmp_path / "run"} | other)
            )


def test_a_device_gives_the_poses_of_the_cpu(device):
    """The same weights give the same poses as on the CPU, also with windows that are filled up."""
    x, y = motion.tracks(3, 0, 17)
    corrector = Corrector(
        network(make=PoseCorrector).to(device), YOUTUBE, CorrectorPlan(steps=3)
    ).fit(x, y)
    there = corrector.correct(x[0])
    corrector.network.cpu()
    np.testing.assert_allclose(there, corrector.correct(x[0]), atol=1e-2)


def test_fine_tuning_starts_where_training_ended():
    windows, net = windows_of(), network()
    before = train_corrector(net, windows, YOUTUBE, CorrectorPlan(steps=60, batch=8))
    after = train_corrector(net, windows, YOUTUBE, CorrectorPlan(steps=20, batch=8, rate=1e-4))
    assert np.mean(after) < 0.7 * np.mean(before[:20])


def test_a_teacher_is_heard_in_training_alone():
    x, y = motion.tracks(2, 0)
    heard = []

    class Listening(PoseCorrector):
        def forward(self, poses, mask=None, teacher=None):
            heard.append(teacher is not None)
            return super().forward(poses, mask, teacher)

    corrector = Corrector(
        Listening(7, hidden=4), YOUTUBE, CorrectorPlan(steps=2, teacher=True), length=10
    ).fit(x, y)
    assert heard == [True, True] and np.isfinite(corrector.losses).all()
    corrector.correct(x[0])
    assert heard == [True, True, False]


def test_a_loss_that_is_no_number_stops_training():
    windows = windows_of()
    windows.poses[:] = 1e30
    with pytest.raises(InputError, match="the loss is .* at step 0; lower the learning rate"):
        train_corrector(network(), windows, YOUTUBE, CorrectorPlan(steps=3, loss="squared"))


def test_plans_that_make_no_sense_are_refused():
    for wrong, word in (
        ({"optimizer": "sgd"}, "optimizer must be one of adam, rmsprop"),
        ({"loss": "hinge"}, "loss must be one of smooth-l1, squared"),
        ({"rate": 0}, "must be positive"),
        ({"steps": -1}, "0 or more"),
    ):
        with pytest.raises(ValueError, match=word):
            CorrectorPlan(**wrong)


def test_no_estimator_sees_the_clips_it_is_asked_about():
    """Clips of one video stay together, and each is estimated once, by its fold's estimator."""
    penn = SKELETONS["penn13"]
    nobody = dict(joints=np.full((1, 13, 2), NAN, np.float32), visible=np.zeros((1, 13), bool))
    box = np.full((1, 4), NAN, np.float32)
    clips = [Clip(f"{v}-{n}", box=box, skeleton=penn, **nobody) for n in range(2) for v in "dacbe"]
    trained = []

    def train(some):
        trained.append({clip.name for clip in some})
        return trained[-1]

    def predict(estimator, clip):
        assert not {name for name in estimator if name[0] == clip.name[0]}
        return clip.name

    names = [clip.name for clip in clips]
    assert out_of_fold(clips, train, predict, 3, group=lambda name: name[0]) == names
    assert len(trained) == 3 and all(len(seen) in (6, 8) for seen in trained)
    assert out_of_fold(clips, lambda some: {"z"}, predict, 10) == names
    for folds in (1, 6):
        with pytest.raises(ValueError, match=f"5 groups for {folds} folds"):
            out_of_fold(clips, train, predict, folds, group=lambda name: name[0])
