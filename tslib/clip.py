"""A clip: the frames, joints and boxes of one person in one video, the same for every data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import InputError
from .images import read_image
from .skeletons import Skeleton


@dataclass(frozen=True, eq=False)
class Clip:
    """What a data set says of one video. T frames, K joints; pixels from 0, x right, y down.

    name : str, unique within the data set
    joints : float32 (T, K, 2) px; NaN where no position is known at all
    visible : bool (T, K), whether a joint may be counted; False wherever its position is NaN
    box : float32 (T, 4) px, left, top, width, height of the person; NaN where unknown
    skeleton : Skeleton
    frames : sequence of T images, uint8 (H, W, 3) RGB, read when asked for; None where only labels
    are there
    action : str, "" where the data set has none
    split : "train", "test" or ""
    size : (W, H) px of the frames; None where neither frames nor labels say
    number : int64 (T,), the frames' numbers in their video where they are not consecutive, else
    None

    A rendered clip's exact flow is read by `renderer.read_flow(root, clip.name)`.

    Building one checks it: InputError names the clip and what does not fit.
    """

    name: str
    joints: np.ndarray
    visible: np.ndarray
    box: np.ndarray
    skeleton: Skeleton
    frames: Sequence | None = None
    action: str = ""
    split: str = ""
    size: tuple[int, int] | None = None
    number: np.ndarray | None = None

    def __post_init__(self):
        T, K = len(self.joints), len(self.skeleton.joints)
        arrays = [
            ("joints", np.float32, (T, K, 2)),
            ("visible", bool, (T, K)),
            ("box", np.float32, (T, 4)),
        ]
        if self.number is not None:
            arrays.append(("number", np.int64, (T,)))
        for field, dtype, shape in arrays:
            value = getattr(self, field)
            if value.dtype != dtype or value.shape != shape:
                raise InputError(
                    f"{field} of clip {self.name!r} must be {np.dtype(dtype)} {shape}, "
                    f"but is {value.dtype} {value.shape}."
                )
        if self.frames is not None and len(self.frames) != T:
            raise InputError(
                f"clip {self.name!r} has labels for {T} frames, but {len(self.frames)} frames."
            )
        if not T:
            raise InputError(f"clip {self.name!r} has no frame.")
        if not np.isfinite(self.joints[self.visible]).all():
            raise InputError(f"clip {self.name!r} calls a joint visible that has no position.")
        if self.split not in ("train", "test", ""):
            raise InputError(
                f"the split of clip {self.name!r} is {self.split!r}, not train or test."
            )

    def __len__(self):
        return len(self.joints)

    @property
    def size_of_person(self):
        """max(width, height) of the box in each frame, (T,) px, the unit of PCK; NaN where unknown."""
        return self.box[:, 2:].max(-1)

    @property
    def counted(self):
        """What PCK can count, bool (T, K): visible joints where the size of the person is known,
        positive.
        """
        size = self.size_of_person
        return self.visible & (np.isfinite(size) & (size > 0))[:, None]


class ImageFiles(Sequence):
    """Frames in files, read when they are asked for: uint8 (H, W, 3) RGB.

    files : paths, one for each frame
    size : (W, H) px that every frame must have; None: any

    ``frames[t]`` raises InputError where the file is missing, unreadable or of another size; a
    slice is another ImageFiles. ``frames.missing`` lists the t whose file is not there.
    """

    def __init__(self, files, size=None):
        self.files, self.size = [Path(f) for f in files], size

    def __len__(self):
        return len(self.files)

    def __getitem__(self, t):
        if isinstance(t, slice):
            return ImageFiles(self.files[t], self.size)
        image = read_image(self.files[t])
        size = image.shape[1], image.shape[0]
        if self.size and size != self.size:
            raise InputError(
                f"{self.files[t]} is {size[0]}x{size[1]} pixels, but its clip is "
                f"{self.size[0]}x{self.size[1]}; replace it."
            )
        return image

    @property
    def missing(self):
        return [t for t, file in enumerate(self.files) if not file.is_file()]
