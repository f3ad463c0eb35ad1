"""A mixture of parts as an estimator: from frames to joints; and the file that holds it."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from tslib import checkpoint
from tslib.augment import known_boxes
from tslib.clip import Clip
from tslib.crop import Crop
from tslib.errors import InputError
from tslib.skeletons import Skeleton, mapping, skeleton_named

from ..poses import frames_of
from .features import hog
from .mixture import SOFTEST, Mixture
from .parts import Parts
from .settings import Settings
from .training import train

BLIND = 1.25 ** -np.arange(7.0)  # sizes of a person in shares of the frame, where no box says
FORMAT = 1  # of the file; a change that older versions cannot read makes it 2


class MixtureOfParts:
    """Flexible mixture of parts (Yang & Ramanan, CVPR 2011) in small: a generic estimator, which
    errs.

    Parameters
    ----------
    skeleton : Skeleton, whose limbs connect all joints
    settings : Settings

    ``mixture`` holds the weights once it is trained.

    A pose is scored by HOG templates of its parts, one for each type of a part, by springs, and by
    how well types go together; the best pose of all is found exactly, by one distance transform for
    each type (`inference.best_pose`). Left out of the original, or done in another way:

    - the spring depends on the child's type alone, as in its version 1.3; biases on both types, as
    in all;
    - one search a scale around the person's box, for the original's pyramid over the picture; the
      box and not the limbs' lengths says how large a person is in training;
    - all templates are equally large squares, not as large as the limbs; positives are not warped;
    - negatives are other places of the same frames, not pictures without people;
    - the structural SVM is trained by Adam on batches for a few epochs, not as a quadratic program
      to its end; springs by their stiffness and rest offset, not by weights of d and d^2, so that
      it is not convex;
    - no feature tells cells beyond the window, which are zeros, from even ones; beyond the frame it
    is black;
    - one pose a frame, always: neither a threshold nor non-maximum suppression.

    ValueError where limbs do not connect the joints.
    """

    def __init__(self, skeleton: Skeleton, settings: Settings | None = None) -> None:
        self.skeleton, self.settings = skeleton, settings or Settings()
        self.parts = Parts.of(skeleton)
        self.mixture: Mixture | None = None

    def fit(self, clips: Sequence[Clip]) -> "MixtureOfParts":
        """Train on clips with frames and joints, by name; returns the estimator.

        Where the person's box is not known it is drawn around the joints, if all of them are; other
        frames teach nothing. Joints that are NaN are put where the model wants them; what is hidden
        but labelled counts as seen.

        InputError for a clip without frames or without one of the joints; where no frame is left,
        or none says where both ends of a limb are.
        """
        features, joints = [], []
        labelled = [(clip, *self._labels(clip)) for clip in clips]
        labelled = [(clip, truth, box) for clip, truth, box in labelled if known_boxes(box).any()]
        for clip, truth, box in labelled:
            frames = np.nonzero(known_boxes(box))[0]
            count = min(len(frames), -(-self.settings.frames // len(labelled)))
            for t in frames[np.linspace(0, len(frames) - 1, count).astype(int)]:
                crop = self._around(box[t], 1.0)
                features.append(self._features(frames_of(clip)[t], crop))
                joints.append(_inside(crop.to_cells(truth[t]), crop))
        if not features:
            raise InputError(
                "no frame of the clips has a person's box or all joints; give other clips."
            )
        places = self.parts.places(np.stack(joints))
        self._check_limbs(places)
        self.mixture = train(torch.stack(features), places, self.parts, self.settings)
        return self

    @torch.no_grad()
    def estimate(
        self, source: Clip | np.ndarray, box: Sequence[float] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Joints (T, K, 2) px and scores (T,), float64, of a Clip, or of one frame, uint8 (H, W, 3)
        RGB.

        box : (x, y, w, h) px, of the person in the one frame; a clip has its own. Where it is
            unknown the whole frame is searched, for people from a quarter of it to all of it.

        Scores of one estimator can be compared. ValueError before training, for what is no frame,
        or one smaller than a template has cells; InputError for a clip without frames.
        """
        self._trained()
        frames: Sequence[np.ndarray]
        boxes: Iterable[np.ndarray]
        if isinstance(source, Clip):
            frames, boxes = frames_of(source), source.box
        else:
            frames = [source]
            boxes = [np.full(4, np.nan) if box is None else np.asarray(box, np.float64)]
            if boxes[0].shape != (4,):
                raise ValueError(f"box must be (x, y, w, h), but has shape {boxes[0].shape}.")
        found = [self._pose(frame, box) for frame, box in zip(frames, boxes, strict=True)]
        return np.stack([joints for _, joints in found]), np.array([score for score, _ in found])

    def _trained(self) -> Mixture:
        """The weights; ValueError where there are none yet."""
        if self.mixture is None:
            raise ValueError("the mixture of parts has no weights yet; fit it or load one.")
        return self.mixture

    def _pose(self, frame: np.ndarray, box: np.ndarray) -> tuple[float, np.ndarray]:
        """Score and joints (K, 2) px of one frame: the best of all searches."""
        self._check_frame(frame)
        if known_boxes(box[None])[0]:
            return self._search(frame, [self._around(box, scale) for scale in self.settings.scales])
        return max(
            (self._search(frame, [crop]) for crop in self._everywhere(frame)),
            key=lambda found: found[0],
        )

    def _search(self, frame: np.ndarray, crops: Sequence[Crop]) -> tuple[float, np.ndarray]:
        """The best pose in crops of one grid."""
        features = torch.stack([self._features(frame, crop) for crop in crops])
        mixture = self._trained()
        score, place, _ = mixture.best(mixture.maps(features))
        best = int(score.argmax())
        y, x = divmod(place[best, self.parts.joints].numpy(), crops[best].grid[0])
        return float(score[best]), crops[best].to_image(np.stack([x, y], -1))

    def _around(self, box: np.ndarray, scale: float) -> Crop:
        """The Crop that is searched for a person of a box (x, y, w, h) px, or so many times as
        large.
        """
        x, y, w, h = (float(v) for v in box)
        body = scale * max(w, h)
        return Crop(
            (x + w / 2, y + h / 2), body / self.settings.person, (self.settings.window,) * 2, body
        )

    def _everywhere(self, frame: np.ndarray) -> Iterator[Crop]:
        """Crops of the whole frame, for people of all sizes."""
        h, w = frame.shape[:2]
        for body in (BLIND * max(w, h)).tolist():
            cell = body / self.settings.person
            yield Crop(
                ((w - 1) / 2, (h - 1) / 2), cell, (math.ceil(w / cell), math.ceil(h / cell)), body
            )

    def _features(self, frame: np.ndarray, crop: Crop) -> torch.Tensor:
        columns, rows = crop.grid
        size = columns * self.settings.cell, rows * self.settings.cell
        return torch.from_numpy(hog(crop.cut(frame, size), self.settings.cell))

    def _labels(self, clip: Clip) -> tuple[np.ndarray, np.ndarray]:
        """A clip's joints (T, K, 2) in the skeleton's order, and boxes (T, 4), NaN if unknown."""
        frames_of(clip)
        there = clip.skeleton.joints
        for name in self.skeleton.joints:
            if name not in there:
                raise InputError(
                    f"clip {clip.name!r} has no joint {name!r}; leave out the clip, or "
                    "the joint from the skeleton."
                )
        joints = clip.joints[:, mapping(clip.skeleton, self.skeleton)[0]]
        low, high = joints.min(1), joints.max(1)  # NaN as soon as one joint is
        return joints, np.where(
            known_boxes(clip.box)[:, None], clip.box, np.concatenate([low, high - low], -1)
        )

    def _check_limbs(self, places: np.ndarray) -> None:
        """Every limb must be there to learn from: InputError."""
        ever = np.isfinite(places).all(-1).any(0)
        # The middle of a limb comes before its lower end.
        for limb in self.parts.mix[1:][~ever[1:]]:
            a, b = (self.skeleton.joints[k] for k in np.nonzero(limb)[0])
            raise InputError(
                f"no frame of the clips says where {a} and {b} are; give other clips, or leave "
                "joints out of the skeleton."
            )

    def _check_frame(self, frame: np.ndarray) -> None:
        if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.shape[2:] != (3,):
            what = (
                f"{frame.dtype} {frame.shape}"
                if isinstance(frame, np.ndarray)
                else type(frame).__name__
            )
            raise ValueError(f"a frame must be uint8 (H, W, 3) RGB, but is {what}.")
        size = self.settings.size
        if min(frame.shape[:2]) < size:
            h, w = frame.shape[:2]
            raise ValueError(
                f"a frame needs {size}x{size} pixels, as many as a template has cells, but has "
                f"{w}x{h}."
            )


