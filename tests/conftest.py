"""What every test may ask for: a device, the real recordings, examples that are the same on each
run.
"""

import os
import random
import shutil
import socket
import sys
from pathlib import Path

import hypothesis
import pytest

# On a busy machine threads that spin crawl. torch reads this once, so it is imported below.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Hundreds of processes start from here, and each would compile all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
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
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in another order")


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


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker("real")
    if (seed := config.getoption("--shuffle")) is not None:
        items[:] = shuffled(items, seed)


def shuffled(items, seed):
    """Tests in another order: files in any, and within a file its tests in any."""
    files = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    draw = random.Random(seed)
    groups = draw.sample(list(files.values()), len(files))
    return [item for group in groups for item in draw.sample(group, len(group))]


@pytest.fixture(autouse=True, scope="session")
def no_network():
    """No test asks another machine: what it would answer is no matter of this project."""

    def stays(host):
        if isinstance(host, bytes):
            host = host.decode()
        if host not in (None, "", "localhost", "127.0.0.1", "::1"):
            # Not an exception that the code under test might take for a broken connection.
            pytest.fail(f"A test asks the network for {host}.")

    def of_address(ask):
        def asked(self, address, *rest):
            if self.family in (socket.AF_INET, socket.AF_INET6):
                stays(address[0])
            return ask(self, address, *rest)

        return asked

    def of_host(ask):
        def asked(host, *rest, **options):
            stays(host)
            return ask(host, *rest, **options)

        return asked

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, of_address(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", of_host(socket.getaddrinfo))
        yield
