"""Wrong answers that a reader is likely to give in chapter 9; the checkers must reject each."""

import numpy as np


def exercise_9_1_forgets_the_bias(message, bias):
    return np.broadcast_to(message.argmax(0), (bias.shape[1], *message.shape[1:]))


def exercise_9_1_asks_the_parents_types(message, bias):
    offers = message[:, None] + bias[..., None, None]
    return np.broadcast_to(offers.max(0).argmax(0), (bias.shape[1], *message.shape[1:]))


def exercise_9_2_does_not_pair(ours, theirs):
    points = ours.mean() - theirs.mean()
    error = np.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs))
    return points, error, points > 0 and points >= 2 * error


def exercise_9_2_takes_the_spread_for_the_error(ours, theirs):
    change = ours - theirs
    return change.mean(), change.std(ddof=1), change.mean() > 0


def exercise_9_2_divides_by_all_videos(ours, theirs):
    change = ours - theirs
    error = change.std() / np.sqrt(len(change))
    return change.mean(), error, change.mean() >= 2 * error


def exercise_9_2_calls_a_sure_loss_a_gain(ours, theirs):
    change = ours - theirs
    error = change.std(ddof=1) / np.sqrt(len(change))
    return change.mean(), error, abs(change.mean()) >= 2 * error


def exercise_9_3_deals_out_clips(names, video_of, folds):
    return [n % folds for n in range(len(names))]


def exercise_9_3_keeps_neighbours_together(names, video_of, folds):
    videos = sorted({video_of(name) for name in names})
    size = len(videos) // folds
    return [min(videos.index(video_of(name)) // size, folds - 1) for name in names]


def exercise_9_3_leaves_it_to_chance(names, video_of, folds):
    draw = np.random.default_rng(1)
    fold = {
        video: int(draw.integers(folds)) for video in sorted({video_of(name) for name in names})
    }
    return [fold[video_of(name)] for name in names]


def exercise_9_4_watches_the_corrector_alone(estimators, learnt, tested):
    return learnt & tested


def exercise_9_4_forgets_what_trains_the_corrector(estimators, learnt, tested):
    return learnt & tested | {v for seen, made in estimators for v in seen & made & tested}


def exercise_9_4_counts_what_nobody_uses(estimators, learnt, tested):
    return learnt & tested | {v for seen, made in estimators for v in seen & made}


def exercise_9_5_measures_each_frame_by_itself(error, left, right):
    return error / np.linalg.norm(left - right, axis=-1)[:, None]


def exercise_9_5_takes_the_mean(error, left, right):
    return error / np.linalg.norm(left - right, axis=-1).mean()


def exercise_9_6_looks_at_what_it_learns_from(seen, held_out):
    return max(seen, key=seen.get)


def exercise_9_6_never_stops_before_it_starts(seen, held_out):
    return max(held_out, key=held_out.get)


def exercise_9_6_takes_the_last_of_equals(seen, held_out):
    best = max([*held_out.values(), 0])
    return max(n for n, v in held_out.items() if v == best) if best > 0 else 0


def exercise_9_1_takes_the_bias_off(message, bias):
    return (message[:, None] - bias[..., None, None]).argmax(0)


def exercise_9_1_takes_the_worst(message, bias):
    return (message[:, None] + bias[..., None, None]).argmin(0)


def exercise_9_1_counts_types_from_one(message, bias):
    return (message[:, None] + bias[..., None, None]).argmax(0) + 1


def exercise_9_2_is_content_with_one_error(ours, theirs):
    change = ours - theirs
    error = change.std(ddof=1) / np.sqrt(len(change))
    return change.mean(), error, change.mean() >= error


def exercise_9_2_calls_no_change_a_gain(ours, theirs):
    change = ours - theirs
    error = change.std(ddof=1) / np.sqrt(len(change))
    return change.mean(), error, change.mean() >= 2 * error


def exercise_9_2_asks_for_three_errors(ours, theirs):
    change = ours - theirs
    error = change.std(ddof=1) / np.sqrt(len(change))
    return change.mean(), error, change.mean() > 3 * error


def exercise_9_2_takes_the_median(ours, theirs):
    change = ours - theirs
    error = change.std(ddof=1) / np.sqrt(len(change))
    return np.median(change), error, np.median(change) >= 2 * error


def exercise_9_3_rounds_blocks_up(names, video_of, folds):
    videos = sorted({video_of(name) for name in names})
    size = -(-len(videos) // folds)
    return [videos.index(video_of(name)) // size for name in names]


def exercise_9_3_counts_from_one(names, video_of, folds):
    videos = sorted({video_of(name) for name in names})
    return [videos.index(video_of(name)) % folds + 1 for name in names]


def exercise_9_4_forgets_what_is_tested(estimators, learnt, tested):
    return learnt & tested | {v for seen, made in estimators for v in seen & made & learnt}


def exercise_9_4_forgets_the_corrector(estimators, learnt, tested):
    return {v for seen, made in estimators for v in seen & made & (learnt | tested)}


def exercise_9_5_takes_the_largest(error, left, right):
    return error / np.linalg.norm(left - right, axis=-1).max()


def exercise_9_5_takes_the_first_frame(error, left, right):
    return error / np.linalg.norm(left - right, axis=-1)[0]


def exercise_9_5_multiplies(error, left, right):
    return error * np.median(np.linalg.norm(left - right, axis=-1))


def exercise_9_6_takes_the_worst(seen, held_out):
    tried = {0: 0.0} | held_out
    return min(sorted(tried), key=tried.get)


def exercise_9_6_returns_the_gain(seen, held_out):
    return max(0.0, *held_out.values())


def exercise_9_7_takes_the_first_difference(track):
    return np.linalg.norm(np.diff(track, axis=0), axis=-1).mean()


def exercise_9_7_takes_steps_of_two(track):
    return np.linalg.norm(track[2:] - track[:-2], axis=-1).mean()


def exercise_9_7_adds_the_coordinates(track):
    return np.abs(np.diff(track, 2, axis=0)).sum(-1).mean()


def exercise_9_7_goes_along_the_joints(track):
    return np.linalg.norm(np.diff(track, 2, axis=1), axis=-1).sum() / track[2:, :, 0].size


def exercise_9_7_squares(track):
    return np.sqrt(np.square(np.diff(track, 2, axis=0)).sum(-1).mean())


def exercise_9_8_chooses_where_it_reports(first, second):
    best = max(second, key=lambda name: second[name].mean())
    return best, second[best].mean()


def exercise_9_8_reports_where_it_chose(first, second):
    best = max(first, key=lambda name: first[name].mean())
    return best, first[best].mean()


def exercise_9_8_is_led_by_one_video(first, second):
    best = max(first, key=lambda name: first[name].max())
    return best, second[best].mean()


def exercise_9_8_mixes_all_videos(first, second):
    mean = {name: np.concatenate([first[name], second[name]]).mean() for name in first}
    best = max(mean, key=mean.get)
    return best, mean[best]


def exercise_9_8_takes_the_median(first, second):
    best = max(first, key=lambda name: first[name].mean())
    return best, np.median(second[best])
