"""Paper B's claims, each held against our own tables: holds, does not, or not measured, and by how
much.
"""

import numpy as np

from tslib.metrics import bootstrap, group_rates, rates

from ..comparison import AT, Claim, pooled
from .runs import ATTENTION, INPUT

LIVE = 1000 / 30  # ms a frame
EQUAL = 1.0  # points
ELSEWHERE = {"tableI": "CVIT-Sports, see Table II", "tableII": "YouTube Pose, see Table I"}


def judge(what, compared, alpha, result, overlap):
    """The list of Claim, B-C1 to B-C12.

    what : "tableI" or "tableII"
    compared : {estimator: Compared}, with the rows of runs.METHODS; alpha : the threshold
    result : of tables.table, with transfer and ms; overlap : the change that overlap makes

    The paper's estimators are SFN, and YR, which is the worse one. Of ours the best takes the part
    of SFN and the worst that of YR, where there are two. A gain counts where its 95 % interval over
    clips is above 0.
    """
    order = sorted(compared, key=lambda name: -compared[name].rate(INPUT, alpha))
    best, worst = order[0], order[-1] if len(order) > 1 else None
    at = result["main"]
    found = []

    def claim(name, text, holds, *evidence):
        verdict = "not measured" if holds is None else "holds" if holds else "does not"
        found.append(Claim(name, text, verdict, "; ".join(evidence)))

    def gained(estimator, other=INPUT):
        points, low, high = compared[estimator].difference(ATTENTION, other, alpha)
        said = f"{estimator}: {ATTENTION} - {other} {points:+.1f} [{low:+.1f}, {high:+.1f}] {at}"
        return low > 0, said

    def groups(estimator):
        changes = group_changes(compared[estimator], alpha)
        said = ", ".join(
            f"{g} {v:+.1f} [{low:+.1f}, {high:+.1f}]" for g, (v, low, high) in changes.items()
        )
        return changes, f"{estimator}: {said} {at}"

    def on(data, name, text, estimator, holds):
        """A claim about one data set and one of the two estimators; holds : function of the
        estimator.
        """
        if data != what:
            claim(name, text, None, f"on {ELSEWHERE[what]}")
        elif estimator is None:
            claim(name, text, None, "needs the estimates of a second, worse estimator")
        else:
            claim(name, text, *holds(estimator))

    def rise(*names):
        """A function: whether all these groups gain."""

        def holds(estimator):
            changes, said = groups(estimator)
            return all(changes[g][1] > 0 for g in names), said

        return holds

    def equal(estimator):
        changes, said = groups(estimator)
        return all(abs(changes[g][0]) <= EQUAL for g in ("wrist", "elbow")), said

    def all_but_wrists(estimator):
        changes, said = groups(estimator)
        up = all(changes[g][1] > 0 for g in ("head", "elbow", "shoulder"))
        return up and changes["wrist"][1] <= 0, said

    on("tableI", "B-C1", "3.7 points above YR", worst, gained)
    on("tableI", "B-C2", "2.07 points above SFN", best, gained)
    on(
        "tableI",
        "B-C3",
        "head gains 5 and shoulders 6 points on SFN",
        best,
        rise("head", "shoulder"),
    )
    on("tableI", "B-C4", "wrists and elbows stay equal on SFN", best, equal)
    on(
        "tableI",
        "B-C5",
        "head gains 18, shoulders 3 and elbows 1 on YR, wrists nothing",
        worst,
        all_but_wrists,
    )
    three = "head", "elbow", "shoulder"
    on("tableII", "B-C6", "head, elbows and shoulders gain on SFN", best, rise(*three))
    on("tableII", "B-C7", "0.7 points above YR", worst, gained)
    filters = {name: part["over filter"]["filter"] for name, part in result["estimators"].items()}
    claim(
        "B-C8",
        "surpasses the state of the art",
        None,
        "other methods' estimates are not at hand; against the best filter",
        *(gained(name, filters[name])[1] for name in compared),
    )
    said = f"{result['ms']:.2f} ms a frame on this machine, where {LIVE:.0f} are live"
    claim("B-C9", "fast", result["ms"] < LIVE, said)
    if result["transfer"]:
        said = [
            f"{t['from']} to {t['to']}: {t['change']['points']:+.1f}"
            + ("" if t["change"]["gain"] else ", no gain")
            for t in result["transfer"]
        ]
        generic = all(t["change"]["gain"] for t in result["transfer"])
        claim("B-C10", "generic: does not depend on the estimator", generic, *said)
    else:
        claim("B-C10", "generic: does not depend on the estimator", None, "needs two estimators")
    frames, videos, printed = 1457, 11, 131
    claim(
        "B-C11",
        f"CVIT-Sports has {frames} frames, in the mean {printed} a video",
        round(frames / videos) == printed,
        f"{frames} / {videos} videos = {frames / videos:.1f}",
    )
    error = "" if overlap["error"] is None else f" ± {overlap['error']:.1f}"
    said = f"windows each frame against windows side by side {overlap['points']:+.1f}{error} {at}"
    claim("B-C12", "overlapping sequences reduce the error", overlap["gain"], said)
    return found


def group_changes(compared, alpha):
    """What attention changes in each report group: {group: (points, low, high)}, 95 % over clips."""
    skeleton = compared.skeleton
    a, b = (pooled(compared.results[row])[:, AT[alpha]] for row in (ATTENTION, INPUT))

    def statistic(tallies):
        return group_rates(rates(tallies), skeleton)

    points = 100 * (statistic(a.sum(0)) - statistic(b.sum(0)))
    low, high = (100 * np.asarray(v) for v in bootstrap(statistic, a, b))
    return {
        name: (float(p), float(lo), float(hi))
        for name, p, lo, hi in zip(skeleton.groups, points, low, high, strict=True)
    }
