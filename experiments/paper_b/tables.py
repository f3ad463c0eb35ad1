"""Paper B's Tables I and II and Figure 4 on one's own tracks, and all that a gain must be held
against.
"""

import itertools
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tslib.errors import InputError
from tslib.metrics import heads, means
from tslib.skeletons import SKELETONS, Skeleton

from .. import report
from ..claims import judge
from ..clips import clips_in, with_skeleton
from ..comparison import Compared, Trial, tried
from ..measures import jitter
from ..paper_tables import PAPER_TABLES
from ..poses import read_estimates
from .claims import CLAIMS, Known
from .runs import (
    ATTENTION,
    FILTERS,
    INPUT,
    LENGTH,
    METHODS,
    NETWORKS,
    STRIDE,
    Corrections,
    truth_of,
)

ALARM = 3.0  # points within 20 px on videos of YouTube Pose that nobody has learnt from
STRIDES, LENGTHS = (1, 2, 5, LENGTH), (5, LENGTH, 20)
BEFORE = "attention, not trained further"
PAPER = {"tableI": ("B I", "YouTube Pose"), "tableII": ("B II", "CVIT-Sports")}
UPPER = SKELETONS["youtube7"]  # what Paper B corrects
CHANGE = ("change a clip", "better, worse", "verdict")


def reproduce(
    what: str,
    root: Path | str,
    estimates: Mapping[str, Path | str],
    output: Path | str,
    seeds: Sequence[int],
    start: Path | str | None = None,
    temporal: Sequence[str] = (),
) -> str:
    """Fit and apply all that a table or figure needs and is not there yet; returns it as Markdown.

    what : "tableI", "tableII" or "figure4B"
    root : folder of clips, see clips.clips_in; of CVIT-Sports YouTube Pose's 7 joints are taken
    estimates : {estimator's name: path of its estimates.npz}, see experiments/estimates.py
    output : path of a folder; gets WHAT.json, WHAT.md, of the figure a .csv, and what runs.py says.
        Both tables need one each.
    seeds : for the networks
    start : path of Table I's folder, whose networks are trained further, or None
    temporal : estimators that see more than one frame, and cannot stand for the paper's SFN

    InputError where something given cannot be used; and where a gain is too good: a corrector that
    has seen the test videos, or estimates by a network that has seen the training videos, make one
    at will. What was found until then is written all the same.
    """
    runs = corrections_in(root, estimates, output, start)
    if what == "figure4B":
        result, csv = figure4(runs, seeds)
        return report.write(what, result, "- figure4B.csv", {"figure4B.csv": csv}, output)
    result = table(what, runs, seeds, temporal)
    return report.write(what, result, printable(result, runs.skeleton), {}, output)


def corrections_in(
    root: Path | str,
    estimates: Mapping[str, Path | str],
    output: Path | str,
    start: Path | str | None = None,
) -> Corrections:
    """The Corrections on a folder of clips; arguments and errors as of `reproduce`."""
    train, test = clips_in(root)
    if (train + test)[0].skeleton.name == "cvit14":
        train, test = ([with_skeleton(clip, UPPER) for clip in part] for part in (train, test))
    for kind, clips in (("learn from", train), ("test", test)):
        if not any(clip.visible.any() for clip in clips):
            raise InputError(f"{root} holds no labelled clip to {kind}.")
    read = {name: read_estimates(file, train + test) for name, file in estimates.items()}
    return Corrections(train, test, read, output, start)


