"""Reading and writing of frames."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
import synthetic

from tslib.errors import InputError
from tslib.video.frames import VideoWriter, open_frames

PICTURES = [synthetic.frame(t) for t in range(11)]


def test_reads_a_video_twice(tmp_path):
    frames = open_frames(synthetic.write_video(tmp_path / "a.avi", PICTURES))
    assert frames.fps == synthetic.FPS and frames.size == (160, 120) and frames.count == 11
    for _ in range(2):
        assert all(np.array_equal(a, b) for a, b in zip(frames, PICTURES, strict=True))


@pytest.mark.parametrize(("stated", "fps"), [(0.5, None), (1, 1), (240, 240), (1000, None)])
def test_a_frame_rate_that_cannot_be_is_unknown(tmp_path, monkeypatch, stated, fps):
    monkeypatch.setattr(synthetic, "FPS", stated)
    assert open_frames(synthetic.write_video(tmp_path / "a.avi", PICTURES)).fps == fps


def test_reads_a_folder_in_natural_order(tmp_path):
    folder = synthetic.write_folder(tmp_path / "a", PICTURES)  # 1.png ... 10.png, 11.png
    (folder / "notes.txt").write_text("no image", encoding="utf-8")
    frames = open_frames(folder)
    assert frames.fps is None and frames.size == (160, 120) and frames.count == 11
    assert all(np.array_equal(a, b) for a, b in zip(frames, PICTURES, strict=True))


def test_a_name_without_digits_sorts_beside_numbers(tmp_path):
    folder = synthetic.write_folder(tmp_path / "a", PICTURES[:2])
    for name in ("title.png", "x².png"):
        cv2.imwrite(str(folder / name), PICTURES[2])
    assert len(list(open_frames(folder))) == 4


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda p: p, "there is no video"),
        (lambda p: p.write_bytes(b"not a video at all" * 99), "cannot be read as a video"),
        (lambda p: p.write_bytes(b""), "cannot be read as a video"),
        (lambda p: p.mkdir(), "holds no frame"),
        pytest.param(
            lambda p: os.mkfifo(p),
            "neither a file nor a folder",
            marks=pytest.mark.skipif(
                not hasattr(os, "mkfifo"), reason="Windows has no named pipes"
            ),
        ),
    ],
)
def test_what_is_no_video_gets_one_sentence(tmp_path, make, word):
    path = tmp_path / "a.avi"
    make(path)
    with pytest.raises(InputError, match=word):
        open_frames(path)


def test_a_corrupt_image_is_named(tmp_path):
    folder = synthetic.write_folder(tmp_path / "a", PICTURES[:3])
    (folder / "2.png").write_bytes(b"broken")
    with pytest.raises(InputError, match="2.png cannot be read"):
        list(open_frames(folder))


def test_names_that_are_not_utf_8_are_refused_where_opencv_needs_them(tmp_path):
    """OpenCV ends the whole process where such a name reaches it."""
    folder, video = (tmp_path / os.fsdecode(name) for name in (b"\xff", b"\xff.avi"))
    try:
        synthetic.write_folder(tmp_path / "a", PICTURES[:2]).rename(folder)
        (folder / "1.png").rename(folder / os.fsdecode(b"1\xff.png"))
        synthetic.write_video(tmp_path / "a.avi", PICTURES[:2]).rename(video)
    except OSError:
        pytest.skip("this system has no such names")
    assert len(list(open_frames(folder))) == 2
    for call in (lambda: open_frames(video), lambda: VideoWriter(video, 25, (160, 120))):
        with pytest.raises(InputError, match=r"\\udcff.avi' is no name in UTF-8; rename it.$"):
            call()


def test_frames_of_another_size_are_named(tmp_path):
    folder = synthetic.write_folder(tmp_path / "a", PICTURES[:3])
    cv2.imwrite(str(folder / "3.png"), PICTURES[0][:60])
    with pytest.raises(InputError, match="frame 2 .* 160x60 .* 160x120"):
        list(open_frames(folder))


def test_holds_one_frame_at_a_time(tmp_path):
    frames = open_frames(synthetic.write_folder(tmp_path / "a", PICTURES))
    assert synthetic.most_alive(frames, lambda stream: stream) <= 2


def test_writes_what_a_browser_plays(tmp_path, capfd):
    path = tmp_path / "a.webm"
    with VideoWriter(path, 12.5, (160, 120)) as writer:
        for picture in PICTURES:
            writer.write(picture)
        with pytest.raises(ValueError, match="size"):
            writer.write(PICTURES[0][:60])
    assert path.read_bytes()[:4] == b"\x1a\x45\xdf\xa3" and b"V_VP8" in path.read_bytes()
    frames = open_frames(path)
    assert frames.fps == pytest.approx(12.5)
    for a, b in zip(frames, PICTURES, strict=True):
        assert np.abs(a.astype(float) - b).mean() < 8
    assert capfd.readouterr().err == ""


FULL_DISK = """
import resource, sys
import numpy as np
from tslib.video.frames import VideoWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
with VideoWriter(sys.argv[1], 20, (160, 120)) as writer:
    for seed in range(40):
        writer.write(np.random.default_rng(seed).integers(0, 255, (120, 160, 3)).astype(np.uint8))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of a file")
def test_a_disk_that_fills_up_is_said(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path / "a.webm"],
        capture_output=True,
        encoding="utf-8",
    )
    assert "OSError: a.webm could not be written to its end" in ended.stderr


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match="cannot be written"):
        VideoWriter(tmp_path / "none" / "a.webm", 25, (160, 120))
