"""Paper A's rows for a network that sees the whole person, and what time and space are worth alone.

    python -m renderer data/large --clips 2500 --size 96 --camera poor
    python -m experiments paper_a body --data data/large --output runs-body

Every row has the same crops, one box a slice of five frames. Untrained messages have one stiffness
everywhere and rest offsets from data; trained ones go through the joint stage of
data/training/body.toml, and have controls of equal compute: the ConvNet alone, trained for as many
steps on as many frames, with and without untrained messages. What is computed stands in
experiments/results/body.json at once and is not computed again. The first stage of each seed is
kept as a model file as well, of which data/models holds one.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import torch

from tslib.clip import Clip
from tslib.errors import InputError
from tslib.message_passing import MessagePassing, PoseGraph
from tslib.networks import ThinSlicingNetwork
from tslib.skeletons import SKELETONS, Skeleton
from tslib.slices import Estimated, Slices
from tslib.training import stages
from tslib.training.config import Config, read_config
from tslib.training.data import Data, load_data
from tslib.training.evaluate import Poses, frames_and_span, predict_clips, tallies
from tslib.training.loop import Trainer
from tslib.training.models import save_model

from ..claims import Claim, judge
from ..comparison import SHARES, Compared
from ..growing import GrowingResult
from ..poses import kept
from ..records import RESULTS, ROOT
from .claims import BASE, CLAIMS, FAIR, FROZEN, LONGER, ST, TAKEN, S

CONFIG = ROOT / "data" / "training" / "body.toml"
THRESHOLDS = (0.2, 0.1, 0.05)
CONVNET = "its ConvNet"  # of a row: what it gives without its messages
TESTS = 100  # test clips: those of the 500 clips that the book renders


class Tallied(Protocol):
    """The rows of one seed."""

    def tallies(self, row: str) -> np.ndarray:
        """What PCK counts in the test clips: int64 (N, A, 2, K)."""


class Untrained(Protocol):
    """Messages before training, of any kind."""

    def behind(self, convnet: ThinSlicingNetwork, config: Config, data: Data) -> ThinSlicingNetwork:
        """A copy of a model's ConvNet with these messages behind it."""


@dataclass(frozen=True)
class Messages:
    """Messages before training.

    span : frames over which they go; space : whether limbs and left-right pairs are edges as well
    stiffness : score per cell squared, of every spring
    """

    span: int
    space: bool
    stiffness: float

    def behind(self, convnet: ThinSlicingNetwork, config: Config, data: Data) -> ThinSlicingNetwork:
        """A copy of a model's ConvNet with these messages behind it."""
        graph = PoseGraph.of(
            SKELETONS[config.skeleton], config.joint.frames, self.space, self.space, self.span
        )
        i = config.inference
        layer = MessagePassing(graph, i.iterations, i.normalization, stiffness=self.stiffness)
        if self.space:
            layer.start(*stages.offsets(config, data.train))
        model = stages.network(config)
        model.convnet.load_state_dict(convnet.convnet.state_dict())
        return ThinSlicingNetwork(model.convnet, layer)


ONE, TWO = Messages(1, False, 0.3), Messages(2, False, 0.1)
UNTRAINED = {
    "time": ONE,
    "time over two frames": TWO,
    **{f"space, stiffness {a:g}": Messages(0, True, a) for a in (0.003, 0.01, 0.03)},
    "both, stiffness 0.01": Messages(1, True, 0.01),
}
FLOWS = {"DIS flow": "dis", "zero flow": "none"}
# A trained row, and the row of equal compute that it has to beat.
JOINT = {
    "S-infer": "longer",
    "ST-infer": "longer; time over two frames",
    "ST-infer(⋆)": "baseline; time over two frames",
    "time over two frames, joint": "longer; time over two frames",
}


# Our rows under the names that Table 1 has. At equal compute the best that untrained messages give
# stands for its control.
OF_TABLE_1 = {
    "baseline": BASE,
    "S-infer": S,
    "ST-infer": ST,
    "ST-infer(⋆)": FROZEN,
    "ST-infer; its ConvNet": TAKEN,
    "longer": LONGER,
    "longer; time over two frames": FAIR,
}


class Body:
    """The rows of one seed, each model trained and each pose found when asked for.

    A run that has ended is taken up at its last step, so nothing is trained twice.
    """

    untrained: ClassVar[Mapping[str, Untrained]] = UNTRAINED

    def __init__(self, config: Config, data: Data, folder: Path, seed: int) -> None:
        self.config, self.data, self.folder, self.seed = config, data, folder, seed

    def model(self, row: str) -> ThinSlicingNetwork:
        """A trained model: "baseline", "longer", or one of JOINT."""
        config, clips, place = self.config, self.data.train, self.folder / row
        if row == "baseline":
            model = stages.pretrain(config, clips, place, seed=self.seed)
            file = self.folder / f"{row}.safetensors"
            if not file.exists():
                save_model(file, model, config, row, self.seed)
            return model
        base, flow = self.model("baseline"), self.data.flow
        if row == "longer":
            return stages.longer(config, base, clips, place, seed=self.seed)
        if row in ("S-infer", "ST-infer", "ST-infer(⋆)"):
            name, frozen = row.removesuffix("(⋆)"), "⋆" in row
            return stages.joint(config, base, clips, place, flow, frozen, name, seed=self.seed)
        plan = config.joint
        slices = Slices(clips, config.view, plan.frames, flow, TWO.span)
        model = TWO.behind(base, config, self.data)
        trainer = Trainer(model, slices, stages.second_stage, plan, place, seed=self.seed, name=row)
        return trainer.fit()

    def tallies(self, row: str) -> np.ndarray:
        """What PCK counts in the test clips: int64 (N, A, 2, K)."""
        poses = self.poses(row, self.data.test, self.folder)
        return tallies(poses, self.data.test, SHARES)

    def poses(self, row: str, clips: Sequence[Clip], folder: Path) -> Poses:
        """A row's joints of clips, kept in a folder."""
        return kept(folder / f"{row}.npz", clips, lambda: self._poses(row, clips))

    def _poses(self, row: str, clips: Sequence[Clip]) -> Poses:
        base, _, rest = row.partition("; ")
        model, flow = self.model(base), self.data.flow
        view, frames = self.config.view, self.config.joint.frames
        if rest == CONVNET:
            model = ThinSlicingNetwork(model.convnet)
        elif rest:
            name, _, method = rest.partition(" and ")
            model = self.untrained[name].behind(model, self.config, self.data)
            if method:
                flow = partial(Estimated, method=FLOWS[method])
        _, span = frames_and_span(model)
        return predict_clips(model, clips, view, frames, flow if span else None, max(span, 1), 4)


