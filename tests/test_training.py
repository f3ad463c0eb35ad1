"""Training: configs, both stages on a few clips, and runs that end in the middle."""

import errno
import itertools
import math
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import safetensors.torch
import short_runs
import torch
from sentences import fails
from short_runs import CONFIG, bytes_of, config, run, start
from torch import nn

import tslib.training.board
from renderer import render
from tslib import checkpoint
from tslib.__main__ import main
from tslib.errors import InputError
from tslib.networks import SMALL, ConvolutionalPoseMachine
from tslib.training import stages
from tslib.training.config import JointPlan, Plan, as_tables, from_tables, read_config
from tslib.training.data import divided, load_data
from tslib.training.loop import CHECKPOINT, Keys, grouped_optimizer, rate_at, set_dropout
from tslib.training.models import load_model
from tslib.training.rows import ROWS, span_of
from tslib.training.run import train

pytestmark = pytest.mark.usefixtures("one_thread")
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """A folder of six rendered clips of 48 px, four of them to learn from."""
    folder = tmp_path_factory.mktemp("training") / "clips"
    render(folder, 6, size=(48, 48), frames=6)
    return folder


def log_of(folder):
    """The columns of log.csv: {name: (n,)}."""
    heading, *rows = (folder / "log.csv").read_text(encoding="utf-8").splitlines()
    return dict(
        zip(heading.split(","), np.array([row.split(",") for row in rows], float).T, strict=True)
    )


# Configs


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[joint]\nrates = 1", "joint.rates, which means nothing; it may hold steps, batch"),
        ("[pretrain]\ndeep = 1", "pretrain.deep, which means nothing"),
        ("joints = 3", "holds joints, which means nothing; it may hold skeleton, flow"),
        ("view = 3", "view in {} must be a table"),
        ("[view]\nsize = 96.5", "view.size in {} is 96.5, but must be a whole number"),
        ("[view]\nsize = 0", "view.size in {} is 0, but must be from 1 to 1024"),
        ("[view]\nsize = 4096", "view.size in {} is 4096, but must be from 1 to 1024"),
        (
            "[network]\nstages = 1000000",
            "network.stages in {} is 1000000, but must be from 1 to 12",
        ),
        ("[joint]\nframes = 10000000000", "joint.frames in {} is 10000000000, but must be from 1"),
        ("a = " + "[" * 100_000, "{} is not valid TOML"),
        ("[view]\nscale = [1e-9, 1]", "view.scale in {} is [1e-09, 1], but must be two positive"),
        ("[pretrain]\nrate = 1e300", "pretrain.rate in {} is 1e+300, but must be a number of at"),
        ("[joint]\npositive = 1e300", "joint.positive in {} is 1e+300, but must be a number of at"),
        ("[inference]\niterations = 1000000000", "is 1000000000, but must be from 0 to 100"),
        ("a = " + "9" * 10_000, "{} is not valid TOML: Exceeds the limit"),
        ("[view]\nflip = 1", "view.flip in {} is 1, but must be true or false"),
        ("[view]\nangle = true", "view.angle in {} is True, but must be a number"),
        ("[view]\nangle = -3", "view.angle in {} is -3.0, but must be 0 or more"),
        ("[view]\nscale = [2, 1]", "view.scale in {} is [2, 1], but must be two positive numbers"),
        ("[view]\nscale = 2", "view.scale in {} is 2, but must be two positive numbers"),
        ("[view]\nstride = 4", "view.stride in {} follows from the network"),
        ("[joint]\nrate = nan", "joint.rate in {} is nan, but must be a number"),
        ("[joint]\ndropout = 1.0", "joint.dropout in {} is 1.0, but must be below 1"),
        ('[joint]\nsteps = "9"', "joint.steps in {} is '9', but must be a whole number"),
        (
            '[joint]\noptimizer = "lbfgs"',
            "joint.optimizer in {} is 'lbfgs', but must be one of adam, sgd",
        ),
        ("flow = 3", "flow in {} is 3, but must be one of exact, dis, farneback, none"),
        ('skeleton = "mpii"', "skeleton in {} is 'mpii', but must be one of coco17"),
        ("[network", "{} is not valid TOML: "),
    ],
)
def test_a_config_that_breaks_a_rule_is_refused_by_the_name_of_what_breaks_it(
    tmp_path, content, said
):
    path = tmp_path / "run.toml"
    path.write_text(content, encoding="utf-8")
    fails(said.format(path), read_config, path)


