"""Bilinear samples on a CPU, compiled by numba: one search for a place serves all K maps."""

import numpy as np
import torch
from torch import Tensor

from .jit import arrays, compiled, spread


@compiled()
def _corners(place, H, W, like):
    """Of places (P, 2): the upper left cell, flat, how far on the right and the lower ones are, the
    shares u, v of those, and inside (P, 2), 0 where the place was clamped."""
    P = len(place)
    cell, right, down = np.empty(P, np.int32), np.empty(P, np.int32), np.empty(P, np.int32)
    u, v, inside = np.empty(P, like.dtype), np.empty(P, like.dtype), np.empty((P, 2), np.bool_)
    for j in range(P):
        x, y = min(max(place[j, 0], 0), W - 1), min(max(place[j, 1], 0), H - 1)
        left, top = int(x), int(y)
        cell[j] = top * W + left
        right[j], down[j] = left < W - 1, W if top < H - 1 else 0
        u[j], v[j] = x - left, y - top
        inside[j, 0], inside[j, 1] = 0 <= place[j, 0] <= W - 1, 0 <= place[j, 1] <= H - 1
    return cell, right, down, u, v, inside


@compiled()
def _sample(first, last, maps, place, W, out):
    """out (N, K, P) of maps (N, K, H * W) at place (N, P, 2), for n in first..last."""
    _, K, size = maps.shape
    for n in range(first, last):
        cell, right, down, u, v, _ = _corners(place[n], size // W, W, maps)
        for k in range(K):
            for j in range(len(cell)):
                i = cell[j]
                a, b = maps[n, k, i], maps[n, k, i + right[j]]
                c, d = maps[n, k, i + down[j]], maps[n, k, i + down[j] + right[j]]
                above, below = a + u[j] * (b - a), c + u[j] * (d - c)
                out[n, k, j] = above + v[j] * (below - above)


@compiled()
def _scatter(first, last, gradient, maps, place, W, to_maps, to_place):
    """Adds to to_maps (N, K, H * W) and to to_place (N, P, 2)."""
    _, K, size = maps.shape
    for n in range(first, last):
        cell, right, down, u, v, inside = _corners(place[n], size // W, W, maps)
        for k in range(K):
            values, to_values = maps[n, k], to_maps[n, k]
            for j in range(len(cell)):
                g, x, y = gradient[n, k, j], u[j], v[j]
                if g != 0:
                    a, b, c = cell[j], cell[j] + right[j], cell[j] + down[j]
                    d = c + right[j]
                    across = (values[b] - values[a]) * (1 - y) + (values[d] - values[c]) * y
                    along = (values[c] - values[a]) * (1 - x) + (values[d] - values[b]) * x
                    to_place[n, j, 0] += g * across * inside[j, 0]
                    to_place[n, j, 1] += g * along * inside[j, 1]
                    to_values[a] += g * (1 - x) * (1 - y)
                    to_values[b] += g * x * (1 - y)
                    to_values[c] += g * (1 - x) * y
                    to_values[d] += g * x * y


def sample_numba(maps: Tensor, place: Tensor) -> Tensor:
    """`sample_compiled` of contiguous CPU tensors."""
    N, K, _, W = maps.shape
    out = maps.new_empty(N, K, *place.shape[1:3])
    flat, places, result = arrays(maps.flatten(2), place.flatten(1, 2), out.flatten(2))
    spread(_sample, N, flat, places, W, result)
    return out


def sample_backward_numba(
    shape: list[int], gradient: Tensor, maps: Tensor, place: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients of maps and place."""
    to_maps, to_place = maps.new_zeros(shape), torch.zeros_like(place)
    inputs = arrays(gradient.flatten(2), maps.flatten(2), place.flatten(1, 2))
    outputs = arrays(to_maps.flatten(2), to_place.flatten(1, 2))
    spread(_scatter, len(maps), *inputs, maps.shape[-1], *outputs)
    return to_maps, to_place
