"""Paper B's best estimator, the Spatial Fusion Network, on videos whose persons have no boxes.

It learns from smaller frames (`videos`), its recipe is a training file as tslib's (`config`), and
it searches a video twice: in whole frames, and in one box around what it found (`prediction`).
"""

from .config import FusionConfig, read_fusion_config
from .network import SMALL_FUSION, FusionArchitecture, SpatialFusionNetwork
from .prediction import predict_twice
from .videos import load_videos

__all__ = [
    "SMALL_FUSION",
    "FusionArchitecture",
    "FusionConfig",
    "SpatialFusionNetwork",
    "load_videos",
    "predict_twice",
    "read_fusion_config",
]
