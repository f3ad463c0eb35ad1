"""Checkers of chapter 8: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np
import torch

from tslib.correction.attention import attend
from tslib.correction.normalization import normalized, place
from tslib.correction.windows import cut, merge
from tslib.skeletons import SKELETONS

from . import exercise
from .arrays import both, differs

PENN = SKELETONS["penn13"]


@exercise("8.1")
def exercise_8_1(weights):
    generator = torch.Generator().manual_seed(0)
    energy = 2 * torch.randn(3, 5, dtype=torch.float64, generator=generator)
    full = torch.ones(3, 5, dtype=torch.bool)
    for lengths in ([5, 5, 5], [5, 3, 1]):
        mask = full & (torch.arange(5) < torch.tensor(lengths)[:, None])
        _, right = attend(energy, torch.zeros(3, 5, 1, dtype=torch.float64), mask)
        given = f"energies of 3 windows that hold {lengths} frames"
        if wrong := differs(weights(energy.clone(), mask.clone()), right, given):
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
        if wrong := differs(weights(energy.clone(), mask.clone()), right, given):
            return wrong


@exercise("8.2")
def exercise_8_2(both_ways):
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
    return differs(both_ways(poses.copy(), ahead, back), right, "six random poses")


@exercise("8.3")
def exercise_8_3(merged):
    rng = np.random.default_rng(0)
    for frames, length, stride in ((20, 10, 3), (9, 4, 3), (3, 5, 2)):
        windows, mask = cut(np.zeros((frames, 3, 2)), length, stride)
        windows = rng.normal(size=windows.shape)
        right = merge(windows, frames, length, stride)
        firsts = [n for n in range(0, max(frames - length, 0), stride)] + [max(frames - length, 0)]
        given = f"{frames} frames, windows of {length} from {firsts}"
        if wrong := differs(merged(windows.copy(), list(firsts), frames), right, given):
            return wrong


@exercise("8.4")
def exercise_8_4(training_pair):
    rng = np.random.default_rng(0)
    for shift, grow in ((0, 1), (25, 1.4)):
        x = rng.normal(60, 20, (10, 13, 2))
        truth = grow * x + shift + rng.normal(0, 3, x.shape)
        middle, size = place(x, PENN)
        answer = training_pair(x.copy(), truth.copy(), lambda poses: place(np.asarray(poses), PENN))
        answer = both(answer, "the input and the target")
        if isinstance(answer, str):
            return answer
        rights = normalized(x, middle, size), normalized(truth, middle, size)
        for name, ours, right in zip(("input", "target"), answer, rights, strict=True):
            if wrong := differs(ours, right, f"a random window, the {name}"):
                return wrong


@exercise("8.5")
def exercise_8_5(run_free):
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
    return differs(
        run_free(step, x.copy(), np.zeros(2)), np.array(outputs), "a decoder with random numbers"
    )


@exercise("8.6")
def exercise_8_6(flipped):
    pairs = PENN.mirror_pairs
    rng = np.random.default_rng(0)
    x, truth = rng.normal(size=(2, 4, 13, 2))
    order = np.arange(13)
    for left, right in pairs:
        order[[left, right]] = right, left
    rights = [poses[:, order] * [-1, 1] for poses in (x, truth)]
    given = x.copy(), truth.copy()
    answer = both(flipped(*given, list(pairs)), "the estimates and the truth")
    if isinstance(answer, str):
        return answer
    if not (np.array_equal(given[0], x) and np.array_equal(given[1], truth)):
        return "Your function changes the poses that it takes; let it return new ones."
    for name, ours, right in zip(("estimates", "truth"), answer, rights, strict=True):
        if wrong := differs(ours, right, f"a random window of {name}"):
            return wrong


@exercise("8.7")
def exercise_8_7(forget_bias):
    for share, frames in ((0.5, 1), (0.5, 10), (0.01, 10), (0.9, 30), (0.2, 3)):
        kept = share ** (1 / frames)
        right = np.log(kept / (1 - kept))
        given = f"a share of {share} after {frames} frames"
        if wrong := differs(forget_bias(share, frames), right, given):
            return wrong


@exercise("8.8")
def exercise_8_8(dot_attention):
    generator = torch.Generator().manual_seed(0)
    for B, T, features, n in ((3, 5, 6, 4), (1, 2, 4, 7), (2, 3, 4, 4)):
        shapes = (B, n), (B, T, features), (features, n)
        s, h, M = (torch.randn(size, generator=generator) for size in shapes)
        context, alpha = attend(torch.einsum("bte,en,bn->bt", h, M, s) / features**0.5, h)
        answer = both(dot_attention(s.clone(), h.clone(), M.clone()), "the context and the weights")
        if isinstance(answer, str):
            return answer
        given = f"{B} windows of {T} frames with {features} features, the "
        for name, ours, right in zip(("context", "weights"), answer, (context, alpha), strict=True):
            if wrong := differs(ours, right, given + name):
                return wrong
