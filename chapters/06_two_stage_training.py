# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5. Train in two stages
#
# **You'll build** Paper A's training: first a ConvNet learns heat-maps by Eq. 5, then ConvNet, springs and messages learn together by Eq. 6. Everything here is trained while the page runs.
#
# **You'll learn**
#
# - what a heat-map should look like, and what a squared error makes of it;
# - how large the ConvNet is, and how much of the picture a cell of its maps sees;
# - in which ways a small network fails, and which of its faults somebody else could repair;
# - why the second stage collapses if it is done as printed, and what each remedy does;
# - how a frame's loss reaches the ConvNet of its neighbour frames;
# - what joint training brings, and how little of that a short run can prove.
#
# **You'll need** chapter 0 for heat-maps, chapters 3 and 4 for flow and messages. No GPU; about three minutes on one core, two hours of yours with the exercises.
# Paper A is *Thin-Slicing Network* (Song et al., CVPR 2017); its ConvNet is that of *Convolutional Pose Machines* (Wei et al., CVPR 2016).

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
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from exercises import chapter_05 as check
from style import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, show_map
from torch.utils.data import default_collate

from tslib.augment import PERSON
from tslib.heatmaps import decode, disc, gaussian, with_background
from tslib.metrics import means
from tslib.networks import SMALL, Architecture, ConvolutionalPoseMachine, ThinSlicingNetwork
from experiments.measures import bootstrap
from experiments.paper_tables import PAPER_TABLES
from renderer import render
from tslib.skeletons import SKELETONS
from tslib.slices import Slices
from tslib.training import data, stages
from tslib.training.config import read_config
from tslib.training.evaluate import predict_as_trained, tallies
from tslib.training.loop import Trainer

torch.set_num_threads(1)  # sums have one order, so the page is the same with more
PENN = SKELETONS["penn13"]

# %% [markdown]
# | symbol | meaning | in code | shape |
# |---|---|---|---|
# | $N, K, H, W$ | frames, joints, rows and columns of a heat-map | `N`, `K`, `H`, `W` | |
# | $p$ | a cell of a map | `x, y` | |
# | $b_i(p)$ | the score of joint $i$ there: a heat-map of the ConvNet, or what the messages made of it | `b`, `score` | `(N, K, H, W)` |
# | $b^*_i(p)$ | its target in the first stage, a Gaussian | `target` | `(N, K + 1, H, W)` |
# | $I_i(p)$ | its target in the second stage: 1 inside a circle, $-1$ outside | `target` | `(N, K, H, W)` |
# | $\sigma, r$ | width of the Gaussian, radius of the circle | `sigma`, `radius` | cells |
# | $r_l, s_l$ | side of what a cell of layer $l$ sees; px from one of its cells to the next | `side`, `step` | px |
# | $\alpha$ | weight of the cells inside a circle | `weight` | |
# | $a, \mu$ | stiffness and rest offset of a spring (chapter 4) | `a`, `mu` | `(S, 2)` |
# | $S$ | springs | | |
# | $w_1, w_2$ | the same, as Paper A writes it | `w` | `(S, 2, 2)` |

# %% [markdown]
# ## 5.1 What a heat-map should look like
#
# Paper A (Sec. 4) makes the target of a joint "by placing a Gaussian peak at the center location of the part", 1 at the peak, 0 in the background. Convolutional Pose Machines learn one map more, the *background*, which is high where no joint is:
#
# $$b^*_i(p) = e^{-|p - p_i|^2 / 2 \sigma^2}, \qquad b^*_\mathrm{bg}(p) = 1 - \max_i b^*_i(p). \tag{5.1}$$
#
# In array form: `gaussian` makes `(N, K, H, W)` of joints `(N, K, 2)`, `with_background` appends a map. The settings of this chapter are those of a file, `data/training/laptop.toml`. Its clips are rendered now, as
# `python -m renderer` does it; every fifth is a test clip.

# %%
config = read_config("../data/training/laptop.toml")
view, GRID = config.view, (config.view.cells, config.view.cells)
work = TemporaryDirectory()
FOLDER = Path(work.name)
render(FOLDER / "clips", clips=240, frames=10)
clips = data.load_data(FOLDER / "clips", config)
print(f"clips: {len(clips.train)} to learn from, {len(clips.validation)} to choose by,",
      f"{len(clips.test)} to report")

# %%
frames = Slices(clips.train, view, frames=1)


def batch_of(slices, keys):
    """Slices as one dict of tensors, a key for each."""
    return default_collate([slices[key] for key in keys])


