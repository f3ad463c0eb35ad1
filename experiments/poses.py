"""Files of estimated joints, which one experiment writes and another one reads: an .npz, clip by
clip.
"""

import io
from zipfile import BadZipFile

import numpy as np

from tslib.errors import InputError
from tslib.files import write_whole


def save_poses(file, clips, poses):
    """Write joints of clips to an .npz file, float32 by the clips' names; whole or not at all."""
    stream = io.BytesIO()
    np.savez_compressed(
        stream, **{c.name: p.astype(np.float32) for c, p in zip(clips, poses, strict=True)}
    )
    write_whole(file, stream.getvalue())


def load_poses(file, clips):
    """Joints of clips from a file of `save_poses`, a list; InputError where it holds others."""
    try:
        with np.load(file) as content:
            poses = {name: content[name] for name in content.files}
    except (AttributeError, EOFError, ValueError, BadZipFile):
        raise InputError(f"{file} is damaged; remove it, and it is computed again.") from None
    if not {clip.name for clip in clips} <= set(poses):
        raise InputError(f"{file} was made on other clips; give another folder for the output.")
    return [poses[clip.name] for clip in clips]


def read_estimates(file, clips):
    """Joints of clips from a file of `estimate`: {name: (T, K, 2) px}; InputError where it lacks
    some.
    """
    try:
        with np.load(file) as content:
            return {clip.name: content[clip.name] for clip in clips}
    except FileNotFoundError:
        raise InputError(f"there is no file {file}.") from None
    except KeyError as error:
        name = str(error).split()[0].strip("'\"")
        raise InputError(
            f"{file} has no joints of clip {name!r}; it was made from another folder."
        ) from None
    except (AttributeError, EOFError, OSError, TypeError, ValueError, BadZipFile):
        raise InputError(f"{file} cannot be read as estimates (.npz).") from None
