"""Do springs help on a real detector's heat-maps once they are trained on such maps?

    python -m experiments real springs --estimates runs-youtube/estimates.npz [--quick]

Needs TSLIB_DATA, see data/README.md, and boxes: estimates of YouTube Pose as `python -m experiments
estimate` writes them, so that no label has a part in a crop. The detector's maps of the videos to
learn from, frame by frame, train the springs of the arms (Eq. 6): one for each limb, and mixtures
of four, of which the best one counts at each cell. Then: the five videos held out, and the real
clip of the README, of another data set. Stored in experiments/results/real_springs.json. --quick: a
few frames and steps, nothing is stored.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from tslib import losses
from tslib.clip import Clip
from tslib.crop import Crop
from tslib.distance_transform import distance_transform
from tslib.heatmaps import decode, disc
from tslib.message_passing import PoseGraph
from tslib.message_passing.layer import STIFFNESS
from tslib.metrics import pck
from tslib.skeletons import SKELETONS
from tslib.video.detector import SEEN, HeatmapDetector
from tslib.video.inference import ITERATIONS

from .. import records, report
from ..clips import clips_in, still_box
from ..comparison import Compared, at_pixels, tallies_in_pixels
from ..mixture_of_parts.parts import cluster
from ..poses import read_estimates
from .real_clip import CONFIG, observed, pairs_of, truth_of

UPPER = SKELETONS["youtube7"]
# The detector knows a nose, not a head.
ARMS = [k for k, name in enumerate(UPPER.joints) if name != "head"]
WIDTH = [UPPER.joints.index(f"{side}_shoulder") for side in ("left", "right")]
LIMBS = PoseGraph.of(UPPER, 1, mirror=False, span=0)
TYPES, BATCH, POSITIVE, RADIUS = 4, 16, 20, 2.0
RATES = {"rest": 0.05, "log_stiffness": 0.02, "bias": 0.01, "gain": 0.05, "offset": 0.05}
PIXELS, MAIN = np.arange(51), 20
ALONE = "detector alone"


@dataclass(frozen=True, eq=False)
class Maps:
    """A detector's maps of UPPER's joints (N, 7, H, W), and their crops.

    cells : (N, 7, 2), the true joints on the maps; NaN where unknown
    """

    maps: np.ndarray
    crops: list[Crop]
    cells: np.ndarray


class Springs(nn.Module):
    """Messages along a graph of one frame, by mixtures of springs; scores (B, K, H, W).

    rest : (E, C, 2) cells, of each edge's second joint as seen from its first, in each of C types
    bias : (E, C), what a type adds to its messages; 0 by default
    """

    def __init__(
        self,
        rest: ArrayLike,
        graph: PoseGraph = LIMBS,
        stiffness: float = STIFFNESS,
        bias: ArrayLike | None = None,
    ) -> None:
        super().__init__()
        self.graph, K = graph, len(graph.joints)
        self.sender, self.receiver = torch.from_numpy(graph.directed).T
        self.rest = nn.Parameter(torch.as_tensor(rest, dtype=torch.float32))
        self.log_stiffness = nn.Parameter(torch.full(self.rest.shape, np.log(stiffness)))
        start = np.zeros(self.rest.shape[:2]) if bias is None else bias
        self.bias = nn.Parameter(torch.as_tensor(start, dtype=torch.float32))
        self.gain, self.offset = (nn.Parameter(torch.full((K, 1, 1), v)) for v in (2.0, -1.0))
        self.degree = torch.from_numpy(graph.degree).float()[:, None, None]

    def forward(self, unary: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        """scale : cells of these maps to one of those that the springs were trained on"""
        score = unary
        for _ in range(ITERATIONS):
            messages = self.messages(score, scale)
            total = torch.zeros_like(unary).index_add(1, self.receiver, messages)
            score = (unary + total) / (1 + self.degree)
        return score

    def messages(self, score: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        """What each receiver hears, (B, 2E, H, W), from scores (B, K, H, W): at each cell the best
        type.
        """
        rest = torch.cat([self.rest, -self.rest]) * scale
        stiffness = torch.cat([self.log_stiffness, self.log_stiffness]).exp() / scale**2
        bias = torch.cat([self.bias, self.bias])[..., None, None]
        offers = distance_transform(score[:, self.sender, None], stiffness, rest) + bias
        return offers.amax(2)

    def limbs(self) -> dict[str, dict[str, list]]:
        """{limb: {"rest", "stiffness"}}, of each type."""
        values = zip(self.graph.springs, self.rest, self.log_stiffness.exp(), strict=True)
        return {name: {"rest": r.tolist(), "stiffness": s.tolist()} for name, r, s in values}


def places(detector: HeatmapDetector) -> list[int]:
    """Numbers of UPPER's joints among a detector's maps; its nose stands for the head."""
    names = ("nose" if name == "head" else name for name in UPPER.joints)
    return [detector.skeleton.joints.index(name) for name in names]


def looked_at(
    detector: HeatmapDetector,
    clips: Sequence[Clip],
    boxes: Mapping[str, np.ndarray],
    every: int = 1,
) -> Maps:
    """Maps of every so many frames of clips, in one box each."""
    maps, crops, cells = [], [], []
    for clip in clips:
        assert clip.frames is not None  # videos have them
        crop = Crop.around(boxes[clip.name], detector.grid)
        for t in range(0, len(clip), every):
            maps.append(detector(clip.frames[t], crop)[places(detector)].astype(np.float16))
            crops.append(crop)
            truth = np.where(clip.visible[t, :, None], clip.joints[t], np.nan)
            cells.append(crop.to_cells(truth))
    return Maps(np.stack(maps), crops, np.stack(cells))


def unary(maps: np.ndarray) -> torch.Tensor:
    """Maps as what messages start from: no score is negative."""
    return torch.from_numpy(maps.astype(np.float32)).clamp(min=0)


def rests(cells: np.ndarray, types: int, seed: int) -> np.ndarray:
    """Rest offsets (L, types, 2): the means of the offsets' types."""
    found = []
    for a, b in UPPER.edges:
        offsets = cells[:, b] - cells[:, a]
        found.append(cluster(offsets, types, np.random.default_rng(seed))[1])
    return np.stack(found)


