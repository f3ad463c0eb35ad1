# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4. Find the best pose by max-sum
#
# **You'll build** the search for the best pose: first on five joints by hand, then with messages on
# heat-maps, and last as one round in which all joints of all frames of a slice talk at once.
#
# **You'll learn**
#
# - what a graphical model is, and why messages find its best assignment without trying them all;
# - what Paper A maximises: the score of a pose, and of a slice, as a sum of a few terms;
# - which joints have a spring with which, and why a spring is read with two signs;
# - on which graphs max-sum is exact, and how a round of messages differs from an ordered sweep;
# - what a loop does: echo, evidence counted twice, and scores that grow by the graph's largest
#   eigenvalue.
#
# **You'll need** chapters 1 and 2 for the message, and chapter 3 for the flow layer. You need no
# GPU, about twenty seconds on two cores, and an hour and a half of your own with half of the
# exercises. Paper A is *Thin-Slicing Network* (Song et al., CVPR 2017).

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
import itertools

import matplotlib.pyplot as plt
import numpy as np
import torch
from exercises import chapter_04 as check
from style import BLUE, GREY, ORANGE, RED, draw_graph, draw_pose, mark, show, show_map

from tslib.distance_transform import distance_transform
from tslib.heatmaps import decode, gaussian, to_cells, to_pixels
from tslib.message_passing import MessagePassing, PoseGraph
from renderer import Settings, render_clip
from tslib.skeletons import SKELETONS
from tslib.warp import warp

PENN = SKELETONS["penn13"]

# %% [markdown]
# These are the letters of this chapter. Each one is explained where it is first used.
#
# | symbol | meaning | in code | shape |
# |---|---|---|---|
# | $T, K, H, W$ | frames of a slice, joints, rows and columns of a heat-map | `T`, `K`, `H`, `W` | |
# | $i, j, k$ | nodes; joint $k$ of frame $t$ is node $tK + k$, and there are $N = TK$ | `i`, `j`, `k` | |
# | $E_s, E_f$ | edges in space and in time | `edges` | `(E, 2)` |
# | $p_i$ | the state of node $i$: one of its places; from Sec. 4.2 on a cell | `p` | `(K, 2)`, x first |
# | $p'_i$ | that cell, moved along the flow | `arrived` | `(K, 2)` |
# | $\phi_i$ | unary: how good each place of node $i$ is by itself; from Sec. 4.2 on the detector's heat-map | `phi` | `(K, H, W)`, `(N, H, W)` |
# | $\psi$ | pairwise term: what two places cost together; from Sec. 4.2 on a spring | `spring` | |
# | $a, \mu$ | a spring's stiffness, and its rest offset: second node as seen from the first | `a`, `mu` | `(E, 2)` |
# | $w$ | Paper A's four weights of a spring | `w` | `(4,)` |
# | $f$ | optical flow | `flow`, `flows` | `(H, W, 2)` |
# | $S$ | score of a whole pose, or of a slice | `S` | |
# | $\mathrm{score}_i$ | what node $i$ believes at the moment | `score` | `(N, H, W)` |
# | $b_i$ | max-marginal: the best score of all poses with node $i$ here | `b` | `(K, H, W)` |
# | $m_{ki}$ | message from $k$ to $i$ | `m` | `(H, W)` |
# | $\mathrm{own}_i, \mathrm{share}_i$ | weights of a node's unary and of what it hears | `own`, `share` | `(N,)` |
# | $N(i)$ | neighbours of node $i$; $\|N(i)\|$ is its degree | `graph.degree` | `(N,)` |
# | $A$ | adjacency matrix: 1 where two nodes share an edge | `A` | `(N, N)` |
# | $h_i$ | height of node $i$'s peak, where all peaks lie in one cell (Sec. 4.6) | `v` | `(N,)` |

# %% [markdown]
# ## 4.1 A graphical model, by hand
#
# A detector gives us, for each joint, a few places where it may be, with a number that says how
# well each one fits. If every joint took its best place, the places might not make a body. So we
# also want a number for each *pair* of places of neighbouring joints. A **graphical model** is just
# this: nodes (our joints) that each choose one of several *states* (places), a **unary** term
# $\phi_i$ for the states of each node, and edges with a **pairwise** term $\psi_{ij}$ for the
# states of two nodes. The score of an assignment is the sum of all terms, and we look for the
# assignment with the best score. (If we read $e^S$ as an unnormalised probability, the best
# assignment is the most probable one, and the field calls the search *MAP inference*.)
#
# How do we find it? We could try all assignments, but their number is a *product*: with 13 joints
# on 576 cells there are $576^{13}$. The graph saves us. Suppose that we knew the shoulder's place.
# Then the arm would choose its best elbow and wrist without asking what the hip does, because no
# term joins the two. So the arm can sum up all of its choices in one number for each place of the
# shoulder: the best that it could do. That list of numbers is a **message**, and since it is made
# of a maximum over sums, the method is called **max-sum** (on a chain it is Viterbi's algorithm).
#
# Five joints, of two or three places each, are enough to do it by hand. A place is a column of the
# picture, and a pair costs one point for each column that its two places lie apart.

# %%
columns = {"head": [2, 7], "shoulder": [2, 5, 8], "elbow": [3, 8],
           "wrist": [1, 4, 9], "hip": [2, 6]}
unaries = {"head": [3, 4], "shoulder": [2, 1, 3], "elbow": [3, 2],
           "wrist": [1, 3, 4], "hip": [4, 3]}
links = [("wrist", "elbow"), ("elbow", "shoulder"), ("head", "shoulder"),
         ("hip", "shoulder")]  # sender, receiver


def total(states):
    """Score of an assignment {joint: number of its place}: unaries, prices of pairs."""
    place = {joint: columns[joint][n] for joint, n in states.items()}
    own = sum(unaries[joint][n] for joint, n in states.items())
    return own - sum(abs(place[one] - place[other]) for one, other in links)


