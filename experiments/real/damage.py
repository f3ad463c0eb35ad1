"""What happens to films: eight conditions, drawn by a seed. Frames are uint8 (H, W, 3), RGB."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

Film = list[np.ndarray]
QUALITY = 10  # of JPEG
_GAP, _BURST = (2, 7), (1, 4)  # frames between bursts of blur, and of a burst: from, to before
_SMEAR = 0.06  # of a frame's height, how far blur reaches
_GAIN, _NOISE = 0.15, 6.0  # of a dark frame; standard deviation, grey levels
# Of a camera that is held by hand: how far it goes, in frame heights; frames to and fro, from, to.
_SWAY, _PERIOD = (0.047, 0.023), (14, 24)
_WIDTH, _CROSSING = (0.25, 0.4), (15, 30)  # of an occluder, of the frame's width; frames to cross


def blurred(film: Film, rng: np.random.Generator) -> Film:
    """Bursts of 1 to 3 frames smeared in one direction each, as by a shaken camera."""
    film, t = list(film), int(rng.integers(*_GAP))
    while t < len(film):
        length, angle = int(rng.integers(*_BURST)), rng.uniform(0, np.pi)
        side = round(_SMEAR * film[0].shape[0]) | 1
        kernel = np.zeros((side, side), np.float32)
        way = np.array([np.cos(angle), np.sin(angle)]) * side / 2
        ends = [tuple(int(v) for v in np.round(side // 2 + s * way)) for s in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0)
        for n in range(t, min(t + length, len(film))):
            film[n] = cv2.filter2D(film[n], -1, kernel / kernel.sum())
        t += length + int(rng.integers(*_GAP))
    return film


def occluded(film: Film, rng: np.random.Generator) -> Film:
    """A checked board as high as the frame that crosses it, again and again, at steady speed."""
    H, W = film[0].shape[:2]
    width = round(rng.uniform(*_WIDTH) * W)
    colors = rng.integers(0, 255, (16, 4, 3)).astype(np.uint8)
    board = cv2.resize(colors, (width, H), interpolation=cv2.INTER_NEAREST)
    film, t = list(film), int(rng.integers(0, 10))
    while t < len(film):
        frames, right = int(rng.integers(*_CROSSING)), bool(rng.integers(2))
        for n in range(frames):
            if t + n >= len(film):
                break
            left = round(-width + (n + 0.5) / frames * (W + width))
            left = left if right else W - width - left
            shown = slice(max(left, 0), min(left + width, W))
            if shown.start < shown.stop:
                film[t + n] = film[t + n].copy()
                film[t + n][:, shown] = board[:, shown.start - left : shown.stop - left]
        t += frames + int(rng.integers(5, 15))
    return film


def compressed(film: Film, rng: np.random.Generator) -> Film:
    """Every frame stored as a JPEG of quality 10; nothing is drawn."""
    return [_jpeg(frame) for frame in film]


def _jpeg(frame: np.ndarray) -> np.ndarray:
    how = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    stored = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), how)[1]
    read = cv2.imdecode(stored, cv2.IMREAD_COLOR)
    assert read is not None
    return cv2.cvtColor(read, cv2.COLOR_BGR2RGB)


def dark(film: Film, rng: np.random.Generator) -> Film:
    """A seventh of the light, and the noise of a sensor."""
    lit = (_GAIN * frame + _NOISE * rng.standard_normal(frame.shape) for frame in film)
    return [np.clip(np.round(frame), 0, 255).astype(np.uint8) for frame in lit]


def clean(film: Film, rng: np.random.Generator) -> Film:
    """As it is."""
    return list(film)


def sway(film: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """How far a camera held by hand moves the picture of each frame, int (T, 2) px.

    It turns to and fro, sideways farther than up and down, by up to 13 px a frame at 640 px.
    """
    times = np.arange(len(film))
    ways = [
        share * np.sin(2 * np.pi * (times / rng.uniform(*_PERIOD) + rng.random()))
        for share in _SWAY
    ]
    return np.round(np.stack(ways, 1) * film[0].shape[0]).astype(int)


def moved(film: Sequence[np.ndarray], shifts: np.ndarray) -> Film:
    """Every frame moved by its shift (T, 2) px; a reflection fills what comes in."""
    found = []
    for frame, (dx, dy) in zip(film, shifts, strict=True):
        H, W = frame.shape[:2]
        way = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        found.append(cv2.warpAffine(frame, way, (W, H), borderMode=cv2.BORDER_REFLECT))
    return found


def resized(film: Sequence[np.ndarray], size: tuple[int, int]) -> Film:
    """Every frame as small as (W, H) px."""
    return [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in film]


# The condition "70 px tall" is `resized`, by the size of the person.
DAMAGES: dict[str, Callable[[Film, np.random.Generator], Film]] = {
    "clean": clean,
    "blur": blurred,
    "occluder": occluded,
    "JPEG quality 10": compressed,
    "dark and noisy": dark,
    "70 px tall": clean,
    "moving camera": clean,
    "moving camera, occluder": occluded,
}
# Those before which the film is `moved` by a `sway`, so that zero flow is not exact.
MOVING = "moving camera", "moving camera, occluder"
# Those that a seed changes; one is enough for the others.
DRAWN = "blur", "occluder", "dark and noisy", *MOVING


def damaged(condition: str, film: Film, rng: np.random.Generator) -> tuple[Film, np.ndarray]:
    """The film under a condition, and by how much each picture was moved before, int (T, 2) px."""
    shifts = np.zeros((len(film), 2), int)
    if condition in MOVING:
        shifts = sway(film, rng)
        film = moved(film, shifts)
    return DAMAGES[condition](film, rng), shifts
