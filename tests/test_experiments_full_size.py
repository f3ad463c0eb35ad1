"""Paper A at its own size: steps are timed, rows compared, and the README says what came out."""

from dataclasses import replace

import pytest
import short_runs

from experiments import records
from experiments.paper_a import full_size
from experiments.paper_a.runs import Runs
from renderer import render
from tslib.training.data import load_data


def test_full_size_measures_steps_and_rows(tmp_path):
    """On a tiny network: both stages are timed, and rows are compared on the same clips."""
    render(tmp_path / "clips", 10, 0, (48, 48), 7)
    config = replace(
        short_runs.config(2), joint=replace(short_runs.CONFIG.joint, steps=2, frames=3)
    )
    data = load_data(tmp_path / "clips", config)
    found = full_size.cost(config, data, tmp_path / "cost", full_size.WARM + 3)
    assert set(found) == {"pretrain", "joint"}
    assert all(row["s a step"] > 0 for row in found.values())
    found = full_size.rows_of(Runs(config, data, tmp_path / "runs"))
    assert set(found["rows"]) == set(full_size.ROWS) and found["clips"]["test"] == len(data.test)
    rates = {row: r["mean"] for row, r in found["rows"].items()}
    for one in found["differences"]:
        assert one["@0.2"][0] == pytest.approx(rates[one["row"]] - rates[one["other"]])


def test_the_readme_says_what_a_step_costs():
    found = records.stored("full_size")["recipe"]["cost"]
    assert set(found) == {f"{n} stages, {stage}" for n in (3, 6) for stage in ("pretrain", "joint")}
    readme = (records.ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    said = " ".join(readme.split())
    for stage in ("pretrain", "joint"):
        cost = found[f"3 stages, {stage}"]
        assert f"{cost['s a step']:.2f} s and {cost['GPU, GB']:.0f} GB in the" in said
