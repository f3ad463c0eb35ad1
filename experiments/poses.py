"""Files of estimated joints, which one experiment writes and another one reads: an .npz, clip by
clip.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from tslib.clip import Clip
from tslib.errors import InputError
from tslib.files import check_unpacked, ordinary, write_whole

_LARGEST = 1 << 29  # bytes of all joints


def write_estimates(file: Path, clips: Iterable[Clip], poses: Iterable[np.ndarray]) -> None:
    """Write joints of clips to an .npz file, float32 by the clips' names; whole or not at all."""
    stream = io.BytesIO()
    named = {c.name: p.astype(np.float32) for c, p in zip(clips, poses, strict=True)}
    np.savez_compressed(stream, **named)  # type: ignore[arg-type]  # a clip's name is no option
    write_whole(file, stream.getvalue())


def read_estimates(file: Path | str, clips: Sequence[Clip]) -> dict[str, np.ndarray]:
    """Joints of clips from a file of `write_estimates`: {clip's name: (T, K, 2) px}.

    InputError where it is missing, damaged, or lacks one of the clips.
    """
    ordinary(file, f"there is no file {file}.")
    try:
        check_unpacked(file, _LARGEST)
        with np.load(file) as content:
            poses = {clip.name: content[clip.name] for clip in clips}
        for clip in clips:
            (T, _, xy), kind = poses[clip.name].shape, poses[clip.name].dtype.kind
            if (T, xy, kind) != (len(clip), 2, "f") or np.isinf(poses[clip.name]).any():
                raise ValueError(f"{clip.name} has other frames, or no places")
        return poses
    except KeyError as error:
        name = str(error).split()[0].strip("'\"")
        raise InputError(
            f"{file} has no joints of clip {name!r}; it was made from other clips, so give another "
            "file or folder."
        ) from None
    # numpy, zipfile and zlib each have errors of their own for a damaged file.
    except Exception:
        raise InputError(
            f"{file} cannot be read as joints (.npz) or is damaged; remove it, and make it again."
        ) from None


def kept(
    file: Path, clips: Sequence[Clip], predict: Callable[[], Iterable[np.ndarray]]
) -> list[np.ndarray]:
    """Joints of clips from a file, where they are predicted and kept if it is not there yet."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)  # JHMDB's names have a folder in them
        write_estimates(file, clips, predict())
    return list(read_estimates(file, clips).values())


def frames_of(clip: Clip) -> Sequence[np.ndarray]:
    """A clip's frames; InputError where it has labels alone."""
    if clip.frames is None:
        raise InputError(f"clip {clip.name!r} has labels but no frames; load it with its frames.")
    return clip.frames
