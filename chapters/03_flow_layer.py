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
# **You'll build** the flow layer of Paper A. It takes a neighbour frame's heat-maps to where this
# frame has its body. We write it first as two loops, then as a torch function with gradients, and
# then the other way round, as the paper's formula has it.
#
# **You'll learn**
#
# - what optical flow says, which way it points, and how well two usual methods estimate it;
# - why its values shrink with the map, turn with the crop and change sign in a mirror;
# - why we read the neighbour's map where this frame's flow leads (backward warping), and what the
#   paper's formula does instead (forward warping);
# - what gradient goes to the scores, and what to the flow;
# - when the layer is idle, which is more often than one thinks;
# - how flow there and back finds what is covered.
#
# **You'll need** chapter 0 for heat-maps and chapter 2 for `backward()`. You need no GPU, about
# thirty seconds on two cores, and an hour and a half of your own with half of the exercises. Paper
# A is *Thin-Slicing Network* (Song et al., CVPR 2017).

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
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from exercises import chapter_03 as check
from style import BLUE, GREEN, GREY, ORANGE, RED, SKY, show, show_map

from tslib.heatmaps import decode, disc, gaussian, to_cells
from renderer import Settings, render_clip
from renderer.draw import FIRST_OCCLUDER, FIRST_PROP
from tslib.skeletons import SKELETONS

_ = torch.manual_seed(0)

# %% [markdown]
# These are the letters of this chapter. Each one is explained where it is first used.
#
# | symbol | meaning | in code | shape, range |
# |---|---|---|---|
# | $t, t'$ | this frame, and a neighbour frame whose maps are wanted here | `t` | |
# | $f_{t \to t'}$ | flow: what lies at $p$ in frame $t$ lies at $p + f_{t \to t'}(p)$ in frame $t'$ | `flow` | `(H, W, 2)`, x first |
# | $s$ | a heat-map of the neighbour frame | `score` | `(H, W)` |
# | $\tilde s$ | the same map, carried to this frame | `moved` | `(H, W)` |
# | $p$ | a cell of this frame (in Sec. 3.1, 3.9 and 3.10 a pixel) | `x, y` | |
# | $q$ | a cell of the neighbour frame | `x, y` | |
# | $s_1, s_2, s_3, s_4$ | what the neighbour's four cells around a place hold: upper left and right, lower left and right | `s1, ..., s4` | |
# | $u, v$ | how far the place lies between them: to the right, and down | `u, v` | `[0, 1)` |
# | $A, c$ | the matrix and the shift of a change of places, $p \mapsto A p + c$ | `crop` | |

# %% [markdown]
# ## 3.1 A field of arrows
#
# We want to use the frames before and after. But the body has moved in between, so a wrist's
# heat-map of the next frame has its peak in a place where this frame has no wrist. How could we
# know how the body moves? Paper A (Sec. 3.2) builds no model of motion, "since human motion tends
# to be too unpredictable". It asks the pictures instead: *dense optical flow* gives every pixel an
# arrow to the place where the same thing lies in the neighbour frame,
#
# $$p \;\mapsto\; p + f_{t \to t'}(p). \tag{3.1}$$
#
# The arrow stands on frame $t$ and points to frame $t'$, and we always have to say both. In array
# form we hold it as `flow (H, W, 2)`, where `flow[y, x]` is $(dx, dy)$.
#
# Our rendered clips know their flow exactly, because the renderer has moved each part of the body
# by a map that it knows. In the first clip somebody swings a bat before a camera at rest, while a
# passer-by walks through the picture. Let us check that the joints which we can see in this frame
# go where the flow says. (The exact flow also knows where a joint has gone that is covered in the
# next frame.)

# %%
PENN = SKELETONS["penn13"]
swing, t = render_clip(seed=0, number=6, settings=Settings()), 14
exact = swing.flow.dense(t)  # from frame t to the next one
there = swing.joints[t] + swing.flow.at(t, swing.joints[t])
error = np.linalg.norm(there - swing.joints[t + 1], axis=-1)[swing.visible[t]]
moving = (np.hypot(*exact.T) > 0.5).mean()
print(f"flow: {exact.shape} px; moving pixels: {moving:.0%}")
print(f"of {len(error)} visible joints, the flow leads {(error < 1).sum()}",
      "to their place in the next frame, within a pixel")


# %% [markdown]
# We draw a frame in grey and some of its arrows at their true length, for this clip and for a
# second one in which the camera pans.


# %%
def grey(ax, frame, title="", black=-120):
    """A frame in grey; the lower black is, the paler."""
    ax.imshow(frame.mean(-1), cmap="gray", vmin=black, vmax=255)
    ax.set(title=title, xticks=[], yticks=[])


def arrows(ax, frame, flow, title="", step=8, color=BLUE):
    """Some arrows of a flow in px, at their true length, on their frame."""
    y, x = np.mgrid[step // 2 : len(frame) : step, step // 2 : frame.shape[1] : step]
    grey(ax, frame, title)
    moving = np.hypot(*flow[y, x].T).T > 0.5
    y, x = y[moving], x[moving]
    options = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.007}
    ax.quiver(x, y, *flow[y, x].T, color=color, **options)


# %%
pan, t_pan = render_clip(seed=0, number=16, settings=Settings()), 10
fig, axes = plt.subplots(2, 2, figsize=(8, 8.2))
for (clip, i), (left, right) in zip(((swing, t), (pan, t_pan)), axes):
    title = f"frame {i}, and its flow to {i + 1}"
    arrows(left, clip.frames[i], clip.flow.dense(i), title)
    grey(right, clip.frames[i + 1], f"frame {i + 1}")
show(
    "Four grey frames. Above, a person with a bat: long blue arrows stand on the bat, "
    "a forearm and a passer-by, short ones on head, trunk and legs, none on the "
    "ground. Below, a panning camera: blue arrows of one length point to the left all "
    "over the frame, longer ones on a dark post. The next frame lies on the right."
)

# %% [markdown]
# The left column shows a frame with its flow, the right column the next frame. In the upper row the
# camera is at rest, so that only what moves has arrows. They are long on the bat, on a forearm and
# on the passer-by, who is pale with a dark round head at the lower right and walks to the left. On
# head, trunk and legs, which hardly move, they are short, and the ground has none. In the lower row
# the camera pans. Everything moves to the left, the body as its surroundings do, and the post that
# crosses in front moves faster. A heat-map of the next frame has its peaks at the *ends* of the
# arrows, but this frame wants them at their beginnings. Taking them there is the task of this
# chapter.
#
# The moving picture shows what the layer that we are about to build does. Its neighbour is the
# frame *before*. First we see a frame under its own heat-maps, and then the next frame under these
# same maps. On the left we carry them along the flow, so that their peaks stay on the joints. On
# the right we do not, and they lie where the body was.
#
# ![Two panels of one person before a fast camera, under orange heat-maps. On the left the maps of the frame before are carried along the flow: their peaks are off the blue skeleton by 1 px. On the right they are not carried, and are off by 9 to 61 px.](../data/motion/flow.webp)

# %% [markdown]
# ## 3.2 Two estimates against the truth
#
# A real video comes without its flow, so we have to estimate it. Paper A does not say which method
# it takes. OpenCV has two that are widely used. *DIS* (dense inverse search) cuts the frame into
# small patches and looks for the best shift of each, first on a shrunken picture and then on ever
# finer ones. *Farnebäck's method* fits a polynomial to the grey values around each pixel and asks
# how far it has moved. Both see grey pictures and nothing else.
#
# The usual measure of flow is the *end-point error*, the distance between the end of an estimated
# arrow and the end of the true one. Our control is *zero flow*, which says that nothing moves. Its
# end-point error is the motion itself, and so we can say which share of the motion an estimate has
# found: one minus its error over that of zero flow. In `clip.flow.parts` the renderer says what
# each pixel shows: 0 is the ground, then come the parts of the body, from `FIRST_PROP` on things
# like a bat, and from `FIRST_OCCLUDER` on whatever crosses in front.

