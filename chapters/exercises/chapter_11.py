"""Checkers of chapter 11: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np
import torch

from tslib.distance_transform.layer import max_plus

from . import exercise
from .tensors import as_tensor


@exercise("11.1")
def exercise_11_1(break_even):
    cases = ((0.06, 7.0, 1.5, 176), (1.0, 10.0, 2.0, 21), (0.5, 3.0, 1.6, 10), (2.0, 1.0, 1.0, 1))
    for comparison, crossing, k, right in cases:
        answer = break_even(comparison, crossing, k)
        if np.shape(answer) != () or answer != right:
            return (
                f"With {comparison} ns a comparison, {crossing} ns a crossing and {k} crossings a "
                f"cell it is {right}, yours is {answer}."
            )


@exercise("11.2")
def exercise_11_2(narrower_window):
    generator = torch.Generator().manual_seed(0)
    n, q = 30, torch.arange(30)
    peak = torch.exp(-((q - 20.0) ** 2) / 6).double()
    noise = torch.rand(n, dtype=torch.float64, generator=generator)
    tied = torch.randint(0, 4, (n,), generator=generator) / 4
    at_the_end = torch.exp(-((q - 29.0) ** 2) / 6).double()
    first_cell = 2.07 * (q == 0).double()  # ties three cells off: 9 x 0.23 = 2.07
    for score, stiffness, rest, kind in (
        (peak, 0.02, 0.0, "a peak in cell 20"),
        (noise, 0.05, 3.3, "random scores"),
        (noise, 0.01, 38.5, "a rest offset that leads out of the row"),
        (tied.double(), 0.25, -2.0, "scores in quarters, with ties"),
        (at_the_end, 1 / 32, 9.0, "a peak in the last cell and a rest offset that leads out"),
        (first_cell, 0.23, 0.0, "a first cell that ties for the receiver three cells off"),
    ):
        answer = as_tensor(narrower_window(score.clone(), stiffness, rest))
        if answer.shape != (2, n):
            return f"It must return two tensors of shape ({n},)."
        first, last = answer
        if (first < 0).any() or (last >= n).any():
            return f"With {kind}, some windows reach beyond the row's {n} senders."
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


@exercise("11.3")
def exercise_11_3(sweeps):
    generator = torch.Generator().manual_seed(3)
    for n, lanes in ((32, 16), (46, 16), (10, 4), (5, 8)):
        p = torch.arange(n)
        first = (p + torch.randint(-9, 4, (n,), generator=generator)).clamp(0, n - 1)
        last = (first + torch.randint(0, 12, (n,), generator=generator)).clamp(0, n - 1)
        groups = [slice(start, start + lanes) for start in range(0, n, lanes)]
        near = [int((first - p)[group].min()) for group in groups]
        far = [int((last - p)[group].max()) for group in groups]
        right = torch.tensor([near, far])
        answer = as_tensor(sweeps(first.clone(), last.clone(), lanes))
        if answer.shape != right.shape:
            return (
                f"For {n} receivers and {lanes} lanes it must return two tensors of shape "
                f"({len(groups)},), yours are {tuple(answer.shape[1:])}."
            )
        if not torch.equal(answer.long(), right):
            group = int((answer != right).any(0).nonzero()[0])
            return (
                f"Of {n} receivers in groups of {lanes}, group {group} sweeps from "
                f"{near[group]} to {far[group]}, yours from {int(answer[0, group])} to "
                f"{int(answer[1, group])}."
            )


@exercise("11.4")
def exercise_11_4(roof):
    cases = (
        (92, 10, 17.0, 20.0, 92 / 17, "comparing"),
        (4, 10, 17.0, 20.0, 0.5, "moving"),
        (30, 10, 15.0, 5.0, 2.0, "comparing"),
        (10, 40, 20.0, 4.0, 10.0, "moving"),
    )
    for candidates, moved, rate, bandwidth, ns, limit in cases:
        answer = roof(candidates, moved, rate, bandwidth)
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            return 'It must return a pair: the time in ns, and "comparing" or "moving".'
        if not np.isclose(float(answer[0]), ns) or answer[1] != limit:
            return (
                f"With {candidates} candidates, {moved} bytes, {rate} candidates and {bandwidth} "
                f"bytes a ns it is {ns:.2f} ns by {limit}, yours is {float(answer[0]):.2f} ns by "
                f"{answer[1]}."
            )


@exercise("11.5")
def exercise_11_5(sweep_down):
    generator = torch.Generator().manual_seed(5)
    tied = torch.randint(0, 4, (20,), generator=generator) / 4
    cases = [
        ("random scores", torch.randn(20, generator=generator), 0.1, 1.3),
        ("random scores far below 0", torch.randn(9, generator=generator) - 50, 0.1, -2.6),
        ("scores in quarters, with ties", tied, 0.25, 0.0),
        ("equal scores and a rest offset between two cells", torch.ones(8), 0.25, 0.5),
    ]
    for kind, score, stiffness, rest in cases:
        score = score.double()
        a, mu = (torch.tensor([value], dtype=torch.float64) for value in (stiffness, rest))
        m, q = (part[0, 0] for part in max_plus(score[None, None], a, mu))
        message, source = sweep_down(score.clone(), stiffness, rest)
        message, source = as_tensor(message), as_tensor(source)
        if message.shape != m.shape or source.shape != q.shape:
            return f"Message and source must have shape {tuple(m.shape)}."
        given = f"With {kind}, stiffness {stiffness} and rest {rest}"
        wrong = ~torch.isclose(message.to(m), m, atol=1e-5)
        if wrong.any():
            p = int(wrong.nonzero()[0])
            return f"{given}, receiver {p} gets {m[p]:.4f}, yours gets {message[p]:.4f}."
        if not torch.equal(source.long(), q):
            p = int((source != q).nonzero()[0])
            return f"{given}, receiver {p} is served by {q[p]}, yours by {int(source[p])}."
