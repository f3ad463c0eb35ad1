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
# **You'll build** the transform of chapter 1 as a torch function: batched, on any device, differentiable in the score, the stiffness
# and the rest offset, and frugal with memory.
#
# **You'll learn**
#
# - to write the message as a matrix product in another arithmetic, max-plus;
# - what plain autograd does with it, counted in bytes;
# - Paper A's gradients: derive them, code them in a custom `autograd.Function`, and check them in three ways;
# - what happens at a tie, and what float32 costs;
# - when comparing everything beats the algorithm that takes far fewer steps, and why;
# - which senders cannot win, exactly, and how a processor compares the others sixteen receivers at a time.
#
# **You'll need** chapter 1, torch tensors and `backward()`. No GPU (where there is one, section 2.7 uses it); about half a
# minute on two cores, an hour and a half of yours with the exercises. Paper A is *Thin-Slicing Network* (Song et al., CVPR 2017).

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
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from exercises import chapter_02 as check
from experiments.speed.memory import LiveBytes
from style import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, show_map

from tslib.distance_transform import distance_transform_numpy

_ = torch.manual_seed(0)

# %% [markdown]
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
# Chapter 1 found, for one row, the best of all senders (Eq. 1.4). Write the price of each pair of cells into a matrix,
# $C[p, q] = a (q - p - \mu)^2$. Then
#
# $$m[p] = \max_q \bigl( s[q] - C[p, q] \bigr). \tag{2.1}$$
#
# Compare with an ordinary matrix product, $m[p] = \sum_q A[p, q] \cdot s[q]$: the sum became a maximum, the product a
# sum (with $A = -C$). This arithmetic is called *max-plus*. In array form: put the senders on a new last axis, subtract, take the maximum. `max(-1)`
# returns the first of equal maxima, which is the tie rule of chapter 1.


# %% tags=["export:tslib.distance_transform.layer"]
def max_plus(score, stiffness, rest):
    """score (N, R, n) -> message and source (N, R, n), along the last axis (Eq. 2.1)."""
    q = torch.arange(score.shape[-1], dtype=score.dtype, device=score.device)
    stretch = q - q[:, None] - rest[:, None, None]  # (N, n of p, n of q)
    cost = stiffness[:, None, None] * stretch.square()
    return (score[:, :, None, :] - cost[:, None]).max(-1)


# %%
five = torch.tensor([[[0.0, 3, 0, 0, 2]]])
m, q = max_plus(five, stiffness=torch.ones(1), rest=torch.zeros(1))
print("chapter 1's row: message", m.flatten().tolist(), " source", q.flatten().tolist())

# %%
n, a, mu = 40, 0.01, 4.0
q = torch.arange(n)
row = torch.exp(-((q - 28.0) ** 2) / 8) + 0.8 * torch.exp(-((q - 8.0) ** 2) / 8)
message, source = max_plus(row.view(1, 1, n), torch.tensor([a]), torch.tensor([mu]))
offers = row - a * (q - q[:, None] - mu) ** 2
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6))
image = left.imshow(offers, vmin=-1, aspect="auto")
left.plot(source.flatten(), q, "o", ms=4, color="white")
left.set(xlabel="sender q (cells)", ylabel="receiver p (cells)")
left.set_title("one line a receiver: its offers s[q] - C[p, q], dot: the best")
fig.colorbar(image, ax=left)
right.plot(q, row, color=GREY, label="score s")
right.plot(q, message.flatten(), color=ORANGE, lw=2.5, label="message m: each line's best")
right.set(xlabel="cell", title="s moved by -4 and widened", ylim=(None, 1.5))
right.legend(loc="upper left")
plt.show()

# %% [markdown]
# The dots never go back to the left as $p$ grows: the sources of a row are in order. That is the fact on which the envelope of chapter 1 rests.

# %% [markdown]
# ## 2.2 Two passes, many maps
#
# Rows first, then columns of the result, exactly as Eq. 1.7; a column pass is a row pass on the transposed map.


# %%
def message_plain(score, stiffness, rest):
    """Both passes, left to autograd: score (N, H, W), springs (N, 2) -> message (N, H, W)."""
    across, _ = max_plus(score, stiffness[:, 0], rest[:, 0])
    message, _ = max_plus(across.mT, stiffness[:, 1], rest[:, 1])
    return message.mT


def springs(N, dtype=torch.float64):
    """N random springs that pull."""
    return 0.01 + torch.rand(N, 2, dtype=dtype), 6 * torch.randn(N, 2, dtype=dtype)


some = torch.randn(6, 20, 31, dtype=torch.float64), *springs(6)
print("equal to chapter 1:", np.allclose(message_plain(*some), distance_transform_numpy(*some)[0]))

# %% [markdown]
# ## 2.3 What plain autograd does with it
#
# Those two lines are correct, differentiable, and expensive: all $N \cdot H \cdot W \cdot W$ candidates exist at once. Do they stay? `LiveBytes` (in
# `memory.py`) watches every tensor that is made, and adds up the bytes alive: a count, the same on every machine. The map is
# Paper A's, 46 x 46; the numbers are per map.


# %%
def bytes_taken(function, N=64, size=46):
    """Bytes per map: forward pass at its peak, kept for the backward pass, that one's peak."""
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
    print(f"{name:17} forward {forward:.3f} MB, kept {kept:.3f} MB, backward {backward:.3f} MB a map")


plain = bytes_taken(message_plain)
report("plain autograd", plain)
messages = 6 * 284  # 6 clips of 5 frames, 284 messages in each
print(f"{messages} messages: {messages * plain.max() / 1e9:.1f} GB at the peak;",
      f"three rounds of them keep {3 * messages * plain[1] / 1e9:.2f} GB")

