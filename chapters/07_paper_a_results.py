# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7. Ask what time is worth
#
# **You'll build** Paper A's results on clips of our own: its Table 1 with the controls that it
# lacks, its Figures 1, 3 and 4, a verdict on each of its claims, an experiment that says *when*
# inference over time helps, and the same comparison for a network that sees the whole body.
#
# **You'll learn**
#
# - what our rows of Table 1 are, beside the paper's, with seeds and intervals;
# - how sure a difference of two rows is, and why one draws clips and not joints;
# - which claims a control explains away: more training, and messages that nobody trained;
# - what iterations, normalisation, rest offsets, mirror edges, slice length and flow each change;
# - which faults time repairs, and which it cannot;
# - how the story turns when the ConvNet sees the whole person: which gains stay, and which go;
# - what later networks reach, and what that leaves of the paper.
#
# **You'll need** chapters 3 to 6 for flow, messages and training, and chapter 0 for PCK. No GPU;
# about two minutes on one core, two hours of yours with half of the exercises. Paper A is
# *Thin-Slicing Network* (Song et al., CVPR 2017).
#
# A word of warning comes first. Sections 7.2 to 7.11 are about the *small* network of chapter 6. It
# has 85 thousand weights and sees 47 px of a person who is 67 px tall, and its clips come from a
# camera that we chose because time helps there. Section 7.12 then gives the same clips to a network
# that sees everything, and some of what you have read by then will not survive.

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
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from exercises import chapter_07 as check
from IPython.display import Markdown
from style import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, mark, show, show_map

# %%
from experiments.claims import above
from experiments.comparison import SHARES, Compared, Interval
from experiments.measures import bootstrap
from experiments.paper_a import body, figures, recipes
from experiments.paper_a.runs import FOLDERS, Runs
from experiments.paper_a.tables import printable
from experiments.paper_tables import PAPER_TABLES
from experiments.report import markdown
from renderer import Settings, render_clip
from renderer.body import ACTIVITIES
from tslib.clip import Clip
from tslib.metrics import means
from tslib.overlay import color_of
from tslib.part_flow import PartFlow
from tslib.skeletons import SKELETONS
from tslib.slices import Slices
from tslib.training import evaluate
from tslib.training.config import read_config
from tslib.training.data import Data
from tslib.training.models import load_model

torch.set_num_threads(1)  # sums have one order, so the page is the same with more

# %%
PENN = SKELETONS["penn13"]
GROUPS = list(PENN.groups)
MODELS, RESULTS = Path("../data/models"), Path("../experiments/results")


def stored_result(name):
    """What an experiment has written into its file."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def near(value, step=1):
    """A number to the nearest step: what a page can print alike on every machine."""
    return round(value / step) * step


table1 = stored_result("table1")

# %% [markdown]
# | symbol | meaning | in code | shape |
# |---|---|---|---|
# | $N, T, K$ | clips, frames of a clip, joints | `N`, `T`, `K` | |
# | $A$ | thresholds, here 0, 0.01, 0.02 and so on | `A` | |
# | $S$ | draws of clips, or seeds (in the exercises) | `S` | |
# | $c$ | a clip | `n` | |
# | $h_c, n_c$ | joints of a clip that a row's model has right, and those that count | `tallies` | `(N, A, 2, K)` |
# | $r$ | PCK of a row, a rate, over all clips | | per cent |
# | $\Delta$ | difference of two rows on the same clips | | points |
# | $w_c$ | how often a draw of clips holds clip $c$ | | `(N,)` |
# | $f$ | what the camera did to a frame: `focus`, `contrast`, `noise`, `flash`, or nothing | `fault` | `(N, T)` |

# %% [markdown]
# ## 7.1 A camera that fails for a moment
#
# Paper A (Sec. 5.4) uses Penn Action, which may not be passed on. So we test on clips of our own:
# 500 rendered ones, of which every fifth is a test clip, filmed by the *poor* camera. It is out of
# focus, flat, noisy or overexposed nearly twice as often as our usual one, and worse, but mostly
# for a single frame. We chose it for that, and section 7.9 says what follows from the choice. The
# test clips are rendered here. We store each frame as JPEG and read it again, because the models
# were trained on files.

# %%
@dataclass(frozen=True, eq=False)
class Shot:
    """A clip, its exact flow, what the camera did to each frame (T,), and its view."""

    clip: Clip
    flow: PartFlow
    fault: np.ndarray
    view: str


# %%
def stored(frame, quality):
    """A frame (H, W, 3) RGB as its JPEG file gives it back."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, file = cv2.imencode(".jpg", frame[..., ::-1], options)
    return cv2.imdecode(file, 1)[..., ::-1]


def shoot(number, camera="poor"):
    """The Shot of a number, as `python -m renderer` films and stores it."""
    r = render_clip(0, number, Settings(camera=camera))
    frames = np.stack([stored(frame, r.quality) for frame in r.frames])
    box = np.concatenate([r.box[:, :2], r.box[:, 2:] - r.box[:, :2]], -1)
    labels = np.float32(r.joints), r.visible, np.float32(box)
    about = frames, r.action, r.split, frames.shape[2:0:-1]
    clip = Clip(f"{number:04d}", *labels, PENN, *about)
    side = {"left": "side", "right": "side"}.get(r.pose, r.pose)
    return Shot(clip, r.flow, r.fault, "lying" if ACTIVITIES[r.action].lying else side)


# %%
KINDS = ("focus", "contrast", "noise", "flash")
shots = [shoot(number) for number in range(5, 501, 5)]
fault = np.stack([shot.fault for shot in shots])  # (N, T)
assert {shot.clip.split for shot in shots} == {"test"}
print(f"{len(shots)} test clips of {fault.shape[1]} frames; spoilt:",
      ", ".join(f"{kind} {(fault == kind).mean():.0%}" for kind in KINDS),
      f"together {(fault != '').mean():.0%}")
edges = np.flatnonzero(np.diff(np.pad(fault != "", ((0, 0), (1, 1))).ravel()))
alone = (np.diff(edges)[::2] == 1).mean()
print(f"of the gaps between sound frames, {alone:.0%} are one frame long")

# %% [markdown]
# The picture below shows us the four faults. The top row has four sound frames, and under each one
# we put the frame that follows it, which the camera spoilt.

# %%
fig, axes = plt.subplots(2, 4, figsize=(8, 4.3))
for pair, kind in zip(axes.T, KINDS):
    spoilt = np.argwhere(fault[:, 1:] == kind)
    n, t = next((n, t) for n, t in spoilt if fault[n, t] == "")
    assert fault[n, t + 1] == kind
    for ax, moment, title in zip(pair, (t, t + 1), ("", kind)):
        ax.imshow(shots[n].clip.frames[moment])
        ax.set(title=title, xticks=[], yticks=[])
show("Four pairs of rendered frames, a sound one above and a spoilt one below: out of "
     "focus, the person is a blur; without contrast, body and background have nearly "
     "one colour; with noise, coloured grain covers all; with flash, large parts are "
     "white.")

# %% [markdown]
# ## 7.2 Seven models, evaluated now
#
# `data/models` holds the models of one seed, trained as `data/training/laptop.toml` says. To train
# them takes a quarter of an hour. To evaluate them takes a minute, so we do that here. `Runs` of
# `experiments.paper_a.runs` trains a row when it is asked for it, and ours reads the row from its
# file instead. A row's number is the share of visible joints that lie within $\alpha$ of the
# person's size, over all clips:
#
# $$r = \frac{\sum_c h_c}{\sum_c n_c}. \tag{7.1}$$
#
# In array form: add the tallies `(N, 2, K)` up over clips and joints, and divide last.


# %%
class Committed(Runs):
    """Paper A's rows, whose models are read from files instead of trained."""

    def model(self, row, seed):
        file = MODELS / f"seed{seed}" / f"{FOLDERS[row]}.safetensors"
        return load_model(file)[0] if file.exists() else super().model(row, seed)


folder = TemporaryDirectory()
config = read_config("../data/training/laptop.toml")


def runs_on(shots, name):
    """The Committed rows on some shots, kept in a folder of that name."""
    (Path(folder.name) / name / "seed0").mkdir(parents=True)
    flows = {shot.clip.name: shot.flow for shot in shots}
    data = Data([], [], [shot.clip for shot in shots], lambda clip: flows[clip.name])
    return Committed(config, data, Path(folder.name) / name)


def percent(tallies):
    """Tallies (..., 2, K) -> PCK in per cent (Eq. 7.1)."""
    return 100 * means(tallies, PENN)["micro"]


# %%
live = runs_on(shots, "poor")
ROWS = ("baseline", "longer", "S-infer", "ST-infer", "ST-infer(⋆)", "ST-infer(∗)",
        "ST-infer(2)")
tallies = {row: live.tallies(row, 0) for row in ROWS}  # (N, A, 2, K), A: 0, 0.01, ...
for row in ROWS:
    now, then = percent(tallies[row][:, 20].sum(0)), table1["rows"][row]["by seed"][0]
    assert abs(now - then) < 0.2, (row, now, then)
print("joints that count:", f"{tallies['baseline'][:, 20, 1].sum():,}")
print("all seven rows are, to 0.2 points, what table1.json says of this seed")

# %% [markdown]
# These are the rows, in the paper's words:
#
# - The *baseline* is the ConvNet of the first stage.
# - *S-infer* has messages in space behind it, and *ST-infer* has messages over time as well. Both
#   are trained jointly.
# - *ST-infer(⋆)* is ST-infer with a frozen ConvNet.
# - *ST-infer(∗)* is the ConvNet of ST-infer without its messages.
# - *ST-infer(2)* has edges over two frames as well.
# - *longer* is a control of ours: the baseline, trained on for as long as the joint rows.
# - *S untrained* and *ST untrained* are ours, too: messages whose springs nobody trained, behind
#   the baseline, and *longer, ST untrained* has them behind *longer*. Section 7.5 needs them.
#
# ## 7.3 Table 1
#
# We trained each row with three seeds, all on the same 400 clips, less those for validation. The
# paper's row stands below ours where it has one. The *interval* is over clips (next section), all
# seeds together, and *seeds* has the mean of each. The columns @0.1 and @0.05 are stricter
# thresholds. *Jitter* says how much the poses shake: it is the mean second difference of a joint's
# track. *Hidden* is PCK@0.2 of joints that are covered by something. Penn Action's labels cannot
# tell us that last number, because they mark visible joints only. All our other columns count only
# visible joints, too.

# %%
pages = printable(table1, PENN).split("\n\n")
counts = table1["clips"]
print(f"small network, poor camera, seeds {table1['seeds']},",
      f"{counts['train']} clips to train, {counts['test']} to test")
Markdown(pages[0])

