"""What springs between joints are worth on real pictures: Leeds Sports Pose, extended.

    python -m experiments real leeds --output runs-leeds

Needs TSLIB_DATA, see data/README.md. A network that sees the whole body (data/training/body.toml)
learns from single pictures, cut out around the true joints. Behind it come springs between joints,
untrained and trained jointly (Eq. 6), against the ConvNet alone, trained for as many steps longer.

One spring a limb says that a forearm hangs down. Athletes turn over, so that this is a poor test of
what springs can do. Therefore each limb has a mixture as well: some types of offset, found by
k-means, each with its own spring. A message is the best that any type offers, and rare types cost.
As a control that could show the opposite, the true joints tell other rows which type each limb has.
Other springs are turned: a forearm's offset is that of its upper arm's direction, which the ConvNet
alone guesses first (see turned.py). Rows are measured on the test pictures, and other pictures
choose one mixture among all. What is computed stands in experiments/results/leeds.json at once and
is not computed again.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import product
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from tslib.clip import Clip
from tslib.heatmaps import decode
from tslib.metrics import means
from tslib.networks import ThinSlicingNetwork
from tslib.slices import Slices, to_frames
from tslib.training import stages
from tslib.training.config import Config, read_config
from tslib.training.data import Data
from tslib.training.evaluate import ALPHA, Poses, tallies

from ..comparison import Compared
from ..growing import GrowingResult
from ..mixture_of_parts.parts import cluster
from ..paper_a.body import CONFIG, THRESHOLDS, Body, claimed, compared, grow
from ..paper_a.claims import BASE, CLAIMS, LONGER, S
from ..records import RESULTS, folder
from .leeds_pictures import SKELETON, load
from .springs import Springs
from .turned import GRAPH, directions, turn

STEPS, ANGLE = 2500, 40.0
STIFFNESSES = (0.001, 0.003, 0.01, 0.03)
TYPES, TOLD = (1, 2, 4, 6, 12), 4


def config(steps: int = STEPS) -> Config:
    """The recipe of the network that sees the body, for single pictures of athletes."""
    found = read_config(CONFIG)
    joint = replace(found.joint, frames=1, batch=found.joint.batch * found.joint.frames)
    return replace(
        found,
        skeleton=SKELETON.name,
        flow="none",
        view=replace(found.view, angle=ANGLE),
        pretrain=replace(found.pretrain, steps=steps),
        joint=joint,
    )


def offset_types(
    offsets: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    """Types of offsets (N, 2), NaN where unknown: means (C, 2), shares (C,), and the variance
    about the means, along either axis. The rarest type stands for those that are missing.
    """
    kinds, centers = cluster(offsets, count, rng)
    shares = np.bincount(kinds[kinds >= 0], minlength=len(centers)) / (kinds >= 0).sum()
    known = offsets[kinds >= 0] - centers[kinds[kinds >= 0]]
    rows = [*range(len(centers)), *[int(shares.argmin())] * (count - len(centers))]
    return centers[rows], shares[rows], float(np.square(known).mean())


@dataclass(frozen=True)
class Mixture:
    """Untrained springs of one stiffness (score per cell squared), of so many types for each edge.

    A spring of stiffness a is the logarithm of a Gaussian of variance v, times 2 a v. So a type
    costs -log of its share, times 2 a v of its edge: both are weighed alike.

    told : whether the true joints say which type an edge has, a control. Where they do not know,
        it has the most frequent one.
    turned : "", or what says how a picture turns the offsets: the ConvNet's "guess", or, as a
        control, the "truth"
    """

    types: int
    stiffness: float
    told: bool = False
    turned: str = ""

    def springs(self, config: Config, data: Data) -> Springs:
        """The springs, of offsets of the pictures to learn from as a test would show them."""
        still = replace(config, view=config.view.still())
        joints, _ = stages.offsets(still, data.train)
        offsets = joints[:, GRAPH.edges[:, 1]] - joints[:, GRAPH.edges[:, 0]]
        if self.turned:
            offsets = turn(offsets, -directions(joints))
        rests, biases = [], []
        for e in range(len(GRAPH.edges)):
            rng = np.random.default_rng(0)
            rest, share, variance = offset_types(offsets[:, e], self.types, rng)
            rests.append(rest)
            biases.append(2 * self.stiffness * variance * np.log(share))
        return Springs(np.stack(rests), GRAPH, self.stiffness, np.stack(biases))

    def behind(self, convnet: ThinSlicingNetwork, config: Config, data: Data) -> ThinSlicingNetwork:
        """A copy of a model's ConvNet with these springs behind it."""
        model = stages.network(config)
        model.convnet.load_state_dict(convnet.convnet.state_dict())
        # Of a layer of messages a model asks no more than its graph and its scores.
        return ThinSlicingNetwork(model.convnet, _Single(self.springs(config, data)))  # type: ignore[arg-type]


