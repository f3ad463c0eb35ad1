"""Wrong answers that a reader is likely to give in chapter 7; the checkers must reject each."""

import numpy as np
import torch


def exercise_7_1_over_the_wrong_axis(energy, mask):
    return energy.masked_fill(~mask, -1e9).softmax(0)


def exercise_7_1_blots_the_weights_out(energy, mask):
    return energy.softmax(1) * mask


def exercise_7_1_gives_missing_frames_energy_zero(energy, mask):
    return (energy * mask).softmax(1)


def exercise_7_1_overflows(energy, mask):
    e = torch.exp(energy) * mask
    return e / e.sum(1, keepdim=True)


def exercise_7_1_takes_off_the_largest_of_all(energy, mask):
    e = torch.exp(energy - energy.max()) * mask
    return e / e.sum(1, keepdim=True)


def exercise_7_1_takes_off_the_largest_before_the_mask(energy, mask):
    e = torch.exp(energy - energy.amax(1, keepdim=True)) * mask
    return e / e.sum(1, keepdim=True)


def exercise_7_1_masks_by_a_hundred(energy, mask):
    return energy.masked_fill(~mask, -100).softmax(1)


def exercise_7_2_leaves_the_second_half_reversed(poses, ahead, back):
    return np.concatenate([ahead(poses), back(poses[::-1])], 1)


def exercise_7_2_reads_ahead_twice(poses, ahead, back):
    return np.concatenate([ahead(poses), back(poses)], 1)


def exercise_7_2_adds_as_the_library_does(poses, ahead, back):
    return ahead(poses) + back(poses[::-1])[::-1]


def exercise_7_3_takes_numbers_for_poses(windows, firsts, frames):
    total, count = np.zeros(frames), np.zeros(frames)
    for first, window in zip(firsts, windows, strict=True):
        inside = window[: frames - first].mean(tuple(range(1, window.ndim)))
        total[first : first + len(inside)] += inside
        count[first : first + len(inside)] += 1
    return total / count


def exercise_7_3_divides_by_all_windows(windows, firsts, frames):
    total = np.zeros((frames, *windows.shape[2:]))
    for first, window in zip(firsts, windows, strict=True):
        total[first : first + len(window)] += window[: frames - first]
    return total / len(windows)


def exercise_7_3_halves_again_and_again(windows, firsts, frames):
    merged = np.full((frames, *windows.shape[2:]), np.nan)
    for first, window in zip(firsts, windows, strict=True):
        old, new = merged[first : first + len(window)], window[: frames - first]
        merged[first : first + len(window)] = np.where(np.isnan(old), new, (old + new) / 2)
    return merged


def exercise_7_3_keeps_the_last(windows, firsts, frames):
    merged = np.zeros((frames, *windows.shape[2:]))
    for first, window in zip(firsts, windows, strict=True):
        merged[first : first + len(window)] = window[: frames - first]
    return merged


def exercise_7_4_normalises_each_by_itself(x, truth, place):
    return tuple((poses - place(poses)[0]) / place(poses)[1] for poses in (x, truth))


def exercise_7_4_normalises_both_by_the_truth(x, truth, place):
    middle, size = place(truth)
    return (x - middle) / size, (truth - middle) / size


def exercise_7_4_forgets_the_size(x, truth, place):
    middle, _ = place(x)
    return x - middle, truth - middle


def exercise_7_5_hears_the_estimates(step, x, s):
    outputs = []
    for pose in x:
        y, s = step(pose, s)
        outputs.append(y)
    return np.array(outputs)


def exercise_7_5_begins_with_zeros(step, x, s):
    y, outputs = np.zeros_like(x[0]), []
    for _ in x:
        y, s = step(y, s)
        outputs.append(y)
    return np.array(outputs)


def exercise_7_5_forgets_its_state(step, x, s):
    y, outputs = x[0], []
    for _ in x:
        y, _ = step(y, s)
        outputs.append(y)
    return np.array(outputs)


def exercise_7_6_keeps_the_sides(x, truth, pairs):
    return x * [-1, 1], truth * [-1, 1]


def exercise_7_6_flips_the_estimates_alone(x, truth, pairs):
    order = list(range(x.shape[1]))
    for left, right in pairs:
        order[left], order[right] = right, left
    return x[:, order] * [-1, 1], truth


def exercise_7_6_turns_them_upside_down(x, truth, pairs):
    order = list(range(x.shape[1]))
    for left, right in pairs:
        order[left], order[right] = right, left
    return x[:, order] * [1, -1], truth[:, order] * [1, -1]


def exercise_7_6_overwrites_one_side(x, truth, pairs):
    flipped = []
    for poses in (x * [-1, 1], truth * [-1, 1]):
        for left, right in pairs:
            poses[:, left] = poses[:, right]
            poses[:, right] = poses[:, left]
        flipped.append(poses)
    return tuple(flipped)
