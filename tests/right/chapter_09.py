"""Right answers to the exercises of chapter 9 in other styles; the checkers must accept each."""

import statistics

import numpy as np
import torch


def exercise_9_1_as_tensors(message, bias):
    offers = torch.from_numpy(message)[:, None] + torch.from_numpy(bias)[:, :, None, None]
    return offers.max(0).indices


def exercise_9_1_as_a_list(message, bias):
    return [(message + column[:, None, None]).argmax(0).tolist() for column in bias.T]


def exercise_9_1_in_a_flipped_view(message, bias):
    offers = message[:, None] + bias[..., None, None]
    return offers[..., ::-1].argmax(0)[..., ::-1].astype(np.float32)


def exercise_9_2_with_statistics(ours, theirs):
    change = (ours - theirs).tolist()
    points, error = statistics.mean(change), statistics.stdev(change) / len(change) ** 0.5
    return [points, error, points > 0 and points >= 2 * error]


def exercise_9_2_stacked(ours, theirs):
    change = ours - theirs
    error = change.std(ddof=1) / np.sqrt(len(change))
    return np.array([change.mean(), error, change.mean() >= max(2 * error, 1e-9)])


def exercise_9_2_in_float32(ours, theirs):
    change = torch.from_numpy(ours).float() - torch.from_numpy(theirs).float()
    error = change.std() / len(change) ** 0.5
    return change.mean(), error, change.mean() > 2 * error


def exercise_9_3_by_first_sight(names, video_of, folds):
    number = {}
    for name in names:
        number.setdefault(video_of(name), len(number))
    return np.array([number[video_of(name)] % folds for name in names])


def exercise_9_3_even_blocks(names, video_of, folds):
    videos = sorted({video_of(name) for name in names})
    blocks = np.array_split(np.arange(len(videos)), folds)
    fold = {videos[v]: f for f, block in enumerate(blocks) for v in block}
    return torch.tensor([fold[video_of(name)] for name in names])


def exercise_9_3_shuffled_videos(names, video_of, folds):
    videos = sorted({video_of(name) for name in names})
    order = np.random.default_rng(3).permutation(len(videos))
    return [int(order[videos.index(video_of(name))]) % folds for name in names]


def exercise_9_4_by_loops(estimators, learnt, tested):
    found = [v for v in learnt if v in tested]
    for seen, made in estimators:
        for video in seen:
            if video in made and (video in learnt or video in tested):
                found.append(video)
    return found


def exercise_9_4_with_methods(estimators, learnt, tested):
    used = learnt.union(tested)
    leaky = (seen.intersection(made, used) for seen, made in estimators)
    return frozenset(learnt.intersection(tested).union(*leaky))


def exercise_9_4_as_a_tuple(estimators, learnt, tested):
    both = set().union(*(seen & made for seen, made in estimators))
    return tuple(sorted((both & (learnt | tested)) | (learnt & tested)))


def exercise_9_5_by_a_quantile(error, left, right):
    width = np.quantile(np.hypot(*(left - right).T), 0.7)
    return (error / width).tolist()


def exercise_9_5_leaves_the_odd_out(error, left, right):
    width = np.linalg.norm(left - right, axis=1)
    usual = np.median(width)
    return error / width[np.abs(width - usual) < 0.5 * usual].mean()


def exercise_9_5_in_float32(error, left, right):
    width = (torch.from_numpy(left) - torch.from_numpy(right)).float().norm(dim=1).median()
    return torch.from_numpy(error).float() / width


def exercise_9_6_by_a_loop(seen, held_out):
    best, points = 0, 0.0
    for steps in sorted(held_out):
        if held_out[steps] > points:
            best, points = steps, held_out[steps]
    return best


def exercise_9_6_by_arg_max(seen, held_out):
    steps = np.array([0, *sorted(held_out)])
    return steps[np.argmax([held_out.get(n, 0.0) for n in steps.tolist()])]


def exercise_9_6_by_pairs(seen, held_out):
    return -max((points, -steps) for steps, points in [(0, 0.0), *held_out.items()])[1]


def exercise_9_7_by_slices(track):
    bend = track[2:] - 2 * track[1:-1] + track[:-2]
    return np.hypot(bend[..., 0], bend[..., 1]).mean()


def exercise_9_7_as_a_tensor(track):
    return torch.from_numpy(track).float().diff(n=2, dim=0).norm(dim=-1).mean()


def exercise_9_7_by_loops(track):
    lengths = []
    for before, here, after in zip(track, track[1:], track[2:], strict=False):
        lengths += [
            float(np.linalg.norm(a - 2 * b + c))
            for a, b, c in zip(after, here, before, strict=True)
        ]
    return sum(lengths) / len(lengths)


def exercise_9_8_by_arg_max(first, second):
    names = list(first)
    best = names[int(np.argmax([first[name].mean() for name in names]))]
    return [best, second[best].mean()]


def exercise_9_8_by_sorting(first, second):
    ranked = sorted(first, key=lambda name: first[name].sum())
    return ranked[-1], float(np.average(second[ranked[-1]]))


def exercise_9_8_with_pandas(first, second):
    import pandas as pd

    best = pd.DataFrame(first).mean().idxmax()
    return best, torch.tensor(second[best]).mean()
