"""A trained model on clips: joints in the clips' own pixels, and what PCK counts of them."""

import numpy as np
import torch
from torch.utils.data import default_collate

from ..heatmaps import decode
from ..metrics import tally
from ..slices import Slices, to_frames


@torch.inference_mode()
def predict_clips(model, clips, view, frames=5, flow=None, span=1, batch=8, device="cpu"):
    """Joints of every frame: a list of float64 (T, K, 2) px, one for each clip; NaN where it has no box.

    view : View, without changes; frames : length of the slices, shortened to the shortest clip. Slices follow
    each other; the last one of a clip overlaps the one before, and only frames without a pose take its.
    """
    frames = min([frames, *map(len, clips)])
    slices = Slices(clips, view.still(), frames, flow, span)
    model = model.to(device).eval()
    poses = [np.full((len(clip), len(clip.skeleton.joints), 2), np.nan) for clip in clips]
    keys = slices.all()
    for start in range(0, len(keys), batch):
        part = keys[start : start + batch]
        inputs = default_collate([slices[key] for key in part])
        flows = {o: f.to(device) for o, f in inputs["flows"].items()}
        scores, _ = model(inputs["images"].to(device), flows or None)
        cells, _ = decode(scores.float().cpu().numpy())
        for (n, first, _), matrix, found in zip(part, inputs["matrix"].numpy(), cells, strict=True):
            pose = poses[n][first : first + frames]
            pose[:] = np.where(np.isnan(pose), to_frames(found, matrix, view.stride), pose)
    return poses


def reach_of(model):
    """Frames of the slices that a model was made for, and over how many of them its messages go, 0 to 2."""
    if model.inference is None:
        return 1, 0
    graph = model.inference.graph
    return graph.frames, int(graph.offset.max(initial=0))


def predict_as_trained(model, clips, view, flow, device="cpu"):
    """`predict_clips` with the slices that the model was made for; a dozen frames at a time."""
    frames, span = reach_of(model)
    flow = flow if span else None
    return predict_clips(model, clips, view, frames, flow, max(span, 1), max(1, 12 // frames), device)


def tallies(poses, clips, alpha):
    """What PCK counts, clip by clip: int64 (N, A, 2, K) for alpha (A,)."""
    return np.stack(
        [
            tally(pose, clip.joints, clip.size_of_person, alpha, clip.counted)
            for pose, clip in zip(poses, clips, strict=True)
        ]
    )
