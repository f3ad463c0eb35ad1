"""The command line: ``python -m tslib`` and a command; without one it lists them."""

import argparse
import os
import re
import signal
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin crawl on a busy machine
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # the sentences below say what went wrong
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26))  # a damaged header may claim a billion


def main(arguments=None):
    """Run one command; returns the exit code: 0, 2 for what the user can put right, 130 after Ctrl-C."""
    options = None
    try:
        from .errors import InputError

        options = parse(arguments)
        try:
            options.run(options)
            return 0
        except (InputError, OSError) as error:
            print(f"tslib: {error}", file=sys.stderr)
            return 2
    except KeyboardInterrupt:
        print(f"interrupted; {options.left if options else 'nothing was written'}.", file=sys.stderr)
        return 130
    except ImportError as error:
        if "libGL" not in str(error):
            raise
        print("OpenCV needs the system's libGL.so.1; on Debian or Ubuntu install libgl1.", file=sys.stderr)
        return 2


def parse(arguments):
    """The options of a command, its function among them; ends the program where they make no sense.

    ``options.run(options)`` carries the command out; ``options.left`` says what an interruption leaves.
    """
    from .flow import METHODS
    from .skeletons import SKELETONS
    from .training.rows import CORRECTED, REPRODUCED, ROWS

    parser = argparse.ArgumentParser(prog="python -m tslib", description="Human pose in video.")
    commands = parser.add_subparsers(required=True)

    def command(function, help, left="nothing was written"):
        added = commands.add_parser(function.__name__, help=help)
        added.set_defaults(run=function, left=left)
        return added.add_argument

    add = command(predict, "joints of the person in a video")
    add("video", type=name, metavar="VIDEO", help="a video file, or a folder of images")
    add("--detector", required=True, type=name, metavar="MODEL.onnx", help="heat-map network")
    add("--detector-config", type=name, metavar="FILE.toml", help="what it takes; default MODEL.toml")
    add("--output", required=True, type=name, metavar="DIR", help="folder to make for the results")
    where = "the person in the first frame: left, top, width, height in px; searched for by default"
    add("--box", nargs=4, type=float, metavar=("X", "Y", "W", "H"), help=where)
    add("--fps", type=positive, metavar="F", help="frames per second, where not known")
    add("--flow", choices=METHODS, default="dis", help="none: for a camera at rest")
    add("--springs", type=name, metavar="FILE.toml", help="pass messages between joints as well")
    add("--correct", type=name, metavar="MODEL.safetensors", help="write corrected.csv as well")

    add = command(springs, "statistics of limbs, for predict --springs")
    add("joints", nargs="+", type=name, metavar="JOINTS.csv", help="as predict writes them, or truth")
    add("--skeleton", required=True, metavar="NAME", help=", ".join(SKELETONS))
    add("--output", required=True, type=name, metavar="FILE.toml")
    add("--arms", action="store_true", help="with elbows and wrists; hurts raised arms")

    add = command(correct, "joints of a video, corrected by a trained network")
    add("joints", type=name, metavar="JOINTS.csv", help="as predict writes them")
    add("--model", required=True, type=name, metavar="MODEL.safetensors", help="tslib.correction saves one")
    add("--output", required=True, type=name, metavar="FILE.csv")

    add = command(render, "videos of exercises with true joints and optical flow", "the same command goes on")
    add("output", type=name, metavar="OUT", help="folder for the clips, in Penn Action's layout")
    add("--clips", required=True, type=int, metavar="N", help="how many there shall be")
    add("--seed", type=int, default=0, metavar="S", help="another seed, other clips")
    add("--size", type=size, default=(96, 96), metavar="96|368|WxH", help="px of a frame")
    add("--frames", type=int, default=20, metavar="T", help="of a clip")
    add("--workers", type=int, default=1, metavar="W", help="processes; the clips stay the same")
    whose = "penn_action:ROOT or jhmdb:ROOT: figures move as people in that data set do"
    add("--motion", default="", metavar="SET:ROOT", help=whose)
    add("--camera", choices=["usual", "poor"], default="usual", help="poor: it fails more often, and worse")

    add = command(download, "fetch a data set, 3 GB or more for some", "run it again to resume")
    add("name", metavar="NAME", help="penn_action, jhmdb, youtube_pose or cvit_sports")
    add("root", type=name, metavar="ROOT", help="folder for it")

    add = command(inspect, "what a data set's folder holds, and what is odd in it")
    add("root", type=name, metavar="ROOT", help="folder of one data set")
    add("--sheet", type=name, metavar="FILE.png", help="draw some of its frames with their joints")

    devices, clips = ("auto", "cpu", "cuda"), "clips in Penn Action's layout, or YouTube Pose"
    add = command(train, "a network from nothing, by stages", "the same command goes on")
    add("config", type=name, metavar="CONFIG.toml", help="such as data/training/laptop.toml")
    add("--data", required=True, type=name, metavar="ROOT", help=clips)
    add("--output", required=True, type=name, metavar="OUT", help="folder for models and checkpoints")
    add("--row", choices=ROWS, help="of Paper A's table, CONFIG's by default; rows share OUT's first stage")
    add("--seed", type=whole, default=0, metavar="S")
    add("--device", choices=devices, default="auto", help="auto: a GPU where there is one")
    add("--workers", type=whole, default=0, metavar="W", help="processes that prepare slices")
    add("--every", type=positive_whole, default=200, metavar="N", help="steps from checkpoint to checkpoint")

    add = command(estimate, "joints of videos by networks that never saw them", "the same command goes on")
    add("config", nargs="?", type=name, metavar="CONFIG.toml", help="such as data/training/youtube.toml")
    add("--model", type=name, metavar="MODEL.safetensors", help="in its place: it saw none of these clips")
    add("--parts", action="store_true", help="in its place: mixtures of parts, trained here")
    add("--boxes", type=name, metavar="FILE.npz", help="of --parts: a network's estimates, for want of boxes")
    add("--data", required=True, type=name, metavar="ROOT", help="YouTube Pose; for the others any clips")
    add("--output", required=True, type=name, metavar="OUT", help="folder for models, runs and estimates.npz")
    add("--folds", type=positive_whole, default=5, metavar="F", help="networks for the videos to learn from")
    add("--seed", type=whole, default=0, metavar="S")
    add("--device", choices=devices, default="auto", help="auto: a GPU where there is one")
    add("--workers", type=whole, default=0, metavar="W", help="processes that prepare slices")
    add("--every", type=positive_whole, default=200, metavar="N", help="steps from checkpoint to checkpoint")

    add = command(evaluate, "how good a trained model is on the test clips")
    add("model", type=name, metavar="MODEL.safetensors", help="as train writes it")
    add("--data", required=True, type=name, metavar="ROOT", help=clips)
    add("--device", choices=devices, default="auto", help="auto: a GPU where there is one")

    add = command(reproduce, "the papers' tables and figures, on one's own clips", "the same command goes on")
    both = (*REPRODUCED, *CORRECTED)
    add("what", choices=both, help="of Paper B the last three; with the same OUT figures share the runs")
    add("--config", type=name, metavar="CONFIG.toml", help="for Paper A, such as data/training/laptop.toml")
    files = "for Paper B, as estimate writes them"
    add("--estimates", nargs="+", type=named, metavar="NAME=FILE.npz", help=files)
    add("--start", type=name, metavar="OUT", help="for Paper B: train the networks of this folder further")
    add("--data", required=True, type=name, metavar="ROOT", help="folder of one data set")
    add("--output", required=True, type=name, metavar="OUT", help="folder for runs and what is made of them")
    add("--seeds", nargs="+", type=whole, default=[0, 1, 2], metavar="S")
    add("--device", choices=devices, default="auto", help="auto: a GPU where there is one")
    add("--workers", type=whole, default=0, metavar="W", help="processes that prepare slices")

    options = parser.parse_args(arguments)
    if options.run is estimate and [*map(bool, (options.config, options.model, options.parts))].count(1) != 1:
        parser.error(
            "estimate takes CONFIG.toml, to train networks, or --model, which has seen no clip, or --parts"
        )
    if options.run is estimate and options.boxes and not options.parts:
        parser.error("--boxes are for --parts; networks find their own")
    if options.run is estimate and options.parts and options.device == "cuda":
        parser.error("--parts computes on the CPU, so --device cuda must be left out")
    if options.run is reproduce and (wrong := misfit(options, options.what in CORRECTED)):
        parser.error(wrong)
    return options