def table(
    what: str, runs: Corrections, seeds: Sequence[int], temporal: Sequence[str] = ()
) -> dict[str, Any]:
    """Table I or II with our rows: a dict that JSON can hold.

    estimators : {name: {"rows": {method: see `row_of`}, "over filter": what attention gains on the
        best filter, {"filter", "difference": [points, low, high]}}}; best is what is best on the
        test clips
    transfer : [{"from", "to", "mean", "change"}], attention that learnt on one estimator, applied
        to another
    sweeps : {"stride" or "length": {frames: {"mean", "jitter"}}} of attention, on the first
        estimator; lengths with the first seed; the largest stride is that of windows side by side
    jitter : px, of the true tracks; ms : what attention takes for a frame
    temporal : as given; paper : the printed rows, of the data set `of`; claims : see claims.Judged
    stopped : a sentence, where the rest is left out because a gain is too good
    """
    printed, of = PAPER[what]
    result: dict[str, Any] = {
        "what": what,
        "seeds": list(seeds),
        "clips": {"train": len(runs.train), "test": len(runs.test)},
        "main": runs.within(runs.main),
        "jitter": _jitter(map(truth_of, runs.test)),
        "temporal": list(temporal),
        "estimators": {},
        "of": of,
        "paper": {
            name: report.printed(printed, name, UPPER) for name in PAPER_TABLES[printed].index
        },
    }
    compared: dict[str, Compared] = {}
    watched = what == "tableI" and runs.skeleton == UPPER and not runs.boxed
    for estimator in runs.estimates:
        rows = result["estimators"].setdefault(estimator, {"rows": {}})["rows"]
        results: dict[str, dict] = {}
        for method in METHODS:
            # Where no seed has a part in a method, the first one is computed for all.
            poses = {s: runs.poses(method, estimator, s) for s in seeds[: _seeds(method, seeds)]}
            of_all = {seed: poses.get(seed, poses[seeds[0]]) for seed in seeds}
            rows[method] = _added(results, method, of_all, runs)
            if watched and (wrong := _alarm(rows, method, estimator)):
                return result | {"stopped": wrong}
        if runs.start:
            before = {s: runs.before(ATTENTION, estimator, s) for s in seeds}
            poses = {s: runs.corrected(learnt, estimator) for s, learnt in before.items()}
            rows[BEFORE] = _added(results, BEFORE, poses, runs)
        c = compared[estimator] = runs.compared(results)
        best = max(FILTERS, key=lambda name: c.rate(name, runs.main))
        gain = list(c.difference(ATTENTION, best, runs.main))
        result["estimators"][estimator]["over filter"] = {"filter": best, "difference": gain}
    result["transfer"] = transfer(runs, compared, seeds)
    result["sweeps"], overlap = sweeps(runs, seeds)
    result["ms"] = _milliseconds(runs, seeds[0])
    known = Known(what, compared, runs.main, result, overlap, len(runs.test))
    return result | {"claims": [asdict(claim) for claim in judge(CLAIMS, known)]}


def _added(
    results: dict[str, dict], method: str, poses: Mapping[int, list], runs: Corrections
) -> dict[str, Any]:
    """Enter a method's tracks {seed: [(T, K, 2)]} into the tallies by method; returns its row.

    {"groups", "mean", "interval", "by seed"} in per cent at the main threshold; the mean at others,
    under "@0.1" or "@10 px"; "change": see `change`, against the estimates as they are; "jitter" px
    """
    results[method] = {seed: runs.counted(tracks) for seed, tracks in poses.items()}
    c = runs.compared(results)
    return {
        **report.row_of(c, method, runs.main),
        **{runs.within(a): c.rate(method, a) for a in runs.other},
        "change": change(c, method, INPUT, runs.main),
        "jitter": _jitter(track for tracks in poses.values() for track in tracks),
    }


def change(compared: Compared, method: Any, other: Any, alpha: float) -> dict[str, Any]:
    """The mean over clips of their own differences, in points, all seeds together.

    Returns {"points", "error": the standard error, None of one clip, "better", "worse": how many
    clips, "gain": whether the points are twice the error or more}.
    """
    by_clip = [
        100 * means(compared.counted(m, alpha), compared.skeleton)[compared.mean]
        for m in (method, other)
    ]
    points = by_clip[0] - by_clip[1]
    points = points[np.isfinite(points)]
    error = float(points.std(ddof=1) / np.sqrt(len(points))) if len(points) > 1 else None
    mean = float(points.mean())
    return {
        "points": mean,
        "error": error,
        "better": int((points > 0).sum()),
        "worse": int((points < 0).sum()),
        "gain": error is not None and mean > 0 and mean >= 2 * error,
    }


