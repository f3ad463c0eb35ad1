"""The pictures that several chapters share."""

import numpy as np
from matplotlib.figure import Figure

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