# %%
from tslib.flow import flow_between

METHODS = ("dis", "farneback", "none")
NAMES = {"dis": "DIS", "farneback": "Farnebäck", "none": "zero flow"}
STRIDE = 4
short = Settings(frames=12)
clips = [render_clip(seed=3, number=n, settings=short) for n in range(1, 85)]


def ground_speed(clip):
    """How far the ground moves in a frame, px, in the mean: the camera's speed."""
    frames = range(len(clip.frames) - 1)
    means = [np.linalg.norm(clip.flow.dense(t), axis=-1)[clip.flow.parts[t] == 0]
             for t in frames]
    return np.concatenate(means).mean()


cameras = ["fast" if ground_speed(clip) > STRIDE else "slow" for clip in clips]

# %% [markdown]
# We call a camera fast where the ground moves by more than 4 px a frame, and we measure errors in
# three regions: on the ground, on the body, and at wrists that can be seen.


# %%
def end_point_errors(clip, t, method):
    """Errors of a method, t to t + 1, px: on ground, on the body, at visible wrists."""
    found = flow_between(clip.frames[t], clip.frames[t + 1], method).vectors
    error = np.linalg.norm(found - clip.flow.dense(t), axis=-1)
    part = clip.flow.parts[t]
    x, y = clip.joints[t, 5:7][clip.visible[t, 5:7]].round().astype(int).T
    return error[part == 0], error[(part > 0) & (part < FIRST_PROP)], error[y, x]


rows = {}
for speed in ("slow", "fast"):
    some = [clip for clip, camera in zip(clips[:60], cameras) if camera == speed]
    for method in reversed(METHODS):
        errors = [end_point_errors(clip, t, method) for clip in some for t in range(11)]
        mean = np.array([np.concatenate(region).mean() for region in zip(*errors)])
        if method == "none":
            motion = rows[f"{speed} camera", "motion, px"] = mean
        else:
            rows[f"{speed} camera", f"share found, {NAMES[method]}"] = 1 - mean / motion
table = pd.DataFrame(rows, index=["ground", "body", "wrists"]).T
print(table.round(1).to_string())

# %% [markdown]
# With a fast camera DIS finds about two thirds of the motion of ground and body, and Farnebäck's
# method about a third. Wrists are small and fast, and so both find less of their motion than of the
# body's: with a slow camera no more than a third. Neither do they find much of plain ground that
# hardly moves, because a plain surface looks the same wherever it is. Two frames show us why.

# %%
fig, axes = plt.subplots(2, 3, figsize=(9.5, 6))
for row, clip, i, most in zip(axes, (swing, pan), (t, t_pan), (12, 24)):
    pair = clip.frames[i : i + 2]
    fields = {"exact": clip.flow.dense(i)}
    fields |= {NAMES[way]: flow_between(*pair, way).vectors for way in METHODS[:2]}
    for ax, (name, field) in zip(row, fields.items()):
        image = ax.imshow(field[..., 0], cmap="RdBu", vmin=-most, vmax=most)
        ax.set(title=f"dx, {name}", xticks=[], yticks=[])
    fig.colorbar(image, ax=row, shrink=0.8, label="px")
show(
    "Two rows, each with the horizontal component of three flows: exact, DIS, "
    "Farnebäck. Above, the exact flow shows sharp outlines of a bat, arms and a "
    "passer-by; the estimates show pale blots there. Below, the exact flow is evenly "
    "red with a darker post. The estimates are red, too, but white in some plain areas "
    "such as the top, and neither has the post."
)

# %% [markdown]
# The rows are the two frames that we saw above, the columns the horizontal part of their flow:
# exact, estimated by DIS, and by Farnebäck's method. Blue means to the right and red to the left.
# In the upper row arms and bat are thin and fast, and the passer-by is blurred and moves by two
# thirds of his own width. Both methods notice that something goes on there, but they smear it over
# its surroundings and make it far too short. In the lower row the pan is a large and even motion.
# Both methods have most of it, although they lose it in plain areas such as the top, and they have
# nothing of the post. So what an estimate is good for depends on the method and on the camera. With
# a fast camera DIS gives us about two thirds of what ground and body do. In all other cases of the
# table we get about half of the body's motion or less, and at wrists, which need the flow most,
# always less than on the body.

# %% [markdown]
# ## 3.3 The flow of cells
#
# A heat-map is coarser than the picture, so the flow of pixels has to become a flow of cells. Paper
# A (Sec. 5.2) takes "resized optical flow images of the same size as the heat-maps", "with their
# values rescaled by the same scaling factor". With the middles of cells from Eq. 0.2 that is
#
# $$f^{\text{cells}}(p) = f(\text{middle of } p) \, / \, \text{stride}. \tag{3.2}$$
#
# An arrow of 80 px, at stride 8, is an arrow of 10 cells. If we forget the division, all of these
# arrows point off the map. (`scale` says how many arrows the flow has for a pixel of the frame,
# along x and along y. Here it has one.)

# %%
from tslib.flow import Flow

even = Flow(np.full((96, 160, 2), (80, -16), np.float32), scale=(1, 1))
cells_80 = even.on_cells(stride=8)
every = np.unique(cells_80.reshape(-1, 2), axis=0)[0].tolist()
print(cells_80.shape, "every arrow, in cells:", every)
on = [(np.arange(20) + dx < 20).mean() for dx in (10, 80)]
print(f"arrows that end on the map: {on[0]:.0%};",
      f"with the values of pixels: {on[1]:.0%}")

# %% [markdown]
# `on_cells` samples the flow at the middle of each cell, which lies between four pixels where the
# stride is even. It does not take the mean over the whole cell, because on the edge of an arm such
# a mean is an arrow that neither the arm nor the ground has. Four pixels hold an edge far less
# often than the sixteen of a cell at stride 4, or the sixty-four at stride 8. The exact flow needs
# no sampling, because `clip.flow.dense(t, stride=8)` asks whatever the renderer has drawn at each
# middle for its arrow.

# %% [markdown]
# ## 3.4 The layer, as two loops
#
# Paper A (Sec. 3.2) lets flow vectors "align confidence estimates in neighboring frames to the
# target frame by shifting confidence values along the track directions". We write this for the
# cells $p$ of *this* frame: each looks where the flow leads, and reads the neighbour's map there.
# The field calls it *backward warping*; we also say that this frame *pulls*.
#
# $$\tilde s(p) = s\bigl(p + f_{t \to t'}(p)\bigr) \tag{3.3}$$
#
# The place is seldom a cell, so we mix the four cells around it by nearness (*bilinear
# interpolation*). Where the arrow leads beyond the border, we read the border.
#
# $$\tilde s = (1 - v) \bigl[(1 - u) \, s_1 + u \, s_2\bigr] + v \bigl[(1 - u) \, s_3 + u \, s_4\bigr] \tag{3.4}$$


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
# Now to the direction. A dot moves by $(16, -8)$ px from this frame to the next, which is $(2, -1)$
# cells at stride 8. We are at $t$ and want the map of $t' = t + 1$ here. A thought tempts us: the
# dot has moved *forwards*, so to bring it back we walk *backwards*, and subtract. (It is the same
# mistake to take the flow that comes from there, from the next frame to this one. For our dot that
# flow is $(-2, 1)$, which is what subtracting makes of $(2, -1)$.) We try both ways.


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
# The wrong way does not only miss, it doubles the motion. Eq. 3.3 gives the reason. The flow
# answers *this* frame's question, "where have you gone?", and the answer is a place in the other
# map from which we have to read. The arrow points forwards, and what is read travels back along it.
#
# We do the same on the panning clip of section 3.1, with the target maps of all 13 joints: first in
# numbers, and then in a picture of the frame and of the three sets of maps.

