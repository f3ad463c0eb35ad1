# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11. Optional: make messages fast
#
# **You'll build** the two ideas that make this book's messages fast: a window that holds every
# sender who can win, and a loop that compares sixteen receivers at a time. No other chapter needs
# this one, so read it if you enjoy asking why a program is fast, and skip it if you do not.
#
# **You'll learn**
#
# - when comparing everything beats the algorithm that takes far fewer steps, and why;
# - which senders cannot win, exactly, and how to know it before comparing;
# - how a processor compares sixteen candidates by one instruction, and what that changes;
# - to hold a measured time against what the machine could do at best.
#
# **You'll need** chapter 2 and some curiosity about processors. A GPU is not needed, because the
# figures of one are stored. The chapter runs for about half a minute on two cores, and with half of
# the exercises it takes an hour and a half of your time.

# %% tags=["remove-cell"]
# A copy in a folder of its own runs among the chapters; one alone fetches them.
import importlib.util, os, subprocess, sys

if os.path.isdir("../exercises"):
    os.chdir("..")
    sys.path.insert(0, os.getcwd())
elif importlib.util.find_spec("exercises") is None:
    address = os.environ.get("TSLIB_REPOSITORY") or sys.exit(
        "Set TSLIB_REPOSITORY to the repository's address, and run again."
    )
    subprocess.run(["git", "clone", "--depth", "1", address, "book"], check=True)
    packages = [sys.executable, "-m", "pip", "install", "-q", "-e", "book[chapters]"]
    subprocess.run(packages, check=True)
    os.chdir("book/chapters")
    sys.path[:0] = [os.getcwd(), os.path.dirname(os.getcwd())]

# %%
import json
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from exercises import chapter_11 as check
from style import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, show, show_map

from tslib.distance_transform import choose_backend, distance_transform
from tslib.distance_transform.layer import max_plus, max_plus_chunked

_ = torch.manual_seed(0)

# %% [markdown]
# These are the letters of this chapter. Each one is explained where it is first used.
#
# | symbol | meaning | in code | shape |
# |---|---|---|---|
# | $R, n$ | rows that are treated alike, cells in a row | `R`, `n` | |
# | $s$ | scores of the senders; $s_{\min}$, $s_{\max}$: a row's least and greatest | `score` | `(R, n)` |
# | $p, q$ | a receiver, a sender | `p`, `q` | |
# | $a, \mu$ | stiffness and rest offset of one spring, along one axis | `a`, `mu` | numbers |
# | $t$ | stretch of a sender: how far it lies from the rest position $p + \mu$ | | |
# | $b$ | stretch of the sender that is nearest to the rest position | `beyond` | `(n,)` |
# | $d = q - p$ | displacement, sender minus receiver | `d` | |
# | $q^*(p)$ | the source, as before | `source` | `(R, n)` |

# %% [markdown]
# ## 11.1 When brute force wins
#
# `max_plus` of chapter 2 compares $n$ candidates for each cell. The envelope of chapter 1 needs
# fewer than two crossings. Which one is faster? To compare them fairly, we write the envelope with
# the same tools, torch operations. It is the same sweep as in chapter 1, but it treats all rows at
# once, with a shrinking list of the rows that still strike out parabolas.


# %%
def envelope_of_rows(score, stiffness):
    """The envelope of chapter 1, all rows (R, n) at once; and its crossings."""
    R, n = score.shape
    cells, starts = torch.zeros(R, n).long(), torch.full((R, n), -torch.inf)
    last, crossings = torch.zeros(R).long(), 0  # where each row's list ends
    for q in range(1, n):
        active = torch.arange(R)
        while len(active):
            k = last[active]
            v = cells[active, k]
            lead = (score[active, v] - score[active, q]) / (2 * stiffness * (q - v))
            start = (v + q) / 2 + lead  # Eq. 1.6
            hidden = start <= starts[active, k]
            last[active] += torch.where(hidden, -1, 1)
            done, crossings = active[~hidden], crossings + len(active)
            cells[done, last[done]], starts[done, last[done]] = q, start[~hidden]
            active = active[hidden]
    starts[torch.arange(n) > last[:, None]] = torch.inf
    return cells, starts, crossings


# %% [markdown]
# The second half reads the envelope, and brute force is `max_plus_chunked`, as it is.


# %%
def envelope_rows(score, stiffness, rest):
    """score (R, n), one spring -> message and source (R, n), and the crossings."""
    R, n = score.shape
    cells, starts, crossings = envelope_of_rows(score, stiffness)
    p = torch.arange(n, dtype=score.dtype)
    k = torch.searchsorted(starts[:, 1:].contiguous(), (p + rest).repeat(R, 1))
    source = cells.gather(1, k)
    message = score.gather(1, source) - stiffness * (source - p - rest).square()
    return message, source, crossings


def brute_rows(score, stiffness, rest):
    """The same by comparing everything."""
    springs = torch.tensor([stiffness]), torch.tensor([rest])
    message, source = max_plus_chunked(score[None], *springs)
    return message[0], source[0]


