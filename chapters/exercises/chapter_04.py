"""Checkers of chapter 4: each takes the reader's function and says, in one line, whether it is
right.
"""

import itertools

import torch

from . import exercise
from .tensors import as_tensor, unlike


def _chain(seed, K=3, H=4, W=5):
    """Random unaries and springs of a chain, and the score of every pose: (HW,) * K."""
    generator = torch.Generator().manual_seed(seed)
    phi = torch.rand(K, H, W, dtype=torch.float64, generator=generator)
    a = 0.02 + 0.1 * torch.rand(K - 1, 2, dtype=torch.float64, generator=generator)
    mu = 2 * torch.randn(K - 1, 2, dtype=torch.float64, generator=generator)
    return phi, a, mu, _scores(phi, a, mu)


def _scores(phi, a, mu):
    """The score of every pose of a chain: (HW,) * K."""
    K, H, W = phi.shape
    cells = torch.tensor([(x, y) for y in range(H) for x in range(W)])
    total = torch.zeros([H * W] * K, dtype=torch.float64)
    for k in range(K):
        total = total + phi[k].reshape([-1 if j == k else 1 for j in range(K)])
    for k in range(K - 1):
        price = -(a[k] * (cells - cells[:, None] - mu[k]) ** 2).sum(-1)
        total = total + price.reshape([H * W if j in (k, k + 1) else 1 for j in range(K)])
    return total


@exercise("4.1")
def exercise_4_1(message_of_table):
    generator = torch.Generator().manual_seed(0)
    for S, R in ((3, 2), (2, 4), (3, 3)):
        score = torch.randn(S, dtype=torch.float64, generator=generator)
        price = -3 * torch.rand(S, R, dtype=torch.float64, generator=generator)
        right = torch.stack([max(score[s] + price[s, r] for s in range(S)) for r in range(R)])
        given = f"a random table of {S} states of the sender and {R} of the receiver"
        if wrong := unlike(message_of_table(score.clone(), price.clone()), right, given):
            return wrong


@exercise("4.2")
def exercise_4_2(spring_of_weights):
    for a, mu in (((0.01, 0.02), (3.0, -5.0)), ((0.5, 0.25), (0.0, 1.5))):
        w = torch.tensor([2 * a[0] * mu[0], -a[0], 2 * a[1] * mu[1], -a[1]], dtype=torch.float64)
        given = ", ".join(f"{v:g}" for v in w.tolist())
        answer = spring_of_weights(w.clone())
        if len(answer) != 2:
            return "It must return two things: a and mu."
        for name, ours, right in zip(("a", "mu"), answer, (a, mu), strict=True):
            right = torch.tensor(right, dtype=torch.float64)
            if wrong := unlike(ours, right, f"w = [{given}], {name}"):
                return wrong


@exercise("4.3")
def exercise_4_3(edges_over_time):
    for T, K, span in ((3, 2, 1), (5, 3, 2), (2, 4, 2), (1, 3, 1), (4, 1, 3)):
        nodes = itertools.product(range(T), range(K), range(1, span + 1))
        right = {(t * K + k, (t + d) * K + k) for t, k, d in nodes if t + d < T}
        answer = [tuple(int(n) for n in edge) for edge in edges_over_time(T, K, span)]
        if len(answer) != len(set(map(frozenset, answer))):
            return f"For T={T}, K={K}, span={span}, some pair of nodes is there twice."
        if {tuple(sorted(edge)) for edge in answer} != right:
            return f"T={T}, K={K}, span={span} gives {sorted(right)}, yours {sorted(answer)}."


@exercise("4.4")
def exercise_4_4(max_marginals_of_chain):
    for seed, K in ((0, 2), (1, 3), (2, 3), (3, 4)):
        phi, a, mu, total = _chain(seed, K, *((3, 4) if K == 4 else (4, 5)))
        right = [total.amax([j for j in range(K) if j != k]).view_as(phi[0]) for k in range(K)]
        answer = max_marginals_of_chain(phi.clone(), a.clone(), mu.clone())
        if wrong := unlike(answer, torch.stack(right), f"a random chain of {K} joints"):
            return wrong


def _tied_chain():
    """Two equally good poses, whose first joints and second joints come in different order."""
    phi = torch.zeros(2, 2, 5, dtype=torch.float64)
    phi[0, 0, 0] = phi[1, 1, 0] = 1  # at the left, the second joint below the first
    phi[0, 1, 4] = phi[1, 0, 4] = 1  # at the right, above it
    a, mu = torch.full((1, 2), 0.25).double(), torch.zeros(1, 2).double()
    return phi, a, mu, _scores(phi, a, mu)


@exercise("4.5")
def exercise_4_5(best_pose_of_chain):
    chains = [(*_chain(seed), "a random chain") for seed in range(4)]
    chains += [(*_chain(9, 4, 3, 4), "a random chain")]
    chains += [(*_tied_chain(), "a chain with two best poses")]
    for phi, a, mu, total, name in chains:
        if wrong := _not_best(best_pose_of_chain, phi, a, mu, total, name):
            return wrong


def _not_best(best_pose_of_chain, phi, a, mu, total, name):
    """A sentence where a pose is not one of the best."""
    K, H, W = phi.shape
    task = f"In {name} of {K} joints on {W} x {H} cells"
    answer = as_tensor(best_pose_of_chain(phi.clone(), a.clone(), mu.clone()))
    if answer.shape != (K, 2):
        return f"The pose must have shape {(K, 2)}, yours has {tuple(answer.shape)}."
    p = answer.double()
    if not torch.equal(p, p.round()):
        return f"{task} a pose is made of cells, which are whole numbers; yours is {p.tolist()}."
    x, y = p.long().T
    if (x < 0).any() or (x >= W).any() or (y < 0).any() or (y >= H).any():
        return f"{task} your pose {p.long().tolist()} has a cell outside the map."
    score = total[tuple(y * W + x)]
    if score < total.max() - 1e-5:
        best = torch.stack(torch.unravel_index(total.argmax(), total.shape))
        best = torch.stack([best % W, best // W], -1).tolist()
        return (
            f"{task} the best pose is {best} with score {total.max():.3f}, yours is "
            f"{p.long().tolist()} with {score:.3f}."
        )


@exercise("4.6")
def exercise_4_6(heights_of_rounds):
    generator = torch.Generator().manual_seed(0)
    graphs = {
        "a triangle": [(0, 1), (1, 2), (2, 0)],
        "a star of four nodes": [(0, 1), (0, 2), (0, 3)],
        "a square": [(0, 1), (1, 2), (2, 3), (3, 0)],
    }
    for name, edges in graphs.items():
        N = 1 + max(map(max, edges))
        A = torch.zeros(N, N, dtype=torch.float64)
        for i, k in edges:
            A[i, k] = A[k, i] = 1
        phi = torch.rand(N, dtype=torch.float64, generator=generator)
        for rounds in (4, 1, 0):
            h = [phi.tolist()]
            for _ in range(rounds):
                heard = [sum(h[-1][k] for k in range(N) if A[i, k]) for i in range(N)]
                h.append([float(phi[i]) + heard[i] for i in range(N)])
            right = torch.tensor(h, dtype=torch.float64)
            given = f"{name} and {rounds} rounds"
            if wrong := unlike(heights_of_rounds(A.clone(), phi.clone(), rounds), right, given):
                return wrong