# %%
clip, i = pan, t_pan
GRID, SIGMA = (24, 24), 1.25


def target_maps(joints):
    """Heat-maps (13, 24, 24) of joints (13, 2) px."""
    places = torch.from_numpy(to_cells(joints, STRIDE)).float()
    return gaussian(places, GRID, sigma=SIGMA)


theirs = target_maps(clip.joints[i + 1])
flow = clip.flow.dense(i, stride=STRIDE) / STRIDE
carried = {"where the next frame has them": theirs}
for name, way in (("along the flow", warp_loops), ("against the flow", warp_wrong)):
    maps = np.stack([way(one, flow) for one in theirs.numpy()])
    carried[name] = torch.from_numpy(maps)
for name, maps in carried.items():
    off = np.linalg.norm(decode(maps)[0] - to_cells(clip.joints[i], STRIDE), axis=-1)
    off = np.median(off)
    print(f"{name:29}: off this frame's joints by {off:.1f} cells (median)")

# %%
fig, axes = plt.subplots(2, 2, figsize=(7.5, 7.6))
grey(axes[0, 0], clip.frames[i], "this frame", black=0)
for ax, (name, maps) in zip(axes.flat[1:], carried.items()):
    show_map(ax, maps.amax(0), name, bar=False)
    for bone in PENN.edges:
        ax.plot(*to_cells(clip.joints[i][list(bone)], STRIDE).T, color=SKY, lw=2)
    ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
show(
    "A grey frame of a person and three maps with bright peaks along a body, each with "
    "this frame's skeleton in blue. The next frame's peaks lie to the left of the "
    "skeleton, along the flow they lie on it, and against the flow they lie twice as "
    "far to the left."
)

# %% [markdown]
# The upper left panel shows this frame. In the other three, blue lines are this frame's limbs, and
# what is bright is the maximum over the 13 target maps: where the next frame has them, carried
# along the flow, and carried against it. Only along the flow do peaks and limbs coincide.

# %% [markdown]
# ## 3.5 The layer, in torch
#
# Training needs the same thing for a batch: `N` flows, each shared by `K` maps, as all joints of a
# frame share theirs. We work out only once for all of them where a place lies.


# %% tags=["export:tslib.warp"]
def cells(H, W, like):
    """Each cell's own coordinates (H, W, 2), x first."""
    y, x = (torch.arange(n, dtype=like.dtype, device=like.device) for n in (H, W))
    return torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)


def corners(place, H, W):
    """Flat indices of the four cells around places (..., 2), and u, v between them."""
    x, y = place[..., 0].clamp(0, W - 1), place[..., 1].clamp(0, H - 1)
    left, top = x.detach().floor(), y.detach().floor()
    right, bottom = (left + 1).clamp(max=W - 1), (top + 1).clamp(max=H - 1)
    flat = [(row * W + column).long()
            for row in (top, bottom) for column in (left, right)]
    return flat, x - left, y - top


def sample_torch(maps, place):
    """maps (N, K, H, W), read at place (N, h, w, 2) -> (N, K, h, w) (Eq. 3.4)."""
    N, K, H, W = maps.shape
    flat, u, v = corners(place.flatten(1, 2), H, W)
    s1, s2, s3, s4 = (maps.flatten(2).gather(2, i[:, None].expand(-1, K, -1))
                      for i in flat)
    u, v = u[:, None], v[:, None]
    above, below = s1 + u * (s2 - s1), s3 + u * (s4 - s3)
    return (above + v * (below - above)).unflatten(2, place.shape[1:3])


# %% [markdown]
# We write $s_1 + u (s_2 - s_1)$ instead of $(1 - u) s_1 + u s_2$, because it takes one product less
# and because for $u = 0$ it is $s_1$ *to the last bit*. Therefore zero flow gives back the very
# same map, and without motion the layer does nothing at all.
#
# `warp` in `tslib` is this function behind a door that checks shapes and broadcasts:
# `out[p] = score[p + flow[p]]`. On a CPU compiled code reads the cells. Three judges look at it:
# the loops, the lines above, and torch's own `grid_sample`, which wants places from -1 to 1 (here
# from the first cell's middle to the last one's, which torch calls `align_corners`).

# %%
from torch.nn.functional import grid_sample

from tslib.warp import warp

maps = torch.randn(5, 13, 24, 20).double()
flows = 3 * torch.randn(5, 1, 24, 20, 2).double()
moved = warp(maps, flows)
place = cells(24, 20, flows) + flows[:, 0]
by_loops = [[warp_loops(one, f[0]) for one in frame]
            for frame, f in zip(maps.numpy(), flows.numpy())]
scaled = 2 * place / torch.tensor([19, 23]) - 1
judges = {"the loops": torch.from_numpy(np.array(by_loops)),
          "the lines above": sample_torch(maps, place),
          "grid_sample": grid_sample(maps, scaled, "bilinear", "border", True)}
for name, theirs in judges.items():
    differing = int(((theirs - moved).abs() > 1e-12).sum())
    print(f"{name:15}: {differing} of {moved.numel():,} values differ",
          "by more than 1e-12")
unmoved = warp(maps, torch.zeros_like(flows))
print(f"zero flow changes {int((unmoved != maps).sum())} values in their last bit")

# %% [markdown]
# What lies beyond the border? `grid_sample` offers zeros, and it takes them unless we tell it
# otherwise. But scores may well be negative. Messages take something off, and the loss with which
# Paper A trains the whole network asks for -1 wherever a joint is not (chapter 6 explains it). Then
# a zero that stands for *nothing* beats every value that stands for *something*. We let a flow of
# nine cells lead out of such a map.

# %%
score = here.double() - 2  # -1 at the joint, -2 in the background
nine = torch.tensor([9.0, 0.0]).double()  # out of the map, on the right
out = 2 * (cells(24, 24, score) + nine) / 23 - 1
zeros = grid_sample(score[None, None], out[None], align_corners=True)[0, 0]
border = warp(score, nine.expand(24, 24, 2))
for name, one in (("zeros beyond the border", zeros), ("the border's value", border)):
    best = peak(one)
    print(f"{name:23}: the best cell is {best},",
          f"which reads column {best[0] + 9} of 0 to 23")
assert peak(zeros)[0] + 9 > 23 >= peak(border)[0] + 9

# %% [markdown]
# With zeros the best cell is one that has read a column which the neighbour's map does not have.
# With the border's value it is the joint. So `warp` reads the border.
#
# ## 3.6 Push instead of pull
#
# Paper A's formula (Sec. 3.3, after Eq. 2) goes the other way:
# $p'_{i^*} = p_{i^*} + f_{i^*,i}(p_{i^*})$. There $p_{i^*}$ is a place in the *neighbour* frame,
# and $f_{i^*,i}$ is the neighbour's flow to this frame, read on the neighbour's cells. Each of its
# cells is pushed to where it belongs. The field calls it *forward warping*, or splatting.
#
# $$\tilde s\bigl(\mathrm{round}(q + f_{t' \to t}(q))\bigr) \;\leftarrow\; \max \; s(q) \tag{3.5}$$
#
# In array form this is a scatter instead of a gather. Where two cells arrive at the same place, the
# higher one stays. Where none arrives, we put the map's minimum, because such a place has no
# evidence.


