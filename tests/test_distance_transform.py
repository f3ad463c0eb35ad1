"""The transform against its definition, in NumPy and in torch: same values, same sources, right
gradients.
"""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from tslib.distance_transform import distance_transform, distance_transform_numpy

BOTH = None, "torch"  # back ends: the machine's fastest, and plain torch
MANY = settings.default.max_examples  # 100; on a GPU few, see conftest.py


def offers(score, stiffness, rest):
    """For each row of receivers, what every sender offers: arrays (W, H * W), float64."""
    H, W = score.shape
    qy, qx = np.divmod(np.arange(H * W), W)
    for py in range(H):
        dx = qx - np.arange(W)[:, None] - rest[0]
        yield score.ravel() - stiffness[0] * dx**2 - stiffness[1] * (qy - py - rest[1]) ** 2


def brute(score, stiffness, rest):
    """Message, source and margin (best minus second best) of one map, by comparing all pairs of
    cells.
    """
    message, source, margin = [], [], []
    for row in offers(np.asarray(score, np.float64), stiffness, rest):
        source.append(row.argmax(1))
        message.append(np.take_along_axis(row, source[-1][:, None], 1)[:, 0])
        second = np.partition(row, -2, 1)[:, -2] if row.shape[1] > 1 else np.full(len(row), -np.inf)
        with np.errstate(invalid="ignore"):  # -inf against -inf: a tie
            margin.append(np.nan_to_num(message[-1] - second, nan=0.0))
    return np.array(message), np.array(source), np.array(margin)


def offered(score, source, stiffness, rest):
    """What the named sources offer to their receivers (H, W)."""
    H, W = score.shape
    (qy, qx), (Y, X) = np.divmod(source, W), np.mgrid[:H, :W]
    return (
        score[qy, qx]
        - stiffness[0] * (qx - X - rest[0]) ** 2
        - stiffness[1] * (qy - Y - rest[1]) ** 2
    )


@st.composite
def problems(draw, largest=30):
    """A map and a spring, rounded to float32; some maps are tied, constant or masked by -inf."""
    H, W = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    kind = draw(st.sampled_from(["normal", "heat-map", "tied", "constant", "masked", "large"]))
    stiffness = 10 ** np.array([draw(st.floats(-3, 1)), draw(st.floats(-3, 1))])
    rest = np.array([draw(st.floats(-20, 20)), draw(st.floats(-20, 20))])
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    score = rng.normal(size=(H, W))
    if kind == "heat-map":
        Y, X = np.mgrid[:H, :W]
        score = 0.02 * score + np.exp(
            -((X - W * rng.random()) ** 2 + (Y - H * rng.random()) ** 2) / 8
        )
    elif kind == "tied":
        score, stiffness, rest = (
            np.round(2 * score) / 4,
            np.ceil(stiffness * 4) / 4,
            np.round(rest * 2) / 2,
        )
    elif kind == "constant":
        score, rest = np.full((H, W), score[0, 0]), np.round(rest * 2) / 2
    elif kind == "masked":
        score[rng.random((H, W)) < rng.random()] = -np.inf
    elif kind == "large":
        score *= 10.0 ** rng.integers(1, 4)
    return [a.astype(np.float32).astype(np.float64) for a in (score, stiffness, rest)]


def agrees(message, source, problem, tolerance):
    """Equal values; sources the best within the tolerance, and the very same where the margin is
    larger.

    The tolerance is relative to what is subtracted: a small difference of large numbers has their
    error.
    """
    expected, best, margin = brute(*problem)
    largest = np.abs(
        problem[0], where=np.isfinite(problem[0]), out=np.zeros(problem[0].shape)
    ).max()
    slack = tolerance * (1 + largest + np.where(np.isfinite(expected), np.abs(expected), 0))
    assert np.array_equal(np.isinf(message), np.isinf(expected))
    finite = np.isfinite(expected)
    assert (np.abs(message[finite] - expected[finite]) <= slack[finite]).all()
    assert (offered(problem[0], source, *problem[1:])[finite] >= (expected - slack)[finite]).all()
    assert np.array_equal(source[margin > slack], best[margin > slack])


def torch_agrees(device, problem, backend):
    for dtype, tolerance in ((torch.float64, 1e-11), (torch.float32, 2e-6)):
        given_here = [torch.tensor(a, dtype=dtype, device=device) for a in problem]
        message, source = distance_transform(*given_here, True, backend)
        assert message.dtype == dtype and source.dtype == torch.int64
        agrees(message.double().cpu().numpy(), source.cpu().numpy(), problem, tolerance)


