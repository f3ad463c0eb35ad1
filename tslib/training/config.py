"""What a training run is: the tables of a TOML file, checked."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from reprlib import repr as shown
from typing import Any, ClassVar

from torch import nn

from ..errors import InputError
from ..files import read_toml
from ..flow import METHODS
from ..message_passing.layer import NORMALIZATIONS
from ..networks import (
    BODY,
    SMALL,
    Architecture,
    ConvolutionalPoseMachine,
    HourglassArchitecture,
    StackedHourglass,
)
from ..skeletons import SKELETONS
from ..slices import View
from .rows import ROWS

_Rule = tuple[Callable[[Any], bool], str]  # what holds of a value, and in words


@dataclass(frozen=True)
class Network:
    """architecture : a name in Config.architectures; stages : of one that has stages"""

    architecture: str = "small"
    stages: int = 1


@dataclass(frozen=True)
class Plan:
    """The first stage.

    steps, batch : batches, and frames (first stage) or slices (second) in each, over all processes
    optimizer : "adam", or "sgd" with momentum 0.9 and weight decay 5e-4
    rate : learning rate of the ConvNet
    schedule : "cosine": up for three tenths, down to nothing; "step": to a third every `drop_every`
    sigma : cells, of the targets of Eq. 5
    dropout : of the ConvNet; None leaves the architecture's
    clip : largest norm of the gradient, 0 for any
    bfloat16 : whether a CPU computes in it, as a GPU always does
    batch_statistics : whether batch normalisations take the statistics of each batch; else they
        keep what an earlier stage has found, which a batch of few clips would spoil
    """

    steps: int = 1000
    batch: int = 32
    optimizer: str = "adam"
    rate: float = 2e-3
    schedule: str = "cosine"
    drop_every: int = 0
    sigma: float = 0.875
    dropout: float | None = None
    clip: float = 0.0
    bfloat16: bool = False
    batch_statistics: bool = True


@dataclass(frozen=True)
class JointPlan(Plan):
    """The second stage.

    frames : of a slice
    rest_rate, stiffness_rate, calibration_rate : learning rates of the springs' rest offsets
        (cells), the logarithm of their stiffness, and gain and offset
    radius, positive : of the circles of Eq. 6, cells, and the weight of the cells inside
    deep : weight of Eq. 5 on the ConvNet's maps beside Eq. 6
    """

    batch: int = 6
    frames: int = 5
    rest_rate: float = 0.0
    stiffness_rate: float = 0.0
    calibration_rate: float = 0.0
    radius: float = 2.0
    positive: float = 1.0
    deep: float = 0.0


@dataclass(frozen=True)
class Inference:
    """iterations, normalization : of MessagePassing; start : of rest offsets, "data" or "zero" """

    iterations: int = 3
    normalization: str = "degree"
    start: str = "data"


@dataclass(frozen=True)
class Config:
    """A whole file. A recipe of other networks is a subclass, with more `architectures`.

    flow : "exact" (rendered clips) or a method of flow.flow_between
    row : what `train` makes, one of rows.ROWS, where nobody says
    """

    skeleton: str = "penn13"
    flow: str = "exact"
    row: str = "ST-infer"
    network: Network = Network()
    view: View = View()
    pretrain: Plan = Plan()
    joint: JointPlan = JointPlan()
    inference: Inference = Inference()
    architectures: ClassVar[dict[str, Any]] = {
        "original": Architecture(),
        "small": SMALL,
        "body": BODY,
    }

    @property
    def architecture(self) -> Any:
        """That of the network, with its number of stages."""
        chosen = self.architectures[self.network.architecture]
        ours = isinstance(chosen, Architecture | HourglassArchitecture)
        return replace(chosen, stages=self.network.stages) if ours else chosen

    def convnet(self, joints: int) -> nn.Module:
        """The network of so many joints: a module with `joints`, see ThinSlicingNetwork."""
        architecture = self.architecture
        if isinstance(architecture, HourglassArchitecture):
            return StackedHourglass(joints, architecture)
        return ConvolutionalPoseMachine(joints, architecture)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e9


def _is_range(value: Any) -> bool:
    pair = isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_number, value))
    return pair and 0.01 <= value[0] <= value[1] <= 100


def _one_of(choices: Iterable[str]) -> _Rule:
    names = list(choices)
    return names.__contains__, f"one of {', '.join(names)}"


def _up_to(most: int) -> _Rule:
    return lambda v: 0 < v <= most, f"from 1 to {most}"


# What a value may be: a text by its name; anything else by the kind of its default, of which None
# is that of a number; and a number by its name as well.
_KINDS: dict[type, _Rule] = {
    bool: (lambda v: isinstance(v, bool), "true or false"),
    tuple: (_is_range, "two positive numbers from 0.01 to 100, the smaller one first"),
    int: (lambda v: isinstance(v, int) and not isinstance(v, bool), "a whole number"),
    float: (_is_number, "a number of at most 1e9"),
    type(None): (_is_number, "a number of at most 1e9"),
}
_POSITIVE = ("sigma", "radius", "positive")
# A file from somewhere may ask for more than any machine has, so what decides sizes has an end.
_LARGEST = {"stages": 12, "steps": 10**7, "batch": 4096, "frames": 100, "size": 1024}
_SHARE: _Rule = (lambda v: 0 <= v <= 1, "1 or less, and 0 or more")
_NAMES: dict[str, _Rule] = dict.fromkeys(_POSITIVE, (lambda v: v > 0, "positive")) | {
    **{name: _up_to(most) for name, most in _LARGEST.items()},
    "skeleton": _one_of(SKELETONS),
    "row": _one_of(ROWS),
    "flow": _one_of(("exact", *METHODS)),
    "architecture": (lambda v: isinstance(v, str), "a name"),  # from_tables knows which
    "optimizer": _one_of(("adam", "sgd")),
    "schedule": _one_of(("cosine", "step")),
    "normalization": _one_of(NORMALIZATIONS),
    "start": _one_of(("data", "zero")),
    "dropout": (lambda v: 0 <= v < 1, "below 1, and 0 or more"),
    "iterations": (lambda v: 0 <= v <= 100, "from 0 to 100"),
    "whole": _SHARE,
    "gain": _SHARE,
}


def read_config(path: Path | str, kind: type[Config] = Config) -> Config:
    """The Config in a TOML file, of a kind of Config; InputError names what breaks a rule."""
    return from_tables(read_toml(path, f"there is no training file {path}."), path, kind)


def from_tables(content: dict[str, Any], path: Path | str, kind: type[Config] = Config) -> Config:
    """The Config in the tables that a file holds; errors as read_config."""
    view = content.get("view")
    if isinstance(view, dict) and "stride" in view:
        raise InputError(f"view.stride in {path} follows from the network; remove it.")
    config: Config = _table(kind, content, "", path)
    name = config.network.architecture
    if name not in kind.architectures:
        choice = ", ".join(kind.architectures)
        raise InputError(
            f"network.architecture in {path} is {shown(name)}, but must be one of {choice}; "
            "recipes of other networks belong to `python -m experiments estimate`."
        )
    return replace(config, view=replace(config.view, stride=config.architecture.stride))


def as_tables(config: Config) -> dict[str, Any]:
    """A Config as the tables from which `from_tables` makes it: a dict that JSON can hold."""
    tables = asdict(config)
    del tables["view"]["stride"]
    for plan in (tables["pretrain"], tables["joint"]):
        if plan["dropout"] is None:
            del plan["dropout"]
    return tables


def _table(kind: type, content: dict[str, Any], where: str, path: Path | str) -> Any:
    """A dataclass from a table of the file."""
    known, values = {f.name: f.default for f in fields(kind)}, {}
    for name, value in content.items():
        if name not in known:
            may = ", ".join(known)
            raise InputError(f"{path} holds {where}{name}, which means nothing; it may hold {may}.")
        default = known[name]
        if not is_dataclass(default):
            values[name] = _value(name, value, default, f"{where}{name} in {path}")
        elif isinstance(value, dict):
            values[name] = _table(type(default), value, f"{where}{name}.", path)
        else:
            raise InputError(f"{where}{name} in {path} must be a table.")
    return kind(**values)


def _value(name: str, value: Any, default: Any, where: str) -> Any:
    """A value of the file that keeps its rules, as the kind of its default."""
    by_name = _NAMES.get(name, (lambda v: v >= 0, "0 or more"))
    rules = [by_name] if isinstance(default, str) else [_KINDS[type(default)]]
    if default is None or type(default) in (int, float):
        value = value if isinstance(default, int) or not _is_number(value) else float(value)
        rules.append(by_name)
    for holds, what in rules:
        if not holds(value):
            raise InputError(f"{where} is {shown(value)}, but must be {what}.")
    return tuple(map(float, value)) if isinstance(default, tuple) else value
