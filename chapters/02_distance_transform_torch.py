# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2. Teach the message to torch
#
# **You'll build** the transform of chapter 1 as a torch function. It takes a batch of maps on any
# device, it is differentiable in the score, the stiffness and the rest offset, and it is frugal
# with memory. Paper A is *Thin-Slicing Network* (Song et al., CVPR 2017), as before.
#
# **You'll learn**
#
# - to write the message as a matrix product in another arithmetic, max-plus;
# - what plain autograd does with it, counted in bytes;
# - Paper A's gradients: we derive them, code them in a custom `autograd.Function`, and check them
#   in three ways;
# - what happens at a tie, and what float32 costs.
#
# **You'll need** chapter 1, torch tensors and `backward()`. A GPU is not needed (where there is
# one, section 2.7 uses it). The chapter runs for about half a minute on two cores, and with half of
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
import matplotlib.pyplot as plt
import numpy as np
import torch
from exercises import chapter_02 as check
from experiments.speed.memory import LiveBytes
from style import BLUE, GREY, ORANGE, RED, show, show_map

from tslib.distance_transform import distance_transform_numpy

_ = torch.manual_seed(0)

# %% [markdown]
# These are the letters of this chapter. Each one is explained where it is first used.
#
# | symbol | meaning | in code | shape |
# |---|---|---|---|
# | $N$ | maps in the batch: one for every message, of every joint and frame | `N` | |
# | $R$ | rows of a map that one pass treats alike | `R` | |
# | $s$ | scores of the senders | `score` | `(N, H, W)` |
# | $a, \mu$ | stiffness and rest offset of each map's spring | `stiffness`, `rest` | `(N, 2)`, x first |
# | $C$ | price of every pair of cells along one axis | `cost` | `(N, n, n)`: receiver, sender |
# | $m, q^*$ | message and source | `message`, `source` | `(N, H, W)` |
# | $g$ | gradient that arrives from above, $\partial L / \partial m$ | `gradient` | `(N, H, W)` |

# %% [markdown]
# ## 2.1 A matrix product in another arithmetic
#
# In chapter 1 we found, for one row, the best of all senders (Eq. 1.4). Now we write the price of
# each pair of cells into a matrix, $C[p, q] = a (q - p - \mu)^2$. Then
#
# $$m[p] = \max_q \bigl( s[q] - C[p, q] \bigr). \tag{2.1}$$
#
# Compare this with an ordinary matrix product, $m[p] = \sum_q A[p, q] \cdot s[q]$: the sum
# became a maximum, and the product a sum (with $A = -C$). This arithmetic is called *max-plus*.
# In array form: we put the senders on a new last axis, subtract, and take the maximum. `max(-1)`
# returns the first of equal maxima, which is the tie rule of chapter 1.


# %% tags=["export:tslib.distance_transform.layer"]
def max_plus(score, stiffness, rest):
    """score (N, R, n) -> message and source (N, R, n), along each row (Eq. 2.1)."""
    q = torch.arange(score.shape[-1], dtype=score.dtype, device=score.device)
    stretch = q - q[:, None] - rest[:, None, None]  # (N, n of p, n of q)
    cost = stiffness[:, None, None] * stretch.square()
    return (score[:, :, None, :] - cost[:, None]).max(-1)


# %%
five = torch.tensor([[[0.0, 3, 0, 0, 2]]])
m, q = max_plus(five, stiffness=torch.ones(1), rest=torch.zeros(1))
print("chapter 1's row: message", m.flatten().tolist(), " source", q.flatten().tolist())

# %% [markdown]
# These are the numbers that we worked by hand in chapter 1. The next picture shows a longer row. In
# its left panel each line is a receiver $p$, and the colours along the line are its offers from all
# senders $q$, with a white dot at the best one. (Black stands for all offers of $-1$ and less.) The
# right panel shows the score and the message that comes out.

# %%
n, a, mu = 40, 0.01, 4.0
q = torch.arange(n)
row = torch.exp(-((q - 28.0) ** 2) / 8) + 0.8 * torch.exp(-((q - 8.0) ** 2) / 8)
message, source = max_plus(row.view(1, 1, n), torch.tensor([a]), torch.tensor([mu]))
offers = row - a * (q - q[:, None] - mu) ** 2
assert (source.diff() >= 0).all()

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6))
image = left.imshow(offers, vmin=-1, aspect="auto")
left.plot(source.flatten(), q, "o", ms=4, color="white")
left.set(xlabel="sender q (cells)", ylabel="receiver p (cells)")
left.set_title("offers s[q] - C[p, q]; dot: the best")
fig.colorbar(image, ax=left)
right.plot(q, row, color=GREY, lw=2, label="score s")
right.plot(q, message.flatten(), color=ORANGE, lw=2.5, label="message m")
right.set(xlabel="cell", title="s moved by -4 and widened", ylim=(None, 1.4))
right.legend(loc="upper left", ncols=2)
show("Left, a square of offers: a bright diagonal band, brightest in the columns of "
     "the two peaks at 8 and 28, with a white dot in each line that moves to the right "
     "or stays as p grows. Right, a score with two narrow peaks and the message, whose "
     "two hills lie four cells further left and are broader.")

