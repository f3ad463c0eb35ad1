"""Archives made on the spot."""

import io
import tarfile
import zipfile

import numpy as np


def zipped(members):
    """Bytes of a .zip of {name: bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def tarred(members, mode="w:gz"):
    """Bytes of a .tar.gz of (TarInfo or name, bytes) pairs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as file:
        for member, content in members:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
                member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


SMALL = np.random.default_rng(0).bytes(3000)
ZIP = zipped(
    {"set/a/one.txt": b"1", "set/two.bin": SMALL, "set/.DS_Store": b"", "__MACOSX/set/x": b""}
)


def holds(root):
    """Relative paths of the files below root."""
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
