"""Estimates of videos by estimators that never saw them: what Paper B's corrector learns from.

In one folder, where nothing is computed twice:

    fold0/ ... pretrain/               training runs (checkpoint, log) and tracks, VIDEO.npz
    fold0.safetensors ... baseline.safetensors     finished models
    estimates.npz                      joints (T, K, 2) px by the videos' names

or, of mixtures of parts, in place of all runs and models

    parts/                             fold0.safetensors ... all.safetensors, tracks, and of what
                                       they are

Where a finished model has seen none of the clips, estimates.npz is all there is to make.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from tslib import metrics
from tslib.clip import Clip
from tslib.errors import InputError
from tslib.skeletons import SKELETONS
from tslib.slices import View
from tslib.training import stages
from tslib.training.data import flow_for
from tslib.training.evaluate import Poses, frames_and_span, in_shares, predict_as_trained
from tslib.training.models import load_model, save_model
from tslib.training.processes import device_of

from .clips import clips_in, is_jhmdb, still_box, with_box, with_skeleton
from .comparison import tallies_in_pixels
from .mixture_of_parts import MixtureOfParts, Settings, load_parts, save_parts
from .poses import frames_of, kept, read_estimates, write_estimates
from .records import claim
from .spatial_fusion import FusionConfig, load_videos, predict_twice, read_fusion_config

_PIXELS = (10, 20, 40)
FILE = "estimates.npz"


def out_of_fold(
    clips: Sequence[Clip],
    train: Callable[[list[Clip]], Any],
    predict: Callable[[Any, Clip], Any],
    folds: int = 5,
    group: Callable[[str], str] | None = None,
) -> list[Any]:
    """Estimates for training a corrector, each from an estimator that never saw its clip.

    On the clips that an estimator was trained on it errs less, and otherwise, than on new ones; a
    corrector that learns from such estimates learns to correct errors that nobody will make.

    Parameters
    ----------
    train : function of clips -> estimator
    predict : function (estimator, clip) -> estimates, such as (T, K, 2) px
    folds : as many estimators are trained
    group : function of a clip's name -> what must stay together, such as the video that several
        clips are cut from; the name itself by default

    Returns the estimates in the order of the clips. ValueError for fewer groups than folds.
    """
    groups = [group(clip.name) if group else clip.name for clip in clips]
    fold_of = {name: n % folds for n, name in enumerate(sorted(set(groups)))}
    if not 2 <= folds <= len(fold_of):
        raise ValueError(
            f"there are {len(fold_of)} groups for {folds} folds; folds must be from 2 to that."
        )
    estimates: list[Any] = [None] * len(clips)
    for fold in range(folds):
        held_out = [fold_of[name] == fold for name in groups]
        estimator = train([clip for clip, out in zip(clips, held_out, strict=True) if not out])
        for n, out in enumerate(held_out):
            if out:
                estimates[n] = predict(estimator, clips[n])
    return estimates


def estimate(
    config: Path | str,
    root: Path | str,
    output: Path | str,
    folds: int = 5,
    seed: int = 0,
    device: str = "auto",
    workers: int = 0,
    every: int = 200,
) -> pd.DataFrame:
    """Joints of every video by a network that was not trained on it, or go on where this was
    stopped.

    Videos to learn from are estimated out of fold, by networks of the other folds' videos; those to
    test by one network of all of them, baseline.safetensors. No label of a test video has a part
    in any of it.

    Parameters
    ----------
    config : path of a TOML file; its [pretrain] steps are those of each network
    root : path of YouTube Pose's folder
    output : path of a folder; gets estimates.npz, and what the module says
    folds : from 2, networks for the videos to learn from
    device, seed, workers, every : see `run.train`

    Returns accuracy in px, of the videos to test also that of a first pass over whole frames, as
    metrics.table prints it. InputError where something given cannot be used.
    """
    settings, output = read_fusion_config(config), Path(output)
    learn, test = clips_in(root, settings.skeleton)
    data = load_videos(root, settings)
    smaller = data.train + data.validation
    _check_folds(folds, smaller)
    options: dict[str, Any] = {"seed": seed, "workers": workers, "every": every}
    options["device"] = device_of(device)
    whole = {clip.name: clip for clip in learn + test}

    def trained(clips: list[Clip], run: str, name: str) -> tuple[Any, Path]:
        model = stages.pretrain(settings, clips, output / run, **options)
        save_model(output / f"{name}.safetensors", model, settings, "baseline", seed)
        return model, output / run

    def predicted(estimator: tuple[Any, Path], clip: Clip) -> tuple[np.ndarray, np.ndarray]:
        return tracks_of(*estimator, whole[clip.name], settings.view, options["device"])

    number = count()

    def without_a_fold(clips: list[Clip]) -> tuple[Any, Path]:
        name = f"fold{next(number)}"
        return trained(clips, name, name)

    poses = [boxed for _, boxed in out_of_fold(smaller, without_a_fold, predicted, folds)]
    estimates = dict(zip([clip.name for clip in smaller], poses, strict=True))
    results = {"out of fold": (poses, [whole[clip.name] for clip in smaller])}
    if test:
        last = trained(data.train, "pretrain", "baseline")
        first, boxed = zip(*(predicted(last, clip) for clip in test), strict=True)
        estimates |= dict(zip([clip.name for clip in test], boxed, strict=True))
        results |= {"test, whole frame": ([*first], test), "test": ([*boxed], test)}
    write_estimates(output / FILE, [whole[name] for name in estimates], estimates.values())
    return in_pixels(results)


def estimate_by(
    path: Path | str, root: Path | str, output: Path | str, device: str = "auto"
) -> pd.DataFrame:
    """Joints of all clips of a folder by a finished model, which must have seen none of them.

    The model's file does not say what it was trained on, so nobody is warned here: rendered clips
    are new to it if they have another seed, and another data set is.

    path : of a model's file; root : folder of clips, see `clips.clips_in`, which have all joints of
        the model
    output : path of a folder; gets estimates.npz
    device : see `run.train`

    In true boxes where the clips have them, else in two passes, see `predict_twice`.

    Returns PCK, or accuracy in px, as metrics.table prints it. InputError where something cannot be
    used.
    """
    model, config, notes = load_model(path, FusionConfig)
    skeleton, where = SKELETONS[config.skeleton], device_of(device)
    clips = [with_skeleton(clip, skeleton) for part in clips_in(root) for clip in part]
    for clip in clips:
        frames_of(clip)  # and not after minutes
    file = Path(output) / FILE
    file.parent.mkdir(parents=True, exist_ok=True)  # and not after minutes
    boxed = any(clip.counted.any() for clip in clips)
    if boxed:
        flow = flow_for(config, root) if frames_and_span(model)[1] else None
        poses = predict_as_trained(model, clips, config.view, flow, where)
    else:
        poses = predict_twice(model, clips, config.view, where)[1]
    write_estimates(file, clips, poses)
    row = notes["row"]
    return in_shares(row, poses, clips) if boxed else in_pixels({row: (poses, clips)})


def estimate_by_parts(
    root: Path | str,
    output: Path | str,
    folds: int = 5,
    boxes: Path | str | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Joints of all clips of a folder by mixtures of parts, each clip by one that was not trained
    on it.

    Clips to learn from are estimated out of fold, those to test by a mixture of all clips to learn
    from. Clips that JHMDB has cut from one video stay in one fold.

    root : folder of clips, see `clips.clips_in`
    output : path of a folder; gets estimates.npz, and what the module says
    folds : int from 2
    boxes : path of another estimator's estimates.npz, of clips without boxes: each is searched in
        one box around where that estimator has the person (`clips.still_box`), and learnt from in
        one around the truth
    seed : of `mixture_of_parts.Settings`

    Returns PCK, or accuracy in px, as metrics.table prints it. InputError where something cannot be
    used.
    """
    learn, test = clips_in(root)
    boxed = any(clip.counted.any() for clip in learn + test)
    if boxed and boxes is not None:
        raise InputError(f"the clips in {root} have boxes, so --boxes must be left out.")
    if not boxed and boxes is None:
        raise InputError(f"the clips in {root} have no boxes; give --boxes, a network's estimates.")
    for clip in learn + test:
        frames_of(clip)
    group = video_of if is_jhmdb(root) else None
    _check_folds(folds, {group(clip.name) for clip in learn} if group else learn)
    searched = {clip.name: clip for clip in learn + test}
    if boxes is not None:
        tracks = read_estimates(boxes, learn + test)
        searched = {
            name: with_box(clip, still_box(tracks[name])) for name, clip in searched.items()
        }
        learn = [with_box(clip, still_box(clip.joints)) for clip in learn]
    folder, number = Path(output) / "parts", count()
    around = [(c.name, c.joints.tolist(), searched[c.name].box.tolist()) for c in learn + test]
    of: dict[str, Any] = {
        "root": str(Path(root).resolve()),
        "folds": folds,
        "seed": seed,
        "learn": len(learn),
    }
    of["sha256"] = hashlib.sha256(repr(around).encode()).hexdigest()
    claim(folder / "inputs.json", json.dumps(of).encode())

    def trained(clips: list[Clip], name: str) -> MixtureOfParts:
        file = folder / f"{name}.safetensors"
        if not file.exists():
            save_parts(MixtureOfParts(clips[0].skeleton, Settings(seed=seed)).fit(clips), file)
        return load_parts(file)

    def predicted(estimator: MixtureOfParts, clip: Clip) -> np.ndarray:
        return _kept(folder, clip, lambda: estimator.estimate(searched[clip.name])[0])

    poses = out_of_fold(
        learn, lambda clips: trained(clips, f"fold{next(number)}"), predicted, folds, group
    )
    results = {"out of fold": (poses, learn)}
    if test:
        last = trained(learn, "all")
        results["test"] = [predicted(last, clip) for clip in test], test
    poses = [pose for part, _ in results.values() for pose in part]
    clips = [clip for _, part in results.values() for clip in part]
    write_estimates(Path(output) / FILE, clips, poses)
    return in_shares("mixture of parts", poses, clips) if boxed else in_pixels(results)


