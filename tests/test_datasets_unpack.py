"""Archives that mean harm, and good ones."""

import gzip
import io
import os
import shutil
import stat
import tarfile
import zipfile
from collections import namedtuple

import pytest
from archives import SMALL, ZIP, holds, tarred, zipped

import tslib.datasets.unpack
from tslib.datasets.unpack import unpack
from tslib.errors import InputError


def tar_member(name, **attributes):
    member = tarfile.TarInfo(name)
    for key, value in attributes.items():
        setattr(member, key, value)
    return member


def zip_link(name, target):
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return zipped({member: target})


BAD_NAMES = [
    "../out",
    "a/../../out",
    "/out",
    "//out",
    "c:/out",
    "a\\..\\out",
    "..",
    "a/b/../../../out",
    "a\nb",
]
BAD_NAMES += ["nul", "a/COM1.txt", "a./b", "a /b"]
NOT_UTF_8 = tarred([("ok", b""), ("a/\udcff.png", b"x")])
SPARSE = tar_member("a", size=517)
SPARSE.pax_headers = {
    "GNU.sparse.major": "1",
    "GNU.sparse.minor": "0",
    "GNU.sparse.realsize": "9999",
}
LINK, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE
HOSTILE = {
    **{f"zip {n!r}": (zipped({"ok": b"", n: b"x"}), "leads elsewhere") for n in BAD_NAMES},
    **{f"tar {n!r}": (tarred([("ok", b""), (n, b"x")]), "leads elsewhere") for n in BAD_NAMES},
    "tar, bytes that are not UTF-8": (NOT_UTF_8, "unsafe"),
    "symbolic link": (
        tarred([(tar_member("a", type=LINK, linkname="/etc"), b"")]),
        "link or device",
    ),
    "hard link": (tarred([(tar_member("a", type=HARD, linkname="b"), b"")]), "link or device"),
    "device": (tarred([(tar_member("a", type=tarfile.CHRTYPE), b"")]), "link or device"),
    "pipe": (tarred([(tar_member("a", type=tarfile.FIFOTYPE), b"")]), "link or device"),
    "sparse": (
        tarred([(tar_member("a", type=tarfile.GNUTYPE_SPARSE), b"")]),
        "link or device|damaged",
    ),
    "sparse, by extended headers": (
        tarred([(SPARSE, b"1\n0\n5\n".ljust(512, b"\0") + b"12345")]),
        "link or d",
    ),
    "link in a zip": (zip_link("a", "../../etc"), "link or device"),
    "link, then through it": (
        tarred([(tar_member("a", type=LINK, linkname=".."), b""), ("a/out", b"x")]),
        "link or device",
    ),
    "the same name twice": (tarred([("a/b", b"1"), ("a/b", b"2")]), "twice"),
    "a file for a folder": (tarred([("a", b"1"), ("a/b", b"2")]), "damaged|twice"),
    "zeros": (zipped({"a": bytes(30_000_000)}), "unreasonably much"),
    "zeros in a tar": (tarred([("a", bytes(30_000_000))]), "unreasonably much"),
    "a huge header": (tarred([(tar_member("a" * 6_000_000), b"")]), "damaged"),
    "a claimed terabyte": (
        gzip.compress(tar_member("a", size=10**12).tobuf()),
        "unreasonably much",
    ),
    "a negative size": (
        tar_member("a", size=-512).tobuf(tarfile.GNU_FORMAT),
        "unreasonably much|damaged",
    ),
    "cut off": (ZIP[:1500], "damaged"),
    "a tar cut between files": (tarred([("a", SMALL), ("b", SMALL)], "w")[:3584], "ends too early"),
    "a tar cut within a file": (
        tarred([("a", SMALL), ("b", SMALL)], "w")[:5000],
        "ends within|too early|damaged",
    ),
    "a tar.gz cut off": (tarred([("a", SMALL), ("b", SMALL)])[:-9], "damaged"),
    "a wrong checksum in gzip": (tarred([("a", SMALL)])[:-8] + bytes(8), "damaged"),
    "nothing": (b"", "damaged|too early"),
    "an empty zip": (zipped({}), "holds no file"),
    "a web page": (b"<html>please log in</html>" * 99, "damaged"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_and_damaged_archives_are_refused_and_leave_nothing(tmp_path, kind):
    content, word = HOSTILE[kind]
    root = tmp_path / "a" / "b"
    root.mkdir(parents=True)
    (root / "archive").write_bytes(content)
    with pytest.raises(InputError, match=word) as error:
        unpack(root / "archive", root / "set")
    assert str(error.value).endswith(".") and "\n" not in str(error.value)
    assert holds(tmp_path) == ["a/b/archive"] and os.listdir(root) == ["archive"]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("layout", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_good_tar_is_unpacked_without_its_only_folder(tmp_path, mode, layout):
    buffer, long = io.BytesIO(), "Rename_Images/clap/" + "(l)!@'+" * 20 + "/00001.png"
    with tarfile.open(fileobj=buffer, mode=mode, format=layout) as file:
        for member in (
            tar_member("Rename_Images", type=tarfile.DIRTYPE),
            tar_member(long, size=3000),
        ):
            file.addfile(member, io.BytesIO(SMALL))
    (tmp_path / "archive").write_bytes(buffer.getvalue())
    unpack(tmp_path / "archive", tmp_path / "set")
    assert holds(tmp_path / "set") == [long.removeprefix("Rename_Images/")]


def test_a_header_is_never_read_in_one_huge_piece():
    with pytest.raises(ValueError, match="at once"):
        tslib.datasets.unpack._Careful(io.BytesIO()).read(1 << 30)
    assert tslib.datasets.unpack._Careful(io.BytesIO(b"x")).read(0) == b""


def test_nothing_is_executable(tmp_path):
    (tmp_path / "archive").write_bytes(tarred([(tar_member("a", mode=0o7777, size=1), b"x")]))
    unpack(tmp_path / "archive", tmp_path / "set")
    assert not (tmp_path / "set" / "a").stat().st_mode & 0o7111


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "archive").write_bytes(ZIP)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("usage", "free")(100))
    with pytest.raises(OSError, match="No space left on device") as error:
        unpack(tmp_path / "archive", tmp_path / "set")
    assert error.value.filename == str(tmp_path / "set")
    assert os.listdir(tmp_path) == ["archive"]


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tslib.datasets.unpack, "_MOST_FILES", 2)
    (tmp_path / "archive").write_bytes(zipped({str(n): b"" for n in range(3)}))
    with pytest.raises(InputError, match="unreasonably much"):
        unpack(tmp_path / "archive", tmp_path / "set")
