"""``python -m tslib COMMAND``: what the method does on videos, and how its networks are trained."""

from . import ending

if __name__ == "__main__":
    ending.at_once()

import sys
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from typing import Any

from . import command_line
from .command_line import OPTION, Command, computing, name, positive, positive_whole, shared, whole

ABOUT = "Human pose in video: Paper A's messages over time and space, and Paper B's corrector."
ELSEWHERE = "Both are in the project's repository; an installed tslib holds the method alone."
MOVED = {
    "render": "clips are rendered by `python -m renderer OUT --clips N`",
    "estimate": "estimates are made by `python -m experiments estimate`",
    "reproduce": "tables and figures are made by `python -m experiments paper_a` and `paper_b`",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for what the reader can put right, or 130."""
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] in MOVED:
        print(f"tslib: {MOVED[words[0]]}. {ELSEWHERE}", file=sys.stderr)
        return 2
    return command_line.main("tslib", ABOUT, COMMANDS, arguments)


def _predict_options(parser: OPTION) -> None:
    add = parser.add_argument
    add("video", type=name, metavar="VIDEO", help="a video file, or a folder of images")
    network = "heat-map network, ONNX or TFLite; BlazePose by default, fetched the first time"
    add("--detector", type=name, metavar="MODEL", help=network)
    takes = "what it takes; MODEL.toml by default"
    add("--detector-config", type=name, metavar="FILE.toml", help=takes)
    add("--output", required=True, type=name, metavar="DIR", help="a new or empty folder")
    who = "the first person in frame 0: left, top, width, height in px; searched for by default"
    add("--box", nargs=4, type=command_line.number, metavar=("X", "Y", "W", "H"), help=who)
    add("--fps", type=positive, metavar="F", help="frames per second, where the video does not say")
    still = "optical flow; none for a camera at rest, dis by default"
    add("--flow", choices=["dis", "farneback", "none"], default="dis", help=still)
    add("--springs", type=name, metavar="FILE.toml", help="pass messages between joints as well")
    add("--correct", type=name, metavar="MODEL.safetensors", help="write corrected.csv as well")
    kinds = ["csv", "coco", "openpose", "npz"]
    files = f"of the joints: {', '.join(kinds)}, or several of them; csv by default"
    several: dict[str, Any] = dict(nargs="+", choices=kinds, metavar="NAME", default=["csv"])
    add("--format", dest="formats", help=files, **several)
    many = "how many to follow, the surest first; 1 by default"
    add("--people", type=partial(whole, least=1, most=100), default=1, metavar="N", help=many)


def _check_predict(options: Namespace) -> str:
    if options.correct and ("csv" not in options.formats or options.people > 1):
        return "--correct reads the csv of one person, so it needs that format and --people 1"
    if len({*options.formats}) < len(options.formats):
        return "--format names a format twice"
    return ""


def _correct_options(parser: OPTION) -> None:
    add = parser.add_argument
    add("joints", type=name, metavar="JOINTS.csv", help="as predict writes them")
    made = "a trained corrector, as tslib.correction saves it"
    add("--model", required=True, type=name, metavar="MODEL.safetensors", help=made)
    add("--output", required=True, type=name, metavar="FILE.csv")


def _train_options(parser: OPTION) -> None:
    add = parser.add_argument
    add("config", type=name, metavar="CONFIG.toml", help="such as data/training/laptop.toml")
    add("--output", required=True, type=name, metavar="OUT", help="for models and checkpoints")
    rows = "baseline, S-infer, ST-infer, ST-infer(2), any of the last three with -frozen, or longer"
    which = f"of Paper A's Table 1: {rows}; CONFIG's by default. Rows share OUT's first stage"
    add("--row", help=which)
    add("--seed", type=whole, default=0, metavar="S", help="of weights, slices and their changes")
    every = "steps from checkpoint to checkpoint"
    add("--every", type=positive_whole, default=200, metavar="N", help=every)


def _evaluate_options(parser: OPTION) -> None:
    parser.add_argument("model", type=name, metavar="MODEL.safetensors", help="as train writes it")


def _springs_options(parser: OPTION) -> None:
    add = parser.add_argument
    add("joints", nargs="+", type=name, metavar="JOINTS.csv", help="of predict, or truth")
    names = "coco17, penn13, jhmdb15, youtube7 or cvit14"
    add("--skeleton", required=True, metavar="NAME", help=names)
    add("--output", required=True, type=name, metavar="FILE.toml")
    add("--arms", action="store_true", help="with elbows and wrists; this hurts raised arms")


_DATA_SETS = "penn_action, jhmdb, youtube_pose or cvit_sports"


def _download_options(parser: OPTION) -> None:
    names = f"detector, films, {_DATA_SETS}"
    parser.add_argument("name", type=name, metavar="NAME", help=names)
    where = "folder for a data set; the detector and the films have their own"
    parser.add_argument("root", nargs="?", type=name, metavar="ROOT", help=where)
    wheel = "the wheel of the detector or of films, or a zip of it, where it is on the disk"
    parser.add_argument("--file", type=name, metavar="WHEEL", help=wheel)


def _check_download(options: Namespace) -> str:
    name, own = options.name, options.name in ("detector", "films")
    if own == (options.root is not None):
        needs = f"{name} needs a ROOT to go to, as any data set ({_DATA_SETS}) does"
        return f"no ROOT goes with {name}; leave {options.root} out" if own else needs
    return "--file is for the detector and films alone" if options.file and not own else ""


def _inspect_options(parser: OPTION) -> None:
    parser.add_argument("root", type=name, metavar="ROOT", help="folder of one data set")
    sheet = "draw some of its frames with their joints"
    parser.add_argument("--sheet", type=name, metavar="FILE.png", help=sheet)


def _data(parser: OPTION) -> None:
    clips = "clips in Penn Action's layout, or JHMDB"
    parser.add_argument("--data", required=True, type=name, metavar="ROOT", help=clips)


DATA = shared(_data)
COMMANDS = (
    Command(
        "predict",
        "find the joints of the person in a video; writes joints.csv, detector.csv, overlay.webm "
        "and report.html, a tenth of a second a frame",
        "tslib.commands:run_predict",
        _predict_options,
        "python -m tslib predict clip.mp4 --output results",
        check=_check_predict,
    ),
    Command(
        "correct",
        "correct the joints of a video by a trained network; writes one CSV file, "
        "milliseconds a frame",
        "tslib.commands:run_correct",
        _correct_options,
        "python -m tslib correct results/joints.csv --model model.safetensors --output new.csv",
    ),
    Command(
        "train",
        "train a network from nothing, stage by stage; writes models, curves and checkpoints, "
        "a quarter of an hour on a laptop",
        "tslib.commands:run_train",
        _train_options,
        "python -m tslib train data/training/laptop.toml --data data/rendered --output runs",
        shared=(DATA, computing()),
        left="the same command goes on",
    ),
    Command(
        "evaluate",
        "measure how good a trained model is on the test clips; prints a table, a minute",
        "tslib.commands:run_evaluate",
        _evaluate_options,
        "python -m tslib evaluate runs/ST-infer.safetensors --data data/rendered",
        shared=(DATA, computing(workers=False)),
    ),
    Command(
        "springs",
        "collect statistics of limbs for predict --springs; writes one TOML file, seconds",
        "tslib.commands:run_springs",
        _springs_options,
        "python -m tslib springs results/joints.csv --skeleton coco17 --output springs.toml",
    ),
    Command(
        "download",
        "fetch the default detector (35 MB), real films (60 MB) or a data set (some of 3 GB)",
        "tslib.commands:run_download",
        _download_options,
        "python -m tslib download jhmdb data/jhmdb",
        left="run it again to resume",
        check=_check_download,
    ),
    Command(
        "inspect",
        "say what a data set's folder holds and what is odd in it; a minute for a thousand clips",
        "tslib.commands:run_inspect",
        _inspect_options,
        "python -m tslib inspect data/jhmdb --sheet sheet.png",
    ),
)


if __name__ == "__main__":
    sys.exit(ending.program(main))
