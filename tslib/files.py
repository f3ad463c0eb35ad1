"""Names that are safe to use; files and folders that appear whole, or not at all."""

import os
import re
import shutil
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import InputError

try:
    import fcntl
except ImportError:
    # Windows has none.
    fcntl = None  # type: ignore[assignment]

_UNFINISHED = ".unfinished"
_LARGEST = 1 << 32  # bytes of a file that is read at once


def is_utf8(name: Path | str) -> bool:
    """Whether a name is UTF-8; any other brings OpenCV down with the whole process."""
    # Python's stand-ins for such bytes.
    return not re.search(r"[\ud800-\udfff]", str(name))


def is_plain(name: str) -> bool:
    """Whether a str names one file or folder on any system; False where it might lead elsewhere."""
    odd = name in ("", ".", "..") or not is_utf8(name) or re.search(r"[/\\:\x00-\x1f]", name)
    return not odd and len(os.fsencode(name)) <= 255


def ordinary(path: Path | str, missing: str, most: int = _LARGEST) -> Path:
    """The path of a file; InputError says `missing`, or that it is no ordinary one or too large."""
    path = Path(path)
    if not os.path.exists(path):  # which says no of a name that is too long as well
        raise InputError(missing)
    if not path.is_file() or path.stat().st_size > most:
        raise InputError(f"{path} is no ordinary file, or far too large; name another one.")
    return path


def read_toml(path: Path | str, missing: str) -> dict[str, Any]:
    """The content of a TOML file; an InputError says `missing` where there is no such file."""
    file = ordinary(path, missing, 1 << 20)
    try:
        text = file.read_text(encoding="utf-8-sig")
        for line in text.splitlines():
            *keys, rest = line.split("=")
            if any(key.count(".") > 20 for key in (*keys, "" if "," in rest else rest)):
                raise ValueError("a key has more than twenty parts")
        content = tomllib.loads(text)
        _check_toml(content)
        return content
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        # Not TOML, not UTF-8, a number of thousands of digits, or brackets in brackets.
        raise InputError(f"{path} is not valid TOML: {str(error).rstrip('.')}.") from None


def _check_toml(content: Any) -> None:
    """ValueError for numbers beyond TOML's own, and for what would be too deep to be shown."""
    level = [content]
    for _ in range(20):
        if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in level):
            raise ValueError("a whole number has more than 64 bits")
        tables = [v.values() for v in level if isinstance(v, dict)]
        lists = [v for v in level if isinstance(v, list)]
        level = [value for values in (*tables, *lists) for value in values]
    if level:
        raise ValueError("tables stand in tables more than twenty deep")


def check_unpacked(path: Path | str, most: int) -> None:
    """ValueError where the members of a zip, such as an .npz, unpack to more bytes than that."""
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > most:
            raise ValueError("it unpacks to too much")


def write_whole(path: Path | str, data: bytes) -> None:
    """Replace a file by these bytes in one step; InputError where that fails, and all stays."""
    with replacing(path) as whole:
        whole.write_bytes(data)


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """A file to write that becomes `path` after the block, or vanishes where the block fails.

    A link stays one, to the new file, which others may read or not as the old one. Raises
    InputError, before the block, where something is at the path that is no ordinary file; and where
    the file cannot be written.
    """
    place = Path(os.path.realpath(path))
    try:
        if place.exists() and not place.is_file():
            what = "a folder" if place.is_dir() else "no ordinary file"
            raise InputError(f"{path} cannot be written: it is {what}; name another one.")
        if not place.parent.is_dir():
            missing = f"{path} cannot be written: there is no folder {place.parent}"
            raise InputError(f"{missing}; name a file in a folder that exists.")
        with unfinished(place) as folder:
            yield folder / place.name
            if place.exists():
                shutil.copymode(place, folder / place.name)
            os.replace(folder / place.name, place)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from None


@contextmanager
def appearing(output: Path | str) -> Iterator[Path]:
    """A folder to write into that becomes `output` after the block, and vanishes where it fails.

    Raises InputError, before the block, where something is in the way of `output`.
    """
    # A link to an empty folder stays a link.
    place = Path(os.path.realpath(output))
    for parent in place.parents:
        if parent.exists() and not parent.is_dir():
            raise InputError(f"{parent} is a file, so {output} cannot be a folder; name another.")
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        more = " or remove it" if place.is_dir() else ""  # a file may be the only film of its kind
        raise InputError(f"{output} exists already; name another folder{more}.")
    # On the same disk, so that a rename will do.
    anchor = next(p for p in place.parents if p.is_dir())
    with ExitStack() as stack:
        try:
            # Within the nest, which nobody else may read, a folder that everybody may.
            folder = stack.enter_context(unfinished(place, anchor)) / place.name
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


@contextmanager
def unfinished(place: Path, parent: Path | None = None) -> Iterator[Path]:
    """A hidden folder, beside place or in parent, for what is not finished; what killed runs have
    left there goes. An OSError that names nothing, or what is hidden, gets the name of place.
    """
    parent = parent or place.parent
    for old in parent.glob(f".*{_UNFINISHED}"):
        with suppress(OSError), _locked(old):
            shutil.rmtree(old)
    hidden = f".{place.name[:50]}."
    with ExitStack() as stack:
        try:
            while True:
                folder = Path(tempfile.mkdtemp(_UNFINISHED, hidden, parent))
                try:
                    stack.enter_context(_locked(folder))
                except BlockingIOError:
                    continue
                except OSError:
                    pass  # some disks know no locks: there nothing is removed
                if folder.is_dir():  # no other run has taken it for a killed one's before
                    break
            stack.callback(shutil.rmtree, folder, ignore_errors=True)  # if Ctrl-C ends the first
            stack.callback(shutil.rmtree, folder)
            yield folder
        except OSError as error:
            if error.filename is None or hidden in str(error.filename):
                error.filename = str(place)
            raise


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """A block that no other run enters with this folder; InputError where one is in it."""
    with ExitStack() as stack:
        try:
            stack.enter_context(_locked(folder))
        except BlockingIOError:
            raise InputError(f"another run is at work in {folder}; let it end first.") from None
        except OSError:
            pass  # some disks know no locks
        yield


@contextmanager
def _locked(folder: Path | str) -> Iterator[None]:
    """Hold a folder's lock, which ends with the process; OSError where another one has it."""
    if fcntl is None:
        raise OSError("Windows locks no folder")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
