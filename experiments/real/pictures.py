"""Springs between joints behind a network that sees single pictures, and the rows of that question.

One spring a limb says that a forearm hangs down. Where people turn over or lift their arms that is
a poor test of what springs can do. Therefore each limb has a mixture as well: some types of offset,
found by k-means, each with its own spring. A message is the best that any type offers, and rare
types cost. As a control that could show the opposite, the true joints tell other rows which type
each limb has. Other springs are turned: a forearm's offset is that of its upper arm's direction,
which the ConvNet alone guesses first (see turned.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import product
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from torch import nn

from tslib.clip import Clip
from tslib.heatmaps import decode
from tslib.metrics import means
from tslib.networks import ThinSlicingNetwork
from tslib.skeletons import SKELETONS, Skeleton
from tslib.slices import Slices, to_frames
from tslib.training import stages
from tslib.training.config import Config, read_config
from tslib.training.data import Data
from tslib.training.evaluate import ALPHA, Poses, tallies

from ..comparison import Compared
from ..growing import GrowingResult
from ..mixture_of_parts.parts import cluster
from ..paper_a.body import CONFIG, THRESHOLDS, Body, Tallied, claimed, compared, grow
from ..paper_a.claims import BASE, CLAIMS, LONGER, S
from .springs import Springs
from .turned import directions, graph_of, turn

STIFFNESSES = (0.001, 0.003, 0.01, 0.03)
TYPES, TOLD = (1, 2, 4, 6, 12), 4


def config(skeleton: Skeleton, steps: int, angle: float) -> Config:
    """The recipe of the network that sees the body, for single pictures.

    angle : degrees, by which they are turned both ways in training
    """
    found = read_config(CONFIG)
    joint = replace(found.joint, frames=1, batch=found.joint.batch * found.joint.frames)
    return replace(
        found,
        skeleton=skeleton.name,
        flow="none",
        view=replace(found.view, angle=angle),
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
        graph = graph_of(SKELETONS[config.skeleton])
        offsets = joints[:, graph.edges[:, 1]] - joints[:, graph.edges[:, 0]]
        if self.turned:
            offsets = turn(offsets, -directions(joints, graph))
        rests, biases = [], []
        for e in range(len(graph.edges)):
            rng = np.random.default_rng(0)
            rest, share, variance = offset_types(offsets[:, e], self.types, rng)
            rests.append(rest)
            biases.append(2 * self.stiffness * variance * np.log(share))
        return Springs(np.stack(rests), graph, self.stiffness, np.stack(biases))

    def behind(self, convnet: ThinSlicingNetwork, config: Config, data: Data) -> ThinSlicingNetwork:
        """A copy of a model's ConvNet with these springs behind it."""
        model = stages.network(config)
        model.convnet.load_state_dict(convnet.convnet.state_dict())
        # Of a layer of messages a model asks no more than its graph and its scores.
        return ThinSlicingNetwork(model.convnet, _Single(self.springs(config, data)))  # type: ignore[arg-type]


def told(springs: Springs, seen: np.ndarray, truth: np.ndarray) -> Springs:
    """The springs of the types that a picture's true joints (K, 2) have."""
    edges = springs.graph.edges
    each, frequent = torch.arange(len(edges)), springs.bias.argmax(1)
    offset = torch.from_numpy(truth[edges[:, 1]] - truth[edges[:, 0]])
    away = (springs.rest - offset[:, None]).square().sum(-1)
    kind = torch.where(away.isnan().any(1), frequent, away.argmin(1))
    stiffness = springs.log_stiffness.exp().max().item()
    return Springs(springs.rest[each, kind][:, None], springs.graph, stiffness)


def turned_by(what: str, springs: Springs, seen: np.ndarray, truth: np.ndarray) -> Springs:
    """The springs, turned as a picture's joints say: what the ConvNet saw, or the truth, (K, 2)."""
    # What is not labelled is guessed.
    joints = seen if what == "guess" else np.where(np.isnan(truth), seen, truth)
    rest = turn(springs.rest.detach().numpy(), directions(joints, springs.graph)[:, None])
    stiffness = springs.log_stiffness.exp().max().item()
    return Springs(rest, springs.graph, stiffness, springs.bias.detach().numpy())


@torch.no_grad()
def each_its_own(
    model: ThinSlicingNetwork,
    clips: Sequence[Clip],
    config: Config,
    springs_of: Callable[[np.ndarray, np.ndarray], Springs],
) -> Poses:
    """Joints of clips, each frame with springs of its own.

    springs_of : of the joints (K, 2) that the ConvNet sees and of the true ones, in cells
    """
    poses = [np.full((len(clip), len(clip.skeleton.joints), 2), np.nan) for clip in clips]
    slices = Slices(clips, config.view.still(), 1)
    for key in slices.all():
        item = slices.batch([key])
        maps, _ = model(item["images"])
        seen, _ = decode(maps[0])
        springs = springs_of(seen[0], item["cells"][0, 0].numpy())
        cells, _ = decode(springs(maps[0]))
        poses[key[0]][key[1]] = to_frames(cells, item["matrix"][0].numpy(), config.view.stride)
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


