"""Archives of strangers, unpacked: plain files in one folder, of plausible size, all or nothing.

zipfile and tarfile write the files; checked here is what they let pass: how much there is, links,
names that are written twice or that another system takes for a device, and an end too early.
"""

import errno
import gzip
import os
import re
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import IO, cast

from ..errors import InputError
from ..files import is_plain, unfinished

_MOST_BYTES = 100_000_000_000
_MOST_FILES = 2_000_000
# How many times as large as the archive its content may be, because pictures hardly shrink, and how
# many bytes are always allowed, because a small text may shrink a lot.
_MOST_TIMES, _SPARE = 100, 10_000_000
_PIECE = 1 << 20

_DEVICE_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}


def unpack(archive: Path, target: Path) -> None:
    """Unpack a .zip, .tar or .tar.gz file into a new folder that appears complete, or not at all.

    A single folder around everything is dropped, and hidden files, such as macOS leaves behind, are
    left out. Raises OSError where the disk is full or refuses, and InputError where the archive is
    damaged or none, unreasonably large, or holds anything but files and folders with plain relative
    names.
    """
    with unfinished(target) as nest:
        folder = nest / target.name
        folder.mkdir()
        try:
            with open(archive, "rb") as file:
                kind, gate = file.read(2), _Gate(archive, folder)
                file.seek(0)
                if kind == b"PK":
                    _unzip(file, gate)
                else:
                    _untar(gzip.GzipFile(fileobj=file) if kind == b"\x1f\x8b" else file, gate)
            top = list(folder.iterdir())
            if not top:
                raise InputError(f"{archive} holds no file.")
            (top[0] if len(top) == 1 and top[0].is_dir() else folder).rename(target)
        except Exception as error:
            # On damaged bytes zipfile and tarfile may raise anything.
            if isinstance(error, InputError) or getattr(error, "errno", None) in _THE_DISK:
                raise
            raise InputError(f"{archive} is damaged; download it again.") from None


class _Gate:
    """Counts an archive's members; InputError for the first that no honest archive holds."""

    def __init__(self, archive: Path, folder: Path) -> None:
        self.archive, self.folder, self.files = archive, folder, 0
        self.left = min(_MOST_BYTES, _MOST_TIMES * archive.stat().st_size + _SPARE)

    def admits(self, name: str, size: int, is_folder: bool, plain: bool) -> bool:
        """Whether it is to be written: not where it is hidden."""
        self.files, self.left = self.files + 1, self.left - size
        if size < 0 or self.files > _MOST_FILES or self.left < 0:
            raise InputError(f"{self.archive} holds unreasonably much; do not trust it.")
        if not plain:
            raise InputError(
                f"{self.archive} holds {name[:200]!r}, a link or device; do not trust it."
            )
        # An absolute name has an empty part.
        parts = [p for p in name.rstrip("/").split("/") if p != "."]
        if not all(
            is_plain(p) and p[-1] not in " ." and not _DEVICE_ON_WINDOWS.fullmatch(p) for p in parts
        ):
            raise InputError(
                f"{self.archive} holds the name {name[:200]!r}, which is unsafe or leads "
                "elsewhere; do not trust it."
            )
        if any(p.startswith(".") or p == "__MACOSX" for p in parts):
            return False
        if not is_folder and self.folder.joinpath(*parts).exists():
            raise InputError(f"{self.archive} holds {name[:200]!r} twice; do not trust it.")
        if size > shutil.disk_usage(self.folder).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return True


def _unzip(file: IO[bytes], gate: _Gate) -> None:
    with zipfile.ZipFile(file) as packed:
        for member in packed.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
            if gate.admits(member.filename, member.file_size, member.is_dir(), plain):
                packed.extract(member, gate.folder)


def _untar(file: IO[bytes] | gzip.GzipFile, gate: _Gate) -> None:
    reader = _Careful(file)
    # It has what tarfile asks of a file.
    with tarfile.open(fileobj=cast(IO[bytes], reader), mode="r:") as packed:
        for member in packed:
            plain = member.isdir() or (member.isreg() and not member.issparse())
            if gate.admits(member.name, member.size, member.isdir(), plain):
                member.mode = 0o644
                packed.extract(member, gate.folder, filter="data")
            # It would keep them all in memory. The stubs do not know this attribute.
            packed.members = []  # type: ignore[attr-defined]
    # tarfile takes any nonsense for the end, and the checksum of gzip stands at the very end.
    if reader.last != bytes(tarfile.BLOCKSIZE):
        raise InputError(f"{gate.archive} ends too early or is damaged; download it again.")
    for _ in range(_SPARE // _PIECE):
        if not reader.read(_PIECE):
            return
    raise InputError(f"{gate.archive} goes on after its end; do not trust it.")


class _Careful:
    """What tarfile reads from: never much at once, for a header of a bomb may claim any size."""

    def __init__(self, file: IO[bytes] | gzip.GzipFile) -> None:
        self._file, self.last = file, b""
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        """The next `size` bytes; ValueError where they are too many."""
        if not 0 <= size <= 4 * _PIECE:
            raise ValueError(f"{size} bytes at once")
        self.last = self._file.read(size)
        return self.last
