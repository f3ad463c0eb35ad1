"""JupyterLab, as `make lab` starts it, shows a chapter whole."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import jupytext
import pytest

from book import editions, files

ROOT = Path(__file__).parents[1]
LAB = re.search(
    r"^\t@\$\(BIN\)/python (-m jupyterlab.*)$",
    (ROOT / "Makefile").read_text(encoding="utf-8"),
    re.M,
)[1]
OURS = "--no-browser --allow-root --IdentityProvider.token=ours --ServerApp.port_retries=0".split()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab that runs as `make lab` starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = str(tmp_path_factory.mktemp("home"))
    names = "HOME JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR JUPYTER_RUNTIME_DIR IPYTHONDIR".split()
    command = [sys.executable, *LAB.split(), *OURS, f"--port={port}"]
    server = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | dict.fromkeys(names, home), stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/api").read()
                break
            except OSError:
                assert server.poll() is None, "JupyterLab has stopped."
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


def test_it_opens_at_the_chapters(lab):
    opened = urllib.request.urlopen(f"{lab}/?token=ours").url
    assert opened == f"{lab}/lab/tree/chapters?token=ours"


def test_it_serves_whatever_a_chapter_shows_or_links_to(lab):
    """JupyterLab serves nothing above the folder in which it was started."""
    named = {
        target
        for path in files.numbered(ROOT / "chapters", "ipynb")
        for cell in jupytext.read(path).cells
        if cell.cell_type == "markdown"
        for target in re.findall(r"\]\((\.\./[^)#]+)", cell.source)
    }
    assert any(target.endswith(".webp") for target in named)
    for target in named:
        where = (ROOT / "chapters" / target).resolve().relative_to(ROOT)
        assert urllib.request.urlopen(f"{lab}/files/{where.as_posix()}?token=ours").status == 200


def test_the_page_of_an_edition_names_the_same_command():
    assert LAB in editions.README