# %% [markdown]
# (1704 is what Paper A's joint training passes at a time: 6 clips of 5 frames, 13 joints, every limb, every left-right pair and every joint to its neighbour
# frames, both ways.)
#
# So autograd does *not* keep the candidates: `max` remembers only where each maximum was, eight bytes a cell and pass; two tables of prices a pass
# make up the other half of what is kept. But the backward pass builds the candidates' gradient in full, almost all of it zeros, only to add it up again. One candidate
# out of $W$ has a gradient; a message deserves a backward pass that knows this.
#
# The forward pass is easily tamed: a few maps at a time, so that the candidates fit into the processor's cache.

# %% tags=["export:tslib.distance_transform.layer"]
CANDIDATES = {"cpu": 2**19, "cuda": 2**27}  # compared at a time; on a CPU they have to fit its cache


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
equal = [torch.equal(*pair) for pair in zip(max_plus(maps, a, mu), max_plus_chunked(maps, a, mu))]
print("message and source equal, to the last bit:", equal)

# %% [markdown]
# ## 2.4 The gradients, on paper
#
# Paper A (Sec. 3.3) differentiates the message as one differentiates max pooling. Around almost every point one sender wins by a margin, so a small
# change of anything leaves the winner $q^*(p)$ in place, and the maximum is simply *its* offer:
#
# $$m(p) = s(q^*) - a_x (\Delta^*_x - \mu_x)^2 - a_y (\Delta^*_y - \mu_y)^2, \qquad \Delta^* = q^*(p) - p. \tag{2.2}$$
#
# Differentiate that line:
#
# $$\frac{\partial m(p)}{\partial s(q)} = [q = q^*(p)], \;\;
# \frac{\partial m(p)}{\partial \mu} = 2 a (\Delta^* - \mu), \;\; \frac{\partial m(p)}{\partial a} = -(\Delta^* - \mu)^2, \tag{2.3}$$
#
# where the bracket is 1 if the statement in it is true and 0 if not.
#
# The paper states the first one and, for its weights $w$, $\partial m / \partial w = d(\Delta^*)$ with $d(\Delta) = [\Delta_x, \Delta_x^2, \Delta_y, \Delta_y^2]$: the features of the
# *displacement*. With $w_1 = 2 a \mu$, $w_2 = -a$ and the constant $-a\mu^2$, which the paper leaves out and we keep, the chain rule leads from one form to the other. In array form: the gradient `g[p]` is added to the score's cell `source[p]`, and
# each spring gets one sum over all receivers.

# %% [markdown]
# ## 2.5 The gradients, in code
#
# `backward` needs the source of every cell and the springs, nothing else. A source on a 46 x 46 map is two numbers below 256: two bytes.


# %% tags=["export:tslib.distance_transform.layer"]
def smallest(index):
    """The index map in the smallest integers that hold it, for keeping."""
    for dtype in (torch.uint8, torch.int16):
        if max(index.shape[-2:]) <= torch.iinfo(dtype).max + 1:
            return index.to(dtype)
    return index.to(torch.int32)


class DistanceTransform(torch.autograd.Function):
    """score (N, H, W), springs (N, 2) -> message and source (N, H, W) (Eqs. 2.2, 2.3)."""

    @staticmethod
    def forward(ctx, score, stiffness, rest):
        N, H, W = score.shape
        across, column = max_plus_chunked(score, stiffness[:, 0], rest[:, 0])
        message, row = max_plus_chunked(across.mT.contiguous(), stiffness[:, 1], rest[:, 1])
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
        to_stiffness, to_rest = torch.empty_like(stiffness), torch.empty_like(rest)
        p = torch.arange(max(H, W), dtype=gradient.dtype, device=gradient.device)
        for axis, stretch in enumerate((column - p[:W], row - p[:H, None])):
            stretch = stretch - rest[:, axis, None, None]
            to_rest[:, axis] = 2 * stiffness[:, axis] * (gradient * stretch).sum((1, 2))
            to_stiffness[:, axis] = -(gradient * stretch.square()).sum((1, 2))
        return to_score.view(N, H, W), to_stiffness, to_rest


# %% [markdown]
# The composed arg-max of section 1.6 is the `gather`; the stretch is $\Delta^* - \mu$. **First check**: the same gradients as plain autograd.


# %%
def message_ours(score, stiffness, rest):
    return DistanceTransform.apply(score, stiffness, rest)[0]


leaves = [torch.randn(5, 13, 17, dtype=torch.float64), *springs(5)]
upstream = torch.randn(5, 13, 17, dtype=torch.float64)
gradients = [torch.autograd.grad(f(*(t.requires_grad_() for t in leaves)), leaves, upstream)
             for f in (message_plain, message_ours)]
for name, theirs, ours in zip(("score", "stiffness", "rest"), *gradients):
    print(f"gradient of {name:9} as plain autograd's: {torch.allclose(theirs, ours)}")

# %% [markdown]
# **Second check**: against no other code at all, but against finite differences. `gradcheck` moves every single input by a hair, in float64.

# %%
tiny = [t.requires_grad_() for t in (torch.randn(2, 6, 8, dtype=torch.float64), *springs(2))]
print("gradcheck, all three arguments:", torch.autograd.gradcheck(message_ours, tiny))

# %% [markdown]
# And the memory, counted as before:

# %%
ours = bytes_taken(message_ours)
report("plain autograd", plain)
report("DistanceTransform", ours)
print(f"kept: {plain[1] / ours[1]:.0f} times less; at the peak: {plain.max() / ours.max():.0f} times less")

# %%
fig, ax = plt.subplots(figsize=(8, 2.6))
where = np.arange(3)
for shift, taken, color in ((-0.2, plain, RED), (0.2, ours, BLUE)):
    label = "plain autograd" if taken is plain else "DistanceTransform"
    bars = ax.barh(where + shift, taken / 46**2, 0.38, color=color, label=label)
    ax.bar_label(bars, fmt="%.0f", padding=3)
ax.set_yticks(where, ["forward, peak", "kept", "backward, peak"])
ax.set_xlabel("bytes per cell of a map")
ax.invert_yaxis()
ax.legend()
plt.show()

# %% [markdown]
# ## 2.6 Where the gradient goes
#
# **Third check**, and a look inside. Let the loss be the sum of the whole message, so every receiver sends back exactly 1. Then the score's gradient
# *counts*: how many receivers chose this cell? Its sum is the number of receivers.

# %%
H, W = 18, 28
Y, X = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
strong, weak = (torch.exp(-((X - x) ** 2 + (Y - y) ** 2) / 5.12) for x, y in ((20, 13), (8, 5)))
wrist = (strong + 0.8 * weak)[None].double().requires_grad_()
spring = torch.tensor([[0.02, 0.04]]).double(), torch.tensor([[6.0, 3.0]]).double()
message, source = DistanceTransform.apply(wrist, *spring)
message.sum().backward()

receivers = torch.bincount(source.flatten(), minlength=H * W).view(1, H, W)
print("the gradient counts the receivers:", torch.equal(wrist.grad, receivers.double()))
print(f"together {int(wrist.grad.sum())}, cells of the map {H * W};",
      f"{(receivers == 0).double().mean():.0%} of the cells get none, the busiest serves {receivers.max()}")

# %%
counted = torch.where(receivers > 0, receivers.double(), -torch.inf)
fig, axes = plt.subplots(1, 3, figsize=(13, 3), sharey=True)
show_map(axes[0], wrist[0].detach(), "score")
show_map(axes[1], message[0].detach(), "message")
show_map(axes[2], counted[0], "gradient = receivers per cell (white: none)", cmap="viridis", norm="log")
plt.show()

# %% [markdown]
# This is how end-to-end training will reach the heat-maps: through the few cells that somebody chose, with a weight that says how many did.
# The two peaks collect crowds; each dark cell serves the one receiver that lies a rest offset away. The crowd on the right edge and at the bottom
# is an artefact worth knowing: receivers whose rest offset leads out of the map all take the last cell of a row or column.
#
# An easy mistake is to put the *position* of the source where the displacement belongs in the spring's gradient. It is a small step from $\Delta^*$ to $q^*$, and
# nothing crashes:


# %%
class SpringGradientWrong(DistanceTransform):
    """Measures the stretch from cell 0 instead of from the receiver."""

    @staticmethod
    def backward(ctx, gradient, _):
        column, row, stiffness, rest = ctx.saved_tensors
        stretch = torch.stack([column, row], -1) - rest[:, None, None]  # forgot to subtract p
        weighted = gradient[..., None] * stretch
        to_score = DistanceTransform.backward(ctx, gradient, _)[0]
        return to_score, -(weighted * stretch).sum((1, 2)), 2 * stiffness * weighted.sum((1, 2))


def message_wrong(*arguments):
    return SpringGradientWrong.apply(*arguments)[0]


print("gradcheck of the wrong one:", torch.autograd.gradcheck(message_wrong, tiny, raise_exception=False))

# %% [markdown]
# ### At a tie
#
# Where two senders offer the same, the maximum has a kink, and no derivative. Paper A speaks of a *sub-gradient*: any mixture of the two is one. Ours
# gives all to the lowest cell. Finite differences see the left and the right slope and report their mean:

# %%
tie = torch.tensor([[[1.0, 0.0, 1.0]]], dtype=torch.float64, requires_grad=True)
quarter = torch.full((1, 2), 0.25, dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64)


def middle(score):
    """The message to the middle cell: two senders offer 0.75."""
    return message_ours(score, *quarter)[0, 0, 1]


middle(tie).backward()
steps = 1e-6 * torch.eye(3, dtype=torch.float64).view(3, 1, 1, 3)
finite = [float(middle((tie + d).detach()) - middle((tie - d).detach())) / 2e-6 for d in steps]
print("our gradient:", tie.grad.flatten().tolist(), " finite differences:", np.round(finite, 3).tolist())

# %% [markdown]
# Both are right. So gradients are compared on data without ties. And sources are compared by what they offer, unless the arithmetic is exact (numbers like quarters): after rounding, two
# versions may see a tie differently in the last bit.

# %% [markdown]
# ## 2.7 Verified, case by case
#
# `distance_transform` in `tslib` puts a door before this Function, which checks and broadcasts, and before two faster ways to the same numbers (Sec. 2.11); `choose_backend`
# names the one for a device. All that run here are held against chapter 1, on the kinds of input that break such code. The tests of `tslib` do the same on more than a thousand drawn cases.

# %%
from tslib.distance_transform import choose_backend, distance_transform

devices = ["cpu"] + ["cuda"] * torch.cuda.is_available()
ways = [(device, way) for device in devices for way in {"torch", choose_backend(device)}]
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
    for device, way in ways:
        maps = maps.double().to(device)
        m, q = distance_transform(maps, *spring, return_source=True, backend=way)
        verdict = np.allclose(m.cpu(), expected), np.array_equal(q.cpu(), places)
        assert all(verdict), (name, device, way)
    print(f"{name:28} message {verdict[0]}, source {verdict[1]}")

