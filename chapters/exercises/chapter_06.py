"""Checkers of chapter 6: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np
import torch

from tslib.heatmaps import disc, gaussian, with_background
from tslib.losses import hinge
from tslib.networks import SMALL, Architecture

from . import exercise
from .tensors import unlike


def _tensor(answer):
    """An answer as a tensor, be it one, an array, or lists of numbers or of tensors."""
    if isinstance(answer, torch.Tensor):
        return answer.detach()
    if isinstance(answer, list | tuple) and any(isinstance(a, torch.Tensor) for a in answer):
        return torch.stack([_tensor(part).float() for part in answer])
    return torch.from_numpy(np.array(answer, np.float64))


def _circles():
    """Targets of three frames; one joint lies close to another, one outside the picture."""
    cells = torch.tensor(
        [[[5.0, 5], [6, 5], [2, 9]], [[8, 8], [-4, 3], [6, 2]], [[1, 1], [9, 9], [4, 7]]]
    )
    return cells, disc(cells, (12, 11))


@exercise("6.1")
def exercise_6_1(append_background):
    maps = gaussian(_circles()[0], (12, 11), sigma=1.5)
    given = "Gaussians of three joints, two of them a cell apart"
    return unlike(_tensor(append_background(maps.clone())), with_background(maps), given)


@exercise("6.2")
def exercise_6_2(middle_of_sight):
    four = Architecture(trunk=((3, 8),) * 4)
    for name, architecture, halvings in (
        ("SMALL", SMALL, 2),
        ("the original", Architecture(), 3),
        ("a trunk of four", four, 4),
    ):
        for cell in (0, 5, 12):
            right = 2**halvings * (cell + 1) - 1
            answer = float(middle_of_sight(architecture, cell))
            if abs(answer - right) > 1e-6:
                return f"Cell {cell} of {name} looks around pixel {right}, yours around {answer:g}."


@exercise("6.3")
def exercise_6_3(fair_weight):
    target = _circles()[1]
    weight = float(fair_weight(target.clone()))
    inside, outside = weight * float((target > 0).sum()), float((target < 0).sum())
    if abs(inside - outside) > 1e-3 * outside:
        return (
            f"With {weight:.4g}, cells inside count {inside:.0f} and cells outside {outside:.0f}; "
            "(one joint of nine has no circle)."
        )


@exercise("6.4")
def exercise_6_4(slope_of_hinge):
    target = _circles()[1]
    score = 3 * torch.randn(target.shape, generator=torch.Generator().manual_seed(0))
    for weight in (1.0, 20.0):
        leaf = score.clone().requires_grad_()
        hinge(leaf, target, weight).backward()
        answer = _tensor(slope_of_hinge(score.clone(), target.clone(), weight))
        if wrong := unlike(
            answer, leaf.grad, f"random scores of three frames and weight {weight:g}"
        ):
            return wrong


@exercise("6.5")
def exercise_6_5(rate_of):
    for first, every in ((5e-4, 20_000), (1e-4, 5_000)):
        for step, drops in ((0, 0), (every - 1, 0), (every, 1), (2 * every + 1, 2), (4 * every, 4)):
            right, answer = first / 3**drops, float(rate_of(step, first, every))
            if abs(answer - right) > 1e-9:
                return (
                    f"From {first:g}, step {step} has the rate {right:.3g}, yours has {answer:.3g}."
                )


@exercise("6.6")
def exercise_6_6(through_weights):
    generator = torch.Generator().manual_seed(0)
    mu = 5 * torch.randn(4, 2, dtype=torch.float64, generator=generator)
    a = 0.01 + 0.1 * torch.rand(4, 2, dtype=torch.float64, generator=generator)
    by_mu, by_log_a = torch.randn(2, 4, 2, dtype=torch.float64, generator=generator)
    w = torch.stack([2 * a * mu, -a]).requires_grad_()
    loss = by_mu * (-w[0] / (2 * w[1])) + by_log_a * (-w[1]).log()
    (right,) = torch.autograd.grad(loss.sum(), w)
    answer = through_weights(mu.clone(), a.log(), by_mu.clone(), by_log_a.clone())
    if not isinstance(answer, tuple | list | torch.Tensor | np.ndarray) or len(answer) != 2:
        return "It must return two things: the gradients by w_1 and by w_2."
    for name, ours, theirs in zip(("w_1", "w_2"), answer, right, strict=True):
        if wrong := unlike(
            _tensor(ours), theirs.float(), f"random springs, the gradient by {name}"
        ):
            return wrong


@exercise("6.7")
def exercise_6_7(matched_calibration):
    target = _circles()[1]
    for seed in range(2):
        noise = torch.randn(target.shape, generator=torch.Generator().manual_seed(seed))
        peaks = torch.tensor([0.3, 0.8, 2.0])[:, None, None] * (target > 0)
        score = 0.2 * noise + peaks + torch.tensor([0.0, 0.5, -1.0])[:, None, None]
        answer = matched_calibration(score.clone(), target.clone())
        if not isinstance(answer, tuple | list | torch.Tensor | np.ndarray) or len(answer) != 2:
            return "It must return two things: the gains and the offsets."
        gain, offset = (_tensor(part).float() for part in answer)
        for name, part in (("gains", gain), ("offsets", offset)):
            if part.numel() != 3:
                return f"There must be three {name}, one a joint; yours are {tuple(part.shape)}."
        for k in range(3):
            calibrated = gain.flatten()[k] * score[:, k] + offset.flatten()[k]
            for wanted in (1, -1):
                mean = float(calibrated[target[:, k] == wanted].mean())
                if not abs(mean - wanted) < 1e-3:
                    where = "inside" if wanted == 1 else "outside"
                    return (
                        f"With your gain and offset, scores of joint {k} are {mean:.3f} on the "
                        f"mean {where} its circles; {wanted} is asked for."
                    )
