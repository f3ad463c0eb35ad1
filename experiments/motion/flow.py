"""The film of chapter 03: heat-maps that are carried along the flow, and others that stay behind.

First a frame under its own maps, Gaussians around the true joints. Then the next frame, under the
same maps: on the left `warp` has carried them, along this frame's exact flow to the frame before,
on the right they are read with zero flow.

A rule chooses the frames: of the test clips of the first so many, and of all their windows in which
every joint is visible in every frame, those in which the joints move most from frame to frame.
"""

from typing import NamedTuple

import numpy as np
import torch

from tslib.augment import Affine
from tslib.clip import Clip
from tslib.heatmaps import decode, gaussian, to_cells
from tslib.warp import warp

from .film import BLUE, DARK, RED, Film, Sheet, draw_pose, show_frame, show_heat
from .people import SIZE, Person, person

SEED, CLIPS, LONG, FRAMES = 0, 150, 20, 9
STRIDE, SIGMA = 4, 2.5  # px of a cell; cells
WIDTH, HEIGHT, PANEL = 720, 486, 344  # px
OWN, NEXT = 0.8, 1.4  # s
SIDES = "carried along the flow", "not carried (zero flow)"


class Shown(NamedTuple):
    """Maps (K, h, w) over a frame, and how far their highest cells are from the joints, px."""

    maps: np.ndarray
    off: float


def chosen_of(clips: int, frames: int) -> tuple[Person, int]:
    """The clip that the rule takes, and the first of its frames."""
    found: list[tuple[float, int, int]] = []
    for number in range(5, clips + 1, 5):
        clip = person(SEED, number, LONG).clip
        motion = np.linalg.norm(np.diff(clip.joints, axis=0), axis=-1).mean(1)
        for first in range(LONG - frames + 1):
            if clip.visible[first : first + frames].all():
                found.append((float(motion[first : first + frames - 1].mean()), number, first))
    _, number, first = max(found)
    return person(SEED, number, LONG), first


def shown(maps: torch.Tensor, places: np.ndarray) -> Shown:
    """Maps over a frame whose joints lie at these cells (K, 2)."""
    off = STRIDE * np.linalg.norm(decode(maps)[0] - places, axis=-1)
    return Shown(maps.numpy(), float(np.median(off)))


def picture_of(clip: Clip, t: int, title: str, sides: dict[str, Shown]) -> np.ndarray:
    """Frame t twice, each under its maps."""
    sheet = Sheet(WIDTH, HEIGHT)
    sheet.text(16, 26, title, size=20, weight="bold")
    assert clip.frames is not None
    for x, (title, now) in zip((10, WIDTH - 10 - PANEL), sides.items(), strict=True):
        ax = sheet.axes(x, 86, PANEL, PANEL)
        show_frame(ax, clip.frames[t], pale=0.5)
        draw_pose(ax, clip.joints[t], clip.skeleton, BLUE, 2)
        show_heat(ax, now.maps.max(0), Affine.onto_cells(STRIDE), 0.1, 0.9)
        sheet.text(x + 4, 64, title, size=17, color=DARK)
        sheet.text(x + 4, HEIGHT - 30, f"peaks off by {now.off:.0f} px", size=19, color=RED)
    return sheet.picture()


def film(clips: int = CLIPS, frames: int = FRAMES) -> Film:
    """The whole film, so many frames of a clip among the test clips of the first so many."""
    someone, first = chosen_of(clips, frames)
    clip, grid = someone.clip, (SIZE[0] // STRIDE, SIZE[1] // STRIDE)
    places = to_cells(clip.joints, STRIDE)
    pictures, offs = [], []
    for t in range(first + 1, first + frames):
        maps = gaussian(torch.from_numpy(places[t - 1]).float(), grid, sigma=SIGMA)
        own = shown(maps, places[t - 1])
        title = f"Frame {t - 1} and its own maps"
        pictures.append(picture_of(clip, t - 1, title, dict.fromkeys(SIDES, own)))
        # This frame's own arrows, which say where its cells lie in the frame before.
        flow = torch.from_numpy(someone.flow.dense(t, forward=False, stride=STRIDE) / STRIDE)
        sides = [shown(warp(maps, along * flow[None]), places[t]) for along in (1, 0)]
        title = f"Frame {t} and the maps of frame {t - 1}"
        pictures.append(picture_of(clip, t, title, dict(zip(SIDES, sides, strict=True))))
        offs.append([side.off for side in sides])
    far = int(np.argmax(offs, axis=0)[1])
    said = (
        f"clip {clip.name}, {clip.action}: in frame {first + far + 1} the neighbour's peaks "
        f"are off by {offs[far][0]:.0f} px along the flow and by {offs[far][1]:.0f} px with zero "
        "flow"
    )
    return Film(pictures, [OWN, NEXT] * (frames - 1), 2 * far + 1, said)
