"""Downloads from a server on this machine, with everything that goes wrong, and archives that mean
harm.
"""

import gzip
import hashlib
import io
import os
import re
import shutil
import stat
import tarfile
import threading
import zipfile
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

import tslib.datasets.download
import tslib.datasets.unpack
from tslib.__main__ import main
from tslib.datasets.download import DATA_SETS, Archive, DataSet, download
from tslib.datasets.unpack import unpack
from tslib.errors import InputError


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


class Server(ThreadingHTTPServer):
    """Serves the first ``cut`` bytes of ``content`` under a ``status``; ``asked`` are the ranges."""

    content, cut, status, resumes, chunked = ZIP, None, 200, True, False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.url = [], f"http://127.0.0.1:{self.server_address[1]}/set.zip"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        body, status = server.content, server.status
        start = int(re.fullmatch("bytes=([0-9]+)-", asked)[1]) if asked and server.resumes else 0
        if status == 200 and start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start and status == 200 else status)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if not server.chunked:
            self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start : server.cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    """A server and, under the name "set", a data set of one archive on it, with its true checksum."""
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        offer(monkeypatch, server, hashlib.md5(ZIP).hexdigest())
        yield server
        server.shutdown()


def offer(monkeypatch, server, md5):
    archive = Archive("set.zip", "set", server.url, md5)
    monkeypatch.setitem(DATA_SETS, "set", DataSet("Set", "http://page", "A, B, 2000", (archive,)))


def holds(root):
    """Relative paths of the files below root."""
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def test_fetches_checks_unpacks_and_says_whose_it_is(server, tmp_path, capsys):
    root = tmp_path / "new" / "root"
    assert main(["download", "set", str(root)]) == 0
    assert (
        holds(root) == ["set/a/one.txt", "set/two.bin"]
        and (root / "set/two.bin").read_bytes() == SMALL
    )
    said = capsys.readouterr().out
    assert "for research; read its terms at http://page" in said and "Cite: A, B, 2000." in said
    assert "third party" in said
    assert main(["download", "set", str(root)]) == 0 and len(server.asked) == 1  # there already
    assert "is there already" in capsys.readouterr().out


def test_resumes_where_it_broke_off(server, tmp_path):
    server.cut = 1000
    with pytest.raises(InputError, match="broke off .*; run the same command again to resume"):
        download("set", tmp_path)
    assert (
        holds(tmp_path) == ["set.zip.part"] and (tmp_path / "set.zip.part").stat().st_size == 1000
    )
    server.cut = None
    download("set", tmp_path)
    assert server.asked == [None, "bytes=1000-"] and holds(tmp_path) == [
        "set/a/one.txt",
        "set/two.bin",
    ]


def test_starts_again_where_the_server_cannot_resume(server, tmp_path):
    (tmp_path / "set.zip.part").write_bytes(b"x" * 50)
    server.resumes = False
    download("set", tmp_path)
    assert holds(tmp_path) == ["set/a/one.txt", "set/two.bin"]


def test_a_partial_file_that_is_whole_or_too_long(server, tmp_path):
    (tmp_path / "set.zip.part").write_bytes(ZIP)
    download("set", tmp_path)
    assert server.asked == [f"bytes={len(ZIP)}-"]
    shutil.rmtree(tmp_path / "set")
    (tmp_path / "set.zip.part").write_bytes(ZIP + b"more")
    download("set", tmp_path)
    assert holds(tmp_path) == ["set/a/one.txt", "set/two.bin"] and server.asked[-1] is None


def test_without_a_length(server, tmp_path):
    server.chunked = True  # no Content-Length: the end of the connection is the end of the file
    download("set", tmp_path)
    assert holds(tmp_path) == ["set/a/one.txt", "set/two.bin"]


def test_an_archive_that_the_user_put_there(server, tmp_path):
    (tmp_path / "set.zip").write_bytes(ZIP)
    download("set", tmp_path)
    assert not server.asked and holds(tmp_path) == ["set/a/one.txt", "set/two.bin"]


