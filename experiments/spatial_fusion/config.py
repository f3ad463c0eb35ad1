"""The recipe of an estimator: a training file of tslib that may name a Spatial Fusion Network."""

from pathlib import Path
from typing import ClassVar

from torch import nn

from tslib.errors import InputError
from tslib.training.config import Config, read_config

from .network import SMALL_FUSION, FusionArchitecture, SpatialFusionNetwork


class FusionConfig(Config):
    """A Config whose architecture may also be one of this network."""

    architectures: ClassVar = Config.architectures | {
        "spatial fusion": FusionArchitecture(),
        "small spatial fusion": SMALL_FUSION,
    }

    def convnet(self, joints: int) -> nn.Module:
        """The network of so many joints."""
        if isinstance(self.architecture, FusionArchitecture):
            return SpatialFusionNetwork(joints, self.architecture)
        return super().convnet(joints)


def read_fusion_config(path: Path | str) -> Config:
    """The recipe in a TOML file; InputError names what breaks a rule."""
    config = read_config(path, FusionConfig)
    if isinstance(config.architecture, FusionArchitecture) and config.network.stages != 1:
        raise InputError(
            f"network.stages in {path} means nothing for a spatial fusion network; remove it."
        )
    return config
