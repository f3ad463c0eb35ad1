"""The default detector is fetched once, whole or not at all; every wheel here is a stand-in."""

import hashlib
import zipfile

import pytest

import tslib.video.blazepose as blazepose
from tslib.__main__ import main
from tslib.errors import InputError
from tslib.video.blazepose import default_detector, fetch_detector
from tslib.video.detector import read_detector_config

NAME = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
NETWORK, LICENCE = b"a network", b"Apache License"
MODEL = "pose_landmark_full.tflite"
FILES = [MODEL, "pose_landmark_full.toml", "LICENSE"]


def wheel(folder, network=NETWORK, licence=LICENCE):
    """A wheel that pip takes, with a network and a licence in it."""
    path = folder / NAME
    info = "mediapipe-0.10.21.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"mediapipe/modules/pose_landmark/{MODEL}", network)
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.21\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_28_x86_64\n"
        )
        if licence:
            archive.writestr(f"{info}/LICENSE", licence)
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder in which pip finds wheels, and nowhere else; the checksums are of its wheel."""
    index = tmp_path / "index"
    index.mkdir()
    sums = {"wheel": wheel(index).read_bytes(), MODEL: NETWORK}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in sums.items()}
    monkeypatch.setattr(blazepose, "_SHA256", sums)
    monkeypatch.setattr(blazepose, "detector_folder", lambda: tmp_path / "kept" / "blazepose")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return index


def kept(tmp_path):
    """Names of everything beside the index."""
    places = [p for p in tmp_path.rglob("*") if p.is_file() and "index" not in p.parts]
    return sorted(p.name for p in places)


def test_pip_fetches_the_wheel_and_three_files_of_it_are_kept(index, tmp_path, capfd):
    assert main(["download", "detector"]) == 0
    said = capfd.readouterr()
    assert "Apache-2.0" in said.err and "mediapipe==0.10.21 (35 MB)" in said.err
    assert str(tmp_path / "kept" / "blazepose" / MODEL) in said.out
    assert kept(tmp_path) == sorted(FILES)
    assert (tmp_path / "kept" / "blazepose" / MODEL).read_bytes() == NETWORK
    assert read_detector_config(tmp_path / "kept/blazepose/pose_landmark_full.toml")["maps"]
    (index / NAME).unlink()
    assert main(["download", "detector"]) == 0  # there already


def test_a_wheel_or_zip_on_the_disk_will_do(index, tmp_path, capsys):
    copy = (index / NAME).rename(index / "copy.zip")
    with zipfile.ZipFile(copy, "a") as archive:  # another zip of the same network
        archive.writestr("note.txt", "mine")
    assert main(["download", "detector", "--file", str(copy)]) == 0
    assert kept(tmp_path) == sorted(FILES)


def test_the_first_prediction_fetches_it_and_says_so(index, capfd):
    model = default_detector()
    assert model.read_bytes() == NETWORK
    assert "not here yet, so it is fetched once" in capfd.readouterr().err
    assert default_detector() == model and not capfd.readouterr().err


def test_without_a_network_one_sentence_says_what_to_run(index, tmp_path, capfd):
    (index / NAME).unlink()
    with pytest.raises(InputError, match="No matching distribution") as error:
        default_detector()
    assert "`python -m tslib download detector` with a network, or add --file" in str(error.value)
    assert "\n" not in str(error.value) and "ERROR" not in capfd.readouterr().err
    assert not kept(tmp_path)


def test_an_index_that_cannot_be_reached_is_said(index, monkeypatch):
    (index / NAME).unlink()
    monkeypatch.delenv("PIP_NO_INDEX")
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(InputError, match="0.10.21 .the package index cannot be reached.; run"):
        fetch_detector()


@pytest.mark.parametrize("changes", [{"network": b"another"}, {"licence": b""}])
def test_what_is_not_the_network_is_refused(index, tmp_path, changes):
    wheel(index, **changes)
    with pytest.raises(InputError, match="what pip fetched as mediapipe==0.10.21 is another file"):
        fetch_detector()
    with pytest.raises(InputError, match="does not hold the network .* and its licence"):
        fetch_detector(index / NAME)
    assert not kept(tmp_path)


def test_a_file_that_is_no_wheel_is_named(index, tmp_path):
    (index / "text.whl").write_text("no wheel", encoding="utf-8")
    for file, word in (
        ("text.whl", "cannot be read as"),
        ("none", "there is no"),
        ("", "no ordinary file"),
    ):
        with pytest.raises(InputError, match=word):
            fetch_detector(index / file)
    assert not kept(tmp_path)


def test_a_network_that_was_damaged_since_is_named(index):
    model = fetch_detector()
    model.write_bytes(b"a netw0rk")
    with pytest.raises(InputError, match="is damaged; remove .*blazepose and run"):
        default_detector()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("detector data", "no ROOT goes with detector"),
        ("jhmdb", "jhmdb needs a ROOT to go to"),
        ("jhmdb data --file a.whl", "--file is for the detector and films alone"),
    ],
)
def test_options_that_do_not_fit_are_refused(words, said, capsys):
    with pytest.raises(SystemExit) as error:
        main(["download", *words.split()])
    assert error.value.code == 2 and said in capsys.readouterr().err
