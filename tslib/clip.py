"""A clip: the frames, joints and boxes of one person in one video, the same for every data set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import InputError
from .images import read_image
from .skeletons import Skeleton


@dataclass(frozen=True, eq=False)
class Clip:
    """What a data set says of one video. T frames, K joints; pixels from 0, x right, y down.

    name : unique within the data set
    joints : float32 (T, K, 2) px; NaN where no position is known at all
    visible : bool (T, K), whether a joint may be counted; False wherever its position is NaN
    box : float32 (T, 4) px, left, top, width, height of the person; NaN where unknown
    frames : T images, uint8 (H, W, 3) RGB, read when asked for; None where only labels are there
    action : "" where the data set has none
    split : "train", "test" or ""
    size : (W, H) px of the frames; None where neither frames nor labels say
    number : int64 (T,), the frames' numbers in their video; None where they are consecutive

    Building one checks it: InputError names the clip and what does not fit.
    """

    name: str
    joints: np.ndarray
    visible: np.ndarray
    box: np.ndarray
    skeleton: Skeleton
    frames: Sequence[np.ndarray] | None = None
    action: str = ""
    split: str = ""
    size: tuple[int, int] | None = None
    number: np.ndarray | None = None

    def __post_init__(self) -> None:
        T, K = len(self.joints), len(self.skeleton.joints)
        self._check("joints", "float32", (T, K, 2))
        self._check("visible", "bool", (T, K))
        self._check("box", "float32", (T, 4))
        if self.number is not None:
            self._check("number", "int64", (T,))
        if self.frames is not None and len(self.frames) != T:
            raise InputError(
                f"clip {self.name!r} has labels for {T} frames, but {len(self.frames)} frames."
            )
        if not T:
            raise InputError(f"clip {self.name!r} has no frame.")
        if not np.isfinite(self.joints[self.visible]).all():
            raise InputError(f"clip {self.name!r} calls a joint visible that has no position.")
        if self.split not in ("train", "test", ""):
            raise InputError(f"the split of {self.name!r} is {self.split!r}, not train or test.")

    def _check(self, field: str, dtype: str, shape: tuple[int, ...]) -> None:
        value = getattr(self, field)
        if value.dtype != dtype or value.shape != shape:
            raise InputError(
                f"{field} of clip {self.name!r} must be {dtype} {shape}, "
                f"but is {value.dtype} {value.shape}."
            )

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def size_of_person(self) -> np.ndarray:
        """max(width, height) of each frame's box, (T,) px, the unit of PCK; NaN where unknown."""
        return self.box[:, 2:].max(-1)

    @property
    def counted(self) -> np.ndarray:
        """What PCK can count, bool (T, K): visible joints of a person of known, positive size."""
        size = self.size_of_person
        return self.visible & (np.isfinite(size) & (size > 0))[:, None]


class ImageFiles(Sequence):
    """Frames in files, read when they are asked for: uint8 (H, W, 3) RGB.

    files : paths, one for each frame
    size : (W, H) px that every frame must have; None: any

    ``frames[t]`` raises InputError where the file is missing, unreadable or of another size; a
    slice is another ImageFiles.
    """

    def __init__(self, files: Iterable[Path | str], size: tuple[int, int] | None = None) -> None:
        self.files, self.size = [Path(f) for f in files], size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, t: Any) -> Any:
        if isinstance(t, slice):
            return ImageFiles(self.files[t], self.size)
        image = read_image(self.files[t])
        H, W = image.shape[:2]
        if self.size and self.size != (W, H):
            raise InputError(
                f"{self.files[t]} is {W}x{H} pixels, but its clip is "
                f"{self.size[0]}x{self.size[1]}; replace it."
            )
        return image

    @property
    def missing(self) -> list[int]:
        """The frames whose file is not there."""
        return [t for t, file in enumerate(self.files) if not file.is_file()]
