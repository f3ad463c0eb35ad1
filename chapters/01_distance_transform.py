# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. Pass one message by hand
#
# **You'll build** the generalized distance transform, the one operation on which all inference of *Thin-Slicing
# Networks* (Song et al., CVPR 2017; **Paper A** from here on) stands: first as two loops that nobody can misread,
# then as an algorithm whose cost is linear in the cells.
#
# **You'll learn**
#
# - what a message between two joints asks, and how a spring answers it;
# - to find the best of all senders for all receivers at once, from an envelope of parabolas;
# - why a spring may rest at any real offset without a single interpolation;
# - how two passes make two dimensions, and how to name the place a message came from;
# - why the stiffness has to be positive, whatever sign the paper prints.
#
# **You'll need** school algebra up to the crossing of two parabolas, and NumPy. No torch, no GPU, about
# ten seconds on two cores, an hour of yours with the exercises.

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
import time
from unittest.mock import patch

import matplotlib.pyplot as plt
import numpy as np
from exercises import chapter_01 as check
from scipy.ndimage import distance_transform_edt
from style import BLUE, GREEN, GREY, ORANGE, RED, SKY, mark, show_map

# %% [markdown]
# | symbol | meaning | in code | shape |
# |---|---|---|---|
# | $s(q)$ | score of the sender's cell $q$: how well does the joint fit there? | `score` | `(H, W)` |
# | $p, q$ | a cell of the receiver, a cell of the sender; x right, y down | `p`, `q` | `(2,)` |
# | $\Delta = q - p$ | offset, sender minus receiver, in cells | `q - p` | `(2,)` |
# | $\mu$ | rest offset: the $\Delta$ at which the spring is relaxed | `rest` | `(2,)`, x first |
# | $a$ | stiffness: what a stretch of one cell costs | `stiffness` | `(2,)`, x first |
# | $m(p)$ | the message: the best that the sender can offer to $p$ | `message` | `(H, W)` |
# | $q^*(p)$ | the source: the cell that makes this offer, as $yW + x$ | `source` | `(H, W)` |
# | $z$ | any place along one axis, also between cells | `z` | a real number |

# %% [markdown]
# ## 1.1 What a message asks
#
# In Paper A (Sec. 3.3, Eq. 4) joint $k$ sends joint $i$ the message
#
# $$m_{ki}(p_i) \leftarrow \max_{p_k} \bigl( \mathrm{score}_k(p_k) + \psi_{k,i}(p_k, p_i) \bigr), \tag{1.1}$$
#
# one number for every place $p_i$ where joint $i$ might be: *if I were here, how good is the best place left
# for you?* The pairwise term $\psi$ is a spring. The paper writes it $w \cdot [\Delta x, \Delta x^2, \Delta y,
# \Delta y^2]$; completing the square gives the same parabola, up to a constant, with letters one can picture,
#
# $$\psi(\Delta) = -a_x (\Delta x - \mu_x)^2 - a_y (\Delta y - \mu_y)^2, \qquad a > 0, \tag{1.2}$$
#
# nothing at the rest offset $\mu$, and a growing price away from it. (Section 1.9 shows why the minus sign is
# not a matter of taste.) In array form, with $q = p_k$ and $p = p_i$: `score` is a map over $q$, the answer
# a map over $p$.
#
# Say a wrist detector reports two places, a strong one and a slightly weaker one, and forearms on average
# reach 6 cells right and 3 down from the elbow.

# %%
H, W = 18, 28


def blob(x, y, height, shape=(H, W), sigma=1.6):
    """A Gaussian peak, the usual shape of a heat-map."""
    Y, X = np.indices(shape)
    return height * np.exp(-((X - x) ** 2 + (Y - y) ** 2) / (2 * sigma**2))


wrist = blob(x=20, y=13, height=1.0) + blob(x=8, y=5, height=0.8)
stiffness, rest = np.array([0.02, 0.04]), np.array([6.0, 3.0])


def spring(dx, dy):
    """The price of an offset (Eq. 1.2)."""
    return -stiffness[0] * (dx - rest[0]) ** 2 - stiffness[1] * (dy - rest[1]) ** 2


for dx, dy in [(6, 3), (7, 3), (6, 4), (0, 0)]:
    print(f"the offset ({dx}, {dy}) costs {-spring(dx, dy):.2f}")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.2))
