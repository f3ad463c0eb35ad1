"""What a reader waits for, beside what we accept and what we aim at.

    python -m experiments speed roads

reads what the other commands of `speed` have stored.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from ..records import stored


@dataclass(frozen=True)
class Road:
    """name; measured : its value; bar, aim : what we accept, and what we want

    Where the bar is below the aim more is better, and less otherwise.
    """

    name: str
    measured: Callable[[], float]
    bar: float
    aim: float

    def line(self) -> str:
        """A line of the table, in Markdown."""
        value, more = self.measured(), self.bar < self.aim
        reached, passed = (value >= b if more else value <= b for b in (self.aim, self.bar))
        verdict = "aim reached" if reached else "bar passed" if passed else "missed"
        bounds = (f"{'≥' if more else '≤'} {b:g}" for b in (self.bar, self.aim))
        return f"| {self.name} | {value:.3g} | {' | '.join(bounds)} | {verdict} |"


def _predict(cores: int) -> float:
    return stored("predict")[f"now, {cores} cores"]["frames_per_second"]


def _tropical(side: int) -> float:
    return stored("messages")["tropical"][str(side)]["times ours"]


ROADS = [
    Road("`predict`, one core, frames a second", lambda: _predict(1), 8, 12),
    Road("`predict`, two cores, frames a second", lambda: _predict(2), 12, 20),
    Road(
        "clips of 96 px with exact flow, one core, frames a second",
        lambda: stored("renderer")["frames a second"]["and exact flow both ways"]["96 px"],
        800,
        1200,
    ),
    Road(
        "corrector, every frame, ms a frame",
        lambda: stored("correction")["ms"]["PoseCorrector, stride 1"],
        0.5,
        0.2,
    ),
    Road(
        "training: arithmetic, % of a step, the least of four",
        lambda: min(r["arithmetic / step, %"] for r in stored("training")["rows"].values()),
        85,
        95,
    ),
    Road("`python -m tslib --help`, s", lambda: stored("start")["seconds"]["tslib"], 0.3, 0.15),
    Road("one transform, 46 x 46: tropical-gemm / ours", lambda: _tropical(46), 3, 4),
]


def page() -> str:
    """The table, in Markdown."""
    head = ["| road | measured | bar | aim | verdict |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(road.line() for road in ROADS)])


def run(options: argparse.Namespace) -> str:
    """No options."""
    return page()
