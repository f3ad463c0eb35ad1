"""How a small single-image ConvNet fails on rendered clips.

    python -m experiments paper_a failure_modes [--clips 500] [--steps 900] [--seed 0] \\
        [--views PENN_ACTION] [--write]

It trains on one core (85,000 weights, a receptive field smaller than a person, 900 steps), is
tested on clips that it has not seen, and every error is asked what would have helped: is it the
joint of the other side? Is there another peak in the right place, and would there be one in any
place on the body? Is the same joint right in a neighbouring frame? --write stores the tables in
experiments/results/failure_modes.json, which the book shows. --views PENN_ACTION films each
activity from the front, side and back as often as the real labels in that folder show it so, which
the renderer does not; --write then stores failure_modes_real_views.json.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

from renderer import Settings, render_clip
from renderer.body import ACTIVITIES
from renderer.clip import split_of
from renderer.statistics import VIEWS, viewpoints
from tslib.datasets.matlab import read_mat
from tslib.skeletons import SKELETONS

from .. import records

PENN = SKELETONS["penn13"]
SIZE, STRIDE, FRAMES, SIGMA = 96, 4, 20, 5.0  # px, px, frames, px
ALPHA, PEAK = 0.2, 0.05  # a joint within 0.2 of the person's size is right; a lower peak is none
MIRROR = np.array(PENN.mirrored)


def film_as(folder: Path | str) -> None:
    """Give every activity the viewpoints that a folder of real labels has for it."""
    files = defaultdict(list)
    for file in sorted((Path(folder) / "labels").glob("*.mat")):
        files[read_mat(file, ["action"])["action"]].append(file)
    for name, some in files.items():
        shares = tuple(viewpoints(some).values())  # in the order of Activity.views
        ACTIVITIES[name] = replace(ACTIVITIES[name], views=shares)


def network() -> nn.Module:
    """Frames (B, 3, 96, 96), see scaled, to heat-maps (B, 13, 24, 24)."""
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 5, 2, 2), nn.ReLU()]
    layers += [nn.Conv2d(16, 32, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2)]
    for inputs in (32, 48, 48, 48):
        layers += [nn.Conv2d(inputs, 48, 3, 1, 1), nn.ReLU()]
    layers += [nn.Conv2d(48, 48, 1), nn.ReLU(), nn.Dropout2d(0.1), nn.Conv2d(48, 13, 1)]
    return nn.Sequential(*layers)


def scaled(frames: np.ndarray) -> np.ndarray:
    """Pixels uint8 as the network takes them: float32 from 0 to 1."""
    return frames.astype(np.float32) / 255


def clips_of(seed: int, count: int, split: str) -> list[np.ndarray]:
    """What the clips 1 to `count` of a split hold.

    Returns frames uint8 (n, T, 96, 96, 3), joints (n, T, 13, 2) px, visible (n, T, 13), size (n, T)
    px and pose (n,).
    """
    found = []
    for number in tqdm(range(1, count + 1), desc=f"rendering {split}", disable=None):
        if split_of(number) == split:
            clip = render_clip(seed, number, Settings((SIZE, SIZE), FRAMES), flow=False)
            sides = (clip.box[:, 2:] - clip.box[:, :2]).max(-1)
            found.append((clip.frames, clip.joints, clip.visible, np.maximum(sides, 30), clip.pose))
    return [np.stack(column) for column in zip(*found, strict=True)]


def train(
    frames: np.ndarray, joints: np.ndarray, visible: np.ndarray, steps: int, seed: int
) -> nn.Module:
    """A trained network; joints that are hidden do not count."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = network()
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    frames, joints, visible = (a.reshape(-1, *a.shape[2:]) for a in (frames, joints, visible))
    cells = (np.arange(SIZE // STRIDE) + 0.5) * STRIDE - 0.5
    for _ in tqdm(range(steps), desc="training", disable=None):
        pick = rng.integers(len(frames), size=32)
        picture, place, counts = scaled(frames[pick]), joints[pick].copy(), visible[pick].copy()
        for n in range(len(pick)):
            picture[n] = picture[n][..., rng.permutation(3)]
            if rng.random() < 0.5:
                picture[n] = picture[n][:, ::-1]
                place[n] = place[n, MIRROR] * [-1, 1] + [SIZE - 1, 0]
                counts[n] = counts[n, MIRROR]
        away = cells - place[..., None]
        across, down = np.moveaxis(np.exp(-(away**2) / (2 * SIGMA**2)).astype(np.float32), -2, 0)
        target = torch.from_numpy(down[..., :, None] * across[..., None, :])
        belief = net(torch.from_numpy(picture).permute(0, 3, 1, 2))
        error = (belief - target) ** 2 * torch.from_numpy(counts).float()[..., None, None]
        loss = error.sum((1, 2, 3)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net.eval()


@torch.inference_mode()
def maps_of(net: nn.Module, frames: np.ndarray) -> np.ndarray:
    """Heat-maps float32 (n, T, 13, 24, 24)."""
    flat = frames.reshape(-1, *frames.shape[2:])
    parts = [
        net(torch.from_numpy(scaled(flat[n : n + 200])).permute(0, 3, 1, 2)).numpy()
        for n in range(0, len(flat), 200)
    ]
    return np.concatenate(parts).reshape(*frames.shape[:2], 13, SIZE // STRIDE, SIZE // STRIDE)


def peaks_of(maps: np.ndarray) -> np.ndarray:
    """Where heat-maps (..., h, w) are highest, (..., 2) px, refined by a parabola each way."""
    h, w = maps.shape[-2:]
    best = maps.reshape(*maps.shape[:-2], -1).argmax(-1)
    y, x = np.divmod(best, w)
    flat = maps.reshape(-1, h, w)
    n = np.arange(len(flat))
    place = []
    for axis, at, most in ((0, x.ravel(), w), (1, y.ravel(), h)):
        inner = np.clip(at, 1, most - 2)
        a, b, c = (
            flat[n, y.ravel(), inner + d] if axis == 0 else flat[n, inner + d, x.ravel()]
            for d in (-1, 0, 1)
        )
        bend = a - 2 * b + c
        step = np.where((at == inner) & (bend < 0), 0.5 * (a - c) / np.where(bend < 0, bend, -1), 0)
        place.append((at + np.clip(step, -0.5, 0.5) + 0.5) * STRIDE - 0.5)
    return np.stack(place, -1).reshape(*maps.shape[:-2], 2)


Row = dict[str, float | None]


def failure_modes(
    maps: np.ndarray, joints: np.ndarray, visible: np.ndarray, size: np.ndarray
) -> dict[str, Row]:
    """The table: {row: {"all": share, "head": share, ...}}; None where nothing counts.

    The arrays are those of maps_of and clips_of.
    """
    place = peaks_of(maps)
    limit = ALPHA * size[..., None]
    off = np.linalg.norm(place - joints, axis=-1)
    right = off <= limit
    wrong = visible & ~right
    swap = wrong & (np.linalg.norm(place - joints[:, :, MIRROR], axis=-1) <= limit)
    swap[:, :, 0] = False  # a head has no other side
    # other peaks: cells that no neighbour exceeds
    wide = np.pad(maps, [(0, 0)] * 3 + [(1, 1)] * 2, constant_values=-1)
    h, w = maps.shape[-2:]
    shifts = [(a, b) for a in range(3) for b in range(3)]
    around = np.max([wide[..., a : a + h, b : b + w] for a, b in shifts], axis=0)
    cells = (np.arange(h) + 0.5) * STRIDE - 0.5
    x, y = np.moveaxis(joints, -1, 0)[..., None, None]
    near = (cells[:, None] - y) ** 2 + (cells - x) ** 2 <= limit[..., None, None] ** 2
    peak = (maps >= around) & (maps > PEAK)
    second = wrong & (peak & near).any((-2, -1))
    # Maps have many low peaks. So the same is asked of the places of the other joints, which are
    # on the body, too, but not right: how often does another peak lie there?
    lower = peak & (maps < maps.max((-2, -1), keepdims=True))
    chance = np.zeros(wrong.shape)
    for k in range(13):
        others = [j for j in range(13) if j not in (k, MIRROR[k])]
        found = (lower[:, :, k, None] & near[:, :, others]).any((-2, -1)).mean(-1)
        chance[:, :, k] = wrong[:, :, k] * found
    beside = np.zeros_like(right)
    beside[:, 1:] |= right[:, :-1] & visible[:, :-1]
    beside[:, :-1] |= right[:, 1:] & visible[:, 1:]
    neighbour = wrong & beside
    lasting = wrong.copy()  # wrong wherever it is visible in the five frames around
    for step in (-2, -1, 1, 2):
        other = np.roll(wrong | ~visible, step, axis=1)
        other[:, slice(step, None) if step < 0 else slice(step)] = True
        lasting &= other
    inside = ((joints >= 0) & (joints <= SIZE - 1)).all(-1)
    groups: dict[str, Iterable[int]] = {"all": range(13), **PENN.groups}

    def row(count: np.ndarray, among: np.ndarray) -> Row:
        rates: Row = {}
        for name, ks in groups.items():
            total = among[:, :, list(ks)].sum()
            rates[name] = round(float(count[:, :, list(ks)].sum() / total), 3) if total else None
        return rates

    hidden = ~visible & inside
    return {
        "right at 0.2": row(right & visible, visible),
        "right at 0.1": row((off <= limit / 2) & visible, visible),
        "hidden joints in the picture, right at 0.2": row(right & hidden, hidden),
        "share of errors: other side": row(swap, wrong),
        "share of errors: another peak is right": row(second, wrong),
        "share of errors: another peak, by chance": row(chance, wrong),
        "share of errors: right in the next or previous frame": row(neighbour, wrong),
        "share of errors: wrong in all five frames around": row(lasting, wrong),
    }


def run(options: argparse.Namespace) -> None:
    """options : clips, of which four fifths are for training; steps; seed; views, a folder or None;
    write"""
    if options.views:
        film_as(options.views)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    start = time.process_time()
    train_set = clips_of(options.seed, options.clips, "train")
    test_set = clips_of(options.seed, options.clips, "test")
    rendered = time.process_time()
    frames, joints, visible, *_ = train_set
    net = train(frames, joints, visible, options.steps, options.seed)
    trained = time.process_time()
    tested, pose = [maps_of(net, test_set[0]), *test_set[1:-1]], test_set[-1]
    rows = failure_modes(*tested)
    by_view: dict[str, dict[str, Any]] = {}
    for view in dict.fromkeys(VIEWS.values()):
        chosen = np.array([VIEWS[word] == view for word in pose])
        found = failure_modes(*(part[chosen] for part in tested))
        shares = {name: row["all"] for name, row in found.items()}
        by_view[view] = {"clips": int(chosen.sum()), **shares}
    print((100 * pd.DataFrame(rows, dtype=float).T).round().to_string(na_rep=""))
    print(pd.DataFrame(by_view).to_string())
    settings = {
        "clips": options.clips,
        "test_clips": len(test_set[0]),
        "frames": FRAMES,
        "size": SIZE,
        "seed": options.seed,
        "steps": options.steps,
        "alpha": ALPHA,
        "peak": PEAK,
        "weights": sum(p.numel() for p in net.parameters()),
    }
    print(settings)
    print(f"CPU seconds: {rendered - start:.0f} to render, {trained - rendered:.0f} to train")
    if options.write:
        name = "failure_modes_real_views" if options.views else "failure_modes"
        records.store(name, {"settings": settings, "rows": rows, "by_view": by_view})
