"""Every command of the project under faults: ended at any moment, on a full disk, in folders that
cannot be written, twice at once, with a clock that was set back, with workers that are killed.

    python tests/faults.py [WORD ...] [--fault NAME ...] [--moments 20] [--seed 0] [--fresh]

tries all commands, or those whose name holds a word, and prints what went wrong and a table. All of
it happens in a temporary folder. Linux alone has what it needs; a full disk (a small tmpfs there)
and a user who may not write also need root, and where that cannot be, it is said. After a fault

- a command ends within 5 s, with the exit code 130 (Ctrl-C) or 2, and says one sentence more than
  undisturbed; nothing that it has started lives on,
- and the same command then leaves the very files that it leaves undisturbed, and no others: in its
  output, in the caches, in the home and in the folder for temporary files.

The commands are forks of this process, which has imported their libraries. With --fresh each is a
Python of its own, as a user starts it, so that the faults meet the imports, too.
"""

import argparse
import codecs
import contextlib
import ctypes
import hashlib
import importlib
import os
import random
import re
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
OUT = "out/it"  # the output of each command, in a folder of its own
MARK = "TSLIB_FAULTS"  # a variable by which a command's processes are known
NOBODY = 65534
# Seconds from Ctrl-C to the end, where nobody else wants the processors.
PATIENCE = 5 * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))
LONGEST = 300  # s of any command
FULL = r"no space left|disk (is )?full|is the disk full|MB free|GB are free|does not fit"


@dataclass(frozen=True)
class Case:
    """A command.

    words : behind `python -m`; in/ holds inputs
    prepare : puts into a fresh place what the command needs there, from an input of this name
    goes_on : what an interrupted run leaves is taken up by the same command
    workers : it starts processes, which may be killed
    writes : it writes files
    own : it has to be a Python of its own
    cache : its caches are filled by an earlier run
    needs : a path of the repository, without which it cannot be tried
    """

    words: str
    prepare: Callable[[Path, str], object] = lambda place, name: None
    name: str = ""
    goes_on: bool = False
    workers: bool = False
    writes: bool = True
    own: bool = False
    cache: bool = True
    needs: str = "tslib"

    def reads(self, name: str) -> bool:
        """Whether it reads an input."""
        return name == self.name or f"in/{name}" in self.words.split()


def _copied(place: Path, name: str) -> None:
    """To where the output belongs."""
    source, target = place / "in" / name, place / OUT
    (shutil.copytree if source.is_dir() else shutil.copy)(source, target)


def _packaged(place: Path, name: str) -> None:
    """The package alone, as it is installed, so that it keeps downloads in the user's cache."""
    shutil.copytree(ROOT / "tslib", place / "tslib", ignore=shutil.ignore_patterns("__pycache__"))


def _beside(place: Path, name: str) -> None:
    shutil.copytree(place / "in" / name, place, dirs_exist_ok=True)