# %% [markdown]
# In the two panels below we see the two steps of the table, for each group of joints: what messages
# in space add to the baseline, and what messages over time add to those. Our bars are blue, and the
# paper's are grey.

# %%
rows, printed = table1["rows"], table1["paper"]
STEPS = (("S-infer", "baseline"), ("ST-infer", "S-infer"))


def by_group(row, mine):
    """Per cent of the seven groups and of all, ours or the paper's."""
    return np.array([*rows[row]["groups"], rows[row]["mean"]] if mine else printed[row])


fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.2), sharey=True)
where = np.arange(8)
for ax, (row, other) in zip(axes, STEPS):
    for shift, mine, color in ((-0.2, True, BLUE), (0.2, False, GREY)):
        gain = by_group(row, mine) - by_group(other, mine)
        name = "ours" if mine else "the paper's"
        ax.bar(where + shift, gain, 0.38, color=color, label=name)
    ax.set_xticks(where, [*GROUPS, "all"], rotation=30)
    ax.set_title(f"{row} - {other}, points")
    ax.axhline(0, color=GREY, lw=1)
axes[0].legend()
show("Bars by joint group. Left, in space: ours gain most at the knee, the hip and the "
     "shoulder and lose at the wrist; the paper's gain most at the wrist and lose at "
     "shoulder and hip. Right, over time: all of ours gain one to three points; the "
     "paper's gain more, nearly ten points at the elbow, but for the head, which gains "
     "nothing there.")

# %%
for row, other in STEPS:
    ours, theirs = (by_group(row, mine)[-1] - by_group(other, mine)[-1]
                    for mine in (True, False))
    print(f"{row} - {other}: ours {ours:+.1f}, the paper's {theirs:+.1f} points")
for mine, whose in ((True, "ours"), (False, "the paper's")):
    steps = [by_group(row, mine) - by_group(other, mine) for row, other in STEPS]
    lose = [group for group, step in zip(GROUPS, steps[0]) if step < -1]
    first = np.argsort(-steps[1][:7])[:2]
    print(f"{whose}: by messages in space lose {', '.join(lose)};",
          f"by time gain most {' and '.join(sorted(GROUPS[n] for n in first))}")
for name in ("@0.1", "@0.05", "hidden"):
    told = (f"{row} {rows[row][name]:.1f}" for row in figures.ROWS)
    print(f"{name:7}", ", ".join(told))

# %% [markdown]
# From baseline to S-infer to ST-infer our order at 0.2 is the paper's, but our sizes are not. In
# space, knees and hips gain most with us, most likely because a small network takes left for right
# there. Wrists *lose*: a forearm points anywhere, and one spring with one rest offset pulls the
# hand off (chapter 5). The paper has such a loss too, but of shoulders and hips, which it explains
# by messages from elbows. Over time every group of ours gains. Elbows and wrists gain most, as in
# the paper, yet our wrists only come back to where the ConvNet had them. Hidden joints gain twice
# as much as visible ones do, and most of that in space.
#
# Let us look at the strict thresholds as well, for which the paper's Table 1 has no column. At 0.1
# messages in space still gain about a point, but at 0.05 they *lose* about two, and messages over
# time only win that back.
#
# ## 7.4 How sure is a difference?
#
# The paper prints no intervals. We draw clips: as many as there are, with replacement, so that clip
# $c$ is held $w_c$ times. Then we see how far the difference of two rows swings when *the same*
# clips are drawn for both:
#
# $$\Delta(w) = \frac{\sum_c w_c h_c}{\sum_c w_c n_c} - \frac{\sum_c w_c h'_c}{\sum_c w_c n_c}. \tag{7.2}$$
#
# This is the *bootstrap*. `bootstrap` of `experiments.measures` takes 2000 draws, and 95 % of them
# lie in the interval. In array form: a matrix of counts `(2000, N)` times tallies `(N, 2, K)`. The
# tempting shortcut takes each joint for a throw of a coin, and there are twenty thousand of them:


# %%
def interval(a, b):
    """95 % of the differences of two rows, tallies (N, 2, K), by Eq. 7.2."""
    return bootstrap(percent, a, b)


def interval_wrong(a, b):
    """The same as if each counted joint were a throw of a coin."""
    p, q = percent(a.sum(0)) / 100, percent(b.sum(0)) / 100
    error = 100 * np.sqrt((p * (1 - p) + q * (1 - q)) / a[:, 1].sum())
    return 100 * (p - q) - 1.96 * error, 100 * (p - q) + 1.96 * error


# %% [markdown]
# Which of the two is right about *one* row? We split the clips in halves at random, many times, and
# see how far the two halves really differ:

# %%
at_02 = {row: counted[:, 20] for row, counted in tallies.items()}
rng, halves = np.random.default_rng(0), []
for _ in range(400):  # the same number, on one half of the clips and on the other
    parts = np.split(rng.permutation(len(shots)), 2)
    halves.append([percent(at_02["ST-infer"][part].sum(0)) for part in parts])
spread = np.diff(halves).std()
share, joints = percent(at_02["ST-infer"].sum(0)) / 100, at_02["ST-infer"][:, 1].sum()
coin = 2 * 100 * np.sqrt(share * (1 - share) / joints)  # the same for halves
drawn = 2 * np.diff(bootstrap(percent, at_02["ST-infer"]))[0] / (2 * 1.96)
assert 0.8 < drawn / spread < 1.25 and coin < 0.4 * spread
print("standard deviation of the difference of two halves, points:")
print(f"  measured {spread:.1f}, by drawing clips {drawn:.1f}, by coins {coin:.1f}")

# %% [markdown]
# And which is right about a *difference* of two rows? Here we compare the widths of three
# intervals:

# %%
pair = at_02["ST-infer"], at_02["S-infer"]
paired, coins = (np.diff(f(*pair))[0] for f in (interval, interval_wrong))
separate = np.hypot(*(np.diff(bootstrap(percent, t))[0] for t in pair))
assert paired < 0.2 * separate and paired < 0.8 * coins
print("width of the interval of ST-infer - S-infer, points:")
print(f"  the same clips for both rows {paired:.1f},",
      f"clips drawn for each {separate:.1f}, coins {coins:.1f}")

# %% [markdown]
# So coins are wrong in both directions, and we draw clips. Clips differ: in one the person lies,
# say, and most joints of all frames are wrong together. Therefore twenty thousand joints are far
# less evidence for *one* row than as many throws. But both rows meet the same clips, and what is
# hard for one is hard for the other. In the *difference* that swing cancels, and coins know nothing
# of this either.
#
# Clips are one source of doubt, and seeds are the other: another start, other batches. Seeds share
# their clips, so we show them next to the interval and do not mix them into it.
#
# ## 7.5 Controls
#
# Joint training is *more* training. The ConvNet of ST-infer has seen 300 batches of 30 frames more
# than the baseline, and a young network gains by any training. So we add two *compute-matched
# controls*, which Paper A does not print. *longer* is the ConvNet alone, on as many further frames,
# by Eq. 5. *longer, ST untrained* puts messages behind it that nobody trained, with the data's mean
# rest offsets. That is the same computation as ST-infer, but without the joint training that the
# paper proposes. What ST-infer has above *that* is what joint training is worth.
#
# In the picture, bars are 95 % intervals over clips (of seed 0, which we evaluated above; in the
# last line of all seeds, because its control is not among the models of `data/models`), dots are
# the three seeds, and crosses are the paper's. Blue lines compare with another row of the paper,
# orange ones with a control. The table below the picture has five of these differences, of all
# three seeds together, at 0.2 and at 0.1.

# %%
plan = config.joint
print(f"joint training: {plan.steps} batches of {plan.batch} slices",
      f"of {plan.frames} frames;",
      f"longer: {plan.steps} batches of {plan.batch * plan.frames} frames")
compared = Compared({row: {0: counted} for row, counted in tallies.items()}, PENN)
PAIRS = [*STEPS, ("S-infer", "longer"), ("ST-infer(⋆)", "baseline"),
         ("ST-infer", "ST-infer(⋆)"), ("ST-infer(∗)", "baseline"),
         ("ST-infer(∗)", "longer"), ("ST-infer(2)", "ST-infer")]
MATCHED = ("ST-infer", "longer, ST untrained")
matched = next(d for d in table1["differences"] if (d["row"], d["other"]) == MATCHED)

# %%
fig, ax = plt.subplots(figsize=(8.5, 3.8))
for y, (row, other) in enumerate([*PAIRS, MATCHED]):
    color = ORANGE if "longer" in other else BLUE
    if (row, other) == MATCHED:
        low, high = matched["@0.2"][1:]
    else:
        low, high = compared.difference(row, other)[1:]
    ax.plot([low, high], [y, y], color=color, lw=5, alpha=0.4)
    seeds = np.subtract(rows[row]["by seed"], rows[other]["by seed"])
    ax.plot(seeds, np.full(len(seeds), y), "o", color=color, ms=5)
    if row in printed and other in printed:
        ax.plot(printed[row][-1] - printed[other][-1], y, "x", color=GREY, ms=8, mew=2)
ax.set_yticks(range(len(PAIRS) + 1), [f"{a} - {b}" for a, b in [*PAIRS, MATCHED]])
ax.axvline(0, color=GREY, lw=1)
ax.invert_yaxis()
ax.set_xlabel("points of PCK@0.2, small network")
show("Differences of nine pairs of rows. Messages in space and over time lie clearly "
     "right of zero, those in space also against the longer ConvNet; ST-infer minus "
     "its frozen "
     "sibling, the ConvNet taken out, two frames, and ST-infer minus the longer "
     "ConvNet with untrained messages all lie within about a point of zero. The "
     "paper's crosses lie near four to six points, but for that of two frames, which "
     "lies at zero.")

# %%
Markdown(pages[1])

# %%
gain = {row: rows[row]["mean"] - rows["baseline"]["mean"] for row in rows}
print(f"of ST-infer's {gain['ST-infer']:.1f} points above the baseline,",
      f"{gain['ST untrained']:.1f} come with untrained messages,",
      f"{gain['longer, ST untrained']:.1f} with longer training before them")

