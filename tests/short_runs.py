"""Runs of a few steps on a folder of rendered clips, in this process or in others."""

import multiprocessing
import sys
from dataclasses import replace

import torch
import torch.distributed as dist

from tslib.slices import View
from tslib.training import stages
from tslib.training.config import Config, Inference, JointPlan, Plan
from tslib.training.data import load_data
from tslib.training.loop import CHECKPOINT

CONFIG = Config(
    view=View(48, 4, angle=15, scale=(0.85, 1.2), shift=0.05, flip=True, shuffle=True),
    pretrain=Plan(steps=5, batch=4, sigma=1.25),
    joint=JointPlan(
        steps=5,
        batch=2,
        frames=3,
        rate=5e-4,
        rest_rate=0.05,
        stiffness_rate=0.02,
        calibration_rate=0.05,
        sigma=1.25,
        radius=1.5,
        positive=20,
        deep=40,
    ),
    inference=Inference(iterations=2),
)

# A training file of the shortest runs.
TOML = """
[view]
size = 48
[pretrain]
steps = 3
batch = 4
[joint]
steps = 2
batch = 2
frames = 3
rate = 1e-4
rest_rate = 0.05
"""


def config(steps=5, **changes):
    """CONFIG with so many steps in both stages, and other changes in both plans."""
    plans = {n: replace(getattr(CONFIG, n), steps=steps, **changes) for n in ("pretrain", "joint")}
    return replace(CONFIG, **plans)


def run(root, folder, stage="joint", config=CONFIG, **options):
    """Train one stage, joint from an untrained ConvNet. options: of `Trainer`."""
    torch.set_num_threads(1)
    data = load_data(root, config)
    if stage == "pretrain":
        return stages.pretrain(config, data.train, folder, **options)
    return stages.joint(config, stages.network(config), data.train, folder, data.flow, **options)


def start(target, *arguments):
    """A process that calls a function of this module, and the end of a pipe that is its first
    argument.
    """
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    if sys.platform != "win32":  # what takes seconds is imported once
        context.set_forkserver_preload(
            ["tslib.training.run", "tslib.kernels.messages_numba", "scipy.io"]
        )
    here, there = context.Pipe()
    process = context.Process(target=target, args=(there, *arguments))
    process.start()
    there.close()
    return process, here


def reporting(pipe, root, folder, config):
    """The first stage with a checkpoint at each step, telling its number before it is written."""
    run(
        root,
        folder,
        "pretrain",
        config,
        every=1,
        board=lambda folder, model, rows: pipe.send(len(rows)),
    )


def together(pipe, rank, world, root, folder, config, stops_at=None):
    """`run` as one of several processes; sends what went wrong, or None.

    stops_at: how many losses are computed before it halts, one a step and one a checkpoint
    """
    dist.init_process_group("gloo", f"file://{folder}.store", rank=rank, world_size=world)
    if stops_at is not None:
        measured = stages.second_stage

        def halting(model, batch, plan, calls=[0]):  # noqa: B006
            if calls[0] == stops_at:
                pipe.send("halted")
                pipe.recv()  # for ever
            calls[0] += 1
            return measured(model, batch, plan)

        stages.second_stage = halting
    try:
        run(root, folder, config=config, every=1)
        said = None
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    pipe.send(said)


def bytes_of(folder):
    """The checkpoint's file: weights, optimizer, step and log."""
    return (folder / CHECKPOINT).read_bytes()
