"""Right answers to the exercises of chapter 6 in other styles; the checkers must accept each."""

import numpy as np
import torch


def exercise_6_1_in_numpy(maps):
    maps = maps.numpy()
    return np.concatenate([maps, 1 - maps.max(1, keepdims=True)], 1)


def exercise_6_1_as_lists(maps):
    return [[*frame, 1 - frame.max(0).values] for frame in maps]


def exercise_6_1_joint_by_joint(maps):
    highest = maps[:, 0]
    for k in range(1, maps.shape[1]):
        highest = torch.maximum(highest, maps[:, k])
    return torch.stack([*maps.unbind(1), 1 - highest], 1).double()


def exercise_6_1_not_contiguous(maps):
    last = torch.cat([maps, 1 - maps.amax(1, keepdim=True)], 1).permute(0, 2, 3, 1)
    return last.contiguous().permute(0, 3, 1, 2)


def exercise_6_2_in_one_line(architecture, cell):
    return 2 ** len(architecture.trunk) * (cell + 1) - 1


def exercise_6_2_by_the_stride(architecture, cell):
    return np.float32(architecture.stride * cell + architecture.stride - 1)


def exercise_6_2_recursively(architecture, cell):
    def before(cell, left):
        return before(2 * cell + 1, left - 1) if left else cell

    return torch.tensor(float(before(cell, len(architecture.trunk))))


def exercise_6_3_from_the_mean(target):
    mean = target.float().mean()  # (inside - outside) / all
    return float((1 - mean) / (1 + mean))


def exercise_6_3_in_numpy(target):
    target = target.numpy()
    return np.count_nonzero(target < 0) / np.count_nonzero(target > 0)


def exercise_6_3_as_a_tensor(target):
    inside = (target == 1).sum()
    return (target.numel() - inside) / inside


def exercise_6_4_in_numpy(score, target, weight):
    score, target = score.numpy(), target.numpy()
    slope = np.where(target > 0, -float(weight), 1.0)
    return np.where(score * target < 1, slope, 0) / len(target)


def exercise_6_4_by_parts(score, target, weight):
    slope = torch.zeros_like(score)
    slope[(target > 0) & (score < 1)] = -weight
    slope[(target < 0) & (score > -1)] = 1
    return slope / len(target)


def exercise_6_4_as_a_list_of_frames(score, target, weight):
    share = weight * (target > 0) + (target < 0).double()
    slope = -share * target * (score * target < 1) / len(target)
    return list(slope)


def exercise_6_5_by_loops(step, first, every):
    while step >= every:
        step, first = step - every, first / 3
    return first


def exercise_6_5_in_numpy(step, first, every):
    return np.float64(first) * 3.0 ** -np.floor(step / every)


def exercise_6_5_in_torch(step, first, every):
    return torch.tensor(first, dtype=torch.float64) / 3 ** torch.tensor(step // every)


def exercise_6_6_as_a_list(mu, log_a, by_mu, by_log_a):
    w_2 = -log_a.exp()
    return [-by_mu / (2 * w_2), (by_log_a - mu * by_mu) / w_2]


def exercise_6_6_stacked_in_numpy(mu, log_a, by_mu, by_log_a):
    mu, log_a, by_mu, by_log_a = (x.numpy() for x in (mu, log_a, by_mu, by_log_a))
    return np.stack([by_mu / 2, by_mu * mu - by_log_a]) / np.exp(log_a)


def exercise_6_6_through_w_1(mu, log_a, by_mu, by_log_a):
    w_2 = -log_a.exp()
    w_1 = -2 * mu * w_2
    return (-by_mu / (2 * w_2)).float(), (by_mu * w_1 / (2 * w_2**2) + by_log_a / w_2).float()


def exercise_6_7_in_numpy(score, target):
    gain, offset = [], []
    for b, wanted in zip(score.numpy().swapaxes(0, 1), target.numpy().swapaxes(0, 1), strict=True):
        at, off = b[wanted > 0].mean(), b[wanted < 0].mean()
        gain.append(2 / (at - off))
        offset.append(-(at + off) / (at - off))
    return gain, offset


def exercise_6_7_by_solving(score, target):
    found = []
    for k in range(score.shape[1]):
        at, off = score[:, k][target[:, k] > 0].mean(), score[:, k][target[:, k] < 0].mean()
        rows = torch.tensor([[at, 1.0], [off, 1.0]])
        found.append(torch.linalg.solve(rows, torch.tensor([1.0, -1.0])))
    return torch.stack(found, 1)


def exercise_6_7_kept_for_broadcasting(score, target):
    inside = (target > 0).double()
    at = (score * inside).sum((0, 2, 3)) / inside.sum((0, 2, 3))
    off = (score * (1 - inside)).sum((0, 2, 3)) / (1 - inside).sum((0, 2, 3))
    gain = (2 / (at - off))[:, None, None]
    return gain, 1 - gain * at[:, None, None]
