"""Downloads from a server on this machine, with everything that goes wrong."""

import hashlib
import re
import shutil
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from archives import SMALL, ZIP, holds, zipped

import tslib.datasets.download
from tslib.__main__ import main
from tslib.datasets.download import DATA_SETS, Archive, DataSet, download
from tslib.errors import InputError


class Server(ThreadingHTTPServer):
    """Serves the first ``cut`` bytes of ``content`` with a ``status``; ``asked`` are the ranges."""

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
    """A server and, under the name "set", a data set of one archive on it and its checksum."""
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        offer(monkeypatch, server, hashlib.md5(ZIP).hexdigest())
        yield server
        server.shutdown()


def offer(monkeypatch, server, md5):
    archive = Archive("set.zip", "set", server.url, md5)
    monkeypatch.setitem(DATA_SETS, "set", DataSet("Set", "http://page", "A, B, 2000", (archive,)))


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


def test_a_partial_file_that_is_whole_is_used_and_a_longer_one_is_not(server, tmp_path):
    (tmp_path / "set.zip.part").write_bytes(ZIP)
    download("set", tmp_path)
    assert server.asked == [f"bytes={len(ZIP)}-"]
    shutil.rmtree(tmp_path / "set")
    (tmp_path / "set.zip.part").write_bytes(ZIP + b"more")
    download("set", tmp_path)
    assert holds(tmp_path) == ["set/a/one.txt", "set/two.bin"] and server.asked[-1] is None


def test_a_server_may_state_no_length(server, tmp_path):
    server.chunked = True  # no Content-Length: the end of the connection is the end of the file
    download("set", tmp_path)
    assert holds(tmp_path) == ["set/a/one.txt", "set/two.bin"]


def test_an_archive_that_the_user_put_there_is_used(server, tmp_path):
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
        with pytest.raises(OSError, match="No space left on device"):
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
def test_a_wrong_checksum_is_refused_and_none_is_said(server, tmp_path, monkeypatch, capsys, md5):
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
def test_an_error_of_the_server_is_reported(server, tmp_path, status):
    server.status = status
    with pytest.raises(InputError, match=f"answers {status} .*; try again later"):
        download("set", tmp_path)
    assert not holds(tmp_path)


def test_a_server_that_does_not_answer_is_reported(server, tmp_path):
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


def test_an_announced_terabyte_is_refused(server, tmp_path, monkeypatch):
    monkeypatch.setattr(tslib.datasets.download, "_LARGEST", 100)
    with pytest.raises(InputError, match="which no archive of it has"):
        download("set", tmp_path)
    server.chunked = True
    with pytest.raises(InputError, match="sends more than it announced"):
        download("set", tmp_path)


def test_unknown_names_and_files_for_folders_are_refused(tmp_path, capsys):
    assert main(["download", "coco", str(tmp_path)]) == 2
    assert "there is no data set 'coco'; known are penn_action, jhmdb, " in capsys.readouterr().err
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        download("jhmdb", tmp_path / "file")


def test_ctrl_c_leaves_what_can_be_resumed(server, tmp_path, monkeypatch, capsys):
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


def test_a_data_set_without_an_address_is_put_there_by_the_user(tmp_path):
    with pytest.raises(
        InputError, match="YouTube_Pose_dataset.mat has no sure address; get it from https://"
    ):
        download("youtube_pose", tmp_path)
    (tmp_path / "YouTube_Pose_dataset.mat").write_bytes(b"labels")
    (tmp_path / "GT_frames.zip").write_bytes(zipped({"GT_frames/-a/frame_000001.jpg": b"."}))
    download("youtube_pose", tmp_path)
    assert holds(tmp_path) == ["GT_frames/-a/frame_000001.jpg", "YouTube_Pose_dataset.mat"]


def test_addresses_end_in_the_names_of_their_files():
    for data_set in DATA_SETS.values():
        assert data_set.page.startswith("http") and data_set.citation[-4:].isdigit()
        for archive in data_set.archives:
            assert not archive.url or archive.url.endswith("/" + archive.file)
            assert re.fullmatch("([0-9a-f]{32})?", archive.md5)
    assert all(a.md5 for a in DATA_SETS["jhmdb"].archives)
