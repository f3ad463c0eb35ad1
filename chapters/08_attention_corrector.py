# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7. Translate poses into better poses
#
# **You'll build** Paper B's corrector: a network that never sees a picture, reads the poses that an estimator found in a few frames, and writes them anew.
#
# **You'll learn**
#
# - what an estimator's errors look like over time, and why correcting them resembles translation;
# - an LSTM step by hand, how long it remembers, and why one reads in both directions;
# - attention by hand: energies, weights, context; and why the energy of a well-known library cannot do what the paper prints;
# - what the decoder should be fed with in training, and what happens if that is the truth;
# - how windows are cut, normalised by the input alone, and merged;
# - what the corrector repairs, what it smooths away, and which simpler method does as well.
#
# **You'll need** chapter 0 for PCK. No GPU, about two minutes on one core, two and a half hours of yours with the exercises. Paper B is *Sequence-to-Sequence
# Learning for Human Pose Correction in Videos* (Swetha, Balasubramanian, Jawahar, ACPR 2017).

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
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from exercises import chapter_07 as check
from style import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY
from torch import nn

from tslib.clip import Clip
from tslib.metrics import group_rates, means, rates
from experiments.measures import bootstrap, curve, jitter
from experiments.paper_tables import PAPER_TABLES
from renderer import Settings, render_clip
from tslib.skeletons import SKELETONS
from tslib.training.evaluate import predict_as_trained, tallies
from tslib.training.models import load_model

MODEL = "../data/models/seed0/pretrain.safetensors"
PENN = SKELETONS["penn13"]

# %% [markdown]
# | symbol | meaning | in code | shape |
# |---|---|---|---|
# | $T, K, n$ | frames of a window, joints, units of an LSTM | `T`, `K`, `n` | |
# | $x_j$ | estimated pose of frame $j$, normalised (in Eq. 7.11 in px, and $\tilde x$ normalised) | `x` | `(T, 2K)` |
# | $y_i$ | what the network writes for frame $i$, normalised | `y` | `(T, 2K)` |
# | $y^*, \tilde y^*$ | true poses of a window in px, and normalised | `truth` | `(T, K, 2)` |
# | $\hat y^{(r)}, \bar y$ | poses of window $r$ in px, and all windows merged | `windows`, `merged` | `(T, K, 2)` |
# | $\mu, d$ | middle and size of the person in a window, px | `place` | `(2,)`, one number |
# | $h_j$ | encoder's output at frame $j$ | `h` | `(T, 2n)` |
# | $s_i$ | state of the decoder after frame $i$ | `s` | `(n,)` |
# | $c_i$ | context: what the decoder gets to see of the encoder | `context` | `(2n,)` |
# | $e_{ij}, \alpha_{ij}$ | energy and weight of frame $j$ for output $i$ | `e`, `alpha` | `(T,)` for each $i$ |
# | $\mathbf i, \mathbf f, \mathbf o$ | input, forget and output gate of an LSTM | `i`, `f`, `o` | `(n,)` |
# | $\mathbf g$ | candidate: what an LSTM would write | `g` | `(n,)` |
# | $m$ | memory cell of an LSTM | `m` | `(n,)` |
# | $A, R, b$ | parameters of an LSTM: for its input, for its last output, biases | `A`, `R`, `b` | `(4n, 2K)`, `(4n, n)`, `(4n,)` |
# | $W, U, v$ | parameters of the energy with the tanh | `W`, `U`, `v` | |
# | $u, q, b$ | parameters of the linear energy | | |
# | $V, b$ | parameters of the decoder's output | | |
#
# *Weights* are only the $\alpha$ here; what training changes are *parameters*. Each layer has a bias $b$ of its own.

# %% [markdown]
# ## 7.1 Poses as a sentence
#
# An estimator looks at one frame at a time. What it says of twenty frames is like a sentence from somebody who mishears: most words are right, some are wrong, and who knows the language can
# tell which. Paper B (Sec. I) proposes "pose correction model in videos as a sequence-to-sequence learning problem", the form in which translation was learnt at the time. A sequence of poses
# $x_1 \dots x_T$ is given, $y_1 \dots y_T$ is wanted, and the probability of all of it is a product, one output after the other (Sec. II, Eq. 1):
#
# $$p(y \mid x) = \prod_i p(y_i \mid y_1, \dots, y_{i-1}, c). \tag{7.1}$$
#
# Here $c$ is the *context*, all that the writer gets to know of what was read; section 7.4 makes one for each output. The earlier outputs in each factor are the wanted ones, not those that a network has written; section 7.9 comes back to that.
#
# Words have probabilities; a pose is 26 numbers. Say that $y_i$ is normally distributed around what the network writes, with one fixed variance; then $-\log p$ is a squared error plus a
# constant, and "maximise the conditional probability" means least squares. (We shall train with a loss that is a square for small errors alone, section 7.8.)
#
# First the sentences: 300 rendered clips of 20 frames which no estimator of this book was trained on, and a ConvNet for single frames that was trained on others. It is given the person's true
# box, as in Paper A.

# %%
torch.set_num_threads(1)  # networks as small as these only lose by more


def clip_of(number, seed=7):
    """A rendered clip as every data set gives it."""
    made = render_clip(seed, number, Settings(), flow=False)
    box = np.concatenate([made.box[:, :2], made.box[:, 2:] - made.box[:, :2]], 1)
    return Clip(f"{number:04d}", made.joints.astype(np.float32), made.visible,
                box.astype(np.float32), PENN, list(made.frames), made.action, made.split)


clips = {"train": [], "test": []}
for clip in map(clip_of, range(1, 301)):
    clips[clip.split].append(clip)
estimator, config, _ = load_model(MODEL)
found = {split: predict_as_trained(estimator, some, config.view, None)
         for split, some in clips.items()}
test, estimates = clips["test"], found["test"]
truths = [clip.joints for clip in test]
print(len(clips["train"]), "clips to train with,", len(test), "to test with")

# %% [markdown]
# The usual measure, PCK, counts what lies within a share of the person's size. A person is as large as the longer side of the true box, so 0.2 of that is, in the mean, about 15 px of these pictures of 96. But *how* a joint is wrong decides who can repair it. Four kinds: the estimate lies at the other side's joint;
# it passes, that is, it is right within the two frames before, and again within the two after (so never at a clip's very ends); it lasts; and apart from those, joints that nobody can see.

# %%
MIRROR = np.arange(13)
for left, right in PENN.mirror_pairs:
    MIRROR[[left, right]] = right, left


def distance(poses, clip, order=slice(None)):
    """From the true joints, in sizes of the person (the longer side of the box): (T, 13)."""
    away = np.linalg.norm(poses - clip.joints[:, order], axis=-1)
    return away / clip.size_of_person[:, None]


def faults_of(poses, clip):
    """What is wrong with each joint of each frame: {kind: bool (T, 13)}."""
    wrong = (distance(poses, clip) > 0.2) & clip.visible
    swap = wrong & (distance(poses, clip, MIRROR) <= 0.2) & (MIRROR != np.arange(13))
    right = np.pad(distance(poses, clip) <= 0.2, ((2, 2), (0, 0)))
    before, after = right[:-4] | right[1:-3], right[3:-1] | right[4:]
    passing = wrong & ~swap & before & after
    hidden = ~clip.visible & (distance(poses, clip) > 0.2)
    lasting = wrong & ~swap & ~passing
    return {"other side": swap, "passing": passing, "lasting": lasting, "hidden": hidden}


faults = [faults_of(*pair) for pair in zip(estimates, test)]
share = {name: np.mean([fault[name] for fault in faults]) for name in faults[0]}
wrong = sum(share.values())
assert 0.1 < wrong < 0.35 and all(value > 0.05 * wrong for value in share.values())
print("of all joints, wrong by more than 0.2 of the person: between a tenth and a third")
print("of these, each of the four kinds is more than a twentieth:", ", ".join(share))

# %%
COLORS = dict(zip(share, (RED, ORANGE, PURPLE, "black")))


