"""The tables of docs/results.md are what the stored results say, line by line."""

import json
import re
from functools import partial
from pathlib import Path

import pytest

from experiments import records, report
from experiments.paper_a import recipes
from experiments.paper_tables import PAPER_TABLES

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "experiments" / "results"
PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")

# Rows of experiments/results/body.json and their names on the page.
ROWS = {
    "baseline": "the ConvNet",
    "baseline; time": "with untrained messages over time",
    "baseline; time and DIS flow": "the same, flow estimated",
    "baseline; time and zero flow": "the same, without flow",
    "baseline; space, stiffness 0.01": "with untrained messages between joints",
    "baseline; both, stiffness 0.01": "with both",
    "longer": "the ConvNet, trained longer",
    "longer; time over two frames": "that ConvNet, with untrained messages over two frames",
    "S-infer": "jointly trained, between joints",
    "ST-infer": "jointly trained, both",
    "ST-infer; its ConvNet": "its ConvNet alone",
    "time over two frames, joint": "jointly trained, over two frames",
}

# Of experiments/results/leeds.json the kinds of untrained springs, and their stiffness.
SPRINGS = {
    "one spring": "one spring a limb",
    "2 types": "two types a limb",
    "4 types": "four types",
    "6 types": "six types",
    "12 types": "twelve types",
    "4 types told": "four types, the true one told",
}
STIFFNESSES = ("0.001", "0.003", "0.01", "0.03")


def parts(name):
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["parts"]


def rates(values):
    return " / ".join(f"{value:.1f}" for value in values)


def with_interval(triple):
    points, low, high = triple
    return f"{points:+.1f} [{low:+.1f}, {high:+.1f}]"


def lines_of(result, titles, label=""):
    """A table of rows of all seeds, each with its PCK and its differences from the baseline.

    label : before the names of the result's parts
    """
    thresholds = ["at 0.2", "at 0.1", "at 0.05"]
    lines = [f"| row | PCK@0.2 / 0.1 / 0.05 | {' | '.join(thresholds)} |", "|---|---|---|---|---|"]
    for row, title in titles.items():
        found = parts(result)[f"{label}seeds [0, 1, 2]: {row}"]
        cells = [with_interval(one) for one in found.get("minus baseline", [])] or ["", "", ""]
        lines.append(f"| {title} | {rates(found['PCK'])} | {' | '.join(cells)} |")
    return lines


def body_lines():
    """The table of the network that sees the body."""
    return lines_of("body", ROWS)


def readings_lines():
    """The table of the readings of Eq. 6, of all seeds."""
    lines = [
        "| recipe | Eq. 6 | scores | messages | PCK@0.2 before | after, by seed |",
        "|---|---|---|---|---|---|",
    ]
    readings = {}
    for name, found in parts("readings").items():
        readings.setdefault(name.rpartition(", ")[0], []).append(found)
    for name, seeds in readings.items():
        before = {f"{found['PCK']['before'][0]:.1f}" for found in seeds}
        after = [f"{f['PCK']['after'][0]:.1f}" if f["finite"] else "diverges" for f in seeds]
        shown = "diverges" if set(after) == {"diverges"} else " / ".join(after)
        lines.append(f"| {' | '.join(name.split(', '))} | {' / '.join(before)} | {shown} |")
    return lines


CONDITIONS = {
    "baseline": "the ConvNet",
    "baseline; time": "with untrained messages over time",
    "baseline; time over two frames": "over two frames",
    "baseline; time over two frames and DIS flow": "the same, flow estimated",
    "baseline; space, stiffness 0.01": "with untrained messages between joints",
    "baseline; both, stiffness 0.01": "with both",
    "longer; time over two frames": "over two frames, the ConvNet trained longer",
    "S-infer": "jointly trained, between joints",
    "ST-infer": "jointly trained, both",
    "time over two frames, joint": "jointly trained, over two frames",
}

