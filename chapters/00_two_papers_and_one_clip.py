# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 0. Meet two papers and one clip
#
# **You'll build** a score for estimated poses, by hand, and find out why three people who compute it get three numbers.
#
# **You'll learn**
#
# - what the two papers of this book claim, on one page each;
# - what a clip is: frames, joints, visibility, boxes;
# - how joints become heat-maps and come back, and where a pixel and a half get lost;
# - what goes wrong in single frames: the other side, blur, things in the way;
# - PCK, the metric of Paper A, and the traps in it.
#
# **You'll need** Python and NumPy; no knowledge of human pose. No GPU, about fifteen seconds on two cores, an hour of yours with the exercises.

# %% tags=["remove-cell"]
# A copy in a folder of its own runs among the chapters; one that stands alone fetches them.
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
import tempfile
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from exercises import chapter_00 as check
from IPython.display import Markdown
from style import GREY, ORANGE, SKY, show_map

# %% [markdown]
# | symbol | meaning | in code | shape |
# |---|---|---|---|
# | $T, K$ | frames of a clip, joints of a skeleton | `T`, `K` | |
# | $p_i$ | place of joint $i$; pixels from 0, x right, y down | `joints` | `(T, K, 2)` |
# | | may the joint be counted? | `visible` | `(T, K)` |
# | | the person's box: left, top, width, height | `box` | `(T, 4)` |
# | $b_i$ | heat-map of joint $i$, on cells | `maps` | `(K, H, W)` |
# | $g, g_i$ | a cell of a heat-map; the place of joint $i$ on it, also between cells | `cells` | `(K, 2)` |
# | $s, \sigma$ | stride: pixels to a cell; width of a target, in cells | `stride`, `sigma` | |
# | $\alpha$ | tolerance, as a share of the person's size | `alpha` | |

# %% [markdown]
# ## 0.1 Two papers, a page each
#
# **Paper A**, *Thin-Slicing Network: A Deep Structured Model for Pose Estimation in Videos* (Song, Wang, Van Gool, Hilliges, CVPR 2017). A convolutional network
# looks at each frame of a short slice of video and draws a heat-map for every joint: how likely is the wrist here? Single frames err: limbs blur, something crosses, left looks like right.
# So the neighbour frames' maps are carried to this frame along the optical flow, and a layer passes messages over a graph: along limbs, between left and right, and from
# frame to frame. A message says, for each place of its receiver, how good the best place of its sender is under a spring between the two. All of it, the network and the springs, is trained together, in two stages: first the network
# alone, then everything. The claim: on the Penn Action data set 87.0 % of the joints are found by the network alone, 91.4 % with messages within a frame, 96.5 % with messages
# between frames.
#
# **Paper B**, *Sequence-to-Sequence Learning for Human Pose Correction in Videos* (Swetha, Balasubramanian, Jawahar, ACPR 2017). Any estimator's joints, frame after frame, are a sentence with
# mistakes; translate it into one without. A recurrent network reads the sequence forwards and backwards, another writes it anew, and for each frame an attention decides where
# to look in what was read. The claim: it improves two very different estimators, at heads and shoulders most, at wrists not at all.
#
# Both use the frames before and after. Paper A does so inside the network, on heat-maps, with geometry that it states; Paper B behind any
# network, on coordinates, with whatever it learns. The numbers above come from the papers' tables, which `tslib` holds, so that ours can stand beside them (Table 1 of Paper A: the network alone, with
# **s**patial and with **s**patial and **t**emporal messages; Table I of Paper B: two estimators, and the same corrected):

# %%
from experiments.paper_tables import PAPER_TABLES

table = PAPER_TABLES["A 1"].loc[["baseline", "S-infer", "ST-infer"]]
print(table.drop(columns="Mean of").to_string(), end="\n\n")
print(PAPER_TABLES["B I"].drop(columns="Mean of").to_string())

# %% [markdown]
# ## 0.2 One clip
#
# Real data sets are large and may not be passed on. So this book draws its own: figures in the fifteen activities of Penn Action, filmed badly, with everything known about
# them. `renderer` writes them as Penn Action's own archive is laid out, so the loader that reads them reads the real thing.

# %%
from tslib.datasets import penn_action
from renderer import render

