"""Wrong answers that a reader is likely to give in chapter 6; the checkers must reject each."""

import torch


def exercise_6_1_subtracts_the_sum(maps):
    return torch.cat([maps, 1 - maps.sum(1, keepdim=True)], 1)


def exercise_6_1_puts_it_first(maps):
    return torch.cat([1 - maps.amax(1, keepdim=True), maps], 1)


def exercise_6_1_takes_the_highest_of_each_map(maps):
    return torch.cat([maps, 1 - maps.mean(1, keepdim=True)], 1)


def exercise_6_2_takes_the_labels_grid(architecture, cell):
    return architecture.stride * cell + (architecture.stride - 1) / 2


def exercise_6_2_takes_a_halving_of_two_cells(architecture, cell):
    for _ in architecture.trunk:
        cell = 2 * cell + 0.5
    return cell


def exercise_6_2_forgets_all_but_the_last(architecture, cell):
    return architecture.stride * cell + 1


def exercise_6_3_the_other_way_round(target):
    return float((target > 0).sum() / (target < 0).sum())


def exercise_6_3_shares_of_all(target):
    return float(target.numel() / (target > 0).sum())


def exercise_6_3_the_first_map_for_all(target):
    return float((target[0] < 0).sum() / (target[0] > 0).sum())


def exercise_6_4_forgets_the_margin(score, target, weight):
    return -torch.where(target > 0, weight, 1.0) * target / len(target)


def exercise_6_4_margin_of_zero(score, target, weight):
    share = torch.where(target > 0, weight, 1.0)
    return -share * target * (score * target < 0) / len(target)


def exercise_6_4_weighs_all(score, target, weight):
    return -weight * target * (score * target < 1) / len(target)


def exercise_6_4_sums_over_frames(score, target, weight):
    return -torch.where(target > 0, weight, 1.0) * target * (score * target < 1)


def exercise_6_5_falls_all_the_time(step, first, every):
    return first / 3 ** (step / every)


def exercise_6_5_divides_by_three_n(step, first, every):
    return first / max(1, 3 * (step // every))


def exercise_6_6_mu_does_not_move(mu, log_a, by_mu, by_log_a):
    a = log_a.exp()
    return by_mu / (2 * a), -by_log_a / a


def exercise_6_6_keeps_the_sign(mu, log_a, by_mu, by_log_a):
    a = log_a.exp()
    return by_mu / (2 * a), (by_log_a - by_mu * mu) / a


def exercise_6_6_forgets_the_logarithm(mu, log_a, by_mu, by_log_a):
    a = log_a.exp()
    return by_mu / (2 * a), by_mu * mu / a - by_log_a
