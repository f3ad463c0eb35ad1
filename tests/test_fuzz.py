"""More than 2,000 damaged files: each is still of use, or refused in one sentence, or skipped by
name.

Never a traceback of a library, a hang, or a file outside its folder. Seeded: each run damages
alike. `pytest tests/test_fuzz.py --fuzz 20` damages twenty times as many, the first of them alike.
"""

import copy
import io
import os
import shutil
import tarfile
import time
import tracemalloc
import zipfile
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import short_runs
import synthetic
import trees
from scipy.io import loadmat, savemat
from scipy.sparse import eye, issparse

from experiments.poses import read_estimates, write_estimates
from renderer.flow import packed
from tslib import checkpoint
from tslib.clip import Clip
from tslib.correction import Corrector, PoseCorrector, load_corrector, save_corrector
from tslib.crop import Crop
from tslib.datasets import cvit_sports, jhmdb, penn_action, youtube_pose
from tslib.datasets.inspection import contact_sheet, inspect
from tslib.datasets.matlab import read_mat
from tslib.datasets.unpack import unpack
from tslib.errors import InputError
from tslib.images import read_image, size_of
from tslib.part_flow import PARTS, PartFlow, read_flow
from tslib.training import stages
from tslib.training.config import as_tables, from_tables, read_config
from tslib.training.models import load_model, save_model
from tslib.video import blazepose
from tslib.video.detector import HeatmapDetector, read_detector_config
from tslib.video.frames import open_frames
from tslib.video.springs import load_springs, read_joints

LONGEST = 10  # s, for the slowest of all; they take milliseconds
COUNTS = {
    "penn bytes": 350,
    "penn values": 250,
    "jhmdb bytes": 120,
    "jhmdb values": 120,
    "mask bytes": 60,
    "mask values": 60,
    "youtube bytes": 100,
    "youtube values": 120,
    "cvit bytes": 50,
    "cvit values": 60,
    "jpeg": 250,
    "png": 100,
    "folder": 60,
    "avi": 100,
    "split": 150,
    "zip": 150,
    "tar": 120,
    "tar.gz": 80,
    "hostile zip": 60,
    "hostile tar": 60,
    "springs": 120,
    "config": 120,
    "joints": 80,
    "model bytes": 60,
    "model notes": 120,
    "corrector bytes": 60,
    "corrector notes": 100,
    "recipe": 150,
    "recipe values": 150,
    "flow bytes": 100,
    "flow values": 100,
    "estimates bytes": 100,
    "estimates values": 100,
    "wheel": 60,
    "network": 6,
}


def test_more_than_2000_files_are_damaged():
    assert sum(COUNTS.values()) >= 2000


def damaged(data, rng):
    """Bytes with one kind of damage: cut off, bits flipped, a part zeroed, doubled, random or taken
    out.
    """
    data, kind = bytearray(data), rng.integers(6)
    at, length = int(rng.integers(len(data))), int(rng.integers(1, 40))
    if rng.random() < 0.3:
        at = min(at, int(rng.integers(256)))  # headers are where it hurts
    if kind == 0:
        return bytes(data[:at])
    if kind == 1:
        for _ in range(length):
            data[min(at + int(rng.integers(64)), len(data) - 1)] ^= 1 << int(rng.integers(8))
    elif kind == 2:
        data[at : at + length] = bytes(len(data[at : at + length]))
    elif kind == 3:
        data[at:at] = data[at : at + 8 * length]
    elif kind == 4:
        data[at : at + length] = rng.bytes(length)
    else:
        del data[at : at + length]
    return bytes(data)