# %% [markdown]
# As $p$ grows, the dots never go back to the left, so we see that the sources of a row are in
# order. That is the fact on which the envelope of chapter 1 rests. The last five receivers all take
# the last cell: for the first of them it is the very place four cells to the right, and for the
# other four this place lies off the row.

# %% [markdown]
# ## 2.2 Two passes, many maps
#
# As in Eq. 1.7, we do the rows first and then the columns of the result. A column pass is a row
# pass on the transposed map, so we need no new function.


# %%
def message_plain(score, stiffness, rest):
    """Both passes, left to autograd: score (N, H, W), springs (N, 2) -> (N, H, W)."""
    across, _ = max_plus(score, stiffness[:, 0], rest[:, 0])
    message, _ = max_plus(across.mT, stiffness[:, 1], rest[:, 1])
    return message.mT


def springs(N, dtype=torch.float64):
    """N random springs that pull."""
    return 0.01 + torch.rand(N, 2, dtype=dtype), 6 * torch.randn(N, 2, dtype=dtype)


some = torch.randn(6, 20, 31, dtype=torch.float64), *springs(6)
difference = message_plain(*some).numpy() - distance_transform_numpy(*some)[0]
off = np.abs(difference).max()
print(f"six random maps, against chapter 1: off by {off:.9f} at most")

# %% [markdown]
# ## 2.3 What plain autograd does with it
#
# Those three lines are correct, differentiable, and expensive, because all
# $N \cdot H \cdot W \cdot W$ candidates exist at once. Do they stay in memory until the backward
# pass? We use `LiveBytes` (in `experiments/speed/memory.py`), which watches every tensor that is
# made and adds up the bytes that are alive. It is a count, and so it is the same on every machine.
# The map is Paper A's, 46 x 46 cells, and all numbers are per map.


# %%
def bytes_taken(function, N=64, size=46):
    """Bytes per map: the forward pass at its peak, kept for the backward, its peak."""
    score, (stiffness, rest) = torch.randn(N, size, size), springs(N, torch.float32)
    leaves = [t.requires_grad_() for t in (score, stiffness, rest)]
    with LiveBytes() as memory:
        message = function(*leaves)
        forward, kept = memory.peak, memory.now - message.nbytes
        memory.peak = memory.now
        message.sum().backward()
    return np.array([forward, kept, memory.peak]) / N


def report(name, taken):
    forward, kept, backward = taken / 1e6
    print(f"{name:17} forward {forward:.3f} MB, kept {kept:.3f} MB,",
          f"backward {backward:.3f} MB a map")


plain = bytes_taken(message_plain)
report("plain autograd", plain)
messages = 6 * 2 * (5 * 18 + 4 * 13)  # both ways: pairs in frames, joints over time
print(f"{messages} messages: {messages * plain.max() / 1e9:.1f} GB at the peak;",
      f"three rounds of them keep {3 * messages * plain[1] / 1e9:.2f} GB")

# %% [markdown]
# Why so many messages? In Paper A's joint training, 6 clips of 5 frames go through the network
# together. In each frame there are 18 pairs of joints that talk: 12 limbs, and 6 pairs of left and
# right. Between one frame and the next, each of the 13 joints talks with itself, and this happens 4
# times in a clip. Every pair talks both ways, so a clip has
# $2 \cdot (5 \cdot 18 + 4 \cdot 13) = 284$ messages. All of them are passed three times, and each
# time is called a *round*, because what a joint has heard changes what it has to say (chapter 4).
#
# So we see that autograd does *not* keep the candidates. `max` remembers only where each maximum
# was, which takes eight bytes a cell and pass, and two tables of prices a pass make up the other
# half of what is kept. However, the backward pass builds the gradient of all candidates in full.
# Almost all of it is zeros, and it is built only to be added up again. Since one candidate out of
# $W$ has a gradient, a message deserves a backward pass that knows this.
#
# The forward pass is easily tamed. We take a few maps at a time, so that their candidates fit into
# the processor's cache.

# %% tags=["export:tslib.distance_transform.layer"]
CANDIDATES = {"cpu": 2**19, "cuda": 2**27}  # at a time; they must fit a cache


