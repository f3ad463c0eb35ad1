"""A trained model on clips: joints in the clips' own pixels, and what PCK counts of them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike

from ..augment import known_boxes
from ..clip import Clip
from ..errors import InputError, NotFinite
from ..heatmaps import decode
from ..metrics import table, tally
from ..networks import ThinSlicingNetwork
from ..slices import FlowOf, Slices, View, to_frames

Poses = Sequence[np.ndarray]  # of each clip float64 (T, K, 2) px
ALPHA = (0.2, 0.1, 0.05)  # shares of the person's size at which PCK is told


# Not inference_mode: a model that is moved to a device in it could not be trained any more.
@torch.no_grad()
def predict_clips(
    model: ThinSlicingNetwork,
    clips: Sequence[Clip],
    view: View,
    frames: int = 5,
    flow: FlowOf | None = None,
    span: int = 1,
    batch: int = 8,
    device: torch.device | str = "cpu",
    refine: bool = True,
) -> Poses:
    """Joints of every frame, in a still view; NaN where the clip has no box.

    frames : length of the slices, or that of the clip if it is shorter. Slices follow each other;
        the last one of a clip overlaps the one before, and only frames without a pose take its.
    flow, span : see `Slices`; batch : slices that are computed at once; refine : see `decode`
    """
    model = model.to(device).eval()
    poses = [np.full((len(clip), len(clip.skeleton.joints), 2), np.nan) for clip in clips]
    lengths = np.array([min(frames, len(clip)) for clip in clips])
    boxed = np.array([known_boxes(clip.box).any() for clip in clips])
    for T in np.unique(lengths[boxed] if boxed.any() else lengths).tolist():
        those = np.flatnonzero(lengths == T).tolist()
        slices = Slices([clips[n] for n in those], view.still(), T, flow, span)
        keys = slices.all()
        for part in (keys[i : i + batch] for i in range(0, len(keys), batch)):
            inputs = slices.batch(part, device)
            try:
                scores, _ = model(inputs["images"], inputs["flows"] or None)
            except NotFinite:
                raise InputError("the network's maps are not finite; train it again.") from None
            cells, _ = decode(scores.float().cpu().numpy(), refine)
            matrices = inputs["matrix"].cpu().numpy()
            for (n, t, _), matrix, found in zip(part, matrices, cells, strict=True):
                pose = poses[those[n]][t : t + T]
                pose[:] = np.where(np.isnan(pose), to_frames(found, matrix, view.stride), pose)
    return poses


def frames_and_span(model: ThinSlicingNetwork) -> tuple[int, int]:
    """Frames of the slices that a model was made for, and over how many its messages go, 0 to 2."""
    if model.inference is None:
        return 1, 0
    graph = model.inference.graph
    return graph.frames, int(graph.offset.max(initial=0))


def predict_as_trained(
    model: ThinSlicingNetwork,
    clips: Sequence[Clip],
    view: View,
    flow: FlowOf | None,
    device: torch.device | str = "cpu",
) -> Poses:
    """`predict_clips` with the slices that the model was made for; a dozen frames at a time."""
    frames, span = frames_and_span(model)
    return predict_clips(model, clips, view, frames, flow, span, max(1, 12 // frames), device)


def tallies(poses: Poses, clips: Sequence[Clip], alpha: ArrayLike) -> np.ndarray:
    """What PCK counts, clip by clip: int64 (N, A, 2, K) for alpha (A,)."""
    pairs = zip(poses, clips, strict=True)
    return np.stack([tally(p, c.joints, c.size_of_person, alpha, c.counted) for p, c in pairs])


def in_shares(name: str, poses: Poses, clips: Sequence[Clip]) -> pd.DataFrame:
    """PCK at ALPHA of poses, as metrics.table prints it."""
    counts = tallies(poses, clips, ALPHA).sum(0)
    rows = {f"{name} PCK@{alpha}": count for alpha, count in zip(ALPHA, counts, strict=True)}
    return table(rows, clips[0].skeleton)
