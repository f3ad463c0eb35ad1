"""Paper A's Tables 1 to 3 with our rows beside the paper's, and what changes at test time do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from tslib.augment import known_boxes, window_around
from tslib.clip import Clip
from tslib.metrics import heads, means
from tslib.part_flow import PartFlow
from tslib.skeletons import SKELETONS, Skeleton
from tslib.slices import Estimated, View

from .. import report
from ..claims import judge
from ..comparison import Compared, Trial, tried
from ..measures import jitter
from .claims import CLAIMS
from .runs import FOLDERS, Runs, altered, started

PAPER_ROWS = {
    "baseline": "baseline",
    "S-infer": "S-infer",
    "ST-infer": "ST-infer",
    "ST-infer(⋆)": "ST-infer(⋆) ConvNet frozen",
    "ST-infer(∗)": "ST-infer(∗) ConvNet of joint model",
    "ST-infer(2)": "ST-infer(2) edges over 2 frames",
}
DIFFERENCES = (
    ("S-infer", "baseline"),
    ("ST-infer", "S-infer"),
    ("ST-infer", "ST-infer(⋆)"),
    ("ST-infer(2)", "ST-infer"),
    ("ST-infer", "longer, ST untrained"),
)
# Controls of equal compute, which the paper's Tables 2 and 3 lack.
FAIR_ROWS = "longer", "longer, ST untrained"
JHMDB_DIFFERENCES = (*DIFFERENCES[:2], ("S-infer", "longer"), ("ST-infer", "longer, ST untrained"))
JHMDB_TABLES = {"table2": ("A 2", "JHMDB", (0.2, 0.1)), "table3": ("A 3", "sub-JHMDB", (0.2,))}
ST, UNTRAINED = "ST-infer", "ST untrained"
# The sweeps of a model whose springs did not learn.
OF_UNTRAINED = {"normalization", "start", "mirror edges"}
# Cells a frame: a camera of so many or more, and of less.
FAST, CALM = 2, 1
# Columns of Table 1.
EXTRA = {"@0.1": "@0.1", "@0.05": "@0.05", "jitter": "jitter px", "hidden": "hidden"}


def table1(runs: Runs, seeds: Sequence[int]) -> dict[str, Any]:
    """Paper A's Table 1 with our rows: a dict that JSON can hold.

    rows : {row: {"groups": per cent of the report groups, "mean": per cent of the visible joints,
        "interval", "by seed", "means": {name: per cent}, "@0.1", "@0.05", "jitter" px, "hidden":
        per cent of the hidden joints in the picture}}
    paper : the printed rows, of the data set `of`; differences : see `differences`
    sweeps : what a change at test time does, {name: {value: per cent @0.2, mean of seeds}}
    camera : see `camera`; claims : see `claims.Judged`
    """
    skeleton = SKELETONS[runs.config.skeleton]
    results = {row: {seed: runs.tallies(row, seed) for seed in seeds} for row in FOLDERS}
    trials = trials_of(runs)
    compared, rows = Compared(results | tried(runs, trials, seeds), skeleton), {}
    for row in results:
        counted = compared.counted(row, 0.2).sum(0)
        poses = [pose for seed in seeds for pose in runs.poses(row, seed)]
        rows[row] = report.row_of(compared, row) | {
            "means": {name: 100 * float(value) for name, value in means(counted, skeleton).items()},
            "@0.1": compared.rate(row, 0.1),
            "@0.05": compared.rate(row, 0.05),
            "jitter": float(np.nanmean([jitter(p) for p in poses])),
            "hidden": _hidden(runs, row, seeds),
        }
    sweeps: dict[str, dict] = {}
    for trial in trials:
        sweeps.setdefault(trial.sweep, {})[trial.value] = compared.rate(trial.name)
    return {
        "seeds": list(seeds),
        "clips": _counts(runs),
        "rows": rows,
        "of": "Penn Action",
        "paper": {row: report.printed("A 1", name, skeleton) for row, name in PAPER_ROWS.items()},
        "differences": differences(compared),
        "sweeps": sweeps,
        "camera": camera(runs, seeds),
        "claims": [asdict(claim) for claim in judge(CLAIMS, compared)],
    }


def jhmdb_table(name: str, splits: Sequence[Runs], seeds: Sequence[int]) -> dict[str, Any]:
    """Paper A's Table 2 or 3 with our rows: a dict as of `table1`, with fewer entries.

    name : "table2" or "table3"; splits : one Runs for each; numbers are their means
    """
    table, of, alphas = JHMDB_TABLES[name]
    skeleton = SKELETONS[splits[0].config.skeleton]
    results = {
        row: {seed: _side_by_side(splits, row, seed) for seed in seeds}
        for row in ("baseline", "S-infer", "ST-infer", *FAIR_ROWS)
    }
    compared = Compared(results, skeleton, mean="joint-macro")
    named = {
        (row, a): f"{row} @{a:g}" if len(alphas) > 1 else row for a in alphas for row in results
    }
    printed = [
        name
        for (row, _), name in named.items()
        # The paper has no control.
        if row not in FAIR_ROWS
    ]
    return {
        "seeds": list(seeds),
        "clips": [_counts(runs) for runs in splits],
        "of": of,
        "rows": {name: report.row_of(compared, *which) for which, name in named.items()},
        "paper": {name: report.printed(table, name, skeleton) for name in printed},
        "differences": differences(compared, JHMDB_DIFFERENCES),
        "claims": [asdict(claim) for claim in judge(CLAIMS, compared)],
    }


def _side_by_side(splits: Sequence[Runs], row: str, seed: int) -> np.ndarray:
    """Tallies of all clips that are tested in some split: int64 (N, A, 2, S * K), 0 where one is
    not.
    """
    names = list(dict.fromkeys(clip.name for runs in splits for clip in runs.data.test))
    parts = []
    for runs in splits:
        found = runs.tallies(row, seed)
        part = np.zeros((len(names), *found.shape[1:]), np.int64)
        part[[names.index(clip.name) for clip in runs.data.test]] = found
        parts.append(part)
    return np.concatenate(parts, -1)


def _counts(runs: Runs) -> dict[str, int]:
    return {"train": len(runs.data.train), "test": len(runs.data.test)}


def _hidden(runs: Runs, row: str, seeds: Sequence[int]) -> float | None:
    """PCK@0.2, per cent, of joints that are hidden and lie in the picture; None without any."""
    hits = counted = 0
    for seed in seeds:
        for pose, clip in zip(runs.poses(row, seed), runs.data.test, strict=True):
            asked = hidden(clip)
            near = np.linalg.norm(pose - clip.joints, axis=-1) <= 0.2 * clip.size_of_person[:, None]
            hits, counted = hits + (near & asked).sum(), counted + asked.sum()
    return 100 * float(hits / counted) if counted else None


def hidden(clip: Clip) -> np.ndarray:
    """Which joints are hidden, lie in the picture and could be measured: bool (T, K).

    A rendered clip knows where they are; of a real one it is what the label says, which may be a
    guess.
    """
    inside = (clip.joints >= 0).all(-1) & (clip.joints <= np.array(clip.size) - 1).all(-1)
    return inside & ~clip.visible & (clip.size_of_person > 0)[:, None]


def differences(
    compared: Compared, pairs: Iterable[tuple[str, str]] = DIFFERENCES
) -> list[dict[str, Any]]:
    """Rows against each other, all seeds: [{"row", "other", "@0.2": [points, low, high], "@0.1":
    ...}].
    """
    return [
        {"row": row, "other": other}
        | {f"@{alpha:g}": list(compared.difference(row, other, alpha)) for alpha in (0.2, 0.1)}
        for row, other in pairs
    ]


def trials_of(runs: Runs) -> list[Trial]:
    """What is changed at test time: each sweep's values."""
    own = runs.config.inference.start

    def changed(sweep: str, value: int | str, row: str, **options: Any) -> Trial:
        return Trial(sweep, value, (row,), {"label": f"{sweep} {value}"} | options)

    return [
        *(changed("iterations", n, ST, change=altered(iterations=n)) for n in range(7)),
        *(
            changed("normalization", n, UNTRAINED, change=altered(normalization=n))
            for n in ("degree", "mean", "none")
        ),
        *(changed("frames", n, ST, frames=n) for n in (1, 3, 5, 7)),
        *(Trial("flow", method, (ST,), _with_flow(runs, method)) for method in _methods(runs)),
        Trial("start", own, (UNTRAINED,)),
        *(
            changed("start", s, "baseline", change=started(runs, s))
            for s in ("data", "zero")
            if s != own
        ),
        Trial("mirror edges", "with", (UNTRAINED,)),
        changed(
            "mirror edges", "without", UNTRAINED, label="no mirror", change=altered(mirror=False)
        ),
        Trial("warp", "each round", (ST,)),
        changed("warp", "once", ST, change=altered(warp_once=True)),
    ]


