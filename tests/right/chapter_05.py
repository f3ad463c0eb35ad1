"""Right answers in other styles than the solutions of chapter 5; the checkers must accept each."""

import numpy as np
import torch

from tslib.distance_transform import distance_transform


def exercise_5_1_as_a_list(phi, messages, receiver):
    return [torch.cat([phi[i : i + 1], messages[receiver == i]]).mean(0) for i in range(len(phi))]


def exercise_5_1_in_numpy(phi, messages, receiver):
    total, count = phi.numpy().copy(), np.ones(len(phi))
    np.add.at(total, receiver.numpy(), messages.numpy())
    np.add.at(count, receiver.numpy(), 1)
    return total / count[:, None, None]


def exercise_5_1_by_a_loop(phi, messages, receiver):
    total, count = phi.double(), torch.ones(len(phi))
    for message, i in zip(messages, receiver.tolist(), strict=True):
        total[i] += message
        count[i] += 1
    return total / count.view(-1, 1, 1)


def exercise_5_2_as_lists(joints, visible, edges):
    found = []
    for i, k in edges:
        seen = [
            (now[k] - now[i]).tolist()
            for now, v in zip(joints, visible, strict=True)
            if v[i] and v[k]
        ]
        found.append([sum(axis) / len(seen) for axis in zip(*seen, strict=True)])
    return found


def exercise_5_2_by_nan(joints, visible, edges):
    known = np.where(visible[..., None], joints, np.nan)
    i, k = np.transpose(edges)
    return np.nanmean(known[:, k] - known[:, i], axis=0)


def exercise_5_2_as_a_float32_tensor(joints, visible, edges):
    joints, visible = torch.from_numpy(joints), torch.from_numpy(visible)
    i, k = torch.from_numpy(edges).T
    both = (visible[:, i] & visible[:, k])[..., None].double()
    offsets = ((joints[:, k] - joints[:, i]) * both).sum(0) / both.sum(0)
    return offsets.float()


def exercise_5_3_by_a_queue(edges, nodes, node):
    neighbours = {k: set() for k in range(nodes)}
    for i, k in edges:
        neighbours[i].add(k)
        neighbours[k].add(i)
    rounds, queue = [None] * nodes, [node]
    rounds[node] = 0
    while queue:
        one = queue.pop(0)
        for other in neighbours[one]:
            if rounds[other] is None:
                rounds[other] = rounds[one] + 1
                queue.append(other)
    return rounds


def exercise_5_3_by_powers_as_an_array(edges, nodes, node):
    A = np.eye(nodes)
    for i, k in edges:
        A[i, k] = A[k, i] = 1
    return sum((np.linalg.matrix_power(A, n)[node] == 0).astype(int) for n in range(nodes))


def exercise_5_3_as_a_float_tensor(edges, nodes, node):
    rounds = torch.full((nodes,), float(nodes))
    rounds[node] = 0
    for _ in range(nodes):
        for i, k in edges:
            rounds[i] = min(rounds[i], rounds[k] + 1)
            rounds[k] = min(rounds[k], rounds[i] + 1)
    return rounds


def exercise_5_4_stacked(score, a, mu):
    both = [distance_transform(score, a, sign * mu) for sign in (1, -1)]
    return torch.stack(both).amax(0)


def exercise_5_4_in_numpy(score, a, mu):
    first, second = (distance_transform(score, a, m).numpy() for m in (mu, -mu))
    return np.where(first > second, first, second)


def exercise_5_4_from_the_definition(score, a, mu):
    H, W = score.shape
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    cells = torch.stack([x, y], -1).flatten(0, 1)
    delta = cells - cells[:, None]  # sender minus receiver
    price = [-(a * (delta - sign * mu) ** 2).sum(-1) for sign in (1, -1)]
    return (score.flatten() + torch.maximum(*price)).amax(1).view(H, W)


def exercise_5_5_in_numpy(upstream, source):
    gradient = np.zeros(upstream.numel())
    np.add.at(gradient, source.numpy().ravel(), upstream.numpy().ravel())
    return gradient.reshape(upstream.shape)


def exercise_5_5_by_weights(upstream, source):
    flat = source.flatten()
    counted = torch.bincount(flat, upstream.flatten(), minlength=len(flat))
    return counted.view(upstream.shape)


def exercise_5_5_as_lists_in_float32(upstream, source):
    H, W = upstream.shape
    rows = [[0.0] * W for _ in range(H)]
    for value, cell in zip(upstream.flatten().tolist(), source.flatten().tolist(), strict=True):
        rows[cell // W][cell % W] += value
    return torch.tensor(rows)


def exercise_5_6_by_a_sum(edges, H, W, rounds):
    return sum(H * W * side for side in (H, W)) * 2 * edges * rounds


def exercise_5_6_as_a_float(edges, H, W, rounds):
    return 2.0 * rounds * edges * (H * W**2 + H**2 * W)


def exercise_5_6_as_a_tensor(edges, H, W, rounds):
    return torch.tensor(rounds * 2 * edges * H * W * (H + W))
