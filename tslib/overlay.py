"""Joints drawn over a frame: left and right in two colours, the detector's own as hollow marks."""

import cv2
import numpy as np

LEFT, RIGHT, MIDDLE = (255, 140, 40), (40, 150, 255), (90, 220, 90)  # RGB: orange, blue, green
SMALLEST, LARGEST = 640, 1280  # px of the longer side; other videos are enlarged or shrunk to them
DRAWN = 0.1  # joints of a lower score are left out


def color_of(skeleton, *joints):
    """Colour of a joint, or of the limb between two, by number: that of its side, if it has one."""
    sides = {skeleton.joints[k].partition("_")[0] for k in joints}
    return {"left": LEFT, "right": RIGHT}.get(sides.pop(), MIDDLE) if len(sides) == 1 else MIDDLE


class Canvas:
    """Draws on frames of size (W, H) px with joints of a skeleton; ``size`` is that of the
    drawings.
    """

    def __init__(self, size, skeleton):
        self.scale = float(np.clip(max(size), SMALLEST, LARGEST)) / max(size)
        self.size = tuple(
            2 * max(1, round(n * self.scale / 2)) for n in size
        )  # codecs want even numbers
        self.skeleton = skeleton

    def draw(self, frame, result, detected):
        """The frame with both results, each (joints (K, 2) px, score (K,)) or None: uint8 RGB of
        ``size``.
        """
        shrinks = self.scale < 1
        picture = cv2.resize(
            frame, self.size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        )
        if result is None:
            return picture
        place, found = (enlarged(joints, self.scale) for joints in (result[0], detected[0]))
        score, thick = result[1], max(2, max(self.size) // 320)
        face = self.skeleton.groups.get("head", [])
        tiny = face if len(face) > 1 else []  # eyes and ears lie close together
        for k, point in enumerate(found):  # first, so that they show where they differ
            if detected[1][k] >= DRAWN and k not in tiny:
                cv2.circle(picture, point, thick + 3, (0, 0, 0), 2, cv2.LINE_AA)
                cv2.circle(picture, point, thick + 3, (255, 255, 255), 1, cv2.LINE_AA)
        draw_limbs(picture, place, score >= DRAWN, self.skeleton, thick, tiny)
        return picture


def enlarged(joints, scale):
    """Joints (K, 2) px as whole pixels of a picture so many times as large: a list of (x, y)."""
    return [tuple(map(int, p)) for p in np.round((joints + 0.5) * scale - 0.5)]


def draw_limbs(picture, place, drawn, skeleton, thick=2, tiny=()):
    """Draw limbs and joints into a picture, uint8 RGB.

    place : list of K (x, y) whole px; drawn : bool (K,); thick : px of a limb; tiny : joints to
    draw as dots
    """
    for a, b in skeleton.edges:
        if drawn[a] and drawn[b]:
            color = color_of(skeleton, a, b)
            cv2.line(picture, place[a], place[b], (0, 0, 0), thick + 2, cv2.LINE_AA)
            cv2.line(picture, place[a], place[b], color, thick, cv2.LINE_AA)
    for k in np.flatnonzero(drawn):
        radius = 1 if k in tiny else thick + 1
        cv2.circle(picture, place[k], radius + 1, (0, 0, 0), -1, cv2.LINE_AA)
        cv2.circle(picture, place[k], radius, color_of(skeleton, k), -1, cv2.LINE_AA)
