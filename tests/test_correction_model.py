"""Paper B's network: against its equations by hand, its attention, its masks, its start."""

import numpy as np
import pytest
import torch
from numpy import tanh

from tslib.correction import PoseCorrector
from tslib.correction.attention import AdditiveAttention, LinearAttention, attend
from tslib.correction.networks import BiLSTM, FrameMLP, TemporalMLP
from tslib.kernels import activations


def network(attention="additive", residual=False, joints=2, hidden=5, spread=1.0):
    """One in float64 whose weights, the biases and the zeros of a residual too, are drawn anew."""
    torch.manual_seed(0)
    made = PoseCorrector(joints, attention, hidden, residual).double()
    for weights in made.parameters():
        torch.nn.init.normal_(weights, 0, spread)
    return made


def poses(B=3, T=6, joints=2, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(0, 1, (B, T, 2 * joints)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, h, c, w_x, w_h, b):
    """One step of an LSTM, gate by gate: the new h and c."""
    i, f, g, o = np.split(w_x @ x + w_h @ h + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def by_hand(net, x, teacher=None):
    """PoseCorrector's equations for one window x (T, 2K), in plain loops; outputs and weights."""
    p = {name: value.detach().numpy() for name, value in net.named_parameters()}
    T, n = len(x), net.settings["hidden"]
    directions = []
    for suffix, order in (("_l0", range(T)), ("_l0_reverse", reversed(range(T)))):
        h, c, states = np.zeros(n), np.zeros(n), [None] * T
        for j in order:
            b = p["encoder.bias_ih" + suffix] + p["encoder.bias_hh" + suffix]
            w_x, w_h = p["encoder.weight_ih" + suffix], p["encoder.weight_hh" + suffix]
            h, c = states[j], _ = lstm(x[j], h, c, w_x, w_h, b)
        directions.append(states)
    library = net.settings["attention"] == "library"
    H = [a + b if library else np.concatenate([a, b]) for a, b in zip(*directions, strict=True)]

    s, cell, y, outputs, weights = np.zeros(n), np.zeros(n), x[0], [], []
    for i in range(T):
        if library:
            e = [p["attention.w.weight"][0] @ [*h, *cell] + p["attention.w.bias"][0] for h in H]
        else:
            W, U, v = (p[f"attention.{name}.weight"] for name in "WUv")
            e = [v[0] @ tanh(W @ s + U @ h) for h in H]
        alpha = np.exp(e) / np.exp(e).sum()
        context = sum(a * h for a, h in zip(alpha, H, strict=True))
        b = p["decoder.bias_ih"] + p["decoder.bias_hh"]
        fed = context if library else np.concatenate([y, context])
        s, cell = lstm(fed, s, cell, p["decoder.weight_ih"], p["decoder.weight_hh"], b)
        out = s if library else np.concatenate([y, s, context])
        y = p["output.weight"] @ out + p["output.bias"]
        y = tanh(y) if library else y
        y = y + x[i] if net.settings["residual"] else y
        outputs.append(y)
        weights.append(alpha)
        if teacher is not None:
            y = np.where(np.isfinite(teacher[i]), teacher[i], y)
    return np.array(outputs), np.array(weights)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("attention", ["additive", "library"])
def test_the_network_equals_its_equations_by_hand(attention, residual):
    net, x = network(attention, residual, spread=0.7), poses(B=2, T=3)
    outputs, weights = net(x, return_attention=True)
    assert outputs.shape == (2, 3, 4) and weights.shape == (2, 3, 3)
    for b in range(2):
        expected, alpha = by_hand(net, x[b].numpy())
        np.testing.assert_allclose(outputs[b].detach(), expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(weights[b].detach(), alpha, rtol=0, atol=1e-12)


def test_a_teacher_takes_the_place_of_the_outputs_it_knows():
    net, x = network(), poses(B=1, T=4)
    teacher = poses(B=1, T=4, seed=1)
    teacher[0, 1, :2] = torch.nan
    expected, _ = by_hand(net, x[0].numpy(), teacher[0].numpy())
    np.testing.assert_allclose(net(x, teacher=teacher)[0].detach(), expected, rtol=0, atol=1e-12)
    free = net(x)
    assert torch.equal(net(x, teacher=torch.full_like(x, torch.nan)), free)
    assert torch.equal(net(x, teacher=free.detach()), free)
    assert (net(x, teacher=teacher)[0, 0] == free[0, 0]).all()  # the first output hears no teacher
    assert not torch.isclose(net(x, teacher=teacher)[0, 1:], free[0, 1:]).all(-1).any()


def test_additive_weights_follow_the_decoders_state_and_the_librarys_cannot():
    """The same frames, other states (T13)."""
    torch.manual_seed(0)
    h, states = torch.randn(1, 8, 6), 3 * torch.randn(50, 4)
    for attention, least, most in (
        (AdditiveAttention(4, 6, 5), 0.1, 1),
        (LinearAttention(4, 6), 0, 1e-6),
    ):
        for weights in attention.parameters():
            torch.nn.init.normal_(weights)
        prepared = attention.prepared(h)
        alpha = torch.cat([attend(attention.energy(s[None], h, prepared), h)[1] for s in states])
        assert least <= np.ptp(alpha.detach().numpy(), axis=0).max() <= most, attention


def test_the_whole_network_looks_elsewhere_in_each_step_or_does_not():
    x = poses(B=4, T=10)
    additive, library = (
        network(a)(x, return_attention=True)[1].detach() for a in ("additive", "library")
    )
    assert float((additive[:, 1:] - additive[:, :-1]).abs().max()) > 0.1
    assert float((library - library[:, :1]).abs().max()) <= 1e-6
    # The same in each step, and yet not the same for all frames.
    assert float(library.std(-1).min()) > 0.01


@pytest.mark.parametrize("attention", ["additive", "library"])
def test_weights_sum_to_one_and_masked_frames_get_none(attention):
    """T14."""
    x, mask = poses(B=3, T=7), torch.arange(7) < torch.tensor([[7], [3], [1]])
    _, weights = network(attention)(x, mask, return_attention=True)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 7, dtype=weights.dtype))
    assert not weights[~mask[:, None].expand(-1, 7, -1)].any()
    assert (weights[mask[:, None].expand(-1, 7, -1)] > 0).all()


@pytest.mark.parametrize(
    "net",
    [
        network(),
        network("library"),
        network(residual=True),
        BiLSTM(2, 5).double(),
        FrameMLP(2, 5).double(),
    ],
    ids=["additive", "library", "residual", "BiLSTM", "FrameMLP"],
)
def test_what_fills_up_a_window_changes_nothing(net):
    x, mask = poses(B=2, T=7), torch.arange(7) < torch.tensor([[4], [7]])
    short, whole = net(x[:1, :4]), net(x[1:])
    for filling in (0.0, 100.0):
        filled = torch.where(mask[..., None], x, filling)
        torch.testing.assert_close(net(filled, mask)[:1, :4], short, rtol=0, atol=1e-12)
        torch.testing.assert_close(net(filled, mask)[1:], whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("attention", ["additive", "library"])
def test_gradients_equal_finite_differences(attention):
    net, x = network(attention, hidden=3), poses(B=2, T=3).requires_grad_()
    mask = torch.tensor([[True, True, True], [True, True, False]])
    assert torch.autograd.gradcheck(lambda x: net(x, mask) * mask[..., None], x)
    assert torch.autograd.gradcheck(lambda x, *_: net(x), (x, *net.parameters()))


def test_a_residual_starts_exactly_at_the_identity():
    x = poses(T=20, joints=7).float()
    for make in (
        lambda r: PoseCorrector(7, hidden=8, residual=r),
        lambda r: PoseCorrector(7, "library", hidden=8, residual=r),
        lambda r: BiLSTM(7, 8, r),
        lambda r: FrameMLP(7, 8, r),
        lambda r: TemporalMLP(7, 20, 8, r),
    ):
        assert torch.equal(make(True)(x), x) and not torch.isclose(make(False)(x), x).any(-1).all()
        net = make(True)
        (net(x) - 1).square().sum().backward()
        assert net.output.weight.grad.abs().max() > 0  # it can leave it


def test_the_librarys_outputs_stay_inside_and_the_papers_need_not():
    x = poses() * 5
    assert network("library")(x).abs().max() <= 1 < network()(x).abs().max()


def test_each_network_sees_what_it_says():
    """Which frames of the output change with frame 2 of the input, which coordinates with
    coordinate 0.
    """
    x = poses(B=1, T=6)
    frame, coordinate = x.clone(), x.clone()
    frame[:, 2] += 1
    coordinate[..., 0] += 1

    def changed(net, other, axis):
        return (net(x) != net(other)).any(axis).flatten().tolist()

    mlp, lstm, temporal = (
        FrameMLP(2, 8).double(),
        BiLSTM(2, 8).double(),
        TemporalMLP(2, 6, 8).double(),
    )
    assert changed(mlp, frame, -1) == [False, False, True, False, False, False]
    assert all(changed(lstm, frame, -1)) and all(changed(network(), frame, -1))
    assert all(changed(temporal, frame, -1))
    assert changed(temporal, coordinate, 1) == [True, False, False, False]
    assert all(changed(mlp, coordinate, 1))


def test_shapes_and_settings_that_do_not_fit_are_refused():
    x, mask = poses(), torch.ones(3, 6, dtype=torch.bool)
    for net in (
        network(),
        BiLSTM(2, 5).double(),
        FrameMLP(2, 5).double(),
        TemporalMLP(2, 6, 5).double(),
    ):
        for wrong in (x[..., :3], x[0], x[:, :0]):
            with pytest.raises(ValueError, match=r"poses must have shape \(B, T, 4\)"):
                net(wrong)
        with pytest.raises(ValueError, match=r"mask must have shape \(3, 6\)"):
            net(x, mask[:, :5])
        for wrong in (~mask, mask ^ (torch.arange(6) == 2)):
            with pytest.raises(ValueError, match="True for the first frames"):
                net(x, wrong)
    with pytest.raises(ValueError, match="no attention 'dot'; choose additive or library"):
        PoseCorrector(7, "dot")
    with pytest.raises(ValueError, match="hidden must be a whole number from 1 to 1024, but is 0"):
        PoseCorrector(7, hidden=0)
    with pytest.raises(ValueError, match="for windows of 6 frames, not 5"):
        TemporalMLP(2, 6, 5).double()(x[:, :5])


def test_the_tanh_without_gradients_is_that_with_them():
    """To 3e-7, in the place of each element, as the dtype asks."""
    for dtype in (torch.float32, torch.float64):
        z = torch.linspace(-20, 20, 4000, dtype=dtype).view(4, 1000).T
        fast, slow = activations.tanh(z), activations.tanh(z.requires_grad_())
        assert fast.dtype == dtype and slow.requires_grad and not fast.requires_grad
        torch.testing.assert_close(fast, slow.detach(), rtol=0, atol=3e-7)
