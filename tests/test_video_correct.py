"""A corrector's file, and joints that come out corrected, also from the command line."""

import csv
import os
import subprocess
import sys

import motion
import numpy as np
import pytest
import safetensors.torch
import synthetic
import torch

from tslib import checkpoint
from tslib.__main__ import main
from tslib.correction import Corrector, PoseCorrector, load_corrector, save_corrector
from tslib.correction.networks import BiLSTM, FrameMLP, TemporalMLP
from tslib.errors import InputError
from tslib.skeletons import SKELETONS
from tslib.video.correct import correct_file, pieces
from tslib.video.joints_csv import Tracks, write_header, write_rows

YOUTUBE = motion.SKELETON
NAN = np.nan


def write_tracks(tracks, path, joints=YOUTUBE.joints):
    with open(path, "w", newline="", encoding="utf-8") as table:
        write_header(table)
        for frame, pose, score in zip(tracks.frames, tracks.poses, tracks.score, strict=True):
            write_rows(table, frame, joints, (pose, score))


def corrector(skeleton=YOUTUBE, network=None, **options):
    torch.manual_seed(0)
    return Corrector(network or PoseCorrector(len(skeleton.joints), hidden=4), skeleton, **options)


@pytest.fixture
def place(tmp_path):
    """A folder with a model and a file of joints; joint 2 is unknown in frames 3 to 5."""
    save_corrector(corrector(), tmp_path / "model.safetensors")
    poses = motion.tracks(1, 0, 12)[0][0].round(2)
    poses[3:6, 2] = NAN
    score = np.where(np.isnan(poses[..., 0]), 0, 0.75)
    write_tracks(Tracks(np.arange(12), poses, score), tmp_path / "joints.csv")
    return tmp_path


def command(place, joints="joints.csv", model="model.safetensors", output="out.csv"):
    more = "--model", str(place / model), "--output", str(place / output)
    return main(["correct", str(place / joints), *more])


def fails(place, capsys, word, **files):
    before = {p: p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}
    assert command(place, **files) == 2
    error = capsys.readouterr().err
    assert word in error and error.endswith(".\n") and error.count("\n") == 1
    assert {p: p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()} == before


def test_the_command_corrects_a_file_of_joints(place, capsys):
    assert command(place) == 0 and "out.csv" in capsys.readouterr().out
    before, after = (
        motion.read_tracks(place / name, YOUTUBE.joints) for name in ("joints.csv", "out.csv")
    )
    np.testing.assert_allclose(
        after.poses, load_corrector(place / "model.safetensors").correct(before.poses), atol=0.006
    )
    assert np.abs(after.poses - before.poses)[6:].max() > 1 and np.isfinite(after.poses).all()
    assert np.array_equal(after.score, before.score) and not after.score[3:6, 2].any()
    assert np.array_equal(after.frames, before.frames)