def _methods(runs: Runs) -> list[str]:
    """The config's own kind of flow, and others to put in its place."""
    return list(dict.fromkeys([runs.config.flow, "dis", "none"]))


def _with_flow(runs: Runs, method: str) -> dict[str, Any]:
    """Options of `Runs.tallies` for a kind of flow."""
    if method == runs.config.flow:
        return {}
    return {"label": f"flow {method}", "flow": partial(Estimated, method=method)}


def camera(runs: Runs, seeds: Sequence[int]) -> dict[str, dict]:
    """What flow is worth where the camera moves, and where it does not; {} without exact flow to
    tell.

    Returns {"fast": {"clips", "flow": {method: {"@0.2": per cent, "@0.1"}}, "difference": as of
    `differences`, exact - none}, "calm": ...}; with 0 clips only their number.
    """
    flow = runs.data.flow
    if runs.config.flow != "exact" or not callable(flow):
        return {}
    view = runs.config.view
    speed = np.array([cells_a_frame(clip, flow(clip), view) for clip in runs.data.test])
    results = {
        method: {seed: runs.tallies(ST, seed, **_with_flow(runs, method)) for seed in seeds}
        for method in _methods(runs)
    }
    found: dict[str, dict] = {}
    for name, those in {"fast": speed >= FAST, "calm": speed < CALM}.items():
        found[name] = {"clips": int(those.sum())}
        if those.any():
            chosen = {
                m: {seed: t[those] for seed, t in by_seed.items()} for m, by_seed in results.items()
            }
            compared = Compared(chosen, SKELETONS[runs.config.skeleton])
            found[name]["flow"] = {
                m: {f"@{a:g}": compared.rate(m, a) for a in (0.2, 0.1)} for m in chosen
            }
            (found[name]["difference"],) = differences(compared, [("exact", "none")])
    return found