def trained(springs: Springs, seen: Maps, steps: int, seed: int) -> Springs:
    """Springs after so many steps of Eq. 6 on maps with truth."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(
        [{"params": [getattr(springs, k)], "lr": v} for k, v in RATES.items()]
    )
    grid = seen.maps.shape[:1:-1]
    for step in range(steps):
        for group, rate in zip(optimizer.param_groups, RATES.values(), strict=True):
            group["lr"] = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
        those = rng.choice(len(seen.maps), BATCH, replace=False)
        target = disc(torch.tensor(seen.cells[those]).float(), grid, radius=RADIUS)
        score = springs.gain * springs(unary(seen.maps[those])) + springs.offset
        optimizer.zero_grad()
        losses.hinge(score, target, POSITIVE).backward()
        optimizer.step()
    return springs


@torch.no_grad()
def joints_of(seen: Maps, springs: Springs | None = None, scale: float = 1.0) -> np.ndarray:
    """Joints (N, 7, 2) px of maps, by themselves or after messages."""
    found = []
    for maps, crop in zip(seen.maps, seen.crops, strict=True):
        score = unary(maps)
        if springs is not None:
            score = springs(score[None], scale)[0]
        found.append(crop.to_image(decode(score)[0]))
    return np.stack(found)


@torch.no_grad()
def on_seen(seen: Maps, springs: Springs | None = None, every: int = 10) -> dict[str, float]:
    """{"Eq. 6", "@20 px"} that springs reach on some of the frames that they have learnt from."""
    some = Maps(seen.maps[::every], seen.crops[::every], seen.cells[::every])
    pairs = zip(some.crops, some.cells, strict=True)
    truth = np.stack([crop.to_image(cells) for crop, cells in pairs])
    away = np.linalg.norm(joints_of(some, springs) - truth, axis=-1)[:, ARMS]
    found = {f"@{MAIN} px": 100 * float((away <= MAIN).sum() / np.isfinite(away).sum())}
    if springs is not None:
        target = disc(torch.tensor(some.cells).float(), some.maps.shape[:1:-1], radius=RADIUS)
        score = springs.gain * springs(unary(some.maps)) + springs.offset
        found["Eq. 6"] = float(losses.hinge(score, target, POSITIVE))
    return found


def width(seen: Maps) -> float:
    """Median shoulder width on the maps, cells, where the detector is sure of both."""
    cells, peaks = decode(seen.maps)
    sure = (peaks[:, WIDTH] >= SEEN).all(1)
    apart = np.subtract(*cells[sure][:, WIDTH].swapaxes(0, 1))
    return float(np.median(np.linalg.norm(apart, axis=-1)))


Tracks = dict[str, dict[int, np.ndarray]]  # of each row and seed joints (N, 7, 2) px


def on_videos(tracks: Tracks, clips: Sequence[Clip]) -> dict[str, dict]:
    """{row: {"@20 px", "@10 px", "groups", "over the detector"}} of the arms alone."""
    results: Tracks = {}
    for row, by_seed in tracks.items():
        for seed, joints in by_seed.items():
            parts = np.split(joints, np.cumsum([len(c) for c in clips])[:-1])
            counted = tallies_in_pixels(parts, clips, PIXELS)
            counted[..., [k for k in range(7) if k not in ARMS]] = 0
            results.setdefault(row, {})[seed] = counted
    c, found = Compared(results, UPPER, at=at_pixels), {}
    for row in tracks:
        groups = dict(zip(UPPER.groups, c.groups(row, MAIN).tolist(), strict=True))
        found[row] = {f"@{d} px": c.rate(row, d) for d in (MAIN, 10)} | {
            "groups": {g: v for g, v in groups.items() if g != "head"},
            "over the detector": {f"@{d} px": c.difference(row, ALONE, d) for d in (MAIN, 10)},
        }
    return found


def on_clip(tracks: Tracks, truth: np.ndarray) -> dict[str, dict[str, float]]:
    """{row: PCK@0.2 and @0.1 of the arms on the real clip}."""
    size = np.ptp(truth, axis=1).max(-1)
    theirs = [SKELETONS["jhmdb15"].joints.index(UPPER.joints[k]) for k in ARMS]

    def rate(joints, alpha):
        return 100 * pck(joints[:, ARMS], truth[:, theirs], size, alpha).mean()

    return {
        row: {f"@{a:g}": float(np.mean([rate(j, a) for j in by_seed.values()])) for a in (0.2, 0.1)}
        for row, by_seed in tracks.items()
    }


def measure(
    folder: Path, estimates: Path | str, seeds: Sequence[int], steps: int, every: int
) -> dict[str, Any]:
    """Everything that real_springs.json holds but the date. every : frames are learnt from"""
    learn, test = clips_in(folder / "youtube_pose")
    poses = read_estimates(estimates, learn + test)
    boxes = {name: still_box(track) for name, track in poses.items()}
    detector = HeatmapDetector(folder / "detector" / "simplepose.onnx", CONFIG)
    seen, held_out = looked_at(detector, learn, boxes, every), looked_at(detector, test, boxes)
    _, observations = observed(folder)
    crops, maps = zip(*pairs_of(observations), strict=True)
    unknown = np.full((len(maps), len(UPPER.joints), 2), np.nan)
    clip = Maps(np.stack(maps)[:, places(detector)], [*crops], unknown)
    scale = width(clip) / width(seen)
    videos: Tracks = {ALONE: {0: joints_of(held_out)}}
    filmed: Tracks = {ALONE: {0: joints_of(clip)}}
    learnt, known = {}, {ALONE: on_seen(seen)}
    for types in (1, TYPES):
        name = "one spring a limb" if types == 1 else f"{types} springs a limb"
        for seed in seeds:
            start = rests(seen.cells, types, seed)
            taught = trained(Springs(start), seen, steps, seed)
            for how, springs in (("not trained", Springs(start)), ("trained", taught)):
                row = f"{name}, {how}"
                videos.setdefault(row, {})[seed] = joints_of(held_out, springs)
                filmed.setdefault(row, {})[seed] = joints_of(clip, springs, scale)
                known[row] = on_seen(seen, springs)
                learnt[row] = springs.limbs()
            print(f"{name}, seed {seed}", flush=True)
    every_seed = {
        row: {s: by_seed.get(s, by_seed[min(by_seed)]) for s in seeds}
        for row, by_seed in videos.items()
    }
    return {
        "frames": len(seen.maps),
        "videos": [clip.name for clip in test],
        "seeds": list(seeds),
        "steps": steps,
        "scale of the clip": scale,
        "held-out videos": on_videos(every_seed, test),
        "real clip": on_clip(filmed, truth_of(folder)),
        "frames learnt from, last seed": known,
        "springs of the last seed": learnt,
    }


def run(options: argparse.Namespace) -> None:
    """options : estimates, a file; quick"""
    torch.set_num_threads(1)
    seeds, steps, every = ((0,), 2, 50) if options.quick else ((0, 1, 2), 300, 2)
    found = measure(records.folder(), options.estimates, seeds, steps, every)
    for row, numbers in found["held-out videos"].items():
        gains = map(report.points, numbers["over the detector"].values())
        rates = [numbers[f"@{MAIN} px"], numbers["@10 px"]]
        clip = [f"{v:5.1f}" for v in found["real clip"][row].values()]
        print(f"{row:32}", *(f"{v:5.1f}" for v in rates), "", *gains, *clip)
    if not options.quick:
        records.store("real_springs", found)
