"""Convolutional Pose Machines (Wei et al., CVPR 2016), which Paper A builds on (Sec. 5.2).

Stage 1 looks at the picture alone. Every later stage looks at features of the picture, at the
heat-maps of the stage before, and at a map that says where the person of interest stands. All
stages are supervised.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

Layers = tuple[tuple[int, int], ...]  # kernel and channels of each convolution

CENTER_SIGMA = 21 / 368  # of the map of the person's centre, in shares of the input; 21 px of 368


@dataclass(frozen=True)
class Architecture:
    """Sizes of the network. The defaults are the original's (`genProto.py`), which has 6 stages.

    trunk : convolutions that are followed by a halving (pooling) each
    head : convolutions of stage 1 after the trunk, with dropout after each of the last two
    features : channels of picture features that a later stage sees, after a 5 x 5 convolution
    later : convolutions of a later stage
    """

    stages: int = 3
    trunk: Layers = ((9, 128), (9, 128), (9, 128))
    head: Layers = ((5, 32), (9, 512), (1, 512))
    features: int = 32
    later: Layers = ((11, 128), (11, 128), (11, 128), (1, 128))
    dropout: float = 0.5

    @property
    def stride(self) -> int:
        """Input pixels to a cell of the heat-maps."""
        return 2 ** len(self.trunk)


# For a laptop: 96 px in, 24 x 24 cells, one stage that sees less than a person (section 6.3).
SMALL = Architecture(
    stages=1,
    trunk=((5, 16), (3, 32)),
    head=((3, 48), (3, 48), (3, 48), (3, 48), (1, 48)),
    dropout=0.1,
)


def convolutions(
    channels: int, layers: Layers, dropout: float = 0.0, halved: bool = False
) -> nn.Sequential:
    """Convolutions that keep the size, a ReLU after each; dropout after each of the last two, or a
    halving after each, as in the trunk: 368 -> 184 -> 92 -> 46.
    """
    modules: list[nn.Module] = []
    for n, (kernel, wide) in enumerate(layers):
        modules += [nn.Conv2d(channels, wide, kernel, padding=kernel // 2), nn.ReLU(inplace=True)]
        if halved:
            modules.append(Halving())
        if dropout and n >= len(layers) - 2:
            modules.append(nn.Dropout(dropout))
        channels = wide
    return nn.Sequential(*modules)


class Halving(nn.Module):
    """The largest of 3 x 3 cells at every second one; an odd side is rounded up to an even one,
    because Caffe's pooling, and torch's with ceil_mode, would lose its last cell.
    """

    def forward(self, maps: Tensor) -> Tensor:
        H, W = maps.shape[-2:]
        if H % 2 or W % 2:
            maps = nn.functional.pad(maps, (0, W % 2, 0, H % 2))  # zeros, after a ReLU the least
        return nn.functional.max_pool2d(maps, 3, 2, ceil_mode=True)


def _answer(channels, maps):
    """What makes a stage's heat-maps of its features; the background's begins at 1."""
    last = nn.Conv2d(channels, maps, 1)
    with torch.no_grad():
        last.get_parameter("bias")[-1] = 1
    return last


class ConvolutionalPoseMachine(nn.Module):
    """Pictures (B, 3, H, W) from 0 to 1 -> heat-maps of every stage, a list of (B, K + 1, h, w).

    h is H / s and w is W / s, where s is the architecture's stride; sides are rounded up.

    With the original's sizes, 14 joints and 3 stages there are 16,731,021 weights. The stages after
    the first share one trunk, which is not that of stage 1. The last map, the background's, starts
    at 1, what it is nearly everywhere: else its error drowns all others at first, and a small
    network may not recover.
    """

    def __init__(self, joints: int, architecture: Architecture | None = None) -> None:
        super().__init__()
        self.joints, self.architecture = joints, architecture or Architecture()
        a, maps = self.architecture, joints + 1
        channels = a.trunk[-1][1]
        self.trunk = convolutions(3, a.trunk, halved=True)
        self.head = convolutions(channels, a.head, a.dropout)
        self.first = _answer(a.head[-1][1], maps)
        if a.stages > 1:
            self.later_trunk = convolutions(3, a.trunk, halved=True)
        self.features = nn.ModuleList(
            convolutions(channels, ((5, a.features),)) for _ in range(a.stages - 1)
        )
        self.later = nn.ModuleList(
            nn.Sequential(
                convolutions(a.features + maps + 1, a.later), _answer(a.later[-1][1], maps)
            )
            for _ in range(a.stages - 1)
        )

    def forward(self, images: Tensor, center: Tensor | None = None) -> list[Tensor]:
        """Heat-maps of every stage. center: (B, 2) px, the person, in the middle by default."""
        images = images - 0.5
        stages = [self.first(self.head(self.trunk(images)))]
        if len(self.later):
            features, where = self.later_trunk(images), self._center_map(images, center)
            for narrow, stage in zip(self.features, self.later, strict=True):
                stages.append(stage(torch.cat([narrow(features), stages[-1], where], 1)))
        return stages

    def _center_map(self, images, center):
        """(B, 1, H / s, W / s): a Gaussian around the person, pooled to the cells."""
        H, W = images.shape[-2:]
        if center is None:
            center = images.new_tensor([[(W - 1) / 2, (H - 1) / 2]]).expand(len(images), 2)
        sigma, stride = CENTER_SIGMA * max(H, W), self.architecture.stride
        lines = []  # a Gaussian is a product of lines, and so are its means over squares
        for i, side in enumerate((W, H)):
            axis = torch.arange(
                -(-side // stride) * stride + 1, device=images.device, dtype=images.dtype
            )
            line = torch.exp(-((axis - center[:, i, None]) ** 2) / (2 * sigma**2))
            lines.append(nn.functional.avg_pool1d(line[:, None], stride + 1, stride))
        across, down = lines
        return (down.transpose(1, 2) @ across)[:, None]
