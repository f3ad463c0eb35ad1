"""Odd command lines of every program, and whether each is answered in one clear sentence.

    python tests/odd_commands.py --count 224 --seed 0

takes a command line that works and makes one thing of it odd: an option that is missing, empty,
misspelt or there twice; a number that is none, or far too large; a file that is missing, empty, of
another kind, a folder, a device or not to be read; an output that is there already or cannot be
made; a name of strange characters. It prints the answers that are unclear and a table. An answer is

- fine: the command does it, or is at work when its time is over (LIMIT); no input has changed,
- clear: exit code 2 and one sentence (after argparse's usage) that names what is
  odd, and has no traceback, error number, name of a Python type or control character in it,
- unclear: anything else, such as a program that sleeps until its time is over.

What takes no value, and what would write into the repository, gets options alone that no program
knows. Commands run as in faults.py, and ask no network.
"""

import argparse
import contextlib
import os
import random
import re
import shlex
import shutil
import signal
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import faults

LIMIT = 8  # s of computing, after which a command line is taken for accepted
HANGS = 90  # s in which it has to have computed as much
LONGEST = 450  # characters of a sentence beside the names in it
NUMBERS = "nan inf -inf -1 0 1e300 1.5 three 1,5 0x10 1_0 ½ -0 1e-9 257 10001 1000001".split()
NUMBERS += ["9" * 15, "9" * 17, "9" * 5000, " 7", "7 ", "٣"]  # the last one is a 3
NAMES = ["-x", "--", "a\nb", "a\tb\x1b[31mred", "n" * 300, "\udcff", "~", "  ", "*", "ü 中"]
NAMES += ["x\u202ey"]  # what follows would be shown from right to left
# What stands where a file is to be read; `unreadable` needs a user who is not root.
FILES = "none below folder empty binary text null zero full pipe loop huge unreadable other".split()
OUTPUTS = "file folder parent below null full root here input pipe loop dangling closed".split()

ELSEWHERE = {"root": "/", "here": ".", "input": "in/clips", "parent": "odd/no/parent"}
ELSEWHERE |= {"below": "odd/file/below", "closed": "odd/closed/it"}


class Line(NamedTuple):
    """words : behind `python -m`; odd : what is odd, in words; names : one of these is to be said
    user : whose process it is
    """

    words: tuple[str, ...]
    odd: str
    names: tuple[str, ...]
    user: int = 0


class Slot(NamedTuple):
    """Where a command takes a value. flag : its option, or ""; value : one that works"""

    flag: str
    value: tuple[str, ...]
    kind: str  # "number", "file", "output" or "word"
    required: bool
    shown: str


# What stands for an option's value in its help, and a value that works.
VALUES = {
    "VIDEO": "in/film.avi",
    "MODEL": "in/toy.onnx",
    "MODEL.safetensors": "in/model.safetensors",
    "JOINTS.csv": "in/joints.csv",
    "FILE.toml": "in/toy.toml",
    "CONFIG.toml": "in/run.toml",
    "ROOT": "in/clips",
    "PENN_ACTION": "in/clips",
    "WHEEL": "in/wheel.zip",
    "TABLE.json": "in/table1.json",
    "FILE.npz": "in/estimates.npz",
    "NAME=FILE.npz": "a=in/estimates.npz",
    "CHECKOUT": "in",
    "OUT": "in/clips",
}
OUTPUT = {"OUT": "out/it", "DIR": "out/it", "FILE.csv": "out/it.csv", "FILE.png": "out/it.png"}
WORDS = {"SET:ROOT": "penn_action:in/clips", "96|368|WxH": "64", "NN": "04", "--row": "S-infer"}
WORDS |= {"--camera": "poor", "--skeleton": "penn13", "--temporal": "a", "NAME": "cvit_sports"}
# A corrector is no network of Paper A, and springs are no settings of a detector.
OWN = {("tslib correct", "--model"): "in/corrector.safetensors"}
OWN |= {("tslib predict", "--correct"): "in/corrector.safetensors"}
OWN |= {("tslib predict", "--springs"): "in/springs.toml"}
# What a command can do without, but not here.
NEEDED = {"tslib predict": ["--detector", "--box", "--fps"], "tslib download": ["NAME"]}
NEEDED |= {"tslib download cvit_sports": ["ROOT"], "experiments estimate": ["CONFIG.toml"]}
NEEDED |= {
    f"experiments paper_a {name}": ["--tests"]
    for name in ("body", "strict", "recipes", "conditions")
}
FEW = {"--frames": "6", "--every": "1", "--folds": "2", "--tests": "1"}


