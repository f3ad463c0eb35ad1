"""A heat-map detector from an ONNX or TFLite file.

Beside MODEL.onnx or MODEL.tflite lies MODEL.toml:

    input = [192, 256]              # width, height, px
    channels = "rgb"                # or "bgr"
    divide = 255.0                  # (pixel / divide - mean) / std
    mean = [0.485, 0.456, 0.406]    # in the order of `channels`
    std = [0.229, 0.224, 0.225]
    skeleton = "coco17"

and, where a network needs them:

    joints = ["nose", ...]          # names in the order of the maps, where it is not the skeleton's
    maps = [0, 2, 5, ...]           # numbers of the maps that are joints; all by default
    output = "Identity_3"           # the output with the maps, where several look like them
    activation = "sigmoid"          # the maps are logits; "none" by default
    cell_offset = -0.5              # cells from a cell's middle to what it stands for; default 0
    person_score = 0.3              # a body whose best peaks have a lower mean is nobody
    margin = 1.5                    # crop to person's box; default 1.5
    presence = "Identity_1"         # an output: is somebody there, from 0 to 1
    # An output of landmarks, five numbers each, x and y px of the input first. The crop follows
    # them: around landmark `center`, turned so that `top` is above it, `side` times as wide as the
    # two are apart. Needs `presence`.
    rotation = { output = "Identity", center = 33, top = 34, side = 2.5 }
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..crop import MARGIN, Crop
from ..errors import InputError
from ..files import ordinary, read_toml
from ..skeletons import SKELETONS
from .network import NetworkFile
from .toml_tables import Rule, are_numbers, check_table

SEEN = 0.2  # a lower peak is no joint
PRESENT = 0.5  # a lower presence is nobody
_WIDEST = 4096  # px of an input, each way
_LARGEST = 1e30  # that a network may answer
_HIGHEST_LOGIT = 50  # as sure as float32 can tell
_NUMBERS = 5  # of a landmark


@dataclass(frozen=True, eq=False)
class Sight:
    """What a detector sees in a crop.

    maps : float32 (K, H, W) heat-maps on the crop's grid
    presence : from 0 to 1, whether somebody is there; 1 where the network does not say
    landmarks : float (n, 2) cells of the crop, where the network gives any
    """

    maps: np.ndarray
    presence: float = 1.0
    landmarks: np.ndarray | None = None


class HeatmapDetector:
    """Calling ``detector(frame, crop)`` gives the crop's heat-maps; ``see`` gives all it knows.

    model : path of a network, (1, 3, h, w) -> (1, maps, H, W), and perhaps more outputs
    config : path of its TOML file; default the model's own name with .toml

    Attributes: ``skeleton`` (joints in the order of the maps), ``size`` (w, h) px of its input,
    ``grid`` (W, H) cells of its maps, ``person_score``, ``margin``, ``rotation`` (None where the
    crop is a box around the joints), ``maps`` (numbers of the joints among the network's maps).
    Runs the network once. Raises InputError where a file is missing or unreadable, or the two do
    not fit; a call, where a map is not finite.
    """

    def __init__(self, model: Path | str, config: Path | str | None = None) -> None:
        model = ordinary(model, f"there is no detector {model}; name an ONNX or TFLite file.")
        self._config = model.with_suffix(".toml") if config is None else Path(config)
        settings = read_detector_config(self._config)
        w, h = self.size = tuple(settings["input"])
        self.skeleton = SKELETONS[settings["skeleton"]]
        if "joints" in settings:
            self.skeleton = self.skeleton.with_joints(settings["joints"])
        self.person_score = settings.get("person_score", 0.3)
        self.margin = settings.get("margin", MARGIN)
        self.rotation = settings.get("rotation")
        self._bgr, self._divide = settings["channels"] == "bgr", settings["divide"]
        self._mean, self._std = (
            np.array(settings[k], np.float32)[:, None, None] for k in ("mean", "std")
        )
        self._sigmoid = settings.get("activation") == "sigmoid"
        self._offset = settings.get("cell_offset", 0)
        self._presence = settings.get("presence")
        self._net = NetworkFile(model, (w, h))
        answers = self._net(np.zeros((3, h, w), np.float32))
        self._output = settings.get("output") or self._choose(answers)
        marks = self.rotation and self.rotation["output"]
        self._wanted = [name for name in (self._output, self._presence, marks) if name]
        for name in self._wanted:
            if name not in answers:
                known = f"{model} has the outputs {', '.join(answers)}"
                raise InputError(f"{known}, and no {name!r}, which {self._config} names.")
        shape = answers[self._output].shape
        if not self._is_maps(shape):
            raise InputError(
                f"{model} answers {w}x{h} pixels with shape {shape}; heat-maps would be "
                "(1, joints, H, W) in the proportions of the input."
            )
        self.maps, K = settings.get("maps", list(range(shape[1]))), len(self.skeleton.joints)
        if len(self.maps) != K or max(self.maps) >= shape[1]:
            said = f"has {shape[1]} heat-maps, but {self._config} names {K} joints"
            raise InputError(f"{model} {said}{' for other maps' if 'maps' in settings else ''}.")
        self.grid = shape[3], shape[2]
        self._check_outputs(answers)

    def _is_maps(self, shape: tuple[int, ...]) -> bool:
        w, h = self.size
        return len(shape) == 4 and shape[0] == 1 and w * shape[2] == h * shape[3]

    def _choose(self, answers: dict[str, np.ndarray]) -> str:
        """The one output that can be heat-maps."""
        likely = [name for name, answer in answers.items() if self._is_maps(answer.shape)]
        if len(likely) > 1:
            several = ", ".join(f"{name} {answers[name].shape}" for name in likely)
            raise InputError(
                f"{self._net.file} has several outputs that may be heat-maps: {several}; say which "
                f'by output = "{likely[-1]}" in {self._config}.'
            )
        return likely[0] if likely else next(iter(answers))

    def _check_outputs(self, answers: dict[str, np.ndarray]) -> None:
        """InputError where presence or landmarks are no such thing."""
        if self._presence and answers[self._presence].size != 1:
            raise InputError(f"output {self._presence} of {self._net.file} is no single number.")
        if self.rotation:
            count, rest = divmod(answers[self.rotation["output"]].size, _NUMBERS)
            if rest or max(*self.maps, self.rotation["center"], self.rotation["top"]) >= count:
                wrong = f"has no {_NUMBERS} numbers for each landmark that {self._config} names"
                raise InputError(f"output {self.rotation['output']} of {self._net.file} {wrong}.")

    def __call__(self, frame: np.ndarray, crop: Crop) -> np.ndarray:
        """frame: uint8 (H, W, 3) RGB; returns float32 (K, H, W) heat-maps on the crop's grid."""
        return self.see(frame, crop).maps

    def see(self, frame: np.ndarray, crop: Crop) -> Sight:
        """frame: uint8 (H, W, 3) RGB."""
        # Where cells stand for another place than their middle, the picture is shifted for them.
        x, y = self._offset * -crop.cell * crop.axes().sum(0)
        image = crop.moved(x, y).cut(frame, self.size)
        if self._bgr:
            image = image[..., ::-1]
        blob = (image.transpose(2, 0, 1).astype(np.float32) / self._divide - self._mean) / self._std
        answers = self._net(blob)
        for name in self._wanted:
            # OpenCV may answer the largest number that there is in the place of NaN.
            if not np.abs(answers[name]).max(initial=0) < _LARGEST:
                look = f"check the network, and divide, mean and std in {self._config}"
                raise InputError(f"{self._net.file} gives NaN or infinity; {look}.")
        maps = answers[self._output][0][self.maps]
        if self._sigmoid:
            maps = 1 / (1 + np.exp(-maps.clip(-_HIGHEST_LOGIT, _HIGHEST_LOGIT)))
        presence = float(answers[self._presence].item()) if self._presence else 1.0
        if not self.rotation:
            return Sight(maps, presence)
        marks = answers[self.rotation["output"]].reshape(-1, _NUMBERS)[:, :2].astype(np.float64)
        return Sight(maps, presence, marks * self.grid[0] / self.size[0] - 0.5 - self._offset)


def read_detector_config(path: Path | str) -> dict[str, Any]:
    """The checked settings of a detector's TOML file; InputError says what does not fit."""
    settings = read_toml(
        path,
        f"there is no {path}, which says what the detector takes; write one after "
        "data/detectors/simplepose.toml, or name one with --detector-config.",
    )
    name = settings.get("skeleton")
    known = SKELETONS[name].joints if isinstance(name, str) and name in SKELETONS else ()
    word: Rule = (lambda v: isinstance(v, str) and v != "", "the name of an output")
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
    }
    more: dict[str, Rule] = {
        "person_score": (lambda v: are_numbers([v], 1), "a number"),
        "joints": (
            lambda v: isinstance(v, list) and 0 < len(v) == sum(v.count(n) == 1 for n in known),
            f"a list of different joints of {name}",
        ),
        "maps": (
            lambda v: isinstance(v, list) and v != [] and all(map(_is_index, v)),
            "a list of numbers of maps",
        ),
        "output": word,
        "activation": (lambda v: v in ("none", "sigmoid"), '"none" or "sigmoid"'),
        "cell_offset": (lambda v: are_numbers([v], 1, -1, 1), "a number from -1 to 1"),
        "margin": (lambda v: are_numbers([v], 1, 1, 10), "a number from 1 to 10"),
        "presence": word,
        "rotation": (_is_rotation, "{ output = NAME, center = 33, top = 34, side = 2.5 }"),
    }
    check_table(settings, str(path), rules | more, optional=more)
    if "rotation" in settings and "presence" not in settings:
        raise InputError(f"{path} has rotation without presence, which says who is nobody.")
    return settings


def _is_index(value: Any) -> bool:
    return type(value) is int and 0 <= value < 10_000


def _is_rotation(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"output", "center", "top", "side"}
        and isinstance(value["output"], str)
        and _is_index(value["center"])
        and _is_index(value["top"])
        and are_numbers([value["side"]], 1, 0.1, 100)
    )
