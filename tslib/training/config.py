"""What a training run is: the tables of a TOML file, checked."""

import math
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace

from ..errors import InputError
from ..files import read_toml
from ..flow import METHODS
from ..message_passing.layer import NORMALIZATIONS
from ..networks import BODY, SMALL, SMALL_FUSION, Architecture, FusionArchitecture
from ..skeletons import SKELETONS
from ..slices import View
from .rows import ROWS

ARCHITECTURES = {
    "original": Architecture(),
    "small": SMALL,
    "body": BODY,
    "spatial fusion": FusionArchitecture(),
    "small spatial fusion": SMALL_FUSION,
}


@dataclass(frozen=True)
class Network:
    """architecture : a name of ARCHITECTURES; stages : int, of one that has stages"""

    architecture: str = "small"
    stages: int = 1


@dataclass(frozen=True)
class Plan:
    """One stage of training; the first has no more than this.

    steps, batch : batches, and frames (first stage) or slices (second) in each, over all processes
    optimizer : "adam", or "sgd" with momentum 0.9 and weight decay 5e-4
    rate : learning rate of the ConvNet
    schedule : "cosine": up for three tenths, down to nothing; "step": to a third each `drop_every`
    steps
    sigma : cells, of the targets of Eq. 5
    dropout : of the ConvNet; None leaves the architecture's
    clip : largest norm of the gradient, 0 for any
    bfloat16 : whether a CPU computes in it, as a GPU always does; where it has instructions for
        that, it takes half the time
    batch_statistics : whether batch normalisations take the statistics of each batch; else they
    keep those that an earlier stage has found, which a batch of few clips would spoil
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

    frames : of a slice rest_rate, stiffness_rate, calibration_rate : learning rates of the springs'
    rest offsets (cells), the
        logarithm of their stiffness, and gain and offset
    radius : cells, of the targets of Eq. 6
    positive : weight of the cells inside the circles of Eq. 6
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
    """iterations, normalization : of MessagePassing; start : rest offsets from the "data", or
    "zero"
    """

    iterations: int = 3
    normalization: str = "degree"
    start: str = "data"


@dataclass(frozen=True)
class Config:
    """A whole file.

    flow : "exact" (rendered clips) or a method of flow.flow_between
    row : what `train` makes, one of rows.ROWS, where nobody says
    """

    skeleton: str = "penn13"
    flow: str = "exact"
    row: str = "ST-infer"
    network: Network = field(default_factory=Network)
    view: View = field(default_factory=View)
    pretrain: Plan = field(default_factory=Plan)
    joint: JointPlan = field(default_factory=JointPlan)
    inference: Inference = field(default_factory=Inference)

    @property
    def architecture(self):
        """The networks.Architecture, FusionArchitecture or HourglassArchitecture."""
        chosen = ARCHITECTURES[self.network.architecture]
        return (
            chosen
            if isinstance(chosen, FusionArchitecture)
            else replace(chosen, stages=self.network.stages)
        )


CHOICES = {
    "skeleton": SKELETONS,
    "row": ROWS,
    "flow": ("exact", *METHODS),
    "architecture": ARCHITECTURES,
    "optimizer": ("adam", "sgd"),
    "schedule": ("cosine", "step"),
    "normalization": NORMALIZATIONS,
    "start": ("data", "zero"),
}
SHARES = {"whole", "gain"}
POSITIVE = {"stages", "steps", "batch", "frames", "sigma", "radius", "positive", "size"}


def read_config(path):
    """The Config in a TOML file. InputError names what is unknown, of the wrong kind or out of
    range.
    """
    return from_tables(read_toml(path, f"there is no training file {path}."), path)


def from_tables(content, path):
    """The Config in tables (dict) that a file holds; errors as read_config."""
    view = content.get("view")
    if isinstance(view, dict) and "stride" in view:
        raise InputError(f"view.stride in {path} follows from the network; remove it.")
    config = _table(Config, content, "", path)
    if isinstance(config.architecture, FusionArchitecture) and config.network.stages != 1:
        raise InputError(
            f"network.stages in {path} means nothing for a spatial fusion network; remove it."
        )
    return replace(config, view=replace(config.view, stride=config.architecture.stride))


def as_tables(config):
    """A Config as the tables from which `from_tables` makes it: a dict that JSON can hold."""
    tables = asdict(config)
    del tables["view"]["stride"]
    for name in ("pretrain", "joint"):
        tables[name] = {k: v for k, v in tables[name].items() if v is not None}
    return tables


def _table(kind, content, where, path):
    """A dataclass from a table of the file."""
    known, defaults = [f.name for f in fields(kind)], kind()
    values = {}
    for name, value in content.items():
        if name not in known:
            may = ", ".join(known)
            raise InputError(f"{path} holds {where}{name}, which means nothing; it may hold {may}.")
        default = getattr(defaults, name)
        if is_dataclass(default):
            if not isinstance(value, dict):
                raise InputError(f"{where}{name} in {path} must be a table.")
            values[name] = _table(type(default), value, f"{where}{name}.", path)
        else:
            values[name] = _value(name, value, default, f"{where}{name} in {path}")
    return kind(**values)


def _value(name, value, default, where):
    """A checked value, of the kind of the default; None is the default of a number that need not be
    there.
    """

    def must(condition, what):
        if not condition:
            raise InputError(f"{where} is {value!r}, but must be {what}.")

    if isinstance(default, str):
        must(
            isinstance(value, str) and value in CHOICES[name], f"one of {', '.join(CHOICES[name])}"
        )
    elif isinstance(default, bool):
        must(isinstance(value, bool), "true or false")
    elif isinstance(default, tuple):
        pair = isinstance(value, list | tuple) and len(value) == 2 and all(map(_number, value))
        must(pair and 0 < value[0] <= value[1], "two positive numbers, the smaller one first")
        value = tuple(map(float, value))
    elif isinstance(default, int):
        must(_number(value) and isinstance(value, int), "a whole number")
    else:
        must(_number(value), "a number")
        value = float(value)
    if isinstance(value, int | float):
        least = "positive" if name in POSITIVE else "0 or more"
        must(value > 0 or (value == 0 and name not in POSITIVE), least)
        must(name != "dropout" or value < 1, "below 1")
        must(name not in SHARES or value <= 1, "1 or less")
    return value


def _number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