def commands() -> Iterator[tuple[str, list[argparse.Action]]]:
    """Each command's words behind `python -m`, with the options that it has."""
    import experiments.__main__
    import renderer.__main__
    import tslib.__main__
    from tslib.command_line import OPTION

    records = [("tslib ", record) for record in tslib.__main__.COMMANDS]
    records += [("", renderer.__main__.RENDER)]
    records += [("experiments ", record) for record in experiments.__main__.COMMANDS]
    for program, record in records:
        parser = OPTION(parents=list(record.shared), add_help=False)
        record.options(parser)
        actions = parser._actions
        if record.name == "download":  # what it takes hangs on what is named first
            yield "tslib download", actions[:1]
            yield "tslib download cvit_sports", actions[1:2]
            yield "tslib download detector", actions[2:]
        else:
            yield f"{program}{record.name}", actions
    parser = OPTION(add_help=False)
    parser.add_argument("--chapter", metavar="NN")
    parser.add_argument("what", choices=["student", "instructor", "slides"])
    yield "book run", parser._actions[:1]
    yield "book", parser._actions[1:]


def slots(command: str, actions: Sequence[argparse.Action]) -> list[Slot]:
    """The places of a command that take a value."""
    found = []
    for action in actions:
        flag = action.option_strings[0] if action.option_strings else ""
        shown = str(action.metavar or flag or action.dest)
        needed = (flag or shown) in NEEDED.get(command, "")
        required = needed or action.required and action.nargs != "?"
        if action.nargs == 0:
            continue
        if isinstance(action.metavar, tuple):  # of --box
            found.append(Slot(flag, ("30", "20", "60", "84"), "number", required, flag))
        elif action.choices:
            found.append(Slot(flag, (str(next(iter(action.choices))),), "word", required, shown))
        elif (command, flag) in OWN:
            found.append(Slot(flag, (OWN[command, flag],), "file", required, shown))
        elif flag == "--output" or flag == "--sheet" or shown == "OUT" and not flag:
            value = "out/it.toml" if shown == "FILE.toml" else OUTPUT[shown]
            found.append(Slot(flag, (value,), "output", required, shown))
        elif shown in VALUES:
            found.append(Slot(flag, (VALUES[shown],), "file", required, shown))
        elif shown in WORDS or flag in WORDS:
            found.append(Slot(flag, (WORDS.get(flag) or WORDS[shown],), "word", required, shown))
        else:
            found.append(Slot(flag, (FEW.get(flag, "3"),), "number", required, shown))
    return found


def line(command: str, taken: Sequence[Slot], odd: str, *names: str) -> Line:
    """A command line of these slots: positional ones first, none taken for another's value."""
    words = command.split()
    for slot in sorted(taken, key=lambda slot: bool(slot.flag)):
        one = slot.flag and len(slot.value) == 1
        flag = [slot.flag] if slot.flag else []
        words += [f"{slot.flag}={slot.value[0]}"] if one else [*flag, *slot.value]
    if command.startswith("experiments"):  # what many of them ask for first
        names += ("TSLIB_DATA", "experiments/results")
    if command == "book":  # which is not what is asked where nothing is
        names += ("README.md",)
    return Line(tuple(words), odd, names)


def odd_lines(count: int, seed: int) -> Iterator[Line]:
    """Command lines with one thing odd in each, all commands in turn, those of users more often."""
    draw, kinds = random.Random(seed), [option, number, file, output, name]
    pairs = [*commands()]
    pairs += 3 * [pair for pair in pairs if not pair[0].startswith("experiments")]
    turn: list[int] = []
    for _ in range(count):
        turn = turn or draw.sample(range(len(pairs)), len(pairs))
        command, actions = pairs[turn.pop()]
        possible = slots(command, actions)
        made = None
        while made is None:
            made = draw.choice(kinds)(command, possible, draw)
        yield made