TOY = "--detector in/toy.onnx --box 30 20 60 84 --fps 20"
TRAIN = "tslib train in/run.toml --data in/clips --device cpu --every 1"
CASES = {
    "predict": Case(f"tslib predict in/film {TOY} --output {OUT}"),
    "predict, empty cache": Case(f"tslib predict in/film {TOY} --output {OUT}", cache=False),
    "predict, all formats": Case(
        f"tslib predict in/film.avi {TOY} --output {OUT} --format csv coco openpose npz "
        "--springs in/springs.toml --correct in/corrector.safetensors"
    ),
    "correct": Case(
        f"tslib correct in/joints.csv --model in/corrector.safetensors --output {OUT}.csv"
    ),
    "train": Case(f"{TRAIN} --output {OUT}", goes_on=True),
    "train, workers": Case(f"{TRAIN} --output {OUT} --workers 2", goes_on=True, workers=True),
    "evaluate": Case("tslib evaluate in/model.safetensors --data in/clips", writes=False),
    "springs": Case(f"tslib springs in/joints.csv --skeleton penn13 --output {OUT}.toml"),
    "download, detector": Case(
        "tslib download detector --file in/detector.zip",
        _packaged,
        own=True,
        cache=False,
        needs="data/detectors/blazepose/LICENSE",
    ),
    "download, films": Case(
        "tslib download films --file in/films.zip",
        _packaged,
        own=True,
        cache=False,
        needs="data/films/sports2d/LICENSE",
    ),
    "download, data set": Case(f"tslib download cvit_sports {OUT}", _copied, "packed"),
    "inspect": Case("tslib inspect in/clips", writes=False),
    "inspect, sheet": Case(f"tslib inspect in/clips --sheet {OUT}.png"),
    "renderer": Case(f"renderer {OUT} --clips 12 --size 64 --frames 8", goes_on=True),
    "renderer, workers": Case(
        f"renderer {OUT} --clips 24 --size 64 --frames 8 --workers 2", goes_on=True, workers=True
    ),
    "estimate, model": Case(
        f"experiments estimate --model in/model.safetensors --data in/clips --output {OUT}",
        goes_on=True,
    ),
    "estimate, parts": Case(
        f"experiments estimate --parts --folds 2 --data in/clips --output {OUT}", goes_on=True
    ),
    "paper_a table1": Case(
        f"experiments paper_a table1 --config in/run.toml --data in/clips --output {OUT} "
        "--seeds 0 --device cpu",
        goes_on=True,
    ),
    "motion envelope": Case(f"experiments motion envelope --output {OUT}"),
    "claims": Case(f"experiments claims {OUT}", _copied, "table1.json"),
    "book student": Case("book student", _beside, "book", own=True),
    "book slides": Case("book slides", _beside, "book", own=True),
    "book run": Case("book run", _beside, "book", own=True),
}


# What commands read. Each function makes an input of its name, from others where it needs them.


def _film(folder: Path) -> None:
    import synthetic

    frames = [synthetic.frame(t) for t in range(14)]
    synthetic.write_folder(folder / "film", frames)
    synthetic.write_video(folder / "film.avi", frames)
    synthetic.write_detector(folder)
    (folder / "springs.toml").write_text(
        '[[spring]]\njoints = ["left_hip", "left_knee"]\nrest = [0, 0.2]\nstiffness = [5, 5]\n',
        encoding="utf-8",
    )


def _joints(folder: Path) -> None:
    import synthetic

    rows = [
        f"{t},{name},{x:.2f},{y:.2f},0.9\n"
        for t in range(60)
        for name, (x, y) in zip(synthetic.SKELETON.joints, synthetic.pose(t), strict=True)
    ]
    text = "".join(["frame,joint,x,y,score\n", *rows])
    (folder / "joints.csv").write_text(text, encoding="utf-8")


def _corrector(folder: Path) -> None:
    import synthetic
    import torch

    from tslib.correction import Corrector, PoseCorrector, save_corrector

    torch.manual_seed(0)
    corrector = Corrector(PoseCorrector(13, hidden=4), synthetic.SKELETON)
    save_corrector(corrector, folder / "corrector.safetensors")


def _clips(folder: Path) -> None:
    import short_runs

    from renderer import render

    render(folder / "clips", 10, 0, (48, 48), 7)
    (folder / "run.toml").write_text(short_runs.TOML, encoding="utf-8")


def _model(folder: Path) -> None:
    from tslib.training.run import train

    made = train(folder / "run.toml", folder / "clips", folder / "run", device="cpu")
    shutil.copy(made, folder / "model.safetensors")


def _packed(folder: Path) -> None:
    import trees

    trees.write_cvit(folder / "cvit", T=40)
    (folder / "packed").mkdir()
    with tarfile.open(folder / "packed" / "cvit_sports_videos.tar.gz", "w:gz") as archive:
        archive.add(folder / "cvit" / "bowling", "bowling")


def _table(folder: Path) -> None:
    shutil.copy(ROOT / "experiments" / "results" / "table1.json", folder)


def _detector(folder: Path) -> None:
    with zipfile.ZipFile(folder / "detector.zip", "w") as archive:
        for file in (ROOT / "data" / "detectors" / "blazepose").iterdir():
            archive.write(file, f"a/{file.name}")


