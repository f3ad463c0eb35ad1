"""A network as a method that corrects whole tracks; and the file that holds it."""

import torch

from .. import checkpoint
from ..skeletons import skeleton_named
from .model import PoseCorrector, check_sizes
from .networks import BiLSTM, FrameMLP, TemporalMLP
from .normalization import check_unit
from .training import Plan, Windows, train
from .windows import LENGTH, STRIDE, filled, merge, starts

NETWORKS = {network.__name__: network for network in (PoseCorrector, BiLSTM, FrameMLP, TemporalMLP)}
AT_ONCE = 256  # windows in a batch
FORMAT = 1  # of the file; a change that older versions cannot read makes it 2


class Corrector:
    """Cuts a track into windows, corrects each, and merges them.

    Parameters
    ----------
    network : PoseCorrector or a network of networks.py
    skeleton : Skeleton, of K joints
    plan : Plan, of `fit`
    seed : int, of `fit`
    length, stride : frames of a window, and from one to the next
    unit : of the coordinates that the network sees, see normalization.place

    ValueError for a network of other joints, or windows that leave frames out.
    """

    def __init__(
        self, network, skeleton, plan=None, seed=0, length=LENGTH, stride=STRIDE, unit="shoulders"
    ):
        if network.settings["joints"] != len(skeleton.joints):
            raise ValueError(
                f"the network is for {network.settings['joints']} joints, but {skeleton.name} has "
                f"{len(skeleton.joints)}."
            )
        check_sizes(length=length, stride=stride)
        starts(length, length, stride)
        check_unit(unit)
        self.network, self.skeleton, self.plan, self.seed = network, skeleton, plan or Plan(), seed
        self.length, self.stride, self.unit = length, stride, unit

    def fit(self, estimates, truths, folder=None):
        """Train on tracks (T, K, 2) px and their truths, NaN where unlabelled; returns the
        corrector.

        folder : where a checkpoint is kept, see training.train
        The losses are then in ``losses``.
        """
        parts = [self._windows(x, y) for x, y in zip(estimates, truths, strict=True)]
        windows = Windows.joined(parts)
        self.losses = train(self.network, windows, self.skeleton, self.plan, self.seed, folder)
        return self

    @torch.no_grad()
    def correct(self, poses):
        """A track (T, K, 2) px, NaN where unknown -> corrected, float64.

        A gap is given the corrected position of what lies straight between its ends; a joint that
        is never seen stays NaN.
        """
        windows, device = self._windows(poses), next(self.network.parameters()).device
        x = torch.tensor(windows.poses, dtype=torch.float32).flatten(2)
        mask = torch.tensor(windows.mask)
        self.network.eval()
        pairs = zip(x.split(AT_ONCE), mask.split(AT_ONCE), strict=True)
        y = torch.cat(
            [self.network(part.to(device), frames.to(device)).cpu() for part, frames in pairs]
        )
        change = (y - x).double().numpy().reshape(windows.poses.shape) * windows.size[
            :, None, None, None
        ]
        return filled(poses) + merge(change, len(poses), self.length, self.stride)

    def _windows(self, poses, truth=None):
        return Windows.of(poses, self.skeleton, self.length, self.stride, self.unit, truth)


def save(corrector, path):
    """Write a corrector to a safetensors file: its weights, and all that `load` needs; InputError."""
    checkpoint.save(
        path,
        corrector.network,
        corrector={
            "network": type(corrector.network).__name__,
            "settings": corrector.network.settings,
            "skeleton": corrector.skeleton.name,
            "joints": corrector.skeleton.joints,
            "length": corrector.length,
            "stride": corrector.stride,
            "unit": corrector.unit,
            "versions": {"format": FORMAT, "torch": torch.__version__},
        },
    )


def load(path):
    """The Corrector in a file of `save`; InputError where it is missing, damaged or none."""
    return checkpoint.restore(path, "corrector", _restored)[0]


def _restored(notes):
    """A Corrector as a file's notes describe it, and its network, whose weights are still to come."""
    notes = notes["corrector"]
    if notes["versions"]["format"] != FORMAT:
        raise ValueError(f"its format is {notes['versions']['format']}, not {FORMAT}")
    skeleton, joints = skeleton_named(notes["skeleton"]), notes["joints"]
    if not len(joints) == len(set(joints) & set(skeleton.joints)):
        raise ValueError(f"{skeleton.name} has other joints")
    network = NETWORKS[notes["network"]](**notes["settings"])
    sizes = {key: notes[key] for key in ("length", "stride", "unit")}
    return Corrector(network, skeleton.with_joints(joints), **sizes), network
