"""What ``python -m tslib``, ``python -m renderer`` and ``python -m experiments`` share.

A program states its commands as `Command` records. A command's function is imported when it runs,
and not before, so that help comes at once.
"""

import argparse
import importlib
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import NoReturn

from . import ending
from .errors import InputError

EXIT_CODES = "exit codes: 0 all is well, 2 something given cannot be used, 130 Ctrl-C"


class OPTION(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, whatever characters a name has."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message).replace("\n", r"\n"))


@dataclass(frozen=True)
class Command:
    """One command of a program.

    name : one word or two: the second one is then a command of the first
    run : function of the options, or "module:function" to import; what it returns is printed
    options : adds the command's own options to its parser
    example : a command line to copy
    shared : parsers with options that several commands have in common
    left : what is there after Ctrl-C
    check : says of the options what is wrong with them, or ""
    """

    name: str
    help: str
    run: str | Callable[[argparse.Namespace], str | None]
    options: Callable[[OPTION], None]
    example: str
    shared: Sequence[OPTION] = ()
    left: str = "nothing was written"
    check: Callable[[argparse.Namespace], str] = lambda options: ""


def main(
    program: str,
    about: str,
    commands: Sequence[Command],
    arguments: Sequence[str] | None = None,
    groups: Mapping[str, str] | None = None,
) -> int:
    """Run one command of ``python -m program``, or print help where none is given; returns the exit
    code. Where the words make no sense it ends the process with a sentence and exit code 2.

    groups : for each first word of commands of two words, one line about them
    """
    parser = OPTION(
        prog=f"python -m {program}",
        description=about,
        epilog=f"`python -m {program} COMMAND --help` explains a command.\n{EXIT_CODES}",
        formatter_class=_Help,
    )
    levels = {"": parser.add_subparsers(metavar="COMMAND", title="commands")}
    for command in commands:
        group, _, word = command.name.rpartition(" ")
        if group not in levels:
            above = levels[""].add_parser(group, help=(groups or {})[group])
            levels[group] = above.add_subparsers(metavar="COMMAND", title="commands", required=True)
        _add(levels[group].add_parser, command, name=word, help=command.help)
    return _run(program, parser, arguments)


def single(program: str, command: Command, arguments: Sequence[str] | None = None) -> int:
    """Run a program that is one command; as `main`."""
    return _run(program, _add(OPTION, command, prog=f"python -m {program}"), arguments)


class _Help(argparse.HelpFormatter):
    """Wraps each line of a text by itself, and leaves a line that begins with a space as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        wrap = super()._fill_text
        lines = text.splitlines()
        return "\n".join(l if l.startswith(" ") else wrap(l, width, indent) for l in lines)


def _add(make: Callable[..., OPTION], command: Command, **settings: str) -> OPTION:
    """A command's parser, with its options, a description and an example."""
    parser = make(
        **settings,
        description=f"{command.help[:1].upper()}{command.help[1:]}.",
        parents=list(command.shared),
        epilog=f"example:\n  {command.example}\n\n{EXIT_CODES}",
        formatter_class=_Help,
    )
    command.options(parser)
    parser.set_defaults(command=command)
    return parser


def _run(program: str, parser: OPTION, arguments: Sequence[str] | None) -> int:
    """Run what a parser finds in the arguments; one sentence for what the reader can put right."""
    parser.add_argument("--version", action="version", version=f"{program} {version()}")
    quiet()
    left, code = Command.left, 2
    try:
        # argparse would give an option the empty list there
        for word in sys.argv[1:] if arguments is None else arguments:
            if word.startswith("--") and word.endswith("=--"):
                parser.error(f"{word} holds no value")
        options = parser.parse_args(arguments)
        if "command" not in options:
            parser.print_help()
            return 0
        run, left = options.command.run, options.command.left
        if wrong := options.command.check(options) or lost(options):
            parser.error(wrong)
        if isinstance(run, str):
            module, _, function = run.partition(":")
            run = getattr(importlib.import_module(module), function)
        if (said := run(options)) is not None:
            print(printable(said))
        return 0
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt) or ending.asked:
            sentence, code = f"interrupted; {left}.", 130
        elif isinstance(error, InputError):
            sentence = f"{program}: {error}"
        elif isinstance(error, OSError):
            sentence = f"{program}: {_why(error)}"
        elif not (isinstance(error, ImportError) and (sentence := missing_library(error))):
            raise
    print(printable(sentence).replace("\n", r"\n"), file=sys.stderr)
    return code