def test_a_value_of_any_length_is_shown_in_a_few_letters(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(f"[network]\narchitecture = '{9000 * 'a'}'", encoding="utf-8")
    with pytest.raises(InputError, match="network.architecture in .* is 'aaaa.* must be") as error:
        read_config(path)
    assert len(str(error.value)) < 400 + len(str(path))


def test_a_config_that_cannot_be_read_is_refused(tmp_path):
    fails("there is no training file", read_config, tmp_path / "none.toml")
    fails("no ordinary file", read_config, tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'skeleton = "\xe9"')
    fails("is not valid TOML", read_config, tmp_path / "latin.toml")


def test_the_shipped_configs_are_those_of_the_paper_and_of_a_laptop():
    laptop, paper = (
        read_config(ROOT / "data" / "training" / f"{n}.toml") for n in ("laptop", "paper")
    )
    assert laptop.architecture == SMALL and (laptop.view.size, laptop.view.stride) == (96, 4)
    assert paper.architecture.stages == 3 and (paper.view.size, paper.view.stride) == (368, 8)
    assert (paper.pretrain.batch, paper.pretrain.rate, paper.pretrain.drop_every) == (
        20,
        5e-4,
        20000,
    )
    assert (paper.joint.batch, paper.joint.frames, paper.joint.rate, paper.joint.dropout) == (
        6,
        5,
        1e-4,
        0.7,
    )
    for one in (laptop, paper, CONFIG):
        assert from_tables(as_tables(one), "a model") == one


# Schedules, optimizers and what each step takes


def test_rates_fall_in_steps_or_rise_and_fall_as_a_cosine():
    drops = Plan(steps=100, schedule="step", drop_every=30)
    assert [rate_at(step, drops) for step in (0, 29, 30, 59, 60, 99)] == pytest.approx(
        [1, 1, 1 / 3, 1 / 3, 1 / 9, 1 / 27]
    )
    assert rate_at(99, replace(drops, drop_every=0)) == 1
    cosine = Plan(steps=100)
    assert [rate_at(step, cosine) for step in (14, 30, 65)] == pytest.approx(
        [0.475, 1, 0.5], rel=0.01
    )
    assert 0 < rate_at(0, cosine) < 0.01 and 0 < rate_at(99, cosine) < 1e-3
    assert 0 < rate_at(0, Plan(steps=1)) <= 1


def test_each_learning_rate_that_is_not_0_has_a_group_of_its_own():
    model = stages.network(CONFIG, span=1)
    plan = JointPlan(rate=1e-3, rest_rate=0.1, stiffness_rate=0, calibration_rate=0.2)
    groups = grouped_optimizer(model, plan).param_groups
    assert [g["base"] for g in groups] == [1e-3, 0.1, 0.2]
    assert groups[1]["params"] == [model.inference.rest] and groups[2]["params"] == [
        model.gain,
        model.offset,
    ]
    model.convnet.requires_grad_(False)
    sgd = grouped_optimizer(model, replace(plan, optimizer="sgd")).param_groups
    assert [(g["base"], g["momentum"], g["weight_decay"]) for g in sgd] == [
        (0.1, 0.9, 0),
        (0.2, 0.9, 0),
    ]
    fails("all learning rates of what can be trained are 0", grouped_optimizer, model, JointPlan())
    (alone,) = grouped_optimizer(
        stages.network(CONFIG), replace(plan, optimizer="sgd")
    ).param_groups
    assert alone["weight_decay"] == 5e-4


def test_dropout_is_set_in_every_layer_or_left():
    net = ConvolutionalPoseMachine(13, SMALL)
    shares = lambda: [m.p for m in net.modules() if isinstance(m, nn.Dropout)]  # noqa: E731
    set_dropout(net, None)
    assert shares() == [0.1, 0.1]
    set_dropout(net, 0.7)
    assert shares() == [0.7, 0.7]


def test_keys_are_drawn_evenly_and_shared_by_processes():
    """Every slice is as likely as any other, no seed comes twice, and processes share what one
    would take.
    """
    slices = SimpleNamespace(starts=np.array([3, 0, 1]))
    plan = Plan(steps=300, batch=4)
    steps = list(Keys(slices, plan, seed=1))
    keys = [key for step in steps for key in step]
    counts = {s: sum(k[:2] == s for k in keys) for s in {k[:2] for k in keys}}
    assert set(counts) == {(0, 0), (0, 1), (0, 2), (2, 0)} and min(counts.values()) > 240
    assert len({k[2] for k in keys}) == len(keys) == 1200
    assert list(Keys(slices, plan, 1, first=7)) == steps[7:]
    halves = [list(Keys(slices, plan, 1, rank=r, world=2)) for r in (0, 1)]
    assert [sorted(a + b) for a, b in zip(*halves, strict=True)] == [sorted(s) for s in steps]
    assert not {k[2] for s in Keys(slices, plan, seed=2) for k in s} & {k[2] for k in keys}


# The clips


class Named(SimpleNamespace):
    """Something with a name, told from others as a Clip is, by what it is."""

    __hash__ = object.__hash__


def test_every_tenth_training_clip_validates():
    clips = [Named(name=f"{n:04d}") for n in range(1, 36)]
    train, validation = divided(clips[::-1])
    assert [c.name for c in validation] == ["0010", "0020", "0030"] and len(train) == 32
    assert divided(clips[:9]) == (clips[:8], [clips[8]])
    assert divided(clips[:1]) == (clips[:1], [])


def test_a_folder_is_divided_and_its_flow_is_exact_estimated_or_none(root, tmp_path):
    data = load_data(root, CONFIG)
    assert [c.name for c in data.train] == ["0001", "0002", "0003", "0004"]
    assert [c.name for c in data.validation] == ["0006"]
    assert [c.name for c in data.test] == ["0005"]
    assert data.flow(data.test[0]).at(0, np.zeros((2, 2))).shape == (2, 2)
    assert load_data(root, replace(CONFIG, flow="none")).flow is None
    fails("holds no Penn Action", load_data, tmp_path, CONFIG)
    fails(
        "have joints of penn13, not of coco17", load_data, root, replace(CONFIG, skeleton="coco17")
    )
    (tmp_path / "labels").symlink_to(root / "labels")
    (tmp_path / "frames").symlink_to(root / "frames")
    fails(
        'no exact flow, as rendered clips do; write flow = "dis"',
        load_data,
        tmp_path,
        CONFIG,
    )
    estimated = load_data(tmp_path, replace(CONFIG, flow="dis")).flow(data.train[0])
    assert estimated.at(0, np.zeros((1, 1, 2))).shape == (1, 1, 2)


# Two stages


def test_both_stages_learn(root, tmp_path):
    plan = config(steps=30)
    data = load_data(root, plan)
    model = stages.pretrain(plan, data.train, tmp_path / "pretrain", every=100)
    loss = log_of(tmp_path / "pretrain")["loss"]
    assert loss[-5:].mean() < 0.6 * loss[:3].mean()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    for row in ("S-infer", "ST-infer", "ST-infer(2)-frozen"):
        trained = stages.row(
            row,
            replace(plan, joint=replace(plan.joint, steps=20)),
            model,
            data.train,
            tmp_path / row,
            data.flow,
        )
        log = log_of(tmp_path / row)
        assert set(log) == {"step", "rate", "loss", "hinge", "all background"}
        assert log["loss"][-5:].mean() < 0.985 * log["loss"][:5].mean()
        same = all(
            torch.equal(v, before[k])
            for k, v in trained.convnet.state_dict(prefix="convnet.").items()
        )
        assert same == row.endswith("frozen")
        start_of = stages.with_inference(plan, model, data.train, 1).inference.rest
        assert trained.inference.rest.shape[0] >= 18 and not torch.equal(
            trained.inference.rest[:18], start_of[:18]
        )
        assert not trained.training
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert stages.row("baseline", plan, model, data.train, tmp_path / "none") is model
    longer = stages.row("longer", config(steps=3), model, data.train, tmp_path / "longer")
    assert longer.inference is None and len(log_of(tmp_path / "longer")["step"]) == 3


def test_springs_start_where_the_data_has_them(root):
    """The mean offsets of the augmented frames, in cells; or nowhere."""
    data = load_data(root, CONFIG)
    model = stages.network(CONFIG)
    rest = stages.with_inference(CONFIG, model, data.train, 1).inference
    at = dict(zip(rest.graph.springs, rest.rest.tolist(), strict=True))
    joints, visible = stages.offsets(CONFIG, data.train)
    assert joints.shape == (24, 13, 2) and visible.shape == (24, 13)
    joints[~visible] = np.nan
    names = data.train[0].skeleton.joints
    a, b = (names.index(f"left_{part}") for part in ("hip", "knee"))
    np.testing.assert_allclose(
        at["left_hip-left_knee"], np.nanmean(joints[:, b] - joints[:, a], 0), rtol=1e-5
    )
    assert at["head+1"] == [0, 0]
    zero = replace(CONFIG, inference=replace(CONFIG.inference, start="zero"))
    assert not stages.with_inference(zero, model, data.train, 1).inference.rest.any()


def test_a_frozen_convnet_drops_nothing_out(root, tmp_path):
    losses = {}
    for share in (0.0, 0.7):
        for frozen in (True, False):
            folder = tmp_path / f"{share} {frozen}"
            run(root, folder, config=config(steps=1, dropout=share), frozen=frozen)
            losses[share, frozen] = log_of(folder)["hinge"][0]
    assert losses[0, True] == losses[0.7, True] == losses[0, False] != losses[0.7, False]


def test_a_gradient_is_cut_to_its_largest_norm(root, tmp_path):
    plan = config(steps=1, optimizer="sgd", rate=1.0, schedule="step", clip=0.01)
    start = [p.detach().clone() for p in stages.network(plan).parameters()]
    moved = [p.detach() for p in run(root, tmp_path, "pretrain", plan).parameters()]
    way = torch.cat([(a - b + 5e-4 * b).flatten() for a, b in zip(moved, start, strict=True)])
    assert float(way.norm()) == pytest.approx(0.01, rel=1e-2)


# Stopped, and gone on


class Stopped(Exception):
    pass


@pytest.fixture(scope="module")
def unbroken(root, tmp_path_factory):
    """Runs of five steps, by stage: their folders."""
    folder = tmp_path_factory.mktemp("unbroken")
    for stage in ("pretrain", "joint"):
        run(root, folder / stage, stage, every=1)
    return folder


@pytest.mark.parametrize("stage", ["pretrain", "joint"])
@pytest.mark.parametrize("stop", [1, 2, 3, 4, 5])
def test_a_run_that_goes_on_is_the_same_run(root, tmp_path, unbroken, stage, stop):
    """The very same file: weights, Adam, log; dropout and all that is drawn as well."""

    def halt(folder, model, rows):
        if len(rows) == stop:
            raise Stopped

    with pytest.raises(Stopped):  # before checkpoint `stop` is written
        run(root, tmp_path, stage, every=1, board=halt)
    assert (tmp_path / CHECKPOINT).exists() == (stop > 1)
    torch.manual_seed(stop)
    run(root, tmp_path, stage, every=1)
    assert bytes_of(tmp_path) == bytes_of(unbroken / stage)
    assert (tmp_path / "log.csv").read_bytes() == (unbroken / stage / "log.csv").read_bytes()


def test_rare_checkpoints_and_workers_change_no_weight(root, tmp_path, unbroken):
    """Nor does a folder that is asked for again: it is finished."""
    run(root, tmp_path, every=2, workers=2)
    assert bytes_of(tmp_path) == bytes_of(unbroken / "joint")
    time_of = (tmp_path / CHECKPOINT).stat().st_mtime_ns
    model = run(root, tmp_path)
    assert (tmp_path / CHECKPOINT).stat().st_mtime_ns == time_of
    notes, held = checkpoint.notes_and_tensors(tmp_path / CHECKPOINT)
    assert notes["step"] == 5
    for name, value in model.state_dict().items():
        assert torch.equal(value, held[f"model.{name}"])


def test_the_log_is_in_step_after_a_resume(root, tmp_path):
    def halt(folder, model, rows):
        if len(rows) == 4:
            raise Stopped

    with pytest.raises(Stopped):
        run(root, tmp_path, every=2, board=halt)
    assert len(log_of(tmp_path)["step"]) == 4  # the log of a checkpoint that never came
    with pytest.raises(Stopped):
        run(root, tmp_path, board=lambda *_: (_ for _ in ()).throw(Stopped))
    run(root, tmp_path)
    assert log_of(tmp_path)["step"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_run_killed_at_twenty_moments_ends_as_one_that_was_not(root, tmp_path):
    """Whatever the moment: a checkpoint that can be read or none, and in the end the same file."""
    plan, rng, kills, folders = config(steps=24), random.Random(0), 0, []
    process, pipe = start(short_runs.reporting, root, tmp_path / "whole", plan)
    moments = []
    for _ in range(24):
        assert pipe.poll(60)
        pipe.recv()
        moments.append(time.perf_counter())
    process.join()
    assert process.exitcode == 0
    step = np.median(np.diff(moments))
    while kills < 20:
        folder = tmp_path / f"broken {len(folders)}"
        folders.append(folder)
        done = False
        while not done:
            process, pipe = start(short_runs.reporting, root, folder, plan)
            if kills < 20:
                while pipe.poll(60) and rng.random() < 0.4:  # wait for a checkpoint or two
                    try:
                        pipe.recv()
                    except EOFError:
                        break
                time.sleep(rng.uniform(0, 1.5 * step))
                process.kill()
            process.join()
            pipe.close()
            done = process.exitcode == 0
            assert done or process.exitcode == -signal.SIGKILL
            kills += not done
            if (folder / CHECKPOINT).exists():
                notes = checkpoint.load(folder / CHECKPOINT, stages.network(plan))
                assert notes["step"] == len(notes["log"]) and notes["step"] <= len(
                    log_of(folder)["step"]
                )
    for folder in folders:
        assert bytes_of(folder) == bytes_of(tmp_path / "whole")
        assert sorted(p.name for p in folder.iterdir() if CHECKPOINT in p.name) == [CHECKPOINT]


# What can go wrong


def test_a_checkpoint_of_something_else_is_refused_and_stays(root, tmp_path, unbroken):
    there = tmp_path / CHECKPOINT
    good = bytes_of(unbroken / "joint")
    for content in (b"", good[:1000], good[:-5], b"\0" * 100):
        there.write_bytes(content)
        fails(f"{there} cannot be read as a model of tslib", run, root, tmp_path)
        assert there.read_bytes() == content
    safetensors.torch.save_file({"a": torch.zeros(3)}, there)
    fails(
        "cannot be read as a model of tslib (another program wrote it); name another one",
        run,
        root,
        tmp_path,
    )
    there.write_bytes(bytes_of(unbroken / "pretrain"))
    fails(f"{there} is of another model, or of another version of it: ", run, root, tmp_path)
    there.write_bytes(good)
    fails("is of a run with other seed; remove it, or name another.", run, root, tmp_path, seed=1)
    fails("is of a run with other plan;", run, root, tmp_path, config=config(steps=6))
    wider = replace(CONFIG, view=replace(CONFIG.view, angle=3))
    fails("is of a run with other view;", run, root, tmp_path, config=wider)
    fails("holds no run of this kind to go on with", run, root, tmp_path, frozen=True)
    assert bytes_of(tmp_path) == good


@pytest.mark.parametrize("stage", ["pretrain", "joint"])
def test_no_checkpoint_holds_weights_whose_loss_is_not_finite(root, tmp_path, stage):
    """Every checkpoint's weights have given a finite loss."""
    high = config(steps=8, rate=1e25, schedule="step")
    fails("diverged, with no finite", run, root, tmp_path, stage, high, every=1)
    if (tmp_path / CHECKPOINT).exists():
        model = stages.network(high, 1 if stage == "joint" else None)
        notes = checkpoint.load(tmp_path / CHECKPOINT, model)
        assert notes["step"] < 8 and all(math.isfinite(row["loss"]) for row in notes["log"])
        assert all(p.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("stage", ["pretrain", "joint"])
def test_a_last_step_that_goes_too_far_leaves_no_checkpoint(root, tmp_path, stage):
    """Its weights are finite, and its loss would not be: no checkpoint, no model."""
    high = config(steps=1, rate=1e25, schedule="step")
    fails("diverged, with no finite", run, root, tmp_path, stage, high)
    assert not (tmp_path / CHECKPOINT).exists()


@pytest.mark.parametrize("what", ["weights", "gain"])
def test_a_run_from_weights_that_are_no_numbers_diverges(root, tmp_path, what, monkeypatch):
    made = stages.with_inference

    def broken(*arguments):
        model = made(*arguments)
        with torch.no_grad():
            (model.gain if what == "gain" else model.convnet.first.weight).fill_(math.nan)
        return model

    monkeypatch.setattr(stages, "with_inference", broken)
    fails("ST-infer diverged, with no finite", run, root, tmp_path)
    assert not (tmp_path / CHECKPOINT).exists()


def test_a_full_disk_leaves_the_last_checkpoint(root, tmp_path, monkeypatch):
    written, write = [], Path.write_bytes

    def full(path, data):
        if path.name == CHECKPOINT and len(written) == 2:
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.extend([path] * (path.name == CHECKPOINT))
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        fails(
            f"{CHECKPOINT} cannot be written: No space left on device.",
            run,
            root,
            tmp_path,
            every=1,
        )
    assert checkpoint.notes_and_tensors(tmp_path / CHECKPOINT)[0]["step"] == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == [CHECKPOINT, "log.csv"]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_frame_that_cannot_be_read_ends_the_run_in_one_sentence(root, tmp_path, workers):
    """One sentence, from whatever process."""
    clips = tmp_path / "clips"
    for folder in ("labels", "flow"):
        (clips / folder).mkdir(parents=True)
        for file in (root / folder).iterdir():
            os.link(file, clips / folder / file.name)
    for number in range(1, 7):
        folder = clips / "frames" / f"{number:04d}"
        folder.mkdir(parents=True)
        for t in range(1, 7):
            (folder / f"{t:06d}.jpg").write_bytes(b"no picture")
    fails(
        "jpg cannot be read as an image; replace it.", run, clips, tmp_path / "out", workers=workers
    )


def test_a_process_for_slices_that_dies_ends_the_run(root, tmp_path, monkeypatch):
    from tslib.slices import Slices

    monkeypatch.setattr(Slices, "__getitem__", lambda self, key: os._exit(1))
    fails("a process that prepares slices has ended", run, root, tmp_path, workers=1)


# Several processes


def pair(root, folder, plan, **options):
    return [
        start(short_runs.together, rank, 2, root, folder, plan, *options.values())
        for rank in (0, 1)
    ]


def test_two_processes_do_what_one_does(root, tmp_path):
    plan = config(steps=4, dropout=0.0)
    run(root, tmp_path / "one", config=plan, every=1)
    both = pair(root, tmp_path / "two", plan)
    for process, pipe in both:
        assert pipe.poll(120) and pipe.recv() is None
        process.join()
    one, two = log_of(tmp_path / "one"), log_of(tmp_path / "two")
    for name in one:
        np.testing.assert_allclose(two[name], one[name], rtol=1e-4)
    first, second = (stages.network(plan, span=1) for _ in range(2))
    checkpoint.load(tmp_path / "one" / CHECKPOINT, first)
    checkpoint.load(tmp_path / "two" / CHECKPOINT, second)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=2e-5)
    fails("is of a run with other plan", run, root, tmp_path / "two")
    odd = replace(plan, joint=replace(plan.joint, batch=3))
    for process, pipe in pair(root, tmp_path / "odd", odd):
        assert (
            pipe.poll(120)
            and "a batch of 3 cannot be shared by 2 processes; change one." in pipe.recv()
        )
        process.join()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_process_that_dies_ends_the_others(root, tmp_path):
    plan = config(steps=4, dropout=0.0)
    # Losses 0 and 1 are of steps, 2 is asked for before the checkpoint at step 1, and so on.
    (first, pipe), (second, other) = pair(root, tmp_path / "out", plan, stops_at=3)
    for end in (pipe, other):
        assert end.poll(120) and end.recv() == "halted"
    second.kill()
    second.join()
    pipe.send("go on")
    assert pipe.poll(120)
    said = pipe.recv()
    assert said.startswith("InputError: at step 2 of ST-infer, process 0 of 2 has lost another one")
    assert (
        f"{CHECKPOINT} holds step 1); run the command again to go on." in said and "\n" not in said
    )
    first.join()
    run(root, tmp_path / "out", config=plan, every=1)  # by one process
    run(root, tmp_path / "one", config=plan, every=1)
    np.testing.assert_allclose(
        log_of(tmp_path / "out")["loss"], log_of(tmp_path / "one")["loss"], rtol=1e-4
    )


@pytest.mark.parametrize("error", [ConnectionResetError(104, "reset by peer"), EOFError()])
def test_a_worker_that_dies_while_it_hands_over_a_batch_is_explained(
    root, tmp_path, monkeypatch, error
):
    """Of eight that were killed one was at that very moment."""

    class Broken(torch.utils.data.DataLoader):
        def __iter__(self):
            yield from itertools.islice(super().__iter__(), 2)
            raise error

    monkeypatch.setattr("tslib.training.loop.DataLoader", Broken)
    fails("a process that prepares slices has ended", run, root, tmp_path / "out")


# Pictures and commands


def test_the_board_draws_curves_and_heat_maps_at_each_checkpoint(root, tmp_path):
    data = load_data(root, CONFIG)
    board = tslib.training.board.Board(CONFIG.view, data.validation, data.flow)
    run(root, tmp_path, every=2, board=board)
    picture = cv2.imread(str(tmp_path / "training.png"))
    assert picture.shape == (580, 1200, 3) and (picture != 255).any(-1).mean() > 0.2
    lines = (tmp_path / "validation.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "step,PCK@0.2,PCK@0.1,PCK@0.05" and [l.split(",")[0] for l in lines[1:]] == [
        "2",
        "4",
        "5",
    ]
    strip = board.strip(run(root, tmp_path), "cpu")
    assert strip.shape == (240, 3 * 240, 3) and strip.dtype == np.uint8


def test_a_board_changes_no_weight(root, tmp_path, unbroken):
    data = load_data(root, CONFIG)
    run(
        root,
        tmp_path,
        every=1,
        board=tslib.training.board.Board(CONFIG.view, data.validation, data.flow),
    )
    assert bytes_of(tmp_path) == bytes_of(unbroken / "joint")


def test_tensorboard_is_told_every_step_once(root, tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    data = load_data(root, CONFIG)
    board = tslib.training.board.Board(CONFIG.view, data.validation, data.flow)
    run(root, tmp_path, every=2, board=board)
    events = reader.EventAccumulator(str(tmp_path))
    events.Reload()
    assert {"loss", "hinge", "all_background", "rate", "validation/PCK_0.2"} <= set(
        events.Tags()["scalars"]
    )
    assert events.Tags()["images"] == ["heat-maps"]
    told = [(e.step, e.value) for e in events.Scalars("loss")]
    np.testing.assert_allclose(
        told, np.stack([log_of(tmp_path)[k] for k in ("step", "loss")], 1), rtol=1e-6
    )


def test_a_run_without_tensorboard_says_so_once(root, tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    data = load_data(root, CONFIG)
    run(
        root,
        tmp_path,
        every=2,
        board=tslib.training.board.Board(CONFIG.view, data.validation, data.flow),
    )
    assert [r.message for r in caplog.records] == [tslib.training.board.MISSING]
    assert (tmp_path / "training.png").exists()


def test_train_writes_a_model_that_evaluate_reads(root, tmp_path, capsys):
    path, out = tmp_path / "run.toml", tmp_path / "out"
    path.write_text(short_runs.TOML, encoding="utf-8")
    arguments = ["--data", str(root), "--output", str(out), "--device", "cpu"]
    for row in ("baseline", "ST-infer(2)"):
        assert main(["train", str(path), *arguments, "--row", row, "--seed", "3"]) == 0
        model = out / f"{row}.safetensors"
        assert capsys.readouterr().out == f"wrote {model}\n"
        assert main(["evaluate", str(model), "--data", str(root)]) == 0
        table = capsys.readouterr().out.splitlines()
        assert table[0].split()[:3] == ["Head", "Shou", "Elbo"]
        assert [line.split()[:2] for line in table[1:]] == [
            [row, f"PCK@{a}"] for a in (0.2, 0.1, 0.05)
        ]
        notes = checkpoint.notes_and_tensors(model)[0]
        assert (
            (notes["row"], notes["seed"]) == (row, 3)
            and notes["versions"]["torch"]
            and notes["command"]
        )
        assert from_tables(notes["config"], model) == read_config(path)
        trained, config, _ = load_model(model)
        assert (trained.inference is None) == (row == "baseline") and config.view.stride == 4
    assert sorted(p.name for p in out.iterdir()) == [
        "ST-infer(2)",
        "ST-infer(2).safetensors",
        "baseline.safetensors",
        "pretrain",
    ]
    assert main(["train", str(path), *arguments, "--seed", "4"]) == 2
    assert "is of a run with other seed" in capsys.readouterr().err
    assert main(["evaluate", str(out / "pretrain" / CHECKPOINT), "--data", str(root)]) == 2
    assert "is a run's checkpoint and not yet a" in capsys.readouterr().err
    assert main(["evaluate", str(out / "none.safetensors"), "--data", str(root)]) == 2
    assert "there is no file" in capsys.readouterr().err


def test_a_row_that_does_not_exist_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "run.toml").write_text(short_runs.TOML, encoding="utf-8")
    fails(
        "there is no row 'T-infer'; name one of baseline, S-infer",
        train,
        tmp_path / "run.toml",
        "none",
        "none",
        row="T-infer",
    )


@pytest.mark.parametrize(
    ("option", "value"), [("--seed", "-1"), ("--every", "0"), ("--workers", "x")]
)
def test_options_that_make_no_sense_are_refused(option, value, capsys):
    with pytest.raises(SystemExit):
        main(["train", "run.toml", "--data", "clips", "--output", "out", option, value])
    assert option in capsys.readouterr().err


def test_every_row_can_be_made():
    for row in ROWS:
        model = stages.network(CONFIG, span_of(row))
        assert (model.inference is None) == (row in ("baseline", "longer"))


def test_torchrun_trains_with_two_processes_of_which_one_writes(root, tmp_path):
    """The command with two processes: one of them writes and speaks."""
    (tmp_path / "run.toml").write_text(short_runs.TOML, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
    ]
    command += [
        "-m",
        "tslib",
        "train",
        "run.toml",
        "--data",
        str(root),
        "--output",
        "out",
        "--device",
        "cpu",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "wrote out/ST-infer.safetensors\n"
    assert load_model(tmp_path / "out" / "ST-infer.safetensors")[2]["row"] == "ST-infer"
