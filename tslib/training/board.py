"""Curves and pictures of a run, renewed at each checkpoint: training.png, and TensorBoard's."""

import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch

from ..clip import Clip
from ..files import write_whole
from ..heatmaps import to_pixels
from ..metrics import means
from ..networks import ThinSlicingNetwork
from ..slices import FlowOf, Slices, View
from .evaluate import ALPHA, frames_and_span, predict_as_trained, tallies
from .loop import Rows, write_csv

_CURVES = "tensorboard is not installed, so the curves are in training.png alone"
MISSING = f"{_CURVES}; pip install tslib[train]."
_MOST = 16  # clips that PCK is taken on
_TILES, _TILE = 5, 240  # pictures in a row, px
_log = logging.getLogger(__name__)


class Board:
    """What `Trainer` calls before it writes a checkpoint, with clips that nothing is learnt from.

    It writes into the run's folder: validation.csv, PCK of the first clips; training.png, with
    heat-maps of the first slice, true joints as white rings; and TensorBoard's files.
    """

    def __init__(self, view: View, clips: Sequence[Clip], flow: FlowOf | None = None) -> None:
        self.view, self.clips, self.flow = view.still(), clips[:_MOST], flow
        self.writers: dict[Path, Any] = {}

    def __call__(self, folder: Path, model: ThinSlicingNetwork, rows: Rows) -> None:
        device = next(model.parameters()).device
        poses = predict_as_trained(model, self.clips, self.view, self.flow, device)
        pck = 100 * means(tallies(poses, self.clips, ALPHA).sum(0), self.clips[0].skeleton)["micro"]
        now = {"step": len(rows)} | {f"PCK@{a}": float(p) for a, p in zip(ALPHA, pck, strict=True)}
        path = folder / "validation.csv"
        before: Any = pd.read_csv(path).to_dict("records") if path.exists() else []
        history = [row for row in before if row["step"] < len(rows)] + [now]
        write_csv(path, history)
        strip = self.strip(model, device)
        write_whole(folder / "training.png", _drawn(rows, history, strip))
        self._tell_tensorboard(folder, rows, now, strip)

    @torch.inference_mode()
    def strip(self, model: ThinSlicingNetwork, device: torch.device | str) -> np.ndarray:
        """Up to five frames, the highest score of any joint over them: uint8 (240, n * 240, 3)."""
        frames, span = frames_and_span(model)
        slices = Slices(self.clips, self.view, frames, self.flow, span)
        batch = slices.batch(slices.all()[: max(1, _TILES // frames)], device)
        scores, _ = model(batch["images"], batch["flows"] or None)
        images = batch["images"].movedim(2, -1)
        found = [v.flatten(0, 1)[:_TILES].float().cpu() for v in (images, scores, batch["cells"])]
        pictures, maps, cells = (values.numpy() for values in found)
        joints = to_pixels(cells, self.view.stride)
        return np.hstack([_tile(*one) for one in zip(pictures, maps, joints, strict=True)])

    def _tell_tensorboard(
        self, folder: Path, rows: Rows, validation: dict[str, float], strip: np.ndarray
    ) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            if folder not in self.writers:
                _log.warning(MISSING)
            self.writers[folder] = None
            return
        if folder not in self.writers:  # all rows are told anew
            self.writers[folder] = SummaryWriter(folder, purge_step=0), 0
        writer, told = self.writers[folder]
        for row in rows[told:]:
            for name in row.keys() - {"step"}:
                writer.add_scalar(name.replace(" ", "_"), row[name], row["step"])
        for name in validation.keys() - {"step"}:
            writer.add_scalar(f"validation/{name.replace('@', '_')}", validation[name], len(rows))
        writer.add_image("heat-maps", strip, len(rows), dataformats="HWC")
        writer.flush()
        self.writers[folder] = writer, len(rows)


def _drawn(rows: Rows, history: Rows, strip: np.ndarray) -> bytes:
    """The picture as a PNG file: what is in the log, PCK of the validation clips, and the strip."""
    # A figure without pyplot opens no window and keeps no state. It takes a second to import.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5.8), dpi=100, layout="constrained")
    axes = figure.subplot_mosaic([["training", "validation, %"], ["maps", "maps"]])
    pd.DataFrame(rows).drop(columns="rate").plot(x="step", logy=True, ax=axes["training"])
    pd.DataFrame(history).plot(x="step", ylim=(0, 100), marker=".", ax=axes["validation, %"])
    for title in ("training", "validation, %"):
        axes[title].set_title(title)
        axes[title].grid(alpha=0.3)
    axes["maps"].imshow(strip)
    axes["maps"].axis("off")
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _tile(image: np.ndarray, maps: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """A picture (h, w, 3) from 0 to 1, scores (K, H, W) and joints (K, 2) px as one: uint8 RGB."""
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    # Squared, so that peaks are seen and less of the rest.
    heat = ((maps - low) / np.maximum(high - low, 1e-9)).max(0) ** 2
    heat, picture = (cv2.resize((255 * v).astype(np.uint8), (_TILE, _TILE)) for v in (heat, image))
    colored = cv2.applyColorMap(heat, cv2.COLORMAP_INFERNO)[..., ::-1]
    picture = np.ascontiguousarray(cv2.addWeighted(picture, 0.45, colored, 0.55, 0))
    for joint in joints[np.isfinite(joints).all(-1)]:
        place = np.round((joint + 0.5) * _TILE / len(image) - 0.5).astype(int).tolist()
        cv2.circle(picture, place, 3, (255, 255, 255), 1, cv2.LINE_AA)
    return picture
