"""What is measured for speed: the rivals agree, and a quick run goes through. No time is tested."""

from argparse import Namespace

import numpy as np
import pytest
import synthetic
import torch

from experiments import records
from experiments.speed import (
    correction,
    load,
    messages,
    peers,
    predict,
    renderer,
    roads,
    start,
    training,
)
from tslib.distance_transform import distance_transform_numpy
from tslib.distance_transform.layer import flat_source
from tslib.errors import InputError


@pytest.mark.parametrize("kind", ["heat", "finer", "noise", "x 100"])
def test_every_transform_gives_the_references_message(kind):
    score, stiffness, rest = messages.transform_inputs(kind, 3, 21)
    expected, _ = distance_transform_numpy(score.numpy(), stiffness.numpy(), rest.numpy())
    found = messages.transforms(compile=False)
    assert len(found) == 5
    for name, function in found.items():
        arguments = [
            t.numpy() if name == "NumPy reference" else t for t in (score, stiffness, rest)
        ]
        assert np.allclose(messages.first(function(*arguments)), expected, atol=1e-4), name


def test_the_envelope_names_senders_that_offer_its_message():
    score, stiffness, rest = messages.transform_inputs("noise", 2, 19)
    message, column, row = peers.envelope(score, stiffness, rest)
    source = flat_source(column, row, 19)
    y, x = torch.meshgrid(torch.arange(19), torch.arange(19), indexing="ij")
    price = sum(
        stiffness[:, axis, None, None] * (q - p - rest[:, axis, None, None]) ** 2
        for axis, q, p in ((0, source % 19, x), (1, source // 19, y))
    )
    assert torch.allclose(
        score.flatten(1).gather(1, source.flatten(1)).view_as(price) - price, message, atol=1e-5
    )


def test_every_layer_gives_the_same_scores_and_gradients():
    inputs = messages.layer_inputs(B=2, T=2, n=11)
    results = {
        name: messages.training_step(one_round, 2, inputs)[:2]
        for name, one_round in messages.layers().items()
    }
    score, gradients = results.pop("ours")
    assert len(results) == 2
    for name, (other, theirs) in results.items():
        assert torch.allclose(score, other, atol=1e-5), name
        for a, b in zip(gradients, theirs, strict=True):
            assert torch.allclose(a, b, rtol=1e-3, atol=1e-4), name


def test_the_layers_graph_has_limbs_mirror_pairs_and_neighbour_frames():
    assert len(messages.layer_inputs(B=1, n=4)[1]) == 284
    assert len(messages.layer_inputs(B=1, n=4, joints=5, T=3)[1]) == 2 * (3 * 4 + 2 * 5)


def test_candidates_are_counted_within_the_window():
    stiffness, rest = np.float32([0.1, 0.1]), np.float32([0, 0])
    flat, steep = np.zeros((32, 32), np.float32), np.zeros((32, 32), np.float32)
    steep[::2] = 1e6
    steep[:, ::2] = -1e6
    assert peers.candidates(flat, stiffness, rest) < 40
    assert peers.candidates(steep, stiffness, rest) >= 2 * 32


def test_a_quick_run_goes_through(capsys):
    options = Namespace(quick=True, write=False, device="cpu", no_compile=False)
    messages.run(options)
    printed = capsys.readouterr().out
    for part in (
        "numba envelope",
        "plain autograd",
        "candidates a cell",
        "frames",
        "| ratio | measured | bar |",
    ):
        assert part in printed


def test_the_stored_results_are_of_a_whole_run_and_the_readme_shows_them():
    found = records.stored("messages")
    bars = {*messages.BARS, *messages.CEILINGS}
    cuda = {name for name in bars if name.startswith("CUDA")}
    assert set(messages.ratios(found)) == bars - cuda
    assert found["settings"]["edges"] == 284 and set(found["layer"]) == set(messages.layers())
    assert set(found["pgmax"]) == {"8", "12"}  # measured where PGMax is installed
    readme = (records.ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    assert messages.against_the_bars(found) in readme
    found = records.stored("messages-cuda")
    assert set(messages.ratios(found)) == cuda and messages.against_the_bars(found) in readme


def test_correction_and_renderer_print_their_tables(capsys, monkeypatch):
    monkeypatch.setattr(correction, "FRAMES", 40)
    monkeypatch.setattr(correction, "REPEATS", 1)
    monkeypatch.setattr(renderer, "FRAMES", 2)
    monkeypatch.setattr(renderer, "CLIPS", {96: 1, 368: 1})
    correction.run(Namespace(write=False))
    renderer.run(Namespace(write=False))
    monkeypatch.setattr(start, "REPEATS", 1)
    start.run(Namespace(write=False))
    printed = capsys.readouterr().out
    for part in (
        "median filter",
        "PoseCorrector, stride 20",
        "JPEG",
        "and written to disk",
        "tslib --help",
    ):
        assert part in printed


def test_the_time_of_predict_is_that_of_its_stages(tmp_path, monkeypatch):
    model = synthetic.write_detector(tmp_path)
    synthetic.write_video(tmp_path / "clip.avi", (synthetic.frame(t) for t in range(8)))
    monkeypatch.setattr(predict, "default_detector", lambda: model)
    monkeypatch.setattr(predict, "CONFIG", None)
    monkeypatch.setattr(predict, "SIZE", synthetic.SIZE)
    threads = torch.get_num_threads()
    stages = predict._stages(tmp_path / "clip.avi")
    assert len(stages) == 7 and min(stages.values()) >= 0 and torch.get_num_threads() == threads
    found = {"stages_ms": stages, "now, 1 cores": {"processor_ms": 50.0}}
    lines = predict.table(found).splitlines()
    assert len(lines) == 2 + 7 + 1 and lines[-1] == "| the whole command | 50.0 | 100 % |"


def test_predict_is_timed_on_a_film_that_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "films_folder", lambda: tmp_path)
    with pytest.raises(InputError, match="run `python -m tslib download films`"):
        predict.run(Namespace(against=None, quick=True, write=False))


def test_the_page_has_the_stages_that_were_measured():
    """And how much longer the stages took one after the other, and how many frames a second."""
    page = (records.ROOT / "docs" / "your-video.md").read_text(encoding="utf-8")
    found = records.stored("predict")
    assert predict.table(found) in page
    for cores in predict.CORES:
        times, _ = found[f"before / now, {cores} cores"]
        assert f"{times:.2f} times on {cores} core" in page
    one, two = (found[f"now, {cores} cores"]["frames_per_second"] for cores in predict.CORES)
    assert f"On one core that makes {one:.1f} frames a second, on two cores {two:.1f} (" in page


@pytest.mark.parametrize(
    ("value", "bar", "aim", "verdict"),
    [
        (9, 5, 9, "≥ 5 | ≥ 9 | aim reached"),
        (8.9, 5, 9, "≥ 5 | ≥ 9 | bar passed"),
        (4.9, 5, 9, "≥ 5 | ≥ 9 | missed"),
        (2, 5, 2, "≤ 5 | ≤ 2 | aim reached"),
        (5, 5, 2, "≤ 5 | ≤ 2 | bar passed"),
        (5.1, 5, 2, "≤ 5 | ≤ 2 | missed"),
    ],
)
def test_a_road_is_held_against_its_bar(value, bar, aim, verdict):
    line = roads.Road("it", lambda: value, bar, aim).line()
    assert line == f"| it | {value:.3g} | {verdict} |"


def test_the_speed_page_has_the_roads_that_were_measured():
    page = (records.ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    assert roads.page() in page


def test_the_speed_page_has_the_costs_that_were_measured():
    page = (records.ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    rows = records.stored("training")["rows"]
    assert len(rows) == 2 * len(training.FILES) and training.page(rows) in page
    assert messages.growth_page(records.stored("messages")["growth"]) in page
    assert load.table(records.stored("load")["jobs"]) in page
    frames = records.stored("predict")["now, 2 cores"]["frames_per_second"]
    assert f"takes in {frames:.1f} frames a second on two cores" in page
    assert f"{frames * 86400 / 1e6:.1f} million frames a day" in page
    assert f"of\n{frames * 86.4 / 30:.0f} seconds at 30" in page


def test_a_quick_run_of_training_notes_steps_and_waits(capsys):
    training.run(Namespace(quick=True, write=False))
    printed = capsys.readouterr().out
    for part in ("body.toml, stage 1", "body.toml, stage 2", "arithmetic / step, %"):
        assert part in printed


def test_tropical_gemm_gives_our_messages():
    pytest.importorskip("tropical_gemm", reason="tropical-gemm is not installed.")
    assert set(messages.measure_tropical((7,), 1)) == {"7"}  # it asserts that both agree


def test_the_queue_of_the_speed_page_works_off_films(tmp_path, monkeypatch):
    huey = pytest.importorskip("huey", reason="huey, whose queue docs/speed.md shows, is missing.")
    page = (records.ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    done = []
    monkeypatch.setattr("tslib.video.predict.predict", lambda *names: done.append(names))
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(code, "docs/speed.md", "exec"), names)
    waiting = names["film"]("a.mp4", "joints/a")
    queue = names["queue"]
    assert isinstance(queue, huey.SqliteHuey) and len(queue) == 1 and not done
    queue.execute(queue.dequeue())
    assert done == [("a.mp4", "joints/a")] and waiting.get() == "joints/a" and not len(queue)
