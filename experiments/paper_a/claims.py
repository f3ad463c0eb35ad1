"""Paper A's claims, each with the evidence that it needs of our rows, and what would refute it."""

import json
from collections.abc import Callable, Iterable

import numpy as np
import torch
from scipy.stats import linregress
from scipy.stats import t as student

from tslib.message_passing import MessagePassing, PoseGraph

from ..claims import (
    WHOLE,
    Claim,
    Evidence,
    NotMeasured,
    above,
    below,
    between,
    every,
    exact,
    gains,
    never,
    nothing,
)
from ..comparison import Compared, Interval
from ..records import RESULTS

BASE, S, ST = "baseline", "S-infer", "ST-infer"
FROZEN, TAKEN, TWO = "ST-infer(⋆)", "ST-infer(∗)", "ST-infer(2)"
LONGER, FAIR = "longer", "longer, ST untrained"
LIMBS = ("wrist", "elbow")
CURVE = range(1, 21)  # thresholds of Figure 3, in hundredths of the person's size
NOTHING = 1.0  # points: a gain that is no larger counts as none
ENOUGH = 0.5  # points: what more iterations may still add where three suffice
LINEAR = 0.1  # how far the power of a growth may be from 1
ROUNDING = 1e-9
Need = Callable[[Compared], Evidence]


def _of(compared: Compared, rows: Iterable[str]) -> Compared:
    """The rows, where all of them are there."""
    if missing := sorted(set(rows) - set(compared.results)):
        raise NotMeasured(f"needs the rows {', '.join(missing)}")
    return compared


def over(row: str, other: str, alpha: float = 0.2) -> Need:
    """The mean of a row minus that of another one."""

    def need(compared: Compared) -> Evidence:
        found = _of(compared, (row, other)).difference(row, other, alpha)
        return Evidence(f"{row} - {other}", {WHOLE: found}, f"@{alpha:g}")

    return need


def groups(row: str, other: str) -> Need:
    """The same for each report group."""

    def need(compared: Compared) -> Evidence:
        found = _of(compared, (row, other)).group_differences(row, other)
        return Evidence(f"{row} - {other}", found, "@0.2")

    return need


def limbs_over_others(compared: Compared) -> Evidence:
    """By how much the lesser gain of wrists and elbows over time is above the largest of others."""
    those = np.isin(list(compared.skeleton.groups), LIMBS)

    def margin(both: np.ndarray, space: np.ndarray) -> np.ndarray:
        gain = both - space
        least, most = gain[..., those].min(-1), gain[..., ~those].max(-1)
        return (least - most)[..., None]

    (found,) = _of(compared, (ST, S)).contrast(margin, (ST, S))
    of = "the lesser gain of wrists and elbows - the largest other one"
    return Evidence(of, {WHOLE: found}, "@0.2")


def worst_thresholds(compared: Compared) -> Evidence:
    """ST-infer minus the better of the other two, for each group at the threshold that is worst."""
    rows = ST, BASE, S

    def lead(both: np.ndarray, *others: np.ndarray) -> np.ndarray:
        return both - np.maximum(*others)

    by_threshold = [_of(compared, rows).contrast(lead, rows, n / 100) for n in CURVE]
    worst = [min(values) for values in zip(*by_threshold, strict=True)]
    found = dict(zip(compared.skeleton.groups, worst, strict=True))
    return Evidence(f"{ST} - the better of {BASE} and {S}, each where it is worst", found)


def further_iterations(compared: Compared) -> Evidence:
    """What four, five and six iterations add to three."""
    rows = {n: f"iterations {n}" for n in (3, 4, 5, 6)}
    _of(compared, rows.values())
    found = {f"{n}": compared.difference(rows[n], rows[3]) for n in (4, 5, 6)}
    return Evidence("more iterations - three", found, "@0.2")


def trained_with(normalization: str) -> Need:
    """By how much training moves PCK, of our recipe with a calibration matched to a normalization;
    seed by seed.
    """

    def need(known: object) -> Evidence:
        file, reading = RESULTS / "readings.json", f"ours, summed, matched, {normalization}"
        parts = json.loads(file.read_text(encoding="utf-8"))["parts"] if file.exists() else {}
        found = {
            name.rpartition(", ")[2]: Interval(*part["after - before"][0])
            for name, part in parts.items()
            if name.startswith(f"{reading}, seed")
        }
        if not found:
            raise NotMeasured("needs `python -m experiments paper_a readings`")
        return Evidence(f"after - before training, messages {normalization}", found, "@0.2")

    return need


def growth(known: object) -> Evidence:
    """The power of the number of cells that the time of a message grows with, minus 1."""
    file = RESULTS / "messages.json"
    if not file.exists():
        raise NotMeasured("needs `python -m experiments speed messages --write`")
    spent = json.loads(file.read_text(encoding="utf-8"))["growth"]["side of a map, cells"]
    cells = np.log([int(side) ** 2 for side in spent])
    fit = linregress(cells, np.log(list(spent.values())))
    error = student.ppf(0.975, len(cells) - 2) * fit.stderr
    power = Interval(*(float(fit.slope - 1 + e) for e in (0, -error, error)))
    of = f"the power of the cells that time grows with, maps of {', '.join(spent)} a side, - 1:"
    return Evidence(of, {WHOLE: power})