choices = itertools.product(*(range(len(places)) for places in columns.values()))
poses = [dict(zip(columns, choice)) for choice in choices]
alone = {joint: int(np.argmax(values)) for joint, values in unaries.items()}
best_pose = max(poses, key=total)
for name, states in (("each joint alone", alone), ("the best of all", best_pose)):
    place = {joint: columns[joint][n] for joint, n in states.items()}
    print(f"{name:16}: {place}, score {total(states)}")
print(f"assignments tried: {len(poses)}; with the best score: "
      f"{sum(total(states) == total(best_pose) for states in poses)}")

# %% [markdown]
# Now we do it with messages. The wrist has the elbow as its only neighbour, so it begins: for each
# place of the elbow it offers its own best. The elbow *adds its own unary* to what it heard, and
# does the same for the shoulder. Head and hip need not wait for anybody. A message is a maximum
# over the sender's states of what the sender has so far minus the price of the pair. The letter
# $\psi$, and `price` in the code, hold that price with its sign, as a number of 0 or less, and
# therefore we add it:
#
# $$m_{ki}(p_i) = \max_{p_k} \bigl( \mathrm{score}_k(p_k) + \psi_{ki}(p_k, p_i) \bigr). \tag{4.1}$$
#
# In array form, `score` has one number for each state of the sender, and `price` has a row for each
# of them and a column for each state of the receiver. We add, and take the maximum of each column,
# and we also keep *which* of the sender's states won.


# %%
def message(score, price):
    """score (S,), price (S, R) -> best offers (R,), who makes them (R,) (Eq. 4.1)."""
    offers = score[:, None] + price
    return offers.max(0), offers.argmax(0)


belief = {joint: np.array(values) for joint, values in unaries.items()}
winners = {}
for sender, receiver in links:
    own, theirs = np.array(columns[sender]), np.array(columns[receiver])
    price = -np.abs(own[:, None] - theirs)
    m, winners[sender] = message(belief[sender], price)
    print(f"{sender} to {receiver}:")
    for n, place in enumerate(theirs):
        sums = ", ".join(f"{s} {p:+d}" for s, p in zip(belief[sender], price[:, n]))
        print(f"   at column {place}: best of ({sums}) is {m[n]:2},",
              f"from column {own[winners[sender][n]]}")
    belief[receiver] = belief[receiver] + m
held = dict(zip(columns["shoulder"], belief["shoulder"].tolist()))
print("the shoulder's own and heard, by column:", held)

# %% [markdown]
# Let us follow one line by hand. If the elbow is at column 8, the wrist's places at 1, 4 and 9 are
# 7, 4 and 1 columns away. They offer $1 - 7$, $3 - 4$ and $4 - 1$, so the message is 3, and it
# comes from column 9.
#
# At the root of our tree, the shoulder now holds 13, 8 and 12 for its three places. Each is the
# score of the *best whole pose* with the shoulder there, although the shoulder has only spoken with
# its neighbours. We walk back along the winners to read off the pose, and compare with trying
# everything.

# %%
root = int(belief["shoulder"].argmax())
states = {"shoulder": root}
for sender, receiver in reversed(links):
    states[sender] = int(winners[sender][states[receiver]])
assert states == best_pose
by_trying = [max(total(s) for s in poses if s["shoulder"] == n) for n in range(3)]
print(f"shoulder's places: by messages {list(held.values())}, by trying {by_trying}")
print("walking back:", {joint: columns[joint][n] for joint, n in states.items()})
pairs = sum(len(columns[one]) * len(columns[other]) for one, other in links)
print(f"sums made: {pairs} by messages; {len(poses)} assignments of"
      f" {len(columns) + len(links)} terms by trying")

# %%
fig, ax = plt.subplots(figsize=(7, 3.8))
rows = {"head": 0, "shoulder": 1, "elbow": 2, "wrist": 3, "hip": 4}
for choice, color, style in ((alone, ORANGE, "--"), (best_pose, BLUE, "-")):
    for one, other in links:
        ends = [(columns[joint][choice[joint]], rows[joint]) for joint in (one, other)]
        ax.plot(*np.transpose(ends), style, color=color, lw=2.5)
for joint, places in columns.items():
    row = [rows[joint]] * len(places)
    ax.scatter(places, row, s=330, color="white", ec="black", zorder=3)
    for place, value in zip(places, unaries[joint]):
        ax.text(place, rows[joint], value, ha="center", va="center", zorder=4)
ax.set(xlabel="column", xticks=range(1, 10))
ax.set_yticks(list(rows.values()), rows)
ax.invert_yaxis()
show(
    "Five rows, one for each joint, with two or three circles each at their columns. "
    "The orange dashed lines join each joint's best circle and run from side to side; "
    "the blue lines join the circles at columns 2 to 4 on the left."
)

# %% [markdown]
# Each row of our picture is a joint, and each circle one of its places, with its unary inside.
# Orange, dashed, is what the joints choose alone: they get 18 points for themselves, and lose them
# all again to the prices of their pairs. Blue is the best assignment. In it elbow and hip keep the
# places with their highest unaries, and the other three joints give theirs up.
#
# The work grows as a *sum* over edges instead of a product over nodes, which is the whole point of
# the method. What it needed was an order: we started at the leaves, and every joint spoke after it
# had heard everybody behind it. Keep that in mind, for Section 4.5 will give it up.
#
# ## 4.2 The score of a pose, and of a slice
#
# In Paper A the places are the cells of a heat-map, and a pair's price is a spring. The paper (Sec.
# 3.3, Eq. 1) gives a pose $p$ in an image $I$ a score in which every joint counts by its own
# heat-map, and every pair that an edge joins by a spring:
#
# $$S(I, p) = \sum_i \phi_i(p_i \mid I) + \sum_{(i, j) \in E_s} \psi_{ij}(p_i, p_j), \tag{4.2}$$
#
# $$\psi_{ij} = w_{ij} \cdot d(\Delta), \quad d(\Delta) = [\Delta x, \Delta x^2, \Delta y, \Delta y^2]. \tag{4.3}$$
#
# We take $\Delta = p_j - p_i$, the second joint as seen from the first, and the completed square of
# chapter 1, $\psi = -a (\Delta - \mu)^2$ for each axis. Then
# $w = [2 a_x \mu_x, -a_x, 2 a_y \mu_y, -a_y]$, and the two forms differ only by the constant
# $a\mu^2$, which moves no maximum. In array form we look up one number per joint, and add one price
# per edge.