# %% [markdown]
# We let both do a thousand random rows of several lengths, check that they agree, and take the
# processor time of one thread.


# %%
def seconds(function, *arguments):
    """Processor time, the best of three: other programs do not count."""
    runs = []
    for _ in range(3):
        start = time.process_time()
        result = function(*arguments)
        runs.append(time.process_time() - start)
    return min(runs), result


sizes, R, spent, steps = (16, 32, 64, 128, 256, 512), 1000, [], []
threads = torch.get_num_threads()
torch.set_num_threads(1)
for n in sizes:
    rows = torch.rand(R, n)
    slow, (m, _) = seconds(brute_rows, rows, 0.05, 1.5)
    fast, (m_envelope, _, crossings) = seconds(envelope_rows, rows, 0.05, 1.5)
    assert torch.allclose(m, m_envelope, atol=1e-5)
    spent.append([slow, fast])
    steps.append([R * n * n, crossings])
    print(f"rows of {n:3}: {n:3} comparisons a cell,",
          f"or {crossings / (R * n):.2f} crossings")
torch.set_num_threads(threads)

# %% [markdown]
# If we count steps, the envelope wins clearly. The next picture shows the time. In its left panel
# we have divided the envelope's time by that of brute force, over the length of a row. Above the
# dotted line brute force is faster, and the dashed line marks Paper A's maps of 46 cells. The right
# panel shows how many steps each of them does in a second. We measured both where this page was
# made, and you can run the cells for your own machine.

# %%
spent, steps = np.array(spent), np.array(steps)
ratio, speed = spent[:, 1] / spent[:, 0], steps / spent / 1e6
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8))
left.semilogx(sizes, ratio, "o-", color=BLUE)
for place in zip(sizes, ratio):
    left.annotate(f"{place[1]:.1f}", place, (4, 6), textcoords="offset points")
left.axhline(1, color=GREY, lw=1, ls=":")
left.axvline(46, color=GREEN, lw=1, ls="--")
left.set(title="time of the envelope / of brute force", ylim=(0, None))
right.loglog(sizes, speed[:, 0], "o-", color=RED, label="brute force: comparisons")
right.loglog(sizes, speed[:, 1], "o-", color=BLUE, label="envelope: crossings")
right.set(title="million steps a second, one thread", ylim=(1, None))
right.legend(loc="center")
for ax in (left, right):
    ax.set_xlabel("cells in a row")
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
show("Left, the time of the envelope over that of brute force: seven to ten times as "
     "long on rows of 16 cells, falling with the length, and below one on rows of 512. "
     "Right, steps per second: brute force does about a hundred times as many as the "
     "envelope on rows of 16 cells, and about two hundred times on the longest.")

# %% [markdown]
# The right panel holds the reason. A step of brute force is one subtraction and one comparison on
# neighbours in memory, and one instruction does many of them. A step of the envelope reads and
# writes where the data says, and here a turn of the loop is some twenty-five torch calls, which the
# rows that still strike out, a thousand at most, share. So the clever algorithm takes far fewer
# steps, but we pay far more for each of them. The longer the rows, the more it gains, and somewhere
# between 256 and 512 cells the two are equal. But our heat-maps are small.
#
# However, this is a race between two ways to use *torch*. Compiled code has no torch calls to pay
# for, and brute force need not write its candidates to memory. Will the envelope win there? In the
# next two sections we give brute force what it lacks, and then we ask again.

# %% [markdown]
# ## 11.2 Where a winner can lie
#
# Most senders are asked for nothing, because they are so far away that they cannot win, whatever
# the rest of the row holds. How far is that? Let us take a receiver, and let $b$ be the stretch of
# the sender that is nearest to its rest position $p + \mu$. This is half a cell at most, unless the
# rest position lies outside the map. That one sender already offers $s_{\min} - a b^2$ or more. A
# sender at stretch $t$ offers $s_{\max} - a t^2$ or less. So whoever wins has
# $s_{\max} - a t^2 \ge s_{\min} - a b^2$, that is,
#
# $$|q^*(p) - p - \mu| \;\le\; \sqrt{\frac{s_{\max} - s_{\min}}{a} + b^2}. \tag{11.1}$$
#
# That is the whole proof. The window is exact, because nobody who wins, or who ties, is left out.
# The code adds one cell to the reach of Eq. 11.1, because a computed square root may be rounded
# down, and then a winner at the very edge would be lost. A thousandth of a cell would be room
# enough (Exercise 11.2), but a whole one makes sure of it and costs us two more senders. In array
# form, for all receivers of $R$ rows:


# %%
def can_win(score, stiffness, rest):
    """score (R, n), one spring -> first and last who can win (R, n) (Eq. 11.1)."""
    n = score.shape[-1]
    home = torch.arange(n) + rest
    beyond = home - home.round().clamp(0, n - 1)
    spread = (score.amax(-1) - score.amin(-1))[:, None]
    reach = (spread / stiffness + beyond.square()).sqrt() + 1  # one more, for rounding
    return (home - reach).ceil().clamp(min=0), (home + reach).floor().clamp(max=n - 1)


