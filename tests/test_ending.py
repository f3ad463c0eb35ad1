"""Ctrl-C that something else has swallowed, see tslib/ending.py."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """\
import os, signal, sys, time
for deaf in {deaf}:
    signal.signal(deaf, signal.SIG_IGN)
from pathlib import Path
from tslib import command_line, ending
from tslib.errors import InputError

class Closed:
    def __del__(self):
        os.kill(os.getpid(), signal.{signal})
        time.sleep(0.1)  # Python drops what is raised here

def destructor(options):
    Closed()
    time.sleep(30)
    return "it ran to its end"

def library(options):
    try:
        os.kill(os.getpid(), signal.{signal})
        time.sleep(30)
    except KeyboardInterrupt:
        raise {error} from None

command = command_line.Command("it", "writes a file", {way}, lambda parser: None, "python -m it")
sys.exit(ending.program(lambda: command_line.single("it", command, [])))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals to send")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    ("way", "error"),
    [
        ("destructor", "None"),
        ("library", "RuntimeError('the file ends in the middle')"),
        ("library", "InputError('x.pt is damaged; download it again.')"),
        ("library", "OSError(5, 'Input/output error', 'x.pt')"),
    ],
)
def test_a_swallowed_interruption_is_one_all_the_same(name, way, error):
    if signal.getsignal(getattr(signal, name)) == signal.SIG_IGN:
        pytest.skip(f"{name} is ignored here, as under nohup, and by every program from here.")
    words = [sys.executable, "-c", PROGRAM.format(signal=name, way=way, error=error, deaf="[]")]
    assert run(words) == (130, "", "interrupted; nothing was written.\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals to send")
@pytest.mark.skipif(
    signal.getsignal(signal.SIGTERM) == signal.SIG_IGN, reason="SIGTERM is ignored here"
)
def test_a_program_in_the_background_that_is_deaf_to_ctrl_c_hears_an_end_again():
    program = PROGRAM.format(
        signal="SIGTERM", way="destructor", error="None", deaf="[signal.SIGINT]"
    )
    said = run([sys.executable, "-c", program])
    assert said == (130, "", "interrupted; nothing was written.\n")


def run(words):
    folder = Path(__file__).parents[1]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", cwd=folder, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_other_lost_errors_are_told_as_ever():
    lines = "from tslib import ending\nclass C:\n  def __del__(self): 1 / 0\n"
    program = lines + "ending.program(lambda: C() and 0)"
    folder = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", cwd=folder
    )
    assert done.stderr.startswith("Exception ignored in: <function C.__del__")
    assert "ZeroDivisionError" in done.stderr
