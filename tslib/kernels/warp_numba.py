"""`warp.sample` on a CPU, compiled by numba: where a place lies is worked out once for all K maps."""

import numpy as np
import torch

from .transform_numba import compiled, spread


@compiled()
def locate(place, H, W, cell, right, down, u, v, inside):
    """For places (P, 2): the upper left cell, how far on the right and the lower ones are, flat;
    the shares of those; 0 where the place was clamped."""
    for j in range(len(place)):
        x, y = min(max(place[j, 0], 0), W - 1), min(max(place[j, 1], 0), H - 1)
        left, top = int(x), int(y)
        cell[j] = top * W + left
        right[j], down[j] = left < W - 1, W if top < H - 1 else 0
        u[j], v[j] = x - left, y - top
        inside[j, 0], inside[j, 1] = 0 <= place[j, 0] <= W - 1, 0 <= place[j, 1] <= H - 1


@compiled()
def room(P, like):
    """Arrays for `locate`."""
    cell, right, down = np.empty(P, np.int32), np.empty(P, np.int32), np.empty(P, np.int32)
    return (
        cell,
        right,
        down,
        np.empty(P, like.dtype),
        np.empty(P, like.dtype),
        np.empty((P, 2), np.bool_),
    )


@compiled()
def sample_kernel(first, last, maps, place, W, out):
    """out (N, K, P) of maps (N, K, H * W) at place (N, P, 2), for n in first..last."""
    _, K, size = maps.shape
    cell, right, down, u, v, inside = room(place.shape[1], maps)
    for n in range(first, last):
        locate(place[n], size // W, W, cell, right, down, u, v, inside)
        for k in range(K):
            for j in range(len(cell)):
                i = cell[j]
                a, b = maps[n, k, i], maps[n, k, i + right[j]]
                c, d = maps[n, k, i + down[j]], maps[n, k, i + down[j] + right[j]]
                above, below = a + u[j] * (b - a), c + u[j] * (d - c)
                out[n, k, j] = above + v[j] * (below - above)


@compiled()
def backward_kernel(first, last, gradient, maps, place, W, to_maps, to_place):
    """Adds to to_maps (N, K, H * W) and to to_place (N, P, 2)."""
    _, K, size = maps.shape
    cell, right, down, u, v, inside = room(place.shape[1], maps)
    for n in range(first, last):
        locate(place[n], size // W, W, cell, right, down, u, v, inside)
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


def sample_maps(maps, place):
    """maps (N, K, H, W), place (N, h, w, 2), contiguous CPU tensors -> (N, K, h, w)."""
    N, K, _, W = maps.shape
    out = maps.new_empty(N, K, place.shape[1] * place.shape[2])
    spread(sample_kernel, N, maps.flatten(2).numpy(), place.flatten(1, 2).numpy(), W, out.numpy())
    return out.unflatten(2, place.shape[1:3])


def sample_maps_backward(gradient, maps, place):
    """Gradients of maps and place."""
    to_maps, to_place = torch.zeros_like(maps), torch.zeros_like(place)
    arrays = [t.flatten(2).numpy() for t in (gradient, maps)]
    outputs = to_maps.flatten(2).numpy(), to_place.flatten(1, 2).numpy()
    spread(
        backward_kernel, len(maps), *arrays, place.flatten(1, 2).numpy(), maps.shape[-1], *outputs
    )
    return to_maps, to_place