def _films(folder: Path) -> None:
    from tslib.datasets.films import FILMS

    with zipfile.ZipFile(folder / "films.zip", "w") as archive:
        for here, (there, _) in FILMS["sports2d"].files.items():
            archive.write(ROOT / "data" / "films" / "sports2d" / here, there)


def _book(folder: Path) -> None:
    import tiny_book

    tiny_book.make(folder / "book")
    shutil.copytree(ROOT / "book", folder / "book" / "book")


MAKERS = {
    "film film.avi toy.onnx springs.toml": _film,
    "joints.csv": _joints,
    "corrector.safetensors": _corrector,
    "clips run.toml model.safetensors": _clips,
    "model.safetensors": _model,
    "packed": _packed,
    "table1.json": _table,
    "detector.zip": _detector,
    "films.zip": _films,
    "book": _book,
}


def make_inputs(folder: Path, cases: Sequence[Case]) -> None:
    """Make what these commands read."""
    folder.mkdir()
    for names, make in MAKERS.items():
        if any(case.reads(name) for case in cases for name in names.split()):
            make(folder)


# Processes


@dataclass
class Running:
    """A command that was started; code: its exit code once it has ended, said: its stderr."""

    pid: int
    log: Path
    start: float
    code: int | None = None
    seconds: float = 0.0
    all: ClassVar[list["Running"]] = []

    def __post_init__(self) -> None:
        Running.all = [run for run in Running.all if run.code is None] + [self]

    def ended(self, within: float) -> bool:
        """Whether it has ended in so many seconds from now."""
        deadline = time.monotonic() + within
        while self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code, self.seconds = os.waitstatus_to_exitcode(status), self.age()
            elif time.monotonic() > deadline:
                return False
            else:
                time.sleep(0.002)
        return True

    def age(self) -> float:
        return time.monotonic() - self.start

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def others(self) -> list[int]:
        """Processes that it has started and that live."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError):
                pid = int(folder.name)
                state = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                mark = f"{MARK}={self.log.name}\0".encode()
                ours = os.getsid(pid) == self.pid or mark in (folder / "environ").read_bytes()
                if ours and pid != self.pid and state[0] not in "ZX":
                    found.append(pid)
        return found

    def end(self) -> None:
        """Kill what is left of it."""
        for pid in self.others() + [self.pid] * (self.code is None):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.ended(LONGEST)


class Place:
    """A folder in which one command runs, with a home and caches of its own.

    root : that of all places, with what they share; disk : where this one is, if not there
    template : whose home and caches it gets, as far as the case has any
    """

    number = 0

    def __init__(
        self,
        root: Path,
        case: Case,
        fresh: bool,
        template: "Place | None" = None,
        disk: Path | None = None,
    ):
        Place.number += 1
        self.path, self.case, self.root = (disk or root) / f"place{Place.number}", case, root
        self.fresh = fresh or case.own
        for name in ("out", "tmp", "home", "cache"):
            (self.path / name).mkdir(parents=True)
        (self.path / "in").symlink_to(root / "in")
        for name in ("home", "cache") if template and case.cache else ():
            shutil.copytree(template.path / name, self.path / name, dirs_exist_ok=True)
        case.prepare(self.path, case.name)
        self.before = self.files()

    def start(self, user: int = 0, **more: str) -> Running:
        """Start the command. user : whose process it is; more : variables"""
        Place.number += 1
        log = self.root / f"log{Place.number}"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
        environment |= {"HOME": str(self.path / "home"), "TMPDIR": str(self.path / "tmp")}
        environment |= {"TSLIB_CACHE": str(self.path / "cache"), MARK: log.name}
        environment |= {"PYTHONPATH": f"{self.path}:{ROOT}", "OMP_NUM_THREADS": "1", **more}
        for name in [name for name in environment if name.startswith("XDG_")]:
            del environment[name]
        sys.stdout.flush()
        log.touch()
        pid = os.fork()
        if pid == 0:
            try:
                self._become(log, user, environment, self.fresh or bool(more))
            finally:
                os._exit(70)
        while os.getsid(pid) != pid:
            time.sleep(0.001)
        return Running(pid, log, time.monotonic())

    def _become(self, log: Path, user: int, environment: dict[str, str], fresh: bool) -> None:
        """In the fork: be the command."""
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(self.path)
        for number, name in ((1, f"{log}.out"), (2, str(log))):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if user:
            # An ordinary user may not be able to read the interpreter's own files.
            for encoding in ("utf-8-sig", "cp437"):  # the latter is that of names in archives
                codecs.lookup(encoding)
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        program, *words = shlex.split(self.case.words)
        if fresh:
            words = [sys.executable, "-m", program, *words]
            os.execve(sys.executable, words, environment)
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None
        sys.modules.pop(f"{program}.__main__", None)
        sys.argv, code = [program, *words], 0
        try:
            runpy.run_module(program, run_name="__main__", alter_sys=True)
        except SystemExit as ended:
            if isinstance(ended.code, str):
                print(ended.code, file=sys.stderr)
            code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        except BaseException:
            traceback.print_exc()
            code = 1
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    def files(self) -> dict[str, str]:
        """Checksums of all files by their names; of a folder "folder"."""
        found = {}
        for path in sorted(self.path.rglob("*")):
            name = str(path.relative_to(self.path))
            if not re.search(VARY, name):
                plain = path.is_file() and not path.is_symlink()
                content = hashlib.sha256(path.read_bytes()).hexdigest() if plain else "folder"
                found[name] = content
        return found

    def remove(self) -> None:
        shutil.rmtree(self.path)


# Names that are never twice the same, or are Python's or a library's own.
VARY = r"events\.out\.tfevents|__pycache__|\.ipython|nbsignatures\.db|"
VARY += r"^home/\.(cache|config)($|/(numba|fontconfig|matplotlib))"


class Trial:
    """A command with what it leaves and says undisturbed, and how long it takes."""

    def __init__(self, root: Path, case: Case, fresh: bool):
        self.root, self.case, self.fresh = root, case, fresh
        self.warm = Place(root, case, fresh)
        self._whole(self.warm)
        place = self.place()
        run = self._whole(place)
        self.after, self.seconds = place.files(), run.seconds
        self.usual = set(run.said.splitlines())
        first = self.warm.files()
        self.differing = {n for n, v in self.after.items() if first.get(n, v) != v}
        place.remove()

    def place(self, disk: Path | None = None) -> Place:
        """A fresh place for it."""
        return Place(self.root, self.case, self.fresh, self.warm, disk)

    def _whole(self, place: Place) -> Running:
        run = place.start()
        if not run.ended(LONGEST) or run.code:
            raise RuntimeError(f"{self.case.words} fails undisturbed: {run.said}")
        return run

    def unlike(self, place: Place) -> str:
        """How the files of a place differ from those of an undisturbed run, or ""."""
        return compared(self.after, place.files(), self.differing)

    def sentence(self, run: Running) -> str:
        """What a command says more than undisturbed; "" for nothing."""
        lines = [line for line in run.said.splitlines() if line and line not in self.usual]
        return "\n".join(lines)

    def wrong_end(self, run: Running, codes: tuple[int, ...], least: int = 1) -> str:
        """What is wrong with the end of a run that was disturbed, or ""."""
        said = self.sentence(run)
        if "Traceback" in said:
            where = re.findall(r'File ".*?([^/"]+/[^/"]+)", line (\d+)', said)
            return f"traceback: {said.splitlines()[-1][:150]}, {where[-1:]}"
        if run.code not in codes:
            return f"exit code {run.code}: {said[-200:]}"
        if run.code and not least <= said.count("\n") + bool(said) <= 1:
            return f"says {said[:300]!r}"
        # A process that ends by itself a little later has only been slow.
        deadline = time.monotonic() + 4 * PATIENCE
        while run.others():
            if time.monotonic() > deadline:
                left = [_command(pid) for pid in run.others()]
                run.end()
                return f"leaves a process: {', '.join(left)}"
            time.sleep(0.02)
        return ""

    def wrong_then(self, place: Place, again: bool = False, **more: str) -> str:
        """What is wrong with what the same command does next, or ""."""
        if place.files() == place.before and not again:
            return ""  # then it does what it does undisturbed
        if not self.case.goes_on and (odd := self.visible(place)):
            return f"leaves half a result: {odd}"
        whole, now = self.results(self.after), self.results(place.files())
        if not self.case.goes_on and whole and not compared(whole, now, self.differing):
            return ""  # it was all but done, and would refuse to write over its result
        run = place.start(**more)
        if not run.ended(LONGEST):
            run.end()
            return "hangs when it runs again"
        if run.code:
            return f"fails when it runs again: {self.sentence(run)[-300:]}"
        odd = self.unlike(place)
        return f"run again, {odd}" if odd else ""

    def results(self, files: dict[str, str]) -> dict[str, str]:
        """Those of some files that are the output's, {} where it has none."""
        return {n: v for n, v in files.items() if n.startswith("out/") and "/." not in n}

    def visible(self, place: Place) -> str:
        """Files of the output that are neither as before nor as they should be."""
        now = self.results(place.files())
        odd = [n for n, v in now.items() if v not in (place.before.get(n), self.after.get(n))]
        return ", ".join(n for n in odd if n not in self.differing)


