"""Other ways to the same messages, each written as well as its idea allows, for messages.py."""

import functools
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from tslib.distance_transform.layer import max_plus
from tslib.kernels.jit import compiled, pool
from tslib.kernels.layout import LANES, index_type
from tslib.kernels.messages_numba import exact_window
from tslib.kernels.vectors import INDEX, INDICES, constant, everywhere


def message_plain(score: torch.Tensor, stiffness: torch.Tensor, rest: torch.Tensor) -> torch.Tensor:
    """Plain torch, every candidate written down.

    score (N, H, W), stiffness and rest (N, 2) -> message (N, H, W)
    """
    across, _ = max_plus(score, stiffness[:, 0], rest[:, 0])
    message, _ = max_plus(across.mT, stiffness[:, 1], rest[:, 1])
    return message.mT


def message_and_sources(
    score: torch.Tensor, stiffness: torch.Tensor, rest: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The same with both arg-maxes, because torch.compile leaves out what nobody asks for."""
    across, column = max_plus(score, stiffness[:, 0], rest[:, 0])
    message, row = max_plus(across.mT, stiffness[:, 1], rest[:, 1])
    return message.mT, column, row.mT


def round_plain(
    unary: torch.Tensor,
    senders: torch.Tensor,
    edges: torch.Tensor,
    stiffness: torch.Tensor,
    rest: torch.Tensor,
    own: torch.Tensor,
    share: torch.Tensor,
) -> torch.Tensor:
    """One round of `tslib.message_passing.pass_messages`, all maps at once, left to autograd."""
    B, N, H, W = unary.shape
    maps = senders[:, edges[:, 0]].reshape(-1, H, W)
    message = message_plain(maps, stiffness.repeat(B, 1), rest.repeat(B, 1))
    total = torch.zeros_like(unary).index_add(1, edges[:, 1], message.view(B, len(edges), H, W))
    return own[:, None, None] * unary + share[:, None, None] * total


@compiled()
def _envelope_line(score, inverse, stiffness, rest, hull, starts, message, source):
    """Felzenszwalb and Huttenlocher's upper envelope of one line; inverse[d] = 1 / (2 stiffness d).

    hull : the senders whose parabolas are on the envelope
    starts : where each one begins to be the best
    """
    number, k = score.dtype.type, 0
    hull[0], starts[0] = 0, -np.inf
    for q in range(1, len(score)):
        while True:
            v = hull[k]
            start = number(0.5) * number(v + q) + (score[v] - score[q]) * inverse[q - v]
            if start > starts[k]:
                break
            k -= 1
        k += 1
        hull[k], starts[k] = q, start
    starts[k + 1] = np.inf
    k = 0
    for p in range(len(score)):
        place = number(p) + rest
        while starts[k + 1] < place:
            k += 1
        stretch = number(hull[k]) - place
        message[p], source[p] = score[hull[k]] - stiffness * stretch * stretch, hull[k]


@compiled()
def _envelope_maps(score, stiffness, rest, message, column, row):
    """Message and the arg-max of each pass of score (N, H, W); row (N, W, H). Finite scores."""
    N, H, W = score.shape
    n = max(H, W)
    hull, starts = np.empty(n, np.int32), np.empty(n + 1, score.dtype)
    inverse = np.empty(n, score.dtype)
    across, down = np.empty((W, H), score.dtype), np.empty(n, score.dtype)
    for i in range(N):
        for axis in range(2):
            a, mu = stiffness[i, axis], rest[i, axis]
            for d in range(1, n):
                inverse[d] = score.dtype.type(0.5) / (a * score.dtype.type(d))
            if axis == 0:
                for y in range(H):
                    _envelope_line(
                        score[i, y], inverse, a, mu, hull, starts, down[:W], column[i, y]
                    )
                    # Turned round, so that the next pass reads lines as well.
                    across[:, y] = down[:W]
            else:
                for x in range(W):
                    _envelope_line(across[x], inverse, a, mu, hull, starts, down[:H], row[i, x])
                    message[i, :, x] = down[:H]


def envelope(
    score: torch.Tensor, stiffness: torch.Tensor, rest: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The textbook's linear-time transform: tensors as for `tslib`'s transform, one thread."""
    N, H, W = score.shape
    message = torch.empty_like(score)
    column, row = (torch.empty(N, *shape, dtype=index_type(H, W)) for shape in ((H, W), (W, H)))
    _envelope_maps(*(t.numpy() for t in (score, stiffness, rest, message, column, row)))
    return message, column, row.mT


CHAINS = 6  # running maxima side by side, so that none waits for its own last step


@intrinsic
def _steps(typing, count):
    """count max-plus steps of CHAINS vectors in registers alone.

    A step subtracts, compares, and keeps value and number.
    """

    def build(context, code, signature, arguments):
        (count,) = arguments
        number, vector = ir.FloatType(), ir.VectorType(ir.FloatType(), LANES)
        given = everywhere(code, code.sitofp(count, number))
        scores = [code.fadd(given, constant(number, j)) for j in range(CHAINS)]
        before, loop, after = code.block, code.append_basic_block(), code.append_basic_block()
        code.branch(loop)
        code.position_at_end(loop)
        i, held = code.phi(count.type), [(code.phi(vector), code.phi(INDICES)) for _ in scores]
        price, name = (everywhere(code, v) for v in (code.sitofp(i, number), code.trunc(i, INDEX)))
        tops = []
        for score, (top, winner) in zip(scores, held, strict=True):
            offer = code.fsub(score, price)
            better = code.fcmp_ordered(">", offer, top)
            tops.append((code.select(better, offer, top), code.select(better, name, winner)))
            top.add_incoming(constant(number, 0), before)
            winner.add_incoming(constant(INDEX, 0), before)
            top.add_incoming(tops[-1][0], loop)
            winner.add_incoming(tops[-1][1], loop)
        then = code.add(i, i.type(1))
        i.add_incoming(i.type(0), before)
        i.add_incoming(then, loop)
        code.cbranch(code.icmp_signed("<", then, count), loop, after)
        code.position_at_end(after)
        total = constant(number, 0)
        for top, winner in tops:
            total = code.fadd(total, code.fadd(top, code.sitofp(winner, vector)))
        return code.extract_element(total, INDEX(0))

    return types.float32(types.intp), build


@compiled()
def register_steps(count: int) -> float:
    """So many of `_steps`; the sum of what is kept."""
    return _steps(count)  # type: ignore[call-arg]  # numba gives the typing context


def seconds_together(threads: int, count: int) -> float:
    """Wall seconds in which so many of the kernels' threads each do `count` register_steps."""
    workers = pool(os.getpid(), threads)
    list(workers.map(register_steps, [10**5] * threads))  # they wake up
    start = time.perf_counter()
    list(workers.map(register_steps, [count] * threads))
    return time.perf_counter() - start


def candidates(score: np.ndarray, stiffness: np.ndarray, rest: np.ndarray) -> float:
    """How many candidates a cell the compiled transform compares; it asks `window` alike.

    score (H, W), stiffness, rest (2,), float32 arrays. Every vector of LANES receivers counts
    whole.
    """
    H, W = score.shape
    eps, mu = np.finfo(score.dtype).eps, rest.astype(np.float64)
    lows, highs = score.min(1), score.max(1)
    total, furthest = 0, 0.5
    for low, high in zip(lows, highs, strict=True):
        for p in range(0, W, LANES):
            last = min(p + LANES, W) - 1
            beyond = max(0.5, -p - mu[0], last + mu[0] - (W - 1))
            near, far = exact_window(low, high, stiffness[0], mu[0], beyond, eps)
            furthest = max(furthest, beyond)
            total += min(far, W - 1 - p) - max(near, -last) + 1
    low = lows.min() - stiffness[0] * furthest * furthest
    for p in range(H):
        beyond = max(0.5, -p - mu[1], p + mu[1] - (H - 1))
        near, far = exact_window(low, highs.max(), stiffness[1], mu[1], beyond, eps)
        total += (min(p + far, H - 1) - max(p + near, 0) + 1) * -(-W // LANES)
    return total * LANES / (H * W)


def tropical(side: int, stiffness: np.ndarray, rest: np.ndarray) -> Callable:
    """The transform as two max-plus products of matrices with arg-maxes, by tropical-gemm (Rust).

    A function of score (N, side, side), float32 -> message, column and row as it is; what its
    springs (N, 2) charge is tabulated before. Raises ImportError where the package is missing.
    """
    from tropical_gemm import maxplus_matmul_with_argmax as product

    q, p = np.ogrid[:side, :side]
    stretch = (q - p - rest[..., None, None]).astype(np.float32)
    price = -stiffness[..., None, None] * stretch**2  # (N, 2, side, side)
    across, down = price[:, 0].copy(), price[:, 1].mT.copy()

    def transform(score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        maps = []
        for n in range(len(score)):
            reached, column = product(score[n], across[n])
            maps.append((*product(down[n], reached.reshape(side, side)), column))
        message, row, column = (np.reshape(each, score.shape) for each in zip(*maps, strict=True))
        return message, column, row

    return transform


def pgmax(
    unary: np.ndarray, pairs: Sequence[tuple[int, int]], springs: Sequence[np.ndarray]
) -> Callable[[int], np.ndarray]:
    """PGMax on an undirected graph: a function rounds -> beliefs (N, n, n), compiled when called.

    unary (N, n, n) and springs[0], springs[1] (P, 2), of the message from first to second, as
    arrays. PGMax enumerates all pairs of cells: n^4 numbers for each pair of joints. Raises
    ImportError where missing.
    """
    import jax
    import jax.extend.backend
    from pgmax import fgraph, fgroup, infer, vgroup

    # PGMax 0.6 asks there for what newer versions of jax keep here.
    if not hasattr(jax.lib, "xla_bridge"):
        jax.lib.xla_bridge = jax.extend.backend
    N, n, _ = unary.shape
    y, x = np.divmod(np.arange(n * n), n)
    stiffness, rest = springs
    price = sum(
        stiffness[:, axis, None, None] * (c[:, None] - c - rest[:, axis, None, None]) ** 2
        for axis, c in enumerate((x, y))
    )
    variables = vgroup.NDVarArray(num_states=n * n, shape=(N,))
    graph = fgraph.FactorGraph(variable_groups=variables)
    graph.add_factors(
        fgroup.PairwiseFactorGroup(
            variables_for_factors=[[variables[int(a)], variables[int(b)]] for a, b in pairs],
            log_potential_matrix=-price.astype(np.float32),
        )
    )
    propagation = infer.build_inferer(graph.bp_state, backend="bp")
    start = propagation.init(evidence_updates={variables: unary.reshape(N, -1)})

    @functools.cache
    def steps(count: int) -> Any:
        how = {"num_iters": count, "damping": 0.0, "temperature": 0.0}
        return jax.jit(lambda arrays: propagation.run(arrays, **how))

    def beliefs(rounds: int) -> np.ndarray:
        arrays = jax.block_until_ready(steps(rounds)(start))
        return np.asarray(propagation.get_beliefs(arrays)[variables]).reshape(N, n, n)

    return beliefs
