"""How the fast back ends keep arg-maxes: the smallest integers that hold them, in rows of whole
vectors.
"""

import torch

LANES = (
    16  # cells side by side: one 512-bit register of float32, or as many narrower ones as it takes
)


def row_length(W):
    """Cells of a kept row of W: rounded up to a multiple of LANES."""
    return -(-W // LANES) * LANES


def index_type(*sides):
    """The smallest integer dtype that holds every index along sides of that many cells."""
    return next(
        t for t in (torch.uint8, torch.int16, torch.int32) if max(sides) <= torch.iinfo(t).max + 1
    )