folder = tempfile.TemporaryDirectory()
render(folder.name, clips=16, seed=0)
clips = penn_action.load(folder.name)
clip = clips[13]
print(f"{len(clips)} clips; this one: {clip.action}, {len(clip)} frames of {clip.size} px")
print(len(clip.skeleton.joints), "joints, left and right:", ", ".join(clip.skeleton.groups))
print(f"{(~clip.visible).mean():.0%} of them are hidden")
print("the person's box in frame 0:", clip.box[0].round().tolist())


# %%
def draw(ax, clip, t, joints=None, title=""):
    """One frame with its skeleton: the person's left orange, right blue; hidden joints hollow."""
    ax.imshow(clip.frames[t])
    joints = clip.joints[t] if joints is None else joints
    colors = {"left": ORANGE, "right": SKY}
    side = [colors.get(name.split("_")[0], "white") for name in clip.skeleton.joints]
    for a, b in clip.skeleton.edges:
        ax.plot(*joints[[a, b]].T, color=side[b], lw=1.5)
    for k, (x, y) in enumerate(joints):
        ax.plot(x, y, "o", ms=5, color=side[k], mfc=side[k] if clip.visible[t, k] else "none")
    W, H = clip.size
    ax.set(title=title, xticks=[], yticks=[], xlim=(-0.5, W - 0.5), ylim=(H - 0.5, -0.5))


fig, axes = plt.subplots(1, 5, figsize=(7.5, 1.8))
for ax, t in zip(axes, range(0, 20, 4)):
    draw(ax, clip, t, title=f"frame {t}")
plt.show()

# %% [markdown]
# *Left* (orange) is the person's own left; as the figure faces us, it is on the right of the picture. A hidden joint (hollow) has a place all the same, because we made the clip; in a real data set it may hold anything.

# %% [markdown]
# ## 0.3 Joints as heat-maps, and back
#
# A network does not answer with coordinates but with a map for each joint. Paper A trains it (Sec. 4, Eq. 5) towards a Gaussian whose peak is 1 at the joint and whose background is 0,
#
# $$b_i^*(g) = \exp\Bigl(-\frac{\lVert g - g_i \rVert^2}{2 \sigma^2}\Bigr). \tag{0.1}$$
#
# The map is coarser than the picture: with a stride of $s$ pixels a cell covers $s \times s$ of them, and its middle lies at
#
# $$x = s \, g + \frac{s - 1}{2}. \tag{0.2}$$
#
# (A pixel's coordinate is that of its own middle.) Cell 0 of a map with stride 4 covers the pixels 0, 1, 2, 3, so its middle is 1.5. In array form: `joints (K, 2)` in, `maps (K, H, W)` out.

# %%
from tslib.heatmaps import decode, gaussian, to_cells, to_pixels

stride, t = 4, 8
grid = (96 // stride, 96 // stride)
cells = torch.from_numpy(to_cells(clip.joints[t], stride))
maps = gaussian(cells, grid, sigma=1.25)
back, _ = decode(maps)
error = np.abs(to_pixels(back, stride) - clip.joints[t]).max()
print(f"maps {tuple(maps.shape)}; read back within {stride / 2} px: {bool(error <= stride / 2)}")

# %% [markdown]
# Reading back takes the highest cell and goes a quarter of a cell towards its higher neighbour, in x and in y. The tempting way back multiplies by the stride and is done:


# %%
def to_pixels_wrong(cells, stride):
    """Cell times stride: the middle of the cell's first pixel, not of the cell."""
    return cells * stride


shift = to_pixels_wrong(back, stride) - to_pixels(back, stride)
print("the wrong way back is off by", *np.unique(shift), "px, in x and in y")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.1))
draw(left, clip, t, title=f"frame {t}")
show_map(right, maps.amax(0), "maximum over its 13 target maps")
plt.show()

# %% [markdown]
# ## 0.4 What goes wrong in single frames
#
# A network that sees one frame at a time fails in ways that a video could repair. Three kinds, filmed. Cover the left and right columns: which knee is the left one,
# where is the racket arm, what is behind the pole? Then look at the neighbour frames: they help with the arm and the pole, and not at all with the knees.