# %% tags=["export:tslib.warp"]
def splat_unchecked(score, flow):
    """Every cell of score (..., H, W) goes where flow takes it; the highest stays."""
    H, W = score.shape[-2:]
    x, y = (cells(H, W, flow) + flow).round().long().unbind(-1)
    outside = (x < 0) | (x >= W) | (y < 0) | (y >= H)
    place = torch.where(outside, H * W, y * W + x)  # one more cell takes what leaves
    maps = score.flatten(-2)
    pushed = maps.amin(-1, keepdim=True).expand(*maps.shape[:-1], H * W + 1)
    pushed = pushed.scatter_reduce(
        -1, place.expand(score.shape).flatten(-2), maps, "amax"
    )
    return pushed[..., :-1].unflatten(-1, (H, W))


# %%
from tslib.warp import splat

whole = torch.tensor([2.0, -1.0]).expand(24, 24, 2)
pulled, pushed = warp(next_one, whole), splat(next_one, -whole)
print("the dot of Sec. 3.4 is pulled to", peak(pulled), "and pushed to", peak(pushed))
noise = torch.rand(24, 24)
same = warp(noise, whole) == splat(noise, -whole)
inner = same[1:, :-2]  # cells whose arrow stays on the map
print(f"a whole shift of any map: equal on {same.double().mean():.0%} of the cells,",
      f"and on {inner.double().mean():.0%} of those whose arrow stays on the map")

# %% [markdown]
# For whole shifts that are inverse to each other the two do the same. But flows are not whole, and
# they stretch and shrink. Let a camera zoom in on a broad peak by 1.4 from the neighbour frame to
# this one, or, the other way round, zoom out. We count how many cells arrive at each place.

# %%
zoom_in = 0.4 * (cells(24, 24, noise) - 11.5)
middle = gaussian(torch.tensor([[11.5, 11.5]]), GRID, sigma=4)[0]
back = zoom_in / -1.4  # p = 11.5 + 1.4 (q - 11.5), solved for q
arrivals = {}
for name, flow in (("zoom in", zoom_in), ("zoom out", back)):
    x, y = (cells(24, 24, flow) + flow).round().long().unbind(-1)
    on = (x >= 0) & (x < 24) & (y >= 0) & (y < 24)
    arrivals[name] = torch.bincount((y * 24 + x)[on], minlength=576).view(24, 24)
    none, several = ((arrivals[name] == 0).double(), (arrivals[name] > 1).double())
    print(f"{name:8}: of all cells {none.mean():.0%} are holes,",
          f"{several.mean():.0%} are reached more than once,",
          f"the most by {arrivals[name].max()}")

# %%
fig, axes = plt.subplots(2, 2, figsize=(7.5, 7))
show_map(axes[0, 0], middle, "the neighbour's map", bar=False)
show_map(axes[0, 1], warp(middle, back), "zooming in, pulled: Eq. 3.3", bar=False)
show_map(axes[1, 0], splat(middle, zoom_in), "zooming in, pushed: Eq. 3.5", bar=False)
count = torch.where(arrivals["zoom out"] > 0, arrivals["zoom out"].double(), -torch.inf)
show_map(axes[1, 1], count, "zooming out: arrivals (white: none)", cmap="viridis")
show(
    "Four maps. A round bright spot; the same spot larger and without gaps, pulled; "
    "the same spot cut by a grid of black lines, pushed; and a chequered count of one, "
    "two and four arrivals in a square in the middle, white around it."
)

# %% [markdown]
# In the upper left panel we see the neighbour's map. To its right it is pulled along a flow that
# zooms in, and there is no hole, because every cell of this frame asks. Below, the same map is
# pushed, and a growing thing is torn to pieces. The lower right panel counts arrivals when we zoom
# out: up to four cells arrive in one, and three of them are lost. Its holes are the rim, which the
# neighbour frame does not see and which pulling would fill with the border's value.
#
# Pushing also needs the other flow, from the neighbour frame to this one. We pull, and keep `splat`
# to hold it against. But pulling has a price, too: two cells of this frame may read the same peak.
# Section 3.8 measures both.
#
# ## 3.7 Two gradients
#
# The network is trained through the layer, so the layer must pass gradients on. Eq. 3.4 is linear
# in the scores. The gradient of one value that is read is therefore just its four weights,
#
# $$\frac{\partial \tilde s}{\partial (s_1, s_2, s_3, s_4)} = \bigl((1-u)(1-v), \; u(1-v), \; (1-u)v, \; uv\bigr), \tag{3.6}$$
#
# and by the flow it is a difference of neighbours, where each row counts by its share:
#
# $$\frac{\partial \tilde s}{\partial f_x} = (1-v)(s_2 - s_1) + v(s_4 - s_3), \qquad \frac{\partial \tilde s}{\partial f_y} = (1-u)(s_3 - s_1) + u(s_4 - s_2). \tag{3.7}$$
#
# As an example we take $u = \frac14$, $v = \frac12$, and four cells that hold 0, 4, 2 and 10. Then
# we ask `gradcheck`, which compares torch's gradients with finite differences, on random maps.

# %%
four = torch.tensor([[0.0, 4.0], [2.0, 10.0]]).double().requires_grad_()
step = torch.zeros(2, 2, 2).double()
step[0, 0] = torch.tensor([0.25, 0.5])
step.requires_grad_()
to_score, to_flow = torch.autograd.grad(warp(four, step)[0, 0], (four, step))
by_hand = [0.5 * 4 + 0.5 * 8, 0.75 * 2 + 0.25 * 6]
print("the four weights:", to_score.flatten().tolist())
print("by the flow:", to_flow[0, 0].tolist(), " by hand:", by_hand)
tiny = torch.randn(2, 3, 5, 6).double().requires_grad_()
between = ((4 * torch.rand(2, 1, 5, 6, 2) - 2).round() + 0.3).double()
assert torch.autograd.gradcheck(warp, (tiny, between.requires_grad_()))

# %% [markdown]
# The score's gradient is a push, too. It adds, with the weights of the reading, where Eq. 3.5 takes
# a maximum: each receiver sends its gradient back to the four cells that it has read. So if our
# loss is the sum of the whole map, the gradient of a cell counts its readers, and a cell that
# nobody reads learns nothing. The flow's gradient points uphill on the neighbour's map. Nothing in
# this book is trained with it, because our flow is given. But in a network that estimates the flow,
# this is how the loss would reach the estimate.

# %%
flow = torch.from_numpy(pan.flow.dense(t_pan, stride=STRIDE) / STRIDE).double()
score = target_maps(pan.joints[t_pan + 1]).amax(0).double()
_ = flow.requires_grad_(), score.requires_grad_()
moved = warp(score, flow)
readers, uphill = torch.autograd.grad(moved.sum(), (score, flow))
print(f"readers of all cells together: {readers.sum():.0f}, cells {moved.numel()};",
      f"cells that nobody reads: {(readers < 1e-9).double().mean():.0%}")