def max_plus_chunked(score, stiffness, rest):
    """The same as max_plus, a few maps or rows at a time."""
    N, R, n = score.shape
    limit = CANDIDATES.get(score.device.type, CANDIDATES["cuda"])
    maps, rows = max(1, limit // (R * n * n)), min(R, max(1, limit // (n * n)))
    message = torch.empty_like(score, memory_format=torch.contiguous_format)
    source = torch.empty(score.shape, dtype=torch.int64, device=score.device)
    for i in range(0, N, maps):
        a, mu = stiffness[i : i + maps], rest[i : i + maps]
        for r in range(0, R, rows):
            part = slice(i, i + maps), slice(r, r + rows)
            message[part], source[part] = max_plus(score[part], a, mu)
    return message, source


# %%
maps, (a, mu) = torch.randn(70, 33, 46), (t[:, 0] for t in springs(70, torch.float32))
(m, q), (m_chunked, q_chunked) = (f(maps, a, mu) for f in (max_plus, max_plus_chunked))
print(f"of {m.numel()} cells, {(m != m_chunked).sum()} messages and",
      f"{(q != q_chunked).sum()} sources differ in any bit")

# %% [markdown]
# ## 2.4 The gradients, on paper
#
# Paper A (Sec. 3.3) differentiates the message as one differentiates max pooling, in which the
# whole gradient of a maximum goes to the one number that was the largest. Around almost every point
# one sender wins by a margin. Therefore a small change of anything leaves the winner $q^*(p)$ in
# place, and the maximum is simply *its* offer:
#
# $$m(p) = s(q^*) - a_x (\Delta^*_x - \mu_x)^2 - a_y (\Delta^*_y - \mu_y)^2, \qquad \Delta^* = q^*(p) - p. \tag{2.2}$$
#
# We differentiate that line:
#
# $$\frac{\partial m(p)}{\partial s(q)} = [q = q^*(p)], \;\;
# \frac{\partial m(p)}{\partial \mu} = 2 a (\Delta^* - \mu), \;\; \frac{\partial m(p)}{\partial a} = -(\Delta^* - \mu)^2, \tag{2.3}$$
#
# where the bracket is 1 if the statement in it is true and 0 if not. The last two formulas hold for
# each axis by itself, with its own $a$, $\mu$ and $\Delta^*$.
#
# The paper states the first of these. For its weights $w$ it states
# $\partial m / \partial w = d(\Delta^*)$ with
# $d(\Delta) = [\Delta_x, \Delta_x^2, \Delta_y, \Delta_y^2]$, which are the features of the
# *displacement*. The paper's spring is $w_1 \Delta + w_2 \Delta^2$ along each axis. With
# $w_1 = 2 a \mu$, $w_2 = -a$ and the constant $-a\mu^2$, which the paper leaves out and we keep,
# the chain rule leads from one form to the other. In array form: we add the gradient `g[p]` to the
# score's cell `source[p]`, and each spring gets one sum over all receivers.

# %% [markdown]
# ## 2.5 The gradients, in code
#
# `backward` needs the source of every cell and the springs, and nothing else. On a 46 x 46 map a
# source is two numbers below 256, so it can be kept in two bytes. We write three pieces: what keeps
# an index small, what sums up the springs' gradients, and the *Function* that puts them together.
# (A `torch.autograd.Function` is an operation for which we write both the forward and the backward
# pass ourselves.)


# %% tags=["export:tslib.distance_transform.layer"]
def smallest(index):
    """The index map in the smallest integers that hold it, for keeping."""
    for dtype in (torch.uint8, torch.int16):
        if max(index.shape[-2:]) <= torch.iinfo(dtype).max + 1:
            return index.to(dtype)
    return index.to(torch.int32)


def spring_gradients(gradient, column, row, stiffness, rest):
    """Gradients (N, 2) of stiffness and rest, summed over all receivers (Eq. 2.3)."""
    H, W = gradient.shape[-2:]
    to_stiffness, to_rest = torch.empty_like(stiffness), torch.empty_like(rest)
    p = torch.arange(max(H, W), dtype=gradient.dtype, device=gradient.device)
    for axis, stretch in enumerate((column - p[:W], row - p[:H, None])):
        stretch = stretch - rest[:, axis, None, None]
        to_rest[:, axis] = 2 * stiffness[:, axis] * (gradient * stretch).sum((1, 2))
        to_stiffness[:, axis] = -(gradient * stretch.square()).sum((1, 2))
    return to_stiffness, to_rest


# %% tags=["export:tslib.distance_transform.layer"]
class DistanceTransform(torch.autograd.Function):
    """score (N, H, W), springs (N, 2) -> message, source (N, H, W) (Eqs. 2.2, 2.3)."""

    @staticmethod
    def forward(ctx, score, stiffness, rest):
        a, mu, W = stiffness.mT, rest.mT, score.shape[-1]
        across, column = max_plus_chunked(score, a[0], mu[0])
        message, row = max_plus_chunked(across.mT.contiguous(), a[1], mu[1])
        message, row = message.mT.contiguous(), row.mT
        column = column.gather(1, row)  # the winning row's winning column
        ctx.save_for_backward(smallest(column), smallest(row), stiffness, rest)
        source = row * W + column
        ctx.mark_non_differentiable(source)
        return message, source

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient, _):
        column, row, stiffness, rest = ctx.saved_tensors
        N, H, W = gradient.shape
        source = (row.long() * W + column).flatten(1)
        to_score = torch.zeros_like(gradient).flatten(1)
        to_score.scatter_add_(1, source, gradient.flatten(1))
        springs = spring_gradients(gradient, column, row, stiffness, rest)
        return to_score.view(N, H, W), *springs


# %% [markdown]
# The `gather` is the composed arg-max of section 1.6, and `stretch` is $\Delta^* - \mu$. Our
# **first check** compares the gradients with those of plain autograd, on random maps and for a
# random gradient from above.