def told(springs: Springs, seen: np.ndarray, truth: np.ndarray) -> Springs:
    """The springs of the types that a picture's true joints (K, 2) have."""
    each, frequent = torch.arange(len(GRAPH.edges)), springs.bias.argmax(1)
    offset = torch.from_numpy(truth[GRAPH.edges[:, 1]] - truth[GRAPH.edges[:, 0]])
    away = (springs.rest - offset[:, None]).square().sum(-1)
    kind = torch.where(away.isnan().any(1), frequent, away.argmin(1))
    stiffness = springs.log_stiffness.exp().max().item()
    return Springs(springs.rest[each, kind][:, None], GRAPH, stiffness)


def turned_by(what: str, springs: Springs, seen: np.ndarray, truth: np.ndarray) -> Springs:
    """The springs, turned as a picture's joints say: what the ConvNet saw, or the truth, (K, 2)."""
    # What is not labelled is guessed.
    joints = seen if what == "guess" else np.where(np.isnan(truth), seen, truth)
    rest = turn(springs.rest.detach().numpy(), directions(joints)[:, None])
    stiffness = springs.log_stiffness.exp().max().item()
    return Springs(rest, GRAPH, stiffness, springs.bias.detach().numpy())


@torch.no_grad()
def each_its_own(
    model: ThinSlicingNetwork,
    clips: Sequence[Clip],
    config: Config,
    springs_of: Callable[[np.ndarray, np.ndarray], Springs],
) -> Poses:
    """Joints of clips of one frame, each with springs of its own.

    springs_of : of the joints (K, 2) that the ConvNet sees and of the true ones, in cells
    """
    poses = [np.full((1, len(SKELETON.joints), 2), np.nan) for _ in clips]
    slices = Slices(clips, config.view.still(), 1)
    for key in slices.all():
        item = slices.batch([key])
        maps, _ = model(item["images"])
        seen, _ = decode(maps[0])
        springs = springs_of(seen[0], item["cells"][0, 0].numpy())
        cells, _ = decode(springs(maps[0]))
        poses[key[0]][:] = to_frames(cells, item["matrix"][0].numpy(), config.view.stride)
    return poses


class _Single(nn.Module):
    """Springs as a layer of slices of one frame: (B, 1, K, H, W) -> the same."""

    def __init__(self, springs: Springs) -> None:
        super().__init__()
        self.springs, self.graph = springs, springs.graph

    def forward(self, unary: torch.Tensor, flows: object = None) -> torch.Tensor:
        return self.springs(unary.flatten(0, 1)).unflatten(0, unary.shape[:2])


def kind(types: int) -> str:
    """What springs of so many types are called."""
    return "one spring" if types == 1 else f"{types} types"


UNTRAINED = {
    f"{kind(types)}, stiffness {a:g}": Mixture(types, a) for types, a in product(TYPES, STIFFNESSES)
} | {f"{TOLD} types told, stiffness {a:g}": Mixture(TOLD, a, True) for a in STIFFNESSES}
TURNED = {
    f"{kind(types)} turned{by}, stiffness {a:g}": Mixture(types, a, turned=what)
    for (types, by, what), a in product(
        [(1, "", "guess"), (TOLD, "", "guess"), (TOLD, " by the truth", "truth")], STIFFNESSES
    )
}


