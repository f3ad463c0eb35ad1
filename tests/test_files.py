"""Names that are safe to use, and files that appear whole."""

import os

import pytest

from tslib.errors import InputError
from tslib.files import appearing, is_plain, is_utf8, write_whole


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
    with pytest.raises(InputError, match="none/a cannot be written: No such file"):
        write_whole(tmp_path / "none" / "a", b"")


def test_a_name_may_be_as_long_as_the_system_takes(tmp_path):
    write_whole(tmp_path / ("é" * 127), b"one")
    with appearing(tmp_path / ("b" * 255)) as folder:
        (folder / "a").write_bytes(b"")
    assert sorted(len(p.name) for p in tmp_path.iterdir()) == [127, 255]