def loopy_graphs(known: object, graphs: int = 5) -> Evidence:
    """The layer on small random graphs with cycles against Eqs. 2 to 4, message by message."""
    error = 0.0
    for seed in range(graphs):
        rng = np.random.default_rng(seed)
        drawn = [(a, b) for a in range(6) for b in range(a) if rng.random() < 0.6]
        edges = [
            *drawn,
            *(e for e in ((1, 0), (2, 1), (2, 0)) if e not in drawn),
        ]  # a cycle at least
        spring = rng.integers(0, 3, len(edges))
        graph = PoseGraph(2, ("a", "b", "c"), np.array(edges), spring, ("x", "y", "z"))
        layer = MessagePassing(graph).double()
        with torch.no_grad():
            layer.rest.add_(torch.tensor(rng.normal(0, 2, (3, 2))))
        unary = rng.normal(size=(6, 5, 7))
        ours = layer(torch.tensor(unary).view(1, 2, 3, 5, 7)).detach().view(6, 5, 7).numpy()
        error = max(error, float(np.abs(ours - by_definition(layer, unary)).max()))
    return exact(f"largest error on {graphs} random graphs with cycles", error)


def by_definition(layer: MessagePassing, unary: np.ndarray) -> np.ndarray:
    """Scores (N, H, W) of a layer with "degree" weights, each message a maximum over all cells."""
    y, x = np.indices(unary.shape[1:])
    cells = np.stack([x, y], -1)
    # away[q, p] leads from a receiver's cell p to a sender's cell q, x first
    away = cells[:, :, None, None] - cells
    stiffness, rest = (p.detach().numpy() for p in (layer.stiffness, layer.rest))
    score = unary
    for _ in range(layer.iterations):
        total = unary.copy()
        for (first, second), s in zip(layer.graph.edges, layer.graph.spring, strict=True):
            # rest is where the second node lies as seen from the first
            for sender, receiver, sign in ((second, first, 1), (first, second, -1)):
                price = (stiffness[s] * (away - sign * rest[s]) ** 2).sum(-1)
                total[receiver] += (score[sender][..., None, None] - price).max((0, 1))
        score = total / (1 + layer.graph.degree[:, None, None])
    return score


def shoulders(space: dict[str, Interval], time: dict[str, Interval]) -> str:
    """Shoulders lose by messages in space, and gain by those over time."""
    return every(below(space["shoulder"]), above(time["shoulder"]))


def steadier(degree: dict[str, Interval], none: dict[str, Interval]) -> str:
    """With normalised messages training loses nothing, without it does, by every seed."""
    return every(between(-NOTHING, np.inf, *degree.values()), below(*none.values()))


CLAIMS = (
    Claim("A-C1", "spatial inference adds 4.4 points", [over(S, BASE), over(S, LONGER)], gains),
    Claim(
        "A-C2",
        "inference over time adds 5.1 more",
        [over(ST, S), over(ST, S, 0.1)],
        lambda gain, strict: above(gain[WHOLE]),
    ),
    Claim(
        "A-C3",
        "4.7 points above chained predictions",
        [never("another network, which was never published")],
        gains,
    ),
    Claim(
        "A-C4",
        "springs alone, behind a frozen ConvNet, add 5.8, less than joint training",
        [over(FROZEN, BASE), over(ST, FROZEN), over(ST, FAIR)],
        gains,
    ),
    Claim(
        "A-C5",
        "the ConvNet is 4.0 better after joint training",
        [over(TAKEN, BASE), over(TAKEN, LONGER)],
        gains,
    ),
    Claim(
        "A-C6",
        "over time wrists and elbows gain most",
        [groups(ST, S), limbs_over_others],
        lambda gain, margin: above(margin[WHOLE]),
    ),
    Claim(
        "A-C7",
        "shoulders lose by spatial inference and win it back over time",
        [groups(S, BASE), groups(ST, S)],
        shoulders,
    ),
    Claim("A-C8", "edges over two frames add nothing", [over(TWO, ST)], nothing(NOTHING)),
    Claim(
        "A-C9",
        "best at every threshold, for every joint",
        [worst_thresholds],
        lambda lead: between(0, np.inf, *lead.values()),
    ),
    Claim(
        "A-C10",
        "best of all published, for each joint",
        [never("other networks, on the authors' data")],
        gains,
    ),
    Claim(
        "A-C11",
        "three iterations suffice",
        [further_iterations],
        lambda added: between(-np.inf, ENOUGH, *added.values()),
    ),
    Claim(
        "A-C12",
        "normalization stabilises training",
        [trained_with("degree"), trained_with("none")],
        steadier,
        alone="the second stage of the small net, by our recipe, clips of the poor camera",
    ),
    Claim(
        "A-C13",
        "a message is linear in the number of cells",
        [growth],
        nothing(LINEAR),
        alone="the kernel of messages, without a net",
    ),
    Claim(
        "A-C14",
        "any loopy graph",
        [loopy_graphs],
        nothing(ROUNDING),
        alone="the layer of messages, without a net",
    ),
    Claim(
        "A-C15",
        "state of the art of 2017",
        [never("the parts are tested; the archives decide on the rest")],
        gains,
    ),
)
