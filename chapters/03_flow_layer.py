# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3. Carry heat-maps along the flow
#
# **You'll build** the flow layer of Paper A: it takes a neighbour frame's heat-maps to where this frame has its body; first as two loops, then as a torch
# function with gradients, then the other way round, as the paper's formula has it.
#
# **You'll learn**
#
# - what optical flow says, which way it points, and how well two usual methods estimate it;
# - why its values shrink with the map, turn with the crop and change sign in a mirror;
# - why one reads the neighbour's map where this frame's flow leads, and what the paper's formula does instead;
# - what gradient goes to the scores, and what to the flow;
# - when the layer is idle, which is more often than one thinks;
# - how flow there and back finds what is covered.
#
# **You'll need** chapter 0 for heat-maps, chapter 2 for `backward()`. No GPU, about thirty seconds on two cores, an hour of yours with the exercises.
# Paper A is *Thin-Slicing Network* (Song et al., CVPR 2017).

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
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from exercises import chapter_03 as check
from style import BLUE, GREEN, GREY, ORANGE, RED, SKY, show_map

from tslib.heatmaps import decode, disc, gaussian, to_cells
from renderer import Settings, render_clip
from renderer.draw import FIRST_OCCLUDER, FIRST_PROP
from tslib.skeletons import SKELETONS

_ = torch.manual_seed(0)

# %% [markdown]
# | symbol | meaning | in code | shape, range |
# |---|---|---|---|
# | $t, t'$ | this frame, and a neighbour frame whose maps are wanted here | `t` | |
# | $f_{t \to t'}$ | flow: what lies at $p$ in frame $t$ lies at $p + f_{t \to t'}(p)$ in frame $t'$ | `flow` | `(H, W, 2)`, x first |
# | $s$ | a heat-map of the neighbour frame | `score` | `(H, W)` |
# | $\tilde s$ | the same map, carried to this frame | `moved` | `(H, W)` |
# | $p$ | a cell of this frame (in Sec. 3.1 and 3.10 a pixel) | `x, y` | |
# | $q$ | a cell of the neighbour frame | `x, y` | |
# | $a, b, c, d$ | the neighbour's four cells around a place: upper left and right, lower left and right | `a, b, c, d` | |
# | $u, v$ | how far the place lies between them: to the right, and down | `u, v` | `[0, 1)` |
# | $A, m$ | the matrix and the shift of a change of places, $p \mapsto A p + m$ | `crop` | |

# %% [markdown]
# ## 3.1 A field of arrows
#
# Paper A (Sec. 3.2) has no model of how people move, "since human motion tends to be too unpredictable". It
# asks the pictures: *dense optical flow* gives every pixel an arrow to the place where the same thing lies in
# the neighbour frame,
#
# $$p \;\mapsto\; p + f_{t \to t'}(p). \tag{3.1}$$
#
# The arrow stands on frame $t$ and points to frame $t'$; both have to be said. In array form:
# `flow (H, W, 2)`, `flow[y, x]` is $(dx, dy)$. Rendered clips know theirs exactly, for each part of the body
# has been moved by a known map. Here somebody swings a bat before a camera at rest while a passer-by walks
# through the picture.

# %%
PENN = SKELETONS["penn13"]
swing, t = render_clip(seed=0, number=6, settings=Settings()), 14
exact = swing.flow.dense(t)  # from frame t to the next one
there = swing.joints[t] + swing.flow.at(t, swing.joints[t])
error = np.linalg.norm(there - swing.joints[t + 1], axis=-1)[swing.visible[t]]
print("flow:", exact.shape, "px; moving pixels:", f"{(np.hypot(*exact.T) > 0.5).mean():.0%}")
print("visible joints go where the flow says, within a pixel:", bool((error < 1).all()))


# %%
def grey(ax, frame, title="", black=-5):
    """A frame in eight greys; the lower black is, the paler."""
    ax.imshow(frame.mean(-1) // 32, cmap="gray", vmin=black, vmax=7)
    ax.set(title=title, xticks=[], yticks=[])


def arrows(ax, frame, flow, title="", step=12, color=BLUE):
    """Some arrows of a flow in px, at their true length, on their frame."""
    y, x = np.mgrid[step // 2 : len(frame) : step, step // 2 : frame.shape[1] : step]
    grey(ax, frame, title)
    dx, dy = flow[y, x].transpose(2, 0, 1)
    options = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.01}
    ax.quiver(x, y, dx, dy, color=color, **options)


pan, t_pan = render_clip(seed=0, number=16, settings=Settings()), 10
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8))
for (clip, i), (left, right) in zip(((swing, t), (pan, t_pan)), axes.reshape(2, 2)):
    arrows(left, clip.frames[i], clip.flow.dense(i), f"frame {i}, flow to {i + 1}", step=8)
    grey(right, clip.frames[i + 1], f"frame {i + 1}")
plt.show()

# %% [markdown]
# Left, only what moves has arrows: bat, arms, the passer-by (lower right, pale, with a dark round head; his
# arrows point left). Right, the camera pans: everything moves, the body as its surroundings do, and a post
# that crosses in front moves faster. A heat-map of the next frame has its peaks at the *ends* of the arrows;
# this frame wants them at their beginnings.

# %% [markdown]
# ## 3.2 Two estimates against the truth
#
# A real video comes without flow. Paper A does not say which method it takes. Two that OpenCV has: DIS,
# *dense inverse search*, which looks for the best shift of small patches on a pyramid, and Farnebäck's, which
# compares polynomials fitted around each pixel. Both see grey pictures and nothing else. The usual measure is
# the *end-point error*, the distance between the end of an arrow and the end of the true one. The control is
# no flow at all: its error is the motion itself.

# %%
from tslib.flow import flow_between

METHODS = ("dis", "farneback", "none")
STRIDE = 4
clips = [render_clip(seed=3, number=n, settings=Settings(frames=12)) for n in range(1, 85)]


def ground_speed(clip):
    """How far the ground moves in a frame, px, in the mean: the camera's speed."""
    frames = range(len(clip.frames) - 1)
    means = [np.linalg.norm(clip.flow.dense(t), axis=-1)[clip.flow.parts[t] == 0] for t in frames]
    return np.concatenate(means).mean()


cameras = ["fast" if ground_speed(clip) > STRIDE else "slow" for clip in clips]


