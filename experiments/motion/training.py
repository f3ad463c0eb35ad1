"""The film of chapter 06: the heat-map of one joint over the steps of a small training run.

The first stage of Paper A, Eq. 5, as the chapter trains it, on rendered clips and for some hundred
steps. After every few of them the network is shown test pictures that it never learns from.

A rule chooses what is shown: of the test pictures in which all joints are visible the sharper half,
of these the one in which most joints are right at the end, and of these joints the one that is
right for good from the latest step on, as long as that is in the first two thirds of the run. Right
is what is off by 0.1 of the person's size at most.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import cv2
import numpy as np
import torch

from tslib.networks import ThinSlicingNetwork
from tslib.training import stages
from tslib.training.config import read_config
from tslib.training.loop import Rows

from ..paper_a.figures import NEAR
from ..records import ROOT
from .film import BLUE, DARK, GREEN, GREY, RED, Film, Sheet, ring, show_frame, show_heat
from .people import Person, Seen, person, seen, unaries

SEED, CLIPS, TESTS = 0, 120, 60
STEPS, BATCH, EVERY = 400, 16, 20
LEARN = (96, 96)  # px of the clips to learn from
WIDTH, HEIGHT, PANEL = 760, 486, 384  # px
STEP, END = 0.4, 3.0  # s


class Run(NamedTuple):
    """Test pictures with their maps (K, h, w) at some steps, and the loss of every step."""

    shown: list[tuple[Person, Seen]]
    steps: list[int]
    maps: list[list[torch.Tensor]]  # of each step, of each picture
    losses: list[float]

    def off(self, number: int) -> np.ndarray:
        """How far the joints of a picture are off at each step, in sizes of the person, (S, K)."""
        someone, one = self.shown[number]
        found = np.stack([one.joints(maps[number]) for maps in self.maps])
        gap = np.linalg.norm(found - someone.clip.joints[0], axis=-1)
        return gap / someone.clip.size_of_person[0]


def trained(clips: int, steps: int) -> Run:
    """A ConvNet trained on the first so many clips, and what it says of test pictures meanwhile."""
    config = read_config(ROOT / "data" / "training" / "laptop.toml")
    config = replace(config, pretrain=replace(config.pretrain, steps=steps, batch=BATCH))
    learn = [person(SEED, n, 10, size=LEARN).clip for n in range(1, clips + 1) if n % 5]
    tests = [person(SEED, 5 * n, 5) for n in range(1, TESTS + 1)]
    whole = sorted((one for one in tests if one.clip.visible[0].all()), key=_sharpness)
    shown = [(one, seen(one, config.view, 0, 1)) for one in whole[len(whole) // 2 :]]
    run = Run(shown, [], [], [])

    def look(_: Path, model: ThinSlicingNetwork, rows: Rows) -> None:
        run.steps.append(len(rows))
        run.maps.append([unaries(model, one)[0] for _, one in shown])
        run.losses[:] = [row["loss"] for row in rows]

    look(Path(), stages.network(config, seed=SEED).eval(), [])
    with TemporaryDirectory() as folder:
        stages.pretrain(config, learn, Path(folder), SEED, every=EVERY, board=look)
    return run


def _sharpness(one: Person) -> float:
    """How sharp the first frame is: the variance of its Laplacian inside the person's box."""
    assert one.clip.frames is not None
    x, y, w, h = np.maximum(one.clip.box[0], 0).astype(int)
    return float(cv2.Laplacian(one.clip.frames[0][y : y + h, x : x + w], cv2.CV_64F).var())


def chosen_of(run: Run) -> tuple[int, int]:
    """The picture and the joint that the rule takes."""
    right = [
        (run.off(n) <= NEAR) & someone.clip.counted[0] for n, (someone, _) in enumerate(run.shown)
    ]
    number = int(np.argmax([each[-1].sum() for each in right]))
    wrong = ~right[number]
    late = len(wrong) - wrong[::-1].argmax(0)  # the first number from which on it is right
    late = np.where(wrong.any(0), late, 0)
    late[(late > 2 * len(wrong) // 3) | wrong[-1]] = -1
    return number, int(late.argmax())


def picture_of(run: Run, number: int, joint: int, n: int) -> np.ndarray:
    """The n-th moment of a run."""
    (someone, one), step = run.shown[number], run.steps[n]
    clip = someone.clip
    assert clip.frames is not None
    maps = run.maps[n][number]
    place, truth = one.joints(maps)[joint], clip.joints[0, joint]
    off = run.off(number)[n, joint]
    sheet = Sheet(WIDTH, HEIGHT)
    name = clip.skeleton.joints[joint].replace("_", " ")
    sheet.text(14, 26, f"Step {step}: the map of the {name}", size=20, weight="bold")
    sheet.text(14, 60, "of a test picture; red is high, the colours stay the same", size=17)
    ax = sheet.axes(12, 88, PANEL, PANEL)
    show_frame(ax, clip.frames[0], pale=0.45)
    ends = one.onto.inverse().points(np.array([[-0.5, -0.5], np.array(maps.shape[:0:-1]) - 0.5]))
    ax.set(xlim=ends[:, 0], ylim=ends[::-1, 1])
    high = float(run.maps[-1][number][joint].max())
    show_heat(ax, maps[joint].numpy(), one.onto, 0.12 * high, high)
    ring(ax, place, GREEN if off <= NEAR else RED, 20)
    ax.plot(*truth, "+", color=DARK, ms=18, mew=3)
    right = WIDTH - PANEL - 110
    curve = sheet.axes(PANEL + 86, 118, right, 236)
    top = 1.05 * max(run.losses)
    curve.set(xlim=(0, 1.03 * run.steps[-1]), ylim=(0, top), xlabel="step", title="loss (Eq. 5)")
    losses = np.array(run.losses[:step])
    if step:
        until = np.arange(1, step + 1)
        curve.plot(until, losses, color=GREY, lw=1)
        means = [losses[max(0, end - 10) : end].mean() for end in until]
        curve.plot(until, means, color=BLUE, lw=3)
        curve.plot(step, means[-1], "o", color=BLUE, ms=10)
    x = PANEL + 36
    sheet.text(x, 424, "+", size=22, color=DARK, weight="bold")
    sheet.text(x + 22, 424, "the true joint", size=16)
    color = GREEN if off <= NEAR else RED
    sheet.text(x, 456, "\u25cb", size=22, color=color, weight="bold")
    away = np.linalg.norm(place - truth)
    sheet.text(x + 22, 456, f"highest cell, {away:.0f} px off", size=16, color=color)
    return sheet.picture()


def film(clips: int = CLIPS, steps: int = STEPS) -> Film:
    """The whole film, of a training of so many steps on the first so many clips."""
    run = trained(clips, steps)
    number, joint = chosen_of(run)
    pictures = [picture_of(run, number, joint, n) for n in range(len(run.steps))]
    clip = run.shown[number][0].clip
    off = run.off(number)[:, joint]
    said = (
        f"clip {clip.name}, {clip.joints.shape[1]} joints, {clip.skeleton.joints[joint]}: off by "
        f"{off[0]:.2f} of the person's size before training and by {off[-1]:.2f} after "
        f"{run.steps[-1]} steps; the loss falls from {np.mean(run.losses[:10]):.1f} to "
        f"{np.mean(run.losses[-10:]):.1f}"
    )
    return Film(pictures, [STEP] * (len(pictures) - 1) + [END], len(pictures) - 1, said)
