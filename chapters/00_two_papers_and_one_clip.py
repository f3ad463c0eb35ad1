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
# **You'll build** a score for estimated poses, by hand, and you'll find out why three people who
# compute it can get three different numbers.
#
# **You'll learn**
#
# - what the two papers of this book claim, and the words that they need: heat-map, spring, message,
#   attention;
# - what a clip is: frames, joints, visibility, boxes;
# - how joints become heat-maps and come back, and where three and a half pixels can get lost on the
#   way;
# - what goes wrong when a network sees one frame at a time: the other side, blur, things in the
#   way;
# - PCK, the metric of Paper A, and the traps in it;
# - how sure we can be that one method is better than another: intervals, and the paired bootstrap.
#
# **You'll need** Python and NumPy, but no knowledge of human pose. The chapter needs no GPU and
# runs for about twenty seconds on two cores. With half of the exercises it takes an hour and a half
# of your time.

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
import tempfile
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from exercises import chapter_00 as check
from IPython.display import Markdown
from style import BLUE, GREY, ORANGE, SKY, show, show_map

# %% [markdown]
# These are the letters of this chapter. You need not learn them now, because each one is explained
# where it is first used.
#
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
# | $N, w_c$ | number of clips; how often clip $c$ is in a draw | `N`, `draws` | `(draws, N)` |
# | $r_c, n_c$ | right and counted joints of clip $c$ | `hits` | `(N,)` |

# %% [markdown]
# ## 0.1 Two papers, a page each
#
# Both papers want to know where a person's joints are in every frame of a video. A *joint* is a
# named point of the body, such as the left wrist or the right knee. We count 13 of them: the head,
# and a left and a right shoulder, elbow, wrist, hip, knee and ankle. The places of all joints in
# one frame are a *pose*, and a program that finds them is called a *pose estimator*. Most
# estimators look at one frame at a time. Both papers ask what the frames before and after can add.
#
# **Paper A**, *Thin-Slicing Network: A Deep Structured Model for Pose Estimation in Videos* (Song,
# Wang, Van Gool, Hilliges, CVPR 2017), works inside the estimator. These are the words that it
# needs:
#
# - A *heat-map* is a coarse picture that a network draws for one joint. Each of its cells holds a
#   number that says how well the joint would fit there. A network that draws one for each of 13
#   joints answers with 13 heat-maps.
# - A *spring* says how two joints should lie to each other. It has a rest offset, for example "the
#   wrist lies six cells to the right of the elbow", and a price that grows with the distance from
#   it.
# - A *message* goes from one joint, the *sender*, to another one, the *receiver*. For each place
#   where the receiver might be, it answers one question: if I were here, how good would your best
#   place be, once the spring has taken its price? So a message is a map, too, and it can be added
#   to the receiver's heat-map.
# - The *optical flow* says for each pixel of a frame where the thing seen there will be in the next
#   frame.
#
# With these words, we can tell Paper A in short. A convolutional network (a *ConvNet*) looks at
# each frame of a *slice*, which is a handful of frames in a row, and draws a heat-map for every
# joint. Single frames mislead it, because limbs blur, because something crosses, and because left
# looks like right. Therefore a layer behind it passes messages over a *graph*, which is a list of
# pairs of joints: along the limbs, between left and right, and from each joint to itself in the
# frames before and after. Since a person moves between frames, the heat-maps of the neighbour
# frames are first carried to this frame along the optical flow. The network and the springs are
# trained in two stages: first the network alone, and then everything together. The paper claims
# that, on Penn Action (a data set of 2,326 clips of people doing sports), the network alone finds
# 87.0 % of the joints, messages within a frame raise this to 91.4 %, and messages between frames to
# 96.5 %.
#
# **Paper B**, *Sequence-to-Sequence Learning for Human Pose Correction in Videos* (Swetha,
# Balasubramanian, Jawahar, ACPR 2017), works behind the estimator. It treats the joints that any
# estimator has found, frame after frame, as a sentence with mistakes, and it translates this
# sentence into one without. One recurrent network (an LSTM, which reads one frame after the other
# and keeps a memory) reads the sequence forwards and backwards, and another one writes it anew. For
# each frame that it writes, *attention* decides where to look: it gives every frame that was read a
# weight, the weights sum to 1, and the writer gets the weighted mean of what was read. The paper
# claims that this improves two very different estimators, at heads and shoulders most, and at
# wrists not at all.
#
# So Paper A uses the neighbour frames on heat-maps, with a geometry that it states. Paper B uses
# them on coordinates, with whatever it learns. The folder `experiments` holds the tables of both
# papers, so that our numbers can stand beside theirs. The first table below is part of Paper A's
# Table 1: the network alone, with messages in space (S-infer), and with messages in space and time
# (ST-infer). The second is Paper B's Table I. SFN is a network of 2015, and YR (after its authors
# Yang and Ramanan) is a method of 2011 without any network. Each of them stands there as it is, and
# corrected (++). A rival, Pfister et al., stands above them. A column is a group of joints, with
# its name cut to four letters.

# %%
from experiments.paper_tables import PAPER_TABLES

table = PAPER_TABLES["A 1"].loc[["baseline", "S-infer", "ST-infer"]]
print(table.drop(columns="Mean of").to_string(), end="\n\n")
print(PAPER_TABLES["B I"].drop(columns="Mean of").to_string())

# %% [markdown]
# The numbers are per cent of joints that are right, and section 0.5 says what *right* means. From
# the first row to the last, we see that elbows and wrists gain most, which the network alone finds
# least often. Not every step helps everybody: with messages within a frame alone, shoulders and
# hips lose. In the second table, the wrists of both estimators lose a little.

