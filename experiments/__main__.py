"""``python -m experiments COMMAND``: everything that makes a number of this book."""

from tslib import ending

if __name__ == "__main__":
    ending.at_once()

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tslib import command_line
from tslib.command_line import OPTION, Command, computing, name, positive_whole, shared, whole

from . import options as of

ABOUT = (
    "Every number of this book: the tables and figures of both papers, real recordings, and speed."
)
GROUPS = {
    "paper_a": "tables and figures of Paper A on one's own clips",
    "paper_b": "tables and figures of Paper B on one's own estimates",
    "motion": "the moving pictures of the chapters, each from the code that its chapter builds",
    "real": "what happens on real recordings, in the folder that TSLIB_DATA names",
    "speed": "how fast things are, and what they take",
}
A_SEED = "about ten minutes for each seed and split"
PAPER_A = {"table1": "three quarters of an hour for three seeds"} | dict.fromkeys(
    ("table2", "table3", "figure1", "figure3", "figure4"), A_SEED
)
# Of each command the file that it writes.
PAPER_B = {"tableI": "tableI", "tableII": "tableII", "figure4": "figure4B"}
# What each film shows, and how long it takes to make on one core.
FILMS = {
    "envelope": ("the envelope of parabolas as it grows and is read out", "ten seconds"),
    "message": ("messages that go from joint to joint of one body", "a quarter of a minute"),
    "rounds": ("beliefs of a wrist in five frames, round by round", "half a minute"),
    "flow": (
        "heat-maps that the flow carries to the next frame, and others that stay",
        "ten seconds",
    ),
    "repair": ("joints that neighbours repair, and which neighbour it was", "half a minute"),
    "training": ("the heat-map of a joint over the steps of a small training", "a minute"),
    "attention": ("where the decoder looks while it writes each pose", "a minute"),
}


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
    several = "estimators that see more than one frame, which Paper B's SFN does not"
    add("--temporal", nargs="+", default=[], metavar="NAME", help=several)


def _claims_options(parser: OPTION) -> None:
    files = "such as experiments/results/table1.json"
    parser.add_argument("files", nargs="+", type=name, metavar="TABLE.json", help=files)


def _estimate_options(parser: OPTION) -> None:
    add = parser.add_argument
    config = "such as data/training/youtube.toml"
    add("config", nargs="?", type=name, metavar="CONFIG.toml", help=config)
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
        return (
            "estimate takes CONFIG.toml, to train networks, or --model, which has seen no clip, "
            "or --parts"
        )
    if options.boxes and not options.parts:
        return "--boxes are for --parts; networks find their own"
    if options.parts and options.device == "cuda":
        return "--parts computes on the CPU, so --device cuda must be left out"
    return ""


def _check_paper_b(options: argparse.Namespace) -> str:
    names = [name for name, _ in options.estimates]
    if len(names) != len({*names}):
        return "the estimators in --estimates need different names"
    if unknown := {*options.temporal} - {*names}:
        return f"--temporal names {min(unknown)}, which is not among --estimates"
    return ""


def paper_a(what: str, o: argparse.Namespace) -> str:
    """Make a table or figure of Paper A."""
    from .paper_a.reproduce import reproduce

    return reproduce(what, o.config, o.data, o.output, o.seeds, o.device, o.workers)


def paper_b(what: str, o: argparse.Namespace) -> str:
    """Make a table or figure of Paper B."""
    from .paper_b.tables import reproduce

    return reproduce(what, o.data, dict(o.estimates), o.output, o.seeds, o.start, o.temporal)


def motion(what: str, o: argparse.Namespace) -> str:
    """Make a film of a chapter."""
    from .motion.film import make

    return make(what, o.output)


def estimate(o: argparse.Namespace) -> str:
    """Estimate joints by networks, by a finished model or by mixtures of parts."""
    from .estimates import estimate, estimate_by, estimate_by_parts

    if o.parts:
        made = estimate_by_parts(o.data, o.output, o.folds, o.boxes, o.seed)
    elif o.model:
        made = estimate_by(o.model, o.data, o.output, o.device)
    else:
        how = {"seed": o.seed, "device": o.device, "workers": o.workers, "every": o.every}
        made = estimate(o.config, o.data, o.output, o.folds, **how)
    return made.to_string()


