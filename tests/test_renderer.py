"""Rendered clips: the same everywhere, read back as they were drawn, with flow that is exact."""

import hashlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from renderer import Settings, render, render_clip
from renderer.__main__ import main
from renderer.body import ACTIVITIES, AT, JOINTS, SOLE, Body, motion
from renderer.clip import FILE_ORDER, MEET, split_of
from renderer.draw import FIRST_OCCLUDER
from renderer.faults import Faults
from renderer.flow import packed
from renderer.motion import joints_of
from renderer.occluders import Occluder
from renderer.statistics import statistics, viewpoints
from tslib.clip import Clip
from tslib.datasets import penn_action
from tslib.errors import InputError
from tslib.files import unfinished
from tslib.part_flow import PartFlow, read_flow
from tslib.skeletons import SKELETONS

SMALL = Settings((96, 96), 6)
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def some():
    """Thirty clips of six frames."""
    return [render_clip(7, number, SMALL) for number in range(1, 31)]


def digest(folder):
    """{name: hash} of every file in a folder."""
    files = sorted(p for p in Path(folder).rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_clips_are_the_same_by_one_worker_or_two_and_however_many(tmp_path):
    render(tmp_path / "one", 8, seed=3, frames=4)
    render(tmp_path / "two", 8, seed=3, frames=4, workers=2)
    render(tmp_path / "few", 3, seed=3, frames=4)
    one = digest(tmp_path / "one")
    assert len(one) == 8 * 6 + 1 and one == digest(tmp_path / "two")
    few = digest(tmp_path / "few")
    assert len(few) == 3 * 6 + 1 and few.items() <= one.items()
    render(tmp_path / "few", 8, seed=3, frames=4)
    assert digest(tmp_path / "few") == one


def test_another_seed_is_another_clip():
    a, b = (render_clip(seed, 1, SMALL, flow=False) for seed in (0, 1))
    assert not np.array_equal(a.frames, b.frames)


def test_files_hold_what_was_drawn(tmp_path):
    assert render(tmp_path / "out", 5, seed=7, frames=6, size=(120, 96)) == 5
    for number in range(1, 6):
        clip = render_clip(7, number, Settings((120, 96), 6))
        mat = loadmat(tmp_path / "out" / "labels" / f"{number:04d}.mat")
        assert np.abs(np.stack([mat["x"], mat["y"]], -1) - 1 - clip.joints).max() < 0.01
        assert np.array_equal(mat["visibility"], clip.visible)
        assert np.abs(mat["bbox"] - 1 - clip.box).max() < 0.01
        assert mat["train"].item() == (1 if number != 5 else -1) and clip.split == split_of(number)
        assert mat["dimensions"].ravel().tolist() == [96, 120, 6] and mat["nframes"].item() == 6
        assert mat["action"].item() in ACTIVITIES and mat["pose"].item() in (
            "front",
            "back",
            "left",
            "right",
        )
        for t, frame in enumerate(clip.frames, 1):
            picture = cv2.imread(
                str(tmp_path / "out" / "frames" / f"{number:04d}" / f"{t:06d}.jpg")
            )
            assert np.abs(picture[..., ::-1].astype(float) - frame).mean() < 12
        flow = read_flow(tmp_path / "out", f"{number:04d}")
        assert np.array_equal(flow.parts, clip.flow.parts)
        assert np.array_equal(flow.to_next, clip.flow.to_next)


def test_the_loader_of_penn_action_reads_them(tmp_path):
    render(tmp_path / "out", 5, seed=7, frames=3)
    for number, clip in enumerate(penn_action.load(tmp_path / "out"), 1):
        truth = render_clip(7, number, Settings((96, 96), 3))
        assert np.abs(clip.joints - truth.joints)[truth.visible].max() < 0.01
        assert np.array_equal(clip.visible, truth.visible)
        assert (clip.action, clip.split, clip.size) == (truth.action, truth.split, (96, 96))
        x1, y1, x2, y2 = truth.box.T
        assert np.abs(clip.box - np.stack([x1, y1, x2 - x1, y2 - y1], -1)).max() < 0.01
        assert clip.frames[2].shape == (96, 96, 3)
        assert np.abs(clip.frames[2].astype(float) - truth.frames[2]).mean() < 12  # RGB, as ours


def test_flow_carries_visible_joints_to_the_next_frame_and_back(some):
    errors = []
    for clip in some:
        for t in range(len(clip.joints) - 1):
            here, there = clip.joints[t], clip.joints[t + 1]
            errors.append(
                np.linalg.norm(here + clip.flow.at(t, here) - there, axis=-1)[clip.visible[t]]
            )
            back = there + clip.flow.at(t + 1, there, forward=False)
            errors.append(np.linalg.norm(back - here, axis=-1)[clip.visible[t + 1]])
    errors = np.concatenate(errors)
    assert (
        len(errors) > 2000 and np.quantile(errors, 0.999) < 0.1
    )  # the rest: a limb that points at us
    assert (errors < 1).mean() > 0.999


def test_flow_there_and_back_again_ends_where_it_began(some):
    for clip in some:
        for t in range(len(clip.frames) - 1):
            y, x = np.mgrid[0:96, 0:96]
            here = np.stack([x, y], -1).astype(np.float32)
            forward = clip.flow.dense(t)
            there = here + forward
            inside = ((there >= 0) & (there <= 95)).all(-1)
            place = np.floor(there[inside] + 0.5).astype(int)
            same = clip.flow.parts[t + 1, place[:, 1], place[:, 0]] == clip.flow.parts[t][inside]
            back = there[inside] + clip.flow.at(t + 1, there[inside], forward=False)
            off = np.linalg.norm(back - here[inside], axis=-1)[same]
            assert np.median(off) < 0.01 and (off < 1).mean() > 0.98


def test_flow_of_cells_is_that_of_their_middles(some):
    flow = some[0].flow
    cells = flow.dense(1, stride=4)
    assert cells.shape == (24, 24, 2)
    assert np.array_equal(cells[3, 5], flow.at(1, np.array([21.5, 13.5])))
    assert np.array_equal(flow.dense(1)[13, 21], flow.at(1, np.array([21, 13])))
    assert not flow.dense(5).any() and not flow.dense(0, forward=False).any()


def test_a_visible_joint_is_not_covered_in_the_picture(monkeypatch):
    """Everything that crosses is painted magenta, and nothing else disturbs the picture."""
    magenta = np.array([255, 0, 255])

    def draw(self, picture, moment):
        for points, _ in self._placed:
            cv2.fillConvexPoly(picture, points[moment], magenta.tolist(), cv2.LINE_AA, 4)

    monkeypatch.setattr(Occluder, "draw", draw)
    monkeypatch.setattr(Faults, "apply", lambda self, picture, t: picture)
    met = 0
    for number in range(1, 25):
        clip = render_clip(7, number, SMALL)
        seen = np.argwhere(clip.visible)
        x, y = np.floor(clip.joints[tuple(seen.T)] + 0.5).astype(int).T
        colors = clip.frames[seen[:, 0], y, x]
        assert not (np.abs(colors - magenta).max(-1) < 40).any()
        met += (clip.flow.parts >= FIRST_OCCLUDER).any()
        assert (clip.flow.parts[seen[:, 0], y, x] < FIRST_OCCLUDER).all()
    assert met > 8


def test_a_poor_camera_fails_more_often_and_shows_less():
    def damaged(camera):
        """Share of the frames in a burst, and how much of their contrast and sharpness is left."""
        found = [Faults.any(np.random.default_rng(n), 40, (96, 96), camera) for n in range(200)]
        blur, contrast, light, noise = (
            np.stack([getattr(f, name) for f in found])
            for name in ("blur", "contrast", "light", "noise")
        )
        usual = [np.median(a, 1, keepdims=True) for a in (blur, contrast, light)]
        bad = (blur > usual[0] + 0.5) | (contrast < 0.7 * usual[1]) | (noise > 1)
        bad |= np.abs(light - usual[2]) > 30
        kind = np.stack([f.kind for f in found])
        assert np.array_equal(bad, kind != "")
        assert (blur > usual[0] + 0.5)[kind == "focus"].all() and (noise > 1)[kind == "noise"].all()
        assert (contrast < 0.7 * usual[1])[kind == "contrast"].all()
        return bad.mean(), contrast.min(), blur.max(), noise.max()

    usual, poor = damaged("usual"), damaged("poor")
    assert 0.15 < usual[0] < 0.25 and 1.6 < poor[0] / usual[0] < 2.2
    assert poor[1] < usual[1] and poor[2] > usual[2] and poor[3] > usual[3]
    clips = [render_clip(3, 3, Settings(frames=40, camera=camera)) for camera in ("usual", "poor")]
    assert np.array_equal(clips[0].joints, clips[1].joints)  # the same scene
    assert not np.array_equal(clips[0].frames, clips[1].frames)
    assert not np.array_equal(clips[0].fault, clips[1].fault) and len(clips[0].fault) == 40


def test_joints_lie_on_their_limbs_and_in_their_boxes(some):
    hidden = 0
    for clip in some:
        for t, k in np.argwhere(clip.visible):
            x, y = clip.joints[t, k]
            x1, y1, x2, y2 = clip.box[t]
            assert x1 <= x <= x2 and y1 <= y <= y2
            column, row = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
            assert clip.flow.parts[t, row, column] in MEET[FILE_ORDER[k]]
        hidden += (~clip.visible).mean() / len(some)
    assert 0.1 < hidden < 0.4


@pytest.mark.parametrize("name", ACTIVITIES)
def test_bones_keep_their_lengths_and_feet_stay_above_the_ground(name):
    rng = np.random.default_rng(0)
    for _ in range(5):
        body = Body.any(rng)
        points = motion(ACTIVITIES[name], body, np.linspace(0, 2.5, 60), rng)
        for a, b, part in (
            ("shoulder", "elbow", "upper"),
            ("elbow", "wrist", "fore"),
            ("hip", "knee", "thigh"),
            ("knee", "ankle", "shin"),
        ):
            for side in ("left", "right"):
                bone = points[:, AT[f"{side}_{a}"]] - points[:, AT[f"{side}_{b}"]]
                assert np.linalg.norm(bone, axis=-1) == pytest.approx(body.lengths[part], rel=1e-6)
        ankles = points[:, [AT["left_ankle"], AT["right_ankle"]], 1]
        assert ankles.min() > SOLE - 1e-9
        assert np.abs(np.diff(points, axis=0)).max() < 0.42  # no jumps: 10 heights a second at most


def test_a_killed_run_leaves_no_half_clip_and_goes_on(tmp_path):
    arguments = "killed --clips 60 --seed 2 --frames 8".split()
    command = [sys.executable, "-m", "renderer", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, start_new_session=True)
    labels = tmp_path / "killed" / "labels"
    deadline = time.time() + 30
    while not (labels.is_dir() and len(list(labels.iterdir())) >= 4) and time.time() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.wait()
    there = sorted(p.stem for p in labels.iterdir())
    assert 4 <= len(there) < 60
    for name in there:
        assert len(list((tmp_path / "killed" / "frames" / name).iterdir())) == 8
        assert len(read_flow(tmp_path / "killed", name)) == 8
    assert list((tmp_path / "killed").glob(".*"))
    made = render(tmp_path / "killed", len(there) + 2, seed=2, frames=8)
    assert made == 2
    render(tmp_path / "whole", len(there) + 2, seed=2, frames=8)
    assert digest(tmp_path / "killed") == digest(tmp_path / "whole")


def test_another_setting_in_the_same_folder_is_refused(tmp_path):
    render(tmp_path / "out", 1, frames=2)
    before = digest(tmp_path / "out")
    for change in ({"seed": 1}, {"size": (64, 64)}, {"frames": 3}, {"camera": "poor"}):
        with pytest.raises(InputError, match="other settings"):
            render(tmp_path / "out", 1, **{"frames": 2, **change})
    assert digest(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"clips": 0}, "clips is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"frames": 1}, "frames is 1"),
        ({"workers": 0}, "workers is 0"),
        ({"size": (8, 96)}, "8x96 px"),
        ({"motion": "walking"}, "penn_action:ROOT"),
        ({"camera": "good"}, "there is no camera 'good'; choose one of usual, poor"),
        ({"clips": 10_000}, "clips is 10000, but must be 9999 or less"),
        ({"frames": 10_001}, "frames is 10001"),
        ({"clips": 9999, "frames": 10_000, "size": (2048, 2048)}, "MB free"),
    ],
)
def test_what_cannot_be_rendered_is_refused_in_one_sentence(tmp_path, arguments, words):
    with pytest.raises(InputError, match=words) as caught:
        render(tmp_path / "out", **{"clips": 1, **arguments})
    assert str(caught.value).count(". ") == 0
    assert not (tmp_path / "out" / "labels" / "0001.mat").exists()


