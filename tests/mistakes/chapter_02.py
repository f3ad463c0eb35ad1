"""Wrong answers that a reader is likely to give in chapter 2; the checkers must reject each."""

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


def _window(score, stiffness, rest, nearest, sure):
    """The window around the rest position, given the nearest sender and what it is believed to
    score.
    """
    home = torch.arange(len(score)) + rest
    reach = ((score.max() - sure) / stiffness + (home - nearest) ** 2).sqrt() + 1e-3
    return (home - reach).ceil().clamp(min=0).long(), (home + reach).floor().clamp(
        max=len(score) - 1
    ).long()


def _nearest(score, rest):
    return (torch.arange(len(score)) + rest).round().clamp(0, len(score) - 1)


def exercise_2_6_keeps_the_least_score(score, stiffness, rest):
    return _window(score, stiffness, rest, _nearest(score, rest), score.min())


def exercise_2_6_takes_the_receivers_own_score(score, stiffness, rest):
    return _window(score, stiffness, rest, _nearest(score, rest), score)


def exercise_2_6_forgets_the_stretch_of_the_nearest(score, stiffness, rest):
    nearest = _nearest(score, rest)
    return _window(score, stiffness, rest, torch.arange(len(score)) + rest, score[nearest.long()])


def exercise_2_6_looks_around_the_receiver(score, stiffness, rest):
    first, last = _window(score, stiffness, 0, _nearest(score, 0), score)
    return first, last


def exercise_2_6_asks_everybody(score, stiffness, rest):
    return torch.zeros(len(score), dtype=torch.int64), torch.full((len(score),), len(score) - 1)