show_map(left, wrist, "s(q): what the wrist's detector says")
dy, dx = np.mgrid[-9:10, -14:15]
box = (-14.5, 14.5, 9.5, -9.5)
show_map(right, spring(dx, dy), r"$\psi(\Delta)$: what each offset costs", extent=box)
right.set(xticks=range(-12, 13, 4), yticks=range(-8, 9, 4))
mark(right, *rest, "rest offset", color=BLUE)
right.set(xlabel=r"$\Delta x$ = wrist - elbow", ylabel=r"$\Delta y$")
plt.show()

# %% [markdown]
# ## 1.2 The definition, as two loops
#
# Eq. 1.1 with the spring of Eq. 1.2 put in:
#
# $$m(p) = \max_q \; s(q) - a_x (q_x - p_x - \mu_x)^2 - a_y (q_y - p_y - \mu_y)^2. \tag{1.3}$$
#
# Every cell of the receiver asks every cell of the sender. The `>` keeps the first of equal offers, so ties
# go to the lowest flat index `y * W + x`: a rule worth fixing now, since later versions have to share it.


# %%
def message_brute(score, stiffness, rest):
    """Every receiver asks every sender (Eq. 1.3)."""
    H, W = score.shape
    message, source = np.full((H, W), -np.inf), np.zeros((H, W), np.int64)
    for py, px in np.ndindex(H, W):
        for qy, qx in np.ndindex(H, W):
            stretch_x, stretch_y = qx - px - rest[0], qy - py - rest[1]
            value = score[qy, qx] - stiffness[0] * stretch_x**2 - stiffness[1] * stretch_y**2
            if value > message[py, px]:
                message[py, px], source[py, px] = value, qy * W + qx
    return message, source


elbow_message, elbow_source = message_brute(wrist, stiffness, rest)
peak = divmod(int(elbow_message.argmax()), W)[::-1]
print("the message is highest at the elbow's cell", peak)
print("the wrist's peak (20, 13) minus the rest offset (6, 3)?", peak == (20 - 6, 13 - 3))

# %% tags=["picture:message"]
fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.4), sharey=True)
show_map(left, wrist, "arrows from elbow cells p to their sources q*(p)")
kinds = {
    "a peak, for free": ("white", [(2, 2), (14, 10)]),
    "a peak, at a price": (ORANGE, [(5, 6), (10, 14), (18, 9)]),
    "empty, for free": (SKY, [(12, 2), (3, 12)]),
    "the border, at a price": (RED, [(24, 12), (1, 16)]),
}
for label, (color, cells) in kinds.items():
    for px, py in cells:
        qy, qx = divmod(int(elbow_source[py, px]), W)
        arrow = {"arrowstyle": "->", "color": color, "lw": 1.6}
        left.annotate("", (qx, qy), (px, py), arrowprops=arrow)
        left.plot(px, py, ".", color=color, ms=8)
    left.plot([], [], color=color, label=label)
left.legend(loc="upper right", labelcolor="white", fontsize=8)
show_map(right, elbow_message, "m(p): the message that the elbow receives")
mark(right, 14, 10, "strong peak - rest", color="black")
mark(right, 2, 2, "weak peak - rest", color="black")
plt.show()

# %% [markdown]
# Four kinds of answers. An elbow at a peak minus the rest offset gets that peak free of charge (white). One nearby still gets it,
# or a cell on its slope that trades a little score for a shorter stretch (orange). Where no wrist is worth the stretch, the best offer is an
# empty cell at exactly the rest offset (blue): score 0, price 0. And where the rest offset leads out of the map, the best that is left is a cell
# on the border, and the message falls below 0 (red; the dark bands on the right and at the bottom). In short: the message is the score, moved by $-\mu$ and
# widened. That is what a spring does to a map.

# %% [markdown]
# ## 1.3 One dimension, worked by hand
#
# The rest of the chapter makes this fast. The price is a sum of an x part and a y part, so it is enough to
# be fast on one row (section 1.6 puts rows and columns together):
#
# $$m(p) = \max_q \; s(q) - a (q - p - \mu)^2. \tag{1.4}$$
#
# Take five cells, $s = (0, 3, 0, 0, 2)$, $a = 1$, $\mu = 0$. Work out on paper what each of the five senders offers to the receiver $p = 3$, and
# which offer is the best, before you look at its column below.