# %% [markdown]
# At 0.2, messages in space gain in each of our seeds, above the baseline and above the longer
# ConvNet, and messages over time gain in each above those in space. *Joint training* is another
# matter. Most of the gain is there with untrained messages on the data's mean offsets. When we
# first train the ConvNet for as long, only about half a point is left of what joint training adds,
# and at 0.1 not even that. Taken out again, the ConvNet of ST-infer (∗) is no better than the
# baseline, and it is worse than the longer one; perhaps it has learnt to rely on its neighbours.
# The paper's crosses for ST-infer minus its frozen sibling and for its ConvNet minus the baseline
# are near four points, and the lines with a control have none. Its ConvNet is larger and its recipe
# is another, so it may well be right for that. But because it printed neither control, we cannot
# tell from its table.
#
# ## 7.6 Turn every knob
#
# The paper (Sec. 5.2) says without numbers that three iterations are enough and that normalisation
# helps. It measures neither rest offsets, nor mirror edges, nor the length of a slice. We now
# change one thing at a time (the field calls that an *ablation*), *at test time*, in ST-infer as
# trained. Where springs have learnt with the knob as it was, that would be unfair, and we ask the
# untrained messages instead.
#
# Each panel below is one knob, blue for ST-infer and dashed orange for untrained messages. The grey
# line is our baseline. The axes begin at 76, so that steps look larger than they are. In the panel
# of the flow, "none" is zero flow. The three rules of normalisation are those of section 5.3:
# messages are averaged together with the unary ("degree"), or their mean is added to it ("mean"),
# or all are added up ("none").

# %%
KNOBS = {"iterations": "iterations", "frames": "frames of a slice", "flow": "flow",
         "normalization": "normalisation", "start": "rest offsets",
         "mirror edges": "left-right pairs", "warp": "warped scores"}
fig = plt.figure(figsize=(9, 5))
above_row, below_row = fig.subfigures(2, 1)
first = above_row.subplots(1, 3, sharey=True, width_ratios=(2, 1.4, 1.2))
second = below_row.subplots(1, 4, sharey=True)
for ax, (name, title) in zip([*first, *second], KNOBS.items()):
    values = table1["sweeps"][name]
    untrained = name in ("normalization", "start", "mirror edges")
    color, line = (ORANGE, "o--") if untrained else (BLUE, "o-")
    ax.plot(list(values), list(values.values()), line, color=color)
    ax.axhline(rows["baseline"]["mean"], color=GREY, lw=1)
    ax.set(title=title, ylim=(76, 83))
    ax.margins(x=0.2)
for ax in (first[0], second[0]):
    ax.set_ylabel("PCK@0.2")
show("Seven small line plots of PCK@0.2 from 76 to 83. It rises steeply with the first "
     "iteration and is flat from the third; it rises by over a point from slices of "
     "one frame to three, and a little beyond; it "
     "falls a little from exact flow to DIS and a point to zero flow; without "
     "normalisation untrained messages are about a point higher; offsets of zero cost "
     "a point; pairs and warping change nothing.")
Markdown("\n".join(f"- {page}" for page in pages[3:-1]))

# %% [markdown]
# We see that the first round does most, and that three seem to be enough, as the paper says: up to
# six add no more than two tenths of a point. (We kept no interval of that, so section 7.10 leaves
# the claim undecided.) Slices of three frames are more than a point above single ones, and longer
# ones add two tenths a step. Left-right pairs bring nothing, and warping the unaries once is as
# good as warping anew in each round. Rest offsets of zero, the paper's start, cost more than a
# point before training, although they are still above no messages at all.
#
# Without normalisation our untrained messages are at least as good as with it. They do not find the
# same joints, because scores grow from round to round while springs and unaries stay as they are,
# so that these weigh less and less (section 5.3). Yet not more of the joints are wrong. That is no
# answer to the paper, however, which speaks of *training*. Chapter 6 trains with and without
# (section 6.7).
#
# And flow? Chapter 3 says that the layer is idle where little moves, so we split the test clips by
# the motion of the background. In *fast* clips it is two cells a frame or more, and in *calm* ones
# less than one. The clips between are left out.

# %%
Markdown(pages[2])

# %% [markdown]
# So it is in our clips. When the camera hardly moves, *zero flow* (the column "none", which leaves
# the flow out) is as good as the exact one. When it moves by two cells a frame or more, flow is
# worth points, more of them where PCK is strict, and DIS finds most of these.
#
# ## 7.7 Figure 3: every threshold
#
# Paper A claims gains "across the entire range of strictness". The eight panels below show our own
# curves, from the joints that we found in section 7.2: PCK against the threshold, for each group
# and for all joints.

# %%
curves, _ = figures.figure3(live, [0])
thresholds = curves["thresholds"]
columns = [name for name in curves["rows"]["baseline"] if name.capitalize() in
           [group[:4].capitalize() for group in GROUPS]] + ["micro"]
named = dict(zip(columns, [*GROUPS, "all joints"]))
fig, axes = plt.subplots(2, 4, figsize=(9.5, 4.4), sharex=True, sharey=True)
for ax, column in zip(axes.flat, columns):
    for (row, lines), color in zip(curves["rows"].items(), (GREY, ORANGE, BLUE)):
        ax.plot(thresholds, lines[column], color=color, label=row, lw=1.4)
    ax.set_title(named[column])
axes[0, 0].legend()
for ax in axes[:, 0]:
    ax.set_ylabel("PCK")
for ax in axes[1]:
    ax.set_xlabel("threshold")
show("Eight panels of three curves each, PCK rising with the threshold from 0 to 0.2. "
     "The curves lie close together; from 0.1 on ST-infer is on top in most panels, "
     "farthest above the baseline at hips and knees, and at wrists the baseline is "
     "higher until they meet close to 0.2.")

# %% [markdown]
# The curves lie close together, so in the next picture we draw only what ST-infer is above the
# better of the other two, one line for each group and a thick dotted one for all joints.

# %%
margin = {c: np.array(curves["rows"]["ST-infer"][c]) - np.maximum(
    curves["rows"]["baseline"][c], curves["rows"]["S-infer"][c]) for c in columns}
fig, ax = plt.subplots(figsize=(8, 3.2))
colors = (BLUE, ORANGE, GREEN, RED, PURPLE, GREY, "black", "black")
for column, color in zip(columns, colors):
    last = column == "micro"
    ax.plot(thresholds, margin[column], color=color, lw=3 if last else 1.3,
            label=named[column], ls=":" if last else "-")
ax.axhline(0, color=GREY, lw=1)
everything = margin["micro"]
assert everything[10:].min() > 1 and everything[3] < -0.5 > margin["Wris"][10]
ax.set(xlabel="threshold", ylabel="points above the better one")
ax.legend(ncols=2, loc="center left", bbox_to_anchor=(1, 0.5))
show("Lines of the margin over thresholds from 0 to 0.2. The dotted line of all joints "
     "dips below zero under 0.05, crosses it there and stays near two points from 0.1 "
     "on. From 0.05 to 0.1 elbows lie lowest, six points down, and beyond 0.1 wrists, "
     "which stay below zero nearly everywhere.")

# %%
worst = int(np.argmin(everything))
print(f"all joints: {everything[10:].mean():.1f} points ahead on the mean from 0.1 on,",
      f"{-everything[worst]:.1f} behind at {thresholds[worst]:.2f}")

# %% [markdown]
# In our clips it is not the entire range. From 0.1 up ST-infer is ahead, by about two points of all
# joints. Below 0.05 the ConvNet alone is more exact for all joints together, for elbows it is so
# further up as well, and for wrists nearly everywhere (section 7.10 counts the thresholds of each
# group). Messages tell us roughly where a joint is, but not exactly: each spring pulls a little
# towards a mean, and a strict threshold notices. The paper says that its gains are clearest between
# 0.05 and 0.1. In that range ours only begin: the dotted line crosses zero just beyond 0.05, and it
# reaches its height, about two and a half points, just before 0.1.
#
# ## 7.8 Figures 1 and 4: what it looks like
#
# Pictures are easily chosen to please. So we let a rule choose (`experiments.paper_a.figures`). For
# Figure 1 it takes, of each kind of fault, the slice in which ST-infer repairs most joints, less
# those that it has wrong: the best case, not a typical one. The paper shows all five frames of a
# slice. We show the one in which most is repaired.
#
# Each row of the picture below is one kind of fault. From left to right we see the truth, the
# ConvNet, messages in space, and messages in space and time. The person's left is orange, the right
# blue, and the lines to the head are green. We draw the joints that count, in the first row the
# hidden ones as well, so that some limbs are missing. A red ring marks a joint that is off by more
# than 0.2 of the person's size. In the third row the joint of the other side is the left hip. The
# ConvNet puts it high on the trunk, where we see its ring. That place is just within 0.2 of the
# person's size of the right hip, so the rule calls it one of the other side. (The right hip itself
# is not drawn, because too little of that side can be seen.) The rings on the empty ground belong
# to the shoulder and the arms, which are wrong in another way.

# %%
found = {row: live.poses(row, 0) for row in ROWS}
chosen = figures.figure1(live, [0])[0]["slices"]
assert set(chosen) == set(figures.KINDS)
CLIPS = {shot.clip.name: n for n, shot in enumerate(shots)}


def picture(ax, n, t, pose, drawn, ring=None):
    """Frame t of clip n with the limbs of a pose (K, 2), rings around some joints."""
    ax.imshow(shots[n].clip.frames[t])
    for a, b in PENN.edges:
        if drawn[a] and drawn[b]:
            color = np.divide(color_of(PENN, a, b), 255)
            ax.plot(*pose[[a, b]].T, color="black", lw=3)
            ax.plot(*pose[[a, b]].T, "o-", color=color, lw=1.8, ms=2.5)
    if ring is not None:
        ax.plot(*pose[drawn & ring].T, "o", mfc="none", mec=RED, mew=2, ms=11)
    ax.set(xticks=[], yticks=[], xlim=(-0.5, 95.5), ylim=(95.5, -0.5))


# %%
def repairs(kind):
    """Of Figure 1: clip, frame, and which joints are off too far {row: bool (K,)}."""
    n, first = CLIPS[chosen[kind]["clip"]], chosen[kind]["first"]
    those = slice(first, first + chosen[kind]["frames"])
    wrong = {row: figures.off(shots[n].clip, found[row][n])[those] > figures.RIGHT
             for row in figures.ROWS}
    best = int((wrong["baseline"] & ~wrong["ST-infer"]).sum(1).argmax())
    return n, first + best, {row: those[best] for row, those in wrong.items()}


fig, axes = plt.subplots(3, 4, figsize=(9.5, 7.4))
for line, kind in zip(axes, chosen):
    n, t, wrong = repairs(kind)
    clip = shots[n].clip
    drawn = np.ones(13, bool) if kind == "hidden" else clip.visible[t]
    picture(line[0], n, t, clip.joints[t], drawn)
    line[0].set_ylabel(figures.KINDS[kind])
    for ax, row in zip(line[1:], figures.ROWS):
        picture(ax, n, t, found[row][n][t], drawn, wrong[row])
for ax, title in zip(axes[0], ("truth", *figures.ROWS.values())):
    ax.set_title(title)
show("Three rendered people, a row each, in four columns: the true pose, and those of "
     "the ConvNet, of messages in space, and of messages in space and time. The "
     "ConvNet's poses have four red rings or more and tangled limbs; in the last "
     "column the bodies stand upright with one ring or none.")