def misfit(options, corrected):
    """What is wrong with the options of reproduce, "" if nothing. corrected : whether it is of Paper B"""
    if corrected and not options.estimates:
        return f"{options.what} corrects estimates and needs --estimates NAME=FILE.npz"
    if corrected and options.config:
        return f"{options.what} trains no network on pictures, so --config must be left out"
    if corrected and options.workers:
        return f"{options.what} reads no pictures, so --workers must be left out"
    if corrected and options.device == "cuda":
        return f"{options.what} computes on the CPU, so --device cuda must be left out"
    if not corrected and (options.estimates or options.start):
        return f"{options.what} makes its own estimates, so --estimates and --start must be left out"
    if not corrected and not options.config:
        return f"{options.what} trains networks and needs --config CONFIG.toml"
    names = [name for name, _ in options.estimates or []]
    return "" if len(names) == len({*names}) else "the estimators in --estimates need different names"


def predict(options):
    from .predict import predict

    folder = predict(
        options.video, options.detector, options.output, options.detector_config,
        options.box, options.fps, options.flow, options.springs, options.correct,
    )  # fmt: skip
    written = "joints.csv, detector.csv" + (", corrected.csv" if options.correct else "")
    print(f"wrote {written} and overlay.webm to {folder}")


def springs(options):
    from .skeletons import skeleton_named
    from .springs import fit, read_joints, save

    skeleton = skeleton_named(options.skeleton)
    poses = [pose for path in options.joints for pose in read_joints(path, skeleton)]
    fitted = fit(poses, skeleton, arms=options.arms)
    save(fitted, options.output)
    print(f"wrote {len(fitted)} springs to {options.output}")


