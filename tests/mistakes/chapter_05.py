"""Wrong answers that a reader is likely to give in chapter 5; the checkers must reject each."""

import numpy as np
import torch

from tslib.distance_transform import distance_transform


def exercise_5_1_does_not_normalise(phi, messages, receiver):
    return phi.index_add(0, receiver, messages)


def exercise_5_1_adds_once_per_node(phi, messages, receiver):
    total = phi.clone()
    total[receiver] += messages
    return total / (1 + torch.bincount(receiver, minlength=len(phi)))[:, None, None]


def exercise_5_1_forgets_itself_in_the_count(phi, messages, receiver):
    degree = torch.bincount(receiver, minlength=len(phi)).clamp(min=1)
    return phi.index_add(0, receiver, messages) / degree[:, None, None]


def exercise_5_1_divides_the_messages_only(phi, messages, receiver):
    degree = torch.bincount(receiver, minlength=len(phi))[:, None, None]
    heard = torch.zeros_like(phi).index_add(0, receiver, messages)
    return phi + heard / (1 + degree)


def exercise_5_2_takes_first_from_second(joints, visible, edges):
    both = [visible[:, i] & visible[:, k] for i, k in edges]
    return np.array(
        [(joints[b, i] - joints[b, k]).mean(0) for b, (i, k) in zip(both, edges, strict=True)]
    )


def exercise_5_2_counts_the_hidden(joints, visible, edges):
    return np.array([(joints[:, k] - joints[:, i]).mean(0) for i, k in edges])


def exercise_5_2_asks_one_joint_only(joints, visible, edges):
    return np.array(
        [(joints[visible[:, i], k] - joints[visible[:, i], i]).mean(0) for i, k in edges]
    )


def exercise_5_2_takes_means_of_each_joint(joints, visible, edges):
    mean = [joints[visible[:, k], k].mean(0) for k in range(joints.shape[1])]
    return np.array([mean[k] - mean[i] for i, k in edges])


def exercise_5_2_divides_by_all_poses(joints, visible, edges):
    offsets = []
    for i, k in edges:
        both = visible[:, i] & visible[:, k]
        offsets.append((joints[both, k] - joints[both, i]).sum(0) / len(joints))
    return np.array(offsets)


def exercise_5_3_goes_one_way(edges, nodes, node):
    rounds = {node: 0}
    for _ in range(nodes):
        for one, other in edges:
            if one in rounds:
                rounds[other] = min(rounds.get(other, nodes), rounds[one] + 1)
    return [rounds.get(k, nodes) for k in range(nodes)]


def exercise_5_3_lets_news_run_through_in_one_round(edges, nodes, node):
    rounds, n = {node: 0}, 0
    while len(rounds) < nodes:
        n += 1
        for one, other in [*edges, *[edge[::-1] for edge in edges]]:
            if one in rounds:
                rounds.setdefault(other, n)
    return [rounds[k] for k in range(nodes)]


def exercise_5_3_counts_from_one(edges, nodes, node):
    rounds, n = {node: 1}, 1
    while len(rounds) < nodes:
        n += 1
        for one, other in [*edges, *[edge[::-1] for edge in edges]]:
            if rounds.get(one) == n - 1:
                rounds.setdefault(other, n)
    return [rounds[k] for k in range(nodes)]


def exercise_5_3_takes_the_difference_of_numbers(edges, nodes, node):
    return [abs(k - node) for k in range(nodes)]


def exercise_5_4_takes_the_mean(score, a, mu):
    return (distance_transform(score, a, mu) + distance_transform(score, a, -mu)) / 2


def exercise_5_4_averages_the_rest_offsets(score, a, mu):
    return distance_transform(score, a, (mu - mu) / 2)


def exercise_5_4_forgets_that_signs_go_together(score, a, mu):
    return torch.maximum(
        distance_transform(score, a, mu.abs()), distance_transform(score, a, -mu.abs())
    )


def exercise_5_4_adds(score, a, mu):
    return distance_transform(score, a, mu) + distance_transform(score, a, -mu)


def exercise_5_5_keeps_the_last_of_several(upstream, source):
    gradient = torch.zeros_like(upstream).flatten()
    gradient[source.flatten()] = upstream.flatten()
    return gradient.view_as(upstream)


def exercise_5_5_reads_instead_of_writing(upstream, source):
    return upstream.flatten()[source]


def exercise_5_5_hands_it_to_the_receiver(upstream, source):
    return upstream.clone()


def exercise_5_5_counts_who_chose(upstream, source):
    count = torch.bincount(source.flatten(), minlength=source.numel())
    return count.view_as(source).double()


def exercise_5_5_swaps_x_and_y(upstream, source):
    H, W = upstream.shape
    gradient = torch.zeros(H * W, dtype=upstream.dtype)
    flat = (source % W) * H + source // W
    return gradient.index_add(0, flat.flatten(), upstream.flatten()).view(H, W)


def exercise_5_6_counts_one_direction(edges, H, W, rounds):
    return rounds * edges * H * W * (H + W)


def exercise_5_6_compares_all_pairs_of_cells(edges, H, W, rounds):
    return rounds * 2 * edges * (H * W) ** 2


def exercise_5_6_takes_maps_for_square(edges, H, W, rounds):
    return rounds * 2 * edges * H * W * 2 * W


def exercise_5_6_counts_cells_only(edges, H, W, rounds):
    return rounds * 2 * edges * H * W
