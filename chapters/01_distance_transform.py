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
# **You'll build** the generalized distance transform. Every message of *Thin-Slicing Network* (Song
# et al., CVPR 2017; **Paper A** from here on) is made by this one operation. We write it first as
# loops that nobody can misread, and then as an algorithm whose cost is linear in the number of
# cells.
#
# **You'll learn**
#
# - what a message between two joints asks, and how a spring answers it;
# - to find the best of all senders for all receivers at once, from an envelope of parabolas;
# - why a spring may rest at any real offset without a single interpolation;
# - how two passes make two dimensions, and how to name the place that a message came from;
# - why the stiffness has to be positive, whatever sign the paper prints.
#
# **You'll need** school algebra up to the crossing of two parabolas, and NumPy. The chapter needs
# neither torch nor a GPU, and it runs for about ten seconds on two cores. With half of the
# exercises it takes an hour and a half of your time.

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
import time
from unittest.mock import patch

import matplotlib.pyplot as plt
import numpy as np
from exercises import chapter_01 as check
from scipy.ndimage import distance_transform_edt
from style import BLUE, GREEN, GREY, ORANGE, RED, SKY, mark, show, show_map

# %% [markdown]
# These are the letters of this chapter. Each one is explained where it is first used.
#
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
# A *joint* is a named point of the body, such as the left wrist, and a *heat-map* is what a network
# draws for one joint: a coarse picture in which each cell says how well the joint would fit there
# (section 0.1). In Paper A (Sec. 3.3, Eq. 4) joint $k$ sends joint $i$ the message
#
# $$m_{ki}(p_i) \leftarrow \max_{p_k} \bigl( \mathrm{score}_k(p_k) + \psi_{k,i}(p_k, p_i) \bigr), \tag{1.1}$$
#
# one number for every place $p_i$ where joint $i$ might be. It answers the question: *if I were
# here, how good would your best place be?* The first term is what joint $k$'s own heat-map says of
# the place $p_k$. The second one, $\psi$, is called *pairwise* because it depends on two places,
# and it is a spring between the two joints. The paper writes it as
# $w \cdot [\Delta x, \Delta x^2, \Delta y, \Delta y^2]$. We complete the square, because this gives
# the same parabola, up to a constant, in letters that one can picture:
#
# $$\psi(\Delta) = -a_x (\Delta x - \mu_x)^2 - a_y (\Delta y - \mu_y)^2, \qquad a > 0. \tag{1.2}$$
#
# The spring costs nothing at the *rest offset* $\mu$, and its price grows away from it. How fast it
# grows is the *stiffness* $a$: a stretch of one cell along x costs us $a_x$, and a stretch of two
# cells costs four times as much. (Section 1.9 shows why the minus sign is not a matter of taste.)
# In array form, with $q = p_k$ for the sender and $p = p_i$ for the receiver: `score` is a map over
# $q$, and the answer is a map over $p$.
#
# For example, say that the network's heat-map of the wrist shows two places, a strong one and a
# slightly weaker one, and that we have seen wrists lie 6 cells to the right of their elbow and 3
# below it, on average.

# %%
H, W = 18, 28


def blob(x, y, height, shape=(H, W), sigma=1.6):
    """A Gaussian peak, the usual shape of a heat-map."""
    Y, X = np.indices(shape)
    return height * np.exp(-((X - x) ** 2 + (Y - y) ** 2) / (2 * sigma**2))


wrist = blob(x=20, y=13, height=1.0) + blob(x=8, y=5, height=0.8)
stiffness, rest = np.array([0.02, 0.04]), np.array([6.0, 3.0])


def spring(dx, dy):
    """What an offset adds to the score, 0 or less (Eq. 1.2)."""
    return -stiffness[0] * (dx - rest[0]) ** 2 - stiffness[1] * (dy - rest[1]) ** 2


for dx, dy in [(6, 3), (7, 3), (6, 4), (0, 0)]:
    print(f"the offset ({dx}, {dy}) costs {-spring(dx, dy):.2f}")

# %% [markdown]
# The left panel of the next picture shows the wrist's heat-map $s$ with its two peaks. The right
# panel shows our spring: for each offset $\Delta$ of the wrist from the elbow, what it adds to the
# score. It is 0 at the rest offset and falls from there, faster in y than in x.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.2))
show_map(left, wrist, "s(q): the wrist's heat-map")
left.set_yticks(range(0, 18, 4))
dy, dx = np.mgrid[-9:10, -14:15]
box = (-14.5, 14.5, 9.5, -9.5)
show_map(right, spring(dx, dy), r"$\psi(\Delta)$: what each offset adds", extent=box)
right.set(xticks=range(-12, 13, 4), yticks=range(-8, 9, 4))
mark(right, *rest, "rest offset", color=BLUE)
right.set(xlabel=r"$\Delta x$ = wrist - elbow", ylabel=r"$\Delta y$")
show("Left, a map with a strong peak at x = 20, y = 13 and a weaker one at x = 8, y = "
     "5. Right, the spring over the offset: highest at the rest offset (6, 3), marked "
     "by a ring, and falling on all sides in ellipses that are wider in x.")

