"""Checkers of chapter 7: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np
import torch

from tslib.correction.attention import attend
from tslib.correction.normalization import normalized, place
from tslib.correction.windows import cut, merge
from tslib.skeletons import SKELETONS

from . import exercise

PENN = SKELETONS["penn13"]


def _wrong(answer, right, given):
    """None for an array of the right shape and values, else a sentence."""
    answer, right = np.asarray(answer, np.float64), np.asarray(right, np.float64)
    if answer.shape != right.shape:
        return f"The result must have shape {right.shape}, yours has {answer.shape}."
    off = ~np.isclose(answer, right, atol=1e-8)
    if off.any():
        first = tuple(np.argwhere(off)[0].tolist())
        return (
            f"For {given}, entry {list(first)} is {right[first]:.4f}, yours is {answer[first]:.4f}."
        )


@exercise("7.1")
def exercise_7_1(weights):
    generator = torch.Generator().manual_seed(0)
    energy = 2 * torch.randn(3, 5, dtype=torch.float64, generator=generator)
    full = torch.ones(3, 5, dtype=torch.bool)
    for lengths in ([5, 5, 5], [5, 3, 1]):
        mask = full & (torch.arange(5) < torch.tensor(lengths)[:, None])
        _, right = attend(energy, torch.zeros(3, 5, 1, dtype=torch.float64), mask)
        given = f"energies of 3 windows that hold {lengths} frames"
        if wrong := _wrong(weights(energy.clone(), mask.clone()), right, given):
            return wrong
    for rows, there in (
        ([[1000.0, 1001, -1000]], [[1, 1, 1]]),
        ([[1000.0, 1001, 999], [0, 1, 2]], [[1, 1, 1], [1, 1, 1]]),
        ([[0.0, 1, 1000]], [[1, 1, 0]]),
        ([[-1000.0, -1001, 5]], [[1, 1, 0]]),
    ):
        energy, mask = torch.tensor(rows, dtype=torch.float64), torch.tensor(there) > 0
        _, right = attend(energy, torch.zeros(*energy.shape, 1, dtype=torch.float64), mask)
        given = f"the energies {rows}, of which the mask keeps {there}"
        if wrong := _wrong(weights(energy.clone(), mask.clone()), right, given):
            return wrong


@exercise("7.2")
def exercise_7_2(both_ways):
    poses = np.random.default_rng(0).normal(size=(6, 4))

    def ahead(sequence):  # remembers with 0.5, as a plain recurrent network might
        outputs, h = [], np.zeros(2)
        for x in sequence:
            h = np.tanh(0.5 * h + x[:2])
            outputs.append(h)
        return np.array(outputs)

    def back(sequence):
        outputs, h = [], np.zeros(2)
        for x in sequence:
            h = np.tanh(0.8 * h + x[2:])
            outputs.append(h)
        return np.array(outputs)

    right = np.concatenate([ahead(poses), back(poses[::-1])[::-1]], 1)
    return _wrong(both_ways(poses.copy(), ahead, back), right, "six random poses")


@exercise("7.3")
def exercise_7_3(merged):
    rng = np.random.default_rng(0)
    for frames, length, stride in ((20, 10, 3), (9, 4, 3), (3, 5, 2)):
        windows, mask = cut(np.zeros((frames, 3, 2)), length, stride)
        windows = rng.normal(size=windows.shape)
        right = merge(windows, frames, length, stride)
        firsts = [n for n in range(0, max(frames - length, 0), stride)] + [max(frames - length, 0)]
        given = f"{frames} frames, windows of {length} from {firsts}"
        if wrong := _wrong(merged(windows.copy(), list(firsts), frames), right, given):
            return wrong


@exercise("7.4")
def exercise_7_4(training_pair):
    rng = np.random.default_rng(0)
    for shift, grow in ((0, 1), (25, 1.4)):
        x = rng.normal(60, 20, (10, 13, 2))
        truth = grow * x + shift + rng.normal(0, 3, x.shape)
        middle, size = place(x, PENN)
        answer = training_pair(x.copy(), truth.copy(), lambda poses: place(poses, PENN))
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            return "It must return two things: the input and the target."
        rights = normalized(x, middle, size), normalized(truth, middle, size)
        for name, ours, right in zip(("input", "target"), answer, rights, strict=True):
            if wrong := _wrong(ours, right, f"a random window, the {name}"):
                return wrong


@exercise("7.5")
def exercise_7_5(run_free):
    rng = np.random.default_rng(0)
    x, h = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))

    def step(y, s):
        context = np.array([y.sum(), s.sum()]) @ h[:2]
        s = np.tanh(0.7 * s + y[:2] + context)
        return 0.5 * y + np.array([s[0], s[1], s.sum()]), s

    y, s, outputs = x[0], np.zeros(2), []
    for _ in range(5):
        y, s = step(y, s)
        outputs.append(y)
    return _wrong(
        run_free(step, x.copy(), np.zeros(2)), np.array(outputs), "a decoder with random numbers"
    )


@exercise("7.6")
def exercise_7_6(flipped):
    pairs = PENN.mirror_pairs
    rng = np.random.default_rng(0)
    x, truth = rng.normal(size=(2, 4, 13, 2))
    order = np.arange(13)
    for left, right in pairs:
        order[[left, right]] = right, left
    rights = [poses[:, order] * [-1, 1] for poses in (x, truth)]
    given = x.copy(), truth.copy()
    answer = flipped(*given, list(pairs))
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return "It must return two things: the estimates and the truth."
    if not (np.array_equal(given[0], x) and np.array_equal(given[1], truth)):
        return "Your function changes the poses that it takes; let it return new ones."
    for name, ours, right in zip(("estimates", "truth"), answer, rights, strict=True):
        if wrong := _wrong(ours, right, f"a random window of {name}"):
            return wrong