# %%
row = np.array([0.0, 3, 0, 0, 2])


def message_brute_1d(score, stiffness, rest):
    """All offers of a row, table[q, p]; the best of each column and where it lies (Eq. 1.4)."""
    q, p = np.mgrid[: len(score), : len(score)]
    table = score[:, None] - stiffness * (q - p - rest) ** 2
    return table.max(0), table.argmax(0), table


row_message, row_source, table = message_brute_1d(row, 1.0, 0.0)
print("offers, one line a sender q, one column a receiver p:")
print(table.astype(int))

# %%
by_hand = ([2, 3, 2, 1, 2], [1, 1, 1, 4, 4])
print("message", row_message.astype(int), " source", row_source)
print("as worked by hand:", np.array_equal([row_message, row_source], by_hand))

# %% [markdown]
# ## 1.4 The envelope, parabola by parabola
#
# Look at Eq. 1.4 from the sender's side. The offer of one cell $q$, as a function of a *real* place $z$, is a
# parabola with its top at $z = q$ and its height $s(q)$:
#
# $$f_q(z) = s(q) - a (q - z)^2, \qquad m(p) = \max_q f_q(p + \mu). \tag{1.5}$$
#
# All these parabolas have the same shape. Two of them cross exactly once, and right of the crossing the right
# one stays above for ever. For $v < q$, $f_v(z) = f_q(z)$ gives $s(v) - s(q) = a(v - q)(v + q - 2z)$, hence
#
# $$z = \frac{v + q}{2} + \frac{s(v) - s(q)}{2a(q - v)}. \tag{1.6}$$
#
# Half way between the two, moved towards the weaker one.


# %% tags=["export:tslib.distance_transform.reference"]
def crossing(score, v, q, stiffness):
    """Where the parabola of q rises above that of v < q (Eq. 1.6)."""
    return (v + q) / 2 + (score[v] - score[q]) / (2 * stiffness * (q - v))


# %%
meeting = crossing(row, 1, 4, 1.0)
f_1, f_4 = (row[q] - (q - meeting) ** 2 for q in (1, 4))
print(f"cells 1 and 4 cross at z = {meeting:.4f}, where both offer {f_1:.4f}: {np.isclose(f_1, f_4)}")

# %% [markdown]
# So the winners, read from left to right, come in the order of their cells, and each wins on one interval.
# Felzenszwalb and Huttenlocher build this list in one sweep. (They minimise, so theirs is a *lower* envelope;
# Paper A maximises, so ours is the same picture upside down.) Far to the left a new parabola $q$ lies below all others; it rises above the last one
# on the list at their crossing. If that is not right of the place where the last one itself begins to win, then the last one
# never wins: strike it out and ask the one before.


# %% tags=["export:tslib.distance_transform.reference"]
def envelope(score, stiffness):
    """The cells that win somewhere, and the place where each begins to win."""
    cells, starts = [], []
    for q in range(len(score)):
        if score[q] == -np.inf:
            continue
        start = -np.inf
        while cells:
            start = crossing(score, cells[-1], q, stiffness)
            if start > starts[-1]:
                break
            cells.pop()  # hidden below its neighbours
            starts.pop()
            start = -np.inf
        cells.append(q)
        starts.append(start)
    return cells, starts


# %%
for n in range(1, 6):
    cells, starts = envelope(row[:n], 1.0)
    wins = [f"{cell} from {start:.2f}" for cell, start in zip(cells, starts)]
    print(f"after cell {n - 1}:", ", ".join(wins))

# %%
z = np.linspace(-1.5, 5.5, 400)
parabolas = row[:, None] - (np.arange(5)[:, None] - z) ** 2  # (q, z)
styles = {True: {"color": BLUE, "lw": 1}, False: {"color": GREY, "lw": 1.5, "ls": ":"}}
fig, axes = plt.subplots(1, 5, figsize=(13, 3), sharey=True)
for n, ax in enumerate(axes, start=1):
    cells, starts = envelope(row[:n], 1.0)
    ax.plot(z, parabolas[:n].max(0), color=ORANGE, lw=4, alpha=0.6, label="envelope")
    for q in range(n):
        ax.plot(z, parabolas[q], **styles[q in cells])
    for start in starts[1:]:
        ax.axvline(start, color=GREEN, lw=1, ls="--")
    ax.plot(range(n), row[:n], "o", color=BLUE)
    ax.set(ylim=(-3, 3.6), xlim=(-1.5, 5.5), title=f"cell {n - 1} comes in", xlabel="z (cells)")
