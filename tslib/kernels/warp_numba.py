"""Bilinear samples on a CPU, compiled by numba: one search for a place serves all K maps."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .jit import arrays, compiled, spread


class Corners(NamedTuple):
    """Where P places lie: the upper left cell, flat, and how far on the right and the lower ones
    are; the shares u, v of those; inside (P, 2), 0 where the place was clamped."""

    cell: np.ndarray
    right: np.ndarray
    down: np.ndarray
    u: np.ndarray
    v: np.ndarray
    inside: np.ndarray


@compiled()
def _room(P, like):
    """Room for the corners of P places."""
    cell, right, down = np.empty(P, np.int32), np.empty(P, np.int32), np.empty(P, np.int32)
    u, v = np.empty(P, like.dtype), np.empty(P, like.dtype)
    return Corners(cell, right, down, u, v, np.empty((P, 2), np.bool_))


@compiled()
def _locate(place, H, W, corners):
    """The corners of places (P, 2), written."""
    cell, right, down, u, v, inside = corners
    for j in range(len(place)):
        x, y = min(max(place[j, 0], 0), W - 1), min(max(place[j, 1], 0), H - 1)
        left, top = int(x), int(y)
        cell[j] = top * W + left
        right[j], down[j] = left < W - 1, W if top < H - 1 else 0
        u[j], v[j] = x - left, y - top
        inside[j, 0], inside[j, 1] = 0 <= place[j, 0] <= W - 1, 0 <= place[j, 1] <= H - 1


@compiled()
def _sample(first, last, maps, place, W, out):
    """out (N, K, P) of maps (N, K, H * W) at place (N, P, 2), for n in first..last."""
    _, K, size = maps.shape
    corners = _room(place.shape[1], maps)
    cell, right, down, u, v, _ = corners
    for n in range(first, last):
        _locate(place[n], size // W, W, corners)
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
    corners = _room(place.shape[1], maps)
    cell, right, down, u, v, inside = corners
    for n in range(first, last):
        _locate(place[n], size // W, W, corners)
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
    """maps (N, K, H, W), place (N, h, w, 2), contiguous CPU tensors -> (N, K, h, w)."""
    N, K, _, W = maps.shape
    out = maps.new_empty(N, K, *place.shape[1:3])
    flat, places, result = arrays(maps.flatten(2), place.flatten(1, 2), out.flatten(2))
    spread(_sample, N, flat, places, W, result)
    return out


def sample_backward_numba(
    shape: list[int], gradient: Tensor, maps: Tensor, place: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients of maps, whose shape that is, and place."""
    to_maps, to_place = maps.new_zeros(shape), torch.zeros_like(place)
    inputs = arrays(gradient.flatten(2), maps.flatten(2), place.flatten(1, 2))
    outputs = arrays(to_maps.flatten(2), to_place.flatten(1, 2))
    spread(_scatter, len(maps), *inputs, maps.shape[-1], *outputs)
    return to_maps, to_place