# %% [markdown]
# ## 1.2 The definition, as two loops
#
# We put the spring of Eq. 1.2 into Eq. 1.1:
#
# $$m(p) = \max_q \; s(q) - a_x (q_x - p_x - \mu_x)^2 - a_y (q_y - p_y - \mu_y)^2. \tag{1.3}$$
#
# Every cell of the receiver asks every cell of the sender. The `>` in the code keeps the first of
# equal offers, so ties go to the lowest flat index `y * W + x`. We fix this rule now, because
# all later versions have to share it.


# %%
def message_brute(score, stiffness, rest):
    """Every receiver asks every sender (Eq. 1.3)."""
    H, W = score.shape
    message, source = np.full((H, W), -np.inf), np.zeros((H, W), np.int64)
    for py, px in np.ndindex(H, W):
        for qy, qx in np.ndindex(H, W):
            stretch_x, stretch_y = qx - px - rest[0], qy - py - rest[1]
            price = stiffness[0] * stretch_x**2 + stiffness[1] * stretch_y**2
            value = score[qy, qx] - price
            if value > message[py, px]:
                message[py, px], source[py, px] = value, qy * W + qx
    return message, source


elbow_message, elbow_source = message_brute(wrist, stiffness, rest)
peak = divmod(int(elbow_message.argmax()), W)[::-1]
assert peak == (20 - 6, 13 - 3)
print("the message is highest at the elbow's cell", peak)
print("the wrist's peak minus the rest offset:", (20 - 6, 13 - 3))

# %% [markdown]
# The left panel of the next picture shows the wrist's map again. On it we draw arrows from some
# elbow cells $p$ to their sources $q^*(p)$, the wrists that served them best. The right panel shows
# the message, a map over the places of the elbow.

# %% tags=["picture:message"]
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.4), sharey=True)
show_map(left, wrist, "arrows from elbows p to sources q*(p)", bar=False)
kinds = {
    "a peak, for free": ("white", [(2, 2), (14, 10)]),
    "a peak, at a price": (ORANGE, [(5, 6), (10, 14), (18, 9)]),
    "empty, for free": (SKY, [(10, 2), (3, 12)]),
    "the border, at a price": (RED, [(24, 12), (1, 16)]),
}
for label, (color, cells) in kinds.items():
    for px, py in cells:
        qy, qx = divmod(int(elbow_source[py, px]), W)
        arrow = {"arrowstyle": "->", "color": color, "lw": 1.8}
        left.annotate("", (qx, qy), (px, py), arrowprops=arrow)
        left.plot(px, py, ".", color=color, ms=8)
    left.plot([], [], color=color, label=label)
left.legend(loc="upper right", labelcolor="white", fontsize=8)
show_map(right, elbow_message, "m(p): the elbow's message")
mark(right, 14, 10, "strong peak - rest", color="black")
mark(right, 2, 2, "weak peak - rest", color="black")
show("Left, the wrist's map with arrows of four colours from elbow cells to the wrists "
     "that serve them. Right, the elbow's message: two broad hills, each at a peak of "
     "the wrist's map moved 6 cells to the left and 3 up, and dark bands along the "
     "right and lower borders.")

# %% [markdown]
# There are four kinds of answers. An elbow at a peak minus the rest offset gets that peak free of
# charge (white). One nearby still gets it, or it gets a cell on its slope that trades a little
# score for a shorter stretch (orange). Where no wrist is worth the stretch, the best offer is an
# empty cell at exactly the rest offset (blue), with score 0 and price 0. And where the rest offset
# leads out of the map, the best that is left is mostly a cell on the border, and there the message
# falls below 0 (red, and the dark bands on the right and at the bottom). In short, you can think of
# the message as the score, moved by $-\mu$ and widened. That is what a spring does to a map.

# %% [markdown]
# ## 1.3 One dimension, worked by hand
#
# The rest of the chapter makes this fast. Since the price is a sum of an x part and a y part, it is
# enough to be fast on one row (section 1.6 puts rows and columns together):
#
# $$m(p) = \max_q \; s(q) - a (q - p - \mu)^2. \tag{1.4}$$
#
# Let us take five cells, $s = (0, 3, 0, 0, 2)$, with $a = 1$ and $\mu = 0$. Before you
# look at the table below, work out on paper what each of the five senders offers to the receiver
# $p = 3$, and which offer is the best. You should find the column under $p = 3$.

# %%
row = np.array([0.0, 3, 0, 0, 2])


def message_brute_1d(score, stiffness, rest):
    """All offers of a row, table[q, p]; each column's best and its place (Eq. 1.4)."""
    q, p = np.mgrid[: len(score), : len(score)]
    table = score[:, None] - stiffness * (q - p - rest) ** 2
    return table.max(0), table.argmax(0), table


row_message, row_source, table = message_brute_1d(row, 1.0, 0.0)
print("offers, one line a sender q, one column a receiver p:")
print(table.astype(int))

# %% [markdown]
# The message takes the best of each column, and the source says in which line it stands. If you
# worked it out by hand, you have the message $(2, 3, 2, 1, 2)$ and the source
# $(1, 1, 1, 4, 4)$, and the code has to agree:

