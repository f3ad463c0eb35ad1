"""Right answers to the exercises of chapter 8 in other styles; the checkers must accept each."""

import math

import numpy as np
import torch


def exercise_8_1_in_numpy(energy, mask):
    e = np.where(mask.numpy(), energy.numpy(), -np.inf)
    e = np.exp(e - e.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def exercise_8_1_as_a_list_of_tensors(energy, mask):
    return [e.masked_fill(~m, -torch.inf).softmax(0) for e, m in zip(energy, mask, strict=True)]


def exercise_8_1_in_float32_with_gradients(energy, mask):
    energy = energy.float().requires_grad_()
    return energy.masked_fill(~mask, -torch.inf).softmax(1)


def exercise_8_2_as_lists(poses, ahead, back):
    there, again = ahead(poses), back(np.flip(poses, 0))[::-1]
    return [[*a, *b] for a, b in zip(there, again, strict=True)]


def exercise_8_2_in_float32(poses, ahead, back):
    return np.hstack([ahead(poses), np.flip(back(poses[::-1].copy()), 0)]).astype(np.float32)


def exercise_8_2_as_a_tensor(poses, ahead, back):
    there, again = (torch.from_numpy(p) for p in (ahead(poses), back(poses[::-1])))
    return torch.cat([there, again.flip(0)], 1)


def exercise_8_3_frame_by_frame(windows, firsts, frames):
    return [
        np.mean([w[t - f] for f, w in zip(firsts, windows, strict=True) if 0 <= t - f < len(w)], 0)
        for t in range(frames)
    ]


def exercise_8_3_by_nanmean(windows, firsts, frames):
    laid = np.full((len(windows), frames, *windows.shape[2:]), np.nan)
    for row, first, window in zip(laid, firsts, windows, strict=True):
        inside = window[: frames - first]
        row[first : first + len(inside)] = inside
    return np.nanmean(laid, 0)


def exercise_8_3_in_float32(windows, firsts, frames):
    total = np.zeros((frames, *windows.shape[2:]), np.float32)
    count = np.zeros_like(total)
    for first, window in zip(firsts, windows, strict=True):
        n = min(len(window), frames - first)
        total[first : first + n] += window[:n].astype(np.float32)
        count[first : first + n] += 1
    return total / count


def exercise_8_4_stacked(x, truth, place):
    middle, size = place(x)
    return (np.stack([x, truth]) - middle) / size


def exercise_8_4_as_lists(x, truth, place):
    middle, size = place(x)
    return [((poses - middle) / size).tolist() for poses in (x, truth)]


def exercise_8_4_in_float32(x, truth, place):
    middle, size = place(x)
    return tuple(np.float32((poses - middle) / size) for poses in (x, truth))


def exercise_8_5_as_a_list(step, x, s):
    outputs, y = [], x[0]
    while len(outputs) < len(x):
        y, s = step(y, s)
        outputs.append(y)
    return outputs


def exercise_8_5_in_an_empty_array(step, x, s):
    outputs, y = np.empty(x.shape), x[0]
    for t in range(len(x)):
        y, s = step(y, s)
        outputs[t] = y
    return outputs


def exercise_8_5_as_tensors(step, x, s):
    y, outputs = x[0], []
    for _ in range(len(x)):
        y, s = step(y, s)
        outputs.append(torch.from_numpy(y))
    return torch.stack(outputs)


def exercise_8_6_stacked(x, truth, pairs):
    order = list(range(x.shape[1]))
    for left, right in pairs:
        order[left], order[right] = right, left
    return np.stack([x, truth])[:, :, order] * np.array([-1, 1])


def exercise_8_6_by_copies(x, truth, pairs):
    both = [x.copy(), truth.copy()]
    for poses, old in zip(both, (x, truth), strict=True):
        for left, right in pairs:
            poses[:, left], poses[:, right] = old[:, right], old[:, left]
        poses[..., 0] = -poses[..., 0]
    return both


def exercise_8_6_as_tensors(x, truth, pairs):
    order = torch.arange(x.shape[1])
    for left, right in pairs:
        order[left], order[right] = right, left
    sign = torch.tensor([-1.0, 1.0])
    return torch.from_numpy(x)[:, order] * sign, torch.from_numpy(truth)[:, order] * sign


def exercise_8_7_with_math(share, frames):
    kept = math.exp(math.log(share) / frames)
    return math.log(kept) - math.log1p(-kept)


def exercise_8_7_as_a_tensor(share, frames):
    return torch.logit(torch.tensor(share, dtype=torch.float64) ** (1 / frames))


def exercise_8_7_in_an_array(share, frames):
    return np.array(-np.log(share ** (-1 / frames) - 1))


def exercise_8_8_by_matrix_products(s, h, M):
    energy = (h @ (s @ M.T)[..., None])[..., 0] / math.sqrt(len(M))
    alpha = torch.softmax(energy, -1)
    return (alpha[:, None] @ h)[:, 0], alpha


def exercise_8_8_in_numpy(s, h, M):
    s, h, M = s.numpy(), h.numpy(), M.numpy()
    e = np.exp([h_b @ M @ s_b / np.sqrt(len(M)) for s_b, h_b in zip(s, h, strict=True)])
    alpha = e / e.sum(1, keepdims=True)
    return np.einsum("bt,bte->be", alpha, h), alpha


def exercise_8_8_as_lists(s, h, M):
    query = s.double() @ M.double().T
    energy = torch.einsum("bte,be->bt", h.double(), query) / h.shape[-1] ** 0.5
    alpha = energy.softmax(1).requires_grad_()
    return [list(torch.einsum("bt,bte->be", alpha, h.double())), list(alpha)]
