"""report.html: what predict found along a film, and what to do about it, in one page that asks
nothing of the network. It stands beside overlay.webm and shows it.
"""

import heapq
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from .formats import Found, Table
from .tracking import Observation

MOVED = 0.1  # of the body; a joint that messages move further is reported
_ROWS = 600  # of a plot; a longer film is drawn by every second, fourth, ... frame
_NAMED = 10  # frames, at most, in a sentence
_PAGE = Path(__file__).with_suffix(".html")


class Report:
    """Collects what the page shows, a frame at a time; of a long film it keeps every n-th one."""

    def __init__(self, table: Table) -> None:
        self._table, self._seen = table, np.zeros(table.people, int)
        self._frames = self._scene = self._moved = 0
        self._step, self._rows, self._cuts = 1, list[np.ndarray](), list[int]()
        self._largest = list[tuple[float, int, str]]()  # share of the body, -frame, joint

    def add(
        self, people: Sequence[Observation], joints: Sequence[Found], alone: Sequence[Found]
    ) -> None:
        """Of the next frame what was seen, the joints that are written and the detector's own."""
        row = np.full((len(people), 2 + 2 * len(self._table.joints)), np.nan)
        for n, (seen, found, own) in enumerate(zip(people, joints, alone, strict=True)):
            row[n, 0] = seen.presence
            if found is None or seen.crop is None:
                continue
            self._seen[n] += 1
            row[n, 2:] = found[0].ravel()
            if own is not None:
                shift = np.hypot(*(found[0] - own[0]).T) / seen.crop.body
                row[n, 1], k = shift.max(), int(shift.argmax())
                if row[n, 1] > MOVED:
                    self._moved += 1
                    change = float(shift[k]), -self._frames, self._table.joints[k]
                    self._largest = heapq.nlargest(_NAMED, [*self._largest, change])
        if people[0].scene > self._scene:
            self._scene = people[0].scene
            self._cuts.append(self._frames)
        if self._frames % self._step == 0:
            self._rows.append(row)
        if len(self._rows) > _ROWS:
            self._rows, self._step = self._rows[::2], 2 * self._step
        self._frames += 1

    def write(self, path: Path, lost: Sequence[int], promised: int = 0) -> None:
        """The page. lost, promised : as `frames.Frames` has them, lost in order"""
        plots = [self._plots(n, rows) for n, rows in enumerate(np.stack(self._rows, 1))]
        body = "\n".join([*self._sentences(lost, promised), *plots])
        page = Template(_PAGE.read_text(encoding="utf-8"))
        text = page.substitute(film=escape(self._table.film), body=body)
        path.write_text(text, encoding="utf-8")

    def sights(self, lost: Sequence[int]) -> Iterator[tuple[str, bool]]:
        """How often each person was in sight, and whether not in a frame that could be read."""
        for n, k in enumerate(self._seen):
            text = f"{self._who(n)} was in sight in {k} of {self._frames} frames."
            yield text, k < self._frames - len(lost)

    def _sentences(self, lost, promised):
        for text, empty in self.sights(lost):
            why = " The other rows are empty; show them larger or better lit, or give a --box."
            yield f"<p>{text}{why if empty else ''}</p>"
        text = f"In {self._moved} of {self._frames} frames messages moved a joint by more than a "
        text += "tenth of the body" + (
            "." if self._table.people == 1 else ", counted for each person."
        )
        if self._moved:
            text += " Compare the figure with the white rings, which are the detector's joints, at "
            text += "".join(
                f'<button data-time="{-frame / self._table.fps:.3f}">frame {-frame}, '
                f"{joint.replace('_', ' ')}: {share:.2f}</button>"
                for share, frame, joint in sorted(self._largest, key=lambda c: -c[1])
            )
            text += " and take the detector's joints, or --flow none, where the rings are right."
        yield f"<p>{text}</p>"
        found = f"The film is cut before {_numbers(self._cuts)}. No message crosses a cut, and"
        found += " the search begins anew, so cut the film there if it then finds somebody else."
        yield f"<p>{found if self._cuts else 'We found no cut in the film.'}</p>"
        text = f"We could not read {_numbers(lost)}, where the frame before stands in and the rows"
        text += " are empty; copy or convert the film anew if you have the original."
        if promised:
            ended = f"The film ended after {self._frames} of about {promised} frames, because the "
            yield f"<p>{ended}file is damaged or cut short; copy or convert it anew.</p>"
        if lost or not promised:
            yield f"<p>{text if lost else 'Every frame could be read.'}</p>"

    def _who(self, n):
        return "The person" if self._table.people == 1 else f"Person {n}"

    def _plots(self, n, rows):
        def add(text, lines, ends):
            figures.append(_figure(text, lines, ends, [cut / self._step for cut in self._cuts]))

        figures: list[str] = []
        add("presence, 0 to 1", {"middle": rows[:, 0]}, (0, 1))
        add("furthest move by messages, 0 to 1 of the body", {"middle": rows[:, 1]}, (0, 1))
        named: dict[str, dict] = {}
        for k, joint in enumerate(self._table.joints):
            side, _, name = joint.rpartition("_")
            named.setdefault(name, {})[side or "middle"] = rows[:, 2 + 2 * k : 4 + 2 * k]
        for name, sides in named.items():
            for axis, way in enumerate(("x, to the right", "y, downwards")):
                lines = {side: track[:, axis] for side, track in sides.items()}
                values = np.concatenate([*lines.values()])
                known = values[np.isfinite(values)]
                low, high = (known.min(), known.max()) if len(known) else (0, 1)
                ends = (high, low) if axis else (low, high)
                add(f"{name}, {way}, {low:.0f} to {high:.0f} px", lines, ends)
        sides = '<b class="left">left</b> and <b class="right">right</b>'
        hint = f"Sides are {sides}; a click on a plot shows the place in the video."
        return f"<h2>{self._who(n)}</h2><p>{hint}</p><div class=plots>{''.join(figures)}</div>"


def _figure(text, lines, ends, cuts):
    """Lines {class: values (T,)} along the film as SVG, broken at NaN; ends are bottom and top."""
    shapes = "".join(f'<line x1="{x - 0.5}" x2="{x - 0.5}" y1="-3" y2="103"/>' for x in cuts)
    for name, values in lines.items():
        heights = 100 - 100 * ((values - ends[0]) / ((ends[1] - ends[0]) or 1)).clip(0, 1)
        known = np.isfinite(heights)
        for piece in np.split(np.arange(len(values)), np.flatnonzero(np.diff(known)) + 1):
            if known[piece[0]]:
                points = " ".join(f"{t},{heights[t]:.1f}" for t in [*piece, piece[-1]])
                shapes += f'<polyline class="{name}" points="{points}"/>'
    box = f'viewBox="-0.5 -3 {len(values)} 106" preserveAspectRatio="none"'
    drawn = f'<svg {box} role="img" aria-label="{text}, along the film">{shapes}</svg>'
    return f"<figure><figcaption>{text}</figcaption>{drawn}</figure>"


def _numbers(frames: Sequence[int]) -> str:
    """Such as "frame 3" or "frames 3, 7", and how many more where there are too many to name."""
    more = f" and {len(frames) - _NAMED} more" if len(frames) > _NAMED else ""
    return f"frame{'s' * (len(frames) > 1)} {', '.join(map(str, frames[:_NAMED]))}{more}"
