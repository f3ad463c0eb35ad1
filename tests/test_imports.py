"""Imports go one way: chapters -> experiments -> renderer -> tslib, without a cycle, as the drawing
says.
"""

import re
from pathlib import Path

import pytest

from book import architecture

ROOT = Path(__file__).parents[1]
# Who may import whom; a room may always import the ground floor of tslib, and itself.
ALLOWED = {
    "chapters": {"chapters", "experiments", "renderer", "tslib"},
    "experiments": {"experiments", "renderer", "tslib"},
    "renderer": {"renderer", "tslib"},
    "tslib": {"tslib"},
}


def top_of(module):
    return module.split(".")[0]


def test_no_module_stands_on_itself():
    assert architecture.cycle(architecture.imports(ROOT)) == []


def test_no_room_stands_on_itself():
    assert architecture.cycle(architecture.rooms(ROOT)) == []


def test_imports_go_one_way():
    wrong = [
        f"{module} -> {other}"
        for module, others in architecture.imports(ROOT).items()
        for other in others
        if top_of(other) not in ALLOWED[top_of(module)]
    ]
    assert not wrong, f"new arrows that point up: {', '.join(sorted(wrong))}"


def test_the_arrows_are_those_of_the_architecture_page():
    """A new arrow is a decision: it is written down, or it is not made."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    stated = set(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", page, re.MULTILINE))
    found = {(room, other) for room, others in architecture.rooms(ROOT).items() for other in others}
    found = {(a, b) for a, b in found if b != architecture.GROUND}
    new, gone = sorted(found - stated), sorted(stated - found)
    assert not new, f"arrows that docs/architecture.md does not have: {new}"
    assert not gone, f"arrows of docs/architecture.md that no import makes: {gone}"


def test_the_drawing_is_that_of_the_imports():
    """`python -m book.architecture` draws it anew."""
    drawn = (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8")
    assert drawn == architecture.drawing(architecture.rooms(ROOT))


@pytest.fixture
def house(tmp_path):
    """A tiny house of two floors."""
    for name, text in {
        "tslib/__init__.py": "",
        "tslib/clip.py": "import numpy\n",
        "tslib/video/__init__.py": "",
        "tslib/video/frames.py": "from ..clip import Clip\n",
        "renderer/__init__.py": "from tslib import clip\n",
        "experiments/__init__.py": "",
        "chapters/01_a.py": "import renderer\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_every_import_counts_and_those_inside_functions_too(house):
    rooms = architecture.rooms(house)
    assert rooms["tslib/video"] == {architecture.GROUND} and rooms["renderer"] == {
        architecture.GROUND
    }
    (house / "tslib" / "clip.py").write_text(
        "def f():\n    from .video.frames import Frames\n", encoding="utf-8"
    )
    assert architecture.imports(house)["tslib.clip"] == {"tslib.video.frames"}
    assert set(architecture.cycle(architecture.imports(house))) == {
        "tslib.clip",
        "tslib.video.frames",
    }


def test_a_room_lies_above_all_that_it_imports():
    levels = architecture.floors({"a": {"b", "c"}, "b": {"c"}, "c": set()})
    assert levels == [["c"], ["b"], ["a"]]
    assert architecture.needed({"a": {"b", "c"}, "b": {"c"}, "c": set()})["a"] == {"b"}
