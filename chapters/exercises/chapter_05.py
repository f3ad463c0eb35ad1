"""Checkers of chapter 5: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np
import torch

from tslib.distance_transform import distance_transform

from . import exercise
from .tensors import unlike


@exercise("5.1")
def exercise_5_1(collect):
    generator = torch.Generator().manual_seed(0)
    for N, receivers in ((4, [0, 2, 0, 1, 0, 2]), (3, [1, 1])):
        phi = torch.rand(N, 3, 5, generator=generator)
        messages = torch.rand(len(receivers), 3, 5, generator=generator)
        receiver = torch.tensor(receivers)
        right = phi.clone()
        for i in range(N):
            heard = [phi[i], *messages[receiver == i]]
            right[i] = sum(heard) / len(heard)
        given = f"messages to nodes {receivers} of {N}"
        answer = collect(phi.clone(), messages.clone(), receiver.clone())
        if wrong := unlike(answer, right, given):
            return wrong


@exercise("5.2")
def exercise_5_2(rest_offsets):
    rng = np.random.default_rng(0)
    edges = np.array([[0, 1], [2, 1], [3, 0]])
    for n in (6, 9):
        joints = rng.normal(10, 4, (n, 4, 2))
        visible = rng.random((n, 4)) < 0.6
        visible[0] = True  # each spring is seen at least once
        right = np.zeros((3, 2))
        for e, (i, k) in enumerate(edges):
            seen = [joints[p, k] - joints[p, i] for p in range(n) if visible[p, [i, k]].all()]
            right[e] = sum(seen) / len(seen)
        # What is hidden holds a number that means nothing.
        given = np.where(visible[..., None], joints, 1e3)
        answer = rest_offsets(given, visible.copy(), edges.copy())
        name = f"{n} random poses of 4 joints, some hidden"
        if wrong := unlike(answer, torch.from_numpy(right), name):
            return wrong


@exercise("5.3")
def exercise_5_3(rounds_until_heard):
    graphs = {
        "a chain of 4 nodes": (4, [(0, 1), (1, 2), (2, 3)]),
        "a chain listed backwards": (4, [(3, 2), (2, 1), (1, 0)]),
        "a square with a tail": (6, [(0, 1), (1, 2), (2, 3), (3, 0), (2, 4), (4, 5)]),
        "a star": (5, [(4, 0), (4, 1), (4, 2), (4, 3)]),
    }
    for name, (nodes, edges) in graphs.items():
        for node in range(nodes):
            far = np.full((nodes, nodes), nodes)
            np.fill_diagonal(far, 0)
            for i, k in edges:
                far[i, k] = far[k, i] = 1
            for through in range(nodes):
                far = np.minimum(far, far[:, [through]] + far[through])
            answer = rounds_until_heard(list(edges), nodes, node)
            right = torch.from_numpy(far[node]).double()
            if wrong := unlike(answer, right, f"{name}, edges {edges}, seen from node {node}"):
                return wrong


@exercise("5.4")
def exercise_5_4(message_of_either):
    generator = torch.Generator().manual_seed(3)
    score = torch.rand(8, 12, dtype=torch.float64, generator=generator)
    a = torch.tensor([0.1, 0.2], dtype=torch.float64)
    for offset in ((4.0, 0.5), (4.0, -2.5)):
        mu = torch.tensor(offset, dtype=torch.float64)
        right = torch.maximum(*(distance_transform(score, a, sign * mu) for sign in (1, -1)))
        answer = message_of_either(score.clone(), a.clone(), mu.clone())
        if wrong := unlike(answer, right, f"a random map, a = {a.tolist()}, mu = {mu.tolist()}"):
            return wrong


@exercise("5.5")
def exercise_5_5(gradient_of_sender):
    generator = torch.Generator().manual_seed(1)
    for H, W, rest in ((5, 7, (2.0, -1.0)), (4, 6, (0.5, 3.0))):
        score = torch.rand(H, W, dtype=torch.float64, generator=generator)
        upstream = torch.randn(H, W, dtype=torch.float64, generator=generator)
        a, mu = torch.full((2,), 0.05).double(), torch.tensor(rest).double()
        _, source = distance_transform(score, a, mu, return_source=True)
        right = torch.zeros(H, W, dtype=torch.float64)
        for y in range(H):
            for x in range(W):
                row, column = divmod(int(source[y, x]), W)
                right[row, column] += upstream[y, x]
        given = f"a message on {H} x {W} cells and a random gradient"
        answer = gradient_of_sender(upstream.clone(), source.clone().long())
        if wrong := unlike(answer, right, given):
            return wrong


@exercise("5.6")
def exercise_5_6(comparisons):
    for edges, H, W, rounds in ((18, 24, 24, 3), (5, 3, 4, 1), (1, 7, 2, 2)):
        count = 0
        for _ in range(2 * edges * rounds):
            count += H * W * W + H * W * H
        answer = comparisons(edges, H, W, rounds)
        if answer != count:
            return f"{edges} edges, {H} x {W} cells and {rounds} rounds make {count}, not {answer}."
