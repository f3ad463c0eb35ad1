"""A trained model on clips: joints in the clips' own pixels, and what PCK counts of them."""

import numpy as np
import torch
from torch.utils.data import default_collate

from ..augment import known
from ..heatmaps import decode
from ..metrics import tally
from ..slices import Slices, to_frames, whole_frame
from .data import still_box, with_box


def predict_clips(
    model, clips, view, frames=5, flow=None, span=1, batch=8, device="cpu", mirrored=False
):
    """Joints of every frame: a list of float64 (T, K, 2) px, one for each clip; NaN where it has no
    box.

    view : View, without changes; frames : length of the slices, or that of the clip if it is
    shorter. Slices follow each other; the last one of a clip overlaps the one before, and only
    frames without a pose take its.
    mirrored : whether scores are averaged with those of the mirrored pictures; without flow
    """
    model = model.to(device).eval()
    poses = [np.full((len(clip), len(clip.skeleton.joints), 2), np.nan) for clip in clips]
    lengths = np.array([min(frames, len(clip)) for clip in clips])
    boxed = np.array([known(clip.box).any() for clip in clips])
    for T in np.unique(lengths[boxed] if boxed.any() else lengths).tolist():
        those = np.flatnonzero(lengths == T)
        slices = Slices([clips[n] for n in those], view.still(), T, flow, span)
        _predict(model, slices, [poses[n] for n in those], batch, device, mirrored)
    return poses


@torch.inference_mode()
def _predict(model, slices, poses, batch, device, mirrored):
    """Write the joints of slices, which cover their clips, into the poses of these."""
    keys = slices.all()
    for start in range(0, len(keys), batch):
        part = keys[start : start + batch]
        inputs = default_collate([slices[key] for key in part])
        flows = {o: f.to(device) for o, f in inputs["flows"].items()}
        images = inputs["images"].to(device)
        scores, _ = model(images, flows or None)
        if mirrored:
            scores = (scores + in_a_mirror(model, images, slices.clips[0].skeleton)) / 2
        cells, _ = decode(scores.float().cpu().numpy())
        for (n, first, _), matrix, found in zip(part, inputs["matrix"].numpy(), cells, strict=True):
            pose = poses[n][first : first + slices.frames]
            pose[:] = np.where(np.isnan(pose), to_frames(found, matrix, slices.view.stride), pose)


def in_a_mirror(model, images, skeleton):
    """Scores (B, T, K, h, w) of slices (B, T, 3, H, W), found in their mirror image and mirrored
    back.

    H and W must be multiples of the stride, or scores lie beside where they belong.
    """
    scores, _ = model(images.flip(-1))
    return scores.flip(-1)[:, :, skeleton.mirrored]


def reach_of(model):
    """Frames of the slices that a model was made for, and over how many of them its messages go, 0
    to 2.
    """
    if model.inference is None:
        return 1, 0
    graph = model.inference.graph
    return graph.frames, int(graph.offset.max(initial=0))


def predict_as_trained(model, clips, view, flow, device="cpu", mirrored=False):
    """`predict_clips` with the slices that the model was made for; a dozen frames at a time."""
    frames, span = reach_of(model)
    flow = flow if span else None
    batch = max(1, 12 // frames)
    return predict_clips(model, clips, view, frames, flow, max(span, 1), batch, device, mirrored)


def predict_twice(model, clips, view, device="cpu"):
    """Joints without any true box: first in whole frames, then in one box a clip around where they
    were.

    Scores are averaged with those in a mirror where the view's size allows it. Returns both lists
    of float64 (T, K, 2) px. The clips' own boxes are not looked at.
    """
    mirrored = view.size % view.stride == 0
    whole = [with_box(clip, whole_frame(clip.size)) for clip in clips]
    first = predict_as_trained(model, whole, view, None, device, mirrored)
    around = [with_box(clip, still_box(pose)) for clip, pose in zip(clips, first, strict=True)]
    return first, predict_as_trained(model, around, view, None, device, mirrored)


def tallies(poses, clips, alpha):
    """What PCK counts, clip by clip: int64 (N, A, 2, K) for alpha (A,)."""
    return np.stack(
        [
            tally(pose, clip.joints, clip.size_of_person, alpha, clip.counted)
            for pose, clip in zip(poses, clips, strict=True)
        ]
    )


def tallies_in_pixels(poses, clips, pixels):
    """The same with limits in pixels, pixels (A,), whatever the person's size."""
    return np.stack(
        [
            tally(pose, clip.joints, 1, pixels, clip.visible)
            for pose, clip in zip(poses, clips, strict=True)
        ]
    )
