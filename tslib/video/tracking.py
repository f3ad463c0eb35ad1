"""Which part of each frame holds the person: a box that follows it, without any truth.

Following the last joints alone loses the person at the first blurred frame. So the box moves with
the optical flow inside it, joints correct it only where the detector is sure, and only by a little
at a time.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np

from ..crop import Crop
from ..flow import Flow, flows_between
from ..heatmaps import decode
from .detector import PRESENT, SEEN, HeatmapDetector, Sight
from .follower import SEARCH, Follower, sureness, windows_over
from .upright import UprightTracker

_ENOUGH = 7 / 17  # of the joints must be seen
# A correction moves the box by at most so much of its height, and resizes it by so much.
_MOVE, _SCALE = 0.10, 0.07
_SLOWER = 0.8  # from frame to frame, of a person who is not seen
_SUDDEN = 0.04  # of the box, a frame: who moves by so much more than expected is another person
# Between thumbnails of two frames. Correlation: a pan keeps 0.9, occluders 0.6, while two videos
# rarely reach 0.5. Grey levels: noise on a wall makes 1, a runner before it 5, two videos 50.
_ALIKE, _CHANGE = 0.6, 12


@dataclass(frozen=True, eq=False)
class Observation:
    """What one frame shows.

    index : int, frame number from 0
    scene : int, number of cuts before it; messages never cross one
    crop : Crop, None where nobody is in sight
    maps : float32 (K, H, W) heat-maps on the crop's grid, None where nobody is in sight
    to_previous, to_next : Flow to the frames beside it, None at the ends of a scene
    presence : from 0 to 1, whether the person is there, and not only expected there
    """

    index: int
    scene: int
    crop: Crop | None
    maps: np.ndarray | None
    to_previous: Flow | None = None
    to_next: Flow | None = None
    presence: float = 1.0


def box_of(joints: np.ndarray, peaks: np.ndarray) -> np.ndarray | None:
    """Box (x, y, w, h) px of joints (K, 2) px whose peaks (K,) are seen; None for too few."""
    seen = joints[peaks > SEEN]
    if len(seen) < max(2, round(_ENOUGH * len(joints))):
        return None
    (x, y), (right, bottom) = seen.min(0), seen.max(0)
    return np.array([x, y, max(right - x, 1), max(bottom - y, 1)])


class Tracker(Follower):
    """Follows one person through a scene."""

    def reset(self, box: Sequence[float] | None = None) -> None:
        """Forget the person, as at a cut, or go on with the box of another."""
        self.forget()
        self.box = None if box is None else np.array(box, float)
        self.pace = np.zeros(2)  # px a frame that the person moves, beside the camera

    def look(self, frame: np.ndarray, flow: Flow | None) -> tuple[Crop | None, Sight | None]:
        """Where the next frame has the person, and what is seen there; None, None for nobody.

        flow : from the previous frame to this one, None at the first frame of a scene
        """
        if self.lost():
            self.reset()
        inside = camera = np.zeros(2)
        if self.box is not None and flow is not None:
            inside, camera = flow.median_in(self.box), flow.camera
            self.box[:2] += inside
        if self.box is None and self.may_search():
            self.box = self.search(frame)
        if self.box is None:
            return None, None
        crop = self._crop(self.box)
        sight, box, peaks = self._detect(frame, crop)
        if box is not None and self.believes(sureness(peaks)):
            self._correct(box)
            self.pace = inside - camera
        else:
            self.missed += 1
            # What moves in the box all at once is somebody else who hides the person.
            self.pace *= _SLOWER
            expected = camera + self.pace
            if np.hypot(*(inside - expected)) > _SUDDEN * max(self.box[2:]):
                self.box[:2] += expected - inside
        # None yet for a given box in which nobody was seen.
        return (None, None) if self.usual is None else (crop, sight)

    def _detect(self, frame, crop):
        sight = self.detector.see(frame, crop)
        cells, peaks = decode(sight.maps)
        box = box_of(crop.to_image(cells), peaks) if sight.presence >= PRESENT else None
        return sight, box, peaks

    def _correct(self, box):
        limit = _MOVE * self.box[3]
        center = self.box[:2] + self.box[2:] / 2
        center += np.clip(box[:2] + box[2:] / 2 - center, -limit, limit)
        size = np.clip(box[2:], self.box[2:] * (1 - _SCALE), self.box[2:] * (1 + _SCALE))
        self.box = np.concatenate([center - size / 2, size])

    def search(self, frame: np.ndarray) -> np.ndarray | None:
        """Box (x, y, w, h) px of whom the detector is surest of, anywhere; None for nobody."""
        grid, boxes, found = self.detector.grid, {}, []
        for window in windows_over(frame.shape[1], frame.shape[0], grid):
            _, box, peaks = self._detect(frame, Crop.around(window, grid, margin=1))
            # The mean is over all joints, because half a body is not enough here.
            if box is not None:
                crop = self._crop(box)
                found.append((float(peaks.mean()), crop))
                boxes[crop] = box
        for crop in self.first_free(found):
            box = self._centred(frame, boxes[crop])
            if box is None or self.free(self._crop(box)):
                return box
        return None

    def _crop(self, box):
        return Crop.around(box, self.detector.grid, self.detector.margin)

    def _centred(self, frame, box):
        """The box after three more looks, at first a wide one, for what was cut off; or None."""
        peaks = np.zeros(1)
        for margin in (2.0, self.detector.margin, self.detector.margin):
            if box is not None:
                _, box, peaks = self._detect(frame, Crop.around(box, self.detector.grid, margin))
        return box if box is not None and sureness(peaks) > self.detector.person_score else None


def is_cut(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether two frames in a row show two scenes: thumbnails that differ, and are not alike.

    The difference alone would take a lamp for a cut, the correlation alone the noise on a plain
    wall. A plain frame, such as the black one between two scenes, is like no other one.
    """
    a, b = (
        cv2.resize(f, (16, 12), interpolation=cv2.INTER_AREA).astype(np.float64)
        for f in (before, after)
    )
    if np.abs(a - b).mean() <= _CHANGE:
        return False
    a, b = a - a.mean((0, 1)), b - b.mean((0, 1))
    return bool((a * b).sum() <= _ALIKE * np.sqrt((a * a).sum() * (b * b).sum()))