# %% [markdown]
# ## 0.2 One clip
#
# Real data sets are large, and most may not be passed on. Therefore this book draws its own clips:
# figures in the fifteen activities of Penn Action, filmed badly, with everything known about them.
# The package `renderer` does that, and `tslib` is the package of everything that the chapters
# build. The clips are written in the layout of Penn Action's own archive, so that the loader which
# reads them reads the real data set, too.

# %%
from tslib.datasets import penn_action
from renderer import render

folder = tempfile.TemporaryDirectory()
render(folder.name, clips=16, seed=0, size=(192, 192))
clips = penn_action.load(folder.name)
clip = clips[13]
W, H = clip.size
print(len(clips), "clips; this one:", clip.action)
print(f"{len(clip)} frames of {W} x {H} px")
names = ", ".join(clip.skeleton.groups)
print(len(clip.skeleton.joints), "joints, left and right:", names)
print(f"{(~clip.visible).mean():.0%} of them are hidden")
print("the person's box in frame 0:", clip.box[0].round().tolist())

# %% [markdown]
# A clip holds its frames, the place of each joint in each frame, whether the joint is visible, and
# a box around the person. Let us draw three of its frames with their *skeletons*, the lines that
# join neighbouring joints.


# %%
def draw(ax, clip, t, joints=None, title=""):
    """A frame with its skeleton: left orange, right blue, hidden joints hollow."""
    ax.imshow(clip.frames[t])
    joints = clip.joints[t] if joints is None else joints
    colors = {"left": ORANGE, "right": SKY}
    side = [colors.get(name.split("_")[0], "white") for name in clip.skeleton.joints]
    for a, b in clip.skeleton.edges:
        ax.plot(*joints[[a, b]].T, color=side[b], lw=2)
    for k, (x, y) in enumerate(joints):
        fill = side[k] if clip.visible[t, k] else "none"
        ax.plot(x, y, "o", ms=6, color=side[k], mfc=fill)
    W, H = clip.size
    ax.set(xlim=(-0.5, W - 0.5), ylim=(H - 0.5, -0.5))
    ax.set(title=title, xticks=[], yticks=[])


fig, axes = plt.subplots(1, 3, figsize=(9.5, 3.4))
for ax, t in zip(axes, (0, 8, 13)):
    draw(ax, clip, t, title=f"frame {t}")
show("Three frames of a weightlifter who faces us. Orange lines join the joints of the "
     "person's left, blue lines those of the right; in frame 13 an orange beam hides "
     "two joints, whose circles are hollow.")

# %% [markdown]
# From left to right the picture shows the frames 0, 8 and 13. *Left* (orange) means the person's
# own left, and because the figure faces us, it is on the right of the picture. A hidden joint
# (hollow, in frame 13, behind the orange beam) has a place all the same, since we made the clip and
# know where it is. In a real data set the place of a hidden joint may hold anything.

# %% [markdown]
# ## 0.3 Joints as heat-maps, and back
#
# A network does not answer with coordinates but with a heat-map for each joint. Paper A trains it
# (Sec. 4, Eq. 5) towards a Gaussian whose peak is 1 at the joint and whose background is 0. We
# write $g$ for a cell of the map, $g_i$ for the joint's place in cells, which may lie between two
# of them, and $\sigma$ for the width of the peak, in cells, too. The star says that this is the
# target, the map that the network should draw, while $b_i$ is the one that it does draw:
#
# $$b_i^*(g) = \exp\Bigl(-\frac{\lVert g - g_i \rVert^2}{2 \sigma^2}\Bigr). \tag{0.1}$$
#
# The map is coarser than the picture. The *stride* $s$ says how many pixels each way one cell
# covers, so the middle of cell $g$ lies at the pixel
#
# $$x = s \, g + \frac{s - 1}{2}. \tag{0.2}$$
#
# Here a pixel's coordinate is that of its own middle. For example, with Paper A's stride of 8, cell
# 0 covers the pixels 0 to 7, and so its middle is 3.5. In array form: `joints (K, 2)` go in, and
# `maps (K, H, W)` come out.

# %%
from tslib.heatmaps import decode, gaussian, to_cells, to_pixels