# %%
def message_ours(score, stiffness, rest):
    return DistanceTransform.apply(score, stiffness, rest)[0]


leaves = [torch.randn(5, 13, 17, dtype=torch.float64), *springs(5)]
upstream = torch.randn(5, 13, 17, dtype=torch.float64)
names = ("score", "stiffness", "rest")


def gradients_of(function):
    """Gradients of score, stiffness and rest, for the random gradient from above."""
    message = function(*(t.requires_grad_() for t in leaves))
    return torch.autograd.grad(message, leaves, upstream)


expected = gradients_of(message_plain)
for name, theirs, ours in zip(names, expected, gradients_of(message_ours)):
    print(f"gradient of {name:9} up to {theirs.abs().max():6.1f},",
          f"off by {(theirs - ours).abs().max():.9f} at most")

# %% [markdown]
# The **second check** asks no other code at all. `gradcheck` moves every single input by a hair, in
# float64, and compares the finite differences with our gradients. It raises an error where they
# disagree.

# %%
tiny = [torch.randn(2, 6, 8, dtype=torch.float64), *springs(2)]
tiny = [t.requires_grad_() for t in tiny]
assert torch.autograd.gradcheck(message_ours, tiny)
inputs = sum(t.numel() for t in tiny)
print("gradcheck moved", inputs, "inputs and found no disagreement")

# %% [markdown]
# And what have we gained? We count the memory as before.

# %%
ours = bytes_taken(message_ours)
report("plain autograd", plain)
report("DistanceTransform", ours)
print(f"kept: {plain[1] / ours[1]:.0f} times less;",
      f"at the peak: {plain.max() / ours.max():.0f} times less")

# %% [markdown]
# The picture shows the same in bytes per cell of a map: for each of the three moments, plain
# autograd above and our Function below.

# %%
fig, ax = plt.subplots(figsize=(8.5, 3))
where = np.arange(3)
for shift, taken, color in ((-0.2, plain, RED), (0.2, ours, BLUE)):
    label = "plain autograd" if taken is plain else "DistanceTransform"
    bars = ax.barh(where + shift, taken / 46**2, 0.38, color=color, label=label)
    ax.bar_label(bars, fmt="%.0f", padding=3)
ax.set_yticks(where, ["forward, peak", "kept", "backward, peak"])
ax.set_xlabel("bytes per cell of a map")
ax.invert_yaxis()
ax.legend(fontsize=10)
show("Bars of bytes per cell. Plain autograd takes 228 at the forward peak, keeps 32 "
     "and takes 404 at the backward peak; DistanceTransform takes 44, keeps 2 and "
     "takes 46.")

# %% [markdown]
# ## 2.6 Where the gradient goes
#
# The **third check** is also a look inside. Let the loss be the sum of the whole message, so that
# every receiver sends back exactly 1. Then the score's gradient *counts*: how many receivers chose
# this cell? Its sum has to be the number of receivers.

# %%
H, W = 18, 28
Y, X = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
peaks = [(20, 13, 1.0), (8, 5, 0.8)]
wrist = sum(h * torch.exp(-((X - x) ** 2 + (Y - y) ** 2) / 5.12) for x, y, h in peaks)
wrist = wrist[None].double().requires_grad_()
spring = torch.tensor([[0.02, 0.04]]).double(), torch.tensor([[6.0, 3.0]]).double()
message, source = DistanceTransform.apply(wrist, *spring)
message.sum().backward()

receivers = torch.bincount(source.flatten(), minlength=H * W).view(1, H, W)
assert torch.equal(wrist.grad, receivers.double())
print(f"the gradient's sum is {int(wrist.grad.sum())}, and the map has {H * W} cells")
print(f"{(receivers == 0).double().mean():.0%} of the cells get none,",
      f"the busiest serves {receivers.max()}")

# %% [markdown]
# The next picture shows the wrist's score (upper left), the message to the elbow (upper right), and
# below, for each cell of the sender, how many receivers chose it. Cells that nobody chose are
# white.

# %%
counted = torch.where(receivers > 0, receivers.double(), -torch.inf)
panels = [["score", "message"], ["count", "."]]
fig, axes = plt.subplot_mosaic(panels, figsize=(9.5, 5.6))
show_map(axes["score"], wrist[0].detach(), "score")
show_map(axes["message"], message[0].detach(), "message")
show_map(axes["count"], counted[0], "receivers per cell", cmap="viridis", norm="log")
show("Upper left, a score with two peaks. Upper right, the message with two broad "
     "hills. Lower left, the number of receivers of each cell: white at the upper and "
     "left border and around both peaks, yellow, green and blue at the peaks, "
     "blue-green along the right border, blue to indigo along the lower one, "
     "yellow-green in the corner between them, and dark elsewhere, where it is one.")

