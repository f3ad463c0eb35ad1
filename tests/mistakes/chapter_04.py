"""Wrong answers that a reader is likely to give in chapter 4; the checkers must reject each."""

import torch

from tslib.distance_transform import distance_transform


def exercise_4_1_forgets_the_two(w):
    a = -w[1::2]
    return a, w[::2] / a


def exercise_4_1_keeps_the_sign(w):
    a = w[1::2]
    return a, w[::2] / (2 * a)


def exercise_4_2_wraps_round(T, K, span):
    return [
        (t * K + k, (t + d) % T * K + k)
        for d in range(1, span + 1)
        for t in range(T)
        for k in range(K)
    ]


def exercise_4_2_reaches_the_span_only(T, K, span):
    return [(t * K + k, (t + span) * K + k) for t in range(T - span) for k in range(K)]


def exercise_4_3_does_not_normalise(phi, messages, receiver):
    return phi.index_add(0, receiver, messages)


def exercise_4_3_adds_once_per_node(phi, messages, receiver):
    total = phi.clone()
    total[receiver] += messages
    return total / (1 + torch.bincount(receiver, minlength=len(phi)))[:, None, None]


def exercise_4_4_hears_the_echo(phi, a, mu):
    b = phi.clone()
    for k in range(len(phi) - 2, -1, -1):
        b[k] += distance_transform(b[k + 1], a[k], mu[k])
    for k in range(len(phi) - 1):
        b[k + 1] += distance_transform(b[k], a[k], -mu[k])
    return b


def exercise_4_4_reads_the_spring_one_way(phi, a, mu):
    up, down = torch.zeros_like(phi), torch.zeros_like(phi)
    for k in range(len(phi) - 2, -1, -1):
        up[k] = distance_transform(phi[k + 1] + up[k + 1], a[k], mu[k])
    for k in range(len(phi) - 1):
        down[k + 1] = distance_transform(phi[k] + down[k], a[k], mu[k])
    return phi + up + down


def exercise_4_5_asks_each_joint_alone(phi, a, mu):
    best = phi.flatten(1).argmax(1)
    return torch.stack([best % phi.shape[2], best // phi.shape[2]], -1)


def exercise_4_5_swaps_x_and_y(phi, a, mu):
    sources, score = [], phi[-1]
    for k in range(len(phi) - 2, -1, -1):
        message, source = distance_transform(score, a[k], mu[k], return_source=True)
        sources.insert(0, source.flatten())
        score = phi[k] + message
    cells = [int(score.argmax())]
    for source in sources:
        cells.append(int(source[cells[-1]]))
    return torch.tensor([divmod(cell, phi.shape[2]) for cell in cells])


def exercise_4_6_takes_the_mean(score, a, mu):
    return (distance_transform(score, a, mu) + distance_transform(score, a, -mu)) / 2


def exercise_4_6_averages_the_rest_offsets(score, a, mu):
    return distance_transform(score, a, (mu - mu) / 2)


def exercise_4_6_forgets_that_signs_go_together(score, a, mu):
    return torch.maximum(
        distance_transform(score, a, mu.abs()), distance_transform(score, a, -mu.abs())
    )
