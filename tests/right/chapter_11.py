"""Right answers of other kinds than the solutions of chapter 11; the checkers must accept each."""

import math

import numpy as np
import torch


def exercise_11_1_by_trying(comparison, crossing, k):
    n = 1
    while n * n * comparison <= n * k * crossing:
        n += 1
    return n


def exercise_11_1_as_a_float(comparison, crossing, k):
    return math.floor(k * crossing / comparison + 1.0) * 1.0


def exercise_11_1_in_torch(comparison, crossing, k):
    return torch.tensor(k * crossing / comparison, dtype=torch.float64).floor().long() + 1


def exercise_11_2_as_lists(score, stiffness, rest):
    n, first, last = len(score), [], []
    for p in range(n):
        home = p + rest
        nearest = min(max(round(home), 0), n - 1)
        sure = float(score[nearest]) - stiffness * (nearest - home) ** 2
        reach = math.sqrt((float(score.max()) - sure) / stiffness) + 1e-6
        first.append(max(math.ceil(home - reach), 0))
        last.append(min(math.floor(home + reach), n - 1))
    return first, last


def exercise_11_2_in_numpy(score, stiffness, rest):
    score, n = score.numpy(), len(score)
    home = np.arange(n) + rest
    nearest = np.clip(np.rint(home), 0, n - 1).astype(int)
    reach = (
        np.sqrt(
            np.ptp([score[nearest], np.full(n, score.max())], 0) / stiffness + (home - nearest) ** 2
        )
        + 1e-6
    )
    return np.stack([np.maximum(np.ceil(home - reach), 0), np.minimum(home + reach, n - 1) // 1])


def exercise_11_2_by_the_offers(score, stiffness, rest):
    n, q = len(score), torch.arange(len(score))
    stretch = (q - q[:, None] - rest) ** 2
    nearest = (q + rest).round().clamp(0, n - 1).long()
    sure = score[nearest] - stiffness * (nearest - q - rest) ** 2
    can = score.max() - stiffness * stretch >= sure[:, None] - 1e-6
    return can.int().argmax(1), n - 1 - can.flip(1).int().argmax(1)


def exercise_11_3_as_lists(first, last, lanes):
    p, n = range(len(first)), len(first)
    groups = [p[start : start + lanes] for start in range(0, n, lanes)]
    near = [min(int(first[k]) - k for k in group) for group in groups]
    return near, [max(int(last[k]) - k for k in group) for group in groups]


def exercise_11_3_in_numpy(first, last, lanes):
    p = np.arange(len(first))
    starts = np.arange(0, len(first), lanes)
    near = np.minimum.reduceat(first.numpy() - p, starts)
    return near, np.maximum.reduceat(last.numpy() - p, starts)


def exercise_11_3_stacked(first, last, lanes):
    p = torch.arange(len(first))
    more = -len(first) % lanes
    near = torch.nn.functional.pad(first - p, (0, more), value=10**6).view(-1, lanes).amin(1)
    far = torch.nn.functional.pad(last - p, (0, more), value=-(10**6)).view(-1, lanes).amax(1)
    return torch.stack([near, far])


def exercise_11_4_as_a_list(candidates, moved, rate, bandwidth):
    times = {"comparing": candidates / rate, "moving": moved / bandwidth}
    limit = max(times, key=times.get)
    return [times[limit], limit]


def exercise_11_4_in_numpy(candidates, moved, rate, bandwidth):
    times = np.float32([candidates / rate, moved / bandwidth])
    return times.max(), ("comparing", "moving")[times.argmax()]


def exercise_11_4_in_torch(candidates, moved, rate, bandwidth):
    times = torch.tensor([candidates, moved]) / torch.tensor([rate, bandwidth])
    return times.max(), "moving" if times[1] > times[0] else "comparing"


def exercise_11_5_in_numpy(score, stiffness, rest):
    score = score.numpy()
    p = np.arange(len(score))
    best, source = np.full(len(score), -np.inf), np.zeros(len(score), int)
    for q in p[::-1]:
        offer = score[q] - stiffness * (q - p - rest) ** 2
        source[offer >= best] = q
        best = np.maximum(best, offer)
    return best, source


def exercise_11_5_as_lists(score, stiffness, rest):
    best, source = [], []
    for p in range(len(score)):
        offers = [s - stiffness * (q - p - rest) ** 2 for q, s in enumerate(score.tolist())]
        best.append(max(offers))
        source.append(offers.index(best[-1]))
    return best, source


def exercise_11_5_by_displacements(score, stiffness, rest):
    n = len(score)
    padded = torch.nn.functional.pad(score, (n, n), value=-torch.inf)
    best, source = torch.full_like(score, -torch.inf), torch.zeros(n).long()
    for d in range(n - 1, -n, -1):
        offer = padded[n + d : 2 * n + d] - stiffness * (d - rest) ** 2
        source[offer >= best] = torch.arange(n)[offer >= best] + d
        best = torch.maximum(best, offer)
    return best, source