# %%
by_hand = ([2, 3, 2, 1, 2], [1, 1, 1, 4, 4])
assert np.array_equal([row_message, row_source], by_hand)
print("message", row_message.astype(int), " source", row_source)

# %% [markdown]
# ## 1.4 The envelope, parabola by parabola
#
# Now we look at Eq. 1.4 from the sender's side. The offer of one cell $q$, as a function of a
# *real* place $z$, is a parabola with its top at $z = q$ and its height $s(q)$:
#
# $$f_q(z) = s(q) - a (q - z)^2, \qquad m(p) = \max_q f_q(p + \mu). \tag{1.5}$$
#
# All these parabolas have the same shape. Therefore two of them cross exactly once, and right of
# the crossing the right one stays above for ever. For $v < q$, the equation $f_v(z) = f_q(z)$
# gives $s(v) - s(q) = a(v - q)(v + q - 2z)$, hence
#
# $$z = \frac{v + q}{2} + \frac{s(v) - s(q)}{2a(q - v)}. \tag{1.6}$$
#
# The crossing lies half way between the two cells, moved towards the weaker one.


# %% tags=["export:tslib.distance_transform.reference"]
def crossing(score, v, q, stiffness):
    """Where the parabola of q rises above that of v < q (Eq. 1.6)."""
    return (v + q) / 2 + (score[v] - score[q]) / (2 * stiffness * (q - v))


# %%
meeting = crossing(row, 1, 4, 1.0)
f_1, f_4 = (row[q] - (q - meeting) ** 2 for q in (1, 4))
print(f"cells 1 and 4 cross at z = {meeting:.4f}:",
      f"one offers {f_1:.4f}, the other {f_4:.4f}")

# %% [markdown]
# So the winners, read from left to right, come in the order of their cells, and each wins on one
# stretch of the line. The curve that is made of the winners is called the *envelope*. Felzenszwalb
# and Huttenlocher (see the references) build the list of winners in one sweep. (They minimise, so
# theirs is a *lower envelope*. Paper A maximises, so ours is the same picture upside down.)
#
# The sweep works like this. Far to the left, a new parabola $q$ lies below all others, because its
# top is the farthest away, and it rises above the last one on the list at their crossing. If this
# crossing is not right of the place where the last one itself begins to win, then the last one
# never wins. We strike it out, and ask the one before.


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

# %% [markdown]
# The moving picture shows such a sweep on another row, of seven cells, with a softer spring. You
# see each new parabola (pink) come in, and a cross marks where it meets the last one on our list
# (blue). If that one wins nowhere any more, it turns red and is struck out (dotted grey). The thick
# band in orange is the envelope, and the dashed green lines show where each winner begins. At the
# end you already see what our next section is about: seven receivers read the envelope, each 0.6
# cells to the right of its own place (red squares).
#
# ![A moving picture of the sweep over seven cells. Parabolas of one shape enter from left to right, and the envelope over them grows. Parabola 4 strikes out 3, and 5 strikes out 4 and 2. At the end 0, 1, 5 and 6 are left, and red squares on the envelope mark what each receiver reads.](../data/motion/envelope.webp)
#
# The next picture holds our five cells still. Each panel shows the parabolas after one more cell
# has come in, the envelope in orange, and the crossings as dashed green lines.

# %%
z = np.linspace(-1.5, 5.5, 400)
parabolas = row[:, None] - (np.arange(5)[:, None] - z) ** 2  # (q, z)
styles = {True: {"color": BLUE, "ls": "-"}, False: {"color": GREY, "ls": ":"}}
fig, axes = plt.subplots(2, 3, figsize=(9.5, 6), sharex=True, sharey=True)
for n, ax in enumerate(axes.flat[:5], start=1):
    cells, starts = envelope(row[:n], 1.0)
    ax.plot(z, parabolas[:n].max(0), color=ORANGE, lw=5, alpha=0.6)
    for q in range(n):
        ax.plot(z, parabolas[q], **styles[q in cells])
    for start in starts[1:]:
        ax.axvline(start, color=GREEN, lw=1.3, ls="--")
    ax.plot(range(n), row[:n], "o", color=BLUE)
    ax.set(ylim=(-3, 3.6), xlim=(-1.5, 5.5), xticks=range(-1, 6))
    ax.set(title=f"cell {n - 1} comes in", xlabel="z (cells)")
    ax.tick_params(labelbottom=True)
legend = axes.flat[5]
legend.plot([], [], color=ORANGE, lw=5, alpha=0.6, label="envelope")
legend.plot([], [], **styles[True], label="on the list")
legend.plot([], [], **styles[False], label="struck out")
legend.plot([], [], color=GREEN, ls="--", lw=1.3, label="crossing")
legend.axis("off")
legend.legend(loc="center", fontsize=11)
show("Five panels, one a cell. The parabola of cell 1 is the highest and stays. Those "
     "of 2 and 3 win on the right, until the next cell comes and they are struck out. "
     "At the end cells 0, 1 and 4 are left, with crossings at -1 and 2.67.")

# %% [markdown]
# Cells 2 and 3 come in, win on the right until the next cell comes, and are struck out (dotted).
# Cell 0 stays on the list although it wins only left of $-1$, where no receiver of this row looks
# as long as $\mu \ge -1$.

