"""Wrong answers that a reader is likely to give in chapter 4; the checkers must reject each."""

import torch

from tslib.distance_transform import distance_transform


def exercise_4_1_maximises_over_the_receiver(score, price):
    return (score[:, None] + price).amax(1)


def exercise_4_1_takes_the_best_sender_alone(score, price):
    return score.max() + price[score.argmax()]


def exercise_4_1_sums(score, price):
    return (score[:, None] + price).sum(0)


def exercise_4_1_subtracts_the_price(score, price):
    return (score[:, None] - price).amax(0)


def exercise_4_1_says_who_wins(score, price):
    return (score[:, None] + price).argmax(0)


def exercise_4_2_forgets_the_two(w):
    a = -w[1::2]
    return a, w[::2] / a


def exercise_4_2_keeps_the_sign(w):
    a = w[1::2]
    return a, w[::2] / (2 * a)


def exercise_4_2_takes_halves_for_axes(w):
    a = -w[2:]
    return a, w[:2] / (2 * a)


def exercise_4_3_wraps_round(T, K, span):
    return [
        (t * K + k, (t + d) % T * K + k)
        for d in range(1, span + 1)
        for t in range(T)
        for k in range(K)
    ]


def exercise_4_3_reaches_the_span_only(T, K, span):
    return [(t * K + k, (t + span) * K + k) for t in range(T - span) for k in range(K)]


def exercise_4_3_numbers_joints_first(T, K, span):
    return [
        (k * T + t, k * T + t + d)
        for d in range(1, span + 1)
        for t in range(T - d)
        for k in range(K)
    ]


def exercise_4_3_lists_both_directions(T, K, span):
    one = [
        (t * K + k, (t + d) * K + k)
        for d in range(1, span + 1)
        for t in range(T - d)
        for k in range(K)
    ]
    return one + [edge[::-1] for edge in one]


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


def exercise_4_4_sweeps_once(phi, a, mu):
    up = torch.zeros_like(phi)
    for k in range(len(phi) - 2, -1, -1):
        up[k] = distance_transform(phi[k + 1] + up[k + 1], a[k], mu[k])
    return phi + up


def exercise_4_4_hears_neighbours_only(phi, a, mu):
    b = phi.clone()
    for k in range(len(phi) - 1):
        b[k] += distance_transform(phi[k + 1], a[k], mu[k])
        b[k + 1] += distance_transform(phi[k], a[k], -mu[k])
    return b


def _walk_back(phi, a, mu):
    sources, score = [], phi[-1]
    for k in range(len(phi) - 2, -1, -1):
        message, source = distance_transform(score, a[k], mu[k], return_source=True)
        sources.insert(0, source.flatten())
        score = phi[k] + message
    cells = [int(score.argmax())]
    for source in sources:
        cells.append(int(source[cells[-1]]))
    return cells


def exercise_4_5_asks_each_joint_alone(phi, a, mu):
    best = phi.flatten(1).argmax(1)
    return torch.stack([best % phi.shape[2], best // phi.shape[2]], -1)


def exercise_4_5_swaps_x_and_y(phi, a, mu):
    return torch.tensor([divmod(cell, phi.shape[2]) for cell in _walk_back(phi, a, mu)])


def exercise_4_5_takes_each_max_marginals_best(phi, a, mu):
    behind, front = torch.zeros_like(phi), torch.zeros_like(phi)
    for k in reversed(range(len(phi) - 1)):
        behind[k] = distance_transform(phi[k + 1] + behind[k + 1], a[k], mu[k])
    for k in range(len(phi) - 1):
        front[k + 1] = distance_transform(phi[k] + front[k], a[k], -mu[k])
    best = (phi + behind + front).flatten(1).argmax(1)
    return torch.stack([best % phi.shape[2], best // phi.shape[2]], -1)


def exercise_4_5_is_off_by_a_part_of_a_cell(phi, a, mu):
    W = phi.shape[2]
    return torch.tensor([(c % W + 0.9, c // W + 0.9) for c in _walk_back(phi, a, mu)])


def exercise_4_5_returns_flat_cells(phi, a, mu):
    return torch.tensor(_walk_back(phi, a, mu))


def exercise_4_6_forgets_the_unary(A, phi, rounds):
    h = [phi]
    for _ in range(rounds):
        h.append(A @ h[-1])
    return torch.stack(h)


def exercise_4_6_adds_to_the_last_height(A, phi, rounds):
    h = [phi]
    for _ in range(rounds):
        h.append(h[-1] + A @ h[-1])
    return torch.stack(h)


def exercise_4_6_hears_the_unaries_only(A, phi, rounds):
    return torch.stack([phi] + [phi + A @ phi] * rounds)


def exercise_4_6_leaves_the_start_out(A, phi, rounds):
    h = [phi]
    for _ in range(rounds + 1):
        h.append(phi + A @ h[-1])
    return torch.stack(h[1:])
