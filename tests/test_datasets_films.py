"""The films are fetched once, whole or not at all; every wheel here is a stand-in."""

import hashlib
import zipfile

import pytest

import tslib.datasets.films as films
from tslib.__main__ import main
from tslib.datasets.films import FILMS, Films

INSIDE = {
    "pose": {"Pose/cam01.mp4": b"a film", "pose-1.0.dist-info/licenses/LICENSE": b"BSD 3"},
    "sports": {"Sports/demo.mp4": b"another", "sports-2.0.dist-info/licenses/LICENSE": b"BSD 3"},
}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def wheel(folder, name, version, **replaced):
    """A wheel that pip takes, with films in it."""
    path, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, content in INSIDE[name].items():
            archive.writestr(inside, replaced.get(inside.split("/")[-1].split(".")[0], content))
        archive.writestr(f"{info}/METADATA", about)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder in which pip finds wheels, and nowhere else; the table is of its wheels."""
    index, table = tmp_path / "index", {}
    index.mkdir()
    for name, version in (("pose", "1.0"), ("sports", "2.0")):
        content = INSIDE[name]
        kept = {("LICENSE" if "LICENSE" in i else f"one/{i.split('/')[-1]}"): i for i in content}
        files = {k: (i, sha256(content[i])) for k, i in kept.items()}
        path = wheel(index, name, version)
        table[name] = Films("films", f"{name}=={version}", 1, sha256(path.read_bytes()), files)
    monkeypatch.setattr(films, "FILMS", table)
    monkeypatch.setattr(films, "films_folder", lambda: tmp_path / "kept")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return index


def kept(tmp_path):
    place = tmp_path / "kept"
    return sorted(str(p.relative_to(place)) for p in place.rglob("*") if p.is_file())


def test_pip_fetches_both_wheels_and_their_films_and_licences_are_kept(index, tmp_path, capfd):
    assert main(["download", "films"]) == 0
    said = capfd.readouterr()
    assert "BSD-3" in said.err and "pose==1.0 (1 MB)" in said.err
    assert str(tmp_path / "kept") in said.out
    both = ["pose/LICENSE", "pose/one/cam01.mp4", "sports/LICENSE", "sports/one/demo.mp4"]
    assert kept(tmp_path) == both
    for path in index.iterdir():
        path.unlink()
    assert main(["download", "films"]) == 0  # there already


def test_a_wheel_on_the_disk_brings_its_own_films_alone(index, tmp_path):
    copy = next(index.glob("sports*")).rename(index / "copy.zip")
    assert main(["download", "films", "--file", str(copy)]) == 0
    assert kept(tmp_path) == ["sports/LICENSE", "sports/one/demo.mp4"]


def test_a_film_that_is_another_one_leaves_nothing_behind(index, tmp_path, capsys):
    other = wheel(tmp_path, "pose", "1.0", cam01=b"other film")
    assert main(["download", "films", "--file", str(other)]) == 2
    assert "Pose/cam01.mp4" in capsys.readouterr().err
    assert kept(tmp_path) == []


def test_what_cannot_be_used_is_one_sentence(index, tmp_path, capsys):
    (tmp_path / "text.whl").write_text("no zip", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "empty.whl", "w"):
        pass
    cases = [
        (f"films --file {tmp_path}/nothing.whl", "there is no"),
        (f"films --file {tmp_path}/text.whl", "cannot be read as a wheel or zip"),
        (f"films --file {tmp_path}/empty.whl", "does not hold the films of pose==1.0 or sports"),
    ]
    for words, sentence in cases:
        assert main(["download", *words.split()]) == 2
        assert sentence in capsys.readouterr().err, words


def test_films_take_no_folder(capsys):
    with pytest.raises(SystemExit):
        main(["download", "films", "data"])
    assert "no ROOT goes with films" in capsys.readouterr().err


def test_without_a_network_the_sentence_names_the_command(index, tmp_path, capfd):
    next(index.glob("pose*")).unlink()
    assert main(["download", "films"]) == 2
    assert "`python -m tslib download films`" in capfd.readouterr().err
    assert kept(tmp_path) == []


def test_every_package_of_films_has_its_licence_and_pinned_version():
    for name, entry in FILMS.items():
        assert entry.package.startswith(f"{name}==") and "LICENSE" in entry.files
        assert all(len(checksum) == 64 for _, checksum in entry.files.values())
