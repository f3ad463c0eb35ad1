"""From a video to joints: track, detect, pass messages, write.

The stages are generators, and can be used one by one:

    observations = observe(frames, detector)                          # tslib.video.tracking
    beliefs = infer(link(observations, reach), reach, springs)        # tslib.video.inference
"""

import logging
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from ..correction import load as load_corrector
from ..errors import InputError
from ..files import appearing
from ..heatmaps import decode
from ..overlay import Canvas
from . import springs as spring_files
from .correct import check_joints, correct_file
from .detector import HeatmapDetector
from .frames import VideoWriter, open_frames
from .inference import infer, link, reach_of
from .joints_csv import COLUMNS, write_rows
from .tracking import observe

COMPLETE = 0.9  # of the announced frames; containers often only estimate their number
HUGE = 4  # times the frame; a larger box is a mistake

log = logging.getLogger(
    __name__
)  # a warning is a line on stderr, unless the program says otherwise


def joints_of(maps, crop):
    """Joints read off heat-maps: (K, 2) px in the image, and (K,) peak heights."""
    cells, score = decode(maps)
    return crop.to_image(cells), score


def predict(
    video, detector, output, config=None, box=None, fps=None, flow="dis", springs=None, correct=None
):
    """Write joints.csv, detector.csv and overlay.webm to a new folder.

    Parameters
    ----------
    video : path of a video file or of a folder of images
    detector, config : paths of an ONNX network and its TOML file, see tslib.video.detector
    output : path of the folder; it appears complete, or not at all
    box : (x, y, w, h) px around the person in the first frame; searched for where None
    fps : frames per second, where the video does not say or says wrong
    flow : "dis", "farneback" or "none", see tslib.flow
    springs : path of a springs file, see tslib.video.springs
    correct : path of a corrector, see tslib.correction; its joints go to corrected.csv, beside the
    others

    Returns the Path of the folder.

    Raises
    ------
    InputError
        Something given cannot be used, or nobody is in sight in the whole video.
    """
    with appearing(output) as folder:
        _predict(video, detector, folder, config, box, fps, flow, springs, correct)
    return Path(output)


def _predict(video, detector, folder, config, box, fps, flow, springs, correct):
    """Write the files into a folder that is there; arguments as those of predict."""
    frames = open_frames(video)
    fps = fps or frames.fps
    if fps is None:
        log.warning(
            "The frame rate is unknown, so messages come from 2 frames away; --fps says better."
        )
    if box is not None:
        check_box(box, frames.size)
    detector = HeatmapDetector(detector, config)
    skeleton = detector.skeleton
    springs = (
        spring_files.numbered(spring_files.load(springs), skeleton) if springs is not None else ()
    )
    if correct is not None:
        corrector = load_corrector(correct)
        check_joints(corrector, correct, skeleton.joints, "the detector")
    reach = reach_of(fps)
    beliefs = infer(link(observe(frames, detector, box, flow), reach), reach, springs)
    with ExitStack() as files:
        tables = [
            files.enter_context(open(folder / name, "w", encoding="utf-8"))
            for name in ("joints.csv", "detector.csv")
        ]
        bar = tqdm(
            beliefs, total=frames.count, unit="frame", disable=None
        )  # None: only in a terminal
        files.enter_context(bar)
        for table in tables:
            table.write(COLUMNS + "\n")
        canvas, somebody = Canvas(frames.size, skeleton), False
        overlay = files.enter_context(VideoWriter(folder / "overlay.webm", fps or 25, canvas.size))
        # Beliefs come some frames late; the second reader of the video waits for them, so no frame
        # has to.
        for (node, belief), frame in zip(bar, frames, strict=True):
            crop, found = node.seen.crop, (None, None)
            if crop is not None:
                somebody, found = True, (joints_of(belief, crop), joints_of(node.seen.maps, crop))
            for table, result in zip(tables, found, strict=True):
                write_rows(table, node.seen.index, skeleton.joints, result)
            overlay.write(canvas.draw(frame, *found))
        if not somebody:
            raise InputError(f"nobody in sight in {video}; give --box, or show somebody larger.")
    if correct is not None:
        correct_file(folder / "joints.csv", corrector, folder / "corrected.csv")
    read = node.seen.index + 1
    if frames.count and read < COMPLETE * frames.count:
        log.warning(
            f"{video} ended after {read} of about {frames.count} frames; the rest cannot be read."
        )


def check_box(box, size):
    """InputError where a box (x, y, w, h) px holds nothing of a frame of size (W, H) px, or is far
    larger.
    """
    x, y, w, h = box
    wrong = None
    if not (w >= 1 and h >= 1 and x < size[0] and y < size[1] and x + w > 0 and y + h > 0):
        wrong = "holds nothing of"
    elif not (w <= HUGE * size[0] and h <= HUGE * size[1]):
        wrong = "is far larger than"
    if wrong:
        raise InputError(
            f"the box x={x:g} y={y:g} w={w:g} h={h:g} {wrong} the {size[0]}x{size[1]} frame; "
            "give its left, top, width and height in px."
        )
