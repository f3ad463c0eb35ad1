"""The flow layer: against loops, both ways round, its gradients, its two back ends, what it
refuses.
"""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from renderer import Settings, render_clip
from tslib.augment import Affine
from tslib.flow import Flow
from tslib.heatmaps import gaussian, to_cells
from tslib.warp import chain, inconsistent, sample, splat, warp

BACKENDS = "torch", "compiled"


def random(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def constant(dx, dy, H, W):
    return torch.tensor([dx, dy], dtype=torch.float64).expand(H, W, 2)


def by_loops(score, flow):
    """One map, by the definition: the four cells around p + flow[p], each by its share."""
    H, W = score.shape
    out = np.zeros((H, W))
    for y, x in np.ndindex(H, W):
        u = min(max(x + flow[y, x, 0], 0), W - 1)
        v = min(max(y + flow[y, x, 1], 0), H - 1)
        for row in range(H):
            for column in range(W):
                out[y, x] += (
                    max(0, 1 - abs(u - column)) * max(0, 1 - abs(v - row)) * score[row, column]
                )
    return out


@pytest.mark.parametrize("shape", [(5, 7), (1, 7), (5, 1), (1, 1)])
def test_warp_equals_loops(shape, device):
    score, flow = random(*shape), random(*shape, 2, seed=1) * 4
    moved = warp(score.to(device), flow.to(device)).cpu()
    np.testing.assert_allclose(moved, by_loops(score.numpy(), flow.numpy()), atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(6, 9), (1, 9), (6, 1), (1, 1)])
