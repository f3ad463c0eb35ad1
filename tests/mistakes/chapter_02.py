"""Wrong answers that a reader is likely to give in chapter 2; the checkers must reject each."""

import numpy as np
import torch

from tslib.distance_transform import distance_transform


def exercise_2_1_keeps_the_product(A, B):
    return (A[:, :, None] * B[None]).amax(1)


def exercise_2_1_keeps_the_sum(A, B):
    return (A[:, :, None] + B[None]).sum(1)


def exercise_2_2_adds_once_per_source(gradient, source):
    flat = torch.zeros(gradient.numel(), dtype=gradient.dtype)
    flat[source.flatten()] += gradient.flatten()
    return flat.view_as(gradient)


def exercise_2_2_gathers(gradient, source):
    return gradient.flatten()[source]


def exercise_2_3_takes_positions(gradient, source):
    dx, dy = source % source.shape[1], source // source.shape[1]
    return torch.stack([(gradient * d).sum() for d in (dx, dx**2, dy, dy**2)])


def exercise_2_3_turns_the_offset_round(gradient, source):
    H, W = source.shape
    dx, dy = torch.arange(W) - source % W, torch.arange(H)[:, None] - source // W
    return torch.stack([(gradient * d).sum() for d in (dx, dx**2, dy, dy**2)])


def exercise_2_4_forgets_the_outer_temperature(score, stiffness, rest, temperature):
    q = torch.arange(len(score), dtype=score.dtype)
    return torch.logsumexp((score - stiffness * (q - q[:, None] - rest) ** 2) / temperature, -1)


def exercise_2_4_softens_the_senders(score, stiffness, rest, temperature):
    q = torch.arange(len(score), dtype=score.dtype)
    return temperature * torch.logsumexp(
        (score - stiffness * (q[:, None] - q - rest) ** 2) / temperature, -1
    )


def exercise_2_5_goes_downhill(score, target, stiffness):
    rest = torch.zeros(2, dtype=score.dtype, requires_grad=True)
    for _ in range(20):
        value = distance_transform(score, stiffness, rest)[target[1], target[0]]
        (slope,) = torch.autograd.grad(value, rest)
        rest = (rest - 0.25 * slope / torch.as_tensor(stiffness)).detach().requires_grad_()
    return rest.detach()


def exercise_2_5_forgets_to_step(score, target, stiffness):
    return torch.zeros(2, dtype=score.dtype)


def exercise_2_1_takes_the_least(A, B):
    return (A[:, :, None] + B[None]).amin(1)


def exercise_2_1_subtracts(A, B):
    return (A[:, :, None] - B[None]).amax(1)


def exercise_2_1_turns_it_round(A, B):
    return (A[:, :, None] + B[None]).amax(1).mT


def exercise_2_2_counts(gradient, source):
    flat = torch.bincount(source.flatten(), minlength=gradient.numel())
    return flat.to(gradient).view_as(gradient)


def exercise_2_2_shares_it(gradient, source):
    flat = torch.zeros(gradient.numel(), dtype=gradient.dtype)
    flat = flat.index_add(0, source.flatten(), gradient.flatten())
    count = torch.bincount(source.flatten(), minlength=gradient.numel()).clamp(min=1)
    return (flat / count).view_as(gradient)


def exercise_2_2_turns_the_map(gradient, source):
    flat = torch.zeros(gradient.numel(), dtype=gradient.dtype)
    flat = flat.index_add(0, source.flatten(), gradient.flatten())
    return flat.view(gradient.shape[::-1]).mT


def _weights(gradient, source, order="xxyy", mean=False):
    H, W = source.shape
    dx = source % W - torch.arange(W)
    dy = source // W - torch.arange(H)[:, None]
    rows = (dx, dx**2, dy, dy**2) if order == "xxyy" else (dx, dy, dx**2, dy**2)
    total = torch.stack([(gradient * d).sum() for d in rows])
    return total / source.numel() if mean else total


def exercise_2_3_in_another_order(gradient, source):
    return _weights(gradient, source, order="xyxy")


def exercise_2_3_takes_the_mean(gradient, source):
    return _weights(gradient, source, mean=True)


def exercise_2_3_forgets_the_gradient(gradient, source):
    return _weights(torch.ones_like(gradient), source)