def option(command: str, possible: list[Slot], draw: random.Random) -> Line | None:
    """Something is missing, misspelt, there twice or too much."""
    base = [slot for slot in possible if slot.required]
    flags = [slot for slot in possible if slot.flag]
    kind = draw.choice(["missing", "unknown", "more", "no value", "twice", "misspelt", "case"])
    if kind == "missing" and base:
        gone = draw.choice(base)
        left = [slot for slot in base if slot is not gone]
        return line(command, left, f"no {gone.shown}", gone.flag or gone.shown)
    if kind == "unknown":
        made = line(command, base, "unknown option", "--colour")
        return made._replace(words=(*made.words, draw.choice(["--colour", "--colour=red"])))
    if kind == "more":
        made = line(command, base, "a word too many", "surplus")
        return made._replace(words=(*made.words, "--", "surplus"))
    if kind == "no value" and flags:
        slot = draw.choice(flags)
        made = line(command, [s for s in base if s is not slot], "no value", slot.flag)
        return made._replace(words=(*made.words, slot.flag))
    if kind == "twice" and flags and base:
        slot = draw.choice(flags)
        return line(command, [s for s in base if s is not slot] + [slot, slot], "twice", slot.flag)
    if kind == "misspelt" and flags:
        slot = draw.choice(flags)
        wrong = slot._replace(flag=f"{slot.flag[:-2]}{slot.flag[-1]}{slot.flag[-2]}")
        others = [other for other in base if other is not slot]
        # Where it was required, that is what argparse says first.
        return line(command, [*others, wrong], "misspelt", wrong.flag, slot.flag)
    if kind == "case" and (words := [s for s in possible if s.kind == "word"]):
        slot = draw.choice(words)
        value = draw.choice([slot.value[0].swapcase(), slot.value[0][:-1], "x", "none", "a:b", ":"])
        others = [s for s in base if s is not slot]
        return line(command, [*others, slot._replace(value=(value,))], "word", value, slot.flag)
    return None


def number(command: str, possible: list[Slot], draw: random.Random) -> Line | None:
    """A number is none, or far too large or small."""
    if not (numbers := [slot for slot in possible if slot.kind == "number"]):
        return None
    slot, base = draw.choice(numbers), [slot for slot in possible if slot.required]
    value, at = draw.choice(NUMBERS), draw.randrange(len(slot.value))
    changed = slot._replace(value=(*slot.value[:at], value, *slot.value[at + 1 :]))
    others = [other for other in base if other is not slot]
    return line(command, [*others, changed], f"number {value[:20]}", value, slot.flag.lstrip("-"))


def file(command: str, possible: list[Slot], draw: random.Random) -> Line | None:
    """What is to be read is not there, or is something else."""
    if not (files := [slot for slot in possible if slot.kind == "file"]):
        return None
    slot, base = draw.choice(files), [slot for slot in possible if slot.required]
    what = draw.choice(FILES)
    others, left = [other for other in base if other is not slot], slot.value[0].partition("=")
    end = Path(slot.value[0]).suffix if draw.random() < 0.5 else ""
    place = "odd/file/below" if what == "below" else f"odd/{what}{end}"
    value = f"{left[0]}={place}" if left[1] else place
    changed = slot._replace(value=(value,))
    made = line(command, [*others, changed], f"reads {what}", place, slot.flag)
    return made._replace(user=faults.NOBODY * (what == "unreadable" and os.geteuid() == 0))


def output(command: str, possible: list[Slot], draw: random.Random) -> Line | None:
    """What is to be written is there already, or cannot be."""
    if not (places := [slot for slot in possible if slot.kind == "output"]):
        return None
    slot, base = draw.choice(places), [slot for slot in possible if slot.required]
    what = draw.choice(OUTPUTS)
    others, place = [other for other in base if other is not slot], f"odd/{what}"
    place = ELSEWHERE.get(what, place)
    changed = slot._replace(value=(place,))
    made = line(command, [*others, changed], f"writes {what}", place, slot.flag)
    return made._replace(user=faults.NOBODY * (what == "closed" and os.geteuid() == 0))