def windowed_rows(score, stiffness, rest):
    """max_plus that asks only those who can win; also how many it asked (R, n)."""
    q = torch.arange(score.shape[-1])
    lowest, highest = (bound[..., None] for bound in can_win(score, stiffness, rest))
    asked = (lowest <= q) & (q <= highest)
    offers = score[:, None] - stiffness * (q - q[:, None] - rest).square()
    return *offers.masked_fill(~asked, -torch.inf).max(-1), asked.sum(-1)


# %% [markdown]
# We check it against all senders, to the last bit, on rows of every kind. Among them are rows that
# are full of exact ties.

# %%
R, n = 500, 46
peak = torch.exp(-((torch.arange(n) - 46 * torch.rand(R, 1)) ** 2) / 4.5)
rows = {
    "a peak and a little noise": (0.7 * peak + 0.02 * torch.randn(R, n), 0.05, 1.3),
    "noise": (torch.randn(R, n), 0.05, -2.7),
    "ties: multiples of 1/4": (torch.randint(0, 5, (R, n)) / 4, 0.25, 1.0),
    "constant": (torch.ones(R, n), 0.05, 0.5),
    "rest outside of the row": (peak, 0.01, 60.25),
    "a peak, scores x 100": (70 * peak + 2 * torch.randn(R, n), 0.05, 1.3),
}
for name, (score, a, mu) in rows.items():
    m, q, asked = windowed_rows(score, a, mu)
    m_all, q_all = max_plus(score[None], torch.tensor([a]), torch.tensor([mu]))
    assert torch.equal(m, m_all[0]) and torch.equal(q, q_all[0])
    print(f"{name:26} the same, asking {asked.double().mean():4.1f} of {n} senders")

# %% [markdown]
# A heat-map is mostly flat, so most of its rows need a few senders only. Where the scores are large
# against the price of a stretch, the window is nearly the whole row. Then it saves us nothing, but
# finding it has not cost us more than a square root.
#
# Now we do a whole map, a wrist's, with two peaks of different height.

# %%
at = torch.arange(46)
arm = sum(h * torch.exp(-((at - x) ** 2 + (at[:, None] - y) ** 2) / 8)
          for x, y, h in ((30, 14, 1), (12, 33, 0.6)))
arm = arm + 0.01 * torch.randn(46, 46)
a, mu = (0.02, 0.02), (5.0, 3.0)
across, _, asked_x = windowed_rows(arm, a[0], mu[0])
down, _, asked_y = windowed_rows(across.mT, a[1], mu[1])
assert torch.equal(down.mT, distance_transform(arm, a, mu, backend="torch"))
asked = (asked_x.sum() + asked_y.sum()) / 46**2
print(f"asked in both passes: {asked:.0f} senders a cell, of {2 * 46}")

# %% [markdown]
# In the next picture the upper left panel shows our score, and on it, in every second row, the
# window of the receiver in column 20 as a white line. (The dashed green line is column 20.) The
# upper right panel shows how many senders each cell asked in the row pass, and the lower right
# panel how many in the column pass.

# %%
panels = [["score", "rows"], [".", "columns"]]
fig, axes = plt.subplot_mosaic(panels, figsize=(9.5, 7.6))
show_map(axes["score"], arm, "score, and windows of the receiver x = 20")
first, last = (bound[:, 20] for bound in can_win(arm, a[0], mu[0]))
axes["score"].hlines(at[::2], first[::2], last[::2], color="white", lw=1.5)
axes["score"].axvline(20, color=GREEN, lw=1.5, ls="--")
counts = {"cmap": "viridis", "vmin": 0, "vmax": 46}
show_map(axes["rows"], asked_x, "senders asked along x", **counts)
show_map(axes["columns"], asked_y.mT, "then along y", **counts)
show("Upper left, a map with two peaks and white lines that show windows, all around x "
     "= 25: long in rows that hold a peak, short elsewhere. Upper right, the senders "
     "asked along x: few, but more in two bands of rows that hold the peaks. Lower "
     "right, those asked along y: few, but more in two broad bands of columns, to "
     "which the first pass has spread the peaks.")

# %% [markdown]
# The windows lie around a place 5 cells to the right of the receiver, an elbow, because that is
# where we expect its wrist, and they are wide only in rows that hold a peak. In the second pass,
# the message of the first has spread each peak, but only along its own rows. So whole columns are
# wide there.

# %% [markdown]
# ## 11.3 Compiled
#
# In torch we still pay for each candidate with a trip to memory and back. But a processor has
# registers that hold several numbers, sixteen of float32 on the larger ones of today, and
# instructions that treat all of them at once. (The field calls this *SIMD*, single instruction,
# multiple data, and each place in such a register a *lane*.) So we let sixteen neighbouring
# receivers hold their best offer in one register and the number of its sender in another, and ask
# one displacement after the other. That is a load, a subtraction, a comparison and two selections,
# and nothing else is written until all have been asked. Here it is in NumPy, with an array of
# sixteen in the place of a register:


# %%
def sixteen_receivers(padded, cost, p, near, far, lanes=16):
    """Best offers and senders of p..p+15; padded: 64 cells of -inf on each side."""
    best, source = np.full(lanes, -np.inf, np.float32), np.zeros(lanes, np.int32)
    for d in range(near, far + 1):  # one price for all: it depends on d = q - p alone
        offer = padded[64 + p + d : 64 + p + d + lanes] - cost[d]
        better = offer > best  # a later one has to be better: ties go to the lowest
        best = np.where(better, offer, best)
        source = np.where(better, p + d + np.arange(lanes), source)
    return best, source


# %% [markdown]
# Sixteen receivers share one sweep, so it has to be as wide as the widest of their windows. We try
# it on three groups of receivers in one row of the map, and hold it against `max_plus`.

# %%
row, a, mu = arm[14], np.float32(0.02), np.float32(5)
cost = {d: a * (np.float32(d) - mu) ** 2 for d in range(-64, 65)}
padded = np.pad(row.numpy(), 64, constant_values=-np.inf)
first, last = (bound[14].long() - at for bound in can_win(arm, a, mu))
m, q = max_plus(row[None, None], torch.tensor([a]), torch.tensor([mu]))
for p in (0, 16, 30):
    lanes = slice(p, p + 16)
    near, far = int(first[lanes].min()), int(last[lanes].max())
    best, source = sixteen_receivers(padded, cost, p, near, far)
    assert np.array_equal(best, m[0, 0, lanes])
    assert np.array_equal(source, q[0, 0, lanes])
    print(f"receivers {p:2} to {p + 15}: the same from {far - near + 1} displacements,",
          f"{near} to {far}")

# %% [markdown]
# `tslib/kernels/messages_numba.py` is this loop in numba, which compiles Python while it runs. Its
# `sweep` is written in the compiler's own language (`vectors.py`), because a compiler that is left
# alone finds no registers for a running maximum *with* its place. Around it stands Eq. 11.1 for
# each row, and behind it a backward pass of two *scatters*, which add each receiver's gradient to
# the cell that it chose, first along y and then along x, where chapter 2 did it in one. (This page
# has its time, in section 11.4, and not its code.) For a whole graph of joints,
# `tslib.message_passing` adds each message to its receiver's sum as soon as it is there, so that no
# message is ever written down. Which back end works is the choice of the device, and not yours. On
# whichever machine this page runs, the result is the same to the last bit:

# %%
maps = torch.randn(20, 46, 46)
spring = 0.01 + torch.rand(20, 2), 6 * torch.randn(20, 2)
there = choose_backend("cpu")  # "compiled", where numba is installed
each = [distance_transform(maps, *spring, return_source=True, backend=way)
        for way in ("torch", there)]
differ = [int((slow != fast).sum()) for slow, fast in zip(*each)]
print(f"of {maps.numel()} cells, {differ[0]} messages and {differ[1]} sources differ")

# %% [markdown]
# ## 11.4 Measured
#
# Now we ask the question of section 11.1 again, with the textbook envelope compiled by the same
# numba. The figures were taken by `python -m experiments speed messages --write`, all rivals but
# PGMax (below) in one process, on one thread, as medians of processor time, and this page reads the
# file. Among the rivals *ours* is the compiled loop of section 11.3, and *numba envelope* is that
# textbook envelope. The others are versions that you know: *plain torch* (in the layer: *plain
# autograd*) is `max_plus` in two passes, the *torch Function* is chapter 2's `DistanceTransform`,
# the *NumPy reference* is chapter 1's envelope, and *torch.compile* is plain torch put through
# torch's own compiler. The *layer* is Paper A's: 6 clips of 5 frames, 13 joints, 284 messages in
# each clip, three rounds, forward and backward. Its memory is what the process grew by.

# %%
results = Path("../experiments/results")
measured = json.loads((results / "messages.json").read_text(encoding="utf-8"))
taken = measured["transform"]["heat"]
for name, ns in taken["46"].items():
    times = ns / taken["46"]["ours"]
    print(f"one transform of 46 x 46, {name:15} {times:6.1f} times ours")
for name in ("ours", "numba envelope"):
    growth = taken["368"][name] / taken["46"][name]
    print(f"time per cell, from 46 x 46 to 368 x 368 cells, {name}: times {growth:.1f}")

# %%
layer = {name: row["total"] for name, row in measured["layer"].items()}
memory, threads = measured["memory"], measured["threads"]
for name, ms in layer.items():
    print(f"the layer, {name:15} {ms / layer['ours']:5.1f} times ours,",
          f"takes {memory[name]['process']:6.0f} MB more")
print(f"two threads against one: {threads['1'] / threads['2']:.2f} times as fast;",
      f"arithmetic without memory: {threads['arithmetic alone']:.2f}")

# %% [markdown]
# Two threads halve our time, nearly as well as they halve that of arithmetic which touches no
# memory. So the cores hardly wait for memory.
#
# The next picture shows the time per cell of one transform, over the side of the map, for us and
# for all rivals. Both axes are logarithmic.

