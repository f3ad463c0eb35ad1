"""Training of a mixture of parts: types, springs, templates, and then all weights at once.

The stages are those of Yang and Ramanan (CVPR 2011, "Learning"): k-means of offsets, a linear SVM
for each type with hard negatives, and a structural SVM whose negatives are the poses that the model
prefers to the true one.
"""

from dataclasses import dataclass

import numpy as np
import torch

from .features import windows
from .mixture import Mixture
from .parts import Parts, cluster
from .settings import Settings

AWAY = 2.0  # cells from a part, at which a window no longer shows it
RANDOM = 20  # windows of a frame that are negatives before there are hard ones
SPRING = 0.5  # stiffness = SPRING / (2 variance), before the last stage weighs them
SMALLEST = 0.5  # cells squared; half-limbs of one type vary less, and new people more
TOGETHER = 0.3  # weight of log frequencies, before the last stage
RIDGE = 1e-3  # decay of the templates' own SVMs; that of the last stage is DECAY
DECAY = 1e-5
ITERATIONS = 40  # of L-BFGS
RATE, BATCH = 1e-3, 8  # of Adam; frames
CLOSE = 1.5  # cells from its label, where a part may lie in a true pose
MISS = 0.2  # of a person's size: a part that is further off is wholly wrong, as in PCK


@dataclass(frozen=True)
class Examples:
    """N frames to learn from.

    features : float32 tensor (N, 31, H, W), HOG
    places : float64 (N, P, 2), the parts' cells, x first; NaN where unknown
    kinds : int64 (N, P), their types; -1 where unknown
    """

    features: torch.Tensor
    places: np.ndarray
    kinds: np.ndarray

    @property
    def near(self) -> np.ndarray:
        """The parts' places in whole cells, int64 (N, P, 2); -1 where unknown."""
        return np.rint(np.nan_to_num(self.places, nan=-1)).astype(np.int64)


def train(features: torch.Tensor, places: np.ndarray, parts: Parts, settings: Settings) -> Mixture:
    """A Mixture from HOG maps (N, 31, H, W) of N frames and their parts' places (N, P, 2) in cells.

    NaN marks places that are not known; the others lie on the maps. Follows from its arguments and
    settings.seed alone. ValueError where a part and its parent are never known together.
    """
    rng = np.random.default_rng(settings.seed)
    clusters = [cluster(parts.offsets(places, i), settings.types, rng) for i in range(len(parts))]
    examples = Examples(features, places, np.stack([kinds for kinds, _ in clusters], 1))
    mixture = Mixture(parts.parents, [len(means) for _, means in clusters], settings.size)
    set_springs(mixture, examples)
    cells = first_cells(examples, rng)
    fit_templates(mixture, examples, cells)
    for _ in range(settings.rounds):
        cells = np.unique(np.concatenate([cells, hard_cells(mixture, examples)]), axis=0)
        fit_templates(mixture, examples, cells)
    fit_together(mixture, examples, settings, rng)
    return mixture


@torch.no_grad()
def set_springs(mixture: Mixture, examples: Examples) -> None:
    """Springs and co-occurrences as statistics have them: mean, inverse variance, log frequency."""
    first, kinds = mixture.first.tolist(), examples.kinds
    for i, j in list(enumerate(mixture.parents))[1:]:
        offset = examples.places[:, i] - examples.places[:, j]
        for t in range(mixture.types[i]):
            these = offset[kinds[:, i] == t]
            variance = np.maximum(these.var(0), SMALLEST)
            mixture.rest[first[i] + t] = torch.tensor(these.mean(0))
            mixture.stiffness[first[i] + t] = torch.tensor(SPRING / (2 * variance))
        both = (kinds[:, i] >= 0) & (kinds[:, j] >= 0)
        count = np.ones((mixture.types[i], mixture.types[j]))
        np.add.at(count, (kinds[both, i], kinds[both, j]), 1)
        mixture.together[i - 1].copy_(torch.tensor(TOGETHER * np.log(count / count.sum(0))))
    mixture.clamp()


def first_cells(examples: Examples, rng: np.random.Generator) -> np.ndarray:
    """Cells to learn templates from, int64 (M, 3), frame, x, y: those of all parts, and some at
    random.
    """
    N, (H, W) = len(examples.features), examples.features.shape[-2:]
    n, p = np.nonzero(examples.kinds >= 0)
    anywhere = np.column_stack(
        [np.repeat(np.arange(N), RANDOM), rng.integers((W, H), size=(N * RANDOM, 2))]
    )
    return np.unique(np.concatenate([np.column_stack([n, examples.near[n, p]]), anywhere]), axis=0)