axes[0].plot([], [], **styles[True], label="on the list")
axes[0].plot([], [], **styles[False], label="struck out")
axes[0].plot([], [], color=GREEN, ls="--", lw=1, label="crossing")
axes[0].legend(loc="upper right")
plt.show()

# %% [markdown]
# Cells 2 and 3 come in, win on the right until the next cell comes, and are struck out (dotted). Cell 0 stays on the list although it wins
# only left of $-1$, where no receiver of this row looks as long as $\mu \ge -1$.

# %% [markdown]
# ## 1.5 Real offsets, for free
#
# Eq. 1.5 says more: the message is the envelope *read at* $p + \mu$. The envelope is a curve over the reals, so
# $\mu = 0.6$ is as good as $\mu = 1$: no rounding, no interpolation. One sweep builds the list, a second reads it, and
# a receiver exactly on a crossing stays with the left cell: the lowest one, as the rule of section 1.2 wants.


# %% tags=["export:tslib.distance_transform.reference"]
def distance_transform_1d(score, stiffness, rest):
    """Read the envelope at p + mu, for every p (Eq. 1.5)."""
    cells, starts = envelope(score.tolist(), stiffness)
    source = np.zeros(len(score), np.int64)
    k = 0
    for p in range(len(score)):
        while k + 1 < len(cells) and p + rest > starts[k + 1]:
            k += 1
        source[p] = cells[k] if cells else 0
    message = score[source] - stiffness * (source - np.arange(len(score)) - rest) ** 2
    return message, source


# %%
print("as by hand:", np.array_equal(distance_transform_1d(row, 1.0, 0.0), by_hand))
rng = np.random.default_rng(1)
for mu in (0.0, 0.6, -2.25, 40.0):
    noise = rng.normal(size=30)
    m, q = distance_transform_1d(noise, 0.1, mu)
    m_brute, q_brute, _ = message_brute_1d(noise, 0.1, mu)
    print(f"mu = {mu:5.2f}: message {np.allclose(m, m_brute)}, source {np.array_equal(q, q_brute)}")

# %%
fig, ax = plt.subplots(figsize=(9, 3))
ax.plot(z, parabolas.max(0), color=ORANGE, lw=3, alpha=0.7, label="envelope")
for mu, color, marker in ((0.0, BLUE, "o"), (0.6, RED, "s")):
    m, _ = distance_transform_1d(row, 1.0, mu)
    ax.plot(np.arange(5) + mu, m, marker, color=color, ms=8, label=rf"read at $p + {mu}$")
ax.set(xlabel="z = p + rest (cells)", ylabel="m(p)", ylim=(-2, 3.4))
ax.set_title("One envelope, read at two rest offsets")
ax.legend()
plt.show()

# %% [markdown]
# ## 1.6 Two dimensions, by two passes
#
# The price splits into $x$ and $y$, and a number that does not depend on $q_x$ can leave the maximum over $q_x$:
#
# $$m(p) = \max_{q_y} \Bigl[ \underbrace{\max_{q_x} \bigl[ s(q_x, q_y) - a_x (q_x - p_x - \mu_x)^2 \bigr]}_{\text{row } q_y \text{, for the receiver's column } p_x}
# - a_y (q_y - p_y - \mu_y)^2 \Bigr]. \tag{1.7}$$
#
# All rows first, then all columns *of the result*. Each pass also yields an arg-max map: `column[y, x]`, the best
# sender's x within row y, and `row[y, x]`, the best row. How do they make one source?
#
# The tempting way pairs them where they lie: the receiver's row index and the receiver's column index.


# %%
def source_wrong(column, row):
    """Pairs the two arg-maxes of the same cell. Looks right; is not."""
    return row * column.shape[1] + column


# %% [markdown]
# The row pass answered for the *sender's* row. By the time the column pass has chosen the row `row[y, x]`, the column to take is
# the one that won *in that row*: `column[row[y, x], x]`.