def show_pose(ax, clip, poses, fault, t):
    """Frame t, grey and pale, the true pose and another, and rings around what is wrong."""
    ax.imshow(clip.frames[t].mean(-1) // 64, cmap="gray", vmin=-3, vmax=5)
    joints = poses[t]
    for pose, color in ((clip.joints[t], GREEN), (joints, BLUE)):
        for bone in PENN.edges:
            ax.plot(*pose[list(bone)].T, color=color, lw=1.5)
    for name in fault:
        ax.plot(*joints[fault[name][t]].T, "o", mfc="none", mec=COLORS[name], mew=2, ms=9)
    ax.set(xlim=(-0.5, 95.5), ylim=(95.5, -0.5), xticks=[], yticks=[])


def passing_by(poses, clip, fault):
    """How far beyond 0.2 is what passes, less twice what lasts: (T, 13)."""
    return (distance(poses, clip) - 0.2) * (fault["passing"] - 2.0 * fault["lasting"])


leaps = [passing_by(*some) for some in zip(estimates, test, faults)]
NUMBER = int(np.argmax([leap[1:-1].sum() for leap in leaps]))
fault, clip, track = faults[NUMBER], test[NUMBER], estimates[NUMBER]
t, k = np.unravel_index(leaps[NUMBER][1:-1].argmax(), (18, 13))
FRAMES = range(t, t + 3)  # the middle one is the greatest leap's
fig, axes = plt.subplots(1, 3, figsize=(6, 2.1))
for ax, t in zip(axes, FRAMES):
    show_pose(ax, clip, track, fault, t)
    ax.set_title(f"frame {t}")
plt.show()

# %%
axis = np.abs(track - clip.joints)[FRAMES[1], k].argmax()  # x or y, where it leaps farther
fig, ax = plt.subplots(figsize=(6.5, 2))
ax.plot(clip.joints[:, k, axis], color=GREEN, label="truth")
ax.plot(track[:, k, axis], color=BLUE, lw=1, label="estimate")
for name, mask in fault.items():
    t = np.flatnonzero(mask[:, k])
    ring = {"mfc": "none", "mec": COLORS[name], "mew": 2, "ms": 9}
    ax.plot(t, track[t, k, axis], "o", label=name, **ring)
ax.set(title=PENN.joints[k].replace("_", " "), xlabel="frame", ylabel=f"{'xy'[axis]} (px)")
ax.locator_params(axis="x", integer=True)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# Blue: the estimates; green: the truth; rings: what is wrong, in the colours of the legend. A joint that leaps for a frame or two and comes back betrays itself to anyone who sees the frames around it. What lasts does not; there only the rest of the body can help. Neither
# needs the pictures.
#
# ## 7.2 One step of an LSTM
#
# To read a sequence of any length with a fixed number of parameters, read it frame by frame and keep a memory. In a *long short-term memory* (Hochreiter and Schmidhuber) three gates between 0 and 1 decide what of
# the memory $m$ is kept ($\mathbf f$), what is written to it ($\mathbf i$), what of it is shown ($\mathbf o$); what there is to write is the candidate $\mathbf g$. With $\sigma(z) = 1 / (1 + e^{-z})$,
#
# $$(\mathbf i, \mathbf f, \mathbf g, \mathbf o) = A x_j + R h_{j-1} + b, \tag{7.2}$$
#
# $$m_j = \sigma(\mathbf f) \, m_{j-1} + \sigma(\mathbf i) \tanh(\mathbf g), \qquad h_j = \sigma(\mathbf o) \tanh(m_j). \tag{7.3}$$
#
# In array form: one sum gives all four, `(4n,)`, in this order.


# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(x, h, m, A, R, b):
    """x (2K,), h, m (n,); A (4n, 2K), R (4n, n), b (4n,) -> new h and m (Eqs. 7.2, 7.3)."""
    i, f, g, o = np.split(A @ x + R @ h + b, 4)
    m = sigmoid(f) * m + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(m), m


def lstm_step_wrong(x, h, m, A, R, b):
    """The gates in the order in which one speaks of them. Looks right; is not."""
    i, f, o, g = np.split(A @ x + R @ h + b, 4)
    m = sigmoid(f) * m + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(m), m


def run_lstm(step, poses, parameters, n):
    """All outputs h (T, n) of an LSTM that starts with nothing in mind."""
    h, m, outputs = np.zeros(n), np.zeros(n), []
    for x in poses:
        h, m = step(x, h, m, *parameters)
        outputs.append(h)
    return np.array(outputs)


# %% [markdown]
# `nn.LSTMCell` holds the same two matrices and two biases, which only ever occur as a sum. Over one track of ours (as the corrector will see it, section 7.7):

# %%
from tslib.correction.normalization import normalized, place

x = normalized(track, *place(track, PENN)).reshape(20, 26)
torch.manual_seed(0)
cell = nn.LSTMCell(26, 8).double()
parameters = [p.detach().numpy()
              for p in (cell.weight_ih, cell.weight_hh, cell.bias_ih + cell.bias_hh)]
state, theirs = None, []
for pose in torch.from_numpy(x):
    state = cell(pose[None], state)
    theirs.append(state[0][0].detach().numpy())
for step in (lstm_step, lstm_step_wrong):
    equal = np.allclose(run_lstm(step, x, parameters, 8), theirs)
    print(f"{step.__name__:16} equals nn.LSTMCell:", equal)

# %% [markdown]
# How long does it remember? Let the forget gate have nothing but its bias $b$. Then a memory is multiplied by $\sigma(b)$ in each frame, and of what was written $k$ frames ago $\sigma(b)^k$ is left:

# %%
pulse = np.zeros((20, 1))
pulse[2] = 1


def remembered(bias):
    """Memory of one unit that is written to at frame 2 and otherwise left alone."""
    h, m, memory = np.zeros(1), np.zeros(1), []
    A, b = np.array([[20.0], [0], [1], [0]]), np.array([-10.0, bias, 0, 0])
    for x_j in pulse:
        h, m = lstm_step(x_j, h, m, A, np.zeros((4, 1)), b)
        memory.append(m[0])
    return np.array(memory)


fig, ax = plt.subplots(figsize=(6.5, 1.8))
STARTS = {0: "torch's start, in the mean", 1: "Keras' start", 3: "if it were learnt"}
for bias, where in STARTS.items():
    m = remembered(bias)
    left = m[12] / m[2]
    assert np.isclose(left, sigmoid(bias) ** 10)
    print(f"forget bias {bias}: after ten frames {left:.1%} is left")
    ax.plot(m, label=f"{bias}: {where}")
ax.set(xlabel="frame", ylabel="memory $m$")
ax.locator_params(axis="x", integer=True)
ax.legend(title="bias of the forget gate", loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# So gates that know nothing forget within a few frames; to hold on to a pose, training has to push a bias up, or $A$ and $R$ have to open the gate in time. (In the corrector that we train below the biases stay near 0: it does the second.) A gate that closes when a joint leaps, and
# leaves the memory as it was, would be a filter for outliers. Nothing tells the network to build one, other than the loss.
#
# ## 7.3 Reading in both directions
#
# When the corrector writes frame $i$, the frames after it are known as well as those before it. Paper B (Sec. III-B) reads twice, with two LSTMs, and lays the outputs side by side:
#
# $$h_j = [\overrightarrow h_j; \overleftarrow h_j]. \tag{7.4}$$
#
# In array form: read the reversed poses with the second LSTM, and *turn its outputs round again*, so that row $j$ of both is about frame $j$.


# %%
def encode(poses, forward, backward, n):
    """poses (T, 2K) -> h (T, 2n) (Eq. 7.4)."""
    ahead = run_lstm(lstm_step, poses, forward, n)
    back = run_lstm(lstm_step, poses[::-1], backward, n)[::-1]
    return np.concatenate([ahead, back], 1)


torch.manual_seed(0)
lstm = nn.LSTM(26, 8, batch_first=True, bidirectional=True).double()
numbers = {name: p.detach().numpy() for name, p in lstm.named_parameters()}
forward, backward = ([numbers[f"weight_ih_l0{end}"], numbers[f"weight_hh_l0{end}"],
                      numbers[f"bias_ih_l0{end}"] + numbers[f"bias_hh_l0{end}"]]
                     for end in ("", "_reverse"))
theirs = lstm(torch.from_numpy(x)[None])[0][0].detach().numpy()
ours = encode(x, forward, backward, 8)
print("both directions equal nn.LSTM:", np.allclose(ours, theirs))
leap = x.copy()
leap[9] += 2  # all joints of one frame leap
change = np.abs(encode(leap, forward, backward, 8) - ours)
for name, part in (("forward", change[:, :8]), ("backward", change[:, 8:])):
    touched = np.flatnonzero((part > 0).any(1))
    print(f"{name:8} outputs that a leap of frame 9 changes: {touched[0]} to {touched[-1]}")

# %%
fig, ax = plt.subplots(figsize=(6, 2.4))
image = ax.imshow(change.T, aspect="auto", norm="log", vmin=1e-4, vmax=1)
ax.axhline(7.5, color=GREY, lw=1)
ax.locator_params(axis="x", integer=True)
ax.set(xlabel="frame $j$", yticks=[3.5, 11.5], yticklabels=["forward", "backward"],
       title="how far each unit of $h_j$ moves when frame 9 leaps")
fig.colorbar(image)
plt.show()

# %% [markdown]
# The colours are logarithmic; white is no change at all. The forward half of $h_j$ knows what came before, the backward half what comes after, and both know most of what is near: "$h_j$ will be focused on the words around $x_j$", says the paper.
#
# ## 7.4 Attention on four frames
#
# Who writes output $i$ has to choose among all $h_j$. Paper B (Sec. III-A, Eqs. 3 and 4) takes a weighted mean, the *context*, with weights that depend on the decoder's last state $s_{i-1}$:
#
# $$e_{ij} = a(s_{i-1}, h_j), \qquad \alpha_{ij} = \frac{\exp e_{ij}}{\sum_k \exp e_{ik}}, \qquad c_i = \sum_j \alpha_{ij} h_j. \tag{7.5}$$
#
# It leaves $a$ open. The work that it follows (Bahdanau, Cho and Bengio) has, and so have we,
#
# $$a(s, h) = v \cdot \tanh(W s + U h). \tag{7.6}$$


# %%
def attention_by_hand(s, h, W, U, v):
    """A state s, T rows h -> energies and weights (T,), context: like one row (Eqs. 7.5, 7.6)."""
    e = np.array([v @ np.tanh(W @ s + U @ h_j) for h_j in h])
    alpha = np.exp(e) / np.exp(e).sum()
    return e, alpha, sum(a * h_j for a, h_j in zip(alpha, h))


h = np.array([[1.0, -1.0], [0.3, 0.2], [-0.2, 0.4], [-1.0, 1.0]])  # 4 frames, 2 features
W, U, v = 3 * np.eye(2), 1.5 * np.eye(2), np.array([2.0, 2.0])
for s in (np.array([0.0, -1.0]), np.array([-1.0, 0.0])):
    e, alpha, context = attention_by_hand(s, h, W, U, v)
    print(f"state {s}: energies", e.round(2), "weights", alpha.round(2),
          "context", context.round(2))
    assert np.isclose(alpha.sum(), 1)

# %% [markdown]
# The same frames, two states, two different choices: the first state looks at the beginning, the second at the end. The tanh does it. Where $W s$ is $-3$ (here 3 times a state of $-1$), that unit is on the flat end of the tanh and says nearly the same for all
# frames; the state has switched the feature off, and the other one decides. In `tslib` the same stands for a batch. $U h_j$ is the same for every $i$, so it is computed once.


# %% tags=["export:tslib.correction.attention"]
class AdditiveAttention(nn.Module):
    """e_ij = v . tanh(W s_{i-1} + U h_j) (Eq. 7.6)."""

    def __init__(self, state, encoded, size):
        super().__init__()
        self.W = nn.Linear(state, size, bias=False)
        self.U = nn.Linear(encoded, size, bias=False)
        self.v = nn.Linear(size, 1, bias=False)

    def prepared(self, h):
        """U h_j, the same for every step."""
        return self.U(h)

    def energy(self, s, h, prepared):
        """(B, T) from s (B, n), h (B, T, 2n) and what `prepared` gave."""
        return self.v(torch.tanh(self.W(s)[:, None] + prepared))[..., 0]


def attend(energy, h, mask=None):
    """energy (B, T), h (B, T, 2n), mask (B, T) -> context (B, 2n), weights (B, T) (Eq. 7.5)."""
    if mask is not None:
        energy = energy.masked_fill(~mask, -torch.inf)
    alpha = energy.softmax(1)
    return torch.einsum("bt,bte->be", alpha, h), alpha


# %% [markdown]
# The mask is for windows that are not full: a frame that does not exist gets energy $-\infty$, so weight 0. Setting its *weight* to 0 afterwards would leave a sum below 1.

# %%
layer = AdditiveAttention(2, 2, 2).double()
for linear, values in zip((layer.W, layer.U, layer.v), (W, U, v[None])):
    linear.weight.data = torch.from_numpy(values)
s_t, h_t = torch.from_numpy(s)[None], torch.from_numpy(h)[None]
energy = layer.energy(s_t, h_t, layer.prepared(h_t))
context_t, alpha_t = attend(energy, h_t)
print("energies, weights, context equal ours:", bool(
    np.allclose(energy[0].detach(), e) and np.allclose(alpha_t[0].detach(), alpha)
    and np.allclose(context_t[0].detach(), context)))
context_t, alpha_t = attend(energy, h_t, torch.tensor([[True, True, True, False]]))
print("without the last frame:", alpha_t[0].detach().numpy().round(2),
      f"sum {alpha_t.sum():.2f}")

# %% [markdown]
# ## 7.5 A linear energy cannot attend
#
# "A bidirectional encoder is used by default. There is no hidden state transfer in this model." These words of Paper B also describe the attention model of a library of that time (seq2seq, for Keras). The library has no tanh: its
# energy is one linear unit on frame and state,
#
# $$e_{ij} = u \cdot h_j + q \cdot s_{i-1} + b. \tag{7.7}$$
#
# Put that into the softmax:
#
# $$\alpha_{ij} = \frac{e^{u \cdot h_j} \; e^{q \cdot s_{i-1} + b}}{\sum_k e^{u \cdot h_k} \; e^{q \cdot s_{i-1} + b}} = \frac{e^{u \cdot h_j}}{\sum_k e^{u \cdot h_k}}. \tag{7.8}$$
#
# The state is gone. A softmax does not change when the same number is added to all its energies, and what the state adds *is* the same number for all frames. Whatever the parameters, trained or not, every output $i$ gets the same weights
# and the same context. That is no alignment; it is one fixed mean. Fifty random states, one window:

# %%
from tslib.correction.attention import LinearAttention

torch.manual_seed(0)
frames, states = torch.randn(1, 10, 6), 3 * torch.randn(50, 4)
rows = {}
for name, layer in (("tanh (Eq. 7.6)", AdditiveAttention(4, 6, 5)),
                    ("linear (Eq. 7.7)", LinearAttention(4, 6))):
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    prepared = layer.prepared(frames)
    rows[name] = torch.cat([attend(layer.energy(s[None], frames, prepared), frames)[1]
                            for s in states]).detach()
    spread = float(np.ptp(rows[name], 0).max())
    print(f"{name:16}: some weight moves by more than 0.1: {spread > 0.1!s:5}",
          f" by more than a millionth: {spread > 1e-6}")

# %%
fig, axes = plt.subplots(1, 2, figsize=(8, 2.4), sharey=True)
for ax, (name, alpha_rows) in zip(axes, rows.items()):
    image = ax.imshow(alpha_rows[:12], vmin=0, vmax=1, aspect="auto")
    ax.set(title=name, xlabel="frame $j$", ylabel="decoder's state")
fig.colorbar(image, ax=axes, label=r"weight $\alpha$")
plt.show()

# %% [markdown]
# Left, the weights change with the state; right, they cannot. That is not the only thing in which the library differs from what the paper prints:
#
# - it adds the two directions of Eq. 7.4, where the paper lays them side by side;
# - its energy takes the decoder's memory in the place of the state, which changes nothing in Eq. 7.8;
# - its decoder is fed with the context alone, not with what it wrote last: the *same* input at every step, so whatever distinguishes output 7 from output 8 has to come from its memory running on;
# - it reads a pose off the state alone, through a tanh, so that poses have to be given to it in another unit, with a loss that bends elsewhere (section 7.8).
#
# We keep this model under the name "library" and train it beside the other one. Should it do worse, that is due to all of these together; how much is due to the fixed context, the comparison cannot say.
#
# ## 7.6 The decoder, fed with its own answers
#
# Paper B (Eq. 2) writes $s_i = f(s_{i-1}, y_{i-1}, c_i)$ and $y_i \sim g(y_{i-1}, s_i, c_i)$: the decoder hears what it wrote last. With an LSTM as $f$, a linear layer as $g$, no memory to begin with, and, since there is no
# pose before the first, $y_0 = x_1$:
#
# $$s_i = \mathrm{LSTM}(s_{i-1}, [y_{i-1}; c_i]), \qquad y_i = V [y_{i-1}; s_i; c_i] + b. \tag{7.9}$$
#
# That is the whole network. `PoseCorrector` of `tslib` does it for a batch; one window, step by step, with its parameters:

# %%
from tslib.correction import Corrector, CorrectorPlan, PoseCorrector


@torch.no_grad()
def write_window(network, x):
    """x (T, 2K) -> y (T, 2K) and weights (T, T), free running (Eqs. 7.4 to 7.6, 7.9)."""
    h = network.encoder(x[None])[0]
    U_h = network.attention.prepared(h)
    s = m = torch.zeros(1, network.settings["hidden"])
    y, outputs, weights = x[:1], [], []
    for _ in range(len(x)):
        context, alpha = attend(network.attention.energy(s, h, U_h), h)
        s, m = network.decoder(torch.cat([y, context], 1), (s, m))
        y = network.output(torch.cat([y, s, context], 1))
        outputs.append(y)
        weights.append(alpha)
    return torch.cat(outputs), torch.cat(weights)


torch.manual_seed(0)
network = PoseCorrector(13, hidden=64)
window = torch.from_numpy(x[:10]).float()
ours, theirs = write_window(network, window), network(window[None], return_attention=True)
print("outputs and weights equal PoseCorrector's:",
      all(torch.allclose(a, b[0], atol=1e-5) for a, b in zip(ours, theirs)))
print(f"{sum(w.numel() for w in network.parameters()):,} parameters")

# %% [markdown]
# ## 7.7 Windows
#
# ### Cut, and merged again
#
# Paper B (Sec. IV) cuts videos into overlapping sequences of a fixed length: more samples to train with, and in the end several estimates for each frame, which become one. It prints neither the length nor how they
# become one. We take windows of 10 frames, one every 2, and the mean of all windows that cover a frame. With $\hat y^{(r)}_t$ what window $r$ says of frame $t$,
#
# $$\bar y_t = \frac{1}{|\{r : t \in r\}|} \sum_{r : t \in r} \hat y^{(r)}_t. \tag{7.10}$$
#
# In array form: add up outputs and a count, frame by frame; divide at the end. Not by the number of all windows, for no frame is in all of them, and the first and the last are in one:

# %%
from tslib.correction.windows import cut, merge, starts

LENGTH, STRIDE = 10, 2
windows, mask = cut(track, LENGTH, STRIDE)
print("windows", windows.shape, "from frames", starts(20, LENGTH, STRIDE).tolist())
again = merge(windows, 20, LENGTH, STRIDE)
print("cut and merged, nothing is changed:", np.allclose(again, track))
covered = sum(np.isin(np.arange(20), first + np.arange(LENGTH))
              for first in starts(20, LENGTH, STRIDE))
print("windows that cover each frame:", covered.tolist())
short, mask = cut(track[:7], LENGTH, STRIDE)
print("a track of 7 frames:", short.shape, "of which are real:", mask.sum(), "frames")

# %%
rng = np.random.default_rng(1)
noisy = windows[:, :, 0, 0] + rng.normal(0, 4, windows.shape[:2])  # each errs in its own way
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 2))
for r, first in enumerate(starts(20, LENGTH, STRIDE)):
    left.barh(r, LENGTH, left=first - 0.5, height=0.7, color=SKY)
    right.plot(first + np.arange(LENGTH), noisy[r], color=GREY, lw=0.8,
               label=None if r else "six windows")