# %% [markdown]
# This is how our end-to-end training will reach the heat-maps: through the cells that somebody
# chose, here a third of all, with a weight that says how many did. The two peaks collect crowds,
# and each dark cell serves the one receiver that lies a rest offset away. The first six columns and
# the first three rows are white, because their receivers would lie off the map, and so are the
# surroundings of the peaks, because their receivers rather take a peak at a price. The crowd on the
# right edge and at the bottom is an artefact that you should know. Nearly all receivers whose rest
# offset leads out of the map take the last cell of a row or column. (A few of them lie near enough
# to the strong peak to take one of its cells.)
#
# An easy mistake is to put the *position* of the source where the displacement belongs in the
# spring's gradient. It is a small step from $\Delta^*$ to $q^*$, and nothing crashes:


# %%
class SpringGradientWrong(DistanceTransform):
    """Measures the stretch from cell 0 instead of from the receiver."""

    @staticmethod
    def backward(ctx, gradient, _):
        column, row, stiffness, rest = ctx.saved_tensors
        to_score = DistanceTransform.backward(ctx, gradient, _)[0]
        stretch = torch.stack([column, row], -1) - rest[:, None, None]  # where is p?
        weighted = gradient[..., None] * stretch
        to_stiffness = -(weighted * stretch).sum((1, 2))
        return to_score, to_stiffness, 2 * stiffness * weighted.sum((1, 2))


def message_wrong(*arguments):
    return SpringGradientWrong.apply(*arguments)[0]


assert not torch.autograd.gradcheck(message_wrong, tiny, raise_exception=False)
for name, right, wrong in zip(names, expected, gradients_of(message_wrong)):
    print(f"gradient of {name:9} off by {(right - wrong).abs().max():6.1f} at most")

# %% [markdown]
# The score's gradient is right, but those of the springs are far off, and `gradcheck` refuses them.
# Without such a check we would only see a training that learns badly.
#
# ### At a tie
#
# Where two senders offer the same, the maximum has a kink and no derivative. Paper A speaks of a
# *sub-gradient*, and any mixture of the two winners' gradients is one. Ours gives all to the lowest
# cell. Finite differences see the left and the right slope, and they report the mean:

# %%
tie = torch.tensor([[[1.0, 0.0, 1.0]]], dtype=torch.float64, requires_grad=True)
quarter = torch.full((1, 2), 0.25, dtype=torch.float64), torch.zeros(1, 2).double()


def middle(score):
    """The message to the middle cell: two senders offer 0.75."""
    return message_ours(score, *quarter)[0, 0, 1]


middle(tie).backward()
steps = 1e-6 * torch.eye(3, dtype=torch.float64).view(3, 1, 1, 3)
finite = [(middle(tie + d) - middle(tie - d)).item() / 2e-6 for d in steps]
print("our gradient:", tie.grad.flatten().tolist(),
      " finite differences:", np.round(finite, 3).tolist())

# %% [markdown]
# Both are right. Therefore we compare gradients on data without ties. And we compare sources by
# what they offer, unless the arithmetic is exact (with numbers like quarters), because after
# rounding two versions may see a tie differently in the last bit.

# %% [markdown]
# ## 2.7 Verified, case by case
#
# `distance_transform` in `tslib` puts a door before this Function, which checks its arguments and
# broadcasts them. Behind the door there are also two faster ways to the same numbers (chapter 11),
# and `choose_backend` names the one for a device. On this machine we can run the plain way,
# `torch`, and the one that `choose_backend` names (`compiled` on a CPU and `triton` on a GPU, where
# their packages are there). We hold each of them against chapter 1. We do it on the kinds of input
# that break such code. The tests of `tslib` do the same on more than a thousand drawn cases.

# %%
from tslib.distance_transform import choose_backend, distance_transform

devices = ["cpu"] + ["cuda"] * torch.cuda.is_available()
ways = [(device, way) for device in devices
        for way in {"torch", choose_backend(device)}]
quarters = torch.randint(0, 4, (4, 12, 12)) / 4
masked = torch.randn(3, 9, 14).masked_fill(torch.rand(3, 9, 14) < 0.6, -torch.inf)
far = torch.full((2, 2), 0.5), torch.tensor([[19.5, -20.0], [-17.0, 18.25]])
cases = {
    "random": (torch.randn(4, 12, 12), springs(4)),
    "tied: multiples of 1/4": (quarters, (torch.full((4, 2), 0.25), torch.zeros(4, 2))),
    "constant": (torch.ones(2, 7, 9), springs(2)),
    "one row": (torch.randn(2, 1, 50), springs(2)),
    "one column": (torch.randn(2, 50, 1), springs(2)),
    "not square": (torch.randn(2, 5, 33), springs(2)),
    "not contiguous": (torch.randn(9, 3, 12).permute(1, 2, 0), springs(3)),
    "rest far outside the map": (torch.randn(2, 8, 8), far),
    "masked by -inf": (masked, springs(3)),
    "4 springs on each of 3 maps": (torch.randn(3, 1, 10, 11), springs(4)),
}