def transfer(
    runs: Corrections, compared: Mapping[str, Compared], seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """Attention that learnt on one estimator's tracks, on those of another; entries as `table`
    says.
    """
    found = []
    for a, b in itertools.permutations(runs.estimates, 2):
        tallies = {seed: runs.tallies(ATTENTION, a, seed, to=b) for seed in seeds}
        c = runs.compared({**compared[b].results, "other": tallies})
        made = {"mean": c.rate("other", runs.main), "change": change(c, "other", INPUT, runs.main)}
        found.append({"from": a, "to": b} | made)
    return found


def sweeps(runs: Corrections, seeds: Sequence[int]) -> tuple[dict[str, dict], dict[str, Any]]:
    """What stride and length of the windows do to attention; as `table` says. Also what overlap
    gains.

    That is the smallest stride against windows that do not overlap, as `change`.
    """
    which = ATTENTION, next(iter(runs.estimates))
    found: dict[str, dict] = {}
    results: dict[str, dict] = {}
    for sweep, values, those in (("stride", STRIDES, seeds), ("length", LENGTHS, seeds[:1])):
        trials = [Trial(sweep, n, which, {sweep: n}) for n in values]
        results |= tried(runs, trials, those)
        compared = runs.compared(results)
        found[sweep] = {
            t.value: {
                "mean": compared.rate(t.name, runs.main),
                "jitter": _jitter(p for s in those for p in runs.poses(*which, s, **t.options)),
            }
            for t in trials
        }
    first, last = (f"stride {n}" for n in (min(STRIDES), max(STRIDES)))
    return found, change(compared, first, last, runs.main)


def figure4(runs: Corrections, seeds: Sequence[int]) -> tuple[dict[str, Any], bytes]:
    """Accuracy of the report groups against the distance, all seeds together: a dict, and a CSV's
    bytes.

    Returns {"seeds", "thresholds": shares of the person's size, or px, "rows": {estimator, and with
    ", corrected": {group or mean: per cent at each}}}.
    """
    counted = {}
    for estimator in runs.estimates:
        for method, name in ((INPUT, estimator), (ATTENTION, f"{estimator}, corrected")):
            tallies = [runs.tallies(method, estimator, seed) for seed in seeds]
            counted[name] = np.sum(tallies, (0, 1))
    rows, csv = report.curves(counted, runs.thresholds, runs.skeleton)
    return {"seeds": list(seeds), "thresholds": runs.thresholds.tolist(), "rows": rows}, csv


def printable(result: Mapping[str, Any], skeleton: Skeleton) -> str:
    """A result of `table` as Markdown."""
    columns, parts = heads(skeleton), []
    for estimator, part in result["estimators"].items():
        others = [key for key in next(iter(part["rows"].values())) if key.startswith("@")]
        lines = []
        for method, r in part["rows"].items():
            change_cells = [] if method == INPUT else _changed(r["change"])
            others_cells = [r[key] for key in others]
            lines.append([*report.cells(method, r), *others_cells, r["jitter"], *change_cells])
        head = [f"{estimator}, {result['main']}", *columns, *report.ROW, *others, "jitter px"]
        parts.append(report.markdown([*head, *CHANGE], lines))
        if "over filter" in part:
            over = part["over filter"]
            parts.append(
                f"{estimator}: {ATTENTION} - {over['filter']} {report.points(over['difference'])}"
            )
    if result["jitter"] is not None:
        parts.append(f"The true tracks' jitter is {result['jitter']:.1f} px.")
    lines = [[name, *row] for name, row in result["paper"].items()]
    head = [f"*the paper's, on {result['of']}, @20 px*", *heads(UPPER), "Mean"]
    parts.append(report.markdown(head, lines))
    if result.get("transfer"):
        lines = [
            [t["from"], t["to"], t["mean"], *_changed(t["change"])] for t in result["transfer"]
        ]
        parts.append(report.markdown(["learnt on", "applied to", "Mean", *CHANGE], lines))
    for name, values in result.get("sweeps", {}).items():
        lines = [[str(n), v["mean"], v["jitter"]] for n, v in values.items()]
        parts.append(report.markdown([f"{name}, frames", "Mean", "jitter px"], lines))
    return report.page(parts, result)


def _changed(change: Mapping[str, Any]) -> list[str]:
    """Cells of a change: points and error, clips, and "no gain" where it is none."""
    error = "" if change["error"] is None else f" ± {change['error']:.1f}"
    return [
        f"{change['points']:+.1f}{error}",
        f"{change['better']}, {change['worse']}",
        "" if change["gain"] else "no gain",
    ]


def _alarm(rows: Mapping[str, Mapping], method: str, estimator: str) -> str | None:
    """A sentence where a row is better than its input by more than is possible, else None."""
    gain = rows[method]["mean"] - rows[INPUT]["mean"]
    if gain <= ALARM:
        return None
    return (
        f"{method} gains {gain:.1f} points within 20 px on the estimates of {estimator}, too many "
        "to be true: check that no network estimated a video that it was trained on, and that no "
        "video is both learnt from and tested."
    )


def _seeds(method: str, seeds: Sequence[int]) -> int:
    """How many seeds a method is computed for: one where none has a part in it."""
    return len(seeds) if method in NETWORKS else 1


def _jitter(tracks: Iterable[np.ndarray]) -> float | None:
    """Mean over tracks, px; None where none has three frames."""
    values = [value for value in map(jitter, tracks) if np.isfinite(value)]
    return float(np.mean(values)) if values else None


def _milliseconds(runs: Corrections, seed: int) -> float:
    """Time to correct a frame by attention, in ms, with windows each STRIDE frames."""
    estimator = next(iter(runs.estimates))
    corrector = runs.fitted(ATTENTION, estimator, seed)
    corrector.stride = STRIDE
    start = time.perf_counter()
    runs.corrected(corrector, estimator)
    return 1000 * (time.perf_counter() - start) / sum(map(len, runs.test))
