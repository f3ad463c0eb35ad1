"""The film of chapter 08: where the decoder looks while it writes each pose.

A corrector as the chapter trains it, on tracks of the committed baseline over rendered clips that
this network has never seen, in windows of ten frames. Then one window of a test clip: for each
output the weights of attention over the ten estimates, and the pose that is written.

A rule chooses the window: of the test clips, and of the windows that show 11 of the 13 joints or
more in every frame, the one in which the corrector repairs most joints, less three times those
that it leaves or makes wrong. A joint is wrong if it is visible and off by more than 0.2 of the
person's size.
"""

from typing import NamedTuple

import numpy as np
import torch

from tslib.clip import Clip
from tslib.correction import Corrector, CorrectorPlan, PoseCorrector
from tslib.correction.training import Windows
from tslib.correction.windows import cut, filled, starts
from tslib.training.evaluate import predict_as_trained

from ..paper_a.figures import RIGHT
from .film import BLUE, GREEN, GREY, ORANGE, RED, Film, Sheet, draw_pose, ring, show_frame
from .people import network, person

SEED, CLIPS, TESTS, FRAMES = 7, 200, 200, 20
SHOWN = 11  # joints that are visible in every frame
LENGTH, STRIDE, HIDDEN = 10, 2, 64
STEPS, RATE = 800, 3e-3
LEARN = (96, 96)  # px of the clips to learn from
WIDTH, HEIGHT, PANEL, SMALL = 760, 640, 318, 90  # px
LOOKS, WRITES, END = 0.9, 0.7, 3.0  # s


class Written(NamedTuple):
    """A window: its clip and first frame, estimates and what is written (T, K, 2) px, weights.

    alpha : (T, T), of each output over the frames; wrong : bool (2, T, K), before and after
    """

    clip: Clip
    first: int
    found: np.ndarray
    written: np.ndarray
    alpha: np.ndarray
    wrong: np.ndarray


def trained(clips: int, steps: int) -> Corrector:
    """A corrector that has learnt from the training clips among the first so many."""
    model, view = network("pretrain")
    learn = [person(SEED, n, FRAMES, size=LEARN).clip for n in range(1, clips + 1) if n % 5]
    found = predict_as_trained(model, learn, view, None)
    torch.manual_seed(0)
    plan = CorrectorPlan(steps=steps, rate=RATE)
    skeleton = learn[0].skeleton
    blank = PoseCorrector(len(skeleton.joints), hidden=HIDDEN)
    corrector = Corrector(blank, skeleton, plan, length=LENGTH, stride=STRIDE)
    return corrector.fit(found, [clip.joints for clip in learn])


@torch.no_grad()
def chosen_of(corrector: Corrector, tests: int) -> Written:
    """The window that the rule takes, of the test clips of the first so many."""
    model, view = network("pretrain")
    windows: list[Written] = []
    for number in range(5, tests + 1, 5):
        clip = person(SEED, number, FRAMES).clip
        (track,) = predict_as_trained(model, [clip], view, None)
        found = cut(filled(track), LENGTH, STRIDE)[0]
        written = found + corrector.changes(track)
        inputs = Windows.of(track, corrector.skeleton, LENGTH, STRIDE, corrector.unit)
        poses = torch.tensor(inputs.poses).float().flatten(2)
        _, alpha = corrector.network(poses, return_attention=True)
        for n, first in enumerate(starts(len(track), LENGTH, STRIDE).tolist()):
            part = slice(first, first + LENGTH)
            if clip.counted[part].sum(1).min() < SHOWN:
                continue
            pair = np.stack([found[n], written[n]])
            off = np.linalg.norm(pair - clip.joints[part], axis=-1)
            wrong = (off > RIGHT * clip.size_of_person[part, None]) & clip.counted[part]
            windows.append(Written(clip, first, found[n], written[n], alpha[n].numpy(), wrong))
    return max(
        windows,
        key=lambda each: int((each.wrong[0] & ~each.wrong[1]).sum() - 3 * each.wrong[1].sum()),
    )