def end_point_errors(clip, t, method):
    """Errors of a method from frame t to the next: on the ground, on the body, at visible wrists; px."""
    found = flow_between(clip.frames[t], clip.frames[t + 1], method).vectors
    error = np.linalg.norm(found - clip.flow.dense(t), axis=-1)
    part = clip.flow.parts[t]
    x, y = clip.joints[t, 5:7][clip.visible[t, 5:7]].round().astype(int).T
    return error[part == 0], error[(part > 0) & (part < FIRST_PROP)], error[y, x]


# %%
rows = {}
for speed in ("slow", "fast"):
    some = [clip for clip, camera in zip(clips[:60], cameras) if camera == speed]
    for method in reversed(METHODS):
        errors = [end_point_errors(clip, t, method) for clip in some for t in range(11)]
        mean = np.array([np.concatenate(region).mean() for region in zip(*errors)])
        if method == "none":
            motion = rows[f"{speed} camera", "motion, px"] = mean
        else:
            rows[f"{speed} camera", f"{method}, share left"] = mean / motion
table = pd.DataFrame(rows, index=["ground", "body", "wrists"]).T
print(table.round(1).to_string())

# %% [markdown]
# A camera is fast where the ground moves by more than 4 px a frame. The motion is the error of no flow; the
# share left is an estimate's mean error, divided by it. With a fast camera DIS finds two thirds of the motion
# of ground and body, Farnebäck's method one third. Of wrists, small and fast, least or nearly least is found,
# with a slow camera less than a third of their motion; of plain ground that hardly moves little, too. Two
# frames show why:

# %%
fig, axes = plt.subplots(2, 4, figsize=(8.5, 4.3))
for row, clip, i, most in zip(axes, (swing, pan), (t, t_pan), (12, 24)):
    fields = {"exact": clip.flow.dense(i)}
    fields |= {m: flow_between(*clip.frames[i : i + 2], m).vectors for m in METHODS[:2]}
    grey(row[0], clip.frames[i], f"frame {i}", black=0)
    for ax, (name, field) in zip(row[1:], fields.items()):
        image = ax.imshow(field[..., 0], cmap="RdBu", vmin=-most, vmax=most)
        ax.set(title=f"dx, {name}", xticks=[], yticks=[])
    fig.colorbar(image, ax=row, shrink=0.8, label="px")
plt.show()

# %% [markdown]
# Blue: to the right, red: to the left; beyond the scale the colour stays. Above, arms and bat are thin and
# fast, and the passer-by is blurred and moves by two thirds of his width: both methods see that something goes
# on there, smear it over its surroundings, and make it far too short. Below, the pan is a large, even motion,
# and both have most of it; nothing of the post. So an estimate gives the motion of cameras and trunks, and the
# parts that need the flow most have the worst.

# %% [markdown]
# ## 3.3 The flow of cells
#
# A heat-map is coarser than the picture. Paper A (Sec. 5.2) takes "resized optical flow images of the same
# size as the heat-maps", "with their values rescaled by the same scaling factor". With the middles of cells
# from Eq. 0.2,
#
# $$f^{\text{cells}}(p) = f(\text{middle of } p) \, / \, \text{stride}. \tag{3.2}$$
#
# An arrow of 80 px, at stride 8, is an arrow of 10 cells. Forget the division, and it points off most maps:

# %%
from tslib.flow import Flow

even = Flow(np.full((96, 160, 2), (80, -16), np.float32), scale=(1, 1))
cells_80 = even.on_cells(stride=8)
print(cells_80.shape, "every arrow, in cells:", np.unique(cells_80.reshape(-1, 2), axis=0)[0].tolist())
on = [(np.arange(20) + dx < 20).mean() for dx in (10, 80)]
print(f"arrows that end on the map: {on[0]:.0%}; with the values of pixels: {on[1]:.0%}")

# %% [markdown]
# `on_cells` samples at the middle of each cell (between four pixels, where the stride is even), and does not
# take the mean over the whole cell. On the edge of an arm a mean is an arrow which neither the arm nor the
# ground has; four pixels hold an edge far less often than the sixty-four of a whole cell do. The exact flow
# can do without: `clip.flow.dense(t, stride=8)` asks one part of the body for its arrow, at each middle.

# %% [markdown]
# ## 3.4 The layer, as two loops
#
# Paper A (Sec. 3.2) lets flow vectors "align confidence estimates in neighboring frames to the target frame
# by shifting confidence values along the track directions". As a formula, for the cells $p$ of *this* frame:
# look where the flow leads, and read the neighbour's map there,
#
# $$\tilde s(p) = s\bigl(p + f_{t \to t'}(p)\bigr), \tag{3.3}$$
#
# and as the place is seldom a cell, mix the four around it by nearness; beyond the border, read the border:
#
# $$\tilde s = (1 - v) \bigl[(1 - u) \, a + u \, b\bigr] + v \bigl[(1 - u) \, c + u \, d\bigr]. \tag{3.4}$$


# %%
def warp_loops(score, flow):
    """Every cell of this frame looks where the flow leads (Eqs. 3.3, 3.4)."""
    H, W = score.shape
    moved = np.zeros((H, W))
    for y, x in np.ndindex(H, W):
        place_x = min(max(x + flow[y, x, 0], 0), W - 1)
        place_y = min(max(y + flow[y, x, 1], 0), H - 1)
        left, top = int(place_x), int(place_y)
        right, bottom = min(left + 1, W - 1), min(top + 1, H - 1)
        u, v = place_x - left, place_y - top
        above = (1 - u) * score[top, left] + u * score[top, right]
        below = (1 - u) * score[bottom, left] + u * score[bottom, right]
        moved[y, x] = (1 - v) * above + v * below
    return moved


# %% [markdown]
# Now the direction. A dot moves by $(16, -8)$ px from this frame to the next, $(2, -1)$ cells at stride 8. We
# are at $t$ and want the map of $t' = t + 1$ here. The tempting thought: the dot has moved *forwards*, so to
# bring it back, walk *backwards*, and subtract. (The same mistake in another coat: take the flow that comes
# from there.)


# %%
def warp_wrong(score, flow):
    """Walks against the flow to bring things back. Looks right; is not."""
    return warp_loops(score, -flow)


def peak(score):
    """The highest cell (x, y)."""
    return np.array(divmod(int(np.argmax(score)), score.shape[1])[::-1])