STRANGE = [
    lambda rng, v: np.full(np.shape(v), np.nan),
    lambda rng, v: np.full(np.shape(v), np.inf),
    lambda rng, v: np.where(rng.random(np.shape(v)) < 0.2, np.nan, 1.0),
    lambda rng, v: np.atleast_1d(v)[:-1],
    lambda rng, v: np.atleast_1d(v)[..., :-1],
    lambda rng, v: np.concatenate([v, v]) if np.ndim(v) else v,
    lambda rng, v: np.transpose(v),
    lambda rng, v: np.zeros((0, 0)),
    lambda rng, v: np.zeros((0, 13)),
    lambda rng, v: np.zeros((3, 2, 4, 2)),
    lambda rng, v: 1e300 * rng.standard_normal(np.shape(v)),
    lambda rng, v: -np.array(v, float) if np.asarray(v).dtype.kind in "iuf" else 1,
    lambda rng, v: np.full(np.shape(v), 255, np.uint8),
    lambda rng, v: np.full(np.shape(v), -128, np.int8),
    lambda rng, v: np.full(np.shape(v), 2**63, np.uint64),
    lambda rng, v: np.full(np.shape(v), 1j),
    lambda rng, v: np.ones(np.shape(v), bool),
    lambda rng, v: "text",
    lambda rng, v: "../../../escaped",
    lambda rng, v: np.array(["several", "texts"]),
    lambda rng, v: {"a": 1, "b": {"c": v}},
    lambda rng, v: np.array([[1, "two"], [None, v]], object)[:1],
    lambda rng, v: eye(7).tocsc(),
    lambda rng, v: rng.integers(0, 2**16, np.shape(v), np.uint16),
]


def strange(content, rng):
    """Variables of a .mat file with one to three of them replaced by something else, or gone."""
    content = dict(content)
    for key in rng.choice(list(content), min(len(content), int(rng.integers(1, 4))), replace=False):
        if rng.random() < 0.08:
            del content[key]
        else:
            content[key] = STRANGE[rng.integers(len(STRANGE))](rng, content[key])
    return content


def refused(call):
    """Whether call() ends in an InputError, of one sentence; in no other way may it fail or take
    long.
    """
    start = time.monotonic()
    try:
        call()
    except InputError as error:
        text = str(error)
        assert text.endswith(".") and "\n" not in text, text
        return True
    finally:
        assert time.monotonic() - start < LONGEST
    return False


@pytest.fixture
def rounds(request):
    """rounds(kind) yields (rng, attempt) for each damaged file; attempt(call) must be refused at
    times.
    """

    def run(kind):
        tally = []
        for n in range(COUNTS[kind] * request.config.getoption("--fuzz")):
            yield (
                np.random.default_rng([n, *kind.encode()]),
                lambda call: tally.append(refused(call)),
            )
        assert any(tally), kind

    return run


def each_clip(module, root):
    """Load, and look at, everything below root; walk must name what load refuses."""
    skipped = [f for f in module.walk(root) if f.clip is None]
    assert all(f.notes and "\n" not in f.notes[0] for f in skipped)
    try:
        clips = module.load(root)
    finally:
        text = "\n".join(inspect(root)) if module.find(root) else ""
        assert all(f.name in text for f in skipped)
    assert not skipped
    for clip in clips:
        assert (
            isinstance(clip, Clip)
            and not np.isinf(clip.joints).any()
            and not np.isinf(clip.box).any()
        )
        assert not (clip.box[:, 2:] <= 0).any()
    contact_sheet(clips)


LABELS = {
    "penn": (penn_action, trees.write_penn, "labels/0001.mat", trees.penn),
    "jhmdb": (
        jhmdb,
        trees.write_jhmdb,
        "**/joint_positions.mat",
        lambda: {"pos_img": trees.jhmdb_joints()},
    ),
    "mask": (
        jhmdb,
        trees.write_jhmdb,
        "**/puppet_mask.mat",
        lambda: {"part_mask": trees.jhmdb_masks()},
    ),
    "cvit": (cvit_sports, trees.write_cvit, "*/labels.mat", lambda: {"ptsAll": trees.pose(3, 14)}),
    "youtube": (youtube_pose, trees.write_youtube, "*.mat", lambda: {}),
}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", LABELS)
def test_label_files_of_damaged_bytes_are_read_or_refused(tmp_path, rounds, name, compressed):
    module, write, pattern, _ = LABELS[name]
    write(tmp_path)
    trees.write_split(tmp_path, ["It's_(1)!_@+_a.avi 1"])
    (file,) = tmp_path.glob(pattern)
    content = loadmat(file) if compressed else None
    if compressed:
        savemat(file, {k: v for k, v in content.items() if k[0] != "_"}, do_compression=True)
    whole = file.read_bytes()
    for n, (rng, attempt) in enumerate(rounds(f"{name} bytes")):
        if n % 2 == compressed:  # each half of the rounds in one of the two tests
            file.write_bytes(damaged(whole, rng))
            attempt(lambda: each_clip(module, tmp_path))


