"""The networks of Paper A."""

from .pose_machine import SMALL, Architecture, ConvolutionalPoseMachine
from .thin_slicing import ThinSlicingNetwork

__all__ = ["SMALL", "Architecture", "ConvolutionalPoseMachine", "ThinSlicingNetwork"]
