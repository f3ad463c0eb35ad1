"""What every test may ask for: a device, the real recordings, examples that are the same on each
run.
"""

import os
from pathlib import Path

import hypothesis
import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # on a busy machine threads that spin crawl
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26))  # as the command line has it
import torch  # noqa: E402  reads that once

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")
hypothesis.settings.register_profile(
    "gpu", hypothesis.settings.get_profile("repeatable"), max_examples=4
)


@pytest.fixture(scope="session")
def chapters_folder():
    return Path(__file__).parents[1] / "chapters"


def pytest_addoption(parser):
    parser.addoption(
        "--device", default="cpu", choices=["cpu", "cuda"], help="where the torch tests compute"
    )


def pytest_configure(config):
    if config.getoption("--device") == "cpu":
        os.environ["TRITON_INTERPRET"] = (
            "1"  # read when triton is imported; without it no kernel runs here
        )
    else:
        hypothesis.settings.load_profile("gpu")  # each size of map compiles its kernels first


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