# %%
kinds = [("sides alike", 8, 16), ("blur", 7, 8), ("in the way", 15, 12)]
fig, axes = plt.subplots(3, 3, figsize=(4.6, 5))
for row, (name, number, middle) in zip(axes, kinds):
    for ax, t in zip(row, range(middle - 1, middle + 2)):
        ax.imshow(clips[number].frames[t])
        ax.set(title=f"frame {t}", xticks=[], yticks=[])
    row[0].set_ylabel(name, fontsize=11)
plt.show()

# %% [markdown]
# How does a network err on them? A small one was trained on such clips, and its mistakes on others were sorted: does the error lie on the *other side* of the body; is *another peak* of the same
# map, however low, right; was the joint right in a *neighbour frame*? The kinds overlap. (`python -m experiments paper_a failure_modes --write` trains it and writes the file that the cell reads; the file holds its settings.)

# %%
results = Path("../experiments/results")
failures = json.loads((results / "failure_modes.json").read_text(encoding="utf-8"))
per_cent = pd.DataFrame(failures["rows"]).T.mul(100).round().astype(int)
short = {row: row.replace("share of errors:", "errors:").replace(" in the picture", "") for row in per_cent.index}
print(per_cent.rename(index=short).rename(columns=lambda name: name[:4]).to_string())

# %% [markdown]
# (Per cent.) Most errors have another peak in the right place: something that knows the body could pick it, which is what springs between joints are for. A third are right one frame earlier or later:
# that is what flow and springs between frames are for. Half are wrong in all five frames around: there it is not enough to copy from a neighbour.
#
# And is the film like the real thing? The same numbers for rendered clips and for Penn Action's own labels (`python -m experiments real labels PENN_ACTION`; lengths in cells, of which a person is 16 long):

# %%
labels = pd.DataFrame(json.loads((results / "labels.json").read_text(encoding="utf-8"))["columns"])
shown = {
    "motion": "motion of a joint in one frame, mean",
    "fast": "share of joints that move 2 cells or more",
    "hidden": "share of hidden joints",
    "hidden_wrist": "share of hidden wrists",
    "limb_spread": "spread of a limb's length in 20 frames",
    "people_spread": "spread of its mean between clips",
    "view_front": "share of clips from the front",
    "view_side": "share of clips from the side",
    "view_back": "share of clips from the back",
}
print(labels.loc[list(shown)].rename(index=shown).round(3).to_string())

# %% [markdown]
# (474 label files.) As many joints are hidden, and a limb's length in the picture varies as much within a clip; between clips ours vary less. But our figures and cameras move much faster than Penn
# Action's, on purpose: a neighbour's heat-map that lies a fraction of a cell away hardly needs the flow, and a chapter on the flow would show little.
#
# They are also seen from the front more often, and that is on purpose, too. Here are the network's failures from each side; and, in the last column, those of a network that was trained and tested on clips
# with each activity filmed from where the real labels show it (`python -m experiments paper_a failure_modes --views PENN_ACTION`):

# %%
by_view = pd.DataFrame(failures["by_view"]).drop(index="clips")
by_view["all"] = pd.DataFrame(failures["rows"]).T["all"]
real_views = json.loads((results / "failure_modes_real_views.json").read_text(encoding="utf-8"))
by_view["all, real views"] = pd.DataFrame(real_views["rows"]).T["all"]
rows = [row for row in by_view.index if row == "right at 0.2" or row.startswith("share of errors")]
print(by_view.loc[rows].mul(100).round().astype(int).rename(index=short).to_string())

# %% [markdown]
# From the side one limb hides another, from the back left looks like right, and so they do in all frames: such errors last, and a neighbour frame has little to offer. With the real shares the network
# is right less often, and far more of its errors lie on the other side. So our share of sides is half-way between few and the real one, and backs are few. (One seed; another one, `--seed 1`, moves all of
# this by some points.)

# %% [markdown]
# ## 0.5 PCK, by hand
#
# Paper A (Sec. 5.3) calls a joint correct if it falls within $\alpha \cdot \max(h, w)$ pixels of the truth, $h$ and $w$ being the sides of the person's box. PCK is the share of correct ones:
#
# $$\mathrm{PCK} = \frac{\#\{\, (t, i) \text{ counted} : \lVert \hat p_{t,i} - p_{t,i} \rVert \le \alpha \max(h_t, w_t) \,\}}{\#\{\, (t, i) \text{ counted} \,\}}. \tag{0.3}$$
#
# Take one frame with three joints, a box of 50 x 100 px, $\alpha = 0.2$: the limit is 20 px. The errors are 5 px, exactly 20 px, and 300 px at a joint that is not visible. Two are counted, both are
# correct: the limit is included, and what cannot be seen is not asked.