# %%
fig, axes = plt.subplots(1, 3, figsize=(9.5, 3.4))
show_map(axes[0], score.detach(), "the next frame's maps", bar=False)
read = torch.where(readers < 1e-9, -torch.inf, readers)
show_map(axes[1], read, "readers (white: none)", cmap="viridis")
show_map(axes[2], moved.detach(), "the flow's gradient", bar=False)
g, where = uphill.numpy(), cells(24, 24, uphill).numpy()
steep = np.hypot(*g.T).T > 0.1
look = {"angles": "xy", "color": SKY, "width": 0.008, "scale": 3}
axes[2].quiver(*where[steep].T, *g[steep].T, **look)
x, y = to_cells(pan.joints[t_pan, :5], STRIDE).mean(0)  # head, shoulders, elbows
axes[2].set(xlim=(x - 6, x + 6), ylim=(y + 6, y - 6))
show(
    "Three maps: bright peaks along a body; the number of readers of each cell, high "
    "in the first column and in a stripe at column 15, low in the stripe beside it, "
    "and white in the last columns; and a section of the carried map in which blue "
    "arrows point towards the peaks from all sides."
)

# %% [markdown]
# The left panel shows the next frame's maps, the middle one how often each of their cells is read.
# The left column is read by all whose arrows leave the map there, and such an arrow's own gradient
# is zero, because a small change of it still leads out of the map. The bright stripe at column 15
# is the next frame's post. Each of its cells has nearly two readers, the post itself and the ground
# that the post is about to cover. The dark stripe beside it is ground that the post has just
# uncovered, which hardly anybody reads. The right panel is a section of the carried map, at the
# head, shoulders and elbows. Its arrows are the flow's gradient, all drawn to one scale, and they
# point to the peaks.
#
# There is a kink wherever the flow is a whole number, for there the four cells change, and zero
# flow is whole everywhere. As at the ties of chapter 2, our layer takes one side: the right and the
# lower one. Finite differences step to both sides and see the mean. A row of three cells shows it.

# %%
row = torch.tensor([[0.0, 1.0, 4.0]]).double()  # it rises by 1, and then by 3
still = torch.zeros(1, 3, 2).double().requires_grad_()
(g,) = torch.autograd.grad(warp(row, still)[0, 1], still)
h = 1e-3
shifts = (torch.full((1, 3, 2), sign * h).double() for sign in (1, -1))
right, left = (warp(row, shift)[0, 1] for shift in shifts)
print(f"by the flow in the middle cell: autograd {g[0, 1, 0]:.0f},",
      f"finite differences {(right - left) / (2 * h):.0f}")
row.requires_grad_()
assert torch.autograd.gradcheck(lambda s: warp(s, still.detach()), row)

# %% [markdown]
# ## 3.8 When it is idle
#
# Does the layer matter? Paper A prints no row without flow, so we measure what the layer is for. We
# take the *target* map of each joint in the next frame, as a perfect detector would draw it, carry
# it here, and ask how far its peak lands from this frame's joint. We carry it along the exact flow
# (pulled, and pushed), along both estimates, and along zero flow. The column `height` keeps the
# highest value that the map carried along the exact flow has within 1.2 cells of the joint. (`disc`
# is 1 inside a circle of that radius and -1 outside.) Above 0.6, we take it for a peak at the
# joint.


# %%
def landed(clip, t, moved):
    """How far, in cells, the peaks of maps carried to frame t lie from its joints."""
    return np.linalg.norm(decode(moved)[0] - to_cells(clip.joints[t], STRIDE), axis=-1)


def landings(clip, t):
    """Motion of joints seen in t and t + 1, and how far each way lands, cells."""
    maps = target_maps(clip.joints[t + 1])
    frames = clip.frames[t], clip.frames[t + 1]
    flows = {"exact": clip.flow.dense(t, stride=STRIDE) / STRIDE}
    flows |= {NAMES[way]: flow_between(*frames, way).on_cells(STRIDE)
              for way in METHODS}
    step = clip.joints[t + 1] - clip.joints[t]
    columns = {"motion": np.linalg.norm(step, axis=-1) / STRIDE}
    moved = {name: warp(maps, torch.from_numpy(f)) for name, f in flows.items()}
    columns |= {name: landed(clip, t, one) for name, one in moved.items()}
    places = torch.from_numpy(to_cells(clip.joints[t], STRIDE))
    near = disc(places, GRID, radius=1.2) > 0
    columns["height"] = (moved["exact"] * near).amax((1, 2))  # of the map at the joint
    back = clip.flow.dense(t + 1, forward=False, stride=STRIDE) / STRIDE
    columns["pushed"] = landed(clip, t, splat(maps, torch.from_numpy(back)))
    return pd.DataFrame(columns)[clip.visible[t] & clip.visible[t + 1]]


# %% [markdown]
# We sort the joints by how far they move in one frame, and those that move by two cells or more by
# their camera as well.

# %%
results = pd.concat([landings(clip, t).assign(camera=camera)
                     for clip, camera in zip(clips, cameras) for t in range(11)])
edges = [0, 0.5, 1, 2, 3, np.inf]
names = ["0 to 0.5", "0.5 to 1", "1 to 2", "2 to 3", "3 or more"]
results["bin"] = pd.cut(results["motion"], edges, right=False, labels=names)
ways = ["exact", "pushed", *NAMES.values()]
by_motion = results.groupby("bin", observed=True)
by_camera = results[results["motion"] >= 2].groupby("camera", sort=False)
within, split = (groups[ways].agg(lambda off: (off <= 1).mean())
                 for groups in (by_motion, by_camera))
within = pd.concat([within, split.rename("2 or more, {} camera".format)])
print("joints that land within one cell, by motion in cells a frame:",
      "per cent, to the nearest 5")
print(within.mul(20).round().mul(5).astype(int).rename_axis(None).to_string())
missed = results[(results["exact"] > 1) & (results["motion"] >= 1)]
print("of those that move by 1 or more and miss along the exact flow,",
      f"{(missed['height'] > 0.6).mean():.0%} have a peak at the joint, too")

# %%
fig, axes = plt.subplots(1, 2, figsize=(9.5, 4), sharey=True)
signs = (BLUE, "o-"), (SKY, "s--"), (ORANGE, "o-"), (GREEN, "o-"), (RED, "o-")
groups = results.groupby(["camera", "bin"], observed=True)
median = groups[[*ways, "motion"]].median()
for name, (color, line) in zip(ways, signs):
    for ax, camera in zip(axes, ("slow", "fast")):
        one = median.loc[camera]
        ax.plot(one["motion"], one[name], line, color=color, label=name)
for ax, camera in zip(axes, ("slow", "fast")):
    ax.axvspan(0, 0.5, color=GREY, alpha=0.15)
    ax.set(xlabel="motion of the joint in one frame (cells)", xlim=(0, None))
    ax.set_title(f"{camera} camera")
axes[0].text(0.25, 3.4, "idle", ha="center", color=GREY, fontsize=11)
axes[0].set_ylabel("lands off by (cells), median")
axes[1].legend()
show(
    "Two charts of how far a peak lands off, in cells, over the joint's motion. Zero "
    "flow rises with the motion in both. With a slow camera all lines but the pushed "
    "one rise beyond one cell; with a fast camera exact flow stays near a quarter of a "
    "cell, DIS at about one or less, and Farnebäck's method rises after two and a "
    "half."
)