# %% [markdown]
# ## 1.5 Real offsets, for free
#
# Eq. 1.5 says more: the message is the envelope *read at* $p + \mu$. Since the envelope is a
# curve over the real numbers, $\mu = 0.6$ is as good as $\mu = 1$, and we need neither rounding
# nor interpolation. One sweep builds the list and a second one reads it. A receiver that stands
# exactly on a crossing stays with the left cell, which is the lowest one, as the rule of section
# 1.2 wants it.


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


# %% [markdown]
# We hold it against the row that we worked by hand, and against the definition on random rows of 30
# cells, with rest offsets that are whole, real, negative, and larger than the row.

# %%
assert np.array_equal(distance_transform_1d(row, 1.0, 0.0), by_hand)
rng = np.random.default_rng(1)
for mu in (0.0, 0.6, -2.25, 40.0):
    noise = rng.normal(size=30)
    m, q = distance_transform_1d(noise, 0.1, mu)
    m_brute, q_brute, _ = message_brute_1d(noise, 0.1, mu)
    print(f"mu = {mu:5.2f}: largest difference {np.abs(m - m_brute).max():.6f},",
          f"other sources {np.sum(q != q_brute)}")

# %% [markdown]
# The next picture shows one envelope, which we read at two rest offsets: at the whole places for
# $\mu = 0$ (circles), and 0.6 cells further to the right for $\mu = 0.6$ (squares). Both sets
# of points lie on the same curve.

# %%
fig, ax = plt.subplots(figsize=(8.5, 3.6))
ax.plot(z, parabolas.max(0), color=ORANGE, lw=4, alpha=0.7, label="envelope")
for mu, color, marker in ((0.0, BLUE, "o"), (0.6, RED, "s")):
    m, _ = distance_transform_1d(row, 1.0, mu)
    places = np.arange(5) + mu
    ax.plot(places, m, marker, color=color, ms=9, label=rf"read at $p + {mu}$")
ax.set(xlabel="z = p + rest (cells)", ylabel="m(p)", ylim=(-2, 3.4))
ax.legend(fontsize=10)
show("An envelope of three arcs: two with tops at z = 1 and 4, and the flank of a "
     "third one left of -1. Five circles lie on it at z = 0, 1, 2, 3, 4, and five "
     "squares at 0.6, 1.6, 2.6, 3.6, 4.6.")

# %% [markdown]
# ## 1.6 Two dimensions, by two passes
#
# The price splits into an $x$ part and a $y$ part. A number that does not depend on $q_x$ can leave
# the maximum over $q_x$, and so
#
# $$m(p) = \max_{q_y} \Bigl[ \underbrace{\max_{q_x} \bigl[ s(q_x, q_y) - a_x (q_x - p_x - \mu_x)^2 \bigr]}_{\text{row } q_y \text{, for the receiver's column } p_x}
# - a_y (q_y - p_y - \mu_y)^2 \Bigr]. \tag{1.7}$$
#
# We do all rows first, and then all columns *of the result*. Each pass also yields an arg-max map:
# `column[y, x]` is the best sender's x within row y, and `row[y, x]` is the best row. How do the
# two make one source?
#
# It is tempting to pair them where they lie, that is, to take the two entries of the receiver's own
# cell, `row[y, x]` and `column[y, x]`:


# %%
def source_wrong(column, row):
    """Pairs the two arg-maxes of the same cell. Looks right; is not."""
    return row * column.shape[1] + column


# %% [markdown]
# However, the row pass answered for the *sender's* row. By the time that the column pass has chosen
# the row `row[y, x]`, the column to take is the one that won *in that row*, and this is
# `column[row[y, x], x]`.


# %% tags=["export:tslib.distance_transform.reference"]
def distance_transform_2d(score, stiffness, rest):
    """Rows, then columns of the result, then the arg-maxes composed (Eq. 1.7)."""
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
# We can put a source to the test without any second algorithm, because what that cell offers has to
# *be* the message.


# %%
def offer(score, source, stiffness, rest):
    """What the named sources offer to their receivers (Eq. 1.3 at q*)."""
    Y, X = np.indices(score.shape)
    qy, qx = np.divmod(source, score.shape[1])
    stretch_x, stretch_y = qx - X - rest[0], qy - Y - rest[1]
    price = stiffness[0] * stretch_x**2 + stiffness[1] * stretch_y**2
    return score[qy, qx] - price


message, source = distance_transform_2d(wrist, stiffness, rest)
lost = message - offer(wrist, source, stiffness, rest)
print(f"composed: what the sources offer is off by {np.abs(lost).max():.6f} at most")

# %%
row_pass = [distance_transform_1d(r, stiffness[0], rest[0]) for r in wrist]
across, column = (np.array(part) for part in zip(*row_pass))
column_pass = [distance_transform_1d(c, stiffness[1], rest[1]) for c in across.T]
best_row = np.array([q for _, q in column_pass]).T
missing = message - offer(wrist, source_wrong(column, best_row), stiffness, rest)
print(f"paired: {np.mean(missing > 1e-9):.0%} of the receivers name a sender",
      f"that offers less, by up to {missing.max():.2f}")