# %% [markdown]
# For Figure 4 we take of each action the frame in which ST-infer is least off, and the one in which
# it is most. The top row below shows the five best of the first, and the bottom row the five worst
# of the second.

# %%
picked = figures.figure4(live, [0])[0]
assert max(one["error"] for one in picked["successes"]) < 10
assert min(one["error"] for one in picked["failures"]) > 20
fig, axes = plt.subplots(2, 5, figsize=(8.5, 3.6))
for ax, one in zip(axes.flat, picked["successes"][:5] + picked["failures"]):
    n, t = CLIPS[one["clip"]], one["frame"]
    clip, pose = shots[n].clip, found["ST-infer"][n]
    wrong = figures.off(clip, pose)[t] > figures.RIGHT
    picture(ax, n, t, pose[t], clip.visible[t], wrong)
show("Ten frames with the poses of ST-infer. Top: five people who stand upright, whose "
     "limbs are followed closely. Bottom: frames with noise, blur or hardly any "
     "contrast. Three people lie, one is seen from behind, and the last can hardly be "
     "made out; in most of them the greater part of the joints has red rings.")
views = [shots[CLIPS[one["clip"]]].view for one in picked["failures"]]
hard = sum(view in ("lying", "back") for view in views)
assert hard >= 3
print(f"in {hard} of the {len(views)} failures the person lies or is seen from behind")

# %% [markdown]
# ## 7.9 When does time help?
#
# The renderer knows which frames the camera spoilt, so we can split the joints of the test by the
# fault of their frame. With $n_f$ joints in frames of fault $f$, of $n$ in all, the gain of a row
# over another is a sum of parts, one for each fault:
#
# $$r - r' = \sum_f \frac{n_f}{n} \, (r_f - r'_f). \tag{7.3}$$
#
# In array form: masks `(N, T)` on hits `(N, T, K)`.

# %%
clips = [shot.clip for shot in shots]
counted = np.stack([clip.counted for clip in clips])  # (N, T, K)


def hits_of(poses, clips):
    """Which counted joints are right at 0.2, bool (N, T, K)."""
    right = [figures.off(clip, pose) <= figures.RIGHT
             for clip, pose in zip(clips, poses)]
    return np.stack(right) & np.stack([clip.counted for clip in clips])


def by_clip(hits, counted, those):
    """Tallies (N, 2, K) of the frames in a mask (N, T)."""
    parts = (hits & those[..., None]).sum(1), (counted & those[..., None]).sum(1)
    return np.stack(parts, 1)


hits = {row: hits_of(poses, clips) for row, poses in found.items()}

# %%
PARTS = {"sound": fault == "", **{kind: fault == kind for kind in KINDS}}
split = {}
for name, those in PARTS.items():
    by_row = {row: by_clip(hits[row], counted, those) for row in figures.ROWS}
    level = {row: percent(part.sum(0)) for row, part in by_row.items()}
    low, high = interval(by_row["ST-infer"], by_row["S-infer"])
    share = by_row["baseline"][:, 1].sum() / counted.sum()
    by_time = level["ST-infer"] - level["S-infer"]
    split[name] = level | {"share": share, "gain": by_time, "low": low, "high": high}
split = pd.DataFrame(split).T
total = percent((at_02["ST-infer"]).sum(0)) - percent(at_02["S-infer"].sum(0))
assert np.isclose((split["share"] * split["gain"]).sum(), total, atol=0.02)

# %% [markdown]
# The left panel below shows PCK@0.2 of our three rows in frames of each kind, on an axis that
# begins at 40, and the right panel what time adds there, with intervals over clips.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.2))
where = np.arange(len(split))
for shift, row, color in zip((-0.27, 0, 0.27), figures.ROWS, (GREY, ORANGE, BLUE)):
    left.bar(where + shift, split[row], 0.25, color=color, label=row)
left.set_xticks(where, split.index)
left.set(ylabel="PCK@0.2", ylim=(40, 105))
left.legend(ncols=3, loc="upper right", fontsize=8)
right.bar(where, split["gain"], 0.5, color=BLUE)
ends = split["gain"] - split["low"], split["high"] - split["gain"]
right.errorbar(where, split["gain"], ends, fmt="none", ecolor="black", capsize=4)
right.set_xticks(where, split.index)
right.axhline(0, color=GREY, lw=1)
right.set_ylabel("ST-infer - S-infer, points")
show("Left: bars of three rows for sound frames and four faults; sound frames are "
     "highest, and in each spoilt kind the bars rise from the baseline to ST-infer. "
     "Right: time adds next to nothing in sound frames, and three to eight points in "
     "spoilt ones, most without contrast.")
for name, line in split.iterrows():
    print(f"{name:9}: {line['share']:4.0%} of the joints,",
          f"time adds {near(line['gain']):.0f} points, rounded")
spoilt = 100 * (split["share"] * split["gain"])[1:].sum() / total
assert spoilt > 75
print(f"spoilt frames hold about {near(spoilt, 10):.0f} % of the whole gain")

# %% [markdown]
# Next we film forty of the scenes again, the same bodies in the same light, by the usual camera,
# which fails less often and less badly. The models stay the same.

# %%
usual = [shoot(number, "usual") for number in range(5, 201, 5)]
for ours, theirs in zip(usual, shots):
    assert np.array_equal(ours.clip.joints, theirs.clip.joints)  # the same scenes
on_usual = runs_on(usual, "usual")
scenes = {"usual": {row: on_usual.tallies(row, 0)[:, 20] for row in figures.ROWS},
          "poor": {row: at_02[row][:40] for row in figures.ROWS}}
shares = [np.mean([shot.fault != "" for shot in some]) for some in (usual, shots[:40])]
print("spoilt frames, usual and poor camera:",
      ", ".join(f"{share:.0%}" for share in shares))
effect = {}
for camera, counts_of in scenes.items():
    for row, other in STEPS:
        a, b = counts_of[row], counts_of[other]
        effect[camera, row] = percent(a.sum(0)) - percent(b.sum(0)), *interval(a, b)
assert 0 < effect["usual", "ST-infer"][0] < 0.75 * effect["poor", "ST-infer"][0]
print("points that time adds, to the nearest half:", ", ".join(
    f"{camera} camera {near(effect[camera, 'ST-infer'][0], 0.5)}" for camera in scenes))

# %% [markdown]
# Our picture shows both steps for both cameras, with intervals over the forty clips: orange for
# what space adds, blue for what time adds.

# %%
fig, ax = plt.subplots(figsize=(8, 2.2))
for y, ((_, row), (middle, low, high)) in enumerate(effect.items()):
    color = BLUE if row == "ST-infer" else ORANGE
    ax.plot([low, high], [y, y], color=color, lw=5, alpha=0.4)
    ax.plot(middle, y, "o", color=color)
below = dict(STEPS)
names = [f"{camera} camera: {below[row]} to {row}" for camera, row in effect]
ax.set_yticks(range(4), names)
ax.axvline(0, color=GREY, lw=1)
ax.set_xlabel("points of PCK@0.2, small network, seed 0, 40 clips")
ax.invert_yaxis()
show("Four intervals, all right of zero. Space adds about three points with the usual "
     "camera and nearly four with the poor one; time adds about one with the usual "
     "camera and about two with the poor one.")

# %% [markdown]
# What does time *not* repair? We take the errors of S-infer, in slices of five frames as the models
# see them. An error *passes* if the same joint is right in some frame of its slice. It *lasts* if
# it is wrong in all frames that count, of which there are three or more. How many of each does
# ST-infer have right? Some repairs are luck, because the two networks differ. So we also count the
# reverse: errors of ST-infer that S-infer gets right.

# %%
def in_slices(values):
    """(N, T, K) -> (N, T / 5, 5, K)."""
    return values.reshape(len(values), -1, 5, values.shape[-1])


seen = in_slices(counted)
side = [figures.ways_to_fail(clip, pose)["side"] for clip, pose in
        zip(clips, found["S-infer"])]
side = in_slices(np.stack(side))


def kinds_of_error(row):
    """Errors of a row that pass, and that last: bool (N, T / 5, 5, K)."""
    right = in_slices(hits[row])
    never = ~right.any(2, keepdims=True)
    return {"passing": seen & ~right & ~never,
            "lasting": seen & never & (seen.sum(2, keepdims=True) >= 3)}


# %%
repaired = {}
ours, theirs = (in_slices(hits[row]) for row in ("ST-infer", "S-infer"))
print("per cent, to the nearest five:")
for name, those in kinds_of_error("S-infer").items():
    repaired[name] = ours[those].mean()
    back = theirs[kinds_of_error("ST-infer")[name]].mean()
    share = those.sum() / (seen & ~theirs).sum()
    told = share, repaired[name], back, side[those].mean()
    share, fixed, reverse, mirrored = (near(100 * value, 5) for value in told)
    print(f"  {name} errors: {share} of all; repaired {fixed}, the reverse {reverse};",
          f"at the other side's joint {mirrored}")
assert repaired["passing"] > 10 * repaired["lasting"]

# %% [markdown]
# The left panel below shows PCK@0.2 by how we see the person, one dot for each row, from the
# baseline (grey) over messages in space (orange) to messages in space and time (blue). The right
# panel shows the share of S-infer's errors that ST-infer repairs.

# %%
view = np.array([shot.view for shot in shots])
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3), width_ratios=(1.3, 1))
VIEWS = ("front", "side", "back", "lying")
for y, name in enumerate(VIEWS):
    those = [at_02[row][view == name] for row in figures.ROWS]
    levels = [percent(part.sum(0)) for part in those]
    left.plot(levels, [y] * 3, color=GREY, lw=1)
    for value, color in zip(levels, (GREY, ORANGE, BLUE)):
        left.plot(value, y, "o", color=color)
left.set_yticks(range(4), [f"{name}, {(view == name).sum()} clips" for name in VIEWS])
left.set_xlabel("PCK@0.2")
left.invert_yaxis()
right.bar(repaired.keys(), [100 * v for v in repaired.values()], 0.5, color=BLUE)
right.set(title="errors that ST-infer repairs", ylabel="per cent")
show("Left: people seen from the front or the side have the highest PCK, those who lie "
     "by far the lowest; in each line the dots rise from baseline to ST-infer. Right: "
     "more than a quarter of the passing errors are repaired, and nearly none of the "
     "lasting ones.")

# %% [markdown]
# So we learn that the number "what time is worth" is no property of a method alone. Where a frame
# is spoilt and its neighbours are sound, they know better, and time repairs. Where all frames say
# the same wrong thing (a body that lies, which the springs have hardly met; somebody seen from
# behind), the neighbours agree with the error, and time confirms it. There the two counts above
# even speak a little against time: to the nearest five per cent, ST-infer repairs none of the
# lasting errors of S-infer, while S-infer has one in twenty of ST-infer's right. The usual camera
# spoils fewer frames and less badly, and on these forty scenes time is worth about half as much
# with it; we chose the poor camera so that there is more to see. Even so nearly half of the errors
# last, and those a better network has to repair, not a message. Penn Action, from the web, has
# faults of both kinds. How many of each, its labels do not say.
#
# ## 7.10 The claims, one by one
#
# `experiments.paper_a.claims` holds each of Paper A's claims against the rows of the small network.

