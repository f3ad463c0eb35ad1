"""The commands of `python -m experiments`: all are there, and help comes without the libraries."""

import importlib.util
import re
import subprocess
import sys

import pytest

from experiments.__main__ import COMMANDS, GROUPS, main

SCRIPTS = [command for command in COMMANDS if isinstance(command.run, str)]


def test_every_command_is_named_once_and_every_group_is_explained():
    names = [command.name for command in COMMANDS]
    assert len(names) == len(set(names))
    assert {name.split()[0] for name in names if " " in name} == set(GROUPS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_says_what_a_command_leaves_and_how_long_it_takes(command, capsys):
    assert re.search(r"writes|prints", command.help)
    assert re.search(r"hour|minute|second", command.help)
    assert command.example.startswith(f"python -m experiments {command.name}")
    with pytest.raises(SystemExit) as ended:
        main([*command.name.split(), "--help"])
    assert ended.value.code == 0 and "example:\n  python -m" in capsys.readouterr().out


@pytest.mark.parametrize("command", SCRIPTS, ids=lambda command: command.name)
def test_every_script_is_where_its_command_looks_for_it(command):
    assert importlib.util.find_spec(command.run.split(":")[0])


def test_help_comes_without_torch():
    code = "import sys, experiments.__main__ as m; m.main([]); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0
