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