# %%
verdicts = pd.Series([claim["verdict"] for claim in table1["claims"]]).value_counts()
print(", ".join(f"{verdict}: {count}" for verdict, count in verdicts.items()))
strict = PAPER_TABLES["A 2"]["Mean"]
printed_01 = strict["S-infer @0.1"] - strict["baseline @0.1"]
print(f"messages in space at 0.1: the paper's Table 2 {printed_01:+.1f} points",
      f"(JHMDB), ours {rows['S-infer']['@0.1'] - rows['baseline']['@0.1']:+.1f}")
Markdown(pages[-1])

# %% [markdown]
# Here is how we judge. A gain *holds*, whatever its size, if its interval lies above zero, and it
# *fails* if the interval lies below. Where a control could explain the gain (A-C1, A-C4, A-C5), the
# control's interval has to agree. A claim that *nothing* is gained holds if the whole interval lies
# within a point of zero, and fails if the whole interval lies farther off. A claim of several parts
# *fails* with any one of them (A-C5, by its control). Otherwise, if an interval contains zero, or
# if we kept no interval (A-C6, A-C7, A-C11), the claim is *undecided*, because such numbers cannot
# tell. What we did not run is *not measured*.
#
# Some claims need a word from us. A-C1 is about 0.2, where the paper's Table 1 is; for 0.05 see
# section 7.3, and for another network section 7.12. For A-C4 and A-C5 see section 7.5, and for A-C9
# section 7.7. Of A-C7 our numbers say the opposite: our shoulders gain in space, and wrists lose
# there and win back over time. In A-C8, edges over two frames add a little, even clear of zero, but
# *nothing* means less than a point here. A-C12 speaks of training, so its
# evidence is that of section 6.7: by our recipe, training loses only where messages are not
# normalised. By the printed recipe every reading loses, so that nothing can be said. For A-C13 we
# count a power between 0.9 and 1.1 as linear. On small maps our kernel's time grows more slowly
# than the cells, so that the interval contains 1 but reaches down to 0.6, and the claim stays
# undecided. A-C14 is tested on random graphs with cycles, when the table is made.
#
# *Fails* says: not on these clips, with this small network, by these runs. It refutes nothing that
# was measured on Penn Action. The line above the table sets one number of the paper's Table 2
# (JHMDB) beside ours, although the clips are others: at 0.1 the paper's messages in space gain far
# more than ours do. The rest of its Tables 2 and 3 comes at the end of the next section.
#
# ## 7.11 The same on real motion
#
# Our fifteen activities come from key poses, so springs could have an easy life. Penn Action's
# labels hold how people really moved (in pixels that count from 1, which our reader takes into
# account). We let 474 of its sequences drive the renderer's figure (`python -m renderer --motion`),
# with the data set's own split, and train everything again from nothing, one seed of it. The labels
# may not be passed on, so we read the table from a file. The commands are
#
# ```sh
# .venv/bin/python -m renderer data/motion --clips 474 --motion penn_action:ROOT --camera poor
# .venv/bin/python -m experiments paper_a table1 --config data/training/laptop.toml --data data/motion --output runs-motion --seeds 0
# ```
#
# The first table below has the rows, as in section 7.3, and the second one their differences, as in
# section 7.5.

# %%
motion = stored_result("table1_real_motion")
numbers = motion["clips"]
print(f"small network, poor camera, seeds {motion['seeds']},",
      f"{numbers['train']} clips to train, {numbers['test']} to test")
pages = printable(motion, PENN).split("\n\n")
Markdown("\n\n".join(pages[:2]))

# %%
both = {name: {claim["name"]: claim["verdict"] for claim in one["claims"]}
        for name, one in (("key poses", table1), ("real motion", motion))}
for claim in both["key poses"]:
    verdicts = [both[name][claim] for name in both]
    if verdicts[0] != verdicts[1]:
        print(f"{claim}: {verdicts[0]} on key poses, {verdicts[1]} on real motion")
cameras = motion["camera"]
flow_gain = Interval(*cameras["calm"]["difference"]["@0.2"])
print(f"clips with a fast camera: {cameras['fast']['clips']}; with a calm one:",
      f"{cameras['calm']['clips']}, where exact minus zero flow is {flow_gain}")

# %% [markdown]
# The task is harder, the order of the three rows is the same, and both steps are clear of zero
# again. But over time wrists gain least here, and ankles most. Joint training adds about a point to
# springs alone here, where it adds nothing measurable on key poses. Against the fair control, a
# ConvNet that trained for longer with untrained messages behind it, that is not clear of zero at
# 0.2, though it is at 0.1. The ConvNet taken out of it is no better than one that trained longer,
# as before. All cameras in these clips are calm, so flow has nothing to do.
#
# ### Tables 2 and 3, on JHMDB's motion
#
# The paper's other data set is JHMDB, and its Tables 2 and 3 are of it. Its labels hold motion as
# well, of 753 clips in which people pour, climb, swing a bat or brush their hair. We let them drive
# the figure too, under the data set's own three splits. Table 3 is about those clips in which every
# joint lies in the picture (sub-JHMDB). It takes hours (`python -m experiments real jhmdb_motion`),
# so that we read the tables again. Below, the first table has our PCK beside the paper's, and the
# second one our steps.

# %%
jhmdb = stored_result("jhmdb_motion")
print(f"small network, poor camera, seeds {jhmdb['table2']['seeds']}, three splits")
COLUMNS = {"Table 2 @0.2": ("table2", " @0.2"), "Table 2 @0.1": ("table2", " @0.1"),
           "Table 3 @0.2": ("table3", "")}
OURS = ("baseline", "S-infer", "ST-infer", "longer", "longer, ST untrained")
lines = []
for row in OURS:
    line = [row]
    for table, at in COLUMNS.values():
        printed = PAPER_TABLES[f"A {table[-1]}"]["Mean"].get(row + at)
        line += [jhmdb[table]["rows"][row + at]["mean"], printed or ""]
    lines.append(line)
head = ["row", *(cell for title in COLUMNS for cell in (title, "the paper's"))]
steps = []
for one, other in zip(jhmdb["table2"]["differences"], jhmdb["table3"]["differences"]):
    changes = [Interval(*one["@0.2"]), Interval(*one["@0.1"]), Interval(*other["@0.2"])]
    assert all(change.low > 0 for change in changes)
    steps.append([f"{one['row']} - {one['other']}", *map(str, changes)])
Markdown(markdown(head, lines) + "\n\n" + markdown(["step", *COLUMNS], steps))

# %% [markdown]
# Every step of the paper has its sign here, at the threshold of 0.1 as well, and no interval
# touches zero. The steps are smaller than the paper's, a quarter to two thirds of them. On this
# motion joint training is even worth something: ST-infer is above a ConvNet that trained for longer
# with untrained messages behind it. But remember which network this is. It is the small one, which
# cannot see the body, and that is the subject of the next section.
#
# ## 7.12 A network that sees the whole body
#
# All rows so far come from a network that sees 47 px of a 67-px person. Section 6.3 warned that
# this flatters messages in space: a spring may only hand on what the ConvNet was too short-sighted
# to see. There is one way to find out, and that is to give the same test clips to a network that
# sees all.
#
# It is the *hourglass* of section 6.3 (`architecture = "body"`). It has 1.2 million weights, and
# each of its cells sees the whole crop. We trained it beforehand (`python -m experiments paper_a
# body`), because its first stage alone takes more than ten minutes, and read what came out from
# `experiments/results/body.json`. One of these networks lies in `data/models`, so that we can let
# it run on our test clips now, and see whether it is as good as the file says.

# %%
big = stored_result("body")
about = big["about"]
SEEN = (0.2, 0.1, 0.05)
assert tuple(about["thresholds"]) == SEEN and about["camera"] == "poor"
clips = [shot.clip for shot in shots]
hourglass, wide, _ = load_model(MODELS / "body" / "seed0" / "baseline.safetensors")
poses = {"small": live.poses("baseline", 0)}
poses["hourglass"] = evaluate.predict_clips(hourglass, clips, wide.view,
                                            wide.joint.frames, None, 1, 4)
now = {name: percent(evaluate.tallies(found, clips, SEEN).sum(0))
       for name, found in poses.items()}
assert np.allclose(now["hourglass"], big["parts"]["seed 0: baseline"]["PCK"], atol=0.2)
for name, found in now.items():
    shown = " / ".join(f"{rate:.1f}" for rate in found)
    print(f"{name:10} PCK@0.2 / 0.1 / 0.05: {shown}")

# %% [markdown]
# Where does the difference come from? We look for the wrist that the small network misses by most
# and the hourglass finds, in a frame that the camera did not spoil. The picture shows on the left
# the crop that both networks are given, with a ring around the true wrist, and beside it the
# heat-map that each of them makes of it.

# %%
WRISTS = [PENN.joints.index(f"{side}_wrist") for side in ("left", "right")]
true = np.stack([clip.joints for clip in clips])[:, :, WRISTS]
sizes = np.stack([clip.size_of_person for clip in clips])[..., None]
away = {name: np.linalg.norm(np.stack(found)[:, :, WRISTS] - true, axis=-1) / sizes
        for name, found in poses.items()}
counts_here = np.stack([clip.counted for clip in clips])[:, :, WRISTS]
fair = (fault == "")[..., None] & counts_here
gap = np.where(fair & (away["hourglass"] < 0.05), away["small"], -1)
n, t, w = np.unravel_index(gap.argmax(), gap.shape)
assert config.view.still() == wide.view.still()  # one crop for both
item = Slices([clips[n]], wide.view.still(), 1).batch([(0, t, 0)])
cell = item["cells"][0, 0, WRISTS[w]].numpy()

# %%
fig, axes = plt.subplots(1, 3, figsize=(8, 3))
axes[0].imshow(item["images"][0, 0].movedim(0, -1))
axes[0].set(title="the crop", xticks=[], yticks=[])
mark(axes[0], *(cell * wide.view.stride + (wide.view.stride - 1) / 2), color=SKY)
for ax, (name, model) in zip(axes[1:], (("small network", live.model("baseline", 0)),
                                        ("hourglass", hourglass))):
    with torch.no_grad():
        maps, _ = model(item["images"])
    show_map(ax, maps[0, 0, WRISTS[w]], name, bar=False)
    ax.set(xlabel="", ylabel="", xticks=[], yticks=[])
    mark(ax, *cell, color=SKY)
