"""The generalized distance transform: one message of max-sum inference (Paper A, Eq. 4).

``distance_transform_numpy`` is the reference (chapter 01), ``distance_transform`` the
differentiable torch version (chapter 02). Both answer, for every cell ``p`` of a score map,

    message[p] = max_q  score[q] - stiffness_x (q_x - p_x - rest_x)^2
                                 - stiffness_y (q_y - p_y - rest_y)^2

where ``q`` is the sender's cell, ``p`` the receiver's, ``rest`` the offset sender - receiver at
which the spring is relaxed. ``source[p]`` is the best ``q`` as a flat index ``y * W + x``, the
lowest one on ties.
"""

from ..kernels.backends import choose_backend
from .layer import distance_transform
from .reference import distance_transform_numpy

__all__ = ["choose_backend", "distance_transform", "distance_transform_numpy"]
