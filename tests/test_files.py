"""Names that are safe to use, and files that appear whole."""

import os
import stat
import subprocess
import sys

import pytest

from tslib.errors import InputError
from tslib.files import (
    appearing,
    is_plain,
    is_utf8,
    one_at_a_time,
    ordinary,
    read_toml,
    unfinished,
    write_whole,
)


def test_names_that_might_lead_elsewhere_are_not_plain():
    for name in ("a.png", "é_(1)!@+", "..a", "a.", "-b&", "a b"):
        assert is_plain(name) and is_utf8(name)
    for name in ("", ".", "..", "a/b", "/a", "a\\b", "c:a", "a\0", "a\n", os.fsdecode(b"\xff")):
        assert not is_plain(name)
    assert not is_utf8(os.fsdecode(b"a/\xe9/b")) and is_utf8("a/é\\b")


def test_a_file_is_replaced_whole_or_stays(tmp_path, monkeypatch):
    path = tmp_path / "a"
    write_whole(path, b"one")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "replace", full)
        with pytest.raises(InputError, match=r"/a cannot be written: No space left on device\.$"):
            write_whole(str(path), b"two")
    assert path.read_bytes() == b"one" and list(tmp_path.iterdir()) == [path]
    write_whole(str(path), b"two")
    assert path.read_bytes() == b"two" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(
        InputError, match="none/a cannot be written: there is no folder .*none; name"
    ):
        write_whole(tmp_path / "none" / "a", b"")


def test_a_name_may_be_as_long_as_the_system_takes(tmp_path):
    write_whole(tmp_path / ("é" * 127), b"one")
    with appearing(tmp_path / ("b" * 255)) as folder:
        (folder / "a").write_bytes(b"")
    assert sorted(len(p.name) for p in tmp_path.iterdir()) == [127, 255]


KILLED = """
import os, signal, sys
from pathlib import Path
from tslib.files import appearing, replacing
with {writes}(Path(sys.argv[1]) / "out") as place:
    print("writing", flush=True)
    os.kill(os.getpid(), signal.SIG{signal})
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals to send")
@pytest.mark.parametrize("writes", ["appearing", "replacing"])
def test_the_next_run_removes_what_a_killed_one_left_but_nothing_of_a_living_one(tmp_path, writes):
    def left():
        return sorted(tmp_path.glob(".*"))

    (tmp_path / ".out.mine").mkdir()
    runs = {}
    for name in ("STOP", "KILL"):
        code = KILLED.format(writes=writes, signal=name)
        runs[name] = subprocess.Popen(
            [sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, encoding="utf-8"
        )
        assert runs[name].stdout.readline() == "writing\n"
        os.waitpid(runs[name].pid, os.WUNTRACED)
    try:
        assert len(left()) == 3
        write_whole(tmp_path / "other", b"")
        assert len(left()) == 2 and tmp_path / ".out.mine" in left()
    finally:
        runs["STOP"].kill()
        runs["STOP"].wait()
    with appearing(tmp_path / "new" / "deep"):
        assert len(left()) == 2
    assert left() == [tmp_path / ".out.mine"]


def full(*_):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("writes", [appearing, unfinished])
def test_a_full_disk_is_said_of_the_name_that_was_asked_for(tmp_path, writes):
    """Writing itself names no file, and opening one names what is hidden and gone afterwards."""
    for fails in (full, lambda place: open(place / "none" / "a", encoding="utf-8")):
        with pytest.raises(OSError) as error, writes(tmp_path / "out") as place:
            fails(place)
        assert error.value.filename == str(tmp_path / "out") and not list(tmp_path.iterdir())
    (tmp_path / "input").mkdir()
    with pytest.raises(OSError) as error, writes(tmp_path / "out"):
        open(str(tmp_path / "input"), encoding="utf-8")
    assert error.value.filename == str(tmp_path / "input")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_one_run_at_a_time_is_in_a_folder(tmp_path):
    with (
        one_at_a_time(tmp_path),
        pytest.raises(InputError, match="let it end first"),
        one_at_a_time(tmp_path),
    ):
        raise AssertionError("two are in it")
    with one_at_a_time(tmp_path):
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_is_no_ordinary_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    (tmp_path / "folder").mkdir()
    places = [tmp_path / n for n in ("pipe", "link", "folder")] + ["/dev/null", "/dev/full"]
    before = {place: os.stat(place) for place in places}
    for place in places:
        with pytest.raises(InputError, match="cannot be written: it is (no ordinary file|a fold)"):
            write_whole(place, b"one")
    assert {place: os.stat(place).st_ino for place in places} == {
        place: was.st_ino for place, was in before.items()
    }
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for a privilege to make links")
def test_a_link_and_who_may_read_a_file_stay(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("there", "new"):
        (tmp_path / name).symlink_to(tmp_path / "deep" / name)
    (tmp_path / "deep" / "there").write_bytes(b"secret")
    (tmp_path / "deep" / "there").chmod(0o600)
    for name in ("there", "new"):
        write_whole(tmp_path / name, b"one")
        assert (tmp_path / name).is_symlink() and (tmp_path / "deep" / name).read_bytes() == b"one"
    assert stat.S_IMODE((tmp_path / "deep" / "there").stat().st_mode) == 0o600
    (tmp_path / "usual").write_bytes(b"")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_name_that_no_disk_takes_is_that_of_no_file(tmp_path):
    """And not that of the output, which is opened first."""
    name = tmp_path / ("n" * 300)
    with pytest.raises(InputError, match="^no such thing$"):
        ordinary(name, "no such thing")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = 0x" + 6000 * "f", "more than 64 bits"),
        ("a = [[1, {b = 9223372036854775808}]]", "more than 64 bits"),
        (".".join(3000 * "a") + " = 1", "more than twenty parts"),
        ("[" + ".".join(300 * "a") + "]", "more than twenty parts"),
        ("a = " + 30 * "[" + 30 * "]", "more than twenty deep"),
    ],
)
def test_toml_that_nobody_means_is_refused(tmp_path, text, why):
    file = tmp_path / "a.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"a.toml is not valid TOML: .*{why}"):
        read_toml(file, "")


def test_a_plain_name_fits_a_disk():
    assert is_plain("ü" * 127) and not is_plain("ü" * 128)
