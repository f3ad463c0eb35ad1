"""Checkers of chapter 10: each takes the reader's function and says, in one line, whether it is
right.
"""

from itertools import product

import numpy as np

from . import exercise


def _wrong(answer, right, given):
    """None for numbers of the right shape and values, in whatever holds them, else a sentence."""
    answer, right = np.asarray(answer, float), np.asarray(right, float)
    if answer.shape != right.shape:
        return f"The result must have shape {right.shape}, yours has {answer.shape}."
    close = np.isclose(answer, right, rtol=1e-4, atol=1e-4, equal_nan=True)
    if not close.all():
        place = tuple(int(n) for n in np.argwhere(~close)[0])
        entry = f"entry {list(place)}" if place else "the result"
        return f"For {given}, {entry} is {right[place]:.4f}, yours is {answer[place]:.4f}."


@exercise("10.1")
def exercise_10_1(out_of_the_mirror):
    joints = np.array([[0.0, 5], [30, 7], [99, 1], [12.5, 40]])
    mirrored = np.array([0, 2, 1, 3])
    for width in (100, 360):
        right = np.array([[width - 1 - x, y] for x, y in joints[mirrored]])
        given, before = joints.copy(), joints.copy()
        wrong = _wrong(
            out_of_the_mirror(given, width, mirrored.copy()),
            right,
            f"four joints of which the middle ones are a pair, in a frame {width} px wide",
        )
        if wrong:
            return wrong
        if not np.array_equal(given, before):
            return "Your function changes the joints that it takes; let it return new ones."


@exercise("10.2")
def exercise_10_2(turned):
    for old, new, most in (
        (0.0, 0.2, 0.35),
        (0.0, 1.0, 0.35),
        (0.5, -1.0, 0.35),
        (3.1, -3.1, 0.35),
        (-3.0, 3.0, 0.1),
        (3.0, -2.0, 0.5),
        (1.0, 1.0, 0.35),
    ):
        turn = np.angle(np.exp(1j * (new - old)))
        right = old + max(-most, min(most, turn))
        answer = float(np.asarray(turned(old, new, most), float))
        # An angle is the same one after a whole turn.
        if abs(np.angle(np.exp(1j * (answer - right)))) > 1e-4:
            return (
                f"From {old} towards {new}, by {most} at most: {right:.2f}, and not {answer:.2f}."
            )


@exercise("10.3")
def exercise_10_3(running_median):
    rng = np.random.default_rng(0)
    for T, n, away in ((12, 5, (3, 4)), (9, 3, (0, 1, 2, 8)), (7, 9, ()), (6, 3, range(6))):
        joints = rng.normal(50, 20, (T, 3, 2))
        present = np.ones(T, bool)
        present[list(away)] = False
        right = np.full(joints.shape, np.nan)
        for t in range(T):
            near = [i for i in range(t - n // 2, t + n // 2 + 1) if 0 <= i < T and present[i]]
            if near:
                right[t] = np.median(joints[near], axis=0)
        given = f"{T} frames, absent in {list(away)}, and a window of {n}"
        if wrong := _wrong(running_median(joints.copy(), present.copy(), n), right, given):
            return wrong


@exercise("10.4")
def exercise_10_4(share_followed):
    rng = np.random.default_rng(0)
    push = np.round(20 * np.sin(np.arange(20))) + 3
    still = rng.normal(100, 10, (20, 4, 2))
    for share, offset, down in ((1.0, 0.0, 0.0), (0.25, 0.0, 0.0), (0.6, 7.0, 0.0), (0.8, -4, 3)):
        moved = still + share * push[:, None, None] * np.array([1, 0]) + (offset, 0)
        moved[..., 1] += down * push[:, None]
        given = f"a figure that follows {share} of the push"
        given += f" and stands {offset} px to the side" if offset else ""
        if wrong := _wrong(share_followed(push.copy(), still.copy(), moved), share, given):
            return wrong
    shares = np.array([0.2, 0.4, 0.6, 1.2])
    moved = still + push[:, None, None] * shares[:, None] * np.array([1, 0])
    return _wrong(share_followed(push, still, moved), 0.6, "joints that follow 0.2, 0.4, 0.6, 1.2")


@exercise("10.5")
def exercise_10_5(where_rays_meet):
    rng = np.random.default_rng(0)
    for _ in range(3):
        X = rng.uniform(-1, 1, 3)
        cameras, places = [], []
        for angle in rng.uniform(0, 3, 2) + (0, 1.5):
            c, s = np.cos(angle), np.sin(angle)
            turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
            matrix = np.array([[500, 0, 180], [0, 500, 320], [0, 0, 1.0]])
            camera = matrix @ np.column_stack([turn, [0.1, -0.2, 4.0]])
            x = camera @ [*X, 1]
            cameras.append(camera)
            places.append(x[:2] / x[2])
        given = "two cameras that look at the same joint"
        if wrong := _wrong(where_rays_meet(*cameras, *places), X, given):
            return wrong


@exercise("10.6")
def exercise_10_6(max_marginals):
    rng = np.random.default_rng(0)
    for T in (1, 2, 6):
        unary, cost = rng.normal(size=(T, 2)), rng.uniform(0, 2, (T, 2, 2))
        right = np.full((T, 2), -np.inf)
        for states in product((0, 1), repeat=T):
            score = sum(unary[t, s] for t, s in enumerate(states))
            score -= sum(cost[t, states[t - 1], states[t]] for t in range(1, T))
            for t, s in enumerate(states):
                right[t, s] = max(right[t, s], score)
        given = f"a random chain of {T} frames"
        if wrong := _wrong(max_marginals(unary.copy(), cost.copy()), right, given):
            return wrong
