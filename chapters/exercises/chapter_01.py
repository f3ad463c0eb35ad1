"""Checkers of chapter 1: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np
from scipy.ndimage import distance_transform_edt

from tslib.distance_transform import distance_transform_numpy
from tslib.distance_transform.reference import envelope

from . import exercise


@exercise("1.1")
def exercise_1_1(spring_from_weights):
    for a, mu in ((0.01, 0.0), (0.5, 3.0), (2.0, -1.25)):
        w1, w2 = 2 * a * mu, -a
        answer = spring_from_weights(w1, w2)
        if np.shape(answer) != (2,) or not np.allclose(answer, (a, mu)):
            return f"For w1 = {w1}, w2 = {w2} the pair (a, mu) is ({a}, {mu}), yours is {answer}."


@exercise("1.2")
def exercise_1_2(message_back):
    elbow = np.zeros((9, 14))
    elbow[2, 3] = 1.0
    for rest in np.array([[6.0, 3.0], [4.0, 0.0], [-2.5, 5.0]]):
        answer = np.asarray(message_back(elbow.copy(), np.array([0.1, 0.2]), rest.copy()))
        right = distance_transform_numpy(elbow, (0.1, 0.2), -rest)[0]
        if answer.shape != right.shape:
            return f"The message must have shape {right.shape}, yours has {answer.shape}."
        if not np.allclose(answer, right):
            best, yours = (divmod(int(m.argmax()), 14)[::-1] for m in (right, answer))
            return (
                f"Elbow at (3, 2), rest {rest.tolist()}: the wrist is best at {best}, yours "
                f"at {yours}."
            )


@exercise("1.3")
def exercise_1_3(distance_in_millimetres):
    rng = np.random.default_rng(3)
    for width, height in ((1, 1), (2, 1), (1.5, 4.0)):
        feature = rng.random((11, 17)) < 0.06
        answer = np.asarray(distance_in_millimetres(feature.copy(), width, height))
        right = distance_transform_edt(~feature, sampling=(height, width))
        if answer.shape != right.shape:
            return f"The distances must have shape {right.shape}, yours have {answer.shape}."
        if not np.allclose(answer, right):
            y, x = np.argwhere(~np.isclose(answer, right))[0]
            pixels = f"With pixels {width} wide and {height} high"
            return (
                f"{pixels} the cell (x={x}, y={y}) is {right[y, x]:.3f} away, yours "
                f"{answer[y, x]:.3f}."
            )


@exercise("1.4")
def exercise_1_4(compose):
    rng = np.random.default_rng(4)
    for H, W in ((7, 7), (5, 9), (8, 3)):
        score, stiffness, rest = rng.normal(size=(H, W)), (0.3, 0.2), (1.3, -0.6)
        stretch_y, stretch_x = (np.subtract.outer(np.arange(n), np.arange(n)) for n in (H, W))
        down = (
            score[:, None, :] - stiffness[1] * (stretch_y[:, :, None] - rest[1]) ** 2
        )  # (q_y, p_y, x)
        row_first = down.argmax(0)
        then = (
            down.max(0)[:, :, None] - stiffness[0] * (stretch_x - rest[0]) ** 2
        )  # (p_y, q_x, p_x)
        column_then = then.argmax(1)
        answer = np.asarray(compose(row_first.copy(), column_then.copy()))
        right = distance_transform_numpy(score, stiffness, rest)[1]
        if answer.shape != right.shape:
            return f"The sources must have shape {right.shape}, yours have {answer.shape}."
        if not np.array_equal(answer, right):
            y, x = np.argwhere(answer != right)[0]
            cell = f"On a random {H} x {W} map, cell (x={x}, y={y})"
            return f"{cell} is served by {right[y, x]}, yours says {answer[y, x]}."


@exercise("1.5")
def exercise_1_5(window_radius):
    cases = [([0.0, 1.0, 0.3], 0.01, 10), ([-1.0, 2.0], 1.0, 1), ([0.7, 0.7, 0.7], 0.5, 0)]
    cases += [([5.0, 9.0, 5.0], 1.0, 2), ([0.0, 1.0], 4.0, 0)]
    for score, stiffness, right in cases:
        answer = window_radius(np.array(score), stiffness)
        if answer != right:
            return (
                f"For scores {score} and stiffness {stiffness} it is {right}, yours says {answer}."
            )


@exercise("1.6")
def exercise_1_6(best_pair):
    rng = np.random.default_rng(6)
    for H, W in ((7, 12), (11, 5)):
        elbow, wrist = rng.random((2, H, W))
        message, source = distance_transform_numpy(wrist, (0.05, 0.08), (2.0, 1.0))
        best = int((elbow + message).argmax())
        right = [divmod(place, W)[::-1] for place in (best, int(source.flat[best]))]
        answer = np.asarray(best_pair(elbow.copy(), message.copy(), source.copy()))
        if answer.shape != (2, 2):
            return f"It must be two places (x, y), yours has shape {answer.shape}."
        if not np.array_equal(answer, right):
            return (
                f"On a random {H} x {W} map the elbow is at {right[0]} and the wrist at "
                f"{right[1]}, yours are at {answer.tolist()}."
            )


@exercise("1.7")
def exercise_1_7(wins_somewhere):
    rng = np.random.default_rng(7)
    cases = [
        ("the row of section 1.3", np.array([0.0, 3, 0, 0, 2]), 1.0),
        ("equal scores", np.zeros(6), 0.5),
        ("a cell that touches the envelope in one point", np.array([0.0, -1, 0]), 1.0),
        ("a single cell", np.array([2.0]), 1.0),
    ]
    cases += [("random scores", rng.normal(size=25), a) for a in (0.02, 0.2, 2.0)]
    for kind, score, stiffness in cases:
        right = np.isin(np.arange(len(score)), envelope(score.tolist(), stiffness)[0])
        answer = np.asarray(wins_somewhere(score.copy(), stiffness))
        if answer.shape != right.shape:
            return f"It must have shape {right.shape}, yours has {answer.shape}."
        if not np.array_equal(answer.astype(bool), right):
            q = int(np.flatnonzero(answer.astype(bool) != right)[0])
            said = "wins somewhere" if right[q] else "wins nowhere, or in one point only"
            return f"With {kind} and stiffness {stiffness}, cell {q} {said}; yours says otherwise."
