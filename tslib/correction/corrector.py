"""A network as a method that corrects whole tracks; and the file that holds it."""

import json

import safetensors
import torch

from ..errors import InputError
from ..skeletons import skeleton_named
from ..training import checkpoint
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

    def __init__(self, network, skeleton, plan=None, seed=0, length=LENGTH, stride=STRIDE, unit="shoulders"):
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
        """Train on tracks (T, K, 2) px and their truths, NaN where unlabelled; returns the corrector.

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

        A gap is given the corrected position of what lies straight between its ends; a joint that is never
        seen stays NaN.
        """
        windows, device = self._windows(poses), next(self.network.parameters()).device
        x = torch.tensor(windows.poses, dtype=torch.float32).flatten(2)
        mask = torch.tensor(windows.mask)
        self.network.eval()
        pairs = zip(x.split(AT_ONCE), mask.split(AT_ONCE), strict=True)
        y = torch.cat([self.network(part.to(device), frames.to(device)).cpu() for part, frames in pairs])
        change = (y - x).double().numpy().reshape(windows.poses.shape) * windows.size[:, None, None, None]
        return filled(poses) + merge(change, len(poses), self.length, self.stride)

    def _windows(self, poses, truth=None):
        return Windows.of(poses, self.skeleton, self.length, self.stride, self.unit, truth)


def save(corrector, path):
    """Write a corrector to a safetensors file: its weights, and all that `load` needs; InputError."""
    checkpoint.save(path, corrector.network, corrector={
        "network": type(corrector.network).__name__, "settings": corrector.network.settings,
        "skeleton": corrector.skeleton.name, "joints": corrector.skeleton.joints,
        "length": corrector.length, "stride": corrector.stride, "unit": corrector.unit,
        "versions": {"format": FORMAT, "torch": torch.__version__},
    })  # fmt: skip


def load(path):
    """The Corrector in a file of `save`; InputError where it is missing, damaged or none."""
    notes = _notes(path)
    try:
        if notes["versions"]["format"] != FORMAT:
            raise ValueError(f"its format is {notes['versions']['format']}, not {FORMAT}")
        skeleton, joints = skeleton_named(notes["skeleton"]), notes["joints"]
        if not len(joints) == len(set(joints) & set(skeleton.joints)):
            raise ValueError(f"{skeleton.name} has other joints")
        corrector = Corrector(
            NETWORKS[notes["network"]](**notes["settings"]), skeleton.with_joints(joints),
            length=notes["length"], stride=notes["stride"], unit=notes["unit"],
        )  # fmt: skip
    except (InputError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise InputError(f"{path} holds no corrector that this version can run ({reason}).") from None
    checkpoint.load(path, corrector.network)
    if not all(weights.isfinite().all() for weights in corrector.network.parameters()):
        raise InputError(f"{path} holds weights that are not finite; train it again.")
    return corrector


def _notes(path):
    """What a file says of its corrector."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            return json.loads((file.metadata() or {})["tslib"])["corrector"]
    except FileNotFoundError:
        raise InputError(f"there is no model {path}.") from None
    except (OSError, safetensors.SafetensorError):
        raise InputError(f"{path} cannot be read as a safetensors file.") from None
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{path} holds no corrector; name one that tslib.correction saved.") from None