some = batch_of(frames, [(n, 4, n) for n in (1, 35, 77, 110)])
target = with_background(gaussian(some["cells"][:, 0], GRID, sigma=config.pretrain.sigma))
assert (target[:, :-1].amax(1) + target[:, -1]).allclose(torch.ones(4, *GRID))
fig, axes = plt.subplots(2, 6, figsize=(10.5, 3.4))
for n, row in enumerate(axes):
    row[0].imshow(some["images"][n, 0].permute(1, 2, 0) // 0.1 / 10)
    names = ("head", "left_wrist", "right_ankle")
    panels = {name: target[n, PENN.joints.index(name)] for name in names}
    panels |= {"highest of all 13": target[n, :-1].amax(0), "background": target[n, -1]}
    for ax, (name, values) in zip(row[1:], panels.items()):
        show_map(ax, values, name, bar=False, vmin=0, vmax=1)
    for ax in row:
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
plt.show()

# %% [markdown]
# Two training frames as the network gets them: turned, scaled, shifted, perhaps mirrored, their colour channels shuffled, all by chance (chapter 3 says what that does to flow). The loss is a squared error, over all cells, joints and *stages* $\tau$ of the
# ConvNet (section 5.2 says what they are); Paper A prints it for one (Sec. 4, Eq. 5), and Convolutional Pose Machines take half of it:
#
# $$f = \frac{1}{2N} \sum_\tau \sum_n \sum_i \sum_p \bigl(b^\tau_i(p) - b^*_i(p)\bigr)^2. \tag{5.2}$$
#
# It is a sum, not a mean over cells: with a mean, the paper's learning rates would be thousands of times too small.


# %% tags=["export:tslib.losses"]
def squared(stages, target):
    """Eq. 5 at every stage: half the squared error of heat-maps."""
    return sum((stage - target).square().sum() for stage in stages) / (2 * len(target))


# %% [markdown]
# Against four loops, on random maps of two stages; and what it costs to find nothing. A Gaussian's square adds up to $\pi \sigma^2$:

# %%
def squared_loops(stages, target):
    """Eq. 5.2, one cell at a time."""
    total = 0.0
    for stage in stages:
        for place in np.ndindex(*target.shape):
            total += float(stage[place] - target[place]) ** 2
    return total / (2 * len(target))


random = [torch.rand(2, 3, 6, 5, generator=torch.Generator().manual_seed(n)) for n in range(3)]
same = np.isclose(squared(random[:2], random[2]), squared_loops(random[:2], random[2]))
print("equal to the loops:", bool(same))
one = gaussian(torch.tensor([[[11.0, 12.0]]]), GRID, sigma=config.pretrain.sigma)
nothing = squared([torch.zeros_like(one)], one)
print(f"a joint that is not found costs {nothing:.1f}; half of pi sigma^2 is",
      f"{np.pi * config.pretrain.sigma**2 / 2:.1f}")

# %% [markdown]
# What does a squared error ask for where the network cannot *know*? For the mean of all answers. If the left wrist of a picture is as likely here as there, the best map has two hills of 0.5, each a
# quarter of the price cheaper than to bet on one:

# %%
here, there = (gaussian(torch.tensor([[[x, 12.0]]]), GRID) for x in (7.0, 16.0))
answers = {"bet on one": here, "nothing": 0 * here, "half of each": (here + there) / 2}
for name, answer in answers.items():
    price = (squared([answer], here) + squared([answer], there)) / 2
    print(f"{name:12} costs {price / squared([0 * here], here):.2f} of a joint not found")

# %% [markdown]
# This is a blessing. A ConvNet trained by Eq. 5 does not hide what it is unsure of: its second hill stays on the map, and a neighbour that knows better can raise it. Section 5.5 counts how often it is there.
#
# ## 5.2 The ConvNet
#
# Paper A's ConvNet is "based on" Convolutional Pose Machines. *Stage* 1 sees the picture through a trunk of three convolutions, each followed by a halving, and a head that ends in $K + 1$ maps. Each further stage sees features of the picture *and the maps of the stage before*,
# and draws them anew; all stages are supervised by Eq. 5.2. So there are two meanings of the word: stages of the ConvNet, and the two stages of training in this chapter's title. Paper A prints neither layers nor number of stages; the original's
# published training script has the sizes. The number of weights, counted:


# %%
def weights_of(module):
    """Numbers that training changes."""
    return sum(p.numel() for p in module.parameters())


with torch.device("meta"):  # shapes without memory
    original = ConvolutionalPoseMachine(14, Architecture(stages=3))
    longer = {T: ConvolutionalPoseMachine(14, Architecture(stages=T)) for T in (1, 2, 6)}
small = ConvolutionalPoseMachine(13, config.architecture)
print(f"{'':12}{'original, T = 3':>18}{'of the laptop':>16}")
for name, part in original.named_children():
    ours = getattr(small, name, None)
    print(f"{name:12}{weights_of(part):18,}{weights_of(ours) if ours else 0:16,}")
print(f"{'all':12}{weights_of(original):18,}{weights_of(small):16,}")
print("other numbers of stages:", {T: f"{weights_of(net):,}" for T, net in longer.items()})
assert weights_of(original) == 16_731_021

# %% [markdown]
# By hand: a convolution of $k \times k$ cells from $a$ channels to $b$ has $k^2 a b + b$ weights, so the three of the trunk have $81 \cdot 3 \cdot 128 + 128$ and twice $81 \cdot 128 \cdot 128 + 128$. More than half of all weights lie in the
# three $11 \times 11$ convolutions of each later stage, a third in the two trunks; `later_trunk` is the second, shared by all later stages. The laptop's network is the same class with other sizes.
#
# ## 5.3 What a cell sees
#
# Which pixels can change a cell of the heat-map? Each layer adds to the square that a cell depends on, by its kernel's side less one, in steps of its own cells:
#
# $$r_l = r_{l-1} + (k_l - 1) \, s_l, \qquad r_0 = 1. \tag{5.3}$$
#
# A halving looks at $3 \times 3$ cells and doubles the step $s$ of all layers after it. A later stage looks at the maps of the one before, so its layers add to that one's side.


# %%
def sight(architecture):
    """Side of the square of pixels that a cell of each stage sees, px (Eq. 5.3)."""
    side, step = 1, 1
    for kernel, _ in architecture.trunk:
        side, step = side + (kernel - 1) * step + 2 * step, 2 * step
    sides = [side + step * sum(kernel - 1 for kernel, _ in architecture.head)]
    for _ in range(architecture.stages - 1):
        sides.append(sides[-1] + step * sum(kernel - 1 for kernel, _ in architecture.later))
    return sides


# %% [markdown]
# That is on paper. In the network: draw noise, take the gradient of one cell with respect to all pixels, and see where it is not zero. (A maximum has one winner, so a picture shows only some of the ways; many pictures show the square's
# border.) The sides depend on kernels, not on channels, so the original gets by with eight channels a layer.


# %%
def seen_by(convnet, size, cell, stage, pictures=6):
    """Gradient of all maps' middle cell by the pixels, its size summed over pictures (size, size)."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(pictures, 3, size, size, generator=generator).requires_grad_()
    convnet.eval()(images)[stage][:, :, cell, cell].sum().backward()
    return images.grad.abs().sum((0, 1))


def thin(layers):
    return tuple((kernel, 8) for kernel, _ in layers)


full = Architecture(stages=2)
narrow = replace(full, trunk=thin(full.trunk), head=thin(full.head), later=thin(full.later))
torch.manual_seed(0)
cases = {"small, stage 1": (SMALL, 96, 0), "original, stage 1": (narrow, 480, 0),
         "original, stage 2": (narrow, 480, 1)}
traces = {}
for name, (architecture, size, stage) in cases.items():
    cell = size // architecture.stride // 2
    trace = seen_by(ConvolutionalPoseMachine(13, architecture), size, cell, stage)
    first, last = np.flatnonzero(trace.sum(0))[[0, -1]]
    traces[name] = trace
    label = architecture.stride * cell + (architecture.stride - 1) / 2
    print(f"{name:18}: {last - first + 1} px wide, Eq. 5.3 says {sight(architecture)[stage]};",
          f"its middle lies {(first + last) / 2 - label:+.1f} px off the cell's own")

# %%
fig, axes = plt.subplots(1, 4, figsize=(11, 2.7))
for ax, (name, trace) in zip(axes, traces.items()):
    values = torch.where(trace > 0, trace / trace.max(), torch.nan).log10().round()
    show_map(ax, values, name, vmin=-6)
    ax.set(xlabel="x (px)", ylabel="")
clip = clips.test[11]
axes[3].imshow(clip.frames[4] // 24 * 24)
x, y = clip.joints[4][PENN.joints.index("left_wrist")]
scale = PERSON * view.size / clip.size_of_person.mean()  # px of the input to one of the clip
half = sight(SMALL)[0] / 2 / scale
axes[3].plot(x, y, "o", mfc="none", mec=SKY, mew=2)
axes[3].add_patch(plt.Rectangle((x - half, y - half), 2 * half, 2 * half, ec=SKY, fc="none", lw=2))
axes[3].set(title="what it sees of this clip", xlim=(-0.5, 95.5), ylim=(95.5, -0.5))
axes[3].axis("off")
plt.show()

# %%
print(f"a person's larger side is {PERSON * view.size:.0f} px of the input;",
      f"one stage of the small network sees {sight(SMALL)[0]} px")

# %% [markdown]
# (Colours: the power of ten of the gradient's size. The border of the square has little say, its middle most.) Two facts to note. A halving of three cells looks one cell to the right and down, so the square is not centred on its cell; the network learns to live with
# that, for targets lie on the cells' own middles. And the small network sees less than a person: it recognises a wrist by a forearm, and cannot know whether it hangs on the left or the right shoulder. That is a choice. Convolutional
# Pose Machines enlarge the square stage by stage until it holds the whole picture; what such a network still gets wrong, its neighbours in space can hardly know better. A network that sees little leaves something to say to springs and
# flow, trains in a minute, and lets us see Paper A's effect at its clearest; it also flatters it.
#
# ## 5.4 The first stage, live
#
# The settings come from the file; only the number of steps and the batch are cut down, to what a minute allows. `stages.pretrain` builds the network, draws single frames, and hands both to the one loop that `tslib` has, `fit`, with Eq. 5.2 as the loss.

# %%
short = replace(config.pretrain, steps=400, batch=16)
quick = replace(config, pretrain=short)
print("optimizer:", short.optimizer, " schedule:", short.schedule, " flip:", view.flip)
baseline = stages.pretrain(quick, clips.train, FOLDER / "pretrain")

# %%
def poses_by(model, some):
    """Joints of clips (px) by a trained model, each a (T, K, 2)."""
    return predict_as_trained(model, some, view, clips.flow)


def percent(counts):
    """Micro mean in per cent of tallies (..., 2, K)."""
    return 100 * means(counts, PENN)["micro"]


ALPHA = (0.2, 0.1)
found = poses_by(baseline, clips.test)
counts = {"ConvNet": tallies(found, clips.test, ALPHA)}
untrained = tallies(poses_by(stages.network(quick), clips.test), clips.test, ALPHA)
log = pd.read_csv(FOLDER / "pretrain" / "log.csv")
score, chance = (percent(c.sum(0)) for c in (counts["ConvNet"], untrained))
halved = log.loss[-20:].mean() < log.loss[:20].mean() / 2
print("the loss falls to less than half:", bool(halved))
print("PCK@0.2 on test clips is at least five times that of an untrained network:",
      bool(score[0] > 5 * chance[0]))

# %%
tested = Slices(clips.test, view.still(), frames=1)
shown = batch_of(tested, [(n, 4, 0) for n in (1, 17, 43, 8, 29)])
with torch.no_grad():
    maps = baseline(shown["images"])[0][:, 0]
fig = plt.figure(figsize=(11, 4.4))
left, right = fig.subfigures(1, 2, width_ratios=(1, 2.3))
ax = left.subplots()
ax.plot(log.step, log.loss, color=GREY, lw=0.7)
ax.plot(log.step, log.loss.rolling(20, min_periods=1).mean(), color=BLUE)
title = f"Eq. 5; then PCK@0.2 is {score[0]:.0f}"
ax.set(title=title, xlabel="step", ylim=(0, None))
for n, (above, below) in enumerate(right.subplots(2, 5).T):
    above.imshow(shown["images"][n, 0].permute(1, 2, 0) // 0.1 / 10)
    show_map(below, maps[n].amax(0), "", bar=False, vmin=0)
    below.plot(*shown["cells"][n, 0].T, "o", mfc="none", mec=SKY, ms=4)
    for ax in (above, below):
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
plt.show()

# %% [markdown]
# Grey: the loss of each batch; blue: its mean over twenty. Right: test frames and the highest of their 13 maps, each with colours of its own; rings: true joints. The curve looks as if all were over after a quarter of the steps. Which of the maps pay, before and after, against maps of joints that are 0 everywhere and a background that is 1?

# %%
every = batch_of(tested, [(n, 4, 0) for n in range(len(clips.test))])
target = with_background(gaussian(every["cells"][:, 0], GRID, sigma=config.pretrain.sigma))
empty = torch.zeros_like(target)
empty[:, -1] = 1


def price(maps):
    """Eq. 5.2 of the joints' maps and of the background's, as shares of what empty maps cost."""
    parts = (slice(0, -1), slice(-1, None))
    return [float(squared([maps[:, k]], target[:, k]) / squared([empty[:, k]], target[:, k]))
            for k in parts]


with torch.no_grad():
    joints_cost, background_cost = price(baseline(every["images"])[1][-1][:, 0])
print("the background's map has saved more than half of its price:", background_cost < 0.5)
print("the joints' maps have saved something, but less than half:", 0.5 < joints_cost < 1)

# %% [markdown]
# The first drop is that random maps become empty ones, and that the background's map learns where a person is. (Its bias starts at 1, what it is nearly everywhere; else the drop would be larger still.) What follows is worth little in the loss: low hills on the joints' maps, by which all joints are found. They are low because the network
# is unsure, and Eq. 5.2 asks the unsure for means (section 5.1). An arg-max does not care how high the highest hill is.
#
# ## 5.5 How it fails
#
# A number says how often it fails. For the second stage one has to know *how*, because messages repair some kinds of faults and not others (Sec. 4.6). Ask each wrong joint: is it where the other side's joint is? Has its map *another* peak that is right? Is the joint right in the frame before or
# after? Or is it wrong in all five frames around, as far as the clip goes?

# %%
MIRROR = np.arange(13)
for a, b in PENN.mirror_pairs:
    MIRROR[[a, b]] = b, a


@torch.no_grad()
def maps_of(model, clip):
    """Heat-maps (T, K, h, w) of a clip, joints and sizes of the person on their cells."""
    slices = Slices([clip], view.still(), frames=1)
    batch = batch_of(slices, [(0, t, 0) for t in range(len(clip))])
    scale = torch.linalg.det(batch["matrix"][..., :2]).abs().sqrt().numpy() / view.stride
    return model(batch["images"])[0][:, 0], batch["cells"][:, 0].numpy(), scale * clip.size_of_person


def hills(maps):
    """Cells that no neighbour exceeds and that are not nearly zero, bool (..., h, w)."""
    around = torch.nn.functional.max_pool2d(maps.flatten(0, -3)[None], 3, 1, 1)[0]
    return (maps >= around.view_as(maps)) & (maps > 0.05)


def at_frame(those, by, beyond):
    """What is there `by` frames later (T, K); `beyond` where the clip has no such frame."""
    wide = np.pad(those, ((2, 2), (0, 0)), constant_values=beyond)
    return wide[2 + by : 2 + by + len(those)]


def kinds_of(maps, joints, size, visible):
    """Which visible joints (T, K) are wrong, and which of these would be helped by what."""
    limit = 0.2 * size[:, None]
    place = decode(maps)[0]
    right = np.linalg.norm(place - joints, axis=-1) <= limit
    wrong = visible & ~right
    other = np.linalg.norm(place - joints[:, MIRROR], axis=-1) <= limit
    x, y = np.meshgrid(*map(np.arange, GRID))
    near = np.hypot(x - joints[..., 0, None, None], y - joints[..., 1, None, None])
    near = near <= limit[..., None, None]
    second = (hills(maps).numpy() & near).any((-2, -1))
    elsewhere = near[:, np.random.default_rng(0).permutation(13)]
    chance = (hills(maps).numpy() & elsewhere).any((-2, -1))
    beside = np.any([at_frame(right & visible, n, beyond=False) for n in (-1, 1)], axis=0)
    still = np.all([at_frame(~right | ~visible, n, beyond=True) for n in (-2, -1, 1, 2)], axis=0)
    kinds = {"at the other side's joint": other & (MIRROR != np.arange(13)),
             "another peak is right": second, "right in a frame beside": beside,
             "wrong in all five frames": still}
    return {"wrong": wrong, "chance": wrong & chance} | {name: wrong & those for name, those in kinds.items()}


# %%
sorted_clips = []
for clip in clips.test:
    sorted_clips.append(kinds_of(*maps_of(baseline, clip), clip.counted))
kinds = {name: np.concatenate([k[name] for k in sorted_clips]) for name in sorted_clips[0]}
wrong, chance = kinds.pop("wrong"), kinds.pop("chance")
shares = {name: those.sum() / wrong.sum() for name, those in kinds.items()}
print("every kind is more than a twentieth of the errors:", all(s > 0.05 for s in shares.values()))
print("a right peak is more frequent than one that is right by chance:",
      bool(kinds["another peak is right"].sum() > chance.sum()),
      " twice as frequent:", bool(kinds["another peak is right"].sum() > 2 * chance.sum()))
either = kinds["another peak is right"] | kinds["right in a frame beside"]
print("more than half have another peak in the right place, or a frame beside that is right:",
      bool(either.sum() > wrong.sum() / 2))

# %%
counted = np.concatenate([clip.counted for clip in clips.test])
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 2.8), width_ratios=(1, 1.2))
left.bar(list(PENN.groups), [100 * wrong[:, ks].sum() / counted[:, ks].sum()
                             for ks in map(list, PENN.groups.values())], color=GREY)
left.set(title="visible joints that are wrong at 0.2", ylabel="per cent")
left.tick_params(axis="x", rotation=40)
lengths = [100 * share for share in shares.values()]
right.barh(list(shares), lengths, color=(RED, ORANGE, BLUE, GREY))
right.plot([100 * chance.sum() / wrong.sum()] * 2, (0.6, 1.4), color="black", lw=2)
right.set(title="of these (a joint may be of several kinds)", xlabel="per cent", xlim=(0, 100))
right.invert_yaxis()
plt.show()

# %% [markdown]
# Most wrong joints are not lost: their map has a peak in the right place, only not the highest (section 5.1 said why), or a frame beside has them right. Springs can raise the first kind, flow the second. (Maps have several peaks, so many are right by chance: the dark line is how many errors have a peak at *another*, randomly chosen joint of the body. A second peak is a hint, and no more.) Many errors last: what is wrong in all five frames, no neighbour in time can repair. This network
# is young; one that trains longer makes fewer errors, and of other proportions (`python -m experiments paper_a failure_modes` asks the same of nine hundred steps; chapter 4 shows its answers).
#
# ## 5.6 The second loss
#
# The second stage trains everything together: the ConvNet gives unaries, three rounds of messages make them scores of a whole slice (chapter 4), and the loss is asked of those. Paper A (Sec. 4, Eq. 6) takes a hinge. With $I_i(p) = 1$ inside a circle around joint $i$, $-1$ outside,
#
# $$f = \frac{1}{N} \sum_n \sum_i \sum_p \alpha_{I_i(p)} \max\bigl(0,\; 1 - b_i(p) \, I_i(p)\bigr), \tag{5.4}$$
#
# where the weight $\alpha_{-1}$ is 1, and $\alpha_1$, of the cells inside, is 1 in the paper. A score is not asked to be a Gaussian; it has to be above 1 inside and below $-1$ outside.


# %% tags=["export:tslib.losses"]
def hinge(score, target, weight=1.0):
    """Eq. 6: sum of max(0, 1 - score * target)."""
    share = torch.where(target > 0, weight, 1.0)
    return (share * (1 - score * target).clamp(min=0)).sum() / len(target)


def all_background(target, weight=1.0):
    """What `hinge` is where every score is -1: a network that has found nothing."""
    return float(2 * weight * (target > 0).sum() / len(target))


# %%
target = disc(some["cells"][:, 0], GRID, radius=config.joint.radius)
inside = (target > 0).float().mean()
K, cells = 13, GRID[0] * GRID[1]
print("a score that is its target costs", float(hinge(target, target)))
print("scores of 0 cost 1 a cell:", bool(hinge(0 * target, target) == K * cells), f"({K * cells})")
print(f"scores of -1 everywhere cost {all_background(target):.0f}, and find nothing;",
      f"cells inside circles: {inside:.1%}")
assert np.isclose(float(hinge(torch.full_like(target, -1), target)), all_background(target))

# %% [markdown]
# That is the trap. One cell in a hundred is inside. A network whose heat-maps are right, 1 and 0, starts far *above* the loss of one that has found nothing: each of its background cells is a whole unit short of $-1$. The quickest way down is to push everything down, the joints as well:

# %%
perfect = gaussian(some["cells"][:, 0], GRID, sigma=config.pretrain.sigma)
levels = np.linspace(-1.4, 0.2, 65)
fig, axes = plt.subplots(1, 2, figsize=(9, 2.6), sharey=True)
for ax, alpha in zip(axes, (1, config.joint.positive)):
    floor = all_background(target, alpha)
    for gain_of, style, name in ((0, ":", "s everywhere"), (1, "--", "perfect maps + s"),
                                 (2, "-", "2 perfect maps + s")):
        costs = [hinge(gain_of * perfect + s, target, alpha) / floor for s in levels]
        ax.plot(levels, costs, style, color=BLUE, label=name)
    raw, calibrated = (hinge(b, target, alpha) / floor for b in (perfect, 2 * perfect - 1))
    print(f"weight {alpha:2.0f}: perfect maps cost {raw:.1f} of 'all background',",
          f"calibrated {calibrated:.1f}")
    ax.axhline(1, color=GREY, lw=1)
    ax.set(title=rf"$\alpha$ = {alpha:g}", xlabel="s", ylim=(0, 2.5))
axes[0].set_ylabel("loss / all background")
axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# The scale is the loss of "nothing found", the grey line. Dotted: one value for all cells; the best one is $-1$ for both weights (from a weight near 80 on, the fair one of exercise 5.3, it is $+1$). Dashed: perfect heat-maps, all shifted by $s$. At $s = 0$, where the first stage ends, they cost many times what nothing costs (left, far beyond the picture). Full: perfect maps with a *gain* of 2; at $s = -1$ they cost
# less than nothing found. So the second stage should not begin with raw scores but with $2 b - 1$. The model has these two numbers for each joint, `gain` and `offset`, and trains them; no arg-max moves by them. And left, with $\alpha = 1$, all that a perfect network of the first stage can save on the plateau with these two numbers is a little, and only a sharper calibration, which has to be learnt, saves more; right, with a weight, it saves most of it. A weight does not
# take the trap away. It makes staying in it expensive.
#
# ## 5.7 The recipe as printed
#
# Paper A (Sec. 5.2) trains the second stage by SGD, learning rate $10^{-4}$, all springs at rest 0. Take that literally, on raw scores, $\alpha = 1$, twenty steps; and once more at a tenth of the rate. To see that springs are not to blame they stay as they are. Then one remedy after the other:
#
# - a *calibration*, gain and offset, and Adam with the file's rates, springs and calibration trained as well;
# - a *weight* for the cells inside;
# - *rest offsets* from data instead of 0 (chapter 4 showed why);
# - *deep supervision*: Eq. 5.2 on the ConvNet's own maps beside the hinge. Paper A replaces one loss by the other; we keep both.
#
# And, last, all of it without normalised messages.

# %%
few = clips.test[::3]
slices = Slices(clips.train, view, config.joint.frames, clips.flow)


def second(name, steps=20, start="data", norm="degree", raw=False, **plan):
    """A short second stage from the baseline: the model and its log."""
    plan = replace(config.joint, steps=steps, batch=3, **plan)
    how = replace(config.inference, start=start, normalization=norm)
    model = stages.with_inference(replace(config, inference=how), baseline, clips.train, span=1)
    if raw:
        torch.nn.init.ones_(model.gain), torch.nn.init.zeros_(model.offset)
    folder = FOLDER / name.replace(" ", "-")
    Trainer(model, slices, stages.second_stage, plan, folder, name=name).fit()
    return model, pd.read_csv(folder / "log.csv")


def hits(model, some):
    return percent(tallies(poses_by(model, some), some, 0.2).sum(0))


PRINTED = {"optimizer": "sgd", "rate": 1e-4, "schedule": "step", "rest_rate": 0.0,
           "stiffness_rate": 0.0, "calibration_rate": 0.0}
plain = {"positive": 1.0, "deep": 0.0}
runs = {
    "as printed": {"start": "zero", "raw": True, **PRINTED, **plain},
    "at a tenth of the rate": {"start": "zero", "raw": True, **PRINTED, **plain, "rate": 1e-5},
    "+ calibration, Adam": {"start": "zero", **plain},
    "+ weight": {"start": "zero", "deep": 0.0},
    "+ rest offsets": {"deep": 0.0},
    "+ deep supervision": {},
    "the last, unnormalised": {"norm": "none"},
}
logs, after, highest = {}, {}, {}
probe = batch_of(slices, [(n, 2, n) for n in range(0, 60, 10)])
for name, settings in runs.items():
    model, logs[name] = second(name, **settings)
    after[name] = hits(model, few), hits(ThinSlicingNetwork(model.convnet), few)
    with torch.no_grad():
        highest[name] = model.calibrated(model(probe["images"], probe["flows"])[0]).max().item()

# %%
before = hits(baseline, few)
COLORS = (RED, PURPLE, ORANGE, GREY, GREEN, BLUE, SKY)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.2), width_ratios=(1, 1.1))
for (name, log), color in zip(logs.items(), COLORS):
    left.semilogy(log.step, log.hinge / log["all background"], color=color, label=name)
left.axhline(1, color="black", lw=1)
left.set(title="hinge / all background", xlabel="step", ylim=(0.3, 20_000))
where = np.arange(len(runs))
right.barh(where - 0.2, [a for a, _ in after.values()], 0.36, color=BLUE, label="after messages")
right.barh(where + 0.2, [b for _, b in after.values()], 0.36, color=GREY, label="its ConvNet alone")
right.axvline(before, color="black", lw=1)
for y, (a, b) in zip(where, after.values()):
    right.text(max(a, b) + 1, y + 0.15, f"{a:.0f}, {b:.0f}", fontsize=8)
right.set(title="PCK@0.2; line: before the second stage", yticks=where, yticklabels=list(runs), xlim=(0, 85))
right.invert_yaxis()
left.legend(fontsize=8, ncol=2, loc="upper right")
right.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %%
printed = logs["as printed"]
print("as printed, the loss falls to a tenth of its start:",
      bool(printed.hinge[-3:].mean() < printed.hinge[0] / 10))
print("no cell of any map is above -1/2:", highest["as printed"] < -0.5)
print("and at least half of all right joints are lost:", bool(after["as printed"][0] < before / 2))
print("at a tenth of the rate: again at least half:",
      bool(after["at a tenth of the rate"][0] < before / 2))
print("calibration and Adam alone: again at least half:",
      bool(after["+ calibration, Adam"][0] < before / 2))
print("with a weight, at least three quarters stay:", bool(after["+ weight"][0] > 0.75 * before))
print("with rest offsets, messages gain:", bool(after["+ rest offsets"][0] > before + 5))
print("with deep supervision the ConvNet alone stays within five points:",
      bool(abs(after["+ deep supervision"][1] - before) < 5))
last = logs["the last, unnormalised"]
print("unnormalised, the loss starts at more than ten times 'all background':",
      bool(last.hinge[0] > 10 * last["all background"][0]))
print("and the gain is lost:", bool(after["the last, unnormalised"][0] < before))

# %% [markdown]
# The collapse is quick, and it *looks like success*: a loss that falls by nine tenths in a few steps. Nobody who watches only the curve would stop it. It ends where nothing is found, at $2 \alpha$ times the cells inside (black line), or above it where it went down so fast that it overshot: below $-1$ only the few cells inside pull back. A smaller rate only makes the way
# longer. So `stages.second_stage` writes `all background` into the log beside the loss, and the pictures that `python -m tslib train` draws have PCK on validation clips beside both. What Paper A did to escape, it does not say: momentum, weights, how its scores were scaled, how the loss was averaged are not printed. So this is our reading that fails, and our remedies that mend it, no more.
#
# Each remedy has its own effect. The calibration brings the start from hundreds of times the plateau to a few times (perfect maps would start below it; those of our ConvNet are not), the weight makes the plateau expensive, so that the start is no higher, rest offsets make messages useful from the first step, deep supervision keeps the ConvNet's maps what they were: without it, it leans on its neighbours and its own maps may decay.
#
# ## 5.8 Train a spring, keep it a spring
#
# Paper A trains the weights $w$ of a spring, $\psi = w_1 \Delta + w_2 \Delta^2$ for each axis (Eq. 4.2). What a spring means is $a = -w_2$ and
#
# $$\mu = -\frac{w_1}{2 w_2}, \tag{5.5}$$
#
# and both suffer. A step on $w_2$ alone moves the rest offset, and a step that is larger than 0.01, the size at which they start, turns the spring round: then messages are highest where the neighbour is farthest (Sec. 4.9), and the distance transform does not take it. We train $\mu$ and $\log a$, so that no
# step can do either. One step from the same start, by the same loss; a rate of 0.002 for $w$, a fifth of the stiffness, and the rates of the file:

# %%
model = stages.with_inference(config, baseline, clips.train, span=1)
layer = model.inference
circles = disc(probe["cells"], GRID, radius=config.joint.radius)
with torch.no_grad():
    unary = model(probe["images"], probe["flows"])[1][-1][:, :, :-1]


def hinge_with(mu, log_a):
    """The hinge with other springs behind the same unaries."""
    scores = torch.func.functional_call(layer, {"rest": mu, "log_stiffness": log_a},
                                        (unary, probe["flows"]))
    return hinge(model.calibrated(scores), circles, config.joint.positive)


mu, log_a = (p.detach().clone().requires_grad_() for p in (layer.rest, layer.log_stiffness))
by_mu, by_log_a = torch.autograd.grad(hinge_with(mu, log_a), (mu, log_a))
w = torch.stack([2 * log_a.exp() * mu, -log_a.exp()], -1).detach().requires_grad_()
(by_w,) = torch.autograd.grad(hinge_with(w[..., 0] / (-2 * w[..., 1]), (-w[..., 1]).log()), w)
ours = mu - config.joint.rest_rate * by_mu.sign()  # Adam's first step
stepped = w - 0.002 * by_w.sign()
theirs = -stepped[..., 0] / (2 * stepped[..., 1])
limbs = np.unique(layer.graph.spring[layer.graph.offset == 0])
jump = [(new - mu)[limbs].norm(dim=-1).max().item() for new in (ours, theirs)]
print(f"a step moves a rest offset by up to {jump[0]:.1f} cells; through w, by more than one:",
      jump[1] > 1)
descent = w - 1e-4 * by_w
print("a step of SGD at the paper's rate turns some springs round:", bool((descent[..., 1] > 0).any()))

# %%
fig, axes = plt.subplots(1, 2, figsize=(8, 2.9), sharex=True, sharey=True)
for ax, new, name in zip(axes, (ours, theirs), (r"a step on $\mu$, $\log a$", "a step on $w$")):
    for s in limbs:
        p, q = mu[s].detach(), new[s].detach()
        ax.plot(*torch.stack([p, q]).T, color=RED, lw=1.5)
        ax.plot(*p, "o", color=BLUE, ms=5)
    ax.axhline(0, color=GREY, lw=0.7)
    ax.axvline(0, color=GREY, lw=0.7)
    ax.set(title=name, xlabel="x (cells)", ylabel="y (cells)")
axes[0].invert_yaxis()
plt.show()

# %% [markdown]
# Blue: rest offsets of the 18 springs in space; red: where one step takes them (left by less than the dots are wide). In $w$ the longest offsets jump, and each such jump is an accident of how stiff the spring has become, not what the gradient asked for. (The exercise 5.6 has the chain rule between the two.) A training in $w$ can be kept alive by tiny
# rates; then rest offsets hardly follow.
#
# ## 5.9 A loss reaches other frames
#
# Now the point of it all. Paper A (Sec. 1) optimises "several correlated but different frames through the entire architecture jointly", which "also refines the underlying ConvNet-based part regressors". Ask the loss of one frame, the middle one of a slice, and take the gradient with respect to the *pixels* of all five:

# %%
MIDDLE = 2
one = batch_of(slices, [(21, 3, 0)])
circle = disc(one["cells"], GRID, radius=config.joint.radius)
felt = {}
for name, net in {"ConvNet alone": baseline, "with messages": model}.items():
    images = one["images"].clone().requires_grad_()
    scores, _ = net.eval()(images, one["flows"])
    scores = model.calibrated(scores)
    hinge(scores[:, MIDDLE], circle[:, MIDDLE], config.joint.positive).backward()
    felt[name] = torch.nn.functional.max_pool2d(images.grad[0].abs().amax(1), view.stride)
    reached = [t for t in range(5) if felt[name][t].any()]
    print(f"{name:14}: the loss of frame {MIDDLE} reaches the pixels of frames {reached}")

# %%
fig, axes = plt.subplots(3, 5, figsize=(8.5, 5))
for t, column in enumerate(axes.T):
    column[0].imshow(one["images"][0, t].permute(1, 2, 0) // 0.1 / 10)
    column[0].set_title(f"frame {t}")
    for ax, grads in zip(column[1:], felt.values()):
        total = f"{grads[t].sum() / grads.sum():.0%} of the gradient"
        show_map(ax, (grads[t] / grads.max()) ** 0.5, total, bar=False, vmin=0, vmax=0.5)
    for ax in column:
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
for ax, name in zip(axes[:, 0], ("", *felt)):
    ax.set_ylabel(name)
plt.show()

# %% [markdown]
# (Brightness: the square root of the gradient's size, the largest of a cell's pixels.) Without messages a frame is on its own. With them the ConvNet of *every* frame of the slice is told what would have helped frame 2: three rounds reach three frames, and it is one ConvNet, with one set of weights. The gradient arrives where some message chose a cell (chapter 4), around limbs, and around
# what looks like one.
#
# ## 5.10 Joint training, and what it proves
#
# Six ways to use the same baseline and the same number of further steps. *Untrained*: messages with mean offsets behind the baseline. *Frozen*: springs and calibration trained, the ConvNet as it was (Paper A's ⋆). *Joint*: everything (ST-infer). *Its ConvNet* is taken out again (Paper A's ∗). And a control that Paper A does not have: the ConvNet
# trained *longer*, alone, by Eq. 5.2, on as many frames as joint training saw; with untrained messages behind it, too.

# %%
quick = replace(quick, joint=replace(config.joint, steps=60))
trained = {name: stages.joint(quick, baseline, clips.train, FOLDER / name, clips.flow,
                              frozen=name == "frozen") for name in ("frozen", "joint")}
control = stages.longer(quick, baseline, clips.train, FOLDER / "longer")
models = {
    "untrained messages": stages.with_inference(config, baseline, clips.train, span=1), **trained,
    "ConvNet of joint": ThinSlicingNetwork(trained["joint"].convnet), "longer": control,
    "longer, untrained messages": stages.with_inference(config, control, clips.train, span=1),
}
for name, model in models.items():
    counts[name] = tallies(poses_by(model, clips.test), clips.test, ALPHA)


# %%
def gain(ours, theirs, n=0):
    """Difference in points, at ALPHA[n], and its 95 % interval over clips."""
    a, b = counts[ours][:, n], counts[theirs][:, n]
    return percent(a.sum(0)) - percent(b.sum(0)), *bootstrap(percent, a, b)


PAIRS = [("untrained messages", "ConvNet"), ("frozen", "untrained messages"), ("joint", "frozen"),
         ("joint", "longer, untrained messages"), ("ConvNet of joint", "ConvNet"),
         ("ConvNet of joint", "longer")]
fig, (left, right) = plt.subplots(1, 2, figsize=(12, 3), width_ratios=(1, 1.3))
order = ["ConvNet", *models]
for n, color in enumerate((BLUE, ORANGE)):
    values = [percent(counts[name][:, n].sum(0)) for name in order]
    left.plot(values, order, "o", color=color, label=f"PCK@{ALPHA[n]}")
    for y, pair in enumerate(PAIRS):
        middle, low, high = gain(*pair, n)
        right.plot([low, high], [y + 0.15 * n] * 2, color=color)
        right.plot(middle, y + 0.15 * n, "o", color=color)
right.set_yticks(range(len(PAIRS)), [f"{a} - {b}" for a, b in PAIRS])
right.axvline(0, color=GREY, lw=1)
right.set_xlabel("points, with 95 % intervals")
for ax in (left, right):
    ax.invert_yaxis()
left.legend()
plt.show()

# %%
print("untrained messages gain, and the interval is clear of zero:", bool(gain(*PAIRS[0])[1] > 0))
print("at 0.1, training the springs gains more, clear of zero:", bool(gain(*PAIRS[1], n=1)[1] > 0))
step, low, high = gain(*PAIRS[2])
print("joint and frozen differ by less than three points:", bool(abs(step) < 3))
print("and the interval is more than one point wide:", bool(high - low > 1))
rows = ["baseline", "ST-infer(⋆) ConvNet frozen", "ST-infer(∗) ConvNet of joint model", "ST-infer"]
print(PAPER_TABLES["A 1"].loc[rows, "Mean"].to_string())

# %% [markdown]
# Most of the gain is there before anything is trained: mean offsets, loose springs, exact flow. Training the springs adds a little that is certain. Whether it helps to train the ConvNet *with* them, this page cannot say: sixty steps, one seed, forty-eight clips; the difference is smaller than its interval is wide. Paper A prints (last
# lines) 92.8 for frozen and 96.5 for joint, and 91.0 for the ConvNet taken out, four points above its baseline.
#
# Look at the control before you believe either. A ConvNet that is young gains by *any* further training, and joint training is further training. So "joint against frozen" compares more steps of the ConvNet with none; only against the *longer* ConvNet, with the same messages untrained behind it, is the comparison fair; likewise the ConvNet
# taken out has to be held against the longer one, not against the baseline. Paper A prints no such control, nor seeds, nor intervals. That does not make its claim wrong. It makes it one that a run of a few minutes neither confirms nor refutes; longer runs, with seeds, belong into a benchmark and not on a page.
#
# ## 5.11 What moved to `tslib`
#
# `squared`, `hinge` and `all_background` are `tslib/losses.py`, held equal by a test. The two stages, the loop and the rows of Table 1 are `tslib.training`; on the command line,
#
# ```sh
# .venv/bin/python -m renderer data/rendered --clips 500
# .venv/bin/python -m tslib train data/training/laptop.toml --data data/rendered --output runs --row ST-infer
# .venv/bin/python -m tslib evaluate runs/ST-infer.safetensors --data data/rendered
# ```
#
# with the full number of steps; it may be stopped at any moment and goes on.

# %% [markdown]
# ## Exercises
#
# Each cell below prints *not attempted* until you replace `raise NotImplementedError`. The checker takes your function and prints one line.
#
# **Exercise 5.1 The background** (easy, 5 minutes). Without `with_background`: append the map that is 1 where no joint is (Eq. 5.1).


# %%
def append_background(maps):
    """maps (N, K, H, W) -> (N, K + 1, H, W)."""
    raise NotImplementedError


check.exercise_5_1(append_background)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Where two joints lie close together, both Gaussians are high; the background is still 0 there, and not $-1$.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def append_background(maps):
#     return torch.cat([maps, 1 - maps.amax(1, keepdim=True)], 1)
# ```
#
# </details>

# %% [markdown]
# **Exercise 5.2 The middle of what a cell sees** (medium, 15 minutes). Section 5.3 found that the square is not centred on its cell. Compute its middle, in px, for stage 1 of any architecture.


# %%
def middle_of_sight(architecture, cell):
    """Middle (px, along x or y) of the pixels that a cell of stage 1 sees; kernels are odd."""
    raise NotImplementedError


check.exercise_5_2(middle_of_sight)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Go backwards. A "same" convolution is centred on its own cell. Cell $g$ after a halving looks at the cells $2g$, $2g + 1$ and $2g + 2$ before it.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def middle_of_sight(architecture, cell):
#     for _ in architecture.trunk:
#         cell = 2 * cell + 1
#     return cell
# ```
#
# With three halvings that is $8 g + 7$, where the label's grid has $8 g + 3.5$.
#
# </details>

# %% [markdown]
# **Exercise 5.3 A fair weight** (easy, 10 minutes). With which weight do the cells inside all circles together count as much as those outside?


# %%
def fair_weight(target):
    """target (N, K, H, W) of 1 and -1, as `disc` gives it -> float."""
    raise NotImplementedError


check.exercise_5_3(fair_weight)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Count both kinds over the whole batch: a joint outside the picture has no circle, and a map of its own without any.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def fair_weight(target):
#     return float((target < 0).sum() / (target > 0).sum())
# ```
#
# The file takes less: with a fair weight blurred maps are cheap, for false alarms cost little.
#
# </details>

# %% [markdown]
# **Exercise 5.4 The hinge, backwards** (medium, 15 minutes). Without autograd: the gradient of `hinge` with respect to every score.


# %%
def slope_of_hinge(score, target, weight):
    """score, target (N, K, H, W) -> gradient of hinge(score, target, weight), the same shape."""
    raise NotImplementedError


check.exercise_5_4(slope_of_hinge)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A cell that is right by more than 1 has none. All others have one size, however wrong they are: what is its sign, who gets the weight, and what is $N$?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def slope_of_hinge(score, target, weight):
#     share = torch.where(target > 0, weight, 1.0)
#     return -share * target * (score * target < 1) / len(target)
# ```
#
# At the start of the printed recipe, almost every cell outside has it, and it is the same everywhere: down.
#
# </details>

# %% [markdown]
# **Exercise 5.5 A third** (easy, 5 minutes). Paper A divides its learning rate by three every 20 thousand steps in the first stage, every 5 thousand in the second. Give the rate of a step, counted from 0.


# %%
def rate_of(step, first, every):
    """step, every int; first float, the rate of step 0 -> float."""
    raise NotImplementedError


check.exercise_5_5(rate_of)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The rate stays the same between two drops; `//` counts the drops.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def rate_of(step, first, every):
#     return first / 3 ** (step // every)
# ```
#
# Some copies of the paper read "34 epochs" for the second stage. Three thousand steps an epoch would be twenty drops, a rate divided by more than a billion: it must be 3 to 4.
#
# </details>

# %% [markdown]
# **Exercise 5.6 From our springs to the paper's** (hard, 25 minutes). Autograd has given the gradients with respect to $\mu$ and $\log a$. What are those with respect to $w_1$ and $w_2$?


# %%
def through_weights(mu, log_a, by_mu, by_log_a):
    """Tensors of one shape -> gradients by w_1 and by w_2, two tensors of that shape (Eq. 5.5)."""
    raise NotImplementedError


check.exercise_5_6(through_weights)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $\mu = -w_1 / 2 w_2$ and $\log a = \log(-w_2)$: each $w$ moves what it appears in, and $w_2$ appears in both.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def through_weights(mu, log_a, by_mu, by_log_a):
#     a = log_a.exp()
#     return by_mu / (2 * a), (by_mu * mu - by_log_a) / a
# ```
#
# Both are divided by $a$, 0.01 at the start, and the second grows with the rest offset: long limbs get the largest steps on the number that may least be moved.
#
# </details>

# %% [markdown]
# ## Recap
#
# - A heat-map's target is a Gaussian; a squared error asks for the mean of all answers, so doubt stays on the map as a second hill (Sec. 5.1).
# - The original has 16,731,021 weights with three stages; a cell sees 167 px after one and 407 after two. Ours is small and sees less than a person, by choice (Sec. 5.2, 5.3).
# - Trained for a minute, it is wrong in ways that others can repair: another peak is right, a frame beside is right (Sec. 5.4, 5.5).
# - The second stage as printed falls to "nothing found", with a loss that looks like success. Calibration, weight, rest offsets, deep supervision and normalised messages each mend something (Sec. 5.6, 5.7). Springs are trained as $\mu$ and $\log a$ (Sec. 5.8).
# - Through messages, the loss of one frame trains the ConvNet on all frames of the slice (Sec. 5.9).
# - Messages gain at once, springs a little more by training; joint against frozen takes more than a page, and a control (Sec. 5.10).
#
# **In practice**
#
# - Paper A prints neither $\sigma$ nor $r$, nor the number of stages, momentum, weight decay, nor how its sums are averaged. `data/training/paper.toml` says what we take; `data/training/laptop.toml` is a recipe of our own.
# - The background's map is trained in the first stage, and by deep supervision in the second; messages take the first $K$ maps.
# - Joints outside the crop have empty targets. Hidden ones inside it have their own, for rendered clips know them.
# - Paper A raises dropout from 0.5 to 0.7 in the second stage; the small network has 0.1 in both.
# - This page looks at its test clips again and again, to show. Whoever tunes a recipe should do so on `clips.validation`, and look at test clips once.
#
# **References**
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network*, CVPR 2017: Sec. 4 for the losses, Sec. 5.2 for the recipe, Table 1 for the rows ⋆ and ∗.
# - S.-E. Wei, V. Ramakrishna, T. Kanade, Y. Sheikh, *Convolutional Pose Machines*, CVPR 2016: stages, supervision of each, and what a cell sees.
# - J. Tompson, A. Jain, Y. LeCun, C. Bregler, *Joint Training of a Convolutional Network and a Graphical Model for Human Pose Estimation*, NIPS 2014: a ConvNet and messages trained together, before Paper A.
# - C.-Y. Lee, S. Xie, P. Gallagher, Z. Zhang, Z. Tu, *Deeply-Supervised Nets*, AISTATS 2015: a loss on what lies inside.
# - D. Kingma, J. Ba, *Adam: A Method for Stochastic Optimization*, ICLR 2015.
