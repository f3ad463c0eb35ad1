"""Checkers of chapter 1: each takes the reader's function and says, in one line, whether it is
right.
"""

import numpy as np
from scipy.ndimage import distance_transform_edt

from tslib.distance_transform import distance_transform_numpy

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