def test_zero_flow_gives_back_the_very_same_scores(shape, dtype, backend):
    """Bit by bit, the last row and column included."""
    score = random(2, 3, *shape, dtype=dtype)
    H, W = shape
    place = torch.stack(torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")[::-1], -1)
    assert torch.equal(sample(score, place.to(dtype).expand(2, H, W, 2), backend), score)
    assert torch.equal(warp(score, torch.zeros(H, W, 2, dtype=dtype)), score)
    assert torch.equal(splat(score, torch.zeros(H, W, 2, dtype=dtype)), score)


@pytest.mark.parametrize(("dx", "dy"), [(2, -1), (-3, 0), (0, 4), (30, -30)])
def test_a_whole_flow_is_a_shift(dx, dy):
    score = random(6, 9)
    rows, columns = (np.arange(6) + dy).clip(0, 5), (np.arange(9) + dx).clip(0, 8)
    assert torch.equal(warp(score, constant(dx, dy, 6, 9)), score[rows][:, columns])


def test_a_moving_dot_is_brought_home_both_ways_round():
    """A joint moves by (+16, -8) px, stride 8. Along the flow its peak comes back to where it was;
    against it, it lands (+4, -2) cells away."""
    here, there = (to_cells(torch.tensor([p]).double()) for p in ((91.5, 131.5), (107.5, 123.5)))
    targets = [gaussian(joint[None], (30, 30))[0, 0] for joint in (here, there)]
    flow = constant(2.0, -1.0, 30, 30)
    peak = lambda m: np.array(divmod(int(m.argmax()), 30)[::-1])  # noqa: E731
    np.testing.assert_array_equal(peak(warp(targets[1], flow)), here[0])
    np.testing.assert_array_equal(peak(splat(targets[1], -flow)), here[0])
    np.testing.assert_array_equal(peak(warp(targets[1], -flow)) - here[0].numpy(), (4, -2))


@pytest.mark.parametrize(("dx", "dy"), [(2, -1), (-3, 0), (1, 5)])
def test_both_warps_agree_for_a_whole_flow_wherever_something_arrives(dx, dy):
    score = random(4, 8, 9).abs() + 1
    score[:, 0, 0] = 0.5  # the minimum, which fills the cells that nobody reaches
    pulled, pushed = warp(score, constant(dx, dy, 8, 9)), splat(score, constant(-dx, -dy, 8, 9))
    y, x = np.arange(8)[:, None] + dy, np.arange(9) + dx
    inside = torch.from_numpy((y >= 0) & (y < 8) & (x >= 0) & (x < 9))
    assert torch.equal(pulled[:, inside], pushed[:, inside])
    assert (pushed[:, ~inside] == 0.5).all() and inside.any() and not inside.all()


def test_splat_keeps_the_higher_of_two_and_drops_what_leaves():
    score = torch.tensor([[1.0, 5, 3, 2]])
    flow = torch.zeros(1, 4, 2)
    flow[0, :, 0] = torch.tensor([0.6, 0, -0.6, 9])  # cells 0, 1 and 2 meet in cell 1; cell 3 goes
    assert splat(score, flow).tolist() == [[1, 5, 1, 1]]
    assert splat(score.flip(1), flow).tolist() == [[1, 5, 1, 1]]


@pytest.mark.parametrize("shape", [(5, 7), (1, 6), (6, 1)])
def test_the_gradients_of_warp_are_right(shape):
    """Both arguments; the places keep off the cells themselves, where the gradient has a step."""
    score = random(2, 3, *shape).requires_grad_()
    flow = (random(2, 1, *shape, 2, seed=3) * 3).round() + 0.3
    assert torch.autograd.gradcheck(warp, (score, flow.requires_grad_()))


def test_the_gradient_of_splat_is_right():
    score, flow = random(2, 5, 6).requires_grad_(), random(5, 6, 2, seed=5) * 2
    assert torch.autograd.gradcheck(lambda s: splat(s, flow), score)


def test_the_gradient_of_a_score_is_the_four_weights():
    score, flow = random(6, 6).requires_grad_(), constant(0.25, 0.5, 6, 6)
    (gradient,) = torch.autograd.grad(warp(score, flow)[2, 3], score)
    assert gradient[2:4, 3:5].tolist() == [[0.375, 0.125], [0.375, 0.125]]
    assert gradient.count_nonzero() == 4


places = st.one_of(st.floats(-3, 12), st.integers(-2, 11), st.sampled_from([-1e6, 1e6, 0.0]))


@given(
    st.tuples(*(st.integers(1, n) for n in (3, 3, 9, 9, 5, 5))),
    st.lists(places, min_size=8, max_size=8),
)
def test_compiled_equals_torch(shape, drawn):
    """Values and gradients, also exactly on cells and borders and far outside."""
    N, K, H, W, h, w = shape
    maps = random(N, K, H, W)
    place = torch.tensor(np.resize(drawn, (N, h, w, 2)), dtype=torch.float64)
    results = []
    for backend in BACKENDS:
        leaves = [t.clone().requires_grad_() for t in (maps, place)]
        out = sample(*leaves, backend)
        results.append(
            (out.detach(), *torch.autograd.grad(out, leaves, random(N, K, h, w, seed=2)))
        )
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_any_number_of_threads_gives_the_same_samples():
    leaves = (
        random(7, 3, 12, 10).requires_grad_(),
        (random(7, 1, 12, 10, 2, seed=1) * 3).requires_grad_(),
    )
    threads, results = torch.get_num_threads(), []
    try:
        for n in (1, 2, 5):
            torch.set_num_threads(n)
            out = warp(*leaves)
            results.append((out, *torch.autograd.grad(out.square().sum(), leaves)))
    finally:
        torch.set_num_threads(threads)
    assert all(
        torch.equal(a, b) for other in results[1:] for a, b in zip(results[0], other, strict=True)
    )


@pytest.mark.parametrize("moves", [warp, splat])
@pytest.mark.parametrize(
    ("lead_score", "lead_flow"),
    [
        ((), ()),
        ((4,), ()),
        ((), (4,)),
        ((2, 4), (2, 1)),
        ((2, 4), (4,)),
        ((2, 1), (2, 4)),
        ((2, 1, 4), (3, 1)),
    ],
)
def test_leading_axes_broadcast(moves, lead_score, lead_flow):
    score, flow = random(*lead_score, 5, 6), random(*lead_flow, 5, 6, 2, seed=1)
    lead = torch.broadcast_shapes(lead_score, lead_flow)
    moved = moves(score, flow)
    assert moved.shape == (*lead, 5, 6)
    score, flow = score.expand(*lead, 5, 6), flow.expand(*lead, 5, 6, 2)
    for index in np.ndindex(*lead):
        torch.testing.assert_close(moved[index], moves(score[index], flow[index]))


def test_80_px_are_10_cells():
    """The values of a flow shrink with its map, whatever the size it was computed at (Paper A, Sec.
    5.2).
    """
    for scale in (1.0, 0.5):
        vectors = np.zeros((round(96 * scale), round(160 * scale), 2), np.float32)
        vectors[...] = 80, -16
        cells = Flow(vectors, (scale, scale)).on_cells()
        assert cells.dtype == np.float32 and cells.shape == (12, 20, 2)
        np.testing.assert_array_equal(cells, np.broadcast_to((10, -2), cells.shape))


def test_flow_on_cells_is_that_of_their_middles():
    """A flow that grows with x: cell g of stride 4 lies at 4 g + 1.5 px."""
    vectors = np.zeros((8, 14, 2), np.float32)
    vectors[..., 0] = np.arange(14)
    cells = Flow(vectors, (1.0, 1.0)).on_cells(4)
    np.testing.assert_allclose(4 * cells[..., 0], [[1.5, 5.5, 9.5]] * 2, atol=0.05)
    assert not Flow(np.zeros((1, 1, 2), np.float32), (1 / 14, 1 / 8)).on_cells(4).any()


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"angle": 90}, (-2, 4)),
        ({"flip": True}, (-4, 2)),
        ({"scale": 2}, (8, 4)),
        ({"angle": 180}, (-4, -2)),
    ],
)
def test_a_changed_crop_changes_the_vectors(window, expected):
    """Flow (4, 2): turned by 90 degrees clockwise it is (-2, 4), in the mirror (-4, 2)."""
    crop = Affine.about((15.5, 15.5), **window)
    flow = crop.flow(np.broadcast_to(np.float32([4, 2]), (32, 32, 2)), (32, 32))
    np.testing.assert_allclose(flow, np.broadcast_to(expected, flow.shape), atol=1e-5)


