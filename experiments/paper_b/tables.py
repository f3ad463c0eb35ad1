"""Paper B's Tables I and II and Figure 4 on one's own tracks, and all that a gain must be held
against.
"""

import time
from dataclasses import asdict

import numpy as np

from tslib.errors import InputError
from tslib.metrics import heads, jitter, means
from tslib.skeletons import SKELETONS
from tslib.training.data import clips_in

from .. import report
from ..clips import with_skeleton
from ..comparison import AT, Compared, pooled
from ..paper_tables import PAPER_TABLES
from ..poses import read_estimates
from .claims import judge
from .runs import ATTENTION, FILTERS, INPUT, LENGTH, METHODS, NETWORKS, PIXELS, SHARES, STRIDE, Runs

MEAN = "joint-macro"  # the paper's average, as far as it can be told
ALARM = 3.0  # points within 20 px on videos of YouTube Pose that nobody has learnt from
STRIDES, LENGTHS = (1, 2, 5, LENGTH), (5, LENGTH, 20)
BEFORE = "attention, not trained further"
PAPER = {"tableI": ("B I", "YouTube Pose"), "tableII": ("B II", "CVIT-Sports")}
UPPER = SKELETONS["youtube7"]  # what Paper B corrects
CHANGE = ("change a clip", "better, worse", "")


def reproduce(what, root, estimates, output, seeds, start=None):
    """Fit and apply all that a table or figure needs and is not there yet; returns it as Markdown.

    what : "tableI", "tableII" or "figure4B"
    root : folder of clips, see data.clips_in; of CVIT-Sports the 7 joints of YouTube Pose are taken
    estimates : {estimator's name: path of its estimates.npz}, see training/folds.py
    output : path of a folder; gets WHAT.json, WHAT.md, of the figure a .csv, and what runs.py says.
        Both tables need one each.
    seeds : list of int, for the networks
    start : path of Table I's folder, whose networks are trained further, or None

    InputError where something given cannot be used; and where a gain is too good: a corrector that
    has seen the test videos, or estimates by a network that has seen the training videos, make one
    at will. What was found until then is written all the same.
    """
    runs = runs_in(root, estimates, output, start)
    files = {}
    if what == "figure4B":
        result, files["figure4B.csv"] = figure4(runs, seeds)
        text = "- figure4B.csv"
    else:
        result = table(what, runs, seeds)
        text = printable(result, runs.skeleton)
    report.write(what, result, text, files, output)
    if "stopped" in result:
        raise InputError(result["stopped"])
    return text


def runs_in(root, estimates, output, start=None):
    """The Runs on a folder of clips; arguments and errors as of `reproduce`."""
    train, test = clips_in(root)
    if (train + test)[0].skeleton.name == "cvit14":
        train, test = ([with_skeleton(clip, UPPER) for clip in part] for part in (train, test))
    for kind, clips in (("learn from", train), ("test", test)):
        if not any(clip.visible.any() for clip in clips):
            raise InputError(f"{root} holds no labelled clip to {kind}.")
    read = {name: read_estimates(file, train + test) for name, file in estimates.items()}
    return Runs(train, test, read, output, start)