# %%
for name, (maps, spring) in cases.items():
    expected, places = distance_transform_numpy(maps, *spring)
    off, others = 0, 0
    for device, way in ways:
        given = maps.double().to(device)
        m, q = distance_transform(given, *spring, return_source=True, backend=way)
        off = max(off, np.abs(m.cpu().numpy() - expected).max())
        others += np.sum(q.cpu().numpy() != places)
    print(f"{name:28} message off by {off:.9f}, other sources {others}")

# %% [markdown]
# ## 2.8 What float32 costs
#
# The twenty-four bits of a float32's *significand*, its digits without the power of two, hold about
# seven decimal digits. The price of an offset is small, but the score may be large: after a few
# rounds of messages that are summed and never normalised, it will be. So let us add a constant to
# all scores. In exact arithmetic the message grows by that constant and the sources stay.

# %%
maps, loose = torch.rand(20, 46, 46), (torch.full((20, 2), 0.01), torch.zeros(20, 2))
exact, places = distance_transform(maps.double(), *loose, return_source=True)
constants, errors, moved = 10.0 ** np.arange(0, 7), [], []
for constant in constants:
    m, q = distance_transform(maps + constant, *loose, return_source=True)
    errors.append((m.double() - constant - exact).abs().max().item())
    moved.append((q != places).double().mean().item())

roundings = 3 * 2.0**-24 * (constants + 1)  # adding it, the row pass, the column pass
assert (np.array(errors) <= roundings).all()
for constant, share in zip(constants, moved):
    print(f"wrong sources at +{constant:9,.0f}: {share:5.1%}")

# %% [markdown]
# The next picture shows the largest error of our message over the constant, on logarithmic axes.
# The dotted line is the error of three roundings, which we have asserted above as a bound, and the
# dashed line is the price of a stretch of one cell.

# %%
fig, ax = plt.subplots(figsize=(8.5, 3.6))
ax.loglog(constants, errors, "o-", color=BLUE, label="largest error of the message")
ax.loglog(constants, roundings, ":", color=GREY, label="three roundings")
ax.axhline(0.01, color=RED, lw=1.5, ls="--", label="price of one cell's stretch")
ax.set(xlabel="constant added to all scores", ylabel="score units")
ax.legend(fontsize=10)
show("The largest error grows in proportion to the constant, below the dotted line of "
     "three roundings, from a ten-millionth at 1 to a tenth at a million. It reaches "
     "the price of one cell's stretch, 0.01, at a hundred thousand.")

# %% [markdown]
# We see that more than one source in two hundred is wrong where the error comes to about a tenth of
# the price of one cell's stretch. (At a hundredth of the price the table has 0.0 %, which means
# less than one in two thousand.) Where the error comes to the price itself, one in twenty is wrong,
# and where it is eight times as large, a third are. On scores around 1, float32 is ample. Therefore
# message passing will have to keep them there (chapter 4).

# %% [markdown]
# ## 2.9 What moved to `tslib`
#
# `max_plus`, `max_plus_chunked`, `smallest`, `spring_gradients` and `DistanceTransform` are in
# `tslib/distance_transform/layer.py`, and a test holds the two equal. The faster back ends are in
# `tslib/kernels`. What the next chapters import is
#
# ```python
# from tslib.distance_transform import distance_transform
# message = distance_transform(score, stiffness, rest)  # return_source=True for the places
# ```
#
# and, for a whole graph at once, `tslib.message_passing.pass_messages`.
#
# You may have wondered about one thing. Chapter 1 praised the envelope because it needs far fewer
# steps, and now we compare everything with everything. The optional chapter 11, *make messages
# fast*, explains when and why that is the faster way, which senders cannot win at all, and how a
# processor compares the others. No other chapter needs it.

# %% [markdown]
# ## Exercises
#
# **Exercise 2.1 Max-plus** (easy, 5 minutes). Multiply two matrices in max-plus arithmetic:
# $M[i, j] = \max_k (A[i, k] + B[k, j])$.


# %%
def max_plus_product(A, B):
    """A (R, n), B (n, m) -> (R, m)."""
    raise NotImplementedError


check.exercise_2_1(max_plus_product)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Give $A$ a new axis at the end and $B$ one at the beginning, so that both are `(R, n, m)`.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def max_plus_product(A, B):
#     return (A[:, :, None] + B[None]).amax(1)
# ```
#
# </details>

# %% [markdown]
# **Exercise 2.2 Send it back** (easy, 10 minutes). Given the gradient of a message and its sources,
# return the gradient of the score, without autograd.


# %%
def route(gradient, source):
    """gradient (H, W), source (H, W) flat int64 -> gradient of the score (H, W)."""
    raise NotImplementedError


check.exercise_2_2(route)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Several receivers may name the same source, and all of their gradients count. What does
# `x[i] += g` do when `i` holds an index twice?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def route(gradient, source):
#     flat = torch.zeros(gradient.numel(), dtype=gradient.dtype)
#     return flat.index_add(0, source.flatten(), gradient.flatten()).view_as(gradient)
# ```
#
# `x[i] += g` reads, adds and writes once per index, so that of two receivers one is lost.
#
# </details>

