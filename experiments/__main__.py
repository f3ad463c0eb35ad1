"""``python -m experiments COMMAND``: everything that makes a number of this book."""

import argparse
import sys
from collections.abc import Callable, Sequence

from tslib import command_line
from tslib.command_line import OPTION, Command, computing, name, positive_whole, shared, whole

ABOUT = (
    "Every number of this book: the tables and figures of both papers, real recordings, and speed."
)
GROUPS = {
    "paper_a": "tables and figures of Paper A on one's own clips",
    "paper_b": "tables and figures of Paper B on one's own estimates",
}
PAPER_A = ("table1", "table2", "table3", "figure1", "figure3", "figure4")
PAPER_B = ("tableI", "tableII", "figure4")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for what the reader can put right, 130 after
    Ctrl-C.
    """
    return command_line.main("experiments", ABOUT, COMMANDS, arguments, GROUPS)


def named(text: str) -> tuple[str, str]:
    """A pair (name, file) from the command line's NAME=FILE."""
    left, found, right = text.partition("=")
    if not (left and found and right):
        raise argparse.ArgumentTypeError(f"{text!r} must be NAME=FILE.npz")
    return left, right


def _common(parser: OPTION) -> None:
    add = parser.add_argument
    add("--data", required=True, type=name, metavar="ROOT", help="folder of one data set")
    made = "folder for runs and what is made of them; commands share it"
    add("--output", required=True, type=name, metavar="OUT", help=made)
    add("--seeds", nargs="+", type=whole, default=[0, 1, 2], metavar="S")


def _paper_a_options(parser: OPTION) -> None:
    config = "such as data/training/laptop.toml"
    parser.add_argument("--config", required=True, type=name, metavar="CONFIG.toml", help=config)


def _paper_b_options(parser: OPTION) -> None:
    add = parser.add_argument
    files = "as estimate writes them"
    add("--estimates", required=True, nargs="+", type=named, metavar="NAME=FILE.npz", help=files)
    start = "train the networks of this folder further"
    add("--start", type=name, metavar="OUT", help=start)


def _estimate_options(parser: OPTION) -> None:
    add = parser.add_argument
    add(
        "config",
        nargs="?",
        type=name,
        metavar="CONFIG.toml",
        help="such as data/training/youtube.toml",
    )
    model = "in its place: it saw none of these clips"
    add("--model", type=name, metavar="MODEL.safetensors", help=model)
    add("--parts", action="store_true", help="train mixtures of parts instead of networks")
    boxes = "of --parts: a network's estimates, where the clips have no boxes"
    add("--boxes", type=name, metavar="FILE.npz", help=boxes)
    root = "YouTube Pose; for --model and --parts any clips"
    add("--data", required=True, type=name, metavar="ROOT", help=root)
    made = "folder for models, runs and estimates.npz"
    add("--output", required=True, type=name, metavar="OUT", help=made)
    folds = "networks for the videos to learn from"
    add("--folds", type=positive_whole, default=5, metavar="F", help=folds)
    add("--seed", type=whole, default=0, metavar="S")
    every = "steps from checkpoint to checkpoint"
    add("--every", type=positive_whole, default=200, metavar="N", help=every)


def _check_estimate(options: argparse.Namespace) -> str:
    ways = [*map(bool, (options.config, options.model, options.parts))].count(True)
    if ways != 1:
        return "estimate takes CONFIG.toml, to train networks, or --model, which has seen no clip, or --parts"
    if options.boxes and not options.parts:
        return "--boxes are for --parts; networks find their own"
    if options.parts and options.device == "cuda":
        return "--parts computes on the CPU, so --device cuda must be left out"
    return ""


def _check_paper_b(options: argparse.Namespace) -> str:
    names = [name for name, _ in options.estimates]
    if len(names) != len({*names}):
        return "the estimators in --estimates need different names"
    return ""


def paper_a(what: str) -> Callable[[argparse.Namespace], str]:
    def run(options: argparse.Namespace) -> str:
        from .paper_a.reproduce import reproduce

        return reproduce(
            what,
            options.config,
            options.data,
            options.output,
            options.seeds,
            options.device,
            options.workers,
        )

    return run


def paper_b(what: str) -> Callable[[argparse.Namespace], str]:
    def run(options: argparse.Namespace) -> str:
        from .paper_b.tables import reproduce

        estimates = dict(options.estimates)
        return reproduce(
            what, options.data, estimates, options.output, options.seeds, options.start
        )

    return run


def estimate(options: argparse.Namespace) -> str:
    from .estimates import estimate, estimate_by, estimate_by_parts

    if options.parts:
        made = estimate_by_parts(
            options.data, options.output, options.folds, options.boxes, options.seed
        )
    elif options.model:
        made = estimate_by(options.model, options.data, options.output, options.device)
    else:
        made = estimate(
            options.config,
            options.data,
            options.output,
            options.folds,
            options.seed,
            options.device,
            options.workers,
            options.every,
        )
    return made.to_string()


COMMON = shared(_common)
GOES_ON = "the same command goes on"
COMMANDS = (
    Command(
        "estimate",
        "estimate the joints of videos by networks that never saw them; writes estimates.npz",
        estimate,
        _estimate_options,
        "python -m experiments estimate data/training/youtube.toml --data ROOT --output runs",
        shared=(computing(),),
        left=GOES_ON,
        check=_check_estimate,
    ),
    *(
        Command(
            f"paper_a {what}",
            f"Paper A's {what}, from runs that are trained where they are missing",
            paper_a(what),
            _paper_a_options,
            f"python -m experiments paper_a {what} --config data/training/laptop.toml "
            "--data data/rendered --output runs",
            shared=(COMMON, computing()),
            left=GOES_ON,
        )
        for what in PAPER_A
    ),
    *(
        Command(
            f"paper_b {what}",
            f"Paper B's {what}, from methods that are fitted where they are missing",
            paper_b(what.replace("figure4", "figure4B")),
            _paper_b_options,
            f"python -m experiments paper_b {what} --data data/other "
            "--estimates ConvNet=estimates/estimates.npz --output runs-b",
            shared=(COMMON,),
            left=GOES_ON,
            check=_check_paper_b,
        )
        for what in PAPER_B
    ),
)


if __name__ == "__main__":
    command_line.end_like_ctrl_c()
    sys.exit(main())