def correct(options):
    from .correction import load
    from .correction.command import correct_file

    correct_file(options.joints, load(options.model), options.output)
    print(f"wrote {options.output}")


def render(options):
    from .render import render

    made = render(
        options.output, options.clips, options.seed, options.size, options.frames, options.workers,
        options.motion, options.camera,
    )  # fmt: skip
    print(f"rendered {made} clips; {options.output} holds {options.clips} or more")


def download(options):
    from .download import download

    download(options.name, options.root)


def inspect(options):
    from .inspection import inspect

    for line in inspect(options.root, options.sheet):
        print(line)


def train(options):
    from .training.run import train

    path = train(
        options.config, options.data, options.output, options.row, options.seed, options.device,
        options.workers, options.every,
    )  # fmt: skip
    if os.environ.get("RANK", "0") == "0":
        print(f"wrote {path}")


def estimate(options):
    from .training.folds import estimate, estimate_by, estimate_by_parts

    if options.parts:
        made = estimate_by_parts(options.data, options.output, options.folds, options.boxes, options.seed)
    elif options.model:
        made = estimate_by(options.model, options.data, options.output, options.device)
    else:
        made = estimate(
            options.config, options.data, options.output, options.folds, options.seed, options.device,
            options.workers, options.every,
        )  # fmt: skip
    print(made.to_string())


def evaluate(options):
    from .training.run import evaluate

    print(evaluate(options.model, options.data, options.device).to_string())


def reproduce(options):
    if options.estimates:
        from .correction.tables import reproduce

        estimates = dict(options.estimates)
        what = options.what, options.data, estimates, options.output, options.seeds, options.start
    else:
        from .training.reproduce import reproduce

        what = (
            options.what, options.config, options.data, options.output, options.seeds, options.device,
            options.workers,
        )  # fmt: skip
    print(reproduce(*what))


def name(text):
    """A file's or folder's name from the command line: not empty, as a variable that is unset would be."""
    if not text:
        raise argparse.ArgumentTypeError("is empty; is a variable unset?")
    return text


def named(text):
    """A pair (name, file) from the command line's NAME=FILE."""
    left, found, right = text.partition("=")
    if not (left and found and right):
        raise argparse.ArgumentTypeError(f"{text!r} must be NAME=FILE.npz")
    return left, right


def positive(text):
    """A positive number from the command line."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be positive")
    return value


def whole(text):
    """A whole number from 0 from the command line."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("must be a whole number from 0")
    return int(text)


def positive_whole(text):
    """A whole number from 1 from the command line."""
    if not whole(text):
        raise argparse.ArgumentTypeError("must be 1 or more")
    return int(text)


def size(text):
    """(W, H) px from "96" or "480x270"."""
    found = re.fullmatch("([0-9]{1,9})(?:x([0-9]{1,9}))?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of px, or WIDTHxHEIGHT")
    return int(found[1]), int(found[2] or found[1])


if __name__ == "__main__":
    for ending in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP, nohup ignores it
        number = getattr(signal, ending, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)  # cleans up as after Ctrl-C
    sys.exit(main())
