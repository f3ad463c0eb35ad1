"""What the three programs share: ``python -m tslib``, ``python -m renderer`` and ``python -m
experiments``.

A program states its commands as `Command` records. A command's function is imported when it runs,
and not before, so that help comes at once.
"""

import argparse
import importlib
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata

OPTION = argparse.ArgumentParser
EXIT_CODES = (
    "exit codes: 0 all is well, 2 something given cannot be used, 130 interrupted by Ctrl-C"
)


@dataclass(frozen=True)
class Command:
    """One command of a program.

    name : as it is typed, one word or two: the second one is then a command of the first
    help : one line for the list of commands
    run : function of the options (argparse.Namespace), or "module:function" that is imported for
        it; what it returns is printed
    options : function that adds the command's own options to its parser
    shared : parsers with options that several commands have in common
    left : what is there after Ctrl-C
    example : a command line to copy
    check : function of the options that returns what is wrong with them, or ""
    """

    name: str
    help: str
    run: str | Callable[[argparse.Namespace], str | None]
    options: Callable[[OPTION], None]
    example: str
    shared: Sequence[OPTION] = ()
    left: str = "nothing was written"
    check: Callable[[argparse.Namespace], str] = field(default=lambda options: "")


def main(
    program: str,
    about: str,
    commands: Sequence[Command],
    arguments: Sequence[str] | None = None,
    groups: Mapping[str, str] | None = None,
) -> int:
    """Run one command of a program, or print its help; returns the exit code.

    program : the name of the package, as in ``python -m program``
    about : what it does, one line
    arguments : words of the command line; those of the process where None
    groups : for each first word of commands of two words, one line about them
    """
    quiet()
    command = None
    try:
        options = parse(program, about, commands, groups or {}, arguments)
        if options is None:
            return 0
        command = options.command
        return _run(program, command, options)
    except KeyboardInterrupt:
        return _interrupted(command)


def single(program: str, command: Command, arguments: Sequence[str] | None = None) -> int:
    """Run a program that is one command; as `main`."""
    quiet()
    try:
        parser = _described(argparse.ArgumentParser, command, prog=f"python -m {program}")
        parser.add_argument("--version", action="version", version=f"{program} {version()}")
        return _run(program, command, parser.parse_args(arguments))
    except KeyboardInterrupt:
        return _interrupted(command)


def _interrupted(command: Command | None) -> int:
    left = command.left if command else "nothing was written"
    print(f"interrupted; {left}.", file=sys.stderr)
    return 130


def end_like_ctrl_c() -> None:
    """From now on a program that is asked to end cleans up as it does after Ctrl-C."""
    for ending in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP, nohup ignores it
        number = getattr(signal, ending, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def quiet() -> None:
    """Settings that libraries read when they are imported; what the reader has set stays."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin crawl on a busy machine
    os.environ.setdefault(
        "OPENCV_LOG_LEVEL", "SILENT"
    )  # the sentences of InputError say what went wrong
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault(
        "OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26)
    )  # a header may claim a billion


def parse(
    program: str,
    about: str,
    commands: Sequence[Command],
    groups: Mapping[str, str],
    arguments: Sequence[str] | None = None,
) -> argparse.Namespace | None:
    """The options, among them the Command; None where help was asked for by saying nothing.

    Ends the program with exit code 2 and one sentence where the words make no sense.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m {program}",
        description=about,
        epilog=f"`python -m {program} COMMAND --help` explains a command. {EXIT_CODES}.",
    )
    parser.add_argument("--version", action="version", version=f"{program} {version()}")
    levels = {"": parser.add_subparsers(metavar="COMMAND", title="commands")}
    for command in commands:
        group, _, word = command.name.rpartition(" ")
        if group not in levels:
            above = levels[""].add_parser(group, help=groups[group])
            levels[group] = above.add_subparsers(metavar="COMMAND", title="commands", required=True)
        one = _described(levels[group].add_parser, command, name=word, help=command.help)
        one.set_defaults(command=command)
    options = parser.parse_args(arguments)
    if "command" not in options:
        parser.print_help()
        return None
    if wrong := options.command.check(options):
        parser.error(wrong)
    return options


def _described(make: Callable[..., OPTION], command: Command, **settings: str) -> OPTION:
    """A parser for a command, with its options, a description and an example."""
    parser = make(
        **settings,
        description=f"{command.help[:1].upper()}{command.help[1:]}.",
        parents=list(command.shared),
        epilog=f"example: {command.example} ; {EXIT_CODES}",
    )
    command.options(parser)
    return parser


def _run(program: str, command: Command, options: argparse.Namespace) -> int:
    """Import and call a command's function; one sentence for what the reader can put right."""
    try:
        from .errors import InputError

        run = command.run
        try:
            if isinstance(run, str):
                module, _, function = run.partition(":")
                run = getattr(importlib.import_module(module), function)
            said = run(options)
        except (InputError, OSError) as error:
            print(f"{program}: {error}", file=sys.stderr)
            return 2
    except ImportError as error:
        if not (sentence := missing_library(error)):
            raise
        print(sentence, file=sys.stderr)
        return 2
    if said is not None:
        print(said)
    return 0


def missing_library(error: ImportError) -> str:
    """A sentence for a system library that OpenCV wants and does not find; "" for any other error."""
    found = re.search(r"(\S+\.so\S*): cannot open shared object file", str(error))
    if not found:
        return ""
    return (
        f"OpenCV needs the system library {found[1]}. On Debian or Ubuntu install libgl1, libglib2.0-0, "
        "libxcb1, libsm6, libxext6 and libxrender1; on Fedora mesa-libGL and glib2; on Arch libglvnd and glib2."
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
    if not text:
        raise argparse.ArgumentTypeError("is empty; is a variable unset?")
    return text


def positive(text: str) -> float:
    """A positive number."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be positive")
    return value


def whole(text: str) -> int:
    """A whole number from 0."""
    if not text.isdecimal() or len(text) > 15:
        raise argparse.ArgumentTypeError("must be a whole number from 0")
    return int(text)


def positive_whole(text: str) -> int:
    """A whole number from 1."""
    if not whole(text):
        raise argparse.ArgumentTypeError("must be 1 or more")
    return int(text)


# Options that several commands have


def shared(add: Callable[[OPTION], object]) -> OPTION:
    """A parser of options that other parsers take over."""
    parser = argparse.ArgumentParser(add_help=False)
    add(parser)
    return parser


def computing(workers: bool = True) -> OPTION:
    """--device and, where clips are prepared by processes, --workers."""

    def add(parser: OPTION) -> None:
        devices = ["auto", "cpu", "cuda"]
        parser.add_argument(
            "--device", choices=devices, default="auto", help="auto takes a GPU where there is one"
        )
        if workers:
            parser.add_argument(
                "--workers",
                type=whole,
                default=0,
                metavar="W",
                help="processes that prepare slices of clips; 0: the program itself does",
            )

    return shared(add)