@pytest.mark.parametrize("name", LABELS)
def test_label_files_of_strange_values_are_read_or_refused(tmp_path, rounds, name):
    module, write, pattern, content = LABELS[name]
    write(tmp_path)
    trees.write_split(tmp_path, ["It's_(1)!_@+_a.avi 1"])
    (file,) = tmp_path.glob(pattern)
    for rng, attempt in rounds(f"{name} values"):
        if name == "youtube":
            data = trees.youtube()["data"]
            entry = strange({k: data[0, 0][k] for k in data.dtype.names}, rng)
            for key in data.dtype.names:
                data[0, 0][key] = entry.get(key, np.zeros((0, 0)))
            changed = {"data": data} if rng.random() < 0.8 else strange({"data": data}, rng)
        else:
            changed = strange(content(), rng)
        savemat(file, changed)
        attempt(lambda: each_clip(module, tmp_path))
    assert not list(tmp_path.parent.rglob("escaped*"))


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_damaged_images_are_read_or_refused(tmp_path, rounds, kind):
    file = tmp_path / f"a.{kind}"
    trees.write_frame(file, 3)
    whole = file.read_bytes()
    for rng, attempt in rounds(kind):
        file.write_bytes(damaged(whole, rng))
        attempt(lambda: read_image(file))
        attempt(lambda: size_of(file))


def test_an_image_that_claims_to_be_huge_is_refused(tmp_path):
    file = tmp_path / "a.jpg"
    trees.write_frame(file, 3)
    data = bytearray(file.read_bytes())
    at = data.index(b"\xff\xc0") + 5  # height and width
    for size in (b"\xff\xff\xff\xff", b"\x40\x00\x40\x00"):
        data[at : at + 4] = size
        file.write_bytes(data)
        assert refused(lambda: read_image(file))


def test_folders_of_damaged_images_are_read_or_refused(tmp_path, rounds):
    for t in range(3):
        trees.write_frame(tmp_path / f"{t}.jpg", t)
    whole = (tmp_path / "1.jpg").read_bytes()
    for rng, attempt in rounds("folder"):
        (tmp_path / f"{rng.integers(3)}.jpg").write_bytes(damaged(whole, rng))
        attempt(lambda: list(open_frames(tmp_path)))


def test_damaged_videos_are_read_or_refused(tmp_path, rounds):
    file = tmp_path / "a.avi"
    whole = []
    for codec in ("FFV1", "MJPG"):
        writer = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*codec), 20, (160, 120))
        for t in range(5):
            writer.write(synthetic.frame(t))
        writer.release()
        whole.append(file.read_bytes())
    for rng, attempt in rounds("avi"):
        file.write_bytes(damaged(whole[rng.integers(2)], rng))
        attempt(lambda: [f.mean() for f, _ in zip(open_frames(file), range(1000), strict=False)])


def test_damaged_splits_are_read_or_refused(tmp_path, rounds):
    trees.write_jhmdb(tmp_path)
    lines = [f"Name_{n}_(a)!.avi {1 + n % 2}" for n in range(6)] + ["It's_(1)!_@+_a.avi 2"]
    trees.write_split(tmp_path, lines)
    (file,) = (tmp_path / "splits").iterdir()
    whole, bad = (
        file.read_bytes(),
        [b"../../x.avi 1", b"/etc/passwd.avi 2", b"a\0b.avi 1", b"x.avi 2 2", b"\xff"],
    )
    for n, (rng, attempt) in enumerate(rounds("split")):
        file.write_bytes(damaged(whole, rng) + (bad[n % 5] if n % 3 == 0 else b""))
        attempt(lambda: jhmdb.load(tmp_path))


