"""The command line: ``python -m tslib predict``, ``springs``, ``download`` and ``inspect``."""

import argparse
import os
import signal
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin crawl on a busy machine
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # the sentences below say what went wrong
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26))  # a damaged header may claim a billion


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
    springs.add_argument(
        "--skeleton", required=True, metavar="NAME", help="coco17, penn13, ... (tslib/skeletons.py)"
    )
    springs.add_argument("--output", required=True, metavar="FILE.toml")
    springs.add_argument("--arms", action="store_true", help="with elbows and wrists; hurts raised arms")

    download = commands.add_parser("download", help="fetch a data set, 3 GB or more for some")
    download.add_argument("name", metavar="NAME", help="penn_action, jhmdb, youtube_pose or cvit_sports")
    download.add_argument("root", metavar="ROOT", help="folder for it")

    inspect = commands.add_parser("inspect", help="what a data set's folder holds, and what is odd in it")
    inspect.add_argument("root", metavar="ROOT", help="folder of one data set")
    inspect.add_argument("--sheet", metavar="FILE.png", help="draw some of its frames with their joints")

    options = parser.parse_args(arguments)
    try:
        return run(options)
    except KeyboardInterrupt:
        left = "run it again to resume" if options.command == "download" else "nothing was written"
        print(f"interrupted; {left}.", file=sys.stderr)
        return 130
    except ImportError as error:
        if "libGL" not in str(error):
            raise
        print("OpenCV needs the system's libGL.so.1; on Debian or Ubuntu install libgl1.", file=sys.stderr)
        return 2


def run(options):
    """Carry out parsed options; returns the exit code."""
    from .download import download
    from .errors import InputError
    from .inspection import inspect
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
        elif options.command == "download":
            download(options.name, options.root)
        elif options.command == "inspect":
            for line in inspect(options.root, options.sheet):
                print(line)
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


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as after Ctrl-C
    sys.exit(main())