# %% [markdown]
# ## 2.8 What float32 costs
#
# Twenty-four bits hold seven digits. The price of an offset is small, the score may be large: after a few rounds of messages that are summed and never
# normalised, it will be. Add a constant to all scores; in exact arithmetic the message grows by that constant and the sources stay.

# %%
maps, loose = torch.rand(20, 46, 46), (torch.full((20, 2), 0.01), torch.zeros(20, 2))
exact, places = distance_transform(maps.double(), *loose, return_source=True)
constants, errors, moved = 10.0 ** np.arange(0, 7), [], []
for constant in constants:
    m, q = distance_transform(maps + constant, *loose, return_source=True)
    errors.append((m.double() - constant - exact).abs().max().item())
    moved.append((q != places).double().mean().item())

roundings = 3 * 2.0**-24 * (constants + 1)  # adding the constant, the row pass, the column pass
print("error within three roundings:", bool((np.array(errors) <= roundings).all()))
for constant, share in zip(constants, moved):
    print(f"wrong sources at +{constant:9,.0f}: {share:5.1%}")

# %%
fig, ax = plt.subplots(figsize=(8, 3))
ax.loglog(constants, errors, "o-", color=BLUE, label="largest error of the message")
ax.loglog(constants, roundings, ":", color=GREY, label="three roundings")
ax.axhline(0.01, color=RED, lw=1, ls="--", label="price of one cell's stretch")
ax.set(xlabel="constant added to all scores", ylabel="score units")
ax.legend()
plt.show()

# %% [markdown]
# The first sources go wrong where the error reaches a tenth of the price of one cell's stretch, a third of them where it exceeds the price. On scores around 1, float32 is
# ample; message passing will have to keep them there.

# %% [markdown]
# ## 2.9 When brute force wins
#
# `max_plus` compares $n$ candidates for each cell; the envelope needs fewer than two crossings. Write the envelope with the same tools, torch operations: the same sweep
# as in chapter 1, all rows at once, with a shrinking list of the rows that still strike out parabolas.


# %%
def envelope_rows(score, stiffness, rest):
    """The envelope of chapter 1 for score (R, n), all rows at once; one spring."""
    R, n = score.shape
    cells, starts = torch.zeros(R, n, dtype=torch.int64), torch.full((R, n), -torch.inf)
    last, crossings = torch.zeros(R, dtype=torch.int64), 0  # where each row's list ends
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
    p = torch.arange(n, dtype=score.dtype)
    k = torch.searchsorted(starts[:, 1:].contiguous(), (p + rest).repeat(R, 1))
    source = cells.gather(1, k)
    return score.gather(1, source) - stiffness * (source - p - rest).square(), source, crossings


# %%
def brute_rows(score, stiffness, rest):
    return max_plus_chunked(score[None], torch.tensor([stiffness]), torch.tensor([rest]))


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
    (slow, brute), (fast, clever) = (seconds(f, rows, 0.05, 1.5) for f in (brute_rows, envelope_rows))
    assert torch.allclose(brute[0][0], clever[0], atol=1e-5)
    spent.append([slow, fast])
    steps.append([R * n * n, clever[2]])
    print(f"rows of {n:3}: {n:3} comparisons a cell, or {clever[2] / rows.numel():.2f} crossings")
torch.set_num_threads(threads)

# %%
spent, steps = np.array(spent), np.array(steps)
ratio, speed = spent[:, 1] / spent[:, 0], steps / spent / 1e6
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4))
left.semilogx(sizes, ratio, "o-", color=BLUE)
for place in zip(sizes, ratio):
    left.annotate(f"{place[1]:.1f}", place, (4, 5), textcoords="offset points")
left.axhline(1, color=GREY, lw=1, ls=":")
left.axvline(46, color=GREEN, lw=1, ls="--")
left.annotate("Paper A's maps", (46, 0.2), (4, 0), textcoords="offset points", color=GREEN)
left.set(title="time of the envelope / time of brute force", ylim=(0, None))
right.loglog(sizes, speed[:, 0], "o-", color=RED, label="brute force: comparisons")
right.loglog(sizes, speed[:, 1], "o-", color=BLUE, label="envelope: crossings")
right.set(title="million steps a second, one thread", ylim=(1, None))
right.legend(loc="center")
for ax in (left, right):
    ax.set_xlabel("cells in a row")
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
plt.show()

# %% [markdown]
# Measured where this page was made; run the cell for yours. Left: above the dotted line brute force is faster. Right is the reason. A step of brute force is one subtraction and one
# comparison on neighbours in memory, many of them in one instruction. A step of the envelope reads and writes where the data says, and here each one is a dozen torch calls. The
# clever algorithm takes far fewer steps; each costs far more. The longer the rows, the more it gains, but heat-maps are small.
#
# This is a race between two ways to use *torch*. Compiled code has no torch calls to pay for, and brute force need not write its candidates to memory. Will the envelope win there? The
# next two sections give brute force what it lacks, and then ask again.

# %% [markdown]
# ## 2.10 Where a winner can lie
#
# Most senders are asked for nothing: they are so far away that they cannot win, whatever the rest of the row holds. How far is that? Take a receiver, and let $b$ be the stretch of the
# sender nearest to its rest position $p + \mu$: half a cell at most, more where the rest position lies outside the map. That one sender already offers $s_{\min} - a b^2$ or more. A sender at stretch
# $t$ offers $s_{\max} - a t^2$ or less. So whoever wins has $s_{\max} - a t^2 \ge s_{\min} - a b^2$, that is,
#
# $$|q^*(p) - p - \mu| \;\le\; \sqrt{\frac{s_{\max} - s_{\min}}{a} + b^2}. \tag{2.4}$$
#
# That is all of the proof. The window is exact: nobody who wins, or who ties, is left out. In array form, for all receivers of $R$ rows:


# %%
def can_win(score, stiffness, rest):
    """score (R, n), one spring -> each receiver's first and last sender that can win (R, n) (Eq. 2.4)."""
    n = score.shape[-1]
    home = torch.arange(n) + rest
    beyond = home - home.round().clamp(0, n - 1)
    spread = (score.amax(-1) - score.amin(-1))[:, None]
    reach = (spread / stiffness + beyond.square()).sqrt() + 1  # a cell more, for rounding
    return (home - reach).ceil().clamp(min=0), (home + reach).floor().clamp(max=n - 1)


def windowed_rows(score, stiffness, rest):
    """max_plus that asks only those who can win; also how many it asked (R, n)."""
    q = torch.arange(score.shape[-1])
    lowest, highest = (bound[..., None] for bound in can_win(score, stiffness, rest))
    asked = (lowest <= q) & (q <= highest)
    offers = score[:, None] - stiffness * (q - q[:, None] - rest).square()
    return *offers.masked_fill(~asked, -torch.inf).max(-1), asked.sum(-1)


# %% [markdown]
# **Check**: against all senders, to the last bit, on rows of every kind; among them rows that are full of exact ties.

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
    everyone = max_plus(score[None], torch.tensor([a]), torch.tensor([mu]))
    same = torch.equal(m, everyone[0][0]) and torch.equal(q, everyone[1][0])
    print(f"{name:26} equal: {same}, asked {asked.double().mean():4.1f} of {n} senders")

# %% [markdown]
# A heat-map is mostly flat, so most of its rows need a few senders only. Where the scores are large against the price of a stretch, the window is the whole row, and costs no more than its square root.

# %%
at = torch.arange(46)
arm = sum(h * torch.exp(-((at - x) ** 2 + (at[:, None] - y) ** 2) / 8) for x, y, h in ((30, 14, 1), (12, 33, 0.6)))
arm = arm + 0.01 * torch.randn(46, 46)
a, mu = (0.02, 0.02), (5.0, 3.0)
across, _, asked_x = windowed_rows(arm, a[0], mu[0])
down, _, asked_y = windowed_rows(across.mT, a[1], mu[1])
one = torch.tensor([a]), torch.tensor([mu])
print("the map's message is DistanceTransform's:", torch.equal(down.mT[None], message_ours(arm[None], *one)))
print(f"asked in both passes: {(asked_x.sum() + asked_y.sum()) / 46**2:.0f} senders a cell, of {2 * 46}")

# %%
fig, axes = plt.subplots(1, 3, figsize=(13, 3.5))
show_map(axes[0], arm, "score; the window of receiver x = 20 in each row")
first, last = (bound[:, 20] for bound in can_win(arm, a[0], mu[0]))
axes[0].hlines(at[::2], first[::2], last[::2], color="white", lw=1.5)
axes[0].axvline(20, color=GREEN, lw=1.5, ls="--")
for ax, asked, title in ((axes[1], asked_x, "senders asked along x"), (axes[2], asked_y.mT, "then along y")):
    show_map(ax, asked, title, cmap="viridis", vmin=0, vmax=46)
plt.show()

# %% [markdown]
# Left: the windows lie to the right of the receiver (dashed), for a wrist is expected 5 cells to its right, and they are wide only in rows that hold a peak. In the second pass, the message of the first has spread
# each peak, but only along its own rows.

# %% [markdown]
# ## 2.11 Compiled
#
# torch still pays for each candidate with a trip to memory and back. A processor has registers that hold sixteen float32 numbers, and instructions that treat all sixteen at once. So let sixteen neighbouring receivers hold their best
# offer in one register and the number of its sender in another, and ask one displacement after the other: a load, a subtraction, a comparison, two selections. Nothing else is written until all have been asked. In NumPy,
# with an array of sixteen in the place of a register:


# %%
def sixteen_receivers(padded, cost, p, near, far, lanes=16):
    """Best offer and its sender for receivers p..p+15; padded: 64 more cells of -inf on both sides."""
    best, source = np.full(lanes, -np.inf, np.float32), np.zeros(lanes, np.int32)
    for d in range(near, far + 1):  # one price for all: it depends on d = q - p alone
        offer = padded[64 + p + d : 64 + p + d + lanes] - cost[d]
        better = offer > best  # a later one has to be better: ties go to the lowest
        best = np.where(better, offer, best)
        source = np.where(better, p + d + np.arange(lanes), source)
    return best, source


row, a, mu = arm[14], np.float32(0.02), np.float32(5)
cost = {d: a * (np.float32(d) - mu) ** 2 for d in range(-64, 65)}
padded = np.pad(row.numpy(), 64, constant_values=-np.inf)
first, last = (bound[14].long() for bound in can_win(arm, a, mu))
m, q = max_plus(row[None, None], torch.tensor([a]), torch.tensor([mu]))
for p in (0, 16, 30):
    lanes = slice(p, p + 16)
    near, far = (int(b) for b in ((first[lanes] - at[lanes]).min(), (last[lanes] - at[lanes]).max()))
    best, source = sixteen_receivers(padded, cost, p, near, far)
    same = np.array_equal(best, m[0, 0, lanes]) and np.array_equal(source, q[0, 0, lanes])
    print(f"receivers {p} to {p + 15}, displacements {near} to {far}: equal to max_plus {same}")

