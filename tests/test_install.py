"""The set-up says what it does, what it lacks and why, before anything is installed."""

import json
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile

import pytest
import yaml
from tiny_book import ROOT

from book import install
from tslib import command_line

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = {
    re.match(r"[\w.-]+", line)[0].lower().replace("_", "-"): line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
}


def names(requirements):
    """The packages of a list of requirements, in small letters."""
    return {re.match(r"[\w.-]+", text)[0].lower().replace("_", "-") for text in requirements}


# Versions


def test_all_that_is_asked_for_is_pinned():
    """Triton by a range, since torch's build for CUDA insists on a version of its own."""
    asked = set.union(names(PROJECT["dependencies"]), *map(names, EXTRAS.values()))
    assert asked <= set(PINS)
    assert [name for name, line in PINS.items() if "==" not in line.split(";")[0]] == ["triton"]


def test_triton_is_no_part_of_the_default_set_up(monkeypatch):
    assert names(EXTRAS["triton"]) == {"triton"}
    assert all("triton" not in names(EXTRAS[extra]) for extra in set(EXTRAS) - {"triton"})
    asked = []
    monkeypatch.setattr(install, "install", lambda *arguments: asked.append(arguments[2]))
    for value in ("", "1"):
        monkeypatch.setenv("TRITON", value)
        install.main()
    assert asked == ["chapters,book,test,train", "chapters,book,test,train,triton"]


# What pip says


@pytest.fixture
def this_python(monkeypatch):
    monkeypatch.setattr(install, "PYTHON", sys.executable)


def said_by_pip(*arguments):
    with pytest.raises(install.PipFailed) as failed:
        install.pip("--dry-run", *arguments)
    return str(failed.value)


def test_an_index_out_of_reach_is_not_one_without_torch(this_python, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    index = "http://127.0.0.1:9/simple"
    said = said_by_pip(*install.alone(index), "torch==0.0.1")
    sentence = install.why_no_torch("torch==0.0.1", index, said)
    assert f"The index {index} cannot be reached" in sentence
    assert "refused" in sentence and "has no" not in sentence
    (tmp_path / "torch").mkdir()
    index = tmp_path.as_uri()
    said = said_by_pip(*install.alone(index), "torch==0.0.1")
    sentence = install.why_no_torch("torch==0.0.1", index, said)
    assert f"{index} has no torch==0.0.1" in sentence and "cannot be reached" not in sentence
    assert "No matching distribution found" in sentence


def wheel(folder, name, version, needs=""):
    """A wheel that holds nothing and requires something."""
    info = f"{name}-{version}.dist-info"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}"
        file.writestr(f"{info}/METADATA", metadata)
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")


def test_the_cause_of_a_conflict_is_shown(this_python, tmp_path):
    wheel(tmp_path, "first", 1, "third==1")
    wheel(tmp_path, "second", 1, "third==2")
    wheel(tmp_path, "third", 1)
    wheel(tmp_path, "third", 2)
    said = said_by_pip("--no-index", "--find-links", str(tmp_path), "first", "second")
    assert "first 1 depends on third==1" in said and "second 1 depends on third==2" in said


@pytest.mark.skipif(sys.platform == "win32", reason="A script that stands in for Python.")
def test_a_silent_pip_is_spoken_for(monkeypatch, tmp_path, capsys):
    script = tmp_path / "python"
    script.write_text(
        "#!/bin/sh\necho '  Downloading torch (200 MB)'\necho Collecting jinja2\nsleep 1\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    monkeypatch.setattr(install, "PYTHON", script)
    assert install.PATIENCE <= 20
    monkeypatch.setattr(install, "PATIENCE", 0.2)
    install.pip("jinja2")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "  Downloading torch (200 MB)"
    assert len(lines) > 2 and all("pip is at: Collecting jinja2" in line for line in lines[1:])


def test_ctrl_c_ends_the_set_up_in_a_sentence(monkeypatch, capsys):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "install", interrupted)
    with pytest.raises(SystemExit, match="130"):
        install.main()
    assert capsys.readouterr().err == "Interrupted; the next call goes on from here.\n"


# Libraries of the system

# What OpenCV's wheel asks of Debian's slim image, one after the other; and one of another day.
LIBRARIES = ["libGL.so.1", "libgthread-2.0.so.0", "libglib-2.0.so.0", "libxcb.so.1", "libfoo.so.2"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_any_missing_library_gets_one_sentence_with_all_packages(library):
    problem = f"{library}: cannot open shared object file: No such file or directory"
    sentence = install.missing_library(f"Traceback ...\nImportError: {problem}\n")
    assert library in sentence and all(package in sentence for package in install.APT)
    assert sentence.count(". ") == 1 and "\n" not in sentence
    # Programs say the same, of as many packages at least.
    sentence = command_line.missing_library(ImportError(problem))
    assert library in sentence and all(package in sentence for package in install.APT)


def test_other_errors_get_none():
    assert install.missing_library("ImportError: numpy.core failed to import") == ""


def test_all_places_name_the_same_packages():
    expected = set(install.APT)
    apt = (ROOT / "apt.txt").read_text(encoding="utf-8").split()
    assert set(apt) == expected and len(apt) == len(expected)
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    commands = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    installs = [command for command in commands if "apt-get install" in command]
    assert installs and all("apt.txt" in command for command in installs)
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert container["build"] == {"dockerfile": "../Dockerfile", "context": ".."}


def instructions(dockerfile):
    """The instructions of a Dockerfile: their words, lines that go on joined."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE).replace("\\\n", " ")
    return [line.split(None, 1) for line in text.splitlines() if line.strip()]


def test_the_dockerfile_can_be_read():
    """It was not run here; but it has what a Dockerfile needs, and copies what is there."""
    lines = instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    known = {"FROM", "RUN", "COPY", "WORKDIR", "ENV", "EXPOSE", "CMD", "USER", "ARG"}
    assert lines[0][0] == "FROM" and {word for word, _ in lines} <= known
    assert [word for word, _ in lines].count("CMD") == 1
    for word, rest in lines:
        if word == "COPY":
            *sources, _ = [part for part in rest.split() if not part.startswith("--")]
            assert sources and all((ROOT / source).exists() for source in sources)
        if word == "CMD":
            assert all(isinstance(part, str) for part in json.loads(rest))
    runs = [rest for word, rest in lines if word == "RUN"]
    assert any("apt.txt" in run for run in runs) and any("book.install" in run for run in runs)


def test_conda_installs_what_the_set_up_installs():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = [part["pip"] for part in conda["dependencies"] if isinstance(part, dict)]
    assert "-c constraints.txt" in pip and "-e .[chapters,book,test,train]" in pip


def test_a_folder_with_an_umlaut_is_found_in_any_locale(tmp_path, monkeypatch):
    root = tmp_path / "Übung 1"
    venv.create(root / ".venv", symlinks=os.name != "nt")
    (root / "found_at_home.py").write_text("print('here')\n", encoding="utf-8")
    (site,) = (root / ".venv").glob("[lL]ib/**/site-packages")
    (site / "_tslib.pth").write_text(f"{root}\n", encoding="utf-8")  # as pip leaves it
    monkeypatch.chdir(root)
    install.point_home()
    environment = os.environ | {"LC_ALL": "C", "PYTHONPATH": ""}
    done = subprocess.run(
        [root / install.PYTHON, "-c", "import found_at_home"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stdout.strip() == "here", done.stderr