# %% [markdown]
# **Exercise 2.3 The paper's weights** (medium, 15 minutes). Paper A's spring is
# $\psi = w \cdot d$ with $d = [\Delta x, \Delta x^2, \Delta y, \Delta y^2]$ and
# $\Delta$ = sender - receiver. Return the gradient of the four weights.


# %%
def gradient_of_weights(gradient, source):
    """gradient (H, W), source (H, W) flat int64 indices -> (4,), in the order of d."""
    raise NotImplementedError


check.exercise_2_3(gradient_of_weights)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $\partial m(p) / \partial w = d(\Delta^*)$ at every receiver (Sec. 2.4), and a flat index is
# `y * W + x`.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def gradient_of_weights(gradient, source):
#     H, W = source.shape
#     dx = source % W - torch.arange(W)
#     dy = source // W - torch.arange(H)[:, None]
#     return torch.stack([(gradient * d).sum() for d in (dx, dx**2, dy, dy**2)])
# ```
#
# </details>

# %% [markdown]
# **Exercise 2.4 A softer maximum** (medium, 15 minutes). Replace the maximum of Eq. 2.1 by
# $\tau \log \sum_q \exp(\cdot / \tau)$. A small $\tau$ gives the maximum back. A large one
# lets every sender have a say, and a gradient.


# %%
def soft_message(score, stiffness, rest, temperature):
    """score (n,) -> message (n,), with the soft maximum of the given temperature."""
    raise NotImplementedError


check.exercise_2_4(soft_message)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `torch.logsumexp` does not overflow. The temperature appears twice.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def soft_message(score, stiffness, rest, temperature):
#     q = torch.arange(len(score), dtype=score.dtype)
#     offers = score - stiffness * (q - q[:, None] - rest) ** 2
#     return temperature * torch.logsumexp(offers / temperature, -1)
# ```
#
# </details>

# %% [markdown]
# **Exercise 2.5 Learn a spring** (medium, 20 minutes). The elbow is known to be in cell `target`.
# Start at rest `(0, 0)` and follow the gradient uphill, to the rest offset at which the wrist's
# message at the target stops growing. Where the wrist's map has several peaks, this need not be the
# highest one: the gradient knows only of the sender that wins.


# %%
def learn_rest(score, target, stiffness):
    """score (H, W), target (x, y), stiffness (2,) -> the learnt rest offset (2,)."""
    raise NotImplementedError


check.exercise_2_5(learn_rest)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $m(\text{target})$ is a scalar. Take its gradient for `rest` and go *uphill*. Eq. 2.3 tells how
# large a step is safe, because the gradient is $2a$ times the stretch.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def learn_rest(score, target, stiffness):
#     x, y = target
#     rest = torch.zeros(2, dtype=score.dtype, requires_grad=True)
#     for _ in range(50):
#         value = distance_transform(score, stiffness, rest)[y, x]
#         (slope,) = torch.autograd.grad(value, rest)
#         rest = (rest + 0.25 * slope / stiffness).detach().requires_grad_()
#     return rest.detach()
# ```
#
# Each step halves the stretch. Now try it on the wrist of section 2.6, which is
# `wrist[0].detach()`, with the target `(2, 2)` and the stiffness used there, which is
# `torch.tensor([0.02, 0.04]).double()` (the name `spring` stands for another one since section
# 2.7): the rest offset stays at `(0, 0)`. An empty cell at the rest offset is served free of
# charge, so its stretch is 0, and so is the gradient. A better wrist six cells away is never
# noticed. Springs that start at the mean offset of the data do not fall into this trap.
#
# </details>

# %% [markdown]
# **Exercise 2.6 Share a tie** (medium, 20 minutes). Our backward pass gives a tie to the lowest
# sender. Write one for a single row that shares each receiver's gradient equally among *all*
# senders that offer the maximum. The scores, the stiffness and the rest offset are multiples of a
# quarter, so ties are exact.


# %%
def shared_gradient(score, gradient, stiffness, rest):
    """score, gradient (n,); stiffness, rest numbers -> gradient of the score (n,)."""
    raise NotImplementedError


check.exercise_2_6(shared_gradient)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Build the table of all offers, `(receiver, sender)`, and mark in each line those that equal the
# line's maximum. Divide by their number.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def shared_gradient(score, gradient, stiffness, rest):
#     q = torch.arange(len(score), dtype=score.dtype)
#     offers = score - stiffness * (q - q[:, None] - rest) ** 2
#     wins = (offers == offers.amax(1, keepdim=True)).to(score.dtype)
#     return gradient @ (wins / wins.sum(1, keepdim=True))
# ```
#
# This is what `torch.amax` does, while `torch.max(dim)` gives the gradient to one of them. Both are
# sub-gradients, and on data without ties they are the same.
#
# </details>

# %% [markdown]
# **Exercise 2.7 How large may the scores grow?** (easy, 10 minutes). In section 2.8 more than one
# source in two hundred was wrong where rounding came to a tenth of the price of one cell's stretch.
# Return the largest power of ten at which neighbouring float32 numbers still lie no further apart
# than a tenth of that price. Take their exact distance, and not a rule of thumb.