print(f"{PENN.joints[WRISTS[w]]}, clip {clips[n].name}, frame {t};",
      "away from the truth, of the person's size:")
for name, found in away.items():
    print(f"  {name:10} {found[n, t, w]:.0%}")
show("Left, a person who sits with both hands behind the head, a ring around one "
     "wrist. Middle, the small network's heat-map: a broad glow around the ring and "
     "its brightest cell far below it, at the ankles. Right, that of the hourglass: "
     "one spot at the ring, and nearly nothing at the ankles.")

# %% [markdown]
# The small network has seen something like a wrist in two places, and cannot tell which of them
# belongs at the end of an arm, because wrist and ankle lie in no window together. The hourglass has
# seen the whole person, so that its map has one spot. What springs between joints were to tell the
# ConvNet, it knows by itself.
#
# To compare fairly, we evaluate the same rows of the small network here, with the same messages and
# the same crops. Three of them have messages that nobody trained:
# each row has one stiffness everywhere, and its rest offsets are means of training clips (of two
# dozen, for the small network). *Time, untrained* is new, with edges over time and none in space.
# *Space, untrained* has the reverse, and *both, untrained* has all, so that these two are what
# Table 1 calls S untrained and ST untrained.

# %%
labels = {name.split(": ", 1)[0] for name in big["parts"]}
WHICH = max(labels, key=lambda name: (name.startswith("seeds"), name == "seed 0"))


def of_body(row, other=None, n=0):
    """PCK of a row of the hourglass at SEEN[n], or its Interval above another row."""
    found = big["parts"][f"{WHICH}: {row}"]
    return Interval(*found[f"minus {other}"][n]) if other else found["PCK"][n]


# %%
learnt = [shoot(number).clip for number in range(1, 31) if number % 5]
flows = {shot.clip.name: shot.flow for shot in shots}
few = Data(learnt, [], clips, lambda clip: flows[clip.name])


def counted_by(base, messages):
    """Tallies of a committed ConvNet with untrained messages behind it."""
    model = messages.behind(live.model(base, 0), config, few)
    _, span = evaluate.frames_and_span(model)
    poses = evaluate.predict_clips(model, clips, config.view, config.joint.frames,
                                   few.flow if span else None, max(span, 1), 4)
    return evaluate.tallies(poses, clips, SHARES)


# %%
TIME, SPACE, BOTH = "time", "space, stiffness 0.01", "both, stiffness 0.01"
of_small = dict(tallies)
of_small["ST-infer; its ConvNet"] = of_small.pop("ST-infer(∗)")
for base, names in {"baseline": (TIME, SPACE, BOTH), "longer": (BOTH,)}.items():
    for name in names:
        of_small[f"{base}; {name}"] = counted_by(base, body.UNTRAINED[name])
small = Compared({row: {0: counted} for row, counted in of_small.items()}, PENN)
for name, row in (("S untrained", SPACE), ("ST untrained", BOTH)):
    assert abs(small.rate(f"baseline; {row}") - rows[name]["by seed"][0]) < 1

# %% [markdown]
# We begin with the levels. Both networks have the same 100 test clips of the poor camera and the
# same crops, one box for a slice of five frames.

# %%
print(f"small network: 85,118 weights, {counts['train']} training clips, seed 0")
print(f"hourglass: {about['network']},",
      f"{about['clips']['train']} training clips, {WHICH}")
stiff = {name: body.UNTRAINED[name].stiffness for name in (TIME, SPACE, BOTH)}
print(f"untrained springs: stiffness {stiff[TIME]:g} over time alone,",
      f"{stiff[SPACE]:g} in space, {stiff[BOTH]:g} for both")
SHOWN = ("baseline", f"baseline; {TIME}", f"baseline; {SPACE}", f"baseline; {BOTH}",
         "longer", "S-infer", "ST-infer")
lines = ["| row | small, PCK@0.2 / 0.1 / 0.05 | hourglass |", "|---|---|---|"]
for row in SHOWN:
    ours = " / ".join(f"{small.rate(row, alpha):.1f}" for alpha in SEEN)
    theirs = " / ".join(f"{of_body(row, n=n):.1f}" for n in range(3))
    lines.append(f"| {row} | {ours} | {theirs} |")
Markdown("\n".join(lines))

# %% [markdown]
# Now we ask seven questions, each as a difference of two rows with its 95 % interval over clips.
# The verdict is that of section 7.10 for "this is a gain": it *holds* if the whole interval lies
# above zero, *fails* if the whole interval lies below, and is *undecided* otherwise. For *joint
# training* the other row is a compute-matched control: the ConvNet trained for longer, with the
# untrained messages behind it that suit the network best at 0.2 (both kinds for the small one, time
# over two frames for the hourglass).

# %%
PLAIN = "baseline"
QUESTIONS = {  # the two rows of the small network, and those of the hourglass
    "time, untrained": ((f"baseline; {TIME}", PLAIN),) * 2,
    "space, untrained": ((f"baseline; {SPACE}", PLAIN),) * 2,
    "both, untrained": ((f"baseline; {BOTH}", PLAIN),) * 2,
    "S-infer above longer": (("S-infer", "longer"),) * 2,
    "joint training (ST-infer)": (("ST-infer", f"longer; {BOTH}"),
                                  ("ST-infer", "longer; time over two frames")),
    "joint training (time alone)": (None, ("time over two frames, joint",
                                           "longer; time over two frames")),
    "its ConvNet above longer": (("ST-infer; its ConvNet", "longer"),) * 2,
}
answers = {}
for question, (ours, theirs) in QUESTIONS.items():
    answers[question, "small"] = ours and [small.difference(*ours, a) for a in SEEN]
    answers[question, "hourglass"] = [of_body(*theirs, n) for n in range(3)]
lines = ["| is this a gain? | network | @0.2 | @0.1 | @0.05 |", "|---|---|---|---|---|"]
for (question, network), found_here in answers.items():
    told = [f"{one} *{above(one)}*" for one in found_here or ()]
    told = told or ["*not measured*"] * 3
    lines.append(f"| {question} | {network} | {' | '.join(told)} |")
Markdown("\n".join(lines))

# %% [markdown]
# The picture shows us the same numbers: the small network on the left, the hourglass on the right.
# Each question has three intervals, for PCK@0.2 (blue), @0.1 (orange) and @0.05 (red). What lies
# right of the grey line is a gain. One question has no intervals on the left, because we did not
# measure it there.

# %%
fig, axes = plt.subplots(1, 2, figsize=(9.5, 4.2), sharex=True, sharey=True)
for ax, network in zip(axes, ("small", "hourglass")):
    for y, question in enumerate(QUESTIONS):
        three = answers[question, network] or ()
        for n, (one, color) in enumerate(zip(three, (BLUE, ORANGE, RED))):
            label = f"@{SEEN[n]:g}" if y == 0 else None
            ax.plot([one.low, one.high], [y + 0.2 * (n - 1)] * 2, color=color, lw=4,
                    alpha=0.4)
            ax.plot(one.points, y + 0.2 * (n - 1), "o", color=color, ms=5, label=label)
    ax.axvline(0, color=GREY, lw=1)
    ax.set(title=network, xlabel="points of PCK, poor camera")
axes[0].set_yticks(range(len(QUESTIONS)), list(QUESTIONS))
axes[0].invert_yaxis()
axes[0].legend(loc="lower left")
show("Intervals for seven questions. Time, untrained, lies right of zero in both "
     "panels. Space and S-infer gain about three points at 0.2 with the small network "
     "and none with the hourglass, where they lie left of zero at 0.05. ST-infer lies "
     "left of its control at 0.05 in both panels, by a few points with the small "
     "network and by far more with the hourglass; time trained jointly lies at or just "
     "left of zero.")

# %%
def asked(question):
    """The three Intervals of the small network, and those of the hourglass."""
    return answers[question, "small"], answers[question, "hourglass"]


ours, time = asked("time, untrained")
assert min(one.low for one in (*ours, *time)) > 0
assert time[2].points > time[0].points + 1
ours, space = asked("space, untrained")
assert ours[0].low > 0 and abs(space[0].points) < 1 and space[2].high < 0
ours, s_infer = asked("S-infer above longer")
assert ours[0].low > 0 and abs(s_infer[0].points) < 1 and s_infer[2].high < 0
ours, joint = asked("joint training (ST-infer)")
assert max(ours[2].high, joint[1].high, joint[2].high) < 0
_, alone = asked("joint training (time alone)")
assert abs(alone[0].points) < 1 and alone[2].points < 0.5
gain_05 = {name: of_body(row, PLAIN, 2) for name, row in {
    "time, untrained": f"baseline; {TIME}", "ST-infer": "ST-infer",
    "time over two frames, joint": "time over two frames, joint",
    "its control": "longer; time over two frames"}.items()}
assert gain_05["time, untrained"].low > 0 > gain_05["ST-infer"].high
assert gain_05["time over two frames, joint"].low > gain_05["its control"].points / 2
print("the hourglass above its baseline, PCK@0.05:")
for name, one in gain_05.items():
    print(f"  {name:28}{one}")

# %% [markdown]
# With the hourglass our story turns round.
#
# - **Time alone, untrained, gains at every threshold, with both networks**, and with the hourglass
#   most at the strict ones. That is what the paper claims for its own network, and what we missed
#   in section 7.7, where time came on top of jointly trained springs in space. A neighbour frame is
#   *new* information, which no receptive field contains. Along the exact flow it arrives at the
#   right cell, and stiff springs keep its peak sharp.
# - **Space gains only where the network cannot see the body.** With the small network it brings
#   points at 0.2. With the hourglass it brings none, and costs precision at 0.05. The hourglass has
#   seen every limb that a spring could tell it of, so that the spring can only pull a sharp peak
#   towards a mean. What S-infer gained in Table 1 makes up, most likely, for a narrow view.
# - **Where PCK is strict, joint training loses what time gains.** At 0.05, ST-infer stays below a
#   ConvNet that trained for longer with untrained messages behind it, with both networks, and
#   with the hourglass even far below the bare ConvNet. When we train time alone jointly, most of
#   its gain survives, but it is not better than that control either. We ask below what is to
#   blame.
#
# We should not say more than this comparison can carry. Besides what they see, three more things
# differ between the networks: the hourglass has fourteen times as many weights, it has learnt from
# five times as many clips, and its first stage took more than twice as many steps. Both were tested
# on clips of the poor camera, so that time has much to repair. The lines above the first table say
# how many seeds each network has. Most differences at 0.05 are so large that we trust their signs,
# but sizes may move with another seed. And the stiffness of each untrained row was chosen by us,
# not learnt.
#
# Two conditions can be varied without training anything (`python -m experiments paper_a
# conditions`). The same scenes can be filmed by our usual camera, which fails half as often. And of
# the poor camera's clips we can count the joints that something *hides*, because a renderer knows
# where they are, and every table so far has left them out.