def table(what, runs, seeds):
    """Table I or II with our rows: a dict that JSON can hold.

    estimators : {name: {"rows": {method: see `row_of`}, "over filter": what attention gains on the
        best filter, {"filter", "difference": [points, low, high]}}}; best is what is best on the
        test clips
    transfer : [{"from", "to", "mean", "change"}], attention that learnt on one estimator, applied
    to another
    sweeps : {"stride" or "length": {frames: {"mean", "jitter"}}} of attention, on the first
        estimator; lengths with the first seed; the largest stride is that of windows side by side
    jitter : px, of the true tracks; ms : what attention takes for a frame
    paper : the printed rows, of the data set `of`; claims : see claims.judge
    stopped : a sentence, where the rest is left out because a gain is too good
    """
    printed, of = PAPER[what]
    truth = [np.where(clip.visible[..., None], clip.joints, np.nan) for clip in runs.test]
    result = {
        "what": what,
        "seeds": list(seeds),
        "clips": {"train": len(runs.train), "test": len(runs.test)},
        "main": _within(runs, runs.main),
        "jitter": _jitter(truth),
        "estimators": {},
        "of": of,
        "paper": {
            name: report.printed(printed, name, UPPER) for name in PAPER_TABLES[printed].index
        },
    }
    compared, watched = {}, what == "tableI" and runs.skeleton == UPPER and not runs.boxed
    for estimator in runs.estimates:
        rows = result["estimators"].setdefault(estimator, {"rows": {}})["rows"]
        results = {}
        for method in METHODS:
            poses = {seed: runs.poses(method, estimator, seed) for seed in _seeds(method, seeds)}
            _add(
                results,
                rows,
                method,
                {seed: poses.get(seed, poses[min(poses)]) for seed in seeds},
                runs,
            )
            if watched and (wrong := _alarm(rows, method, estimator)):
                return result | {"stopped": wrong}
        if runs.start:
            poses = {
                s: _applied(runs.before(ATTENTION, estimator, s), runs, estimator) for s in seeds
            }
            _add(results, rows, BEFORE, poses, runs)
        c = compared[estimator] = Compared(results, runs.skeleton, MEAN)
        best = max(FILTERS, key=lambda name: c.rate(name, runs.main))
        gain = list(c.difference(ATTENTION, best, runs.main))
        result["estimators"][estimator]["over filter"] = {"filter": best, "difference": gain}
    result["transfer"] = transfer(runs, compared, seeds)
    result["sweeps"], overlap = sweeps(runs, seeds)
    result["ms"] = _milliseconds(runs, seeds[0])
    claims = judge(what, compared, runs.main, result, overlap)
    return result | {"claims": [asdict(claim) for claim in claims]}


def _add(results, rows, method, poses, runs):
    """Enter a method's tracks {seed: [(T, K, 2)]} into the tallies by method, and its row."""
    results[method] = {seed: runs.counted(tracks) for seed, tracks in poses.items()}
    c = Compared(results, runs.skeleton, MEAN)
    rows[method] = row_of(c, method, runs) | {
        "jitter": _jitter([track for tracks in poses.values() for track in tracks])
    }


def row_of(compared, method, runs):
    """{"groups", "mean", "interval", "by seed"} in per cent at the main threshold; the mean at
    others, under "@0.1" or "@10 px"; "change": see `change`, against the estimates as they are."""
    rates = {_within(runs, a): compared.rate(method, a) for a in runs.other}
    changed = change(compared, method, INPUT, runs.main)
    return report.row_of(compared, method, runs.main) | rates | {"change": changed}


