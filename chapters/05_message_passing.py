# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4. Let the joints talk
#
# **You'll build** Paper A's inference layer: all joints of all frames of a slice send each other messages, round after round, until they agree on a pose.
#
# **You'll learn**
#
# - what is being maximised: the score of a pose, and of a slice, as a sum of a few terms;
# - when max-sum is exact, and what a loop does to it: echo, over-counting, growing scores;
# - which faults of a detector neighbours in space repair, which neighbours in time, and how much that is in PCK;
# - what a spring can and cannot say: sign, rest offset, stiffness, and why it never pushes;
# - where the gradient goes, what a round costs, and what all this does on a real clip.
#
# **You'll need** chapters 1 and 2 for the message, chapter 3 for the flow layer. No GPU; about a minute on two cores, two hours of yours with
# the exercises. Paper A is *Thin-Slicing Network* (Song et al., CVPR 2017).

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
import inspect
import json
from pathlib import Path
from textwrap import dedent

import matplotlib.pyplot as plt
import numpy as np
import torch
from exercises import chapter_04 as check
from IPython.display import Markdown
from style import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, draw_graph, mark, show_map

from tslib.distance_transform import distance_transform
from tslib.heatmaps import decode, gaussian, to_cells, to_pixels
from tslib.message_passing import MessagePassing, PoseGraph
from tslib.metrics import means, table, tally
from experiments.measures import bootstrap
from experiments.paper_tables import PAPER_TABLES
from renderer import Settings, render_clip
from tslib.skeletons import SKELETONS
from tslib.warp import warp

PENN = SKELETONS["penn13"]

# %% [markdown]
# | symbol | meaning | in code | shape |
# |---|---|---|---|
# | $T, K, H, W$ | frames of a slice, joints, rows and columns of a heat-map | `T`, `K`, `H`, `W` | |
# | $i, j, k$ | nodes; joint $k$ of frame $t$ is node $tK + k$, and there are $N = TK$ | `i`, `j`, `k` | |
# | $E_s, E_f$ | edges in space and in time | `edges` | `(E, 2)` |
# | $p_i$ | the cell of node $i$ | `p` | `(K, 2)`, x first |
# | $p'_i$ | that cell, moved along the flow | `arrived` | `(K, 2)` |
# | $\phi_i$ | unary: the detector's heat-map | `phi` | `(K, H, W)`, `(N, H, W)` |
# | $\psi$ | spring between two nodes | `spring` | |
# | $a, \mu$ | its stiffness; its rest offset, second node as seen from the first | `a`, `mu` | `(E, 2)` |
# | $w$ | Paper A's four weights of a spring | `w` | `(4,)` |
# | $f$ | optical flow | `flow`, `flows` | `(H, W, 2)` |
# | $\mathrm{score}_i$ | what node $i$ believes at the moment | `score` | `(N, H, W)` |
# | $b_i$ | max-marginal: the best score of all poses with node $i$ here | `exact` | `(K, H, W)` |
# | $m_{ki}$ | message from $k$ to $i$ | `m` | `(H, W)` |
# | $\mathrm{own}_i, \mathrm{share}_i$ | weights of a node's unary and of what it hears | `own`, `share` | `(N,)` |
# | $N(i)$ | neighbours of node $i$; $\|N(i)\|$ is its degree | `graph.degree` | `(N,)` |
# | | over how many frames the edges in time reach | `span` | |

# %% [markdown]
# ## 4.1 The score of a pose, and of a slice
#
# Paper A (Sec. 3.1, Eq. 1) gives a pose $p$ in an image $I$ a score: every joint counts by its own heat-map, and every pair that an edge joins by
# a spring.
#
# $$S(I, p) = \sum_i \phi_i(p_i \mid I) + \sum_{(i, j) \in E_s} \psi_{ij}(p_i, p_j), \tag{4.1}$$
#
# $$\psi_{ij} = w_{ij} \cdot d(\Delta), \quad d(\Delta) = [\Delta x, \Delta x^2, \Delta y, \Delta y^2]. \tag{4.2}$$
#
# We take $\Delta = p_j - p_i$, the second joint as seen from the first, and the completed square of chapter 1, $\psi = -a (\Delta - \mu)^2$ for each axis. Then
# $w = [2 a_x \mu_x, -a_x, 2 a_y \mu_y, -a_y]$, and the two differ by the constant $-a\mu^2$. In array form: look up one number per
# joint, add one price per edge.


# %%
def spring(delta, a, mu):
    """Price of offsets delta (..., 2) (Eq. 4.2)."""
    return -(a * (delta - mu) ** 2).sum(-1)


def pose_score(phi, p, edges, a, mu):
    """phi (K, H, W), p (K, 2) cells, edges (E, 2), springs (E, 2) -> S(I, p) (Eq. 4.1)."""
    x, y = p.T
    i, j = edges.T
    return phi[torch.arange(len(p)), y, x].sum() + spring(p[j] - p[i], a, mu).sum()


phi = torch.zeros(2, 12, 16)
phi[0, 3, 2], phi[1, 4, 5], phi[1, 9, 12] = 0.9, 0.7, 0.8  # an elbow; two places for the wrist
edges, a, mu = torch.tensor([[0, 1]]), torch.full((1, 2), 0.05), torch.tensor([[4.0, 1.0]])
for wrist, hand in (((5, 4), 0.9 + 0.7 - 0.05 * 1), ((12, 9), 0.9 + 0.8 - 0.05 * (36 + 25))):
    S = pose_score(phi, torch.tensor([(2, 3), wrist]), edges, a, mu)
    print(f"wrist at {wrist!s:8}: by hand {hand:5.2f}, Eq. 4.1 {S:5.2f}")

delta = torch.cartesian_prod(torch.arange(-9, 10), torch.arange(-9, 10))
w = torch.tensor([2 * 0.05 * 4, -0.05, 2 * 0.05 * 1, -0.05])
d = torch.stack([delta[:, 0], delta[:, 0] ** 2, delta[:, 1], delta[:, 1] ** 2], -1)
gap = (d * w).sum(-1) - spring(delta, a, mu)
print(f"w . d minus ours: from {gap.min():.2f} to {gap.max():.2f}, a mu^2 = {0.05 * (16 + 1):.2f}")

# %% [markdown]
# The louder wrist loses: it lies eight cells too far. With the elbow (square) held fast, the score is a map over the wrist's cell. Ring: the highest cell; colours end at $-1$, so black is $-1$ or less.

# %%
Y, X = torch.meshgrid(torch.arange(12), torch.arange(16), indexing="ij")
soft = sum(h * torch.exp(-((X - x) ** 2 + (Y - y) ** 2) / 3)
           for x, y, h in ((5, 4, 0.7), (12, 9, 0.8)))