# %% tags=["export:tslib.distance_transform.reference"]
def distance_transform_2d(score, stiffness, rest):
    """All rows, then all columns of the result, then the arg-maxes composed (Eq. 1.7)."""
    H, W = score.shape
    (a_x, a_y), (mu_x, mu_y) = stiffness, rest
    across, column = np.empty((H, W)), np.empty((H, W), np.int64)
    message, row = np.empty((H, W)), np.empty((H, W), np.int64)
    for y in range(H):
        across[y], column[y] = distance_transform_1d(score[y], a_x, mu_x)
    for x in range(W):
        message[:, x], row[:, x] = distance_transform_1d(across[:, x], a_y, mu_y)
    return message, row * W + column[row, np.arange(W)]


# %% [markdown]
# A source can be put to the test without any second algorithm: what that cell offers has to *be* the message.


# %%
def offer(score, source, stiffness, rest):
    """What the named sources offer to their receivers (Eq. 1.3 at q*)."""
    Y, X = np.indices(score.shape)
    qy, qx = np.divmod(source, score.shape[1])
    stretch_x, stretch_y = qx - X - rest[0], qy - Y - rest[1]
    return score[qy, qx] - stiffness[0] * stretch_x**2 - stiffness[1] * stretch_y**2


message, source = distance_transform_2d(wrist, stiffness, rest)
composed = offer(wrist, source, stiffness, rest)
print("composed: every source offers its message:", np.allclose(composed, message))

# %%
row_pass = [distance_transform_1d(r, stiffness[0], rest[0]) for r in wrist]
across, column = np.array([m for m, _ in row_pass]), np.array([q for _, q in row_pass])
best_row = np.array([distance_transform_1d(c, stiffness[1], rest[1])[1] for c in across.T]).T
missing = message - offer(wrist, source_wrong(column, best_row), stiffness, rest)
print(f"paired: {np.mean(missing > 1e-9):.0%} of the receivers name a sender that offers less,",
      f"by up to {missing.max():.2f}")

# %%
fig, axes = plt.subplots(1, 3, figsize=(13, 3), sharey=True)
show_map(axes[0], across, "after the rows", vmin=-1, vmax=1)
show_map(axes[1], message, "after the columns: m(p)", vmin=-1, vmax=1)
show_map(axes[2], missing, "paired arg-maxes: what they lose", cmap="Reds")
plt.show()

# %% [markdown]
# After the first pass each peak is smeared along its row only; the second pass smears that along the columns.
# The pairing on the right is wrong wherever the answer "best x in *my* row" differs from "best x in the *winning* row".

# %% [markdown]
# ## 1.7 Three judges
#
# An algorithm is trusted when it agrees with something that was made another way: the definition (Sec. 1.2),
# the case worked by hand (Sec. 1.3), and code that nobody here wrote. SciPy's Euclidean distance transform asks for each
# pixel how far the nearest background pixel is. Give our senders the score 0 on the feature and $-\infty$ elsewhere, and
# take $a = 1$, $\mu = 0$: then $m(p) = \max_{q \in \text{feature}} -\lVert q - p \rVert^2$, and the distance is $\sqrt{-m}$.

# %%
for _ in range(5):
    problem = rng.normal(size=(9, 12)), rng.uniform(0.01, 1, 2), rng.uniform(-8, 8, 2)
    same = np.allclose(distance_transform_2d(*problem)[0], message_brute(*problem)[0])
    print("a random map and spring, as by definition:", same)

# %%
feature = np.zeros((48, 72), bool)
for t in np.linspace(0, 2 * np.pi, 200):
    feature[int(24 + 16 * np.sin(3 * t)), int(36 + 30 * np.cos(2 * t))] = True
squared, _ = distance_transform_2d(np.where(feature, 0.0, -np.inf), (1.0, 1.0), (0.0, 0.0))
theirs = distance_transform_edt(~feature)
print("SciPy's, largest difference of the squares:", np.abs(-squared - theirs**2).max().round(9))

# %%
fig, axes = plt.subplots(1, 3, figsize=(13, 3), sharey=True)
curve = np.where(feature, 1.0, -np.inf)
title = r"score: 0 on the curve, $-\infty$ off it"
show_map(axes[0], curve, title, bar=False, cmap="binary", vmin=0, vmax=1)
show_map(axes[1], np.sqrt(-squared), r"ours: $\sqrt{-m}$", cmap="viridis")
show_map(axes[2], theirs, "SciPy: distance_transform_edt", cmap="viridis")
plt.show()