left.set(title="six windows of a track of 20 frames", xlabel="frame", ylabel="window")
left.invert_yaxis()
merged = merge(noisy[..., None], 20, LENGTH, STRIDE)[:, 0]
right.plot(merged, color=BLUE, label="merged")
right.plot(track[:, 0, 0], color=GREEN, label="what all were made from")
right.set(title="windows that err apart, and their mean", xlabel="frame", ylabel="x (px)")
right.legend(loc="center left", bbox_to_anchor=(1, 0.5))
for ax in (left, right):
    ax.locator_params(axis="x", integer=True)
plt.show()

# %% [markdown]
# ### Normalised by the input alone
#
# To the network it should be one where the person stands and how large he is. So each window is moved and scaled, by a middle $\mu$ and a size $d$ that are read off its *estimates*: the spatial median of all joints of all frames (the point with the
# smallest sum of distances), and the median width of the shoulders, kept within limits.
#
# $$\tilde x = \frac{x - \mu(x)}{d(x)}, \qquad \tilde y^* = \frac{y^* - \mu(x)}{d(x)}, \qquad \hat y = \mu(x) + d(x) \, y. \tag{7.11}$$
#
# Here $x$ is in px, and the network is given $\tilde x$ (which sections 7.2 to 7.6 call $x$). It writes $y$, and $\hat y$ is that in px.
#
# The true pose $y^*$, which the loss needs, is normalised by the *same* two. Normalise it by itself, and training becomes easier and useless: at test time nobody knows where to put the answer. Three checks. Labels
# that are pure nonsense leave what the network sees as it was, to the last bit; one frame that leaps moves the middle less than half as far as it moves the mean; and whoever moves, turns or grows takes his window along.

