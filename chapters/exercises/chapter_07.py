"""Checkers of chapter 7: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np

from . import exercise


def _rows(seed, N=6, K=3):
    """Tallies (N, 2, K) of two rows on the same clips, of which some count far more joints than
    others.
    """
    rng = np.random.default_rng(seed)
    counted = rng.integers(1, 40, (N, K)) * rng.integers(1, 4, (N, 1))
    return [np.stack([rng.binomial(counted, p), counted], 1) for p in (0.9, 0.6)]


@exercise("7.1")
def exercise_7_1(drawn_differences):
    for seed in range(3):
        a, b = _rows(seed)
        draws = np.random.default_rng(seed).integers(0, len(a), (5, len(a)))
        right = []
        for draw in draws:
            (h, n), (other, _) = (row[draw].sum((0, 2)) for row in (a, b))
            right.append(100 * (h - other) / n)
        answer = np.asarray(drawn_differences(a.copy(), b.copy(), draws.copy()))
        if answer.shape != (5,):
            return f"The result must have shape (5,), one number a draw; yours has {answer.shape}."
        if not np.allclose(answer, right):
            s = int(np.flatnonzero(~np.isclose(answer, right))[0])
            return (
                f"The draw {draws[s].tolist()} gives {right[s]:.2f} points, yours {answer[s]:.2f}."
            )


@exercise("7.2")
def exercise_7_2(left_over):
    rates = {
        "baseline": 77.0,
        "joint": 83.5,
        "longer": 78.5,
        "longer, messages": 82.75,
        "messages": 81.0,
    }
    for row, controls, right in (
        ("joint", ["longer", "messages"], 2.5),
        ("joint", ["longer", "messages", "longer, messages"], 0.75),
        ("longer", ["longer, messages", "baseline"], -4.25),
    ):
        answer = float(left_over(dict(rates), row, list(controls)))
        if not np.isclose(answer, right):
            given = ", ".join(f"{name} {rates[name]}" for name in controls)
            return (
                f"{row} {rates[row]} against {given}: {right:+.2f} are left, yours {answer:+.2f}."
            )


@exercise("7.3")
def exercise_7_3(matched_plan):
    for plan in (
        {"steps": 300, "batch": 6, "frames": 5, "rate": 5e-4},
        {"steps": 40, "batch": 2, "frames": 7, "rate": 1e-3, "schedule": "cosine"},
    ):
        given = dict(plan)
        answer = matched_plan(given)
        if given != plan:
            return "The plan that is given must stay as it is."
        right = plan | {"batch": plan["batch"] * plan["frames"], "frames": 1}
        for name in right:
            if name not in answer:
                return f"The control's plan has no {name!r}."
            if answer[name] != right[name]:
                return f"For {plan}, {name} must be {right[name]}, yours is {answer[name]}."
        if len(answer) != len(right):
            return (
                f"The control's plan holds {sorted(set(answer) - set(right))}, which nobody gave."
            )


@exercise("7.4")
def exercise_7_4(verdict_of):
    for low, high, margin, right in (
        (0.5, 2.0, None, "holds"),
        (-2.0, -0.5, None, "fails"),
        (-0.2, 2.4, None, "undecided"),
        (-2.4, 0.2, None, "undecided"),
        (0.0, 1.5, None, "undecided"),
        (-1.5, 0.0, None, "fails"),
        (-0.6, 0.8, 1.0, "holds"),
        (0.2, 0.8, 1.0, "holds"),
        (-0.5, 6.0, 1.0, "undecided"),
        (-6.0, -0.5, 1.0, "undecided"),
        (-6.0, 6.0, 1.0, "undecided"),
        (1.2, 2.0, 1.0, "fails"),
        (-2.0, -1.2, 1.0, "fails"),
        (-1.0, 0.5, 1.0, "holds"),
        (-0.5, 1.0, 1.0, "holds"),
        (1.0, 2.0, 1.0, "undecided"),
        (-2.0, -1.0, 1.0, "undecided"),
    ):
        answer = verdict_of(low, high, margin)
        if answer != right:
            claim = "gains" if margin is None else f"adds nothing, margin {margin}"
            return f'"{claim}" with [{low:+.1f}, {high:+.1f}] is {right!r}, yours {answer!r}.'


@exercise("7.5")
def exercise_7_5(parts_of_gain):
    rng = np.random.default_rng(3)
    for shape in ((4, 6, 3), (2, 10, 5)):
        fault = rng.choice(["", "", "", "focus", "flash"], shape[:2])
        fault[0, :3] = "", "focus", "flash"
        counted = rng.random(shape) < rng.uniform(0.3, 1, shape[:2])[..., None]
        counted[0, :3] = True
        ours, theirs = (
            rng.random(shape) < 0.9,
            rng.random(shape) < 0.6,
        )  # the uncounted ones as well
        right = {
            name: sum(
                100 * (int(ours[n, t, k]) - int(theirs[n, t, k]))
                for n, t, k in np.argwhere(counted)
                if fault[n, t] == name
            )
            / counted.sum()
            for name in ("", "focus", "flash")
        }
        answer = parts_of_gain(ours.copy(), theirs.copy(), counted.copy(), fault.copy())
        if set(answer) != set(right):
            return f"The faults are {sorted(right)}, yours are {sorted(answer)}."
        for name, value in right.items():
            if not np.isclose(float(answer[name]), value):
                total = (
                    f"their sum is to be {sum(right.values()):.2f}, yours is "
                    f"{sum(answer.values()):.2f}"
                )
                return (
                    f"The part of {name!r} is {value:.2f} points, yours {answer[name]:.2f}; "
                    f"{total}."
                )


@exercise("7.6")
def exercise_7_6(over_seeds):
    for seeds, given in ((3, 0), (5, 1)):
        pairs = [_rows(10 * given + s, N=5 + given) for s in range(seeds)]
        ours, theirs = (np.stack(rows) for rows in zip(*pairs, strict=True))
        gains = []
        for a, b in pairs:
            (h, n), (other, m) = (row.sum((0, 2)) for row in (a, b))
            gains.append(100 * (h / n - other / m))
        right = {
            "mean": float(np.mean(gains)),
            "standard error": float(np.std(gains, ddof=1) / np.sqrt(seeds)),
        }
        answer = np.asarray(over_seeds(ours.copy(), theirs.copy()), float).ravel()
        if len(answer) != 2:
            return f"It must return two numbers, yours returns {len(answer)}."
        for (name, value), found in zip(right.items(), answer, strict=True):
            if not np.isclose(found, value, rtol=1e-4):
                shown = ", ".join(f"{gain:.2f}" for gain in gains)
                return (
                    f"Of the differences {shown} the {name} is {value:.3f}, yours is {found:.3f}."
                )