def _command(pid: int) -> str:
    """A process's command line, as far as it can be read."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        return words.replace("\0", " ")[-150:]
    return "ended just now"


def compared(one: dict[str, str], other: dict[str, str], but: set[str]) -> str:
    """How two sets of files differ, in words, or ""."""
    more, fewer = sorted({*other} - {*one}), sorted({*one} - {*other})
    changed = sorted(n for n in {*one} & {*other} - but if one[n] != other[n])
    kinds = (("left over", more), ("missing", fewer), ("different", changed))
    return "; ".join(f"{kind}: {', '.join(names[:3])}" for kind, names in kinds if names)


# Faults: each yields, for each try, what is wrong, or "".


def interrupt(trial: Trial, rng: random.Random, tries: int) -> Iterator[str]:
    """Ctrl-C at random moments: to the whole group, as a terminal sends it, or to one process."""
    for place, run in _moments(trial, rng, tries):
        send = os.killpg if rng.random() < 0.5 else os.kill
        send(run.pid, signal.SIGINT)
        if not run.ended(PATIENCE):
            run.end()
            yield f"does not end within {PATIENCE:.0f} s of Ctrl-C"
        elif run.code == 0:
            yield trial.unlike(place)
        else:
            yield trial.wrong_end(run, (130, -signal.SIGINT), 0) or trial.wrong_then(place)


def kill(trial: Trial, rng: random.Random, tries: int) -> Iterator[str]:
    """The process is killed at random moments, as it is for want of memory."""
    for place, run in _moments(trial, rng, tries):
        os.kill(run.pid, signal.SIGKILL)
        run.ended(PATIENCE)
        # It may have been done just before.
        yield trial.wrong_end(run, (-signal.SIGKILL, 0), 0) or trial.wrong_then(place)


def _moments(trial: Trial, rng: random.Random, tries: int) -> Iterator[tuple[Place, Running]]:
    """Yield so many runs at random moments of them."""
    done = 0
    for _ in range(4 * tries):
        place = trial.place()
        run = place.start()
        # One after another in equal parts of the whole, so that few tries see it all.
        if not run.ended(trial.seconds * (done + rng.random()) / tries):
            yield place, run
            done += 1
        place.remove()
        if done == tries:
            break


def workers(trial: Trial, rng: random.Random, tries: int) -> Iterator[str]:
    """One of the processes that a command has started is killed."""
    if not trial.case.workers:
        return
    for place, run in _moments(trial, rng, tries):
        deadline = time.monotonic() + LONGEST
        while not run.ended(0) and time.monotonic() < deadline:
            # Python makes its own tracker of semaphores anew, with a traceback of its own.
            if others := [p for p in run.others() if "resource_tracker" not in _command(p)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(rng.choice(others), signal.SIGKILL)
                break
        if not run.ended(LONGEST):
            run.end()
            yield "hangs without one of its processes"
        else:
            yield trial.wrong_end(run, (0, 2)) or trial.wrong_then(place)


def full(trial: Trial, rng: random.Random, tries: int) -> Iterator[str]:
    """The disk is full, at once or after a part of what the command writes."""
    if not trial.case.writes or os.geteuid():
        return
    with _disk(trial.root / "disk") as disk:
        place = trial.place(disk)
        used = _used(disk)
        trial._whole(place)
        need = _used(disk) - used
        place.remove()
        for n in range(tries):
            place = trial.place(disk)
            _resize(disk, _used(disk) + need * n // tries)
            run = place.start()
            if not run.ended(LONGEST):
                run.end()
            _resize(disk, LARGE)
            said = trial.sentence(run)
            wrong = trial.unlike(place) if run.code == 0 else trial.wrong_end(run, (2,))
            if run.code == 2 and not wrong:
                if not re.search(FULL, said, re.IGNORECASE):
                    wrong = f"does not say that the disk is full: {said[-200:]}"
                elif not re.search(PLACES, said):
                    wrong = f"names no file: {said[-200:]}"
            yield wrong or trial.wrong_then(place)
            place.remove()


LARGE = 1 << 28  # bytes of a disk that is not full


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={LARGE}", "faults", folder], check=True)
    try:
        # A size of 0 would mean no end.
        (folder / "something").write_bytes(b"1")
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()


def _used(disk: Path) -> int:
    about = os.statvfs(disk)
    return (about.f_blocks - about.f_bfree) * about.f_frsize


def _resize(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)


def read_only(trial: Trial, rng: random.Random, tries: int) -> Iterator[str]:
    """An ordinary user may not write where the output belongs, or anywhere else, or over it."""
    if os.geteuid():
        return
    whole = trial.warm.path / OUT
    for kind in ("output", "all else", "result")[: max(tries, 1)]:
        place = trial.place()
        if kind == "result" and trial.case.goes_on and whole.is_dir():
            shutil.copytree(whole, place.path / OUT)
        elif kind == "result":
            place.remove()
            continue
        theirs = ["out"] if kind == "all else" else ["home", "cache", "tmp"]
        for folder in (place.path / name for name in theirs):
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        before = place.files()
        run = place.start(user=NOBODY)
        if not run.ended(LONGEST):
            run.end()
        wrong = trial.wrong_end(run, (0, 2))
        if run.code == 0 and not wrong and kind == "all else":
            # No cache can be filled.
            results = trial.results(trial.after), trial.results(place.files())
            wrong = compared(*results, trial.differing)
        elif run.code == 2 and not wrong:
            wrong = compared(before, place.files(), set())
            if not re.search(PLACES, trial.sentence(run)):
                wrong = f"names no file: {trial.sentence(run)[-200:]}"
        yield wrong and f"{kind}: {wrong}"
        place.remove()


PLACES = r"out/|cache|home|tmp|tslib/\w|build|chapters"


def twice(trial: Trial, rng: random.Random, tries: int) -> Iterator[str]:
    """The same command twice at once."""
    if not trial.case.writes:
        return
    for _ in range(tries):
        place = trial.place()
        runs = [place.start()]
        time.sleep(rng.random() * trial.seconds / 2)
        runs.append(place.start())
        for run in runs:
            if not run.ended(LONGEST):
                run.end()
        wrong = [trial.wrong_end(run, (0, 2)) for run in runs]
        if all(run.code == 2 for run in runs):
            wrong.append(f"neither wins: {trial.sentence(runs[0])[-150:]}")
        wrong.append(trial.unlike(place))
        yield "; ".join(filter(None, wrong))
        place.remove()


BACK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <sys/time.h>
static const long ago = 400L * 24 * 3600;
int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec -= ago;
    return failed;
}
time_t time(time_t *to) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (to) *to = now.tv_sec;
    return now.tv_sec;
}
int gettimeofday(struct timeval *to, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    to->tv_sec = now.tv_sec, to->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"""