def test_damaged_settings_are_refused(tmp_path):
    (tmp_path / "render.json").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(InputError, match="render.json is damaged"):
        render(tmp_path, 1)


def test_what_another_process_has_not_finished_stays(tmp_path):
    """If the process runs; what one left that is gone does not stay (see the killed run)."""
    with unfinished(tmp_path / "frames") as theirs:
        render(tmp_path, 1, frames=2)
        assert list(tmp_path.glob(".*")) == [theirs]


def test_a_full_disk_is_said_of_the_folder(tmp_path, monkeypatch):
    def full(flow):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("renderer.write.packed", full)
    with pytest.raises(OSError) as error:
        render(tmp_path, 1, frames=2)
    assert error.value.filename == str(tmp_path / "frames") and not list(tmp_path.glob(".*"))


def test_a_process_that_is_killed_ends_the_run_in_a_sentence(tmp_path):
    def kill():
        deadline = time.time() + 30
        while time.time() < deadline and not list(tmp_path.glob("out/labels/*.mat")):
            time.sleep(0.005)
        multiprocessing.active_children()[0].kill()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(InputError, match="fewer --workers"):
        render(tmp_path / "out", 500, frames=4, workers=2)
    killer.join()
    assert not multiprocessing.active_children() and not list(tmp_path.glob("out/.*"))
    made = len(list(tmp_path.glob("out/labels/*.mat")))
    assert render(tmp_path / "out", made + 1, frames=4) == 1


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not made by this command"):
        render(tmp_path, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_the_command_renders_and_says_what_is_wrong_in_one_sentence(tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main([out, "--clips", "1", "--frames", "2", "--size", "64x48"]) == 0
    assert "rendered 1 clips" in capsys.readouterr().out
    assert cv2.imread(str(tmp_path / "out" / "frames" / "0001" / "000002.jpg")).shape == (48, 64, 3)
    assert main([out, "--clips", "1"]) == 2
    assert capsys.readouterr().err.startswith("renderer: ")
    for wrong in ("big", "96x", "x96", "96x48x", "9" * 5000):
        with pytest.raises(SystemExit):
            main([out, "--clips", "1", "--size", wrong])
        assert "must be a number of px, or WIDTHxHEIGHT" in capsys.readouterr().err


def test_flow_of_more_rows_than_a_png_can_have_is_read_back(tmp_path):
    parts = np.zeros((600, 1800, 33), np.uint8)
    parts[599, 1700] = 20
    maps = np.zeros((600, 36, 2, 3), np.float32)
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow" / "0001.npz").write_bytes(packed(PartFlow(parts, maps, maps)))
    assert np.array_equal(read_flow(tmp_path, "0001").parts, parts)


def test_damaged_or_missing_flow_is_refused(tmp_path):
    with pytest.raises(InputError, match="no flow"):
        read_flow(tmp_path, "0001")
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow" / "0001.npz").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(InputError, match="damaged"):
        read_flow(tmp_path, "0001")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("shape", [2**20, 2**20, 2**20], "its shape cannot be"),
        ("shape", [0, 4, 5], "its shape cannot be"),
        ("shape", [3, 4, 5], "its parts cannot be"),
        ("parts", np.full((2, 4, 5), 36, np.uint8), "its parts cannot be"),
        ("parts", np.zeros((1 << 14, 1 << 14), np.uint8), "its parts cannot be"),
        ("to_next", np.zeros((2, 35, 2, 3), np.float32), "its motion cannot be"),
        ("to_next", np.zeros((2, 36, 2, 3)), "its motion cannot be"),
        ("to_previous", np.full((2, 36, 2, 3), np.nan, np.float32), "its motion cannot be"),
        ("to_previous", np.full((2, 36, 2, 3), 1e30, np.float32), "its motion cannot be"),
        ("to_previous", np.full((2, 36, 2, 3), 1j), "its motion cannot be"),
        ("to_previous", "text", "its motion cannot be|damaged"),
    ],
)
def test_flow_that_cannot_be_is_refused_for_its_reason(tmp_path, name, value, why):
    """Also one that unpacks to a quarter of a gigabyte, of which little is ever unpacked."""
    maps = np.zeros((2, 36, 2, 3), np.float32)
    content = {"shape": [2, 4, 5], "parts": np.zeros((2, 4, 5), np.uint8)}
    content |= {"to_next": maps, "to_previous": maps, name: value}
    content["parts"] = np.frombuffer(zlib.compress(content["parts"].tobytes()), np.uint8)
    (tmp_path / "flow").mkdir()
    np.savez(tmp_path / "flow" / "0001.npz", **content)
    tracemalloc.start()
    with pytest.raises(InputError, match=why):
        read_flow(tmp_path, "0001")
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_a_disk_that_is_too_small_claims_no_folder(tmp_path, monkeypatch):
    """Else the folder would refuse a smaller number of other clips, for settings of nothing."""
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
        with pytest.raises(InputError, match="MB free; render fewer"):
            render(tmp_path / "deep" / "out", 1, frames=2)
    assert not (tmp_path / "deep").exists()
    assert render(tmp_path / "deep" / "out", 1, seed=1, frames=2) == 1