# %%
def largest_scores(stiffness):
    """The price of one cell's stretch -> the largest power of ten that is safe."""
    raise NotImplementedError


check.exercise_2_7(largest_scores)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.spacing(np.float32(x))` is the distance from `x` to the next float32. Go up from a small power
# of ten.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def largest_scores(stiffness):
#     power = -30
#     while np.spacing(np.float32(10.0 ** (power + 1))) <= stiffness / 10:
#         power += 1
#     return 10.0**power
# ```
#
# For a stiffness of 0.01 it is ten thousand, where the table of section 2.8 has its first share
# above 0.0 %. As a rule, each stiffness ten times smaller leaves a tenth of the room. (The rule has
# exceptions, because the distance of neighbouring float32 numbers doubles at powers of two: 0.00001
# leaves 10, and 0.000001 only 0.1.)
#
# </details>

# %% [markdown]
# ## Recap
#
# - A message is a matrix product in max-plus arithmetic (Sec. 2.1), one for the rows and one for
#   the columns (Sec. 2.2).
# - Plain autograd keeps only arg-maxes and prices, but its backward pass rebuilds all candidates. A
#   Function that knows its sources keeps two bytes a cell (Sec. 2.3, 2.5).
# - The gradient of a score goes to its source, whole. A spring's gradient is made of displacements,
#   never of positions (Sec. 2.4, 2.6).
# - At a tie any mixture is a sub-gradient, and finite differences show the mean (Sec. 2.6). Float32
#   is ample while scores stay near 1 (Sec. 2.8).
#
# **In practice**
#
# - Paper A stores "the resulting max location $p^*$ for each pixel" (Sec. 3.3). We store it in the
#   smallest integer that holds it, and the springs, and nothing else.
# - Gradients cannot be taken twice through this Function. `once_differentiable` makes torch raise
#   an error where somebody tries, because we have checked the first gradient only, and an error is
#   better than a number that nobody has checked.
# - On a GPU, `scatter_add_` adds in no fixed order, so the last bits of the score's gradient may
#   differ from run to run. The back end of chapter 11 that is written in Triton, a language for
#   programs on a GPU, adds in order.
# - All back ends round the price alike and break ties alike. Otherwise a loop of messages would
#   follow another winner in one of them, and its gradient would differ by far more than rounding.
# - The paper learns $w$, and we learn $a$ and $\mu$, which move the same parabola. In training the
#   difference matters, because with $w$ a growing stiffness shrinks the rest offset $w_1 / 2a$.

# %% [markdown]
# ## Quiz
#
# **1.** A map has 504 cells, and the loss is the sum of the message. What is the sum of the score's
# gradient, and can it be 504 although two thirds of the cells have none?
#
# <details><summary>Answer</summary>
#
# It is 504, because every receiver sends back 1 and gives it to exactly one sender. Only a third of
# the cells are chosen. Most of these serve one receiver, but some serve dozens, and the busiest
# serves 45.
#
# </details>
#
# **2.** At which receivers is the gradient of the rest offset zero, and what does this mean for
# learning it?
#
# <details><summary>Answer</summary>
#
# Where the winner sits exactly at the rest offset, since $2a(\Delta^* - \mu)$ is zero there. So
# receivers that are served free of charge teach the spring nothing, and a spring that starts in an
# empty region may never move.
#
# </details>
#
# **3.** Why is it enough to keep two bytes for a cell, although the forward pass compared 92
# candidates for it?
#
# <details><summary>Answer</summary>
#
# The gradient depends only on who won. On a map of at most 256 cells each way, the winner's row and
# column fit into one byte each, and everything else in Eq. 2.3 can be computed from them and the
# springs.
#
# </details>
#
# **4.** Somebody's `gradcheck` fails on a map of zeros. Is the code wrong?
#
# <details><summary>Answer</summary>
#
# Not necessarily. On a constant map there may be exact ties (for example with a rest offset half
# way between two cells), and there finite differences report a mean of two slopes while the code
# follows one winner. One should check on data without ties.
#
# </details>
#
# **5.** Scores near 100,000 are passed on in float32 with a stiffness of 0.01. What goes wrong, and
# would float64 mend it?
#
# <details><summary>Answer</summary>
#
# Neighbouring float32 numbers there lie almost as far apart as the price of a cell's stretch, so
# rounding decides some sources. In float64 the same spacing is reached only at far larger scores,
# so it would mend it. It would be cheaper to keep the scores near 1.
#
# </details>

# %% [markdown]
# ## References
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network: A Deep
#   Structured Model for Pose Estimation in Videos*, CVPR 2017. Read Sec. 3.3 for the gradients,
#   after Eq. 4.
# - P. Felzenszwalb, D. Huttenlocher, *Distance Transforms of Sampled Functions*, Theory of
#   Computing 8, 2012. Read it for max-plus (there: min-plus) convolution.
# - F. Baccelli, G. Cohen, G. J. Olsder, J.-P. Quadrat, *Synchronization and Linearity*, 1992. It
#   takes an arithmetic with max for plus in earnest.
