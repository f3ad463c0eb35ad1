"""Follows a person whose detector gives landmarks: an upright crop around them, frame by frame.

What MediaPipe does with BlazePose, here with the optical flow between two frames.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..crop import Crop
from ..flow import Flow
from ..heatmaps import decode
from .detector import PRESENT, Sight
from .follower import Follower, sureness, windows_over

_INSIDE = 0.8  # of the joints must lie in the window of a search
# From frame to frame the crop moves and grows by at most so much of its side, and turns by so much.
_MOVE, _GROW, _TURN = 0.1, 0.1, 0.35
_BODY = 0.6  # of the crop's side, the larger side of a box around the joints


class UprightTracker(Follower):
    """Follows one person through a scene, as `tracking.Tracker` does by a box."""

    def reset(self, box: Sequence[float] | None = None) -> None:
        """Forget the person, as at a cut, or go on with the box of another."""
        self.forget()
        self.crop: Crop | None = None
        self._box = box

    def look(self, frame: np.ndarray, flow: Flow | None) -> tuple[Crop | None, Sight | None]:
        """Where the next frame has the person, and what is seen there; None, None for nobody.

        flow : from the previous frame to this one, None at the first frame of a scene

        While somebody else hides the person, its crop is kept for a while: see `Sight.presence`.
        """
        if self.lost():
            self.reset()
        if self.crop is not None and flow is not None:
            # With the camera, and not with what moves in the crop, for that may be somebody else.
            self.crop = self.crop.moved(*flow.camera)
        if self.crop is None and self.may_search():
            self.crop = self._start(frame)
        if self.crop is None:
            return None, None
        crop, sight = self.crop, self.detector.see(frame, self.crop)
        sure = sureness(decode(sight.maps)[1])
        if sight.presence >= PRESENT and self.believes(sure):
            self.crop = self._limited(crop, self.upright(crop, sight))
        else:
            self.missed += 1
        return crop, sight

    def upright(self, crop: Crop, sight: Sight) -> Crop:
        """The crop that the landmarks seen in another one ask for."""
        turn = self.detector.rotation
        assert turn is not None and sight.landmarks is not None
        center, top = crop.to_image(sight.landmarks[[turn["center"], turn["top"]]])
        x, y = top - center
        side = max(turn["side"] * float(np.hypot(x, y)), 1.0)
        cell, angle = side / self.detector.grid[0], float(np.arctan2(x, -y))
        return Crop(tuple(center.tolist()), cell, self.detector.grid, _BODY * side, angle)

    def _limited(self, old: Crop, new: Crop) -> Crop:
        """What is nearest to a new crop within the limits of one frame."""
        side = old.cell * old.grid[0]
        way = np.subtract(new.center, old.center)
        way *= min(1.0, _MOVE * side / max(float(np.hypot(*way)), 1e-9))
        cell = float(np.clip(new.cell, old.cell * (1 - _GROW), old.cell * (1 + _GROW)))
        turn = (new.angle - old.angle + np.pi) % (2 * np.pi) - np.pi
        angle = old.angle + float(np.clip(turn, -_TURN, _TURN))
        body = _BODY * cell * old.grid[0]
        return replace(old.moved(*way), cell=cell, angle=angle, body=body)

    def _start(self, frame: np.ndarray) -> Crop | None:
        """The crop of whom the first box holds, or of whom a search finds; None for nobody."""
        grid = self.detector.grid
        if self._box is not None:
            crop, self._box = Crop.around(self._box, grid, self.detector.margin), None
            return self._centred(frame, crop)
        found = []
        for window in windows_over(frame.shape[1], frame.shape[0], grid):
            crop = Crop.around(window, grid, margin=1)
            sight = self.detector.see(frame, crop)
            if sight.presence >= PRESENT and self._holds(sight):
                # The large one, and not the bystander whom the detector is as sure of.
                score = float(decode(sight.maps)[1].mean()) * crop.cell**0.5
                found.append((score, self.upright(crop, sight)))
        centred = (self._centred(frame, crop) for crop in self.first_free(found))
        return next(filter(self.free, centred), None)

    def _centred(self, frame: np.ndarray, crop: Crop) -> Crop:
        """The crop after two more looks, for what the first window cut off."""
        for _ in range(2):
            sight = self.detector.see(frame, crop)
            crop = self.upright(crop, sight) if sight.presence >= PRESENT else crop
        return crop

    def _holds(self, sight: Sight) -> bool:
        """Whether most joints lie within the crop."""
        assert sight.landmarks is not None
        joints = sight.landmarks[self.detector.maps] + 0.5
        inside = ((joints >= 0) & (joints <= self.detector.grid)).all(1)
        return bool(inside.mean() >= _INSIDE)
