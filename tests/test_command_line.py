"""What the three programs share: help at once, examples that work, exit codes, sentences."""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import experiments.__main__
import renderer.__main__
import tslib.__main__
from tslib import command_line
from tslib.command_line import Command

PROGRAMS = {
    "tslib": (tslib.__main__.COMMANDS, {}),
    "experiments": (experiments.__main__.COMMANDS, experiments.__main__.GROUPS),
}
EACH = [pytest.param(p, c, id=f"{p} {c.name}") for p, (cs, _) in PROGRAMS.items() for c in cs]
MAINS = [tslib.__main__.main, experiments.__main__.main, renderer.__main__.main]


def with_run(program, command, run, arguments):
    """The exit code of a program in which a command does something else."""
    commands, groups = PROGRAMS[program]
    others = [replace(c, run=run) if c is command else c for c in commands]
    return command_line.main(program, "about", others, arguments, groups)


def words_of(command):
    """The arguments in a command's example, without `python -m PROGRAM`."""
    return shlex.split(command.example)[3:]


HELP = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
except SystemExit as ended:
    assert not ended.code, ended.code
print(*({"torch", "numpy", "cv2"} & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
@pytest.mark.parametrize("program", ["tslib", "renderer", "experiments"])
def test_help_comes_without_waiting_for_libraries(program, arguments):
    done = subprocess.run(
        [sys.executable, "-c", HELP, program, *arguments], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0 and done.stderr == "\n"
    said = "usage: python -m " if arguments == ["--help"] else ""
    assert done.stdout.startswith(f"{said}{program} ")


@pytest.mark.parametrize("main", MAINS[:2])
def test_a_bare_call_prints_help(main, capsys):
    assert main([]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("usage: ") and "exit codes: 0" in said.out and not said.err


@pytest.mark.parametrize("main", MAINS)
def test_an_unknown_command_or_option_ends_with_exit_code_2(main, capsys):
    for arguments in (["fly"], ["--fly"]):
        with pytest.raises(SystemExit) as error:
            main(arguments)
        assert error.value.code == 2 and "usage: " in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
@pytest.mark.parametrize("main", MAINS)
def test_version_and_help_are_no_errors(main, arguments, capsys):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 0 and not capsys.readouterr().err


@pytest.mark.parametrize(("program", "command"), EACH)
def test_the_help_of_a_command_names_an_example_that_parses(program, command, capsys):
    with pytest.raises(SystemExit) as error:
        with_run(program, command, command.run, [*command.name.split(), "--help"])
    said = capsys.readouterr().out
    assert error.value.code == 0
    assert f"\nexample:\n  {command.example}\n\nexit codes: 0" in said
    assert f"{command.example} ".startswith(f"python -m {program} {command.name} ")
    assert with_run(program, command, lambda options: "it ran", words_of(command)) == 0
    assert capsys.readouterr().out == "it ran\n"


def test_the_renderers_example_parses(capsys):
    command = replace(renderer.__main__.RENDER, run=lambda options: f"{options.clips} clips")
    assert command_line.single("renderer", command, words_of(command)) == 0
    assert capsys.readouterr().out == "500 clips\n"


@pytest.mark.parametrize(("program", "command"), EACH)
def test_after_ctrl_c_a_command_says_what_is_left(program, command, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    assert with_run(program, command, interrupted, words_of(command)) == 130
    assert capsys.readouterr().err == f"interrupted; {command.left}.\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals to send")
@pytest.mark.parametrize("program", ["tslib", "renderer", "experiments", "book"])
def test_ctrl_c_while_a_program_is_imported_ends_it_without_a_word(program, tmp_path):
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        pytest.skip("This signal is ignored here, as under nohup, and by every program from here.")
    interrupts = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)\n"
    (tmp_path / "argparse.py").write_text(interrupts, encoding="utf-8")
    places = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-m", program, "--help"],
        env=os.environ | {"PYTHONPATH": places},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
    )
    # A shell says 130 of it.
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is full")
@pytest.mark.parametrize("program", ["tslib", "experiments"])
def test_what_cannot_be_printed_is_one_sentence(program):
    with open("/dev/full", "w", encoding="utf-8") as full:
        words, buffered = [sys.executable, "-m", program], os.environ | {"PYTHONUNBUFFERED": ""}
        done = subprocess.run(
            words, env=buffered, stdout=full, stderr=subprocess.PIPE, encoding="utf-8"
        )
    said = "What there is to say cannot be written: No space left on device.\n"
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ("render", "python -m renderer"),
        ("estimate", "python -m experiments estimate"),
        ("reproduce", "python -m experiments paper_a"),
    ],
)
def test_a_command_that_has_moved_says_where_it_went(word, where):
    done = subprocess.run(
        [sys.executable, "-m", "tslib", word, "out"], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 2 and not done.stdout
    assert where in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("library", ["libGL.so.1", "libgthread-2.0.so.0", "libxcb.so.1"])
def test_a_system_library_that_is_missing_is_named_with_its_packages(library, capsys, monkeypatch):
    def broken(options):
        raise ImportError(f"{library}: cannot open shared object file: No such file or directory")

    monkeypatch.setattr("tslib.commands.run_inspect", broken)
    assert tslib.__main__.main(["inspect", "folder"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"OpenCV needs the system library {library}. ")
    for package in "libgl1 libglib2.0-0 libxcb1 libsm6 libxext6 libxrender1 mesa-libGL".split():
        assert package in said
    assert said.count("\n") == 1


def test_any_other_import_that_fails_is_a_bug(monkeypatch):
    def broken(options):
        raise ImportError("no module")

    monkeypatch.setattr("tslib.commands.run_inspect", broken)
    with pytest.raises(ImportError, match="no module"):
        tslib.__main__.main(["inspect", "folder"])


def test_what_the_system_refuses_is_a_sentence_with_the_name(capsys, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("file/deep", "loop", "a" * 300):
        assert renderer.__main__.main([str(tmp_path / name), "--clips", "1"]) == 2
        said = capsys.readouterr().err
        assert re.fullmatch(
            rf"renderer: .*{name}.* cannot be used \(.+\); name another .*\.\n", said
        )
        assert "Errno" not in said
    # The root of all folders has none above it.
    assert renderer.__main__.main([tmp_path.anchor, "--clips", "1"]) == 2
    assert "was not made by this command" in capsys.readouterr().err


NAMES = [
    ("\x1b[31mred", r"\x1b[31mred"),
    ("a\nb", r"a\nb"),
    ("ü 中", "ü 中"),
    ("a\u202eb", r"a\u202eb"),
]


def test_names_do_not_reach_the_terminal_as_commands(capsys):
    """A line's end in a name would make two lines of a sentence, an escape would colour them, and
    a change of direction would show the rest from right to left."""
    for name, shown in NAMES:
        assert tslib.__main__.main(["evaluate", name, "--data", "x"]) == 2
        assert capsys.readouterr().err == f"tslib: there is no file {shown}.\n"
    command = Command("go", "go", lambda o: "one\ttwo\n\x07", lambda parser: None, "python -m a go")
    assert command_line.main("a", "about", [command], ["go"]) == 0
    assert capsys.readouterr().out == "one\ttwo\n\\x07\n"


@pytest.mark.parametrize("words", ["inspect a {}", "download {}", "predict a --output b --fps={}"])
def test_what_is_wrong_with_words_is_one_line_without_control_characters(words, capsys):
    with pytest.raises(SystemExit):
        tslib.__main__.main([word.format("\x1b[31ma\nb") for word in words.split()])
    said = capsys.readouterr().err.rpartition("error: ")[2]
    assert said.count("\n") == 1 and "\x1b" not in said


@pytest.mark.parametrize("main", MAINS)
def test_a_value_that_argparse_loses_is_asked_for(main, capsys):
    """Some releases of it make an empty list of it, past all that is said of the option."""
    for words in (["a", "--device=--"], ["--clips=--"]):
        with pytest.raises(SystemExit):
            main(words)
        assert f"{words[-1]} holds no value" in capsys.readouterr().err


def test_without_a_folder_the_data_sets_are_named(capsys):
    with pytest.raises(SystemExit):
        tslib.__main__.main(["download", "coco"])
    words = "coco needs a ROOT to go to, as any data set"
    assert f"{words} (penn_action, jhmdb, youtube_pose or cvit_sports) does" in (
        capsys.readouterr().err
    )


def test_what_a_check_finds_ends_with_exit_code_2(capsys):
    command = Command("go", "go", lambda options: "gone", lambda parser: None, "python -m a go")
    stopped = replace(command, check=lambda options: "not today")
    assert command_line.main("a", "about", [command], ["go"]) == 0
    with pytest.raises(SystemExit) as error:
        command_line.main("a", "about", [stopped], ["go"])
    assert error.value.code == 2 and capsys.readouterr().err.endswith("error: not today\n")


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (command_line.name, "", "is empty"),
        (command_line.name, "  ", "is empty"),
        (command_line.positive, "-1", "must be a positive number"),
        (command_line.positive, "nan", "must be a positive number"),
        (command_line.positive, "fast", "must be a positive number"),
        (command_line.number, "wide", "must be a number"),
        (command_line.number, "nan", "must be a number"),
        (command_line.number, "-inf", "must be a number"),
        (command_line.whole, "-1", "must be a whole number from 0"),
        (command_line.whole, "1" * 16, "must be a whole number from 0"),
        (command_line.positive_whole, "0", "must be a whole number from 1"),
        (command_line.positive_whole, "two", "must be a whole number from 1"),
    ],
)
def test_what_an_option_cannot_hold_is_said(kind, text, words, capsys):
    command = Command(
        "go",
        "go",
        lambda options: None,
        lambda parser: parser.add_argument("--value", type=kind),
        "python -m a go",
    )
    with pytest.raises(SystemExit) as error:
        command_line.main("a", "about", [command], ["go", f"--value={text}"])
    assert error.value.code == 2 and words in capsys.readouterr().err


@pytest.mark.parametrize(("program", "command"), EACH)
def test_no_option_takes_an_empty_name_or_any_number(program, command):
    """A name is empty where a variable is unset, and would then be the folder where one is."""
    parser = command_line.OPTION(parents=command.shared, add_help=False)
    command.options(parser)
    for action in parser._actions:
        if action.type is not None:
            assert action.type is not int
            with pytest.raises((argparse.ArgumentTypeError, ValueError)):
                action.type("")


@pytest.mark.parametrize("words", ["correct a --model b --output ./b", "springs c a --output a"])
def test_no_command_writes_over_what_it_reads(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in "abc":
        (tmp_path / name).write_text("precious", encoding="utf-8")
    more = ["--skeleton", "penn13"] * words.startswith("springs")
    with pytest.raises(SystemExit) as error:
        tslib.__main__.main([*words.split(), *more])
    said = capsys.readouterr().err
    assert error.value.code == 2 and "which is read as well; name another file" in said
    assert all((tmp_path / name).read_text(encoding="utf-8") == "precious" for name in "abc")


def test_crowds_have_an_end(capsys):
    with pytest.raises(SystemExit):
        tslib.__main__.main(["predict", "film.avi", "--output", "out", "--people", "101"])
    assert "--people: must be a whole number from 1 to 100" in capsys.readouterr().err
