"""The tables of docs/results.md are what the stored results say, line by line."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")

# Rows of experiments/results/body.json and their names on the page.
ROWS = {
    "baseline": "the ConvNet",
    "baseline; time": "with untrained messages over time",
    "baseline; time and DIS flow": "the same, flow estimated",
    "baseline; time and zero flow": "the same, without flow",
    "baseline; space, stiffness 0.01": "with untrained messages between joints",
    "baseline; both, stiffness 0.01": "with both",
    "longer": "the ConvNet, trained longer",
    "longer; time over two frames": "with untrained messages over two frames",
    "S-infer": "jointly trained, between joints",
    "ST-infer": "jointly trained, both",
    "ST-infer; its ConvNet": "its ConvNet alone",
    "time over two frames, joint": "jointly trained, over two frames",
}


def parts(name):
    path = ROOT / "experiments" / "results" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["parts"]


def rates(values):
    return " / ".join(f"{value:.1f}" for value in values)


def with_interval(triple):
    points, low, high = triple
    return f"{points:+.1f} [{low:+.1f}, {high:+.1f}]"


def body_lines():
    """The table of the network that sees the body, of all seeds."""
    thresholds = ["at 0.2", "at 0.1", "at 0.05"]
    lines = [f"| row | PCK@0.2 / 0.1 / 0.05 | {' | '.join(thresholds)} |", "|---|---|---|---|---|"]
    for row, title in ROWS.items():
        found = parts("body")[f"seeds [0, 1, 2]: {row}"]
        changes = found.get("minus baseline", [])
        cells = [with_interval(change) for change in changes] or ["", "", ""]
        lines.append(f"| {title} | {rates(found['PCK'])} | {' | '.join(cells)} |")
    return lines


def readings_lines():
    """The table of the readings of Eq. 6, of seed 0."""
    lines = [
        "| recipe | Eq. 6 | scores | messages | PCK@0.2 before | after |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in parts("readings").items():
        before = found["PCK"]["before"][0]
        after = f"{found['PCK']['after'][0]:.1f}" if found["finite"] else "diverges"
        lines.append(f"| {' | '.join(name.split(', ')[:4])} | {before:.1f} | {after} |")
    return lines


@pytest.mark.parametrize("lines", [body_lines, readings_lines])
def test_the_tables_of_the_page_are_those_of_the_results(lines):
    assert "\n".join(lines()) in PAGE


def test_the_conditions_of_the_page_are_those_of_the_results():
    path = ROOT / "experiments" / "results" / "body.json"
    clips = json.loads(path.read_text(encoding="utf-8"))["about"]["clips"]
    assert f"{clips['train']:,} to learn from and {clips['test']} to test, three seeds" in PAGE


def test_joint_training_is_held_against_the_control_of_equal_compute():
    """Three differences in a sentence of the page."""
    found = parts("body")["seeds [0, 1, 2]: time over two frames, joint"]
    said = " ".join(PAGE.split())
    for (points, low, high), threshold in zip(
        found["minus longer; time over two frames"], ("0.2", "0.1", "0.05"), strict=True
    ):
        assert f"{points:+.1f} [{low:+.1f}, {high:+.1f}] at {threshold}" in said


def test_no_reading_of_the_printed_recipe_keeps_what_the_convnet_knew():
    for name, found in parts("readings").items():
        ours, normalised = name.startswith("ours"), "none" not in name
        if ours and normalised:
            assert found["after - before"][0][1] > 0  # the whole interval
        else:
            assert not found["finite"] or found["after - before"][0][2] < 0
