"""A network in an ONNX or TFLite file, run by OpenCV.

A damaged file can end the whole process inside OpenCV. So the first time that a file is seen, a
child process runs it once, and the verdict is kept under the file's checksum.
"""

import hashlib
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import platformdirs

from ..errors import InputError


def cache_folder() -> Path:
    """Where tslib keeps what it can make again: TSLIB_CACHE, or the user's folder for caches."""
    return Path(os.environ.get("TSLIB_CACHE") or platformdirs.user_cache_dir("tslib"))


class NetworkFile:
    """A network for images.

    file : one that is there; size : (w, h) px. Raises InputError where it cannot be read, or does
    not take float images of that size with the channels first.
    """

    def __init__(self, file: Path | str, size: tuple[int, int]) -> None:
        self.file, self._size = Path(file), size
        _try(self.file, size)
        try:
            self._net = _read(str(file))
            self._outputs = self._net.getUnconnectedOutLayersNames()
            declared = "" if _is_lite(file) else self._net.dump()
        except (cv2.error, UnicodeDecodeError) as error:  # a name may be damaged
            kind = "a TFLite" if _is_lite(file) else "an ONNX"
            raise InputError(f"{file} cannot be read as {kind} network{_why(error)}.") from None
        self._check(declared)

    def _check(self, network: str) -> None:
        """InputError where an ONNX file declares an input of another kind."""
        declared = re.search(r"<Input> (\w+) \[([\w? x]+)\]", network)
        if not declared:
            return
        (w, h), kind, shape = self._size, declared[1], declared[2].split(" x ")
        if kind != "CV_32FC1":
            raise InputError(f"{self.file} takes {kind} numbers; export it for float32 ones.")
        if len(shape) == 4 and shape[3] == "3" != shape[1]:
            wants = "export it with channels first, (1, 3, H, W)"
            raise InputError(f"{self.file} takes channels last, (1, H, W, 3); {wants}.")
        if len(shape) == 4 and shape[1] == "3" and shape[2:] != [str(h), str(w)]:
            takes = f"{self.file} takes {shape[3]}x{shape[2]} pixels"
            raise InputError(f"{takes}, but its configuration says input = [{w}, {h}].")

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """{name: output} for float32 (3, h, w); all of them, which costs no more than one."""
        self._net.setInput(np.ascontiguousarray(image[None]))
        try:
            answers = self._net.forward(self._outputs)
        except cv2.error as error:
            w, h = self._size
            raise InputError(f"{self.file} does not run on {w}x{h} pixels{_why(error)}.") from None
        if not self._outputs or any(answer is None for answer in answers):
            raise InputError(f"{self.file} computes no output that it names; export it again.")
        return dict(zip(self._outputs, answers, strict=True))


def _is_lite(file: Path | str) -> bool:
    return str(file).endswith(".tflite")


def _read(file: str) -> cv2.dnn.Net:
    if _is_lite(file):
        # The only engine that gives every output of a TFLite file.
        return cv2.dnn.readNetFromTFLite(file, cv2.dnn.ENGINE_CLASSIC)
    return cv2.dnn.readNetFromONNX(file)


def _why(error: Exception) -> str:
    """OpenCV's reason in brackets, or nothing."""
    said = re.sub(r"^.*?\) |[>\n]", " ", str(getattr(error, "err", "")))
    return f" ({' '.join(said.split())[:150]})" if said.strip() else ""


def _try(file: Path, size: tuple[int, int]) -> None:
    """InputError for a network that ends a process which runs it on images of size (w, h) px."""
    key = file.read_bytes() + f" {size} {cv2.__version__}".encode()
    verdict = cache_folder() / "networks" / hashlib.sha256(key).hexdigest()
    if verdict.exists():
        return
    words = [sys.executable, "-m", __name__, str(file), *map(str, size)]
    try:
        subprocess.run(words, capture_output=True, check=True, timeout=60)
    except subprocess.SubprocessError:
        what = f"{file} ends the process that runs it, or does not answer within a minute"
        raise InputError(f"{what}; it is damaged, or not for OpenCV.") from None
    with suppress(OSError):  # the next run tries again
        verdict.parent.mkdir(parents=True, exist_ok=True)
        verdict.touch()


if __name__ == "__main__":
    model, width, height = sys.argv[1:]
    with suppress(cv2.error):  # the parent meets it as well, and says it
        net = _read(model)
        net.setInput(np.zeros((1, 3, int(height), int(width)), np.float32))
        net.forward(net.getUnconnectedOutLayersNames())
