"""Methods on the tracks of several estimators, each fitted and applied when asked for.

Everything that was computed lies in one folder and is not computed again:

    ESTIMATOR/inputs.json                        what it was computed from; anything else is refused
    ESTIMATOR/attention seed0.safetensors        trained networks, see save_corrector
    ESTIMATOR/attention seed0.npz                corrected tracks of the test clips, px
    ESTIMATOR/attention seed0 on OTHER.npz       the same network on the tracks of another estimator
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tslib.correction.controls import Identity, MedianFilter, Offset, OneEuro, SavitzkyGolay
from tslib.correction.corrector import Corrector, load_corrector, save_corrector
from tslib.correction.model import PoseCorrector
from tslib.correction.networks import BiLSTM, FrameMLP, TemporalMLP
from tslib.correction.training import CorrectorPlan
from tslib.errors import InputError
from tslib.files import claim, is_plain
from tslib.training.evaluate import tallies, tallies_in_pixels

from ..poses import load_poses, save_poses

INPUT, ATTENTION = "identity", "attention"
FILTERS = {
    "median, 3 frames": lambda: MedianFilter(3),
    "median, 5 frames": lambda: MedianFilter(5),
    "Savitzky-Golay": SavitzkyGolay,
    "One-Euro": OneEuro,
}
SIMPLE = {INPUT: Identity, "constant offset": Offset, **FILTERS}
HIDDEN = 64
NETWORKS = {
    "MLP, frame by frame": lambda K, T: FrameMLP(K, HIDDEN, residual=True),
    "temporal MLP": lambda K, T: TemporalMLP(K, T, HIDDEN, residual=True),
    "bi-LSTM": lambda K, T: BiLSTM(K, HIDDEN, residual=True),
    ATTENTION: lambda K, T: PoseCorrector(K, hidden=HIDDEN),
    "attention, residual": lambda K, T: PoseCorrector(K, hidden=HIDDEN, residual=True),
    "library attention": lambda K, T: PoseCorrector(K, "library", HIDDEN),
}  # of K joints, for windows of T frames
METHODS = (*SIMPLE, *NETWORKS)
LENGTH, STRIDE = 10, 2  # frames; so clips of 20 make six windows
UNIT = "body"  # people are also seen from the side
PLAN = CorrectorPlan(steps=1200, beta=0.03)
FINE = replace(PLAN, steps=300, rate=1e-3)  # of a network that was trained on another data set
SHARES, PIXELS = np.arange(51) / 100, np.arange(51)


class Runs:
    """The methods of Paper B's tables on clips with truth.

    train, test : lists of Clip, of one skeleton
    estimates : {estimator: {clip's name: (T, K, 2) px}}; of the training clips by networks that saw
    none
    folder : path for what is computed
    start : folder of such runs on another data set, of estimators with the same names, whose
        networks are trained further; None: all are trained from nothing
    plan : CorrectorPlan of all networks

    Attributes: skeleton; boxed, whether clips have boxes, and accuracy is PCK, or is within px;
    main and other: the thresholds that are reported.

    InputError for estimates that do not fit, or a folder that holds runs on others.
    """

    def __init__(self, train, test, estimates, folder, start=None, plan=None):
        self.train, self.test, self.estimates = train, test, estimates
        self.folder, self.start = Path(folder), start and Path(start)
        self.plan = plan or (FINE if start else PLAN)
        self.skeleton = test[0].skeleton
        self.boxed = any(clip.counted.any() for clip in test)
        self.main, *self.other = (0.2, 0.1, 0.05) if self.boxed else (20, 10, 40)
        for estimator in estimates:
            self._claim(estimator)

    def fitted(self, method, estimator, seed, length=LENGTH):
        """A method that has learnt from an estimator's tracks of the training clips, if it learns."""
        tracks = [self.estimates[estimator][clip.name] for clip in self.train]
        truths = [np.where(clip.visible[..., None], clip.joints, np.nan) for clip in self.train]
        if method in SIMPLE:
            simple = SIMPLE[method]
            return (simple(self.skeleton, UNIT) if simple is Offset else simple()).fit(
                tracks, truths
            )
        name = f"{method} seed{seed}{_label('length', length, LENGTH)}.safetensors"
        file = self.folder / estimator / name
        if file.exists():
            return load_corrector(file)
        torch.manual_seed(seed)
        network = NETWORKS[method](len(self.skeleton.joints), length)
        if self.start:
            network = load_corrector(self.start / estimator / name).network
        learnt = Corrector(network, self.skeleton, self.plan, seed, length, STRIDE, UNIT).fit(
            tracks, truths
        )
        save_corrector(learnt, file)
        return learnt

    def before(self, method, estimator, seed):
        """The network that `fitted` would train further, as it is: a Corrector."""
        return load_corrector(self.start / estimator / f"{method} seed{seed}.safetensors")

    def poses(self, method, estimator, seed, to=None, length=LENGTH, stride=STRIDE):
        """Corrected tracks of the test clips, a list of (T, K, 2) px.

        to : another estimator, whose tracks are corrected instead
        length, stride : of the windows, for networks; the stride is that of correction alone
        """
        tracks = [self.estimates[to or estimator][clip.name] for clip in self.test]
        if method in SIMPLE:
            learnt = self.fitted(method, estimator, seed)
            return [learnt.correct(track) for track in tracks]
        label = (
            _label("length", length, LENGTH)
            + _label("stride", stride, STRIDE)
            + _label("on", to, None)
        )
        file = self.folder / estimator / f"{method} seed{seed}{label}.npz"
        if not file.exists():
            learnt = self.fitted(method, estimator, seed, length)
            learnt.stride = min(stride, length)
            save_poses(file, self.test, [learnt.correct(track) for track in tracks])
        return load_poses(file, self.test)

    def tallies(self, *which, **options):
        """Hits of `poses` at SHARES of the person's size, or within PIXELS: int64 (N, A, 2, K)."""
        return self.counted(self.poses(*which, **options))

    def counted(self, poses):
        """The same of given tracks."""
        if self.boxed:
            return tallies(poses, self.test, SHARES)
        return tallies_in_pixels(poses, self.test, PIXELS)

    def _claim(self, estimator):
        """Make the folder of an estimator, or see that it is of these very tracks."""
        if not is_plain(estimator):
            raise InputError(
                f"{estimator!r} cannot name a folder; give the estimator another name."
            )
        settings = self.plan, str(self.start), LENGTH, STRIDE, UNIT, len(self.train)
        digest = hashlib.sha256(repr(settings).encode())
        for clip in self.train + self.test:
            track = self.estimates[estimator][clip.name]
            if track.shape != clip.joints.shape:
                raise InputError(
                    f"the estimates of {estimator} have shape {track.shape} for clip {clip.name!r}, "
                    f"but its joints have {clip.joints.shape}."
                )
            digest.update(clip.name.encode() + np.float32(track).tobytes())
            digest.update(clip.joints.tobytes() + clip.visible.tobytes())
        claim(
            self.folder / estimator / "inputs.json",
            json.dumps({"sha256": digest.hexdigest()}).encode(),
        )


def _label(name, value, usual):
    return "" if value == usual else f" {name} {value}"