class Leeds(Body):
    """The rows of one seed. See `Body`."""

    untrained: ClassVar[Mapping[str, Mixture]] = UNTRAINED

    def _poses(self, row: str, clips: Sequence[Clip]) -> Poses:
        base, _, name = row.partition("; ")
        mixture = (UNTRAINED | TURNED).get(name)
        if mixture is None or not (mixture.told or mixture.turned):
            return super()._poses(row, clips)
        change = told if mixture.told else partial(turned_by, mixture.turned)
        springs = mixture.springs(self.config, self.data)
        return each_its_own(self.model(base), clips, self.config, partial(change, springs))


def rows() -> dict[str, str]:
    """Every row, and the row that it is compared with besides the baseline."""
    found = {"baseline": "", "longer": ""}
    for name, mixture in UNTRAINED.items():
        one = f"baseline; one spring, stiffness {mixture.stiffness:g}"
        found[f"baseline; {name}"] = one if mixture.types > 1 else ""
    found |= {"S-infer": "longer", "S-infer; its ConvNet": "longer"}
    for name, mixture in TURNED.items():
        still = f"{kind(mixture.types)}, stiffness {mixture.stiffness:g}"
        found[f"baseline; {name}"] = f"baseline; {still}"
    return found


def compared_here(
    results: dict[str, dict[int, np.ndarray]], row: str, other: str
) -> dict[str, Any]:
    """What `compared` says, and the report groups' differences from the baseline."""
    found = compared(results, row, other, SKELETON)
    if row != "baseline":
        c = Compared(results, SKELETON)
        found["groups minus baseline"] = [
            c.group_differences(row, "baseline", a) for a in THRESHOLDS
        ]
    return found


def validated(body: Leeds, mixtures: Mapping[str, Mixture]) -> dict[str, Any]:
    """PCK of untrained rows on the pictures to choose by, and the mixture with the best mean."""
    clips, found = body.data.validation, {}
    fair = {f"baseline; {n}": m for n, m in mixtures.items() if not m.told and m.turned != "truth"}
    for row in ("baseline", *fair):
        counted = tallies(body.poses(row, clips, body.folder / "validation"), clips, ALPHA).sum(0)
        found[row] = (100 * means(counted, SKELETON)["micro"]).tolist()
    mixed = [row for row, mixture in fair.items() if mixture.types > 1]
    return {"PCK": found, "chosen": max(mixed, key=lambda row: np.mean(found[row]))}


def run(options: argparse.Namespace) -> str:
    """Every row that experiments/results/leeds.json lacks. options : as of options.leeds"""
    plan, data = config(options.steps), load(folder() / "lsp")
    about = {
        "network": f"{plan.network.architecture}, {plan.view.size} px",
        "pictures": {
            "train": len(data.train),
            "validation": len(data.validation),
            "test": len(data.test),
        },
        "joints": int(sum(clip.counted.sum() for clip in data.test)),
        "crops": "around the true joints",
        "unit": "larger side of the box of the annotated joints",
        "thresholds": THRESHOLDS,
        "intervals": "95 %, over pictures, paired",
        "angle": plan.view.angle,
        "plans": {"pretrain": asdict(plan.pretrain), "joint": asdict(plan.joint)},
        "untrained": {name: asdict(mixture) for name, mixture in (UNTRAINED | TURNED).items()},
    }
    result = GrowingResult(RESULTS / "leeds.json", about)
    seeds = {s: Leeds(plan, data, options.output / f"seed{s}", s) for s in options.seeds}
    grow(result, seeds, rows(), compared_here)
    for s, body in seeds.items():
        result.once(f"seed {s}: pictures to choose by", partial(validated, body, UNTRAINED))
        name = f"seed {s}: turned springs, pictures to choose by"
        result.once(name, partial(validated, body, TURNED))
    # Of one picture nothing can be said about time.
    spatial = [claim for claim in CLAIMS if claim.name == "A-C1"]
    names = {row: row for row in (BASE, S, LONGER)}
    judged = partial(claimed, seeds, names, spatial, SKELETON)
    result.once(f"seeds {[*seeds]}: claims", judged)
    return f"{result.path} holds all rows of seeds {[*seeds]}."