# %% [markdown]
# In the next picture the upper left panel shows what the row pass has made of our wrist's map, and
# the upper right panel what the column pass has made of that. The lower left panel shows how much
# we would lose at each receiver by the tempting pairing.

# %%
fig, axes = plt.subplot_mosaic([["rows", "columns"], ["lost", "."]], figsize=(9.5, 5.6))
show_map(axes["rows"], across, "after the rows", vmin=-1, vmax=1)
show_map(axes["columns"], message, "after the columns: m(p)", vmin=-1, vmax=1)
show_map(axes["lost"], missing, "paired arg-maxes: what they lose", cmap="Reds")
show("Upper left, each peak of the wrist's map smeared along its rows. Upper right, "
     "the message, smeared along the columns as well. Below, what the paired arg-maxes "
     "lose: zero at most receivers, and up to 0.65 in the regions around the two hills "
     "of the message.")

# %% [markdown]
# After the first pass each peak is smeared along its rows only, and the second pass smears the
# result along the columns. The pairing is wrong wherever the answer "best x in *my* row" differs
# from "best x in the *winning* row", because it takes the one for the other.

# %% [markdown]
# ## 1.7 Three judges
#
# We trust an algorithm when it agrees with something that was made in another way. We have three
# judges: the definition (Sec. 1.2), the case worked by hand (Sec. 1.3), and code that nobody here
# wrote. SciPy's Euclidean distance transform asks for each pixel how far the nearest background
# pixel is. To make our message answer the same question, we give our senders the score 0 on a drawn
# feature and $-\infty$ elsewhere, and take $a = 1$, $\mu = 0$. Then
# $m(p) = \max_{q \in \text{feature}} -\lVert q - p \rVert^2$, and the distance is
# $\sqrt{-m}$.

# %%
worst = 0
for _ in range(5):
    problem = rng.normal(size=(9, 12)), rng.uniform(0.01, 1, 2), rng.uniform(-8, 8, 2)
    difference = distance_transform_2d(*problem)[0] - message_brute(*problem)[0]
    worst = max(worst, np.abs(difference).max())
print(f"five random maps and springs, by definition: off by {worst:.6f} at most")

# %%
feature = np.zeros((48, 72), bool)
for t in np.linspace(0, 2 * np.pi, 200):
    feature[int(24 + 16 * np.sin(3 * t)), int(36 + 30 * np.cos(2 * t))] = True
score = np.where(feature, 0.0, -np.inf)
squared, _ = distance_transform_2d(score, (1.0, 1.0), (0.0, 0.0))
theirs = distance_transform_edt(~feature)
worst = np.abs(-squared - theirs**2).max()
print(f"squared distances, against SciPy's: off by {worst:.6f} at most")

# %% [markdown]
# The left panel of the picture shows our feature, a curve of cells. The middle panel shows the
# distance to it by our message, and the right panel SciPy's.

# %%
fig, axes = plt.subplots(1, 3, figsize=(9.5, 2.9), sharey=True)
curve = np.where(feature, 1.0, -np.inf)
title = r"score: 0 on it, $-\infty$ off it"
show_map(axes[0], curve, title, bar=False, cmap="binary", vmin=0, vmax=1)
show_map(axes[1], np.sqrt(-squared), r"ours: $\sqrt{-m}$", bar=False, cmap="viridis")
show_map(axes[2], theirs, "SciPy's", bar=False, cmap="viridis")
show("Left, a curve of single cells that crosses itself. Middle and right, two equal "
     "maps of the distance to the curve: dark on it, and the brighter the farther "
     "away, above all at the upper and lower border and inside the loop.")

# %% [markdown]
# So the classical distance transform is the special case of a score that is either 0 or $-\infty$,
# and a *generalized distance transform* is one where you may put any score there. Moreover,
# $-\infty$ is not only a trick for this test: with it we mask cells that may not be chosen, and it
# does so exactly.

# %% [markdown]
# ## 1.8 What it costs
#
# Eq. 1.3 compares every receiver with every sender, which is $(HW)^2$ offers. In the envelope, a
# parabola comes onto the list once and leaves it at most once. Because each crossing that we
# compute is followed by one or the other, there are at most $2n$ of them in a row of $n$ cells. Let
# us count them. (`patch` puts a stand-in in the place of our `crossing`, which calls it, as `wraps`
# says, and counts the calls.)


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


# %% [markdown]
# The next cell measures the time of both on square maps of several sizes, and the picture shows it
# on logarithmic axes, where a straight line of slope 2 means that the time grows as the square of
# the number of cells.


# %%
def seconds(function, side):
    """Processor time, the best of three runs on one random square map."""
    score = rng.normal(size=(side, side))
    runs = []
    for _ in range(3):
        start = time.process_time()
        function(score, (0.05, 0.05), (1.5, -2.5))
        runs.append(time.process_time() - start)
    return min(runs)


