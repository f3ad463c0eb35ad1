"""How fast messages are and what they take.

    python -m experiments speed messages [--quick] [--write] [--device cuda] [--no-compile]

Everything runs in one process on the same inputs, the rivals in turn, round by round, and what is
compared are ratios. Times are medians of CPU time with one thread, which other programs disturb
least, or of wall time where two threads or a GPU work. --write stores
experiments/results/messages.json (with --device cuda: messages-cuda.json), which chapter 11 shows.
A few minutes; leave the machine alone meanwhile.
"""

import argparse
import datetime
import functools
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tslib.distance_transform import choose_backend, distance_transform, distance_transform_numpy
from tslib.message_passing import pass_messages
from tslib.message_passing.rounds import pass_unchecked
from tslib.skeletons import SKELETONS

from .. import records
from . import peers
from .memory import LiveBytes, resident

PENN = SKELETONS["penn13"]
ROUNDS = 3  # Paper A, Sec. 5.3
Table = dict[str, dict[str, float]]
Clock = Callable[[], float]

# What is measured against what, the least ratio that we accept, and the one that we aim at.
BARS = {
    "whole layer: torch Function / ours": (7, 15),
    "whole layer: plain autograd / ours": (40, 100),
    "one transform, 46 x 46: numba envelope / ours": (2.5, 5),
    "two threads: one thread / two": (1.6, 1.9),
    "CUDA, forward, the kernels: torch operations / ours": (5, 10),
    "CUDA, forward, with their launches: torch operations / ours": (5, 10),
}
CEILINGS = {
    "CUDA, forward, the kernels, ms": (0.5, 0.5),
    "CUDA, forward, with their launches, ms": (0.5, 0.5),
    "extra peak memory of a step, MB": (125, 64),
    "growth of ns per cell, 46 -> 368, springs in cells": (2, 1),
    "growth of ns per cell, 46 -> 368, the same picture finer": (2, 1),
}


# Inputs


def heat_maps(N: int, n: int, cells: int = 46, seed: int = 0) -> torch.Tensor:
    """N maps n x n of three peaks and a little noise.

    cells : a peak is as wide as 1.5 cells of a map of so many
    """
    g = torch.Generator().manual_seed(seed)
    at, sigma = torch.arange(n), 1.5 * n / cells
    maps = torch.randn(N, n, n, generator=g) * 0.02
    for _ in range(3):
        x, y = (torch.rand(N, 1, generator=g) * n for _ in range(2))
        height = 0.3 + 0.7 * torch.rand(N, 1, 1, generator=g)
        across, down = (torch.exp(-((at - c) ** 2) / (2 * sigma**2)) for c in (x, y))
        maps += height * down[:, :, None] * across[:, None, :]
    return maps