class Moved(NamedTuple):
    """A frame, and how it follows from the one before it.

    frame : uint8 (H, W, 3) RGB
    cut : whether it begins another scene
    forward, back : Flow from the frame before to this one, and back; None where none comes before
    """

    frame: np.ndarray
    cut: bool = False
    forward: Flow | None = None
    back: Flow | None = None


def moved(frames: Iterable[np.ndarray], flow: str = "dis") -> Generator[Moved]:
    """Yield a Moved for every frame. For flow see `tslib.flow.flow_between`."""
    previous = None
    for frame in frames:
        if previous is None or is_cut(previous, frame):
            yield Moved(frame, cut=previous is not None)
        else:
            yield Moved(frame, False, *flows_between(previous, frame, flow))
        previous = frame


def observe(
    frames: Iterable[np.ndarray],
    detector: HeatmapDetector,
    first_box: Sequence[float] | None = None,
    flow: str = "dis",
) -> Iterator[Observation]:
    """Yield an Observation for every frame, uint8 (H, W, 3) RGB.

    Each comes one frame late, because its flow to the next one needs that one. For first_box see
    `Tracker`, for flow `tslib.flow.flow_between`.
    """
    return (seen for (seen,) in observe_people(moved(frames, flow), detector, first_box))


def observe_people(
    stream: Iterable[Moved],
    detector: HeatmapDetector,
    first_box: Sequence[float] | None = None,
    people: int = 1,
) -> Generator[tuple[Observation, ...]]:
    """`observe` for several people, the surest first, each with a crop of its own.

    Where two crops have been one person's for `SEARCH` frames, the later one looks for somebody
    else.
    """
    kind = UprightTracker if detector.rotation else Tracker
    trackers = [kind(detector, None if n else first_box) for n in range(people)]
    crops: list[Crop | None] = [None] * people
    doubled, scene = [0] * people, 0
    waiting: list[Observation] = []
    for index, new in enumerate(stream):
        if waiting:
            yield tuple(replace(seen, to_next=new.forward) for seen in waiting)
        if new.cut:
            scene, crops = scene + 1, [None] * people
        waiting = []
        for n, tracker in enumerate(trackers):
            tracker.taken, crop = [c for c in crops[:n] if c], crops[n]
            doubled[n] = 0 if crop is None or tracker.free(crop) else doubled[n] + 1
            if new.cut or doubled[n] >= SEARCH:
                tracker.reset()
                doubled[n] = 0
            tracker.taken += [c for c in crops[n + 1 :] if c]
            crops[n], sight = tracker.look(new.frame, new.forward)
            maps, presence = (sight.maps, sight.presence) if sight else (None, 0.0)
            waiting.append(Observation(index, scene, crops[n], maps, new.back, None, presence))
    if waiting:
        yield tuple(waiting)
