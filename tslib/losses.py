"""What the networks are trained to minimise: Paper A's Eq. 5 and Eq. 6, and what makes Eq. 6 train.

All are sums over cells, joints and frames, divided by the number of frames: with the learning rates
of the paper, a mean over cells would be thousands of times too small.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def squared(stages: Sequence[Tensor], target: Tensor) -> Tensor:
    """Eq. 5 at every stage: half the squared error of heat-maps.

    stages and target : (N, C, H, W), see heatmaps.gaussian and heatmaps.with_background
    """
    # mypy sees the number that a sum over no stages would be.
    return sum((stage - target).square().sum() for stage in stages) / (2 * len(target))  # type: ignore


def hinge(score: Tensor, target: Tensor, weight: float = 1.0) -> Tensor:
    """Eq. 6: sum of max(0, 1 - score * target).

    score and target : (N, K, H, W), the target 1 or -1, see heatmaps.disc
    weight : of the cells inside the circles, a hundredth of all; 1 is the paper's form
    """
    share = torch.where(target > 0, weight, 1.0)
    return (share * (1 - score * target).clamp(min=0)).sum() / len(target)


def all_background(target: Tensor, weight: float = 1.0) -> float:
    """What `hinge` is where every score is -1, as of a network that has found nothing."""
    return float(2 * weight * (target > 0).sum() / len(target))