NAMES = [
    "a",
    "b/c",
    "../x",
    "/x",
    "a/../../x",
    "c:x",
    "..\\x",
    "a" * 300,
    "b",
    "nul",
    ".h",
    "é",
    "a\0b",
    "",
]
NAMES += ["\udcff", "b/\udc80.png"]  # bytes that are not UTF-8
KINDS = [
    tarfile.REGTYPE,
    tarfile.REGTYPE,
    tarfile.DIRTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
    tarfile.FIFOTYPE,
]


def an_archive(kind, rng=None):
    """Bytes of an archive of ten files; with rng, of hostile names and kinds."""
    buffer, content = io.BytesIO(), np.random.default_rng(0).bytes(700)
    names = [f"set/{n}/file" for n in range(10)]
    if rng is not None:
        names = [NAMES[n] for n in rng.integers(len(NAMES), size=4)] + ["fine"]
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
            for name in names:
                # Only a tar holds any bytes.
                member = zipfile.ZipInfo(name.encode(errors="replace").decode())
                member.external_attr = (
                    int(rng.choice([0, 0o100644, 0o120777, 0o020666]) << 16) if rng else 0
                )
                file.writestr(member, content)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w:gz" if kind == "tar.gz" else "w") as file:
        for name in names:
            member = tarfile.TarInfo(name)
            if rng is not None:
                member.type, member.linkname = KINDS[rng.integers(len(KINDS))], "../../x"
            member.size = len(content) if member.isreg() else 0
            file.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "hostile zip", "hostile tar"])
def test_damaged_and_hostile_archives_stay_in_their_folder(tmp_path, rounds, kind):
    root = tmp_path / "below" / "root"
    root.mkdir(parents=True)
    archive, whole = root / "archive", an_archive(kind.split()[-1])
    for rng, attempt in rounds(kind):
        hostile = kind.startswith("hostile")
        archive.write_bytes(an_archive(kind.split()[-1], rng) if hostile else damaged(whole, rng))
        attempt(lambda: unpack(archive, root / "set"))
        assert {p.name for p in root.iterdir()} <= {"archive", "set"}
        assert [p.name for p in tmp_path.iterdir()] == ["below"]
        assert [p.name for p in root.parent.iterdir()] == ["root"]
        assert not any(p.is_symlink() for p in root.rglob("*"))
        for path in root.rglob("*"):
            str(path).encode()  # OpenCV takes no other names
        shutil.rmtree(root / "set", ignore_errors=True)


SPRINGS = (
    b'[[spring]]\njoints = ["left_hip", "left_knee"]\nrest = [0.03, 0.24]\nstiffness = [5, 5]\n' * 2
)
JOINTS = b"frame,joint,x,y,score\n" + b"".join(
    b"%d,head,12.5,3,0.9\n%d,left_hip,,,0\n" % (n, n) for n in range(9)
)


@pytest.mark.parametrize("kind", ["springs", "config", "joints"])
def test_damaged_settings_and_tables_are_read_or_refused(tmp_path, rounds, kind):
    read = {
        "springs": load_springs,
        "config": read_detector_config,
        "joints": lambda path: read_joints(path, synthetic.SKELETON),
    }[kind]
    whole = {"springs": SPRINGS, "config": synthetic.CONFIG.encode(), "joints": JOINTS}[kind]
    for rng, attempt in rounds(kind):
        (tmp_path / "a").write_bytes(damaged(whole, rng))
        attempt(lambda: read(tmp_path / "a"))


# What a text file or JSON may hold in the place of something else.
WRONG = [None, True, -1, 0, 0.5, 2**31, 10**30, 1e300, float("nan"), "", "x" * 1000, "../../x"]
WRONG += [[], {}, [1, 2], {"a": 1}, [[[[]]]], "\x1b[31m", ["head"] * 13]


