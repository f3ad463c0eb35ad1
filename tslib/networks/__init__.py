"""The networks of both papers."""

from .hourglass import BODY, HourglassArchitecture, StackedHourglass
from .pose_machine import SMALL, Architecture, ConvolutionalPoseMachine
from .spatial_fusion import SMALL_FUSION, FusionArchitecture, SpatialFusionNetwork
from .thin_slicing import ThinSlicingNetwork

__all__ = [
    "BODY",
    "SMALL",
    "SMALL_FUSION",
    "Architecture",
    "ConvolutionalPoseMachine",
    "FusionArchitecture",
    "HourglassArchitecture",
    "SpatialFusionNetwork",
    "StackedHourglass",
    "ThinSlicingNetwork",
    "convnet",
]


def convnet(joints, architecture):
    """The ConvNet of so many joints that an architecture describes, Paper A's or Paper B's."""
    kinds = {
        Architecture: ConvolutionalPoseMachine,
        FusionArchitecture: SpatialFusionNetwork,
        HourglassArchitecture: StackedHourglass,
    }
    return kinds[type(architecture)](joints, architecture)