# %% [markdown]
# Both panels show how far a peak lands off over how far the joint moves, each in cells: on the left
# with a slow camera, on the right with a fast one. When a joint moves less than half a cell (the
# grey strip), leaving the flow out works nearly as well as any flow, because with and without it
# the peak lands within one cell. Along zero flow a peak lands off by the motion, give or take the
# quarter of a cell that reading a peak costs.
#
# From half a cell to two cells, any flow is better than none with either camera. On the left, at
# one to two cells, a peak lands off by about half a cell or less along both estimates, and by more
# than one along zero flow. From two cells on the camera decides. Where it pans, the exact flow
# stays at that quarter of a cell, and DIS, which finds most of the motion, gains two to three
# cells. If the camera hardly moves and only an arm flies, estimated flow helps little: few joints
# that move by two cells or more land within one. Even along the exact flow six in ten of them have
# their highest peak elsewhere.
#
# Why does the exact flow miss at all? The peak did not get lost. In 99 % of these cases the carried
# map has a value above 0.6 within 1.2 cells of the joint, where a perfect peak has 1, and a higher
# value elsewhere. Ground that will be *behind* the joint in the next frame follows its own arrow,
# finds the joint in front, and reads the peak a second time. (Section 3.9 shows it.) In a pan the
# ground's arrow is about the body's, so that both readings meet. Before a camera that hardly moves
# the ground's arrow is nearly zero, and they lie almost as far apart as the joint moves. Only the
# messages of chapter 5 can choose which one is the joint. If we push, a peak goes to one place
# only. Then most of our peaks come home with either camera, but to a whole cell, and so less
# exactly.
#
# How near is near enough? A person is some 16 cells long on these maps. So PCK at 0.2 forgives 3.2
# cells, at 0.1 it forgives 1.6, and at 0.05 only 0.8. (On Paper A's maps of 46 cells a person fills
# about 0.7 of the side, so every motion has twice as many cells. The code calls this factor
# `finer`.)
#
# And how far do joints move? Chapter 0 had the labels of Penn Action. Besides, one real clip has
# true joints in every frame (a goalkeeper from JHMDB, the data set of section 0.6). There we can
# ask the estimates for their error (`python -m experiments real flow --write`).

# %%
folder = Path("../experiments/results")
labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["columns"]
named = {"our clips": labels["rendered"], "Penn Action": labels["real"]}
finer = 0.7 * 46 / 16
for name, column in named.items():
    half, most = column["motion_50"], column["motion_90"]
    print(f"{name:11}: half of the motions are below {half:.1f} cells,",
          f"nine of ten below {most:.1f};",
          f"on Paper A's maps {finer * half:.1f} and {finer * most:.1f}")

# %%
real = json.loads((folder / "flow_real_clip.json").read_text(encoding="utf-8"))
shown = pd.DataFrame(real["columns"]).T
shown = shown.rename(columns={f"error_{way}": name for way, name in NAMES.items()})
shown["share"] = shown["share"].map("{:.0%}".format)
print(f"{real['settings']['frames']} frames of a real clip:",
      "motion of its joints and error there, cells")
print(shown.round({name: 1 for name in ("motion", *NAMES.values())}).to_string())

# %% [markdown]
# Nine of ten motions in Penn Action are below one cell, even on Paper A's maps. For those joints
# the layer is all but *idle*, and our PCK could hardly tell if we left it out. On the real clip
# four of five motions are below one cell, and below half a cell DIS is no better than zero flow.
# (It is one clip, so the numbers are an example and no average.) For motions of up to two cells
# estimated flow works with either camera. Beyond that it works only where the camera pans. There
# DIS is worth whole cells, but Farnebäck's flow, from three cells on, lands in the median just
# where zero flow does. Where an arm flies, the second peak is left to the messages. Our clips have
# more of both, on purpose. So whoever claims that flow helps should print the row with zero flow.

# %% [markdown]
# ## 3.9 There and back
#
# What is *covered* in the next frame has no place there. The flow goes somewhere all the same, and
# the layer reads what is in front. To see it, we warp not a heat-map but the next frame's picture
# (three maps: red, green and blue) along the exact flow of each pixel. The result should look like
# this frame.

# %%
t = 15  # the passer-by is in front of the legs
forward = torch.from_numpy(swing.flow.dense(t))
backward = torch.from_numpy(swing.flow.dense(t + 1, forward=False))
pictures = torch.from_numpy(swing.frames[t : t + 2]).permute(0, 3, 1, 2).float()
fetched = warp(pictures[1], forward)

# %% [markdown]
# How can we tell what is covered if we do not know the truth? We follow the flow to the next frame,
# and from there that frame's own flow back. From what is visible in both frames we come home. From
# a covered place we land on what is in front, and go away with it. Flow over two frames is a chain,
# in which the second arrow begins where the first one ends:
#
# $$f_{t \to t''}(p) = f_{t \to t'}(p) + f_{t' \to t''}\bigl(p + f_{t \to t'}(p)\bigr). \tag{3.8}$$
#
# There and back is the case $t'' = t$. The field calls the test a *forward-backward consistency
# check*. Sundaram, Brox and Keutzer give it a tolerance that grows with the motion:


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


found = {"exact flow": inconsistent(forward, backward),
         "DIS": inconsistent(*by_dis(swing, t))}
panels = {"this frame": pictures[0], "the next one": pictures[1],
          "the next one, carried here": fetched}
for name, mask in found.items():
    background = fetched if name == "exact flow" else pictures[0]
    panels[f"{name} does not lead home"] = torch.where(mask, 255.0, background)
fig, axes = plt.subplots(2, 3, figsize=(9.5, 6.6))
for ax, (name, picture) in zip(axes.flat, panels.items()):
    ax.imshow(picture.permute(1, 2, 0) / 255)
    ax.set(title=name, xticks=[], yticks=[])
axes[1, 2].axis("off")
show(
    "Five frames of a batter with a passer-by in front of the legs. In the next frame "
    "carried here the passer-by appears twice, and so does the bat. With the exact "
    "flow these copies, an arm and thin rims are white; with DIS a large area around "
    "the passer-by is, and a small one beside the hips."
)

# %% [markdown]
# The upper row shows this frame, the next one, and the next one carried here. In the last of them
# the passer-by comes twice: once where he is, carried by his own flow, and once where he *will be*,
# because the ground there asks and finds him. The bat leaves a copy as well. In the lower row all
# those pixels are white from which flow there and back does not lead home. We draw them over the
# carried frame for the exact flow, and over this frame for DIS. With the exact flow these are the
# copies, what an arm is about to cover, and thin rims. With DIS they are whole areas in which its
# two answers contradict each other.
#
# How good is the test? We count pixels that a post or a passer-by covers in the next frame, and
# pixels that are in sight in both frames, and ask how many of each the test marks.


# %%
def covered(clip, t):
    """Pixels that something covers in the next frame, and pixels that stay in sight."""
    flow = torch.from_numpy(clip.flow.dense(t))
    place = (cells(96, 96, flow) + flow).round().long()
    x, y = place.clamp(0, 95).unbind(-1)
    inside = (place == torch.stack([x, y], -1)).all(-1)
    here, ahead = (torch.from_numpy(clip.flow.parts[i]) for i in (t, t + 1))
    hidden = (ahead[y, x] >= FIRST_OCCLUDER) & (here < FIRST_OCCLUDER)
    return inside & hidden, inside & (ahead[y, x] == here)


counts = {"exact": torch.zeros(4), "DIS": torch.zeros(4)}
for clip, i in ((clip, i) for clip in clips[:20] for i in range(11)):
    hidden, kept = covered(clip, i)
    exact = (torch.from_numpy(clip.flow.dense(i + n, n == 0)) for n in (0, 1))
    for name, flows in (("exact", exact), ("DIS", by_dis(clip, i))):
        mask = inconsistent(*flows)
        both = [part.sum() for of in (hidden, kept) for part in (mask & of, of)]
        counts[name] += torch.stack(both)
print("per cent, to the nearest 10")
print("flow   marked of the covered  marked of the visible  covered of the marked")
for name, (hit, all_hidden, wrong, all_kept) in counts.items():
    shares = hit / all_hidden, wrong / all_kept, hit / (hit + wrong)
    tens = (10 * (10 * share).round().int() for share in shares)
    print(f"{name:5}" + "".join(f"{per_cent:23}" for per_cent in tens))

