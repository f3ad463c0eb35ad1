"""Wrong answers that a reader is likely to give in chapter 7; the checkers must reject each."""

import numpy as np


def exercise_7_1_averages_the_clips_rates(a, b, draws):
    rate = [row[:, 0].sum(-1) / row[:, 1].sum(-1) for row in (a, b)]
    return 100 * (rate[0] - rate[1])[draws].mean(1)


def exercise_7_1_draws_each_row_anew(a, b, draws):
    first, second = a[draws].sum((1, 3)), b[draws[::-1]].sum((1, 3))
    return 100 * (first[:, 0] / first[:, 1] - second[:, 0] / second[:, 1])


def exercise_7_1_averages_the_joints_rates(a, b, draws):
    first, second = a[draws].sum(1), b[draws].sum(1)
    return 100 * (first[:, 0] / first[:, 1] - second[:, 0] / second[:, 1]).mean(-1)


def exercise_7_1_draws_joints(a, b, draws):
    rng = np.random.default_rng(0)
    counted = a[:, 1].sum()
    rates = [
        rng.binomial(counted, row[:, 0].sum() / counted, len(draws)) / counted for row in (a, b)
    ]
    return 100 * (rates[0] - rates[1])


def exercise_7_2_takes_the_baseline(rates, row, controls):
    return rates[row] - rates["baseline"]


def exercise_7_2_takes_the_weakest_control(rates, row, controls):
    return rates[row] - min(rates[name] for name in controls)


def exercise_7_2_takes_the_mean_of_the_controls(rates, row, controls):
    return rates[row] - np.mean([rates[name] for name in controls])


def exercise_7_2_never_less_than_nothing(rates, row, controls):
    return max(0.0, rates[row] - max(rates[name] for name in controls))


def exercise_7_3_as_many_steps_on_fewer_frames(plan):
    return plan | {"frames": 1}


def exercise_7_3_as_many_frames_in_more_steps(plan):
    return plan | {"steps": plan["steps"] * plan["frames"], "frames": 1}


def exercise_7_3_keeps_the_slices(plan):
    return plan | {"batch": plan["batch"] * plan["frames"]}


def exercise_7_3_changes_what_is_given(plan):
    plan["batch"] *= plan["frames"]
    plan["frames"] = 1
    return plan


def exercise_7_4_looks_at_the_middle(low, high, margin=None):
    middle = (low + high) / 2
    holds = middle > 0 if margin is None else abs(middle) <= margin
    return "holds" if holds else "fails"


def exercise_7_4_zero_inside_is_equality(low, high, margin=None):
    inside = low <= 0 <= high
    if margin is None:
        return "undecided" if inside else "holds" if low > 0 else "fails"
    return "holds" if inside else "fails"


def exercise_7_4_has_two_words(low, high, margin=None):
    holds = low > 0 if margin is None else max(abs(low), abs(high)) <= margin
    return "holds" if holds else "fails"


def exercise_7_4_takes_a_wide_interval_for_a_difference(low, high, margin=None):
    if margin is None:
        return "holds" if low > 0 else "fails" if high <= 0 else "undecided"
    if -margin <= low and high <= margin:
        return "holds"
    return "fails" if abs(low) > margin and abs(high) > margin else "undecided"


def exercise_7_5_gains_of_each_fault_alone(ours, theirs, counted, fault):
    found = {}
    for f in np.unique(fault):
        those = counted & (fault == f)[..., None]
        found[str(f)] = 100 * (ours[those].mean() - theirs[those].mean())
    return found


def exercise_7_5_weighs_by_frames(ours, theirs, counted, fault):
    found = {}
    for f in np.unique(fault):
        those = counted & (fault == f)[..., None]
        found[str(f)] = 100 * (ours[those].mean() - theirs[those].mean()) * (fault == f).mean()
    return found


def exercise_7_5_counts_the_uncounted(ours, theirs, counted, fault):
    more = (ours.astype(int) - theirs).sum(-1)
    return {str(f): 100 * more[fault == f].sum() / ours.size for f in np.unique(fault)}
