"""Exact optical flow of a rendered clip: which part every pixel shows, and how every part moves.

A file, which only the renderer writes, holds the part that each pixel of each frame shows (segments
of the body, props, occluders, the background) and for each part the affine map that carries its
points to the next and to the previous frame. So flow is known between pixels as well, to the part's
own edge, and where a part is covered in the other frame, its flow says where it is all the same.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import InputError
from .files import check_unpacked, ordinary

PARTS = 36
_LARGEST = 1 << 29  # bytes of the parts of a clip: 1,700 frames of 560 x 560 px
_FARTHEST = 1e6  # px, that a part moves to


@dataclass(frozen=True)
class PartFlow:
    """Flow of one clip.

    parts : uint8 (T, H, W), 0 for the background; the numbers of parts are those of renderer.draw
    to_next, to_previous : float32 (T, 36, 2, 3), affine maps for (x, y, 1) px of each part to px
        there; the last frame's to_next and the first one's to_previous are the identity
    """

    parts: np.ndarray
    to_next: np.ndarray
    to_previous: np.ndarray

    def __len__(self) -> int:
        return len(self.parts)

    def dense(self, t: int, forward: bool = True, stride: int = 1) -> np.ndarray:
        """Flow (H / stride, W / stride, 2) px of frame t to its next or previous frame, at the
        middles of cells of so many px, (cell + 0.5) * stride - 0.5."""
        H, W = self.parts.shape[1:]
        x, y = (((np.arange(n // stride) + 0.5) * stride - 0.5).astype(np.float32) for n in (W, H))
        return self.at(t, np.stack(np.meshgrid(x, y), -1), forward)

    def at(self, t: int, points: np.ndarray, forward: bool = True) -> np.ndarray:
        """Flow float32 (..., 2) px at points (..., 2) px of frame t, whose nearest pixel counts."""
        points = np.asarray(points, np.float32)
        H, W = self.parts.shape[1:]
        x, y = points[..., :1], points[..., 1:]
        nearest = np.floor(points + 0.5).clip(0, [W - 1, H - 1]).astype(int)
        part = self.parts[t, nearest[..., 1], nearest[..., 0]]
        affine = (self.to_next if forward else self.to_previous)[t][part]
        return affine[..., 0] * x + affine[..., 1] * y + affine[..., 2] - points


def read_flow(root: Path | str, name: str) -> PartFlow:
    """The PartFlow that the renderer wrote beside a clip: root/flow/name.npz. Raises InputError."""
    path = Path(root) / "flow" / f"{name}.npz"
    ordinary(path, f"there is no flow {path}; only rendered clips have it.")
    try:
        check_unpacked(path, _LARGEST)
        with np.load(path) as file:
            T, H, W = file["shape"].tolist()
            size, unpack = T * H * W, zlib.decompressobj()
            if min(T, H, W) < 1 or size > _LARGEST:
                raise ValueError("its shape cannot be")
            # A bytearray, so that the array can be written to like any other. One byte more than
            # there should be is enough to see that a file unpacks to something else.
            parts = np.frombuffer(bytearray(unpack.decompress(file["parts"], size + 1)), np.uint8)
            affine = file["to_next"], file["to_previous"]
        if parts.max(initial=0) >= PARTS or parts.size != size:
            raise ValueError("its parts cannot be")
        for maps in affine:
            known = maps.dtype == np.float32 and maps.shape == (T, PARTS, 2, 3)
            if not known or not np.abs(maps).max() < _FARTHEST:
                raise ValueError("its motion cannot be")
        return PartFlow(parts.reshape(T, H, W), *affine)
    except Exception as error:
        own = type(error) is ValueError and str(error).startswith("it")
        why = f" ({error})" if own else ""  # others are numpy's, of any length
        raise InputError(f"{path} is damaged{why}; render the clip again.") from error