@torch.no_grad()
def hard_cells(mixture: Mixture, examples: Examples) -> np.ndarray:
    """For each frame and part the best-scoring cell off the part, as `first_cells`."""
    H, W = examples.features.shape[-2:]
    grid = np.stack(np.meshgrid(np.arange(W), np.arange(H)), -1)
    found = []
    for n, features in enumerate(examples.features):
        for i, maps in enumerate(mixture.maps(features[None])):
            away = np.linalg.norm(grid - examples.places[n, i], axis=-1)
            if (away > AWAY).any():
                score = np.where(away > AWAY, maps[0].max(0).values.numpy(), -np.inf)
                found.append((n, score.argmax() % W, score.argmax() // W))
    return np.array(found, np.int64).reshape(-1, 3)


def targets(mixture: Mixture, examples: Examples, cells: np.ndarray) -> np.ndarray:
    """What each template learns of each cell, float32 (M, F): 1 it shows the part, -1 it does not,
    0 neither.

    Neither: near the part, at the part in another type, or anywhere where the part is not known.
    """
    n, xy = cells[:, 0], cells[:, 1:]
    target = np.zeros((len(cells), sum(mixture.types)), np.float32)
    for i, first in enumerate(mixture.first.tolist()):
        away = np.linalg.norm(xy - examples.places[n, i], axis=-1)
        target[away > AWAY, first : first + mixture.types[i]] = -1
        kind = examples.kinds[n, i]
        here = np.nonzero((xy == examples.near[n, i]).all(-1) & (kind >= 0))[0]
        target[here, first + kind[here]] = 1
    return target


def fit_templates(mixture: Mixture, examples: Examples, cells: np.ndarray) -> None:
    """A linear SVM with squared hinge for each template, by L-BFGS; positives weigh as much as
    negatives.
    """
    frame, x, y = torch.tensor(cells).T
    seen = windows(examples.features, frame, y, x, mixture.size).flatten(1)
    sign = torch.tensor(targets(mixture, examples, cells))
    shares = [(sign == s) / (sign == s).sum(0).clamp(min=1) for s in (1, -1)]
    weight = shares[0] + shares[1]
    learned = [mixture.templates, mixture.level]
    optimizer = torch.optim.LBFGS(learned, max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        score = seen @ mixture.templates.flatten(1).T + mixture.level
        value = (weight * (1 - sign * score).clamp(min=0).square()).sum()
        value = value + RIDGE * mixture.templates.square().sum()
        value.backward()
        return value

    optimizer.step(loss)


def fit_together(
    mixture: Mixture, examples: Examples, settings: Settings, rng: np.random.Generator
) -> None:
    """All weights by a structural SVM: a true pose scores more than any other, by how wrong that
    is.

    The loss of a frame is max over poses of (score + wrongness) - score of the true pose; wrongness
    is the number of parts that are MISS off, and less for nearer ones. The true pose is the best
    one within CLOSE of the labels, of the labelled types; parts without a label are where the model
    wants them.
    """
    N = len(examples.features)
    B = min(BATCH, N)
    optimizer = torch.optim.Adam(mixture.parameters(), RATE)
    steps = settings.epochs * (N // B)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    for _ in range(settings.epochs):
        for these in rng.permutation(N)[: N // B * B].reshape(-1, B):
            part = Examples(examples.features[these], examples.places[these], examples.kinds[these])
            right, wrong, wrongness = poses_to_tell_apart(mixture, part, MISS * settings.person)
            optimizer.zero_grad()
            gap = (
                mixture.score(part.features, *wrong)
                + wrongness
                - mixture.score(part.features, *right)
            )
            loss = gap.clamp(min=0).mean() + DECAY * mixture.templates.square().sum()
            loss.backward()
            optimizer.step()
            schedule.step()
            mixture.clamp()


@torch.no_grad()
def poses_to_tell_apart(
    mixture: Mixture, examples: Examples, miss: float
) -> tuple[list[torch.Tensor], tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The best true poses, the best poses with their wrongness added, and that wrongness (B,).

    Poses are pairs of places and types, see `Mixture.best`; miss : cells.
    """
    H, W = examples.features.shape[-2:]
    grid = torch.stack(torch.meshgrid(torch.arange(W), torch.arange(H), indexing="xy"), -1)
    maps, wrongs, true = mixture.maps(examples.features), [], []
    for i, scores in enumerate(maps):
        label = torch.tensor(examples.places[:, i, None, None])
        # (B, H, W), NaN where unknown
        away = (grid - label).norm(dim=-1).to(scores.dtype)
        kind = torch.tensor(examples.kinds[:, i, None])
        other = (kind >= 0) & (kind != torch.arange(mixture.types[i]))
        true.append(
            scores.masked_fill((away > CLOSE)[:, None] | other[..., None, None], -torch.inf)
        )
        wrongs.append((away / miss).clamp(max=1).nan_to_num(0))
    _, *right = mixture.best(true)
    _, place, kind = mixture.best([s + w[:, None] for s, w in zip(maps, wrongs, strict=True)])
    wrongness = sum(w.flatten(1).gather(1, place[:, [i]])[:, 0] for i, w in enumerate(wrongs))
    return right, (place, kind), wrongness
