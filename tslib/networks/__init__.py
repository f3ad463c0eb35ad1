"""The networks of both papers."""

from .pose_machine import SMALL, Architecture, ConvolutionalPoseMachine
from .spatial_fusion import SMALL_FUSION, FusionArchitecture, SpatialFusionNetwork
from .thin_slicing import ThinSlicingNetwork

__all__ = [
    "SMALL",
    "SMALL_FUSION",
    "Architecture",
    "ConvolutionalPoseMachine",
    "FusionArchitecture",
    "SpatialFusionNetwork",
    "ThinSlicingNetwork",
    "convnet",
]


def convnet(
    joints: int, architecture: Architecture | FusionArchitecture
) -> ConvolutionalPoseMachine | SpatialFusionNetwork:
    """The ConvNet of so many joints that an architecture describes, Paper A's or Paper B's."""
    if isinstance(architecture, FusionArchitecture):
        return SpatialFusionNetwork(joints, architecture)
    return ConvolutionalPoseMachine(joints, architecture)