def walker(visible=None):
    """A loaded clip of somebody who walks: tracks of ten frames."""
    stand = np.array(
        [[0, -50], [-12, -36], [12, -36], [-16, -18], [16, -18], [-17, 0], [17, 0]]
        + [[-7, 0], [7, 0], [-8, 26], [8, 26], [-8, 50], [8, 50]],
        float,
    )
    swing = (
        np.sin(np.arange(10) * 0.6)[:, None, None]
        * np.array([0, 0, 0, 1, -1, 2, -2, 0, 0, 1, -1, 3, -3])[:, None]
    )
    joints = stand + 200 + 3 * np.arange(10)[:, None, None] * [1, 0] + swing * [2, 0]
    shown = np.ones((10, 13), bool) if visible is None else visible
    return SimpleNamespace(
        joints=joints.astype(np.float32),
        visible=shown,
        skeleton=SKELETONS["penn13"],
        action="walk",
        split="test",
    )


def test_real_motion_keeps_its_shape_and_split():
    source = walker()
    clip = render_clip(0, 1, Settings((96, 96), 10), [source])
    assert (clip.action, clip.split, len(clip.frames)) == ("walk", "test", 10)
    lengths = [np.linalg.norm(j[:, 9] - j[:, 11], axis=-1) for j in (clip.joints, source.joints)]
    assert lengths[0] / lengths[1] == pytest.approx(
        np.median(lengths[0] / lengths[1]), rel=0.08
    )  # the camera zooms
    assert clip.visible.mean() > 0.6
    errors = [
        np.linalg.norm(
            clip.joints[t] + clip.flow.at(t, clip.joints[t]) - clip.joints[t + 1], axis=-1
        )[clip.visible[t]]
        for t in range(9)
    ]
    assert np.concatenate(errors).max() < 1