STRICT = {
    "baseline": "the ConvNet",
    "baseline; arg-max alone": "... arg-max alone",
    "S-infer": "jointly trained, between joints",
    "S-infer; arg-max alone": "... arg-max alone",
    "S-infer; its ConvNet": "... its ConvNet",
    "S-infer; springs x 0.1": "... springs x 0.1",
    "S-infer; springs x 0.3": "... springs x 0.3",
    "S-infer; springs x 3": "... springs x 3",
    "S-infer, disc of 0.75": "jointly trained, disc of 0.75",
    "S-infer, disc of 0.75; its ConvNet": "... its ConvNet",
    "S-infer, disc of 0.75; springs x 0.1": "... springs x 0.1",
    "S-infer, disc of 3": "jointly trained, disc of 3",
    "S-infer, squared error": "jointly trained, squared error",
    "S-infer, squared error; its ConvNet": "... its ConvNet",
    "S-infer, squared error; springs x 0.1": "... springs x 0.1",
}


def of_strict(row):
    """A row of all seeds."""
    return parts("strict")[f"seeds [0, 1, 2]: {row}"]


def strict_lines():
    """The table of the suspects at strict thresholds, of all seeds."""
    return lines_of("strict", STRICT)


RECIPES = {
    "baseline": "the ConvNet",
    "baseline; time over two frames": "with untrained messages over two frames",
    "longer; time over two frames": "the same, the ConvNet trained longer",
    "longer x 4; time over two frames": "the same, trained four times as long",
    "time, disc of 0.75": "over two frames, disc of 0.75",
    "time, squared error": "over two frames, squared error",
    "time, squared error, a fifth of the rate": "the same, a fifth of the rate",
    "time, squared error, 4 x steps": "the same, four times the steps",
    "time, squared error, 4 x steps, slower": "four times the steps, two fifths of the rate",
    "both, disc of 0.75": "over time and in space, disc of 0.75",
    "both, squared error": "over time and in space, squared error",
}


def of_recipes(row):
    """A row of all seeds."""
    return parts("recipes")[f"seeds [0, 1, 2]: {row}"]


def control_of(row):
    """The row of equal compute."""
    return recipes.FAIR[recipes.LONG if "4 x steps" in row else 1]


def recipe_lines():
    """The table of what was tried, of all seeds."""
    head = ["row", "PCK@0.2 / 0.1 / 0.05", "at 0.2", "at 0.1", "at 0.05", "control, at 0.2", "0.05"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row, title in RECIPES.items():
        found = of_recipes(row)
        cells = [with_interval(c) for c in found.get(f"minus {recipes.UNTRAINED}", [])] or [""] * 3
        fair = found[f"minus {control_of(row)}"] if row in recipes.RECIPES else []
        cells += [with_interval(fair[n]) if fair else "" for n in (0, 2)]
        lines.append(f"| {title} | {rates(found['PCK'])} | {' | '.join(cells)} |")
    return lines


def of_pictures(result, row):
    """A row of all seeds."""
    return parts(result)[f"seeds [0, 1, 2]: {row}"]


def by_seed(result):
    """Of each seed PCK on the pictures to choose by, {row: 3 limits}."""
    found = parts(result)
    kinds = [
        [found[name]["PCK"] for name in found if re.fullmatch(f"seed {s}: .*to choose by", name)]
        for s in range(3)
    ]
    return [{row: rates for kind in of_seed for row, rates in kind.items()} for of_seed in kinds]


def chosen(result, *kinds):
    """The untrained row of some kinds of springs that does best on the pictures to choose by, in
    the mean of the seeds.
    """
    rows, scores = [f"baseline; {kind}, stiffness {a}" for kind in kinds for a in STIFFNESSES], {}
    for row in rows:
        scores[row] = sum(sum(of_seed[row]) for of_seed in by_seed(result))
    return max(rows, key=scores.get)


TURNED = {
    "one spring turned": "one spring a limb, turned",
    "4 types turned": "four types, turned",
    "4 types turned by the truth": "four types, turned by the truth",
}


def chosen_mixture(result):
    """That of the kinds with several types which are not told the truth."""
    return chosen(result, *(kind for kind in SPRINGS if kind.endswith(" types")))


def picture_lines(result, *turned):
    """The table of real pictures, of all seeds. turned : whether springs are, in a row of theirs"""
    mixture = chosen_mixture(result)
    many = SPRINGS[mixture.removeprefix("baseline; ").partition(",")[0]]
    rows = {
        "baseline": "the ConvNet",
        "longer": "the ConvNet, trained longer",
        chosen(result, "one spring"): "with one untrained spring a limb",
        mixture: f"with {many.removesuffix(' a limb')} a limb",
    }
    rows |= {chosen(result, kind): "with four types, turned by the limb above" for kind in turned}
    rows |= {
        "S-infer": "jointly trained, one spring a limb",
        "S-infer; its ConvNet": "its ConvNet alone",
    }
    lines = [
        "| row | PCK@0.2 / 0.1 / 0.05 | difference at 0.2 | at 0.05 | of wrists at 0.2 |",
        "|---|---|---|---|---|",
    ]
    for row, title in rows.items():
        found, changes = of_pictures(result, row), ["", "", ""]
        if row != "baseline":
            coarse, _, fine = found["minus baseline"]
            wrists = found["groups minus baseline"][0]["wrist"]
            changes = [with_interval(one) for one in (coarse, fine, wrists)]
        lines.append(f"| {title} | {rates(found['PCK'])} | {' | '.join(changes)} |")
    return lines


def stiffness_lines(result, kinds):
    """The table of untrained springs on real pictures: differences at 0.2, of all seeds."""
    lines = [f"| springs, stiffness | {' | '.join(STIFFNESSES)} |", "|---|---|---|---|---|"]
    for kind, title in kinds.items():
        rows = [of_pictures(result, f"baseline; {kind}, stiffness {a}") for a in STIFFNESSES]
        cells = [with_interval(found["minus baseline"][0]) for found in rows]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


LINES = {
    "body": body_lines,
    "strict": strict_lines,
    "recipes": recipe_lines,
    "readings": readings_lines,
    "Leeds": partial(picture_lines, "leeds", "4 types turned"),
    "springs, Leeds": partial(stiffness_lines, "leeds", SPRINGS | TURNED),
    "upper bodies": partial(picture_lines, "upper_bodies"),
    "springs, upper bodies": partial(stiffness_lines, "upper_bodies", SPRINGS),
    "usual camera": partial(lines_of, "conditions", CONDITIONS, "usual camera, "),
    "hidden joints": partial(lines_of, "conditions", CONDITIONS, "hidden joints, "),
}


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES.keys())
def test_the_tables_of_the_page_are_those_of_the_results(lines):
    assert "\n".join(lines()) in PAGE


