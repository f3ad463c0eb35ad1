"""What is compiled and cached is what the sources say."""

from pathlib import Path

import pytest

compiled = pytest.importorskip(
    "tslib.distance_transform.compiled", reason="numba is missing here.", exc_type=ImportError
)
PACKAGE = Path(compiled.__file__).parents[1]


def test_every_file_with_kernels_is_watched():
    """numba does not notice when a kernel of another file changes: all of them are in SOURCES."""
    with_kernels = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in ("@compiled(", "@intrinsic", "njit("))
    }
    assert with_kernels < set(compiled.SOURCES)
    assert set(compiled.SOURCES) - with_kernels == {"distance_transform/layout.py"}  # row_length is compiled


def test_a_changed_source_forgets_all_kernels(tmp_path, monkeypatch):
    for name in compiled.SOURCES:
        path = tmp_path / "tslib" / name
        (path.parent / "__pycache__").mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
        (path.parent / "__pycache__" / f"{path.stem}.kernel.1.nbc").touch()
    there = lambda: len(list(tmp_path.rglob("*.nbc")))  # noqa: E731
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "tslib" / "distance_transform" / "compiled.py"))
    compiled.forget_stale_kernels()
    assert there() == 0
    kept = tmp_path / "tslib" / "distance_transform" / "__pycache__" / "compiled.kernel.1.nbc"
    kept.touch()
    compiled.forget_stale_kernels()
    assert there() == 1  # nothing has changed
    (tmp_path / "tslib" / "message_passing" / "compiled.py").write_text("x = 2\n")
    compiled.forget_stale_kernels()
    assert there() == 0