def test_an_identity_changes_no_byte(tmp_path):
    network = PoseCorrector(7, hidden=4, residual=True)
    poses = motion.tracks(1, 0, 30)[0][0]
    poses[:, 3] = NAN  # never seen: empty in both
    before = Tracks(np.arange(30), poses, np.full((30, 7), 0.5))
    write_tracks(before, tmp_path / "in.csv")
    correct_file(tmp_path / "in.csv", corrector(network=network), tmp_path / "out.csv")
    assert (tmp_path / "in.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()


@pytest.mark.parametrize(
    "made",
    [
        corrector(),
        corrector(network=PoseCorrector(7, "library", hidden=4, residual=True), unit="body"),
        corrector(network=BiLSTM(7, 4), length=7, stride=2),
        corrector(network=FrameMLP(7, 4)),
        corrector(network=TemporalMLP(7, 9, 4), length=9),
        corrector(SKELETONS["coco17"].with_joints(SKELETONS["coco17"].joints[5:12])),
    ],
    ids=["additive", "library", "BiLSTM", "FrameMLP", "TemporalMLP", "some joints"],
)
def test_a_corrector_comes_back_from_its_file(tmp_path, made):
    save_corrector(made, tmp_path / "model.safetensors")
    again = load_corrector(tmp_path / "model.safetensors")
    for name in ("skeleton", "length", "stride", "unit"):
        assert getattr(again, name) == getattr(made, name)
    assert (
        type(again.network) is type(made.network)
        and again.network.settings == made.network.settings
    )
    track = motion.tracks(1, 0, 33)[0][0]
    assert np.array_equal(again.correct(track), made.correct(track)) and not again.network.training


def test_the_file_says_what_is_needed_to_use_it(place):
    notes = checkpoint.notes_and_tensors(place / "model.safetensors")[0]["corrector"]
    assert notes["skeleton"] == "youtube7" and notes["joints"] == list(YOUTUBE.joints)
    assert (notes["length"], notes["stride"], notes["unit"]) == (20, 5, "shoulders")
    assert notes["versions"] == {"format": 1, "torch": torch.__version__}


def altered(place, name="model.safetensors", **changes):
    """The model with other notes, in a new file."""
    notes, tensors = checkpoint.notes_and_tensors(place / name)
    notes["corrector"] |= changes
    (place / "other.safetensors").write_bytes(checkpoint.as_bytes(notes, tensors))
    return tensors


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"skeleton": "dog"}, "no skeleton 'dog'"),
        ({"joints": ["tail"] * 7}, "youtube7 has other joints"),
        ({"joints": ["head"] * 7}, "youtube7 has other joints"),
        ({"joints": 3}, "can run"),
        ({"network": "Transformer"}, "'Transformer'"),
        ({"settings": {"joints": 7, "depth\n": 3}}, "unexpected keyword argument 'depth '"),
        (
            {"settings": {"joints": 7, "hidden": 2048}},
            "hidden must be a whole number from 1 to 1024",
        ),
        ({"settings": {"joints": 6}}, "the network is for 6 joints"),
        ({"settings": {"joints": 7, "hidden": 5}}, "is of another model"),
        ({"length": 0}, "length must be a whole number"),
        ({"length": True}, "length must be a whole number from 1 to 1024, but is True"),
        ({"stride": 21}, "windows of 20 frames"),
        ({"unit": "feet"}, "no unit 'feet'"),
        ({"versions": {"format": 2}}, "its format is 2, not 1"),
        ({"versions": None}, "can run"),
    ],
)
def test_a_model_that_says_something_strange_is_refused(place, capsys, changes, word):
    altered(place, **changes)
    fails(place, capsys, word, model="other.safetensors")


def test_files_without_a_model_are_refused(place, capsys):
    fails(place, capsys, "there is no file", model="none.safetensors")
    (place / "text.safetensors").write_text("no model", encoding="utf-8")
    fails(place, capsys, "cannot be read as a model of tslib", model="text.safetensors")
    (place / "folder").mkdir()
    fails(place, capsys, "is no ordinary file", model="folder")
    whole = (place / "model.safetensors").read_bytes()
    (place / "half.safetensors").write_bytes(whole[: len(whole) // 2])
    fails(place, capsys, "cannot be read as a model of tslib", model="half.safetensors")
    tensors = altered(place)
    for metadata, word in (
        (None, "cannot be read as a model of tslib (another program wrote it)"),
        ({"tslib": "{"}, "cannot be read as a model of tslib"),
        ({"tslib": '{"step": 3}'}, "cannot be read as a model of tslib"),
    ):
        (place / "other.safetensors").write_bytes(safetensors.torch.save(tensors, metadata))
        fails(place, capsys, word, model="other.safetensors")
    for notes in ({"step": 3}, [1], {"corrector": ["PoseCorrector"]}):
        (place / "other.safetensors").write_bytes(checkpoint.as_bytes(notes, tensors))
        fails(place, capsys, "holds no corrector", model="other.safetensors")
    notes = checkpoint.notes_and_tensors(place / "model.safetensors")[0]
    tensors["model.output.bias"][0] = NAN
    (place / "other.safetensors").write_bytes(checkpoint.as_bytes(notes, tensors))
    fails(place, capsys, "weights that are not finite", model="other.safetensors")
    # Finite weights may still answer with infinity, which no reader takes.
    tensors["model.output.bias"][0] = 3e38
    tensors["model.output.weight"][0] = 3e38
    (place / "other.safetensors").write_bytes(checkpoint.as_bytes(notes, tensors))
    fails(place, capsys, "answers with numbers that are not finite", model="other.safetensors")


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("frame,", "picture,", "must have rows under the header frame,joint,x,y,score"),
        ("\n0,head,", "\n-1,head,", "line 2 of"),
        ("\n0,head,", "\nsome,head,", "has 'some' for a frame's number"),
        ("\n0,head,", "\n0,nose,", "holds 'nose', which is none of head, right_wrist"),
        ("\n1,head,", "\n0,head,", "line 9 of"),
        ("head", "right_wrist", "a second time"),
        (",0.7500\n1,", ",high\n1,", "line 8 of"),
        ("\n3,left_wrist,,,", "\n3,left_wrist,1,,", "a value that is no number"),
        ("\n3,left_wrist,,,", "\n3,left_wrist,1,nan,", "a value that is no number"),
        ("\n3,left_wrist,,,", "\n3,left_wrist,1,2e6,", "beyond 1e+06 px"),
        (",0.7500\n1,", "\n1,", "fewer values than the header"),
        (",0.7500\n1,", ",0.7500,\n1,", "line 8 of"),
        (",0.7500\n1,", ",0,7500\n1,", "has more values than the header"),
    ],
)
def test_joints_that_cannot_be_used_are_refused(place, capsys, old, new, word):
    text = (place / "joints.csv").read_text(encoding="utf-8")
    assert old in text
    (place / "wrong.csv").write_text(text.replace(old, new), encoding="utf-8")
    fails(place, capsys, word, joints="wrong.csv")