def clock(trial: Trial, rng: random.Random, tries: int) -> Iterator[str]:
    """What a killed run and earlier ones have left is of the future, or of 1980; where there is a
    compiler, the clock of the next run stands 400 days back, too."""
    library = trial.root / "back.so"
    if shutil.which("gcc") and not library.exists():
        (trial.root / "back.c").write_text(BACK, encoding="utf-8")
        words = ["gcc", "-shared", "-fPIC", "-o", library, trial.root / "back.c", "-ldl"]
        subprocess.run(words, check=True)
    for n, (place, run) in enumerate(_moments(trial, rng, tries)):
        os.kill(run.pid, signal.SIGKILL)
        run.end()
        stamp = (time.time() + 1e8, 315532800.0)[n % 2]
        for name in ("out", "home", "cache", "tmp"):
            for path in (place.path / name).rglob("*"):
                os.utime(path, (stamp, stamp))
        more = {"LD_PRELOAD": str(library)} if library.exists() and not n % 2 else {}
        yield trial.wrong_then(place, again=True, **more)


FAULTS = {
    "Ctrl-C": interrupt,
    "kill": kill,
    "workers": workers,
    "full": full,
    "read-only": read_only,
    "twice": twice,
    "clock": clock,
}
# How many tries there are for twenty moments.
SHARE = {"Ctrl-C": 1, "kill": 1, "workers": 0.4, "full": 0.25, "read-only": 0.15, "twice": 0.25}


