"""How the fast back ends keep arg-maxes: in the smallest integers, in rows of whole vectors."""

import torch

LANES = 16  # cells side by side: one 512-bit register of float32, or several narrower ones


def row_length(W: int) -> int:
    """Cells of a kept row of W: rounded up to a multiple of LANES."""
    return -(-W // LANES) * LANES


def index_type(*sides: int) -> torch.dtype:
    """The smallest integer dtype that holds every index along sides of that many cells."""
    return next(
        t for t in (torch.uint8, torch.int16, torch.int32) if max(sides) <= torch.iinfo(t).max + 1
    )


def empty_arg_max(maps: torch.Tensor, *lead: int) -> torch.Tensor:
    """Room for an arg-max of maps (..., H, W), on their device: (*lead, H, row_length(W))."""
    H, W = maps.shape[-2:]
    return maps.new_empty(*lead, H, row_length(W), dtype=index_type(H, W))
