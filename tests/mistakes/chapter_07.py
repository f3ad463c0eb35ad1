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


def exercise_7_5_swaps_the_rows(ours, theirs, counted, fault):
    more = ((theirs & counted).astype(int) - (ours & counted)).sum(-1)
    return {str(f): 100 * more[fault == f].sum() / counted.sum() for f in np.unique(fault)}


def exercise_7_5_leaves_out_sound_frames(ours, theirs, counted, fault):
    more = ((ours & counted).astype(int) - (theirs & counted)).sum(-1)
    found = {str(f): 100 * more[fault == f].sum() / counted.sum() for f in np.unique(fault)}
    return {name: value for name, value in found.items() if name}


def _differences(ours, theirs):
    rates = [row.sum((1, 3))[:, 0] / row.sum((1, 3))[:, 1] for row in (ours, theirs)]
    return 100 * (rates[0] - rates[1])


def exercise_7_6_divides_by_all_seeds(ours, theirs):
    gain = _differences(ours, theirs)
    return gain.mean(), gain.std() / np.sqrt(len(gain))


def exercise_7_6_forgets_the_root(ours, theirs):
    gain = _differences(ours, theirs)
    return gain.mean(), gain.std(ddof=1)


def exercise_7_6_takes_seeds_for_unpaired(ours, theirs):
    rates = [100 * row.sum((1, 3))[:, 0] / row.sum((1, 3))[:, 1] for row in (ours, theirs)]
    spread = np.hypot(*(rate.std(ddof=1) for rate in rates))
    return _differences(ours, theirs).mean(), spread / np.sqrt(len(ours))


def exercise_7_6_averages_the_clips_rates(ours, theirs):
    rates = [(row[:, :, 0].sum(-1) / row[:, :, 1].sum(-1)).mean(1) for row in (ours, theirs)]
    gain = 100 * (rates[0] - rates[1])
    return gain.mean(), gain.std(ddof=1) / np.sqrt(len(gain))


def exercise_7_6_the_wrong_way_round(ours, theirs):
    gain = _differences(theirs, ours)
    return gain.mean(), gain.std(ddof=1) / np.sqrt(len(gain))


def exercise_7_6_forgets_per_cent(ours, theirs):
    gain = _differences(ours, theirs) / 100
    return gain.mean(), gain.std(ddof=1) / np.sqrt(len(gain))


def exercise_7_1_keeps_every_clip_once(a, b, draws):
    rates = []
    for row in (a, b):
        picked = [row[np.unique(draw)].sum((0, 2)) for draw in draws]
        rates.append(np.array([hits / counted for hits, counted in picked]))
    return 100 * (rates[0] - rates[1])


def exercise_7_1_the_wrong_way_round(a, b, draws):
    rates = [row[draws].sum((1, 3)) for row in (b, a)]
    return 100 * (rates[0][:, 0] / rates[0][:, 1] - rates[1][:, 0] / rates[1][:, 1])


def exercise_7_1_forgets_per_cent(a, b, draws):
    rates = [row[draws].sum((1, 3)) for row in (a, b)]
    return rates[0][:, 0] / rates[0][:, 1] - rates[1][:, 0] / rates[1][:, 1]


def exercise_7_2_the_wrong_way_round(rates, row, controls):
    return max(rates[name] for name in controls) - rates[row]


def exercise_7_2_takes_the_first_control(rates, row, controls):
    return rates[row] - rates[controls[0]]


def exercise_7_2_takes_the_last_control(rates, row, controls):
    return rates[row] - rates[controls[-1]]


def exercise_7_3_multiplies_the_steps(plan):
    steps = plan["steps"] * plan["batch"] * plan["frames"]
    return plan | {"steps": steps, "batch": 1, "frames": 1}


def exercise_7_3_drops_the_frames(plan):
    return {key: value for key, value in plan.items() if key != "frames"} | {
        "batch": plan["batch"] * plan["frames"]
    }


def exercise_7_3_forgets_the_rest_of_the_plan(plan):
    return {"steps": plan["steps"], "batch": plan["batch"] * plan["frames"], "frames": 1}


def exercise_7_4_swaps_and_for_or(low, high, margin=None):
    if margin is None:
        return "holds" if low > 0 else "fails" if high <= 0 else "undecided"
    if -margin <= low or high <= margin:
        return "holds"
    return "fails" if low > margin or high < -margin else "undecided"


def exercise_7_4_one_side_of_the_margin(low, high, margin=None):
    if margin is None:
        return "holds" if low > 0 else "fails" if high <= 0 else "undecided"
    return "holds" if high <= margin else "fails" if low > margin else "undecided"
