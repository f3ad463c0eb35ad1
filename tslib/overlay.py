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
    """Draws on frames of size (W, H) px with joints of a skeleton; ``size`` is that of the drawings."""

    def __init__(self, size, skeleton):
        self.scale = float(np.clip(max(size), SMALLEST, LARGEST)) / max(size)
        self.size = tuple(2 * max(1, round(n * self.scale / 2)) for n in size)  # codecs want even numbers
        self.skeleton = skeleton

    def draw(self, frame, result, detected):
        """The frame with both results, each (joints (K, 2) px, score (K,)) or None: uint8 RGB of ``size``."""
        shrinks = self.scale < 1
        picture = cv2.resize(frame, self.size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        if result is None:
            return picture
        place, score, thick = self._place(result[0]), result[1], max(2, max(self.size) // 320)
        face = self.skeleton.groups.get("head", [])
        tiny = face if len(face) > 1 else []  # eyes and ears lie close together
        for k, point in enumerate(self._place(detected[0])):  # first, so that they show where they differ
            if detected[1][k] >= DRAWN and k not in tiny:
                cv2.circle(picture, point, thick + 3, (0, 0, 0), 2, cv2.LINE_AA)
                cv2.circle(picture, point, thick + 3, (255, 255, 255), 1, cv2.LINE_AA)
        for a, b in self.skeleton.edges:
            if min(score[a], score[b]) >= DRAWN:
                color = color_of(self.skeleton, a, b)
                cv2.line(picture, place[a], place[b], (0, 0, 0), thick + 2, cv2.LINE_AA)
                cv2.line(picture, place[a], place[b], color, thick, cv2.LINE_AA)
        for k, point in enumerate(place):
            if score[k] >= DRAWN:
                radius = 1 if k in tiny else thick + 1
                cv2.circle(picture, point, radius + 1, (0, 0, 0), -1, cv2.LINE_AA)
                cv2.circle(picture, point, radius, color_of(self.skeleton, k), -1, cv2.LINE_AA)
        return picture

    def _place(self, joints):
        return [tuple(map(int, p)) for p in np.round((joints + 0.5) * self.scale - 0.5)]
