"""Paper B's tables from tracks made on the spot: every row, the claims, and the alarm; computed
once.
"""

import contextlib
import json
import shutil
from dataclasses import replace

import motion
import numpy as np
import pandas as pd
import pytest
import short_runs
import trees

from experiments import estimates as folds
from experiments.__main__ import main
from experiments.claims import FAILS, HOLDS, NOT_MEASURED, UNDECIDED, judge
from experiments.clips import clips_in, still_box, with_skeleton
from experiments.comparison import Compared, Interval, at_pixels
from experiments.measures import jitter
from experiments.mixture_of_parts import MixtureOfParts, Settings, load_parts
from experiments.paper_b import tables
from experiments.paper_b.claims import CLAIMS, Known
from experiments.paper_b.controls import Offset
from experiments.paper_b.runs import (
    ATTENTION,
    FILTERS,
    INPUT,
    LENGTH,
    METHODS,
    NETWORKS,
    Corrections,
)
from experiments.paper_b.tables import BEFORE, change, figure4, printable, reproduce, table
from experiments.poses import read_estimates
from renderer import render
from tslib.clip import Clip
from tslib.correction import Corrector, CorrectorPlan
from tslib.errors import InputError
from tslib.metrics import means
from tslib.skeletons import SKELETONS
from tslib.training import evaluate, stages
from tslib.training.models import save_model

pytestmark = pytest.mark.usefixtures("one_thread")
YOUTUBE = SKELETONS["youtube7"]
BRIEF = CorrectorPlan(steps=2, batch=8)
SEEDS = [0, 1]


