"""The film of chapter 05: beliefs of one wrist in five frames, round by round.

The maps and the springs are those of the committed ST-infer, and the flow is exact. Round 0 is what
the network sees in each frame alone; in each round every joint hears its neighbours in the body and
itself in the frames before and after.

A rule chooses the slice: of the test clips of the first so many, filmed by a poor camera, and of
upright people, those in which the camera spoils the middle frame alone. It takes the wrist that is
visible throughout, wrong in that frame alone, right in all frames after the last round, and
farthest off before. A joint is wrong if it is off by more than 0.2 of the person's size.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from tslib.networks import ThinSlicingNetwork
from tslib.slices import View

from ..paper_a.figures import RIGHT
from .film import BLUE, GREEN, RED, Film, Sheet, draw_pose, ring, show_frame, show_heat
from .people import Person, Seen, network, person, seen, unaries

SEED, CLIPS, LONG, FRAMES, ROUNDS = 0, 200, 30, 5, 6
WRISTS = 5, 6
UPRIGHT = 1.3  # height of the person's box to its width
DEPTH = 0.6  # of score below the highest cell, where a belief is drawn clear
FADES = 3  # pictures from one round to the next
WIDTH, PANEL = 800, (154, 236)  # px
STAYS, FADE, END = 1.3, 0.12, 3.0  # s


class Chosen(NamedTuple):
    """A slice, one wrist of it, and the scores (T, K, h, w) after each round."""

    someone: Person
    first: int
    one: Seen
    wrist: int
    scores: list[torch.Tensor]
    off: np.ndarray  # of each round and frame, shares of the person's size

    @property
    def frames(self) -> slice:
        return slice(self.first, self.first + FRAMES)


def slices_of(
    someone: Person, model: ThinSlicingNetwork, view: View
) -> Iterator[tuple[int, int, Seen, torch.Tensor]]:
    """Slices and wrists in which the middle frame alone is wrong: first frame, wrist, unaries."""
    clip = someone.clip
    for first in range(len(clip) - FRAMES + 1):
        part, middle = slice(first, first + FRAMES), first + FRAMES // 2
        if (someone.fault[part] != "").nonzero()[0].tolist() != [FRAMES // 2]:
            continue
        shown = [k for k in WRISTS if clip.visible[part, k].all()]
        if not shown or clip.box[middle, 3] < UPRIGHT * clip.box[middle, 2]:
            continue
        one = seen(someone, view, first, FRAMES)
        phi = unaries(model, one)
        wrong = _off(someone, part, one, phi) > RIGHT
        for k in shown:
            if np.flatnonzero(wrong[:, k]).tolist() == [FRAMES // 2]:
                yield first, k, one, phi


def _off(someone: Person, part: slice, one: Seen, maps: torch.Tensor) -> np.ndarray:
    """How far joints (T, K) of maps are off, in sizes of the person."""
    gap = np.linalg.norm(one.joints(maps) - someone.clip.joints[part], axis=-1)
    return gap / someone.clip.size_of_person[part, None]


@torch.no_grad()
def chosen_of(clips: int, rounds: int) -> Chosen:
    """The slice that the rule takes, of the test clips of the first so many."""
    model, view = network("ST-infer")
    assert model.inference is not None
    model.inference.iterations = rounds
    found: list[Chosen] = []
    for number in range(5, clips + 1, 5):
        someone = person(SEED, number, LONG, "poor")
        for first, wrist, one, phi in slices_of(someone, model, view):
            scores: list[torch.Tensor] = []
            model.inference(
                phi[None],
                one.inputs["flows"],
                lambda _, s, m, keep=scores: keep.append(s[0].clone()),
            )
            part = slice(first, first + FRAMES)
            off = np.stack([_off(someone, part, one, s)[:, wrist] for s in scores])
            if (off[-1] <= RIGHT).all():
                found.append(Chosen(someone, first, one, wrist, scores, off))
    return max(found, key=lambda each: float(each.off[0, FRAMES // 2]))


def window_of(chosen: Chosen) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Of each frame the x and the y limits, px, of a window around the person."""
    clip, found = chosen.someone.clip, []
    box = clip.box[chosen.frames]
    tall = 1.12 * max(box[:, 3].max(), (box[:, 2] * PANEL[1] / PANEL[0]).max())
    for x, y, w, h in box:
        half = tall * PANEL[0] / PANEL[1] / 2, tall / 2
        middle = x + w / 2, y + h / 2
        found.append(
            (
                (middle[0] - half[0], middle[0] + half[0]),
                (middle[1] + half[1], middle[1] - half[1]),
            )
        )
    return found


