"""What the commands of ``python -m tslib`` do with their options.

Each imports what it needs when it runs, because torch and OpenCV take seconds.
"""

import os
from argparse import Namespace


def run_predict(options: Namespace) -> str:
    from .video.predict import predict

    names = "detector", "box", "fps", "flow", "springs", "correct", "formats", "people"
    more = {name: getattr(options, name) for name in names}
    folder = predict(options.video, options.output, config=options.detector_config, **more)
    *written, last = sorted(path.name for path in folder.iterdir())
    return f"wrote {', '.join(written)} and {last} to {folder}"


def run_correct(options: Namespace) -> str:
    from .correction import load_corrector
    from .video.correct import correct_file

    correct_file(options.joints, load_corrector(options.model), options.output)
    return f"wrote {options.output}"


def run_train(options: Namespace) -> str | None:
    from .training.run import train

    names = "row", "seed", "device", "workers", "every"
    more = {name: getattr(options, name) for name in names}
    path = train(options.config, options.data, options.output, **more)
    return f"wrote {path}" if os.environ.get("RANK", "0") == "0" else None


def run_evaluate(options: Namespace) -> str:
    from .training.run import evaluate

    return evaluate(options.model, options.data, options.device).to_string()


def run_springs(options: Namespace) -> str:
    from .skeletons import skeleton_named
    from .video.springs import fit_springs, read_joints, save_springs

    skeleton = skeleton_named(options.skeleton)
    poses = [pose for path in options.joints for pose in read_joints(path, skeleton)]
    fitted = fit_springs(poses, skeleton, arms=options.arms)
    save_springs(fitted, options.output)
    return f"wrote {len(fitted)} springs to {options.output}"


def run_download(options: Namespace) -> str | None:
    from .datasets.download import download
    from .datasets.films import fetch_films
    from .video.blazepose import fetch_detector

    if options.name == "detector":
        return f"{fetch_detector(options.file)} is there; its licence lies beside it"
    if options.name == "films":
        return f"the films lie in {fetch_films(options.file)}; their licences lie beside them"
    download(options.name, options.root)
    return None


def run_inspect(options: Namespace) -> None:
    from .command_line import printable
    from .datasets.inspection import inspect

    for line in inspect(options.root, options.sheet):
        # What a data set calls an action is a stranger's text.
        print(printable(line))
