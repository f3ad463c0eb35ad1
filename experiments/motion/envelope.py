"""The film of chapter 01: the envelope of parabolas, as the algorithm sees it.

Cell by cell a new parabola comes in. The algorithm asks where it cuts the last one of its list,
drops that one if the cut lies left of where it begins, and asks the one before. Then the list is
read out. Every place is what `envelope`, `crossing` and `distance_transform_1d` of the reference
return; which parabolas are dropped follows from the list before and after a cell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from tslib.distance_transform.reference import crossing, distance_transform_1d, envelope

from .film import BLUE, DARK, GREEN, GREY, ORANGE, PURPLE, RED, Film, Sheet

SCORE = (2.0, 3.0, 1.9, 1.2, 1.6, 3.4, 2.4)
STIFFNESS, REST = 0.35, 0.6
WIDTH, HEIGHT = 720, 500
LOW = -1.5  # where the picture ends below
KEYS = {"on the list": BLUE, "new": PURPLE, "dropped": GREY, "envelope": ORANGE}
KEYS |= {"begins": GREEN, "read out": RED}
COMES, ASKS, LISTED, READ, END = 0.9, 1.7, 1.1, 0.6, 3.0  # s


@dataclass(frozen=True)
class Moment:
    """What one picture shows, and in two lines of text what happens.

    seen : cells that have come in; cells, starts : the list at that moment; new : the cell that is
    treated; asked : the one of the list that it is compared with, and the place where they cut
    read : (p, source, message) of the cells that have been read out
    """

    said: str
    why: str
    seconds: float
    seen: int
    cells: list[int]
    starts: list[float]
    new: int | None = None
    asked: tuple[int, float] | None = None
    dropped: bool = False
    read: list[tuple[int, int, float]] = field(default_factory=list)


def moments_of(score: Sequence[float], stiffness: float, rest: float) -> Iterator[Moment]:
    """What the algorithm does with a row of finite scores, moment by moment."""
    cells: list[int] = []
    starts: list[float] = []
    for q in range(len(score)):
        after, begins = envelope(score[: q + 1], stiffness)
        said = f"Cell {q} comes in"
        yield Moment(said, "with a parabola of its own", COMES, q + 1, cells, starts, q)
        while cells:
            v, z = cells[-1], crossing(score, cells[-1], q, stiffness)
            dropped = v not in after
            assert dropped == (z <= starts[-1])
            if dropped:
                said = f"Drop parabola {v}"
                why = f"{q} cuts it at {z:.2f}, left of where it begins ({starts[-1]:.2f})"
            else:
                where = f", right of where {v} begins" if len(cells) > 1 else ""
                said, why = f"Parabola {v} stays", f"{q} cuts it at {z:.2f}{where}"
            yield Moment(said, why, ASKS, q + 1, cells, starts, q, (v, z), dropped)
            if not dropped:
                break
            cells, starts = cells[:-1], starts[:-1]
        cells, starts = after, begins
        said = f"On the list: {', '.join(map(str, cells))}"
        yield Moment(said, "they make the envelope", LISTED, q + 1, cells, starts)
    message, source = distance_transform_1d(np.array(score), stiffness, rest)
    read: list[tuple[int, int, float]] = []
    for p in range(len(score)):
        read = [*read, (p, int(source[p]), float(message[p]))]
        said = f"Receiver {p} hears {message[p]:.2f}"
        why = f"read at z = {p} + {rest:g}, where parabola {source[p]} is the highest"
        seconds = READ if p + 1 < len(score) else END
        yield Moment(said, why, seconds, len(score), cells, starts, read=read)


def picture_of(moment: Moment, score: Sequence[float], stiffness: float, rest: float) -> np.ndarray:
    """The parabolas of a moment as a picture, uint8 (HEIGHT, WIDTH, 3)."""
    n = len(score)
    sheet = Sheet(WIDTH, HEIGHT)
    sheet.text(16, 26, moment.said, size=20, weight="bold")
    sheet.text(16, 58, moment.why, size=17)
    sheet.keys(12, 92, KEYS)
    ax = sheet.axes(72, 116, WIDTH - 92, HEIGHT - 180)
    z = np.linspace(-1, n, 900)
    offers = np.array(score)[:, None] - stiffness * (np.arange(n)[:, None] - z) ** 2
    if moment.cells:
        ends = [*moment.starts[1:], np.inf]
        for cell, start, end in zip(moment.cells, moment.starts, ends, strict=True):
            part = (z >= start) & (z <= end)
            ax.plot(z[part], offers[cell][part], color=ORANGE, lw=9, alpha=0.55)
    for q in range(moment.seen):
        listed = q in moment.cells
        how = dict(color=BLUE, lw=2) if listed else dict(color=GREY, lw=1.8, ls=":")
        if q == moment.new:
            how = dict(color=PURPLE, lw=4)
        ax.plot(z, offers[q], **how)  # type: ignore[arg-type]
        ax.plot(q, score[q], "o", color=how["color"], ms=9)
        ax.annotate(
            str(q),
            (q, score[q]),
            (0, 9),
            textcoords="offset points",
            ha="center",
            bbox=dict(fc="white", ec="none", pad=0.5, alpha=0.8),
        )
    for start in moment.starts[1:]:
        ax.axvline(start, color=GREEN, lw=1.8, ls="--")
    if moment.asked:
        v, place = moment.asked
        height = score[v] - stiffness * (v - place) ** 2
        ax.plot(z, offers[v], color=RED if moment.dropped else BLUE, lw=4)
        ax.plot(place, max(height, LOW + 0.15), "X", color=DARK, ms=16, mec="white", mew=1.5)
    for p, source, value in moment.read:
        last = p == moment.read[-1][0]
        ax.plot(
            [p + rest] * 2, [LOW, value], color=RED, lw=3 if last else 1, alpha=1 if last else 0.4
        )
        ax.plot(p + rest, value, "s", color=RED, ms=11, mec="white")
        if last:
            ax.plot(z, offers[source], color=BLUE, lw=4)
    ax.set(xlim=(-1, n), ylim=(LOW, max(score) + 0.7), xticks=range(n), yticks=range(-1, 4))
    ax.set(xlabel="place z (cells)", ylabel="offer (score)")
    return sheet.picture()


def film(score: Sequence[float] = SCORE, stiffness: float = STIFFNESS, rest: float = REST) -> Film:
    """The whole film of a row of scores."""
    moments = list(moments_of(score, stiffness, rest))
    pictures = [picture_of(moment, score, stiffness, rest) for moment in moments]
    dropped = [n for n, moment in enumerate(moments) if moment.dropped]
    left = envelope(score, stiffness)[0]
    said = (
        f"of {len(score)} parabolas {len(left)} stay on the list after {len(dropped)} are dropped"
    )
    still = dropped[-1] if dropped else len(moments) - 1
    return Film(pictures, [moment.seconds for moment in moments], still, said)
