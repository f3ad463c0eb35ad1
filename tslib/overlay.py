"""Joints drawn over a frame: left and right in two colours, the detector's own as hollow marks."""

from collections.abc import Container, Sequence

import cv2
import numpy as np

from .crop import Crop
from .skeletons import Skeleton

LEFT, RIGHT, MIDDLE = (255, 140, 40), (40, 150, 255), (90, 220, 90)  # RGB: orange, blue, green
_Found = tuple[np.ndarray, np.ndarray] | None
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_SHORTEST, _LONGEST = 640, 1280  # px of the longer side; other videos are enlarged or shrunk
_DRAWN = 0.1  # joints of a lower score are left out


def color_of(skeleton: Skeleton, *joints: int) -> tuple[int, int, int]:
    """Colour of a joint, or of the limb between two, by number: that of its side, if it has one."""
    sides = {skeleton.joints[k].partition("_")[0] for k in joints}
    return {"left": LEFT, "right": RIGHT}.get(sides.pop(), MIDDLE) if len(sides) == 1 else MIDDLE


class Canvas:
    """Draws joints of a skeleton on frames of size (W, H) px; its ``size`` is the drawings' one."""

    def __init__(self, size: tuple[int, int], skeleton: Skeleton) -> None:
        self.scale = float(np.clip(max(size), _SHORTEST, _LONGEST)) / max(size)
        # Codecs want even numbers.
        width, height = (2 * max(1, round(n * self.scale / 2)) for n in size)
        self.size, self.skeleton = (width, height), skeleton

    def enlarge(self, frame: np.ndarray) -> np.ndarray:
        """The frame in ``size``, to draw on."""
        method = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_CUBIC
        return cv2.resize(frame, self.size, interpolation=method)

    def add(
        self,
        picture: np.ndarray,
        result: _Found,
        detected: _Found,
        crop: Crop | None = None,
        name: str = "",
    ) -> None:
        """Draw both results, (joints (K, 2) px, score (K,)), into a picture, uint8 RGB of ``size``.

        crop : the window that the detector saw, to be outlined, with a name beside it
        """
        if result is None:
            return
        if crop is not None:
            outline = np.array(enlarged(crop.corners(), self.scale))
            cv2.polylines(picture, [outline], True, _WHITE, 1, cv2.LINE_AA)
            x, y = outline.clip(0, np.array(self.size) - 24).min(0).tolist()
            for color, wide in ((_BLACK, 4), (_WHITE, 1)):
                at, font = (x + 4, y + 20), cv2.FONT_HERSHEY_DUPLEX
                cv2.putText(picture, name, at, font, 0.7, color, wide, cv2.LINE_AA)
        thick = max(2, max(self.size) // 320)
        face = self.skeleton.groups.get("head", [])
        tiny = face if len(face) > 1 else []  # eyes and ears lie close together
        # The detector's joints come first, so that they show where they differ.
        found, score = detected or (np.empty((0, 2)), np.empty(0))
        for k, point in enumerate(enlarged(found, self.scale)):
            if score[k] >= _DRAWN and k not in tiny:
                cv2.circle(picture, point, thick + 3, _BLACK, 2, cv2.LINE_AA)
                cv2.circle(picture, point, thick + 3, _WHITE, 1, cv2.LINE_AA)
        place = enlarged(result[0], self.scale)
        draw_limbs(picture, place, result[1] >= _DRAWN, self.skeleton, thick, tiny)


def enlarged(joints: np.ndarray, scale: float) -> list[tuple[int, int]]:
    """Joints (K, 2) px as whole pixels (x, y) of a picture so many times as large."""
    return [(int(x), int(y)) for x, y in np.round((joints + 0.5) * scale - 0.5)]


def draw_limbs(
    picture: np.ndarray,
    place: Sequence[tuple[int, int]],
    drawn: np.ndarray,
    skeleton: Skeleton,
    thick: int = 2,
    tiny: Container[int] = (),
) -> None:
    """Draw limbs, thick px wide, and joints into a picture, uint8 RGB.

    place : K (x, y) whole px; drawn : bool (K,); tiny : joints to draw as dots
    """
    for a, b in skeleton.edges:
        if drawn[a] and drawn[b]:
            color = color_of(skeleton, a, b)
            cv2.line(picture, place[a], place[b], _BLACK, thick + 2, cv2.LINE_AA)
            cv2.line(picture, place[a], place[b], color, thick, cv2.LINE_AA)
    for k in np.flatnonzero(drawn).tolist():
        radius = 1 if k in tiny else thick + 1
        cv2.circle(picture, place[k], radius + 1, _BLACK, -1, cv2.LINE_AA)
        cv2.circle(picture, place[k], radius, color_of(skeleton, k), -1, cv2.LINE_AA)