def test_the_conditions_of_the_page_are_those_of_the_results():
    path = RESULTS / "body.json"
    clips = json.loads(path.read_text(encoding="utf-8"))["about"]["clips"]
    assert f"{clips['train']:,} to learn from and {clips['test']} to test, three seeds" in PAGE


def test_joint_training_is_held_against_the_control_of_equal_compute():
    """Three differences in a sentence of the page."""
    found = parts("body")["seeds [0, 1, 2]: time over two frames, joint"]
    said = " ".join(PAGE.split())
    for (points, low, high), threshold in zip(
        found["minus longer; time over two frames"], ("0.2", "0.1", "0.05"), strict=True
    ):
        assert f"{points:+.1f} [{low:+.1f}, {high:+.1f}] at {threshold}" in said


def test_what_the_page_says_of_strict_thresholds_shows():
    said = " ".join(PAGE.split())

    def lost(row, other="baseline"):
        return of_strict(row)[f"minus {other}"][2]

    decoded = lost("S-infer; arg-max alone", "baseline; arg-max alone")
    assert f"is read so, too: {with_interval(decoded)} at 0.05" in said
    assert abs(decoded[0] - lost("S-infer")[0]) < 1
    convnet = lost("S-infer; its ConvNet")
    assert convnet[2] < 0 and f"has lost {-convnet[0]:.1f} points at 0.05" in said
    back = lost("S-infer; springs x 0.1", "S-infer")
    assert back[1] > 0 and f"they give back {with_interval(back)}" in said
    small = "S-infer, disc of 0.75"
    assert f"loses only {with_interval(lost(f'{small}; its ConvNet'))}" in said
    assert f"comes to {with_interval(lost(f'{small}; springs x 0.1'))}" in said
    assert lost("S-infer, disc of 3")[2] < lost("S-infer")[1] + 2
    coarse = [of_strict(row)["minus baseline"][0] for row in STRICT if row != "baseline"]
    assert all(abs(points) <= 0.5 for points, _, _ in coarse)
    assert all(low < 0 for _, low, _ in coarse)  # nothing is gained


