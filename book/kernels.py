"""Running a notebook so that it comes out the same whoever runs it: a kernel in a set environment,
its pictures counted, and an end to all kernels at once.
"""

import ast
import contextlib
import hashlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbformat import NotebookNode

# What a reader may have set for Python, Jupyter, pictures or libraries would change what a chapter
# shows. How many threads compute does not, so that stays.
FOREIGN = re.compile(
    "(I?PYTHON|JUPYTER|JPY|MPL|MATPLOTLIB|PYTEST|TORCH|PYTORCH|ATEN|DNNL|ONEDNN|TRITON|TSLIB)"
    "|(OPENCV|NUMBA|QT|TQDM|LC_|COLUMNS$|LINES$|(NO|FORCE|PY)_COLORS?$|CLICOLOR|LANG(UAGE)?$)"
)
KEPT = ("NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
SETTINGS = Path(__file__).parents[1] / "build" / "settings"


class ChapterFailed(Exception):
    """A chapter that did not run to its end, or lost a picture; the text says why."""


def environment(home: Path) -> dict[str, str]:
    """The environment of a kernel for the notebooks in a folder, the root of its project above it.

    The folders of Jupyter, IPython and matplotlib are the project's own, so that settings in the
    reader's home do not count, and a chapter may import all packages at the root.
    """
    if (home / "matplotlibrc").exists():
        raise ChapterFailed(
            f"{home / 'matplotlibrc'} would change how every picture looks; move it elsewhere."
        )
    own = {name: value for name, value in os.environ.items() if _may_stay(name)}
    own |= {
        "PYTHONUTF8": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": str(home.resolve().parent),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        # The defaults as matplotlib ships them; style.py changes a few.
        "MATPLOTLIBRC": str(_package("matplotlib") / "mpl-data" / "matplotlibrc"),
        "MPLCONFIGDIR": str(SETTINGS / "matplotlib"),
        "IPYTHONDIR": str(SETTINGS / "ipython"),
        "JUPYTER_CONFIG_DIR": str(SETTINGS / "jupyter"),
        "JUPYTER_DATA_DIR": str(SETTINGS / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(SETTINGS / "runtime"),
    }
    for name in ("MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        Path(own[name]).mkdir(parents=True, exist_ok=True)
    if not list(Path(own["MPLCONFIGDIR"]).glob("fontlist*")):
        # matplotlib lists the fonts once; in a chapter it would warn that this is slow.
        words = [sys.executable, "-c", "import matplotlib.font_manager"]
        subprocess.run(words, env=own, capture_output=True)
    return own


def _package(name: str) -> Path:
    """The folder of an installed package, which is not imported: that may write into the home."""
    spec = importlib.util.find_spec(name)
    assert spec and spec.origin, f"{name} is not installed"
    return Path(spec.origin).parent


def _may_stay(name: str) -> bool:
    return name in KEPT or not FOREIGN.match(name)


def draws(source: str) -> bool:
    """Whether a cell shows a picture whenever it runs: it calls show() or plt.show(), not in a
    function."""
    tree = ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE))

    def shows(node: ast.AST) -> bool:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            return False
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("show", "plt.show"):
            return True
        return any(map(shows, ast.iter_child_nodes(node)))

    return shows(tree)


def pictured(cell: NotebookNode) -> bool:
    """Whether a picture is among a cell's outputs."""
    return any(kind.startswith("image/") for o in cell.outputs for kind in o.get("data", {}))


def alternatives(cell: NotebookNode) -> list[str]:
    """For each picture among a cell's outputs, the text for readers who do not see it."""
    pictures = (o for o in cell.outputs if "image/png" in o.get("data", {}))
    return [o.metadata.get("image/png", {}).get("alt", "") for o in pictures]


def lost_pictures(notebook: NotebookNode, before: list[bool] | None = None) -> str:
    """A sentence about the first cell that should show a picture and shows none, or "".

    before : for each cell, whether a picture was stored below it
    """
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or pictured(cell):
            continue
        if draws(cell.source) or (before and before[number]):
            line = cell.source.strip().splitlines()[0]
            return f"The cell that begins with `{line}` has no picture, but it should have one."
    return ""


class Kernels:
    """The kernels that run now, so that all of them can be ended."""

    def __init__(self) -> None:
        self._running: set[AsyncKernelManager] = set()
        self._lock = threading.Lock()
        self._ended = False

    def run(self, notebook: NotebookNode, source: Path, environment: dict[str, str]) -> None:
        """Run a notebook top to bottom in the folder of its source; its outputs are replaced.

        Raises ChapterFailed where a cell fails, the kernel dies or a picture is lost; OSError where
        no kernel can be started.
        """
        before = [cell.cell_type == "code" and pictured(cell) for cell in notebook.cells]
        # Without folders of kernels to search, the kernel is this very Python's.
        manager = AsyncKernelManager(
            kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[])
        )
        # One name for a chapter, so that the next run takes away what a killed one has left.
        place = hashlib.sha256(bytes(source.resolve())).hexdigest()[:12]
        manager.connection_file = str(
            Path(environment["JUPYTER_RUNTIME_DIR"]) / f"{source.stem}-{place}.json"
        )
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=900,
            record_timing=False,
            # How a print is cut into pieces depends on the moment.
            coalesce_streams=True,
            resources={"metadata": {"path": str(source.parent)}},
            # Kernels talk of their transport otherwise.
            extra_arguments=["--IPKernelApp.log_level=40"],
        )
        # A manager that is handed over is ours to shut down, and so is its client.
        client.owns_km = True
        with self._lock:
            if self._ended:
                return
            self._running.add(manager)
        try:
            client.execute(env=environment)
        except Exception as error:
            cause: BaseException | None = error
            while cause:  # cleaning up may hide what went wrong first
                if isinstance(cause, OSError):
                    raise cause from None
                cause = cause.__cause__ or cause.__context__
            # Coloured for a screen; what is read here may be a file.
            raise ChapterFailed(re.sub(r"\x1b\[[0-9;]*m", "", str(error))) from error
        finally:
            with self._lock:
                self._running.discard(manager)
        if sentence := lost_pictures(notebook, before):
            raise ChapterFailed(sentence)

    def end(self) -> None:
        """End all kernels and what they have started, now and without a word to them."""
        with self._lock:
            self._ended = True
            running = set(self._running)
        # A kernel that is just starting has no process yet; two seconds are enough for that.
        for _ in range(20):
            running -= {manager for manager in running if _killed(manager)}
            if not running:
                break
            time.sleep(0.1)


def _killed(manager: AsyncKernelManager) -> bool:
    """Kill a kernel with all its processes; whether it had one."""
    process = getattr(manager.provisioner, "process", None)
    if process is None:
        return False
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            # A kernel is the first process of its group.
            os.killpg(process.pid, signal.SIGKILL)
    manager.cleanup_connection_file()
    return True
