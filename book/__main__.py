"""python -m book: execute every chapter and build the book in build/book. python -m book run:
execute every chapter and write the outputs back into chapters/*.ipynb, and the pictures of cells
tagged picture:NAME into data/NAME.png.
"""

import base64
import hashlib
import os
import re
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from jupytext.cli import jupytext
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from sphinx.cmd.build import main as sphinx

from . import pages

CHAPTERS = Path("chapters")
SOURCE = Path("build/chapters")
BOOK = Path("build/book")
DATA = Path("data")


def execute(folder, home=CHAPTERS):
    """Bring the notebooks of a folder in step with their .py, run them top to bottom, keep the
    outputs.

    They run in home, wherever they lie: from there a chapter imports its exercises. Two run at a
    time, where there are two cores; the longest, which are the last, first.
    """
    jupytext(["--quiet", "--to", "ipynb", "--update", *map(str, sorted(folder.glob("[0-9]*.py")))])
    paths = sorted(folder.glob("[0-9]*.ipynb"), reverse=True)
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        running = {pool.submit(_run, path, home): path for path in paths}
        for done in as_completed(running):
            try:
                print(f"Ran {running[done]}: {done.result():.0f} s", flush=True)
            except CellExecutionError as error:
                pool.shutdown(cancel_futures=True)
                sys.exit(f"{running[done]} stopped:\n{error}")


def _run(path, home):
    """Run a notebook, write it with its outputs, return the seconds that it took."""
    start = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=900,
        record_timing=False,
        coalesce_streams=True,  # how a print is cut into pieces depends on the moment
        resources={"metadata": {"path": str(home)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # kernels talk of their transport otherwise
    )
    client.execute()
    nbformat.write(notebook, path)
    return time.perf_counter() - start


def build():
    """The book, from a copy of the chapters, so that no tracked file changes."""
    shutil.rmtree("build", ignore_errors=True)
    shutil.copytree(
        CHAPTERS, SOURCE, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    )
    execute(SOURCE)
    pages.write(Path(), SOURCE)
    if sphinx(["-q", "-W", "--keep-going", "-b", "html", "-c", "book", str(SOURCE), str(BOOK)]):
        sys.exit("The book was not built; Sphinx says why above.")
    print(f"The book: {(BOOK / 'index.html').resolve().as_uri()}")


def save_pictures(folder):
    """Write the pictures that other pages show to data/, and their checksums into its README."""
    readme = DATA / "README.md"
    for path in sorted(folder.glob("[0-9]*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for tag in (t for t in cell.metadata.get("tags", []) if t.startswith("picture:")):
                name = tag.removeprefix("picture:") + ".png"
                (picture,) = (
                    o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {})
                )
                (DATA / name).write_bytes(base64.b64decode(picture))
                digest = hashlib.sha256((DATA / name).read_bytes()).hexdigest()
                row = re.compile(rf"(\[{re.escape(name)}\].*`)[0-9a-f]*(`)")
                readme.write_text(row.sub(rf"\g<1>{digest}\2", readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["run"]:
        execute(CHAPTERS)
        save_pictures(CHAPTERS)
    else:
        build()