def _inside(cells: np.ndarray, crop: Crop) -> np.ndarray:
    """Joints (K, 2) on a crop's cells; NaN where they lie beyond it."""
    inside = (cells > -0.5) & (cells < np.subtract(crop.grid, 0.5))
    return np.where(inside.all(-1, keepdims=True), cells, np.nan)


def save_parts(model: MixtureOfParts, path: Path | str) -> None:
    """Write a trained estimator to a safetensors file: weights, and all that `load_parts` needs.

    ValueError before training; InputError where it cannot be written.
    """
    mixture = model._trained()
    checkpoint.save(
        path,
        mixture,
        mixture_of_parts={
            "skeleton": model.skeleton.name,
            "joints": model.skeleton.joints,
            "settings": asdict(model.settings),
            "types": mixture.types,
            "versions": {"format": FORMAT, "torch": torch.__version__},
        },
    )


def load_parts(path: Path | str) -> MixtureOfParts:
    """The estimator in a file of `save_parts`; InputError where it is missing, damaged or none."""
    model, _ = checkpoint.restore(path, "mixture_of_parts", _restored)
    if (model._trained().stiffness < SOFTEST).any():
        raise InputError(f"{path} holds springs that do not pull; train it again.")
    return model


def _restored(notes: dict) -> tuple[MixtureOfParts, Mixture]:
    """A MixtureOfParts as a file's notes describe it, its weights still to come."""
    notes = notes["mixture_of_parts"]
    if notes["versions"]["format"] != FORMAT:
        raise ValueError(f"its format is {notes['versions']['format']}, not {FORMAT}")
    skeleton = skeleton_named(notes["skeleton"]).with_joints(notes["joints"])
    model = MixtureOfParts(skeleton, Settings(**notes["settings"]))
    types = notes["types"]
    if len(types) != len(model.parts) or not all(
        type(t) is int and 1 <= t <= model.settings.types for t in types
    ):
        raise ValueError("the types of its parts do not fit its settings")
    model.mixture = Mixture(model.parts.parents, types, model.settings.size)
    return model, model.mixture
