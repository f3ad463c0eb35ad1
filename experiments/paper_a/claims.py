"""Paper A's claims, each held against our own runs: holds, does not, or not measured, and by how
much.
"""

import numpy as np

from tslib.metrics import group_rates, rates

from ..comparison import Claim, pooled


def judge(compared, sweeps=None):
    """The list of Claim, A-C1 to A-C15, from the rows that are there.

    sweeps : {name: {value: per cent}}, of "iterations" and "normalization" among others
    """
    c, sweeps, there = compared, sweeps or {}, set(compared.results)
    found = []

    def claim(name, text, needs, verdict, *evidence):
        if not set(needs) <= there:
            missing = ", ".join(sorted(set(needs) - there))
            found.append(Claim(name, text, "not measured", f"needs {missing}"))
            return
        holds = verdict()
        found.append(
            Claim(name, text, "holds" if holds else "does not", "; ".join(e() for e in evidence))
        )

    def outside(name, text, why):
        found.append(Claim(name, text, "not measured", why))

    names = list(c.skeleton.groups)
    gain = lambda a, b: c.groups(a) - c.groups(b)  # noqa: E731
    listed = lambda values: ", ".join(f"{n} {v:+.1f}" for n, v in zip(names, values, strict=True))  # noqa: E731

    base, S, ST, frozen, taken, two, fair = (
        "baseline",
        "S-infer",
        "ST-infer",
        "ST-infer(⋆)",
        "ST-infer(∗)",
        "ST-infer(2)",
        "longer, ST untrained",
    )
    claim(
        "A-C1",
        "spatial inference adds 4.4 points",
        [base, S, "longer"],
        lambda: c.above(S, base) and c.above(S, "longer"),
        lambda: c.says(S, base),
        lambda: c.says(S, "longer"),
    )
    claim(
        "A-C2",
        "inference over time adds 5.1 more",
        [S, ST],
        lambda: c.above(ST, S),
        lambda: c.says(ST, S),
        lambda: c.says(ST, S, 0.1),
    )
    outside(
        "A-C3", "4.7 points above chained predictions", "another network, which was never published"
    )
    claim(
        "A-C4",
        "springs alone, behind a frozen ConvNet, add 5.8, less than joint training",
        [base, ST, frozen, fair],
        lambda: all(c.above(*pair) for pair in ((frozen, base), (ST, frozen), (ST, fair))),
        lambda: c.says(frozen, base),
        lambda: c.says(ST, frozen),
        lambda: c.says(ST, fair),
    )
    claim(
        "A-C5",
        "the ConvNet is 4.0 better after joint training",
        [base, taken, "longer"],
        lambda: c.above(taken, base) and c.above(taken, "longer"),
        lambda: c.says(taken, base),
        lambda: c.says(taken, "longer"),
    )

    def limbs_gain_most():
        g = dict(zip(names, gain(ST, S), strict=True))
        return min(g["wrist"], g["elbow"]) > max(
            v for n, v in g.items() if n not in ("wrist", "elbow")
        )

    claim(
        "A-C6",
        "over time wrists and elbows gain most",
        [S, ST],
        limbs_gain_most,
        lambda: f"{ST} - {S}: " + listed(gain(ST, S)),
    )

    def shoulders():
        k = names.index("shoulder")
        return gain(S, base)[k] < 0 < gain(ST, S)[k]

    claim(
        "A-C7",
        "shoulders lose by spatial inference and win it back over time",
        [base, S, ST],
        shoulders,
        lambda: f"{S} - {base}: " + listed(gain(S, base)),
        lambda: f"{ST} - {S}: " + listed(gain(ST, S)),
    )
    claim(
        "A-C8",
        "edges over two frames add nothing",
        [ST, two],
        lambda: max(map(abs, c.difference(two, ST)[1:])) <= 1,
        lambda: c.says(two, ST),
    )

    def curves():
        """ST-infer's rates at 20 thresholds, and the better ones of the two other rows: (20, G)
        each.
        """
        one, other, ours = (
            group_rates(rates(pooled(c.results[r]).sum(0)[1:21]), c.skeleton) for r in rows
        )
        return ours, np.maximum(one, other)

    def where_not():
        ours, best = curves()
        lower = zip(names, (ours < best).sum(0), strict=True)
        return "thresholds of 20 at which it is not the best: " + ", ".join(
            f"{n} {v}" for n, v in lower
        )

    rows = base, S, ST
    claim(
        "A-C9",
        "best at every threshold, for every joint",
        rows,
        lambda: bool(np.greater_equal(*curves()).all()),
        where_not,
    )
    outside(
        "A-C10", "best of all published, for each joint", "other networks, on the authors' data"
    )
    if "iterations" in sweeps:
        s = sweeps["iterations"]
        holds = s[3] >= max(s.values()) - 0.5
        said = ", ".join(f"{k}: {v:.1f}" for k, v in s.items())
        found.append(
            Claim("A-C11", "three iterations suffice", "holds" if holds else "does not", said)
        )
    else:
        outside("A-C11", "three iterations suffice", "no sweep was run")
    trained = "section 5.7: trained without it, the loss starts far too high and the gain is lost"
    if "normalization" in sweeps:
        trained += "; at test time: " + ", ".join(
            f"{k}: {v:.1f}" for k, v in sweeps["normalization"].items()
        )
    found.append(Claim("A-C12", "normalization stabilises training", "holds", trained))
    found.append(
        Claim("A-C13", "a message is linear in the number of cells", "holds", "chapters 01 and 02")
    )
    found.append(
        Claim("A-C14", "any loopy graph", "holds", "PoseGraph takes any list of edges; tested")
    )
    outside(
        "A-C15", "state of the art of 2017", "the parts are tested; the archives decide on the rest"
    )
    return found