def rows() -> dict[str, str]:
    """Every row, what is quick first, and the row that it is compared with besides the baseline."""
    times = ("time", "time over two frames")
    found = {"baseline": ""}
    found |= {f"baseline; {name}": "" for name in UNTRAINED}
    found |= {f"baseline; {t} and {flow}": f"baseline; {t}" for t in times for flow in FLOWS}
    found |= {"longer": "", "longer; time over two frames": "longer"}
    for row, control in JOINT.items():
        found[row] = control
        if "⋆" not in row:
            found[f"{row}; {CONVNET}"] = "longer"
    return found


def compared(
    results: dict[str, dict[int, np.ndarray]],
    row: str,
    other: str,
    skeleton: Skeleton = SKELETONS["penn13"],
) -> dict[str, Any]:
    """PCK of a row, of all seeds, and its differences from the baseline and another row."""
    c = Compared(results, skeleton)
    found: dict[str, Any] = {"PCK": [c.rate(row, a) for a in THRESHOLDS]}
    found["by seed"] = [c.by_seed(row, a) for a in THRESHOLDS]
    found["groups"] = c.groups(row).tolist()
    for one in filter(None, dict.fromkeys(("baseline", other))):
        if one != row:
            found[f"minus {one}"] = [c.difference(row, one, a) for a in THRESHOLDS]
    return found


def grow(
    result: GrowingResult,
    seeds: Mapping[int, Tallied],
    names: Mapping[str, str],
    compare: Callable[[dict[str, dict[int, np.ndarray]], str, str], dict[str, Any]],
    label: str = "",
) -> None:
    """All rows that a result lacks, of each seed and, where there are several, of all together.

    names : {row: the row that it is compared with besides the baseline, or ""}
    label : before the names of the result's parts
    """
    done: dict[str, dict[int, np.ndarray]] = {row: {} for row in names}

    def part(row: str, other: str, *which: int) -> Callable[[], dict[str, Any]]:
        def compute() -> dict[str, Any]:
            for s in which:
                for name in filter(None, ("baseline", row, other)):
                    done[name][s] = done[name].get(s, seeds[s].tallies(name))
            chosen = {name: {s: t[s] for s in which if s in t} for name, t in done.items()}
            return compare({n: t for n, t in chosen.items() if t}, row, other)

        return compute

    with torch.random.fork_rng():
        for s in seeds:
            for row, other in names.items():
                result.once(f"{label}seed {s}: {row}", part(row, other, s))
    if len(seeds) > 1:
        for row, other in names.items():
            result.once(f"{label}seeds {[*seeds]}: {row}", part(row, other, *seeds))


def claimed(
    seeds: Mapping[int, Tallied],
    names: Mapping[str, str],
    claims: Sequence[Claim],
    skeleton: Skeleton,
) -> list[dict[str, Any]]:
    """Claims, judged by the rows of all seeds. names : {row: the name that claims have for it}"""
    found = {name: {s: b.tallies(row) for s, b in seeds.items()} for row, name in names.items()}
    return [asdict(one) for one in judge(claims, Compared(found, skeleton))]


def prepared(options: argparse.Namespace) -> tuple[Config, Data, dict[str, Any]]:
    """The recipe, the clips, and what a result says about both; InputError for too few clips.

    options : as of options.body
    """
    config = read_config(options.config)
    data = load_data(options.data, config)
    data = replace(data, test=data.test[: options.tests])
    if len(data.test) < options.tests:
        raise InputError(f"{options.data} holds {len(data.test)} test clips; lower --tests.")
    about = {
        "network": f"{config.network.architecture}, {config.view.size} px",
        "camera": options.camera,
        "clips": {"train": len(data.train), "test": len(data.test)},
        "thresholds": THRESHOLDS,
        "intervals": "95 %, over clips, paired",
    }
    return config, data, about


def run(options: argparse.Namespace) -> str:
    """Every row that experiments/results/body.json lacks. options : as of options.body"""
    config, data, about = prepared(options)
    about |= {
        "crops": f"one box a slice of {config.joint.frames} frames",
        "plans": {"pretrain": asdict(config.pretrain), "joint": asdict(config.joint)},
        "untrained": {name: asdict(messages) for name, messages in UNTRAINED.items()},
    }
    result = GrowingResult(RESULTS / "body.json", about)
    seeds = {s: Body(config, data, options.output / f"seed{s}", s) for s in options.seeds}
    grow(result, seeds, rows(), compared)
    skeleton = SKELETONS[config.skeleton]
    judged = partial(claimed, seeds, OF_TABLE_1, CLAIMS, skeleton)
    result.once(f"seeds {options.seeds}: claims", judged)
    return f"{result.path} holds all rows of seeds {options.seeds}."
