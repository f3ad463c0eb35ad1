"""Triton's messages against numba's and torch's: in Triton's interpreter, or with --device cuda on
a GPU.

Run as a program, this file compiles the kernels for a GPU that need not be there.
"""

import os
import subprocess
import sys

import pytest
import torch

pytest.importorskip(
    "triton",
    reason="Triton is not installed; on Linux `make test TRITON=1` brings it.",
    exc_type=ImportError,
)

from tslib.distance_transform import distance_transform  # noqa: E402
from tslib.kernels import messages_numba, messages_triton, operators  # noqa: E402
from tslib.kernels.layout import row_length  # noqa: E402
from tslib.message_passing import pass_messages  # noqa: E402


def problem(N, H, W, dtype, seed=0):
    """Maps, a third of each masked by -inf, one of them whole; springs; the messages' gradient."""
    draw = torch.Generator().manual_seed(seed)
    score = torch.randn(N, H, W, generator=draw, dtype=dtype)
    score[torch.rand(N, H, W, generator=draw) < 1 / 3] = -torch.inf
    score[1:2] = -torch.inf
    stiffness = torch.rand(N, 2, generator=draw, dtype=dtype) * 0.3 + 0.01
    rest = 4 * torch.randn(N, 2, generator=draw, dtype=dtype)
    return (score, stiffness, rest), torch.randn(N, H, W, generator=draw, dtype=dtype)


def equals_numba(device, arguments, upstream):
    """The very bits: messages, arg-maxes, the score's gradient. The springs': long sums, in another
    order.
    """
    W = upstream.shape[-1]
    expected = messages_numba.transform_numba(*arguments)
    results = messages_triton.transform_triton(*(t.to(device) for t in arguments))
    for a, b in zip(results, expected, strict=True):
        assert a.dtype == b.dtype and torch.equal(a[..., :W].cpu(), b[..., :W])
    given = upstream.shape, upstream, *expected[1:], *arguments[1:]
    expected = messages_numba.transform_backward_numba(*given)
    kept = *results[1:], *(t.to(device) for t in arguments[1:])
    results = messages_triton.transform_backward_triton(upstream.shape, upstream.to(device), *kept)
    results = [t.cpu() for t in results]
    assert torch.equal(results[0], expected[0])
    for a, b in zip(results[1:], expected[1:], strict=True):
        assert torch.allclose(a, b, rtol=1e-3 if a.dtype == torch.float32 else 1e-11)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "H, W", [(46, 46), (5, 33), (33, 5), (1, 9), (8, 1), (1, 1), (3, 300), (66, 130)]
)
def test_the_same_bits_as_numba(device, H, W, dtype):
    equals_numba(device, *problem(2, H, W, dtype))


def test_maps_in_tiles_have_the_same_bits(device, monkeypatch):
    """Fifteen tiles, most of them across an edge of the map: the same bits again."""
    monkeypatch.setattr(messages_triton, "_WHOLE", 0)
    monkeypatch.setattr(messages_triton, "_TILE", (1, 4))
    assert messages_triton.tiles(19, 37) == (1, 4, 15)
    equals_numba(device, *problem(3, 19, 37, torch.float32))


def test_no_maps_give_no_messages(device):
    maps, springs = torch.zeros(0, 4, 5, device=device), torch.ones(0, 2, device=device)
    message, column, row = messages_triton.transform_triton(maps, springs, springs)
    assert message.shape == (0, 4, 5) and column.shape == row.shape == (0, 4, 16)
    back = messages_triton.transform_backward_triton(
        maps.shape, maps, column, row, springs, springs
    )
    assert [tuple(t.shape) for t in back] == [(0, 4, 5), (0, 2), (0, 2)]


@pytest.mark.parametrize("H, W", [(9, 12), (1, 20), (17, 3)])
def test_exact_ties_go_to_the_lowest_index(device, H, W):
    draw = torch.Generator().manual_seed(0)
    score = torch.randint(0, 3, (8, H, W), generator=draw) / 4
    score[torch.rand(8, H, W, generator=draw) < 0.2] = -torch.inf
    stiffness = torch.randint(1, 4, (8, 2), generator=draw) / 4
    rest = torch.randint(-6, 7, (8, 2), generator=draw) / 2
    score, stiffness, rest = (t.to(device) for t in (score, stiffness, rest))
    a, b = (
        distance_transform(score, stiffness, rest, True, backend) for backend in ("triton", "torch")
    )
    assert torch.equal(a[0], b[0]) and torch.equal(a[1], b[1])


GRAPHS = {  # M senders, N receivers, edges
    "repeated edges, edges to itself": (3, 3, [[0, 1], [1, 0], [0, 1], [2, 2], [1, 2], [0, 1]]),
    "nodes without edges at both ends": (5, 4, [[4, 0], [1, 3], [4, 3], [2, 0]]),
    "one map to all": (1, 3, [[0, 2], [0, 0], [0, 1]]),
    "no edges": (2, 3, []),
}