def test_what_the_page_says_of_recipes_shows():
    """And chapter 07: over time as good as the control, in space worse."""
    said = " ".join(PAGE.split())
    best = of_recipes("time, squared error, 4 x steps, slower")[f"minus {recipes.UNTRAINED}"]
    first, second, third = map(with_interval, best)
    assert all(low > 0 for _, low, _ in best) and f"by {first}, {second} and {third}." in said
    above = {}
    for row in recipes.RECIPES:
        changes = of_recipes(row)[f"minus {control_of(row)}"]
        above |= {(row, n): one for n, one in enumerate(changes) if one[1] > 0}
        if row.startswith("time"):
            assert all(low <= 0.01 and high > 0 for _, low, high in changes)
            assert of_recipes(row)[f"minus {recipes.UNTRAINED}"][2][0] < 1.1
        else:
            coarse, _, fine = of_recipes(row)[f"minus {recipes.UNTRAINED}"]
            assert fine[0] < coarse[0] and coarse[2] < 0
    assert list(above) == [("time, squared error, a fifth of the rate", 0)]
    (change,) = above.values()
    assert f"Of the {3 * len(recipes.RECIPES)} differences" in said
    assert f"at 0.2, by {with_interval(change)}" in said
    lost = of_recipes("both, disc of 0.75")[f"minus {recipes.UNTRAINED}"][2]
    assert f"start soft: {with_interval(lost)} at 0.05" in said


def test_no_reading_of_the_printed_recipe_keeps_what_the_convnet_knew():
    for name, found in parts("readings").items():
        ours, normalised = name.startswith("ours"), "none" not in name
        if ours and normalised:
            assert found["after - before"][0][1] > 0  # the whole interval
        else:
            assert not found["finite"] or found["after - before"][0][2] < 0


def test_the_conditions_of_real_pictures_are_those_of_the_results():
    path = RESULTS / "leeds.json"
    about = json.loads(path.read_text(encoding="utf-8"))["about"]
    there, plan = about["pictures"], about["plans"]["pretrain"]
    said = " ".join(PAGE.split())
    assert f"{there['train']:,} to learn from, {there['validation']:,} to choose by" in said
    assert f"{there['test']:,} to test, with {about['joints']:,} annotated joints" in said
    assert f"{plan['steps']:,} steps of {plan['batch']} pictures" in said
    assert f"turned by up to {about['angle']:.0f} degrees" in said


def test_what_the_page_says_of_real_pictures_shows():
    said = " ".join(PAGE.split())

    def change(row, other="baseline", limit=0):
        return of_pictures("leeds", row)[f"minus {other}"][limit]

    def groups(row):
        return of_pictures("leeds", row)["groups minus baseline"][0]

    stiff = [change(f"baseline; one spring, stiffness {a}") for a in STIFFNESSES]
    assert all(low < 0 for _, low, _ in stiff)
    assert [points for points, _, _ in stiff] == sorted((p for p, _, _ in stiff), reverse=True)
    for a in STIFFNESSES:
        gain = {
            g
            for g, (_, low, _) in groups(f"baseline; one spring, stiffness {a}").items()
            if low > 0
        }
        assert gain <= {"wrist", "elbow"}
    wrists = groups(chosen("leeds", "one spring"))["wrist"]
    assert wrists[1] > 0 and f"wrists by {with_interval(wrists)} at stiffness 0.001" in said
    trained = change("S-infer", "longer")
    assert trained[2] < 0 and f"it comes to {with_interval(trained)} at 0.2" in said
    assert groups("S-infer")["wrist"][2] < 0
    mixture = chosen_mixture("leeds")
    assert mixture.startswith("baseline; 12 types") and change(mixture)[1] > 0
    more = change(mixture, f"baseline; one spring, stiffness {mixture.rpartition(' ')[2]}")
    assert more[1] > 0 and f"are {with_interval(more)} better than single springs" in said
    assert abs(change(mixture)[0] - change("longer")[0]) < 0.5
    assert all(change(mixture, limit=n)[0] < 0.25 for n in (1, 2))  # at 0.1 and 0.05
    gains = {group: low for group, (_, low, _) in groups(mixture).items()}
    assert max(gains, key=gains.get) == "wrist" and gains["wrist"] > groups("longer")["wrist"][2]
    told = [change(f"baseline; 4 types told, stiffness {a}")[0] for a in STIFFNESSES]
    assert told == sorted(told) and f"gain up to {told[-1]:.1f} points" in said
    stiffest = "stiffness 0.03"
    wrists = groups(f"baseline; 4 types told, {stiffest}")["wrist"]
    assert f"Wrists would then gain {with_interval(wrists)}" in said
    turned = chosen("leeds", "4 types turned")
    better = change(turned, turned.replace(" turned", ""))
    assert better[1] > 0 and f"stand still, by {with_interval(better)} at the chosen" in said
    true = f"baseline; 4 types turned by the truth, {stiffest}"
    assert (
        f"gain up to {change(true)[0]:.1f} points, and wrists {groups(true)['wrist'][0]:.1f}"
        in said
    )
    for kind in ("one spring", "4 types"):
        still, other = (f"baseline; {kind}{turn}, {stiffest}" for turn in ("", " turned"))
        assert change(still)[0] < change(other)[0]
    for row, of in (
        (mixture, "the chosen mixture"),
        (chosen("leeds", "one spring"), "soft single springs"),
    ):
        gains = [f"{seen[row][0] - seen['baseline'][0]:+.1f}" for seen in by_seed("leeds")]
        assert re.search(rf"{listed(gains)}( points at 0.2)? from {of}", said)