# %%
colors = dict(zip(taken["46"], (BLUE, ORANGE, RED, GREEN, GREY, PURPLE)))
box = measured["machine"]
versions = ", ".join(f"{name} {box['versions'][name]}" for name in ("torch", "numba"))
who = f"{box['cpu']}, {versions}, {measured['date']}"
fig, ax = plt.subplots(figsize=(9.5, 4.2))
for name, color in colors.items():
    sides = [int(n) for n in taken if name in taken[n]]
    times = [taken[str(n)][name] for n in sides]
    ax.loglog(sides, times, "o-", color=color, label=name)
ax.set(xlabel="side of the map (cells)", ylabel="ns per cell")
ax.set_xticks([int(n) for n in taken], list(taken))
ax.minorticks_off()
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=10)
fig.supxlabel(who, fontsize=9, color=GREY)
show("Time per cell over the side of the map. Ours is lowest and falls to one half, "
     "and the numba envelope lies several times higher and falls by a third. The torch "
     "versions start higher still and rise with the side. The NumPy reference is high "
     "and nearly flat, and only plain torch on the largest map lies above it.")

# %% [markdown]
# And here we see the whole layer, its forward pass in full colour and its backward pass in a paler
# one, on a logarithmic axis of milliseconds.

# %%
fig, ax = plt.subplots(figsize=(8.5, 3))
place = np.arange(len(layer))
shades = [colors.get(name, RED) for name in layer]
for part, offset, shade in (("forward", 0.2, 1), ("backward", -0.2, 0.5)):
    ms = [row[part] for row in measured["layer"].values()]
    bars = ax.barh(place + offset, ms, 0.36, color=shades, alpha=shade)
    ax.bar_label(bars, [f"{part} {t:.0f}" for t in ms], padding=3)
ax.set_yticks(place, list(layer))
ax.set(xscale="log", xlabel="ms", xlim=(10, 60_000))
show("Bars of milliseconds for three versions of the layer. Plain autograd takes "
     "longest, and four tenths more backward than forward. The torch Function takes "
     "about a third of that forward and far less backward. Ours takes least by far, "
     "about as long forward as backward.")

# %% [markdown]
# The clever algorithm lost again, even with the same compiler on its side. It takes the fewest
# steps, but each of them waits for the one before, and only the data tells which way it goes. Our
# brute force with the right window takes about six times as many (in the two passes together some
# seventeen candidates a cell, of 92, against three crossings), but sixteen at a time and in an
# order that we know beforehand. Paper A claims that the transform makes a message linear in the
# number of cells (Sec. 3.3). As long as springs stay the same in cells, that holds for both,
# because the time per cell does not grow with the map. But where a finer map shows the same
# picture, springs reach over more cells. Then the time per cell grows for both, from 46 to 368
# cells a side by 2.2 times for ours and by 1.6 times for the compiled envelope. What the envelope
# has to itself is that its *steps* are certain to be fewer than two a cell in each pass, while the
# window depends on the data.
#
# Could we have taken a general library instead? PGMax compiles max-product messages for a CPU or
# GPU through JAX, but it has to list all pairs of cells, which is $46^4$ numbers for each pair of
# joints here. On maps that are small enough for it (in a run two hours before the others, on the
# same machine):

# %%
for n, row in measured["pgmax"].items():
    print(f"three rounds forward on maps of {n} x {n}:",
          f"PGMax takes {row['PGMax'] / row['ours']:.0f} times ours")

# %% [markdown]
# How close is ours to what the machine can do? There are two limits: the steps of the sweep, done
# in registers alone without any map, and the bytes that must come and go: four for a cell's score,
# four for its message and one for the arg-max of each pass, because a byte can number 256 cells. In
# the next picture the first is the slanted line and the second the dotted one. Each dot is a map,
# and shows the time per cell over the number of candidates inside the windows of both passes. The
# number beside a dot is the side of its map. (Of the blue dots only the smallest and the largest
# map have one, because the others lie too near to each other.) The blue dots have the same springs
# on every map. The green dots have springs that grow with the map: a finer map shows the same
# picture there, so that a spring has to reach over as many more cells. The red square is a map
# whose scores are a hundred times as large, so that hardly any window is left: it asks 83 of its 92
# candidates. (Such a picture of limits is called a *roofline*.)

# %%
limits = measured["limits"]
rate = limits["candidates a second, registers only, 1e9"]
moved = 4 + 4 + 2  # bytes a cell: score, message, two arg-maxes
floor = moved / limits["copy, GB read and written a second"]
asked = limits["candidates a cell"]
print(f"{rate:.0f} candidates a ns in registers;",
      f"{moved} bytes a cell take {floor:.2f} ns to move")