def a_round(device, M, N, edges, dtype):
    draw = torch.Generator().manual_seed(1)
    B, E, H, W = 2, len(edges), 7, 18
    unary, senders = (torch.randn(B, n, H, W, generator=draw, dtype=dtype) for n in (N, M))
    stiffness = torch.rand(E, 2, generator=draw, dtype=dtype) * 0.3 + 0.01
    rest = 2 * torch.randn(E, 2, generator=draw, dtype=dtype)
    own, share = torch.rand(2, N, generator=draw, dtype=dtype)
    edges = torch.tensor(edges, dtype=torch.int64).view(E, 2)
    return [t.to(device) for t in (unary, senders, edges, stiffness, rest, own, share)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("M, N, edges", GRAPHS.values(), ids=GRAPHS)
def test_rounds_and_their_gradients_agree_with_the_other_back_ends(device, M, N, edges, dtype):
    arguments = a_round(device, M, N, edges, dtype)
    upstream = torch.randn(2, N, 7, 18, generator=torch.Generator().manual_seed(2), dtype=dtype)
    results = {}
    for backend in ("triton", "torch") + ("compiled",) * (device.type == "cpu"):
        moving = [arguments[i].clone().requires_grad_() for i in (0, 1, 3, 4)]
        score = pass_messages(*moving[:2], arguments[2], *moving[2:], *arguments[5:], backend)
        gradients = torch.autograd.grad(score, moving, upstream.to(device), materialize_grads=True)
        results[backend] = score.detach(), *gradients
    tolerance = 1e-5 if dtype == torch.float32 else 1e-13
    for backend in results:
        for a, b in zip(results["triton"], results[backend], strict=True):
            assert torch.allclose(a, b, rtol=tolerance, atol=tolerance)
    if device.type == "cpu":
        assert torch.equal(results["triton"][0], results["compiled"][0])


def test_arg_maxes_are_kept_only_for_a_gradient(device):
    arguments = a_round(device, *GRAPHS["one map to all"], torch.float32)
    score, column, row = messages_triton.pass_round_triton(*arguments, keep=True)
    assert column.shape == row.shape == (2, 3, 7, row_length(18))
    alone, *nothing = messages_triton.pass_round_triton(*arguments, keep=False)
    assert torch.equal(alone, score) and all(t.shape == (2, 0, 7, row_length(18)) for t in nothing)


def test_the_operators_fulfil_what_torch_asks_of_them(device):
    """Shapes without values, gradients, compilation: torch's own checks."""
    arguments, _ = problem(2, 3, 4, torch.float64)
    moving = [t.nan_to_num(neginf=-9).to(device).requires_grad_() for t in arguments]
    torch.library.opcheck(operators.transform, (*moving, "triton"))
    arguments = a_round(device, *GRAPHS["one map to all"], torch.float64)
    for i in (0, 1, 3, 4):
        arguments[i].requires_grad_()
    torch.library.opcheck(operators.pass_round, (*arguments, "triton", True))


def test_the_kernels_compile_for_a_gpu(tmp_path):
    """The interpreter accepts what the compiler refuses. No map may go through shared memory
    (`_places`).
    """
    environment = os.environ | {"TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    run = subprocess.run(
        [sys.executable, __file__], env=environment, capture_output=True, encoding="utf-8"
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split("\n") == [*(f"{k.__name__} 0" for k in KERNELS), ""], run.stdout


KERNELS = messages_triton._messages, messages_triton._gradients, messages_triton._sums


def compile_ahead(kernel):
    """One kernel for float32 maps of 46 x 46 on compute capability 9.0: its intermediate code."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    C, R, _ = messages_triton.tiles(46, 46)
    constants = {
        "H": 46,
        "W": 46,
        "WIDE": 48,
        "C": C,
        "R": R,
        "FIRST": True,
        "SECOND": True,
        "KEEP": True,
    }
    constants |= {"WEIGHTED": True, "BLOCK": messages_triton._BLOCK}
    kinds = dict.fromkeys(("M", "N", "E", "cells", "step"), "i32") | dict.fromkeys(
        ("column", "row"), "*u8"
    )
    kinds |= dict.fromkeys(("sender", "receiver", "ends"), "*i64")
    names, aligned = kernel.arg_names, [["tt.divisibility", 16]]
    signature = {n: "constexpr" if n in constants else kinds.get(n, "*fp32") for n in names}
    source = ASTSource(
        kernel,
        signature,
        {n: v for n, v in constants.items() if n in names},
        {(i,): aligned for i, n in enumerate(names) if signature[n].startswith("*")},
    )
    return triton.compile(
        source, GPUTarget("cuda", 90, 32), {"num_warps": 4, "enable_fp_fusion": False}
    )


if __name__ == "__main__":
    for kernel in KERNELS:
        print(kernel.__name__, compile_ahead(kernel).asm["ttgir"].count("convert_layout"))
