"""A network as a method that corrects whole tracks; and the file that holds it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from .. import checkpoint
from ..errors import InputError
from ..skeletons import Skeleton, skeleton_named
from .model import PoseCorrector, WindowNetwork, check_sizes
from .networks import BiLSTM, FrameMLP, TemporalMLP
from .normalization import check_unit
from .training import CorrectorPlan, Windows, train_corrector
from .windows import WINDOW_LENGTH, WINDOW_STRIDE, TrackList, filled, merge, starts

_NETWORKS = {made.__name__: made for made in (PoseCorrector, BiLSTM, FrameMLP, TemporalMLP)}
WINDOW_BATCH = 256  # windows that are corrected at once
_OPTIONS = ("length", "stride", "unit")  # of a Corrector, and notes of its file
_FORMAT = 1  # of the file; a change that older versions cannot read makes it 2


@dataclass(eq=False)
class Corrector:
    """Cuts a track into windows, corrects each, and merges them.

    plan, seed : of `fit`, see train_corrector; unit : see normalization.place
    length, stride : frames of a window, and from one to the next

    ValueError for a network of other joints than the skeleton's, or windows that leave frames out.
    """

    network: WindowNetwork
    skeleton: Skeleton
    plan: CorrectorPlan = CorrectorPlan()
    seed: int = 0
    length: int = WINDOW_LENGTH
    stride: int = WINDOW_STRIDE
    unit: str = "shoulders"

    def __post_init__(self) -> None:
        K, joints, name = self.network.settings["joints"], self.skeleton.joints, self.skeleton.name
        if K != len(joints):
            raise ValueError(f"the network is for {K} joints, but {name} has {len(joints)}.")
        check_sizes(length=self.length, stride=self.stride)
        starts(self.length, self.length, self.stride)
        check_unit(self.unit)

    def fit(
        self, estimates: TrackList, truths: TrackList, folder: Path | str | None = None
    ) -> Self:
        """Train on tracks and their truths, NaN where unlabelled; returns itself.

        folder : where a checkpoint is kept, see train_corrector, whose losses are in ``losses``
        """
        windows = Windows.joined([self._windows(*p) for p in zip(estimates, truths, strict=True)])
        self.losses = train_corrector(
            self.network, windows, self.skeleton, self.plan, self.seed, folder
        )
        return self

    def correct(self, poses: np.ndarray) -> np.ndarray:
        """A track (T, K, 2) px, NaN where unknown -> corrected, float64.

        Gaps are filled first, see windows.filled; a joint that is never seen stays NaN.
        """
        # Only the change is merged, so that a network that changes nothing changes no bit.
        change = self.changes(poses)
        return filled(poses) + merge(change, len(poses), self.length, self.stride)

    @torch.no_grad()
    def changes(self, poses: np.ndarray) -> np.ndarray:
        """What it adds to each window (N, length, K, 2) of a track, px, see windows.starts."""
        windows, device = self._windows(poses), next(self.network.parameters()).device
        x = torch.tensor(windows.poses, dtype=torch.float32).flatten(2)
        mask = torch.tensor(windows.mask)
        self.network.eval()
        batches = zip(x.split(WINDOW_BATCH), mask.split(WINDOW_BATCH), strict=True)
        y = torch.cat([self.network(x.to(device), mask.to(device)).cpu() for x, mask in batches])
        if not y.isfinite().all():
            raise InputError(
                "the corrector answers with numbers that are not finite, though its weights are; "
                "train it again."
            )
        change = (y - x).double().numpy().reshape(windows.poses.shape)
        return change * windows.size[:, None, None, None]

    def _windows(self, poses: np.ndarray, truth: np.ndarray | None = None) -> Windows:
        return Windows.of(poses, self.skeleton, self.length, self.stride, self.unit, truth)


def save_corrector(corrector: Corrector, path: Path | str) -> None:
    """Write a corrector to a safetensors file: its weights, and all that builds it; InputError."""
    notes = {
        "network": type(corrector.network).__name__,
        "settings": corrector.network.settings,
        "skeleton": corrector.skeleton.name,
        "joints": corrector.skeleton.joints,
        **{key: getattr(corrector, key) for key in _OPTIONS},
        "versions": {"format": _FORMAT, "torch": torch.__version__},
    }
    checkpoint.save(path, corrector.network, corrector=notes)


def load_corrector(path: Path | str) -> Corrector:
    """The Corrector in a file of `save_corrector`; InputError where it holds none."""
    return checkpoint.restore(path, "corrector", _restored)[0]


def _restored(notes: dict[str, Any]) -> tuple[Corrector, WindowNetwork]:
    """A Corrector as a file's notes describe it, and its network, whose weights come later."""
    notes = notes["corrector"]
    if notes["versions"]["format"] != _FORMAT:
        raise ValueError(f"its format is {notes['versions']['format']}, not {_FORMAT}")
    skeleton = skeleton_named(notes["skeleton"]).with_joints(notes["joints"])
    network = _NETWORKS[notes["network"]](**notes["settings"])
    options = {key: notes[key] for key in _OPTIONS}
    return Corrector(network, skeleton, **options), network
