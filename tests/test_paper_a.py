"""Tables from runs of a few steps: all rows, their controls and claims; nothing is done twice."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import short_runs
import torch
import trees

from experiments import records
from experiments.__main__ import PAPER_A, main
from experiments.claims import FAILS, HOLDS, NOT_MEASURED, UNDECIDED, judge, judge_again
from experiments.comparison import SHARES, Compared, at_pixels, at_share
from experiments.paper_a import claims, figures, reproduce, tables
from experiments.paper_a import runs as results
from experiments.paper_a.claims import CLAIMS
from experiments.paper_a.runs import FOLDERS, Runs, altered, runs_in, started
from experiments.paper_a.tables import jhmdb_table, printable, table1
from renderer import render
from tslib import metrics
from tslib.errors import InputError
from tslib.part_flow import PARTS, PartFlow
from tslib.skeletons import SKELETONS
from tslib.slices import View
from tslib.training.data import load_data
from tslib.training.models import load_model

PENN = SKELETONS["penn13"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reproduce")
    render(folder / "clips", 10, 0, (48, 48), 7)
    torch.set_num_threads(1)
    config = replace(
        short_runs.config(2), joint=replace(short_runs.CONFIG.joint, steps=2, frames=3)
    )
    return Runs(config, load_data(folder / "clips", config), folder / "runs")


@pytest.fixture(scope="module")
def result(runs):
    return table1(runs, [0, 1])


def test_table_1_has_every_row_of_the_paper_and_the_controls(runs, result):
    assert set(result["rows"]) == set(FOLDERS) and len(FOLDERS) == 10
    assert result["seeds"] == [0, 1] and result["clips"]["test"] == len(runs.data.test)
    for row in result["rows"].values():
        assert len(row["groups"]) == 7 and len(row["by seed"]) == 2
        low, high = row["interval"]
        assert (
            0 <= low <= row["means"]["micro"] + 1e-9 and row["means"]["micro"] <= high + 1e-9 <= 101
        )
        assert np.mean(row["by seed"]) == pytest.approx(
            row["means"]["micro"]
        )  # the same joints for each seed
    assert result["paper"]["ST-infer"] == [98.0, 97.3, 95.1, 94.7, 97.1, 97.1, 96.9, 96.5]
    kinds = {name: list(values) for name, values in result["sweeps"].items()}
    assert kinds == {
        "iterations": [*range(7)],
        "normalization": ["degree", "mean", "none"],
        "frames": [1, 3, 5, 7],
        "flow": ["exact", "dis", "none"],
        "start": ["data", "zero"],
        "mirror edges": ["with", "without"],
        "warp": ["each round", "once"],
    }
    for row, same in (("ST-infer", ("flow", "exact")), ("ST untrained", ("start", "data"))):
        assert result["sweeps"][same[0]][same[1]] == result["rows"][row]["mean"]
    two = next(
        d for d in result["differences"] if (d["row"], d["other"]) == ("ST-infer(2)", "ST-infer")
    )
    rates = [result["rows"][row]["@0.1"] for row in ("ST-infer(2)", "ST-infer")]
    assert two["@0.1"][0] == pytest.approx(rates[0] - rates[1]) and len(result["differences"]) == 5
    assert "seconds" not in json.dumps(result)
    json.dumps(result)


def test_rows_are_what_they_say(runs):
    """A joint model's ConvNet is its own; no iterations are the ConvNet alone; a frozen one is the
    base.
    """
    joint, taken = runs.poses("ST-infer", 0), runs.poses("ST-infer(∗)", 0)
    none = runs.poses("ST-infer", 0, label="iterations 0", change=altered(iterations=0))
    assert all(np.allclose(a, b, atol=1e-3) for a, b in zip(taken, none, strict=True))
    assert any(not np.allclose(a, b, atol=1e-3) for a, b in zip(taken, joint, strict=True))
    frozen, base = runs.model("ST-infer(⋆)", 0).convnet, runs.model("baseline", 0).convnet
    other = runs.model("ST-infer", 0).convnet
    assert all(
        torch.equal(a, b) for a, b in zip(frozen.parameters(), base.parameters(), strict=True)
    )
    assert any(
        not torch.equal(a, b) for a, b in zip(other.parameters(), base.parameters(), strict=True)
    )


def test_each_trained_row_leaves_its_model(runs, result):
    for row in ("baseline", "S-infer", "ST-infer(⋆)", "ST-infer(2)", "longer"):
        model, config, notes = load_model(runs.folder / "seed1" / f"{FOLDERS[row]}.safetensors")
        assert config == runs.config and notes["seed"] == 1
        other = runs.model(row, 1)
        assert all(
            torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True)
        )
    assert not list(runs.folder.glob("*/ST-convnet.safetensors"))  # it lies in ST-infer's


def test_nothing_is_computed_twice(runs, result, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("this was computed before")

    monkeypatch.setattr(results, "predict_clips", refuse)
    assert table1(runs, [0, 1]) == result


def test_what_is_left_out_of_messages_is_gone_and_springs_keep_what_they_know(runs):
    """What is left out is left out, and springs keep what they know."""
    old = runs.model("ST-infer", 0).inference
    bare = altered(mirror=False)(runs.model("ST-infer", 0)).inference
    gone = set(old.graph.springs) - set(bare.graph.springs)
    assert gone == {f"{PENN.joints[a]}-{PENN.joints[b]}" for a, b in PENN.mirror_pairs}
    for name, rest in zip(bare.graph.springs, bare.rest, strict=True):
        assert torch.equal(rest, old.rest[old.graph.springs.index(name)])
    assert (
        altered(warp_once=True)(runs.model("ST-infer", 0)).inference.warp_once and not old.warp_once
    )
    zero, data = (
        started(runs, start)(runs.model("baseline", 0)).inference for start in ("zero", "data")
    )
    assert not zero.rest.any() and data.rest.any()
    assert torch.equal(data.rest, runs.model("ST untrained", 0).inference.rest)


def test_a_cameras_speed_is_in_cells_of_the_slices(runs):
    """(3, 4) px a frame in a cut-out of another scale; a turn about the middle is no motion."""
    clip, view = runs.data.test[0], View(48, 4)
    clip = replace(clip, box=np.full_like(clip.box, 0) + np.float32([5, 5, 20, 30]))
    maps = np.zeros((len(clip), PARTS, 2, 3), np.float32)
    maps[..., 0, 0] = maps[..., 1, 1] = 1
    maps[:, 0, :, 2] = 3, 4
    flow = PartFlow(np.zeros((len(clip), 48, 40), np.uint8), maps, maps)
    assert tables.cells_a_frame(clip, flow, view) == pytest.approx(5 * 0.7 * 48 / 30 / 4)
    maps[:, 0] = [[0, -1, 19.5 + 23.5], [1, 0, 23.5 - 19.5]]
    assert tables.cells_a_frame(clip, flow, view) == pytest.approx(0, abs=1e-5)


def test_clips_of_fast_and_calm_cameras_are_counted_apart(runs, result, monkeypatch):
    assert result["camera"]["fast"] == {"clips": 0} and result["camera"]["calm"]["clips"] == 2
    monkeypatch.setattr(tables, "FAST", 0.5)  # of the two test clips one stands still
    monkeypatch.setattr(tables, "CALM", 0.5)
    found = tables.camera(runs, [0])
    assert [part["clips"] for part in found.values()] == [1, 1]
    for n, part in enumerate(("calm", "fast")):
        clip, rates = runs.data.test[n], found[part]["flow"]
        exact = runs.tallies("ST-infer", 0)[n, at_share(0.1)]
        assert rates["exact"]["@0.1"] == pytest.approx(100 * metrics.means(exact, PENN)["micro"]), (
            clip.name
        )
        difference = rates["exact"]["@0.1"] - rates["none"]["@0.1"]
        assert found[part]["difference"]["@0.1"] == pytest.approx(
            [difference] * 3
        )  # one clip, one draw
    assert tables.camera(Runs(replace(runs.config, flow="dis"), runs.data, runs.folder), [0]) == {}


def test_tables_2_and_3_are_made_of_the_same_runs(runs):
    """The same runs, the mean over joints, the paper's rows below ours."""
    second, third = (jhmdb_table(name, [runs], [0, 1]) for name in ("table2", "table3"))
    assert list(second["rows"]) == [
        f"{row} @{alpha}"
        for alpha in (0.2, 0.1)
        for row in ("baseline", "S-infer", "ST-infer", "longer", "longer, ST untrained")
    ]
    assert not [name for name in second["paper"] if "longer" in name]
    assert second["paper"]["S-infer @0.1"][-1] == 60.2 and third["paper"]["ST-infer"][-1] == 92.1
    assert second["rows"]["ST-infer @0.2"] == third["rows"]["ST-infer"]
    counted = runs.tallies("S-infer", 1)[:, at_share(0.1)].sum(0)
    expected = 100 * metrics.means(counted, PENN)["joint-macro"]
    assert second["rows"]["S-infer @0.1"]["by seed"][1] == pytest.approx(expected)
    text = printable(third, PENN)
    assert text.count("*the paper's, on sub-JHMDB*") == 3 and "jitter" not in text