class Pictures(Body):
    """The rows of one seed. See `Body`."""

    untrained: ClassVar[Mapping[str, Mixture]] = UNTRAINED | TURNED

    def _poses(self, row: str, clips: Sequence[Clip]) -> Poses:
        base, _, name = row.partition("; ")
        mixture = self.untrained.get(name)
        if mixture is None or not (mixture.told or mixture.turned):
            return super()._poses(row, clips)
        change = told if mixture.told else partial(turned_by, mixture.turned)
        springs = mixture.springs(self.config, self.data)
        return each_its_own(self.model(base), clips, self.config, partial(change, springs))

    def to_choose_by(self, row: str) -> np.ndarray:
        """What PCK counts in the pictures to choose by: int64 (A, 2, K) at ALPHA."""
        clips = self.data.validation
        return tallies(self.poses(row, clips, self.folder / "validation"), clips, ALPHA).sum(0)


class Rows(Tallied, Protocol):
    """The rows of one seed, of one network or of several that share the pictures."""

    def to_choose_by(self, row: str) -> np.ndarray:
        """What PCK counts in the pictures to choose by: int64 (A, 2, K) at ALPHA."""


def rows(mixtures: Mapping[str, Mixture]) -> dict[str, str]:
    """Every row, and the row that it is compared with besides the baseline."""
    found = {"baseline": "", "longer": "", "S-infer": "longer", "S-infer; its ConvNet": "longer"}
    for name, mixture in mixtures.items():
        still = f"{kind(mixture.types)}, stiffness {mixture.stiffness:g}"
        one = f"{kind(1)}, stiffness {mixture.stiffness:g}"
        other = still if mixture.turned else one
        found[f"baseline; {name}"] = f"baseline; {other}" if other != name else ""
    return found


def compared_here(
    skeleton: Skeleton, results: dict[str, dict[int, np.ndarray]], row: str, other: str
) -> dict[str, Any]:
    """What `compared` says, and the report groups' differences from the baseline."""
    found = compared(results, row, other, skeleton)
    if row != "baseline":
        c = Compared(results, skeleton)
        found["groups minus baseline"] = [
            c.group_differences(row, "baseline", a) for a in THRESHOLDS
        ]
    return found


def validated(found: Rows, skeleton: Skeleton, mixtures: Mapping[str, Mixture]) -> dict[str, Any]:
    """PCK of untrained rows on the pictures to choose by, and the mixture with the best mean."""
    fair = {f"baseline; {n}": m for n, m in mixtures.items() if not m.told and m.turned != "truth"}
    rates = {
        row: (100 * means(found.to_choose_by(row), skeleton)["micro"]).tolist()
        for row in ("baseline", *fair)
    }
    mixed = [row for row, mixture in fair.items() if mixture.types > 1]
    return {"PCK": rates, "chosen": max(mixed, key=lambda row: np.mean(rates[row]))}


def described(config: Config, mixtures: Mapping[str, Mixture]) -> dict[str, Any]:
    """What a result says about how its rows were made, without its pictures."""
    return {
        "network": f"{config.network.architecture}, {config.view.size} px",
        "crops": "around the true joints",
        "unit": "larger side of the box of the annotated joints",
        "thresholds": THRESHOLDS,
        "angle": config.view.angle,
        "plans": {"pretrain": asdict(config.pretrain), "joint": asdict(config.joint)},
        "untrained": {name: asdict(mixture) for name, mixture in mixtures.items()},
    }


def grow_rows(
    result: GrowingResult,
    seeds: Mapping[int, Rows],
    skeleton: Skeleton,
    kinds: Mapping[str, Mapping[str, Mixture]],
) -> str:
    """All rows that a result lacks, what the pictures to choose by choose, and the claims.

    kinds : untrained springs, by what stands before their "pictures to choose by"
    """
    mixtures = {name: one for kind in kinds.values() for name, one in kind.items()}
    grow(result, seeds, rows(mixtures), partial(compared_here, skeleton))
    for s, found in seeds.items():
        for which, kind in kinds.items():
            name = f"seed {s}: {which}pictures to choose by"
            result.once(name, partial(validated, found, skeleton, kind))
    # Of one picture nothing can be said about time.
    spatial = [claim for claim in CLAIMS if claim.name == "A-C1"]
    names = {row: row for row in (BASE, S, LONGER)}
    judged = partial(claimed, seeds, names, spatial, skeleton)
    result.once(f"seeds {[*seeds]}: claims", judged)
    return f"{result.path} holds all rows of seeds {[*seeds]}."
