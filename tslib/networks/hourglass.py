"""A network that sees the whole person on a laptop: an hourglass with skips, batch-normalised.

The ConvNet of Paper A sees far because its convolutions are wide, which a CPU cannot afford. Here
the picture shrinks until a cell has seen all of it and grows again, beside what was seen on the way
down (Newell et al., ECCV 2016). Blocks are two 3 x 3 convolutions beside a shortcut (He et al.,
CVPR 2016).
"""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class HourglassArchitecture:
    """Sizes of the network. With the defaults and 13 joints there are 1,185,806 weights.

    stages : int; each later one sees the features and the heat-maps of the one before
    stem : channels of the first convolution, at half of the input's size
    widths : channels at a quarter of the input's size, at an eighth, and so on
    head : channels of the features from which heat-maps are read
    """

    stages: int = 1
    stem: int = 32
    widths: tuple[int, ...] = (48, 96, 96, 96)
    head: int = 64

    @property
    def stride(self) -> int:
        """Input pixels to a cell of the heat-maps."""
        return 4


BODY = HourglassArchitecture()  # for a laptop: 96 px in, 24 x 24 cells, which all see everything


def convolution(channels: int, wide: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """ "Same" convolution with a batch normalisation; stride 2 halves the sides, rounded up."""
    layer = nn.Conv2d(channels, wide, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(wide))


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut: (N, channels, H, W) -> (N, wide, H / s, W / s)."""

    def __init__(self, channels: int, wide: int, stride: int = 1) -> None:
        super().__init__()
        first, second = convolution(channels, wide, 3, stride), convolution(wide, wide)
        self.body = nn.Sequential(first, nn.ReLU(inplace=True), second)
        self.shortcut: nn.Module = nn.Identity()
        if channels != wide or stride > 1:
            self.shortcut = convolution(channels, wide, 1, stride)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(maps) + self.shortcut(maps))


class Hourglass(nn.Module):
    """Down to the smallest maps and up again: (N, widths[0], h, w) -> (N, head, h, w)."""

    def __init__(self, widths: tuple[int, ...], head: int) -> None:
        super().__init__()
        pairs = list(zip(widths, widths[1:], strict=False))
        self.down = nn.ModuleList(Residual(fine, coarse, 2) for fine, coarse in pairs)
        # What comes up has the width of its level, but for the finest, which has that of the head.
        up = [head, *widths[1:]]
        self.up = nn.ModuleList(
            Residual(up[n + 1] + fine, up[n]) for n, (fine, _) in enumerate(pairs)
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        skips = [maps]
        for block in self.down:
            skips.append(block(skips[-1]))
        maps = skips.pop()
        for block, skip in zip(reversed(self.up), reversed(skips), strict=True):
            maps = nn.functional.interpolate(maps, size=skip.shape[-2:], mode="bilinear")
            maps = block(torch.cat([maps, skip], 1))
        return maps


def reader(channels: int, maps: int) -> nn.Conv2d:
    """The convolution that reads heat-maps off features, nearly 0 at first but for the background.

    Else large first gradients would shorten Adam's steps for a thousand more.
    """
    layer = nn.Conv2d(channels, maps, 1)
    nn.init.normal_(layer.weight, std=0.01)
    layer.bias = nn.Parameter(torch.eye(maps)[-1])
    return layer


class StackedHourglass(nn.Module):
    """Pictures (N, 3, H, W) from 0 to 1 -> heat-maps of every stage, (N, K + 1, H / 4, W / 4).

    Sides are rounded up. The last map is the background's and starts at 1, as in
    ConvolutionalPoseMachine.

    joints : int, K; architecture : HourglassArchitecture
    """

    def __init__(self, joints: int, architecture: HourglassArchitecture | None = None) -> None:
        super().__init__()
        self.joints, self.architecture = joints, architecture or HourglassArchitecture()
        a, maps = self.architecture, joints + 1
        early = convolution(3, a.stem, 5, 2), nn.ReLU(inplace=True)
        self.stem = nn.Sequential(*early, Residual(a.stem, a.widths[0], 2))
        self.hourglasses = nn.ModuleList(Hourglass(a.widths, a.head) for _ in range(a.stages))
        self.answers = nn.ModuleList(reader(a.head, maps) for _ in range(a.stages))
        back = (nn.Conv2d(a.head + maps, a.widths[0], 1) for _ in range(a.stages - 1))
        self.back = nn.ModuleList(back)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Heat-maps of every stage, the best last."""
        maps, stages = self.stem(images - 0.5), []
        backs = [*self.back, None]
        for hourglass, answer, back in zip(self.hourglasses, self.answers, backs, strict=True):
            features = hourglass(maps)
            stages.append(answer(features))
            if back is not None:
                maps = maps + back(torch.cat([features, stages[-1]], 1))
        return stages
