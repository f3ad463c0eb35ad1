"""The project's files: with git, without it, and with the line ends of another system."""

import shutil
import subprocess

import pytest
from tiny_book import ROOT, git

from book import files


def git_knows(root):
    return bool(files.git(root, "ls-files"))


def test_the_walk_finds_what_git_has():
    if not git_knows(ROOT):
        pytest.skip("Git does not know this folder, so there is nothing to compare with.")
    untracked = files.git(ROOT, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
    walked = set(files.walk(ROOT, ROOT))
    assert set(files.listed(ROOT)) == walked - {ROOT / name for name in untracked}


def test_what_is_ignored(tmp_path):
    shutil.copy(ROOT / ".gitignore", tmp_path)
    kept = ["data/README.md", "data/models/seed0/a.safetensors", "tslib/build.py", "experiments/a"]
    ignored = [
        "data/rendered/a.png",
        "data/a.npz",
        "runs/a",
        "runs-b/a",
        "estimates/ConvNet/estimates.npz",
        "build/book/index.html",
        "tslib/__pycache__/a.pyc",
        "tslib.egg-info/a",
        "chapters/copies/00.ipynb",
        "chapters/00-Copy1.ipynb",
        "chapters/00-Copy1.py",
        "chapters/.ipynb_checkpoints/a.ipynb",
        ".vscode/settings.json",
        "env/bin/python",
        ".mypy_cache/a",
    ]
    for name in kept + ignored:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    walked = {path.relative_to(tmp_path).as_posix() for path in files.walk(tmp_path, tmp_path)}
    assert walked == {*kept, ".gitignore"}
    if shutil.which("git"):
        git(tmp_path, "init", "--quiet")
        git(tmp_path, "add", "--all")
        assert {path.relative_to(tmp_path).as_posix() for path in files.listed(tmp_path)} == walked


def test_nothing_to_list_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no files of the project"):
        files.listed(tmp_path)
    with pytest.raises(FileNotFoundError, match="no chapters in"):
        files.sources(tmp_path)


def test_a_checkout_with_the_line_ends_of_windows_has_the_same_bytes(tmp_path):
    """Checksums are of bytes, so no file may change when git is asked to turn LF into CR LF."""
    if not git_knows(ROOT):
        pytest.skip("Git does not know this folder, so it cannot be checked out.")
    copied = tmp_path / "copied"
    for path in files.listed(ROOT):
        place = copied / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    git(copied, "init", "--quiet")
    git(copied, "add", "--all")
    git(copied, "commit", "--quiet", "--message", "All")
    shape = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    command = ["git", "clone", "--quiet", *shape, str(copied), str(tmp_path / "cloned")]
    subprocess.run(command, check=True)
    changed = [
        path.relative_to(ROOT).as_posix()
        for path in files.listed(ROOT)
        if (tmp_path / "cloned" / path.relative_to(ROOT)).read_bytes() != path.read_bytes()
    ]
    assert changed == []


def test_pictures_and_models_are_never_taken_for_text():
    if not git_knows(ROOT):
        pytest.skip("Git does not know this folder, so it has no attributes here.")
    names = [f"data/a.{kind}" for kind in "png gif webp webm onnx npz safetensors".split()]
    said = files.git(ROOT, "check-attr", "text", "--", *names).splitlines()
    assert len(said) == len(names) and all(line.endswith("text: unset") for line in said)


def test_a_folder_appears_whole_or_stays_as_it_was(tmp_path):
    place = tmp_path / "slides"
    (tmp_path / "slides.part").mkdir()  # of a run that was killed
    (tmp_path / "slides.part" / "old").touch()
    for content in ("first", "second"):
        with files.whole(place) as part:
            assert not list(part.iterdir())
            (part / content).touch()
        assert [path.name for path in place.iterdir()] == [content]
    with pytest.raises(OSError, match="full"), files.whole(place) as part:
        (part / "third").touch()
        raise OSError("the disk is full")
    assert [path.name for path in tmp_path.rglob("*")] == ["slides", "second"]


def test_a_file_is_replaced_or_stays_as_it_was(tmp_path, monkeypatch):
    place = tmp_path / "notebook"
    place.write_bytes(b"old")
    files.replace(place, b"new")
    assert place.read_bytes() == b"new"

    def full(*given):
        raise OSError("the disk is full")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match="full"):
        files.replace(place, b"newer")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("notebook", b"new")]
