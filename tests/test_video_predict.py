"""The command from end to end on a synthetic video, and that it leaves nothing when it fails."""

import csv
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import cv2
import films
import numpy as np
import onnx
import pytest
import synthetic

import tslib.flow
import tslib.video.predict
from tslib.__main__ import main
from tslib.overlay import Canvas
from tslib.video.frames import open_frames
from tslib.video.springs import load_springs


@pytest.fixture
def place(tmp_path):
    """A folder with a detector and a video of 14 frames."""
    synthetic.write_detector(tmp_path)
    synthetic.write_video(tmp_path / "video.avi", (synthetic.frame(t) for t in range(14)))
    return tmp_path


def command(place, *more, video="video.avi", detector="toy.onnx"):
    """Run predict into place/out; returns the exit code."""
    return main([*arguments_of(place, video, detector), *map(str, more)])


def arguments_of(place, video="video.avi", detector="toy.onnx"):
    """The words of a command that writes place/out."""
    paths = "--detector", place / detector, "--output", place / "out"
    return ["predict", *map(str, [place / video, *paths])]


def fails(place, capsys, word, *more, **files):
    """Assert that predict fails with one sentence that holds a word, and leaves the folder as it
    was.
    """
    before = sorted(place.rglob("*"))
    assert command(place, *more, **files) == 2
    error = capsys.readouterr().err
    assert word in error and error.count("\n") == 1 and "Traceback" not in error
    assert sorted(place.rglob("*")) == before


def read(path):
    """(T, 13, 2) joints and (T, 13) scores of a CSV file; NaN where x and y are empty."""
    with open(path, newline="", encoding="utf-8") as file:
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
    names = ["detector.csv", "joints.csv", "overlay.webm", "report.html"]
    assert sorted(p.name for p in out.iterdir()) == names
    assert "in sight in 14 of 14 frames" in (out / "report.html").read_text(encoding="utf-8")
    truth = np.stack([synthetic.pose(t) for t in range(14)])
    for name in ("joints.csv", "detector.csv"):
        joints, score = read(out / name)
        assert np.abs(joints - truth).max() < 4 and score.min() > 0.2
    overlay = open_frames(out / "overlay.webm")
    assert (
        overlay.size == (640, 480) and overlay.fps == pytest.approx(20) and len(list(overlay)) == 14
    )
    assert sorted(p.name for p in place.iterdir()) == ["out", "toy.onnx", "toy.toml", "video.avi"]


def test_every_option_is_followed(place):
    synthetic.write_folder(place / "frames", [synthetic.frame(t) for t in range(6)])
    (place / "toy.toml").rename(place / "other.toml")
    (place / "legs.toml").write_text(
        '[[spring]]\njoints = ["left_hip", "left_knee"]\nrest = [0.03, 0.24]\nstiffness = [5, 5]\n',
        encoding="utf-8",
    )
    options = "--detector-config other.toml --springs legs.toml".split()
    paths = [o if o.startswith("--") else str(place / o) for o in options]
    (place / "out").mkdir()  # an empty folder may be there
    assert (
        command(place, *paths, *"--box 35 26 45 72 --fps 10 --flow none".split(), video="frames")
        == 0
    )
    joints, _ = read(place / "out" / "joints.csv")
    assert np.abs(joints - np.stack([synthetic.pose(t) for t in range(6)])).max() < 5
    assert open_frames(place / "out" / "overlay.webm").fps == pytest.approx(10)


def test_beliefs_and_the_detectors_own_joints_go_to_different_files(place):
    """Three joints are hidden in two frames: the detector alone is lost there, the messages are
    not.
    """
    hidden = {(t, k) for t in (9, 10) for k in (0, 6, 11)}
    synthetic.write_video(place / "hidden.avi", (synthetic.frame(t, hidden) for t in range(20)))
    assert command(place, video="hidden.avi") == 0
    truth = np.stack([synthetic.pose(t) for t in range(20)])
    (joints, _), (alone, _) = (
        read(place / "out" / name) for name in ("joints.csv", "detector.csv")
    )
    assert np.abs(alone - truth)[9:11][:, [0, 6, 11]].max() > 10
    assert np.abs(joints - truth).max() < 5


def test_the_overlay_shows_both(place):
    assert command(place) == 0
    canvas = Canvas((160, 120), synthetic.SKELETON)
    (joints, score), (alone, peaks) = (
        read(place / "out" / n) for n in ("joints.csv", "detector.csv")
    )
    for t, seen in enumerate(open_frames(place / "out" / "overlay.webm")):
        results = (joints[t], score[t]), (alone[t], peaks[t])
        drawn = synthetic.drawn(canvas, synthetic.frame(t), *results).astype(float)
        plain = synthetic.drawn(canvas, synthetic.frame(t), None, None)
        where = (drawn != plain).any(-1)
        assert (
            np.abs(seen - drawn)[where].mean()
            < 0.5 * np.abs(seen - plain.astype(float))[where].mean()
        )


