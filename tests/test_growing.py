"""A result that grows part by part: kept at once, computed once, and never mixed with another's."""

import json

import pytest

from experiments.growing import GrowingResult
from tslib.errors import InputError

ABOUT = {"clips": {"train": 4}, "thresholds": (0.2, 0.1)}


def test_each_part_is_in_the_file_as_soon_as_it_is_computed(tmp_path):
    path = tmp_path / "result.json"
    GrowingResult(path, ABOUT).once("first", lambda: {"PCK": [1.5, 2.5]})
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["parts"] == {"first": {"PCK": [1.5, 2.5]}}
    assert found["about"]["clips"] == {"train": 4}
    assert found["date"] and found["machine"]["cores"] > 0


def test_what_is_there_is_not_computed_again(tmp_path):
    path = tmp_path / "result.json"
    GrowingResult(path, ABOUT).once("first", lambda: 1)
    again = GrowingResult(path, ABOUT)
    assert again.once("first", lambda: pytest.fail("computed again")) == 1
    again.once("second", lambda: 2)
    assert GrowingResult(path, ABOUT).parts == {"first": 1, "second": 2}


def test_a_result_of_other_clips_is_not_gone_on_with(tmp_path):
    path = tmp_path / "result.json"
    GrowingResult(path, ABOUT).once("first", lambda: 1)
    with pytest.raises(InputError, match="other clips or settings"):
        GrowingResult(path, ABOUT | {"clips": {"train": 5}})
