"""The command from end to end on a synthetic video, and that it leaves nothing when it fails."""

import csv
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import synthetic

import tslib.predict
from tslib.__main__ import main
from tslib.springs import load
from tslib.video import open_frames


@pytest.fixture
def place(tmp_path):
    """A folder with a detector and a video of 14 frames."""
    synthetic.write_detector(tmp_path)
    synthetic.write_video(tmp_path / "video.avi", (synthetic.frame(t) for t in range(14)))
    return tmp_path


def command(place, *more, video="video.avi", detector="toy.onnx"):
    """Run predict into place/out; returns the exit code."""
    arguments = ["predict", place / video, "--detector", place / detector, "--output", place / "out", *more]
    return main([str(a) for a in arguments])


def fails(place, capsys, word, *more, **files):
    """Assert that predict fails with one sentence that holds a word, and leaves the folder as it was."""
    before = sorted(place.rglob("*"))
    assert command(place, *more, **files) == 2
    error = capsys.readouterr().err
    assert word in error and error.count("\n") == 1 and "Traceback" not in error
    assert sorted(place.rglob("*")) == before


def read(path):
    """(T, 13, 2) joints and (T, 13) scores of a CSV file; NaN where x and y are empty."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(r["frame"]), r["joint"]) for r in rows] == [
        (t, name) for t in range(len(rows) // 13) for name in synthetic.SKELETON.joints
    ]
    values = np.array([[float(r[k] or "nan") for k in ("x", "y", "score")] for r in rows])
    return values[:, :2].reshape(-1, 13, 2), values[:, 2].reshape(-1, 13)


def test_finds_the_joints_of_a_video(place, capsys):
    assert command(place) == 0
    out = place / "out"
    assert str(out) in capsys.readouterr().out
    assert sorted(p.name for p in out.iterdir()) == ["detector.csv", "joints.csv", "overlay.webm"]
    truth = np.stack([synthetic.pose(t) for t in range(14)])
    for name in ("joints.csv", "detector.csv"):
        joints, score = read(out / name)
        assert np.abs(joints - truth).max() < 4 and score.min() > 0.2
    overlay = open_frames(out / "overlay.webm")
    assert overlay.size == (640, 480) and overlay.fps == pytest.approx(20) and len(list(overlay)) == 14
    assert sorted(p.name for p in place.iterdir()) == ["out", "toy.onnx", "toy.toml", "video.avi"]


def test_every_option(place):
    synthetic.write_folder(place / "frames", [synthetic.frame(t) for t in range(6)])
    (place / "toy.toml").rename(place / "other.toml")
    (place / "legs.toml").write_text(
        '[[spring]]\njoints = ["left_hip", "left_knee"]\nrest = [0.03, 0.24]\nstiffness = [5, 5]\n'
    )
    options = "--detector-config other.toml --springs legs.toml".split()
    paths = [o if o.startswith("--") else str(place / o) for o in options]
    (place / "out").mkdir()  # an empty folder may be there
    assert command(place, *paths, *"--box 35 26 45 72 --fps 10 --flow none".split(), video="frames") == 0
    joints, _ = read(place / "out" / "joints.csv")
    assert np.abs(joints - np.stack([synthetic.pose(t) for t in range(6)])).max() < 5
    assert open_frames(place / "out" / "overlay.webm").fps == pytest.approx(10)


def test_makes_folders_above_the_output(place):
    more = ["predict", str(place / "video.avi"), "--detector", str(place / "toy.onnx")]
    assert main([*more, "--output", str(place / "new" / "deep" / "out")]) == 0
    assert len(list((place / "new" / "deep" / "out").iterdir())) == 3


def test_frames_without_anybody_have_empty_rows(place):
    pictures = [synthetic.frame(t, figure=t >= 4) for t in range(12)]
    synthetic.write_folder(place / "frames", pictures)
    assert command(place, video="frames") == 0
    for name in ("joints.csv", "detector.csv"):
        joints, score = read(place / "out" / name)
        assert len(joints) == 12
        assert np.isnan(joints[:4]).all() and not score[:4].any()
        assert np.isfinite(joints[8:]).all() and score[8:].all()
    assert len(list(open_frames(place / "out" / "overlay.webm"))) == 12


def test_springs_from_the_joints_it_wrote(place, capsys):
    assert command(place) == 0
    joints, output = place / "out" / "joints.csv", place / "springs.toml"
    arguments = ["springs", str(joints), str(joints), "--skeleton", "penn13", "--output", str(output)]
    assert main(arguments) == 0 and len(load(output)) == 8
    assert "8 springs" in capsys.readouterr().out
    assert main([*arguments, "--arms"]) == 0 and len(load(output)) == 12
    output.unlink()
    for wrong, word in (("coco18", "no skeleton 'coco18'"), ("penn13", "there is no joints file")):
        joints.unlink(missing_ok=wrong != "coco18")
        assert main([a.replace("penn13", wrong) for a in arguments]) == 2
        assert word in capsys.readouterr().err and not output.exists()


def test_a_video_that_cannot_be_read(place, capsys):
    fails(place, capsys, "there is no video", video="none.avi")
    (place / "text.avi").write_text("no video")
    fails(place, capsys, "cannot be read as a video", video="text.avi")
    (place / "empty").mkdir()
    fails(place, capsys, "holds no frame", video="empty")


def test_a_frame_that_breaks_off_half_way(place, capsys):
    synthetic.write_folder(place / "frames", [synthetic.frame(t) for t in range(12)])
    (place / "frames" / "9.png").write_bytes(b"broken")
    fails(place, capsys, "9.png cannot be read", video="frames")
    cv2.imwrite(str(place / "frames" / "9.png"), np.zeros((10, 10, 3), np.uint8))
    fails(place, capsys, "frame 8", video="frames")


def test_a_detector_that_does_not_fit(place, capsys):
    fails(place, capsys, "there is no detector", detector="none.onnx")
    synthetic.write_network(place / "flat.onnx", flat=True)
    fails(place, capsys, "with shape (1, 13)", "--detector-config", place / "toy.toml", detector="flat.onnx")
    fails(place, capsys, "name one with --detector-config", detector="flat.onnx")
    (place / "toy.toml").write_text(synthetic.CONFIG.replace("penn13", "coco17"))
    fails(place, capsys, "13 heat-maps, but")
    (place / "toy.toml").write_text(synthetic.CONFIG.replace("std", "sd"))
    fails(place, capsys, "lacks the key 'std'")


def test_nobody_in_sight(place, capsys):
    synthetic.write_video(place / "empty.avi", (synthetic.frame(t, figure=False) for t in range(12)))
    fails(place, capsys, "nobody in sight", video="empty.avi")


def test_options_that_do_not_fit(place, capsys):
    fails(place, capsys, "holds nothing of the 160x120 frame", "--box", 170, 0, 10, 10)
    fails(place, capsys, "holds nothing of the 160x120 frame", "--box", 10, 10, 0, 50)
    fails(place, capsys, "there is no springs file", "--springs", place / "none.toml")
    (place / "tail.toml").write_text(
        '[[spring]]\njoints = ["tail", "head"]\nrest = [0, 1]\nstiffness = [1, 1]\n'
    )
    fails(place, capsys, "'tail'", "--springs", place / "tail.toml")
    for option in ("--fps 0", "--fps nan", "--flow tv", "--box 1 2 3"):
        with pytest.raises(SystemExit) as error:
            command(place, *option.split())
        assert error.value.code == 2 and not (place / "out").exists()


def test_an_output_that_exists_is_left_alone(place, capsys):
    (place / "out").mkdir()
    (place / "out" / "mine.txt").write_text("precious")
    fails(place, capsys, "exists already")
    assert (place / "out" / "mine.txt").read_text() == "precious"


def test_a_bug_is_no_user_error_and_leaves_nothing(place, monkeypatch):
    before = sorted(place.rglob("*"))
    monkeypatch.setattr(tslib.predict, "write_rows", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        command(place)
    assert sorted(place.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_leaves_nothing(place):
    synthetic.write_video(place / "long.avi", (synthetic.frame(t) for t in range(600)))
    before = sorted(place.rglob("*"))
    arguments = ["predict", place / "long.avi", "--detector", place / "toy.onnx", "--output", place / "out"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tslib", *map(str, arguments)], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while len(sorted(place.rglob("*"))) == len(before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(sorted(place.rglob("*"))) > len(before)  # it is writing
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1].endswith("interrupted; nothing was written.\n")
    assert process.returncode == 130
    assert sorted(place.rglob("*")) == before
