"""One synchronous round of max-sum messages over any list of edges (Paper A, Eqs. 3 and 4)."""

import torch
from torch import Tensor

from ..distance_transform.arguments import check_type, check_values
from ..distance_transform.layer import DistanceTransform
from ..kernels.backends import choose_backend
from ..kernels.operators import pass_round


def pass_messages(
    unary: Tensor,
    senders: Tensor,
    edges: Tensor,
    stiffness: Tensor,
    rest: Tensor,
    own: Tensor,
    share: Tensor,
    backend: str | None = None,
) -> Tensor:
    """New scores (B, N, H, W) of nodes from their unaries and the messages of their neighbours.

        score_i = own_i unary_i + share_i (sum of message_e over the edges e that end in i)
        message_e[p] = max_q  senders[start of e][q] - stiffness_e (q - p - rest_e)^2, both axes

    unary : (B, N, H, W), float32 or float64, of the N nodes
    senders : (B, M, H, W), what the messages are sent from: scores of the nodes, warped or not
    edges : int64 (E, 2), sender (one of M) and receiver (one of N) of each message, any number of
        times
    stiffness, rest : (E, 2), as in `distance_transform`: positive, and in cells; x first
    own, share : (N,), weights of a node's unary and of the sum of its messages

    Gradients reach unary, senders, stiffness and rest, and cannot be differentiated again. Raises
    ValueError for shapes or dtypes that do not fit, an edge to a node that there is not, NaN or
    +inf among the senders, stiffness that is not positive, and as `choose_backend` does.
    """
    arguments = unary, senders, edges, stiffness, rest, own, share
    if not torch.compiler.is_compiling():  # values are unknown then
        _check(*arguments)
    return pass_unchecked(*arguments, backend=backend)


def pass_unchecked(*arguments: Tensor, backend: str | None = None) -> Tensor:
    """`pass_messages` of arguments that are known to fit: on a GPU nothing waits for a check."""
    unary, senders, _, stiffness, rest, *_ = arguments
    backend = choose_backend(unary.device, backend)
    if backend == "torch":
        return _pass_torch(*arguments)
    keep = torch.is_grad_enabled() and any(t.requires_grad for t in (senders, stiffness, rest))
    return pass_round(*arguments, backend, keep)[0]


def _pass_torch(unary, senders, edges, stiffness, rest, own, share):
    B, N, H, W = unary.shape
    E = len(edges)
    message, _ = DistanceTransform.apply(
        senders[:, edges[:, 0]].reshape(B * E, H, W), stiffness.repeat(B, 1), rest.repeat(B, 1)
    )
    total = torch.zeros_like(unary).index_add(1, edges[:, 1], message.view(B, E, H, W))
    return own[:, None, None] * unary + share[:, None, None] * total


def _check(unary, senders, edges, stiffness, rest, own, share):
    check_type("unary", unary)
    if unary.dim() != 4 or not min(unary.shape[-2:]):
        raise ValueError(
            f"unary must have shape (B, N, H, W), with cells, but has {tuple(unary.shape)}."
        )
    B, N, H, W = unary.shape
    M, E = senders.shape[1] if senders.dim() == 4 else "M", len(edges)
    for name, tensor, shape in (
        ("senders", senders, (B, M, H, W)),
        ("edges", edges, (E, 2)),
        ("stiffness", stiffness, (E, 2)),
        ("rest", rest, (E, 2)),
        ("own", own, (N,)),
        ("share", share, (N,)),
    ):
        if tuple(tensor.shape) != shape:
            raise ValueError(f"{name} must have shape {shape}, but has {tuple(tensor.shape)}.")
        dtype = torch.int64 if name == "edges" else unary.dtype
        if tensor.dtype != dtype or tensor.device != unary.device:
            raise ValueError(
                f"{name} must be {dtype} on {unary.device}, "
                f"but it is {tensor.dtype} on {tensor.device}."
            )
    for column, count, name in ((0, M, "sender"), (1, N, "receiver")):
        outside = (edges[:, column] < 0) | (edges[:, column] >= count)
        if outside.any():
            e = int(outside.nonzero()[0])
            raise ValueError(
                f"edges[{e}] names {name} {int(edges[e, column])}, but there are {count}, "
                "counted from 0."
            )
    check_values(*(t.detach() for t in (senders, stiffness, rest)))
