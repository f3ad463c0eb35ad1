"""MATLAB files, against scipy's reader."""

import struct
import zlib

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from tslib.datasets.matlab import floats, from_zero, number, read_mat, text
from tslib.errors import InputError


def same(ours, theirs):
    """Whether a value agrees with what scipy made of it."""
    if isinstance(ours, str):
        return ours == (theirs.item() if theirs.size else "")
    if isinstance(ours, list):
        pairs = zip(ours, theirs.ravel(order="F"), strict=True)
        return all(same(a[k], b[k]) for a, b in pairs for k in theirs.dtype.names)
    if ours is None:
        # Cells, complex numbers, several texts.
        return theirs.dtype.kind in "OcU" or theirs.dtype.names
    return ours.dtype == theirs.dtype and np.array_equal(ours, theirs, equal_nan=True)


VALUES = {
    **{
        f"a_{d}": np.arange(24).reshape(2, 3, 4).astype(d)
        for d in "u1 i1 u2 i2 u4 i4 u8 i8 f4 f8".split()
    },
    "nan": np.array([[1, np.nan, np.inf]]),
    "scalar": 3.5,
    "flag": True,
    "none": np.zeros((0, 3)),
    "word": "bowl",
    "empty": "",
    "accents": "Österreich – ²",
    "words": np.array(["one", "two"]),
    "complex": np.array([[1j]]),
    "cell": np.array([[1, "two"]], object),
    "struct": {"x": np.arange(3.0), "name": "a", "inner": {"y": 2}},
    "structs": np.array(
        [[(1, "a"), (2, "b")], [(3, "c"), (4, "d")]], [("n", "O"), ("long_name", "O")]
    ),
}


@pytest.mark.parametrize("compressed", [False, True])
def test_reads_what_scipy_reads(tmp_path, compressed):
    savemat(tmp_path / "a.mat", VALUES, do_compression=compressed, long_field_names=True)
    theirs, ours = loadmat(tmp_path / "a.mat"), read_mat(tmp_path / "a.mat", VALUES)
    assert set(ours) == set(VALUES)
    for name, value in ours.items():
        assert same(value, theirs[name]), name
    assert ours["accents"] == VALUES["accents"] and ours["struct"][0]["inner"][0]["y"] == 2
    assert [s["long_name"] for s in ours["structs"]] == ["a", "c", "b", "d"]
    assert set(read_mat(tmp_path / "a.mat", ["word"], ["nan", "other"])) == {"word", "nan"}


def test_structs_are_read_three_levels_deep(tmp_path):
    """A fourth would be damage: no data set has one."""
    savemat(tmp_path / "a.mat", {"x": {"a": {"b": {"c": 1.5, "d": {"e": 2}}}}})
    assert read_mat(tmp_path / "a.mat", ["x"])["x"] == [{"a": [{"b": [{"c": [[1.5]], "d": None}]}]}]


def test_damaged_and_incomplete_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="there is no label file"):
        read_mat(tmp_path / "a.mat", [])
    (tmp_path / "a.mat").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be read as a MATLAB 5 file"):
        read_mat(tmp_path / "a.mat", [])
    savemat(tmp_path / "a.mat", {"x": 1}, format="4")
    with pytest.raises(InputError, match="cannot be read as a MATLAB 5 file"):
        read_mat(tmp_path / "a.mat", ["x"])
    savemat(tmp_path / "a.mat", {"x": 1})
    with pytest.raises(InputError, match="lacks 'y'"):
        read_mat(tmp_path / "a.mat", ["x", "y"])


def test_values_of_another_kind_or_shape_are_refused():
    small = np.array([[200, 3]], np.uint8)
    assert floats(small, (1, None), "x").dtype == np.float64
    assert floats(small, (1, 2, 1), "x").shape == (1, 2, 1)  # an axis that MATLAB dropped
    for value, shape in ((small, (2, 2)), ("x", (1, 1)), (None, (1,)), (small, (1,))):
        with pytest.raises(InputError, match="x must be numbers of shape"):
            floats(value, shape, "x")
    assert number(np.array([[7]], np.uint8), "x") == 7
    for value in (small, np.array([[np.nan]]), "x"):
        with pytest.raises(InputError, match="x must be one number"):
            number(value, "x")
    with pytest.raises(InputError, match="x must be a text"):
        text(small, "x")
    points = from_zero(1 + np.array([[1, 2], [1, np.nan], [1e300, 0], [-np.inf, 0]]))
    np.testing.assert_array_equal(points, np.float32([[1, 2]] + [[np.nan] * 2] * 3))


def test_the_real_files_read_as_scipy_reads_them(real_data):
    files = sorted(real_data.rglob("*.mat"))
    assert len(files) > 480
    for file in files:
        theirs = {k: v for k, v in loadmat(file).items() if k[0] != "_"}
        for name, value in read_mat(file, theirs).items():
            assert same(value, theirs[name]), (file, name)


def test_no_more_than_four_bytes_lie_within_a_tag(tmp_path):
    savemat(tmp_path / "a.mat", {"abcd": 1.0}, do_compression=False)
    data = (tmp_path / "a.mat").read_bytes()
    tag = b"\x01\x00\x04\x00abcd"
    assert data.count(tag) == 1 and read_mat(tmp_path / "a.mat", ["abcd"]) == {"abcd": 1}
    (tmp_path / "a.mat").write_bytes(data.replace(tag, b"\x01\x00\x05\x00abcd"))
    with pytest.raises(InputError, match="cannot be read as a MATLAB"):
        read_mat(tmp_path / "a.mat", ["abcd"])


def test_elements_without_end_are_refused(tmp_path):
    """A file of a few kilobytes unpacks to millions of empty ones."""
    matrix = struct.pack("<II", 14, 8 * 3_000_000) + bytes(8 * 3_000_000)
    packed = zlib.compress(matrix)
    file = tmp_path / "a.mat"
    file.write_bytes(bytes(124) + b"\0\1IM" + struct.pack("<II", 15, len(packed)) + packed)
    with pytest.raises(InputError, match="cannot be read as a MATLAB 5 file; replace it"):
        read_mat(file, ["x"])