def name(command: str, possible: list[Slot], draw: random.Random) -> Line | None:
    """A name is empty or of strange characters."""
    if not (places := [slot for slot in possible if slot.kind != "number"]):
        return None
    slot, base = draw.choice(places), [slot for slot in possible if slot.required]
    value, others = draw.choice([*NAMES, ""]), [other for other in base if other is not slot]
    shown, changed = repr(value)[1:-1], slot._replace(value=(value,))
    # Blanks are seen in quotes alone.
    names = shown.strip(), value.strip() or repr(value), slot.flag or slot.shown
    return line(command, [*others, changed], f"name {shown[:20]}", *names)


def prepare(place: Path, name: str = "") -> None:
    """Inputs that a command may spoil, and odd files beside them."""
    (place / "in").unlink()
    shutil.copytree(place.parent / "in", place / "in")
    odd = place / "odd"
    odd.mkdir()
    for end in ("", *{Path(value).suffix for value in VALUES.values()} - {""}):
        (odd / f"folder{end}").mkdir(exist_ok=True)
        (odd / f"empty{end}").touch()
        (odd / f"binary{end}").write_bytes(random.Random(0).randbytes(4000))
        (odd / f"text{end}").write_text("These are words.\nAnd more, of them.\n", encoding="utf-8")
        (odd / f"other{end}").write_text('{"a": [1, 2, {}]}', encoding="utf-8")
        for kind in ("null", "zero", "full"):
            (odd / f"{kind}{end}").symlink_to(f"/dev/{kind}")
        os.mkfifo(odd / f"pipe{end}")
        (odd / f"loop{end}").symlink_to(f"loop{end}")
        (odd / f"huge{end}").touch()
        os.truncate(odd / f"huge{end}", 1 << 40)
        (odd / f"unreadable{end}").write_text("secret", encoding="utf-8")
        (odd / f"unreadable{end}").chmod(0)
    (odd / "file").write_text("precious", encoding="utf-8")
    (odd / "folder" / "file").write_text("precious", encoding="utf-8")
    (odd / "dangling").symlink_to("nowhere/at/all")
    (odd / "closed").mkdir(mode=0o555)
    if (place / "in" / "book").exists():
        shutil.move(place / "in" / "book" / "chapters", place)


class OddPlace(faults.Place):
    """A place in which not every file can be read."""

    def files(self) -> dict[str, str]:
        return {}


def state(place: Path) -> dict[str, tuple[int, int]]:
    """What there is to lose, by name: sizes and times."""
    kept = [*(place / "in").rglob("*"), place / "odd/file", place / "odd/folder/file"]
    return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in kept if p.is_file()}


def unclear(made: Line, run: faults.Running, busy: bool, more: str) -> str:
    """What is wrong with an answer, or "" where it is fine or clear."""
    if run.code is None:
        return "" if busy else "hangs"
    said, shown = run.said, [n for n in (*made.names, *map(printable, made.names)) if n]
    if re.search(r"[^\n\t\r -~\xa0-\U0010ffff]", said + more):
        return "a control character"
    if "Traceback" in said + more:
        return "traceback"
    if run.code == 0:
        return f"noise: {said[-200:]}" if re.search("(?i)error|warn", said) else ""
    if run.code != 2:
        return f"exit code {run.code}"
    sentence = said.rpartition(": error: ")[2] if said.startswith("usage: ") else said
    # A bar of progress is no sentence.
    lines = [l for l in re.split(r"[\n\r]", sentence) if l and not re.search(r"%\||it/s", l)]
    if len(lines) != 1:
        return f"{len(lines)} lines"
    for word in shown:
        sentence = sentence.replace(word, "X")
    if len(sentence) > LONGEST:
        return f"{len(sentence)} characters"
    if found := re.search(SPEAKS_PYTHON, sentence):
        return f"says {found[0]!r}"
    if not any(word in said for word in shown):
        return f"names none of {made.names}"
    if (reason := REASONS.get(made.odd)) and not re.search(reason, said):
        return "another reason"
    return ""