def main() -> int:
    """The exit code: 1 where something went wrong."""
    about, _, more = (__doc__ or "").partition("\n\n")
    kind = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, epilog=more, formatter_class=kind)
    parser.add_argument("words", nargs="*", metavar="WORD", help="of the commands' names")
    parser.add_argument("--fault", nargs="+", choices=FAULTS, default=[*FAULTS])
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="each command is a new Python")
    options = parser.parse_args()
    _alone()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="faults") as folder, contextlib.ExitStack() as stack:
        stack.callback(end_all)
        root = Path(folder)
        root.chmod(0o755)
        chosen = {
            name: case
            for name, case in CASES.items()
            if (ROOT / case.needs).exists() and any(word in name for word in options.words or [""])
        }
        forked(partial(make_inputs, root / "in", [*chosen.values()]))
        if not options.fresh:
            import_all()
        wrong = 0
        print(f"| command | {' | '.join(options.fault)} |\n|---|{'---|' * len(options.fault)}")
        for name, case in chosen.items():
            trial, cells, reasons = Trial(root, case, options.fresh), [], Counter()
            for fault in options.fault:
                rng = random.Random(f"{options.seed} {name} {fault}")
                tries = max(1, round(options.moments * SHARE.get(fault, 0.1)))
                found = [*FAULTS[fault](trial, rng, tries)]
                cells.append(f"{found.count('')}/{len(found)}" if found else "")
                reasons.update(f"  {fault}: {reason}" for reason in found if reason)
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
            for reason, count in reasons.items():
                print(f"{reason} ({count} times)", flush=True)
            wrong += reasons.total()
            trial.warm.remove()
    return int(wrong > 0)