# %%
def pck_by_hand(prediction, truth, size, alpha, visible):
    """Correct joints and counted joints of a clip (Eq. 0.3)."""
    hits = counted = 0
    for t in range(len(truth)):
        for k in range(truth.shape[1]):
            if visible[t, k]:
                distance = np.hypot(*(prediction[t, k] - truth[t, k]))
                hits += distance <= alpha * size[t]
                counted += 1
    return hits, counted


truth = np.array([[[10.0, 10], [50, 50], [90, 90]]])
estimate = truth + [[[5, 0], [12, 16], [300, 0]]]
seen = np.array([[True, True, False]])
print("correct and counted:", *pck_by_hand(estimate, truth, size=[100], alpha=0.2, visible=seen))

# %% [markdown]
# `tslib.metrics.pck` does the same for whole clips and returns one rate for each joint. To have something to measure, take a rendered clip's own joints and spoil them as an estimator would: noise everywhere, and in every
# fourth frame the sides are swapped.

# %%
from tslib.metrics import means, pck, tally

rng = np.random.default_rng(0)
spoilt = clip.joints + rng.normal(scale=2, size=clip.joints.shape)
for a, b in clip.skeleton.mirror_pairs:
    spoilt[::4, [a, b]] = spoilt[::4, [b, a]]
size = clip.size_of_person
rates = pck(spoilt, clip.joints, size, 0.2, clip.visible)
hits, counted = pck_by_hand(spoilt, clip.joints, size, 0.2, clip.visible)
shares = clip.visible.sum(0) / clip.visible.sum()
same = np.isclose(np.nansum(rates * shares), hits / counted)
print(f"by hand: {hits / counted:.4f}; the package agrees: {same}")

# %%
thresholds = np.linspace(0, 0.3, 61)
fig, ax = plt.subplots(figsize=(8, 3.2))
curves = pck(spoilt, clip.joints, size, thresholds, clip.visible)
for name, joints in clip.skeleton.groups.items():
    ax.plot(thresholds, np.nanmean(curves[:, joints], 1), label=name)
ax.axvline(0.2, color=GREY, lw=1, ls=":")
ax.set(xlabel=r"$\alpha$", ylabel="share of correct joints")
ax.set_title("The whole curve says more than the usual threshold (dotted)")
ax.legend(ncols=2)
plt.show()

# %% [markdown]
# The head has no other side: there is only noise, and its curve is soon at 1. The wrists are far apart, and a quarter of the frames is swapped: their curve stays at three quarters. That of the shoulders waits there
# until the limit is as large as their distance. Hips lie close together; a swapped hip counts as right before the usual limit. PCK forgives that.

# %% [markdown]
# ## 0.6 Three means, and other traps
#
# A table's last column says "Mean". Of what? The joints seen most often weigh most in the *micro* mean (all hits over all counted joints); each joint weighs the same in the *joint-macro* mean; each of
# the seven columns (a column is the mean of its joints) weighs the same in the *group-macro* mean, so one head weighs as much as two wrists.

# %%
counts = tally(spoilt, clip.joints, size, 0.2, clip.visible)
for name, value in means(counts, clip.skeleton).items():
    print(f"{name:12} {100 * value:.1f} %")

# %% [markdown]
# The papers do not say which one they print. But a row's own columns can give it away:

# %%
columns = ["Head", "Shou", "Elbo", "Wris", "Hip", "Knee", "Ankl"]
rows = [("A 1", "[12]"), ("A 1", "[11] chained predictions"), ("A 2", "ST-infer @0.2"), ("A 1", "baseline")]
for table, name in rows:
    printed = PAPER_TABLES[table].loc[name]
    groups = printed[columns].to_numpy(float)
    joints = (groups[0] + 2 * groups[1:].sum()) / 13
    fifteen = (3 * groups[0] + 2 * groups[1:].sum()) / 15
    print(f"{name:25} printed {printed['Mean']:.1f}:",
          f"7 groups {groups.mean():.2f}, 13 joints {joints:.2f}, 15 joints {fifteen:.2f}")

