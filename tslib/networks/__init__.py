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


def convnet(joints, architecture):
    """The ConvNet of so many joints that an architecture describes, Paper A's or Paper B's."""
    kind = (
        SpatialFusionNetwork
        if isinstance(architecture, FusionArchitecture)
        else ConvolutionalPoseMachine
    )
    return kind(joints, architecture)