def misstated(content, rng):
    """A copy of nested dicts with one value replaced by another kind or size, or taken out."""
    content = copy.deepcopy(content)
    place, keys = content, list(content)
    while True:
        key = keys[rng.integers(len(keys))]
        value = place[key]
        if isinstance(value, dict) and value and rng.random() < 0.9:
            place, keys = value, list(value)
            continue
        if rng.random() < 0.15:
            del place[key]
        else:
            place[key] = WRONG[rng.integers(len(WRONG))]
        return content


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Files of finished models by name, with the function that reads each."""
    folder = tmp_path_factory.mktemp("models")
    config = short_runs.CONFIG
    save_model(folder / "model", stages.network(config, 1), config, "ST-infer", 0)
    network = PoseCorrector(13, hidden=8)
    save_corrector(Corrector(network, synthetic.SKELETON), folder / "corrector")
    return folder


READERS = {"model": load_model, "corrector": load_corrector}


@pytest.mark.parametrize("name", READERS)
def test_damaged_models_are_read_or_refused(tmp_path, rounds, finished, name):
    whole, read = (finished / name).read_bytes(), READERS[name]
    notes, tensors = checkpoint.notes_and_tensors(finished / name)
    file = tmp_path / "a"
    for rng, attempt in rounds(f"{name} bytes"):
        file.write_bytes(damaged(whole, rng))
        attempt(lambda: read(file))
    # With a checksum that fits, as of a file that somebody has made on purpose.
    for rng, attempt in rounds(f"{name} notes"):
        file.write_bytes(checkpoint.as_bytes(misstated(notes, rng), tensors))
        attempt(lambda: read(file))


def test_recipes_that_say_something_else_are_read_or_refused(tmp_path, rounds):
    root = Path(__file__).parents[1] / "data" / "training"
    whole, file = (root / "laptop.toml").read_bytes(), tmp_path / "a.toml"
    for rng, attempt in rounds("recipe"):
        file.write_bytes(damaged(whole, rng))
        attempt(lambda: read_config(file))
    tables = as_tables(read_config(root / "laptop.toml"))
    for rng, attempt in rounds("recipe values"):
        attempt(partial(from_tables, misstated(tables, rng), file))


def damage_arrays(rounds, kind, file, read):
    """Read a whole .npz file with its bytes damaged, and with other arrays in it."""
    whole, content = file.read_bytes(), dict(np.load(file))
    for rng, attempt in rounds(f"{kind} bytes"):
        file.write_bytes(damaged(whole, rng))
        attempt(read)
    for rng, attempt in rounds(f"{kind} values"):
        np.savez(file, **_arrays(strange(content, rng)))
        attempt(read)


def test_damaged_flow_is_read_or_refused(tmp_path, rounds):
    maps = np.zeros((3, PARTS, 2, 3), np.float32)
    parts = np.random.default_rng(0).integers(0, PARTS, (3, 8, 9)).astype(np.uint8)
    (tmp_path / "flow").mkdir()
    file = tmp_path / "flow" / "1.npz"
    file.write_bytes(packed(PartFlow(parts, maps, maps)))

    def read():
        flow = read_flow(tmp_path, "1")
        assert np.isfinite(flow.dense(len(flow) - 1)).all()

    damage_arrays(rounds, "flow", file, read)


def test_damaged_estimates_are_read_or_refused(tmp_path, rounds):
    file, root = tmp_path / "e.npz", tmp_path / "clips"
    trees.write_penn(root)
    clips = penn_action.load(root)
    write_estimates(file, clips, [clip.joints for clip in clips])

    def read():
        for pose in read_estimates(file, clips).values():
            assert pose.ndim == 3 and not np.isinf(pose).any()

    damage_arrays(rounds, "estimates", file, read)


def _arrays(content):
    """What numpy can store without its own kind of pickle, as most arrays; others as they are."""
    return {key: np.asarray(value) for key, value in content.items() if not issparse(value)}


def test_damaged_wheels_are_refused(tmp_path, rounds, monkeypatch):
    monkeypatch.setattr(blazepose, "detector_folder", lambda: tmp_path / "blazepose")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"a/{blazepose.MODEL}", b"network" * 100)
        file.writestr("a/LICENSE", b"Apache")
    whole, wheel = buffer.getvalue(), tmp_path / "a.whl"
    for rng, attempt in rounds("wheel"):
        wheel.write_bytes(damaged(whole, rng))
        attempt(lambda: blazepose.fetch_detector(wheel))
        assert [path.name for path in tmp_path.iterdir()] == ["a.whl"]


def test_damaged_networks_are_read_or_refused(tmp_path, rounds, monkeypatch):
    """In a process of their own at first, because OpenCV may end with them."""
    monkeypatch.setenv("TSLIB_CACHE", str(tmp_path / "cache"))
    model = synthetic.write_detector(tmp_path)
    whole, crop = model.read_bytes(), Crop((80.0, 60.0), 4.0, synthetic.GRID, 70.0)
    for rng, attempt in rounds("network"):
        model.write_bytes(damaged(whole, rng))
        attempt(lambda: HeatmapDetector(model)(synthetic.frame(0), crop))


# What reads a file that a reader names.
READ = {
    "springs": load_springs,
    "config": read_detector_config,
    "recipe": read_config,
    "joints": lambda path: read_joints(path, synthetic.SKELETON),
    "labels": lambda path: read_mat(path, ["x"]),
    "picture": read_image,
    "size": size_of,
    "frames": lambda path: list(open_frames(path.parent)),
    "model": load_model,
    "corrector": load_corrector,
    "detector": HeatmapDetector,
    "estimates": lambda path: read_estimates(path, []),
    "wheel": blazepose.fetch_detector,
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "loop", "nothing", "huge"])
@pytest.mark.parametrize("name", READ)
def test_what_is_no_ordinary_file_is_refused_at_once(tmp_path, monkeypatch, name, kind):
    """A pipe that nobody writes to would be waited for, and a device has no end."""
    monkeypatch.setattr(blazepose, "detector_folder", lambda: tmp_path / "blazepose")
    file = tmp_path / "a.png"
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "huge":
        file.touch()
        os.truncate(file, 1 << 40)
    else:
        places = {"device": "/dev/zero", "loop": file, "nothing": tmp_path / "none"}
        file.symlink_to(places[kind])
    assert refused(lambda: READ[name](file))


def test_what_unpacks_to_very_much_is_refused(tmp_path):
    labels, wheel = tmp_path / "a.mat", tmp_path / "a.whl"
    savemat(labels, {"x": np.zeros((3_000_000, 13), np.uint8)}, do_compression=True)
    with pytest.raises(InputError, match="cannot be read"):
        read_mat(labels, ["x"])
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as file:
        for n in range(6):
            file.writestr(f"{n}/LICENSE", bytes(19_000_000))
    with pytest.raises(InputError, match="cannot be read"):
        blazepose.read_wheel(wheel, lambda name: True)


def test_a_table_without_lines_takes_no_memory(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"1" * 30_000_000)
    tracemalloc.start()
    assert refused(lambda: read_joints(tmp_path / "a.csv", synthetic.SKELETON))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_column_that_stands_twice_is_refused(tmp_path):
    """Which of the two is meant?"""
    (tmp_path / "a.csv").write_text("frame,joint,x,y,score,x\n0,head,1,2,1,3\n", encoding="utf-8")
    assert refused(lambda: read_joints(tmp_path / "a.csv", synthetic.SKELETON))


def test_settings_may_begin_with_the_mark_of_an_editor(tmp_path):
    (tmp_path / "a").write_bytes(SPRINGS)
    (tmp_path / "b").write_bytes(b"\xef\xbb\xbf" + SPRINGS)
    assert load_springs(tmp_path / "a") == load_springs(tmp_path / "b")