def change(compared, method, other, alpha):
    """The mean over clips of their own differences, in points, all seeds together.

    Returns {"points", "error": the standard error, None of one clip, "better", "worse": how many
    clips, "gain": whether the points are twice the error or more}.
    """
    by_clip = [
        100 * means(pooled(compared.results[m])[:, AT[alpha]], compared.skeleton)[compared.mean]
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


def transfer(runs, compared, seeds):
    """Attention that learnt on one estimator's tracks, on those of another; entries as `table`
    says.
    """
    found = []
    for a in runs.estimates:
        for b in runs.estimates:
            if a != b:
                tallies = {seed: runs.tallies(ATTENTION, a, seed, to=b) for seed in seeds}
                c = Compared(compared[b].results | {"other": tallies}, runs.skeleton, MEAN)
                found.append(
                    {
                        "from": a,
                        "to": b,
                        "mean": c.rate("other", runs.main),
                        "change": change(c, "other", INPUT, runs.main),
                    }
                )
    return found


def sweeps(runs, seeds):
    """What stride and length of the windows do to attention; as `table` says. Also what overlap
    gains.

    That is the smallest stride against windows that do not overlap, as `change`.
    """
    estimator, results, found = next(iter(runs.estimates)), {}, {"stride": {}, "length": {}}
    tried = [("stride", n, seeds, {"stride": n}) for n in STRIDES]
    tried += [("length", n, seeds[:1], {"length": n}) for n in LENGTHS]
    for name, n, those, options in tried:
        poses = {seed: runs.poses(ATTENTION, estimator, seed, **options) for seed in those}
        results[name, n] = {seed: runs.counted(tracks) for seed, tracks in poses.items()}
        found[name][n] = {
            "mean": Compared(results, runs.skeleton, MEAN).rate((name, n), runs.main),
            "jitter": _jitter([track for tracks in poses.values() for track in tracks]),
        }
    compared = Compared(results, runs.skeleton, MEAN)
    return found, change(compared, ("stride", min(STRIDES)), ("stride", max(STRIDES)), runs.main)


def figure4(runs, seeds):
    """Accuracy of the report groups against the distance, all seeds together: a dict, and a CSV's
    bytes.

    Returns {"seeds", "thresholds": shares of the person's size, or px, "rows": {estimator, and with
    ", corrected": {group or mean: per cent at each}}}.
    """
    thresholds, counted = SHARES if runs.boxed else PIXELS, {}
    for estimator in runs.estimates:
        for method, name in ((INPUT, estimator), (ATTENTION, f"{estimator}, corrected")):
            counted[name] = pooled(
                {seed: runs.tallies(method, estimator, seed) for seed in seeds}
            ).sum(0)
    rows, csv = report.curves(counted, thresholds, runs.skeleton)
    return {"seeds": list(seeds), "thresholds": thresholds.tolist(), "rows": rows}, csv


def printable(result, skeleton):
    """A result of `table` as Markdown."""
    columns, parts = heads(skeleton), []
    for estimator, part in result["estimators"].items():
        others = [key for key in next(iter(part["rows"].values())) if key.startswith("@")]
        lines = []
        for method, r in part["rows"].items():
            low, high = r["interval"]
            lines.append([method, *r["groups"], r["mean"], f"{low:.1f} to {high:.1f}"])
            lines[-1] += [" ".join(f"{v:.1f}" for v in r["by seed"]), *(r[key] for key in others)]
            lines[-1] += [r["jitter"], *([] if method == INPUT else _changed(r["change"]))]
        head = [
            f"{estimator}, {result['main']}",
            *columns,
            "Mean",
            "interval",
            "seeds",
            *others,
            "jitter px",
        ]
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
    if "claims" in result:
        parts.append(report.of_claims(result["claims"]))
    if "stopped" in result:
        parts.append(f"Stopped: {result['stopped']}")
    return "\n\n".join(parts)


def _changed(change):
    """Cells of a change: points and error, clips, and "no gain" where it is none."""
    error = "" if change["error"] is None else f" ± {change['error']:.1f}"
    return [
        f"{change['points']:+.1f}{error}",
        f"{change['better']}, {change['worse']}",
        "" if change["gain"] else "no gain",
    ]


def _alarm(rows, method, estimator):
    """A sentence where a row is better than its input by more than is possible, else None."""
    gain = rows[method]["mean"] - rows[INPUT]["mean"]
    if gain <= ALARM:
        return None
    return (
        f"{method} gains {gain:.1f} points within 20 px on the estimates of {estimator}, too many to be "
        "true: check that no network estimated a video that it was trained on, and that no video is both "
        "learnt from and tested."
    )


def _within(runs, alpha):
    return f"@{alpha:g}" + ("" if runs.boxed else " px")


def _seeds(method, seeds):
    """Seeds that a method is computed for: one where none has a part in it."""
    return seeds if method in NETWORKS else seeds[:1]


def _jitter(tracks):
    """Mean over tracks, px; None where none has three frames."""
    values = [value for value in map(jitter, tracks) if np.isfinite(value)]
    return float(np.mean(values)) if values else None


def _applied(corrector, runs, estimator):
    return [corrector.correct(runs.estimates[estimator][clip.name]) for clip in runs.test]


def _milliseconds(runs, seed):
    """Time to correct a frame by attention, in ms, with windows each STRIDE frames."""
    estimator = next(iter(runs.estimates))
    corrector = runs.fitted(ATTENTION, estimator, seed)
    corrector.stride = STRIDE
    start = time.perf_counter()
    _applied(corrector, runs, estimator)
    return 1000 * (time.perf_counter() - start) / sum(map(len, runs.test))