# What has to be said of some things, as far as the command comes to them.
REASONS = {
    "reads none": r"(there is|holds) no|cannot be|TSLIB_DATA|has no sure address",
    "reads unreadable": r"(?i)permission|cannot be (read|opened|used)|TSLIB_DATA",
}
SPEAKS_PYTHON = (
    r"(?i)\berrno\b|NoneType|<class|0x[0-9a-f]{6}|has no attribute|invalid literal|Error\(|"
    r"could not convert|invalid (int|float|name|place|size|named) value|not subscriptable|"
    r"unpack|\b(ValueError|KeyError|TypeError|OSError|RuntimeError|IndexError)\b|site-packages"
)


def printable(text: str) -> str:
    from tslib.command_line import printable

    return printable(text).replace("\n", r"\n")


def answer(root: Path, made: Line, limit: float = LIMIT) -> tuple[str, str]:
    """What is wrong with the answer to a command line, or "" (see `unclear`), and the answer."""
    case = faults.Case(shlex.join(made.words), prepare)
    place = OddPlace(root, case, fresh=False)
    if made.user:
        for name in ("out", "home", "cache", "tmp"):
            os.chown(place.path / name, made.user, made.user)
    before = state(place.path)
    run = place.start(user=made.user)
    while not run.ended(0.2) and worked(run) < limit and run.age() < HANGS:
        pass
    busy, code = run.age() < HANGS, run.code
    wrong = unclear(made, run, busy, printed(run))
    run.end()
    if lost := [n for n, v in state(place.path).items() if before.get(n, v) != v]:
        wrong = wrong or f"has changed {lost[0]}"
    if gone := {*before} - {*state(place.path)}:
        wrong = wrong or f"has removed {min(gone)}"
    said = run.said if code else printed(run)
    place.remove()
    return wrong, f"{code}: {said.rpartition(': error: ')[2].strip()[-700:]}"


def printed(run: faults.Running) -> str:
    """What a command has said on stdout."""
    return Path(f"{run.log}.out").read_text(encoding="utf-8", errors="replace")


def worked(run: faults.Running) -> float:
    """Seconds that a command and what it has started have computed."""
    total = 0
    for pid in [run.pid, *run.others()]:
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
            total += sum(map(int, text.rpartition(")")[2].split()[11:13]))
    return total / os.sysconf("SC_CLK_TCK")


def make_inputs(folder: Path, lines: Sequence[Line]) -> None:
    """Make what these command lines read."""
    from experiments.poses import write_estimates
    from tslib.datasets import penn_action

    words = {"in/clips"} | {re.sub(".*=", "", word) for line in lines for word in line.words}
    words |= {"in/book" for line in lines if line.words[0] == "book"}
    faults.make_inputs(folder, [faults.Case(" ".join(words))])
    clips = penn_action.load(folder / "clips")
    write_estimates(folder / "estimates.npz", clips, [clip.joints for clip in clips])
    with zipfile.ZipFile(folder / "wheel.zip", "w") as wheel:
        wheel.writestr("words", "of another package")


def main() -> int:
    """The exit code: 1 where an answer is unclear."""
    about, _, more = (__doc__ or "").partition("\n\n")
    kind = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, epilog=more, formatter_class=kind)
    parser.add_argument("--count", type=int, default=224)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=LIMIT, metavar="S")
    parser.add_argument("--all", action="store_true", help="print every answer")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Nobody listens there, so that a download ends at once.
    os.environ |= dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    os.environ["TSLIB_DATA"] = ""
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="odd") as folder, contextlib.ExitStack() as stack:
        stack.callback(faults.end_all)
        root = Path(folder)
        root.chmod(0o755)
        lines = [*odd_lines(options.count, options.seed)]
        faults.forked(partial(make_inputs, root / "in", lines))
        faults.import_all()
        for made in lines:
            wrong, said = answer(root, made, options.limit)
            ends["unclear" if wrong else "clear" if said[0] in "12" else "fine"] += 1
            if wrong or options.all:
                words = shlex.join(word[:60] for word in made.words)
                print(f"{wrong or 'ok'} ({made.odd}): {words!a}\n    {said!a}", flush=True)
    print(f"{options.count} command lines: {', '.join(f'{n} {k}' for k, n in ends.items())}")
    return int(ends["unclear"] > 0)


if __name__ == "__main__":
    sys.exit(main())