# %%
from tslib.augment import Affine
from tslib.correction.training import Windows

truth = clip.joints.astype(float)
options = (PENN, LENGTH, STRIDE, "shoulders")
made = Windows.of(track, *options, truth)
nonsense = Windows.of(track, *options, 1000 * rng.random(truth.shape))
print("other labels, the same input:", np.array_equal(made.poses, nonsense.poses))
outlier = track[:LENGTH].copy()
outlier[4] += 60  # in one frame somebody else was found
moved = place(outlier, PENN)[0] - place(track[:LENGTH], PENN)[0]
mean = outlier.mean((0, 1)) - track[:LENGTH].mean((0, 1))
print("one frame of 10 leaps by 85 px; the middle moves less than half as far as the mean:",
      bool(np.linalg.norm(moved) < np.linalg.norm(mean) / 2))
turn = Affine.about((30, 60), 25, scale=1.7)
turned = Windows.of(turn.points(track), *options, turn.points(truth))
linear = turn.matrix[:, :2] / 1.7  # the turn alone
for name in ("poses", "truth"):
    same = np.allclose(getattr(turned, name), getattr(made, name) @ linear.T, atol=1e-5)
    print(f"turned by 25 degrees and larger by 1.7, the windows' {name} are only turned:", same)

# %% [markdown]
# ## 7.8 A minute of training
#
# What Paper B prints (Sec. IV): windows turned by up to 30 degrees and flipped, such that the video stays "semantically meaningful" (we turn all frames of a window alike, estimates and truth); batches of 64, RMSProp, learning rate 0.01, 100 epochs. What it does not print: length, stride,
# loss, hidden size, first output, what the decoder hears in training. Ours: Adam with a rate that falls, and a loss that is quadratic for small errors and linear for large ones (smooth L1), so that outliers do not decide everything; the squares of section 7.1 hold for the small ones.
# The corrector has 240 clips to learn from, and the *estimator never saw them*: on its own training clips it errs less, and in other ways.

# %%
from tslib.correction.networks import BiLSTM, FrameMLP

TRAIN = found["train"], [clip.joints for clip in clips["train"]]