def dot(px, py, side=24):
    """The target of a joint at a pixel, on cells of stride 8."""
    return gaussian(torch.tensor([[to_cells(px, 8), to_cells(py, 8)]]), (side, side))[0]


here, next_one = dot(91.5, 99.5), dot(107.5, 91.5)
flow_2_1 = np.full((24, 24, 2), (2.0, -1.0))
print("the dot here", peak(here), " in the next frame", peak(next_one))
for name, function in (("along", warp_loops), ("against", warp_wrong)):
    off = peak(function(next_one, flow_2_1)) - peak(here)
    print(f"{name:7} the flow, the next frame's dot lands off by {off} cells")

# %% [markdown]
# Not only is the wrong one not right: it doubles the motion. The reason is in Eq. 3.3: the flow answers
# *this* frame's question, "where have you gone?", and the answer is a place in the other map to read from.
# The arrow points forwards; what is read travels back along it. The same on the frame of section 3.1 with a
# moving camera:

# %%
clip, i = pan, t_pan
GRID, SIGMA = (24, 24), 1.25


def target_maps(joints):
    """Heat-maps (13, 24, 24) of joints (13, 2) px."""
    return gaussian(torch.from_numpy(to_cells(joints, STRIDE)).float(), GRID, sigma=SIGMA)


theirs = target_maps(clip.joints[i + 1])
flow = clip.flow.dense(i, stride=STRIDE) / STRIDE
shown = {"the next frame's": theirs}
for name, function in (("along the flow", warp_loops), ("against the flow", warp_wrong)):
    shown[name] = torch.from_numpy(np.stack([function(m, flow) for m in theirs.numpy()]))
for name, maps in shown.items():
    off = np.linalg.norm(decode(maps)[0] - to_cells(clip.joints[i], STRIDE), axis=-1)
    print(f"{name:16}: the peaks lie off this frame's joints by {np.median(off):.1f} cells (median)")
fig, axes = plt.subplots(1, 4, figsize=(11, 2.9))
grey(axes[0], clip.frames[i], "this frame", black=0)
for ax, (name, maps) in zip(axes[1:], shown.items()):
    show_map(ax, maps.amax(0), name, bar=False)
    for bone in PENN.edges:
        ax.plot(*to_cells(clip.joints[i][list(bone)], STRIDE).T, color=SKY, lw=1.5)
    ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
plt.show()

# %% [markdown]
# (Bright: the maximum over the 13 target maps. Blue: this frame's limbs.)

# %% [markdown]
# ## 3.5 The layer, in torch
#
# The same for a batch: `N` flows, each shared by `K` maps, as the joints of a frame share theirs. Where a place lies is worked out once for all of them.


# %% tags=["export:tslib.warp"]
def cells(H, W, like):
    """Each cell's own coordinates (H, W, 2), x first."""
    y, x = (torch.arange(n, dtype=like.dtype, device=like.device) for n in (H, W))
    return torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)


def corners(place, H, W):
    """Flat indices of the four cells around each place (..., 2), and u, v between them."""
    x, y = place[..., 0].clamp(0, W - 1), place[..., 1].clamp(0, H - 1)
    left, top = x.detach().floor(), y.detach().floor()
    right, bottom = (left + 1).clamp(max=W - 1), (top + 1).clamp(max=H - 1)
    flat = [(row * W + column).long() for row in (top, bottom) for column in (left, right)]
    return flat, x - left, y - top


def sample_torch(maps, place):
    """maps (N, K, H, W), read at place (N, h, w, 2) -> (N, K, h, w) (Eq. 3.4)."""
    N, K, H, W = maps.shape
    flat, u, v = corners(place.flatten(1, 2), H, W)
    a, b, c, d = (maps.flatten(2).gather(2, i[:, None].expand(-1, K, -1)) for i in flat)
    u, v = u[:, None], v[:, None]
    above, below = a + u * (b - a), c + u * (d - c)
    return (above + v * (below - above)).unflatten(2, place.shape[1:3])


# %% [markdown]
# $a + u (b - a)$ is $(1 - u) a + u b$ with one product less, and for $u = 0$ it is $a$ *to the last bit*. So
# zero flow gives back the very same map: without motion the layer does nothing at all. `warp` in `tslib` is
# this behind a door that checks and broadcasts: `out[p] = score[p + flow[p]]`; on a CPU compiled code reads
# the cells. Three judges: the loops, torch's own `grid_sample` (which wants places from -1 to 1, here from
# the first cell's middle to the last one's: `align_corners`), and the identity.

# %%
from torch.nn.functional import grid_sample

from tslib.warp import warp

maps, flows = torch.randn(5, 13, 24, 20).double(), 3 * torch.randn(5, 1, 24, 20, 2).double()
moved = warp(maps, flows)
place = cells(24, 20, flows) + flows[:, 0]
by_loops = [[warp_loops(m, f[0]) for m in frame] for frame, f in zip(maps.numpy(), flows.numpy())]
theirs = grid_sample(maps, 2 * place / torch.tensor([19, 23]) - 1, "bilinear", "border", True)
print("as by loops:", np.allclose(moved, by_loops), " as the lines above:",
      torch.allclose(moved, sample_torch(maps, place)), " as grid_sample:", torch.allclose(moved, theirs))
print("zero flow, to the last bit:", torch.equal(warp(maps, torch.zeros_like(flows)), maps))

# %% [markdown]
# What is beyond the border? `grid_sample` offers zeros, and takes them unless told otherwise. Scores may well be
# negative: messages take something off, and the loss with which Paper A trains the whole (Eq. 6, a hinge) wants
# -1 wherever the joint is not. Then *nothing* beats *something*:

# %%
score = here.double() - 2  # -1 at the joint, -2 in the background
out = cells(24, 24, score) + torch.tensor([9.0, 0.0]).double()  # flow out of the map, on the right
zeros = grid_sample(score[None, None], (2 * out / 23 - 1)[None], align_corners=True)[0, 0]
border = warp(score, torch.tensor([9.0, 0.0]).double().expand(24, 24, 2))
for name, m in (("zeros beyond the border", zeros), ("the border's value", border)):
    best = peak(m)
    print(f"{name:23}: the best cell {best}, inside the neighbour's map: {bool(best[0] + 9 < 24)}")

