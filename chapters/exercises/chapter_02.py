"""Checkers of chapter 2: each takes the reader's function and says, in one line, whether it is
right.
"""

import torch

from tslib.distance_transform import distance_transform

from . import exercise
from .tensors import unlike


def _example(seed, H=6, W=9):
    """A random map with its message, sources, and a gradient from above."""
    generator = torch.Generator().manual_seed(seed)
    score = torch.randn(H, W, dtype=torch.float64, generator=generator)
    message, source = distance_transform(score, (0.05, 0.1), (1.5, -0.5), return_source=True)
    return score, source, torch.randn(H, W, dtype=torch.float64, generator=generator)


@exercise("2.1")
def exercise_2_1(max_plus_product):
    A = torch.tensor([[0.0, 5.0], [-1.0, -7.0], [2.0, 2.0]])
    B = torch.tensor([[1.0, 2.0, 0.0], [-4.0, 0.0, 9.0]])
    right = torch.tensor([[1.0, 5.0, 14.0], [0.0, 1.0, 2.0], [3.0, 4.0, 11.0]])
    return unlike(
        max_plus_product(A.clone(), B.clone()), right, f"A = {A.tolist()}, B = {B.tolist()}"
    )


@exercise("2.2")
def exercise_2_2(route):
    for seed in range(3):
        score, source, gradient = _example(seed)
        score.requires_grad_()
        (right,) = torch.autograd.grad(
            distance_transform(score, (0.05, 0.1), (1.5, -0.5)), score, gradient
        )
        shared = int((torch.bincount(source.flatten()) > 1).sum())
        given = f"a random map on which {shared} cells serve several receivers"
        if wrong := unlike(route(gradient.clone(), source.clone()), right, given):
            return wrong


@exercise("2.3")
def exercise_2_3(gradient_of_weights):
    for seed in range(3):
        _, source, gradient = _example(seed)
        H, W = source.shape
        dx, dy = source % W - torch.arange(W), source // W - torch.arange(H)[:, None]
        right = torch.stack([(gradient * d).sum() for d in (dx, dx**2, dy, dy**2)])
        answer = gradient_of_weights(gradient.clone(), source.clone())
        if wrong := unlike(answer, right, f"a random {H} x {W} map"):
            return wrong


@exercise("2.4")
def exercise_2_4(soft_message):
    score = torch.tensor([0.2, 1.0, -0.3, 0.7, 0.1], dtype=torch.float64)
    q = torch.arange(5)
    offers = score - 0.1 * (q - q[:, None] - 0.5) ** 2
    for temperature in (0.5, 3.0, 1e-4):
        right = temperature * torch.logsumexp(offers / temperature, -1)
        given = f"score {score.tolist()}, stiffness 0.1, rest 0.5, temperature {temperature}"
        if wrong := unlike(soft_message(score.clone(), 0.1, 0.5, temperature), right, given):
            return wrong


@exercise("2.5")
def exercise_2_5(learn_rest):
    Y, X = torch.meshgrid(torch.arange(20.0), torch.arange(30.0), indexing="ij")
    for peak, target in (((17, 8), (12, 11)), ((9, 12), (13, 6))):
        score = torch.exp(-((X - peak[0]) ** 2 + (Y - peak[1]) ** 2) / 4).double()
        answer = torch.as_tensor(
            learn_rest(score.clone(), target, torch.tensor([0.01, 0.01]).double())
        )
        right = torch.tensor(peak) - torch.tensor(target)
        if answer.shape != (2,) or not (answer - right).abs().max() < 0.25:
            task = f"With the wrist's peak at {peak} and the elbow at {target}"
            return f"{task} it is {right.tolist()}, yours is {answer.tolist()}."


@exercise("2.6")
def exercise_2_6(narrower_window):
    generator = torch.Generator().manual_seed(0)
    n, q = 30, torch.arange(30)
    peak = torch.exp(-((q - 20.0) ** 2) / 6).double()
    noise = torch.rand(n, dtype=torch.float64, generator=generator)
    tied = torch.randint(0, 4, (n,), generator=generator) / 4
    for score, stiffness, rest, kind in (
        (peak, 0.02, 0.0, "a peak in cell 20"),
        (noise, 0.05, 3.3, "random scores"),
        (noise, 0.01, 38.5, "a rest offset that leads out of the row"),
        (tied.double(), 0.25, -2.0, "scores in quarters, with ties"),
    ):
        first, last = narrower_window(score.clone(), stiffness, rest)
        if any(not isinstance(t, torch.Tensor) or t.shape != (n,) for t in (first, last)):
            return f"It must return two tensors of shape ({n},)."
        home = q + rest
        offers = score - stiffness * (q - home[:, None]) ** 2
        best = offers.amax(1, keepdim=True)
        wins = (offers - best).abs() < 1e-12
        asked = (first[:, None] <= q) & (q <= last[:, None])
        if (wins & ~asked).any():
            p, who = torch.nonzero(wins & ~asked)[0].tolist()
            window = [int(first[p]), int(last[p])]
            return f"With {kind}, sender {who} wins receiver {p}, but its window is {window}."
        nearest = home.round().clamp(0, n - 1).long()
        sure = offers.gather(1, nearest[:, None])
        needed = score.max() - stiffness * (q - home[:, None]) ** 2 >= sure - 1e-2
        if asked.sum() > needed.sum():
            return (
                f"With {kind}, {int(asked.sum())} pairs are compared; {int(needed.sum())} "
                "are enough."
            )
