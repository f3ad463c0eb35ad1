"""`python -m tslib inspect`: what is there, what is odd, and the sheet."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
import trees
from sentences import fails

from tslib.__main__ import main
from tslib.datasets import penn_action, youtube_pose
from tslib.datasets.inspection import CELL, contact_sheet, inspect
from tslib.errors import InputError
from tslib.overlay import LEFT


def said(root, **more):
    return "\n".join(inspect(root, **more))


def test_no_clip_is_named_where_all_have_images(tmp_path):
    trees.write_penn(tmp_path)
    assert "1 of them with images, 0 tracks only\n" in said(tmp_path)


def test_penn_action_is_counted_and_its_odd_clips_named(tmp_path):
    trees.write_penn(tmp_path)
    trees.write_penn(
        tmp_path, "0002", train=np.array([[-1]]), frames=False, bbox=trees.penn()["bbox"][:4]
    )
    trees.write_penn(tmp_path, "0003", y=np.zeros((2, 2)), frames=False)
    (tmp_path / "labels" / "0004.mat").write_bytes(b"broken")
    text = said(tmp_path)
    assert f"penn_action in {tmp_path}\n" in text
    assert "2 clips with labels, 1 train, 1 test; 10 labelled frames" in text
    assert "130 visible joints of 130 (100.0%)" in text
    assert "1 of them with images, 1 tracks only (0002)" in text and "1 actions: bowl 2" in text
    assert "3 clips are odd:" in text and "0002: bbox has one row fewer" in text
    assert (
        "0003: skipped, y in " in text
        and "0004: skipped, " in text
        and "cannot be read as a MATLAB" in text
    )


def test_jhmdb_is_counted_by_splits(tmp_path):
    trees.write_split(trees.write_jhmdb(tmp_path), ["It's_(1)!_@+_a.avi 1", "other.avi 2"])
    text = said(tmp_path)
    assert "split 1: 1 train, 1 test; 1 of them with labels here" in text
    assert (
        "no split: " in text and "unpack sub_splits.zip there" in text and "0 clips are odd" in text
    )


def test_damaged_labels_of_the_other_data_sets_are_named(tmp_path):
    assert "youtube_pose in" in said(trees.write_youtube(tmp_path / "y"))
    assert "cvit_sports in" in said(trees.write_cvit(tmp_path / "c"))
    for name in ("y", "c"):
        (next((tmp_path / name).rglob("*.mat"))).write_bytes(b"broken")
        assert ": skipped, " in said(tmp_path / name)
        with pytest.raises(InputError, match="holds no clip with labels to draw"):
            said(tmp_path / name, sheet=tmp_path / "a.png")


def test_what_many_share_is_said_once(tmp_path):
    for n in range(12):
        trees.write_penn(tmp_path, f"{n:04d}", frames=False, T=3, nframes=np.uint8(9))
    text = said(tmp_path)
    assert "12 clips: nframes is not the 3 frames" in text and "0001:" not in text


def test_damaged_frames_are_named(tmp_path):
    for name in ("0001", "0002", "0003"):
        trees.write_penn(tmp_path, name, T=14)
    frames = tmp_path / "frames"
    assert "0 clips are odd" in said(tmp_path)
    assert "42 labelled frames checked: JPEG from the header to the end marker" in said(tmp_path)
    for n in (1, 3, 7):
        (frames / "0001" / f"{n:06d}.jpg").write_bytes(
            (frames / "0001" / f"{n:06d}.jpg").read_bytes()[:-9]
        )
    cv2.imwrite(str(frames / "0001" / "000004.jpg"), np.zeros((48, 60, 3), np.uint8))
    cv2.imwrite(str(frames / "0002" / "000004.jpg"), np.zeros((48, 60, 3), np.uint8))
    (frames / "0002" / "000005.jpg").unlink()
    for file in sorted(frames.glob("0003/*"))[2:]:
        file.write_bytes(b"")
    first, second, third = said(tmp_path).splitlines()[-3:]
    assert first.endswith(
        "000001.jpg cannot be read as an image; replace it; "
        "2 frames are cut off or damaged: 000003.jpg, 000007.jpg"
    )
    assert second == (
        "    0002: 1 of 14 labelled frames have no image; "
        "1 frames are of another size than the first: 000004.jpg"
    )
    assert third.startswith("    0003: 12 frames are cut off or damaged: 000003.jpg, ")
    assert third.endswith("000012.jpg, ...")
    trees.write_jhmdb(tmp_path / "j")
    (file,) = tmp_path.glob("j/Rename_Images/*/*/00002.png")
    file.write_bytes(file.read_bytes().replace(b"IDAT", b"IDAB"))
    assert "1 frames are cut off or damaged: 00002.png" in said(tmp_path / "j")


def test_folders_without_labels_are_named(tmp_path):
    trees.write_penn(tmp_path / "p")
    trees.write_penn(tmp_path / "p", "0002")
    (tmp_path / "p" / "labels" / "0002.mat").unlink()
    (tmp_path / "p" / "frames" / "empty").mkdir()
    assert said(tmp_path / "p").endswith(
        "  1 clips are odd:\n    0002: skipped, frames without labels"
    )
    penn_action.load(tmp_path / "p")
    trees.write_jhmdb(tmp_path / "j", clip="a")
    trees.write_jhmdb(tmp_path / "j", clip="b", mask=False)
    trees.write_jhmdb(tmp_path / "j", clip="c")
    for name in "bc":
        (tmp_path / "j" / "joint_positions" / "brush_hair" / name / "joint_positions.mat").unlink()
    assert said(tmp_path / "j").endswith(
        "  2 clips are odd:\n    brush_hair/b: skipped, frames without joints\n"
        "    brush_hair/c: skipped, frames without joints; a puppet mask without joints"
    )
    trees.write_frame(
        trees.write_youtube(tmp_path / "y") / "GT_frames" / "more" / "frame_000001.jpg", 0
    )
    assert said(tmp_path / "y").endswith(
        "  1 clips are odd:\n    more: skipped, frames without labels"
    )


def test_a_folder_without_a_data_set_is_refused(tmp_path, capsys):
    assert main(["inspect", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert (
        "holds no data set: neither labels/*.mat (Penn Action)" in error and error.count("\n") == 1
    )


def test_what_is_no_folder_is_said_to_be_none(tmp_path):
    """And not that it holds no data set, which sends one to look into it."""
    (tmp_path / "file").touch()
    for name in ("none", "file"):
        for read in (penn_action.load, lambda root: list(inspect(root))):
            fails(f"{name} cannot be read as a folder: ", read, tmp_path / name)


def test_the_sheet_shows_frames_and_joints(tmp_path, capsys):
    trees.write_penn(tmp_path)
    assert main(["inspect", str(tmp_path), "--sheet", str(tmp_path / "a.png")]) == 0
    assert f"wrote {tmp_path / 'a.png'}" in capsys.readouterr().out
    sheet = cv2.imread(str(tmp_path / "a.png"))[..., ::-1]
    assert sheet.shape == (4 * (CELL[1] + 16), 6 * CELL[0], 3)  # of one clip, its frames
    plain = cv2.resize(trees.frame(0), CELL, interpolation=cv2.INTER_AREA)
    assert np.abs(sheet[166:196, :240].astype(int) - plain[150:]).mean() < 8  # no joint so far down
    (clip,) = penn_action.load(tmp_path)
    x, y = np.round((clip.joints[0, 0] + 0.5) * 3.75 - 0.5).astype(int)
    assert np.ptp(sheet[16 + y, x].astype(int)) > 60  # a coloured mark
    assert main(["inspect", str(tmp_path), "--sheet", str(tmp_path / "none" / "a.png")]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a", "a.jpg", "a.mp4", ".png", "folder.png", "none/a.png"])
def test_a_sheet_that_cannot_be_written_is_refused_first(tmp_path, capsys, monkeypatch, name):
    trees.write_penn(tmp_path, frames=False)
    (tmp_path / "folder.png").mkdir()
    monkeypatch.setattr(penn_action, "walk", lambda _: pytest.fail("walked"))
    assert main(["inspect", str(tmp_path), "--sheet", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert f"{name} cannot be written; name a .png in a folder that exists." in error
    assert error.count("\n") == 1 and not list(tmp_path.rglob(".*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows protects no folder this way")
def test_a_sheet_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    trees.write_penn(tmp_path, frames=False)
    (tmp_path / "a.PNG").write_bytes(b"before")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "replace", full)
        with pytest.raises(InputError, match="a.PNG cannot be written: No space left on device.$"):
            said(tmp_path, sheet=tmp_path / "a.PNG")
    assert (tmp_path / "a.PNG").read_bytes() == b"before"
    said(tmp_path, sheet=tmp_path / "a.PNG")
    assert cv2.imread(str(tmp_path / "a.PNG")) is not None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.PNG", "labels"]


def test_names_that_are_not_utf_8_are_escaped(tmp_path):
    """OpenCV ends the whole process where such a name reaches it."""
    root = tmp_path / os.fsdecode(b"r\xff")
    try:
        root.mkdir()
    except OSError:
        pytest.skip("this system has no such names")
    trees.write_penn(tmp_path / "plain")
    (tmp_path / "plain" / "labels").rename(root / "labels")
    (tmp_path / "plain" / "frames").rename(root / "frames")
    for folder, end in (("labels", ".mat"), ("frames", "")):
        (root / folder / f"0001{end}").rename(root / folder / f"{os.fsdecode(bytes([0xE9]))}{end}")
    command = [
        sys.executable,
        "-m",
        "tslib",
        "inspect",
        root,
        "--sheet",
        root / os.fsdecode(b"\xe9.png"),
    ]
    ended = subprocess.run(
        command, capture_output=True, encoding="utf-8", env=os.environ | {"PYTHONUTF8": "1"}
    )
    assert ended.returncode == 0, ended.stderr
    assert (
        "1 clips with labels, 1 train" in ended.stdout and "1 of them with images" in ended.stdout
    )
    assert cv2.imdecode(np.fromfile(root / os.fsdecode(b"\xe9.png"), np.uint8), 1) is not None


def test_the_sheet_shows_tracks_where_frames_are_missing(tmp_path):
    for n in range(30):
        trees.write_penn(tmp_path, f"{n:04d}", frames=n == 0)
    (tmp_path / "frames" / "0000" / "000003.jpg").unlink()
    clips = penn_action.load(tmp_path)
    clips[5].visible[:] = False
    clips[6].joints[:] = 1e30
    sheet = contact_sheet(clips)
    assert sheet.shape == (4 * (CELL[1] + 16), 6 * CELL[0], 3)
    faint = [v // 2 for v in LEFT]
    assert (sheet[16:196, 240:480] == faint).all(-1).sum() > 10  # tracks
    (first, _) = youtube_pose.load(trees.write_youtube(tmp_path / "y", frames=False))
    # None between far apart frames.
    assert not (contact_sheet([first])[16:196, :240] == faint).all(-1).any()


def test_the_real_folders_hold_what_is_known_of_them(real_data, tmp_path):
    penn = said(real_data / "penn_action", sheet=tmp_path / "p.png")
    assert "474 clips with labels, 255 train, 219 test; 32,876 labelled frames" in penn
    assert "337,071 visible joints" in penn and "15 actions: baseball_pitch 36, " in penn
    assert "9 clips are odd:" in penn and "1865: bbox has one row fewer" in penn
    assert (
        "0374: 5 of 47 boxes have no area; they count as unknown; 5 visible joints have no box"
        in penn
    )
    youtube = said(real_data / "youtube_pose", sheet=tmp_path / "y.png")
    assert "50 clips with labels, 45 train, 5 test; 5,000 labelled frames" in youtube
    assert "45 of them with images, 5 tracks only (72rAaV4w2dI, " in youtube
    jhmdb = said(real_data / "jhmdb", sheet=tmp_path / "j.png")
    for line in (
        "split 1: 660 train, 268 test",
        "split 2: 658 train, 270 test",
        "split 3: 663 train, 265 test",
    ):
        assert line in jhmdb
