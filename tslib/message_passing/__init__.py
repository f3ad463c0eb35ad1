"""Max-sum messages over any graph of joints and frames (Paper A, Sec. 3.3).

    graph = PoseGraph.of(SKELETONS["penn13"], frames=5)
    layer = MessagePassing(graph).start(joints)  # a torch module
    scores = layer(unary, flows)

`score_of_pose` is what the messages maximise, and `pass_messages` one round, on any list of edges.
"""

from .graph import PoseGraph, score_of_pose
from .layer import MessagePassing
from .rounds import pass_messages

__all__ = ["MessagePassing", "PoseGraph", "pass_messages", "score_of_pose"]