# %% [markdown]
# With the exact flow the test finds nearly all that gets covered, and hardly anything of what stays
# in sight: of ten marked pixels of these two kinds, eight get covered. With DIS it finds half of
# what a post or a passer-by covers, and of ten marked pixels of the two kinds, nine stay in sight.
# (What an arm or the bat covers is in neither kind.) So it is also a test of the *estimate*.
#
# Paper A has no such test. A heat-map has little to say at a covered place, and the messages of
# chapter 5 give a low map little weight. But if what stands in front looks like an arm, its peak is
# carried here as well.
#
# ## 3.10 Turn the crop, turn the arrows
#
# A network seldom sees whole frames. It sees *crops*, cut out around the person, and training
# turns, scales and flips those of a slice, all frames alike. Then the flow has to change in two
# ways: each arrow *moves* to the new place of its pixel, and each arrow is itself *turned*. A flow
# is not a picture with two channels. For a change of places $p \mapsto A p + c$,
#
# $$f'(A p + c) = A \, f(p). \tag{3.9}$$
#
# The shift $c$ moves our places, but not our arrows, because an arrow is a difference of two
# places. In a mirror $dx$ changes its sign. We compare the right way with one that only moves the
# arrows, as any library of picture transforms would.

# %%
from tslib.augment import Affine


def turned(crop, clip, t, turn_arrows):
    """How far the next frame's peaks land along the crop's own flow, in cells."""
    px = clip.flow.dense(t)
    moved = crop.flow(px, (96, 96))
    if not turn_arrows:  # move them, and undo the turn of each
        moved = crop.inverse().vectors(moved).astype(np.float32)
    here, there = (crop.points(clip.joints[i]) for i in (t, t + 1))
    on_cells = torch.from_numpy(Flow(moved, (1, 1)).on_cells(STRIDE))
    moved = warp(target_maps(there), on_cells)
    inside = ((here > 2) & (here < 93)).all(-1)
    seen = clip.visible[t] & clip.visible[t + 1] & inside
    off = np.linalg.norm(decode(moved)[0] - to_cells(here, STRIDE), axis=-1)
    return off[seen]


# %%
fast = [clip for clip, camera in zip(clips[:40], cameras) if camera == "fast"]
crops = {"as it is": {}, "turned by 60 degrees": {"angle": 60}}
crops["in a mirror"] = {"flip": True}
print("next frame's peaks in a crop land off by (median, to the nearest cell)")
print("crop                  arrows turned  arrows only moved")
for name, change in crops.items():
    crop = Affine.about((47.5, 47.5), **change)
    off = [np.concatenate([turned(crop, clip, t, right)
                           for clip in fast for t in range(11)])
           for right in (True, False)]
    print(f"{name:20}{np.median(off[0]):15.0f}{np.median(off[1]):19.0f}")

# %%
crop = Affine.about((47.5, 47.5), angle=60)
frame = crop.frame(pan.frames[t_pan], (96, 96))
right = crop.flow(pan.flow.dense(t_pan), (96, 96))
fig, axes = plt.subplots(1, 3, figsize=(9.5, 3.5))
arrows(axes[0], pan.frames[t_pan], pan.flow.dense(t_pan), "the frame and its flow", 12)
arrows(axes[1], frame, right, "turned, arrows turned", 12)
unturned = crop.inverse().vectors(right)
arrows(axes[2], frame, unturned, "turned, arrows only moved", 12, RED)
show(
    "Three grey frames with arrows. In the first a person stands upright and arrows "
    "point left. In the second the frame and its arrows are turned by 60 degrees. In "
    "the third the frame is turned, but the arrows still point left, in red."
)

# %% [markdown]
# The left panel shows our frame with its flow, the middle one the turned crop with arrows that have
# turned along, and the right one the same crop with arrows that have only moved. Our table above
# has the price: peaks land off by three cells in the turned crop, and by five in the mirror. No
# error message shows the mistake, because the shapes fit and the training runs. (We could also
# compute the flow after the crop. Then no arrow has to be turned, but we have to compute a flow
# anew for each crop.)
#
# ## 3.11 What moved to `tslib`
#
# `cells`, `corners`, `sample_torch`, `splat_unchecked`, `chain` and `inconsistent` are
# `tslib/warp.py`, and a test holds them equal to the cells above. The arrows of cells are
# `Flow.on_cells`, those of a crop `Affine.flow`. What we use from here on is
#
# ```python
# from tslib.flow import flow_between
# from tslib.warp import chain, warp
# moved = warp(score, flow)  # score (..., H, W) of the neighbour, flow (..., H, W, 2) to it, cells
# over_two = chain(first, second)  # from this frame to the one after the next
# ```

# %% [markdown]
# ## Exercises
#
# Each cell below prints *not attempted* until you replace `raise NotImplementedError`. The checker
# takes your function and prints one line.
#
# **Exercise 3.1 From pixels to cells** (easy, 10 minutes). Without `Flow`: return the flow of a
# heat-map's cells, given that of pixels. The stride is even, so the middle of a cell lies between
# four pixels. Take their mean.


# %%
def flow_of_cells(flow, stride):
    """flow array (H, W, 2) px, sides multiples of stride -> that of cells."""
    raise NotImplementedError


check.exercise_3_1(flow_of_cells)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Cell 0 of stride 4 has its middle at 1.5, between the pixels 1 and 2. A slice may have a step:
# `flow[1::4]`. And then Eq. 3.2 divides.
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
# **Exercise 3.2 From the frame before** (medium, 10 minutes). A slice has maps, and each frame's
# flow to the next and to the previous one. (The last frame's flow to the next and the first one's
# to the previous lead out of the slice, and are zero.) Carry the maps of each frame to the frame
# *after* it.


# %%
def from_before(maps, to_next, to_previous):
    """maps (T, K, H, W), flows (T, H, W, 2) -> (T - 1, K, H, W), from frame 1 on."""
    raise NotImplementedError


check.exercise_3_2(from_before)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which frame asks, and which one is asked? `warp` wants the flow of the one that asks. The joints
# of a frame share it, so give it an axis of length 1.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def from_before(maps, to_next, to_previous):
#     return warp(maps[:-1], to_previous[1:, None])
# ```
#
# Frame 1 asks, "where was I in frame 0?", and the answer is *its* flow to the previous frame.
# `to_next[:-1]` stands on the cells of the frame that is asked, which is what `splat` wants.
#
# </details>

# %% [markdown]
# **Exercise 3.3 Across the slice** (medium, 15 minutes). Paper A also tries messages that skip a
# frame, for which it needs the flow over two. Return the flow from frame $t$ to another one, which
# may be several frames later or earlier, or $t$ itself.


# %%
def flow_over(to_next, to_previous, t, other):
    """to_next, to_previous (T, H, W, 2) -> flow from frame t to the other (H, W, 2)."""
    raise NotImplementedError


check.exercise_3_3(flow_over)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Begin with no motion and `chain` (Eq. 3.8) one flow after the other, each on the frame that you
# have reached. Which of the two arrays do you need, and which of its frames?
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
# If you added the flows cell by cell, you would read the second one where the body no longer is.
# You may also chain from the far end. The numbers then differ, because both ways read between
# cells, and the checker takes either.
#
# </details>

# %% [markdown]
# **Exercise 3.4 Arrows in the mirror** (easy, 5 minutes). Flip a flow left to right, and leave the
# one that is given as it is.


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
# **Exercise 3.5 Only what can be seen** (medium, 10 minutes). Carry a map to this frame, but where
# a cell is covered in the neighbour frame, put the lowest value of `score`, because there is no
# evidence for it. (Here all is in cells. "In practice" below says why pixels serve better.)


