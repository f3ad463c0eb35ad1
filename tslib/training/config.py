"""What a training run is: the tables of a TOML file, checked."""

import math
import tomllib
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path

from ..errors import InputError
from ..flow import METHODS
from ..message_passing.layer import NORMALIZATIONS
from ..networks import SMALL, Architecture
from ..skeletons import SKELETONS
from ..slices import View

ARCHITECTURES = {"original": Architecture(), "small": SMALL}


@dataclass(frozen=True)
class Network:
    """architecture : a name of ARCHITECTURES; stages : int"""

    architecture: str = "small"
    stages: int = 1


@dataclass(frozen=True)
class Plan:
    """One stage of training.

    steps, batch : batches, and frames (first stage) or slices (second) in each, over all processes
    frames : frames of a slice
    optimizer : "adam", or "sgd" with momentum 0.9 and weight decay 5e-4
    rate : learning rate of the ConvNet; rest_rate, stiffness_rate, calibration_rate: of the springs' rest
        offsets (cells), the logarithm of their stiffness, and gain and offset
    schedule : "cosine": up for three tenths, down to nothing; "step": to a third each `drop_every` steps
    sigma, radius : cells, of the targets of Eq. 5 and 6
    positive : weight of the cells inside the circles of Eq. 6
    deep : weight of Eq. 5 on the ConvNet's maps beside Eq. 6
    dropout : of the ConvNet; None leaves the architecture's
    clip : largest norm of the gradient, 0 for any
    """

    steps: int = 1000
    batch: int = 32
    frames: int = 1
    optimizer: str = "adam"
    rate: float = 2e-3
    rest_rate: float = 0.0
    stiffness_rate: float = 0.0
    calibration_rate: float = 0.0
    schedule: str = "cosine"
    drop_every: int = 0
    sigma: float = 0.875
    radius: float = 2.0
    positive: float = 1.0
    deep: float = 0.0
    dropout: float | None = None
    clip: float = 0.0


@dataclass(frozen=True)
class Inference:
    """iterations, normalization : of MessagePassing; start : rest offsets from the "data", or "zero" """

    iterations: int = 3
    normalization: str = "degree"
    start: str = "data"


@dataclass(frozen=True)
class Config:
    """A whole file. flow : "exact" (rendered clips) or a method of flow.flow_between"""

    skeleton: str = "penn13"
    flow: str = "exact"
    network: Network = field(default_factory=Network)
    view: View = field(default_factory=View)
    pretrain: Plan = field(default_factory=Plan)
    joint: Plan = field(default_factory=lambda: Plan(frames=5, batch=6))
    inference: Inference = field(default_factory=Inference)

    @property
    def architecture(self):
        """The networks.Architecture."""
        base = ARCHITECTURES[self.network.architecture]
        return Architecture(
            self.network.stages, base.trunk, base.head, base.features, base.later, base.dropout
        )


CHOICES = {
    "skeleton": tuple(SKELETONS), "flow": ("exact", *METHODS), "architecture": tuple(ARCHITECTURES),
    "optimizer": ("adam", "sgd"), "schedule": ("cosine", "step"), "normalization": NORMALIZATIONS,
    "start": ("data", "zero"),
}  # fmt: skip
POSITIVE = {"stages", "steps", "batch", "frames", "sigma", "radius", "positive", "size"}


def read_config(path):
    """The Config in a TOML file. InputError names what is unknown, of the wrong kind or out of range."""
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"there is no training file {path}.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read as TOML: {error}.") from None
    view = content.get("view")
    if isinstance(view, dict) and "stride" in view:
        raise InputError(f"view.stride in {path} follows from the network; remove it.")
    config = _table(Config, content, "", path)
    from dataclasses import replace

    return replace(config, view=replace(config.view, stride=config.architecture.stride))


def _table(kind, content, where, path):
    """A dataclass from a table of the file."""
    known = {f.name: f for f in fields(kind)}
    values = {}
    for name, value in content.items():
        full = f"{where}{name}"
        if name not in known:
            raise InputError(f"{path} holds {full}, which means nothing; it may hold {', '.join(known)}.")
        default = getattr(kind(), name)
        if is_dataclass(default):
            if not isinstance(value, dict):
                raise InputError(f"{full} in {path} must be a table.")
            values[name] = _table(type(default), value, f"{full}.", path)
            continue
        values[name] = _value(name, value, default, f"{full} in {path}")
    return kind(**values)


def _value(name, value, default, where):
    if name in CHOICES and value not in CHOICES[name]:
        raise InputError(f"{where} is {value!r}, but must be one of {', '.join(CHOICES[name])}.")
    if isinstance(default, bool) or isinstance(value, bool):
        if type(value) is not type(default):
            raise InputError(f"{where} is {value!r}, but must be true or false." if isinstance(default, bool)
                             else f"{where} is {value!r}, but must be a number.")  # fmt: skip
        return value
    if isinstance(default, tuple):
        if not (isinstance(value, list) and len(value) == 2 and all(_number(v) for v in value)):
            raise InputError(f"{where} is {value!r}, but must be two numbers.")
        if not 0 < value[0] <= value[1]:
            raise InputError(f"{where} is {value!r}, but must be positive, the smaller one first.")
        return tuple(map(float, value))
    if isinstance(default, int | float) or default is None:
        if not _number(value) or (isinstance(default, int) and not isinstance(value, int)):
            kind = "a whole number" if isinstance(default, int) else "a number"
            raise InputError(f"{where} is {value!r}, but must be {kind}.")
        if value < 0 or (name in POSITIVE and not value) or (name == "dropout" and value >= 1):
            raise InputError(f"{where} is {value!r}, which is out of range.")
        return value if isinstance(default, int) else float(value)
    return value


def _number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