# %% [markdown]
# ## 3.6 Push instead of pull
#
# Paper A's formula (Sec. 3.3, after Eq. 2) goes the other way: $p'_{i^*} = p_{i^*} + f_{i^*,i}(p_{i^*})$.
# There $p_{i^*}$ is a place in the *neighbour* frame, and $f_{i^*,i}$ the neighbour's flow to this one, read
# on the neighbour's cells. Each of its cells is pushed to where it belongs,
#
# $$\tilde s\bigl(\mathrm{round}(q + f_{t' \to t}(q))\bigr) \;\leftarrow\; \max \; s(q). \tag{3.5}$$
#
# In array form, a scatter instead of a gather. Two cells may arrive at the same place: the higher one stays.
# At some places none arrives: they hold the map's minimum.


# %% tags=["export:tslib.warp"]
def splat_unchecked(score, flow):
    """Every cell of score (..., H, W) goes where flow takes it; the highest stays (Eq. 3.5)."""
    H, W = score.shape[-2:]
    x, y = (cells(H, W, flow) + flow).round().long().unbind(-1)
    outside = (x < 0) | (x >= W) | (y < 0) | (y >= H)
    place = torch.where(outside, H * W, y * W + x)  # one more cell takes what leaves the map
    maps = score.flatten(-2)
    pushed = maps.amin(-1, keepdim=True).expand(*maps.shape[:-1], H * W + 1)
    pushed = pushed.scatter_reduce(-1, place.expand(score.shape).flatten(-2), maps, "amax")
    return pushed[..., :-1].unflatten(-1, (H, W))


# %%
from tslib.warp import splat

whole = torch.tensor([2.0, -1.0]).expand(24, 24, 2)
pulled, pushed = warp(next_one, whole), splat(next_one, -whole)
print("the dot of Sec. 3.4: pulled to", peak(pulled), "and pushed to", peak(pushed))
noise = torch.rand(24, 24)
same = warp(noise, whole) == splat(noise, -whole)
print(f"a whole shift of any map: equal on {same.double().mean():.0%} of the cells,",
      f"all but the border: {bool(same[1:, :-2].all())}")

# %% [markdown]
# For whole shifts that are inverse to each other the two do the same. But flows are not whole, and they
# stretch and shrink. From the neighbour frame to this one, a camera zooms in on a broad peak, by 1.4; or, the
# other way round, out:

# %%
zoom_in, middle = 0.4 * (cells(24, 24, noise) - 11.5), gaussian(torch.tensor([[11.5, 11.5]]), GRID, sigma=4)[0]
back = zoom_in / -1.4  # p = 11.5 + 1.4 (q - 11.5), solved for q
arrivals = {}
for name, flow in (("zoom in", zoom_in), ("zoom out", back)):
    x, y = (cells(24, 24, flow) + flow).round().long().unbind(-1)
    on = (x >= 0) & (x < 24) & (y >= 0) & (y < 24)
    arrivals[name] = torch.bincount((y * 24 + x)[on], minlength=576).view(24, 24)
    print(f"{name:8}: of all cells {(arrivals[name] == 0).double().mean():.0%} are holes,",
          f"{(arrivals[name] > 1).double().mean():.0%} are reached more than once")

# %%
fig, axes = plt.subplots(1, 4, figsize=(12.5, 2.8))
show_map(axes[0], middle, "the neighbour's map", bar=False)
show_map(axes[1], warp(middle, back), "pulled: Eq. 3.3", bar=False)
show_map(axes[2], splat(middle, zoom_in), "pushed: Eq. 3.5", bar=False)
count = torch.where(arrivals["zoom out"] > 0, arrivals["zoom out"].double(), -torch.inf)
show_map(axes[3], count, "zooming out: arrivals (white: none)", cmap="viridis")
plt.show()

# %% [markdown]
# Pulling leaves no hole, for every cell of this frame asks. Pushing tears a growing thing to pieces; where
# things shrink, up to four cells arrive in one, and three of them are lost (right). Zooming out, the holes are
# the rim, which the neighbour does not see; pulling fills it with the border's value. Pushing also needs the
# other flow, from the neighbour to here. We pull, and keep `splat` to hold it against. Pulling has a price:
# a peak may be read more than once. Section 3.8 measures both.

# %% [markdown]
# ## 3.7 Two gradients
#
# The network is trained through the layer, so it must pass gradients on. Eq. 3.4 is linear in the scores: the gradient of one read value is its four weights,
#
# $$\frac{\partial \tilde s}{\partial (a, b, c, d)} = \bigl((1-u)(1-v), \; u(1-v), \; (1-u)v, \; uv\bigr), \tag{3.6}$$
#
# and by the flow it is a difference of neighbours, each row's by its share:
#
# $$\frac{\partial \tilde s}{\partial f_x} = (1-v)(b - a) + v(d - c), \qquad \frac{\partial \tilde s}{\partial f_y} = (1-u)(c - a) + u(d - b). \tag{3.7}$$
#
# Take $u = \frac14, v = \frac12$, and four cells 0, 4, 2, 10.

# %%
four = torch.tensor([[0.0, 4.0], [2.0, 10.0]]).double().requires_grad_()
step = torch.zeros(2, 2, 2).double()
step[0, 0] = torch.tensor([0.25, 0.5])
step.requires_grad_()
to_score, to_flow = torch.autograd.grad(warp(four, step)[0, 0], (four, step))
print("the four weights:", to_score.flatten().tolist())
print("by the flow:", to_flow[0, 0].tolist(), " by hand:", [0.5 * 4 + 0.5 * 8, 0.75 * 2 + 0.25 * 6])
tiny = torch.randn(2, 3, 5, 6).double().requires_grad_()
between = ((4 * torch.rand(2, 1, 5, 6, 2) - 2).round() + 0.3).double().requires_grad_()
print("gradcheck, both arguments, between cells:", torch.autograd.gradcheck(warp, (tiny, between)))

# %% [markdown]
# The score's gradient is a push, too, but one that adds, with the weights of the reading, and not the maximum
# of Eq. 3.5: each receiver sends its gradient back to the four cells that it has read. So with the loss the
# sum of the whole map, the gradient of a cell counts its readers, and cells that are read by nobody learn
# nothing. And the flow's gradient points uphill on the neighbour's map. Nothing here is trained with it,
# since the flow is given; but with a network that estimates flow, this is how the loss would reach it.

