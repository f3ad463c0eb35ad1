"""What every test may ask for: a device, the real recordings, examples that are the same on each
run.
"""

import os
import shutil
from pathlib import Path

import hypothesis
import pytest

# On a busy machine threads that spin crawl. torch reads this once, so it is imported below.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# As the command line has it.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26))
import torch  # noqa: E402

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")
hypothesis.settings.register_profile(
    "gpu", hypothesis.settings.get_profile("repeatable"), max_examples=4
)


@pytest.fixture(scope="session")
def chapters_folder():
    return Path(__file__).parents[1] / "chapters"


@pytest.fixture(scope="session")
def tiny_book(tmp_path_factory):
    """The chapters folder of a book that passes every gate."""
    import tiny_book

    return tiny_book.make(tmp_path_factory.mktemp("book"))


@pytest.fixture
def copy(tiny_book, tmp_path):
    """A copy of the tiny book, to be tampered with."""
    return shutil.copytree(tiny_book.parent, tmp_path / "book") / "chapters"


def pytest_addoption(parser):
    parser.addoption(
        "--device", default="cpu", choices=["cpu", "cuda"], help="where the torch tests compute"
    )
    parser.addoption(
        "--fuzz", type=int, default=1, metavar="N", help="damage N times as many files"
    )


def pytest_configure(config):
    if config.getoption("--device") == "cpu":
        # Read when triton is imported; without it no kernel runs here.
        os.environ["TRITON_INTERPRET"] = "1"
    else:
        # Each size of map compiles its kernels first.
        hypothesis.settings.load_profile("gpu")


@pytest.fixture(scope="session")
def device(request):
    """The torch device that --device names."""
    name = request.config.getoption("--device")
    if name == "cuda" and not torch.cuda.is_available():
        pytest.skip("--device cuda was asked for, but torch finds no CUDA device here.")
    return torch.device(name)


@pytest.fixture(scope="module")
def one_thread():
    """torch computes with one thread, in which sums have one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def real_data():
    """The folder of real recordings."""
    folder = os.environ.get("TSLIB_DATA")
    if not folder:
        pytest.skip("Set TSLIB_DATA to the folder of recordings that data/README.md describes.")
    return Path(folder)


def pytest_collection_modifyitems(items):
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker("real")