@pytest.mark.parametrize(
    "window", [{"angle": 50}, {"flip": True}, {"angle": -20, "flip": True, "scale": 1.3}]
)
def test_a_dot_is_brought_home_in_a_changed_crop(window):
    """Targets and flow through one map: the neighbour's dot still lands on this frame's, within a
    cell.
    """
    crop = Affine.about((63.5, 63.5), **window)
    joints = np.array([[60.0, 70.0], [72.0, 66.0]])
    targets = gaussian(torch.from_numpy(to_cells(crop.points(joints), 4))[:, None], (32, 32))
    flow = crop.flow(np.broadcast_to(np.float32(joints[1] - joints[0]), (128, 128, 2)), (128, 128))
    moved = warp(targets[1].float(), torch.from_numpy(Flow(flow, (1.0, 1.0)).on_cells(4)))[0]
    peak = np.array(divmod(int(moved.argmax()), 32)[::-1])
    assert np.abs(peak - to_cells(crop.points(joints[0]), 4)).max() <= 0.75


def test_chain_goes_on_from_where_the_first_flow_leads():
    """Over two frames of a camera that zooms: flow x at place x, then again at 2 x."""
    first = torch.zeros(1, 9, 2, dtype=torch.float64)
    first[0, :, 0] = torch.arange(9)
    assert chain(first, first)[0, :3, 0].tolist() == [0, 3, 6]  # 3 x: from 1 to 2 and on to 4
    assert torch.equal(chain(first, torch.zeros_like(first)), first)
    pairs = random(2, 3, 4, 5, 2)
    assert chain(pairs[0], pairs[1]).shape == (3, 4, 5, 2)
    torch.testing.assert_close(chain(pairs[0], pairs[1])[2], chain(pairs[0, 2], pairs[1, 2]))


