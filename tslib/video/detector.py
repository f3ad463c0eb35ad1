"""A heat-map detector from an ONNX file, run by OpenCV.

Beside MODEL.onnx lies MODEL.toml:

    input = [192, 256]              # width, height, px
    channels = "rgb"                # or "bgr"
    divide = 255.0                  # (pixel / divide - mean) / std
    mean = [0.485, 0.456, 0.406]    # in the order of `channels`
    std = [0.229, 0.224, 0.225]
    skeleton = "coco17"
    joints = ["nose", ...]          # optional: names in the order of the maps; default the skeleton's
    person_score = 0.3              # optional: a body whose best peaks have a lower mean is nobody
"""

import re
import reprlib
from pathlib import Path

import cv2
import numpy as np

from ..errors import InputError
from ..files import read_toml
from ..skeletons import SKELETONS

REQUIRED = {"input", "channels", "divide", "mean", "std", "skeleton"}
OPTIONAL = {"joints", "person_score"}

SEEN = 0.2  # a lower peak is no joint
LARGEST = 4096  # px of an input, each way


class HeatmapDetector:
    """Calling ``detector(frame, crop)`` gives the crop's heat-maps.

    model : path of an ONNX network, (1, 3, h, w) -> (1, K, H, W)
    config : path of its TOML file; default the model's own name with .toml

    Attributes: ``skeleton`` (joints in the order of the maps), ``size`` (w, h) px of its input,
    ``grid`` (W, H) cells of its maps, ``person_score``. Runs the network once. Raises InputError
    with one sentence where a file is missing or unreadable, or the two do not fit; a call, where a
    map is not finite.
    """

    def __init__(self, model, config=None):
        model = Path(model)
        if not model.is_file():
            raise InputError(f"there is no detector {model}; name an ONNX file.")
        config = model.with_suffix(".toml") if config is None else Path(config)
        self._files = model, config
        settings = read_config(config)
        self.size = tuple(settings["input"])
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
        w, h = self.size
        declared = re.search(r"<Input> \w+ \[\w+ x 3 x (\d+) x (\d+)\]", self._net.dump())
        if declared and declared.groups() != (str(h), str(w)):
            height, width = declared.groups()
            raise InputError(
                f"{model} takes {width}x{height} pixels, but {config} says input = [{w}, {h}]."
            )
        try:
            maps = self._run(np.zeros((h, w, 3), np.uint8))
        except cv2.error:
            raise InputError(
                f"{model} does not run on {w}x{h} pixels, which {config} calls its input."
            ) from None
        shape, K = np.shape(maps), len(self.skeleton.joints)
        if len(shape) != 4 or shape[0] != 1 or w * shape[2] != h * shape[3]:
            raise InputError(
                f"{model} answers {w}x{h} pixels with shape {shape}; heat-maps would be (1, joints, H, W) "
                "in the proportions of the input."
            )
        if shape[1] != K:
            raise InputError(f"{model} has {shape[1]} heat-maps, but {config} names {K} joints.")
        self.grid = shape[3], shape[2]

    def _run(self, image):
        if self._bgr:
            image = image[..., ::-1]
        blob = (image.astype(np.float32) / self._divide - self._mean) / self._std
        self._net.setInput(np.ascontiguousarray(blob.transpose(2, 0, 1)[None]))
        return self._net.forward()

    def __call__(self, frame, crop):
        """frame: uint8 (H, W, 3) RGB; returns float32 (K, H, W) heat-maps on the crop's grid."""
        maps = self._run(crop.cut(frame, self.size))[0]
        if not np.isfinite(maps).all():
            model, config = self._files
            raise InputError(
                f"{model} gives NaN or infinity; check the network, and divide, mean and std in {config}."
            )
        return maps


def read_config(path):
    """The checked settings of a detector's TOML file as a dict; InputError says what does not fit."""
    settings = read_toml(
        path,
        f"there is no {path}, which says what the detector takes; "
        "write one after data/detectors/simplepose.toml, or name one with --detector-config.",
    )
    for key in sorted(REQUIRED - set(settings)):
        raise InputError(f"{path} lacks the key {key!r}.")
    for key in sorted(set(settings) - REQUIRED - OPTIONAL):
        known = ", ".join(sorted(REQUIRED | OPTIONAL))
        raise InputError(f"{path} has the unknown key {key!r}; known are {known}.")

    def need(key, holds, what):
        if key in settings and not holds(settings[key]):
            raise InputError(
                f"{key} in {path} must be {what}, but it is {reprlib.repr(settings[key])}."
            )

    need(
        "input",
        lambda v: _numbers(v, 2) and all(type(n) is int and 0 < n <= LARGEST for n in v),
        f"[width, height] up to {LARGEST}",
    )
    need("channels", lambda v: v in ("rgb", "bgr"), '"rgb" or "bgr"')
    need("divide", lambda v: _numbers([v], 1) and v >= 1e-6, "a number from 1e-6 to 1e6")
    need("mean", lambda v: _numbers(v, 3), "three numbers up to 1e6")
    need("std", lambda v: _numbers(v, 3) and min(v) >= 1e-6, "three numbers from 1e-6 to 1e6")
    need(
        "skeleton",
        lambda v: isinstance(v, str) and v in SKELETONS,
        f"one of {', '.join(SKELETONS)}",
    )
    need("person_score", lambda v: _numbers([v], 1), "a number")
    known = SKELETONS[settings["skeleton"]].joints
    need(
        "joints",
        lambda v: (
            isinstance(v, list) and v and all(n in known for n in v) and len(set(v)) == len(v)
        ),
        f"a list of different joints of {settings['skeleton']}",
    )
    return settings


def _numbers(value, n):
    """Whether a TOML value is a list of n numbers up to a million (True is none)."""
    numbers = isinstance(value, list) and all(type(v) in (int, float) for v in value)
    return numbers and len(value) == n and all(abs(v) <= 1e6 for v in value)