# %%
flow = torch.from_numpy(pan.flow.dense(t_pan, stride=STRIDE) / STRIDE).double().requires_grad_()
score = target_maps(pan.joints[t_pan + 1]).amax(0).double().requires_grad_()
moved = warp(score, flow)
readers, uphill = torch.autograd.grad(moved.sum(), (score, flow))
print(f"readers of all cells together: {readers.sum():.0f}, cells {moved.numel()};",
      f"cells that nobody reads: {(readers < 1e-9).double().mean():.0%}")
fig, axes = plt.subplots(1, 3, figsize=(11, 3.2))
show_map(axes[0], score.detach(), "the next frame's maps", bar=False)
show_map(axes[1], torch.where(readers < 1e-9, -torch.inf, readers), "readers (white: none)", cmap="viridis")
show_map(axes[2], moved.detach(), "here, the flow's gradient (cut out)", bar=False)
g, where = uphill.numpy(), cells(24, 24, uphill).numpy()
steep = np.hypot(*g.T).T > 0.1
axes[2].quiver(*where[steep].T, *g[steep].T, angles="xy", color=SKY, width=0.008, scale=3)
x, y = to_cells(pan.joints[t_pan, :5], STRIDE).mean(0)  # head, shoulders, elbows
axes[2].set(xlim=(x - 6, x + 6), ylim=(y + 6, y - 6))
plt.show()

# %% [markdown]
# The left border is read by all whose arrows leave the map there (and such an arrow's own gradient is zero);
# the stripes further right are the edges of the post. The gradient's arrows have their lengths to one scale.
#
# There is a kink wherever the flow is whole, for there the four cells change, and zero flow is whole
# everywhere. As at the ties of chapter 2, ours takes one side, the right and the lower one; finite
# differences see the mean of both, and disagree:

# %%
still = torch.zeros(5, 6, 2).double().requires_grad_()
quiet = {"raise_exception": False}
print("gradcheck at zero flow:", torch.autograd.gradcheck(lambda f: warp(tiny.detach(), f), still, **quiet))
print("the scores' alone:", torch.autograd.gradcheck(lambda s: warp(s, still.detach()), tiny))

# %% [markdown]
# ## 3.8 When it is idle
#
# Does it matter? Paper A prints no row without flow. So measure what the layer is for: take the *target* map
# of each joint in the next frame, as a perfect detector would draw it, carry it here, and ask how far its
# peak lands from this frame's joint: along the exact flow (`dense(stride=)`; pulled, and pushed), along
# estimates (`on_cells`), and along none. Sort by how far the joint moves in one frame, and those that move two cells or more by the camera as
# well.

# %%
def landed(clip, t, moved):
    """How far, in cells, the peaks of maps carried to frame t lie from its joints."""
    return np.linalg.norm(decode(moved)[0] - to_cells(clip.joints[t], STRIDE), axis=-1)


def landings(clip, t):
    """Motion of the joints seen in frames t and t + 1, and how far each way of carrying lands; cells."""
    maps = target_maps(clip.joints[t + 1])
    frames = clip.frames[t], clip.frames[t + 1]
    flows = {"exact": clip.flow.dense(t, stride=STRIDE) / STRIDE}
    flows |= {m: flow_between(*frames, m).on_cells(STRIDE) for m in METHODS}
    columns = {"motion": np.linalg.norm(clip.joints[t + 1] - clip.joints[t], axis=-1) / STRIDE}
    moved = {name: warp(maps, torch.from_numpy(f)) for name, f in flows.items()}
    columns |= {name: landed(clip, t, m) for name, m in moved.items()}
    near = disc(torch.from_numpy(to_cells(clip.joints[t], STRIDE)), GRID, radius=1.2) > 0
    columns["height"] = (moved["exact"] * near).amax((1, 2))  # of the map at the joint
    back = torch.from_numpy(clip.flow.dense(t + 1, forward=False, stride=STRIDE) / STRIDE)
    columns["pushed"] = landed(clip, t, splat(maps, back))
    return pd.DataFrame(columns)[clip.visible[t] & clip.visible[t + 1]]


results = pd.concat([landings(clip, t).assign(camera=camera)
                     for clip, camera in zip(clips, cameras) for t in range(11)])
edges = [0, 0.5, 1, 2, 3, np.inf]
names = ["0 to 0.5", "0.5 to 1", "1 to 2", "2 to 3", "3 or more"]
results["bin"] = pd.cut(results["motion"], edges, right=False, labels=names)

# %%
ways = ["exact", "pushed", "dis", "farneback", "none"]
by_motion = results.groupby("bin", observed=True)
by_camera = results[results["motion"] >= 2].groupby("camera", sort=False)
within, split = (g[ways].agg(lambda distance: (distance <= 1).mean()) for g in (by_motion, by_camera))
within = pd.concat([within, split.rename("2 or more, {} camera".format)])
print("joints that land within one cell, by motion in cells a frame: per cent, to the nearest 5")
print(within.mul(20).round().mul(5).astype(int).rename_axis(None).to_string())
missed = results[(results["exact"] > 1) & (results["motion"] >= 1)]
at_home = (missed["height"] > 0.6).mean()
print(f"of those that move by 1 or more and miss, exact flow: {at_home:.0%} have a peak at the joint, too")

# %%
fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.3), sharey=True)
styles = {"exact": (BLUE, "o-"), "pushed": (SKY, "s--"), "dis": (ORANGE, "o-")}
styles |= {"farneback": (GREEN, "o-"), "none": (RED, "o-")}
median = results.groupby(["camera", "bin"], observed=True)[[*ways, "motion"]].median()
for ax, camera in zip(axes, ("slow", "fast")):
    for name, (color, line) in styles.items():
        ax.plot(median.loc[camera, "motion"], median.loc[camera, name], line, color=color, label=name)
    ax.axvspan(0, 0.5, color=GREY, alpha=0.15)
    ax.set(xlabel="motion of the joint in one frame (cells)", xlim=(0, None), title=f"{camera} camera")
axes[0].text(0.25, 3.4, "idle", ha="center", color=GREY, fontsize=11)
axes[0].set_ylabel("lands off by (cells), median")
axes[1].legend()
plt.show()