def test_stages_side_by_side_give_the_same_bytes(place, monkeypatch):
    """As one after the other, as on one core."""
    written, threads = [], []
    for stages in (tslib.video.predict.ahead, lambda stage: stage):
        monkeypatch.setattr(tslib.video.predict, "ahead", stages)
        add = lambda *_: threads.append(threading.current_thread()) or Canvas.add(*_)  # noqa: E731
        monkeypatch.setattr(tslib.video.predict, "Canvas", type("", (Canvas,), {"add": add}))
        assert command(place) == 0
        written.append([(place / "out" / f"{n}.csv").read_bytes() for n in ("joints", "detector")])
        written[-1] += [frame.tobytes() for frame in open_frames(place / "out" / "overlay.webm")]
        shutil.rmtree(place / "out")
    assert written[0] == written[1] and len(written[0]) == 16
    assert len(set(threads)) == 2


def test_springs_change_the_result(place):
    (place / "long.toml").write_text(
        '[[spring]]\njoints = ["left_hip", "left_knee"]\nrest = [0, 0.6]\nstiffness = [50, 50]\n',
        encoding="utf-8",
    )
    results = []
    for more in ((), ("--springs", place / "long.toml")):
        assert command(place, *more) == 0
        results.append(read(place / "out" / "joints.csv"))
        shutil.rmtree(place / "out")
    changed = (results[0][1] != results[1][1]).any(0)
    assert [synthetic.SKELETON.joints[k] for k in np.flatnonzero(changed)] == [
        "left_hip",
        "left_knee",
    ]


@pytest.mark.parametrize("left", [0, 160])
def test_the_box_says_who_of_two(place, left):
    frames = [np.hstack([synthetic.frame(t)] * 2) for t in range(4)]
    synthetic.write_video(place / "two.avi", frames)
    assert command(place, "--box", 37 + left, 28, 36, 68, video="two.avi") == 0
    truth = np.stack([synthetic.pose(t) for t in range(4)]) + [left, 0]
    assert np.abs(read(place / "out" / "joints.csv")[0] - truth).max() < 4


