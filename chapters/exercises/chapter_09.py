"""Checkers of chapter 8: each takes the reader's function and says, in one line, whether it is
right.
"""

from collections import Counter

import numpy as np

from . import exercise


@exercise("8.1")
def exercise_8_1(best_types):
    rng = np.random.default_rng(0)
    for types, parents in ((3, 2), (2, 4), (1, 1)):
        message, bias = rng.normal(size=(types, 4, 5)), 2 * rng.normal(size=(types, parents))
        right = (message[:, None] + bias[..., None, None]).argmax(0)
        answer = np.asarray(best_types(message.copy(), bias.copy()))
        if answer.shape != right.shape:
            return f"The result must have shape {right.shape}, yours has {answer.shape}."
        if not np.array_equal(answer, right):
            t, y, x = np.argwhere(answer != right)[0].tolist()
            return (
                f"For type {t} of the parent in cell ({x}, {y}) the child's type is "
                f"{right[t, y, x]}, "
                f"yours is {answer[t, y, x]}."
            )


@exercise("8.2")
def exercise_8_2(paired_change):
    rng = np.random.default_rng(0)
    theirs = rng.uniform(30, 95, 12)
    cases = {
        "small but steady gains": theirs + rng.normal(1, 0.5, 12),
        "losses as steady": theirs - rng.normal(1, 0.5, 12),
        "a gain in one video alone": theirs + 12.0 * (np.arange(12) == 3) + rng.normal(0, 1, 12),
    }
    cases["more gains than losses"] = theirs + np.tile([2.0, 2.0, 2.0, -2.2], 3)
    cases["few"] = theirs[:5] + [3.0, 1.0, 2.0, 0.5, 1.5]
    for name, ours in cases.items():
        N = len(ours)
        change = ours - theirs[:N]
        points, error = change.mean(), change.std(ddof=1) / np.sqrt(N)
        answer = paired_change(ours.copy(), theirs[:N].copy())
        for what, value, right in (
            ("mean", answer[0], points),
            ("standard error", answer[1], error),
        ):
            if not np.isclose(value, right):
                return f"With {name} in {N} videos the {what} is {right:.3f}, yours is {value:.3f}."
        gain = bool(points >= 2 * error and points > 0)
        if bool(answer[2]) != gain:
            return (
                f"With {name}, {points:+.1f} ± {error:.1f}, the verdict is {gain}, yours is "
                f"{answer[2]}."
            )


@exercise("8.3")
def exercise_8_3(folds_of):
    names = [
        f"{clip}-of {video}"
        for video in "cafbedg"
        for clip in range(1 + "abcdefg".index(video) % 3)
    ]
    names = [names[n] for n in np.random.default_rng(0).permutation(len(names))]
    video_of = lambda name: name.split(" ")[1]  # noqa: E731
    for folds in (2, 4, 7):
        answer = [int(fold) for fold in folds_of(list(names), video_of, folds)]
        if len(answer) != len(names):
            return f"There are {len(names)} clips, but you return {len(answer)} folds."
        if set(answer) != set(range(folds)):
            return (
                f"Folds are numbered 0 to {folds - 1} and all used; yours are "
                f"{sorted(set(answer))}."
            )
        pairs = {(video_of(name), fold) for name, fold in zip(names, answer, strict=True)}
        videos = Counter(video for video, _ in pairs)
        split = next((video for video, count in videos.items() if count > 1), None)
        if split:
            return (
                f"Clips of video {split!r} lie in {videos[split]} folds; one estimator "
                "would have seen it."
            )
        sizes = Counter(fold for _, fold in pairs)
        if max(sizes.values()) - min(sizes.values()) > 1:
            return (
                f"Of 7 videos in {folds} folds, yours hold {sorted(sizes.values())}; share "
                "them evenly."
            )