def listed(names):
    """Names as a sentence has them, for a pattern."""
    return re.escape(f"{', '.join(names[:-1])} and {names[-1]}")


def test_tables_2_and_3_show_what_is_stored():
    found = records.stored("jhmdb_motion")
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    for table, names in (("table2", ("@0.2", "@0.1")), ("table3", ("",))):
        for row in ("baseline", "S-infer", "ST-infer", "longer", "longer, ST untrained"):
            for name in names:
                rate = found[table]["rows"][f"{row} {name}".strip()]["mean"]
                assert any(r.startswith(f"| {row} |") and f" {rate:.1f}" in r for r in rows)
    for second, third in zip(
        found["table2"]["differences"], found["table3"]["differences"], strict=True
    ):
        cells = [report.points(d) for d in (second["@0.2"], second["@0.1"], third["@0.2"])]
        assert f"| {second['row']} - {second['other']} | {' | '.join(cells)} |" in rows
        # What the page says of the steps.
        assert all(low > 0 for _, low, _ in (second["@0.2"], second["@0.1"], third["@0.2"]))
    shares = []
    for row, other in (("S-infer", "baseline"), ("ST-infer", "S-infer")):
        for table, at in (("table2", " @0.2"), ("table2", " @0.1"), ("table3", "")):
            ours, printed = found[table]["rows"], PAPER_TABLES[f"A {table[-1]}"]["Mean"]
            step = ours[row + at]["mean"] - ours[other + at]["mean"]
            shares.append(step / (printed[row + at] - printed[other + at]))
    assert 0.2 < min(shares) < 0.3 and 0.6 < max(shares) < 0.7
    assert "a quarter to two thirds of its size" in " ".join(PAGE.split())


def test_table_2_of_paper_b_shows_what_is_stored():
    found = records.stored("tableII_motion")["estimators"]["ConvNet"]["rows"]
    section = PAGE.partition("Table II, on real motion")[2].partition("## ")[0]
    number = r" ([\d.]+) \|"
    shown = re.findall(rf"^\| (\w[^|]*?) \|{number}{number}{number}", section, re.MULTILINE)
    assert len(shown) == 7
    for name, *rates in shown:
        assert rates == [f"{found[name][key]:.1f}" for key in ("mean", "@0.1", "@0.05")]
    said = " ".join(section.split())
    changes = {name: f"{row['change']['points']:+.1f}" for name, row in found.items()}
    assert f"attention changes a clip by {changes['attention']} points" in said
    assert f"by {changes['attention, not trained further']} if it stays" in said
    assert f"median changes it by {changes['median, 5 frames']}" in said
    assert f"frame gains {changes['MLP, frame by frame']}" in said
    best = max(v["@0.05"] for k, v in found.items() if k.startswith("median"))
    assert all(found[k]["@0.05"] < best for k in ("attention", "bi-LSTM", "MLP, frame by frame"))