# %% [markdown]
# The first row is a mean of 7 groups, the second of 13 joints, in the *same* column of the same table: borrowed numbers keep the mean of the paper they came from. The third, on JHMDB, fits 15 joints, neck and belly counted
# like the head. And Paper A's own rows on Penn Action (the last) fit none of them; they are consistent with a micro mean. So this book says which mean it prints.
#
# The second trap is a pixel wide. MATLAB labels count from 1, Python from 0. Compare an estimate in one with the truth in the other:

# %%
noisy = clip.joints + rng.normal(scale=2, size=(50, *clip.joints.shape))  # 50 estimates


def joint_macro(shift, alpha):
    """Joint-macro PCK of the noisy estimates, all of them moved by the same shift."""
    return np.nanmean([pck(e + shift, clip.joints, size, alpha, clip.visible) for e in noisy])


for alpha in (0.2, 0.1, 0.05, 0.02):
    same, mixed = joint_macro(0, alpha), joint_macro(1, alpha)
    print(f"joint-macro PCK@{alpha}: same base {same:.1%}, mixed bases {mixed:.1%}")

# %% [markdown]
# Nothing to see where the metric is loose, points where it is strict: a difference that looks like a result. The third trap is *who counts*. Hidden joints of Penn Action's labels may hold a filler, such as the corner
# of the picture; an estimate is never right there. Fill ours in the same way:

# %%
filled = np.where(clip.visible[..., None], clip.joints, 0.75)
everything = np.ones_like(clip.visible)
for name, who in (("visible joints only", clip.visible), ("everything", everything)):
    rate = means(tally(spoilt, filled, size, 0.2, who), clip.skeleton)["micro"]
    print(f"micro, {name:20} {100 * rate:.1f} %")

# %% [markdown]
# ## 0.7 The map of this book
#
# Every equation, table and figure of both papers: where it is shown, which function computes it, which test checks it. The table is made from `paper_map.toml`; a test follows
# each pointer. Where no chapter is named, the package alone has it.

# %%
papers = tomllib.loads(Path("paper_map.toml").read_text(encoding="utf-8"))
lines = ["| place | what | chapter | function, and its test |", "|---|---|---|---|"]
for paper, rows in papers.items():
    for place, row in rows.items():
        shown = [row[key].split("::")[-1].removeprefix("tslib.") for key in ("code", "test") if key in row]
        code = "<br>".join(f"`{name}`" for name in shown)
        cells = [f"{paper} {place}", row["what"], row.get("chapter", ""), code]
        lines.append("| " + " | ".join(cells) + " |")
Markdown("\n".join(lines))

# %% [markdown]
# ## Exercises
#
# Each cell below prints *not attempted* until you replace `raise NotImplementedError`. The checker takes your function and prints one line. (Work on a copy of the notebook or on a
# branch: the tests of this repository insist on unsolved exercises.)
#
# **Exercise 0.1 PCK in one line** (easy, 10 minutes). Without loops: the share of correct joints among the visible ones.


# %%
def pck_of_clip(prediction, truth, size, alpha, visible):
    """prediction, truth (T, K, 2), size (T,), visible (T, K) bool -> share of correct joints."""
    raise NotImplementedError


check.exercise_0_1(pck_of_clip)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.linalg.norm(..., axis=-1)` gives the distances `(T, K)`; the limit needs a new axis to stand beside them. `<=` or `<`?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def pck_of_clip(prediction, truth, size, alpha, visible):
#     distance = np.linalg.norm(prediction - truth, axis=-1)
#     return (distance <= alpha * size[:, None])[visible].mean()
# ```
#
# </details>

# %% [markdown]
# **Exercise 0.2 The size of a person** (easy, 5 minutes). Penn Action stores a box as two corners, $(x_1, y_1, x_2, y_2)$, and $w = x_2 - x_1$, $h = y_2 - y_1$. Return $\max(h, w)$ for each frame.


# %%
def size_of_box(corners):
    """corners (T, 4): x1, y1, x2, y2 -> (T,)."""
    raise NotImplementedError