# %%
fig, ax = plt.subplots(figsize=(9.5, 4.4))
line = np.geomspace(8, 300)
label = f"comparing: {rate:.0f} candidates per ns"
ax.loglog(line, line / rate, color=GREY, label=label)
ax.axhline(floor, color=GREY, ls=":", label=f"moving {moved} bytes per cell")
kinds = (("heat", BLUE, "same springs"), ("finer", GREEN, "springs grow with the map"))
for kind, color, label in kinds:
    rows = measured["transform"][kind].items()
    points = [(n, asked[kind][n]["window"], row["ours"]) for n, row in rows]
    ax.plot(*zip(*[point for _, *point in points]), "o-", color=color, label=label)
    for n, *point in points[:: 4 if kind == "heat" else 1]:
        ax.annotate(n, point, (8, -4), textcoords="offset points", color=color)
(stress,) = asked["x 100"].values()
alone = stress["window"], measured["transform"]["x 100"]["46"]["ours"]
ax.plot(*alone, "s", color=RED, label="46, scores x 100: no window")
ax.set(xlabel="candidates per cell inside the window", ylabel="ns per cell")
ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
show("Time per cell over candidates per cell. A slanted grey line rises to the right "
     "and a dotted one lies far below all dots. The blue dots, all with about twenty "
     "candidates, lie well above the slanted line. The green ones come close to it as "
     "their candidates grow to a hundred. The red square, at eighty candidates, takes "
     "half as long again as the line.")

# %% [markdown]
# On small windows we spend most of the time on what surrounds the comparisons: loading rows,
# finding windows, storing, checking the input. With wide windows our dots approach the slanted
# line, where the processor does nothing but compare. Memory is never the limit, because the
# transform fits the cache. The green dots climb from 92 cells on, since a window of the same
# *picture* has more cells on a finer map. Then brute force does pay $n$ for each cell, only with a
# small factor.

# %% [markdown]
# ## 11.5 On a GPU
#
# On CUDA `choose_backend` names "triton". That is a *kernel*, a function for many threads of the
# GPU at once, which is written in Triton's Python and compiled when it first runs. One program
# takes one map of Paper A's size through both passes. Its threads hold the best offers of their
# cells in registers, as the sixteen lanes do here, and they compare *all* senders, because windows
# would let some threads wait for others. For the gradient, each sender looks for the receivers that
# named it, so that nothing is added in an order that changes from run to run. In the figures,
# *kernels* is what the device needs, and *with launches* is what you wait for, because Python has
# to hand over each kernel first.

# %%
gpu = json.loads((results / "messages-cuda.json").read_text(encoding="utf-8"))
box, forward = gpu["machine"], gpu["forward"]
print(f"{box['gpu']}, torch {box['versions']['torch']}, {gpu['date']}")
for how in ("kernels", "with launches"):
    ours, others = forward["ours"][how], forward["torch Function"][how]
    print(f"the layer forward, {how:13}: {ours:.2f} ms,",
          f"torch operations {others / ours:.0f} times that")
for name, row in gpu["layer"].items():
    times = row["total"] / gpu["layer"]["ours"]["total"]
    print(f"forward and backward, {name:14}: {times:.1f} times ours")
asked = gpu["settings"]["edges"] * gpu["settings"]["B"] * 3 * 46**2 * 2 * 46
print(f"candidates a nanosecond: {asked / forward['ours']['kernels'] / 1e6:.0f};",
      f"the processor above, in registers only: {rate:.0f} a core")
heat = gpu["transform"]["heat"]
growth = heat["368"]["ours"] / heat["46"]["ours"]
print(f"time per cell, from 46 x 46 to 368 x 368: times {growth:.1f}")

# %% [markdown]
# The picture shows the time per cell over the side of the map as in section 11.4, now on the GPU,
# with our compiled loop on one core of the CPU as a dotted line.

# %%
fig, ax = plt.subplots(figsize=(9.5, 4))
rivals = ("ours", "torch Function", "plain torch", "torch.compile")
for name, color in zip(rivals, (BLUE, ORANGE, RED, PURPLE)):
    sides = [int(n) for n, row in heat.items() if name in row]
    times = [heat[str(n)][name] for n in sides]
    ax.loglog(sides, times, "o-", color=color, label=name)
sides = (24, 46, 92, 184, 368)
times = [taken[str(n)]["ours"] for n in sides]
ax.loglog(sides, times, "o:", color=BLUE, label="ours, one core of the CPU")
ax.set(xlabel="side of the map (cells)", ylabel="ns per cell")
ax.set_xticks(sides, map(str, sides))
ax.minorticks_off()
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=10)
show("Time per cell over the side of the map on a GPU. Ours is lowest, by ten times or "
     "more, and rises with the side, as plain torch and the torch Function do. The "
     "three points of torch.compile are nearly level. The dotted line of one CPU core "
     "starts above all and falls to one half, so that two of the torch versions pass "
     "it on large maps.")

# %% [markdown]
# A GPU has so many lanes that we can afford to compare *everything*, and so the time per cell grows
# with the side again, by less than the candidates do. At this size handing over takes two thirds of
# the time that you wait (1.09 ms, of which the kernels need 0.37), because our three rounds are
# many small operations, and Python has to hand over each of them. With a larger batch the kernels
# should take longer and handing over should not, but we have not measured it. In training the
# forward pass also keeps what the gradient needs and takes 1.29 ms, and our lead over the torch
# Function falls from 13 times to 11. With the backward pass it is less than six, because that pass
# adds more small operations to hand over, and the Function compares nothing in it. Here, unlike on
# the CPU, the Function is no faster than plain autograd (5.7 and 5.6 times ours). The figures are
# of one machine and one evening, and `python -m experiments speed messages --device cuda` takes
# them again.