def lost(options: argparse.Namespace) -> str:
    """What is wrong where a command would write over a file that it reads, or ""."""
    words = [w for v in vars(options).values() for w in (v if isinstance(v, list) else [v])]
    files = [os.path.realpath(w) for w in words if isinstance(w, str) and os.path.isfile(w)]
    output = os.path.realpath(vars(options).get("output") or "")
    wrong = f"--output is {output}, which is read as well; name another file"
    return wrong if files.count(output) > 1 else ""


def printable(text: str) -> str:
    """A text whose names cannot move a terminal's cursor, colour it or turn its direction: control
    characters other than a line's end and a tab are shown by their numbers, as \\x1b."""
    odd = r"[^\n\t -~\xa0-\u2027\u202f-\u2065\u206a-\U0010ffff]"
    return re.sub(odd, lambda found: repr(found[0])[1:-1], text)


def _why(error: OSError) -> str:
    """What the system could not do, with the name of the file or folder if it has told one."""
    if error.filename is None or not error.strerror:
        return f"the system could not go on ({error}); try again, or name another file or folder."
    reason = error.strerror[:1].lower() + error.strerror[1:]
    return f"{error.filename} cannot be used ({reason}); name another file or folder."


def quiet() -> None:
    """Settings that libraries read when they are imported; what the reader has set stays."""
    settings = {
        "OMP_WAIT_POLICY": "passive",  # threads that spin crawl on a busy machine
        "OPENCV_LOG_LEVEL": "SILENT",  # the sentences of InputError say what went wrong
        "OPENCV_FFMPEG_LOGLEVEL": "-8",
        "OPENCV_IO_MAX_IMAGE_PIXELS": str(1 << 26),  # a header may claim a billion
    }
    for key, value in settings.items():
        os.environ.setdefault(key, value)


def missing_library(error: ImportError) -> str:
    """A sentence for a system library that OpenCV does not find; "" for any other error."""
    if not (found := re.search(r"(\S+\.so\S*): cannot open shared object file", str(error))):
        return ""
    return (
        f"OpenCV needs the system library {found[1]}. On Debian or Ubuntu install libgl1, "
        "libglib2.0-0, libxcb1, libsm6, libxext6 and libxrender1; on Fedora mesa-libGL and glib2; "
        "on Arch libglvnd and glib2."
    )


def version() -> str:
    """The installed version of tslib; "not installed" where it runs from its folder."""
    try:
        return metadata.version("tslib")
    except metadata.PackageNotFoundError:
        return "not installed"


# What an option may hold


def name(text: str) -> str:
    """A file's or folder's name: not empty, as a variable that is unset would be."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; is a variable unset?")
    return text


def number(text: str, above: float = -float("inf"), what: str = "a number") -> float:
    """A finite number above another one, and what it is, for the error."""
    try:
        value = float(text)
    except ValueError:
        value = above
    if not above < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be {what}")
    return value


def whole(text: str, least: int = 0, most: int = 10**15) -> int:
    """A whole number from `least` to `most`."""
    if not text.isdecimal() or len(text) > 16 or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most:,}")
    return int(text)


positive = partial(number, above=0, what="a positive number")
positive_whole = partial(whole, least=1)


# Options that several commands have


def shared(add: Callable[[OPTION], object]) -> OPTION:
    """A parser of options that other parsers take over."""
    parser = OPTION(add_help=False)
    add(parser)
    return parser


def computing(workers: bool = True) -> OPTION:
    """--device and, where clips are prepared by processes, --workers."""
    parser = OPTION(add_help=False)
    takes = "auto takes a GPU where there is one"
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help=takes)
    if workers:
        who = "processes that prepare slices of clips; 0: the program itself does"
        few = partial(whole, most=256)
        parser.add_argument("--workers", type=few, default=0, metavar="W", help=who)
    return parser