# %%
trials = [(message_brute, (9, 13, 18, 25), RED, 2)]
trials += [(distance_transform_2d, (25, 50, 100, 200), BLUE, 1)]
fig, ax = plt.subplots(figsize=(8.5, 4.2))
for function, sides, color, power in trials:
    cells = np.array(sides) ** 2
    spent = np.array([seconds(function, side) for side in sides])
    slope = np.polyfit(np.log(cells), np.log(spent), 1)[0]
    label = f"{function.__name__}: grows as cells^{slope:.2f}"
    ax.loglog(cells, spent, "o-", color=color, label=label)
    ax.loglog(cells, spent[-1] * (cells / cells[-1]) ** power, ":", color=GREY)
ax.set(xlabel="cells of the map (H W)", ylabel="seconds of processor time")
ax.set_title("measured; dotted: exactly quadratic, exactly linear")
ax.legend(fontsize=10)
show("Processor time over the number of cells, on logarithmic axes. The definition's "
     "line is steep and follows the dotted quadratic one. The transform's line is far "
     "lower at the same size and follows the dotted linear one.")

# %% [markdown]
# This is Paper A's remark (Sec. 3.3) that the transform makes a message "linear in the number of
# possible part locations". Our measurement agrees with it, but it is not the end of the story. In
# the optional chapter 11 we compare everything again, with other tools, and ask which of the two is
# faster there.

# %% [markdown]
# ## 1.9 A spring that does not pull
#
# Paper A adds $w \cdot d$ to the score and starts the quadratic weight at $+0.01$ (Sec. 5.2).
# Read literally, that is Eq. 1.2 with $a = -0.01$, so a joint would be *rewarded* for being far
# from its rest offset. We let the definition say what happens, on a map with one peak and three
# springs: one that pulls, one of no force, and one that pushes.

# %%
joint = blob(x=6, y=8, height=1.0, shape=(20, 20))
corners = [0, 19, 380, 399]  # as flat indices
found = {a: message_brute(joint, (a, a), (0, 0)) for a in (0.01, 0.0, -0.01)}
for a, (m, q) in found.items():
    print(f"a = {a:5}: messages {m.min():.2f} to {m.max():.2f},",
          f"sources in corners: {np.isin(q, corners).mean():.0%}")

# %% [markdown]
# The three panels show the three messages, from left to right for $a = 0.01$, $0$ and $-0.01$.
# With a ring we mark where the sender's map has its peak.

# %%
fig, axes = plt.subplots(1, 3, figsize=(9.5, 3))
for ax, (a, (m, _)) in zip(axes, found.items()):
    show_map(ax, m, f"a = {a}", vmin=min(m.min(), 0), vmax=m.max())
    ax.set(xticks=range(0, 20, 5), yticks=range(0, 20, 5))
    mark(ax, 6, 8, "peak of s", color="black" if a >= 0 else "white")
show("Three messages of one peak. For a = 0.01 a hill around the ring. For a = 0 one "
     "flat colour. For a = -0.01 the message is lowest in the middle of the map and "
     "highest in the corners, and nothing is to be seen at the ring.")

# %% [markdown]
# - For $a > 0$ the message is highest at the peak, as it should be.
# - For $a = 0$ the spring has no force, so that every receiver gets the global maximum, and the
#   message says nothing.
# - For $a < 0$ every receiver takes an empty *corner*, the one that is farthest away, and the
#   message is highest in the corners. Where the joint was seen leaves no trace.
#
# So we read $0.01$ as a stiffness, whose sign belongs outside: $w_\text{quadratic} = -a$. The
# envelope could not even work otherwise, because Eq. 1.6 divides by $a$, and for $a < 0$ the
# parabolas open upwards, so that the *left* one wins on the right. The code would not complain. It
# would be wrong:

# %%
noise = rng.normal(size=30)
wrong = distance_transform_1d(noise, -0.05, 0.0)[0]
right = message_brute_1d(noise, -0.05, 0.0)[0]
error = np.abs(wrong - right).max()
print(f"a = -0.05, envelope against definition: wrong by up to {error:.1f}")
try:
    crossing(noise.tolist(), 0, 1, 0.0)
except ZeroDivisionError as error:
    print("a = 0:", error)

# %% [markdown]
# We think that code that goes wrong in silence is worse than code that stops. Therefore the version
# in `tslib` refuses such springs at the door, and NaN and $+\infty$ with them, in one sentence
# each.

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
# `crossing`, `envelope`, `distance_transform_1d` and `distance_transform_2d` are in
# `tslib/distance_transform/reference.py`, to the letter, because a test compares the two. Around
# them stands
#
# ```python
# from tslib.distance_transform import distance_transform_numpy
# message, source = distance_transform_numpy(score, stiffness, rest)
# ```
#
# which takes any number of maps and springs, `score (..., H, W)`, `stiffness (..., 2)` and
# `rest (..., 2)`, and broadcasts their leading axes. We hold every faster version of this book
# against it. For example, one map and two springs give two messages, for an elbow left of its wrist
# and for one right of it:

# %%
elbows, _ = distance_transform_numpy(wrist, stiffness, [[6, 3], [-6, 3]])
for rest_x, m in zip((6, -6), elbows):
    best = divmod(int(m.argmax()), W)[::-1]
    print(f"rest offset ({rest_x}, 3): the elbow is best at", best)

