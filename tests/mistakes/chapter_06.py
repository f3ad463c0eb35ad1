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


def exercise_6_1_takes_the_lowest(maps):
    return torch.cat([maps, 1 - maps.amin(1, keepdim=True)], 1)


def exercise_6_1_one_number_for_all_cells(maps):
    background = (1 - maps.amax((1, 2, 3), keepdim=True)).expand_as(maps[:, :1])
    return torch.cat([maps, background], 1)


def exercise_6_1_forgets_to_turn_it_round(maps):
    return torch.cat([maps, maps.amax(1, keepdim=True)], 1)


def exercise_6_2_one_halving_too_many(architecture, cell):
    for _ in (*architecture.trunk, 1):
        cell = 2 * cell + 1
    return cell


def exercise_6_2_halves_forwards(architecture, cell):
    for _ in architecture.trunk:
        cell = (cell - 1) / 2
    return cell


def exercise_6_3_the_median_weight_of_joints(target):
    weights = (target < 0).sum((0, 2, 3)) / (target > 0).sum((0, 2, 3)).clamp(min=1)
    return float(weights.median())


def exercise_6_3_leaves_out_empty_maps(target):
    some = (target > 0).any(-1).any(-1)
    return float((target[some] < 0).sum() / (target[some] > 0).sum())


def exercise_6_4_keeps_the_sign(score, target, weight):
    share = torch.where(target > 0, weight, 1.0)
    return share * target * (score * target < 1) / len(target)


def exercise_6_4_divides_by_all_cells(score, target, weight):
    share = torch.where(target > 0, weight, 1.0)
    return -share * target * (score * target < 1) / target.numel()


def exercise_6_4_weighs_the_outside(score, target, weight):
    share = torch.where(target < 0, weight, 1.0)
    return -share * target * (score * target < 1) / len(target)


def exercise_6_5_drops_one_step_early(step, first, every):
    return first / 3 ** ((step + 1) // every)


def exercise_6_5_drops_one_step_late(step, first, every):
    return first / 3 ** (max(step - 1, 0) // every)


def exercise_6_5_multiplies(step, first, every):
    return first * 3 ** (step // every)


def exercise_6_6_forgets_the_half(mu, log_a, by_mu, by_log_a):
    a = log_a.exp()
    return by_mu / a, (by_mu * mu - by_log_a) / a


def exercise_6_6_swaps_the_two(mu, log_a, by_mu, by_log_a):
    a = log_a.exp()
    return (by_mu * mu - by_log_a) / a, by_mu / (2 * a)


def exercise_6_6_takes_a_for_its_logarithm(mu, log_a, by_mu, by_log_a):
    return by_mu / (2 * log_a), (by_mu * mu - by_log_a) / log_a


def _levels(score, target):
    inside = target > 0
    at = (score * inside).sum((0, 2, 3)) / inside.sum((0, 2, 3))
    return at, (score * ~inside).sum((0, 2, 3)) / (~inside).sum((0, 2, 3))


def exercise_6_7_one_calibration_for_all(score, target):
    at, off = score[target > 0].mean(), score[target < 0].mean()
    gain = (2 / (at - off)).expand(score.shape[1])
    return gain, 1 - gain * at


def exercise_6_7_forgets_that_targets_are_two_apart(score, target):
    at, off = _levels(score, target)
    gain = 1 / (at - off)
    return gain, 1 - gain * at


def exercise_6_7_puts_the_outside_at_zero(score, target):
    at, off = _levels(score, target)
    gain = 1 / (at - off)
    return gain, -gain * off


def exercise_6_7_the_wrong_way_round(score, target):
    at, off = _levels(score, target)
    gain = 2 / (off - at)
    return gain, 1 - gain * off


def exercise_6_7_averages_frames_first(score, target):
    inside = target > 0
    at = (score * inside).sum((2, 3)) / inside.sum((2, 3)).clamp(min=1)
    off = (score * ~inside).sum((2, 3)) / (~inside).sum((2, 3))
    gain = 2 / (at.mean(0) - off.mean(0))
    return gain, 1 - gain * at.mean(0)


def exercise_6_7_takes_all_cells_for_the_outside(score, target):
    at, off = _levels(score, target)[0], score.mean((0, 2, 3))
    gain = 2 / (at - off)
    return gain, 1 - gain * at