# %% [markdown]
# The classical distance transform is thus the special case of a score that is either 0 or $-\infty$; *generalized* means
# that any score may stand there. And $-\infty$ is more than a trick: it masks cells that may not be chosen, exactly.

# %% [markdown]
# ## 1.8 What it costs
#
# Eq. 1.3 compares every receiver with every sender: $(HW)^2$ offers. In the envelope a parabola comes onto the list once and
# leaves it at most once, and each crossing computed is followed by one or the other: at most $2n$ for a row of $n$ cells. Count them.


# %%
def crossings_needed(n):
    """How many crossings `envelope` computes for a random row of n cells."""
    with patch("__main__.crossing", wraps=crossing) as counted:
        envelope(rng.normal(size=n).tolist(), 0.05)
    return counted.call_count


for n in (16, 64, 256, 1024):
    needed = crossings_needed(n)
    assert needed <= 2 * n
    print(f"row of {n:4} cells: {needed:4} crossings, {needed / n:.2f} a cell;",
          f"by the definition {n * n:7} offers")


# %%
def seconds(function, side):
    """The best of three runs on one random square map."""
    score = rng.normal(size=(side, side))
    runs = []
    for _ in range(3):
        start = time.perf_counter()
        function(score, (0.05, 0.05), (1.5, -2.5))
        runs.append(time.perf_counter() - start)
    return min(runs)


trials = [(message_brute, (9, 13, 18, 25), RED, 2)]
trials += [(distance_transform_2d, (25, 50, 100, 200), BLUE, 1)]
fig, ax = plt.subplots(figsize=(8, 3.6))
for function, sides, color, power in trials:
    cells, spent = np.array(sides) ** 2, np.array([seconds(function, side) for side in sides])
    slope = np.polyfit(np.log(cells), np.log(spent), 1)[0]
    label = f"{function.__name__}: grows as cells^{slope:.2f}"
    ax.loglog(cells, spent, "o-", color=color, label=label)
    ax.loglog(cells, spent[-1] * (cells / cells[-1]) ** power, ":", color=GREY)
ax.set(xlabel="cells of the map (H W)", ylabel="seconds")
ax.set_title("Measured; dotted: exactly quadratic, exactly linear")
ax.legend()
plt.show()

# %% [markdown]
# This is Paper A's remark (Sec. 3.3) that the transform makes a message "linear in the number of possible part
# locations". It is true, and it is not the end of the story: chapter 2 compares everything again, with other tools, and asks which is faster there.

# %% [markdown]
# ## 1.9 A spring that does not pull
#
# Paper A adds $w \cdot d$ to the score and starts the quadratic weight at $+0.01$ (Sec. 5.2). Read literally that is Eq. 1.2 with
# $a = -0.01$: a joint would be *rewarded* for being far from its rest offset. Let the definition say what happens.

# %%
joint = blob(x=6, y=8, height=1.0, shape=(20, 20))
corners = [0, 19, 380, 399]  # as flat indices
fig, axes = plt.subplots(1, 3, figsize=(12, 3.3))
for ax, a in zip(axes, (0.01, 0.0, -0.01)):
    m, q = message_brute(joint, (a, a), (0, 0))
    in_corners = np.isin(q, corners).mean()
    print(f"a = {a:5}: messages {m.min():.2f} to {m.max():.2f}, sources in corners: {in_corners:.0%}")
    show_map(ax, m, f"a = {a}", vmin=min(m.min(), 0), vmax=m.max())
    ax.set(xticks=range(0, 20, 5), yticks=range(0, 20, 5))
    mark(ax, 6, 8, "peak of s", color="black" if a >= 0 else "white")
plt.show()

# %% [markdown]
# - $a > 0$: the message is highest at the peak, as it should be.
# - $a = 0$: a spring of no force. Every receiver gets the global maximum, the message says nothing.
# - $a < 0$: every receiver takes an empty *corner*, the one farthest away, and the message is highest in the corners. Where the joint was seen leaves no trace.
#
# So $0.01$ is a stiffness, and its sign belongs outside: $w_\text{quadratic} = -a$. The envelope could not work otherwise: Eq. 1.6
# divides by $a$, and for $a < 0$ the parabolas open upwards, so the *left* one wins on the right. It would not complain. It would be wrong:

# %%
noise = rng.normal(size=30)
error = distance_transform_1d(noise, -0.05, 0.0)[0] - message_brute_1d(noise, -0.05, 0.0)[0]
print(f"a = -0.05, envelope against definition: wrong by up to {np.abs(error).max():.1f}")
try:
    crossing(noise.tolist(), 0, 1, 0.0)
except ZeroDivisionError as error:
    print("a = 0:", error)

# %% [markdown]
# Code that goes wrong in silence is worse than code that stops. The version in `tslib` refuses such springs at the door, and NaN and
# $+\infty$ with them, in one sentence.

# %%
from tslib.distance_transform import distance_transform_numpy

good = {"score": joint, "stiffness": (0.1, 0.1), "rest": (0.0, 0.0)}
holed = np.where(joint > 0.9, np.nan, joint)
for bad in ({"stiffness": (0.1, -0.01)}, {"score": holed}, {"rest": (1.0, 2.0, 3.0)}):
    try:
        distance_transform_numpy(**good | bad)
    except ValueError as error:
        print(error)

# %% [markdown]
# ## 1.10 What moved to `tslib`
#
# `crossing`, `envelope`, `distance_transform_1d` and `distance_transform_2d` are `tslib/distance_transform/reference.py`, to the letter: a test
# compares the two. Around them stands
#
# ```python
# from tslib.distance_transform import distance_transform_numpy
# message, source = distance_transform_numpy(score, stiffness, rest)
# ```
#
# which takes any number of maps and springs, `score (..., H, W)`, `stiffness (..., 2)`, `rest (..., 2)`, and broadcasts their leading axes.
# Every faster version of this book is held against it.

# %%
elbows, _ = distance_transform_numpy(wrist, stiffness, [[6, 3], [-6, 3]])
for rest_x, m in zip((6, -6), elbows):
    print(f"rest offset ({rest_x}, 3): the elbow is best at", divmod(int(m.argmax()), W)[::-1])

# %% [markdown]
# ## Exercises
#
# Each cell below prints *not attempted* until you replace `raise NotImplementedError`. The checker takes your function and prints one line. (Work on a copy of the notebook or on a
# branch: the tests of this repository insist on unsolved exercises.)
#
# **Exercise 1.1 From weights to a spring** (easy, 5 minutes). Paper A's spring is $w_1 \Delta + w_2 \Delta^2$ per axis. For given $w_1$ and $w_2 < 0$ return the pair
# (stiffness $a$, rest offset $\mu$) of Eq. 1.2.


# %%
def spring_from_weights(w1, w2):
    """The pair (a, mu) of the spring w1 d + w2 d^2."""
    raise NotImplementedError


check.exercise_1_1(spring_from_weights)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Expand $-a(\Delta - \mu)^2$ and compare the factors of $\Delta$ and $\Delta^2$. The constant that is left over moves every message alike.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def spring_from_weights(w1, w2):
#     a = -w2
#     return a, w1 / (2 * a)
# ```
#
# $-a\Delta^2 + 2a\mu\Delta - a\mu^2$: so $w_2 = -a$, $w_1 = 2a\mu$. The constant $-a\mu^2$ is missing in the paper's four weights; a loss that compares scores with $\pm 1$ will feel it.
#
# </details>

# %% [markdown]
# **Exercise 1.2 The way back** (easy, 5 minutes). `rest` is wrist minus elbow, and `distance_transform_numpy(wrist, stiffness, rest)` is the message
# from wrist to elbow. The same spring also carries a message from elbow to wrist. Compute it.


# %%
def message_back(elbow, stiffness, rest):
    """The message (H, W) to the wrist from the elbow's score map; rest is still wrist - elbow."""
    raise NotImplementedError


check.exercise_1_2(message_back)

# %% [markdown]
# <details><summary>Hint</summary>
#
# In Eq. 1.3 the offset is *sender minus receiver*. Who is the sender now?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def message_back(elbow, stiffness, rest):
#     return distance_transform_numpy(elbow, stiffness, -rest)[0]
# ```
#
# </details>

# %% [markdown]
# **Exercise 1.3 Distances on a stretched grid** (medium, 10 minutes). A depth camera's pixels are `width` millimetres wide and `height` millimetres high. For every
# pixel of a boolean map, return the distance in millimetres to the nearest `True` pixel.