# %% [markdown]
# ## Exercises
#
# Each cell below prints *not attempted* until you replace `raise NotImplementedError`. The checker
# takes your function and prints one line. Please work on a copy of the notebook or on a branch,
# because the tests of this repository insist on unsolved exercises.
#
# **Exercise 1.1 From weights to a spring** (easy, 5 minutes). Paper A's spring is
# $w_1 \Delta + w_2 \Delta^2$ per axis. For given $w_1$ and $w_2 < 0$ return the pair
# (stiffness $a$, rest offset $\mu$) of Eq. 1.2.


# %%
def spring_from_weights(w1, w2):
    """The pair (a, mu) of the spring w1 d + w2 d^2."""
    raise NotImplementedError


check.exercise_1_1(spring_from_weights)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Expand $-a(\Delta - \mu)^2$ and compare the factors of $\Delta$ and $\Delta^2$. The constant
# that is left over moves every message alike.
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
# The square is $-a\Delta^2 + 2a\mu\Delta - a\mu^2$, so $w_2 = -a$ and $w_1 = 2a\mu$. The constant
# $-a\mu^2$ is missing in the paper's four weights, and a loss that compares scores with $\pm 1$, as
# that of chapter 6 does, will feel it.
#
# </details>

# %% [markdown]
# **Exercise 1.2 The way back** (easy, 5 minutes). `rest` is wrist minus elbow, and
# `distance_transform_numpy(wrist, stiffness, rest)` gives the message from wrist to elbow. The
# same spring also carries a message from elbow to wrist. Compute it.


# %%
def message_back(elbow, stiffness, rest):
    """The message (H, W) from elbow to wrist; rest is still wrist - elbow."""
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
# **Exercise 1.3 Distances on a stretched grid** (medium, 10 minutes). A depth camera's pixels are
# `width` millimetres wide and `height` millimetres high. For every pixel of a boolean map, return
# the distance in millimetres to the nearest `True` pixel.


# %%
def distance_in_millimetres(feature, width, height):
    """Euclidean distance (H, W) to the nearest True cell of feature (H, W)."""
    raise NotImplementedError


check.exercise_1_3(distance_in_millimetres)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Section 1.7 does it with a stiffness of 1. What does one cell to the right cost here, in square
# millimetres?
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
# **Exercise 1.4 Where did it come from?** (medium, 10 minutes). Suppose that the *columns* are done
# first: `row_first[y, x]` is the best sender's row within column x, where y is the receiver's row
# and x the *sender's* column, and then `column_then[y, x]` is the best column for the receiver at y
# and x. Compose the flat source.


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
# **Exercise 1.5 How far must one look?** (hard, 20 minutes). A far sender pays so much that it
# cannot win, whatever its score. For $\mu = 0$, return the smallest whole radius $R$ for which
# the scores' *range* alone guarantees that no source lies more than $R$ cells away (do not clip it
# to the row's length). Chapter 11 builds the fastest version of the transform on this idea.


# %%
def window_radius(score, stiffness):
    """Smallest R such that each source of a row (n,) surely has |q - p| <= R."""
    raise NotImplementedError


check.exercise_1_5(window_radius)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A receiver can always choose its own cell, which offers at least the smallest score, free of
# charge. What must a sender at distance $d$ have to be at least as good?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def window_radius(score, stiffness):
#     return int(np.floor(np.sqrt((score.max() - score.min()) / stiffness)))
# ```
#
# $s(q) - a d^2 \ge s(p)$ needs $a d^2 \le s(q) - s(p) \le \max s - \min s$. On
# heat-maps in $[0, 1]$ with $a = 0.01$ that is 10 cells, however large the map.
#
# </details>

# %% [markdown]
# **Exercise 1.6 The best pair** (easy, 10 minutes). The elbow's own map says where the elbow fits,
# and the message says what the wrist can offer to each place. Their sum is the score of the best
# pair. Return the best place of the elbow, and the place of the wrist that belongs to it.


# %%
def best_pair(elbow, message, source):
    """elbow, message, source (H, W) -> elbow (x, y), wrist (x, y), in cells."""
    raise NotImplementedError


check.exercise_1_6(best_pair)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Find the flat index of the best elbow first. The source at that very cell is the flat index of the
# wrist, and a flat index is `y * W + x`.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def best_pair(elbow, message, source):
#     best = (elbow + message).argmax()
#     W = elbow.shape[1]
#     return [(int(place % W), int(place // W)) for place in (best, source.flat[best])]
# ```
#
# The wrist is not where the wrist's own map is highest, but where the winning elbow was served
# from. Chapter 4 does this for a whole body.
#
# </details>

# %% [markdown]
# **Exercise 1.7 Lines in place of parabolas** (hard, 25 minutes). Write out the square in Eq. 1.5:
# $f_q(z) = [s(q) - a q^2] + 2 a q z - a z^2$. The last term is the same for all cells,
# so at each $z$ the winner is the highest of some straight *lines*. Use this to say, without
# `envelope`, which cells win on a stretch of real places $z$ that is longer than a point.


# %%
def wins_somewhere(score, stiffness):
    """score (n,), finite -> bool (n,): is the cell on the envelope?"""
    raise NotImplementedError