# Batches of 64, Adam, a rate that falls to nothing
PLAN = CorrectorPlan(steps=1000, rate=3e-3)


def trained(make, unit="shoulders", plan=PLAN, **options):
    """A corrector of a network made anew, trained on the training clips."""
    torch.manual_seed(0)
    network = make(13, **options)
    return Corrector(network, PENN, plan, length=LENGTH, stride=STRIDE, unit=unit).fit(*TRAIN)


attention = trained(PoseCorrector, hidden=64)
losses = np.array(attention.losses).reshape(-1, 50).mean(1)
print("1000 batches; the loss falls by more than a third:",
      bool(losses[-1] < losses[0] * 2 / 3))

# %% [markdown]
# Where does it look? Row $i$ of the alignment matrix holds the weights of output $i$ over the ten frames, here of one window and as the mean over all test windows. Beside them the library's. Its outputs end in a tanh, so they have to lie between $-1$ and 1:
# it is given poses in sizes of the whole body, about six widths of the shoulders, in the place of that width; the loss then turns from squares to lengths at a quarter of the usual error, `beta`. Otherwise it is trained alike.

# %%
library = trained(PoseCorrector, "body", replace(PLAN, beta=0.025),
                  attention="library", hidden=64)


def alignment(corrector, tracks):
    """Weights (N, T, T) of all windows of some tracks."""
    made = [Windows.of(t, PENN, LENGTH, STRIDE, corrector.unit).poses for t in tracks]
    poses = torch.from_numpy(np.concatenate(made)).float().flatten(2)
    with torch.no_grad():
        return corrector.network(poses, return_attention=True)[1].numpy()


matrices = {name: alignment(corrector, estimates)
            for name, corrector in (("additive", attention), ("library", library))}
for name, a in matrices.items():
    apart = np.ptp(a, 1).max()
    print(f"{name:8}: rows of a window differ by more than 0.1: {apart > 0.1!s:5}",
          f" by more than 0.0001: {apart > 1e-4}")
mean = matrices["additive"].mean(0)
near = np.abs(np.subtract.outer(np.arange(LENGTH), np.arange(LENGTH))) <= 1
print("additive: each output looks most at its own frame or beside it:",
      bool((np.abs(mean.argmax(1) - np.arange(LENGTH)) <= 1).all()))
print("additive: more than half of all weight lies there:",
      bool(mean[near].sum() > 0.5 * LENGTH))

# %%
fig, axes = plt.subplots(1, 3, figsize=(8, 2.3))
additive = matrices["additive"]
first = 6 * NUMBER  # each clip of 20 frames makes six windows
shown = {"additive: one window": additive[first], "additive: mean": additive.mean(0),
         "library: mean": matrices["library"].mean(0)}
for ax, (name, values) in zip(axes, shown.items()):
    image = ax.imshow(values, vmin=0, vmax=None if "library" in name else 0.7)
    ax.set(title=name, xlabel="frame $j$", ylabel="output $i$",
           xticks=range(0, LENGTH, 3), yticks=range(0, LENGTH, 3))
    fig.colorbar(image, ax=ax, shrink=0.7)
plt.show()

# %% [markdown]
# Nobody told the network that pose 7 should look at frame 7. It has learnt to count, and takes about half of what it hears from its own frame, the other half from the frames beside. In translation attention is needed because words change places and sentences their
# lengths; here input and output have the same frames in the same order, and a diagonal is all there is to find. The library's rows (on a scale of their own) are one row, ten times, after training as before (Eq. 7.8).

# %% [markdown]
# ## 7.9 What the decoder hears in training
#
# Translation is usually learnt with *teacher forcing*: in training the decoder is fed not with what it wrote but with what it should have written. That is what Eq. 7.1 says if it is maximised on labels: each factor is given the true outputs before it. And it is quick, for a bad first word does not spoil the rest. Paper B does not say what it does. Tempting, then, and an option of
# `PoseCorrector`. The same network, the same batches, fed with the true poses:

# %%
teacher = trained(PoseCorrector, plan=replace(PLAN, teacher=True), hidden=64)
test_windows = Windows.joined([Windows.of(t, PENN, LENGTH, STRIDE, "shoulders", truth)
                               for t, truth in zip(estimates, truths)])
inputs, wanted = (torch.from_numpy(getattr(test_windows, name)).float().flatten(2)
                  for name in ("poses", "truth"))


@torch.no_grad()
def error_in_window(corrector, heard=None):
    """Mean distance from the truth at each place in the window (T,), in shoulder widths.

    heard: what the decoder is fed with in the place of its own answers.
    """
    written = corrector.network(inputs, teacher=heard)
    return (written - wanted).unflatten(2, (13, 2)).norm(dim=-1).mean((0, 2)).numpy()


fed = {"trained and run with the truth": error_in_window(teacher, wanted),
       "trained with the truth, runs free": error_in_window(teacher),
       "trained and run free": error_in_window(attention)}
told, alone, free = (line[1:].mean() for line in fed.values())
print("its loss in training is below the other's:",
      bool(np.mean(teacher.losses[-50:]) < losses[-1]))
print("told the truth, it errs less than half as much as the other:", bool(told < free / 2))
print("left alone, it errs more than the other:", bool(alone > free))

# %%
fig, ax = plt.subplots(figsize=(6.5, 2.4))
for (name, line), color in zip(fed.items(), (ORANGE, RED, BLUE)):
    ax.plot(line, color=color, label=name)
estimated = (inputs - wanted).unflatten(2, (13, 2)).norm(dim=-1).mean((0, 2))
ax.plot(estimated, color=GREY, label="the estimates")
ax.set(xlabel="frame of the window", ylabel="error (shoulders)", ylim=(0, None))
ax.locator_params(axis="x", integer=True)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# Whoever is told where the person was a frame ago has less reason to look at the estimates: the last true pose, moved a little, is a good answer. That shows already at frame 0, where both networks hear the same. Left alone, it then hears its own poses in the place of true ones, poses of a kind that it never met in
# training (*exposure bias*). A low loss that is measured with the truth at hand says nothing. So `tslib` trains as it runs: fed with its own answers. That does not maximise Eq. 7.1, whose factors know the truth; it makes small the error of what will be written.
#
# ## 7.10 What it repairs, and what it smooths away
#
# Now the 60 test clips, and beside the corrector what costs less: nothing at all; one constant shift for each joint; two filters along time; a small network that sees each frame alone (*MLP*); the encoder without attention and decoder (*bi-LSTM*).
# All networks saw the same windows, as often.

# %%
from tslib.correction.controls import Identity, MedianFilter, Offset, SavitzkyGolay

METHODS = {
    "estimates": Identity(), "offset": Offset(PENN), "median of 3": MedianFilter(3),
    "Savitzky-Golay": SavitzkyGolay(), "MLP, one frame": trained(FrameMLP),
    "bi-LSTM": trained(BiLSTM, hidden=64), "library": library, "teacher": teacher,
    "attention": attention,
}
METHODS["offset"].fit(*TRAIN)
poses = {name: [method.correct(track) for track in estimates]
         for name, method in METHODS.items()}
ALPHA = (0.2, 0.1, 0.05)
counts = {name: tallies(made, test, ALPHA) for name, made in poses.items()}  # (60, 3, 2, 13)
hidden = np.concatenate([~clip.visible for clip in test])
away = {name: np.concatenate(list(map(distance, made, test))) for name, made in poses.items()}


def percent(tally):
    return 100 * means(tally, PENN)["micro"]


def show_table(ax, rows, columns, values, title="", digits=0, span=20):
    """Numbers on colours: how far each is above (blue) or below (red) the first row.

    span: points at which the colours end.
    """
    values = np.array(values)
    change = values - values[0]
    ax.imshow(change, cmap="RdBu", vmin=-span, vmax=span, aspect="auto")
    for (y, x), value in np.ndenumerate(values):
        ax.text(x, y, f"{value:.{digits}f}", ha="center", va="center", fontsize=9,
                color="white" if abs(change[y, x]) > 0.65 * span else "black")
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.set_title(title)


def gain(ours, theirs, level):
    """Points at ALPHA[level] that one method is above another, and the interval at 95 %."""
    a, b = counts[ours][:, level], counts[theirs][:, level]
    return percent(a.sum(0)) - percent(b.sum(0)), *bootstrap(percent, a, b)


