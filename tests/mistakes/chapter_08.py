"""Wrong answers that a reader is likely to give in chapter 8; the checkers must reject each."""

import numpy as np
import torch


def exercise_8_1_over_the_wrong_axis(energy, mask):
    return energy.masked_fill(~mask, -1e9).softmax(0)


def exercise_8_1_blots_the_weights_out(energy, mask):
    return energy.softmax(1) * mask


def exercise_8_1_gives_missing_frames_energy_zero(energy, mask):
    return (energy * mask).softmax(1)


def exercise_8_1_overflows(energy, mask):
    e = torch.exp(energy) * mask
    return e / e.sum(1, keepdim=True)


def exercise_8_1_takes_off_the_largest_of_all(energy, mask):
    e = torch.exp(energy - energy.max()) * mask
    return e / e.sum(1, keepdim=True)


def exercise_8_1_takes_off_the_largest_before_the_mask(energy, mask):
    e = torch.exp(energy - energy.amax(1, keepdim=True)) * mask
    return e / e.sum(1, keepdim=True)


def exercise_8_1_masks_by_a_hundred(energy, mask):
    return energy.masked_fill(~mask, -100).softmax(1)


def exercise_8_2_leaves_the_second_half_reversed(poses, ahead, back):
    return np.concatenate([ahead(poses), back(poses[::-1])], 1)


def exercise_8_2_reads_ahead_twice(poses, ahead, back):
    return np.concatenate([ahead(poses), back(poses)], 1)


def exercise_8_2_adds_as_the_library_does(poses, ahead, back):
    return ahead(poses) + back(poses[::-1])[::-1]


def exercise_8_3_takes_numbers_for_poses(windows, firsts, frames):
    total, count = np.zeros(frames), np.zeros(frames)
    for first, window in zip(firsts, windows, strict=True):
        inside = window[: frames - first].mean(tuple(range(1, window.ndim)))
        total[first : first + len(inside)] += inside
        count[first : first + len(inside)] += 1
    return total / count


def exercise_8_3_divides_by_all_windows(windows, firsts, frames):
    total = np.zeros((frames, *windows.shape[2:]))
    for first, window in zip(firsts, windows, strict=True):
        total[first : first + len(window)] += window[: frames - first]
    return total / len(windows)


def exercise_8_3_halves_again_and_again(windows, firsts, frames):
    merged = np.full((frames, *windows.shape[2:]), np.nan)
    for first, window in zip(firsts, windows, strict=True):
        old, new = merged[first : first + len(window)], window[: frames - first]
        merged[first : first + len(window)] = np.where(np.isnan(old), new, (old + new) / 2)
    return merged


def exercise_8_3_keeps_the_last(windows, firsts, frames):
    merged = np.zeros((frames, *windows.shape[2:]))
    for first, window in zip(firsts, windows, strict=True):
        merged[first : first + len(window)] = window[: frames - first]
    return merged


def exercise_8_4_normalises_each_by_itself(x, truth, place):
    return tuple((poses - place(poses)[0]) / place(poses)[1] for poses in (x, truth))


def exercise_8_4_normalises_both_by_the_truth(x, truth, place):
    middle, size = place(truth)
    return (x - middle) / size, (truth - middle) / size


def exercise_8_4_forgets_the_size(x, truth, place):
    middle, _ = place(x)
    return x - middle, truth - middle


def exercise_8_5_hears_the_estimates(step, x, s):
    outputs = []
    for pose in x:
        y, s = step(pose, s)
        outputs.append(y)
    return np.array(outputs)


def exercise_8_5_begins_with_zeros(step, x, s):
    y, outputs = np.zeros_like(x[0]), []
    for _ in x:
        y, s = step(y, s)
        outputs.append(y)
    return np.array(outputs)


def exercise_8_5_forgets_its_state(step, x, s):
    y, outputs = x[0], []
    for _ in x:
        y, _ = step(y, s)
        outputs.append(y)
    return np.array(outputs)


def exercise_8_6_keeps_the_sides(x, truth, pairs):
    return x * [-1, 1], truth * [-1, 1]