check.exercise_1_7(wins_somewhere)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Let $h(q) = s(q) - a q^2$. Line $q$ overtakes line $v < q$ at a $z$ that is proportional to
# $(h(v) - h(q)) / (q - v)$. A cell wins somewhere if every line from the left has been
# overtaken before any line from the right overtakes it.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def wins_somewhere(score, stiffness):
#     n = len(score)
#     height = score - stiffness * np.arange(n) ** 2
#     found = np.ones(n, bool)
#     for q in range(n):
#         left = [(height[v] - height[q]) / (q - v) for v in range(q)]
#         right = [(height[q] - height[v]) / (v - q) for v in range(q + 1, n)]
#         found[q] = max(left, default=-np.inf) < min(right, default=np.inf)
#     return found
# ```
#
# The points $(q, h(q))$ that are found are the corners of an upper *convex hull*, and the sweep of
# section 1.4 is the classical way to find one.
#
# </details>

# %% [markdown]
# ## Recap
#
# - A message asks, for every place of the receiver, for the best place of the sender, and the
#   spring sets the price of each offset (Sec. 1.1, 1.2).
# - All offers of a row are parabolas of one shape. One sweep finds their envelope, and a second one
#   reads it (Sec. 1.4).
# - Reading it at $p + \mu$ makes any real rest offset exact, because the envelope is a curve over
#   the real numbers (Sec. 1.5).
# - We do the rows first, then the columns of the result. The source is *composed*,
#   `column[row[y, x], x]`, and not paired (Sec. 1.6).
# - The stiffness is positive, because the paper's $+0.01$ is a stiffness and not the weight that is
#   added (Sec. 1.9).
#
# **In practice**
#
# - Paper A's text says $d(p_i - p_j)$ in Eq. 1 and $d(p_k - p_i)$ where it gives the gradient.
#   We always take *sender minus receiver*, and so the way back uses $-\mu$ (Exercise 1.2).
# - We keep the constant $-a\mu^2$ inside the square, so that a relaxed spring costs nothing. The
#   paper's four weights leave it out. The best poses are the same, but a loss that compares scores
#   with $\pm 1$ would feel the difference (chapter 6).
# - Ties go to the lowest index. Another rule would be as right, but two rules in one program would
#   not, because the gradient flows to the source. The rule holds to the letter where the arithmetic
#   is exact. After rounding, two algorithms may see a tie differently in the last bit.
# - A row of $-\infty$ offers nothing, so the envelope skips it, and a map without any allowed cell
#   answers $-\infty$ everywhere.

# %% [markdown]
# ## Quiz
#
# **1.** A wrist's map has one sharp peak at $(20, 13)$, and the rest offset is $(6, 3)$, wrist
# minus elbow. Where is the message to the elbow highest, and how does it change if the stiffness is
# doubled?
#
# <details><summary>Answer</summary>
#
# It is highest at $(14, 10)$, the peak minus the rest offset. With twice the stiffness it stays
# there and keeps its height, but the hill around it becomes narrower, because each cell of stretch
# costs twice as much.
#
# </details>
#
# **2.** Why can two parabolas of Eq. 1.5 cross only once, and what would break if each sender had a
# stiffness of its own?
#
# <details><summary>Answer</summary>
#
# The squares of $z$ cancel in the difference of two parabolas of the same shape, so it is a
# straight line and has one zero. With different stiffnesses two parabolas could cross twice, a cell
# could win on two stretches, and the sweep's list would no longer be enough.
#
# </details>
#
# **3.** A rest offset of 40 cells is used on a row of 30. Does the algorithm need a special case?
#
# <details><summary>Answer</summary>
#
# No. Every receiver reads the envelope far to the right of the row, where only few parabolas still
# win, so nearly all receivers name the same source, and their messages are small. Nothing is
# clipped or rounded.
#
# </details>
#
# **4.** What does $-\infty$ in a score do that a large negative number such as $-1000$ does not?
#
# <details><summary>Answer</summary>
#
# It excludes the cell exactly, whatever the other scores and prices are. A cell with $-1000$ still
# wins where every other offer is worse, for example where all allowed cells are far away and the
# spring is stiff.
#
# </details>
#
# **5.** Somebody adds 5 to all scores of the sender. What changes in the message, in the sources,
# and in the best elbow?
#
# <details><summary>Answer</summary>
#
# The message grows by 5 everywhere. The sources and the best elbow stay, because all offers grow
# alike and a maximum does not care. (In float32 this is only nearly true, as chapter 2 shows.)
#
# </details>

# %% [markdown]
# ## References
#
# - **Paper A**: J. Song, L. Wang, L. Van Gool, O. Hilliges, *Thin-Slicing Network: A Deep
#   Structured Model for Pose Estimation in Videos*, CVPR 2017. Read Sec. 3.3 for the message.
# - P. Felzenszwalb, D. Huttenlocher, *Distance Transforms of Sampled Functions*, Theory of
#   Computing 8, 2012. It explains the envelope in five pages.
# - P. Felzenszwalb, D. Huttenlocher, *Pictorial Structures for Object Recognition*, IJCV 61, 2005.
#   Here springs between parts of a body first met this transform.