def test_several_people_are_followed_each_by_a_crop(place):
    """The third is nobody; a cut makes all of them begin anew."""
    frames = [np.hstack([synthetic.frame(t)] * 2) for t in range(4)]
    blank = [np.hstack([synthetic.frame(t, figure=False)] * 2) for t in range(2)]
    synthetic.write_video(place / "two.avi", frames + [255 - f for f in blank] + frames)
    assert command(place, "--people", 3, video="two.avi") == 0
    with open(place / "out" / "joints.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10 * 3 * 13
    values = np.array([[float(r[k] or "nan") for k in ("x", "y")] for r in rows])
    joints = values.reshape(10, 3, 13, 2)
    assert np.isnan(joints[:, 2]).all() and np.isnan(joints[4:6]).all()
    for t in (0, 1, 2, 3):
        for begin in (0, 6):
            found = sorted(joints[begin + t, :2], key=lambda pose: pose[0, 0])
            for left, pose in zip((0, 160), found, strict=True):
                assert np.abs(pose - synthetic.pose(t) - [left, 0]).max() < 5


def test_every_format_is_written_that_is_asked_for(place, capsys):
    assert command(place, "--format", "npz", "openpose", "coco") == 0
    kinds = ("coco.json", "npz", "openpose")
    names = [f"{table}.{kind}" for table in ("detector", "joints") for kind in kinds]
    assert sorted(p.name for p in (place / "out").iterdir()) == [
        *names,
        "overlay.webm",
        "report.html",
    ]
    assert "joints.openpose, overlay.webm and report.html" in capsys.readouterr().out
    with np.load(place / "out" / "joints.npz") as found:
        joints, fps = found["joints"], found["fps"]
    assert fps == 20
    assert np.abs(joints - np.stack([synthetic.pose(t) for t in range(14)])).max() < 4
    assert len(list((place / "out" / "joints.openpose").glob("video_*_keypoints.json"))) == 14


def test_the_flow_method_is_the_one_that_was_asked_for(place, monkeypatch):
    monkeypatch.setattr(tslib.flow.cv2, "DISOpticalFlow", SimpleNamespace(create=lambda *_: 1 / 0))
    assert command(place, "--flow", "farneback") == 0


def test_flow_none_computes_no_flow(place, monkeypatch):
    monkeypatch.setattr(tslib.flow.cv2, "DISOpticalFlow", SimpleNamespace(create=lambda *_: 1 / 0))
    assert command(place, "--flow", "none") == 0
    shutil.rmtree(place / "out")
    with pytest.raises(ZeroDivisionError):
        command(place)


def test_a_given_frame_rate_overrides_the_videos(place, monkeypatch):
    rates, reach_at = [], tslib.video.predict.reach_at
    monkeypatch.setattr(
        tslib.video.predict, "reach_at", lambda fps: rates.append(fps) or reach_at(fps)
    )
    for more, fps in (((), 20), (("--fps", 5), 5)):
        assert command(place, *more) == 0
        assert open_frames(place / "out" / "overlay.webm").fps == rates[-1] == pytest.approx(fps)
        shutil.rmtree(place / "out")


def test_an_unknown_frame_rate_is_said(place, caplog):
    synthetic.write_folder(place / "frames", [synthetic.frame(t) for t in range(4)])
    # Where something else is wrong, that alone is.
    assert command(place, "--springs", place / "none.toml", video="frames") == 2
    assert not caplog.records
    assert command(place, video="frames") == 0
    assert [r.message for r in caplog.records if r.name == "tslib.video.predict"] == [
        "The frame rate is unknown, so messages come from up to 2 frames away, and the overlay "
        "shows 25 frames a second; give --fps if you know better."
    ]


def test_a_video_that_breaks_off_is_said(place):
    """As one line on stderr; what could be read is kept."""
    whole = (place / "video.avi").read_bytes()
    (place / "video.avi").write_bytes(whole[: len(whole) * 6 // 10])
    done = subprocess.run(
        [sys.executable, "-m", "tslib", *arguments_of(place)],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    read_frames = len(read(place / "out" / "joints.csv")[0])
    assert 4 <= read_frames < 12
    ended = f"{place / 'video.avi'} ended after {read_frames} of about 14 frames"
    assert done.stderr == f"{ended}; the rest cannot be read.\n"
    page = (place / "out" / "report.html").read_text(encoding="utf-8")
    assert f"The film ended after {read_frames} of about 14 frames, because" in page
    assert "Every frame could be read." not in page


def test_who_is_out_of_sight_is_said(place, caplog):
    """On the terminal as well, so that an empty table comes as no surprise."""
    empty = np.zeros_like(synthetic.frame(0))
    shown = [synthetic.frame(t) if t < 6 else empty for t in range(14)]
    synthetic.write_video(place / "video.avi", shown)
    assert command(place) == 0
    seen = int((~np.isnan(read(place / "out" / "joints.csv")[0]).any((1, 2))).sum())
    said = f"The person was in sight in {seen} of 14 frames."
    assert seen < 14
    assert caplog.messages == [f"{said} The other rows are empty; report.html says what helps."]
    assert said in (place / "out" / "report.html").read_text(encoding="utf-8")


def test_a_whole_video_says_nothing(place, caplog):
    with caplog.at_level(logging.WARNING):
        assert command(place) == 0
    assert not [r for r in caplog.records if r.name.startswith("tslib")]


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for a privilege to make links")
def test_a_link_to_an_empty_folder_stays_a_link(place):
    (place / "real").mkdir()
    (place / "out").symlink_to(place / "real", target_is_directory=True)
    assert command(place) == 0
    assert (place / "out").is_symlink() and len(list((place / "real").iterdir())) == 4


def test_others_may_read_the_output(place):
    """It is as open as any new folder, though it was made in a private one."""
    (place / "usual").mkdir()
    assert command(place) == 0
    assert (place / "out").stat().st_mode == (place / "usual").stat().st_mode


def test_makes_folders_above_the_output(place):
    more = ["predict", str(place / "video.avi"), "--detector", str(place / "toy.onnx")]
    assert main([*more, "--output", str(place / "new" / "deep" / "out")]) == 0
    assert len(list((place / "new" / "deep" / "out").iterdir())) == 4


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


def test_without_a_detector_the_default_one_is_used(place, monkeypatch):
    where = {"default_detector": lambda: place / "toy.onnx", "CONFIG": place / "toy.toml"}
    for name, value in where.items():
        monkeypatch.setattr(tslib.video.predict, name, value)
    assert main(["predict", str(place / "video.avi"), "--output", str(place / "out")]) == 0
    joints, _ = read(place / "out" / "joints.csv")
    assert np.abs(joints - np.stack([synthetic.pose(t) for t in range(14)])).max() < 4


def test_messages_bridge_a_short_absence_and_no_long_one(place):
    """The network says who is there; at 20 frames a second messages reach over three frames."""
    network = onnx.load(place / "toy.onnx")
    network.graph.node.append(onnx.helper.make_node("ReduceMax", ["maps"], ["there"], keepdims=0))
    network.graph.output.append(onnx.helper.make_tensor_value_info("there", 1, []))
    onnx.save(network, place / "toy.onnx")
    with open(place / "toy.toml", "a", encoding="utf-8") as file:
        file.write('output = "maps"\npresence = "there"\n')
    away = [*range(6, 8), *range(14, 23)]
    pictures = [synthetic.frame(t, figure=t not in away) for t in range(30)]
    synthetic.write_video(place / "away.avi", pictures)
    assert command(place, video="away.avi") == 0
    (joints, _), (alone, score) = (
        read(place / "out" / name) for name in ("joints.csv", "detector.csv")
    )
    assert np.flatnonzero(np.isnan(joints).all((1, 2))).tolist() == [17, 18, 19]
    assert np.flatnonzero(np.isnan(alone).all((1, 2))).tolist() == away and not score[away].any()
    assert np.abs(joints[6:8] - np.stack([synthetic.pose(t) for t in (6, 7)])).max() < 8


def test_the_springs_command_reads_the_joints_it_wrote(place, capsys):
    assert command(place) == 0
    joints, output = place / "out" / "joints.csv", place / "springs.toml"
    arguments = f"springs {joints} {joints} --skeleton penn13 --output {output}".split()
    assert main(arguments) == 0 and len(load_springs(output)) == 8
    assert "8 springs" in capsys.readouterr().out
    assert main([*arguments, "--arms"]) == 0 and len(load_springs(output)) == 12
    output.unlink()
    for wrong, word in (("coco18", "no skeleton 'coco18'"), ("penn13", "there is no joints file")):
        joints.unlink(missing_ok=wrong != "coco18")
        assert main([a.replace("penn13", wrong) for a in arguments]) == 2
        assert word in capsys.readouterr().err and not output.exists()


def test_a_video_that_cannot_be_read_is_named(place, capsys):
    fails(place, capsys, "there is no video", video="none.avi")
    (place / "text.avi").write_text("no video", encoding="utf-8")
    fails(place, capsys, "cannot be read as a video", video="text.avi")
    (place / "empty").mkdir()
    fails(place, capsys, "holds no frame", video="empty")


def test_a_frame_that_cannot_be_read_is_named(place, capsys):
    synthetic.write_folder(place / "frames", [synthetic.frame(t) for t in range(12)])
    (place / "frames" / "9.png").write_bytes(b"broken")
    fails(place, capsys, "9.png cannot be read", video="frames")
    cv2.imwrite(str(place / "frames" / "9.png"), np.zeros((10, 10, 3), np.uint8))
    fails(place, capsys, "frame 8", video="frames")


def test_a_detector_that_does_not_fit_is_refused(place, capsys):
    fails(place, capsys, "there is no detector", detector="none.onnx")
    synthetic.write_network(place / "flat.onnx", flat=True)
    fails(
        place,
        capsys,
        "with shape (1, 13)",
        "--detector-config",
        place / "toy.toml",
        detector="flat.onnx",
    )
    fails(place, capsys, "name one with --detector-config", detector="flat.onnx")
    (place / "toy.toml").write_text(synthetic.CONFIG.replace("penn13", "coco17"), encoding="utf-8")
    fails(place, capsys, "13 heat-maps, but")
    (place / "toy.toml").write_text(synthetic.CONFIG.replace("std", "sd"), encoding="utf-8")
    fails(place, capsys, "lacks the key 'std'")


def test_nobody_in_sight_is_an_error(place, capsys):
    synthetic.write_video(
        place / "empty.avi", (synthetic.frame(t, figure=False) for t in range(12))
    )
    fails(place, capsys, "nobody in sight", video="empty.avi")


def test_options_that_do_not_fit_are_refused(place, capsys):
    fails(place, capsys, "holds nothing of the 160x120 frame", "--box", 170, 0, 10, 10)
    fails(place, capsys, "holds nothing of the 160x120 frame", "--box", 10, 10, 0, 50)
    for huge in ("1e9", 700):
        fails(place, capsys, "is far larger than the 160x120 frame", "--box", 0, 0, huge, huge)
    fails(place, capsys, "no ordinary file", "--springs", place)
    fails(place, capsys, "no ordinary file", "--detector-config", place)
    fails(place, capsys, "no ordinary file", detector=".")
    fails(place, capsys, "there is no springs file", "--springs", place / "none.toml")
    (place / "tail.toml").write_text(
        '[[spring]]\njoints = ["tail", "head"]\nrest = [0, 1]\nstiffness = [1, 1]\n',
        encoding="utf-8",
    )
    fails(place, capsys, "'tail'", "--springs", place / "tail.toml")
    refused = "--people 0", "--format xml", "--format csv csv", "--correct m --people 2"
    for option in (
        "--fps 0",
        "--fps nan",
        "--flow tv",
        "--box 1 2 3",
        "--box nan 10 20 50",
        "--box 0 0 inf inf",
        "--correct m --format npz",
        *refused,
    ):
        with pytest.raises(SystemExit) as error:
            command(place, *option.split())
        assert error.value.code == 2 and not (place / "out").exists()


@pytest.mark.parametrize("option", ["", "--detector", "--output", "--springs", "--detector-config"])
def test_a_variable_that_is_unset_is_asked_about(option, capsys):
    arguments = ["predict", "v.avi", "--detector", "m.onnx", "--output", "out"]
    with pytest.raises(SystemExit) as error:
        main(["predict", "", *arguments[2:]] if option == "" else [*arguments, option, ""])
    assert error.value.code == 2 and "is empty; is a variable unset?" in capsys.readouterr().err


def test_an_output_that_cannot_be_made_is_said_before_any_work(place, capsys, monkeypatch):
    monkeypatch.setattr(tslib.video.predict, "open_frames", lambda *_: 1 / 0)
    (place / "file").write_text("no folder", encoding="utf-8")
    more = ["predict", str(place / "video.avi"), "--detector", str(place / "toy.onnx"), "--output"]
    for output, word in (
        (place / "file", "exists already; name another folder.\n"),
        (place / "file" / "out", "file is a file, so"),
        (place / "file" / "deep" / "out", "file is a file, so"),
        (place / (300 * "a"), "name too long"),
    ):
        assert main([*more, str(output)]) == 2
        error = capsys.readouterr().err
        assert word in error.replace("File name", "name") and error.count("\n") == 1
    assert sorted(p.name for p in place.iterdir()) == ["file", "toy.onnx", "toy.toml", "video.avi"]


def test_an_output_that_exists_is_left_alone(place, capsys):
    (place / "out").mkdir()
    (place / "out" / "mine.txt").write_text("precious", encoding="utf-8")
    fails(place, capsys, "exists already")
    assert (place / "out" / "mine.txt").read_text(encoding="utf-8") == "precious"


def test_a_bug_is_no_user_error_and_leaves_nothing(place, monkeypatch):
    before = sorted(place.rglob("*"))
    monkeypatch.setattr(tslib.video.predict, "joints_of", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        command(place)
    assert sorted(place.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals to send")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interruption_leaves_nothing(place, name):
    if signal.getsignal(getattr(signal, name)) == signal.SIG_IGN:
        pytest.skip(
            f"{name} is ignored here, as under nohup, and by every program started from here."
        )
    synthetic.write_video(place / "long.avi", (synthetic.frame(t) for t in range(600)))
    before = sorted(place.rglob("*"))
    words = [sys.executable, "-m", "tslib", *arguments_of(place, "long.avi")]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, encoding="utf-8")
    deadline = time.monotonic() + 60
    while len(sorted(place.rglob("*"))) == len(before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(sorted(place.rglob("*"))) > len(before)  # it is writing
    process.send_signal(getattr(signal, name))
    assert process.communicate(timeout=60)[1].endswith("interrupted; nothing was written.\n")
    assert process.returncode == 130
    assert sorted(place.rglob("*")) == before


def test_frames_that_are_lost_have_empty_rows_and_all_others_keep_their_numbers(place, caplog):
    places = films.write_mov(place / "video.mov", [synthetic.frame(t) for t in range(14)])
    films.change(place / "video.mov", [places[t] for t in (5, 6, 10)])
    assert command(place, video="video.mov") == 0
    truth = np.stack([synthetic.pose(t) for t in range(14)])
    for name in ("joints.csv", "detector.csv"):
        joints, score = read(place / "out" / name)
        assert np.isnan(joints[[5, 6, 10]]).all() and not score[[5, 6, 10]].any()
        kept = np.delete(np.abs(joints - truth), [5, 6, 10], 0)
        assert len(kept) == 11 and kept.max() < 5
    assert len(list(open_frames(place / "out" / "overlay.webm"))) == 14
    (said,) = caplog.messages
    assert "3 of 14 frames of " in said and ": 5, 6, 10;" in said
    report = (place / "out" / "report.html").read_text(encoding="utf-8")
    assert "in sight in 11 of 14 frames" in report and "frames 5, 6, 10, where" in report