# %%
def spring(delta, a, mu):
    """Price of offsets delta (..., 2) (Eq. 4.3)."""
    return -(a * (delta - mu) ** 2).sum(-1)


def pose_score(phi, p, edges, a, mu):
    """phi (K, H, W), p (K, 2) cells, edges, springs (E, 2) -> S(I, p) (Eq. 4.2)."""
    x, y = p.T
    i, j = edges.T
    return phi[torch.arange(len(p)), y, x].sum() + spring(p[j] - p[i], a, mu).sum()


phi = torch.zeros(2, 12, 16)
phi[0, 3, 2], phi[1, 4, 5], phi[1, 9, 12] = 0.9, 0.7, 0.8  # an elbow; two wrists
edges = torch.tensor([[0, 1]])
a, mu = torch.full((1, 2), 0.05), torch.tensor([[4.0, 1.0]])
by_hand = {(5, 4): 0.9 + 0.7 - 0.05 * 1, (12, 9): 0.9 + 0.8 - 0.05 * (36 + 25)}
for wrist, hand in by_hand.items():
    S = pose_score(phi, torch.tensor([(2, 3), wrist]), edges, a, mu)
    print(f"wrist at {wrist!s:8}: by hand {hand:5.2f}, Eq. 4.2 {S:5.2f}")

# %% [markdown]
# The wrist with the higher peak (we also say: the louder one) loses, because it lies six cells to
# the right and five below the place where the spring is at rest. We also check that the paper's
# weights and our letters give the same price, up to the constant.

# %%
delta = torch.cartesian_prod(torch.arange(-9, 10), torch.arange(-9, 10))
w = torch.tensor([2 * 0.05 * 4, -0.05, 2 * 0.05 * 1, -0.05])
d = torch.stack([delta[:, 0], delta[:, 0] ** 2, delta[:, 1], delta[:, 1] ** 2], -1)
gap = (d * w).sum(-1) - spring(delta, a, mu)
print(f"w . d minus ours: from {gap.min():.2f} to {gap.max():.2f},",
      f"a mu^2 = {0.05 * (16 + 1):.2f}")

# %% [markdown]
# If we hold the elbow fast, the score becomes a map over the wrist's cell, which we can look at.

# %%
Y, X = torch.meshgrid(torch.arange(12), torch.arange(16), indexing="ij")
soft = sum(height * torch.exp(-((X - x) ** 2 + (Y - y) ** 2) / 3)
           for x, y, height in ((5, 4, 0.7), (12, 9, 0.8)))