def exercise_2_4_stays_hard(score, stiffness, rest, temperature):
    q = torch.arange(len(score), dtype=score.dtype)
    return (score - stiffness * (q - q[:, None] - rest) ** 2).amax(-1)


def exercise_2_4_multiplies_inside(score, stiffness, rest, temperature):
    q = torch.arange(len(score), dtype=score.dtype)
    offers = score - stiffness * (q - q[:, None] - rest) ** 2
    return torch.logsumexp(offers * temperature, -1) / temperature


def exercise_2_4_overflows(score, stiffness, rest, temperature):
    q = torch.arange(len(score), dtype=score.dtype)
    offers = score - stiffness * (q - q[:, None] - rest) ** 2
    return temperature * (offers / temperature).exp().sum(-1).log()


def exercise_2_4_turns_the_rest_round(score, stiffness, rest, temperature):
    q = torch.arange(len(score), dtype=score.dtype)
    offers = score - stiffness * (q - q[:, None] + rest) ** 2
    return temperature * torch.logsumexp(offers / temperature, -1)


def exercise_2_5_looks_up_the_highest_peak(score, target, stiffness):
    y, x = divmod(int(score.argmax()), score.shape[1])
    return torch.tensor([x - target[0], y - target[1]], dtype=score.dtype)


def _climb(score, target, stiffness, steps=50, step=0.25, swap=False):
    x, y = target[::-1] if swap else target
    rest = torch.zeros(2, dtype=score.dtype, requires_grad=True)
    for _ in range(steps):
        value = distance_transform(score, stiffness, rest)[y, x]
        (slope,) = torch.autograd.grad(value, rest)
        rest = (rest + step * slope / stiffness).detach().requires_grad_()
    return rest.detach()


def exercise_2_5_swaps_the_target(score, target, stiffness):
    return _climb(score, target, stiffness, swap=True)


def exercise_2_5_stops_too_early(score, target, stiffness):
    return _climb(score, target, stiffness, steps=2)


def exercise_2_5_takes_tiny_steps(score, target, stiffness):
    return _climb(score, target, stiffness, step=0.0025)


def exercise_2_5_turns_it_round(score, target, stiffness):
    return -_climb(score, target, stiffness)


def _shared(score, gradient, stiffness, rest, how):
    q = torch.arange(len(score), dtype=score.dtype)
    offers = score - stiffness * (q - q[:, None] - rest) ** 2
    wins = (offers == offers.amax(1, keepdim=True)).to(score.dtype)
    if how == "lowest":
        wins = torch.nn.functional.one_hot(offers.argmax(1), len(score)).to(score.dtype)
    if how == "columns":
        wins = (offers == offers.amax(0)).to(score.dtype)
    if how == "gather":
        return (wins / wins.sum(1, keepdim=True)) @ gradient
    return gradient @ (wins if how == "whole" else wins / wins.sum(1, keepdim=True).clamp(min=1))


def exercise_2_6_gives_all_to_the_lowest(score, gradient, stiffness, rest):
    return _shared(score, gradient, stiffness, rest, "lowest")


def exercise_2_6_gives_the_whole_to_each(score, gradient, stiffness, rest):
    return _shared(score, gradient, stiffness, rest, "whole")


def exercise_2_6_asks_the_senders(score, gradient, stiffness, rest):
    return _shared(score, gradient, stiffness, rest, "columns")


def exercise_2_6_goes_the_other_way(score, gradient, stiffness, rest):
    return _shared(score, gradient, stiffness, rest, "gather")


def exercise_2_6_turns_the_rest_round(score, gradient, stiffness, rest):
    return _shared(score, gradient, stiffness, -rest, "fair")


def _safe(stiffness, dtype=np.float32, share=10, more=0):
    power = -30
    while np.spacing(dtype(10.0 ** (power + 1))) <= stiffness / share:
        power += 1
    return 10.0 ** (power + more)


def exercise_2_7_goes_one_too_far(stiffness):
    return _safe(stiffness, more=1)


def exercise_2_7_forgets_the_tenth(stiffness):
    return _safe(stiffness, share=1)


def exercise_2_7_thinks_in_float64(stiffness):
    return _safe(stiffness, dtype=np.float64)


def exercise_2_7_returns_the_power(stiffness):
    return np.log10(_safe(stiffness))


def exercise_2_7_counts_on_seven_digits(stiffness):
    return stiffness / 10 * 2.0**24
