"""The command line: ``python -m tslib predict``, ``springs`` and ``render``."""

import argparse
import os
import signal
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin crawl on a busy machine
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # the sentences below say what went wrong
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


def main(arguments=None):
    """Run one command; returns the exit code: 0, 2 for what the user can put right, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tslib", description="Human pose in video.")
    commands = parser.add_subparsers(dest="command", required=True)

    predict = commands.add_parser("predict", help="joints of the person in a video")
    predict.add_argument("video", metavar="VIDEO", help="a video file, or a folder of images")
    predict.add_argument("--detector", required=True, metavar="MODEL.onnx", help="heat-map network")
    predict.add_argument("--detector-config", metavar="FILE.toml", help="what it takes; default MODEL.toml")
    predict.add_argument("--output", required=True, metavar="DIR", help="folder to make for the results")
    predict.add_argument(
        "--box", nargs=4, type=float, metavar=("X", "Y", "W", "H"),
        help="the person in the first frame: left, top, width, height in px; searched for by default",
    )  # fmt: skip
    predict.add_argument("--fps", type=positive, metavar="F", help="frames per second, where not known")
    predict.add_argument("--flow", choices=("dis", "none"), default="dis", help="none: for a camera at rest")
    predict.add_argument("--springs", metavar="FILE.toml", help="pass messages between joints as well")

    springs = commands.add_parser("springs", help="statistics of limbs, for predict --springs")
    springs.add_argument("joints", nargs="+", metavar="JOINTS.csv", help="as predict writes them, or truth")
    springs.add_argument("--skeleton", required=True, metavar="NAME", help="coco17, jhmdb15 or penn13")
    springs.add_argument("--output", required=True, metavar="FILE.toml")
    springs.add_argument("--arms", action="store_true", help="with elbows and wrists; hurts raised arms")

    render = commands.add_parser("render", help="videos of exercises with true joints and optical flow")
    render.add_argument("output", metavar="OUT", help="folder for the clips, in Penn Action's layout")
    render.add_argument("--clips", required=True, type=int, metavar="N", help="how many there shall be")
    render.add_argument("--seed", type=int, default=0, metavar="S", help="another seed, other clips")
    render.add_argument("--size", type=size, default=(96, 96), metavar="96|368|WxH", help="px of a frame")
    render.add_argument("--frames", type=int, default=20, metavar="T", help="of a clip")
    render.add_argument(
        "--workers", type=int, default=1, metavar="W", help="processes; the clips stay the same"
    )
    render.add_argument(
        "--motion", default="", metavar="SET:ROOT",
        help="penn_action:ROOT or jhmdb:ROOT: figures move as people in that data set do",
    )  # fmt: skip

    options = parser.parse_args(arguments)
    try:
        return run(options)
    except KeyboardInterrupt:
        left = "the same command goes on" if options.command == "render" else "nothing was written"
        print(f"interrupted; {left}.", file=sys.stderr)
        return 130
    except ImportError as error:
        if "libGL" not in str(error):
            raise
        print("OpenCV needs the system's libGL.so.1; on Debian or Ubuntu install libgl1.", file=sys.stderr)
        return 2


def run(options):
    """Carry out parsed options; returns the exit code."""
    from .errors import InputError

    if options.command == "render":
        from .render import render

        try:
            made = render(
                options.output, options.clips, options.seed, options.size, options.frames, options.workers,
                options.motion,
            )  # fmt: skip
        except (InputError, OSError) as error:
            print(f"tslib: {error}", file=sys.stderr)
            return 2
        print(f"rendered {made} clips; {options.output} holds {options.clips} or more")
        return 0

    from .predict import predict
    from .skeletons import skeleton_named
    from .springs import fit, read_joints, save

    try:
        if options.command == "predict":
            folder = predict(
                options.video, options.detector, options.output, options.detector_config,
                options.box, options.fps, options.flow, options.springs,
            )  # fmt: skip
            print(f"wrote joints.csv, detector.csv and overlay.webm to {folder}")
        else:
            skeleton = skeleton_named(options.skeleton)
            poses = [pose for path in options.joints for pose in read_joints(path, skeleton)]
            springs = fit(poses, skeleton, arms=options.arms)
            save(springs, options.output)
            print(f"wrote {len(springs)} springs to {options.output}")
        return 0
    except (InputError, OSError) as error:
        print(f"tslib: {error}", file=sys.stderr)
        return 2


def positive(text):
    """A positive number from the command line."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be positive")
    return value


def size(text):
    """(W, H) px from "96" or "480x270"."""
    wide, _, high = text.partition("x")
    if not (wide.isdecimal() and (high or wide).isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of px, or WIDTHxHEIGHT")
    return int(wide), int(high or wide)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as after Ctrl-C
    sys.exit(main())