# %% [markdown]
# ## 11.6 What moved to `tslib`
#
# The window is in `tslib/kernels/messages_numba.py`, for one map and for a whole graph, the sixteen
# lanes are in `vectors.py` beside it, and the GPU's kernels in `messages_triton.py`. You need not
# import any of them, because
#
# ```python
# from tslib.distance_transform import choose_backend, distance_transform
# message = distance_transform(score, stiffness, rest)  # by the back end of score's device
# ```
#
# and `tslib.message_passing.pass_messages` choose by themselves. With `backend="torch"` you get the
# version of chapter 2.

# %% [markdown]
# ## Exercises
#
# **Exercise 11.1 Break even** (easy, 5 minutes). A comparison of brute force takes `comparison` ns,
# and a crossing of the envelope takes `crossing` ns. The envelope needs `k` crossings a cell, and
# brute force needs as many comparisons a cell as the row has cells. Return the shortest row, in
# whole cells, on which the envelope takes less time.


# %%
def break_even(comparison, crossing, k):
    """ns of a step of each, crossings a cell -> the shortest row for the envelope."""
    raise NotImplementedError


check.exercise_11_1(break_even)

# %% [markdown]
# <details><summary>Hint</summary>
#
# For a row of $n$ cells the two times are $n \cdot n \cdot \text{comparison}$ and
# $n \cdot k \cdot \text{crossing}$. "Less" is strict.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def break_even(comparison, crossing, k):
#     return int(np.floor(k * crossing / comparison)) + 1
# ```
#
# </details>

# %% [markdown]
# **Exercise 11.2 A narrower window** (medium, 20 minutes). Eq. 11.1 uses the smallest score of the
# row for what the sender nearest to the rest position offers. Use what that sender really offers:
# the window gets narrower and stays exact. Return the first and the last sender of every receiver,
# with a little room for rounding, so that no sender that ties is left out.


# %%
def narrower_window(score, stiffness, rest):
    """score (n,), stiffness, rest numbers -> first and last who can win (n,), int64."""
    raise NotImplementedError


check.exercise_11_2(narrower_window)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Go through the proof with $s(q_0) - a b^2$ in the place of $s_{\min} - a b^2$, where $q_0$ is the
# nearest sender and $b$ its stretch. It lies in the row, even where the rest position does not. A
# thousandth of a cell is room enough.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def narrower_window(score, stiffness, rest):
#     n = len(score)
#     home = torch.arange(n, dtype=score.dtype) + rest
#     nearest = home.round().clamp(0, n - 1)
#     spread = score.max() - score[nearest.long()]
#     reach = (spread / stiffness + (home - nearest).square()).sqrt() + 1e-3
#     first, last = (home - reach).ceil(), (home + reach).floor()
#     return first.clamp(min=0).long(), last.clamp(max=n - 1).long()
# ```
#
# The receiver that finds the peak at its rest position asks hardly anybody else. But sixteen
# receivers share a sweep, which has to be as wide as the widest of their windows. So `tslib` uses
# Eq. 11.1, with one square root for a row.
#
# </details>

# %% [markdown]
# **Exercise 11.3 One sweep for all lanes** (medium, 15 minutes). Receivers are treated in groups of
# `lanes` neighbours, from the first one on, and the last group may be smaller. Given every
# receiver's first and last sender, return for each group the smallest and the largest displacement
# $d = q - p$ that its sweep has to try.


# %%
def sweeps(first, last, lanes):
    """first, last (n,) int64, lanes -> near and far (groups,), int64."""
    raise NotImplementedError


check.exercise_11_3(sweeps)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Subtract each receiver's own place first. `tensor.split(lanes)` makes the groups, and its last
# part may be shorter.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def sweeps(first, last, lanes):
#     p = torch.arange(len(first))
#     near = torch.stack([part.min() for part in (first - p).split(lanes)])
#     far = torch.stack([part.max() for part in (last - p).split(lanes)])
#     return near, far
# ```
#
# </details>

# %% [markdown]
# **Exercise 11.4 Under the roof** (easy, 10 minutes). A cell has to compare `candidates` candidates
# and to move `moved` bytes. The machine compares `rate` candidates a ns and moves `bandwidth` bytes
# a ns, and it can do both at the same time. Return the least time per cell in ns, and which of the
# two sets it: `"comparing"` or `"moving"` (say `"comparing"` where both are equal).


# %%
def roof(candidates, moved, rate, bandwidth):
    """-> (ns per cell, "comparing" or "moving")."""
    raise NotImplementedError


check.exercise_11_4(roof)

# %% [markdown]
# <details><summary>Hint</summary>
#
# What can be done at the same time takes as long as the longer of the two.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def roof(candidates, moved, rate, bandwidth):
#     comparing, moving = candidates / rate, moved / bandwidth
#     return max(comparing, moving), "comparing" if comparing >= moving else "moving"
# ```
#
# </details>

