"""Smaller networks than Paper B's, for the same windows: what it takes for a gain, and what not.

Their arguments are those of PoseCorrector.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from .model import WindowNetwork, bidirectional


class FrameMLP(WindowNetwork):
    """Each frame alone, with two hidden layers: what the pose itself says, and nothing of time."""

    def __init__(self, joints: int, hidden: int = 128, residual: bool = False) -> None:
        super().__init__(joints=joints, hidden=hidden, residual=residual)
        layers = nn.Linear(2 * joints, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        self.hidden = nn.Sequential(*layers)
        self.output = self.last_layer(hidden, 2 * joints)

    def forward(self, poses: Tensor, mask: Tensor | None = None) -> Tensor:
        self.check(poses, mask)
        return self.corrected(poses, self.output(self.hidden(poses)))


class BiLSTM(WindowNetwork):
    """Paper B's encoder and a linear layer: frames before and after, without attention."""

    def __init__(self, joints: int, hidden: int = 128, residual: bool = False) -> None:
        super().__init__(joints=joints, hidden=hidden, residual=residual)
        self.encoder = nn.LSTM(2 * joints, hidden, batch_first=True, bidirectional=True)
        self.output = self.last_layer(2 * hidden, 2 * joints)

    def forward(self, poses: Tensor, mask: Tensor | None = None) -> Tensor:
        self.check(poses, mask)
        return self.corrected(poses, self.output(bidirectional(self.encoder, poses, mask)))


class TemporalMLP(WindowNetwork):
    """Each coordinate alone, over all frames of the window: a learnt filter, as in SmoothNet (Zeng
    et al., ECCV 2022). Windows have one length, and what fills up a short one is filtered as well.
    """

    def __init__(self, joints: int, length: int, hidden: int = 128, residual: bool = False) -> None:
        super().__init__(joints=joints, length=length, hidden=hidden, residual=residual)
        self.input = nn.Linear(length, hidden)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, hidden), nn.LeakyReLU(0.1), nn.Linear(hidden, hidden))
            for _ in range(2)  # blocks
        )
        self.output = self.last_layer(hidden, length)

    def forward(self, poses: Tensor, mask: Tensor | None = None) -> Tensor:
        _, T = self.check(poses, mask)
        length = self.settings["length"]
        if T != length:
            raise ValueError(f"this network is for windows of {length} frames, not {T}.")
        x = F.leaky_relu(self.input(poses.mT), 0.1)
        for block in self.blocks:
            x = x + F.leaky_relu(block(x), 0.1)
        return self.corrected(poses, self.output(x).mT)