def test_what_is_hidden_in_the_tracks_is_covered_in_the_picture():
    shown = np.ones((10, 13), bool)
    shown[3:6, 5] = False
    shown[:, 12] = False
    covered = walker(shown)
    covered.joints[~shown] = -1
    clip = render_clip(0, 1, Settings((96, 96), 10), [covered])
    assert not clip.visible[~shown].any()
    assert np.isnan(clip.joints[:, 12]).all()  # never seen: not known, not drawn
    for t in (3, 4, 5):
        x, y = np.floor(clip.joints[t, 5] + 0.5).astype(int)
        assert (
            clip.flow.parts[t, y, x] not in MEET[FILE_ORDER[5]]
        )  # an occluder, or the body itself
    assert clip.pose == ""


def test_flow_of_covers_that_come_and_go_stays_in_the_picture():
    shown = np.ones((10, 13), bool)
    shown[3:6, 5:7] = shown[7, 0] = False
    met = 0
    for seed in range(5):
        clip = render_clip(seed, 1, Settings((96, 96), 10), [walker(shown)])
        met += (clip.flow.parts >= FIRST_OCCLUDER).any()
        for t in range(10):
            for forward in (True, False):
                assert np.abs(clip.flow.dense(t, forward)).max() < 96
    assert met


@pytest.mark.real
def test_real_tracks_drive_the_figures(real_data, tmp_path):
    assert (
        render(tmp_path / "out", 4, frames=8, motion=f"penn_action:{real_data / 'penn_action'}")
        == 4
    )
    clips = penn_action.load(tmp_path / "out")
    sources = {c.action for c in penn_action.load(real_data / "penn_action")}
    assert all(clip.visible.any() and clip.action in sources for clip in clips)