# %%
elsewhere = stored_result("conditions")["parts"]
print("the hourglass: what untrained messages gain at 0.2 and 0.05")
for where in ("usual camera", "hidden joints"):
    for row in ("time over two frames", "space, stiffness 0.01"):
        changes = elsewhere[f"{where}, {WHICH}: baseline; {row}"]["minus baseline"]
        coarse, _, fine = (Interval(*one) for one in changes)
        print(f"  {where}, {row:21} {coarse} {fine}")
        if row.startswith("time"):
            assert coarse.low > 0 and fine.low > 0

# %% [markdown]
# With the usual camera time has less to repair, and still it gains at both thresholds. So our
# choice of a camera makes the gain larger, but does not make it up. Hidden joints gain most at 0.2,
# because what is hidden now was often seen a moment ago. There, and only there, springs in space
# gain a little behind the hourglass as well: where nothing can be seen, the rest of the body is the
# only witness.
#
# ### All of it hangs on the flow
#
# The next picture asks what the gain of time is worth when the flow is not exact. For edges over
# one frame (left) and over one and two frames (right) it shows the gain over the hourglass's
# baseline with exact flow, with DIS, a classical estimate (chapter 3), and with zero flow.

# %%
FLOWS = {"exact": "", "DIS": " and DIS flow", "zero": " and zero flow"}
worth = {}
fig, axes = plt.subplots(1, 2, figsize=(9.5, 3), sharey=True)
for ax, reach in zip(axes, ("time", "time over two frames")):
    for n, color in enumerate((BLUE, ORANGE, RED)):
        ends = [of_body(f"baseline; {reach}{end}", PLAIN, n) for end in FLOWS.values()]
        worth[reach, n] = dict(zip(FLOWS, ends))
        where = np.arange(3) + 0.15 * (n - 1)
        error = np.array([(one.points - one.low, one.high - one.points)
                          for one in ends]).T
        ax.errorbar(where, [one.points for one in ends], error, fmt="o", color=color,
                    capsize=3, label=f"@{SEEN[n]:g}")
    ax.axhline(0, color=GREY, lw=1)
    ax.set_xticks(range(3), [f"{name} flow" for name in FLOWS])
    ax.set_title(reach)
axes[0].set_ylabel("points above the baseline")
axes[1].legend()
show("Gains of untrained time with exact, estimated and zero flow. Exact flow gains at "
     "all thresholds, most at 0.05. DIS gains one to two points over one frame, and "
     "nothing at 0.05 over two. Zero flow gains less than a point at 0.2 over one "
     "frame, loses as much over two, and loses three to six points at 0.05.")

# %%
strict = worth["time", 2]
assert strict["exact"].points > strict["DIS"].points + 1 and strict["zero"].high < 0
assert strict["DIS"].points > 0
told = (f"{name} {one}" for name, one in strict.items())
print("one frame, PCK@0.05:", ", ".join(told))

# %% [markdown]
# At strict thresholds the value of time is the value of the flow. With zero flow a neighbour's peak
# lands where the joint *was*, and precision is lost. DIS keeps part of the gain over one frame, and
# at 0.05 nothing over two, because its errors add up. The exact flow of rendered clips is an upper
# bound that no real film offers. If you want to use time behind a good network, a better flow is
# where to begin.
#
# ### Why does joint training lose where PCK is strict?
#
# The paper gains at every threshold, and our springs between joints, jointly trained, lose most at
# 0.05. We have three suspects. The *decoding*: we read a joint to a quarter of a cell, the paper
# reads the highest cell. The springs' *pull*: it moves a peak that was right. And the *target*: the
# disc of Eq. 6 has a radius of a cell and a half, and whoever is inside it is right enough. For
# each suspect we change that one thing, and nothing else (`python -m experiments paper_a strict`).
# The lines below show differences from the hourglass at 0.05.

# %%
why = stored_result("strict")["parts"]
ALL = max((name.split(": ", 1)[0] for name in why), key=len)  # all seeds together


def at_005(row, other="baseline"):
    """How far a row lies above another one at 0.05."""
    return Interval(*why[f"{ALL}: {row}"][f"minus {other}"][SEEN.index(0.05)])


print(f"{ALL}, PCK@0.05 minus that of the hourglass alone")
for target in ("S-infer", "S-infer, disc of 0.75", "S-infer, disc of 3",
               "S-infer, squared error"):
    print(f"{target:28}{at_005(target)}")
    for part in ("its ConvNet", "springs x 0.1", "springs x 3"):
        if f"{ALL}: {target}; {part}" in why:
            print(f"  {part:26}{at_005(f'{target}; {part}')}")
alone = at_005("S-infer; arg-max alone", "baseline; arg-max alone")
print(f"both read by the arg-max alone: {alone}")

# %% [markdown]
# The decoding is innocent: read by the arg-max alone, S-infer loses no less. The pull takes the
# larger part, since ten times weaker springs give back five of nearly eight points, and stiffer
# ones take four and a half more. What remains is inside the ConvNet, which joint training has made
# blunter by two points, and most of that is the disc's: with half its radius the ConvNet loses half
# a point. (Trained by the squared error, with no disc at all, it still loses one.) With weak
# springs on top of the half disc, joint training loses less than a point in all. These are
# remedies, not gains. At 0.2 (not shown) none of the rows differs from the bare ConvNet by more
# than half a point, so the springs have nothing to tell this network.
#
# ### Does another recipe do better?
#
# Perhaps we only trained it badly. So we took seven more recipes on the same network: half the
# disc, the squared error of Eq. 5 in the place of Eq. 6, a fifth of the rate, four times as many
# steps, and springs in space that start a hundred times softer than those over time (`python -m
# experiments paper_a recipes`). Each is held against two rows. One has messages over two frames
# that nobody trained, behind the ConvNet as it was. The other is fair: its ConvNet trained alone
# for as many steps as the recipe took, and then got the same untrained messages. *Time* has edges
# over time only, *both* has them in space as well.

# %%
tried = stored_result("recipes")["parts"]
ALL = max((name.split(": ", 1)[0] for name in tried), key=len)
print(f"{ALL}, PCK minus that of two rows with untrained messages")
lines = []
for row, recipe in recipes.RECIPES.items():
    found = tried[f"{ALL}: {row}"]
    others = recipes.UNTRAINED, recipes.FAIR[recipe.steps]
    gains = [Interval(*found[f"minus {other}"][n]) for other in others for n in (0, 2)]
    lines.append([row, *map(str, gains)])
head = ["recipe", "as it was, @0.2", "@0.05", "trained as long, @0.2", "@0.05"]
Markdown(markdown(head, lines))

# %% [markdown]
# One recipe does end above the messages that nobody trained at every threshold (at 0.2 only just,
# and 0.1 is not shown): the squared error, with four times the steps and less of the rate. So
# training end to end can do it. But look at the last two columns. A ConvNet that trained alone for
# as many steps gains as much, so it is not the messages that have learnt. One interval there begins
# just above zero, too, and of so many at 95 % one is what chance may give. The recipes with springs
# in space lose, and more at 0.05 than at 0.2, even though their springs started soft. So on a
# network that sees the body, joint training is worth what its steps are worth to the ConvNet. Over
# time the flow leaves little to learn: a joint rests where it was carried to, and one stiffness
# serves all.
#
# ## 7.13 What came later
#
# Paper A's last claim is the state of the art of 2017. On sub-JHMDB (its Table 3) others have been
# measured since. Means are not comparable across papers (chapter 0), so we take one for all, of the
# seven groups, from the printed rows.

# %%
LATER = """
    CPM, image by image (mmpose)        | 97.4 93.5 81.5 77.9 96.4 91.4 86.1
    ResNet-50, image by image (mmpose)  | 99.2 97.7 92.8 90.0 99.3 96.9 93.9
    """
lines = [line.split("|") for line in LATER.strip().splitlines()]
later = {name.strip(): list(map(float, values.split())) for name, values in lines}
paper = PAPER_TABLES["A 3"]
sub = {f"Paper A, {row}": paper.loc[row].tolist()[:7] for row in figures.ROWS}
shown = pd.DataFrame(sub | later, index=[name[:4].capitalize() for name in GROUPS]).T
shown["group-macro"] = shown.mean(axis=1)
print(shown.round(1).to_string())

# %% [markdown]
# Both later lines are *single-image* networks, trained on a large set of pictures (MPII) and then
# on this one, as the documentation of mmpose lists them; their boxes and labels are not exactly the
# paper's. A plain residual network of 50 layers, which looks at one frame, is above all of Paper
# A's video models. Against its own ConvNet the paper gained more than ten points. Above a good one
# there are little more than four points left to gain. On Penn Action, a repeated run of the
# Convolutional Pose Machine has been reported at 92.8 (MobilePose), where the paper's own has 87.0.
# LSTM Pose Machines have been reported at 97.7, by their authors' own code, where Paper A has 96.5.
#
# Higher numbers exist, and one has to read how they were made. DeciWatch reports 98.9 on sub-JHMDB,
# but its file of clips holds as many as all three splits together, so that a clip tested in one
# split is most likely a training clip of another. UniPose measures by the torso in heat-map cells,
# and not by the person's box. At 0.2 everything saturates. A threshold of 0.05, or the torso as the
# unit, still tells methods apart.
#
# What is left of Paper A? Not the number, and on our clips neither the springs in space nor the
# joint training, once the ConvNet sees the body. What stays is a layer that lets the same joint of
# neighbouring frames talk along the flow, with exact gradients. It needs no training (section
# 7.12), it repairs what passes (section 7.9), and it can stand behind any network that draws
# heat-maps. How much it then has to do depends on the faults that the network leaves, and on the
# flow.
#
# ## 7.14 What moved to `tslib`
#
# Nothing of this page is computed a second time elsewhere. Rows, sweeps and their order are
# `experiments.paper_a.runs` and `tables`; verdicts are `claims`; Figures 1, 3 and 4 are `figures`;
# the hourglass's rows are `body`; the printed numbers of the paper are `experiments.paper_tables`.
# This makes all of it from nothing, the small network's rows in three quarters of an hour on one
# core:
#
# ```sh
# .venv/bin/python -m renderer data/rendered --clips 500 --camera poor
# .venv/bin/python -m experiments paper_a table1 --config data/training/laptop.toml --data data/rendered --output runs --seeds 0 1 2
# .venv/bin/python -m renderer data/large --clips 2500 --size 96 --camera poor
# .venv/bin/python -m experiments paper_a body --data data/large --output runs-body
# ```
#
# `table2`, `table3`, `figure1`, `figure3` and `figure4` are asked for in the same way, on rendered
# clips or on the archives.