@exercise("8.4")
def exercise_8_4(leaks):
    honest = [
        ({"b", "c"}, {"a"}),
        ({"a", "c"}, {"b"}),
        ({"a", "b"}, {"c"}),
        ({"a", "b", "c"}, {"d", "e"}),
    ]
    cases = [
        ("nothing is wrong", honest, {"a", "b", "c"}, {"d", "e"}, set()),
        ("d is learnt from and tested", honest, {"a", "b", "d"}, {"d", "e"}, {"d"}),
        (
            "an estimator has learnt e",
            [*honest[:3], ({"a", "e"}, {"d", "e"})],
            {"a", "b"},
            {"d", "e"},
            {"e"},
        ),
        (
            "an estimator has learnt a, which trains",
            [({"a", "b"}, {"a"}), *honest[1:]],
            {"a"},
            {"d"},
            {"a"},
        ),
        (
            "d is learnt from and an estimator has learnt e",
            [*honest[:3], ({"e"}, {"d", "e"})],
            {"d"},
            {"d", "e"},
            {"d", "e"},
        ),
        (
            "two estimators leak",
            [({"a"}, {"a"}), ({"b"}, {"b"}), *honest[2:]],
            {"a", "b"},
            {"d"},
            {"a", "b"},
        ),
        (
            "an estimator has learnt a, of no use",
            [({"a", "b"}, {"a"}), *honest[1:]],
            {"b"},
            {"d"},
            set(),
        ),
    ]
    for name, estimators, learnt, tested, right in cases:
        copies = [(set(a), set(b)) for a, b in estimators]
        answer = set(leaks(copies, set(learnt), set(tested)))
        if answer != right:
            return f"Where {name}, the leaks are {sorted(right)}, yours are {sorted(answer)}."


@exercise("8.5")
def exercise_8_5(in_widths):
    rng = np.random.default_rng(0)
    error = rng.uniform(0, 40, (9, 7))
    left = rng.normal(200, 1, (9, 2))
    right = left - [100, 0] + rng.normal(0, 1, (9, 2))
    right[5:8] = left[5:8] - rng.uniform(0.5, 3, (3, 2))  # seen from the side
    for frames in (9, 4):
        width = np.median(np.linalg.norm(left[:frames] - right[:frames], axis=-1))
        answer = np.asarray(
            in_widths(error[:frames].copy(), left[:frames].copy(), right[:frames].copy())
        )
        if answer.shape != (frames, 7):
            return f"The result must have shape ({frames}, 7), yours has {answer.shape}."
        off = ~np.isclose(answer, error[:frames] / width)
        if off.any():
            t, k = np.argwhere(off)[0].tolist()
            return (
                f"In frame {t} of {frames} an error of {error[t, k]:.1f} px is "
                f"{error[t, k] / width:.3f} "
                f"widths, yours is {answer[t, k]:.3f}. (Three of nine frames show the person "
                "from the side.)"
            )


@exercise("8.6")
def exercise_8_6(stop):
    cases = [
        ({10: 1.0, 30: 2.0, 100: 5.0}, {10: -0.2, 30: 0.4, 100: -1.0}, 30),
        ({10: 1.0, 30: 2.0, 100: 5.0}, {10: -0.2, 30: -0.4, 100: -1.0}, 0),
        ({10: 1.0, 30: 3.0, 100: 2.0}, {10: 0.5, 30: 0.5, 100: 0.1}, 10),
        ({10: -1.0, 30: -2.0}, {10: 0.0, 30: 0.3}, 30),
        ({100: 5.0, 30: 3.0, 10: 2.0}, {100: 0.5, 30: 0.5, 10: 0.1}, 30),
        ({10: 1.0, 30: 3.0}, {10: -0.5, 30: 0.0}, 0),
        ({10: 1.0, 30: 3.0}, {10: 0.05, 30: -1.0}, 10),
    ]
    for seen, held_out, right in cases:
        answer = stop(dict(seen), dict(held_out))
        if answer != right:
            given = f"{seen} on videos learnt from and {held_out} on others"
            return f"With {given} you would stop after {right} steps, yours is {answer}."
