"""Checkers of chapter 2: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np
import torch

from tslib.distance_transform import distance_transform

from . import exercise
from .tensors import as_tensor, unlike


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

    def peak(x, y):
        return torch.exp(-((X - x) ** 2 + (Y - y) ** 2) / 4).double()

    # A spring of stiffness 0.01 never reaches a peak of height 1 that is more than 10 cells away.
    cases = [
        ("the wrist's peak at (17, 8)", (17, 8), (12, 11), peak(17, 8)),
        ("the wrist's peak at (9, 12)", (9, 12), (13, 6), peak(9, 12)),
        (
            "a low peak at (8, 9) and a higher one at (25, 9), which the gradient cannot know of,",
            (8, 9),
            (5, 5),
            0.6 * peak(8, 9) + peak(25, 9),
        ),
    ]
    for kind, place, target, score in cases:
        answer = as_tensor(learn_rest(score.clone(), target, torch.tensor([0.01, 0.01]).double()))
        right = torch.tensor(place) - torch.tensor(target)
        if answer.shape != (2,):
            return f"It must return the pair (x, y), yours has shape {tuple(answer.shape)}."
        if not (answer - right).abs().max() < 0.25:
            yours = [round(value, 2) for value in answer.tolist()]
            return (
                f"With {kind} and the elbow at {target} it is {right.tolist()}, yours is {yours}."
            )


@exercise("2.6")
def exercise_2_6(shared_gradient):
    generator = torch.Generator().manual_seed(6)
    tied = torch.randint(0, 4, (12,), generator=generator) / 4
    cases = [
        ("scores (1, 0, 1)", torch.tensor([1.0, 0, 1]), 0.25, 0.0),
        ("equal scores and a rest offset between two cells", torch.ones(7), 0.25, 0.5),
        ("random scores in quarters", tied, 0.25, 0.0),
        ("random scores in quarters", tied, 0.5, -1.5),
    ]
    for kind, score, stiffness, rest in cases:
        score = score.double()
        gradient = torch.randn(len(score), dtype=torch.float64, generator=generator)
        q = torch.arange(len(score))
        free = score.clone().requires_grad_()
        best = (free - stiffness * (q - q[:, None] - rest) ** 2).amax(1)
        (right,) = torch.autograd.grad(best, free, gradient)
        given = f"{kind}, stiffness {stiffness} and rest {rest}"
        answer = shared_gradient(score.clone(), gradient.clone(), stiffness, rest)
        if wrong := unlike(answer, right, given):
            return wrong


@exercise("2.7")
def exercise_2_7(largest_scores):
    cases = [(0.01, 1e4), (0.001, 1e3), (0.04, 1e4), (1.0, 1e6), (0.005, 1e3), (0.0095, 1e3)]
    cases += [(10 * 2.0**-10, 1e4)]  # a tenth of it is exactly the distance
    for stiffness, right in cases:
        answer = largest_scores(stiffness)
        if np.shape(answer) != () or not np.isclose(float(answer), right):
            return f"For a stiffness of {stiffness} it is {right:,.0f}, yours is {answer}."
