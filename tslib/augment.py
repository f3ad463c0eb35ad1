"""One affine map for a whole slice of frames: for its pictures, joints, boxes and optical flow.

A map drawn anew for each frame would be motion that the flow does not know of, so both papers
change all frames of a slice alike. The same map cuts a person out of the frames for a network.

Coordinates are those of pixel centres, x to the right and y down, so that positive angles turn
clockwise as seen. All results but pictures are float64.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from .heatmaps import STRIDE, to_cells
from .skeletons import Skeleton

PERSON = 0.7  # share of a network's input that the person's larger side takes before any scaling


@dataclass(frozen=True, eq=False)
class Affine:
    """The map p -> matrix[:, :2] @ p + matrix[:, 2], px to px; ``b @ a`` is a first and then b.

    matrix : float64 (2, 3)
    """

    matrix: np.ndarray

    @staticmethod
    def about(
        center: ArrayLike,
        angle: float = 0,
        scale: float = 1,
        flip: bool = False,
        to: ArrayLike | None = None,
    ) -> "Affine":
        """Flip left and right, turn by degrees and scale about (x, y) px, which is moved `to`."""
        turn = np.deg2rad(angle)
        linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        if flip:
            linear[:, 0] *= -1
        to = center if to is None else to
        return Affine(np.column_stack([linear, np.subtract(to, linear @ np.asarray(center))]))

    @staticmethod
    def onto_cells(stride: int = STRIDE) -> "Affine":
        """Pixels of a network's input to cells of its heat-maps, as `heatmaps.to_cells`."""
        offset = to_cells(0.0, stride)
        return Affine(np.array([[1 / stride, 0, offset], [0, 1 / stride, offset]]))

    def __matmul__(self, first: "Affine") -> "Affine":
        linear = self.matrix[:, :2] @ first.matrix[:, :2]
        return Affine(np.column_stack([linear, self.points(first.matrix[:, 2])]))

    def inverse(self) -> "Affine":
        """The map back. numpy.linalg.LinAlgError for one that is flat."""
        linear = np.linalg.inv(self.matrix[:, :2])
        return Affine(np.column_stack([linear, -linear @ self.matrix[:, 2]]))

    @property
    def flips(self) -> bool:
        """Whether left becomes right."""
        return bool(np.linalg.det(self.matrix[:, :2]) < 0)

    @property
    def scale(self) -> float:
        """How many times as long things become (the root of the change in area)."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    def vectors(self, vectors: ArrayLike) -> np.ndarray:
        """Vectors (..., 2), such as flow, x first: turned, scaled, mirrored, and not shifted."""
        return np.asarray(vectors, np.float64) @ self.matrix[:, :2].T

    def points(self, points: ArrayLike) -> np.ndarray:
        """Points (..., 2), x first; NaN stays NaN."""
        return self.vectors(points) + self.matrix[:, 2]

    def joints(self, joints: ArrayLike, skeleton: Skeleton) -> np.ndarray:
        """Joints (..., K, 2) in the skeleton's order. In a mirror the left hand is a right hand."""
        moved = self.points(joints)
        return moved[..., skeleton.mirrored, :] if self.flips else moved

    def visible(self, visible: ArrayLike, skeleton: Skeleton) -> np.ndarray:
        """What goes with joints, (..., K) of any dtype: visibility, scores."""
        return np.array(visible)[..., skeleton.mirrored if self.flips else slice(None)]

    def boxes(self, boxes: ArrayLike) -> np.ndarray:
        """Boxes (x, y, w, h), (..., 4): the upright box around each moved one.

        A turned box is larger than what it holds, so PCK's size is the old one times ``scale``.
        """
        corner, side = np.split(np.asarray(boxes, np.float64)[..., None, :], 2, -1)
        corners = self.points(corner + side * [[0, 0], [1, 0], [0, 1], [1, 1]])
        return np.concatenate([corners.min(-2), np.ptp(corners, axis=-2)], -1)

    def frame(self, frame: np.ndarray, size: tuple[int, int], fill: float = 0) -> np.ndarray:
        """A picture (H, W, C) or (H, W), uint8 or float32, as one of (w, h) px; fill beyond."""
        return self._resample(frame, size, cv2.BORDER_CONSTANT, (fill,) * 4)

    def flow(self, flow: ArrayLike, size: tuple[int, int]) -> np.ndarray:
        """Optical flow (H, W, 2) of the old pictures as that of the new ones: float32 (h, w, 2).

        Each vector moves with its pixel, and is turned and scaled. The border's goes on beyond.
        """
        moved = self._resample(np.asarray(flow, np.float32), size, cv2.BORDER_REPLICATE)
        return self.vectors(moved).astype(np.float32)

    def _resample(
        self, image: np.ndarray, size: tuple[int, int], border: int, fill: Sequence[float] = (0,)
    ) -> np.ndarray:
        # Shrinking samples every pixel and then averages, because single samples would alias.
        fine = max(1, round(1 / self.scale))
        matrix = (Affine.onto_cells(fine).inverse() @ self).matrix
        large = (size[0] * fine, size[1] * fine)
        image = cv2.warpAffine(image, matrix, large, borderMode=border, borderValue=fill)
        return image if fine == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def window_around(
    boxes: ArrayLike,
    size: tuple[int, int],
    angle: float = 0.0,
    scale: float = 1.0,
    shift: ArrayLike = (0.0, 0.0),
    flip: bool = False,
) -> Affine:
    """The map from the frames of a slice to a network's input, (w, h) px, which shows the person.

    boxes : (x, y, w, h) px, (T, 4) or (4,), of the person; NaN where unknown
    angle, scale, flip : see `Affine.about`; at scale 1 the larger side of the boxes, in the mean,
        takes 0.7 of the input's smaller side
    shift : (x, y), how far from the input's middle the person comes to lie, in shares of the input

    ValueError where no box is known, or none is larger than nothing.
    """
    all_boxes = np.reshape(np.asarray(boxes, np.float64), (-1, 4))
    there = all_boxes[known_boxes(all_boxes)]
    if not len(there):
        raise ValueError("a window needs the person's box in one frame of the slice or more.")
    center = (there[:, :2] + there[:, 2:] / 2).mean(0)
    whole = np.asarray(size, np.float64)
    normal = PERSON * whole.min() / there[:, 2:].max(-1).mean()
    to = (whole - 1) / 2 + np.multiply(shift, whole)
    return Affine.about(center, angle, scale * normal, flip, to)


def known_boxes(boxes: np.ndarray) -> np.ndarray:
    """Which boxes (x, y, w, h), (T, 4), say where the person is: bool (T,)."""
    return np.isfinite(boxes).all(-1) & (boxes[:, 2:].min(-1) > 0)


def paper_b(rng: np.random.Generator, center: ArrayLike) -> Affine:
    """Paper B's random map (Sec. IV): up to 30 degrees about center, (x, y) px; half flip."""
    return Affine.about(center, rng.uniform(-30, 30), flip=bool(rng.integers(2)))
