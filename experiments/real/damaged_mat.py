"""Does a damaged .mat file bring down scipy.io.loadmat? python experiments/real/damaged_mat.py

6,000 files like those of the data sets, compressed and not, each with a few bytes changed, lost or
doubled, are read by a process that starts again where it dies or takes over 5 s. Prints how often.
"""

import io
import resource
import signal
import subprocess
import sys
from contextlib import suppress

import numpy as np
import scipy
from scipy.io import loadmat, savemat

FILES, LONGEST, MEMORY = 6000, 5, 4 << 30  # files, s, bytes of a process


def whole(n: int) -> bytes:
    rng, stream = np.random.default_rng(0), io.BytesIO()
    points = {"x": rng.integers(0, 255, (5, 13), np.uint8), "y": rng.random((5, 13))}
    video = {"videoname": "a", "locs": rng.random((2, 7, 6)), "frameids": np.arange(6)}
    content = [points | {"action": "bowl", "train": 1}, {"data": [video, video]}]
    savemat(stream, content[n // 2 % 2], do_compression=bool(n % 2))
    return stream.getvalue()


def damaged(n: int) -> bytes:
    """The n-th file with a few bytes flipped, zeroed, random, doubled or taken out, or cut off."""
    rng, data = np.random.default_rng(n), bytearray(whole(n))
    at, length, kind = rng.integers(len(data)), rng.integers(1, 40), rng.integers(6)
    part = np.frombuffer(data[at : at + length], np.uint8)
    flipped = part ^ (1 << rng.integers(0, 8, len(part))).astype(np.uint8)
    kinds = flipped.tobytes(), bytes(len(part)), rng.bytes(len(part)), bytes(part) * 2, b""
    return bytes(data[:at] + kinds[kind] + data[at + length :] if kind < 5 else data[:at])


def read_from(start: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for n in range(start, FILES):
        print(n, flush=True)
        signal.alarm(LONGEST)
        with suppress(Exception):
            loadmat(io.BytesIO(damaged(n)))


def main() -> None:
    start, ends = 0, []
    while start < FILES:
        child = subprocess.run([sys.executable, __file__, str(start)], stdout=subprocess.PIPE)
        start = int(child.stdout.split()[-1]) + 1
        ends += [-child.returncode] if child.returncode else []
    slow = ends.count(signal.SIGALRM)
    print(f"scipy {scipy.__version__} dies of {len(ends) - slow} of {FILES}, hangs at {slow}.")


if __name__ == "__main__":
    main() if len(sys.argv) == 1 else read_from(int(sys.argv[1]))