price = spring(torch.stack([X, Y], -1) - torch.tensor([2, 3]), a, mu)
fig, axes = plt.subplots(1, 3, figsize=(9.5, 2.3), sharey=True)
for ax, values, title in zip(axes, (soft, price, soft + price),
                             ("the wrist's unary", "its spring to the elbow", "their sum")):
    show_map(ax, values, title, vmin=-1)
    mark(ax, 2, 3, "elbow", marker="s")
    best = int(values.argmax())
    mark(ax, best % 16, best // 16, color=BLUE)
plt.show()

# %% [markdown]
# A slice of $T$ frames (Eq. 2) sums its poses, and adds a spring for every joint to itself in the next frame. That spring does not compare places but *moved*
# places: the neighbour's joint is first carried along the flow.
#
# $$S_\mathrm{slice} = \sum_t S(I^t, p^t) + \sum_{(i, i^*) \in E_f} \psi(p_i, p'_{i^*}), \qquad p'_{i^*} = p_{i^*} + f(p_{i^*}). \tag{4.3}$$


# %%
def slice_score(phi, p, edges, a, mu, flow, a_time):
    """phi (T, K, H, W), p (T, K, 2), flow (T - 1, H, W, 2) to the next frame (Eq. 4.3)."""
    S = sum(pose_score(phi[t], p[t], edges, a, mu) for t in range(len(p)))
    for t in range(len(p) - 1):
        x, y = p[t].T
        arrived = p[t] + flow[t, y, x]
        S = S + spring(p[t + 1] - arrived, a_time, 0).sum()
    return S


flow = torch.tensor([2.0, -1.0]).expand(1, 12, 16, 2)
here = torch.tensor([[2, 3], [5, 4]])
for name, step in (("moves with the flow", [2, -1]), ("stands still", [0, 0])):
    p = torch.stack([here, here + torch.tensor(step)])
    S = slice_score(torch.zeros(2, 2, 12, 16), p, edges, a, mu, flow, torch.tensor(0.1))
    print(f"{name:20}: score {S:5.2f}")

# %% [markdown]
# With empty heat-maps, the forearm's stretch of one cell costs 0.05 in each frame, and that is all a pose pays that moves with the flow. Standing still costs
# 0.1 (4 + 1) more for each joint.
#
# ## 4.2 The graph
#
# Which pairs have a spring? Paper A (Sec. 3.1) names limbs, and left-right pairs of the same joint, so that the two do not settle on one place; and over time each joint with itself in adjacent
# frames. `PoseGraph` holds such a graph as two lists: the edges, and the spring that each edge uses. All frames share a limb's spring. The picture is Paper A's Figure 2(e), on a pose of
# our renderer.

# %%
graph = PoseGraph.of(PENN, frames=5)
over_time = graph.offset != 0
print(f"{graph.nodes} nodes, {(~over_time).sum()} edges in space, {over_time.sum()} in time,",
      f"{len(graph.springs)} springs, {len(graph.directed)} messages a round")
print("degrees in the middle frame:", dict(zip(PENN.joints, graph.degree[26:39].tolist())))

# %%
clip = render_clip(0, 21, Settings(frames=5))
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 2.5), width_ratios=(1, 3.6))
left.imshow(clip.frames[2] // 24 * 24)
left.axis("off")
draw_graph(right, graph, clip.joints[2])
plt.show()

# %% [markdown]
# Blue: in space; yellow: in time. There are loops everywhere: shoulder, elbow, elbow, shoulder; a wrist, itself a frame later, that frame's elbow, the first frame's elbow, and back. Without the pairs, one frame is a tree, and there
# the search for the best pose is exact.
#
# ## 4.3 On a tree, max-sum is exact
#
# How good is the best pose that has the elbow *here*? That number, for every joint and cell, is called the max-marginal:
#
# $$b_i(p_i) = \max_{p_j,\, j \ne i} S(I, p). \tag{4.4}$$
#
# On small maps every pose can be tried. An arm and a hip, 42 cells, three million poses:


# %%
def max_marginals_brute(phi, edges, a, mu):
    """phi (K, H, W), edges (E, 2), smaller number first -> b (K, H, W), from all poses (Eq. 4.4)."""
    K, H, W = phi.shape
    cells = torch.stack([torch.arange(H * W) % W, torch.arange(H * W) // W], -1)
    S = torch.zeros([H * W] * K, dtype=phi.dtype)  # one axis a joint

    def along(values, *joints):
        return values.reshape([H * W if k in joints else 1 for k in range(K)])

    for k in range(K):
        S = S + along(phi[k], k)
    for (i, j), a_ij, mu_ij in zip(edges.tolist(), a, mu):
        S = S + along(spring(cells - cells[:, None], a_ij, mu_ij), i, j)
    others = [[j for j in range(K) if j != k] for k in range(K)]
    return torch.stack([S.amax(o).view(H, W) for o in others])


names = ("shoulder", "elbow", "wrist", "hip")
edges = torch.tensor([[0, 1], [1, 2], [0, 3]])
a, mu = torch.full((3, 2), 0.05), torch.tensor([[-1.0, 2.0], [2.0, 1.0], [0.0, 3.0]])
torch.manual_seed(4)
phi = torch.rand(4, 6, 7).double()
exact = max_marginals_brute(phi, edges, a.double(), mu.double())
print("poses tried:", f"{42**4:,};", "every joint's best value is the best pose's score:",
      bool(torch.allclose(exact.amax((1, 2)), exact.max())))

# %% [markdown]
# Max-sum needs three messages for the shoulder, not three million poses. The wrist tells the elbow what it could offer; the elbow *adds its own map* and tells the shoulder; the hip
# does the same from below. A message replaces "the best of everything behind me". The rest offset belongs to the direction: `distance_transform` wants it as
# sender minus receiver, so who hears from the second joint uses $\mu$, who hears from the first uses $-\mu$.

# %%
wrist_to_elbow = distance_transform(phi[2], a[1], mu[1])
elbow_to_shoulder = distance_transform(phi[1] + wrist_to_elbow, a[0], mu[0])
hip_to_shoulder = distance_transform(phi[3], a[2], mu[2])
shoulder = phi[0] + elbow_to_shoulder + hip_to_shoulder
print("shoulder, three messages: equal to all poses", bool(torch.allclose(shoulder, exact[0])))

arm = PoseGraph(1, names, edges, [0, 1, 2], ("upper arm", "forearm", "trunk"))
tree = MessagePassing(arm, normalization="none", exclude=True, stiffness=0.05, iterations=3)
with torch.no_grad():
    tree.rest.copy_(mu)
    scores = tree(phi[None, None])[0, 0]
print("all four, three rounds: equal to all poses", bool(torch.allclose(scores, exact)))

# %% [markdown]
# Circle: the detector's choice; square: the best pose. Each map has its own colours.

# %%
pose = [divmod(int(b.argmax()), 7)[::-1] for b in exact]
best = pose_score(phi, torch.tensor(pose), edges, a.double(), mu.double())
assert torch.isclose(best, exact.max())
fig, axes = plt.subplots(2, 4, figsize=(11, 4), sharex=True, sharey=True)
for k, name in enumerate(names):
    show_map(axes[0, k], phi[k], f"{name}: unary", bar=False)
    show_map(axes[1, k], exact[k], "best pose with it here", bar=False)
    loud = int(phi[k].argmax())
    mark(axes[0, k], loud % 7, loud // 7, color=ORANGE)
    for ax in axes[:, k]:
        mark(ax, *pose[k], marker="s", color=BLUE)
        ax.set(xlabel="", ylabel="")
plt.show()

# %% [markdown]
# "Three rounds" because the longest way in this tree, wrist to hip, has three edges; and `exclude=True` for a reason
# that section 4.5 is about. `tree` runs all nodes at once: that is the next section.
#
# ## 4.4 One round, everybody at once
#
# With loops there is no "behind me", and no order. Paper A (Sec. 3.3, Eqs. 3 and 4) lets every node hear all its neighbours at the same time, starting from $\mathrm{score}_i = \phi_i$, three times:
#
# $$\mathrm{score}_i(p_i) \leftarrow \phi_i(p_i) + \sum_{k \in N(i)} m_{ki}(p_i), \tag{4.5}$$
#
# $$m_{ki}(p_i) = \max_{p_k} \bigl( \mathrm{score}_k(p_k) + \psi_{ki}(p_k, p_i) \bigr). \tag{4.6}$$
#
# (The paper writes child($i$); in a graph where everybody hears everybody, all neighbours are children.) A neighbour in another frame is first warped: `flows[o]` is the flow from each frame to the frame $o$ later, on this
# frame's cells, as `warp` of chapter 3 wants it: Eq. 4.3 pushes, we pull along the receiver's own flow. Since the paper says that normalising what is collected helps, without a formula, a round gets two weights a node:
# $\mathrm{own}_i \phi_i + \mathrm{share}_i \sum m_{ki}$.


# %%
def hear(score, k, i, K, flows):
    """Node k's map as node i sees it: its own, or warped from another frame."""
    o = k // K - i // K
    return score[k] if o == 0 else warp(score[k], flows[o][i // K])


def one_round(phi, score, graph, a, mu, flows, own, share):
    """phi, score (N, H, W), springs (E, 2), own, share (N,) -> new scores (Eqs. 4.5, 4.6)."""
    K, total = len(graph.joints), torch.zeros_like(phi)
    for (i, k), a_ik, mu_ik in zip(graph.edges.tolist(), a, mu):
        total[i] += distance_transform(hear(score, k, i, K, flows), a_ik, mu_ik)
        total[k] += distance_transform(hear(score, i, k, K, flows), a_ik, -mu_ik)
    return own[:, None, None] * phi + share[:, None, None] * total


# %% [markdown]
# `MessagePassing` is the same for a batch, and fast. Held against each other on random maps, springs and flows, for two rounds and for three ways to choose the weights:

# %%
generator = torch.Generator().manual_seed(0)
pair = PoseGraph.of(PENN, frames=2)
phi = torch.rand(2, 13, 10, 12, generator=generator)
flows = {o: 3 * torch.randn(2, 10, 12, 2, generator=generator) for o in (1, -1)}
degree = torch.from_numpy(pair.degree).float()
ones = torch.ones_like(degree)
weights = {"none": (ones, ones), "mean": (ones, 1 / degree), "degree": (1 / (1 + degree),) * 2}
for name, (own, share) in weights.items():
    layer = MessagePassing(pair, iterations=2, normalization=name)
    with torch.no_grad():
        layer.rest.copy_(4 * torch.randn(len(pair.springs), 2, generator=generator))
        a, mu = layer.stiffness[pair.spring], layer.rest[pair.spring]
        slow = phi.flatten(0, 1)
        for _ in range(2):
            slow = one_round(phi.flatten(0, 1), slow, pair, a, mu, flows, own, share)
        fast = layer(phi[None], {o: f[None] for o, f in flows.items()})
    print(f"{name:7}: equal {torch.allclose(fast[0].flatten(0, 1), slow, rtol=1e-4, atol=1e-4)}")

# %% [markdown]
# ### One spring for both directions, read one way
#
# The easiest mistake in `one_round` is to forget the minus: the elbow is down and left of the shoulder, but the shoulder is *not* down and left of the elbow. Nothing crashes, and most joints that are seen hold
# their ground. Hide some: perfect heat-maps for all but wrists and ankles, and springs that know this very pose. One round must put the four where they are.


# %%
def one_round_wrong(phi, score, graph, a, mu, flows, own, share):
    """Reads every rest offset from first to second, in both directions."""
    K, total = len(graph.joints), torch.zeros_like(phi)
    for (i, k), a_ik, mu_ik in zip(graph.edges.tolist(), a, mu):
        total[i] += distance_transform(hear(score, k, i, K, flows), a_ik, mu_ik)
        total[k] += distance_transform(hear(score, i, k, K, flows), a_ik, mu_ik)
    return own[:, None, None] * phi + share[:, None, None] * total


GRID, STRIDE = 24, 4  # cells; px to a cell
body = PoseGraph.of(PENN, frames=1)
true = torch.from_numpy(to_cells(clip.joints[2], STRIDE)).float()
perfect = gaussian(true, (GRID, GRID))
hidden = [k for k, name in enumerate(PENN.joints) if name.endswith(("wrist", "ankle"))]
partial = perfect.clone()
partial[hidden] = 0
first, second = body.edges.T
arguments = torch.full((len(first), 2), 0.01), true[second] - true[first], {}
own = share = 1 / (1 + torch.from_numpy(body.degree).float())
found = {f: decode(f(partial, partial, body, *arguments, own, share))[0]
         for f in (one_round, one_round_wrong)}
for f, joints in found.items():
    off = np.linalg.norm(joints - true.numpy(), axis=-1)
    dragged = [PENN.joints[k] for k in np.flatnonzero(off > 2) if k not in hidden]
    print(f"{f.__name__:16} puts the hidden joints {off[hidden].min():.0f} to",
          f"{off[hidden].max():.0f} cells off; of the seen, off by more than 2:",
          ", ".join(dragged) or "none")

# %%
LIMBS = PENN.edges


def draw_pose(ax, picture, joints, title="", wrong=()):
    """A frame, grey and pale, a pose (K, 2) px on it, rings around joints that are wrong."""
    ax.imshow(picture.mean(-1) // 64, cmap="gray", vmin=-4, vmax=4)
    for a, b in LIMBS:
        ax.plot(*joints[[a, b]].T, color=BLUE, lw=2)
    ax.plot(*joints[list(wrong)].T, "o", mfc="none", mec=RED, mew=2, ms=11)
    ax.set_title(title)
    ax.axis("off")


fig, axes = plt.subplots(1, 2, figsize=(5, 2.5))
for ax, (f, joints) in zip(axes, found.items()):
    off = np.linalg.norm(joints - true.numpy(), axis=-1) > 2
    draw_pose(ax, clip.frames[2], to_pixels(joints, STRIDE), f.__name__, np.flatnonzero(off))
plt.show()

# %% [markdown]
# Rings: more than two cells off. An elbow and a knee have perfect maps, and are dragged off by what their hidden neighbours and the wrong springs tell them.
#
# ## 4.5 The echo, and what loops do
#
# Eq. 4.6 sends the *whole* score, and in it what the receiver said before. Two nodes, one spring, and only the first has seen anything. Watch the highest score of that node:

# %%
two = PoseGraph(1, ("i", "k"), [(0, 1)], [0], ("i-k",))
three = PoseGraph(1, ("i", "k", "l"), [(0, 1), (1, 2), (2, 0)], [0, 0, 0], ("any",))


@torch.no_grad()
def heights(graph, iterations=7, **settings):
    """The first node's highest score after each round, if it alone has seen anything."""
    phi = torch.zeros(1, 1, len(graph.joints), 9, 9)
    phi[0, 0, 0, 4, 4] = 1
    seen = []
    layer = MessagePassing(graph, iterations, normalization="none", **settings)
    layer(phi, watch=lambda n, score, m: seen.append(score[0, 0, 0].max().item()))
    return seen


for name, g in (("two nodes", two), ("triangle", three)):
    for exclude in (False, True):
        line = " ".join(f"{v:5.0f}" for v in heights(g, exclude=exclude))
        print(f"{name}, exclude={exclude!s:5}: rounds 0 to 7: {line}")

# %% [markdown]
# One observation of height 1, and no other. On the pair, the node hears its own voice every second round; taking a node's own message out of what it hears back (`exclude=True`) ends that, and on any
# tree the scores are then the exact ones of section 4.3. In the triangle it does not help: the voice comes back the other way round. In a loopy graph the same evidence is counted again and again; how often, only the graph
# decides. That is the price of not having an order; messages alone no longer give the exact answer.
#
# Paper A does not exclude. It says that normalising the collected messages stabilises training, and prints no formula. Three candidates, on the body of 18 edges with perfect heat-maps,
# as the highest score of all joints:
#
# - `none`: $\phi_i + \sum m$;
# - `mean`: $\phi_i + \frac{1}{|N(i)|} \sum m$;
# - `degree`: $\frac{1}{1 + |N(i)|} (\phi_i + \sum m)$, the mean of all that a node knows.

# %%
def highest(layer, phi):
    """The highest score of all after each round, the unaries first."""
    seen = []
    layer(phi, watch=lambda n, score, m: seen.append(score.max().item()))
    return seen


rests = {"rest 0, the paper's start": None, "rest = true offsets": true[None].numpy()}
growth = {}
with torch.no_grad():
    for rest, joints in rests.items():
        for name in weights:
            layer = MessagePassing(body, 6, normalization=name)
            if joints is not None:
                layer.start(joints)
            tops = growth[name, rest] = highest(layer, perfect[None, None])
            tops = "".join(f"{tops[n]:9.1f}" for n in (1, 2, 3, 6))
            print(f"{rest:26} {name:7} after rounds 1, 2, 3, 6:{tops}")
for g in (body, graph):
    adjacency = np.zeros((g.nodes, g.nodes))
    adjacency[tuple(g.edges.T)] = 1
    largest = np.linalg.eigvalsh(adjacency + adjacency.T)[-1]
    print(f"frames {g.frames}, largest eigenvalue of the graph's adjacency matrix: {largest:.1f}")

# %%
fig, ax = plt.subplots(figsize=(6, 2.4))
for (name, rest), color in zip(growth, (RED, ORANGE, BLUE) * 2):
    style = "-" if rest in list(rests)[1] else ":"
    ax.semilogy(growth[name, rest], style, marker="o", color=color, ms=4,
                label=name if style == "-" else None)
ax.set(xlabel="rounds", ylabel="highest score", title="line: true rest offsets, dotted: rest 0")
ax.legend()
plt.show()

# %% [markdown]
# Unnormalised, scores grow geometrically, in the long run by the largest eigenvalue of the graph's adjacency matrix every round: faster where degrees are higher, as in a slice. `mean` adds something less than one a round, `degree` stays below the unaries' 1. Chapter 2 showed that float32 loses sources
# as scores grow, and a loss that compares scores with $\pm 1$ (Eq. 6) has no use for a thousand. Does it change the *pose*? Section 4.8 measures it.
#
# ## 4.6 Heat-maps with known faults
#
# To see what messages repair one has to know what is broken. So we take rendered clips, whose joints and flow are exact, and draw the heat-maps that a small ConvNet might give: its joint (fainter where
# it is a wrist, an elbow, an ankle, or hidden; a few have no peak of their own at all), the other side's joint nearly as high, something in the background, all wandering a little; some of it lasts for the whole slice, some changes with
# the frame; and one frame in seven is blurred.


# %%
MIRROR = np.arange(13)
for left, right in PENN.mirror_pairs:
    MIRROR[[left, right]] = right, left
FAINT = np.array([{"wrist": 0.25, "elbow": 0.15, "ankle": 0.05}.get(name.split("_")[-1], 0)
                  for name in PENN.joints])


def peaks(cells, height, width):
    """Gaussians (T, K, H, W) of given heights and widths (T, K) at cells (T, K, 2)."""
    away = np.arange(GRID) - cells[..., None]  # (T, K, 2, GRID)
    x, y = np.moveaxis(np.exp(-(away**2) / (2 * width[..., None, None] ** 2)), -2, 0)
    return height[..., None, None] * y[..., None] * x[..., None, :]


def faulty(clip, rng):
    """Heat-maps (T, 13, H, W) of a rendered clip, as a small ConvNet might give them."""
    cells = to_cells(clip.joints, STRIDE)
    T, K = cells.shape[:2]

    def noise(lasting, passing, *axes):
        return lasting * rng.normal(size=(K, *axes)) + passing * rng.normal(size=(T, K, *axes))

    own = (1 - FAINT - 0.4 * ~clip.visible + noise(0.1, 0.1)) * (rng.random(K) > 0.08)
    other = (0.55 - FAINT + noise(0.25, 0.15)) * (MIRROR != np.arange(K))
    clutter = 0.35 + noise(0.25, 0.15) - 0.6 * (rng.random(K) > 0.55)
    blurred = (rng.random((T, 1)) < 0.15) & np.ones(K, bool)
    fade, width = np.where(blurred, 0.35, 1), np.where(blurred, 2.6, 1.3)
    spots = np.broadcast_to(rng.uniform(0, GRID - 1, (K, 2)), cells.shape)
    places = cells, cells[:, MIRROR], spots
    heights = (fade * own, width), (fade * other, width), (clutter, np.full((T, K), 1.3))
    maps = [peaks(at + noise(0.6, 0.6, 2), *high) for at, high in zip(places, heights)]
    return np.maximum.reduce(maps).clip(0) + 0.02 * rng.random((T, K, GRID, GRID))


# %% [markdown]
# A hundred slices of five frames for each of three seeds; a fourth set of clips, used for nothing else, gives the springs their rest offsets. Flow comes from the renderer, both ways, in cells.


# %%
def slices_of(seed, count):
    """The first clips of a seed, five frames each."""
    return [render_clip(seed, n, Settings(frames=5)) for n in range(1, count + 1)]


def batch(clips, seed, heat_maps=faulty):
    """Unaries (B, 5, 13, H, W) and exact flows of clips."""
    rng = np.random.default_rng(seed)
    phi = np.stack([heat_maps(clip, rng) for clip in clips])
    flows = {o: np.stack([[clip.flow.dense(t, o > 0, STRIDE) / STRIDE for t in range(5)]
                          for clip in clips]) for o in (1, -1)}
    return torch.from_numpy(phi).float(), {o: torch.from_numpy(f) for o, f in flows.items()}


def pixels(maps):
    """Joints (..., 2) px of heat-maps."""
    return to_pixels(decode(maps)[0], STRIDE)


def body_size(clip):
    """The person's size in each frame (T,) px; at least 30 px, for who is hardly in the picture."""
    return np.maximum((clip.box[:, 2:] - clip.box[:, :2]).max(-1), 30)


others = slices_of(seed=3, count=60)
known = np.concatenate([to_cells(clip.joints, STRIDE) for clip in others])
seen = np.concatenate([clip.visible for clip in others])
tests = [slices_of(seed, count=100) for seed in range(3)]
data = [batch(clips, seed) for seed, clips in enumerate(tests)]
print(f"{sum(map(len, tests))} slices to test, {len(others)} others for the springs")

# %% [markdown]
# Are these a ConvNet's faults? `python -m experiments paper_a failure_modes` trained a small one on rendered clips and asked of each error what would have helped. The same questions of ours, in per cent:

# %%
clips = sum(tests, [])
maps = np.concatenate([phi.numpy() for phi, _ in data])
joints, visible = (np.stack([getattr(c, part) for c in clips]) for part in ("joints", "visible"))
limit = 0.2 * np.stack([body_size(c) for c in clips])[..., None]
away = [np.linalg.norm(pixels(maps) - j, axis=-1) for j in (joints, joints[:, :, MIRROR])]
right, at_mirror = (a <= limit for a in away)
wrong = visible & ~right
beside = np.zeros_like(right)
beside[:, 1:] |= (right & visible)[:, :-1]
beside[:, :-1] |= (right & visible)[:, 1:]
at_mirror[:, :, 0] = False  # a head has no other side
results = Path("../experiments/results")
network = json.loads((results / "failure_modes.json").read_text(encoding="utf-8"))["rows"]
for row, ours in {"right at 0.2": right[visible], "share of errors: other side": at_mirror[wrong],
                  "share of errors: right in the next or previous frame": beside[wrong]}.items():
    print(f"{row:54} ours {100 * ours.mean():3.0f}, ConvNet {100 * network[row]['all']:3.0f}")

# %% [markdown]
# Of the right kind, and milder: more errors are the other side's and more pass within a frame, which flatters both kinds of messages. It starts where Paper A does, whose ConvNet has 87 % on Penn Action.
#
# ### One fault at a time
#
# First two faults alone, on otherwise clean maps. In the one, a joint's other side is louder, in all frames; in the other, nothing is wrong but that the middle frame
# shows nothing except noise.


# %%
def clean(clip, rng):
    cells = to_cells(clip.joints, STRIDE)
    ones = np.ones(cells.shape[:2])
    maps = np.maximum(peaks(cells, 0.9 * ones, 1.3 * ones),
                      peaks(cells[:, MIRROR], 0.4 * ones * (MIRROR != np.arange(13)), 1.3 * ones))
    return maps + 0.02 * rng.random(maps.shape)


SWAPPED = [PENN.joints.index(f"{side}_ankle") for side in ("right", "left")]
PAIRED = np.flatnonzero(MIRROR != np.arange(13))  # all but the head


def with_swap(clip, rng, those=SWAPPED):
    """The maps of some joints speak louder for the other side, in every frame."""
    maps = clean(clip, rng)
    maps[:, those] = 0.5 * maps[:, those] + 0.8 * maps[:, MIRROR[those]]
    return maps


def with_whole_swap(clip, rng):
    return with_swap(clip, rng, PAIRED)


def with_blank(clip, rng):
    """The middle frame shows three spots that mean nothing."""
    maps = clean(clip, rng)
    ones = np.ones((3, 13))
    spots = peaks(rng.uniform(0, GRID - 1, (3, 13, 2)), 0.4 * ones, 1.3 * ones)
    maps[2] = spots.max(0) + 0.02 * rng.random(maps[2].shape)
    return maps


# %% [markdown]
# Four ways to decide: each map alone; messages in space; messages in time, along the flow; both. The layer is `MessagePassing`, three rounds, stiffness 0.01 as in the paper, rest offsets from the other clips.


# %%
def layer_of(limbs=True, mirror=True, span=1, **settings):
    """A layer on 5 frames of penn13 with the mean offsets of the other clips."""
    graph = PoseGraph.of(PENN, 5, limbs, mirror, span)
    return MessagePassing(graph, **settings).start(known, seen)


LAYERS = {"unary": None, "in space": layer_of(span=0), "in time": layer_of(False, False),
          "both": layer_of()}


@torch.no_grad()
def scores_of(layer, phi, flows):
    return phi if layer is None else layer(phi, flows)


def counts(scores, clips, alpha=(0.2, 0.1)):
    """Tallies (B, 2, 2, 13) of the visible joints: threshold, then hits and counted."""
    return np.stack([tally(p, c.joints, body_size(c), alpha, c.visible)
                     for p, c in zip(pixels(scores), clips)])


def percent(tallies):
    """Micro mean in per cent of tallies (..., 2, K)."""
    return 100 * means(tallies, PENN)["micro"]


swap, blank = (batch(tests[0], 0, maps) for maps in (with_swap, with_blank))
at, near = joints[:100][:, :, SWAPPED], limit[:100]
apart = np.linalg.norm(at[:, :, :1] - at[:, :, 1:], axis=-1) > near
ankles = {"swapped ankles": visible[:100][:, :, SWAPPED]}
ankles["those apart"] = ankles["swapped ankles"] & apart
print("PCK@0.2  ", *ankles, "blank frame", sep="  ")
for name, layer in LAYERS.items():
    p = pixels(scores_of(layer, *swap))[:, :, SWAPPED]
    hit = np.linalg.norm(p - at, axis=-1) <= near
    line = [100 * hit[those].mean() for those in ankles.values()]
    frame = [tally(pixels(s)[2:3], c.joints[2:3], body_size(c)[2:3], 0.2, c.visible[2:3])
             for s, c in zip(scores_of(layer, *blank), tests[0])]
    print("{:9}{:16.0f}{:13.0f}{:13.0f}".format(name, *line, percent(np.sum(frame, 0))))

# %%
NUMBER = 95
clip = tests[0][NUMBER]
fig, axes = plt.subplots(2, 4, figsize=(7, 3.8))
for line, fault, (phi, flows) in zip(axes, ("swap", "blank"), (swap, blank)):
    for ax, (name, layer) in zip(line, LAYERS.items()):
        scores = scores_of(layer, phi[[NUMBER]], {o: f[[NUMBER]] for o, f in flows.items()})
        p = pixels(scores)[0, 2]
        off = np.linalg.norm(p - clip.joints[2], axis=-1) > 0.2 * body_size(clip)[2]
        off &= clip.visible[2]
        print(f"{fault}, {name}: {off.sum()} of {clip.visible[2].sum()} visible joints wrong")
        unseen = fault == "blank" and name == "unary"
        picture = np.full_like(clip.frames[2], 128) if unseen else clip.frames[2]
        draw_pose(ax, picture, p, f"{fault}: {name}", np.flatnonzero(off))
plt.show()

# %% [markdown]
# Ring: a visible joint more than 0.2 of the person's size off; without a ring it may still be some pixels off. Grey: the frame that the detector cannot see. In the table, most swapped ankles count as right whatever is
# done, for they lie within that distance of each other; *those apart* do not.
#
# Each neighbourhood repairs its own fault. In space, the knee knows on which side its ankle belongs, and a swap in all frames is no swap to it; but in a blank frame there is nobody to
# ask. In time, the frames before and after know what the blank one does not; but they all agree on the swap, and together they often outvote the knee: with both kinds of edges many ankles that are apart stay swapped. And the springs have a price: in the last picture they misplace an elbow that time alone had found. Section 4.11 comes back to that.
#
# A ConvNet also swaps *whole* bodies. All twelve joints of both sides, in every frame, from the front and from the back:

# %%
for view in ("front", "back"):
    those = [clip for clip in sum(tests, []) if clip.pose == view]
    whole = batch(those, 0, with_whole_swap)
    line = [percent(counts(scores_of(layer, *whole), those).sum(0)[0]) for layer in LAYERS.values()]
    print(f"{view:5} {len(those):3} slices, PCK@0.2:",
          ", ".join(f"{name} {value:.0f}" for name, value in zip(LAYERS, line)))

# %% [markdown]
# Springs in space see it only through the view that their means expect (section 4.9): most clips are seen from the front, and there some of it is repaired; from the back, next to nothing. Time never sees it.
#
# ## 4.7 Round by round
#
# A wrist of one slice with the faults of section 4.6: its frame is blurred, and a sharp spot in the background is louder. Neither neighbourhood alone finds it:

# %%
NUMBER, FRAME, JOINT = 85, 2, PENN.joints.index("left_wrist")
phi, flows = data[0]
one = phi[[NUMBER]], {o: f[[NUMBER]] for o, f in flows.items()}
truth = to_cells(tests[0][NUMBER].joints, STRIDE)
for name, layer in LAYERS.items():
    p = decode(scores_of(layer, *one)[0, FRAME, JOINT])[0]
    print(f"{name:9} {np.linalg.norm(p - truth[FRAME, JOINT]):2.0f} cells from the truth")

# %%
history = []
with torch.no_grad():
    layer_of(iterations=6)(*one, watch=lambda n, s, m: history.append(s[0].clone()))
for n, (before, after) in enumerate(zip(history, history[1:]), 1):
    gap = np.linalg.norm(decode(after)[0] - decode(before)[0], axis=-1)
    print(f"round {n}: {(gap > 2).sum():2} of 65 joints move by more than two cells")

# %%
fig, axes = plt.subplots(1, 7, figsize=(11, 1.9), sharey=True)
for n, ax in enumerate(axes):
    values = history[n][FRAME, JOINT]
    show_map(ax, values, f"round {n}" if n else "unary", bar=False, vmin=values.max() - 0.6)
    ax.plot(*decode(history[n][FRAME, JOINT])[0], "o", mfc="none", mec=BLUE, mew=2, ms=10)
    ax.plot(*truth[FRAME, JOINT], "+", color="white", mew=2, ms=10)
    ax.set(xlabel="", ylabel="", xticks=[], yticks=[])
plt.show()

# %% [markdown]
# `watch` is called after every round, with all scores and messages. Cross: the truth; circle: the highest cell; black is 0.6 below it. The first round brings what the direct neighbours know, and decides nearly everything; every further round brings news from one edge farther, and
# makes the maps smoother. Paper A stops at three.
#
# ## 4.8 The demonstration
#
# Paper A's Table 1 orders three methods: the ConvNet alone, spatial inference, spatio-temporal inference. All 300 slices, each seed for itself; intervals at 95 %, from 2000 draws of *clips* (chapter 0).


# %%
def gain(ours, theirs):
    """Difference in points of two methods on the same clips, and its interval."""
    low, high = bootstrap(percent, ours, theirs)
    return percent(ours.sum(0)) - percent(theirs.sum(0)), low, high


found = {name: [counts(scores_of(layer, *batch), clips) for batch, clips in zip(data, tests)]
         for name, layer in LAYERS.items()}
for alpha, n in ((0.2, 0), (0.1, 1)):
    for seed in range(3):
        rows = {name: found[name][seed][:, n] for name in LAYERS}
        steps = [gain(rows["in space"], rows["unary"]), gain(rows["both"], rows["in space"])]
        assert all(low > 0 for _, low, _ in steps)
        print(f"PCK@{alpha} seed {seed}: " + ", ".join(
            f"{name} {percent(row.sum(0)):.1f}" for name, row in rows.items()))
        for name, step in zip(("space - unary", "both - space"), steps):
            print("   {} {:+.1f} [{:.1f}, {:.1f}]".format(name, *step))

# %% [markdown]
# The order of Table 1 holds at both thresholds, for every seed, and no interval touches zero. Untrained: only mean offsets were looked at. By joint, all seeds together, beside what the paper prints
# for its trained networks on Penn Action (other data: compare the pattern, not the numbers):

# %%
rows = {name: np.concatenate(parts)[:, 0].sum(0) for name, parts in found.items()}
columns = ["Head", "Shou", "Elbo", "Wris", "Hip", "Knee", "Ankl"]
print(table(rows, PENN)[[*columns, "micro"]].to_string())
print(PAPER_TABLES["A 1"].loc[["baseline", "S-infer", "ST-infer"], [*columns, "Mean"]].to_string())

# %% [markdown]
# In the paper as here, wrists and elbows gain most, for there the detector is worst. In the paper springs in space cost shoulders and hips something; ours gain everywhere. The paper's step in time is larger than ours, +5.1 points after +4.4. What messages in time can repair are faults that pass, and
# how many of those there are is a choice that we made in section 4.6.
#
# ### Does the flow matter?
#
# Only where something moves by about the width of a peak. The renderer knows how its camera moved: the flow of the background.


# %%
def camera_speed(clip):
    """Mean motion of the background in the picture's middle, cells a frame."""
    affine, middle = clip.flow.to_next[:-1, 0], 47.5  # the middle of 96 px
    moved = affine[..., 2] + affine[..., :2] @ [middle, middle] - middle
    return np.linalg.norm(moved, axis=-1).mean() / STRIDE


speed = np.array([camera_speed(clip) for clip in sum(tests, [])])
still = [{o: torch.zeros_like(f) for o, f in flows.items()} for _, flows in data]
results_of_zero = np.concatenate(
    [counts(scores_of(LAYERS["both"], phi, zero), clips)
     for (phi, _), zero, clips in zip(data, still, tests)])
results_of_flow = np.concatenate(found["both"])
for name, those in {"camera below 1 cell a frame": speed < 1, "2 cells or more": speed >= 2}.items():
    for n, alpha in enumerate((0.2, 0.1)):
        change = gain(results_of_flow[those, n], results_of_zero[those, n])
        print(f"{name:28} {those.sum():3} slices, PCK@{alpha}: exact flow - zero flow",
              "{:+.1f} [{:.1f}, {:.1f}]".format(*change))
        assert change[1] > 0 or "below" in name

# %% [markdown]
# With a calm camera a slice needs no flow: at this stiffness the springs in time are loose enough, and a table made on such clips would never show that the flow layer works. With a fast one it does. (Slices between the two are left out.)
#
# ### Which rule, how many rounds?
#
# One run of six rounds, watched, gives all numbers of a row. Sixty slices, PCK@0.2.


# %%
def by_round(layer, rounds=(1, 2, 3, 6), n=60):
    """Micro PCK@0.2 after some rounds, on the first n slices of seed 0."""
    (phi, flows), seen = data[0], {}
    flows = {o: f[:n] for o, f in flows.items()}

    def watch(iteration, score, _):
        if iteration in rounds:
            seen[iteration] = percent(counts(score, tests[0][:n])[:, 0].sum(0))

    with torch.no_grad():
        layer(phi[:n], flows, watch=watch)
    return [seen[iteration] for iteration in rounds]


print("after rounds                1     2     3     6")
for name, exclude in (("none", False), ("mean", False), ("degree", False),
                      ("none", True), ("degree", True)):
    line = by_round(layer_of(iterations=6, normalization=name, exclude=exclude))
    print(f"{name:8} exclude={exclude!s:5}", " ".join(f"{v:5.1f}" for v in line))

# %%
phi, flows = data[0][0][:60], {o: f[:60] for o, f in data[0][1].items()}
for rounds in (1, 3):
    p = [decode(scores_of(layer_of(iterations=rounds, normalization=name), phi, flows))[0]
         for name in ("none", "degree")]
    elsewhere = np.linalg.norm(p[0] - p[1], axis=-1) > 2
    print(f"none and degree, rounds {rounds}: {elsewhere.mean():.0%} of the joints more than",
          "two cells apart")

# %% [markdown]
# One round brings nearly all. `mean` stays behind, for there the unary alone weighs as much as all neighbours together; between the others, on so few slices, less than a point means nothing. So growing scores
# and echoes hardly change how many joints are right. After one round `none` and `degree` differ by a factor only, which does not move a peak, and name the same cells. Later they do not, for scores grow and prices stay; but PCK hardly notices. The case for a normaliser is the range of the scores, on which training depends; the case for excluding, which
# needs every message kept and warped back, is not made by these numbers. `tslib` takes `degree` and keeps the own message in, as the paper does.
#
# ## 4.9 What a spring says
#
# ### The sign
#
# Paper A starts its quadratic weights at 0.01, and *adds* $w \cdot d$. Take that by the letter, one peak, and all pairs of cells:

# %%
one_peak = gaussian(torch.tensor([[9.0, 6.0]]), (GRID, GRID))[0]
cells = np.arange(GRID)
square = (cells - cells[:, None]) ** 2  # (receiver, sender)
letter = {}
for sign in (-1, 1):
    across = (one_peak.numpy()[:, None, :] + sign * 0.01 * square).max(-1)  # along x, then y
    letter[sign] = (across.T[:, None, :] + sign * 0.01 * square).max(-1).T
    y, x = np.unravel_index(letter[sign].argmax(), (GRID, GRID))
    print(f"{sign:+} 0.01 d^2: highest at ({x}, {y}), values {letter[sign].min():.1f}",
          f"to {letter[sign].max():.1f}")

# %%
fig, axes = plt.subplots(1, 3, figsize=(8.5, 2.3), sharey=True)
show_map(axes[0], one_peak, "the sender's map")
show_map(axes[1], letter[-1], r"$-0.01\,\Delta^2$: stay near")
show_map(axes[2], letter[1], r"$+0.01\,\Delta^2$: flee to a corner")
plt.show()

# %% [markdown]
# With plus, the message is highest in the corners, wherever the sender is. The 0.01 must be a stiffness, and $w_2 = -0.01$.
#
# ### Rest offset and stiffness
#
# The paper starts at first-order weights 0, so every spring is at rest where its two joints coincide, and trains. What do the untrained springs do, and how stiff may they be?

# %%
stiffnesses = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
clips = tests[0][:60]
sweep = {}
for start in ("data means", "rest 0"):
    for name, edges in (("in space", {"span": 0}), ("both", {})):
        for a in stiffnesses:
            layer = layer_of(**edges, stiffness=a)
            if start == "rest 0":
                torch.nn.init.zeros_(layer.rest)
            result = counts(scores_of(layer, phi, flows), clips).sum(0)
            sweep.setdefault((start, name), []).append(percent(result))
unary = percent(found["unary"][0][:60].sum(0))
print(f"PCK@0.2 of the unaries {unary[0]:.1f}; stiffness", *stiffnesses)
for (start, name), values in sweep.items():
    print(f"{start:11} {name:9}", *(f"{v[0]:5.1f}" for v in values))
assert sweep["rest 0", "in space"][-1][1] < unary[1]

# %%
fig, axes = plt.subplots(1, 2, figsize=(8.8, 2.2), sharex=True)
for n, ax in enumerate(axes):
    for (start, name), values in sweep.items():
        style, color = ":" if start == "rest 0" else "-", BLUE if name == "both" else GREEN
        line = [v[n] for v in values]
        ax.semilogx(stiffnesses, line, style, marker="o", color=color, label=f"{name}, {start}")
    ax.axhline(unary[n], color=GREY, lw=1)
    ax.set(title=f"PCK@{(0.2, 0.1)[n]}, line: unaries", xlabel="stiffness (per cell squared)",
           ylabel="per cent")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", fontsize=8)
plt.show()

# %% [markdown]
# Data means beat the paper's start at every stiffness. Rest 0 pulls hand and elbow together; what it still gains comes from faults so gross that any pull towards the body repairs them; where PCK is strict and the springs are stiff (right), in space alone it costs more than it brings. There is a broad best: too
# loose says nothing, too stiff punishes every pose but the mean one.
#
# ### A spring attracts; it cannot push
#
# Left-right pairs are there to keep two joints apart: without them both wrists may take the same, louder peak. But $-a(\Delta - \mu)^2$ has one top. It pulls the pair to *one* offset. Which one? Of all
# clips, by where the camera stands (front, back and the two sides, as Penn Action names them; some bodies turn, or lie), the mean of x and, in brackets, of its size $|x|$:

# %%
everyone = others + sum(tests, [])
views = np.array([clip.pose for clip in everyone])
offset = np.array([[(to_cells(c.joints, STRIDE)[2, b] - to_cells(c.joints, STRIDE)[2, a])
                    for a, b in PENN.mirror_pairs] for c in everyone])
pair_names = [PENN.joints[a].removeprefix("left_") for a, _ in PENN.mirror_pairs]
print("right - left, cells", "".join(f"{name:>12}" for name in pair_names))
for view in ("front", "left", "right", "back", "all"):
    x = offset[(views == view) | (view == "all"), :, 0]
    line = "".join(f"{v:6.1f} ({size:.1f})" for v, size in zip(x.mean(0), np.abs(x).mean(0)))
    print(f"{view:6} {len(x):3} clips    {line}")

# %%
fig, (left_ax, right_ax) = plt.subplots(1, 2, figsize=(7.8, 2.3))
for view, color in (("front", BLUE), ("left", ORANGE), ("right", GREEN), ("back", RED)):
    left_ax.plot(*offset[views == view, 0].T, ".", color=color, label=view)
mean = offset[:, 0].mean(0)
left_ax.plot(*mean, "+", color="black", ms=14, mew=2)
left_ax.set(title="right shoulder from left; cross: mean", xlabel="x (cells)", ylabel="y (cells)")
left_ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
x = np.linspace(-10, 10, 200)
right_ax.plot(x, -0.01 * (x - mean[0]) ** 2, color=BLUE, label="one spring")
size = np.abs(offset[:, 0, 0]).mean()
two_tops = np.maximum(-0.01 * (x - size) ** 2, -0.01 * (x + size) ** 2)
right_ax.plot(x, two_tops, color=PURPLE, label="the better of two, at mean $|x|$")
right_ax.axvline(0, color=GREY, lw=1)
right_ax.set(title="price of an offset", xlabel="x (cells)")
right_ax.legend()
plt.show()

# %% [markdown]
# From the front, the person's right lies left in the picture; from the back it is the other way round; from the side it goes either way, so the mean says little. The mean of all has the sign of the largest crowd. With as many backs as
# fronts it would be 0, and the edge would ask for the very collapse it is there to prevent. (The price with two tops does push; it takes two springs and a maximum, exercise 4.6.) Do the pairs help, and do they
# keep two joints apart? With and without them:

# %%
views = views[len(others):]
groups = {view: views == view for view in ("front", "left", "right", "back")}
groups["all"] = np.ones(len(views), bool)
alone = [scores_of(layer_of(span=0, mirror=False), *batch) for batch in data]
without = [scores_of(layer_of(mirror=False), *batch) for batch in data]
for name, scores, parts in (("in space", alone, ("all",)), ("both", without, groups)):
    results_with = np.concatenate(found[name])[:, 0]
    results_without = np.concatenate(list(map(counts, scores, tests)))[:, 0]
    for view in parts:
        change = gain(results_with[groups[view]], results_without[groups[view]])
        print(f"{name:8} {view:6} {groups[view].sum():3} slices: pairs bring",
              "{:+.1f} [{:.1f}, {:.1f}]".format(*change))

# %%
where = np.stack([to_cells(clip.joints, STRIDE) for clip in sum(tests, [])])


def between(cells):
    """How far left and right lie apart, for cells (..., K, 2)."""
    left, right = np.transpose(PENN.mirror_pairs)
    return np.linalg.norm(cells[..., left, :] - cells[..., right, :], axis=-1)


paired = [scores_of(LAYERS["both"], *batch) for batch in data]
fallen = [between(np.concatenate([decode(m)[0] for m in maps])) < 1.5
          for maps in (without, paired)]
far = between(where) > 4
print("pairs truly more than 4 cells apart that are found within 1.5:")
for n in np.flatnonzero(far.any((0, 1))):
    shares = [f[..., n][far[..., n]].mean() for f in fallen]
    print("{:9} without pairs {:4.0%}, with {:4.0%}".format(pair_names[n], *shares))

# %% [markdown]
# Over all clips they bring nothing that can be measured beside messages in time, in space alone perhaps half a point. And they do not prevent the collapse: with them elbows fall together less often, ankles more often. Who is seen from the back, as few of the others are, pays for the fronts' mean. Paper A keeps the pairs against double counting; that argument needs a mean offset that is clearly not
# zero, and one that holds for the person in the picture.
#
# ## 4.10 Where the gradient goes
#
# Training will ask every cell of every unary how it should change. A message hands its gradient to the one cell that it chose (chapter 2), a warp spreads it over four. Take the middle frame's
# score of one joint at its highest cell, and go back through three rounds:

# %%
phi, flows = data[0]
leaf = phi[[NUMBER]].clone().requires_grad_()
layer = LAYERS["both"]
score = layer(leaf, {o: f[[NUMBER]] for o, f in flows.items()})
score[0, FRAME, JOINT].max().backward()
share = (leaf.grad[0] != 0).float().mean((-1, -2))  # (T, K), share of cells
weight = leaf.grad[0].sum((-1, -2))
reached = [PENN.joints[k] for k in np.flatnonzero((share > 0).any(0)) if k != JOINT]
print(f"cells with a gradient: {share.mean():.2%} of all; weights add up to {weight.sum():.2f}")
print(f"the joint itself, frames 0 to 4: {', '.join(f'{w:.2f}' for w in weight[:, JOINT])}")
print(f"other joints: {weight.sum() - weight[:, JOINT].sum():.2f}, in {len(reached)} of 12")

# %%
fig, axes = plt.subplots(1, 5, figsize=(10, 2.2), sharey=True)
for t, ax in enumerate(axes):
    show_map(ax, phi[NUMBER, t, JOINT], f"frame {t}: {weight[t, JOINT]:.2f}", bar=False)
    y, x = np.nonzero(leaf.grad[0, t, JOINT].numpy())
    ax.scatter(x, y, s=12, color=BLUE)
    ax.set(xlabel="", ylabel="", xticks=[], yticks=[])
plt.show()

# %% [markdown]
# Dots: cells of this joint's maps that get any gradient; above, what each frame's add up to. With `degree` a score is a weighted mean of unaries, minus prices, so the unaries' weights add up to 1. A few cells carry them, those that won.
# The loud wrong peak gets nothing from this score, although it is a rival: pushing it down is left to the scores of the cells around it. If all cells of all joints ask, as a loss on whole maps does, every cell gets a share from its own
# node at least:

# %%
leaf.grad = None
layer(leaf, {o: f[[NUMBER]] for o, f in flows.items()}).sum().backward()
own = 1 / (1 + torch.from_numpy(layer.graph.degree).float()).view(5, 13, 1, 1)
chosen = leaf.grad[0] > 1.001 * own  # more than its own share of its own score
print(f"cells that some message chose: {chosen.float().mean():.0%};",
      f"the busiest holds {leaf.grad.max() / leaf.grad.sum():.1%} of the gradient")
print("springs with a gradient:", int((layer.rest.grad.abs().sum(1) > 0).sum()), "of", len(layer.rest))

# %% [markdown]
# ## 4.11 A real detector on a real clip
#
# Forty frames of one JHMDB clip, a camera that pans, a goalkeeper with raised arms; a small heat-map network, trained by others; optical flow by DIS, crops that follow the person. The page shows what
# `python -m experiments real clip` measured (it needs recordings that may not be passed on): PCK over the twelve limb joints in per cent, and jitter, the mean second difference. *Springs* are means of other people's clips,
# with stiffnesses from their variances, on head, trunk and legs; *arms too* adds the arms; *all 0.01* gives every limb the stiffness of this chapter. The messages are those of `tslib.video.inference`, which `python -m tslib predict` runs on a video: the same
# rule, on a graph with edges to each of the four frames before and after (the farther, the looser), with springs in units of the body, and without left-right pairs.

# %%
real = json.loads((results / "real_clip_messages.json").read_text(encoding="utf-8"))
print(f"{'':30}" + "".join(f"{name:>11}" for name in real["columns"]))
for name, numbers in real["rows"].items():
    print(f"{name:30}" + "".join(f"{number:11.1f}" for number in numbers))
alone, temporal = (np.array(real["rows"][name]) for name in ("detector alone", "temporal"))
repaired = (100 * (temporal - alone) / (100 - alone))[:3]
print("of the detector's errors, messages in time repair:",
      ", ".join(f"{v:.0f} % at {name}" for v, name in zip(repaired, real["columns"])))

# %%
fig, ax = plt.subplots(figsize=(6.5, 3))
names = list(real["rows"])[1:]
where = np.arange(len(names))
for n, (shift, color) in enumerate(((-0.27, BLUE), (0, ORANGE), (0.27, GREEN))):
    change = [real["rows"][name][n] - alone[n] for name in names]
    ax.barh(where + shift, change, 0.25, color=color, label=real["columns"][n])
ax.axvline(0, color=GREY, lw=1)
ax.set_yticks(where, names)
ax.set_xlabel("points above the detector alone")
ax.invert_yaxis()
ax.legend()
plt.show()

# %% [markdown]
# On this graph and these maps the order of section 4.8 does *not* hold. Messages in time repair most of what is grossly wrong, and most of that needs the flow; of what is wrong by a little they repair little. Their largest effect is on jitter, which
# falls to a third: a pose that trembles less. Untrained springs in space bring nothing, and on arms they may hurt: the mean arm hangs down, these
# are raised. With 0.01 on all limbs they do hurt where PCK is strict. Why did ours help? Probably because our faults are far away (another
# side, a spot of clutter), and the test clips are filmed from the same mix of views as those that gave the means. Springs that are to help a detector have to be trained with
# it, as in the paper; the defaults of `tslib predict` have none. One clip, one person: below two points nothing is certain.
#
# ## 4.12 What it costs
#
# Counted, not timed. A message by brute force compares $W$ candidates a cell along x and $H$ along y.

# %%
print("frames  edges  messages a round   cells   comparisons, three rounds")
for frames, size in ((1, 24), (5, 24), (5, 46), (5, 92), (9, 46)):
    g = PoseGraph.of(PENN, frames)
    steps = 3 * len(g.directed) * size**2 * 2 * size
    print(f"{frames:6} {len(g.edges):6} {len(g.directed):11} {size:9}^2 {steps / 1e6:17,.0f} million")

# %% [markdown]
# Linear in rounds and edges; edges are linear in frames; and cells count with the power 3/2: twice as fine a map is eight times the work. An envelope (chapter 1) makes it four times. `tslib` compares, but
# leaves out senders that are too far away to win: a spring of stiffness $a$ never reaches farther than $\sqrt{(\max s - \min s) / a + b^2}$ cells from its rest position, with the $b$ of Eq. 2.4. Linear in edges means that a loopy graph costs, per edge and round, no more than a tree; but a tree needs each message only once.
#
# ## 4.13 What moved to `tslib`
#
# `tslib.message_passing` has `PoseGraph`, the layer `MessagePassing`, and `pass_messages`, one round for any list of edges: `one_round` of section 4.4, for a batch, with the messages never written to memory. Its plain version,
# which the compiled ones are tested against, is short enough to be shown: all messages in one call, and a sum by receivers.

# %%
from tslib.distance_transform.layer import DistanceTransform


# %% tags=["export:tslib.message_passing.rounds"]
def _pass_torch(unary, senders, edges, stiffness, rest, own, share):
    B, N, H, W = unary.shape
    E = len(edges)
    message, _ = DistanceTransform.apply(
        senders[:, edges[:, 0]].reshape(B * E, H, W), stiffness.repeat(B, 1), rest.repeat(B, 1)
    )
    total = torch.zeros_like(unary).index_add(1, edges[:, 1], message.view(B, E, H, W))
    return own[:, None, None] * unary + share[:, None, None] * total


# %% [markdown]
# And this is the heart of the layer, from its source: the weights, and the loop of `forward`. In each round, `_arrived` warps the senders' maps to the receivers' frames, each message is one distance transform, and
# the messages are summed at their receivers. The `echo` is the receiver's own last message, warped alike, which `exclude` takes out. Where nobody watches and nothing is excluded, a compiled round of the same arithmetic takes the place of the loop,
# because it never writes a message down.

# %%
loop = inspect.getsource(MessagePassing.forward)
loop = loop[loop.index("        for iteration in") :]
Markdown(f"```python\n{dedent(inspect.getsource(MessagePassing._weights))}\n\n{dedent(loop)}```")

# %% [markdown]
# ## Exercises
#
# **Exercise 4.1 The paper's weights** (easy, 5 minutes). Given $w = [w_1, w_2, w_3, w_4]$ of Eq. 4.2, what are the spring's stiffness and rest offset?


# %%
def spring_of_weights(w):
    """w (4,), for dx, dx^2, dy, dy^2 -> a (2,), mu (2,), x first."""
    raise NotImplementedError


check.exercise_4_1(spring_of_weights)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $w_1 = 2 a_x \mu_x$ and $w_2 = -a_x$; `w[::2]` and `w[1::2]` are the linear and the quadratic ones.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def spring_of_weights(w):
#     a = -w[1::2]
#     return a, w[::2] / (2 * a)
# ```
#
# </details>

# %% [markdown]
# **Exercise 4.2 Edges over time** (easy, 10 minutes). A variant of Paper A joins each joint to itself over two frames as well. List the edges in time of a slice for distances 1 to `span`.


# %%
def edges_over_time(T, K, span):
    """A list of pairs of nodes; node t * K + k is joint k in frame t."""
    raise NotImplementedError


check.exercise_4_2(edges_over_time)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The partner of $(t, k)$ is $(t + d, k)$. For which $t$ does it exist?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def edges_over_time(T, K, span):
#     return [(t * K + k, (t + d) * K + k)
#             for d in range(1, span + 1) for t in range(T - d) for k in range(K)]
# ```
#
# </details>

# %% [markdown]
# **Exercise 4.3 Collect** (easy, 10 minutes). All messages of a round are there. Give each node the mean of its unary and the messages to it (the rule `degree` of section 4.5).


# %%
def collect(phi, messages, receiver):
    """phi (N, H, W), messages (E, H, W), receiver (E,) int64, each one's node -> (N, H, W)."""
    raise NotImplementedError


check.exercise_4_3(collect)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A node may receive several messages, or none, so `total[receiver] += messages` will not do: of several to one node it keeps one. Torch has functions that add, and that count, by index.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def collect(phi, messages, receiver):
#     degree = torch.bincount(receiver, minlength=len(phi))[:, None, None]
#     return phi.index_add(0, receiver, messages) / (1 + degree)
# ```
#
# </details>

# %% [markdown]
# **Exercise 4.4 Two sweeps** (medium, 25 minutes). On a chain the exact max-marginals (Eq. 4.4) need two messages an edge and no rounds: one sweep from the last joint to the first, one back. Spring `k` joins joints `k`
# and `k + 1`, its rest offset is joint `k + 1` as seen from joint `k`.


# %%
def max_marginals_of_chain(phi, a, mu):
    """phi (K, H, W), springs (K - 1, 2) -> b (K, H, W)."""
    raise NotImplementedError


check.exercise_4_4(max_marginals_of_chain)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Keep two arrays: what each joint hears from behind, and what from the front. A joint passes on its own map and what it heard from the *other* side: never the echo. And the two directions read the
# spring with opposite signs.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def max_marginals_of_chain(phi, a, mu):
#     behind, front = torch.zeros_like(phi), torch.zeros_like(phi)
#     for k in reversed(range(len(phi) - 1)):
#         behind[k] = distance_transform(phi[k + 1] + behind[k + 1], a[k], mu[k])
#     for k in range(len(phi) - 1):
#         front[k + 1] = distance_transform(phi[k] + front[k], a[k], -mu[k])
#     return phi + behind + front
# ```
#
# </details>

# %% [markdown]
# **Exercise 4.5 The best pose itself** (medium, 25 minutes). Return the cells of the chain's best pose. `distance_transform(score, a, mu, return_source=True)` also returns, for each receiver's cell, the sender's cell as `y * W + x`.


# %%
def best_pose_of_chain(phi, a, mu):
    """phi (K, H, W), springs (K - 1, 2) as in exercise 4.4 -> p (K, 2) cells, x first."""
    raise NotImplementedError


check.exercise_4_5(best_pose_of_chain)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Sweep once, from the last joint to the first, and keep the sources. The first joint takes its highest cell; its source names the second joint's cell, and so on. A source is a flat index, so flatten the map of
# sources before you look it up.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def best_pose_of_chain(phi, a, mu):
#     W, sources, score = phi.shape[-1], [], phi[-1]
#     for k in reversed(range(len(phi) - 1)):
#         message, source = distance_transform(score, a[k], mu[k], return_source=True)
#         sources.append(source.flatten())
#         score = phi[k] + message
#     p = [int(score.argmax())]
#     for source in reversed(sources):
#         p.append(int(source[p[-1]]))
#     return torch.tensor([(cell % W, cell // W) for cell in p])
# ```
#
# </details>

# %% [markdown]
# **Exercise 4.6 A spring with two tops** (medium, 15 minutes). Seen from the front or from the back, a pair lies $\mu$ or $-\mu$ apart. Its price is that of the nearer of the two, so between them, at 0, it is pushed outward. What is the message
# of such a spring?


# %%
def message_of_either(score, a, mu):
    """score (H, W), a, mu (2,) -> message (H, W), for a spring at rest at mu or at -mu."""
    raise NotImplementedError


check.exercise_4_6(message_of_either)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The price is $\max(\psi_{+}, \psi_{-})$, and a maximum over senders of a maximum over tops can be taken in either order.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def message_of_either(score, a, mu):
#     return torch.maximum(distance_transform(score, a, mu), distance_transform(score, a, -mu))
# ```
#
# Flexible mixtures of parts (Yang and Ramanan, 2011) have several springs an edge for this reason. Paper A has one.
#
# </details>

# %% [markdown]
# ## Recap
#
# - A pose scores by its heat-maps and its springs, a slice by its poses and the springs along the flow (Sec. 4.1); the graph says who has a spring with whom (Sec. 4.2).
# - On a tree, messages without echo find the best of all poses (Sec. 4.3). In a loop evidence comes round again, and scores grow: geometrically as they are, linearly with `mean`, not with `degree` (Sec. 4.5); PCK changes little (Sec. 4.8).
# - Neighbours in space repair swaps, neighbours in time repair passing faults (Sec. 4.6). Untrained, on such faults: unary < space < both, clear of chance; and flow counts once the camera moves (Sec. 4.8).
# - A spring needs the minus sign and a rest offset; it attracts to one place and never pushes, so pairs of left and right bring next to nothing here (Sec. 4.9).
# - The gradient of a score reaches few cells, those that won (Sec. 4.10). Cost: rounds, edges, and cells to the power 3/2 (Sec. 4.12). On a real clip time helps and untrained springs do not (Sec. 4.11).
#
# **In practice**
#
# - Paper A gives no formula for its normaliser; `degree` is our reading. It stores $w$; we store $\mu$ and $\log a$, so that no step of training can turn a spring round.
# - The paper starts at rest 0; we start at data means (`MessagePassing.start`), and 4.9 shows what the difference is. Springs in time start at 0: the flow has taken the motion away.
# - The warp looks backward, along the flow from the receiving frame; the paper's formula looks forward. Chapter 3 compares the two. We warp the current score in each round; `warp_once` warps the unaries only.
# - What the paper calls inference by loopy belief propagation neither excludes a receiver's message nor normalises beliefs over cells. It is best read as a layer: three rounds of max-sum on a fixed graph, trained to be useful.
# - Heat-maps of section 4.6 are made, and their faults are ours. The numbers say what messages do to such faults, not how good a network would be.
#
# **References**
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network*, CVPR 2017: Sec. 3.1 for the score, Sec. 3.3 for the messages.
# - J. Pearl, *Probabilistic Reasoning in Intelligent Systems*, 1988: messages on trees, and what a loop does.
# - P. Felzenszwalb, D. Huttenlocher, *Pictorial Structures for Object Recognition*, 2005: bodies as trees of springs, solved exactly.
# - Y. Yang, D. Ramanan, *Articulated Pose Estimation with Flexible Mixtures-of-Parts*, 2011: several springs an edge.
