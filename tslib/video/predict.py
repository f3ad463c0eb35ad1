"""From a video to joints: track, detect, pass messages, write.

The stages are generators, and can be used one by one:

    observations = observe(frames, detector)                          # tslib.video.tracking
    beliefs = infer(link(bridged(observations, reach), reach), reach) # tslib.video.inference
"""

import logging
import os
from collections.abc import Sequence
from contextlib import ExitStack, closing
from itertools import tee
from operator import itemgetter
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ..correction import load_corrector
from ..crop import Crop
from ..errors import InputError
from ..files import appearing
from ..heatmaps import decode
from ..overlay import Canvas
from .ahead import ahead
from .blazepose import CONFIG, default_detector
from .correct import check_joints, correct_file
from .detector import PRESENT, HeatmapDetector
from .formats import FORMATS, Table
from .frames import VideoWriter, open_frames
from .inference import bridged, infer, link, reach_at
from .report import Report
from .springs import load_springs, numbered
from .tracking import moved, observe_people

_HUGE = 4  # times the frame; a larger box is a mistake
# A warning is a line on stderr, unless the program says otherwise.
_log = logging.getLogger(__name__)


def joints_of(maps: np.ndarray | torch.Tensor, crop: Crop) -> tuple[np.ndarray, np.ndarray]:
    """Joints read off heat-maps (K, H, W): (K, 2) px in the image, and (K,) peak heights."""
    cells, score = decode(maps)
    return crop.to_image(cells), score


def predict(
    video: Path | str,
    output: Path | str,
    *,
    detector: Path | str | None = None,
    config: Path | str | None = None,
    box: Sequence[float] | None = None,
    fps: float | None = None,
    flow: str = "dis",
    springs: Path | str | None = None,
    correct: Path | str | None = None,
    formats: Sequence[str] = ("csv",),
    people: int = 1,
) -> Path:
    """Write joints.csv, detector.csv, overlay.webm and report.html to a new folder; returns it.

    video : a video file or a folder of images
    output : the folder; it appears complete, or not at all
    detector, config : a network and its TOML file, see tslib.video.detector; BlazePose where None
    box : (x, y, w, h) px around the person in the first frame; searched for where None
    fps : frames per second, where the video does not say or says wrong
    flow : "dis", "farneback" or "none", see tslib.flow
    springs : a springs file, see tslib.video.springs; None for messages over time alone
    correct : a corrector, see tslib.correction, whose joints then go to corrected.csv; it needs the
        format csv, and one person
    formats : those in which joints and detector are written, see tslib.video.formats
    people : how many to follow

    Raises InputError where something given cannot be used, or nobody is in sight in any frame.
    """
    with appearing(output) as folder:
        frames = open_frames(video)
        fps = fps or frames.fps
        if box is not None:
            check_box(box, frames.size)
        if detector is None:
            detector, config = default_detector(), config or CONFIG
        network = HeatmapDetector(detector, config)
        limbs = [] if springs is None else numbered(load_springs(springs), network.skeleton)
        if correct is not None:
            corrector = load_corrector(correct)
            check_joints(corrector, correct, network.skeleton.joints)
        if fps is None:
            _log.warning(
                "The frame rate is unknown, so messages come from up to 2 frames away, and the "
                "overlay shows 25 frames a second; give --fps if you know better."
            )
        reach = reach_at(fps)
        seen = tee(ahead(observe_people(ahead(moved(frames, flow)), network, box, people)), people)
        each = (map(itemgetter(n), person) for n, person in enumerate(seen))
        linked = (link(bridged(person, reach), reach) for person in each)
        beliefs = zip(*(infer(nodes, reach, limbs) for nodes in linked), strict=True)
        name = Path(os.path.realpath(video)).stem.encode(errors="replace").decode()
        table = Table(network.skeleton.joints, people, name, fps or 25)
        report = Report(table)
        canvas = Canvas(frames.size, network.skeleton)
        _write(folder, beliefs, frames, canvas, table, formats, report)
        lost = sorted(frames.lost)
        report.write(folder / "report.html", lost, frames.promised)
        for sentence, empty in report.sights(lost):
            if empty:
                _log.warning(f"{sentence} The other rows are empty; report.html says what helps.")
        if correct is not None:
            correct_file(folder / "joints.csv", corrector, folder / "corrected.csv")
    return Path(output)


def _write(folder, beliefs, frames, canvas, table, formats, report):
    """Write the tables and the overlay. InputError for nobody."""
    with ExitStack() as files:
        tables = [
            [files.enter_context(FORMATS[name](folder / stem, table)) for name in formats]
            for stem in ("joints", "detector")
        ]
        overlay = files.enter_context(VideoWriter(folder / "overlay.webm", table.fps, canvas.size))
        pictures = files.enter_context(
            closing(ahead(_drawn(tables, beliefs, frames, canvas, report)))
        )
        # The bar shows in a terminal only.
        for picture in tqdm(pictures, total=frames.count, unit="frame", disable=None):
            overlay.write(picture)


def _drawn(tables, beliefs, frames, canvas, report):
    """Write the tables, and yield the pictures of the overlay. InputError for nobody."""
    somebody = False
    # Beliefs come some frames late. The second reader of the video waits, so that no frame has to.
    for index, (people, frame) in enumerate(zip(beliefs, frames, strict=True)):
        picture, found = canvas.enlarge(frame), []
        for n, (node, belief) in enumerate(people):
            crop = node.seen.crop
            alone = node.seen.maps if node.seen.presence >= PRESENT else None
            nothing = crop is None or index in frames.lost
            both = [None if nothing else maps for maps in (belief, alone)]
            found.append([None if maps is None else joints_of(maps, crop) for maps in both])
            somebody = somebody or crop is not None
            canvas.add(picture, *found[n], crop, str(n) if len(people) > 1 else "")
        results = [*zip(*found, strict=True)]
        for writes, persons in zip(tables, results, strict=True):
            for write in writes:
                write(index, persons)
        report.add([node.seen for node, _ in people], *results)
        yield picture
    if not somebody:
        raise InputError(f"nobody in sight in {frames.path}; give --box, or show somebody larger.")


def check_box(box: Sequence[float], size: tuple[int, int]) -> None:
    """InputError where a box (x, y, w, h) px misses a frame (W, H) px, or is far larger."""
    (x, y, w, h), (W, H) = box, size
    holds = w >= 1 and h >= 1 and -w < x < W and -h < y < H
    if not (holds and w <= _HUGE * W and h <= _HUGE * H):
        wrong = "is far larger than" if holds else "holds nothing of"
        raise InputError(
            f"the box x={x:g} y={y:g} w={w:g} h={h:g} {wrong} the {W}x{H} frame; "
            "give its left, top, width and height in px."
        )