# %%
def warp_seen(score, flow, back):
    """score (H, W) of the neighbour; flow (H, W, 2) to it, back from it -> (H, W)."""
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
# **Exercise 3.6 Uphill by hand** (hard, 20 minutes). Do without autograd: each cell reads one value
# where its arrow leads. Return the gradient of that value by that arrow (Eq. 3.7). The arrows of
# the check lead to places inside the map, between cells.


# %%
def slope(score, flow):
    """score (H, W), flow (H, W, 2) -> gradient of each moved value by its own arrow."""
    raise NotImplementedError


check.exercise_3_6(slope)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `corners(cells(H, W, flow) + flow, H, W)` gives the four indices, each `(H, W)`, and $u$, $v$.
# `score.flatten()[index]` reads them.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def slope(score, flow):
#     H, W = score.shape
#     flat, u, v = corners(cells(H, W, flow) + flow, H, W)
#     s1, s2, s3, s4 = (score.flatten()[i] for i in flat)
#     by_x = (1 - v) * (s2 - s1) + v * (s4 - s3)
#     by_y = (1 - u) * (s3 - s1) + u * (s4 - s2)
#     return torch.stack([by_x, by_y], -1)
# ```
#
# </details>

# %% [markdown]
# **Exercise 3.7 Where nothing arrives** (medium, 10 minutes). Pushing leaves holes (Sec. 3.6).
# Return the cells of this frame at which no cell of the neighbour frame arrives, given the
# neighbour's flow. Round as Eq. 3.5 does, and forget whatever leaves the map. A loop is fine.


# %%
def holes(flow):
    """flow (H, W, 2) from the neighbour frame, on its cells -> bool (H, W)."""
    raise NotImplementedError


check.exercise_3_7(holes)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Begin with a map that is all holes. Each cell $q$ fills the one at $\mathrm{round}(q + f(q))$, if
# it is on the map. Beware of negative indices, which Python counts from the end.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def holes(flow):
#     H, W = flow.shape[:2]
#     x, y = (cells(H, W, flow) + flow).round().long().unbind(-1)
#     on = (x >= 0) & (x < W) & (y >= 0) & (y < H)
#     empty = torch.ones(H, W, dtype=torch.bool)
#     empty[y[on], x[on]] = False
#     return empty
# ```
#
# </details>

# %% [markdown]
# ## Recap
#
# - Flow gives us an arrow for every pixel, on one frame and towards another. With a fast camera DIS
#   finds about two thirds of the motion of ground and body. In all other cases estimates find about
#   half of the body's motion or less, and of that of wrists about half at best (Sec. 3.1, 3.2).
# - Its values shrink with the map (Sec. 3.3), turn with the crop and change sign in a mirror (Sec.
#   3.10).
# - This frame's arrow says where we have to read the neighbour's map, and against the flow the
#   motion doubles (Sec. 3.4, 3.5). The paper's formula pushes instead, with the other flow. Then
#   there are holes and collisions, but the same peaks for whole shifts (Sec. 3.6), and one peak
#   where pulling may read two (Sec. 3.8).
# - A score gets its readers' gradients with the weights of the reading. The flow's gradient is the
#   slope of the map (Sec. 3.7).
# - When a joint moves less than half a cell a frame, the layer is idle. Up to one cell only a
#   strict PCK notices it, and most motions in Penn Action are smaller than that. Estimated flow
#   pays from half a cell on, and beyond two cells only where the camera pans; beyond three, only
#   that of DIS (Sec. 3.8).
# - Flow there and back leads home, except from what is covered (Sec. 3.9).
#
# **In practice**
#
# - Paper A writes the push of Eq. 3.5 and speaks of aligning, which is the pull of Eq. 3.3. It does
#   not say which one it computes. We pull, because pulling leaves no holes, gives a gradient to the
#   flow as well, and needs this frame's own flow and not the neighbour's. The price is a second
#   peak where a limb moves fast before ground at rest (Sec. 3.8), among which the messages have to
#   choose.
# - Beyond the border `warp` reads the border's value. Zeros would be the best score on a negative
#   map (Sec. 3.5). `tslib.video.inference`, whose maps lie on crops of their own, takes the map's
#   minimum there.
# - The tolerance of `inconsistent` was found for pixels: half a square pixel. On cells of 4 or 8 px
#   it forgives more. So find what is covered on pixels, and then go to cells.
# - Exact flow knows where a covered part has gone, which no estimate can know. Numbers that were
#   got with exact flow are therefore an upper bound.
#
# ## Quiz
#
# 1. Somebody stores the flow from frame 5 to frame 6 and wants frame 6's heat-maps in frame 5. Is
#    this the flow to pull with, or does the opposite direction have to be computed?
#
# <details><summary>Answer</summary>
#
# It is the right one. Frame 5 asks where each of its cells has gone, and reads frame 6 there. The
# flow from 6 to 5 would be the one to push with.
#
# </details>
#
# 2. A colleague halves the heat-maps' resolution and leaves the flow's values as they are. In which
#    clips would you notice first, and in which never?
#
# <details><summary>Answer</summary>
#
# The arrows are now twice as long in cells as they should be. So peaks land off by the motion
# itself, which hurts most where the camera pans. Where nothing moves, twice zero is still zero, and
# nobody notices.
#
# </details>
#
# 3. Why can a pulled map have two peaks of full height when the neighbour's map has one, and why
#    can a pushed map not?
#
# <details><summary>Answer</summary>
#
# Pulling lets every cell of this frame choose where it reads, and two cells may choose the same
# place: the joint's own cell, and the ground that the joint is about to cover. Pushing sends each
# cell of the neighbour frame to one place only.
#
# </details>
#
# 4. On clips from a camera on a tripod, a table shows the same PCK with DIS and with zero flow. May
#    one conclude that the flow layer has a bug?
#
# <details><summary>Answer</summary>
#
# No. Where joints move less than half a cell, every flow lands within one cell. PCK at 0.2 forgives
# motions of up to three cells (Sec. 3.8), and of limbs that fly before a camera at rest the
# estimate finds little. A camera that pans, or exact flow, would tell a bug from an idle layer.
#
# </details>
#
# 5. We train with crops that are mirrored half of the time, and mirror the flow as a picture with
#    two channels. What goes wrong, and why does nothing crash?
#
# <details><summary>Answer</summary>
#
# In mirrored crops $dx$ keeps its sign, so that each map is carried the wrong way along x and the
# motion doubles. Shapes, types and ranges are all as they should be, and so the mistake only shows
# in the numbers.
#
# </details>
#
# ## References
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network*, CVPR 2017: Sec.
#   3.2 for the layer, Sec. 3.3 after Eq. 2 for its formula.
# - T. Kroeger, R. Timofte, D. Dai, L. Van Gool, *Fast Optical Flow using Dense Inverse Search*,
#   ECCV 2016: DIS.
# - G. Farnebäck, *Two-Frame Motion Estimation Based on Polynomial Expansion*, SCIA 2003.
# - N. Sundaram, T. Brox, K. Keutzer, *Dense Point Trajectories by GPU-Accelerated Large
#   Displacement Optical Flow*, ECCV 2010: there and back.
# - M. Jaderberg, K. Simonyan, A. Zisserman, K. Kavukcuoglu, *Spatial Transformer Networks*, NIPS
#   2015: reading a map at places, and its gradients.
# - T. Pfister, J. Charles, A. Zisserman, *Flowing ConvNets for Human Pose Estimation in Videos*,
#   ICCV 2015: heat-maps carried along the flow, before Paper A.
