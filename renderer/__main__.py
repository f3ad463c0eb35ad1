"""``python -m renderer OUT --clips N``: render clips of people doing exercises."""

from tslib import ending

if __name__ == "__main__":
    ending.at_once()

import argparse
import re
import sys
from collections.abc import Sequence
from functools import partial

from tslib import command_line
from tslib.command_line import OPTION, Command, name, whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Render; returns the exit code: 0, 2 for what the reader can put right, 130 after Ctrl-C."""
    return command_line.single("renderer", RENDER, arguments)


def _options(parser: OPTION) -> None:
    add = parser.add_argument
    add("output", type=name, metavar="OUT", help="folder for the clips, in Penn Action's layout")
    add("--clips", required=True, type=whole, metavar="N", help="how many there shall be")
    add("--seed", type=whole, default=0, metavar="S", help="another seed, other clips")
    add("--size", type=size, default=(96, 96), metavar="96|368|WxH", help="px of a frame")
    add("--frames", type=whole, default=20, metavar="T", help="of a clip")
    workers = "processes; the clips stay the same"
    add("--workers", type=partial(whole, most=256), default=1, metavar="W", help=workers)
    whose = "penn_action:ROOT or jhmdb:ROOT: figures move as people in that data set do"
    add("--motion", default="", metavar="SET:ROOT", help=whose)
    poor = "poor: it fails more often, and worse"
    add("--camera", choices=["usual", "poor"], default="usual", help=poor)


def size(text: str) -> tuple[int, int]:
    """(W, H) px from "96" or "480x270"."""
    found = re.fullmatch("([0-9]{1,9})(?:x([0-9]{1,9}))?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of px, or WIDTHxHEIGHT")
    return int(found[1]), int(found[2] or found[1])


RENDER = Command(
    "renderer",
    "render videos of people doing exercises, with their true joints and optical flow; writes "
    "frames, labels and flow in Penn Action's layout, 500 frames a second at 96 px",
    "renderer.write:command",
    _options,
    "python -m renderer data/rendered --clips 500 --camera poor",
    left="the same command goes on",
)


if __name__ == "__main__":
    sys.exit(ending.program(main))