def clips(n, seed, split, T=20, boxed=False):
    """Clips of motion.py and their estimates by name; a third of the last joint's labels is
    missing.
    """
    estimates, truths = motion.tracks(n, seed, T)
    made = []
    for k, truth in enumerate(truths):
        visible = np.ones(truth.shape[:2], bool)
        visible[::3, -1] = False
        box = np.full((T, 4), np.nan, np.float32)
        if boxed:
            box[:] = [*truth.min((0, 1)), *np.ptp(truth, (0, 1))]
        made.append(
            Clip(f"{split}{k}", truth.astype(np.float32), visible, box, YOUTUBE, split=split)
        )
    return made, {clip.name: pose for clip, pose in zip(made, estimates, strict=True)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    train, learnt = clips(6, 0, "train", boxed=True)
    test, tested = clips(4, 1, "test", boxed=True)
    good = learnt | tested
    size = {clip.name: clip.size_of_person[0] for clip in train + test}
    rng = np.random.default_rng(0)
    bad = {name: pose + rng.normal(0, 0.1 * size[name], pose.shape) for name, pose in good.items()}
    return Corrections(
        train, test, {"good": good, "bad": bad}, tmp_path_factory.mktemp("runs"), plan=BRIEF
    )


@pytest.fixture(scope="module")
def result(runs):
    return table("tableI", runs, SEEDS)


def test_table_i_has_every_method_on_every_estimator(runs, result):
    assert len(METHODS) == 12 and set(NETWORKS) < set(METHODS)
    assert list(result["estimators"]) == ["good", "bad"] and result["clips"] == {
        "train": 6,
        "test": 4,
    }
    for name, part in result["estimators"].items():
        assert list(part["rows"]) == list(METHODS)
        for row in part["rows"].values():
            assert len(row["groups"]) == 4 and len(row["by seed"]) == 2 and row["jitter"] > 0
            assert row["interval"][0] <= row["mean"] <= row["interval"][1]
            assert np.mean(row["by seed"]) == pytest.approx(row["mean"])
            assert row["@0.1"] <= row["mean"] and row["@0.05"] <= row["@0.1"]
        same = part["rows"][INPUT]
        poses = [runs.estimates[name][clip.name] for clip in runs.test]
        counted = evaluate.tallies(poses, runs.test, (0.2, 0.1)).sum(0)
        by_hand = 100 * means(counted, YOUTUBE)["joint-macro"]
        np.testing.assert_allclose([same["mean"], same["@0.1"]], by_hand)
        assert same["jitter"] == pytest.approx(np.mean([jitter(p) for p in poses]))
        assert same["change"] == {"points": 0, "error": 0, "better": 0, "worse": 0, "gain": False}
        filtered = [part["rows"][row] for row in FILTERS]
        best = max(filtered, key=lambda row: row["mean"])
        assert part["rows"][part["over filter"]["filter"]] == best and best["change"]["gain"]
        assert max(row["jitter"] for row in filtered) < same["jitter"]
        points = part["over filter"]["difference"][0]
        assert points == pytest.approx(part["rows"][ATTENTION]["mean"] - best["mean"])
    good, bad = (part["rows"][INPUT]["mean"] for part in result["estimators"].values())
    assert good > bad + 2
    assert [(t["from"], t["to"]) for t in result["transfer"]] == [("good", "bad"), ("bad", "good")]
    assert list(result["sweeps"]["stride"]) == [1, 2, 5, LENGTH]
    assert list(result["sweeps"]["length"]) == [5, LENGTH, 20]
    assert result["jitter"] < 0.2 * best["jitter"] and result["ms"] > 0
    assert result["paper"]["SFN++"] == [84.9, 88.3, 71.0, 56.8, 73.9]
    json.dumps(result)


def test_a_method_learns_from_the_tracks_of_its_estimator(runs, result):
    """Rows differ between seeds, estimators and what they are applied to, and come from the kept
    networks.
    """
    one, other = (runs.poses(ATTENTION, name, 0)[0] for name in ("good", "bad"))
    on = runs.poses(ATTENTION, "good", 0, to="bad")[0]
    assert (
        np.abs(one - other).max() > 0.1
        and np.abs(on - other).max() > 0.1
        and np.abs(on - one).max() > 0.1
    )
    corrector = runs.fitted(ATTENTION, "good", 0)
    assert corrector.length == LENGTH
    name = runs.test[0].name
    np.testing.assert_allclose(corrector.correct(runs.estimates["bad"][name]), on, atol=1e-3)
    corrector.stride = 5
    kept = runs.poses(ATTENTION, "good", 0, stride=5)[0]
    np.testing.assert_allclose(corrector.correct(runs.estimates["good"][name]), kept, atol=1e-3)
    truths = [np.where(clip.visible[..., None], clip.joints, np.nan) for clip in runs.train]
    by_hand = Offset(YOUTUBE, "body").fit(
        [runs.estimates["bad"][clip.name] for clip in runs.train], truths
    )
    assert np.array_equal(runs.fitted("constant offset", "bad", 0).offset, by_hand.offset)


def test_nothing_is_computed_twice(runs, result, monkeypatch):
    monkeypatch.setattr(Corrector, "fit", None)
    again = table(
        "tableI", Corrections(runs.train, runs.test, runs.estimates, runs.folder, plan=BRIEF), SEEDS
    )
    assert again["estimators"] == result["estimators"] and again["sweeps"] == result["sweeps"]
    moved = {
        name: {n: p + (n == "test0") for n, p in t.items()} for name, t in runs.estimates.items()
    }
    for wrong in ({"estimates": moved}, {"plan": CorrectorPlan(steps=3)}, {"test": runs.test[1:]}):
        given = dict(train=runs.train, test=runs.test, estimates=runs.estimates, plan=BRIEF) | wrong
        with pytest.raises(
            InputError, match="other tracks, clips or settings; give another folder"
        ):
            Corrections(folder=runs.folder, **given)
    short = {"good": {name: pose[:, :6] for name, pose in runs.estimates["good"].items()}}
    with pytest.raises(InputError, match=r"good have shape \(20, 6, 2\) for clip 'train0'"):
        Corrections(runs.train, runs.test, short, runs.folder)
    with pytest.raises(InputError, match="cannot name a folder"):
        Corrections(runs.train, runs.test, {"a/b": runs.estimates["good"]}, runs.folder)


def test_a_page_has_every_method_and_claim(result):
    text = printable(result, YOUTUBE)
    for part in text.split("\n\n"):
        if part.startswith("|"):
            head, *lines = part.splitlines()
            assert {line.count("|") for line in lines} == {head.count("|")}
    for method in METHODS:
        assert text.count(f"| {method} |") == 2
    assert "| no gain |" in text and "| good, @0.2 |" in text and "| SFN++ | 84.9 | 88.3 |" in text
    assert all(f"| B-C{n} |" in text for n in range(1, 13))


def test_a_change_is_the_mean_over_clips_of_their_own():
    """Three clips of which one gains half of its joints, one a quarter, one nothing: 25 +- 14.4."""
    before = np.full((3, 51, 2, 7), 4)
    before[:, :, 0] = 2
    after = before.copy()
    after[0, :, 0], after[1, :, 0] = 4, 3
    compared = Compared(
        {"a": {0: after, 1: after}, INPUT: {0: before, 1: before}}, YOUTUBE, "joint-macro"
    )
    found = change(compared, "a", INPUT, 0.2)
    assert found == {
        "points": pytest.approx(25),
        "error": pytest.approx(25 / 3**0.5),
        "better": 2,
        "worse": 0,
        "gain": False,
    }
    after[1:, :, 0] = 4
    assert change(compared, "a", INPUT, 0.2) == {
        "points": 50,
        "error": 0,
        "better": 3,
        "worse": 0,
        "gain": True,
    }
    one = Compared({k: {0: t[0][:1]} for k, t in compared.results.items()}, YOUTUBE, "joint-macro")
    assert (
        change(one, "a", INPUT, 0.2)["error"] is None and not change(one, "a", INPUT, 0.2)["gain"]
    )


def made_up(**gains):
    """Compared of 30 clips: a 60 % input, and what attention adds to each group, in points."""
    rng = np.random.default_rng(0)
    before = np.full((30, 51, 2, 7), 1000)
    before[:, :, 0] = 600
    rows = {name: before.copy() for name in (INPUT, "One-Euro", ATTENTION)}
    for group, points in gains.items():
        for k in YOUTUBE.groups[group]:
            rows[ATTENTION][:, :, 0, k] += rng.normal(10 * points, 5, (30, 1)).round().astype(int)
    results = {name: {0: tallies} for name, tallies in rows.items()}
    return Compared(results, YOUTUBE, "joint-macro", at_pixels)


def verdicts(what, compared, ms=1.0, transfer=(), overlap=1.0, temporal=()):
    result = {"main": "@20 px", "ms": ms, "transfer": list(transfer), "temporal": temporal}
    known = Known(what, compared, 20, result, {"points": overlap, "error": 0.1}, 30)
    claims = judge(CLAIMS, known)
    assert [claim.name for claim in claims] == [f"B-C{n}" for n in range(1, 13)]
    return {int(claim.name[3:]): claim.verdict for claim in claims}


AS_PRINTED = dict(head=5.7, shoulder=5.9, wrist=-0.5, elbow=-0.1)


def lower(compared):
    """The same gains from a worse estimator."""
    for clip in compared.results.values():
        clip[0][:, :, 0] -= 200
    return compared


def moved(points):
    return [{"from": "a", "to": "b", "change": {"points": points, "error": 0.1}}]


def test_verdicts_on_claims_follow_the_numbers():
    as_printed = made_up(**AS_PRINTED)
    worse = lower(made_up(head=18, shoulder=3, elbow=1, wrist=-1))
    found = verdicts("tableI", {"a": as_printed, "b": worse}, transfer=moved(2.0))
    assert [found[n] for n in (1, 2, 3, 4, 5, 9, 10, 12)] == [HOLDS] * 8
    assert found[6] == found[7] == found[8] == NOT_MEASURED and found[11] == FAILS
    harmful = made_up(head=-1, shoulder=-1, wrist=-3, elbow=-1)
    both = {"a": harmful, "b": lower(made_up(head=-1, shoulder=-1, wrist=-3, elbow=-1))}
    found = verdicts("tableI", both, 1000, moved(-2.0), -1.0)
    assert [found[n] for n in (1, 2, 3, 4, 5, 9, 10, 12)] == [FAILS] * 8
    found = verdicts("tableI", {"a": as_printed})
    assert found[1] == found[5] == found[10] == NOT_MEASURED and found[2] == HOLDS
    found = verdicts("tableII", {"a": made_up(head=2, shoulder=1, elbow=1), "b": worse})
    assert [found[n] for n in (6, 7)] == [HOLDS] * 2
    assert [found[n] for n in (1, 2, 3, 4, 5)] == [NOT_MEASURED] * 5
    assert verdicts("tableI", {"a": as_printed}, overlap=0.1)[12] == UNDECIDED


def test_a_network_over_several_frames_cannot_stand_for_sfn():
    """The best estimator would make B-C3 hold; the best that sees one frame makes it fail."""
    single = lower(made_up(head=-5, shoulder=-5, wrist=5, elbow=5))
    both = {"ST": made_up(**AS_PRINTED), "ConvNet": single}
    assert verdicts("tableI", both)[3] == HOLDS
    found = verdicts("tableI", both, temporal=["ST"])
    assert found[3] == found[4] == FAILS and found[1] == NOT_MEASURED
    assert verdicts("tableI", both, temporal=["ST", "ConvNet"])[2] == NOT_MEASURED


def test_the_papers_own_quotient_is_computed():
    (quotient,) = [claim for claim in CLAIMS if claim.name == "B-C11"]
    assert quotient.test({"all": Interval(0.4, 0.4, 0.4)}) == HOLDS
    assert quotient.test({"all": Interval(1.5, 1.5, 1.5)}) == FAILS


def test_a_gain_too_good_to_be_true_stops_the_table(tmp_path, monkeypatch):
    """Estimates that a constant puts right: the table stops there, and what it found is written."""
    train, test = clips(3, 0, "train")[0], clips(3, 1, "test")[0]
    tracks = {clip.name: clip.joints + np.float32([25, 0]) for clip in train + test}
    file = tmp_path / "e.npz"
    np.savez(file, **tracks)
    monkeypatch.setattr(tables, "clips_in", lambda root: (train, test))
    with pytest.raises(InputError) as error:
        reproduce("tableI", "root", {"SFN": file}, tmp_path / "out", [0])
    said = str(error.value)
    assert said.startswith("constant offset gains ") and "the estimates of SFN" in said
    written = json.loads((tmp_path / "out" / "tableI.json").read_text(encoding="utf-8"))
    assert list(written["estimators"]["SFN"]["rows"]) == [INPUT, "constant offset"]
    assert written["stopped"] == said and said in (tmp_path / "out" / "tableI.md").read_text(
        encoding="utf-8"
    )
    assert written["main"] == "@20 px" and "@40 px" in written["estimators"]["SFN"]["rows"][INPUT]


def test_curves_are_numbers(runs, result):
    found, csv = figure4(runs, SEEDS)
    assert found["thresholds"] == [n / 100 for n in range(51)]
    assert list(found["rows"]) == ["good", "good, corrected", "bad", "bad, corrected"]
    for name, method in (("good", INPUT), ("good, corrected", ATTENTION)):
        groups = [curve[20] for curve in found["rows"][name].values()][:4]
        assert groups == pytest.approx(result["estimators"]["good"]["rows"][method]["groups"])
    (runs.folder / "read.csv").write_bytes(csv)
    read = pd.read_csv(runs.folder / "read.csv", index_col=["row", "threshold"])
    for name, curves in found["rows"].items():
        np.testing.assert_allclose(read.loc[name], pd.DataFrame(curves), atol=1e-4)


@pytest.fixture(scope="module")
def cvit(tmp_path_factory):
    """Five sequences of 14 joints, without frames, and estimates of the seven joints."""
    root = tmp_path_factory.mktemp("cvit")
    for n in range(5):
        trees.write_cvit(root / str(n), T=12, frames=False)
        shutil.move(root / str(n) / "bowling", root / "data" / f"s{n}")
    learn, test = clips_in(root / "data")
    assert [[clip.name for clip in part] for part in (learn, test)] == [
        ["s0", "s2", "s4"],
        ["s1", "s3"],
    ]
    rng, tracks = np.random.default_rng(0), {}
    for clip in learn + test:
        small = with_skeleton(clip, YOUTUBE)
        for k, name in enumerate(YOUTUBE.joints):
            there = clip.skeleton.joints.index(name)
            np.testing.assert_array_equal(small.joints[:, k], clip.joints[:, there])
        tracks[clip.name] = small.joints + rng.normal(0, 5, small.joints.shape)
    np.savez(root / "e.npz", **tracks)
    return root


def test_table_2_goes_on_from_table_1(runs, result, cvit, tmp_path, monkeypatch, capsys):
    """The command, on sequences of CVIT-Sports; networks start where those of the other folder
    ended.
    """
    monkeypatch.setattr("experiments.paper_b.runs.FINE", CorrectorPlan(steps=0))
    shutil.copytree(runs.folder / "good", tmp_path / "I" / "SFN")
    given = ["--data", str(cvit / "data"), "--estimates", f"SFN={cvit / 'e.npz'}", "--seeds", "0"]
    out = tmp_path / "II"
    assert (
        main(["paper_b", "tableII", *given, "--output", str(out), "--start", str(tmp_path / "I")])
        == 0
    )
    assert (out / "tableII.md").read_text(encoding="utf-8") == capsys.readouterr().out
    found = json.loads((out / "tableII.json").read_text(encoding="utf-8"))
    rows = found["estimators"]["SFN"]["rows"]
    assert list(rows) == [*METHODS, BEFORE] and found["main"] == "@20 px"
    assert rows[BEFORE]["by seed"] == rows[ATTENTION]["by seed"]  # after no step at all
    assert [c["verdict"] for c in found["claims"]][:5] == ["not measured"] * 5
    assert found["claims"][5]["evidence"].startswith("SFN: head")
    assert (
        main(["paper_b", "figure4", *given, "--output", str(out), "--start", str(tmp_path / "I")])
        == 0
    )
    assert (
        (out / "figure4B.csv").read_bytes().startswith(b"row,threshold,Head,Shou,Elbo,Wris,micro")
    )
    monkeypatch.setattr("experiments.paper_b.runs.PLAN", BRIEF)
    assert main(["paper_b", "tableII", *given, "--output", str(out)]) == 2
    assert "other settings" in capsys.readouterr().err.replace("clips or", "other")
    assert (
        main(["paper_b", "tableII", *given, "--output", str(tmp_path / "x"), "--start", "nowhere"])
        == 2
    )
    assert "there is no file" in capsys.readouterr().err


def test_estimates_that_cannot_be_read_are_refused(runs, tmp_path):
    for content, said in (
        (None, "there is no file"),
        (b"no", "cannot be read"),
        (b"", "cannot be read"),
    ):
        file = tmp_path / "e.npz"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(InputError, match=said) as error:
            read_estimates(file, runs.test)
        assert str(error.value).endswith(".")
    np.save(tmp_path / "e.npy", np.zeros(3))
    with pytest.raises(InputError, match="cannot be read"):
        read_estimates(tmp_path / "e.npy", runs.test)
    names, right = [clip.name for clip in runs.test], runs.test[0].joints.astype(np.float32)
    for wrong in (right[:-1], right[..., :1], right + np.inf, right.astype(complex), right[0]):
        np.savez(tmp_path / "e.npz", **dict.fromkeys(names, wrong))
        with pytest.raises(InputError, match="cannot be read"):
            read_estimates(tmp_path / "e.npz", runs.test)
    np.savez_compressed(tmp_path / "e.npz", **dict.fromkeys(names, right))
    whole = (tmp_path / "e.npz").read_bytes()
    for place in range(40, len(whole), max(1, len(whole) // 60)):
        (tmp_path / "e.npz").write_bytes(
            whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        )
        with contextlib.suppress(InputError):
            read_estimates(tmp_path / "e.npz", runs.test)
    np.savez(tmp_path / "e.npz", other=np.zeros(3))
    with pytest.raises(
        InputError,
        match=r"has no joints of clip 'test0'; it was made from other clips, so give another",
    ):
        read_estimates(tmp_path / "e.npz", runs.test)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["paper_b", "tableI"], "the following arguments are required: --estimates"),
        (["paper_b", "tableI", "--estimates", "e.npz"], "'e.npz' must be NAME=FILE.npz"),
        (["paper_b", "tableI", "--estimates", "a=b", "a=c"], "need different names"),
        (["paper_b", "tableII", "--estimates", "a=b", "--temporal", "c"], "names c, which is not"),
        (["paper_b", "tableII", "--estimates", "a=b", "--config", "c"], "unrecognized arguments"),
        (["paper_b", "tableII", "--estimates", "a=b", "--workers", "2"], "unrecognized arguments"),
        (["paper_b", "tableII", "--estimates", "a=b", "--device", "cuda"], "unrecognized"),
        (["paper_a", "table1"], "the following arguments are required: --config"),
        (["paper_a", "table1", "--config", "c", "--start", "s"], "unrecognized arguments"),
        (["estimate"], "estimate takes CONFIG.toml"),
        (["estimate", "a.toml", "--model", "m"], "estimate takes CONFIG.toml"),
        (["estimate", "--parts", "--model", "m"], "estimate takes CONFIG.toml"),
        (["estimate", "--model", "m", "--boxes", "b"], "--boxes are for --parts"),
        (["estimate", "--parts", "--device", "cuda"], "--device cuda must be left out"),
    ],
)
def test_options_that_do_not_fit_are_refused(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--data", "d", "--output", "o"])
    assert ended.value.code == 2 and said in capsys.readouterr().err


def test_a_finished_model_estimates_clips_that_it_never_saw(tmp_path, capsys):
    """In true boxes where clips have them; of other joints as far as the model has them; else two
    passes.
    """
    render(tmp_path / "clips", 4, 3, (48, 48), 5)
    config = short_runs.CONFIG
    model = stages.network(config, 1)
    save_model(tmp_path / "m.safetensors", model, config, "ST-infer", 0)
    given = [
        "estimate",
        "--model",
        str(tmp_path / "m.safetensors"),
        "--data",
        str(tmp_path / "clips"),
    ]
    assert main([*given, "--output", str(tmp_path / "a" / "b")]) == 0
    assert "ST-infer PCK@0.05" in capsys.readouterr().out
    everything = [clip for part in clips_in(tmp_path / "clips") for clip in part]
    read = read_estimates(tmp_path / "a" / "b" / folds.FILE, everything)
    assert len(read) == 4
    flow = folds.flow_for(config, tmp_path / "clips")
    poses = evaluate.predict_as_trained(model, everything, config.view, flow)
    for clip, pose in zip(everything, poses, strict=True):
        np.testing.assert_allclose(read[clip.name], pose, rtol=1e-4)
    seven = replace(config, skeleton="youtube7", flow="none")
    save_model(tmp_path / "m.safetensors", stages.network(seven), seven, "baseline", 0)
    assert main([*given, "--output", str(tmp_path / "c")]) == 0
    capsys.readouterr()
    read = read_estimates(tmp_path / "c" / folds.FILE, everything)
    assert {pose.shape for pose in read.values()} == {(5, 7, 2)}
    trees.write_cvit(tmp_path / "cvit", T=3)
    table = folds.estimate_by(tmp_path / "m.safetensors", tmp_path / "cvit", tmp_path / "d")
    assert list(table.index) == ["baseline @10 px", "baseline @20 px", "baseline @40 px"]
    save_model(tmp_path / "m.safetensors", stages.network(config), config, "baseline", 0)
    shutil.rmtree(tmp_path / "cvit" / "bowling")
    trees.write_youtube(tmp_path / "cvit")
    assert main([*given[:-1], str(tmp_path / "cvit"), "--output", str(tmp_path / "d")]) == 2
    assert "has joints of youtube7, which lacks left_ankle, left_hip" in capsys.readouterr().err


def test_parts_estimate_each_clip_out_of_fold(tmp_path, capsys, monkeypatch):
    """Each clip by a mixture that never saw it; a second call computes nothing; other folds are
    refused.
    """
    render(tmp_path / "clips", 6, 3, (48, 48), 4)
    learn, test = clips_in(tmp_path / "clips")
    quick, seen = Settings(types=1, frames=6, epochs=0, rounds=0, scales=(1.0,)), []

    class Watched(MixtureOfParts):
        def __init__(self, skeleton, settings):
            assert settings.seed == 0
            super().__init__(skeleton, quick)

        def fit(self, clips):
            seen.append({clip.name for clip in clips})
            return super().fit(clips)

    monkeypatch.setattr(folds, "MixtureOfParts", Watched)
    out = tmp_path / "out"
    given = [
        "estimate",
        "--parts",
        "--data",
        str(tmp_path / "clips"),
        "--output",
        str(out),
        "--folds",
    ]
    assert main([*given, "2"]) == 0
    table = capsys.readouterr().out
    assert "mixture of parts PCK@0.2" in table and len(seen) == 3
    names = {clip.name for clip in learn}
    assert seen[0] | seen[1] == names and not seen[0] & seen[1] and seen[2] == names
    read = read_estimates(out / folds.FILE, learn + test)
    for clip in learn + test:
        held_out = [n for n in (0, 1) if clip in learn and clip.name not in seen[n]]
        file = f"fold{held_out[0]}" if held_out else "all"
        estimated, _ = load_parts(out / "parts" / f"{file}.safetensors").estimate(clip)
        np.testing.assert_allclose(read[clip.name], estimated, rtol=1e-4)
    assert main([*given, "2"]) == 0 and capsys.readouterr().out == table and len(seen) == 3
    assert main([*given, "3"]) == 2
    assert "parts was computed from other tracks, clips or settings" in capsys.readouterr().err
    assert main([*given, "2", "--seed", "1"]) == 2  # another mixture
    assert "other tracks, clips or settings" in capsys.readouterr().err
    assert main([*given, "30"]) == 2 and "cannot make 30 folds" in capsys.readouterr().err
    assert main([*given, "2", "--boxes", "e.npz"]) == 2
    assert "have boxes, so --boxes must be left out" in capsys.readouterr().err
    (kept,) = (out / "parts").glob(f"{test[0].name}.npz")
    kept.write_bytes(b"junk")
    assert main([*given, "2"]) == 2 and "is damaged; remove it" in capsys.readouterr().err


def test_parts_of_clips_without_boxes_need_a_networks_estimates(tmp_path, monkeypatch, capsys):
    """The person is searched where the other estimator has it, and never where the labels are."""
    root = tmp_path / "videos"
    for n in range(5):
        trees.write_cvit(tmp_path / str(n), T=4)
        shutil.move(tmp_path / str(n) / "bowling", root / f"s{n}")
    learn, test = clips_in(root)
    learnt, searched = {}, {}

    class Watched(MixtureOfParts):
        def fit(self, clips):
            learnt.update({clip.name: clip.box[0] for clip in clips})
            return self

        def estimate(self, clip):
            searched[clip.name] = clip.box[0]
            return clip.joints + 1.0, None

    monkeypatch.setattr(folds, "MixtureOfParts", Watched)
    monkeypatch.setattr(folds, "save_parts", lambda model, file: None)
    monkeypatch.setattr(folds, "load_parts", lambda file: Watched(learn[0].skeleton))
    given = [
        "estimate",
        "--parts",
        "--data",
        str(root),
        "--output",
        str(tmp_path / "out"),
        "--folds",
        "2",
    ]
    assert main(given) == 2 and "have no boxes; give --boxes" in capsys.readouterr().err
    tracks = {clip.name: clip.joints + 3 * n for n, clip in enumerate(learn + test)}
    np.savez(tmp_path / "e.npz", **tracks)
    assert main([*given, "--boxes", str(tmp_path / "e.npz")]) == 0
    assert "test @20 px" in capsys.readouterr().out
    for name, track in tracks.items():
        np.testing.assert_allclose(searched[name], still_box(track), rtol=1e-5)
    for clip in learn:
        np.testing.assert_allclose(learnt[clip.name], still_box(clip.joints), rtol=1e-5)
    assert main([*given, "--boxes", str(tmp_path / "none.npz")]) == 2
    assert "there is no file" in capsys.readouterr().err


def test_clips_of_one_video_stay_in_one_fold(tmp_path, monkeypatch):
    """JHMDB has cut several clips from a video; whoever has seen one has seen its place and its
    people.
    """
    assert folds.video_of("brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0") == "April_09"
    assert folds.video_of("catch/Goal_Keeping_Tips_catch_f_cm_np1_fr_med_2") == "Goal_Keeping_Tips"
    seen, names = [], [f"catch/{video}_catch_u_{n}" for video in "abcd" for n in range(3)]
    frames = [np.zeros((40, 40, 3), np.uint8)] * 3
    joints = np.tile(np.linspace(5, 35, 15)[:, None], (3, 1, 2)).astype(np.float32)
    box = np.tile(np.float32([5, 5, 30, 30]), (3, 1))
    made = [
        Clip(
            n,
            joints,
            np.ones((3, 15), bool),
            box,
            SKELETONS["jhmdb15"],
            frames,
            "catch",
            "train",
            (40, 40),
        )
        for n in names
    ]

    class Watched(MixtureOfParts):
        def fit(self, clips):
            seen.append({clip.name for clip in clips})
            return self

        def estimate(self, clip):
            assert clip.name not in seen[-1]
            return clip.joints, None

    monkeypatch.setattr(folds, "clips_in", lambda root: (made, []))
    monkeypatch.setattr(folds, "is_jhmdb", lambda root: True)
    monkeypatch.setattr(folds, "MixtureOfParts", Watched)
    monkeypatch.setattr(folds, "save_parts", lambda model, file: None)
    monkeypatch.setattr(folds, "load_parts", lambda file: Watched(SKELETONS["jhmdb15"]))
    folds.estimate_by_parts(tmp_path, tmp_path / "out", 2)
    for learnt in seen:
        videos = {folds.video_of(name) for name in learnt}
        assert len(videos) == 2 and len(learnt) == 6  # whole videos
    assert set(read_estimates(tmp_path / "out" / folds.FILE, made)) == set(names)
    with pytest.raises(InputError, match="4 videos cannot make 5 folds"):  # of twelve clips
        folds.estimate_by_parts(tmp_path, tmp_path / "other", 5)
