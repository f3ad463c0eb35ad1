"""Right answers in other styles than the solutions of chapter 4; the checkers must accept each."""

import numpy as np
import torch

from tslib.distance_transform import distance_transform


def exercise_4_1_as_a_list(score, price):
    return [max((s + p).item() for s, p in zip(score, column, strict=True)) for column in price.T]


def exercise_4_1_in_numpy(score, price):
    return (score.numpy()[:, None] + price.numpy()).max(0)


def exercise_4_1_in_float32(score, price):
    return (score.float()[:, None] + price.float()).max(0).values


def exercise_4_2_as_lists(w):
    w1, w2, w3, w4 = w.tolist()
    return [[-w2, -w4], [-w1 / w2 / 2, -w3 / w4 / 2]]


def exercise_4_2_stacked(w):
    a = -w[1::2]
    return torch.stack([a, w[::2] / (2 * a)])


def exercise_4_2_in_numpy(w):
    linear, quadratic = w.numpy().reshape(2, 2).T
    return -quadratic, linear / (-2 * quadratic)


def exercise_4_3_as_a_tensor(T, K, span):
    pairs = [(i, i + d * K) for d in range(1, span + 1) for i in range(K * (T - d))]
    return torch.tensor(pairs).reshape(-1, 2)


def exercise_4_3_as_an_array_from_later_to_earlier(T, K, span):
    pairs = [(i + d * K, i) for i in range(T * K) for d in range(1, span + 1) if i + d * K < T * K]
    return np.array(pairs, int).reshape(-1, 2)


def exercise_4_3_as_a_set(T, K, span):
    return {
        (t * K + k, u * K + k)
        for t in range(T)
        for u in range(t + 1, min(T, t + span + 1))
        for k in range(K)
    }


def exercise_4_4_as_a_list(phi, a, mu):
    K = len(phi)
    behind, front = [0] * K, [0] * K
    for k in range(K - 2, -1, -1):
        behind[k] = distance_transform(phi[k + 1] + behind[k + 1], a[k], mu[k])
    for k in range(1, K):
        front[k] = distance_transform(phi[k - 1] + front[k - 1], a[k - 1], -mu[k - 1])
    return [phi[k] + behind[k] + front[k] for k in range(K)]


def exercise_4_4_as_an_array(phi, a, mu):
    return torch.stack(exercise_4_4_as_a_list(phi, a, mu)).numpy()


def exercise_4_4_by_recursion(phi, a, mu):
    def heard(k, step):
        sender = k + step
        if not 0 <= sender < len(phi):
            return torch.zeros_like(phi[0])
        edge, sign = min(k, sender), step
        return distance_transform(phi[sender] + heard(sender, step), a[edge], sign * mu[edge])

    return torch.stack([phi[k] + heard(k, 1) + heard(k, -1) for k in range(len(phi))])


def _sources(phi, a, mu):
    score, sources = phi[-1], []
    for k in range(len(phi) - 2, -1, -1):
        message, source = distance_transform(score, a[k], mu[k], return_source=True)
        score, sources = phi[k] + message, [source.flatten().tolist(), *sources]
    return score, sources


def exercise_4_5_as_a_list_of_pairs(phi, a, mu):
    score, sources = _sources(phi, a, mu)
    cell, W = int(score.argmax()), phi.shape[2]
    pose = [(cell % W, cell // W)]
    for source in sources:
        cell = source[cell]
        pose.append((cell % W, cell // W))
    return pose


def exercise_4_5_in_float32(phi, a, mu):
    return torch.tensor(exercise_4_5_as_a_list_of_pairs(phi, a, mu), dtype=torch.float32)


def exercise_4_5_the_last_of_the_best_as_an_array(phi, a, mu):
    score, sources = _sources(phi, a, mu)
    W = phi.shape[2]
    cell = int(torch.nonzero(score.flatten() >= score.max() - 1e-9)[-1])
    pose = [divmod(cell, W)[::-1]]
    for source in sources:
        cell = source[cell]
        pose.append(divmod(cell, W)[::-1])
    return np.array(pose)


def exercise_4_6_as_lists(A, phi, rounds):
    h, N = [phi.tolist()], len(phi)
    for _ in range(rounds):
        last = h[-1]
        h.append(
            [float(phi[i]) + sum(float(A[i, k]) * last[k] for k in range(N)) for i in range(N)]
        )
    return h


def exercise_4_6_in_a_table(A, phi, rounds):
    h = np.empty((rounds + 1, len(phi)))
    h[0] = phi
    for n in range(rounds):
        h[n + 1] = phi.numpy() + A.numpy() @ h[n]
    return h


def exercise_4_6_by_powers(A, phi, rounds):
    powers = [torch.linalg.matrix_power(A, n) @ phi for n in range(rounds + 1)]
    return torch.stack(powers).cumsum(0)
