"""Estimates of videos by networks that never saw them: what Paper B's corrector learns from.

In one folder, where nothing is computed twice:

    fold0/ ... pretrain/               training runs (checkpoint, log) and tracks, VIDEO.npz
    fold0.safetensors ... baseline.safetensors     finished models
    estimates.npz                      joints (T, K, 2) px by the videos' names

Where a finished model has seen none of the clips, that file is all there is to make.
"""

from itertools import count
from pathlib import Path

from ..correction.training import out_of_fold
from ..errors import InputError
from ..skeletons import SKELETONS
from . import models, stages
from .config import read_config
from .data import clips_in, clips_of, flow_for, load, with_skeleton
from .evaluate import load_poses, predict_as_trained, predict_twice, reach_of, save_poses
from .processes import device_of
from .run import in_pixels, in_shares

FILE = "estimates.npz"


def estimate(config, root, output, folds=5, seed=0, device="auto", workers=0, every=200):
    """Joints of every video by a network that was not trained on it, or go on where this was stopped.

    Videos to learn from are estimated out of fold, by networks of the other folds' videos; those to test by
    the network that `train` makes in the same folder. No label of a test video has a part in any of it.

    Parameters
    ----------
    config : path of a TOML file; its [pretrain] steps are those of each network
    root : path of YouTube Pose's folder
    output : path of a folder; gets estimates.npz, and what the module says
    folds : int from 2, networks for the videos to learn from
    device, seed, workers, every : see `run.train`

    Returns accuracy in px, as metrics.table prints it. InputError where something given cannot be used.
    """
    config, output = read_config(config), Path(output)
    learn, test = clips_of(root, config)
    data = load(root, config)
    smaller = data.train + data.validation
    if not 2 <= folds <= len(smaller):
        raise InputError(f"{len(smaller)} videos cannot make {folds} folds; give a number from 2 to that.")
    options = {"seed": seed, "device": device_of(device), "workers": workers, "every": every}
    whole = {clip.name: clip for clip in learn + test}

    def trained(clips, run, name):
        model = stages.pretrain(config, clips, output / run, **options)
        models.save(output / f"{name}.safetensors", model, config, "baseline", seed)
        return model, output / run

    def predicted(estimator, clip):
        return track_of(*estimator, whole[clip.name], config.view, options["device"])

    number = count()

    def without_a_fold(clips):
        name = f"fold{next(number)}"
        return trained(clips, name, name)

    poses = out_of_fold(smaller, without_a_fold, predicted, folds)
    estimates = dict(zip([clip.name for clip in smaller], poses, strict=True))
    results = {"out of fold": (poses, [whole[clip.name] for clip in smaller])}
    if test:
        last = trained(data.train, "pretrain", "baseline")
        estimates |= {clip.name: predicted(last, clip) for clip in test}
        results["test"] = [estimates[clip.name] for clip in test], test
    save_poses(output / FILE, [whole[name] for name in estimates], list(estimates.values()))
    return in_pixels(results)


def estimate_by(path, root, output, device="auto"):
    """Joints of all clips of a folder by a finished model, which must have seen none of them.

    The model's file does not say what it was trained on, so nobody is warned here: rendered clips are new to
    it if they have another seed, and another data set is.

    path : of a model's file; root : folder of clips, see `data.clips_in`, which have all joints of the model
    output : path of a folder; gets estimates.npz
    device : see `run.train`

    In true boxes where the clips have them, else in two passes, see `evaluate.predict_twice`.

    Returns PCK, or accuracy in px, as metrics.table prints it. InputError where something cannot be used.
    """
    model, config, notes = models.load(path)
    skeleton, device = SKELETONS[config.skeleton], device_of(device)
    clips = [with_skeleton(clip, skeleton) for part in clips_in(root) for clip in part]
    if any(clip.frames is None for clip in clips):
        raise InputError(f"{root} has clips without frames, so there is nothing to estimate.")
    file = Path(output) / FILE
    file.parent.mkdir(parents=True, exist_ok=True)  # and not after minutes
    boxed = any(clip.counted.any() for clip in clips)
    if boxed:
        flow = flow_for(config, root) if reach_of(model)[1] else None
        poses = predict_as_trained(model, clips, config.view, flow, device)
    else:
        poses = predict_twice(model, clips, config.view, device)[1]
    save_poses(file, clips, poses)
    return in_shares(notes["row"], poses, clips) if boxed else in_pixels({notes["row"]: (poses, clips)})


def track_of(model, folder, clip, view, device="cpu"):
    """A video's joints (T, K, 2) px in its estimated box, float32; kept in a file of the folder."""
    file = folder / f"{clip.name}.npz"
    if not file.exists():
        save_poses(file, [clip], predict_twice(model, [clip], view, device)[1])
    (pose,) = load_poses(file, [clip])
    return pose