def some_springs(N: int, scale: float = 1.0, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Stiffness .01 to .1 and linear weights -.1 to .1, as stiffness and rest (N, 2).

    scale : cells are so many times as fine
    """
    g = torch.Generator().manual_seed(seed)
    stiffness = torch.rand(N, 2, generator=g) * 0.09 + 0.01
    rest = (torch.rand(N, 2, generator=g) * 0.2 - 0.1) / (2 * stiffness)
    return stiffness / scale**2, rest * scale


def transform_inputs(kind: str, N: int, n: int) -> tuple[torch.Tensor, ...]:
    """Maps and springs.

    kind : "heat", "finer" for a finer grid over one picture, "noise", or "x 100" for scores that
        bound nothing
    """
    if kind == "noise":
        return torch.randn(N, n, n, generator=torch.Generator().manual_seed(0)), *some_springs(N)
    scale = n / 46 if kind == "finer" else 1.0
    return heat_maps(N, n) * (100 if kind == "x 100" else 1), *some_springs(N, scale)


def layer_inputs(
    B: int = 6,
    T: int = 5,
    n: int = 46,
    joints: int = 13,
    edges: int | None = None,
    seed: int = 2,
    device: str = "cpu",
) -> list[torch.Tensor]:
    """Unaries, edges, springs and weights of a slice: limbs, mirror pairs, the next frame.

    edges : the first so many of them
    """
    limbs = [(k, k + 1) for k in range(joints - 1)]
    if joints == 13:
        limbs = [*PENN.edges, *PENN.mirror_pairs]
    ends = [(t * joints + a, t * joints + b) for t in range(T) for a, b in limbs]
    ends += [(t * joints + k, (t + 1) * joints + k) for t in range(T - 1) for k in range(joints)]
    directed = torch.tensor([(a, b) for pair in ends for a, b in (pair, pair[::-1])])[:edges]
    g, N = torch.Generator().manual_seed(seed), T * joints
    stiffness = torch.rand(len(directed), 2, generator=g) * 0.09 + 0.01
    rest = torch.randn(len(directed), 2, generator=g) * 4 * n / 46
    weight = 1 / (1 + torch.bincount(directed[:, 1], minlength=N).float())
    unary = heat_maps(B * N, n).view(B, N, n, n)
    return [t.to(device) for t in (unary, directed, stiffness, rest, weight)]


def layer(
    one_round: Callable,
    rounds: int,
    unary: torch.Tensor,
    ends: torch.Tensor,
    stiffness: torch.Tensor,
    rest: torch.Tensor,
    weight: torch.Tensor,
) -> torch.Tensor:
    """The scores after some rounds of messages."""
    score = unary
    for _ in range(rounds):
        score = one_round(unary, score, ends, stiffness, rest, weight, weight)
    return score


def training_step(
    one_round: Callable,
    rounds: int,
    inputs: Sequence[torch.Tensor],
    clock: Clock = time.process_time,
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...], float, float]:
    """Scores, gradients of the unaries and the springs, seconds of the forward and the backward."""
    unary, ends, stiffness, rest, weight = inputs
    leaves = [t.clone().requires_grad_() for t in (unary, stiffness, rest)]
    start = clock()
    score = layer(one_round, rounds, leaves[0], ends, leaves[1], leaves[2], weight)
    middle = clock()
    gradients = torch.autograd.grad(score, leaves, unary)
    return score.detach(), gradients, middle - start, clock() - middle


# The rivals


def transforms(device: str = "cpu", compile: bool = True) -> dict[str, Callable]:
    """{name: function of (score, stiffness, rest)}."""
    found: dict[str, Callable] = {
        "ours": functools.partial(distance_transform, backend=choose_backend(device)),
        "torch Function": functools.partial(distance_transform, backend="torch"),
        "plain torch": peers.message_plain,
    }
    if device == "cpu":
        found |= {"numba envelope": peers.envelope, "NumPy reference": distance_transform_numpy}
    if compile and (device == "cuda" or shutil.which(os.environ.get("CXX", "g++"))):
        found["torch.compile"] = torch.compile(peers.message_and_sources, dynamic=False)
    return found


def layers(device: str = "cpu") -> dict[str, Callable]:
    """{name: one round of messages}; on a GPU without checks, for which it would wait."""
    one_round = pass_messages if device == "cpu" else pass_unchecked
    return {
        "ours": functools.partial(one_round, backend=choose_backend(device)),
        "torch Function": functools.partial(one_round, backend="torch"),
        "plain autograd": peers.round_plain,
    }


def first(result: Any) -> torch.Tensor:
    """The message of what a transform returns."""
    return torch.as_tensor(result[0] if isinstance(result, tuple) else result)


# Measuring

HUGE = "plain torch", "torch.compile"  # they write every candidate down, too much for a GPU


def gpu_clock() -> float:
    """Seconds once the GPU has done all that it was asked for."""
    torch.cuda.synchronize()
    return time.perf_counter()


def in_turn(functions: Mapping[str, Callable], repeats: int, clock: Clock) -> dict[str, Any]:
    """{name: median seconds} of calls that take turns; those that return a list time themselves."""
    spent: dict[str, list] = {name: [] for name in functions}
    for turn in range(repeats + 1):
        for name, function in functions.items():
            start = clock()
            result = function()
            taken = result if isinstance(result, list) else [clock() - start]
            if turn:  # the first one compiles and fetches memory
                spent[name].append(taken)
    medians = {name: np.median(runs, 0).tolist() for name, runs in spent.items()}
    return {name: m if len(m) > 1 else m[0] for name, m in medians.items()}


def measure_transforms(
    sizes: Mapping[str, Sequence[int]], repeats: int, device: str = "cpu", compile: bool = True
) -> dict[str, Table]:
    """{kind: {size: {name: ns a cell}}}, the rivals on as many of the maps as they manage."""
    clock = gpu_clock if device == "cuda" else time.process_time
    share = {"plain torch": 40, "torch.compile": 20, "torch Function": 8, "NumPy reference": 40}
    table: dict[str, Table] = {}
    for kind, ns in sizes.items():
        for n in ns:
            N = max(2, (1_000_000 if device == "cpu" else 30_000_000) // n**2)
            inputs = [t.to(device) for t in transform_inputs(kind, N, n)]
            calls, counts = {}, {}
            for name, function in transforms(device, compile and n < 100).items():
                if device == "cpu":
                    counts[name] = max(1, N // share.get(name, 1))
                else:
                    counts[name] = max(1, N // 64) if name in HUGE else N
                part: list = [t[: counts[name]] for t in inputs]
                if name == "NumPy reference":
                    part = [t.numpy() for t in part]
                calls[name] = functools.partial(function, *part)
            seconds = in_turn(calls, repeats, clock)
            row = {name: 1e9 * s / (counts[name] * n * n) for name, s in seconds.items()}
            table.setdefault(kind, {})[str(n)] = row
    return table


def measure_layer(
    inputs: Sequence[torch.Tensor], repeats: int, rounds: int = ROUNDS, device: str = "cpu"
) -> Table:
    """{name: {"forward", "backward", "total"}} in ms."""
    clock = gpu_clock if device == "cuda" else time.process_time
    calls = {
        name: lambda one=one: list(training_step(one, rounds, inputs, clock)[2:])
        for name, one in layers(device).items()
    }
    table = {}
    slow = {name: calls.pop(name) for name in ("plain autograd", "torch Function")}
    for group, count in ((slow, max(1, repeats // 4)), (calls, repeats)):
        for name, (forward, backward) in in_turn(group, count, clock).items():
            row = {"forward": forward, "backward": backward, "total": forward + backward}
            table[name] = {what: 1e3 * seconds for what, seconds in row.items()}
    return table


@torch.inference_mode()
def measure_gpu_forward(
    inputs: Sequence[torch.Tensor], repeats: int, rounds: int = ROUNDS
) -> Table:
    """{name: {"with launches", "kernels"}} in ms, of the layer forward: as Python calls it, and as
    a recorded graph of the same kernels, which the GPU replays without asking Python. Torch's
    allocator keeps the memory, so that neither fetches any.
    """
    calls: dict[tuple[str, str], Callable] = {}
    for name in ("ours", "torch Function"):
        one = functools.partial(layer, layers("cuda")[name], rounds, *inputs)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # compiles
            one()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            one()
        calls |= {(name, "with launches"): one, (name, "kernels"): graph.replay}
    spent: dict[tuple[str, str], list[float]] = {which: [] for which in calls}
    for turn in range(10 * repeats + 1):
        for which, call in calls.items():
            start = gpu_clock()
            call()
            if turn:
                spent[which].append(1e3 * (gpu_clock() - start))
    table: Table = {}
    for (name, how), values in spent.items():
        table.setdefault(name, {})[how] = float(np.median(values))
    return table


def others() -> float:
    """Seconds of processor time that other programs have taken; 0 where /proc does not tell."""
    if not Path("/proc/stat").exists():
        return 0.0
    fields = Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()[1:9]
    user, nice, system, _, _, *rest = map(int, fields)
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK") - time.process_time()


def measure_threads(
    inputs: Sequence[torch.Tensor], repeats: int, patience: float
) -> dict[str, float] | str:
    """Wall ms of a training step with one thread and with two, or a sentence; and what two threads
    gain in arithmetic that needs no memory: 2 on two cores, less where they are halves of one.

    What other programs take is missing to one of two threads: runs beside more than a tenth of a
    core of them do not count, and quieter moments are waited for, so many seconds; with no patience
    all counts.
    """
    ours, start = layers()["ours"], time.perf_counter()
    runs: dict[int, list[float]] = {1: [], 2: []}
    alone: dict[int, list[float]] = {1: [], 2: []}
    while min(map(len, runs.values())) < repeats:
        before, begin = others(), time.perf_counter()
        found: dict[int, list[float]] = {1: [], 2: []}
        counted = {threads: peers.seconds_together(threads, 2 * 10**6) for threads in runs}
        for threads in 2 * list(runs):
            torch.set_num_threads(threads)
            found[threads].append(sum(training_step(ours, ROUNDS, inputs, time.perf_counter)[2:]))
        if not patience or others() - before < 0.1 * (time.perf_counter() - begin):
            for threads, spent in found.items():
                runs[threads] += spent[1:]  # the first one wakes the processor up
                alone[threads].append(counted[threads])
        elif time.perf_counter() - start > patience:
            break
        else:
            time.sleep(0.5)
    torch.set_num_threads(1)
    if not runs[1]:
        return "Other programs ran all the time: two threads were not measured."
    gain = 2 * float(np.median(alone[1]) / np.median(alone[2]))
    wall = {str(threads): 1e3 * float(np.median(spent)) for threads, spent in runs.items()}
    return wall | {"arithmetic alone": gain}


def measure_growth(quick: bool) -> Table:
    """Ours: ms of a training step, {what grows: {how far: ms}}."""
    series: dict[str, tuple[str, tuple[int, ...], dict[str, int]]] = {
        "side of a map, cells": ("n", (12, 24) if quick else (12, 24, 46, 92, 184), {"B": 1}),
        "directed edges": ("edges", (8, 16) if quick else (32, 64, 128, 284), {}),
        "joints": ("joints", (4, 8) if quick else (4, 8, 16, 32), {}),
        "frames": ("T", (1, 2) if quick else (1, 2, 5, 10, 20), {}),
        "rounds": ("rounds", (1, 2) if quick else (1, 2, 3, 6, 12), {}),
    }
    ours, table = layers()["ours"], {}
    usual: dict[str, Any] = {"B": 1, "n": 12, "T": 2} if quick else {"B": 6, "n": 46, "T": 5}
    for title, (name, values, fixed) in series.items():
        calls = {}
        for value in values:
            settings = usual | fixed | {name: value}
            rounds = settings.pop("rounds", ROUNDS)
            inputs = layer_inputs(**settings)
            calls[str(value)] = lambda inputs=inputs, rounds=rounds: [
                sum(training_step(ours, rounds, inputs)[2:])
            ]
        medians = in_turn(calls, 2 if quick else 7, time.process_time)
        table[title] = {value: 1e3 * seconds for value, seconds in medians.items()}
    return table


def measure_limits(quick: bool) -> dict[str, Any]:
    """What the processor could do at most, and how many candidates we ask of it."""
    count = 10**5 if quick else 10**7
    seconds = in_turn({"steps": lambda: peers.register_steps(count)}, 5, time.process_time)["steps"]
    source = torch.randn(2**20 if quick else 2**26)
    target = torch.empty_like(source)
    copied = in_turn({"copy": lambda: target.copy_(source)}, 5, time.process_time)["copy"]
    sides = (24,) if quick else SIDES
    sizes = {"heat": sides, "finer": sides, "x 100": (24 if quick else 46,)}
    counts: dict[str, Table] = {}
    for kind, ns in sizes.items():
        for n in ns:
            maps = transform_inputs(kind, 2 if quick else max(2, 60 * 46 // n), n)
            each = zip(*(t.numpy() for t in maps), strict=True)
            asked = float(np.mean([peers.candidates(*one) for one in each]))
            counts.setdefault(kind, {})[str(n)] = {"window": asked, "full": 2.0 * n}
    steps = count * peers.CHAINS * peers.LANES
    return {
        "candidates a second, registers only, 1e9": steps / seconds / 1e9,
        "copy, GB read and written a second": 2 * source.nbytes / copied / 1e9,
        "candidates a cell": counts,
    }


def measure_pgmax(sizes: Sequence[int], repeats: int) -> Table | str:
    """CPU ms of three rounds forward by PGMax and by ours; a sentence where PGMax is missing."""
    table = {}
    for n in sizes:
        unary, ends, stiffness, rest, _ = layer_inputs(B=1, n=n)
        ones = torch.ones(unary.shape[1])
        stiffness, rest = stiffness[::2].repeat_interleave(2, 0), rest[::2].repeat_interleave(2, 0)
        rest[1::2] *= -1  # PGMax has one spring for both directions
        given = unary, ends, stiffness, rest, ones
        springs = [t[::2].numpy() for t in (stiffness, rest)]
        try:
            theirs = peers.pgmax(unary[0].numpy(), ends[::2].tolist(), springs)
        except ImportError as error:
            return f"PGMax is not installed here ({error}): pip install pgmax"
        gap = theirs(1) - layer(pass_messages, 1, *given)[0].numpy()
        gap = np.abs(gap - gap.mean((1, 2), keepdims=True)).max()
        assert gap < 1e-4, f"PGMax's beliefs after a round differ by {gap}, beyond a constant"
        calls: dict[str, Callable] = {"PGMax": functools.partial(theirs, ROUNDS)}
        seconds = in_turn(calls, repeats, time.process_time)
        calls = {"ours": functools.partial(layer, pass_messages, ROUNDS, *given)}
        seconds |= in_turn(calls, 9, time.process_time)
        table[str(n)] = {name: 1e3 * spent for name, spent in seconds.items()}
    return table


def measure_tropical(sides: Sequence[int], repeats: int) -> Table | str:
    """ns a cell of one transform by tropical-gemm and by ours; a sentence where it is missing."""
    table_of: Table = {}
    for n in sides:
        maps = transform_inputs("finer", max(2, 200_000 // n**2), n)
        score, *springs = (t.numpy() for t in maps)
        try:
            theirs = functools.partial(peers.tropical(n, *springs), score)
        except ImportError as error:
            return f"tropical-gemm is not installed here ({error}): pip install tropical-gemm"
        ours = functools.partial(distance_transform, *maps)
        gap = np.abs(theirs()[0] - first(ours()).numpy()).max()
        assert gap < 1e-4, f"tropical-gemm's messages differ by {gap}"
        calls: dict[str, Callable] = {"tropical-gemm": theirs, "ours": ours}
        seconds = in_turn(calls, repeats, time.process_time)
        row = {name: 1e9 * spent / maps[0].numel() for name, spent in seconds.items()}
        table_of[str(n)] = row | {"times ours": row["tropical-gemm"] / row["ours"]}
    return table_of


# Memory, each in a process of its own


def memory_of(name: str, settings: Mapping[str, Any]) -> dict[str, float]:
    """MB that one training step takes beyond its inputs: "process", its peak, and "counted", what
    torch operators return.

    A tiny step first compiles, starts threads and imports; then the peak is set back to what is
    resident.
    """
    torch.set_num_threads(1)
    one_round, inputs = layers()[name], layer_inputs(**settings)
    training_step(one_round, ROUNDS, layer_inputs(B=1, T=2, n=12))
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    before = resident("VmRSS")
    training_step(one_round, ROUNDS, inputs)
    peak = resident("VmHWM") - before
    with LiveBytes() as counted:
        training_step(one_round, ROUNDS, inputs)
    return {"process": peak / 1e6, "counted": counted.peak / 1e6}


def measure_memory(names: Sequence[str], settings: Mapping[str, Any]) -> Table | str:
    """{name: MB}, or a sentence where the system does not tell."""
    if not os.access("/proc/self/clear_refs", os.W_OK):
        return "The peak of a process is read from /proc, which this system does not have."
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, fresh, max_tasks_per_child=1) as pool:
        return {name: pool.submit(memory_of, name, settings).result() for name in names}


def gpu_memory(inputs: Sequence[torch.Tensor]) -> Table:
    """{name: MB} that torch's allocator hands out beyond what is there before the step."""
    table = {}
    for name, one_round in layers("cuda").items():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        training_step(one_round, ROUNDS, inputs)
        table[name] = {"process": (torch.cuda.max_memory_allocated() - before) / 1e6}
    return table


# Results


SIDES = 24, 46, 92, 184, 368  # of maps, cells


def measure(quick: bool, device: str, compile: bool = True) -> dict[str, Any]:
    """Every table, as results/messages.json holds it."""
    torch.set_num_threads(1)
    repeats = 2 if quick else 9
    sizes: dict[str, tuple[int, ...]] = {"heat": (12,), "finer": (24,)}
    settings: dict[str, Any] = {"B": 1, "T": 2, "n": 12}
    if not quick:
        sizes = {"heat": SIDES, "finer": SIDES, "noise": (46,), "x 100": (46,)}
        settings = {"B": 6, "T": 5, "n": 46}
    inputs = layer_inputs(**settings, device=device)
    about = {"rounds": ROUNDS, "joints": 13, "edges": len(inputs[1]), "repeats": repeats}
    found = {
        "date": datetime.date.today().isoformat(),
        "machine": records.machine(device),
        "settings": settings | about,
        "transform": measure_transforms(sizes, repeats, device, compile and not quick),
        "layer": measure_layer(inputs, repeats, device=device),
    }
    if device == "cuda":
        forward = measure_gpu_forward(inputs, repeats)
        return found | {"forward": forward, "memory": gpu_memory(inputs)}
    return found | {
        "threads": measure_threads(inputs, repeats, patience=0 if quick else 120),
        "memory": measure_memory(["ours"] if quick else list(layers()), settings),
        "growth": measure_growth(quick),
        "limits": measure_limits(quick),
        "pgmax": measure_pgmax((4,) if quick else (8, 12), 2 if quick else 5),
        "tropical": measure_tropical((12,) if quick else (46, 92, 368), repeats),
    }


def ratios(found: Mapping[str, Any]) -> dict[str, float]:
    """{what: measured} of all rows that BARS and CEILINGS name and this run has."""
    layer, transform = found["layer"], found["transform"]
    total = {name: row["total"] for name, row in layer.items()}
    if "gpu" in found["machine"]:
        rows = {}
        for how, title in (("kernels", "the kernels"), ("with launches", "with their launches")):
            ours, theirs = (found["forward"][name][how] for name in ("ours", "torch Function"))
            rows[f"CUDA, forward, {title}: torch operations / ours"] = theirs / ours
            rows[f"CUDA, forward, {title}, ms"] = ours
        return rows
    rows = {
        "whole layer: torch Function / ours": total["torch Function"] / total["ours"],
        "whole layer: plain autograd / ours": total["plain autograd"] / total["ours"],
    }
    if not isinstance(found["threads"], str):
        rows["two threads: one thread / two"] = found["threads"]["1"] / found["threads"]["2"]
    if not isinstance(found["memory"], str):
        rows["extra peak memory of a step, MB"] = found["memory"]["ours"]["process"]
    if "46" in transform["heat"]:
        at = transform["heat"]["46"]
        rows["one transform, 46 x 46: numba envelope / ours"] = at["numba envelope"] / at["ours"]
        for kind, name in (("heat", "springs in cells"), ("finer", "the same picture finer")):
            cells = {n: row["ours"] for n, row in transform[kind].items()}
            rows[f"growth of ns per cell, 46 -> 368, {name}"] = cells["368"] / cells["46"]
    return rows


def table(rows: Table | str, corner: str, digits: int = 3) -> str:
    """Markdown of {row: {column: number}}, or a sentence as it is."""
    if isinstance(rows, str):
        return rows
    columns = list(dict.fromkeys(c for row in rows.values() for c in row))
    lines = [f"| {corner} | " + " | ".join(columns) + " |", "|---" * (1 + len(columns)) + "|"]
    for name, row in rows.items():
        cells = (f"{row[c]:.{digits}g}" if c in row else "" for c in columns)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def turned(rows: Table) -> Table:
    """Columns as rows."""
    columns = dict.fromkeys(c for row in rows.values() for c in row)
    return {c: {r: row[c] for r, row in rows.items() if c in row} for c in columns}


def report(found: Mapping[str, Any]) -> str:
    """Everything as Markdown."""
    parts = [f"{found['date']}, {found['machine']}"]
    for kind, rows in found["transform"].items():
        ours = {n: {k: v / row["ours"] for k, v in row.items()} for n, row in rows.items()}
        parts.append(table(turned(rows), f"{kind}: ns a cell, side ="))
        parts.append(table(turned(ours), "times ours, side ="))
    every = [row for rows in found["transform"].values() for row in rows.values()]
    if not any("torch.compile" in row for row in every):
        parts.append(
            "torch.compile was left out: not asked for, or no C++ compiler ($CXX, g++) here."
        )
    total = found["layer"]["ours"]["total"]
    steps = {n: r | {"times ours": r["total"] / total} for n, r in found["layer"].items()}
    parts.append(table(steps, "layer, ms"))
    if "forward" in found:
        parts.append(table(found["forward"], "layer forward, ms"))
    if "limits" in found:
        limits, threads = dict(found["limits"]), found["threads"]
        for kind, rows in limits.pop("candidates a cell").items():
            parts.append(table(turned(rows), f"{kind}: candidates a cell, side ="))
        parts += [
            table({"measured": limits}, "limit"),
            table(threads if isinstance(threads, str) else {"wall, ms": threads}, "threads"),
            table(found["pgmax"], "3 rounds forward, ms"),
            table(found["tropical"], "finer: ns a cell, side ="),
        ]
        parts += [table({"ms": row}, title) for title, row in found["growth"].items()]
        parts.append(growth_page(found["growth"]))
    parts.append(table(found["memory"], "extra peak of a training step, MB"))
    return "\n\n".join([*parts, against_the_bars(found)])


def against_the_bars(found: Mapping[str, Any]) -> str:
    """The ratios beside what we accept and what we aim at: the README's table, as Markdown."""
    lines = ["| ratio | measured | bar | aim | verdict |", "|---|---|---|---|---|"]
    for name, value in ratios(found).items():
        least, aim = BARS.get(name) or CEILINGS[name]
        reached, passed = (value >= b if name in BARS else value <= b for b in (aim, least))
        verdict = "aim reached" if reached else "bar passed" if passed else "missed"
        sign = "≥" if name in BARS else "≤"
        lines.append(f"| {name} | {value:.3g} | {sign} {least:g} | {sign} {aim:g} | {verdict} |")
    return "\n".join(lines)


def growth_page(growth: Table) -> str:
    """How a step's time grows with each thing, as docs/speed.md has it, in Markdown."""
    lines = ["| what grows | from | to | times | time, times |", "|---|---|---|---|---|"]
    for what, row in growth.items():
        (least, before), (most, after) = list(row.items())[0], list(row.items())[-1]
        more = int(most) / int(least)
        lines.append(f"| {what} | {least} | {most} | {more:.3g} | {after / before:.3g} |")
    return "\n".join(lines)


def rounded(value: Any) -> Any:
    """Numbers to four digits, as they are worth no more."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def run(options: argparse.Namespace) -> None:
    """options : quick, write, device, no_compile"""
    found = rounded(measure(options.quick, options.device, not options.no_compile))
    print(report(found))
    if options.write:
        records.store("messages-cuda" if options.device == "cuda" else "messages", found)