def _script(
    name: str, help: str, options: Callable[[OPTION], None], *words: str, **more: Any
) -> Command:
    """A command that is a script of its own."""
    example = " ".join(["python -m experiments", name, *words])
    module = name.replace(" ", ".")
    return Command(name, help, f"experiments.{module}:run", options, example, **more)


COMMON = shared(_common)
GOES_ON = "the same command goes on"
COMMANDS = (
    Command(
        "estimate",
        "estimate the joints of videos by networks that never saw them; writes estimates.npz, "
        "minutes for a network",
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
            f"Paper A's {what}, from runs that are trained where they are missing; writes "
            f"OUT/{what}.json and .md, {time} from nothing, on one core",
            partial(paper_a, what),
            _paper_a_options,
            f"python -m experiments paper_a {what} --config data/training/laptop.toml "
            "--data data/rendered --output runs",
            shared=(COMMON, computing()),
            left=GOES_ON,
        )
        for what, time in PAPER_A.items()
    ),
    *(
        Command(
            f"paper_b {what}",
            f"Paper B's {what}, from methods that are fitted where they are missing; writes "
            f"OUT/{file}.json and .md, minutes for each estimator from nothing",
            partial(paper_b, file),
            _paper_b_options,
            f"python -m experiments paper_b {what} --data data/other "
            "--estimates ConvNet=estimates/estimates.npz --output runs-b",
            shared=(COMMON,),
            left=GOES_ON,
            check=_check_paper_b,
        )
        for what, file in PAPER_B.items()
    ),
    Command(
        "claims",
        "judge the papers' claims again by the numbers that tables keep; writes the same files, "
        "seconds",
        "experiments.judge_again:judge_files",
        _claims_options,
        "python -m experiments claims experiments/results/table1.json",
    ),
    Command(
        "claims_page",
        "lay out all claims of both papers with their verdicts; writes docs/claims.md, seconds",
        "experiments.claims_page:run",
        lambda parser: None,
        "python -m experiments claims_page",
    ),
    _script(
        "paper_a failure_modes",
        "how a small single-image ConvNet fails on rendered clips; prints tables, and writes "
        "results/failure_modes.json with --write, minutes on one core",
        of.failure_modes,
        "--write",
    ),
    _script(
        "paper_a full_size",
        "Paper A's network at its own size: the cost of a step, and rows of Table 1; writes "
        "results/full_size.json with --write, an hour on a GPU, days without",
        of.full_size,
        "--data data/large --output runs-large --workers 14",
        shared=(computing(),),
        left="name another folder to begin again",
    ),
    _script(
        "paper_a body",
        "the rows of Table 1 by a network that sees the whole person, and what time and space are "
        "worth alone; writes results/body.json, half an hour for a seed on one core",
        of.body,
        "--data data/large --output runs-body",
        left=GOES_ON,
    ),
    _script(
        "paper_a strict",
        "why joint training loses at strict thresholds: decoding, springs' pull, or target; writes "
        "results/strict.json, five minutes for each seed of `body`",
        of.body,
        "--data data/large --output runs-body",
        left=GOES_ON,
    ),
    _script(
        "paper_a recipes",
        "whether any recipe of joint training beats messages that nobody trained; writes "
        "results/recipes.json, a quarter of an hour for each seed of `body` on one core",
        of.body,
        "--data data/large --output runs-body",
        left=GOES_ON,
    ),
    _script(
        "paper_a conditions",
        "the networks of `body` before a better camera, for hidden joints, and from other clips; "
        "writes results/conditions.json, five minutes for a seed of `body`, twenty for a set",
        of.conditions,
        "--data data/large --output runs-body --usual data/usual --sets data/large1",
        left=GOES_ON,
    ),
    _script(
        "paper_a readings",
        "which reading of Eq. 6 trains: summed or averaged, calibrated or not, three "
        "normalisations; writes results/readings.json, hours",
        of.readings,
        "--data data/rendered --output runs-readings",
        left=GOES_ON,
    ),
    _script(
        "paper_a front_picture",
        "the moving picture of the README, its clip chosen by a rule; writes DIR/front.webp and "
        "DIR/front.png, a minute",
        of.front_picture,
        "--output data",
    ),
    *(
        Command(
            f"motion {what}",
            f"{shown}; writes DIR/{what}.webp and DIR/{what}.png, {time}",
            partial(motion, what),
            of.motion,
            f"python -m experiments motion {what} --output data/motion",
        )
        for what, (shown, time) in FILMS.items()
    ),
    _script(
        "real labels",
        "statistics of rendered clips beside those of real labels; writes results/labels.json "
        "with --write, minutes",
        of.labels,
        "data/penn_action --write",
    ),
    _script(
        "real multiview",
        "what time is worth on real film, by four cameras that need no labels; writes "
        "results/multiview.json, hours",
        of.multiview,
        "--quick",
        left=GOES_ON,
    ),
    _script(
        "real leeds",
        "what springs between joints are worth on real pictures of athletes, one a limb or "
        "mixtures; writes results/leeds.json, a quarter of an hour for a seed on one core",
        partial(of.pictures, steps=2500),
        "--output runs-leeds",
        left=GOES_ON,
    ),
    _script(
        "real upper_bodies",
        "what the same springs are worth on frames of YouTube Pose, where people stand upright; "
        "writes results/upper_bodies.json, half an hour for a seed on one core",
        partial(of.pictures, steps=1500),
        "--output runs-upper",
        left=GOES_ON,
    ),
    _script(
        "real jhmdb_motion",
        "Paper A's Tables 2 and 3 on figures that move as people in JHMDB do; writes "
        "results/jhmdb_motion.json, an hour for a seed on one core",
        of.jhmdb_motion,
        "--output runs-jhmdb",
        left=GOES_ON,
    ),
    Command(
        "real clip",
        "what messages do to a real detector's joints on a real clip; writes "
        "results/real_clip_messages.json, minutes",
        "experiments.real.real_clip:run",
        of.none,
        "python -m experiments real clip",
    ),
    _script(
        "real flow",
        "optical flow at the true joints of a real clip; writes results/flow_real_clip.json with "
        "--write, a minute",
        of.write,
        "--write",
    ),
    _script(
        "real springs",
        "whether springs help on a real detector's maps once they are trained on such maps; "
        "writes results/real_springs.json, tens of minutes",
        of.estimates,
        "--estimates runs-youtube/estimates.npz",
    ),
    _script(
        "real youtube_correctors",
        "why no corrector helps on YouTube Pose; writes results/youtube_correctors.json, "
        "tens of minutes",
        of.estimates,
        "--estimates runs-youtube/estimates.npz",
    ),
    _script(
        "real dense_motion",
        "whether a corrector that learnt real motion helps a real detector's tracks; writes "
        "results/dense_motion.json, tens of minutes",
        of.quick,
    ),
    _script(
        "speed messages",
        "how fast messages are and what they take, beside their rivals; writes "
        "results/messages.json with --write, a few minutes on an idle machine",
        of.messages,
        "--quick",
    ),
    _script(
        "speed renderer",
        "how many frames a second the renderer makes; writes results/renderer.json with --write, "
        "a minute",
        of.write,
        "--write",
    ),
    _script(
        "speed start",
        "how long the programs take to show their help; writes results/start.json with --write, "
        "seconds",
        of.write,
        "--write",
    ),
    _script(
        "speed roads",
        "what a reader waits for, beside what we accept; prints a table of stored results, seconds",
        of.none,
    ),
    _script(
        "speed correction",
        "the time to correct a pose, beside that to read its frame; writes "
        "results/correction.json with --write, a minute",
        of.write,
        "--write",
    ),
    _script(
        "speed training",
        "what share of a training step is arithmetic, and how long it waits for data; writes "
        "results/training.json with --write, a minute",
        of.training,
        "--quick",
    ),
    _script(
        "speed predict",
        "how many frames a second predict takes in, and where its time goes; writes "
        "results/predict.json with --write, minutes",
        of.predict,
        "--quick",
    ),
    _script(
        "speed load",
        "time and memory of two hours of film and of 20,000 clips, and how they grow; writes "
        "results/load.json with --write, half an hour on one core",
        of.load,
        "--quick",
    ),
)


if __name__ == "__main__":
    sys.exit(ending.program(main))