def picture_of(one: Written, i: int, done: bool) -> np.ndarray:
    """Output i: where the decoder looks, and, once it is done, the pose that it writes."""
    clip, skeleton = one.clip, one.clip.skeleton
    assert clip.frames is not None
    sheet = Sheet(WIDTH, HEIGHT)
    title = f"Output {i}: the pose is written" if done else f"Output {i}: where does it look?"
    sheet.text(14, 24, title, size=20, weight="bold")
    sides = [("estimate", i, one.found, one.wrong[0], ORANGE)]
    last = i if done else i - 1
    sides.append(("corrected", last, one.written, one.wrong[1], BLUE))
    for x, (name, frame, poses, wrong, color) in zip((14, WIDTH - PANEL - 14), sides, strict=True):
        ax = sheet.axes(x, 76, PANEL, PANEL)
        count = f": {wrong[frame].sum()} wrong" if frame >= 0 else ""
        sheet.text(x, 56, name + count, size=17, color=color if frame >= 0 else GREY, weight="bold")
        show_frame(ax, clip.frames[one.first + max(frame, 0)], pale=0.35)
        if frame >= 0:
            draw_pose(ax, poses[frame], skeleton, color, 4)
            ring(ax, poses[frame][wrong[frame]])
        ax.set(xlim=(-0.5, clip.size[0] - 0.5), ylim=(clip.size[1] - 0.5, -0.5))  # type: ignore[index]
    sheet.text(14, 416, "weight of each estimate (they add up to 1)", size=16)
    left, step = 24, (WIDTH - 48) / LENGTH
    bars = sheet.axes(left, 434, WIDTH - 48, 84)
    colors = [RED if j == i else GREY for j in range(LENGTH)]
    bars.bar(range(LENGTH), one.alpha[i], 0.62, color=colors)
    for j, weight in enumerate(one.alpha[i]):
        if weight >= 0.05:
            bars.text(j, weight + 0.02, f"{weight:.2f}", ha="center", size=14)
    top = max(0.6, 1.25 * float(one.alpha.max()))
    bars.set(xlim=(-0.5, LENGTH - 0.5), ylim=(0, top), xticks=[], yticks=[])
    bars.spines["left"].set_visible(False)
    reach = 0.55 * float(np.ptp(one.found, axis=1).max())
    for j in range(LENGTH):
        ax = sheet.axes(left + j * step, 522, step, SMALL)
        share = float(one.alpha[i, j] / one.alpha[i].max())
        draw_pose(ax, one.found[j], skeleton, ORANGE, 1 + 2.5 * share)
        x, y = (one.found[j].min(0) + one.found[j].max(0)) / 2
        ax.set(xlim=(x - reach, x + reach), ylim=(y + reach, y - reach))
        ax.set_aspect("equal")
        ax.axis("off")
        how = dict(color=RED, weight="bold") if j == i else dict(color=GREEN if j < i else GREY)
        sheet.text(left + (j + 0.5) * step, 624, f"{j}", size=15, ha="center", **how)
    return sheet.picture()


def film(clips: int = CLIPS, steps: int = STEPS, tests: int = TESTS) -> Film:
    """The whole film, after a training of so many steps on the first so many clips."""
    one = chosen_of(trained(clips, steps), tests)
    pictures = [picture_of(one, i, done) for i in range(LENGTH) for done in (False, True)]
    seconds = [LOOKS, WRITES] * LENGTH
    seconds[-1] = END
    own = float(np.diagonal(one.alpha).mean())
    before, after = one.wrong.sum((1, 2))
    said = (
        f"clip {one.clip.name}, {one.clip.action}, frames {one.first} to {one.first + LENGTH - 1}: "
        f"{before} of {one.clip.counted[one.first : one.first + LENGTH].sum()} visible joints are "
        f"wrong before and {after} after; an output gives its own frame {own:.2f} of the weight"
    )
    best = int((one.wrong[0].sum(1) - one.wrong[1].sum(1)).argmax())
    return Film(pictures, seconds, 2 * best + 1, said)
