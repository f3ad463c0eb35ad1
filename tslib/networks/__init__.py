"""The networks of Paper A."""

from .hourglass import BODY, HourglassArchitecture, StackedHourglass
from .pose_machine import SMALL, Architecture, ConvolutionalPoseMachine
from .thin_slicing import ThinSlicingNetwork

__all__ = [
    "BODY",
    "SMALL",
    "Architecture",
    "ConvolutionalPoseMachine",
    "HourglassArchitecture",
    "StackedHourglass",
    "ThinSlicingNetwork",
]
