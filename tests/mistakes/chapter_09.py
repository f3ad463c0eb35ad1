"""Wrong answers that a reader is likely to give in chapter 8; the checkers must reject each."""

import numpy as np


def exercise_8_1_forgets_the_bias(message, bias):
    return np.broadcast_to(message.argmax(0), (bias.shape[1], *message.shape[1:]))


def exercise_8_1_asks_the_parents_types(message, bias):
    offers = message[:, None] + bias[..., None, None]
    return np.broadcast_to(offers.max(0).argmax(0), (bias.shape[1], *message.shape[1:]))


def exercise_8_2_does_not_pair(ours, theirs):
    points = ours.mean() - theirs.mean()
    error = np.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs))
    return points, error, points > 0 and points >= 2 * error


def exercise_8_2_takes_the_spread_for_the_error(ours, theirs):
    change = ours - theirs
    return change.mean(), change.std(ddof=1), change.mean() > 0


def exercise_8_2_divides_by_all_videos(ours, theirs):
    change = ours - theirs
    error = change.std() / np.sqrt(len(change))
    return change.mean(), error, change.mean() >= 2 * error


def exercise_8_2_calls_a_sure_loss_a_gain(ours, theirs):
    change = ours - theirs
    error = change.std(ddof=1) / np.sqrt(len(change))
    return change.mean(), error, abs(change.mean()) >= 2 * error


def exercise_8_3_deals_out_clips(names, video_of, folds):
    return [n % folds for n in range(len(names))]


def exercise_8_3_keeps_neighbours_together(names, video_of, folds):
    videos = sorted({video_of(name) for name in names})
    size = len(videos) // folds
    return [min(videos.index(video_of(name)) // size, folds - 1) for name in names]


def exercise_8_3_leaves_it_to_chance(names, video_of, folds):
    draw = np.random.default_rng(1)
    fold = {
        video: int(draw.integers(folds)) for video in sorted({video_of(name) for name in names})
    }
    return [fold[video_of(name)] for name in names]


def exercise_8_4_watches_the_corrector_alone(estimators, learnt, tested):
    return learnt & tested


def exercise_8_4_forgets_what_trains_the_corrector(estimators, learnt, tested):
    return learnt & tested | {v for seen, made in estimators for v in seen & made & tested}


def exercise_8_4_counts_what_nobody_uses(estimators, learnt, tested):
    return learnt & tested | {v for seen, made in estimators for v in seen & made}


def exercise_8_5_measures_each_frame_by_itself(error, left, right):
    return error / np.linalg.norm(left - right, axis=-1)[:, None]


def exercise_8_5_takes_the_mean(error, left, right):
    return error / np.linalg.norm(left - right, axis=-1).mean()


def exercise_8_6_looks_at_what_it_learns_from(seen, held_out):
    return max(seen, key=seen.get)


def exercise_8_6_never_stops_before_it_starts(seen, held_out):
    return max(held_out, key=held_out.get)


def exercise_8_6_takes_the_last_of_equals(seen, held_out):
    best = max([*held_out.values(), 0])
    return max(n for n, v in held_out.items() if v == best) if best > 0 else 0
