"""Checkers of chapter 4: each takes the reader's function and says, in one line, whether it is
right.
"""

import itertools

import torch

from tslib.distance_transform import distance_transform

from . import exercise
from .tensors import unlike


def _chain(seed, K=3, H=4, W=5):
    """Random unaries and springs of a chain, and the score of every pose: (HW,) * K."""
    generator = torch.Generator().manual_seed(seed)
    phi = torch.rand(K, H, W, dtype=torch.float64, generator=generator)
    a = 0.02 + 0.1 * torch.rand(K - 1, 2, dtype=torch.float64, generator=generator)
    mu = 2 * torch.randn(K - 1, 2, dtype=torch.float64, generator=generator)
    cells = torch.tensor([(x, y) for y in range(H) for x in range(W)])
    total = torch.zeros([H * W] * K, dtype=torch.float64)
    for k in range(K):
        total = total + phi[k].reshape([-1 if j == k else 1 for j in range(K)])
    for k in range(K - 1):
        price = -(a[k] * (cells - cells[:, None] - mu[k]) ** 2).sum(-1)
        total = total + price.reshape([H * W if j in (k, k + 1) else 1 for j in range(K)])
    return phi, a, mu, total


@exercise("4.1")
def exercise_4_1(spring_of_weights):
    for a, mu in (((0.01, 0.02), (3.0, -5.0)), ((0.5, 0.25), (0.0, 1.5))):
        w = torch.tensor([2 * a[0] * mu[0], -a[0], 2 * a[1] * mu[1], -a[1]], dtype=torch.float64)
        given = ", ".join(f"{v:g}" for v in w.tolist())
        answer = spring_of_weights(w.clone())
        if not isinstance(answer, tuple) or len(answer) != 2:
            return "It must return two things: a and mu."
        for name, ours, right in zip(("a", "mu"), answer, (a, mu), strict=True):
            right = torch.tensor(right, dtype=torch.float64)
            if wrong := unlike(torch.as_tensor(ours), right, f"w = [{given}], {name}"):
                return wrong


@exercise("4.2")
def exercise_4_2(edges_over_time):
    for T, K, span in ((3, 2, 1), (5, 3, 2), (2, 4, 2), (1, 3, 1)):
        nodes = itertools.product(range(T), range(K), range(1, span + 1))
        right = {(t * K + k, (t + d) * K + k) for t, k, d in nodes if t + d < T}
        answer = [tuple(int(n) for n in edge) for edge in edges_over_time(T, K, span)]
        if len(answer) != len(set(map(frozenset, answer))):
            return f"For T={T}, K={K}, span={span}, some pair of nodes is there twice."
        if {tuple(sorted(edge)) for edge in answer} != right:
            return f"T={T}, K={K}, span={span} gives {sorted(right)}, yours {sorted(answer)}."


@exercise("4.3")
def exercise_4_3(collect):
    generator = torch.Generator().manual_seed(0)
    phi = torch.rand(4, 3, 5, generator=generator)
    messages = torch.rand(6, 3, 5, generator=generator)
    receiver = torch.tensor([0, 2, 0, 1, 0, 2])
    right = phi.clone()
    for i in range(4):
        heard = [phi[i], *messages[receiver == i]]
        right[i] = sum(heard) / len(heard)
    given = f"messages to nodes {receiver.tolist()} of 4"
    return unlike(collect(phi.clone(), messages.clone(), receiver.clone()), right, given)


@exercise("4.4")
def exercise_4_4(max_marginals_of_chain):
    for seed, K in ((0, 2), (1, 3), (2, 3)):
        phi, a, mu, total = _chain(seed, K)
        right = [total.amax([j for j in range(K) if j != k]).view_as(phi[0]) for k in range(K)]
        answer = max_marginals_of_chain(phi.clone(), a.clone(), mu.clone())
        if wrong := unlike(answer, torch.stack(right), f"a random chain of {K} joints"):
            return wrong


@exercise("4.5")
def exercise_4_5(best_pose_of_chain):
    for seed in range(4):
        phi, a, mu, total = _chain(seed)
        H, W = phi.shape[1:]
        flat = torch.stack(torch.unravel_index(total.argmax(), total.shape))
        right = torch.stack([flat % W, flat // W], -1)
        answer = torch.as_tensor(best_pose_of_chain(phi.clone(), a.clone(), mu.clone()))
        if answer.shape != right.shape:
            return (
                f"The pose must have shape {tuple(right.shape)}, yours has {tuple(answer.shape)}."
            )
        if not torch.equal(answer.long(), right):
            task = f"In a random chain of 3 joints on {W} x {H} cells"
            return f"{task} the best pose is {right.tolist()}, yours is {answer.tolist()}."


@exercise("4.6")
def exercise_4_6(message_of_either):
    generator = torch.Generator().manual_seed(3)
    score = torch.rand(8, 12, dtype=torch.float64, generator=generator)
    a = torch.tensor([0.1, 0.2], dtype=torch.float64)
    for offset in ((4.0, 0.5), (4.0, -2.5)):
        mu = torch.tensor(offset, dtype=torch.float64)
        right = torch.maximum(*(distance_transform(score, a, sign * mu) for sign in (1, -1)))
        answer = message_of_either(score.clone(), a.clone(), mu.clone())
        if wrong := unlike(answer, right, f"a random map, a = {a.tolist()}, mu = {mu.tolist()}"):
            return wrong
