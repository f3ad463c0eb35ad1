"""The options of the scripts in real/, speed/ and paper_a/ that are not tables or figures.

They stand here and not beside the scripts because those import torch, and help comes at once
without it.
"""

from pathlib import Path

from tslib.command_line import OPTION, name, positive_whole, whole

from .records import ROOT

ESTIMATES = "estimates.npz of YouTube Pose, as `estimate` writes it"
QUICK = "tiny inputs and few steps, to see that it runs; nothing is stored"


def place(text: str) -> Path:
    """A file or folder: not the one that is meant where a variable is unset."""
    return Path(name(text))


def none(parser: OPTION) -> None:
    """No option at all."""


def write(parser: OPTION) -> None:
    """--write"""
    store = "store the result in experiments/results, which the book shows"
    parser.add_argument("--write", action="store_true", help=store)


def quick(parser: OPTION) -> None:
    """--quick"""
    parser.add_argument("--quick", action="store_true", help=QUICK)


def training(parser: OPTION) -> None:
    """Of `speed training`."""
    quick(parser)
    write(parser)


def estimates(parser: OPTION) -> None:
    """--estimates and --quick"""
    parser.add_argument(
        "--estimates", required=True, type=place, metavar="FILE.npz", help=ESTIMATES
    )
    quick(parser)


def pictures(parser: OPTION, steps: int) -> None:
    """Of `real leeds` and `real upper_bodies`. steps : by default"""
    add = parser.add_argument
    add("--output", required=True, type=place, metavar="DIR", help="folder for the trained rows")
    add("--seeds", nargs="+", type=whole, default=[0, 1, 2], metavar="S")
    shown = f"of the first stage; {steps:,} by default"
    add("--steps", type=positive_whole, default=steps, metavar="N", help=shown)


def jhmdb_motion(parser: OPTION) -> None:
    """Of `real jhmdb_motion`."""
    add = parser.add_argument
    add("--output", required=True, type=place, metavar="DIR", help="folder for the trained rows")
    add("--seeds", nargs="+", type=whole, default=[0, 1, 2], metavar="S")


def multiview(parser: OPTION) -> None:
    """Of `real multiview`."""
    add = parser.add_argument
    kept = "folder where detections are kept; beside the films by default"
    add("--output", type=place, metavar="OUT", help=kept)
    add("--quick", action="store_true", help="two conditions; nothing is stored")
    add("--seeds", type=positive_whole, default=3, metavar="N", help="of what is drawn")


def labels(parser: OPTION) -> None:
    """Of `real labels`."""
    parser.add_argument("real", type=name, metavar="PENN_ACTION", help="folder with labels/*.mat")
    write(parser)


def predict(parser: OPTION) -> None:
    """Of `speed predict`."""
    other = "another checkout of this repository, whose runs alternate with ours"
    parser.add_argument("--against", type=place, metavar="CHECKOUT", help=other)
    quick(parser)
    write(parser)


def load(parser: OPTION) -> None:
    """Of `speed load`."""
    quick(parser)
    write(parser)


def messages(parser: OPTION) -> None:
    """Of `speed messages`."""
    parser.add_argument(
        "--quick", action="store_true", help="tiny inputs, in seconds: does it run?"
    )
    write(parser)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")


def body(parser: OPTION) -> None:
    """Of `paper_a body`."""
    readings(parser, steps=False)
    add = parser.add_argument
    config = ROOT / "data" / "training" / "body.toml"
    add("--config", default=config, type=place, metavar="CONFIG.toml", help="this one by default")
    add(
        "--tests",
        type=positive_whole,
        default=100,
        metavar="N",
        help="test clips, the first by name",
    )


def conditions(parser: OPTION) -> None:
    """Of `paper_a conditions`."""
    body(parser)
    same = "the same clips, filmed by the usual camera"
    parser.add_argument("--usual", required=True, type=place, metavar="ROOT", help=same)
    others = "other clips to learn from, each set with a seed of its own"
    parser.add_argument("--sets", nargs="+", default=[], type=place, metavar="ROOT", help=others)


def readings(parser: OPTION, steps: bool = True) -> None:
    """Of `paper_a readings`."""
    add = parser.add_argument
    add("--data", required=True, type=place, metavar="ROOT", help="rendered clips of 96 px")
    add("--output", required=True, type=place, metavar="OUT", help="folder for the trained rows")
    add("--seeds", nargs="+", type=whole, default=[0, 1, 2], metavar="S")
    add("--camera", default="poor", help="of the clips, as the result says")
    if steps:
        add(
            "--steps",
            type=positive_whole,
            metavar="N",
            help="of the joint stage; the recipe's by default",
        )


def front_picture(parser: OPTION) -> None:
    """Of `paper_a front_picture`."""
    add = parser.add_argument
    add("--output", required=True, type=place, metavar="DIR", help="folder for the two pictures")
    add("--seed", type=whole, default=0, metavar="S", help="of the clips")
    among = "clips to choose among, of which every fifth is a test clip"
    add("--clips", type=positive_whole, default=500, metavar="N", help=among)


def motion(parser: OPTION) -> None:
    """Of `motion`."""
    folder = "folder for the two files"
    parser.add_argument("--output", required=True, type=place, metavar="DIR", help=folder)


def failure_modes(parser: OPTION) -> None:
    """Of `paper_a failure_modes`."""
    add = parser.add_argument
    clips = "clips to render, four fifths of them for training"
    add("--clips", type=positive_whole, default=500, metavar="N", help=clips)
    add("--steps", type=positive_whole, default=900, metavar="N", help="steps of training")
    add("--seed", type=whole, default=0, metavar="S")
    views = "film activities from the sides that the real labels of this folder show"
    add("--views", type=name, metavar="PENN_ACTION", help=views)
    write(parser)


def full_size(parser: OPTION) -> None:
    """Of `paper_a full_size`."""
    add = parser.add_argument
    add("--data", required=True, type=place, metavar="ROOT", help="rendered clips of 368 px")
    add("--output", required=True, type=place, metavar="OUT", help="folder for the trained rows")
    add(
        "--steps",
        type=positive_whole,
        default=20,
        metavar="N",
        help="timed steps of the printed recipe",
    )
    parts = "the printed recipe's steps, or rows of Table 1 by the shorter one; both by default"
    add("--only", choices=["steps", "rows"], help=parts)
    write(parser)