# %% [markdown]
# Below half a cell no flow lands within one cell as often as any flow. Without flow a peak lands off by the
# motion, give or take the quarter of a cell that reading a peak costs. Beyond, the camera decides. Where it
# pans, the exact flow stays at that quarter of a cell, and DIS, which finds most of the motion, gains two to
# three cells. Where only an arm flies, before a camera that hardly moves, estimates do little for those that
# move two cells or more, and even with the exact flow the highest peak of six in ten lies elsewhere, nearly
# always where the next frame has it.
#
# Why does exact flow miss at all? Not because the peak got lost: nearly all of them have one at the joint, and a
# higher one elsewhere. Ground that will be *behind* the joint in the next frame follows its own arrow, finds the
# joint in front, and reads the peak a second time (section 3.9 shows it). In a pan the ground's arrow is about the
# body's, and both readings meet; before a camera at rest it is zero, and they lie as far apart as the joint moves.
# Which one is the joint, only the messages of chapter 4 can choose. Pushed, a peak goes to one place only: with
# either camera most come home, but to a whole cell, and so less exactly (dashed).
#
# How near is near enough? A person is some 16 cells long on these maps, so PCK at 0.2 forgives 3.2 cells, at
# 0.1 1.6 cells, at 0.05 0.8 cells. (On Paper A's maps of 46 cells a person fills about 0.7 of the side, so
# every motion has twice the cells: `finer`.) And how far do joints move? Chapter 0 had the labels of Penn
# Action; and on one real clip, with true joints in every frame, the estimates can be asked for their error
# there (`python -m experiments real flow --write`).

# %%
folder = Path("../experiments/results")
labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["columns"]
finer = 0.7 * 46 / 16
for name, column in (("our clips", labels["rendered"]), ("Penn Action", labels["real"])):
    half, most = column["motion_50"], column["motion_90"]
    print(f"{name:11}: half of the motions are below {half:.1f} cells, nine of ten below {most:.1f};",
          f"on Paper A's maps {finer * half:.1f} and {finer * most:.1f}")

# %%
real = json.loads((folder / "flow_real_clip.json").read_text(encoding="utf-8"))
shown = pd.DataFrame(real["columns"]).T.rename(columns=lambda name: name.replace("error_", ""))
shown["share"] = shown["share"].map("{:.0%}".format)
print(f"{real['settings']['frames']} frames of a real clip: motion of its joints and error there, cells")
print(shown.round({name: 1 for name in ("motion", *METHODS)}).to_string())

# %% [markdown]
# Nine of ten motions in Penn Action are below one cell, even on Paper A's maps: there the layer is *idle*,
# and PCK could hardly tell if it were left out. On the real clip (one clip) four of five are; below half a
# cell DIS is no better there than nothing. Estimated flow works where the camera pans, and there it matters
# by cells; the second peak of an arm that flies it leaves to the messages. Our clips have more of both, on
# purpose. And whoever claims that the flow helps should print the row without it.

# %% [markdown]
# ## 3.9 There and back
#
# What is *covered* in the next frame has no place there. The flow goes somewhere all the same, and the layer
# reads what is in front. Warp not a heat-map but the next frame's picture (three maps: red, green, blue)
# along the exact flow of each pixel: it should look like this frame.

# %%
t = 15  # the passer-by is in front of the legs
forward, backward = (torch.from_numpy(swing.flow.dense(*a)) for a in ((t, True), (t + 1, False)))
pictures = torch.from_numpy(swing.frames[t : t + 2]).permute(0, 3, 1, 2).float()
fetched = warp(pictures[1], forward)

# %% [markdown]
# How can one tell, without the truth? Follow the flow to the next frame, and that frame's own flow back. On
# what is visible in both, one comes home. From a covered place one lands on what is in front, and goes away
# with it. Flow over two frames is a chain: the second arrow begins where the first one ends,
#
# $$f_{t \to t''}(p) = f_{t \to t'}(p) + f_{t' \to t''}\bigl(p + f_{t \to t'}(p)\bigr), \tag{3.8}$$
#
# and there and back is the case $t'' = t$. Sundaram, Brox and Keutzer give the test a tolerance that grows with the motion:


# %% tags=["export:tslib.warp"]
def chain(first, second):
    """The flow over two frames (Eq. 3.8): flows (..., H, W, 2)."""
    return first + warp(second.movedim(-1, -3), first.unsqueeze(-4)).movedim(-3, -1)


def inconsistent(flow, back):
    """Where the flow there and back does not lead home: bool (..., H, W)."""
    home = chain(flow, back)
    length = flow.square().sum(-1) + (home - flow).square().sum(-1)
    return home.square().sum(-1) > 0.01 * length + 0.5


# %%
def by_dis(clip, t):
    """DIS from frame t to the next one, and back from there, px."""
    pairs = clip.frames[[t, t + 1]], clip.frames[[t + 1, t]]
    return [torch.from_numpy(flow_between(*pair).vectors) for pair in pairs]


def covered(clip, t):
    """Pixels that something in front covers in the next frame, and pixels that it shows again."""
    flow = torch.from_numpy(clip.flow.dense(t))
    place = (cells(96, 96, flow) + flow).round().long()
    x, y = place.clamp(0, 95).unbind(-1)
    inside = (place == torch.stack([x, y], -1)).all(-1)
    here, ahead = (torch.from_numpy(clip.flow.parts[i]) for i in (t, t + 1))
    hidden = (ahead[y, x] >= FIRST_OCCLUDER) & (here < FIRST_OCCLUDER)
    return inside & hidden, inside & (ahead[y, x] == here)


counts = {"exact": torch.zeros(4), "dis": torch.zeros(4)}
print("covered by a post or a passer-by, or in sight in both frames: to the nearest 10%")
for clip, i in ((clip, i) for clip in clips[:20] for i in range(11)):
    hidden, shown = covered(clip, i)
    exact = (torch.from_numpy(clip.flow.dense(i + n, n == 0)) for n in (0, 1))
    for name, flows in (("exact", exact), ("dis", by_dis(clip, i))):
        mask = inconsistent(*flows)
        counts[name] += torch.stack([(mask & hidden).sum(), hidden.sum(), (mask & shown).sum(), shown.sum()])
for name, (hit, all_hidden, wrong, all_shown) in counts.items():
    found, false, right = hit / all_hidden, wrong / all_shown, hit / (hit + wrong)
    found, false, right = (f"{10 * (10 * share).round().int()}%" for share in (found, false, right))
    print(f"{name:5}: of what gets covered, {found} is marked; of what stays in sight, {false};",
          f"of all that is marked, {right} gets covered")