# %% [markdown]
# `tslib/kernels/transform_numba.py` is this loop in numba, which compiles Python while it runs: `sweep` is written in the compiler's own language (`vectors.py`; left alone, a compiler finds no registers for a running maximum *with* its
# place), around it Eq. 2.4 for each row, and behind it a backward pass of two scatters. For a whole graph of joints, `tslib.message_passing` adds each message to its receiver's sum as soon as it is there, so that no
# message is ever written down. Which back end works is the choice of the device, not yours:

# %%
maps, spring = torch.randn(20, 46, 46), springs(20, torch.float32)
there = choose_backend("cpu")  # "compiled", where numba is installed
each = [distance_transform(maps, *spring, return_source=True, backend=way) for way in ("torch", there)]
same = [torch.equal(slow, fast) for slow, fast in zip(*each)]
print("message and source from torch and from the back end that works here, to the last bit:", same)

# %% [markdown]
# ### Measured
#
# The question of section 2.9 again, with the textbook envelope compiled by the same numba. The figures were taken by `python -m experiments.speed.messages --write`, all rivals in one process, one thread, medians of processor time; this page reads
# the file. The layer is Paper A's: 6 clips of 5 frames, 13 joints, 284 messages in each clip, three rounds, forward and backward.

# %%
measured = json.loads(Path("../experiments/results/messages.json").read_text(encoding="utf-8"))
taken = measured["transform"]["heat"]
layer = {name: row["total"] for name, row in measured["layer"].items()}
memory, threads = measured["memory"], measured["threads"]
at46 = {name: ns / taken["46"]["ours"] for name, ns in taken["46"].items()}
for name, times in at46.items():
    print(f"one transform of 46 x 46, {name:15} {times:6.1f} times ours")
for name, ms in layer.items():
    print(f"the layer, {name:15} {ms / layer['ours']:5.1f} times ours, takes {memory[name]['process']:6.0f} MB more")
print(f"the layer, two threads against one: {threads['1'] / threads['2']:.2f} times as fast;",
      f"arithmetic without memory: {threads['arithmetic alone']:.2f}")
for name in ("ours", "numba envelope"):
    growth = taken["368"][name] / taken["46"][name]
    print(f"time per cell, from 46 x 46 to 368 x 368 cells, {name}: times {growth:.1f}")

# %%
colors = dict(zip(taken["46"], (BLUE, ORANGE, RED, GREEN, GREY, PURPLE)))
box = measured["machine"]
fig, (left, right) = plt.subplots(1, 2, figsize=(12, 3.8), width_ratios=(3, 2))
for name, color in colors.items():
    sides = [int(n) for n in taken if name in taken[n]]
    left.loglog(sides, [taken[str(n)][name] for n in sides], "o-", color=color, label=name)
left.set(xlabel="side of the map (cells)", ylabel="ns per cell", title="one transform with arg-max")
left.set_xticks([int(n) for n in taken], list(taken))
left.minorticks_off()
left.legend(loc="center left", bbox_to_anchor=(1, 0.5))
place = np.arange(len(layer))
for part, offset, shade in (("forward", 0.2, 1), ("backward", -0.2, 0.5)):
    ms = [row[part] for row in measured["layer"].values()]
    bars = right.barh(place + offset, ms, 0.36, color=[colors.get(n, RED) for n in layer], alpha=shade)
    right.bar_label(bars, [f"{part} {t:.0f}" for t in ms], padding=3)
right.set_yticks(place, list(layer))
right.set(xscale="log", xlabel="ms", title="the whole layer", xlim=(10, 60_000))
who = f"{box['cpu']}, torch {box['versions']['torch']}, numba {box['versions']['numba']}, {measured['date']}"
fig.supxlabel(who, fontsize=9, color=GREY)
plt.show()

# %% [markdown]
# The clever algorithm lost again, with the same compiler on its side. It takes the fewest steps, but each waits for the one before, and which way it goes only the data tells. Brute force with the right window takes a few more, sixteen
# at a time, in an order known beforehand. Paper A's claim that the transform makes a message linear in the number of cells (Sec. 3.3) holds for both: the time per cell stays nearly flat in the left picture. What the envelope
# has to itself is that this is *certain*; the window depends on the data.
#
# A general library meets the same graph elsewhere: PGMax compiles max-product for a CPU or GPU through JAX, but has to list all pairs of cells, $46^4$ numbers for each pair of joints here. On maps small enough for it:

# %%
for n, row in measured["pgmax"].items():
    print(f"three rounds forward on maps of {n} x {n}: PGMax takes {row['PGMax'] / row['ours']:.0f} times ours")

# %% [markdown]
# How close is ours to what the machine can do? Two limits: the steps of the sweep done in registers alone, without any map, and the bytes that must come and go.

# %%
limits = measured["limits"]
rate = limits["candidates a second, registers only, 1e9"]
memory_floor = (4 + 4 + 2) / limits["copy, GB read and written a second"]  # score, message, two arg-maxes
fig, ax = plt.subplots(figsize=(11, 4))
line = np.geomspace(8, 300)
ax.loglog(line, line / rate, color=GREY, label=f"comparing: {rate:.0f} candidates per ns")
ax.axhline(memory_floor, color=GREY, ls=":", label="moving 10 bytes per cell")
for kind, color, label in (("heat", BLUE, "same springs"), ("finer", GREEN, "springs and peaks grow with the map")):
    asked = limits["candidates a cell"][kind]
    points = [(asked[n]["window"], row["ours"]) for n, row in measured["transform"][kind].items()]
    ax.plot(*zip(*points), "o-", color=color, label=label)
    for n, point in list(zip(asked, points))[:: 4 if kind == "heat" else 1]:
        ax.annotate(n, point, (8, -4), textcoords="offset points", color=color)
