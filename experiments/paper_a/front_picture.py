"""The moving picture of the README: one badly filmed clip, without messages and with them.

    python -m experiments paper_a front_picture --output data

A rule chooses the clip, so that no hand can. Of the test clips of a seed, filmed by a poor camera,
it takes the one in which messages over space and time repair most joints, less those that they
leave or make wrong, as Figure 1 does for its slices. A joint is wrong if it is visible and off by
more than 0.2 of the person's size. The models are those of data/models/seed0, which have seen none
of these clips. Writes front.webp, which moves, and front.png, its frame with most repairs, within a
minute.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from tqdm import tqdm

from renderer import Settings, render_clip
from renderer.clip import split_of
from tslib.clip import Clip
from tslib.files import write_whole
from tslib.overlay import draw_limbs, enlarged
from tslib.training.evaluate import predict_as_trained
from tslib.training.models import load_model

from ..records import ROOT
from .figures import RED, RIGHT, off

MODELS = ROOT / "data" / "models" / "seed0"
# Each side of the picture: its title, and the model whose joints it shows.
SIDES = {"ConvNet": "pretrain", "ConvNet + messages": "ST-infer"}
FRAMES, PER_SECOND = 30, 10
PANEL = (318, 276)  # px of a rendered frame
GAP, TITLE, NOTE = 4, 36, 30  # px between the panels, and of a line of text
QUALITY = 80  # of WebP, per cent
BLACK, WHITE, GREY, GREEN = (0, 0, 0), (255, 255, 255), (90, 90, 90), (0, 130, 50)


class Shown(NamedTuple):
    """A clip, both sides' poses (T, K, 2) px, and which of their joints are wrong, bool (T, K)."""

    clip: Clip
    poses: list[np.ndarray]
    wrong: list[np.ndarray]

    @property
    def repaired(self) -> np.ndarray:
        """Joints that only the ConvNet has wrong, less those that messages have, int (T,)."""
        before, after = self.wrong
        return (before & ~after).sum(1) - after.sum(1)


def estimated(seed: int, number: int) -> Shown:
    """Render a clip and let both models find its joints."""
    rendered = render_clip(seed, number, Settings(PANEL, FRAMES, camera="poor"))
    clip, poses = rendered.as_clip(f"{number:04d}"), list[np.ndarray]()
    for name in SIDES.values():
        model, config, _ = load_model(MODELS / f"{name}.safetensors")
        poses += predict_as_trained(model, [clip], config.view, lambda _: rendered.flow)
    return Shown(clip, poses, [clip.counted & ~(off(clip, pose) <= RIGHT) for pose in poses])


def best_of(seed: int, clips: int) -> Shown:
    """The test clip of a seed's first so many clips in which most is repaired."""
    numbers = [n for n in range(1, clips + 1) if split_of(n) == "test"]
    shown = (estimated(seed, n) for n in tqdm(numbers, desc="clips", disable=None))
    return max(shown, key=lambda one: one.repaired.sum())


def picture_of(shown: Shown, t: int) -> np.ndarray:
    """Both sides of a frame and what they say: uint8 (H, W, 3) RGB."""
    panels, frames = [], shown.clip.frames
    assert frames is not None  # a rendered clip has them
    for title, pose, wrong in zip(SIDES, shown.poses, shown.wrong, strict=True):
        panel, count = frames[t].copy(), int(wrong[t].sum())
        place = enlarged(pose[t], 1)
        draw_limbs(panel, place, np.ones(len(place), bool), shown.clip.skeleton)
        for k in np.flatnonzero(wrong[t]):
            cv2.circle(panel, place[k], 12, WHITE, 6, cv2.LINE_AA)
            cv2.circle(panel, place[k], 12, RED, 3, cv2.LINE_AA)
        verdict = f"{count} wrong", RED if count else GREEN
        panels.append(np.vstack([_line(PANEL[0], TITLE, (title, BLACK), verdict), panel]))
    panels.insert(1, np.full((len(panels[0]), GAP, 3), 255, np.uint8))
    both = np.hstack(panels)
    note = f"red ring: visible joint off by more than {RIGHT:g} of the person's size"
    return np.vstack([both, _line(both.shape[1], NOTE, (note, GREY))])


def _line(width: int, height: int, *texts: tuple[str, tuple[int, int, int]]) -> np.ndarray:
    """A white line of text: the first one on the left, a second one on the right."""
    line = np.full((height, width, 3), 255, np.uint8)
    for text, color in texts:
        (long, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.68, 2)
        place = 4 if text == texts[0][0] else width - long - 6, height - 10
        cv2.putText(line, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.68, color, 2, cv2.LINE_AA)
    return line


def animated(
    pictures: list[np.ndarray], seconds: list[float] | None = None, quality: int = QUALITY
) -> bytes:
    """Pictures (H, W, 3) RGB as a WebP that moves and loops.

    seconds : for which each picture stays; None: ten pictures a second; quality : of WebP, per cent
    """
    animation = cv2.Animation()
    animation.frames = [picture[..., ::-1].copy() for picture in pictures]
    seconds = [1 / PER_SECOND] * len(pictures) if seconds is None else seconds
    animation.durations = [round(1000 * each) for each in seconds]
    done, content = cv2.imencodeanimation(".webp", animation, [cv2.IMWRITE_WEBP_QUALITY, quality])
    assert done
    return content.tobytes()


def run(options: argparse.Namespace) -> str:
    """options : output, a folder; seed; clips, of which every fifth is a test clip."""
    torch.set_num_threads(1)
    shown = best_of(options.seed, options.clips)
    pictures = [picture_of(shown, t) for t in range(len(shown.clip))]
    still = pictures[int(shown.repaired.argmax())]
    _, png = cv2.imencode(".png", still[..., ::-1])
    for name, content in (("front.webp", animated(pictures)), ("front.png", png.tobytes())):
        write_whole(Path(options.output) / name, content)
    return (
        f"clip {shown.clip.name}, {shown.clip.action}: of {shown.clip.counted.sum()} joints "
        f"{shown.wrong[0].sum()} are wrong without messages and {shown.wrong[1].sum()} with them; "
        f"{options.output} holds front.webp and front.png"
    )