stride, t = 8, 8
grid = (192 // stride, 192 // stride)
cells = torch.from_numpy(to_cells(clip.joints[t], stride))
maps = gaussian(cells, grid, sigma=1.25)
back, _ = decode(maps)
error = np.abs(to_pixels(back, stride) - clip.joints[t]).max()
assert error <= stride / 4
print(f"maps {tuple(maps.shape)}; every joint is read back within {error:.1f} px")

# %% [markdown]
# To read a joint back, we take the highest cell of its map and go a quarter of a cell towards its
# higher neighbour, in x and in y. A joint rarely lies in the middle of a cell, and the higher
# neighbour tells on which side of the middle it lies. So we are off by a quarter of a cell at most,
# which is 2 px here, and not by half a cell. It is tempting to multiply the result by the stride
# and to be done:


# %%
def to_pixels_wrong(cells, stride):
    """Cell times stride: the middle of the cell's first pixel, not of the cell."""
    return cells * stride


shift = to_pixels_wrong(back, stride) - to_pixels(back, stride)
print("the wrong way back is off by", *np.unique(shift), "px, in x and in y")

# %% [markdown]
# Nothing crashes, but every joint lies three and a half pixels too far to the left and too high. So
# we use `to_pixels`. The next picture shows our frame on the left, and on the right, for every
# cell, the highest of its 13 target maps.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2))
draw(left, clip, t, title=f"frame {t}")
show_map(right, maps.amax(0), "highest of the 13 target maps")
show("Left, a frame with its skeleton. Right, a map of 24 x 24 cells: bright spots at "
     "the joints on a dark ground; those of neighbouring joints touch, and where two "
     "joints are near, as the hips are, they merge into one.")

# %% [markdown]
# ## 0.4 What goes wrong in single frames
#
# A network that sees one frame at a time fails in ways that a video could repair. The picture shows
# three kinds, one in each row, with the frame in question in the middle column and neighbours in
# time on both sides. Cover the outer columns first, and answer: which knee is the left one? Where
# exactly is the racket arm? Where is the leg behind the passer-by? Then look at the neighbours.

# %%
kinds = [("sides alike", 8, (15, 16, 17)), ("blur", 15, (16, 17, 18)),
         ("in the way", 1, (9, 11, 13))]
fig, axes = plt.subplots(3, 3, figsize=(9, 9.2))
for row, (name, number, times) in zip(axes, kinds):
    for ax, t in zip(row, times):
        ax.imshow(clips[number].frames[t])
        ax.set(title=f"frame {t}", xticks=[], yticks=[])
    row[0].set_ylabel(name, fontsize=12)
show("Three rows of three frames. Top: sit-ups seen from the side, both legs alike in "
     "all frames. Middle: a tennis serve, sharp in the first frame, blurred in the "
     "next two. Bottom: a person who faces us, and a passer-by in violet with a dark "
     "round head. In the first frame the passer-by hides the right arm, in the second "
     "a leg, and in the third the middle of the body.")

# %% [markdown]
# In the middle row the frame before shows the arm sharply, and in the bottom row a passer-by in
# violet hides other parts of the body in other frames. There the neighbours help us. In the top row
# they do not help at all, because the legs look alike in every frame.
#
# How does a network err on such clips? We trained a small one, and we sorted the mistakes that it
# makes on clips which it has not seen. (*Right at 0.2* means that an answer is nearer to the true
# place than a fifth of the person's size, as section 0.5 explains.) Is a wrong answer where the
# joint of the *other side* is? Does the same heat-map have *another peak*, a cell higher than all
# its neighbours, in the right place? Is the joint right in the *next or previous frame*? Or is it
# wrong in *all five frames* around, which are the frame itself, two before and two after? These
# kinds overlap. The cell below reads the stored result
# (`python -m experiments paper_a failure_modes --write` trains the network and writes the file,
# which holds the settings). Its columns are all joints together and each group of joints, and its
# numbers are per cent.

# %%
results = Path("../experiments/results")
failures = json.loads((results / "failure_modes.json").read_text(encoding="utf-8"))
per_cent = pd.DataFrame(failures["rows"]).T.mul(100).round().astype(int)
short = {row: row.replace("share of errors:", "errors:").replace(" in the picture", "")
         for row in per_cent.index}
shown = per_cent.rename(index=short).rename(columns=lambda name: name[:4])
print(shown.to_string())

# %% [markdown]
# We read it from above. Nearly three quarters of the joints that can be seen are right at 0.2. Of
# those that are wrong, more than a quarter lie on the other side's joint. Three quarters have
# another peak in the right place. That sounds like much, but heat-maps have many low peaks, so we
# need to know how many would be there by *chance*: in half of the errors, a peak of the same map
# also lies in the place of another joint of the body. (This is the row *by chance*, a mean over the
# other joints, without the one of the other side.) What is above chance, about a quarter of the
# errors, could be repaired by something that knows the body and picks the right peak. Springs
# between joints are for that. A third of the errors are right one frame earlier or later, and flow
# and springs between frames are for those. More than half of the errors are wrong in all five
# frames around. For these it is not enough to copy from a neighbour.
#
# Is our film like the real thing? The next table compares rendered clips with the *labels* of 474
# clips of Penn Action, which are the places of the joints as people have marked them
# (`python -m experiments real labels PENN_ACTION` counts them, where `PENN_ACTION` stands for the
# folder that holds the data set). Motion is in cells of a heat-map on which a person is 16 cells
# long. A *spread* is a standard deviation, as a share of the mean.

# %%
labels = json.loads((results / "labels.json").read_text(encoding="utf-8"))
labels = pd.DataFrame(labels["columns"])
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
# As many joints are hidden in our clips as in the real ones (fewer in the one of section 0.2), and
# within a clip a limb's length varies about as much. Between clips ours vary less. Two differences
# are on purpose. Our figures and cameras move much faster than Penn Action's, because a neighbour's
# heat-map that lies a fraction of a cell away hardly needs the flow, and then a chapter on the flow
# would have little to show. And our figures are seen from the front more often.
#
# What does the second choice do? The first four columns of the next table hold the network's
# failures from each side and from all of them. The last one holds those of a network that was
# trained and tested on clips with each activity filmed from where the real labels show it
# (`python -m experiments paper_a failure_modes --views PENN_ACTION`).

# %%
by_view = pd.DataFrame(failures["by_view"])
print("clips:", by_view.loc["clips"].astype(int).to_dict())
by_view["all"] = pd.DataFrame(failures["rows"]).T["all"]
name = "failure_modes_real_views.json"
real_views = json.loads((results / name).read_text(encoding="utf-8"))
by_view["all, real views"] = pd.DataFrame(real_views["rows"]).T["all"]
rows = [row for row in by_view.index
        if row == "right at 0.2" or row.startswith("share of errors")]
print(by_view.loc[rows].mul(100).round().astype(int).rename(index=short).to_string())

# %% [markdown]
# From the side one limb hides another, and from the back left looks like right. Both last from
# frame to frame. Therefore such errors last, too (we see it in the row of five frames), and a
# neighbour frame has less to offer than for a person seen from the front. With the real shares of
# views the network is right less often, and more of its errors lie on the other side. Yet its
# errors do not last longer (52 against 55 in the row of five frames). The table cannot tell us why,
# because both the clips and the network are different here, and this network was trained on those
# views. All of this is one training run. Its *seed*, the number from which all its random choices
# follow, is 0. The column *back* rests on the few clips that the first line counts, so you should
# expect another seed (`--seed 1`) to move it by some points.

# %% [markdown]
# ## 0.5 PCK, by hand
#
# When is an estimated joint right? Paper A (Sec. 5.3) calls it correct if it falls within
# $\alpha \cdot \max(h, w)$ pixels of the truth, where $h$ and $w$ are the sides of the person's
# box. PCK, the *percentage of correct keypoints*, is the share of joints that are correct:
#
# $$\mathrm{PCK} = \frac{\#\{\, (t, i) \text{ counted} : \lVert \hat p_{t,i} - p_{t,i} \rVert \le \alpha \max(h_t, w_t) \,\}}{\#\{\, (t, i) \text{ counted} \,\}}. \tag{0.3}$$
#
# Let us take one frame with three joints, a box of 50 x 100 px, and $\alpha = 0.2$, so that the
# limit is 20 px. The estimates are 5 px off, exactly 20 px off, and 300 px off at a joint that is
# not visible. Two joints are counted, because we do not ask for what cannot be seen, and both are
# correct, because the limit is included.


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
both = pck_by_hand(estimate, truth, size=[100], alpha=0.2, visible=seen)
print("correct and counted:", *both)

# %% [markdown]
# `tslib.metrics.pck` does the same for whole clips and returns one rate for each joint, and a
# clip's `size_of_person` is $\max(h, w)$ for each of its frames. To have something to measure, we
# take the true joints of our clip and spoil them as an estimator would: we add noise everywhere,
# and in every fourth frame we swap the sides.

# %%
from tslib.metrics import means, pck, tally

rng = np.random.default_rng(0)
spoilt = clip.joints + rng.normal(scale=3, size=clip.joints.shape)
for a, b in clip.skeleton.mirror_pairs:
    spoilt[::4, [a, b]] = spoilt[::4, [b, a]]
size = clip.size_of_person
rates = pck(spoilt, clip.joints, size, 0.2, clip.visible)
hits, counted = pck_by_hand(spoilt, clip.joints, size, 0.2, clip.visible)
shares = clip.visible.sum(0) / clip.visible.sum()
print(f"by hand {hits / counted:.4f}, by the package {np.nansum(rates * shares):.4f}")

# %% [markdown]
# A single threshold hides much, and therefore the next picture draws PCK for every $\alpha$ from 0
# to 0.3. Each curve is a group of joints, and the dotted line is the usual threshold, 0.2. (PCK at
# this threshold is written *PCK@0.2*; the number behind the sign @ is always $\alpha$.)

# %%
thresholds = np.linspace(0, 0.3, 61)
fig, ax = plt.subplots(figsize=(8.5, 4))
curves = pck(spoilt, clip.joints, size, thresholds, clip.visible)
for name, joints in clip.skeleton.groups.items():
    ax.plot(thresholds, np.nanmean(curves[:, joints], 1), lw=2, label=name)
ax.axvline(0.2, color=GREY, lw=1, ls=":")
ax.set(xlabel=r"$\alpha$", ylabel="share of correct joints")
ax.legend(ncols=2, fontsize=10)
show("PCK over the threshold, from 0 to 0.3, one curve a group of joints. All rise "
     "steeply up to 0.06. The head's goes on to 1. The others stop near three "
     "quarters. Hips rise to 1 from 0.08 on, shoulders from 0.15, knees from 0.16, and "
     "ankles from 0.2. Wrists stay, and elbows rise a little near the right edge.")

# %% [markdown]
# The head has no other side. It only has noise, and so its curve is soon at 1. The wrists are far
# apart and a quarter of the frames is swapped, hence their curve stays near three quarters up to
# the right edge, and so does that of the elbows. The curve of the shoulders waits there until the
# limit is as large as their distance. The hips lie close together, and a swapped hip counts as
# right well before the usual limit. PCK forgives that.

# %% [markdown]
# ## 0.6 Three means, and other traps
#
# **The first trap is a name.** The last column of a table says "Mean". Of what? In the *micro* mean
# (all hits over all counted joints) the joints that are seen most often weigh most. In the
# *joint-macro* mean each joint weighs the same. In the *group-macro* mean each of the seven columns
# weighs the same, and since a column is the mean of its joints, one head weighs as much as two
# wrists.

# %%
counts = tally(spoilt, clip.joints, size, 0.2, clip.visible)
for name, value in means(counts, clip.skeleton).items():
    print(f"{name:12} {100 * value:.1f} %")

# %% [markdown]
# The micro and the joint-macro mean agree here, because only 3 % of the joints are hidden and so
# nearly every joint is counted in every frame. The group-macro mean gives the head, which has no
# other side, more weight.
#
# The papers do not say which mean they print. However, a row's own columns can give it away. We
# take four rows of Paper A's tables. Two of them are borrowed from other papers, which have the
# numbers [11] and [12] there, and one is from its Table 2, on JHMDB. (That is its second data set,
# films of everyday actions whose skeleton has 15 joints, a neck and a belly among them.) For each
# row we compute the mean of the seven groups, of Penn Action's 13 joints, and of JHMDB's 15:

# %%
columns = ["Head", "Shou", "Elbo", "Wris", "Hip", "Knee", "Ankl"]
rows = [("A 1", "[12]"), ("A 1", "[11] chained predictions"),
        ("A 2", "ST-infer @0.2"), ("A 1", "baseline")]
for table, name in rows:
    printed = PAPER_TABLES[table].loc[name]
    groups = printed[columns].to_numpy(float)
    joints = (groups[0] + 2 * groups[1:].sum()) / 13
    fifteen = (3 * groups[0] + 2 * groups[1:].sum()) / 15
    print(f"{name:25} printed {printed['Mean']:.1f}: 7 groups {groups.mean():.2f},",
          f"13 joints {joints:.2f}, 15 joints {fifteen:.2f}")

# %% [markdown]
# The first row is a mean of 7 groups, and the second one of 13 joints, although both stand in the
# *same* column of the same table: numbers borrowed from another paper keep that paper's mean. The
# third row, on JHMDB, fits 15 joints if neck and belly count like the head. Of Paper A's own three
# rows on Penn Action, the network alone (the last row here) and S-infer fit none of the three. They
# may be micro means, whose weights, the numbers of visible joints, the paper does not print.
# ST-infer fits 13 joints, because its columns in section 0.1 have the mean
# $(98.0 + 2 \cdot 578.2) / 13 = 96.49$, and 96.5 is printed. So we say in this book which mean we
# print.
#
# **The second trap is a pixel wide.** Penn Action's labels were written by MATLAB, which counts
# from 1: its coordinate 1 is the middle of the first pixel, which Python calls 0. The loader of
# `tslib` subtracts 1 once, when it reads a file, and from there on everything counts from 0. What
# if somebody forgets it, and compares an estimate in one base with the truth in the other? We take
# fifty noisy estimates of our clip and move all of them by one pixel.

# %%
noisy = clip.joints + rng.normal(scale=3, size=(50, *clip.joints.shape))


def joint_macro(shift, alpha):
    """Joint-macro PCK of the noisy estimates, all of them moved by the same shift."""
    moved = (pck(e + shift, clip.joints, size, alpha, clip.visible) for e in noisy)
    return np.nanmean(list(moved))


for alpha in (0.2, 0.1, 0.05, 0.02):
    same, mixed = joint_macro(0, alpha), joint_macro(1, alpha)
    print(f"joint-macro PCK@{alpha}: same base {same:.1%}, mixed bases {mixed:.1%}")

# %% [markdown]
# Where the metric is loose, we see nothing. Where it is strict, the mistake costs points, and if
# you did not know of it, you would take it for a result.
#
# **The third trap is who counts.** Hidden joints in Penn Action's files may hold a filler, such as
# the corner of the picture, and an estimate is hardly ever right there. We fill ours in the same
# way, and count once the visible joints only and once everything:

# %%
corner = -0.25  # 0.75 in Penn Action's files, which count from 1
filled = np.where(clip.visible[..., None], clip.joints, corner)
everything = np.ones_like(clip.visible)
for name, who in (("visible joints only", clip.visible), ("everything", everything)):
    rate = means(tally(spoilt, filled, size, 0.2, who), clip.skeleton)["micro"]
    print(f"micro, {name:20} {100 * rate:.1f} %")

# %% [markdown]
# ## 0.7 How sure is a difference?
#
# Suppose that method B finds a few points more than method A. Would it still be ahead on other
# clips? We have no other clips. But we can ask how much the answer hangs on the clips that we
# happen to have, and this is what the *bootstrap* does: it draws clips from our own, again and
# again, and watches how far the answer swings.
#
# Here are ten clips with 100 counted joints each, and the hits of two methods.

# %%
hits = pd.DataFrame({
    "A": [62, 95, 70, 88, 40, 91, 77, 55, 83, 69],
    "B": [66, 96, 75, 87, 47, 93, 80, 60, 84, 73],
})
hits.index.name = "clip"
print(hits.assign(difference=hits.B - hits.A).T.to_string())
print(f"PCK: A {hits.A.mean():.1f} %, B {hits.B.mean():.1f} %,",
      f"difference {(hits.B - hits.A).mean():.1f} points")

# %% [markdown]
# The clips differ widely: clip 4 is hard for both methods, and clip 1 is easy for both. However,
# the difference of the two methods varies much less, and we shall make use of that.
#
# For one *draw* we take ten clips out of the ten, *with replacement*: a clip that we took may be
# taken again. So some clips are in the draw twice or more, and others are missing. If $w_c$ says
# how often clip $c$ was taken, and $r_c$ and $n_c$ are a method's right and counted joints in that
# clip, then the draw's difference is
#
# $$d = \frac{\sum_c w_c \, r_c^B}{\sum_c w_c \, n_c} - \frac{\sum_c w_c \, r_c^A}{\sum_c w_c \, n_c}. \tag{0.4}$$
#
# The same $w_c$ stands in both terms, because both methods are measured on *the same* drawn clips.
# Such a bootstrap is called *paired*. In array form: a matrix of counts `(draws, N)` times the
# hits `(N,)`.

# %%
N = len(hits)
rng = np.random.default_rng(0)
draws = rng.multinomial(N, np.full(N, 1 / N), 2000)  # how often each clip, each draw
print("the first draw takes the clips", *np.repeat(np.arange(N), draws[0]))


def differences(draws_of_a, draws_of_b):
    """B - A in points of PCK (Eq. 0.4); every clip has 100 counted joints."""
    return draws_of_b @ hits.B / N - draws_of_a @ hits.A / N


paired = differences(draws, draws)
print(f"on them B is ahead by {paired[0]:.1f} points")

# %% [markdown]
# We sort the 2,000 differences, and leave out the lowest 2.5 % and the highest 2.5 %. The *95 %
# interval* is the range of the others. Is the pairing worth the trouble? The tempting shortcut
# gives each method an interval of its own. That is much like drawing other clips for B than for A,
# and this we can try:

# %%
unpaired = differences(draws, rng.permutation(draws))
for name, values in (("paired", paired), ("unpaired", unpaired)):
    low, high = np.quantile(values, (0.025, 0.975))
    print(f"{name:8} 95 % interval of the difference: {low:5.1f} to {high:5.1f} points")

# %% [markdown]
# The next picture shows all 2,000 differences of each kind. The dotted line is at zero, where the
# methods would be equal.

# %%
fig, ax = plt.subplots(figsize=(8.5, 3.6))
bins = np.arange(-25, 31, 0.5)
ax.hist(unpaired, bins, color=GREY, label="unpaired: other clips for B than for A")
ax.hist(paired, bins, color=BLUE, alpha=0.8, label="paired: the same clips for both")
ax.axvline(0, color="black", lw=1, ls=":")
ax.set(xlabel="B - A (points of PCK)", ylabel="draws")
ax.legend()
show("Two histograms of 2,000 differences. The paired one is a narrow, high hill "
     "around 3 points, wholly right of zero. The unpaired one is a low, broad hill "
     "around the same place that reaches from about -17 to 23 points and lies on both "
     "sides of zero.")

# %% [markdown]
# Paired, the interval is clear of zero, because the hard clips are hard for both methods and this
# cancels in each difference. Unpaired, it contains zero, and we could not say which method is
# better, although one is ahead on nine clips of ten. From here on, *interval (chapter 0)* means
# this one: 95 %, paired where two methods are compared, 2,000 draws of clips.
# `experiments.measures.bootstrap` computes it for the tallies (hits and counted joints) of real
# clips, and on ours it has to agree:

# %%
from experiments.measures import bootstrap

tallies = {name: np.stack([hits[name], np.full(N, 100)], 1)[..., None] for name in hits}


def percent(tally):
    """tally (..., 2, 1): hits, counted -> PCK in per cent."""
    return 100 * tally[..., 0, 0] / tally[..., 1, 0]


low, high = bootstrap(percent, tallies["B"], tallies["A"])
assert np.allclose([low, high], np.quantile(paired, (0.025, 0.975)))
print(f"the package's interval: {low:.1f} to {high:.1f} points")

# %% [markdown]
# Three warnings belong to it. We draw clips and not joints or frames, because the frames of one
# clip resemble each other: a hundred of them are far from a hundred pieces of evidence. An interval
# that contains zero does not prove that two methods are equal; it says that these clips cannot
# tell. And an interval over clips knows nothing of other doubts, such as another seed of the
# training, so later chapters show several seeds beside it.

# %% [markdown]
# ## 0.8 The map of this book
#
# Chapters 1 to 7 build Paper A and measure it, chapters 8 and 9 do the same for Paper B, and in
# chapter 10 you run both on a video of your own. Chapter 11 is for those who want to know how
# messages become fast, and you can leave it out. Three words of the table may be new: *max-sum* is
# a search for the pose whose sum of scores is the largest, a *control* is a comparison that shows
# what else could explain a result, and a *window* is a run of a few frames that Paper B's network
# reads at once.
#
# | chapter | what you build | you need |
# |---|---|---|
# | 00 Meet two papers and one clip | a clip, heat-maps, PCK and its traps, intervals | |
# | 01 Pass one message by hand | the generalized distance transform in NumPy | |
# | 02 Teach the message to torch | the same in torch, with gradients | 01 |
# | 03 Carry heat-maps along the flow | the layer that warps a neighbour frame's map to this frame | 00 |
# | 04 Find the best pose by max-sum | the score of a pose; the best pose on a tree, and what loops do | 01, 02, 03 |
# | 05 Let the joints talk | messages between all joints of a slice, on a graph with loops | 03, 04 |
# | 06 Train in two stages | the ConvNet, its two losses, joint training | 05 |
# | 07 Ask what time is worth | Paper A's tables, with the controls that they lack | 06 |
# | 08 Translate poses into better poses | LSTM, attention and windows | 00 |
# | 09 Ask what correcting is worth | Paper B's tables for three estimators | 08 |
# | 10 Take it to your own video | the way of a film that you bring, from frames to joints; when time helps | 05, 08 |
# | 11 Optional: make messages fast | why comparing everything can beat the clever algorithm | 02 |
#
# The next table is for readers who come with a paper in hand. It lists every equation, table and
# figure of both papers: where it is shown, which function computes it, and which test checks it.
# (Figures that draw a model, or show examples, may have neither function nor test, because there is
# nothing in them to compute.) It is made from `paper_map.toml`, and a test follows each pointer.
# Where no chapter is named, only the package has it. Some of its words are those of the papers. A
# *unary* is what a joint's own heat-map says of a place. The signs (∗) and (⋆) mark two rows of
# Paper A's Table 1, one with the ConvNet taken out of the joint model and one with a ConvNet that
# joint training left as it was. A *context* is what attention hands to the writer, the weighted
# mean of section 0.1, and "one context for all of them" means that all frames are written from the
# same one.

# %%
papers = tomllib.loads(Path("paper_map.toml").read_text(encoding="utf-8"))
lines = ["| place | what | chapter | function, and its test |", "|---|---|---|---|"]
for paper, rows in papers.items():
    for place, row in rows.items():
        pointers = [row[key] for key in ("code", "test") if key in row]
        names = [name.split("::")[-1].removeprefix("tslib.") for name in pointers]
        code = "<br>".join(f"`{name}`" for name in names)
        cells = [f"{paper} {place}", row["what"], row.get("chapter", ""), code]
        lines.append("| " + " | ".join(cells) + " |")
Markdown("\n".join(lines))

# %% [markdown]
# ## Exercises
#
# Each cell below prints *not attempted* until you replace `raise NotImplementedError`. The checker
# takes your function and prints one line. Please work on a copy of the notebook or on a branch,
# because the tests of this repository insist on unsolved exercises.
#
# **Exercise 0.1 PCK in one line** (easy, 10 minutes). Without loops, compute the share of correct
# joints among the visible ones.


# %%
def pck_of_clip(prediction, truth, size, alpha, visible):
    """prediction, truth (T, K, 2), size (T,), visible (T, K) bool -> the share."""
    raise NotImplementedError


check.exercise_0_1(pck_of_clip)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.linalg.norm(..., axis=-1)` gives the distances `(T, K)`, and the limit needs a new axis to
# stand beside them. Should it be `<=` or `<`?
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
# **Exercise 0.2 The size of a person** (easy, 5 minutes). Penn Action stores a box as two corners,
# $(x_1, y_1, x_2, y_2)$, and $w = x_2 - x_1$, $h = y_2 - y_1$. Return $\max(h, w)$ for
# each frame.


# %%
def size_of_box(corners):
    """corners (T, 4): x1, y1, x2, y2 -> (T,)."""
    raise NotImplementedError


check.exercise_0_2(size_of_box)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A well-known library once took the larger one of the last two entries. When is that right? (The
# corners count from 1. Does it matter here?)
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def size_of_box(corners):
#     return (corners[:, 2:] - corners[:, :2]).max(axis=1)
# ```
#
# The larger one of the last two entries is right where a box is stored as left, top, width and
# height, as `clip.box` is in this book. Counting from 1 moves both corners alike, so it does not
# change the difference.
#
# </details>

# %% [markdown]
# **Exercise 0.3 From cell to pixel** (easy, 5 minutes). A network turns pictures of `width` px into
# maps of `cells` cells. Return the pixel of the middle of cell `g`.


# %%
def middle_of_cell(g, cells, width):
    """The pixel, a float, counted from 0 at the middle of the first pixel."""
    raise NotImplementedError


check.exercise_0_3(middle_of_cell)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Use Eq. 0.2. What is the stride here?
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
# **Exercise 0.4 In the mirror** (medium, 15 minutes). Flip a picture of `width` px left to right,
# and its joints with it. Two things have to happen to the joints.


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
# Pixel 0 goes to pixel `width - 1`. With `width - x` every joint would be a pixel off, which is
# what the second trap looks like from inside.
#
# </details>

# %% [markdown]
# **Exercise 0.5 Which mean is it?** (medium, 15 minutes). Given the hits and the counted joints of
# each joint, and the groups, return the three means of section 0.6 in that order. A joint that is
# never counted has no rate. It is left out of every mean, and so is a group of which no joint is
# ever counted.


# %%
def three_means(hits, counted, groups):
    """hits, counted (K,), groups: lists of joints -> micro, joint- and group-macro."""
    raise NotImplementedError


check.exercise_0_5(three_means)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.nanmean` leaves out what is not a number. A group's rate is the mean of its joints' rates, and
# not its hits over its counted joints.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def three_means(hits, counted, groups):
#     seen = counted > 0
#     rates = np.where(seen, hits / np.maximum(counted, 1), np.nan)
#     by_group = [np.nanmean(rates[joints]) for joints in groups if seen[joints].any()]
#     return hits.sum() / counted.sum(), np.nanmean(rates), np.mean(by_group)
# ```
#
# </details>

# %% [markdown]
# **Exercise 0.6 Read a heat-map** (medium, 20 minutes). Return the *pixel* of the joint that a
# single heat-map shows: take the highest cell (the first one of equals), and go a quarter of a cell
# towards its higher neighbour in x, and likewise in y. Where both neighbours are equal, or where
# the highest cell lies on the border in that direction, do not move.


# %%
def joint_of_map(heatmap, stride):
    """heatmap (H, W), stride in px -> the joint's pixel (2,), x first."""
    raise NotImplementedError


check.exercise_0_6(joint_of_map)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.unravel_index(heatmap.argmax(), heatmap.shape)` gives the row first, which is y. The sign of
# the difference of the two neighbours says where to go.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def joint_of_map(heatmap, stride):
#     y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
#     place = np.array([x, y], float)
#     for axis, line, at in ((0, heatmap[y], x), (1, heatmap[:, x], y)):
#         if 0 < at < len(line) - 1:
#             place[axis] += 0.25 * np.sign(line[at + 1] - line[at - 1])
#     return stride * place + (stride - 1) / 2
# ```
#
# </details>

# %% [markdown]
# **Exercise 0.7 How many clips would it take?** (easy, 10 minutes). The interval of a mean becomes
# narrower as the number of clips grows: four times the clips, half the width. An experiment with
# `N` clips found a difference `d` with the interval `(low, high)`. How many clips of the same kind
# would we need at least, so that the interval is clear of zero, or just touches it? The given
# interval may be lopsided, so take half of its width as its reach to each side of `d`. Return a
# whole number.


# %%
def clips_needed(N, d, low, high):
    """N clips gave the difference d, with low < high around it -> a whole number."""
    raise NotImplementedError


check.exercise_0_7(clips_needed)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Let half the width be $u = (\text{high} - \text{low}) / 2$. With $n$ clips it becomes
# $u \sqrt{N / n}$. How large may it be?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def clips_needed(N, d, low, high):
#     reach = (high - low) / 2
#     return int(np.ceil(N * (reach / d) ** 2))
# ```
#
# $u \sqrt{N / n} \le |d|$ gives $n \ge N (u / d)^2$. It may be fewer than $N$ where the interval
# was clear of zero. A difference half as large needs four times the clips, and that is why small
# gains so often stay undecided.
#
# </details>

# %% [markdown]
# ## Recap
#
# - Paper A passes messages between joints and frames, inside a network, and Paper B rewrites
#   sequences of joints, behind any network. You know what a heat-map, a spring, a sender, a
#   receiver, a message and attention are (Sec. 0.1).
# - A clip is frames, joints, visibility and boxes (Sec. 0.2).
# - Joints become heat-maps and come back, and the middle of a cell is not cell times stride (Sec.
#   0.3).
# - Single frames mislead a network where sides look alike, where there is blur, or where something
#   is in the way. A third of the errors are right in the next or previous frame, and more than half
#   are wrong in all five frames around (Sec. 0.4).
# - PCK counts joints within a share of the person's size. A mean needs its name, coordinates need a
#   base, and one has to say who counts (Sec. 0.5, 0.6).
# - A paired bootstrap over clips says how sure a difference is (Sec. 0.7).
#
# **In practice**
#
# - Paper A does not print $\sigma$. Its base network, Convolutional Pose Machines, has 7 px at a
#   stride of 8 px, which is less than a cell. The small maps here have 1.25 cells.
# - Paper A reads the highest cell as it is. We add the quarter of a cell, because many later
#   programs do so and because the maps of this book are small.
# - On JHMDB every joint is counted, hidden ones too, since its labels always place them. On Penn
#   Action only visible ones are. The box is the label's on Penn Action. On JHMDB it is the tight
#   box of the *puppet mask*, a drawn silhouette of the person that comes with each frame.
# - Of each pair of joints in Penn Action's files the first is said to be the left one. In the
#   labels it lies where the person's right is. So we call it right, and sides mean the same in all
#   data sets. The counts behind this are in `tslib.skeletons`.

# %% [markdown]
# ## Quiz
#
# **1.** A network with stride 8 finds the highest cell at $g = (20, 10)$. Where is the joint, in
# pixels, if we leave out the quarter of a cell of section 0.3? What would be wrong with
# $(160, 80)$?
#
# <details><summary>Answer</summary>
#
# At $8 \cdot 20 + 3.5 = 163.5$ and $83.5$. The point $(160, 80)$ is the middle of the first
# of the 64 pixels that the cell covers, so every joint would lie 3.5 px too far to the left and too
# high. A loose threshold would not notice.
#
# </details>
#
# **2.** Two programs report PCK@0.2 of the same estimates, one 86.6 and the other 87.6. Neither has
# a bug. What may have happened?
#
# <details><summary>Answer</summary>
#
# They may average differently: over joints, over groups, or over everything counted. They may also
# count other joints, for example hidden ones or neck and belly, or take another box. So a number of
# PCK needs its mean, its joints, its box and its $\alpha$.
#
# </details>
#
# **3.** A message from the wrist to the elbow is a map. Over which joint's places does it run, and
# what does the number in one cell mean?
#
# <details><summary>Answer</summary>
#
# It runs over places of the elbow, the receiver. The number in a cell is the score of the best
# wrist for an elbow in that cell: the wrist's own heat-map at some place, minus the price that the
# spring asks for the offset between the two.
#
# </details>
#
# **4.** Method B beats method A by 3 points. A's interval is 65 to 82 and B's is 68 to 84. May we
# conclude that the difference is not certain?
#
# <details><summary>Answer</summary>
#
# No. Both intervals are wide because clips differ, and that may cancel when both methods are
# measured on the same clips. Only the interval of the *difference*, from paired draws, can tell.
#
# </details>
#
# **5.** Somebody draws single frames instead of clips in the bootstrap, and gets a much narrower
# interval. Why should we not be pleased?
#
# <details><summary>Answer</summary>
#
# The frames of a clip show the same person, the same light and the same camera, so they are right
# or wrong together. Drawing them one by one pretends that we have far more independent evidence
# than we do, and the interval becomes too narrow.
#
# </details>

# %% [markdown]
# ## References
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network: A Deep
#   Structured Model for Pose Estimation in Videos*, CVPR 2017. Read Sec. 1 for the idea and Sec.
#   5.3 for the metric.
# - **Paper B**: S. Swetha, V. N. Balasubramanian, C. V. Jawahar, *Sequence-to-Sequence Learning for
#   Human Pose Correction in Videos*, ACPR 2017. Read Sec. I for the idea.
# - Y. Yang, D. Ramanan, *Articulated Human Detection with Flexible Mixtures of Parts*, PAMI 2013.
#   It introduced PCK.
# - W. Zhang, M. Zhu, K. Derpanis, *From Actemes to Action*, ICCV 2013. It describes Penn Action.
# - B. Efron, R. Tibshirani, *An Introduction to the Bootstrap*, 1993. Read its first chapters for
#   what an interval from draws can and cannot say.
