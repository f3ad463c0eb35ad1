"""Commands under faults, see faults.py: some of them at a few moments each time, and with
`--fuzz 10` all of them at twenty, which takes an hour.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import faults
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="faults.py needs Linux")
# One of them loads a network: Ctrl-C while a library reads its file may come out as another error.
SOME = ["springs", "claims", "evaluate"]

# Writes a file in two steps, starts a process that outlives it, and catches nothing.
CARELESS = """\
import subprocess, sys, time
from pathlib import Path

file = Path("out/it")
if file.exists():
    sys.exit("it is there already")
child = subprocess.Popen(["sleep", "60"])
with open(file, "w", encoding="utf-8") as half:
    half.write("half")
    half.flush()
    time.sleep(0.5)
    half.write("whole" * 10_000)
child.kill()
child.wait()
"""


def test_commands_stand_faults(request):
    times = request.config.getoption("--fuzz")
    words = [*SOME, "--moments", "2"] if times == 1 else ["--moments", str(2 * times)]
    tool = Path(faults.__file__)
    done = subprocess.run([sys.executable, tool, *words], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(SOME) or times > 1
    print(done.stdout)


@pytest.fixture
def careless():
    """A command that stands no fault, in a folder that everybody may enter."""

    def prepare(place, name):
        (place / "careless.py").write_text(CARELESS, encoding="utf-8")

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield faults.Trial(Path(folder), faults.Case("careless", prepare, own=True), fresh=True)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.interrupt, "traceback: KeyboardInterrupt"),
        (faults.kill, "leaves a process"),
    ],
)
def test_a_careless_command_is_found_out(careless, fault, said, monkeypatch):
    def at_half(trial, rng, tries):
        place = trial.place()
        run = place.start()
        while not (place.path / faults.OUT).exists():
            time.sleep(0.01)
        yield place, run

    monkeypatch.setattr(faults, "PATIENCE", 0.5)
    monkeypatch.setattr(faults, "_moments", at_half)
    (reason,) = fault(careless, random.Random(0), 1)
    assert said in reason


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root may write everywhere")
def test_a_careless_command_is_found_out_by_a_user_who_may_not_write(careless):
    assert "output: traceback: PermissionError" in next(
        faults.read_only(careless, random.Random(0), 1)
    )
