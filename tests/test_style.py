"""How pictures look: those that several chapters share, and all of them on a page."""

import numpy as np
import pytest
from browsers import found_browser, in_browser
from matplotlib.figure import Figure
from tiny_book import ROOT

from tslib.message_passing import PoseGraph
from tslib.skeletons import SKELETONS


def test_a_drawn_graph_shows_every_edge_and_hides_none_in_space(chapters_folder, monkeypatch):
    monkeypatch.syspath_prepend(chapters_folder)
    from style import draw_graph

    graph = PoseGraph.of(SKELETONS["penn13"], frames=3)
    ax = Figure().subplots()
    draw_graph(ax, graph, np.random.default_rng(0).normal(size=(13, 2)))
    order = np.array([line.get_zorder() for line in ax.lines])
    assert len(order) == len(graph.edges)
    assert order[graph.offset == 0].min() > order[graph.offset != 0].max()


def test_a_drawn_pose_shows_every_limb_and_rings_what_is_wrong(chapters_folder, monkeypatch):
    monkeypatch.syspath_prepend(chapters_folder)
    from style import draw_pose

    ax, joints = Figure().subplots(), np.random.default_rng(0).uniform(0, 30, (13, 2))
    draw_pose(ax, np.zeros((30, 40, 3), np.uint8), joints, SKELETONS["penn13"].edges, wrong=[2, 5])
    *limbs, rings = ax.lines
    assert len(limbs) == len(SKELETONS["penn13"].edges)
    assert np.array_equal(rings.get_xydata(), joints[[2, 5]])


def test_a_picture_keeps_its_shape_on_a_phone(tmp_path):
    """The book's theme makes it as narrow as the page, and the page says how high it was drawn."""
    if not found_browser():
        pytest.skip("No Chromium or Chrome starts here, so no page is laid out.")
    style = (ROOT / "book" / "static" / "book.css").read_text(encoding="utf-8")
    picture = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='8' height='4'/>"
    page = (
        f"<style>img {{ max-width: 100%; }}\n{style}</style><body>"
        f'<article style="width: 300px"><img width="800" height="400" src="{picture}"></article>'
        "</body>"
    )
    script = 'const i = document.querySelector("img");'
    script += "const answer = JSON.stringify([i.clientWidth, i.clientHeight]);"
    assert in_browser(page, script, tmp_path) == [300, 150]
