"""The Spatial Fusion Network of Flowing ConvNets (Pfister, Charles, Zisserman, ICCV 2015), without
its flow.

Paper B corrects what it estimates (Table I, row SFN). Eight spatial layers give a first answer;
five fusion layers look at fine features (conv3) and at the last ones before that answer (conv7),
and so learn which places of joints go together. Both answers are supervised. Layers are those of
the authors' released code.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tslib.networks.pose_machine import Layers


@dataclass(frozen=True)
class FusionArchitecture:
    """Sizes of the network. The defaults are the original's: 256 px in, 64 x 64 cells.

    near : (kernel, channels) of conv1 to conv3; the first two halve the picture
    far : (kernel, channels) of conv4 to conv7
    fusion : (kernel, channels) of the fusion layers but the last
    rectified : whether the first answer ends in a ReLU, as the released code has it
    pooled : whether the largest of 2 x 2 cells is what halves; else each second cell is computed at
        all
    coarse : conv4 to conv7 work on cells so many times as wide
    normalized : whether a batch normalisation follows each convolution but the last ones
    """

    near: Layers = ((5, 128), (5, 128), (5, 128))
    far: Layers = ((9, 256), (9, 512), (1, 256), (1, 256))
    fusion: Layers = ((7, 64), (13, 64), (13, 128), (1, 256))
    rectified: bool = True
    pooled: bool = True
    coarse: int = 1
    normalized: bool = False

    @property
    def stride(self) -> int:
        """Input pixels to a cell of the heat-maps."""
        return 2 ** (len(self.near) - 1)


# For a laptop: 112 px in, 28 x 28 cells. Cells in the middle see all of the picture; with far
# layers half as coarse they see less, learn the training videos better, and find fewer joints in
# others.
SMALL_FUSION = FusionArchitecture(
    near=((5, 32), (3, 64), (3, 64)),
    far=((5, 192), (5, 256), (1, 192), (1, 96)),
    fusion=((3, 48), (5, 32), (5, 48), (1, 64)),
    rectified=False,
    pooled=False,
    coarse=4,
    normalized=True,
)


def layers(channels: int, sizes: Layers, normalized: bool, stride: int = 1) -> list[nn.Module]:
    """Convolutions that keep the size, but for the stride, each followed by a ReLU."""
    modules: list[nn.Module] = []
    for kernel, wide in sizes:
        modules.append(nn.Conv2d(channels, wide, kernel, stride, kernel // 2, bias=not normalized))
        modules += [nn.BatchNorm2d(wide)] * normalized + [nn.ReLU(inplace=True)]
        channels = wide
    return modules


class SpatialFusionNetwork(nn.Module):
    """Pictures (B, 3, H, W) from 0 to 1 -> heat-maps, a list of two (B, K, H / s, W / s): both
    answers.

    s is the architecture's stride; sides are rounded up. There is no map of the background.

    joints : int, K
    architecture : FusionArchitecture, the original's sizes by default

    With the original's sizes and 7 joints the spatial layers have 14,299,911 weights and the fusion
    layers 3,315,975. Both answers start near 0, what they are nearly everywhere, as in the released
    code.
    """

    def __init__(self, joints: int, architecture: FusionArchitecture | None = None) -> None:
        super().__init__()
        self.joints, self.architecture = joints, architecture or FusionArchitecture()
        a = self.architecture
        near: list[nn.Module] = []
        channels = 3
        for n, size in enumerate(a.near):
            halves = n < len(a.near) - 1
            near += layers(channels, (size,), a.normalized, 1 + (halves and not a.pooled))
            near += [nn.MaxPool2d(2, ceil_mode=True)] * (halves and a.pooled)
            channels = size[1]
        self.near = nn.Sequential(*near)
        self.far = nn.Sequential(*layers(channels, a.far, a.normalized))
        self.first = nn.Conv2d(a.far[-1][1], joints, 1)
        self.fusion = nn.Sequential(*layers(channels + a.far[-1][1], a.fusion, a.normalized))
        self.last = nn.Conv2d(a.fusion[-1][1], joints, 1)
        for answer in (self.first, self.last):
            nn.init.normal_(answer.weight, std=0.01)
            nn.init.zeros_(answer.get_parameter("bias"))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Both answers, the better one last."""
        near, coarse = self.near(images - 0.5), self.architecture.coarse
        if coarse == 1:
            far = self.far(near)
        else:
            far = self.far(nn.functional.max_pool2d(near, coarse, ceil_mode=True))
            far = nn.functional.interpolate(far, size=near.shape[-2:], mode="bilinear")
        first = self.first(far)
        return [
            first.relu() if self.architecture.rectified else first,
            self.last(self.fusion(torch.cat([near, far], 1))),
        ]
