"""Checkers of chapter 9: each takes the reader's function and says, in one line, whether it is
right.
"""

from collections import Counter

import numpy as np

from . import exercise
from .arrays import as_array, both, differs


@exercise("9.1")
def exercise_9_1(best_types):
    rng = np.random.default_rng(0)
    for types, parents in ((3, 2), (2, 4), (1, 1)):
        message, bias = rng.normal(size=(types, 4, 5)), 2 * rng.normal(size=(types, parents))
        right = (message[:, None] + bias[..., None, None]).argmax(0)
        answer = as_array(best_types(message.copy(), bias.copy()))
        if answer.shape != right.shape:
            return f"The result must have shape {right.shape}, yours has {answer.shape}."
        if not np.array_equal(answer, right):
            t, y, x = np.argwhere(answer != right)[0].tolist()
            return (
                f"For type {t} of the parent in cell ({x}, {y}) the child's type is "
                f"{right[t, y, x]}, yours is {answer[t, y, x]:g}."
            )


@exercise("9.2")
def exercise_9_2(paired_change):
    rng = np.random.default_rng(0)
    theirs = rng.uniform(30, 95, 12)
    cases = {
        "small but steady gains": theirs + rng.normal(1, 0.5, 12),
        "losses as steady": theirs - rng.normal(1, 0.5, 12),
        "a gain in one video alone": theirs + 12.0 * (np.arange(12) == 3) + rng.normal(0, 1, 12),
    }
    cases["more gains than losses"] = theirs + np.tile([2.0, 2.0, 2.0, -2.2], 3)
    cases["few"] = theirs[:5] + [3.0, 1.0, 2.0, 0.5, 1.5]
    cases["gains of two to three errors"] = theirs[:5] + [1.0, 5.0, 1.0, 5.0, 1.0]
    cases["nothing changed"] = theirs.copy()
    for name, ours in cases.items():
        N = len(ours)
        change = ours - theirs[:N]
        points, error = change.mean(), change.std(ddof=1) / np.sqrt(N)
        answer = list(paired_change(ours.copy(), theirs[:N].copy()))
        if len(answer) != 3:
            return f"It must return three things, yours returns {len(answer)}."
        for what, value, right in (
            ("mean", answer[0], points),
            ("standard error", answer[1], error),
        ):
            if not np.isclose(float(value), right, rtol=1e-3, atol=1e-4):
                return f"With {name} in {N} videos the {what} is {right:.3f}, yours is {value:.3f}."
        gain = bool(points >= 2 * error and points > 0)
        if bool(answer[2]) != gain:
            return (
                f"With {name}, {points:+.1f} ± {error:.1f}, the verdict is {gain}, yours is "
                f"{answer[2]}."
            )


@exercise("9.3")
def exercise_9_3(folds_of):
    names = [
        f"{clip}-of {video}"
        for video in "cafbedg"
        for clip in range(1 + "abcdefg".index(video) % 3)
    ]
    names = [names[n] for n in np.random.default_rng(0).permutation(len(names))]
    video_of = lambda name: name.split(" ")[1]  # noqa: E731
    for folds in (2, 3, 4, 5, 7):
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


@exercise("9.4")
def exercise_9_4(leaks):
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


@exercise("9.5")
def exercise_9_5(in_widths):
    rng = np.random.default_rng(0)
    error = rng.uniform(5, 40, (9, 7))
    left = rng.normal(200, 1, (9, 2))
    right = left - [100, 0] + rng.normal(0, 1, (9, 2))
    side = [0, 5, 8]
    right[side] = left[side] - rng.uniform(0.5, 3, (3, 2))  # seen from the side
    right[3] -= [600, 0]  # found elsewhere
    for frames in (np.arange(9), np.array([1, 2, 4, 7])):
        given = error[frames], left[frames], right[frames]
        width = np.median(np.linalg.norm(given[1] - given[2], axis=-1))
        answer = as_array(in_widths(*(array.copy() for array in given)))
        if answer.shape != given[0].shape:
            return f"The result must have shape {given[0].shape}, yours has {answer.shape}."
        used = given[0] / answer
        # Whatever is not moved by the odd frames will do, the median or another.
        off = ~(np.abs(used - width) < 0.05 * width)
        if off.any():
            t, k = np.argwhere(off)[0].tolist()
            odd = "three show the person from the side, in one a shoulder was found elsewhere"
            return (
                f"The shoulders are usually {width:.0f} px wide, but in row {t} of {len(frames)} "
                f"you divide by {used[t, k]:.0f} px. "
                + (f"(Of nine frames {odd}.)" if len(frames) == 9 else "")
            )
        if np.ptp(used) > 1e-3 * width:
            return f"You divide by {used.min():.1f} to {used.max():.1f} px; one width for all."


@exercise("9.6")
def exercise_9_6(stop):
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
        answer = as_array(stop(dict(seen), dict(held_out))).item()
        if answer != right:
            given = f"{seen} on videos learnt from and {held_out} on others"
            return f"With {given} you would stop after {right} steps, yours is {answer:g}."


@exercise("9.7")
def exercise_9_7(shaking):
    rng = np.random.default_rng(0)
    even = np.arange(6)[:, None, None] * rng.normal(size=(3, 2)) + rng.normal(size=(3, 2))
    cases = {
        "joints that all move evenly": even,
        "one joint that leaps by (3, 4) px in one frame of five": np.zeros((5, 1, 2)),
        "a random track": 10 * rng.normal(size=(9, 13, 2)),
        "three frames": 10 * rng.normal(size=(3, 2, 2)),
    }
    list(cases.values())[1][2, 0] = 3, 4
    for name, track in cases.items():
        right = np.linalg.norm(np.diff(track, 2, axis=0), axis=-1).mean()
        if wrong := differs(shaking(track.copy()), right, name):
            return wrong


@exercise("9.8")
def exercise_9_8(honest_best):
    rng = np.random.default_rng(0)
    for case in range(6):
        names = [f"filter {n}" for n in "abcd"]
        first, second = (
            {name: rng.normal(n, 3, videos) for n, name in enumerate(names[:: (-1) ** case])}
            for videos in (8, 5)
        )
        best = max(first, key=lambda name: first[name].mean())
        right = second[best].mean()
        copies = ({name: row.copy() for name, row in part.items()} for part in (first, second))
        answer = both(honest_best(*copies), "the filter's name and its gain")
        if isinstance(answer, str):
            return answer
        means = [
            ", ".join(f"{name} {row.mean():+.1f}" for name, row in sorted(part.items()))
            for part in (first, second)
        ]
        given = f"mean gains of {means[0]} on the first videos, and of {means[1]} on the others"
        if str(answer[0]) != best:
            return f"With {given}, one takes {best}, you take {answer[0]}."
        if wrong := differs(float(answer[1]), right, given):
            return wrong