@pytest.mark.parametrize(
    "damage", [ZIP[:1500], b"<html>please log in</html>", zipped({"../out": b"x"})]
)
def test_a_damaged_archive_is_put_aside_and_fetched_again(
    server, tmp_path, monkeypatch, capsys, damage
):
    offer(monkeypatch, server, "")
    (tmp_path / "set.zip").write_bytes(damage)
    assert main(["download", "set", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.endswith("; it is now set.zip.damaged, so the same command fetches it again.\n")
    assert said.count("\n") == 1 and not server.asked and holds(tmp_path) == ["set.zip.damaged"]
    assert main(["download", "set", str(tmp_path)]) == 0 and server.asked == [None]
    assert holds(tmp_path) == ["set.zip.damaged", "set/a/one.txt", "set/two.bin"]


def test_a_good_archive_that_does_not_fit_stays(server, tmp_path, monkeypatch):
    (tmp_path / "set.zip").write_bytes(ZIP)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: namedtuple("usage", "free")(100))
        with pytest.raises(InputError, match="make room or name another folder.$"):
            download("set", tmp_path)
    assert holds(tmp_path) == ["set.zip"]
    download("set", tmp_path)
    assert not server.asked


def test_a_damaged_archive_without_an_address_stays(tmp_path):
    (tmp_path / "cvit_sports_videos.tar.gz").write_bytes(b"damaged")
    with pytest.raises(InputError, match="damaged; download it again.$"):
        download("cvit_sports", tmp_path)
    assert holds(tmp_path) == ["cvit_sports_videos.tar.gz"]


@pytest.mark.parametrize("md5", ["0" * 32, ""])
def test_a_wrong_checksum_and_none(server, tmp_path, monkeypatch, capsys, md5):
    offer(monkeypatch, server, md5)
    if md5:
        with pytest.raises(
            InputError, match=f"does not have the MD5 checksum {md5}, so it was removed"
        ):
            download("set", tmp_path)
        assert not holds(tmp_path)
    else:
        download("set", tmp_path)
        assert "no checksum is published" in capsys.readouterr().out


@pytest.mark.parametrize("status", [404, 403, 500, 503, 204])
def test_an_error_of_the_server(server, tmp_path, status):
    server.status = status
    with pytest.raises(InputError, match=f"answers {status} .*; try again later"):
        download("set", tmp_path)
    assert not holds(tmp_path)


def test_no_server(server, tmp_path):
    server.shutdown()
    server.server_close()
    with pytest.raises(InputError, match=r"broke off \(ConnectionError\)"):
        download("set", tmp_path)


def test_too_little_space_is_noticed_first(server, tmp_path, monkeypatch):
    free = namedtuple("usage", "free")(len(ZIP) + 100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    with pytest.raises(InputError, match="GB are free; make room or name another folder"):
        download("set", tmp_path)
    assert not holds(tmp_path)


def test_an_announced_terabyte(server, tmp_path, monkeypatch):
    monkeypatch.setattr(tslib.datasets.download, "_LARGEST", 100)
    with pytest.raises(InputError, match="which no archive of it has"):
        download("set", tmp_path)
    server.chunked = True
    with pytest.raises(InputError, match="sends more than it announced"):
        download("set", tmp_path)


def test_names_and_folders(tmp_path, capsys):
    assert main(["download", "coco", str(tmp_path)]) == 2
    assert "there is no data set 'coco'; known are penn_action, jhmdb, " in capsys.readouterr().err
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file; name a folder"):
        download("jhmdb", tmp_path / "file")


def test_ctrl_c(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Server, "cut", 1000)
    assert main(["download", "set", str(tmp_path)]) == 2

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tslib.datasets.download, "unpack", interrupted)
    monkeypatch.setattr(Server, "cut", None)
    assert main(["download", "set", str(tmp_path)]) == 130
    assert "interrupted; run it again to resume." in capsys.readouterr().err
    monkeypatch.undo()
    assert holds(tmp_path) == ["set.zip"]  # whole, to be unpacked next time


def test_a_data_set_without_an_address(tmp_path):
    with pytest.raises(
        InputError, match="YouTube_Pose_dataset.mat has no sure address; get it from https://"
    ):
        download("youtube_pose", tmp_path)
    (tmp_path / "YouTube_Pose_dataset.mat").write_bytes(b"labels")
    (tmp_path / "GT_frames.zip").write_bytes(zipped({"GT_frames/-a/frame_000001.jpg": b"."}))
    download("youtube_pose", tmp_path)
    assert holds(tmp_path) == ["GT_frames/-a/frame_000001.jpg", "YouTube_Pose_dataset.mat"]


def test_the_table_of_addresses():
    for data_set in DATA_SETS.values():
        assert data_set.page.startswith("http") and data_set.citation[-4:].isdigit()
        for archive in data_set.archives:
            assert not archive.url or archive.url.endswith("/" + archive.file)
            assert re.fullmatch("([0-9a-f]{32})?", archive.md5)
    assert all(a.md5 for a in DATA_SETS["jhmdb"].archives)


# Archives


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
def test_hostile_and_damaged_archives(tmp_path, kind):
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
def test_a_good_tar(tmp_path, mode, layout):
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


def test_nothing_is_executable(tmp_path):
    (tmp_path / "archive").write_bytes(tarred([(tar_member("a", mode=0o7777, size=1), b"x")]))
    unpack(tmp_path / "archive", tmp_path / "set")
    assert not (tmp_path / "set" / "a").stat().st_mode & 0o7111


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "archive").write_bytes(ZIP)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("usage", "free")(100))
    with pytest.raises(InputError, match="does not fit: 0.00 GB are free"):
        unpack(tmp_path / "archive", tmp_path / "set")
    assert os.listdir(tmp_path) == ["archive"]


def test_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(tslib.datasets.unpack, "_MOST_FILES", 2)
    (tmp_path / "archive").write_bytes(zipped({str(n): b"" for n in range(3)}))
    with pytest.raises(InputError, match="unreasonably much"):
        unpack(tmp_path / "archive", tmp_path / "set")
