"""Wrong answers that a reader is likely to give in chapter 11; the checkers must reject each."""

import math

import torch


def exercise_11_1_rounds_up(comparison, crossing, k):
    return math.ceil(k * crossing / comparison)


def exercise_11_1_takes_the_point_itself(comparison, crossing, k):
    return math.floor(k * crossing / comparison)


def exercise_11_1_forgets_the_crossings(comparison, crossing, k):
    return math.floor(crossing / comparison) + 1


def exercise_11_1_turns_it_round(comparison, crossing, k):
    return math.floor(k * comparison / crossing) + 1


def exercise_11_1_leaves_a_fraction(comparison, crossing, k):
    return k * crossing / comparison


def _window(score, stiffness, rest, nearest, sure):
    """The window around the rest position, given the nearest sender and what it is believed to
    score.
    """
    home = torch.arange(len(score)) + rest
    reach = ((score.max() - sure) / stiffness + (home - nearest) ** 2).sqrt() + 1e-3
    return (home - reach).ceil().clamp(min=0).long(), (home + reach).floor().clamp(
        max=len(score) - 1
    ).long()


def _nearest(score, rest):
    return (torch.arange(len(score)) + rest).round().clamp(0, len(score) - 1)


def exercise_11_2_keeps_the_least_score(score, stiffness, rest):
    return _window(score, stiffness, rest, _nearest(score, rest), score.min())


def exercise_11_2_takes_the_receivers_own_score(score, stiffness, rest):
    return _window(score, stiffness, rest, _nearest(score, rest), score)


def exercise_11_2_forgets_the_stretch_of_the_nearest(score, stiffness, rest):
    nearest = _nearest(score, rest)
    return _window(score, stiffness, rest, torch.arange(len(score)) + rest, score[nearest.long()])


def exercise_11_2_looks_around_the_receiver(score, stiffness, rest):
    first, last = _window(score, stiffness, 0, _nearest(score, 0), score)
    return first, last


def exercise_11_2_asks_everybody(score, stiffness, rest):
    return torch.zeros(len(score), dtype=torch.int64), torch.full((len(score),), len(score) - 1)


def _sweeps(first, last, lanes, minus=True, least=True, whole=False):
    p = torch.arange(len(first)) if minus else 0
    near, far = (first - p).split(lanes), (last - p).split(lanes)
    if whole:
        near, far = ([part for part in parts if len(part) == lanes] for parts in (near, far))
    return (
        torch.stack([part.min() if least else part.max() for part in near]),
        torch.stack([part.max() if least else part.min() for part in far]),
    )


def exercise_11_3_takes_positions(first, last, lanes):
    return _sweeps(first, last, lanes, minus=False)


def exercise_11_3_takes_the_narrowest(first, last, lanes):
    return _sweeps(first, last, lanes, least=False)


def exercise_11_3_takes_the_groups_first_place(first, last, lanes):
    start = torch.arange(0, len(first), lanes)
    return (
        torch.stack([part.min() for part in first.split(lanes)]) - start,
        torch.stack([part.max() for part in last.split(lanes)]) - start,
    )


def exercise_11_3_asks_the_first_lane_only(first, last, lanes):
    p = torch.arange(len(first))
    return (first - p)[::lanes], (last - p)[::lanes]


def exercise_11_3_swaps_near_and_far(first, last, lanes):
    return _sweeps(first, last, lanes)[::-1]


def _roof(candidates, moved, rate, bandwidth, how):
    comparing, moving = candidates / rate, moved / bandwidth
    return how(comparing, moving), "comparing" if comparing >= moving else "moving"


def exercise_11_4_adds_them(candidates, moved, rate, bandwidth):
    return _roof(candidates, moved, rate, bandwidth, lambda a, b: a + b)


def exercise_11_4_takes_the_lesser(candidates, moved, rate, bandwidth):
    return _roof(candidates, moved, rate, bandwidth, min)


def exercise_11_4_names_the_other(candidates, moved, rate, bandwidth):
    comparing, moving = candidates / rate, moved / bandwidth
    return max(comparing, moving), "comparing" if comparing < moving else "moving"


def exercise_11_4_gives_equals_to_moving(candidates, moved, rate, bandwidth):
    comparing, moving = candidates / rate, moved / bandwidth
    return max(comparing, moving), "comparing" if comparing > moving else "moving"


def exercise_11_4_multiplies(candidates, moved, rate, bandwidth):
    return _roof(candidates, moved, 1 / rate, 1 / bandwidth, max)


def _sweep(score, stiffness, rest, later, start=-torch.inf, down=True, sign=1):
    p = torch.arange(len(score), dtype=score.dtype)
    best, source = torch.full_like(score, start), torch.zeros(len(score)).long()
    for q in range(len(score))[:: -1 if down else 1]:
        offer = score[q] - stiffness * (sign * (q - p) - rest) ** 2
        better = later(offer, best)
        best, source = torch.where(better, offer, best), torch.where(better, q, source)
    return best, source


def exercise_11_5_gives_ties_to_the_highest(score, stiffness, rest):
    return _sweep(score, stiffness, rest, torch.gt)


def exercise_11_5_goes_up_with_the_new_sign(score, stiffness, rest):
    return _sweep(score, stiffness, rest, torch.ge, down=False)


def exercise_11_5_starts_from_zero(score, stiffness, rest):
    return _sweep(score, stiffness, rest, torch.ge, start=0.0)


def exercise_11_5_turns_the_offset_round(score, stiffness, rest):
    return _sweep(score, stiffness, rest, torch.ge, sign=-1)


def exercise_11_5_keeps_the_worst(score, stiffness, rest):
    return _sweep(score, stiffness, rest, torch.le, start=torch.inf)


def exercise_11_2_leaves_the_row(score, stiffness, rest):
    nearest = _nearest(score, rest)
    first, last = _window(score, stiffness, rest, nearest, score[nearest.long()])
    return first, last + (last == len(score) - 1)
