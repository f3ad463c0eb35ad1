"""Smaller networks than Paper B's, for the same windows: what it takes for a gain, and what it does
not.
"""

from torch import nn
from torch.nn import functional as F

from .model import bidirectional, check_poses, check_sizes, zeroed

BLOCKS = 2  # of a TemporalMLP, two layers each


class FrameMLP(nn.Module):
    """Each frame alone, with two hidden layers: what the pose itself says, and nothing of time.

    joints, hidden, residual and forward : as PoseCorrector
    """

    def __init__(self, joints, hidden=128, residual=False):
        super().__init__()
        check_sizes(joints=joints, hidden=hidden)
        self.settings = dict(joints=joints, hidden=hidden, residual=bool(residual))
        layers = nn.Linear(2 * joints, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear(hidden, 2 * joints)
        if residual:
            zeroed(self.output)

    def forward(self, poses, mask=None):
        check_poses(poses, mask, self.settings["joints"])
        written = self.output(self.hidden(poses))
        return poses + written if self.settings["residual"] else written


class BiLSTM(nn.Module):
    """Paper B's encoder and a linear layer: its frames before and after, without attention and
    decoder.

    joints, hidden, residual and forward : as PoseCorrector
    """

    def __init__(self, joints, hidden=128, residual=False):
        super().__init__()
        check_sizes(joints=joints, hidden=hidden)
        self.settings = dict(joints=joints, hidden=hidden, residual=bool(residual))
        self.encoder = nn.LSTM(2 * joints, hidden, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * hidden, 2 * joints)
        if residual:
            zeroed(self.output)

    def forward(self, poses, mask=None):
        check_poses(poses, mask, self.settings["joints"])
        written = self.output(bidirectional(self.encoder, poses, mask))
        return poses + written if self.settings["residual"] else written


class TemporalMLP(nn.Module):
    """Each coordinate alone, over all frames of the window: a learnt filter, in the manner of
    SmoothNet.

    SmoothNet (Zeng et al., ECCV 2022): layers along time, the same for all coordinates, with
    shortcuts. Its windows have one length, and what fills up a short one is filtered with the rest.

    joints, hidden, residual : as PoseCorrector; length : int, T; forward : as PoseCorrector, for
    that T
    """

    def __init__(self, joints, length, hidden=128, residual=False):
        super().__init__()
        check_sizes(joints=joints, length=length, hidden=hidden)
        self.settings = dict(joints=joints, length=length, hidden=hidden, residual=bool(residual))
        self.input = nn.Linear(length, hidden)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, hidden), nn.LeakyReLU(0.1), nn.Linear(hidden, hidden))
            for _ in range(BLOCKS)
        )
        self.output = nn.Linear(hidden, length)
        if residual:
            zeroed(self.output)

    def forward(self, poses, mask=None):
        _, T = check_poses(poses, mask, self.settings["joints"])
        if T != self.settings["length"]:
            raise ValueError(
                f"this network is for windows of {self.settings['length']} frames, not {T}."
            )
        x = F.leaky_relu(self.input(poses.mT), 0.1)
        for block in self.blocks:
            x = x + F.leaky_relu(block(x), 0.1)
        written = self.output(x).mT
        return poses + written if self.settings["residual"] else written
