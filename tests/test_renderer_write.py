"""Rendered folders that are continued: after damage, beside another run, with tracks that moved."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trees

from renderer import Settings, render, write
from tslib.errors import InputError

ROOT = Path(__file__).parents[1]
FEW = Settings((64, 64), 4)


def contents(folder):
    """{name: bytes} of every file in a folder."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder of three clips."""
    out = tmp_path_factory.mktemp("render") / "whole"
    render(out, 3, size=FEW.size, frames=FEW.frames)
    return out


@pytest.mark.parametrize(
    "name", ["frames/0002/000003.jpg", "frames/0002", "flow/0002.npz", "labels/0002.mat"]
)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut off"])
def test_a_clip_with_a_damaged_file_is_rendered_again(tmp_path, whole, name, damage):
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    assert render(out, 3, size=FEW.size, frames=FEW.frames) == 0
    file = out / name
    if file.is_dir() and damage != "cut off":
        shutil.rmtree(file)
        if damage == "empty":
            file.mkdir()
    elif file.is_dir():
        (file / "000004.jpg").unlink()
    elif damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-20] if damage == "cut off" else b"")
    assert render(out, 3, size=FEW.size, frames=FEW.frames) == 1
    assert contents(out) == contents(whole)


def test_a_frame_or_flow_of_another_size_is_rendered_again(tmp_path, whole):
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    render(tmp_path / "other", 1, size=(32, 32), frames=5)
    shutil.copy(tmp_path / "other" / "frames" / "0001" / "000001.jpg", out / "frames" / "0001")
    shutil.copy(tmp_path / "other" / "flow" / "0001.npz", out / "flow" / "0002.npz")
    assert render(out, 3, size=FEW.size, frames=FEW.frames) == 2
    assert contents(out) == contents(whole)


def test_two_runs_may_finish_the_same_clip(tmp_path, monkeypatch, whole):
    """One finishes it within each step of the other, which may end there: no label without its
    files.
    """
    replace = os.replace

    class Ended(Exception):
        pass

    def between(step, ends):
        """Both write clip 1; returns the steps that the slower one took."""
        out, steps = tmp_path / f"{step} {ends}", 0
        for folder in ("frames", "labels", "flow", "slow", "fast"):
            (out / folder).mkdir(parents=True)

        def step_by_step(source, target):
            nonlocal steps
            if steps == step:
                with monkeypatch.context() as fast:
                    fast.setattr(os, "replace", replace)
                    write.write_clip(write.Target(out, out / "fast", 0, FEW), 1)
                if ends:
                    raise Ended
            replace(source, target)
            steps += 1
            assert not any(out.glob("labels/*")) or write._complete(out, "0001", FEW)

        with monkeypatch.context() as slow:
            slow.setattr(os, "replace", step_by_step)
            try:
                write.write_clip(write.Target(out, out / "slow", 0, FEW), 1)
            except Ended:
                pass
        found = contents(out)
        for name in (
            "frames/0001/000001.jpg",
            "frames/0001/000004.jpg",
            "flow/0001.npz",
            "labels/0001.mat",
        ):
            assert found[name] == (whole / name).read_bytes()
        return steps

    alone = between(-1, False)
    assert alone >= 3 and [between(n, False) for n in range(alone)] == [alone] * alone
    assert [between(n, True) for n in range(alone)] == list(range(alone))


def test_two_runs_at_once_fill_one_folder(tmp_path):
    arguments = "out --clips 12 --size 64 --frames 4".split()
    command = [sys.executable, "-m", "renderer", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    runs = [subprocess.Popen(command, cwd=tmp_path, env=environment) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    render(tmp_path / "alone", 12, size=(64, 64), frames=4)
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")


def test_tracks_may_move_but_not_change(tmp_path):
    for name in ("0001", "0002"):
        trees.write_penn(tmp_path / "a", name, frames=False)
    (tmp_path / "a").rename(tmp_path / "b")

    def go_on(clips, root):
        return render(
            tmp_path / "out", clips, size=(64, 64), frames=3, motion=f"penn_action:{root}"
        )

    assert go_on(1, tmp_path / "b") == 1
    assert str(tmp_path) not in (tmp_path / "out" / "render.json").read_text(encoding="utf-8")
    (tmp_path / "b").rename(tmp_path / "c")
    assert go_on(2, tmp_path / "c") == 1
    shutil.copytree(tmp_path / "c", tmp_path / "d")
    for change in ({"x": trees.penn()["x"] + 1}, {"action": "jump"}, {"train": -1}, {"T": 4}):
        trees.write_penn(tmp_path / "d", "0002", frames=False, **change)
        with pytest.raises(
            InputError, match="other settings, .*penn_action, tracks .* and not .*tracks"
        ):
            go_on(3, tmp_path / "d")
    trees.write_penn(tmp_path / "d", "0002", frames=False)
    trees.write_penn(tmp_path / "d", "0003", frames=False)
    with pytest.raises(InputError, match="other settings"):
        go_on(3, tmp_path / "d")
    (tmp_path / "d" / "labels" / "0003.mat").unlink()
    assert go_on(3, tmp_path / "d") == 1
    with pytest.raises(InputError, match="other settings"):
        render(tmp_path / "out", 3, size=(64, 64), frames=3)