def split_of(names, rate, seed=0):
    """A stand-in for Runs: test clips of those names, in each of which that share is hit."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(50, 150, (len(names), 1, 13)).repeat(len(SHARES), 1)
    tally = np.stack([rng.binomial(counts, rate), counts], 2)
    data = SimpleNamespace(train=[], test=[SimpleNamespace(name=name) for name in names])
    return SimpleNamespace(config=short_runs.CONFIG, data=data, tallies=lambda row, seed: tally)


def test_splits_are_averaged_as_the_papers_do():
    splits = [split_of("abcd", 0.5), split_of("cdefgh", 0.9, 1), split_of("ai", 0.7, 2)]
    found = jhmdb_table("table3", splits, [0])["rows"]["S-infer"]
    counts = [runs.tallies("S-infer", 0)[:, at_share(0.2)].sum(0) for runs in splits]
    line = metrics.table({"ours": counts}, PENN).loc["ours"]
    np.testing.assert_allclose(found["groups"], line.iloc[:7], atol=0.05)
    assert found["mean"] == pytest.approx(line["joint-macro"], abs=0.05)
    low, high = found["interval"]
    assert low < found["mean"] < high and high - low < 20


def test_each_split_of_jhmdb_has_runs_of_its_own(tmp_path):
    """Names with a slash and signs; a folder for each split; a table from runs of one step."""
    lines = [f"clip ({n}).avi" for n in range(3)]
    for line in lines:
        trees.write_jhmdb(tmp_path / "data", clip=line.removesuffix(".avi"))
    for n in (1, 2, 3):
        kinds = [f"{line} {2 if n - 1 == i else 1}" for i, line in enumerate(lines)]
        trees.write_split(tmp_path / "data", kinds, split=n, sub=True)
    config = replace(short_runs.config(1, batch=1), skeleton="jhmdb15", flow="none")
    splits = runs_in(tmp_path / "data", config, tmp_path / "out", (1, 2, 3), sub=True)
    assert [runs.folder.name for runs in splits] == ["sub-split1", "sub-split2", "sub-split3"]
    assert [[c.name for c in runs.data.test] for runs in splits] == [
        [f"brush_hair/clip ({n})"] for n in range(3)
    ]
    found = jhmdb_table("table3", splits, [0])
    assert (
        found["clips"] == [{"train": 1, "test": 1}] * 3
        and len(found["rows"]["ST-infer"]["groups"]) == 7
    )
    assert jhmdb_table("table3", splits, [0]) == found  # read, not computed


def test_folders_that_cannot_be_used_are_refused(tmp_path, runs):
    root = trees.write_jhmdb(tmp_path / "data", clip="a")
    config = replace(short_runs.CONFIG, skeleton="jhmdb15", flow="none")

    def refused(said, config=config, **options):
        with pytest.raises(InputError, match=said) as error:
            runs_in(root, config, tmp_path / "out", **options)
        assert str(error.value).count(". ") == 0

    trees.write_split(root, ["a.avi 1"], action="brush_hair")
    trees.write_split(root, ["a.avi 2"], action="brush_hair", split=2)
    refused("split 1 of .*data holds no test clip")
    refused("split 2 of .*data holds no training clip", splits=(2,))
    refused("holds no splits", splits=(3,))
    refused("sub_splits", sub=True)
    refused(
        'joints of jhmdb15, not of penn13; write skeleton = "jhmdb15"',
        replace(config, skeleton="penn13"),
    )
    refused("no exact flow", replace(config, flow="exact"))
    other = Runs(runs.config, replace(runs.data, test=runs.data.train[:1]), runs.folder)
    with pytest.raises(InputError, match="other clips, so give another file or folder"):
        other.poses("baseline", 0)


def test_each_table_and_figure_is_written_from_runs_that_are_there(
    runs, result, monkeypatch, capsys
):
    monkeypatch.setattr(reproduce, "read_config", lambda path: runs.config)
    monkeypatch.setattr(results, "predict_clips", None)  # nothing is computed
    for what in PAPER_A:
        given = [
            "--config",
            "a.toml",
            "--data",
            str(runs.folder.parent / "clips"),
            "--seeds",
            "0",
            "1",
        ]
        assert main(["paper_a", what, *given, "--output", str(runs.folder), "--device", "cpu"]) == 0
        assert (runs.folder / f"{what}.md").read_text(encoding="utf-8") == capsys.readouterr().out
    assert (
        json.loads((runs.folder / "table1.json").read_text(encoding="utf-8"))["rows"]
        == result["rows"]
    )
    assert (runs.folder / "figure4.png").read_bytes().startswith(b"\x89PNG")
    assert not list(runs.folder.glob(".*"))


def test_curves_are_numbers(runs, result):
    """Figure 3: 21 thresholds, the report groups and the means, in two files that say the same."""
    found, files = figures.figure3(runs, [0, 1])
    assert found["thresholds"] == [n / 100 for n in range(21)] and set(files) == {"figure3.csv"}
    for row, curves in found["rows"].items():
        groups = [values[-1] for values in curves.values()][:7]
        assert groups == pytest.approx(result["rows"][row]["groups"])
        assert curves["micro"][10] == pytest.approx(result["rows"][row]["@0.1"])
        assert all(np.diff(values).min() >= 0 for values in curves.values())
    (runs.folder / "read.csv").write_bytes(files["figure3.csv"])
    table = pd.read_csv(runs.folder / "read.csv", index_col=["row", "threshold"])
    for row, curves in found["rows"].items():
        np.testing.assert_allclose(table.loc[row], pd.DataFrame(curves), atol=1e-4)


def test_a_page_has_every_row_sweep_and_claim(result):
    text = printable(result, PENN)
    assert "| ST-infer - ST-infer(⋆) |" in text
    assert "| fast, 0 clips |" in text and "| calm, 2 clips @0.1 |" in text
    assert "ST untrained, start: data: " in text and "ST-infer, warp: each round: " in text
    head, *lines = text.split("\n\n")[0].splitlines()
    assert {line.count("|") for line in lines} == {head.count("|")}
    for row in FOLDERS:
        assert f"| {row} |" in text
    assert text.count("*the paper's") == 6
    for n in range(1, 16):
        assert f"| A-C{n} |" in text


def made_up(rates, seeds=(0, 1), clips=40):
    """Tallies {row: {seed: (N, A, 2, K)}} in which a row hits that share of joints, or of each
    joint (13,), at every threshold.
    """
    results = {}
    for row, rate in rates.items():
        results[row] = {}
        for seed in seeds:
            tally = np.full((clips, len(SHARES), 2, 13), 1000)
            noise = np.random.default_rng(seed).normal(0, 5, (clips, 1, 13))
            tally[:, :, 0] = (10 * np.asarray(rate) + noise).round()
            results[row][seed] = tally
    return results


GOOD = {
    "baseline": 80,
    "longer": 80.5,
    "S-infer": 84,
    "ST-infer": 88,
    "ST-infer(⋆)": 86,
    "ST-infer(∗)": 79,
    "ST-infer(2)": 88,
    "longer, ST untrained": 87,
    "iterations 3": 88,
    "iterations 4": 88,
    "iterations 5": 88.2,
    "iterations 6": 88.2,
}


def verdicts(rates):
    return {one.name: one.verdict for one in judge(CLAIMS, Compared(made_up(rates), PENN))}


def of_groups(**points):
    """Rates of the 13 joints, 80 and so many points more in a group."""
    rate = np.full(13, 80.0)
    for group, more in points.items():
        rate[list(PENN.groups[group])] += more
    return rate


def test_verdicts_on_claims_follow_the_numbers():
    compared = Compared(made_up(GOOD), PENN)
    assert compared.rate("ST-infer") == pytest.approx(88, abs=0.3)
    points, low, high = compared.difference("ST-infer", "S-infer")
    assert points == pytest.approx(4, abs=0.3) and 3.5 < low < points < high < 4.5
    found = verdicts(GOOD)
    assert [found[f"A-C{n}"] for n in (1, 2, 4, 8, 9, 11)] == [HOLDS] * 6
    assert found["A-C5"] == FAILS  # worse than before joint training
    assert {found[f"A-C{n}"] for n in (3, 10, 15)} == {NOT_MEASURED}
    worse = verdicts(GOOD | {"ST-infer": 83, "ST-infer(2)": 88})
    assert [worse[f"A-C{n}"] for n in (2, 4, 8, 9)] == [FAILS] * 4
    explained = verdicts(GOOD | {"longer, ST untrained": 89, "longer": 84})
    # by more training
    assert [explained[f"A-C{n}"] for n in (1, 2, 4)] == [FAILS, HOLDS, FAILS]
    slow = verdicts(GOOD | {"iterations 6": 90, "ST-infer(∗)": 81})
    assert [slow[f"A-C{n}"] for n in (5, 11)] == [HOLDS, FAILS]
    only = verdicts({"baseline": 80, "S-infer": 84})
    assert {only[f"A-C{n}"] for n in (2, 11)} == {NOT_MEASURED}
    for alpha in (0.2, 0.1, 0.05):
        assert SHARES[at_share(alpha)] == alpha
    assert at_pixels(20) == 20


def test_verdicts_on_groups_of_joints_follow_the_numbers():
    """Wrists and elbows over the others; shoulders that lose in space and win it back over time."""
    space = of_groups(shoulder=-3)
    found = verdicts({"baseline": 80, "S-infer": space, "ST-infer": of_groups(wrist=4, elbow=5)})
    assert found["A-C6"] == HOLDS and found["A-C7"] == HOLDS
    knees = verdicts({"baseline": 80, "S-infer": 80, "ST-infer": of_groups(wrist=4, knee=5)})
    assert knees["A-C6"] == FAILS and knees["A-C7"] == FAILS


def test_a_difference_that_may_be_nothing_is_undecided():
    """Twenty clips gain and twenty lose as much."""
    results = made_up({"baseline": 80, "S-infer": 80, "longer": 79})
    for n in range(40):
        results["S-infer"][0][n, :, 0] += 40 if n % 2 else -38
    (first, *_) = judge(CLAIMS, Compared(results, PENN))
    assert first.verdict == UNDECIDED and first.evidence.startswith("S-infer - baseline +0.")


def test_a_message_is_linear_if_its_time_is(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "RESULTS", tmp_path)
    with pytest.raises(claims.NotMeasured, match="speed messages --write"):
        claims.growth(None)
    (linear,) = [claim for claim in CLAIMS if claim.name == "A-C13"]
    for power, verdict in ((1, HOLDS), (1.5, FAILS)):
        spent = {str(n): n ** (2 * power) for n in (12, 24, 46, 92)}
        growth = {"growth": {"side of a map, cells": spent}}
        (tmp_path / "messages.json").write_text(json.dumps(growth), encoding="utf-8")
        evidence = claims.growth(None)
        assert evidence.values["all"].points == pytest.approx(power - 1)
        assert linear.test(evidence.values) == verdict
    spent["92"] *= 30
    (tmp_path / "messages.json").write_text(json.dumps(growth), encoding="utf-8")
    assert linear.test(claims.growth(None).values) == UNDECIDED


def test_normalization_stabilises_if_training_loses_only_without_it(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "RESULTS", tmp_path)
    (one,) = [claim for claim in CLAIMS if claim.name == "A-C12"]
    (found,) = judge([one], None)
    assert found.verdict == NOT_MEASURED and "paper_a readings" in found.evidence
    kept, lost, open_ = [1.0, 0.5, 1.5], [-7.0, -8.0, -6.0], [-0.5, -2.0, 1.0]
    for degree, none, verdict in (
        ([kept, kept], [lost, lost], HOLDS),
        ([kept, lost], [lost, lost], FAILS),
        ([kept, kept], [lost, kept], FAILS),
        ([kept, kept], [lost, open_], UNDECIDED),
    ):
        parts = {
            f"ours, summed, matched, {name}, seed {seed}": {"after - before": [change, lost, lost]}
            for name, changes in (("degree", degree), ("none", none))
            for seed, change in enumerate(changes)
        }
        (tmp_path / "readings.json").write_text(json.dumps({"parts": parts}), encoding="utf-8")
        (found,) = judge([one], None)
        assert found.verdict == verdict and "messages none: seed 0 -7.0" in found.evidence


def test_loopy_graphs_are_held_against_the_definition(monkeypatch):
    (loopy,) = [claim for claim in CLAIMS if claim.name == "A-C14"]
    assert loopy.test(claims.loopy_graphs(None).values) == HOLDS
    monkeypatch.setattr(claims, "by_definition", lambda layer, unary: unary)
    assert loopy.test(claims.loopy_graphs(None, 1).values) == FAILS


def test_stored_claims_are_judged_again_by_their_numbers(result, tmp_path, capsys):
    """The same verdicts, other ones once a number is another, and none without an interval."""
    stored = json.loads(json.dumps(result["claims"]))
    assert [c["name"] for c in stored] == [f"A-C{n}" for n in range(1, 16)]
    file = tmp_path / "table1.json"
    file.write_text(json.dumps({"claims": stored}), encoding="utf-8")
    assert main(["claims", str(file)]) == 0
    assert json.loads(file.read_text(encoding="utf-8"))["claims"] == stored
    assert "| table1.json | A-C2 |" in capsys.readouterr().out
    seen = []
    for interval in ([2, 1, 3], [-2, -3, -1], [2, -1, 5], [2, None, None]):
        for part in stored[1]["numbers"]:
            part["values"]["all"] = interval
        seen.append(judge_again(CLAIMS, stored)[1]["verdict"])
    assert seen == [HOLDS, FAILS, UNDECIDED, UNDECIDED]


NO_TABLES = ["[]", "{", '{"claims": 1}', '{"claims": ["A-C1"]}', '{"claims": [{"name": "A-C1"}]}']
NO_TABLES += ['{"claims": [{"name": "A-C2", "verdict": "", "numbers": [[]]}]}', "[" * 20_000]
NO_TABLES += ['{"claims": [{"name": "A-C2", "verdict": 1, "evidence": ""}]}']
NO_TABLES += [
    '{"claims": [{"name": "A-C2", "verdict": "", "numbers": [{"of": "a", "unit": "b", "values": '
    '{"all": [1' + 400 * "0" + ", 1, 2]}}]}]}"
]


@pytest.mark.parametrize("text", NO_TABLES)
def test_what_holds_no_claims_is_refused_and_stays(tmp_path, capsys, text):
    file = tmp_path / "table1.json"
    file.write_text(text, encoding="utf-8")
    assert main(["claims", str(file)]) == 2
    assert "table1.json is no table with claims" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == text


def test_no_table_is_judged_again_where_another_cannot_be(tmp_path, capsys):
    file = tmp_path / "table1.json"
    stored = (records.RESULTS / "table1.json").read_text(encoding="utf-8").replace(HOLDS, FAILS)
    file.write_text(stored, encoding="utf-8")
    assert main(["claims", str(file), str(tmp_path / "none")]) == 2
    assert "there is no file" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == stored


def test_a_table_that_is_not_there_or_a_folder_is_named_as_that(tmp_path, capsys):
    for file, said in ((tmp_path / "none.json", "there is no file"), (tmp_path, "is no ordinary")):
        assert main(["claims", str(file)]) == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("folder", "skeleton", "flow", "said"),
    [
        ("jhmdb", "penn13", "dis", "have joints of jhmdb15, not of penn13"),
        ("jhmdb", "jhmdb15", "dis", "holds no training clip|holds no test clip"),
        ("jhmdb", "jhmdb15", "exact", "has no exact flow"),
        ("penn_action", "penn13", "dis", "has no frames, only labels"),
    ],
)
def test_real_data_without_frames_is_refused(real_data, tmp_path, folder, skeleton, flow, said):
    config = replace(short_runs.CONFIG, skeleton=skeleton, flow=flow)
    with pytest.raises(InputError, match=said) as error:
        runs = runs_in(real_data / folder, config, tmp_path)
        table1(runs[0], [0])
    assert "\n" not in str(error.value)