# %% [markdown]
# ## Exercises
#
# **Exercise 7.1 Draw clips, in pairs** (medium, 15 minutes). Without `bootstrap`: for each draw,
# the difference of two rows (Eq. 7.2). A draw is a list of clips, of which some are there twice.


# %%
def drawn_differences(a, b, draws):
    """a, b (N, 2, K) tallies of two rows, draws (S, N) clips -> (S,) in per cent."""
    raise NotImplementedError


check.exercise_7_1(drawn_differences)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `a[draws]` has shape `(S, N, 2, K)`. Add up over clips and joints before you divide, and take the
# same draw for both.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def drawn_differences(a, b, draws):
#     rates = []
#     for row in (a, b):
#         hits, counted = row[draws].sum((1, 3)).T
#         rates.append(hits / counted)
#     return 100 * (rates[0] - rates[1])
# ```
#
# </details>

# %% [markdown]
# **Exercise 7.2 What joint training is worth** (easy, 10 minutes). A row is above its baseline.
# Subtract what a control reaches as well: return what is left of the row above the *best* of its
# controls, in points.


# %%
def left_over(rates, row, controls):
    """rates {name: per cent}, row a name, controls a list of names -> points."""
    raise NotImplementedError


check.exercise_7_2(left_over)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which control explains most? It may be better than the row.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def left_over(rates, row, controls):
#     return rates[row] - max(rates[name] for name in controls)
# ```
#
# </details>

# %% [markdown]
# **Exercise 7.3 As much training** (easy, 10 minutes). Build the plan of a compute-matched control:
# the ConvNet alone, on single frames, with as many steps and as many frames in each as joint
# training has, and in all else the same. The plan given must stay as it is.


# %%
def matched_plan(plan):
    """plan {"steps", "batch" (slices), "frames" (of a slice), ...} -> another dict."""
    raise NotImplementedError


check.exercise_7_3(matched_plan)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A batch of 6 slices of 5 frames shows the ConvNet 30 frames, and it takes one step.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def matched_plan(plan):
#     return plan | {"batch": plan["batch"] * plan["frames"], "frames": 1}
# ```
#
# </details>

# %% [markdown]
# **Exercise 7.4 A verdict** (medium, 15 minutes). There are two kinds of claims. *Gains* says that
# the difference of two rows is more than zero, and *adds nothing* that it is no larger than a
# margin, up or down. The margin itself is still nothing. From the 95 % interval of the difference,
# whose ends belong to it, say `"holds"` if the claim is right for all of the interval, `"fails"` if
# it is wrong for all of it, and `"undecided"` otherwise.


# %%
def verdict_of(low, high, margin=None):
    """low, high in points; margin: None for "gains", points for "adds nothing"."""
    raise NotImplementedError


check.exercise_7_4(verdict_of)

# %% [markdown]
# <details><summary>Hint</summary>
#
# An interval that contains zero does not prove equality, because it may be very wide. "Adds
# nothing" holds only if the whole interval lies within the margin, and it fails only if the whole
# interval lies outside.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def verdict_of(low, high, margin=None):
#     if margin is None:
#         holds, fails = low > 0, high <= 0
#     else:
#         holds, fails = -margin <= low and high <= margin, low > margin or high < -margin
#     return "holds" if holds else "fails" if fails else "undecided"
# ```
#
# Sections 7.10 and 7.12 judge with the same three words.
#
# </details>

# %% [markdown]
# **Exercise 7.5 Whose gain is it?** (medium, 20 minutes). Split the gain of one row over another by
# the fault of the frames (Eq. 7.3): for each fault its part of the whole difference, in points. The
# parts must add up to it.


# %%
def parts_of_gain(ours, theirs, counted, fault):
    """ours, theirs, counted (N, T, K) bool, fault (N, T) of str -> {fault: points}.

    ours and theirs: which joints are right; only those that count matter.
    """
    raise NotImplementedError


check.exercise_7_5(parts_of_gain)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $\frac{n_f}{n}(r_f - r'_f)$ is the difference of the *hits* in frames of that fault, divided by
# all counted joints $n$, because the $n_f$ cancels.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def parts_of_gain(ours, theirs, counted, fault):
#     more = ((ours & counted).astype(int) - (theirs & counted)).sum(-1)
#     return {str(f): 100 * more[fault == f].sum() / counted.sum() for f in np.unique(fault)}
# ```
#
# </details>

# %% [markdown]
# **Exercise 7.6 The other doubt** (medium, 15 minutes). An interval over clips says nothing about
# seeds. Two rows were trained with several seeds each, and tested on the same clips. Seed $s$ of
# one has the same start as seed $s$ of the other. Return the mean of their difference over seeds,
# and the standard error of that mean, in points: the standard deviation of the differences
# (dividing by $S{-}1$), divided by $\sqrt S$.


# %%
def over_seeds(ours, theirs):
    """ours, theirs (S, N, 2, K) tallies of S seeds -> mean, standard error (points)."""
    raise NotImplementedError


check.exercise_7_6(over_seeds)

# %% [markdown]
# <details><summary>Hint</summary>
#
# First one rate for each seed and row (Eq. 7.1), then one difference for each seed. `np.std`
# divides by $S$ unless you say `ddof=1`.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def over_seeds(ours, theirs):
#     rates = [tallies.sum((1, 3))[:, 0] / tallies.sum((1, 3))[:, 1] for tallies in (ours, theirs)]
#     gain = 100 * (rates[0] - rates[1])
#     return gain.mean(), gain.std(ddof=1) / np.sqrt(len(gain))
# ```
#
# With three seeds a 95 % interval is 4.3 standard errors to either side, by Student's $t$, and not
# 2.
#
# </details>

# %% [markdown]
# ## Recap
#
# - Our rows of the small network, on clips of the poor camera, stand beside the paper's, with three
#   seeds and intervals, and at 0.2 in the paper's order from baseline to S-infer to ST-infer (Sec.
#   7.3).
# - One draws clips, and the same for both rows, because the joints of a clip are no separate
#   evidence (Sec. 7.4).
# - Most of ST-infer's gain is there with messages that nobody trained. What joint training adds has
#   to be held against a ConvNet trained for as long, and is small (Sec. 7.5).
# - Iterations, normalisation, rest offsets, mirror edges, slices and flow: one knob at a time, at
#   test time (Sec. 7.6).
# - Time repairs faults that pass; those that last for a slice it confirms. How much it is worth
#   depends on how many of each the clips have (Sec. 7.9).
# - Time alone, untrained, gains at every threshold, as far as the flow is right, also when the
#   ConvNet sees the whole body. Space then gives nothing and costs precision, by the pull of its
#   springs and the disc of Eq. 6, and joint training is worth what its steps are worth to the
#   ConvNet (Sec. 7.12).
# - A good network on single images is above the paper's video model. What remains is the layer
#   (Sec. 7.13).
#
# **In practice**
#
# - These are 96-px clips of one renderer, two small networks, and a camera that was chosen to show
#   the effect. The size of each gain is ours alone. Its sign, with seeds, intervals and controls,
#   is what can be compared.
# - Paper A names no validation clips. Our rows are the last step of a fixed plan, the same for all.
#   But plan and camera were chosen by people who had seen such clips, the camera because time helps
#   there.
# - Intervals are over clips and contain no doubt about seeds, nor about which clips a network has
#   learnt from. Three seeds say no more than that an effect is not one seed's luck. Fifteen claims
#   at 95 % would give a false one now and then.
# - At test time slices follow each other without overlap, and the person is cut out once for a
#   slice, by its true boxes. The paper says nothing of either. Rows may only be compared on the
#   same crops: a box of its own for each frame lifts the baseline alone.
# - `decode` moves every arg-max by up to a quarter of a cell; the paper does not.
# - A joint that is hidden counts nowhere but in its own column. The renderer knows where it is, and
#   a human who labels has to guess.
#
# ## Quiz
#
# **1.** A paper reports that its video model is 2.0 points above the single-frame baseline on 100
# clips with 20,000 joints. A friend computes a 95 % interval of ±0.6 by treating each joint as a
# coin. Is that too wide, too narrow, or can you not tell?
#
# <details><summary>Answer</summary>
#
# You cannot tell without the clips. Joints of a clip are right or wrong together, which makes coins
# too narrow. But both models meet the same clips, and the shared difficulty cancels in the
# difference, which makes coins too wide. Draw clips, the same ones for both rows, and see.
#
# </details>
#
# **2.** The interval of a difference is [-4.5, +6.3]. Somebody writes "the method adds nothing".
# Which word of our three fits, and why?
#
# <details><summary>Answer</summary>
#
# *Undecided*. The interval contains zero, but it contains large gains and large losses as well.
# "Adds nothing" would need a whole interval close to zero.
#
# </details>
#
# **3.** You train your model jointly with the ConvNet for 300 more batches, and it gains a point
# over the baseline. Your compute-matched control gains 1.2 points. What have you learnt about joint
# training?
#
# <details><summary>Answer</summary>
#
# That the gain does not come from it: as many steps of the ConvNet alone bring as much or more.
# Whether joint training is harmful depends on the interval of the difference of the two.
#
# </details>
#
# **4.** Why can messages over time help a network that sees the whole picture, while messages in
# space cannot?
#
# <details><summary>Answer</summary>
#
# A neighbour frame has pixels which are not in the frame's own receptive field, such as a sharp
# view of a joint that is blurred now. A neighbouring joint's map has been computed from the very
# pixels that the joint's own map has seen.
#
# </details>
#
# **5.** On some films, time with zero flow is as good as time with exact flow at PCK@0.2, and
# clearly worse at 0.05. What does that tell you about the motion in these films?
#
# <details><summary>Answer</summary>
#
# Joints move by more than the strict limit from frame to frame, but by less than the coarse one. So
# a neighbour's peak, taken over unmoved, still lies within 0.2 of the person's size and no longer
# within 0.05.
#
# </details>
#
# **References**
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network*, CVPR 2017: Sec.
#   5.4 for Table 1 and its rows, Sec. 5.6 for failures.
# - B. Efron, R. Tibshirani, *An Introduction to the Bootstrap*, 1993: chapter 8 for data in groups,
#   which must be drawn whole.
# - A. Newell, K. Yang, J. Deng, *Stacked Hourglass Networks for Human Pose Estimation*, ECCV 2016:
#   the network of section 7.12.
# - B. Xiao, H. Wu, Y. Wei, *Simple Baselines for Human Pose Estimation and Tracking*, ECCV 2018:
#   the residual network of section 7.13.
# - Y. Luo et al., *LSTM Pose Machines*, CVPR 2018: memory over time in place of messages.
# - A. Zeng et al., *DeciWatch*, ECCV 2022: poses of few frames, the others from them; read its data
#   section with section 7.13 in mind.