def test_a_joint_that_the_file_lacks_is_named(place, capsys):
    text = (place / "joints.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (place / "wrong.csv").write_text(
        "".join(line for line in text if "head" not in line), encoding="utf-8"
    )
    fails(place, capsys, "lacks the joint head", joints="wrong.csv")
    fails(place, capsys, "there is no joints file", joints="none.csv")
    fails(place, capsys, "cannot be written", output="none/out.csv")


def test_rows_may_come_in_any_order(tmp_path):
    """Rows may come in any order and be left out; spreadsheets write a mark, and columns of their
    own.
    """
    rows = ["\ufeffjoint,frame,score,x,y,note", "b,7,0.5,1,2,", "a,3,0.25,3.5,4,", "a,7,0.1,,,gone"]
    (tmp_path / "joints.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    read = motion.read_tracks(tmp_path / "joints.csv", ("a", "b"))
    assert read.frames.tolist() == [3, 7]
    assert np.array_equal(read.poses, [[[3.5, 4], [NAN] * 2], [[NAN] * 2, [1, 2]]], equal_nan=True)
    assert read.score.tolist() == [[0.25, 0], [0.1, 0.5]]
    write_tracks(read, tmp_path / "out.csv", ("a", "b"))
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        written = list(csv.reader(file))
    assert written == [
        ["frame", "joint", "x", "y", "score"],
        ["3", "a", "3.50", "4.00", "0.2500"],
        ["3", "b", "", "", "0"],
        ["7", "a", "", "", "0.1"],
        ["7", "b", "1.00", "2.00", "0.5000"],
    ]


def test_frames_that_are_left_out_are_time(tmp_path):
    made, poses = corrector(length=5, stride=1), motion.tracks(1, 0, 12)[0][0].round(2)
    frames = np.array([0, 1, 2, 5, 6, 7, 8, 13, 14, 10**14, 10**14 + 1, 10**14 + 2])
    assert pieces(frames, 5) == [slice(0, 9), slice(9, 12)]
    assert pieces(np.array([0, 5, 11, 12]), 5) == [slice(0, 2), slice(2, 4)]
    write_tracks(Tracks(frames, poses, np.ones((12, 7))), tmp_path / "in.csv")
    correct_file(tmp_path / "in.csv", made, tmp_path / "out.csv")
    dense = np.full((15, 7, 2), NAN)
    dense[frames[:9]] = poses[:9]
    expected = np.concatenate([made.correct(dense)[frames[:9]], made.correct(poses[9:])])
    written = motion.read_tracks(tmp_path / "out.csv", YOUTUBE.joints)
    assert np.array_equal(written.frames, frames)
    np.testing.assert_allclose(written.poses, expected, atol=0.006)


def with_gaps(seed, T):
    """Numbers of frames, some left out, and their poses, of which some are unknown, some for long,
    and joint 3 ever.
    """
    rng = np.random.default_rng(seed)
    frames = np.cumsum(rng.choice([1, 1, 1, 1, 2, 5, 40], T)) + seed
    poses = motion.tracks(1, seed, T)[0][0].round(2)
    poses[rng.random((T, 7)) < 0.2] = NAN
    for k in range(7):
        first = rng.integers(T)
        poses[first : first + T // 3, k] = NAN
    poses[:, 3] = NAN
    return frames, poses


@pytest.mark.parametrize(("seed", "T", "batch"), [(0, 90, 3), (1, 300, 4), (2, 19, 2), (3, 1, 1)])
def test_a_part_at_a_time_differs_in_no_bit_from_all_at_once(tmp_path, monkeypatch, seed, T, batch):
    for module in ("tslib.video.correct", "tslib.correction.corrector"):
        monkeypatch.setattr(f"{module}.WINDOW_BATCH", batch)
    made, (frames, poses) = corrector(), with_gaps(seed, T)
    write_tracks(Tracks(frames, poses, np.ones((T, 7))), tmp_path / "in.csv")
    expected = np.empty_like(poses)
    for part in pieces(frames, made.length):
        numbers = frames[part] - frames[part.start]
        track = np.full((numbers[-1] + 1, 7, 2), NAN)
        track[numbers] = poses[part]
        expected[part] = made.correct(track)[numbers]
    written = []
    monkeypatch.setattr(
        "tslib.video.correct.write_rows", lambda _, frame, names, found: written.append(found[0])
    )
    correct_file(tmp_path / "in.csv", made, tmp_path / "out.csv")
    assert np.array_equal(written, expected, equal_nan=True)
    if T > 50:
        assert np.isnan(expected[:, 3]).all() and np.isfinite(expected).any()


MEMORY = """
import resource, sys
from tslib.correction import load_corrector
from tslib.video.correct import correct_file
correct_file(sys.argv[1], load_corrector(sys.argv[2]), sys.argv[3])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows does not say how much memory was used")
def test_a_long_file_takes_no_more_memory_than_a_short_one(place):
    peaks = []
    for T in (2_000, 20_000):
        with open(place / "long.csv", "w", encoding="utf-8") as file:
            file.write("frame,joint,x,y,score\n")
            for t in range(T):
                file.writelines(f"{t},{name},{t % 90},50,1\n" for name in YOUTUBE.joints)
        words = place / "long.csv", place / "model.safetensors", place / "out.csv"
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, *words],
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        peaks.append(int(done.stdout) * (1 if sys.platform == "darwin" else 1024))
    # All at once it was 80 MB more.
    assert peaks[1] - peaks[0] < 20e6


def test_fillers_of_other_tools_are_unknown(tmp_path):
    """OpenPose writes 0, 0, 0 for a joint that it has not found."""
    rows = ["a,0,0.000,0,0.0", "a,1,0,0,0.5", "b,0,5,0,0", "b,1,,,0"]
    text = "joint,frame,x,y,score\n" + "\n".join(rows) + "\n"
    (tmp_path / "joints.csv").write_text(text, encoding="utf-8")
    read = motion.read_tracks(tmp_path / "joints.csv", ("a", "b"))
    wanted = [[[NAN, NAN], [5, 0]], [[0, 0], [NAN, NAN]]]
    assert np.array_equal(read.poses, wanted, equal_nan=True)


def test_predict_writes_corrected_joints_too(tmp_path, capsys):
    synthetic.write_detector(tmp_path)
    pictures = [synthetic.frame(t, figure=t >= 4) for t in range(12)]
    synthetic.write_folder(tmp_path / "frames", pictures)
    penn = synthetic.SKELETON
    save_corrector(corrector(penn), tmp_path / "model.safetensors")
    save_corrector(corrector(), tmp_path / "youtube.safetensors")
    paths = "--detector", tmp_path / "toy.onnx", "--output", tmp_path / "out"
    arguments = ["predict", *map(str, (tmp_path / "frames", *paths)), "--fps", "10", "--correct"]
    assert main([*arguments, str(tmp_path / "youtube.safetensors")]) == 2
    error = capsys.readouterr().err
    assert (
        "corrects head, right_wrist" in error and "the detector has head, right_shoulder" in error
    )
    assert main([*arguments, str(tmp_path / "none")]) == 2
    assert "there is no file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*arguments, str(tmp_path / "model.safetensors")]) == 0
    said = "corrected.csv, detector.csv, joints.csv, overlay.webm and report.html"
    assert said in capsys.readouterr().out
    before, after = (
        motion.read_tracks(tmp_path / "out" / f"{n}.csv", penn.joints)
        for n in ("joints", "corrected")
    )
    assert np.isnan(before.poses[0]).all() and len(after.frames) == 12
    expected = load_corrector(tmp_path / "model.safetensors").correct(before.poses)
    np.testing.assert_allclose(after.poses, expected, atol=0.006)


def test_a_damaged_model_never_ends_in_anything_else(place):
    """Random bytes changed, cut out or appended: it is refused in one sentence, or still a
    corrector.
    """
    whole = (place / "model.safetensors").read_bytes()
    refused = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        data = bytearray(whole)
        at = int(rng.integers(min(len(data), 700 if seed % 2 else len(data))))
        data[at : at + int(rng.integers(1, 9))] = rng.bytes(int(rng.integers(0, 9)))
        (place / "other.safetensors").write_bytes(data)
        try:
            load_corrector(place / "other.safetensors").correct(motion.tracks(1, 0, 5)[0][0])
        except InputError as error:
            refused += 1
            assert str(error).endswith(".") and "\n" not in str(error)
    assert refused > 20