@settings(max_examples=12 * MANY, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(problems())
def test_definition_numpy_and_torch_agree(device, problem):
    message, source = distance_transform_numpy(*problem)
    agrees(message, source, problem, 1e-11)
    torch_agrees(device, problem, None)


@settings(max_examples=MANY, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(problems())
def test_plain_torch_agrees_with_the_definition(device, problem):
    """Which runs where there is no faster back end."""
    torch_agrees(device, problem, "torch")


@settings(max_examples=3 * MANY, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10**6))
def test_exact_ties_go_to_the_lowest_index(device, H, W, seed):
    """Quarters are exact in every format, so both versions must name the very source of the
    definition.
    """
    rng = np.random.default_rng(seed)
    problem = rng.integers(0, 3, (H, W)) / 4, rng.integers(1, 4, 2) / 4, rng.integers(-6, 7, 2) / 2
    problem[0][rng.random((H, W)) < 0.2] = -np.inf
    _, best, _ = brute(*problem)
    assert np.array_equal(distance_transform_numpy(*problem)[1], best)
    for dtype in (torch.float64, torch.float32):
        given_here = [torch.tensor(a, dtype=dtype, device=device) for a in problem]
        for backend in BOTH:
            _, source = distance_transform(*given_here, True, backend)
            assert np.array_equal(source.cpu(), best)


@pytest.mark.parametrize("transform", ["numpy", "torch"])
def test_a_row_equals_the_one_worked_by_hand(transform):
    score = np.array([[0.0, 3, 0, 0, 2]])
    if transform == "numpy":
        message, source = distance_transform_numpy(score, (1, 1), (0, 0))
    else:
        message, source = distance_transform(
            torch.tensor(score), (1, 1), (0, 0), return_source=True
        )
    assert message.tolist() == [[2, 3, 2, 1, 2]]
    assert source.tolist() == [[1, 1, 1, 4, 4]]


def test_equals_scipys_euclidean_distance_transform():
    rng = np.random.default_rng(0)
    for sampling in ((1, 1), (2.5, 0.75)):
        feature = rng.random((31, 44)) < 0.02
        score, stiffness = np.where(feature, 0, -np.inf), np.square(sampling[::-1])
        message, _ = distance_transform_numpy(score, stiffness, (0, 0))
        assert np.allclose(np.sqrt(-message), distance_transform_edt(~feature, sampling=sampling))


def test_sign_of_the_rest_offset():
    """The message of one peak is highest at peak - rest; on the way back, with -rest, at peak +
    rest.
    """
    score = torch.zeros(20, 30)
    score[9, 12] = 1
    for sign in (1, -1):
        best = distance_transform(score, (0.1, 0.1), (sign * 5.0, sign * 2.0)).argmax()
        assert divmod(int(best), 30) == (9 - sign * 2, 12 - sign * 5)


def test_a_stiff_relaxed_spring_is_the_identity():
    score = torch.randn(3, 7, 11)
    message, source = distance_transform(score, (100.0, 100.0), (0.0, 0.0), return_source=True)
    assert torch.equal(message, score)
    assert torch.equal(source, torch.arange(77).view(7, 11).expand(3, 7, 11))


def test_leading_axes_broadcast(device):
    score = torch.randn(2, 1, 3, 5, 8, dtype=torch.float64, device=device)
    stiffness = torch.rand(4, 1, 2, dtype=torch.float64, device=device) + 0.1
    rest = torch.randn(3, 2, dtype=torch.float64, device=device)
    message, source = distance_transform(score, stiffness, rest, return_source=True)
    assert message.shape == source.shape == (2, 4, 3, 5, 8)
    for i in np.ndindex(2, 4, 3):
        one = distance_transform(
            score[i[0], 0, i[2]], stiffness[i[1], 0], rest[i[2]], return_source=True
        )
        assert torch.equal(message[i], one[0]) and torch.equal(source[i], one[1])
    expected, places = distance_transform_numpy(score.cpu(), stiffness.cpu(), rest.cpu())
    assert np.allclose(message.cpu(), expected) and np.array_equal(source.cpu(), places)


def test_an_empty_batch_gives_an_empty_batch():
    assert distance_transform_numpy(np.zeros((0, 4, 5)), (1, 1), (0, 0))[0].shape == (0, 4, 5)
    assert distance_transform(torch.zeros(0, 4, 5), (1, 1), (0, 0)).shape == (0, 4, 5)


def test_memory_layout_does_not_matter(device):
    score = torch.randn(9, 4, 13, device=device)
    for view in (score.permute(1, 2, 0), score.mT, score[:, ::2], score[:1].expand(6, 4, 13)):
        a, b = (distance_transform(s, (0.3, 0.2), (1.5, -2)) for s in (view, view.contiguous()))
        assert torch.equal(a, b)


def test_masked_cells_are_exact(device):
    """-inf on all but one cell: that cell serves everybody; on all: the message is -inf, from cell
    0.
    """
    score = torch.full((6, 9), -torch.inf, device=device)
    message, source = distance_transform(score, (1, 1), (0.5, 0), return_source=True)
    assert (message == -torch.inf).all() and (source == 0).all()
    expected, places = distance_transform_numpy(score.cpu(), (1, 1), (0.5, 0))
    assert (expected == -np.inf).all() and (places == 0).all()
    score[4, 7] = -1e30
    assert (distance_transform(score, (1, 1), (0.5, 0), return_source=True)[1] == 4 * 9 + 7).all()
    assert (distance_transform_numpy(score.cpu(), (1, 1), (0.5, 0))[1] == 4 * 9 + 7).all()


@pytest.mark.parametrize("shape", [(3, 300), (300, 3), (1, 700)])
def test_more_than_256_cells_a_side(device, shape):
    """Arg-maxes of long sides do not fit a byte."""
    problem = (
        np.random.default_rng(1).normal(size=shape),
        np.array([0.002, 0.004]),
        np.array([150.0, -40.0]),
    )
    score, *spring = (torch.tensor(a, device=device) for a in problem)
    score.requires_grad_()
    message, source = distance_transform(score, *spring, return_source=True)
    agrees(message.detach().cpu().numpy(), source.cpu().numpy(), problem, 1e-11)
    (gradient,) = torch.autograd.grad(message.sum(), score)
    assert torch.equal(
        gradient.flatten(), torch.bincount(source.flatten(), minlength=score.numel()).double()
    )


@pytest.mark.parametrize("backend", BOTH)
@pytest.mark.parametrize("H, W", [(5, 7), (1, 9), (8, 1)])
def test_the_gradients_of_all_three_arguments_are_right(device, H, W, backend):
    torch.manual_seed(0)
    score = torch.randn(2, 1, H, W, dtype=torch.float64, device=device, requires_grad=True)
    stiffness = (torch.rand(3, 2, dtype=torch.float64, device=device) + 0.05).requires_grad_()
    rest = torch.randn(2, 1, 2, dtype=torch.float64, device=device, requires_grad=True)
    transform = partial(distance_transform, backend=backend)
    assert torch.autograd.gradcheck(transform, (score, stiffness, rest))


def test_gradient_of_the_score_counts_the_receivers(device):
    """Paper A: a message passes its gradient to its source, whole."""
    score = torch.randn(4, 11, 6, device=device, requires_grad=True)
    upstream = torch.randint(-3, 4, (4, 11, 6), device=device).float()
    message, source = distance_transform(score, (0.2, 0.1), (1.2, -0.7), return_source=True)
    message.backward(upstream)
    expected = torch.zeros(4, 66, device=device).scatter_add_(
        1, source.flatten(1), upstream.flatten(1)
    )
    assert torch.equal(score.grad.flatten(1), expected)


def test_gradients_of_the_papers_weights():
    """w_linear = 2 a mu and w_quadratic = -a, so dm/dw = d(q* - p) follows by the chain rule (Sec.
    3.3).
    """
    torch.manual_seed(1)
    score = torch.randn(9, 12, dtype=torch.float64)
    a = torch.tensor([0.2, 0.3], dtype=torch.float64, requires_grad=True)
    mu = torch.tensor([1.3, -0.4], dtype=torch.float64, requires_grad=True)
    message, source = distance_transform(score, a, mu, return_source=True)
    (message + (a * mu**2).sum()).sum().backward()  # the constant that the four weights leave out
    dx, dy = source % 12 - torch.arange(12), source // 12 - torch.arange(9)[:, None]
    linear, quadratic = (
        torch.stack([d.double().sum() for d in ds]) for ds in ((dx, dy), (dx**2, dy**2))
    )
    assert torch.allclose(mu.grad, 2 * a.detach() * linear)
    assert torch.allclose(a.grad, -quadratic + 2 * mu.detach() * linear)


def test_only_small_arg_max_maps_are_kept():
    kept = []
    score = torch.randn(10, 46, 46, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: kept.append(t.nbytes) or t, lambda t: t
    ):
        distance_transform(score, torch.full((10, 2), 0.1), torch.zeros(10, 2))
    rows = 10 * 46 * 48  # of whole vectors
    assert sum(kept) <= 2 * rows + 2 * 10 * 2 * 4


@pytest.mark.parametrize("side", [256, 257])
def test_arg_max_maps_of_up_to_256_cells_a_side_take_a_byte_a_cell(side):
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        score = torch.randn(1, 2, side, requires_grad=True)
        distance_transform(score, (1, 1), (0, 0), False, "torch")
    kinds = {t.dtype for t in kept if not t.is_floating_point()}
    assert kinds == {torch.uint8 if side == 256 else torch.int16}


def test_second_derivatives_are_refused():
    score = torch.randn(4, 4, requires_grad=True)
    loss = distance_transform(score, (1, 1), (0, 0)).square().sum()
    (gradient,) = torch.autograd.grad(loss, score, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_arguments_are_left_alone():
    score, stiffness, rest = torch.randn(3, 5, 5), torch.rand(3, 2) + 1, torch.randn(3, 2)
    before = [t.clone() for t in (score, stiffness, rest)]
    distance_transform(score, stiffness, rest)
    distance_transform_numpy(score, stiffness, rest)
    assert all(torch.equal(a, b) for a, b in zip(before, (score, stiffness, rest), strict=True))


BAD = {
    "stiffness 0": (
        np.zeros((3, 4)),
        (1, 0),
        (0, 0),
        r"stiffness must be positive.*stiffness\[1\] is 0",
    ),
    "stiffness < 0": (
        np.zeros((2, 3, 4)),
        [[1, 1], [-2, 1]],
        (0, 0),
        r"must be positive.*\[1, 0\] is -2",
    ),
    "stiffness NaN": (
        np.zeros((3, 4)),
        (np.nan, 1),
        (0, 0),
        r"stiffness must be positive and finite.*nan",
    ),
    "stiffness inf": (
        np.zeros((3, 4)),
        (np.inf, 1),
        (0, 0),
        r"stiffness must be positive and finite.*inf",
    ),
    "score NaN": (
        np.array([[0, 1], [np.nan, 0]]),
        (1, 1),
        (0, 0),
        r"NaN or \+inf, but score\[1, 0\] is nan",
    ),
    "score +inf": (
        np.array([[0, np.inf]]),
        (1, 1),
        (0, 0),
        r"NaN or \+inf, but score\[0, 1\] is inf",
    ),
    "rest NaN": (
        np.zeros((3, 4)),
        (1, 1),
        (0, np.nan),
        r"rest must be finite, but rest\[1\] is nan",
    ),
    "no map": (np.zeros(4), (1, 1), (0, 0), r"score must have shape \(\.\.\., H, W\).*\(4,\)"),
    "no cell": (np.zeros((2, 0, 4)), (1, 1), (0, 0), r"at least one cell.*\(2, 0, 4\)"),
    "no pair": (
        np.zeros((3, 4)),
        (1, 1, 1),
        (0, 0),
        r"stiffness must have shape \(\.\.\., 2\).*\(3,\)",
    ),
    "scalar rest": (np.zeros((3, 4)), (1, 1), 0.0, r"rest must have shape \(\.\.\., 2\).*\(\)"),
    "no broadcast": (
        np.zeros((2, 3, 4)),
        np.ones((3, 2)),
        (0, 0),
        r"broadcast.*\(2,\), \(3,\) and \(\)",
    ),
}


@pytest.mark.parametrize("score, stiffness, rest, sentence", BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_one_sentence(score, stiffness, rest, sentence):
    for call in (
        lambda: distance_transform_numpy(score, stiffness, rest),
        lambda: distance_transform(
            torch.tensor(score), torch.tensor(stiffness).double(), torch.tensor(rest)
        ),
    ):
        with pytest.raises(ValueError, match=sentence) as caught:
            call()
        assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "score", [torch.zeros(3, 4).half(), torch.zeros(3, 4).long(), np.zeros((3, 4))]
)
def test_other_kinds_of_score_are_refused(score):
    with pytest.raises(ValueError, match="float32 or float64 tensor"):
        distance_transform(score, (1, 1), (0, 0))