@pytest.mark.filterwarnings("error")
def test_statistics_are_those_counted_by_hand():
    """A person of 160 px: a cell is 10 px. Everything moves 21 px a frame; one wrist is hidden."""
    joints = np.arange(13)[:, None] * [4.0, 10.0] + np.arange(6)[:, None, None] * [21.0, 0.0]
    seen = np.ones((6, 13), bool)
    seen[:, 5] = False
    box = np.tile(np.float32([9, 9, 80, 160]), (6, 1))
    clip = Clip("a", joints.astype(np.float32), seen, box, SKELETONS["penn13"], size=(320, 200))
    found = statistics([clip])
    assert found["clips"] == 1 and found["frames"] == 6 and found["size"] == pytest.approx(0.5)
    assert found["motion"] == found["motion_50"] == pytest.approx(2.1) and found["fast"] == 1
    assert [found["jitter"], found["limb_spread"]] == pytest.approx([0, 0], abs=1e-9)
    assert found["hidden"] == pytest.approx(1 / 13) and found["hidden_wrist"] == pytest.approx(0.5)
    assert found["people_spread"] == 0  # of the limbs that show; one person is no spread
    larger = replace(clip, joints=clip.joints * np.float32([1, 2]))
    spread = [
        np.std(lengths) / np.mean(lengths) for lengths in limbs_of(clip.joints, larger.joints)
    ]
    assert statistics([clip, larger])["people_spread"] == pytest.approx(np.mean(spread), rel=1e-5)