check.exercise_0_2(size_of_box)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A well-known library once took the larger one of the last two entries. When is that right?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def size_of_box(corners):
#     return (corners[:, 2:] - corners[:, :2]).max(axis=1)
# ```
#
# </details>

# %% [markdown]
# **Exercise 0.3 From cell to pixel** (easy, 5 minutes). A network turns pictures of `width` px into maps of `cells` cells. Return the pixel of the middle of cell `g`.


# %%
def middle_of_cell(g, cells, width):
    """The pixel, a float, counted from 0 at the middle of the first pixel."""
    raise NotImplementedError


check.exercise_0_3(middle_of_cell)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Eq. 0.2. What is the stride here?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def middle_of_cell(g, cells, width):
#     stride = width / cells
#     return stride * g + (stride - 1) / 2
# ```
#
# </details>

# %% [markdown]
# **Exercise 0.4 In the mirror** (medium, 15 minutes). Flip a picture of `width` px left to right, and its joints with it. Two things have to happen.


# %%
def mirror(joints, width, pairs):
    """joints (T, K, 2) px, pairs [(left, right), ...] joint numbers -> (T, K, 2)."""
    raise NotImplementedError


check.exercise_0_4(mirror)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Where does pixel 0 go? And whose left hand is it now?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def mirror(joints, width, pairs):
#     flipped = joints.copy()
#     flipped[..., 0] = (width - 1) - joints[..., 0]
#     for left, right in pairs:
#         flipped[:, [left, right]] = flipped[:, [right, left]]
#     return flipped
# ```
#
# Pixel 0 goes to pixel `width - 1`: with `width - x` every joint is a pixel off, which is what trap two looks like from inside.
#
# </details>

# %% [markdown]
# **Exercise 0.5 Which mean is it?** (medium, 15 minutes). Given hits and counted joints of each joint, and the groups, return the three means of section 0.6 in that order. A joint that is never counted has no
# rate.


# %%
def three_means(hits, counted, groups):
    """hits, counted (K,), groups: lists of joint numbers -> micro, joint-macro, group-macro."""
    raise NotImplementedError


check.exercise_0_5(three_means)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.nanmean` leaves out what has no rate. A group's rate is the mean of its joints' rates.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def three_means(hits, counted, groups):
#     rates = np.where(counted > 0, hits / np.maximum(counted, 1), np.nan)
#     by_group = [np.nanmean(rates[joints]) for joints in groups]
#     return hits.sum() / counted.sum(), np.nanmean(rates), np.mean(by_group)
# ```
#
# </details>

# %% [markdown]
# ## Recap
#
# - Paper A passes messages between joints and frames, inside a network; Paper B rewrites sequences of joints, behind any network (Sec. 0.1).
# - A clip is frames, joints, visibility and boxes (Sec. 0.2).
# - Joints become heat-maps and come back; the middle of a cell is not cell times stride (Sec. 0.3).
# - Single frames fail where sides look alike, where there is blur or something in the way; much of it is right in another peak or another frame (Sec. 0.4).
# - PCK counts joints within a share of the person's size. A mean needs its name, coordinates need a base, and one has to say who counts (Sec. 0.5, 0.6).
#
# **In practice**
#
# - Paper A does not print $\sigma$; its base network, Convolutional Pose Machines, has 7 px at a stride of 8 px, less than a cell. The small maps here have 1.25 cells.
# - On JHMDB every joint is counted, hidden ones too, since its labels always place them; on Penn Action only visible ones. The box is the label's on Penn Action, the puppet mask's on JHMDB.
# - Of each pair of joints in Penn Action's files the first is said to be the left one. In the labels it lies where the person's right is, so it is called right here, and sides mean the same in all data sets; the
#   counts are in `tslib.skeletons`.
#
# **References**
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network*, CVPR 2017: Sec. 1 for the idea, Sec. 5.3 for the metric.
# - **Paper B**: S. Swetha, V. N. Balasubramanian, C. V. Jawahar, *Sequence-to-Sequence Learning for Human Pose Correction in Videos*, ACPR 2017: Sec. I.
# - Y. Yang, D. Ramanan, *Articulated Human Detection with Flexible Mixtures of Parts*, PAMI 2013: where PCK was introduced.
# - W. Zhang, M. Zhu, K. Derpanis, *From Actemes to Action*, ICCV 2013: Penn Action.
