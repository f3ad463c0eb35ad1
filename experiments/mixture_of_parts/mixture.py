"""The weights of a mixture of parts, and what a pose scores by them."""

from collections.abc import Sequence

import torch
from torch import nn

from .features import CHANNELS, windows
from .inference import best_pose

SOFTEST = 0.01  # stiffness, per cell squared, as Yang and Ramanan bound it


class Mixture(nn.Module):
    """Templates, springs and biases of P parts with types.

    parents : of the parts, see `inference.best_pose`
    types : how many types each part has
    size : cells of a template's side, odd

    Parameters, all float32, F types in all, those of part 0 first: ``templates`` (F, 31, size,
    size); ``level`` (F,), what a type is worth anywhere; ``stiffness`` and ``rest`` (F, 2), x
    first, of the spring to the parent, in cells; ``together`` P - 1 of (types, types of the
    parent). The spring is that of the child's type alone.
    """

    def __init__(self, parents: Sequence[int], types: Sequence[int], size: int) -> None:
        super().__init__()
        self.parents, self.types, self.size = tuple(parents), tuple(types), size
        F = sum(types)
        self.templates = nn.Parameter(torch.zeros(F, CHANNELS, size, size))
        self.level = nn.Parameter(torch.zeros(F))
        self.stiffness = nn.Parameter(torch.ones(F, 2))
        self.rest = nn.Parameter(torch.zeros(F, 2))
        self.together = nn.ParameterList(
            torch.zeros(types[i], types[parents[i]]) for i in range(1, len(parents))
        )

    @property
    def first(self) -> torch.Tensor:
        """The row of each part's type 0: int64 (P,)."""
        return torch.tensor([0, *self.types[:-1]]).cumsum(0)

    def maps(self, features: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Scores of all parts and types in HOG maps (B, 31, H, W): P tensors (B, T_i, H, W)."""
        maps = nn.functional.conv2d(features, self.templates, self.level, padding=self.size // 2)
        return maps.split(self.types, 1)

    @torch.no_grad()
    def best(self, maps: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Scores (B,), places (B, P) and types (B, P) of the best poses, see `best_pose`."""
        stiffness, rest = (spring.split(self.types) for spring in (self.stiffness, self.rest))
        return best_pose(maps, self.parents, stiffness, rest, [maps[0], *self.together])

    def score(
        self, features: torch.Tensor, place: torch.Tensor, kind: torch.Tensor
    ) -> torch.Tensor:
        """What given poses score, (B,), differentiable in the weights; arguments as `best` returns
        them.
        """
        (B, P), W = place.shape, features.shape[-1]
        y, x, row = place // W, place % W, kind + self.first
        seen = windows(features, torch.arange(B)[:, None].expand(B, P), y, x, self.size)
        # Indexing would add up the gradient by threads that race; an embedding keeps their order.
        asked = nn.functional.embedding(row, self.templates.flatten(1)).view_as(seen)
        looks = (seen * asked).sum((1, 2, 3, 4)) + self.level[row].sum(1)
        above, row = list(self.parents[1:]), row[:, 1:]
        offset = torch.stack([x[:, 1:] - x[:, above], y[:, 1:] - y[:, above]], -1)
        stretch = self.stiffness[row] * (offset - self.rest[row]).square()
        pairs = [m[kind[:, i], kind[:, self.parents[i]]] for i, m in enumerate(self.together, 1)]
        return looks - stretch.sum((1, 2)) + sum(pairs)

    @torch.no_grad()
    def clamp(self) -> None:
        """Springs that still pull."""
        self.stiffness.clamp_(min=SOFTEST)