(stress,) = limits["candidates a cell"]["x 100"].values()
ax.plot(stress["window"], measured["transform"]["x 100"]["46"]["ours"], "s", color=RED, label="46, scores x 100: no window")
ax.set(xlabel="candidates per cell inside the window", ylabel="ns per cell")
ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
fig.supxlabel(who, fontsize=9, color=GREY)
plt.show()

# %% [markdown]
# The numbers at the dots are the map's side. On small windows most of the time goes into what surrounds the comparisons (loading rows, finding windows, storing, checking the input); with wide windows
# the dots approach the slanted line, where the processor does nothing but compare. Memory is never the limit: the transform fits the cache. The green dots climb because a window of the same *picture* has more cells on a finer map:
# then brute force does pay $n$ for each cell, only with a small factor.

# %% [markdown]
# ### On a GPU
#
# On CUDA `choose_backend` names "triton": a kernel in Triton's Python, compiled when it first runs. One program takes one map through both passes; its threads hold the best offers of their cells in registers, as the sixteen
# lanes do here, and compare *all* senders: no windows, which would let some threads wait for others. For the gradient, each sender looks for the receivers that named it, so nothing is added in an order that changes from run to run.

# %%
gpu = json.loads(Path("../experiments/results/messages-cuda.json").read_text(encoding="utf-8"))
print(f"{gpu['machine']['gpu']}, torch {gpu['machine']['versions']['torch']}, {gpu['date']}")
forward = gpu["forward"]
for how in ("kernels", "with launches"):
    ours, others = forward["ours"][how], forward["torch Function"][how]
    print(f"the layer forward, {how:13}: {ours:.2f} ms, torch operations {others / ours:.0f} times that")
back = {name: row["total"] / gpu["layer"]["ours"]["total"] for name, row in gpu["layer"].items()}
print("forward and backward:", ", ".join(f"{name} {times:.1f}" for name, times in back.items()), "times ours")
asked = gpu["settings"]["edges"] * gpu["settings"]["B"] * 3 * 46**2 * 2 * 46
print(f"candidates a nanosecond: {asked / forward['ours']['kernels'] / 1e6:.0f};",
      f"the processor above, in registers only: {rate:.0f} a core")
print(f"time per cell, from 46 x 46 to 368 x 368: times {gpu['transform']['heat']['368']['ours'] / gpu['transform']['heat']['46']['ours']:.1f}")

# %%
fig, ax = plt.subplots(figsize=(6.5, 3))
for name, color in (("ours", BLUE), ("torch Function", ORANGE), ("plain torch", RED), ("torch.compile", PURPLE)):
    sides = [int(n) for n, row in gpu["transform"]["heat"].items() if name in row]
    ax.loglog(sides, [gpu["transform"]["heat"][str(n)][name] for n in sides], "o-", color=color, label=name)
ax.loglog(sides := [24, 46, 92, 184, 368], [taken[str(n)]["ours"] for n in sides], "o:", color=BLUE, label="ours, one core of the CPU")
ax.set(xlabel="side of the map (cells)", ylabel="ns per cell")
ax.set_xticks(sides, map(str, sides))
ax.minorticks_off()
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# A GPU has so many lanes that comparing *everything* is cheap, and so the time per cell grows with the side again, by less than the candidates do. *Kernels* is what the device needs; *with launches* is what you wait for. At this
# size Python is the slower half: three rounds are about forty small operations, each of which takes some microseconds to hand over. A larger batch does not notice it. The figures are of one machine and one evening; `python -m experiments.speed.messages --device cuda` takes them again.

# %% [markdown]
# ## 2.12 What moved to `tslib`
#
# `max_plus`, `max_plus_chunked`, `smallest` and `DistanceTransform` are `tslib/distance_transform/layer.py`, held equal by a test; the faster back ends lie in `tslib/kernels`. What the next chapters import is
#
# ```python
# from tslib.distance_transform import distance_transform
# message = distance_transform(score, stiffness, rest)  # differentiable; return_source=True for the places
# ```
#
# and, for a whole graph at once, `tslib.message_passing.pass_messages`.

# %% [markdown]
# ## Exercises
#
# **Exercise 2.1 Max-plus** (easy, 5 minutes). Multiply two matrices in max-plus arithmetic: $M[i, j] = \max_k (A[i, k] + B[k, j])$.


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
# **Exercise 2.2 Send it back** (easy, 10 minutes). Given the gradient of a message and its sources, return the gradient of the score, without autograd.


# %%
def route(gradient, source):
    """gradient (H, W), source (H, W) flat int64 indices -> gradient of the score (H, W)."""
    raise NotImplementedError


check.exercise_2_2(route)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Several receivers may name the same source, and all of their gradients count. What does `x[i] += g` do when `i` holds an index twice?
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
# `x[i] += g` reads, adds and writes once per index: of two receivers one is lost.
#
# </details>

# %% [markdown]
# **Exercise 2.3 The paper's weights** (medium, 15 minutes). Paper A's spring is $\psi = w \cdot d$ with $d = [\Delta x, \Delta x^2, \Delta y, \Delta y^2]$ and $\Delta$ = sender - receiver. Return the
# gradient of the four weights.


