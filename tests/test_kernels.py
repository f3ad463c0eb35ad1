"""What is compiled and cached is what the sources say."""

from pathlib import Path

import pytest

compiled = pytest.importorskip(
    "tslib.kernels.jit", reason="numba is missing here.", exc_type=ImportError
)
KERNELS = Path(compiled.__file__).parent


def test_every_file_with_kernels_is_watched():
    """numba does not notice when a kernel of another file changes, so all of them lie in one
    folder.
    """
    words = "@compiled(", "@intrinsic", "njit("
    elsewhere = [
        path
        for path in KERNELS.parent.rglob("*.py")
        if path.parent != KERNELS and any(w in path.read_text(encoding="utf-8") for w in words)
    ]
    assert elsewhere == []


def test_a_changed_source_forgets_all_kernels(tmp_path, monkeypatch):
    folder = tmp_path / "kernels"
    cache = folder / "__pycache__"
    cache.mkdir(parents=True)
    for name in ("jit", "vectors"):
        (folder / f"{name}.py").write_text("x = 1\n", encoding="utf-8")
        (cache / f"{name}.kernel.1.nbc").touch()
    there = lambda: len(list(tmp_path.rglob("*.nbc")))  # noqa: E731
    monkeypatch.setattr(compiled, "__file__", str(folder / "jit.py"))
    compiled.forget_stale_kernels()
    assert there() == 0
    (cache / "jit.kernel.1.nbc").touch()
    compiled.forget_stale_kernels()
    assert there() == 1  # nothing has changed
    (folder / "vectors.py").write_text("x = 2\n", encoding="utf-8")
    compiled.forget_stale_kernels()
    assert there() == 0