best = {other: [gain("attention", other, n) for n in range(3)] for other in METHODS}
for other in ("estimates", "median of 3"):
    print(f"PCK@0.2: above {other} by more than 2 points, and clear of chance:",
          bool(best[other][0][0] > 2 and best[other][0][1] > 0))
over = gain("MLP, one frame", "estimates", 0)[0] / best["estimates"][0][0]
print("the MLP, which knows no time, has more than a third of the first gain, and not all:",
      bool(1 / 3 < over < 1))
print("attention is nowhere more than a point above the bi-LSTM:",
      bool(max(points for points, *_ in best["bi-LSTM"]) < 1))
print("teacher forcing: within 2 points at 0.2, more than a point behind at 0.1 and at 0.05:",
      bool(abs(best["teacher"][0][0]) < 2 and min(best["teacher"][n][0] for n in (1, 2)) > 1))
print("the library is more than 5 points below the estimates at 0.1 and at 0.05:",
      bool(max(gain("library", "estimates", n)[0] for n in (1, 2)) < -5))
print("PCK@0.1: the gain is smaller; PCK@0.05: it is a loss:",
      bool(best["estimates"][1][0] < best["estimates"][0][0])
      and bool(best["estimates"][2][0] < 0))
# jitter: px from where a joint would be if it went on as it did, the mean over frames
shakes = {name: np.mean([jitter(t) for t in some]) for name, some in poses.items()}
true_shake = np.mean([jitter(t) for t in truths])
print("an offset is within 2 points of the estimates, at every threshold:",
      bool(max(abs(gain("offset", "estimates", n)[0]) for n in range(3)) < 2))
print("Savitzky-Golay shakes less than the truth:", bool(shakes["Savitzky-Golay"] < true_shake))
print("attention shakes less than half as much as the estimates, less than the bi-LSTM:",
      bool(shakes["attention"] < min(shakes["estimates"] / 2, 0.9 * shakes["bi-LSTM"])))
print("and no more than the truth and a tenth:", bool(shakes["attention"] < 1.1 * true_shake))

# %%
fig, ax = plt.subplots(figsize=(7.5, 3.2))
lines = [[*percent(count.sum(0)), 100 * (away[name][hidden] <= 0.2).mean()]
         for name, count in counts.items()]
columns = ["PCK@0.2", "PCK@0.1", "PCK@0.05", "hidden, @0.2"]
show_table(ax, METHODS, columns, lines, digits=1)
for y, shake in enumerate(shakes.values()):
    ax.text(3.6, y, f"{shake:.1f} px", va="center", fontsize=9)
ax.text(3.6, -0.75, f"jitter (true: {true_shake:.1f})", fontsize=9)
plt.show()

# %% [markdown]
# Numbers: per cent of the visible joints, and, last column, of those that nobody can see; colours: points above (blue) or below (red) the estimates. *Jitter* is the mean length of the second difference: how far, in px, a joint is from where it would be if it went on as from the frame before. Read it from the bottom.
#
# - *Attention* is far above the estimates where PCK is generous, above the filters, and somewhat above the MLP. At 0.1 little is left; at 0.05 it *loses*: a joint that was exact is moved by a few pixels.
# - The *bi-LSTM*, its encoder with one linear layer, does as well or better at each threshold: a diagonal needs no search. What attention and decoder add is steadiness. They shake less, here even a little less than the truth: they too smooth away some true motion.
# - The *MLP* sees one frame and no time, and has a large part of the gain. That part is not "temporal context": it is knowing what people look like.
# - The *median* of three frames needs no training and repairs a little, for a point or two at 0.05; *Savitzky-Golay* smooths below the true jitter, and pays at 0.1 and 0.05. The *offset* finds nothing to do: our estimator means the same joints as our labels.
# - The *teacher*'s pupil is as good at 0.2, where a difference of a point is nothing, and behind where PCK is strict. The *library* ends far below the estimates at 0.1 and 0.05, and gains nothing at 0.2 either; it steadies most of all, and tells frames apart least. It differs in more than its fixed context (section 7.5).
#
# By joint:

# %%
some = ("estimates", "median of 3", "MLP, one frame", "bi-LSTM", "attention")
groups = [name[:4].capitalize() for name in PENN.groups]
by_group = {name: 100 * group_rates(rates(counts[name].sum(0)), PENN) for name in some}
change = dict(zip(groups, (by_group["attention"] - by_group["estimates"]).T))
most, best_found = ("Elbo", "Wris", "Hip", "Knee"), ("Head", "Ankl")
print("PCK@0.2:", ", ".join(most), "each gain more than", ", ".join(best_found), ":",
      bool(min(change[g][0] for g in most) > max(change[g][0] for g in best_found)))
print("PCK@0.05:", ", ".join(best_found), "each lose more than any other group:",
      bool(max(change[g][2] for g in best_found)
           < min(change[g][2] for g in groups if g not in best_found)))

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 1.5), sharey=True)
lines = [name for name in some if name != "bi-LSTM"]  # as attention's
for n, ax in zip((0, 2), axes):
    show_table(ax, lines, groups, [by_group[name][n] for name in lines], f"PCK@{ALPHA[n]}")
plt.show()

# %% [markdown]
# Elbows, hips, knees and wrists gain, for there is most to repair; heads and ankles, which the estimator finds best, lose most where PCK is strict. Where loss turns into gain is best seen on curves over the threshold, as in Paper B's Figure 4, here for heads and wrists, as points above the estimates:

# %%
thresholds = np.arange(0, 0.31, 0.02)
curves = {name: curve(tallies(poses[name], test, thresholds).sum(0), thresholds, PENN)
          for name in some}
fig, axes = plt.subplots(1, 2, figsize=(7.5, 2.2), sharey=True)
for ax, group in zip(axes, ("Head", "Wris")):
    for name, color in zip(some, (GREY, ORANGE, PURPLE, GREEN, BLUE)):
        ax.plot(curves[name][group] - curves["estimates"][group], color=color, label=name)
    ax.set(title=group, xlabel="threshold")
