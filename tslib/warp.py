"""The flow layer (Paper A, Sec. 3.2): heat-maps of a neighbour frame, moved to this frame's body.

``warp`` samples: each cell of this frame looks where the flow says it lies in the neighbour frame.
``splat`` pushes: each cell of the neighbour frame goes where its own flow takes it, which is what
Paper A's formula says (p' = p + f(p)); cells that nobody reaches stay empty. For flows that are
inverse to each other both agree. Chapter 03 builds and compares them.
"""

import torch
from torch import Tensor

from .distance_transform.arguments import check_type
from .kernels.backends import choose_backend
from .kernels.operators import sample_compiled


def cells(H: int, W: int, like: Tensor) -> Tensor:
    """Each cell's own coordinates (H, W, 2), x first, of the dtype and device of a tensor."""
    y, x = (torch.arange(n, dtype=like.dtype, device=like.device) for n in (H, W))
    return torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)


def sample(maps: Tensor, place: Tensor, backend: str | None = None) -> Tensor:
    """Bilinear samples of maps (N, K, H, W) at the cells place (N, h, w, 2), x first: (N, K, h, w).

    Beyond the border the border's value; finite values only. Differentiable in both.
    """
    if choose_backend(maps.device, backend) == "compiled":
        return sample_compiled(maps, place)
    return sample_torch(maps, place)


def corners(place: Tensor, H: int, W: int) -> tuple[list[Tensor], Tensor, Tensor]:
    """The four cells around each place (..., 2), and how far it lies between them.

    Returns flat indices int64 (...) of the upper left, upper right, lower left and lower right
    cell, and the shares u, v (...) of the right and of the lower ones.
    """
    x, y = place[..., 0].clamp(0, W - 1), place[..., 1].clamp(0, H - 1)
    left, top = x.detach().floor(), y.detach().floor()
    right, bottom = (left + 1).clamp(max=W - 1), (top + 1).clamp(max=H - 1)
    flat = [(row * W + column).long() for row in (top, bottom) for column in (left, right)]
    return flat, x - left, y - top


def sample_torch(maps: Tensor, place: Tensor) -> Tensor:
    """`sample` in torch operations."""
    N, K, H, W = maps.shape
    flat, u, v = corners(place.flatten(1, 2), H, W)
    s1, s2, s3, s4 = (maps.flatten(2).gather(2, i[:, None].expand(-1, K, -1)) for i in flat)
    u, v = u[:, None], v[:, None]
    above, below = s1 + u * (s2 - s1), s3 + u * (s4 - s3)
    return (above + v * (below - above)).unflatten(2, place.shape[1:3])


def warp(score: Tensor, flow: Tensor) -> Tensor:
    """Backward warp: ``out[p] = score[p + flow[p]]``, differentiable in both.

    score : (..., H, W), float32 or float64, finite, of the neighbour frame
    flow : (..., H, W, 2) cells, from this frame to the neighbour frame, on this frame's cells. The
        leading axes broadcast; maps that share a flow (the joints of a frame) share the work.

    Returns (..., H, W), bilinear between cells, with the border's value beyond it. Zero flow gives
    back the very same scores. Raises ValueError for shapes, dtypes and devices that do not fit, and
    for values that are not finite.
    """
    _fitting(score, flow)
    return warp_unchecked(score, flow)


def warp_unchecked(score: Tensor, flow: Tensor) -> Tensor:
    """`warp` of arguments that are known to fit."""
    H, W = score.shape[-2:]
    lead = torch.broadcast_shapes(score.shape[:-2], flow.shape[:-3])
    shared = flow.dim() == 3 or flow.shape[-4] == 1  # by all maps of the last leading axis
    outer = lead[:-1] if shared else lead
    flow = flow.expand(*outer, *(1,) * shared, H, W, 2).reshape(-1, H, W, 2)
    maps = score.expand(*lead, H, W).reshape(len(flow), -1, H, W)
    return sample(maps, cells(H, W, flow) + flow).view(*lead, H, W)


def splat(score: Tensor, flow: Tensor) -> Tensor:
    """Forward warp by maximum: every cell p of score goes to the cell nearest to ``p + flow[p]``.

    As `warp`, but flow leads from the neighbour frame to this one, on the neighbour's cells. Where
    no cell arrives, the result is the map's minimum. Differentiable in the score.
    """
    lead, H, W = _fitting(score, flow)
    return splat_unchecked(score.expand(*lead, H, W), flow)


def splat_unchecked(score: Tensor, flow: Tensor) -> Tensor:
    """`splat` of arguments that are known to fit, the score in the shape of the result."""
    H, W = score.shape[-2:]
    x, y = (cells(H, W, flow) + flow).round().long().unbind(-1)
    outside = (x < 0) | (x >= W) | (y < 0) | (y >= H)
    place = torch.where(outside, H * W, y * W + x)  # one more cell takes what leaves the map
    maps = score.flatten(-2)
    pushed = maps.amin(-1, keepdim=True).expand(*maps.shape[:-1], H * W + 1)
    pushed = pushed.scatter_reduce(-1, place.expand(score.shape).flatten(-2), maps, "amax")
    return pushed[..., :-1].unflatten(-1, (H, W))


def chain(first: Tensor, second: Tensor) -> Tensor:
    """The flow over two frames (..., H, W, 2): along first, and from where it leads along second,
    which lies on the cells of the frame between. Raises ValueError as `warp` does.
    """
    return first + warp(second.movedim(-1, -3), first.unsqueeze(-4)).movedim(-3, -1)


def inconsistent(flow: Tensor, back: Tensor) -> Tensor:
    """Cells, bool (..., H, W), that are probably covered in the other frame, because the flow there
    and back does not lead home (Sundaram, Brox, Keutzer, ECCV 2010):

        |flow + back|^2 > 0.01 (|flow|^2 + |back|^2) + 0.5, back read where flow leads

    Both flows are (..., H, W, 2) cells. Raises ValueError as `warp` does.
    """
    home = chain(flow, back)
    length = flow.square().sum(-1) + (home - flow).square().sum(-1)
    return home.square().sum(-1) > 0.01 * length + 0.5


def _fitting(score, flow):
    """Leading shape, H and W of maps and flow that fit; ValueError says what does not."""
    for name, value in (("score", score), ("flow", flow)):
        check_type(name, value)
        if not value.isfinite().all():
            raise ValueError(f"{name} must be finite, but holds NaN or infinity.")
    if flow.dim() < 3 or flow.shape[-1] != 2 or flow.shape[-3:-1] != score.shape[-2:]:
        raise ValueError(
            "flow must have shape (..., H, W, 2) for scores (..., H, W), but they are "
            f"{tuple(flow.shape)} and {tuple(score.shape)}."
        )
    if flow.dtype != score.dtype or flow.device != score.device:
        raise ValueError(
            f"score and flow must have one dtype and device, but have {score.dtype} on "
            f"{score.device} and {flow.dtype} on {flow.device}."
        )
    try:
        lead = torch.broadcast_shapes(score.shape[:-2], flow.shape[:-3])
    except RuntimeError:
        raise ValueError(
            "the leading axes of score and flow must broadcast, but are "
            f"{tuple(score.shape[:-2])} and {tuple(flow.shape[:-3])}."
        ) from None
    return lead, *score.shape[-2:]
