"""Wrong answers that a reader is likely to give in chapter 10; the checkers must reject each."""

import numpy as np


def exercise_10_1_is_a_pixel_off(joints, width, mirrored):
    return np.column_stack([width - joints[:, 0], joints[:, 1]])[mirrored]


def exercise_10_1_keeps_the_names(joints, width, mirrored):
    return np.column_stack([width - 1 - joints[:, 0], joints[:, 1]])


def exercise_10_1_only_exchanges_the_names(joints, width, mirrored):
    return joints[mirrored]


def exercise_10_1_changes_what_it_is_given(joints, width, mirrored):
    joints[:, 0] = width - 1 - joints[:, 0]
    return joints[mirrored]


def exercise_10_2_goes_the_long_way(old, new, most):
    return old + np.clip(new - old, -most, most)


def exercise_10_2_turns_at_once(old, new, most):
    return new


def exercise_10_2_always_turns_by_most(old, new, most):
    turn = (new - old + np.pi) % (2 * np.pi) - np.pi
    return old + np.sign(turn) * most


def exercise_10_2_clips_the_angle(old, new, most):
    return np.clip(new, -most, most)


def _median(joints, present, n, before, after):
    out = np.full(joints.shape, np.nan)
    for t in range(len(joints)):
        near = slice(max(t - before, 0), t + after + 1)
        if present[near].any():
            out[t] = np.median(joints[near][present[near]], axis=0)
    return out


def exercise_10_3_counts_the_absent(joints, present, n):
    return _median(joints, np.ones(len(joints), bool), n, n // 2, n // 2)


def exercise_10_3_looks_back_only(joints, present, n):
    return _median(joints, present, n, n - 1, 0)


def exercise_10_3_forgets_the_last_frame(joints, present, n):
    return _median(joints, present, n, n // 2, n // 2 - 1)


def exercise_10_3_leaves_every_gap(joints, present, n):
    out = _median(joints, present, n, n // 2, n // 2)
    out[~present] = np.nan
    return out


def exercise_10_3_takes_the_mean(joints, present, n):
    out = np.full(joints.shape, np.nan)
    for t in range(len(joints)):
        near = slice(max(t - n // 2, 0), t + n // 2 + 1)
        if present[near].any():
            out[t] = joints[near][present[near]].mean(0)
    return out


def exercise_10_4_counts_the_offset(push, still, moved):
    way = (moved - still)[..., 0].mean(1)
    return (push * way).sum() / (push * push).sum()


def exercise_10_4_takes_the_mean_share(push, still, moved):
    way = (moved - still)[..., 0].mean(1)
    return (way / np.where(push == 0, 1, push)).mean()


def exercise_10_4_forgets_the_still_film(push, still, moved):
    way = moved[..., 0].mean(1)
    push = push - push.mean()
    return (push * (way - way.mean())).sum() / (push * push).sum()


def exercise_10_4_takes_both_axes(push, still, moved):
    way = (moved - still).mean((1, 2))
    push = push - push.mean()
    return (push * (way - way.mean())).sum() / (push * push).sum()


def exercise_10_4_is_the_correlation(push, still, moved):
    return np.corrcoef(push, (moved - still)[..., 0].mean(1))[0, 1]


def _point(P, Q, p, q):
    rows = [c[n] * m[2] - m[n] for m, c in ((P, p), (Q, q)) for n in (0, 1)]
    return np.linalg.svd(np.array(rows))


def exercise_10_5_forgets_the_scale(P, Q, p, q):
    return _point(P, Q, p, q)[2][-1][:3]


def exercise_10_5_takes_the_first_vector(P, Q, p, q):
    X = _point(P, Q, p, q)[2][0]
    return X[:3] / X[3]


def exercise_10_5_takes_a_column(P, Q, p, q):
    X = _point(P, Q, p, q)[2][:, -1]
    return X[:3] / X[3]


def exercise_10_5_exchanges_the_places(P, Q, p, q):
    X = _point(P, Q, q, p)[2][-1]
    return X[:3] / X[3]


def exercise_10_6_goes_forwards_only(unary, cost):
    score = unary.copy()
    for t in range(1, len(unary)):
        score[t] += (score[t - 1][:, None] - cost[t]).max(0)
    return score


def _both(unary, cost, best=np.max, turn=False):
    ahead, back = unary.copy(), unary.copy()
    for t in range(1, len(unary)):
        ahead[t] += best(ahead[t - 1][:, None] - cost[t], axis=0)
    for t in range(len(unary) - 2, -1, -1):
        c = cost[t + 1].T if turn else cost[t + 1]
        back[t] += best(back[t + 1][None] - c, axis=1)
    return ahead, back


def exercise_10_6_counts_a_frame_twice(unary, cost):
    ahead, back = _both(unary, cost)
    return ahead + back


def exercise_10_6_turns_the_cost_round(unary, cost):
    ahead, back = _both(unary, cost, turn=True)
    return ahead + back - unary


def exercise_10_6_sums_over_the_others(unary, cost):
    ahead, back = _both(unary, cost, best=lambda x, axis: np.log(np.exp(x).sum(axis)))
    return ahead + back - unary


def exercise_10_6_adds_the_cost(unary, cost):
    ahead, back = _both(unary, -cost)
    return ahead + back - unary