def test_inconsistent_by_hand():
    """A square of 3 cells moves right by 2 over a still ground: it covers the two columns before
    it.
    """
    flow, back = torch.zeros(2, 5, 9, 2).unbind(0)
    flow[1:4, 2:5, 0], back[1:4, 4:7, 0] = 2, -2
    expected = torch.zeros(5, 9, dtype=torch.bool)
    expected[1:4, 5:7] = True
    assert torch.equal(inconsistent(flow, back), expected)


def test_inconsistent_on_a_rendered_occlusion():
    """Exact flow of a clip in which somebody's arm comes before the person: what the next frame
    shows of another part is found, and little else."""
    flow = render_clip(0, 54, Settings()).flow
    t, (H, W) = 8, flow.parts.shape[1:]
    there, back = (torch.from_numpy(flow.dense(*a)) for a in ((t, True), (t + 1, False)))
    place = (
        (there + torch.from_numpy(np.stack(np.meshgrid(np.arange(W), np.arange(H)), -1)))
        .round()
        .long()
    )
    inside = ((place >= 0) & (place < torch.tensor([W, H]))).all(-1)
    x, y = place[..., 0].clamp(0, W - 1), place[..., 1].clamp(0, H - 1)
    seen, here = torch.from_numpy(flow.parts[t + 1])[y, x], torch.from_numpy(flow.parts[t])
    covered = inside & (seen != here) & (seen >= 20)
    same = inside & (seen == here)
    found = inconsistent(there, back)
    assert covered.sum() > 500
    assert found[covered].double().mean() > 0.95
    assert found[same].double().mean() < 0.05


@pytest.mark.parametrize("moves", [warp, splat])
@pytest.mark.parametrize(
    ("score", "flow", "sentence"),
    [
        (
            np.zeros((3, 4)),
            torch.zeros(3, 4, 2),
            "score must be a float32 or float64 tensor, .* is ndarray",
        ),
        (
            torch.zeros(3, 4).long(),
            torch.zeros(3, 4, 2),
            "score must be a float32 .* but it is torch.int64",
        ),
        (
            torch.zeros(3, 4),
            torch.zeros(3, 4, 2).half(),
            "flow must be a float32 .* but it is torch.float16",
        ),
        (torch.full((3, 4), torch.nan), torch.zeros(3, 4, 2), "score must be finite"),
        (torch.zeros(3, 4), torch.full((3, 4, 2), torch.inf), "flow must be finite"),
        (
            torch.zeros(3, 4),
            torch.zeros(4, 3, 2),
            r"flow must have shape .* are \(4, 3, 2\) and \(3, 4\)",
        ),
        (torch.zeros(3, 4), torch.zeros(2, 3, 4), "flow must have shape"),
        (torch.zeros(3, 4), torch.zeros(4, 2), "flow must have shape"),
        (
            torch.zeros(3, 4),
            torch.zeros(3, 4, 2).double(),
            "one dtype .* have torch.float32 on cpu",
        ),
        (
            torch.zeros(2, 3, 4),
            torch.zeros(5, 3, 4, 2),
            r"must broadcast, but are \(2,\) and \(5,\)",
        ),
    ],
)
def test_maps_and_flows_that_do_not_fit_are_refused(moves, score, flow, sentence):
    with pytest.raises(ValueError, match=sentence):
        moves(score, flow)


def test_sample_refuses_a_back_end_that_there_is_not():
    with pytest.raises(ValueError, match="no back end 'cupy'"):
        sample(torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2, 2), "cupy")


def test_the_operator_is_one_that_torch_can_trace():
    maps, place = (
        random(2, 3, 5, 6).requires_grad_(),
        (random(2, 4, 3, 2, seed=1) * 4).requires_grad_(),
    )
    torch.library.opcheck(torch.ops.tslib.sample.default, (maps, place))