# %%
def distance_in_millimetres(feature, width, height):
    """Euclidean distance (H, W) to the nearest True cell of feature (H, W)."""
    raise NotImplementedError


check.exercise_1_3(distance_in_millimetres)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Section 1.7, with a stiffness that is not 1. What does one cell to the right cost, in square millimetres?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def distance_in_millimetres(feature, width, height):
#     score = np.where(feature, 0.0, -np.inf)
#     return np.sqrt(-distance_transform_numpy(score, (width**2, height**2), (0, 0))[0])
# ```
#
# </details>

# %% [markdown]
# **Exercise 1.4 Where did it come from?** (medium, 10 minutes). Suppose the *columns* are done first: `row_first[y, x]` is the best sender's row within column x, and
# then `column_then[y, x]` the best column. Compose the flat source.


# %%
def compose(row_first, column_then):
    """Flat sources y * W + x (H, W), when columns came first and rows second."""
    raise NotImplementedError


check.exercise_1_4(compose)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The second pass has the last word on x. In *that* column, which row had won for the receiver's y?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def compose(row_first, column_then):
#     H, W = column_then.shape
#     return row_first[np.arange(H)[:, None], column_then] * W + column_then
# ```
#
# </details>

# %% [markdown]
# **Exercise 1.5 How far must one look?** (hard, 20 minutes). A far sender pays so much that it cannot win, whatever its score. For $\mu = 0$, return the smallest
# whole radius $R$ for which the scores' *range* alone guarantees that no source lies more than $R$ cells away (do not clip it to the row's length). This is
# the idea behind the fastest version of the transform.


# %%
def window_radius(score, stiffness):
    """Smallest R such that every source of the row `score` (n,) surely has |q - p| <= R."""
    raise NotImplementedError


check.exercise_1_5(window_radius)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A receiver can always choose its own cell: that offers at least the smallest score, free of charge. What must a sender at distance $d$ offer to be at least as good?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def window_radius(score, stiffness):
#     return int(np.floor(np.sqrt((score.max() - score.min()) / stiffness)))
# ```
#
# $s(q) - a d^2 \ge s(p)$ needs $a d^2 \le s(q) - s(p) \le \max s - \min s$. On heat-maps in $[0, 1]$ with $a = 0.01$ that is 10 cells, however large the map.
#
# </details>

# %% [markdown]
# ## Recap
#
# - A message asks, for every place of the receiver, for the best place of the sender; the spring sets the price of each offset (Sec. 1.1, 1.2).
# - All offers of a row are parabolas of one shape; one sweep finds their envelope, a second one reads it (Sec. 1.4).
# - Reading it at $p + \mu$ makes any real rest offset exact (Sec. 1.5).
# - Rows, then columns of the result; the source is *composed*, `column[row[y, x], x]`, not paired (Sec. 1.6).
# - The stiffness is positive; the paper's $+0.01$ is a stiffness, not the weight that is added (Sec. 1.9).
#
# **In practice**
#
# - Paper A's text says $d(p_i - p_j)$ in Eq. 1 and $d(p_k - p_i)$ where it gives the gradient. We always take *sender minus receiver*; the way back uses $-\mu$ (Exercise 1.2).
# - We keep the constant $-a\mu^2$ inside the square, so a relaxed spring costs nothing; the paper's four weights leave it out. The best poses are the same, but a loss that
#   compares scores with $\pm 1$ would feel the difference (a later chapter, on training).
# - Ties go to the lowest index. Another rule would be as right; two rules in one program would not, because the gradient flows to the source. The rule holds
#   to the letter where the arithmetic is exact; after rounding, two algorithms may see a tie differently in the last bit.
# - A row of $-\infty$ offers nothing: the envelope skips it, and a map without any allowed cell answers $-\infty$ everywhere.
#
# **References**
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network: A Deep Structured Model for Pose Estimation in Videos*, CVPR 2017: Sec. 3.3 for the message.
# - P. Felzenszwalb, D. Huttenlocher, *Distance Transforms of Sampled Functions*, Theory of Computing 8, 2012: the envelope, in five pages.
# - P. Felzenszwalb, D. Huttenlocher, *Pictorial Structures for Object Recognition*, IJCV 61, 2005: where springs between parts of a body first met this transform.
