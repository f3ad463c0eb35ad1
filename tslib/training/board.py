"""Curves and pictures of a run, renewed at each checkpoint: training.png, and TensorBoard's where
it is.
"""

import logging

import cv2
import numpy as np
import torch
from torch.utils.data import default_collate

from ..files import write_whole
from ..heatmaps import to_pixels
from ..metrics import means
from ..slices import Slices
from .evaluate import predict_as_trained, reach_of, tallies

log = logging.getLogger(__name__)
MOST = 16  # clips that PCK is taken on
ALPHA = (0.2, 0.1, 0.05)
TILES, TILE = 5, 240  # pictures in a row, px
PLOT = (TILES * TILE // 2, 340)  # px
COLORS = ((31, 119, 180), (214, 96, 20), (44, 140, 44))  # RGB: blue, orange, green
MISSING = "tensorboard is not installed, so the curves are in training.png alone; pip install tslib[train]."


class Board:
    """What `fit` calls before it writes a checkpoint.

    view : View; clips : list of Clip that nothing is learnt from; flow : as `Slices` take it

    It writes into the run's folder: validation.csv, PCK of the first clips at each checkpoint;
    training.png, with heat-maps of the first slice, true joints as white rings; and TensorBoard's
    files.
    """

    def __init__(self, view, clips, flow=None):
        self.view, self.clips, self.flow = view.still(), clips[:MOST], flow
        self.writers = {}

    def __call__(self, folder, model, rows):
        device = next(model.parameters()).device
        poses = predict_as_trained(model, self.clips, self.view, self.flow, device)
        counts = tallies(poses, self.clips, ALPHA).sum(0)
        now = [len(rows), *(100 * float(means(c, self.clips[0].skeleton)["micro"]) for c in counts)]
        history = np.array(
            [row for row in _read(folder / "validation.csv") if row[0] < now[0]] + [now]
        )
        lines = ["step," + ",".join(f"PCK@{a}" for a in ALPHA)]
        lines += [",".join(f"{v:.6g}" for v in row) for row in history]
        write_whole(folder / "validation.csv", ("\n".join(lines) + "\n").encode())
        strip = self.strip(model, device)
        losses = {k: [row[k] for row in rows] for k in rows[0] if k not in ("step", "rate")}
        steps = np.array([row["step"] for row in rows])
        picture = np.full((PLOT[1] + len(strip), TILES * TILE, 3), 255, np.uint8)
        picture[: PLOT[1], : PLOT[0]] = plot(
            {k: (steps, np.array(v)) for k, v in losses.items()}, "training"
        )
        picture[: PLOT[1], PLOT[0] :] = plot(
            {f"PCK@{a}": (history[:, 0], history[:, i + 1]) for i, a in enumerate(ALPHA)},
            "validation, %",
            (0, 100),
        )
        picture[PLOT[1] :, : strip.shape[1]] = strip
        write_whole(folder / "training.png", cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
        self._tell_tensorboard(folder, rows, now, strip)

    @torch.inference_mode()
    def strip(self, model, device):
        """Five frames with the highest score of any joint over them: uint8 (TILE, n * TILE, 3) RGB."""
        frames, span = reach_of(model)
        slices = Slices(self.clips, self.view, frames, self.flow if span else None, max(span, 1))
        keys = slices.all()[: max(1, TILES // frames)]
        batch = default_collate([slices[key] for key in keys])
        scores, _ = model(
            batch["images"].to(device), {o: f.to(device) for o, f in batch["flows"].items()} or None
        )
        images = batch["images"].flatten(0, 1)[:TILES].movedim(1, -1).numpy()
        joints = to_pixels(batch["cells"].flatten(0, 1)[:TILES].numpy(), self.view.stride)
        maps = scores.float().flatten(0, 1)[:TILES].cpu().numpy()
        return np.hstack([_tile(*one) for one in zip(images, maps, joints, strict=True)])

    def _tell_tensorboard(self, folder, rows, validation, strip):
        if folder not in self.writers:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                log.warning(MISSING)
                self.writers[folder] = None
                return
            self.writers[folder] = SummaryWriter(folder, purge_step=0), 0  # all rows are told anew
        if self.writers[folder] is None:
            return
        writer, told = self.writers[folder]
        for row in rows[told:]:
            for name, value in row.items():
                if name != "step":
                    writer.add_scalar(name.replace(" ", "_"), value, row["step"])
        for alpha, value in zip(ALPHA, validation[1:], strict=True):
            writer.add_scalar(f"validation/PCK_{alpha}", value, validation[0])
        writer.add_image("heat-maps", strip, validation[0], dataformats="HWC")
        writer.flush()
        self.writers[folder] = writer, len(rows)


def plot(curves, title, limits=None):
    """Curves {name: (x (n,), y (n,))} as a picture, uint8 RGB of PLOT px.

    limits : lowest and highest y; None: as far as the curves reach, on a logarithmic scale
    """
    W, H = PLOT
    left, top, right, bottom = 60, 34, W - 16, H - 30
    picture = np.full((H, W, 3), 255, np.uint8)
    scale = np.asarray if limits else lambda y: np.log10(np.maximum(y, 1e-9))
    low, high = limits or (f(f(scale(y)) for _, y in curves.values()) for f in (min, max))
    high = max(high, low + 1e-9)
    last = max(1, max(x[-1] for x, _ in curves.values()))
    for share in (0, 0.5, 1):
        y, value = round(bottom - share * (bottom - top)), low + share * (high - low)
        cv2.line(picture, (left, y), (right, y), (225, 225, 225))
        _write(picture, f"{value if limits else 10**value:.3g}", (6, y + 4))
        x = round(left + share * (right - left))
        _write(picture, f"{share * last:.0f}", (x - 24 * (share > 0), H - 10))
    x = left
    for n, (name, (steps, values)) in enumerate(curves.items()):
        color, known = COLORS[n % len(COLORS)], np.isfinite(values)
        height = (scale(values) - low) / (high - low)
        place = np.stack(
            [left + steps / last * (right - left), bottom - height * (bottom - top)], -1
        )[known]
        if len(place) == 1:
            cv2.circle(picture, np.round(place[0]).astype(int).tolist(), 3, color, -1, cv2.LINE_AA)
        cv2.polylines(picture, [np.round(place).astype(np.int32)], False, color, 1, cv2.LINE_AA)
        _write(picture, name, (x, 22), color)
        x += 12 + 9 * len(name)
    _write(picture, title, (right - 9 * len(title), 22))
    return picture


def _write(picture, text, place, color=(60, 60, 60)):
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, color, 1, cv2.LINE_AA)


def _tile(image, maps, joints):
    """A picture (h, w, 3) from 0 to 1, scores (K, H, W) and joints (K, 2) px as one: uint8 RGB."""
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    heat = ((maps - low) / np.maximum(high - low, 1e-9)).max(
        0
    ) ** 2  # squared: peaks, and less of the rest
    heat = cv2.resize((255 * heat).astype(np.uint8), (TILE, TILE), interpolation=cv2.INTER_LINEAR)
    colored = cv2.applyColorMap(heat, cv2.COLORMAP_INFERNO)[..., ::-1]
    picture = cv2.resize(
        (255 * image).astype(np.uint8), (TILE, TILE), interpolation=cv2.INTER_LINEAR
    )
    picture = np.ascontiguousarray(cv2.addWeighted(picture, 0.45, colored, 0.55, 0))
    for joint in joints[np.isfinite(joints).all(-1)]:
        place = np.round((joint + 0.5) * TILE / len(image) - 0.5).astype(int).tolist()
        cv2.circle(picture, place, 3, (255, 255, 255), 1, cv2.LINE_AA)
    return picture


def _read(path):
    """The rows of a CSV file of numbers with a heading, or none."""
    return np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2).tolist() if path.exists() else []