def end_all() -> None:
    for run in Running.all:
        run.end()


def _alone() -> None:
    """What is mounted from now on ends with this process."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).unshare(0x00020000)  # CLONE_NEWNS
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    else:
        print("Full disks and users who may not write need root, so they are left out.")


def forked(function: Callable[[], object]) -> None:
    """Call a function in a fork, whose threads this process does not get."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            function()
            code = 0
        except BaseException:
            traceback.print_exc()
        os._exit(code)
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError("the inputs could not be made")


def import_all() -> None:
    """Import what the commands import, so that their forks need not."""
    os.environ["OMP_NUM_THREADS"] = "1"  # as in what is started anew; torch reads it only now
    import experiments.__main__
    import tslib.__main__

    tslib.command_line.quiet()

    for command in (*tslib.__main__.COMMANDS, *experiments.__main__.COMMANDS):
        if isinstance(command.run, str):
            importlib.import_module(command.run.partition(":")[0])
    for name in IMPORTED:
        importlib.import_module(name)


IMPORTED = (
    "tslib.training.run tslib.training.board torch.utils.tensorboard matplotlib.figure requests "
    "tslib.video.predict tslib.datasets.inspection tslib.datasets.download renderer.write "
    "experiments.estimates experiments.paper_a.reproduce experiments.motion.film "
    "matplotlib.style multiprocessing.synchronize multiprocessing.popen_spawn_posix "
    "concurrent.futures.process"
).split()


if __name__ == "__main__":
    sys.exit(main())
