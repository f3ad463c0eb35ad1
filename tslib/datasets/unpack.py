"""Archives of strangers, unpacked: plain files into one folder, of plausible size, all or nothing."""

import errno
import gzip
import re
import shutil
import stat
import tarfile
import zipfile

from ..errors import InputError
from ..files import is_plain

MOST_BYTES = 100_000_000_000
MOST_FILES = 2_000_000
MOST_TIMES = 100  # as large as the archive itself; pictures hardly shrink
SPARE = 10_000_000  # bytes that are always allowed: a small text may shrink a lot
PIECE = 1 << 20  # bytes

_RESERVED = re.compile(
    r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE
)  # devices on Windows
_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}


class NoRoom(InputError):
    """An archive may be good, but does not fit on the disk."""


def unpack(archive, target):
    """Unpack a .zip, .tar or .tar.gz file into a folder that appears complete, or not at all.

    archive : Path of the file
    target : Path of the folder, which must not exist; a single folder around everything in the
        archive is dropped. Hidden files, such as macOS leaves behind, are left out

    Raises
    ------
    NoRoom
        It does not fit on the disk.
    InputError The archive is damaged or no archive, is unreasonably large, or holds anything but
        files and folders with plain relative names.
    OSError
        The disk refuses.
    """
    folder = target.parent / f".{target.name}.unpacking"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with open(archive, "rb") as file:
            _write_all(archive, _members(archive, file), folder)
        top = list(folder.iterdir())
        if not top:
            raise InputError(f"{archive} holds no file.")
        (top[0] if len(top) == 1 and top[0].is_dir() else folder).rename(target)
    except InputError:
        raise
    except OSError as error:
        if error.errno in _THE_DISK:
            raise
        raise InputError(
            f"{archive} cannot be unpacked: it is damaged; download it again."
        ) from None
    except Exception:  # on damaged bytes zipfile and tarfile may raise anything
        raise InputError(
            f"{archive} cannot be unpacked: it is damaged; download it again."
        ) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_all(archive, members, folder):
    """Write members (name, whether a folder, bytes, a function that opens it) into a folder,
    counting.
    """
    most = min(MOST_BYTES, MOST_TIMES * archive.stat().st_size + SPARE)
    count, total = 0, 0
    for name, is_folder, size, opened in members:
        count, total = count + 1, total + size
        if size < 0 or count > MOST_FILES or total > most:
            raise InputError(f"{archive} holds unreasonably much; it is not what it should be.")
        parts = _plain(name, archive)
        if any(p.startswith(".") or p == "__MACOSX" for p in parts):
            continue
        path = folder.joinpath(*parts)
        if is_folder:
            path.mkdir(parents=True, exist_ok=True)
            continue
        if size > (free := shutil.disk_usage(folder).free):
            raise NoRoom(
                f"{archive} does not fit: {free / 1e9:.2f} GB are free; make room or name another folder."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with opened() as source, open(path, "xb") as file:  # x: nothing is written twice
                left = size
                while piece := source.read(min(PIECE, left)):
                    file.write(piece)
                    left -= len(piece)
        except FileExistsError:
            raise InputError(
                f"{archive} holds {name!r} twice; it is not what it should be."
            ) from None
        if left:
            raise InputError(f"{archive} ends within {name!r}; download it again.")


def _plain(name, archive):
    """The parts of a relative name; InputError where it might lead elsewhere, on any system."""
    parts = [p for p in name.rstrip("/").split("/") if p != "."]
    if any(
        not is_plain(p) or p[-1] in " ." or _RESERVED.fullmatch(p) for p in parts
    ):  # /a has an empty part
        raise InputError(
            f"{archive} holds the name {name[:200]!r}, which is unsafe or leads elsewhere; do not trust it."
        )
    return parts


def _members(archive, file):
    """Yield (name, whether a folder, bytes, a function that opens it) of an open archive."""
    start = file.read(4)
    file.seek(0)
    if start[:2] == b"PK":
        with zipfile.ZipFile(file) as packed:
            for member in packed.infolist():
                kind = stat.S_IFMT(member.external_attr >> 16)
                if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise InputError(
                        f"{archive} holds {member.filename!r}, a link or device; do not trust it."
                    )
                yield (
                    member.filename,
                    member.is_dir(),
                    member.file_size,
                    lambda m=member: packed.open(m),
                )
        return
    reader = _Careful(gzip.GzipFile(fileobj=file) if start[:2] == b"\x1f\x8b" else file)
    with tarfile.open(fileobj=reader, mode="r:") as packed:
        for member in packed:
            if (
                member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE)
                or member.issparse()
            ):
                raise InputError(
                    f"{archive} holds {member.name!r}, a link or device; do not trust it."
                )
            yield member.name, member.isdir(), member.size, lambda m=member: packed.extractfile(m)
            packed.members = []  # tarfile would keep them all
    if reader.last != bytes(tarfile.BLOCKSIZE):  # tarfile takes any nonsense for the end, too
        raise InputError(f"{archive} ends too early or is damaged; download it again.")
    for _ in range(SPARE // PIECE):  # gzip's own checksum stands at the very end
        if not reader.read(PIECE):
            return
    raise InputError(f"{archive} goes on after its end; it is not what it should be.")


class _Careful:
    """What tarfile reads from: never much at once, for a header of a bomb may claim any size.

    ``last`` is what was read last.
    """

    def __init__(self, file):
        self._file, self.last = file, b""
        self.seek, self.tell = file.seek, file.tell

    def read(self, size):
        if not 0 <= size <= 4 * PIECE:
            raise ValueError(f"{size} bytes at once")
        self.last = self._file.read(size)
        return self.last