# %% [markdown]
# **Exercise 11.5 Sweep from the far end** (medium, 15 minutes). Write the sweep of section 11.3 for
# a whole row at once, but ask the senders from the *last* one down to the first. Ties still go to
# the lowest sender.


# %%
def sweep_down(score, stiffness, rest):
    """score (n,), stiffness, rest numbers -> message (n,), source (n,) int64."""
    raise NotImplementedError


check.exercise_11_5(sweep_down)

# %% [markdown]
# <details><summary>Hint</summary>
#
# One sender offers to all receivers at once. When a *lower* sender comes later, what has to replace
# the `>`?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def sweep_down(score, stiffness, rest):
#     p = torch.arange(len(score), dtype=score.dtype)
#     best, source = torch.full_like(score, -torch.inf), torch.zeros(len(score)).long()
#     for q in reversed(range(len(score))):
#         offer = score[q] - stiffness * (q - p - rest) ** 2
#         better = offer >= best
#         best, source = torch.where(better, offer, best), torch.where(better, q, source)
#     return best, source
# ```
#
# One sign decides whom a tie goes to, and so whom the gradient goes to. All back ends of `tslib`
# are tested on exact ties for this reason.
#
# </details>

# %% [markdown]
# ## Recap
#
# - In torch, on rows as short as those of heat-maps, many cheap steps beat few dear ones (Sec.
#   11.1).
# - A winner lies within a window that the row's range and the stiffness tell, exactly (Sec. 11.2).
# - Sixteen receivers at a time inside that window beat the compiled envelope (Sec. 11.3, 11.4).
# - A roofline says how close a program is to its machine. Wide windows come close to it, and small
#   ones pay for what surrounds the comparisons (Sec. 11.4). A GPU compares everything (Sec. 11.5).
#
# **In practice**
#
# - All back ends round the price alike and break ties alike. Otherwise a loop of messages would
#   follow another winner in one of them.
# - Without numba, torch does the work, and a warning says so once. The first message of a new
#   installation waits some seconds for the compiler, and after that its work is cached.
# - Times on this page are ratios of one run on one machine. With scores much larger than 1, or
#   springs of almost no stiffness, the window is the whole map, and then brute force can at best be
#   as fast as its slanted line.

# %% [markdown]
# ## Quiz
#
# **1.** The envelope needs fewer than two crossings a cell, and brute force 46 comparisons. Why is
# brute force faster all the same?
#
# <details><summary>Answer</summary>
#
# Because steps do not cost alike. A comparison is part of an instruction that does sixteen of them
# on neighbours in memory, in an order known beforehand. A crossing waits for the one before, and
# what it reads and whether it goes on depends on the data.
#
# </details>
#
# **2.** All scores of a row are multiplied by 100. What happens to the window, to the message's
# sources, and to the time?
#
# <details><summary>Answer</summary>
#
# The spread grows a hundredfold and the window tenfold (by the square root), up to the whole row.
# The sources change, too, because the price of a stretch now weighs little against a score. Brute
# force then compares nearly everything, and takes accordingly longer.
#
# </details>
#
# **3.** Is the window an approximation?
#
# <details><summary>Answer</summary>
#
# No. Every sender outside of it offers less than the nearest sender is sure to offer, whatever the
# row holds. So message and source are the same to the last bit. An approximation would be a window
# of fixed width.
#
# </details>
#
# **4.** Why does the GPU version have no windows, although they save most of the comparisons?
#
# <details><summary>Answer</summary>
#
# Its threads run in step, so a group of them takes as long as the one with the widest window.
# Finding the windows costs time as well. With so many lanes it is cheaper to compare everything in
# a fixed order.
#
# </details>
#
# **5.** On paper the envelope is linear in the number of cells, and the window is not. When would
# you prefer the envelope in practice?
#
# <details><summary>Answer</summary>
#
# When rows are long and the window does not help, because scores are large against the price of a
# stretch or springs are nearly loose, or when you need a bound on the time that does not depend on
# the data.
#
# </details>

# %% [markdown]
# ## References
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network: A Deep
#   Structured Model for Pose Estimation in Videos*, CVPR 2017. Read Sec. 3.3 for the claim about
#   the cost of a message.
# - P. Felzenszwalb, D. Huttenlocher, *Distance Transforms of Sampled Functions*, Theory of
#   Computing 8, 2012. It describes the rival of this chapter.
# - S. Williams, A. Waterman, D. Patterson, *Roofline: An Insightful Visual Performance Model for
#   Multicore Architectures*, Communications of the ACM 52, 2009. Read it for pictures like the one
#   in section 11.4.
# - G. Zhou, N. Kumar, A. Dedieu, M. Lázaro-Gredilla, S. Kushagra, D. George, *PGMax: Factor Graphs
#   for Discrete Probabilistic Graphical Models and Loopy Belief Propagation in JAX*, 2022. It is
#   the general library of section 11.4.
