"""A network that sees the whole person on a laptop: an hourglass with skips, batch-normalised.

The ConvNet of Paper A sees far because its convolutions are wide, which a CPU cannot afford. Here
the picture shrinks until a cell has seen all of it, and grows again, and what was seen on the way
down is put beside what comes up (Newell et al., ECCV 2016; Ronneberger et al., MICCAI 2015). Every
block is two 3 x 3 convolutions beside a shortcut (He et al., CVPR 2016).
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


# For a laptop: 96 px in, 24 x 24 cells; every cell sees the whole picture.
BODY = HourglassArchitecture()


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut; stride 2 halves the sides, rounded up."""

    def __init__(self, channels: int, wide: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, wide, 3, stride, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, wide, 3, padding=1, bias=False),
            nn.BatchNorm2d(wide),
        )
        self.shortcut: nn.Module = nn.Identity()
        if channels != wide or stride > 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, wide, 1, stride, bias=False), nn.BatchNorm2d(wide)
            )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(N, channels, H, W) -> (N, wide, H / stride, W / stride)."""
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
        """Features of the whole and of the parts."""
        skips = [maps]
        for block in self.down:
            skips.append(block(skips[-1]))
        maps = skips.pop()
        for block, skip in zip(reversed(self.up), reversed(skips), strict=True):
            maps = nn.functional.interpolate(maps, size=skip.shape[-2:], mode="bilinear")
            maps = block(torch.cat([maps, skip], 1))
        return maps


class StackedHourglass(nn.Module):
    """Pictures (N, 3, H, W) from 0 to 1 -> heat-maps of every stage, a list of (N, K + 1,
    H / 4, W / 4).

    Sides are rounded up. The last map of each stage is the background, which starts at 1, what it
    is nearly everywhere, as in ConvolutionalPoseMachine.

    joints : int, K; architecture : HourglassArchitecture
    """

    def __init__(self, joints: int, architecture: HourglassArchitecture | None = None) -> None:
        super().__init__()
        self.joints, self.architecture = joints, architecture or HourglassArchitecture()
        a, maps = self.architecture, joints + 1
        self.stem = nn.Sequential(
            nn.Conv2d(3, a.stem, 5, 2, 2, bias=False),
            nn.BatchNorm2d(a.stem),
            nn.ReLU(inplace=True),
            Residual(a.stem, a.widths[0], 2),
        )
        self.hourglasses = nn.ModuleList(Hourglass(a.widths, a.head) for _ in range(a.stages))
        self.answers = nn.ModuleList(nn.Conv2d(a.head, maps, 1) for _ in range(a.stages))
        self.back = nn.ModuleList(
            nn.Conv2d(a.head + maps, a.widths[0], 1) for _ in range(a.stages - 1)
        )
        for answer in self.answers:
            with torch.no_grad():
                answer.bias[-1] = 1

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
