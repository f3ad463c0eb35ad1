"""The generalized distance transform: one message of max-sum inference (Paper A, Eq. 4).

``distance_transform_numpy`` is the reference (chapter 01), ``distance_transform`` the
differentiable torch version (chapter 02).
"""

from ..kernels.backends import choose_backend
from .layer import distance_transform
from .reference import distance_transform_numpy

__all__ = ["choose_backend", "distance_transform", "distance_transform_numpy"]