def limbs_of(*joints):
    """The lengths (2,) of each limb without the hidden wrist."""
    edges = [edge for edge in SKELETONS["penn13"].edges if 5 not in edge]
    return [[np.linalg.norm(j[0, a] - j[0, b]) for j in joints] for a, b in edges]


@pytest.mark.filterwarnings("error")
def test_statistics_of_what_is_unknown_are_nan():
    box = np.tile(np.float32([9, 9, 80, 160]), (6, 1))
    clip = Clip(
        "a", np.zeros((6, 13, 2), np.float32), np.zeros((6, 13), bool), box, SKELETONS["penn13"]
    )
    boxless = replace(clip, visible=np.ones((6, 13), bool), box=np.full_like(box, np.nan))
    found = statistics([clip, boxless])
    known = {name for name, value in found.items() if np.isfinite(value)}
    assert known == {name for name in found if name.startswith("hidden")} | {"clips", "frames"}
    assert found["hidden"] == found["hidden_knee"] == 0.5 and found["frames"] == 12
    other = replace(clip, skeleton=replace(clip.skeleton, name="other"))
    for clips, word in (([], "a box"), ([boxless], "a box"), ([clip, other], "penn13")):
        with pytest.raises(ValueError, match=word):
            statistics(clips)


def test_viewpoints_are_those_counted_by_hand(tmp_path):
    """Three clips count; of one that tracks drive nothing is known."""
    for n, pose in enumerate(("front", "left", "right", "")):
        savemat(tmp_path / f"{n}.mat", {"pose": pose})
    files = sorted(tmp_path.glob("*.mat"))
    assert viewpoints(files) == {"view_front": 1 / 3, "view_side": 2 / 3, "view_back": 0}
    assert np.isnan(list(viewpoints(files[3:]).values())).all()


@pytest.mark.parametrize("name", ["jhmdb15", "penn13"])
def test_tracks_keep_the_persons_own_sides(name):
    skeleton = SKELETONS[name]
    K = len(skeleton.joints)
    joints = np.full((3, K, 2), 5.0)
    joints[:, skeleton.joints.index("right_wrist")] = 7.0
    clip = SimpleNamespace(joints=joints, visible=np.ones((3, K), bool), skeleton=skeleton)
    found, visible = joints_of(clip)
    right = JOINTS.index("right_wrist")
    assert (
        (found[:, right] == 7).all() and (np.delete(found, right, 1) == 5).all() and visible.all()
    )


def test_who_faces_us_has_the_left_side_on_the_right(some):
    """In rendered labels as in the real ones (test_datasets_penn_action)."""
    names = SKELETONS["penn13"].joints
    left = [names.index("left_shoulder"), names.index("left_hip")]
    right = [names.index("right_shoulder"), names.index("right_hip")]
    for pose, sign in (("front", 1), ("back", -1)):
        clips = [clip for clip in some if clip.pose == pose]
        apart = [(clip.joints[:, left, 0] - clip.joints[:, right, 0]).mean(1) for clip in clips]
        assert (sign * np.concatenate(apart) > 0).mean() > 0.85


def test_flow_that_unpacks_to_gigabytes_is_refused_unread(tmp_path):
    (tmp_path / "flow").mkdir()
    with zipfile.ZipFile(tmp_path / "flow" / "1.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("parts.npy", "w") as member:
            for _ in range(80):
                member.write(bytes(1 << 23))
    with pytest.raises(InputError, match=r"is damaged \(it unpacks to too much\); render the clip"):
        read_flow(tmp_path, "1")