def test_what_the_page_says_of_other_conditions_shows():
    said, two = " ".join(PAGE.split()), "baseline; time over two frames"

    def change(label, row=two, other="baseline"):
        return parts("conditions")[f"{label}, seeds [0, 1, 2]: {row}"][f"minus {other}"]

    poor = parts("body")[f"seeds [0, 1, 2]: {two}"]["minus baseline"]
    usual, hidden = change("usual camera"), change("hidden joints")
    assert all(low > 0 for _, low, _ in usual + hidden)
    shares = [ours[0] / theirs[0] for ours, theirs in zip(usual, poor, strict=True)]
    assert 0.5 <= min(shares) and max(shares) < 0.65
    assert f"{with_interval(usual[0])} at 0.2 and {with_interval(usual[2])} at 0.05" in said
    estimated = change("usual camera", f"{two} and DIS flow")
    assert estimated[1][1] < 0 < estimated[1][2] and estimated[2][2] < 0
    control = "longer; time over two frames"
    alone = change("usual camera", "time over two frames, joint", control)[2]
    springs = change("usual camera", "S-infer")[2]
    assert alone[2] < 0 and f"comes to {with_interval(alone)} at 0.05" in said
    assert f"trained jointly, lose {-springs[0]:.1f} points there" in said
    more = [ours[0] > theirs[0] for ours, theirs in zip(hidden, poor, strict=True)]
    assert more == [True, True, False]
    assert (
        f"{with_interval(hidden[0])} over two frames, and at 0.1 {with_interval(hidden[1])}" in said
    )
    space = change("hidden joints", "baseline; space, stiffness 0.01")[0]
    assert space[1] > 0 and f"{with_interval(space)} at 0.2: where nothing" in said
    stored = json.loads((RESULTS / "conditions.json").read_text(encoding="utf-8"))
    for count in stored["about"]["joints"].values():
        assert f"{count:,} joints" in said


def test_what_the_page_says_of_upper_bodies_shows():
    said = " ".join(PAGE.split())
    stored = json.loads((RESULTS / "upper_bodies.json").read_text(encoding="utf-8"))
    about, plan = stored["about"], stored["about"]["plans"]["pretrain"]
    assert f"each of {about['videos']} videos" in said
    assert f"{about['pictures']['test']:,} pictures with {about['joints']:,} joints" in said
    assert f"about {about['pictures']['train']:,} frames of two thirds" in said
    assert f"{plan['steps']:,} steps of {plan['batch']} pictures" in said
    assert f"turned by up to {about['angle']:.0f} degrees, and everything else" in said

    def change(row, other="baseline", limit=0):
        return of_pictures("upper_bodies", row)[f"minus {other}"][limit]

    one, mixture = chosen("upper_bodies", "one spring"), chosen_mixture("upper_bodies")
    types, _, stiffness = mixture.removeprefix("baseline; ").partition(", stiffness ")
    assert change(one)[1] > 0 and change(mixture)[1] > 0
    assert f"spring a limb is {with_interval(change(one))} above the ConvNet at 0.2" in said
    many = f"{SPRINGS[types]} at stiffness {stiffness}, which other pictures chose"
    assert f"{many}, {with_interval(change(mixture))}" in said
    assert f"{100 * change(mixture)[0] / 4.4:.0f} % of the paper's 4.4" in said
    assert change(mixture)[1] > change("longer")[0]
    assert f"as many more steps ({with_interval(change('longer'))})" in said
    stiff = change("baseline; 12 types, stiffness 0.03", "baseline; one spring, stiffness 0.03")
    assert stiff[1] > 0 and f"twelve types are {with_interval(stiff)} above single" in said
    joint, fair = change("S-infer"), change("S-infer", "longer")
    assert joint[1] < 0 < joint[2] and fair[1] < 0 < fair[2]
    assert f"S-infer is {with_interval(joint)} above the ConvNet at 0.2" in said
    fine = change("S-infer", "longer", 2)
    assert fine[2] < 0 and f"at 0.05 it comes to {with_interval(fine)}" in said
    groups = of_pictures("upper_bodies", mixture)["groups minus baseline"][0]
    assert min(groups["elbow"][0], groups["shoulder"][0]) > groups["wrist"][0]
    told = "baseline; 4 types told, stiffness 0.03"
    wrists = of_pictures("upper_bodies", told)["groups minus baseline"][0]["wrist"]
    found = [groups["elbow"], groups["shoulder"], groups["wrist"], wrists, change(told)]
    gains = [with_interval(one) for one in found]
    assert f"Elbows gain {gains[0]} and shoulders {gains[1]} from the chosen types" in said
    assert f"wrists {gains[2]}, where the paper" in said
    assert f"wrists gain {gains[3]} and all joints {gains[4]}" in said