def exercise_8_6_flips_the_estimates_alone(x, truth, pairs):
    order = list(range(x.shape[1]))
    for left, right in pairs:
        order[left], order[right] = right, left
    return x[:, order] * [-1, 1], truth


def exercise_8_6_turns_them_upside_down(x, truth, pairs):
    order = list(range(x.shape[1]))
    for left, right in pairs:
        order[left], order[right] = right, left
    return x[:, order] * [1, -1], truth[:, order] * [1, -1]


def exercise_8_6_overwrites_one_side(x, truth, pairs):
    flipped = []
    for poses in (x * [-1, 1], truth * [-1, 1]):
        for left, right in pairs:
            poses[:, left] = poses[:, right]
            poses[:, right] = poses[:, left]
        flipped.append(poses)
    return tuple(flipped)


def exercise_8_1_weighs_missing_frames_alike(energy, mask):
    return energy.masked_fill(~mask, energy.min().item()).softmax(1)


def exercise_8_2_lays_the_second_half_first(poses, ahead, back):
    return np.concatenate([back(poses[::-1])[::-1], ahead(poses)], 1)


def exercise_8_2_turns_the_features_round(poses, ahead, back):
    return np.concatenate([ahead(poses), back(poses[::-1])[:, ::-1]], 1)


def exercise_8_3_forgets_the_last_frame_of_each(windows, firsts, frames):
    total, count = np.zeros((frames, *windows.shape[2:])), np.full(frames, 1e-9)
    for first, window in zip(firsts, windows, strict=True):
        inside = window[: frames - first][:-1]
        total[first : first + len(inside)] += inside
        count[first : first + len(inside)] += 1
    return total / count.reshape(-1, *[1] * (total.ndim - 1))


def exercise_8_4_multiplies_by_the_size(x, truth, place):
    middle, size = place(x)
    return (x - middle) * size, (truth - middle) * size


def exercise_8_4_moves_the_input_alone(x, truth, place):
    middle, size = place(x)
    return (x - middle) / size, truth / size


def exercise_8_5_keeps_the_first_pose(step, x, s):
    y, outputs = x[0], [x[0]]
    for _ in x[1:]:
        y, s = step(y, s)
        outputs.append(y)
    return np.array(outputs)


def exercise_8_6_changes_what_it_is_given(x, truth, pairs):
    for poses in (x, truth):
        for left, right in pairs:
            poses[:, [left, right]] = poses[:, [right, left]]
        poses[..., 0] *= -1
    return x, truth


def exercise_8_6_exchanges_the_two(x, truth, pairs):
    order = np.arange(x.shape[1])
    for left, right in pairs:
        order[[left, right]] = right, left
    return tuple(poses[:, order] * [-1, 1] for poses in (truth, x))


def exercise_8_7_forgets_the_root(share, frames):
    return np.log(share / (1 - share))


def exercise_8_7_divides_the_share(share, frames):
    return np.log(share / frames / (1 - share / frames))


def exercise_8_7_has_the_other_sign(share, frames):
    kept = share ** (1 / frames)
    return np.log((1 - kept) / kept)


def exercise_8_8_forgets_the_root(s, h, M):
    alpha = torch.einsum("bte,en,bn->bt", h, M, s).softmax(1)
    return torch.einsum("bt,bte->be", alpha, h), alpha


def exercise_8_8_takes_the_root_of_the_state(s, h, M):
    alpha = (torch.einsum("bte,en,bn->bt", h, M, s) / s.shape[1] ** 0.5).softmax(1)
    return torch.einsum("bt,bte->be", alpha, h), alpha


def exercise_8_8_weighs_over_the_windows(s, h, M):
    alpha = (torch.einsum("bte,en,bn->bt", h, M, s) / h.shape[2] ** 0.5).softmax(0)
    return torch.einsum("bt,bte->be", alpha, h), alpha


def exercise_8_8_adds_the_state(s, h, M):
    alpha = ((h.sum(2) + (s @ M.T).sum(1, keepdim=True)) / h.shape[2] ** 0.5).softmax(1)
    return torch.einsum("bt,bte->be", alpha, h), alpha
