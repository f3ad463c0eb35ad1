"""Names that are safe to use; files and folders that appear whole, or not at all."""

import os
import re
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .errors import InputError


def is_utf8(name: Path | str) -> bool:
    """Whether a name is UTF-8; any other brings OpenCV down with the whole process."""
    # Python's stand-ins for such bytes.
    return not re.search(r"[\ud800-\udfff]", str(name))


def is_plain(name: str) -> bool:
    """Whether a str names one file or folder on any system; False where it might lead elsewhere."""
    return name not in ("", ".", "..") and is_utf8(name) and not re.search(r"[/\\:\x00-\x1f]", name)


def read_toml(path: Path | str, missing: str) -> dict[str, Any]:
    """The content of a TOML file; an InputError says `missing` where there is no such file."""
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(missing) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        # Not TOML, not UTF-8, or a number of thousands of digits.
        raise InputError(f"{path} is not valid TOML: {str(error).rstrip('.')}.") from None


def write_whole(path: Path | str, data: bytes) -> None:
    """Replace a file by these bytes in one step; InputError where that fails, and all stays."""
    path = Path(path)
    try:
        with _nest(path.name, path.parent) as folder:
            whole = Path(folder) / path.name
            whole.write_bytes(data)
            os.replace(whole, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from None


def claim(file: Path, of: bytes) -> None:
    """Write down of what a folder's content is computed, or see that it is of this very thing.

    file : in that folder, which is made; InputError where the file holds anything else.
    """
    if file.exists() and file.read_bytes() != of:
        raise InputError(
            f"{file.parent} was computed from other tracks, clips or settings; "
            "give another folder for the output."
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, of)


@contextmanager
def appearing(output: Path | str) -> Iterator[Path]:
    """A folder to write into that becomes `output` after the block, and vanishes where it fails.

    Raises InputError, before the block, where something is in the way of `output`.
    """
    # A link to an empty folder stays a link.
    place = Path(os.path.realpath(output))
    for parent in place.parents:
        if parent.exists() and not parent.is_dir():
            raise InputError(
                f"{parent} is a file, so {output} cannot be a folder; name another one."
            )
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise InputError(f"{output} exists already; name another folder or remove it.")
    # On the same disk, so that a rename will do.
    anchor = next(p for p in place.parents if p.is_dir())
    with ExitStack() as stack:
        try:
            # Within the nest, which nobody else may read, a folder that everybody may.
            folder = Path(stack.enter_context(_nest(place.name, anchor))) / place.name
            folder.mkdir()
        except OSError as error:
            raise InputError(
                f"{output} cannot be made: {error.strerror}; name another folder."
            ) from None
        yield folder
        # It was empty.
        if place.exists():
            place.rmdir()
        place.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(place)


def _nest(name: str, parent: Path) -> tempfile.TemporaryDirectory[str]:
    """A hidden folder, as a context, for what is not finished."""
    return tempfile.TemporaryDirectory(prefix=f".{name[:50]}.", dir=parent)