def cells_a_frame(clip: Clip, flow: PartFlow, view: View) -> float:
    """Mean motion of the background in the middle of the picture, in cells of the slices a frame;
    NaN where the clip has no box.
    """
    if not known_boxes(clip.box).any():
        return np.nan
    affine = flow.to_next[:-1, 0]
    middle = (np.array(flow.parts.shape[:0:-1]) - 1) / 2
    moved = affine[..., 2] + affine[..., :2] @ middle - middle
    scale = window_around(clip.box, (view.size, view.size)).scale / view.stride
    return float(np.linalg.norm(moved, axis=-1).mean() * scale)


def printable(result: Mapping[str, Any], skeleton: Skeleton) -> str:
    """A result of `table1` or `jhmdb_table` as Markdown: our rows beside the paper's, and all the
    rest.
    """
    extra = {
        key: title for key, title in EXTRA.items() if key in next(iter(result["rows"].values()))
    }
    lines = []
    for row, r in result["rows"].items():
        lines.append([*report.cells(row, r), *(r[key] for key in extra)])
        if row in result["paper"]:
            lines.append([f"*the paper's, on {result['of']}*", *result["paper"][row]])
    head = ["row", *heads(skeleton), *report.ROW, *extra.values()]
    parts = [report.markdown(head, lines)]
    if "differences" in result:
        lines = [
            [f"{d['row']} - {d['other']}", *map(report.points, (d["@0.2"], d["@0.1"]))]
            for d in result["differences"]
        ]
        parts.append(report.markdown(["difference", "@0.2", "@0.1"], lines))
    if result.get("camera"):
        parts.append(_camera_table(result["camera"]))
    for name, values in result.get("sweeps", {}).items():
        row = UNTRAINED if name in OF_UNTRAINED else ST
        parts.append(f"{row}, {name}: " + ", ".join(f"{k}: {v:.1f}" for k, v in values.items()))
    return report.page(parts, result)


def _camera_table(found: Mapping[str, dict]) -> str:
    lines = []
    for name, part in found.items():
        name = f"{name}, {part['clips']} clips"
        if not part["clips"]:
            lines.append([name])
            continue
        for alpha in ("@0.2", "@0.1"):
            rates = [rates[alpha] for rates in part["flow"].values()]
            lines.append([f"{name} {alpha}", *rates, report.points(part["difference"][alpha])])
    return report.markdown(["camera; flow", "exact", "dis", "none", "exact - none"], lines)