axes[0].set_ylabel("points")
axes[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# ### By kind of error
#
# Of the joints that the estimator got wrong in each of the four ways of section 7.1, how many are right (at 0.2) afterwards; and of those that it had right to 0.05, how many still are?

# %%
kind = {name: np.concatenate([fault[name] for fault in faults]) for name in share}
exact = (away["estimates"] <= 0.05) & ~hidden
lines = [[*(100 * (away[name][mask] <= 0.2).mean() for mask in kind.values()),
          100 * (away[name][exact] <= 0.05).mean()] for name in some]
done = dict(zip(some, np.array(lines)))
print("the median repairs more than a fifth of what passes, less of swaps and of what lasts:",
      bool(done["median of 3"][1] > 20 > max(done["median of 3"][[0, 2]])))
print("attention repairs more of every kind, and most of what passes:",
      bool((done["attention"][:4] > done["median of 3"][:4]).all())
      and bool(done["attention"][1] > 50))
print("the MLP repairs more than half as much as attention, of every kind:",
      bool((done["MLP, one frame"][:4] > done["attention"][:4] / 2).all()))
print("of what was exact, the median leaves more than three quarters so, attention fewer:",
      bool(done["median of 3"][4] > 75 > done["attention"][4]))

# %%
fig, ax = plt.subplots(figsize=(6.5, 1.7))
show_table(ax, some, [*kind, "exact, still so"], lines, span=80)
plt.show()

# %% [markdown]
# A median repairs what passes, and cannot repair what lasts, for then the wrong place is the usual one. The networks also repair what lasts and what is hidden, from the rest of the body. The last column is the price, and the MLP pays it too: a network that writes every joint anew writes the
# exact ones anew as well. The clip of section 7.1, corrected (blue; green: the truth):

# %%
fig, axes = plt.subplots(1, 3, figsize=(6, 2.1))
corrected = poses["attention"][NUMBER]
for ax, t in zip(axes, FRAMES):
    show_pose(ax, test[NUMBER], corrected, faults_of(corrected, test[NUMBER]), t)
    ax.set_title(f"frame {t}")
plt.show()

# %% [markdown]
# ### Fast wrists
#
# A hand that flies and a hand that is mistaken look alike to whoever sees only positions. Does correction slow hands down? Wrists, by how far they really move between two frames:

# %%
WRISTS = [PENN.joints.index(f"{side}_wrist") for side in ("right", "left")]


def steps(poses):
    """How far each joint goes to the next frame, px: (T - 1, 13)."""
    return np.linalg.norm(np.diff(poses, axis=0), axis=-1)


fast, seen = (np.concatenate(part)[:, WRISTS] for part in (
    [steps(clip.joints) / clip.size_of_person[1:, None] for clip in test],
    [clip.visible[1:] & clip.visible[:-1] for clip in test]))
edges = np.quantile(fast[seen], [0, 0.25, 0.5, 0.75, 1])
quarters = [seen & (fast >= a) & (fast <= b) for a, b in zip(edges, edges[1:])]
by_speed = {}
for name in some:
    hit = np.concatenate([distance(*pair)[1:] <= 0.1 for pair in zip(poses[name], test)])
    by_speed[name] = np.array([100 * hit[:, WRISTS][those].mean() for those in quarters])
lift = {name: by_speed[name] - by_speed["estimates"] for name in by_speed}
print("visible wrists, PCK@0.1: attention gains in the slowest quarter:", bool(lift["attention"][0] > 0))
print("in the fastest quarter it loses, or gains less than a point:",
      bool(lift["attention"][3] < 1))
print("and so does the MLP, which sees one frame:", bool(lift["MLP, one frame"][3] < 1))
pace = {name: np.concatenate([steps(t) for t in made])[:, WRISTS][quarters[3]].mean()
        for name, made in {"truth": truths, **{name: poses[name] for name in some}}.items()}
print("the fastest quarter moves less after correction than it does in truth:",
      bool(pace["attention"] < 0.95 * pace["truth"]))

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 2.2))
for name, color in zip(some, (GREY, ORANGE, PURPLE, GREEN, BLUE)):
    axes[0].plot(by_speed[name], color=color, label=name)
axes[0].set(title="visible wrists, PCK@0.1", ylabel="per cent", xticks=range(4),
            xticklabels=["slowest\nquarter", "", "", "fastest\nquarter"])
axes[0].legend(loc="center left", bbox_to_anchor=(1, 0.5))
axes[1].barh(list(pace), pace.values(), color=[SKY, GREY, ORANGE, PURPLE, GREEN, BLUE])
axes[1].axvline(pace["truth"], color=SKY)
axes[1].invert_yaxis()
axes[1].set(title="motion of the fastest quarter", xlabel="px a frame")
plt.show()

# %% [markdown]
# At 0.1 the slowest wrists gain and the fastest lose (at 0.2 all gain). That is not smoothing alone: the MLP, which knows no time, loses there as well, so a part of it is the price of writing joints anew. But what is fast in truth does come out slower after attention. Each quarter is a few dozen clips, and neither end is clear of chance.
#
# ### Is it time at all?
#
# Two questions to the trained corrector. How much do overlapping windows bring (Paper B: "overlapping sequences generate multiple estimates for a single frame, which reduces the total error")? And what if the frames
# of a track come in disorder, so that nothing can be read off the frames beside?

# %%
def result(correct):
    """PCK@0.2, @0.1 and @0.05 of a function of a track."""
    return percent(tallies([correct(track) for track in estimates], test, ALPHA).sum(0))


by_stride = {}
for stride in (1, 10):
    other = Corrector(attention.network, PENN, length=LENGTH, stride=stride)
    by_stride[stride] = result(other.correct)[0]
print("PCK@0.2, a window each frame is above windows without overlap:",
      bool(by_stride[1] > by_stride[10]), " by less than 3 points:",
      bool(by_stride[1] - by_stride[10] < 3))
order = np.random.default_rng(0).permutation(20)
back = np.argsort(order)
disorder = {name: result(lambda t, name=name: METHODS[name].correct(t[order])[back])
            for name in ("MLP, one frame", "bi-LSTM", "attention")}
inorder = {name: percent(counts[name].sum(0)) for name in disorder}
loss = {name: inorder[name] - disorder[name] for name in disorder}
print("frames in disorder: the MLP changes by less than a point and a half:",
      bool(np.abs(loss["MLP, one frame"]).max() < 1.5))
print("attention loses more than 2 points at 0.2, and more than 5 at 0.1:",
      bool(loss["attention"][0] > 2 and loss["attention"][1] > 5))
print("the bi-LSTM loses less than half of that:",
      bool(loss["bi-LSTM"][0] < loss["attention"][0] / 2 and loss["bi-LSTM"][1] < loss["attention"][1] / 2))

# %% [markdown]
# So overlap helps, a little, as the paper says (chapter 8 has the interval). And the order matters: in disorder attention is led astray by the frames beside, and falls behind the MLP. The bi-LSTM, as good in order, is hurt less: its output for a frame hangs more on that frame. (The MLP sees one frame, but its middle and size are the window's, and other windows have others.)
#
# ## 7.11 What the paper reports
#
# Paper B's tables: Table I is of YouTube Pose, Table II of CVIT-Sports (cricket and football), both upper bodies; SFN and YR are its two estimators (chapter 8), ++ is *corrected*, and a joint is right within 20 px. As differences:

# %%
for name in ("B I", "B II"):
    printed = PAPER_TABLES[name].drop(columns="Mean of")
    for after in ("SFN++", "YR++"):
        (before,) = (row for row in printed.index if row.split()[0] == after[:-2])
        change = printed.loc[after] - printed.loc[before]
        print(f"Table {name[2:]:2} {after:5}:",
              ", ".join(f"{column} {value:+.1f}" for column, value in change.items()))

# %% [markdown]
# Three of the four largest gains are at the head, where data sets and estimators mark different points: the top, the middle, the nose. A constant offset might do that; the paper has no such row. And its "sequences": of YouTube Pose 100 frames are labelled, chosen at random, of videos of
# 2,000 to 20,000. If windows are made of those, as the paper's text suggests, neighbours lie 20 to 200 frames apart in the mean. How much does even a *perfect* neighbour tell, if it is some frames away? On our clips, the true pose of $k$ frames before, taken as the estimate:

# %%
gaps = np.arange(1, 20)
stale = []
for k in gaps:
    old = [np.linalg.norm(clip.joints[k:] - clip.joints[:-k], axis=-1) <=
           0.2 * clip.size_of_person[k:, None] for clip in test]
    stale.append(100 * np.concatenate(old).mean())
level = percent(counts["estimates"].sum(0))[0]
print("the true pose of a frame ago is better than the estimate:", bool(stale[0] > level))
print("that of five frames ago, or ten, is worse:", bool(max(stale[4], stale[9]) < level))
print("so five frames away, a tenth of the least such gap, even the truth is no better a guess than the estimate")

# %%
fig, ax = plt.subplots(figsize=(5.5, 1.9))
ax.plot(gaps, stale, label="true pose of $k$ frames before")
ax.axhline(level, color=GREY, label="the estimates")
ax.set(xlabel="$k$ (frames)", ylabel="right at 0.2 (%)")
ax.legend()
plt.show()

# %% [markdown]
# Paper B calls its method fast and prints no time. `python -m experiments speed correction` measured ours, on one thread, per frame:

# %%
benchmark = json.loads(Path("../experiments/results/correction.json").read_text(encoding="utf-8"))
for name, spent in benchmark["ms"].items():
    if "stride 1" not in name and "stride 20" not in name:
        print(f"{name:36} {spent:.3f} ms")

