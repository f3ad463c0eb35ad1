"""Methods on the tracks of several estimators, each fitted and applied when asked for.

Everything that was computed lies in one folder and is not computed again:

    ESTIMATOR/inputs.json                        what it was computed from; anything else is refused
    ESTIMATOR/attention seed0.safetensors        trained networks, see save_corrector
    ESTIMATOR/attention seed0.npz                corrected tracks of the test clips, px
    ESTIMATOR/attention seed0 on OTHER.npz       the same network on the tracks of another estimator
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tslib.clip import Clip
from tslib.correction.corrector import Corrector, load_corrector, save_corrector
from tslib.correction.model import PoseCorrector
from tslib.correction.networks import BiLSTM, FrameMLP, TemporalMLP
from tslib.correction.training import CorrectorPlan
from tslib.errors import InputError
from tslib.files import is_plain

from ..engine import Experiment
from ..records import claim
from .controls import Identity, MedianFilter, Offset, SavitzkyGolay
from .one_euro import OneEuro

INPUT, ATTENTION = "identity", "attention"
FILTERS: dict[str, Callable[..., Any]] = {
    "median, 3 frames": lambda: MedianFilter(3),
    "median, 5 frames": lambda: MedianFilter(5),
    "Savitzky-Golay": SavitzkyGolay,
    "One-Euro": OneEuro,
}
SIMPLE: dict[str, Callable[..., Any]] = {INPUT: Identity, "constant offset": Offset, **FILTERS}
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
MEAN = "joint-macro"  # the paper's average, as far as it can be told


class Corrections(Experiment):
    """The methods of Paper B's tables on clips with truth.

    train, test : lists of Clip, of one skeleton
    estimates : {estimator: {clip's name: (T, K, 2) px}}; of the training clips by networks that saw
        none
    folder : for what is computed
    start : folder of such runs on another data set, of estimators with the same names, whose
        networks are trained further; None: all are trained from nothing
    plan : of all networks

    InputError for estimates that do not fit, or a folder that holds runs on others.
    """

    def __init__(
        self,
        train: Sequence[Clip],
        test: Sequence[Clip],
        estimates: Mapping[str, Mapping[str, np.ndarray]],
        folder: Path | str,
        start: Path | str | None = None,
        plan: CorrectorPlan | None = None,
    ) -> None:
        super().__init__(test, folder, MEAN)
        self.train, self.estimates = train, estimates
        self.start = Path(start) if start else None
        self.plan = plan or (FINE if start else PLAN)
        for estimator in estimates:
            self._claim(estimator)

    def fitted(self, method: str, estimator: str, seed: int, length: int = LENGTH) -> Any:
        """A method that has learnt from an estimator's tracks of the training clips."""
        tracks = [self.estimates[estimator][clip.name] for clip in self.train]
        truths = [truth_of(clip) for clip in self.train]
        if method in SIMPLE:
            simple = SIMPLE[method]
            made = Offset(self.skeleton, UNIT) if simple is Offset else simple()
            return made.fit(tracks, truths)
        name = f"{method} seed{seed}{_label('length', length, LENGTH)}.safetensors"
        file = self.folder / estimator / name
        if file.exists():
            return load_corrector(file)
        torch.manual_seed(seed)
        network = NETWORKS[method](len(self.skeleton.joints), length)
        if self.start:
            network = load_corrector(self.start / estimator / name).network
        learnt = Corrector(network, self.skeleton, self.plan, seed, length, STRIDE, UNIT)
        save_corrector(learnt.fit(tracks, truths), file)
        return learnt

    def before(self, method: str, estimator: str, seed: int) -> Corrector:
        """The network that `fitted` would train further, as it is."""
        if self.start is None:
            raise ValueError("these networks are trained from nothing; give start.")
        return load_corrector(self.start / estimator / f"{method} seed{seed}.safetensors")

    def poses(
        self,
        method: str,
        estimator: str,
        seed: int,
        to: str | None = None,
        length: int = LENGTH,
        stride: int = STRIDE,
    ) -> list[np.ndarray]:
        """Corrected tracks of the test clips, a list of (T, K, 2) px.

        to : another estimator, whose tracks are corrected instead
        length, stride : of the windows, for networks; the stride is that of correction alone
        """
        on = to or estimator
        if method in SIMPLE:
            return self.corrected(self.fitted(method, estimator, seed), on)

        def predict() -> list[np.ndarray]:
            learnt = self.fitted(method, estimator, seed, length)
            learnt.stride = min(stride, length)
            return self.corrected(learnt, on)

        changes = (("length", length, LENGTH), ("stride", stride, STRIDE), ("on", to, None))
        label = "".join(_label(*change) for change in changes)
        return self.kept(f"{estimator}/{method} seed{seed}{label}", predict)

    def corrected(self, corrector: Any, estimator: str) -> list[np.ndarray]:
        """An estimator's tracks of the test clips, corrected by what `fitted` returns."""
        tracks = self.estimates[estimator]
        return [corrector.correct(tracks[clip.name]) for clip in self.test]

    def _claim(self, estimator: str) -> None:
        """Make the folder of an estimator, or see that it is of these very tracks."""
        if not is_plain(estimator):
            raise InputError(
                f"{estimator!r} cannot name a folder; give the estimator another name."
            )
        settings = self.plan, str(self.start), LENGTH, STRIDE, UNIT, len(self.train)
        digest = hashlib.sha256(repr(settings).encode())
        for clip in [*self.train, *self.test]:
            track = self.estimates[estimator][clip.name]
            if track.shape != clip.joints.shape:
                raise InputError(
                    f"the estimates of {estimator} have shape {track.shape} for clip "
                    f"{clip.name!r}, but its joints have {clip.joints.shape}."
                )
            digest.update(clip.name.encode() + np.float32(track).tobytes())
            digest.update(clip.joints.tobytes() + clip.visible.tobytes())
        claim(
            self.folder / estimator / "inputs.json",
            json.dumps({"sha256": digest.hexdigest()}).encode(),
        )


def truth_of(clip: Clip) -> np.ndarray:
    """A clip's joints (T, K, 2) px, NaN where they are not visible."""
    return np.where(clip.visible[..., None], clip.joints, np.nan)


def _label(name: str, value: Any, usual: Any) -> str:
    return "" if value == usual else f" {name} {value}"
