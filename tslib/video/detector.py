"""A heat-map detector from an ONNX file, run by OpenCV.

Beside MODEL.onnx lies MODEL.toml:

    input = [192, 256]              # width, height, px
    channels = "rgb"                # or "bgr"
    divide = 255.0                  # (pixel / divide - mean) / std
    mean = [0.485, 0.456, 0.406]    # in the order of `channels`
    std = [0.229, 0.224, 0.225]
    skeleton = "coco17"
    joints = ["nose", ...]          # optional: names in the order of the maps, where it is not the
                                    # skeleton's
    person_score = 0.3              # optional: a body whose best peaks have a lower mean is nobody
"""

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..crop import Crop
from ..errors import InputError
from ..files import read_toml
from ..skeletons import SKELETONS
from .toml_tables import Rule, are_numbers, check_table

SEEN = 0.2  # a lower peak is no joint
_WIDEST = 4096  # px of an input, each way


class HeatmapDetector:
    """Calling ``detector(frame, crop)`` gives the crop's heat-maps.

    model : path of an ONNX network, (1, 3, h, w) -> (1, K, H, W)
    config : path of its TOML file; default the model's own name with .toml

    Attributes: ``skeleton`` (joints in the order of the maps), ``size`` (w, h) px of its input,
    ``grid`` (W, H) cells of its maps, ``person_score``. Runs the network once. Raises InputError
    where a file is missing or unreadable, or the two do not fit; a call, where a map is not finite.
    """

    def __init__(self, model: Path | str, config: Path | str | None = None) -> None:
        model = Path(model)
        if not model.is_file():
            raise InputError(f"there is no detector {model}; name an ONNX file.")
        config = model.with_suffix(".toml") if config is None else Path(config)
        self._files = model, config
        settings = read_detector_config(config)
        w, h = self.size = tuple(settings["input"])
        self.skeleton = SKELETONS[settings["skeleton"]]
        if "joints" in settings:
            self.skeleton = self.skeleton.with_joints(settings["joints"])
        self.person_score = settings.get("person_score", 0.3)
        self._bgr, self._divide = settings["channels"] == "bgr", settings["divide"]
        self._mean, self._std = (np.array(settings[k], np.float32) for k in ("mean", "std"))
        try:
            self._net = cv2.dnn.readNetFromONNX(str(model))
        except cv2.error:
            raise InputError(f"{model} cannot be read as an ONNX network.") from None
        declared = re.search(r"<Input> \w+ \[\w+ x 3 x (\d+) x (\d+)\]", self._net.dump())
        if declared and declared.groups() != (str(h), str(w)):
            takes = f"{model} takes {declared[2]}x{declared[1]} pixels"
            raise InputError(f"{takes}, but {config} says input = [{w}, {h}].")
        try:
            shape = np.shape(self._run(np.zeros((h, w, 3), np.uint8)))
        except cv2.error:
            size = f"{w}x{h} pixels, which {config} calls its input"
            raise InputError(f"{model} does not run on {size}.") from None
        if len(shape) != 4 or shape[0] != 1 or w * shape[2] != h * shape[3]:
            raise InputError(
                f"{model} answers {w}x{h} pixels with shape {shape}; heat-maps would be "
                "(1, joints, H, W) in the proportions of the input."
            )
        if shape[1] != (K := len(self.skeleton.joints)):
            raise InputError(f"{model} has {shape[1]} heat-maps, but {config} names {K} joints.")
        self.grid = shape[3], shape[2]

    def _run(self, image: np.ndarray) -> np.ndarray:
        if self._bgr:
            image = image[..., ::-1]
        blob = (image.astype(np.float32) / self._divide - self._mean) / self._std
        self._net.setInput(np.ascontiguousarray(blob.transpose(2, 0, 1)[None]))
        return self._net.forward()

    def __call__(self, frame: np.ndarray, crop: Crop) -> np.ndarray:
        """frame: uint8 (H, W, 3) RGB; returns float32 (K, H, W) heat-maps on the crop's grid."""
        maps = self._run(crop.cut(frame, self.size))[0]
        if not np.isfinite(maps).all():
            model, config = self._files
            look = f"check the network, and divide, mean and std in {config}"
            raise InputError(f"{model} gives NaN or infinity; {look}.")
        return maps


def read_detector_config(path: Path | str) -> dict[str, Any]:
    """The checked settings of a detector's TOML file; InputError says what does not fit."""
    settings = read_toml(
        path,
        f"there is no {path}, which says what the detector takes; write one after "
        "data/detectors/simplepose.toml, or name one with --detector-config.",
    )
    name = settings.get("skeleton")
    known = SKELETONS[name].joints if isinstance(name, str) and name in SKELETONS else ()
    rules: dict[str, Rule] = {
        "input": (
            lambda v: are_numbers(v, 2, 1, _WIDEST) and float not in map(type, v),
            f"[width, height] up to {_WIDEST}",
        ),
        "channels": (lambda v: v in ("rgb", "bgr"), '"rgb" or "bgr"'),
        "divide": (lambda v: are_numbers([v], 1, 1e-6), "a number from 1e-6 to 1e6"),
        "mean": (lambda v: are_numbers(v, 3), "three numbers up to 1e6"),
        "std": (lambda v: are_numbers(v, 3, 1e-6), "three numbers from 1e-6 to 1e6"),
        "skeleton": (lambda _: bool(known), f"one of {', '.join(SKELETONS)}"),
        "person_score": (lambda v: are_numbers([v], 1), "a number"),
        "joints": (
            lambda v: isinstance(v, list) and 0 < len(v) == sum(v.count(n) == 1 for n in known),
            f"a list of different joints of {name}",
        ),
    }
    check_table(settings, str(path), rules, optional=("joints", "person_score"))
    return settings