# %% [markdown]
# That is `tslib`'s default network (128 units, windows of 20 frames, one every 5): a tenth of the time that it takes to read a frame, let alone to find a person in it.
#
# Our clips have every frame, the motions of fifteen activities, and an estimator with plenty to repair. All three flatter a corrector. Where frames lie far apart, or the estimator is good, expect less than here, and measure it against the estimates and an offset, on videos that neither the estimator nor the corrector has seen.
#
# ## 7.12 What moved to `tslib`
#
# `tslib.correction` has the whole: `attention` and `model` (sections 7.3 to 7.6), `windows`, `normalization`, `training`, and `controls` and `networks` with all the rows of section 7.10. A corrector for your own tracks, with the defaults of `tslib` (windows of 20 frames, one every 5; 128 units; 1500 batches) and not this chapter's small ones, is
#
# ```python
# from tslib.correction import Corrector, PoseCorrector, load_corrector, save_corrector
# corrector = Corrector(PoseCorrector(joints=13), SKELETONS["penn13"]).fit(estimates, truths)  # lists of (T, K, 2) px
# poses = corrector.correct(track)
# save_corrector(corrector, "corrector.safetensors")
# ```
#
# Estimates for training have to come from an estimator that did not learn from these clips; `experiments.estimates.out_of_fold` sees to that.

# %% [markdown]
# ## Exercises
#
# **Exercise 7.1 Weights** (easy, 10 minutes). From energies to weights, for windows of which some are not full. Energies may be large; $e^{1000}$ is not a number that fits.


# %%
def weights(energy, mask):
    """energy (B, T), mask bool (B, T), False: no frame -> alpha (B, T) (torch)."""
    raise NotImplementedError


check.exercise_7_1(weights)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Over which axis do the weights of one window add up to 1? What energy makes a weight 0? `tensor.softmax` takes off the largest energy first, which changes nothing (Eq. 7.8).
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def weights(energy, mask):
#     return energy.masked_fill(~mask, -torch.inf).softmax(1)
# ```
#
# </details>

# %% [markdown]
# **Exercise 7.2 Both ways** (easy, 10 minutes). Two functions read a sequence `(T, 2K)` from its first row to its last and return `(T, n)`. Make $h_j$ of Eq. 7.4 of them.


# %%
def both_ways(poses, ahead, back):
    """poses (T, 2K), two readers -> h (T, 2n) (NumPy)."""
    raise NotImplementedError


check.exercise_7_2(both_ways)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Give the second reader the rows from last to first. Its first output is then about the last frame.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def both_ways(poses, ahead, back):
#     return np.concatenate([ahead(poses), back(poses[::-1])[::-1]], 1)
# ```
#
# </details>

# %% [markdown]
# **Exercise 7.3 Merge** (easy, 15 minutes). Without `merge`: one track from overlapping windows (Eq. 7.10). Of a long track `starts` has the last window end with the track, so the last step may be smaller than the others. Of a track shorter than a window, the last frames of the window lie beyond it; they are filling.


# %%
def merged(windows, firsts, frames):
    """windows (N, length, ...), the first frame of each, frames of the track -> (frames, ...)."""
    raise NotImplementedError


check.exercise_7_3(merged)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two arrays: a sum, and how many windows each frame is in. The sum may have more axes than the count; `reshape` gives the count as many.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def merged(windows, firsts, frames):
#     total, count = np.zeros((frames, *windows.shape[2:])), np.zeros(frames)
#     for first, window in zip(firsts, windows):
#         inside = window[: frames - first]
#         total[first : first + len(inside)] += inside
#         count[first : first + len(inside)] += 1
#     return total / count.reshape(-1, *[1] * (total.ndim - 1))
# ```
#
# </details>

# %% [markdown]
# **Exercise 7.4 A pair to learn from** (easy, 10 minutes). Normalise a window of estimates and its truth (Eq. 7.11). `place` takes poses and returns a middle `(2,)` and a size.


# %%
def training_pair(x, truth, place):
    """x, truth (T, K, 2) px -> input and target, both normalised."""
    raise NotImplementedError


check.exercise_7_4(training_pair)

# %% [markdown]
# <details><summary>Hint</summary>
#
# What will be known when nobody has labelled the video?
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def training_pair(x, truth, place):
#     middle, size = place(x)
#     return (x - middle) / size, (truth - middle) / size
# ```
#
# </details>

# %% [markdown]
# **Exercise 7.5 Run free** (medium, 15 minutes). A decoder's step takes the last output and the state and returns both anew. Write $T$ poses, with the start of section 7.6.


# %%
def run_free(step, x, s):
    """step (y (2K,), s (n,)) -> both anew; x (T, 2K), s the first state -> (T, 2K) (NumPy)."""
    raise NotImplementedError


check.exercise_7_5(run_free)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Of the estimates only $x_1$ is fed in here; the others reach the decoder through attention, which is inside `step`.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def run_free(step, x, s):
#     y, outputs = x[0], []
#     for _ in x:
#         y, s = step(y, s)
#         outputs.append(y)
#     return np.array(outputs)
# ```
#
# </details>

# %% [markdown]
# **Exercise 7.6 In the mirror** (medium, 15 minutes). Paper B flips windows left to right. Flip a normalised window and its truth; `pairs` has the numbers of each left joint and its right one. Leave what you are given as it is.


# %%
def flipped(x, truth, pairs):
    """x, truth (T, K, 2), pairs a list of (left, right) -> both, mirrored."""
    raise NotImplementedError


check.exercise_7_6(flipped)

# %% [markdown]
# <details><summary>Hint</summary>
#
# In a mirror the place changes its sign, and the left hand is a right hand. An array of joint numbers in the new order does all exchanges at once.
#
# </details>
# <details><summary>Solution</summary>
#
# ```python
# def flipped(x, truth, pairs):
#     order = np.arange(x.shape[1])
#     for left, right in pairs:
#         order[[left, right]] = right, left
#     return tuple(poses[:, order] * [-1, 1] for poses in (x, truth))
# ```
#
# </details>

# %% [markdown]
# ## Recap
#
# - An estimator's errors pass, last, or go to the other side; who sees the frames beside, or knows bodies, can correct them without a picture, as one translates (Sec. 7.1).
# - An LSTM keeps, writes and shows by gates; it forgets within frames unless it learns not to (Sec. 7.2). Two of them, one from each end, make $h_j$ (Sec. 7.3).
# - Attention is a weighted mean whose weights depend on the decoder's state, through a tanh (Sec. 7.4); with a linear energy they cannot (Sec. 7.5).
# - The decoder is trained with what it will hear: its own answers (Sec. 7.6, 7.9).
# - Windows overlap, are normalised by the estimates alone, and are merged by a mean over those that cover a frame (Sec. 7.7).
# - The corrector repairs gross errors, most of all those that pass, and hidden joints, and steadies the pose; it costs precision at 0.05. A bi-LSTM without attention does as well or better at every threshold, and shakes more; a network that sees one frame has a large part of the gain (Sec. 7.10).
#
# **In practice**
#
# - Paper B prints no length, stride, loss, hidden size, first output, normalisation or rule for merging, and not what the decoder hears in training. All of these are our choices, and said to be.
# - Its learning rate of 0.01 with RMSProp is `tslib.correction.training.PAPER`; we train with Adam and a rate that falls.
# - Bahdanau and others start the decoder from the encoder's last backward state, write words by a softmax and train with teacher forcing. Paper B passes no state on, writes numbers, and is silent on the third.
# - Gates, first parameters and dropout of the library differ from torch's; our "library" has its structure, not its numbers.
# - One seed, 60 clips, one estimator: differences of a point are nothing. Intervals are over clips (chapter 0).
# - Train on tracks of clips that the estimator has not seen, and report on clips that neither has. On clips it was trained on, any corrector looks good.
#
# **References**
#
# - **Paper B**: S. Swetha, V. N. Balasubramanian, C. V. Jawahar, *Sequence-to-Sequence Learning for Human Pose Correction in Videos*, ACPR 2017: Sec. III for the model, Sec. IV for windows and training.
# - D. Bahdanau, K. Cho, Y. Bengio, *Neural Machine Translation by Jointly Learning to Align and Translate*, ICLR 2015: the energy with the tanh, and alignment matrices.
# - S. Hochreiter, J. Schmidhuber, *Long Short-Term Memory*, 1997: the memory and its gates.
# - S. Bengio, O. Vinyals, N. Jaitly, N. Shazeer, *Scheduled Sampling*, NIPS 2015: what teacher forcing does, and a way between.
# - A. Zeng et al., *SmoothNet*, ECCV 2022: a learnt filter along time, over windows of one length.
