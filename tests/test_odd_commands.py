"""Odd command lines, see odd_commands.py: a few of them each time, with `--fuzz 15` 225 in some
minutes; and that answers that are not clear are found out.
"""

import subprocess
import sys
from types import SimpleNamespace

import odd_commands
import pytest
from odd_commands import Line

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="faults.py needs Linux")


def test_odd_command_lines_are_answered_clearly(request):
    times = request.config.getoption("--fuzz")
    words = ["--count", str(15 * times), "--seed", "1", "--limit", str(min(times, 5))]
    tool = [sys.executable, odd_commands.__file__, *words]
    done = subprocess.run(tool, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{15 * times} command lines: " in done.stdout


def test_a_seed_draws_the_same_lines_of_every_command_and_kind():
    lines = [*odd_commands.odd_lines(600, 1)]
    assert lines == [*odd_commands.odd_lines(600, 1)] != [*odd_commands.odd_lines(600, 2)]
    said = {" ".join(line.words) for line in lines}
    for command, _ in odd_commands.commands():
        assert any(f"{words} ".startswith(f"{command} ") for words in said), command
    # The tool runs in the repository, where nothing of it may be stored anew.
    assert not any("--write" in line.words for line in lines)
    assert {"reads", "writes", "number", "name", "no", "word", "twice"} <= {
        line.odd.split()[0] for line in lines
    }


USAGE = (
    "usage: python -m tslib go [-h]\n                       [--box X]\npython -m tslib go: error: "
)


@pytest.mark.parametrize(
    ("code", "said", "wrong"),
    [
        (2, "tslib: there is no file odd/none; name another one.\n", ""),
        (2, f"{USAGE}argument --joints: is empty\n", ""),
        (0, "", ""),
        (None, "", "hangs"),
        (1, "tslib: there is no file odd/none.\n", "exit code 1"),
        (-9, "", "exit code -9"),
        (2, "", "0 lines"),
        (2, "warning: slow\ntslib: there is no file odd/none.\n", "2 lines"),
        (1, "Traceback (most recent call last):\n", "traceback"),
        (2, "tslib: [Errno 2] No such file: 'odd/none'\n", "says 'Errno'"),
        (2, "tslib: odd/none: 'NoneType' object is odd.\n", "says 'NoneType'"),
        (
            2,
            f"{USAGE}argument --joints: invalid int value: 'odd/none'\n",
            "says 'invalid int value'",
        ),
        (2, "tslib: a file cannot be used.\n", "names none of"),
        (2, f"tslib: odd/none {'is bad ' * 80}\n", "characters"),
        (2, "tslib: odd/none \x1b[31mis red.\n", "a control character"),
        (2, "tslib: odd/none is no table.\n", "another reason"),
        (0, "Warning: odd/none is not there.\n", "noise"),
    ],
)
def test_what_is_not_clear_is_found_out(code, said, wrong):
    made = Line(("tslib", "correct", "odd/none"), "reads none", ("odd/none", "--joints"))
    made = made._replace(odd="name") if "is empty" in said else made
    found = odd_commands.unclear(made, SimpleNamespace(code=code, said=said), False, "")
    assert wrong in found and bool(found) == bool(wrong)
