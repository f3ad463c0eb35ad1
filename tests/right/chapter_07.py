"""Right answers to the exercises of chapter 7 in other styles; the checkers must accept each."""

import numpy as np
import torch


def exercise_7_1_draw_by_draw(a, b, draws):
    found = []
    for draw in draws:
        rates = [row[draw, 0].sum() / row[draw, 1].sum() for row in (a, b)]
        found.append(100 * (rates[0] - rates[1]))
    return found


def exercise_7_1_by_weights(a, b, draws):
    held = np.stack([np.bincount(draw, minlength=len(a)) for draw in draws])
    totals = [held @ row.sum(-1) for row in (a, b)]
    return 100 * (totals[0][:, 0] / totals[0][:, 1] - totals[1][:, 0] / totals[1][:, 1])


def exercise_7_1_in_torch(a, b, draws):
    totals = [torch.from_numpy(row)[torch.from_numpy(draws)].sum((1, 3)).float() for row in (a, b)]
    rates = [100 * total[:, 0] / total[:, 1] for total in totals]
    return rates[0] - rates[1]


def exercise_7_2_subtracts_first(rates, row, controls):
    return min(rates[row] - rates[name] for name in controls)


def exercise_7_2_sorted(rates, row, controls):
    return np.float32(rates[row] - sorted(rates[name] for name in controls)[-1])


def exercise_7_2_in_numpy(rates, row, controls):
    return np.array([rates[row] - np.max([rates[name] for name in controls])])[0]


def exercise_7_3_copies_first(plan):
    control = dict(plan)
    control["batch"] *= control["frames"]
    control["frames"] = 1
    return control


def exercise_7_3_unpacks(plan):
    return {**plan, "batch": plan["frames"] * plan["batch"], "frames": 1}


def exercise_7_3_with_update(plan):
    control = plan.copy()
    control.update(batch=int(np.prod([plan["batch"], plan["frames"]])), frames=1)
    return control


def exercise_7_4_by_cases(low, high, margin=None):
    least, most = (np.nextafter(0, 1), np.inf) if margin is None else (-margin, margin)
    if least <= low and high <= most:
        return "holds"
    return "fails" if high < least or low > most else "undecided"


def exercise_7_4_with_early_returns(low, high, margin=None):
    if margin is None:
        if low > 0:
            return "holds"
        return "undecided" if high > 0 else "fails"
    if max(abs(low), abs(high)) <= margin:
        return "holds"
    if np.sign(low) == np.sign(high) and min(abs(low), abs(high)) > margin:
        return "fails"
    return "undecided"


def exercise_7_4_by_counting(low, high, margin=None):
    edges = [0] if margin is None else [np.nextafter(-margin, -9), margin]
    inside = {0: "fails", 1: "holds"} if margin is None else {0: "fails", 1: "holds", 2: "fails"}
    first, last = (sum(value > edge for edge in edges) for value in (low, high))
    return inside[first] if first == last else "undecided"


def exercise_7_5_with_loops(ours, theirs, counted, fault):
    found = dict.fromkeys(np.unique(fault).tolist(), 0.0)
    for n, t in np.ndindex(*fault.shape):
        those = counted[n, t]
        hits = ours[n, t][those].sum(dtype=int) - theirs[n, t][those].sum(dtype=int)
        found[str(fault[n, t])] += 100 * hits / counted.sum()
    return found


def exercise_7_5_with_masks(ours, theirs, counted, fault):
    found = {}
    for name in set(fault.ravel().tolist()):
        those = counted & (fault == name)[..., None]
        found[name] = np.float32((ours[those].mean() - theirs[those].mean()) * 100)
        found[name] *= those.sum() / counted.sum()
    return found


def exercise_7_5_with_numpy_names(ours, theirs, counted, fault):
    gain = np.where(counted, ours.astype(float) - theirs.astype(float), 0).sum(-1)
    return {f: gain[fault == f].sum() / counted.sum() * 100 for f in np.unique(fault)}


def exercise_7_6_seed_by_seed(ours, theirs):
    gains = []
    for a, b in zip(ours, theirs, strict=True):
        gains.append(100 * (a[:, 0].sum() / a[:, 1].sum() - b[:, 0].sum() / b[:, 1].sum()))
    mean = sum(gains) / len(gains)
    variance = sum((gain - mean) ** 2 for gain in gains) / (len(gains) - 1)
    return [mean, (variance / len(gains)) ** 0.5]


def exercise_7_6_stacked_in_float32(ours, theirs):
    hits, counted = np.stack([ours, theirs]).sum((2, 4)).transpose(2, 0, 1)
    gain = np.float32(100 * np.subtract(*(hits / counted)))
    return np.array([gain.mean(), gain.std(ddof=1) / len(gain) ** 0.5])


def exercise_7_6_in_torch(ours, theirs):
    total = [torch.from_numpy(np.ascontiguousarray(row)).sum((1, 3)) for row in (ours, theirs)]
    gain = 100 * (total[0][:, 0] / total[0][:, 1] - total[1][:, 0] / total[1][:, 1])
    return torch.stack([gain.mean(), gain.std() / len(gain) ** 0.5])