def _check_folds(folds: int, clips: Collection) -> None:
    """clips : or the videos that they were cut from"""
    if len(clips) < 2:
        raise InputError(
            f"there are {len(clips)} videos to learn from; estimates out of fold need two or more."
        )
    if not 2 <= folds <= len(clips):
        raise InputError(
            f"{len(clips)} videos cannot make {folds} folds; give a number from 2 to that."
        )


def tracks_of(
    model: Any, folder: Path, clip: Clip, view: View, device: torch.device | str = "cpu"
) -> tuple[np.ndarray, np.ndarray]:
    """A video's joints (T, K, 2) px, float32, in whole frames and in its estimated box; kept in
    files of the folder.
    """

    @cache
    def twice() -> tuple[Poses, Poses]:
        return predict_twice(model, [clip], view, device)

    first = _kept(folder / "whole", clip, lambda: twice()[0][0])
    return first, _kept(folder, clip, lambda: twice()[1][0])


def in_pixels(results: Mapping[str, tuple[Poses, Sequence[Clip]]]) -> pd.DataFrame:
    """Accuracy within 10, 20 and 40 px of {name: (poses, clips)}, as metrics.table prints it."""
    rows: dict[str, np.ndarray] = {}
    for name, (poses, clips) in results.items():
        counts = tallies_in_pixels(poses, clips, _PIXELS).sum(0)
        rows |= {f"{name} @{d} px": count for d, count in zip(_PIXELS, counts, strict=True)}
    return metrics.table(rows, clips[0].skeleton)


def _kept(folder: Path, clip: Clip, predict: Callable[[], np.ndarray]) -> np.ndarray:
    """A clip's joints from its own file of a folder, predicted where it is not there yet."""
    (pose,) = kept(folder / f"{clip.name}.npz", [clip], lambda: [predict()])
    return pose


def video_of(name: str) -> str:
    """The video that a clip, ACTION/CLIP, was cut from; several may be cut from one."""
    action, clip = name.split("/")
    return clip.rpartition(f"_{action}_")[0] or clip