def _raised(values: np.ndarray) -> np.ndarray:
    """A map from 0, so far below its highest cell or at its median, to 1."""
    low = max(values.max() - DEPTH, np.median(values))
    return np.clip((values - low) / (values.max() - low), 0, 1)


def picture_of(chosen: Chosen, before: int, share: float) -> np.ndarray:
    """A round, or so large a share of the way from it to the next one."""
    someone, one, wrist = chosen.someone, chosen.one, chosen.wrist
    clip, scores = someone.clip, chosen.scores
    assert clip.frames is not None
    after = min(before + 1, len(scores) - 1)
    now = before if share < 0.5 else after
    name = clip.skeleton.joints[wrist].replace("_", " ")
    sheet = Sheet(WIDTH, 600)
    title = (
        "Round 0: each frame on its own"
        if not now
        else f"Round {now} of {len(scores) - 1}: neighbours have spoken"
    )
    sheet.text(12, 24, title, size=20, weight="bold")
    wrong = int((chosen.off[now] > RIGHT).sum())
    sheet.text(12, 54, f"belief of the {name} in five frames, wrong in {wrong}", size=17)
    joints = one.joints(scores[now])
    limits = window_of(chosen)
    for t, (x, y) in enumerate(limits):
        left = 7 + t * (PANEL[0] + 4)
        frame = clip.frames[chosen.first + t]
        maps = [scores[n][t, wrist].numpy() for n in (before, after)]
        raised = [_raised(m) for m in maps]
        above = sheet.axes(left, 76, *PANEL)
        below = sheet.axes(left, 76 + PANEL[1] + 6, *PANEL)
        for ax in (above, below):
            show_frame(ax, frame, pale=0.5 if ax is above else 0.25)
        show_heat(above, (1 - share) * raised[0] + share * raised[1], one.onto, 0, 1)
        draw_pose(below, joints[t], clip.skeleton, BLUE, 2.5)
        bad = chosen.off[now, t] > RIGHT
        for ax in (above, below):
            ring(ax, joints[t, wrist], RED if bad else GREEN, 17)
            ax.set(xlim=x, ylim=y)
        how = "wrong" if bad else "right"
        color = RED if bad else GREEN
        sheet.text(left + 4, 574, f"{t}: {how}", size=17, color=color, weight="bold")
    return sheet.picture()


def film(clips: int = CLIPS, rounds: int = ROUNDS) -> Film:
    """The whole film, of a slice among the test clips of the first so many."""
    chosen = chosen_of(clips, rounds)
    pictures: list[np.ndarray] = []
    seconds: list[float] = []
    for n in range(rounds + 1):
        pictures.append(picture_of(chosen, n, 0))
        seconds.append(STAYS if n < rounds else END)
        if n < rounds:
            shares = [(step + 1) / (FADES + 1) for step in range(FADES)]
            pictures += [picture_of(chosen, n, share) for share in shares]
            seconds += [FADE] * FADES
    middle = chosen.off[:, FRAMES // 2]
    path = ", ".join(f"{value:.2f}" for value in middle)
    name = chosen.someone.clip.skeleton.joints[chosen.wrist]
    said = (
        f"clip {chosen.someone.clip.name}, frames {chosen.first} to {chosen.first + FRAMES - 1}, "
        f"{name}: in the middle frame off by {path} of the person's size after rounds 0 to {rounds}"
    )
    return Film(pictures, seconds, FADES + 1, said, quality=88)