# %%
def gradient_of_weights(gradient, source):
    """gradient (H, W), source (H, W) flat int64 indices -> (4,), in the order of d."""
    raise NotImplementedError


check.exercise_2_3(gradient_of_weights)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $\partial m(p) / \partial w = d(\Delta^*)$ at every receiver (Sec. 2.4). A flat index is `y * W + x`.
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
# **Exercise 2.4 A softer maximum** (medium, 15 minutes). Replace the maximum of Eq. 2.1 by $\tau \log \sum_q \exp(\cdot / \tau)$. Small $\tau$ gives the maximum back; large $\tau$ lets every sender
# have a say, and a gradient.


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
# **Exercise 2.5 Learn a spring** (medium, 20 minutes). The elbow is known to be in cell `target`. Starting at rest `(0, 0)`, follow the gradient to the rest offset that makes the wrist's message at
# the target highest.


# %%
def learn_rest(score, target, stiffness):
    """score (H, W), target (x, y), stiffness (2,) -> the learnt rest offset (2,)."""
    raise NotImplementedError


check.exercise_2_5(learn_rest)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $m(\text{target})$ is a scalar: take its gradient for `rest` and go *uphill*. Eq. 2.3 tells how large a step is safe: the gradient is $2a$ times the stretch.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def learn_rest(score, target, stiffness):
#     x, y = target
#     rest = torch.zeros(2, dtype=score.dtype, requires_grad=True)
#     for _ in range(50):
#         (slope,) = torch.autograd.grad(distance_transform(score, stiffness, rest)[y, x], rest)
#         rest = (rest + 0.25 * slope / stiffness).detach().requires_grad_()
#     return rest.detach()
# ```
#
# Each step halves the stretch. Now try it on the wrist of section 2.6 with the stiffness used there and the target `(2, 2)`: the rest offset stays at `(0, 0)`. An empty cell at the rest offset is served free of
# charge, its stretch is 0, and so is the gradient; a better wrist six cells away is never noticed. Springs that start at the mean offset of the data do not fall into this trap.
#
# </details>

# %% [markdown]
# **Exercise 2.6 A narrower window** (medium, 20 minutes). Eq. 2.4 uses the smallest score of the row for what the sender nearest to the rest position offers. Use what that sender really offers: the window gets narrower and stays exact. Return the
# first and the last sender of every receiver.


# %%
def narrower_window(score, stiffness, rest):
    """score (n,), stiffness and rest numbers -> first and last sender that can win (n,), int64."""
    raise NotImplementedError


check.exercise_2_6(narrower_window)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Go through the proof with $s(q_0) - a b^2$ in the place of $s_{\min} - a b^2$, where $q_0$ is the nearest sender, and $b$ its stretch. It lies in the row, even where the rest position does not. Leave a little room for rounding.
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
#     return (home - reach).ceil().clamp(min=0).long(), (home + reach).floor().clamp(max=n - 1).long()
# ```
#
# The receiver that finds the peak at its rest position asks hardly anybody else. But sixteen receivers share a sweep (Sec. 2.11), which has to be as wide as the widest of their windows: `tslib` uses Eq. 2.4, with one square root for a row.
#
# </details>

# %% [markdown]
# ## Recap
#
# - A message is a matrix product in max-plus arithmetic (Sec. 2.1), one for the rows and one for the columns (Sec. 2.2).
# - Plain autograd keeps only arg-maxes and prices, but its backward pass rebuilds all candidates; a Function that knows its sources keeps two bytes a cell (Sec. 2.3, 2.5).
# - The gradient of a score goes to its source, whole; a spring's gradient is made of displacements, never of positions (Sec. 2.4, 2.6).
# - At a tie any mixture is a sub-gradient, and finite differences show the mean (Sec. 2.6). Float32 is ample while scores stay near 1 (Sec. 2.8).
# - In torch, on rows as short as those of heat-maps, many cheap steps beat few dear ones (Sec. 2.9).
# - A winner lies within a window that the row's range and the stiffness tell, exactly (Sec. 2.10). Sixteen receivers at a time inside it beat the compiled envelope (Sec. 2.11).
#
# **In practice**
#
# - Paper A stores "the resulting max location $p^*$ for each pixel" (Sec. 3.3). We store it in the smallest integer that holds it, and the springs; nothing else.
# - Gradients cannot be taken twice through this Function (`once_differentiable`): it says so instead of returning zeros.
# - On a GPU, `scatter_add_` adds in no fixed order: the last bits of the score's gradient may differ from run to run. The Triton back end adds in order.
# - All back ends round the price alike and break ties alike; otherwise a loop of messages would follow another winner in one of them, and its gradient would differ by far more than rounding.
# - Without numba, torch does the work, and a warning says so once. The first message of a new installation waits some seconds for the compiler; after that its work is cached.
# - Times on this page are ratios of one run on one machine. With scores far from 1, or springs of almost no stiffness, the window is the whole map; then brute force is only as fast as its slanted line.
# - The paper learns $w$; we learn $a$ and $\mu$, which move the same parabola. In training the difference matters: with $w$, a growing stiffness shrinks the rest offset $w_1 / 2a$.
#
# **References**
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network*, CVPR 2017: Sec. 3.3 for the gradients, after Eq. 4.
# - P. Felzenszwalb, D. Huttenlocher, *Distance Transforms of Sampled Functions*, 2012: max-plus (there: min-plus) convolution and the envelope.
# - F. Baccelli, G. Cohen, G. J. Olsder, J.-P. Quadrat, *Synchronization and Linearity*, 1992: an arithmetic with max for plus, in earnest.