price = spring(torch.stack([X, Y], -1) - torch.tensor([2, 3]), a, mu)
fig, axes = plt.subplots(1, 3, figsize=(9.5, 2.9), sharey=True)
named = {"the wrist's unary": soft, "its spring to the elbow": price}
named["their sum"] = soft + price
for ax, (title, values) in zip(axes, named.items()):
    show_map(ax, values, title, vmin=-1)
    mark(ax, 2, 3, "elbow", marker="s")
    best = int(values.argmax())
    mark(ax, best % 16, best // 16, color=BLUE)
show(
    "Three maps over the wrist's cell. The unary has two spots, the louder at the "
    "lower right. The spring is a bright disc right of the elbow. Their sum keeps only "
    "the spot near the elbow."
)

# %% [markdown]
# In the left panel we see the wrist's heat-map, in the middle one the price of its spring, and in
# the right one their sum. The square is the elbow, the blue ring the highest cell of each map.
# (Colours end at $-1$, so that black means $-1$ or less.) If we asked the unary alone, we would
# choose the far spot. The sum chooses the near one.
#
# A slice of $T$ frames (Eq. 2 of the paper) sums its poses, and adds a spring between every joint
# and itself in the next frame. That spring does not compare places but *moved* places: the
# neighbour's joint is first carried along the flow.
#
# $$S_\mathrm{slice} = \sum_t S(I^t, p^t) + \sum_{(i, i^*) \in E_f} \psi(p_i, p'_{i^*}), \qquad p'_{i^*} = p_{i^*} + f(p_{i^*}) \tag{4.4}$$


# %%
def slice_score(phi, p, edges, a, mu, flow, a_time):
    """phi (T, K, H, W), p (T, K, 2), flow (T - 1, H, W, 2) to the next (Eq. 4.4)."""
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
# We left the heat-maps empty, so that only prices count. Our forearm is one cell shorter than its
# spring at rest, which costs 0.05 in each frame. A pose that moves with the flow pays nothing more,
# but standing still costs another $0.1 \cdot (4 + 1)$ for each of the two joints.
#
# ## 4.3 The graph
#
# Which pairs have a spring? Paper A (Sec. 5.2) names the limbs, and left-right pairs of the same
# joint so that the two do not settle on one place. Over time each joint has a spring to itself in
# adjacent frames. `PoseGraph` holds such a graph as two lists: the edges, and the spring that each
# edge uses. All frames share their springs, one for each of the 18 edges of a body, and one for
# each of the 13 joints over time. An edge carries two messages a round, one each way.

# %%
graph = PoseGraph.of(PENN, frames=5)
over_time = graph.offset != 0
print(f"{graph.nodes} nodes, {(~over_time).sum()} edges in space,",
      f"{over_time.sum()} in time")
print(f"{len(graph.springs)} springs, {len(graph.directed)} messages a round")
degree = dict(zip(PENN.joints, graph.degree[26:39].tolist()))
print("neighbours in the middle frame:",
      ", ".join(f"{degree[name]} of the {name.removeprefix('left_')}"
                for name in ("head", "left_shoulder", "left_elbow", "left_wrist")))

# %%
clip = render_clip(0, 21, Settings(frames=5))
pose = clip.joints[2]
fig, ax = plt.subplots(figsize=(9.5, 2.6))
draw_graph(ax, graph, pose, spacing=1.35 * np.ptp(pose[:, 0]))
show(
    "Five copies of a skeleton with bent arms, side by side, with blue lines between "
    "joints of a frame and orange lines from each joint to itself in the next frame."
)

# %% [markdown]
# The picture shows the graph of a slice of five frames, drawn on the joints of a rendered person
# with bent arms, whom we shall meet again below. (It is Paper A's Figure 2(e).) Each skeleton is a
# frame. Blue edges lie in space, and orange ones in time.
#
# Wherever we look, there are loops. One leads from a shoulder to its elbow, to the other elbow, to
# the other shoulder and back. Another one leads from a wrist to itself a frame later, to that
# frame's elbow, to this frame's elbow, and back. If we left out the left-right pairs, a single
# frame would be a tree, like our five joints above, and on a tree our search is exact.
#
# ## 4.4 On a tree, max-sum is exact
#
# How good is the best pose that has the elbow *here*? The answer, for every joint and every cell,
# is called the max-marginal:
#
# $$b_i(p_i) = \max_{p_j,\, j \ne i} S(I, p). \tag{4.5}$$
#
# On small maps we can still try every pose. For an arm and a hip on 42 cells, there are three
# million.


# %%
def max_marginals_brute(phi, edges, a, mu):
    """phi (K, H, W), edges (E, 2), smaller first -> b (K, H, W), from all poses."""
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


# %%
names = ("shoulder", "elbow", "wrist", "hip")
edges = torch.tensor([[0, 1], [1, 2], [0, 3]])
a = torch.full((3, 2), 0.05).double()
mu = torch.tensor([[-1.0, 2.0], [2.0, 1.0], [0.0, 3.0]]).double()
torch.manual_seed(4)
phi = torch.rand(4, 6, 7).double()
b = max_marginals_brute(phi, edges, a, mu)
print("poses tried:", f"{42**4:,}")
tops = [f"{name} {v:.3f}" for name, v in zip(names, b.amax((1, 2)).tolist())]
print("each joint's highest max-marginal:", ", ".join(tops))

# %% [markdown]
# The four numbers are equal, as they must be: whichever joint we ask, the best of its best poses is
# the best pose of all.
#
# With messages, three maps of 42 numbers do the work of three million poses. The wrist tells the
# elbow what it could offer, the elbow adds its own map and tells the shoulder, and the hip does the
# same from below. Each message is now a distance transform of chapter 1, because the price is a
# spring. The rest offset belongs to the direction: `distance_transform` wants it as sender minus
# receiver. So whoever hears from an edge's second joint uses $\mu$, and whoever hears from its
# first uses $-\mu$.
#
# The moving picture sends such messages over a whole body, first from the ends of the limbs to the
# head, and then back. An arrow leads from the sender to the receiver. Beside the large panel, which
# shows the receiver's map with what it has heard so far, we see the sender's map and the message
# that the spring makes of it. At first five of the ten visible joints are wrong (red rings), and in
# the end none is.
#
# ![A person with a blue skeleton on which one limb after another is an arrow from a sender to a receiver. Small panels show the sender's score as an orange glow and its message, which is wider. Five joints are ringed in red at first, and none at the end.](../data/motion/message.webp)

# %%
wrist_to_elbow = distance_transform(phi[2], a[1], mu[1])
elbow_to_shoulder = distance_transform(phi[1] + wrist_to_elbow, a[0], mu[0])
hip_to_shoulder = distance_transform(phi[3], a[2], mu[2])
shoulder = phi[0] + elbow_to_shoulder + hip_to_shoulder

arm = PoseGraph(1, names, edges, [0, 1, 2], ("upper arm", "forearm", "trunk"))
found = {"shoulder, three messages": (shoulder, b[0])}
for rounds, exclude in ((3, True), (2, True), (3, False)):
    tree = MessagePassing(arm, rounds, "none", exclude=exclude, stiffness=0.05)
    with torch.no_grad():
        tree.rest.copy_(mu)
        scores = tree(phi[None, None])[0, 0]
    found[f"all four, {rounds} rounds, exclude={exclude}"] = scores, b
for name, (ours, exact) in found.items():
    off = int(((ours - exact).abs() > 1e-6).sum())
    print(f"{name:33}: {off:3} of {exact.numel():3} cells differ from trying all poses")
assert torch.allclose(found["all four, 3 rounds, exclude=True"][0], b)

# %%
pose = [divmod(int(of_joint.argmax()), 7)[::-1] for of_joint in b]
assert torch.isclose(pose_score(phi, torch.tensor(pose), edges, a, mu), b.max())
fig, axes = plt.subplots(2, 4, figsize=(9.5, 4.6), sharex=True, sharey=True)
for k, name in enumerate(names):
    show_map(axes[0, k], phi[k], f"{name}: unary", bar=False)
    show_map(axes[1, k], b[k], f"{name}: max-marginal", bar=False)
    loud = int(phi[k].argmax())
    mark(axes[0, k], loud % 7, loud // 7, color=ORANGE)
    for ax in axes[:, k]:
        mark(ax, *pose[k], marker="s", color=BLUE)
        ax.set(xlabel="", ylabel="")
show(
    "Two rows of four small maps of random cells. Above, orange circles mark the "
    "highest cell of each unary. In both rows blue squares mark the highest cell of "
    "each max-marginal, and none of them lies on a circle."
)

# %% [markdown]
# The upper row shows our four unaries, which are random, and the lower row their max-marginals.
# (Each map has its own colours.) An orange circle is the detector's choice, a blue square the
# joint's cell in the best pose. No circle lies on its square: every joint gives up its loudest cell
# for the sake of the others.
#
# `tree` is the layer that we build in the next section, which runs all nodes at once. It needs
# three rounds, because the longest way in this tree, from wrist to hip, has three edges. After two
# rounds these two have not heard of each other, and all their 84 cells differ. And it needs
# `exclude=True`: without it no cell is right, for a reason that Section 4.6 is about.

# %% [markdown]
# ## 4.5 One round, everybody at once
#
# In a graph with loops nothing is "behind" a joint, and there is no order in which to speak. Paper
# A (Sec. 3.3, Eqs. 3 and 4) lets every node hear all its neighbours at the same time. It starts
# from $\mathrm{score}_i = \phi_i$ and does three rounds of
#
# $$\mathrm{score}_i(p_i) \leftarrow \phi_i(p_i) + \sum_{k \in N(i)} m_{ki}(p_i), \tag{4.6}$$
#
# $$m_{ki}(p_i) = \max_{p_k} \bigl( \mathrm{score}_k(p_k) + \psi_{ki}(p_k, p_i) \bigr). \tag{4.7}$$
#
# (The paper writes child($i$). In a graph where everybody hears everybody, all neighbours are
# children.) A neighbour in another frame is first warped: `flows[o]` is the flow from each frame to
# the frame $o$ later, on this frame's cells, as `warp` of chapter 3 wants it. Eq. 4.4 pushes, and
# we pull along the receiver's own flow instead, for the reasons of Section 3.6.
#
# The paper also says that it helps to normalise what is collected, but gives no formula. So our
# round takes two weights a node, $\mathrm{own}_i \phi_i + \mathrm{share}_i \sum m_{ki}$, and we
# choose them in the next section.


# %%
def hear(score, k, i, K, flows):
    """Node k's map as node i sees it: its own, or warped from another frame."""
    o = k // K - i // K
    return score[k] if o == 0 else warp(score[k], flows[o][i // K])


def one_round(phi, score, graph, a, mu, flows, own, share):
    """phi, score (N, H, W), springs (E, 2), own, share (N,) -> scores (Eqs. 4.6 f.)."""
    K, total = len(graph.joints), torch.zeros_like(phi)
    for (i, k), a_ik, mu_ik in zip(graph.edges.tolist(), a, mu):
        total[i] += distance_transform(hear(score, k, i, K, flows), a_ik, mu_ik)
        total[k] += distance_transform(hear(score, i, k, K, flows), a_ik, -mu_ik)
    return own[:, None, None] * phi + share[:, None, None] * total


# %% [markdown]
# `MessagePassing` of `tslib` does the same for a batch, and fast. We hold the two against each
# other on random maps, springs and flows, for two rounds and for three choices of the weights `own`
# and `share`. With `none` both are 1, with `mean` the share is one over the number of neighbours,
# and with `degree` both are one over that number plus one. Section 4.6 comes back to them.

# %%
generator = torch.Generator().manual_seed(0)
pair = PoseGraph.of(PENN, frames=2)
phi = torch.rand(2, 13, 10, 12, generator=generator)
flows = {o: 3 * torch.randn(2, 10, 12, 2, generator=generator) for o in (1, -1)}
degree = torch.from_numpy(pair.degree).float()
ones = torch.ones_like(degree)
weights = {"none": (ones, ones), "mean": (ones, 1 / degree),
           "degree": (1 / (1 + degree),) * 2}
for name, (own, share) in weights.items():
    layer = MessagePassing(pair, iterations=2, normalization=name)
    with torch.no_grad():
        layer.rest.copy_(4 * torch.randn(len(pair.springs), 2, generator=generator))
        a, mu = layer.stiffness[pair.spring], layer.rest[pair.spring]
        slow = phi.flatten(0, 1)
        for _ in range(2):
            slow = one_round(phi.flatten(0, 1), slow, pair, a, mu, flows, own, share)
        fast = layer(phi[None], {o: f[None] for o, f in flows.items()})
    off = ~torch.isclose(fast[0].flatten(0, 1), slow, rtol=1e-4, atol=1e-4)
    print(f"{name:7}: {off.sum()} of {slow.numel():,} scores differ")
    assert not off.any()

# %% [markdown]
# ### One spring for both directions, read one way
#
# The easiest mistake in `one_round` is to forget the minus. If the elbow lies down and left of the
# shoulder, the shoulder does *not* lie down and left of the elbow. Nothing crashes, and most joints
# that a detector sees hold their ground. So we hide some: perfect heat-maps for all joints but
# wrists and ankles, and springs that know this very pose. One round must put the hidden four where
# they are.


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

# %%
i, k = body.edges.T
springs = torch.full((len(body.edges), 2), 0.01), true[k] - true[i]
own = share = 1 / (1 + torch.from_numpy(body.degree).float())
found = {f.__name__: decode(f(partial, partial, body, *springs, {}, own, share))[0]
         for f in (one_round, one_round_wrong)}
for name, joints in found.items():
    off = np.linalg.norm(joints - true.numpy(), axis=-1)
    dragged = [PENN.joints[k] for k in np.flatnonzero(off > 2) if k not in hidden]
    print(f"{name:16} puts the hidden joints {off[hidden].min():.0f} to",
          f"{off[hidden].max():.0f} cells off;",
          f"of the seen, off by more than 2: {', '.join(dragged) or 'none'}")

# %%
fig, axes = plt.subplots(1, 2, figsize=(7, 3.7))
for ax, (name, joints) in zip(axes, found.items()):
    off = np.flatnonzero(np.linalg.norm(joints - true.numpy(), axis=-1) > 2)
    draw_pose(ax, clip.frames[2], to_pixels(joints, STRIDE), PENN.edges, name, off)
show(
    "Two grey frames of one person with a blue skeleton. With one_round it lies on the "
    "body. With one_round_wrong both wrists, both ankles, an elbow and a knee are "
    "ringed in red and in the wrong place: the elbow lies beside the neck, an ankle on "
    "a thigh, and the other four beside the body."
)

# %% [markdown]
# The left panel shows the pose that we get after one round with both signs, the right one after a
# round without the minus. Red rings are joints more than two cells off. One elbow and one knee have
# perfect maps of their own, and are dragged off all the same, because their hidden neighbours and
# our wrong springs say so.
#
# ## 4.6 The echo, and what loops do
#
# Eq. 4.7 sends the *whole* score of $k$ to $i$, and in it what $i$ has told $k$ before. To see what
# this does, we take two nodes with one spring, of which only the first has seen anything, and watch
# its highest score from round to round. Then we do the same with three nodes in a triangle. The
# switch `exclude` takes a node's own last message out of what it hears back.

# %%
two = PoseGraph(1, ("i", "k"), [(0, 1)], [0], ("i-k",))
three = PoseGraph(1, ("i", "j", "k"), [(0, 1), (1, 2), (2, 0)], [0, 0, 0], ("any",))


@torch.no_grad()
def heights(graph, iterations=7, **settings):
    """The first node's highest score after each round; it alone has seen anything."""
    phi = torch.zeros(1, 1, len(graph.joints), 9, 9)
    phi[0, 0, 0, 4, 4] = 1
    seen = []
    layer = MessagePassing(graph, iterations, normalization="none", **settings)
    layer(phi, watch=lambda n, score, m: seen.append(score[0, 0, 0].max().item()))
    return seen


print("rounds                       0    1    2    3    4    5    6    7")
for name, g in (("two nodes", two), ("triangle", three)):
    for exclude in (False, True):
        line = " ".join(f"{v:4.0f}" for v in heights(g, exclude=exclude))
        how = "own message out" if exclude else "with the echo"
        print(f"{name + ',':10} {how:15} {line}")

# %% [markdown]
# We gave one observation of height 1, and no other. On the pair, the node hears its own voice every
# second round. If we take its own message out, that ends, and on any tree the scores are then the
# exact ones of Section 4.4. In the triangle the echo only gets slower, because the voice goes round
# the other way and comes back every third round, from both sides. So in a graph with loops the same
# evidence is counted again and again, and the graph alone decides how often. That is the price of
# having no order: messages do not give us the exact answer any more. The field calls the method
# *loopy* max-sum (its sibling with sums of probabilities is loopy belief propagation).
#
# ### How fast it grows, by hand
#
# Why does the triangle, with the echo, about double its score each round? All springs are at rest
# at 0 here, so the peaks of all maps lie in one cell, and only their heights $h = (h_i, h_j, h_k)$
# matter. A round replaces each height by the node's own unary plus the heights of its neighbours.
# With the **adjacency matrix** $A$, which has a 1 wherever two nodes share an edge, that is
#
# $$h \leftarrow \phi + A h, \qquad A = \begin{pmatrix} 0 & 1 & 1 \\ 1 & 0 & 1 \\ 1 & 1 & 0 \end{pmatrix}, \qquad \phi = \begin{pmatrix} 1 \\ 0 \\ 0 \end{pmatrix}. \tag{4.8}$$
#
# From $(1, 0, 0)$ we get $(1, 1, 1)$, then $(1 + 2, 2, 2) = (3, 2, 2)$, then
# $(1 + 4, 5, 5) = (5, 5, 5)$, and then $(11, 10, 10)$: the printed line. In the long run the new
# evidence $\phi$ is small beside what comes back, and a round is just a product with $A$. Now let
# all heights be equal. Then each node hears two neighbours as loud as itself, and everything
# doubles: $A (1, 1, 1)^\top = 2 \, (1, 1, 1)^\top$. A vector that $A$ only stretches is an
# *eigenvector*, and the factor, here 2, its *eigenvalue*.
#
# For other graphs we find the factor by **power iteration**: start with any positive heights,
# multiply by $A$ again and again, and look how much the sum grows. Whatever we start with, the
# eigenvector with the largest eigenvalue wins, since it grows fastest. (The graph has to have a
# loop of odd length, as ours do. Otherwise two halves of it may take turns for ever.) On the
# triangle, from $(3, 2, 1)$:

# %%
def adjacency(graph):
    """1 where two nodes share an edge, else 0 (N, N)."""
    A = np.zeros((graph.nodes, graph.nodes))
    i, k = graph.edges.T
    A[i, k] = A[k, i] = 1
    return A


v = np.array([3.0, 2.0, 1.0])
for n in range(1, 6):
    new = adjacency(three) @ v
    print(f"round {n}: {v.astype(int).tolist()} becomes {new.astype(int).tolist()},",
          f"or in shares of its sum {(new / new.sum()).round(2).tolist()};",
          f"the sum grows {new.sum() / v.sum():.0f}-fold")
    v = new

# %% [markdown]
# On the triangle our sum doubles from the beginning, because each node is heard by two. The shares
# even out, as they approach the eigenvector $(1, 1, 1)/3$. A body is less regular, so we have to
# wait until its factor settles.


# %%
def growth(A, rounds=200):
    """Factor by which A lets heights grow in the long run: its largest eigenvalue."""
    v = np.ones(len(A))
    for _ in range(rounds):
        new = A @ v
        factor = new.sum() / v.sum()
        v = new / new.sum()
    return factor


named = {"triangle": three, "a body, one frame": body, "a slice of five frames": graph}
for name, g in named.items():
    A = adjacency(g)
    factor, exact = growth(A), np.linalg.eigvalsh(A)[-1]
    print(f"{name:22}: by power iteration {factor:.2f}, by numpy {exact:.2f};",
          f"mean degree {g.degree.mean():.2f}")
    assert abs(factor - exact) < 1e-6

# %% [markdown]
# The largest eigenvalue lies near the mean number of neighbours, and a little above it where
# degrees differ, since the nodes with many neighbours hear each other. So scores grow about
# threefold a round in a single frame, and faster in a slice, in which every joint has neighbours in
# time as well.
#
# ### Three normalisers
#
# Paper A does not exclude a node's own message. It says that normalising the collected messages
# stabilises training, and prints no formula. There are three candidates:
#
# - `none`: $\phi_i + \sum m$;
# - `mean`: $\phi_i + \frac{1}{|N(i)|} \sum m$;
# - `degree`: $\frac{1}{1 + |N(i)|} (\phi_i + \sum m)$, the mean of all that a node knows.
#
# We try them on the body of 18 edges with perfect heat-maps, and watch the highest score of all
# joints: once with the paper's start, where all springs are at rest at 0, and once with the true
# offsets.

# %%
def highest(layer, phi):
    """The highest score of all after each round, the unaries first."""
    seen = []
    layer(phi, watch=lambda n, score, m: seen.append(score.max().item()))
    return seen


rests = {"rest 0, the paper's start": None, "rest = true offsets": true[None].numpy()}
tops = {}
print(f"after rounds{'':22}" + "".join(f"{n:9}" for n in (1, 2, 3, 6)))
with torch.no_grad():
    for rest, joints in rests.items():
        for name in weights:
            layer = MessagePassing(body, 6, normalization=name)
            if joints is not None:
                layer.start(joints)
            tops[name, rest] = highest(layer, perfect[None, None])
            line = [tops[name, rest][n] for n in (1, 2, 3, 6)]
            print(f"{rest:26} {name:7}" + "".join(f"{v:9.1f}" for v in line))
last = tops["none", "rest = true offsets"]
factor = (last[6] / last[3]) ** (1 / 3)
print(f"none, true offsets: {factor:.1f}-fold a round from round 3 to round 6")

# %%
fig, ax = plt.subplots(figsize=(7.5, 3.6))
for (name, rest), color in zip(tops, (RED, ORANGE, BLUE) * 2):
    known = rest == "rest = true offsets"
    ax.semilogy(tops[name, rest], "-" if known else ":", marker="o", color=color, ms=5,
                label=name if known else None)
ax.axhline(1, color=GREY, lw=0.8)
ax.set(xlabel="rounds", ylabel="highest score, logarithmic")
ax.legend()
show(
    "The highest score over rounds 0 to 6 on a logarithmic axis. The rule none rises "
    "on a straight line beyond a thousand, mean rises slowly to about six, and degree "
    "stays just below one. Dotted lines, for rest 0, run below the solid ones: that of "
    "none ends a third lower, that of mean at five, and that of degree sinks to 0.6."
)

# %% [markdown]
# Our picture has the rounds on its horizontal axis and the highest score, on a logarithmic scale,
# on the vertical one. Solid lines have the true rest offsets, dotted ones rest 0. Without a
# normaliser the scores grow geometrically (a straight line on this scale), in the long run by the
# eigenvalue that we found. `mean` adds something less than one a round, and `degree` stays below
# the unaries' 1.
#
# Two things speak against growing scores. Chapter 2 showed that float32 loses sources when scores
# are large. And a loss that compares scores with $\pm 1$, as the one of chapter 6 does, has no use
# for a score of a thousand. Does growth change the *pose*, though? Section 5.3 measures it.
#
# All that we built here moved to `tslib.message_passing`: `PoseGraph` is the graph,
# `MessagePassing` the rounds. Section 5.8 shows the source of the rounds.

# %% [markdown]
# ## Exercises
#
# Each cell below prints *not attempted* until you replace `raise NotImplementedError`. The checker
# takes your function and prints one line.
#
# **Exercise 4.1 A message from a table** (easy, 5 minutes). Write Eq. 4.1 for tables in torch. You
# need not say which of the sender's states win.


# %%
def message_of_table(score, price):
    """score (S,), price (S, R) -> best offer for each of the receiver's states (R,)."""
    raise NotImplementedError


check.exercise_4_1(message_of_table)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A row of `price` belongs to a state of the sender, so the score has to go down the columns:
# `score[:, None]`.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def message_of_table(score, price):
#     return (score[:, None] + price).amax(0)
# ```
#
# </details>

# %% [markdown]
# **Exercise 4.2 The paper's weights** (easy, 5 minutes). You are given $w = [w_1, w_2, w_3, w_4]$
# of Eq. 4.3. What are the spring's stiffness and rest offset?


# %%
def spring_of_weights(w):
    """w (4,), for dx, dx^2, dy, dy^2 -> a (2,), mu (2,), x first."""
    raise NotImplementedError


check.exercise_4_2(spring_of_weights)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $w_1 = 2 a_x \mu_x$ and $w_2 = -a_x$; `w[::2]` and `w[1::2]` are the linear and the quadratic
# ones.
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
# **Exercise 4.3 Edges over time** (easy, 10 minutes). A variant of Paper A joins each joint to
# itself over two frames as well. List the edges in time of a slice for distances 1 to `span`.


# %%
def edges_over_time(T, K, span):
    """A list of pairs of nodes; node t * K + k is joint k in frame t."""
    raise NotImplementedError


check.exercise_4_3(edges_over_time)

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
# **Exercise 4.4 Two sweeps** (medium, 25 minutes). On a chain the exact max-marginals (Eq. 4.5)
# need two messages an edge and no rounds: one sweep from the last joint to the first, and one back.
# Spring `k` joins joints `k` and `k + 1`, and its rest offset is joint `k + 1` as seen from joint
# `k`.


# %%
def max_marginals_of_chain(phi, a, mu):
    """phi (K, H, W), springs (K - 1, 2) -> b (K, H, W)."""
    raise NotImplementedError


check.exercise_4_4(max_marginals_of_chain)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Keep two arrays: what each joint hears from behind, and what from the front. A joint passes on its
# own map and what it heard from the *other* side, never the echo. And the two directions read the
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
# **Exercise 4.5 The best pose itself** (medium, 25 minutes). Return the cells of the chain's best
# pose. If several poses are equally good, return one of them: it must be one pose, and not cells of
# two different ones. `distance_transform(score, a, mu, return_source=True)` also returns, for each
# of the receiver's cells, the sender's cell as `y * W + x`.


# %%
def best_pose_of_chain(phi, a, mu):
    """phi (K, H, W), springs (K - 1, 2) as in 4.4 -> p (K, 2) cells, x first."""
    raise NotImplementedError


check.exercise_4_5(best_pose_of_chain)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Sweep once, from the last joint to the first, and keep the sources. The first joint takes its
# highest cell. Its source names the second joint's cell, and so on. A source is a flat index, so
# flatten the map of sources before you look it up.
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
# The highest cell of each max-marginal will not do where two poses are equally good, because each
# joint may then choose another one of them.
#
# </details>

# %% [markdown]
# **Exercise 4.6 Predict the echo** (medium, 10 minutes). Give the heights of all nodes after each
# of some rounds of Eq. 4.8, the unaries first, for any graph.


# %%
def heights_of_rounds(A, phi, rounds):
    """A (N, N), phi (N,) tensors in float64 -> heights (rounds + 1, N)."""
    raise NotImplementedError


check.exercise_4_6(heights_of_rounds)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Keep a list that begins with `phi`, and append what a round makes of its last entry. `torch.stack`
# makes one tensor of it.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def heights_of_rounds(A, phi, rounds):
#     h = [phi]
#     for _ in range(rounds):
#         h.append(phi + A @ h[-1])
#     return torch.stack(h)
# ```
#
# </details>

# %% [markdown]
# ## Recap
#
# - A graphical model scores an assignment by the sum of unary and pairwise terms. Where its graph
#   is a tree, one message an edge sums up all that lies behind it, and finds the best assignment
#   with sums instead of products (Sec. 4.1).
# - A pose scores by its heat-maps and its springs, a slice by its poses and the springs along the
#   flow (Sec. 4.2).
# - The graph says who has a spring with whom (Sec. 4.3). An edge has one spring, and the two
#   directions read its rest offset with opposite signs (Sec. 4.5).
# - On a tree max-sum is exact, in an order or in as many rounds as the longest way has edges, if
#   nobody hears an echo (Sec. 4.4). A round lets everybody speak at once (Sec. 4.5).
# - In a loop evidence comes round again. Scores grow by the largest eigenvalue of the adjacency
#   matrix if they are taken as they are, linearly with `mean`, and not at all with `degree` (Sec.
#   4.6).
#
# **In practice**
#
# - Paper A gives no formula for its normaliser, and `degree` is our reading. The paper stores $w$.
#   We store $\mu$ and $\log a$, so that no step of training can turn a spring round.
# - The warp pulls, along the flow from the receiving frame, and the paper's formula pushes. Chapter
#   3 compares the two. We warp the current score in each round. The layer also has a switch
#   `warp_once`, with which the frames around send only their unaries, warped once, and nothing that
#   they have heard.
# - What the paper calls inference by loopy belief propagation neither excludes a receiver's message
#   nor normalises beliefs over cells. It is best read as a layer: three rounds of max-sum on a
#   fixed graph, trained to be useful.
#
# ## Quiz
#
# 1. Trying all assignments of $n$ nodes with $s$ states each takes $s^n$ sums. How many does
#    max-sum on a tree take, about, and where does the saving come from?
#
# <details><summary>Answer</summary>
#
# About $(n - 1) s^2$, one comparison for each pair of states of each edge. It comes from the
# missing edges: once a node's place is fixed, the branches behind it do not influence each other,
# so that each can be maximised by itself.
#
# </details>
#
# 2. The max-marginals of two joints have their highest values at cells $x$ and $y$. Is there always
#    a best pose with both?
#
# <details><summary>Answer</summary>
#
# If the best pose is unique, yes. With ties, no: one joint's cell may belong to one best pose and
# the other's to another one. Walking back along the winners always gives one pose.
#
# </details>
#
# 3. Somebody removes the left-right pairs from the graph of a single frame and finds that `exclude`
#    now makes the scores exact, but only after several rounds. How many rounds does it take?
#
# <details><summary>Answer</summary>
#
# Eight, as many as the longest way in the tree has edges, because news travels one edge a round.
# That way leads from an ankle over its knee, hip and shoulder to the head, and down to the other
# ankle.
#
# </details>
#
# 4. Four nodes lie on a square, each with two neighbours. By which factor do scores grow a round,
#    and by which do they grow if the square gets its two diagonals?
#
# <details><summary>Answer</summary>
#
# By 2 and by 3. With equal heights each node hears 2, or 3, others that are as loud as itself.
#
# </details>
#
# 5. Why can `degree` not let scores grow, whatever the graph?
#
# <details><summary>Answer</summary>
#
# It takes the mean of a node's unary and its messages. A message is at most as high as its sender's
# highest score, because prices only take off. So a mean of such numbers is at most as high as the
# highest unary.
#
# </details>
#
# ## References
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network*, CVPR 2017: Sec.
#   3.3 for the score and for the messages, Sec. 5.2 for the edges.
# - J. Pearl, *Probabilistic Reasoning in Intelligent Systems*, 1988: messages on trees, and what a
#   loop does.
# - D. Koller, N. Friedman, *Probabilistic Graphical Models*, 2009: Chapter 13 for max-product and
#   MAP.
# - P. Felzenszwalb, D. Huttenlocher, *Pictorial Structures for Object Recognition*, 2005: bodies as
#   trees of springs, solved exactly.
