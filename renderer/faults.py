"""What a bad camera does to pictures: lasting faults of a clip, and bursts that are much worse."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import cv2
import numpy as np

CAUSES = {"focus": 0.42, "contrast": 0.28, "noise": 0.2, "flash": 0.1}  # shares of bursts
MIDDLE = 118  # the grey that contrast leaves as it is
SPARE = 32  # px by which the noise is larger than a picture, so that frames take different parts


@dataclass(frozen=True)
class Bursts:
    """How a camera fails for a moment.

    least, often : frames from one burst to the next, and the chance of each further one that it
        comes now
    lengths : chances that it lasts 1, 2, 3 frames
    blur : px of a picture 100 px high; contrast, noise : factors; light : grey levels; each (least,
        most)
    """

    least: int = 3
    often: float = 0.22
    lengths: tuple[float, float, float] = (0.5, 0.35, 0.15)
    blur: tuple[float, float] = (1.2, 2.8)
    contrast: tuple[float, float] = (0.15, 0.45)
    noise: tuple[float, float] = (2.5, 5.0)
    light: tuple[float, float] = (50.0, 90.0)


# A poor camera fails nearly twice as often, and worse, but not for long: neighbour frames know
# better.
CAMERAS = {
    "usual": Bursts(),
    "poor": Bursts(
        least=1,
        often=0.5,
        lengths=(0.75, 0.2, 0.05),
        blur=(2.2, 5.0),
        contrast=(0.05, 0.22),
        noise=(8.0, 16.0),
        light=(85.0, 140.0),
    ),
}


@dataclass(frozen=True)
class Faults:
    """What the camera does to the pictures of a clip.

    blur : (T,) px, standard deviation; light : (T,) added grey; contrast, noise : (T,) factors
    grain : uint8-sized noise, int16 (h, w, 3), of which every frame takes another part
    offset : (T, 2) where; tint : (3,) factors
    kind : (T,) str, the burst of CAUSES that a frame lies in, the latest of several; "" for none
    """

    blur: np.ndarray
    contrast: np.ndarray
    light: np.ndarray
    noise: np.ndarray
    grain: np.ndarray
    offset: np.ndarray
    tint: np.ndarray
    kind: np.ndarray

    @classmethod
    def any(
        cls, rng: np.random.Generator, T: int, size: tuple[int, int], camera: str = "usual"
    ) -> Self:
        """Lasting faults of the whole clip, and bursts of one to three frames that are much worse.

        size : (W, H) px; camera : of CAMERAS, how often and how bad the bursts are
        """
        bursts = CAMERAS[camera]
        px = size[1] / 100
        blur = np.full(T, rng.uniform(0, 0.3) * px)
        contrast = np.full(T, np.clip(rng.normal(1.02, 0.11), 0.65, 1.25))
        light, noise = np.full(T, rng.normal(4, 12)), np.ones(T)
        kind = np.full(T, "", "<U8")
        t = int(rng.geometric(0.15)) - 1
        while t < T:
            burst = slice(t, t + int(rng.choice([1, 2, 3], p=bursts.lengths)))
            fault = rng.choice(list(CAUSES), p=list(CAUSES.values()))
            if fault == "focus":
                blur[burst] = rng.uniform(*bursts.blur) * px
            elif fault == "contrast":
                contrast[burst] *= rng.uniform(*bursts.contrast)
            elif fault == "noise":
                noise[burst] = rng.uniform(*bursts.noise)
            else:
                light[burst] += rng.choice([-1, 1]) * rng.uniform(*bursts.light)
            kind[burst] = fault
            t += bursts.least + int(rng.geometric(bursts.often))
        return cls(
            blur=blur,
            contrast=contrast,
            light=light,
            noise=noise,
            grain=_grain(rng, size),
            offset=rng.integers(0, SPARE, (T, 2)),
            tint=np.clip(rng.normal(1, 0.035, 3), 0.9, 1.1),
            kind=kind,
        )

    @cached_property
    def _tables(self) -> np.ndarray:
        """What a frame makes of a grey level, by channel: contrast around middle grey, brightness,
        tint. uint8 (T, 256, 3)."""
        grey = (np.arange(256) - MIDDLE) * self.contrast[:, None] + MIDDLE + self.light[:, None]
        return np.clip(grey[..., None] * self.tint, 0, 255).astype(np.uint8)

    def apply(self, picture: np.ndarray, t: int) -> np.ndarray:
        """A frame as this camera records it: uint8 (H, W, 3)."""
        H, W = picture.shape[:2]
        if self.blur[t] > 0.3:
            picture = cv2.GaussianBlur(picture, (0, 0), float(self.blur[t]))
        picture = cv2.LUT(picture, self._tables[t, None])
        y, x = self.offset[t]
        grain = self.grain[y : y + H, x : x + W]
        if self.noise[t] != 1:
            grain = (grain * self.noise[t]).astype(np.int16)
        return cv2.add(picture, grain, dtype=cv2.CV_8U)


def _grain(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Noise int16 (H + SPARE, W + SPARE, 3), most of it grey."""
    sigma = rng.uniform(1.0, 5.0)
    grain = rng.standard_normal((size[1] + SPARE, size[0] + SPARE), np.float32)
    if size[1] > 200:  # as a video codec leaves it: no finer than the picture
        grain = cv2.GaussianBlur(grain, (0, 0), 0.7) * 1.7
    grain = np.stack([grain, np.roll(grain, 11, 0), np.roll(grain, 17, 1)], -1) * sigma
    return np.round(0.6 * grain + 0.6 * grain[..., :1]).astype(np.int16)
