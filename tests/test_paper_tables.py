"""What the papers' printed means average, recomputed from the printed columns."""

import numpy as np
import pytest
from scipy.optimize import linprog

from experiments.paper_tables import COLUMNS, PAPER_TABLES

# How many joints stand behind each column, Head first. The 15 joints of JHMDB are 13 and neck and
# belly, which have no column: they are taken to be as easy as the head.
WEIGHTS = {
    "7 groups": [1, 1, 1, 1, 1, 1, 1],
    "13 joints": [1, 2, 2, 2, 2, 2, 2],
    "15 joints": [3, 2, 2, 2, 2, 2, 2],
    "7 joints": [1, 2, 2, 2],
}


def means_of(table, kind):
    """The mean of that kind of every row of a table, (rows,)."""
    groups = PAPER_TABLES[table][COLUMNS[table[0]]].to_numpy()
    return np.average(groups, axis=1, weights=WEIGHTS[kind])


@pytest.mark.parametrize("table", PAPER_TABLES)
def test_printed_means_are_what_mean_of_says(table):
    frame = PAPER_TABLES[table]
    for kind in set(frame["Mean of"]) & set(WEIGHTS):
        rows = frame["Mean of"] == kind
        error = means_of(table, kind)[rows] - frame["Mean"][rows]
        assert np.abs(error).max() <= 0.1, (
            table,
            kind,
        )  # 0.05 of the printed mean, 0.05 of what it averages


def test_each_table_has_its_rows():
    assert {name: frame.shape for name, frame in PAPER_TABLES.items()} == {
        "A 1": (10, 9),
        "A 2": (6, 9),
        "A 3": (6, 9),
        "B I": (5, 6),
        "B II": (4, 6),
    }
    assert all(frame.index.is_unique for frame in PAPER_TABLES.values())
    assert PAPER_TABLES["A 1"].loc["ST-infer", ["Head", "Wris", "Mean"]].tolist() == [
        98.0,
        94.7,
        96.5,
    ]


@pytest.mark.parametrize(
    ("table", "kind", "means"),
    [
        ("A 1", "7 groups", [45.27, 48.04, 81.13, 92.09, 87.34, 91.57, 96.60, 93.23, 91.34, 96.49]),
        (
            "A 1",
            "13 joints",
            [43.92, 46.80, 80.52, 91.82, 86.53, 91.08, 96.49, 92.87, 90.84, 96.40],
        ),
        (
            "A 1",
            "15 joints",
            [46.44, 49.12, 81.66, 92.32, 88.05, 92.00, 96.69, 93.54, 91.78, 96.56],
        ),
        ("A 2", "7 groups", [69.34, 75.33, 80.71, 52.23, 58.44, 67.46]),
        ("A 2", "13 joints", [67.51, 73.92, 79.72, 49.62, 56.32, 66.08]),
        ("A 2", "15 joints", [70.93, 76.55, 81.57, 54.49, 60.29, 68.65]),
        ("A 3", "7 groups", [52.47, 55.71, 73.83, 81.23, 86.17, 91.77]),
        ("A 3", "13 joints", [50.43, 53.82, 72.56, 80.00, 85.34, 91.36]),
        ("B I", "7 joints", [71.31, 71.86, 73.87, 44.17, 47.71]),
        ("B II", "7 joints", [43.33, 46.21, 58.90, 59.66]),
    ],
)
def test_means_recomputed_from_the_columns_are_these(table, kind, means):
    np.testing.assert_allclose(means_of(table, kind), means, atol=0.00501)


def test_the_kinds_can_be_told_apart():
    """The wrong mean is off by much more than rounding: by up to 4 points."""
    own = PAPER_TABLES["A 2"]
    assert np.abs(means_of("A 2", "7 groups") - own["Mean"]).min() > 0.85
    assert np.abs(means_of("A 2", "13 joints") - own["Mean"]).max() > 4
    like_for_like = means_of("A 3", "7 groups")  # ST-infer against [12]
    assert like_for_like[5] - like_for_like[2] == pytest.approx(17.9, abs=0.05)
    printed = PAPER_TABLES["A 3"]["Mean"]
    assert printed["ST-infer"] - printed["[12]"] == pytest.approx(18.3)


def test_own_penn_rows_fit_a_micro_mean():
    """One set of weights, each within 10 % of the 13-joint counts, gives all six printed means to
    0.11.

    A linear programme: the smallest largest error over all such weights.
    """
    frame = PAPER_TABLES["A 1"]
    own = frame[frame["Mean of"] == "visible joints"]
    groups, printed = own[COLUMNS["A"]].to_numpy(), own["Mean"].to_numpy()
    counts = np.array(WEIGHTS["13 joints"]) / 13
    ones = np.ones((len(own), 1))
    best = linprog(
        c=[0] * 7 + [1],
        A_ub=np.block([[groups, -ones], [-groups, -ones]]),
        b_ub=np.concatenate([printed, -printed]),
        A_eq=[[1] * 7 + [0]],
        b_eq=[1],
        bounds=[*zip(0.9 * counts, 1.1 * counts, strict=True), (0, None)],
    )
    assert len(own) == 6 and best.status == 0 and best.fun <= 0.115
    for kind in ("7 groups", "13 joints", "15 joints"):
        error = means_of("A 1", kind)[frame["Mean of"] == "visible joints"] - printed
        assert np.abs(error).max() > 0.3  # none of the plain means does


def test_unknown_means_are_beyond_rounding_of_some_row():
    for table in ("B I", "B II"):
        frame = PAPER_TABLES[table]
        error = np.abs(means_of(table, "7 joints") - frame["Mean"])[frame["Mean of"] == "unknown"]
        assert error.max() > 0.1