# %%
found = {"exact": inconsistent(forward, backward), "dis": inconsistent(*by_dis(swing, t))}
panels = {"this frame": pictures[0], "the next": pictures[1], "the next, carried here": fetched}
for name, mask in found.items():
    panels[f"not home: {name}"] = torch.where(mask, 255.0, fetched if name == "exact" else pictures[0])
fig, axes = plt.subplots(1, 5, figsize=(9.5, 2.2))
for ax, (name, picture) in zip(axes, panels.items()):
    ax.imshow(picture.permute(1, 2, 0) // 24 * 24 / 255)
    ax.set(title=name, xticks=[], yticks=[])
plt.show()

# %% [markdown]
# The passer-by comes twice: once where he is, carried by his own flow, and once where he *will be*, for the
# ground there asks and finds him; the bat leaves a copy as well. White is where flow there and back does not
# lead home: with the exact flow these copies, what arms and legs will cover, and thin rims; with DIS whole
# areas in which its two answers contradict each other. With DIS the test finds half of what a post or a
# passer-by covers, and of ten of these pixels that it marks, nine stay in sight: it is a test of the *estimate*, too.
# Paper A has no such test. Heat-maps have little to say at covered places, and the messages of chapter 4
# weigh a low map lightly; but an occluder that looks like an arm is carried as well.

# %% [markdown]
# ## 3.10 Turn the crop, turn the arrows
#
# Training turns, scales and flips the crops of a slice, all frames alike. Then the flow has to be changed in
# two ways: each arrow *moves* to the new place of its pixel, and is itself *turned*; a flow is not a picture
# with two channels. For a change of places $p \mapsto A p + m$,
#
# $$f'(A p + m) = A \, f(p): \tag{3.9}$$
#
# the shift $m$ moves the places and not the arrows. In a mirror $dx$ changes its sign. Do it right, and only
# move the arrows, as any library of picture transforms would:

# %%
from tslib.augment import Affine


def turned(crop, clip, t, turn_arrows):
    """How far the next frame's peaks land in a crop, in cells, along the crop's own flow."""
    px = clip.flow.dense(t)
    moved = crop.flow(px, (96, 96))
    if not turn_arrows:  # move them, and undo the turn of each
        moved = crop.inverse().vectors(moved).astype(np.float32)
    here, there = (crop.points(clip.joints[i]) for i in (t, t + 1))
    moved = warp(target_maps(there), torch.from_numpy(Flow(moved, (1, 1)).on_cells(STRIDE)))
    seen = clip.visible[t] & clip.visible[t + 1] & ((here > 2) & (here < 93)).all(-1)
    return np.linalg.norm(decode(moved)[0] - to_cells(here, STRIDE), axis=-1)[seen]


fast = [clip for clip, camera in zip(clips[:40], cameras) if camera == "fast"]
print("next frame's peaks in a crop, to the nearest cell")
crops = {"as it is": {}, "turned by 60 degrees": {"angle": 60}, "in a mirror": {"flip": True}}
for name, change in crops.items():
    crop = Affine.about((47.5, 47.5), **change)
    off = [np.median(np.concatenate([turned(crop, c, t, right) for c in fast for t in range(11)]))
           for right in (True, False)]
    print(f"{name:20}: arrows turned, off by {off[0]:.0f} cells; only moved, by {off[1]:.0f}")

# %%
crop = Affine.about((47.5, 47.5), angle=60)
frame, right = crop.frame(pan.frames[t_pan], (96, 96)), crop.flow(pan.flow.dense(t_pan), (96, 96))
fig, axes = plt.subplots(1, 3, figsize=(7, 2.5))
arrows(axes[0], pan.frames[t_pan], pan.flow.dense(t_pan), "the frame and its flow")
arrows(axes[1], frame, right, "turned, arrows turned")
arrows(axes[2], frame, crop.inverse().vectors(right), "turned, arrows only moved", color=RED)
plt.show()

# %% [markdown]
# No shape and no error message shows the mistake: the shapes fit, the training runs, and the neighbour frames
# are carried to wrong places. (Or compute the flow after the crop: then no arrow has to be turned, and a flow
# is computed anew for each crop.)

# %% [markdown]
# ## 3.11 What moved to `tslib`
#
# `cells`, `corners`, `sample_torch`, `splat_unchecked`, `chain` and `inconsistent` are `tslib/warp.py`, held
# equal by a test; the arrows of cells are `Flow.on_cells`, those of a crop `Affine.flow`. What you will use
# from here on is
#
# ```python
# from tslib.flow import flow_between
# from tslib.warp import chain, warp
# moved = warp(score, flow)  # score (..., H, W) of the neighbour, flow (..., H, W, 2) from this frame to it, in cells
# over_two = chain(first, second)  # for edges over two frames
# ```

# %% [markdown]
# ## Exercises
#
# Each cell below prints *not attempted* until you replace `raise NotImplementedError`. The checker takes your function and prints one line.
#
# **Exercise 3.1 From pixels to cells** (easy, 10 minutes). Without `Flow`: the flow of a heat-map's cells
# from that of pixels. The stride is even, so the middle of a cell lies between four pixels; take their mean.


# %%
def flow_of_cells(flow, stride):
    """flow array (H, W, 2) px, sides multiples of stride -> (H / stride, W / stride, 2) cells."""
    raise NotImplementedError


check.exercise_3_1(flow_of_cells)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Cell 0 of stride 4 has its middle at 1.5, between the pixels 1 and 2. A slice may have a step: `flow[1::4]`. And then Eq. 3.2 divides.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def flow_of_cells(flow, stride):
#     first = stride // 2 - 1
#     four = [flow[first + i :: stride, first + j :: stride] for i in (0, 1) for j in (0, 1)]
#     return sum(four) / 4 / stride
# ```
#
# </details>

# %% [markdown]
# **Exercise 3.2 From the frame before** (medium, 10 minutes). A slice has maps, and each frame's flow to the
# next and to the previous one (the last frame's and the first one's lead out of the slice, and are zero).
# Carry the maps of each frame to the frame *after* it.


# %%
def from_before(maps, to_next, to_previous):
    """maps (T, K, H, W), flows (T, H, W, 2) -> (T - 1, K, H, W): at frames 1 to T - 1."""
    raise NotImplementedError


check.exercise_3_2(from_before)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which frame asks, and which one is asked? `warp` wants the flow of the one that asks. The joints of a frame share it: an axis of length 1.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def from_before(maps, to_next, to_previous):
#     return warp(maps[:-1], to_previous[1:, None])
# ```
#
# Frame 1 asks, "where was I in frame 0?": that is *its* flow to the previous frame. `to_next[:-1]` stands on
# the cells of the frame that is asked; that is what `splat` wants.
#
# </details>

# %% [markdown]
# **Exercise 3.3 Across the slice** (medium, 15 minutes). Paper A also tries edges over two frames. Return the
# flow from frame $t$ to another one, which may be several frames later or earlier, or $t$ itself.


# %%
def flow_over(to_next, to_previous, t, other):
    """to_next, to_previous (T, H, W, 2) -> flow from frame t to the other (H, W, 2)."""
    raise NotImplementedError


check.exercise_3_3(flow_over)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Begin with no motion and `chain` (Eq. 3.8) one flow after the other, each on the frame that you have
# reached. Which of the two arrays, and which of its frames?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def flow_over(to_next, to_previous, t, other):
#     step, flows = (1, to_next) if other > t else (-1, to_previous)
#     flow = torch.zeros_like(to_next[t])
#     for frame in range(t, other, step):
#         flow = chain(flow, flows[frame])
#     return flow
# ```
#
# Adding the flows cell by cell would read the second one where the body no longer is.
#
# </details>

# %% [markdown]
# **Exercise 3.4 Arrows in the mirror** (easy, 5 minutes). Flip a flow left to right, and leave the one that is given as it is.


# %%
def mirror_flow(flow):
    """flow tensor (H, W, 2) -> that of the flipped frames (H, W, 2)."""
    raise NotImplementedError


check.exercise_3_4(mirror_flow)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Eq. 3.9: arrows have a place and a direction. What is $A$ of a mirror?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def mirror_flow(flow):
#     return flow.flip(1) * flow.new_tensor([-1, 1])
# ```
#
# </details>

# %% [markdown]
# **Exercise 3.5 Only what can be seen** (medium, 10 minutes). Carry a map to this frame, but give the cells
# that are covered in the neighbour frame nothing to boast of: the lowest value of `score`. (Here all is in
# cells; "In practice" below says why pixels serve better.)


# %%
def warp_seen(score, flow, back):
    """score (H, W) of the neighbour; flow (H, W, 2) to it, back (H, W, 2) from it -> (H, W)."""
    raise NotImplementedError


check.exercise_3_5(warp_seen)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `inconsistent` answers for the cells on which its *first* flow stands. `torch.where` chooses.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def warp_seen(score, flow, back):
#     return torch.where(inconsistent(flow, back), score.min(), warp(score, flow))
# ```
#
# </details>

# %% [markdown]
# **Exercise 3.6 Uphill by hand** (hard, 20 minutes). Try to do without autograd: the gradient of each read
# value by its own arrow, Eq. 3.7. (The arrows of the check lead to places inside the map, between cells.)


# %%
def slope(score, flow):
    """score (H, W), flow (H, W, 2) -> gradient of warp(score, flow)[p] by flow[p], (H, W, 2)."""
    raise NotImplementedError


check.exercise_3_6(slope)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `corners(cells(H, W, flow) + flow, H, W)` gives the four indices, each `(H, W)`, and $u$, $v$. `score.flatten()[index]` reads them.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def slope(score, flow):
#     H, W = score.shape
#     flat, u, v = corners(cells(H, W, flow) + flow, H, W)
#     a, b, c, d = (score.flatten()[i] for i in flat)
#     by_x = (1 - v) * (b - a) + v * (d - c)
#     by_y = (1 - u) * (c - a) + u * (d - b)
#     return torch.stack([by_x, by_y], -1)
# ```
#
# </details>

# %% [markdown]
# ## Recap
#
# - Flow is an arrow for every pixel, on one frame and towards another; estimates follow cameras and trunks, and lose wrists (Sec. 3.1, 3.2).
# - Its values shrink with the map (Sec. 3.3), and turn with the crop (Sec. 3.10).
# - This frame's arrow says where to read the neighbour's map; against the flow, the motion doubles (Sec. 3.4, 3.5). The paper's formula pushes instead, with the other flow: holes and collisions; the same peaks for whole shifts (Sec. 3.6), and one peak where pulling may read two (Sec. 3.8).
# - A score gets its readers' gradients with the weights of the reading; the flow's gradient is the slope of the map (Sec. 3.7).
# - Below half a cell a frame the layer is idle, up to one cell only a strict PCK sees it, and most labelled motion is below; estimated flow pays where the camera pans (Sec. 3.8).
# - Flow there and back leads home, except from what is covered (Sec. 3.9).
#
# **In practice**
#
# - Paper A writes the push of Eq. 3.5 and speaks of aligning, which is the pull of Eq. 3.3; it does not say which one it computes. We pull: no holes, a gradient for the flow as well, and this frame's own flow, not the neighbour's. The price is a second peak where a limb moves fast before ground at rest (Sec. 3.8); the messages have to choose.
# - Beyond the border `warp` reads the border's value. Zeros would be the best score on a negative map (Sec. 3.5). `tslib.video.inference`, whose maps lie on crops of their own, takes the map's minimum there.
# - The tolerance of `inconsistent` was found for pixels: half a square pixel. On cells of 4 or 8 px it forgives more; so find what is covered on pixels, then go to cells.
# - Exact flow knows where a covered part has gone, an estimate cannot. Numbers that were got with exact flow are an upper bound.
#
# **References**
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network*, CVPR 2017: Sec. 3.2 for the layer, Sec. 3.3 after Eq. 2 for its formula.
# - T. Kroeger, R. Timofte, D. Dai, L. Van Gool, *Fast Optical Flow using Dense Inverse Search*, ECCV 2016: DIS.
# - G. Farnebäck, *Two-Frame Motion Estimation Based on Polynomial Expansion*, SCIA 2003.
# - N. Sundaram, T. Brox, K. Keutzer, *Dense Point Trajectories by GPU-Accelerated Large Displacement Optical Flow*, ECCV 2010: there and back.
# - M. Jaderberg, K. Simonyan, A. Zisserman, K. Kavukcuoglu, *Spatial Transformer Networks*, NIPS 2015: reading a map at places, and its gradients.
# - T. Pfister, J. Charles, A. Zisserman, *Flowing ConvNets for Human Pose Estimation in Videos*, ICCV 2015: heat-maps carried along the flow, before Paper A.
