"""Against PGMax, an independent library of max-product inference, where it is installed."""

import numpy as np
import pytest
import torch

from tslib.message_passing import MessagePassing, PoseGraph
from tslib.skeletons import SKELETONS

pytest.importorskip(
    "pgmax", reason="PGMax is not installed; pip install pgmax, to compare with it."
)
from experiments.speed.peers import pgmax  # noqa: E402


@pytest.mark.parametrize("rounds", [1, 2, 3, 5])
def test_beliefs_on_a_loopy_graph_equal_ours(rounds):
    """Two frames of 13 joints on 8 x 8 cells, limbs, pairs and time: the same beliefs, up to a
    constant.
    """
    graph = PoseGraph.of(SKELETONS["penn13"], 2)
    torch.manual_seed(rounds)
    layer = MessagePassing(graph, rounds, "none", exclude=True)
    with torch.no_grad():
        layer.rest.normal_(0, 2)
        layer.log_stiffness.add_(2 * torch.rand_like(layer.log_stiffness))
    unary = torch.rand(1, 2, 13, 8, 8)
    ours = layer(unary)[0].flatten(0, 1).detach().numpy()
    # PGMax's spring is that of the message from first to second, ours names where the second node
    # lies
    stiffness, rest = (t.detach().numpy()[graph.spring] for t in (layer.stiffness, -layer.rest))
    theirs = pgmax(unary[0].flatten(0, 1).numpy(), graph.edges.tolist(), (stiffness, rest))(rounds)
    gap = ours - theirs
    gap -= gap.mean((1, 2), keepdims=True)
    assert np.abs(gap).max() <= 1e-5 * np.abs(ours).max()
