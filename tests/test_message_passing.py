"""Messages on any graph: back ends against each other, the definition and enumeration."""

import itertools
import multiprocessing
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from tslib.distance_transform import choose_backend, distance_transform_numpy
from tslib.message_passing import MessagePassing, PoseGraph, pass_messages, score_of_pose
from tslib.skeletons import SKELETONS
from tslib.warp import warp

PENN = SKELETONS["penn13"]


def random_round(seed, dtype=torch.float64):
    """Arguments of pass_messages for a random graph: repeated edges, self-edges, lonely nodes."""
    rng = np.random.default_rng(seed)
    B, N, M, E = (int(rng.integers(1, n)) for n in (4, 7, 9, 20))
    H, W = (int(rng.choice([1, 2, 5, 15, 16, 17, 33, 48])) for _ in range(2))
    ends = rng.integers(0, M, E), rng.integers(0, N, E)
    arrays = (
        rng.normal(size=(B, N, H, W)),
        rng.normal(size=(B, M, H, W)) * 10.0 ** rng.integers(-2, 3),
        10 ** rng.uniform(-3, 1, (E, 2)),
        rng.uniform(-20, 20, (E, 2)),
        rng.uniform(0.1, 1, N),
        rng.uniform(0.1, 1, N),
    )
    unary, senders, *rest = (torch.tensor(a, dtype=dtype) for a in arrays)
    return unary, senders, torch.tensor(np.stack(ends, 1)), *rest


def gradients(arguments, upstream, backend):
    """Score and the gradients of unary, senders, stiffness and rest."""
    leaves = [arguments[i].clone().requires_grad_() for i in (0, 1, 3, 4)]
    unary, senders, stiffness, rest = leaves
    score = pass_messages(
        unary, senders, arguments[2], stiffness, rest, *arguments[5:], backend=backend
    )
    return score, torch.autograd.grad(score, leaves, upstream)


@pytest.mark.parametrize("block", range(10))
def test_back_ends_agree_on_random_graphs(block, device):
    """600 graphs: the same maxima of the same numbers, so equal values, winners and gradients."""
    for seed in range(60 * block, 60 * block + 60):
        dtype = torch.float32 if seed % 3 == 0 else torch.float64
        arguments = tuple(t.to(device) for t in random_round(seed, dtype))
        upstream = torch.randn(
            arguments[0].shape, dtype=dtype, generator=torch.Generator().manual_seed(seed)
        ).to(device)
        fast, slow = (gradients(arguments, upstream, b) for b in (None, "torch"))
        # Far from rest prices are large.
        scale = 1 + max(t.abs().max() for t in (*arguments[:2], slow[0]))
        rounding = 64 * torch.finfo(dtype).eps
        assert (fast[0] - slow[0]).abs().max() <= rounding * scale, seed
        for ours, theirs in zip(fast[1], slow[1], strict=True):
            assert (ours - theirs).abs().max() <= rounding * (1 + theirs.abs().max()) * 20, seed


@pytest.mark.parametrize("seed", range(40))
def test_a_round_equals_the_definition(seed):
    unary, senders, edges, stiffness, rest, own, share = (t.numpy() for t in random_round(seed))
    expected = own[:, None, None] * unary
    for e, (sender, receiver) in enumerate(edges):
        message, _ = distance_transform_numpy(senders[:, sender], stiffness[e], rest[e])
        expected[:, receiver] += share[receiver] * message
    for backend in ("torch", choose_backend("cpu")):
        score = pass_messages(*random_round(seed), backend=backend)
        np.testing.assert_allclose(score, expected, rtol=1e-11, atol=1e-11 * np.abs(senders).max())


def test_ties_go_to_the_lowest_source_in_every_back_end():
    """Quarters are exact, so gradients must reach the very same cells, through two rounds."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        unary = torch.tensor(rng.integers(0, 3, (1, 3, 6, 18)) / 4)
        edges = torch.tensor([[0, 1], [1, 2], [2, 0], [1, 0]])
        springs = torch.full((4, 2), 0.25).double(), torch.tensor(rng.integers(-4, 5, (4, 2)) / 2)
        weight = torch.full((3,), 0.5).double()
        found = []
        for backend in ("torch", choose_backend("cpu")):
            leaf = unary.clone().requires_grad_()
            score = leaf
            for _ in range(2):
                score = pass_messages(leaf, score, edges, *springs, weight, weight, backend=backend)
            found.append((score, torch.autograd.grad(score.sum(), leaf)[0]))
        assert torch.equal(found[0][0], found[1][0]) and torch.equal(found[0][1], found[1][1])


def layer_of(graph, seed=0, dtype=torch.float64, **options):
    """A layer with random springs."""
    layer = MessagePassing(graph, **options).to(dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        layer.rest.copy_(2 * torch.randn(layer.rest.shape, generator=generator, dtype=dtype))
        layer.log_stiffness.add_(3 * torch.rand(layer.rest.shape, generator=generator, dtype=dtype))
    return layer


def chain(frames=2, joints=3, span=1):
    """A small loopy graph: a triangle of joints in each frame."""
    names = tuple(f"joint{k}" for k in range(joints))
    pairs = [(k, (k + 1) % joints) for k in range(joints)]
    edges = [
        (t * joints + a, t * joints + b, s) for t in range(frames) for s, (a, b) in enumerate(pairs)
    ]
    for d in range(1, span + 1):
        edges += [
            (t * joints + k, (t + d) * joints + k, d * joints + k)
            for t in range(frames - d)
            for k in range(joints)
        ]
    edges = np.array(edges)
    springs = tuple(f"spring{s}" for s in range((1 + span) * joints))
    return PoseGraph(frames, names, edges[:, :2], edges[:, 2], springs)


def flows_for(graph, shape, seed=1, dtype=torch.float64):
    B, T, _, H, W = shape
    generator = torch.Generator().manual_seed(seed)
    offsets = {sign * int(o) for o in graph.offset if o for sign in (1, -1)}
    return {
        o: 1.5 * torch.randn(B, T, H, W, 2, generator=generator, dtype=dtype)
        for o in sorted(offsets)
    }


def by_loops(layer, unary, flows):
    """The layer by its definition in NumPy: one message after the other, no batch."""
    graph, (B, _, K, H, W) = layer.graph, unary.shape
    stiffness, rest = layer.stiffness.detach().numpy(), layer.rest.detach().numpy()
    edges, E = graph.directed, len(graph.edges)
    beliefs = []
    for b in range(B):
        phi = unary[b].flatten(0, 1).numpy()
        score, sent = phi.copy(), np.zeros((2 * E, H, W))
        for iteration in range(layer.iterations):
            messages = []
            for d, (sender, receiver) in enumerate(edges):
                s, sign = graph.spring[d % E], 1 if d < E else -1
                t, o = receiver // K, sender // K - receiver // K
                degree = graph.degree[sender]
                share = {"degree": 1 / (1 + degree), "mean": 1 / max(degree, 1), "none": 1.0}
                heard = score[sender]
                if layer.warp_once and o:
                    heard = phi[sender]
                elif layer.exclude and iteration:
                    heard = heard - share[layer.normalization] * sent[(d + E) % (2 * E)]
                if o and flows:
                    heard = warp(torch.from_numpy(heard), flows[o][b, t]).numpy()
                messages.append(distance_transform_numpy(heard, stiffness[s], sign * rest[s])[0])
            sent, new = np.array(messages), np.zeros_like(score)
            for i in range(graph.nodes):
                total, n = sent[edges[:, 1] == i].sum(0), graph.degree[i]
                new[i] = {
                    "degree": (phi[i] + total) / (1 + n),
                    "mean": phi[i] + total / max(n, 1),
                    "none": phi[i] + total,
                }[layer.normalization]
            score = new
        beliefs.append(score)
    return np.array(beliefs).reshape(unary.shape)


def any_graph(seed):
    """A user's own graph: any node to any other, springs shared at random."""
    rng = np.random.default_rng(seed)
    pairs = [p for p in itertools.combinations(range(9), 2) if rng.random() < 0.3]
    edges = [p if rng.random() < 0.5 else p[::-1] for p in pairs]
    return PoseGraph(3, ("a", "b", "c"), edges, rng.integers(0, 4, len(edges)), tuple("wxyz"))


OPTIONS = [
    dict(normalization=n, exclude=e, warp_once=w)
    for n, e, w in itertools.product(("degree", "mean", "none"), (False, True), (False, True))
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_layer_equals_the_definition(options):
    for graph in (chain(3), chain(3, span=2), any_graph(0), any_graph(1)):
        layer = layer_of(graph, **options)
        unary = torch.rand(
            2, 3, 3, 7, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(5)
        )
        for flows in (None, flows_for(graph, unary.shape)):
            expected = by_loops(layer, unary, flows)
            seen = []
            with torch.no_grad():
                np.testing.assert_allclose(layer(unary, flows), expected, atol=1e-10)
                watched = layer(unary, flows, watch=lambda *args, to=seen: to.append(args))
            np.testing.assert_allclose(watched, expected, atol=1e-10)
            assert [i for i, *_ in seen] == [0, 1, 2, 3]
            assert torch.equal(seen[0][1], unary) and seen[0][2] is None
            assert torch.equal(seen[-1][1], watched)
            assert all(m.shape == (2, 2 * len(graph.edges), 7, 9) for _, _, m in seen[1:])


def tree(rng):
    """A random tree of four nodes in one frame."""
    edges = [(int(rng.integers(0, k)), k) for k in range(1, 4)]
    edges = [e if rng.random() < 0.5 else e[::-1] for e in edges]
    return PoseGraph(1, tuple("abcd"), edges, range(3), ("x", "y", "z"))


@pytest.mark.parametrize("block", range(5))
def test_a_tree_equals_exhaustive_enumeration(block):
    """Own message excluded, unnormalised: exact max-marginals after three rounds (50 trees)."""
    for seed in range(10 * block, 10 * block + 10):
        rng = np.random.default_rng(seed)
        graph, (H, W) = tree(rng), rng.integers(2, 4, 2)
        layer = layer_of(graph, seed, exclude=True, normalization="none")
        unary = torch.tensor(rng.normal(size=(1, 1, 4, H, W)))
        y, x = np.divmod(np.arange(H * W), W)
        total = np.zeros((H * W,) * 4)  # Eq. 1 for all poses
        for k in range(4):
            total += unary[0, 0, k].numpy().ravel().reshape([-1 if j == k else 1 for j in range(4)])
        for (a, b), s in zip(graph.edges, graph.spring, strict=True):
            rest, stiffness = layer.rest[s].tolist(), layer.stiffness[s].tolist()
            pull = -stiffness[0] * (x[None] - x[:, None] - rest[0]) ** 2
            pull = pull - stiffness[1] * (y[None] - y[:, None] - rest[1]) ** 2  # [p_a, p_b]
            order = [1] * 4
            order[a], order[b] = H * W, H * W
            total += (pull if a < b else pull.T).reshape(order)
        scores = layer(unary)[0, 0].detach().numpy()
        for k in range(4):
            marginal = total.max(axis=tuple(j for j in range(4) if j != k))
            np.testing.assert_allclose(scores[k].ravel(), marginal, atol=1e-10)


def all_places(frames, joints, H, W):
    """Every pose of a slice: int64 (n, T, K, 2), one row of cells for each."""
    cells = torch.cartesian_prod(*[torch.arange(H * W)] * (frames * joints))
    return torch.stack([cells % W, cells // W], -1).view(-1, frames, joints, 2)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_score_of_a_pose_is_the_max_marginal_on_a_tree(seed):
    """Paper A, Eq. 1: of all poses that have a joint in a cell, the best score."""
    graph, (H, W) = tree(np.random.default_rng(seed)), (2, 3)
    layer = layer_of(graph, seed, exclude=True, normalization="none")
    unary = torch.randn(1, 4, H, W, dtype=torch.float64)
    places = all_places(1, 4, H, W)
    with torch.no_grad():
        score = score_of_pose(graph, unary, places, layer.stiffness, layer.rest)
        marginals = layer(unary[None])[0, 0]
    for k in range(4):
        for y, x in itertools.product(range(H), range(W)):
            here = (places[:, 0, k] == torch.tensor([x, y])).all(-1)
            torch.testing.assert_close(score[here].max(), marginals[k, y, x])


def test_the_score_of_a_slice_by_hand():
    """Paper A, Eq. 2: two joints in two frames; the second frame's springs compare moved places."""
    edges = [(0, 1), (2, 3), (0, 2), (1, 3)]
    graph = PoseGraph(2, ("elbow", "wrist"), edges, [0, 0, 1, 2], ("arm", "elbow+1", "wrist+1"))
    unary = torch.zeros(2, 2, 12, 16)
    unary[0, 0, 3, 2], unary[0, 1, 4, 5], unary[1, 1, 3, 7] = 0.9, 0.7, 0.5
    here = torch.tensor([[2, 3], [5, 4]])
    places = torch.stack(
        [torch.stack([here, here + torch.tensor(step)]) for step in ([2, -1], [0, 0])]
    )
    stiffness = torch.tensor([[0.05, 0.05], [0.1, 0.1], [0.1, 0.2]])
    rest = torch.tensor([[4.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    flow = torch.tensor([2.0, -1.0]).expand(2, 12, 16, 2)
    arms, seen = 2 * 0.05 * 1, torch.tensor([0.9 + 0.7 + 0.5, 0.9 + 0.7])
    along = score_of_pose(graph, unary, places, stiffness, rest, {1: flow, -1: -flow})
    still = score_of_pose(graph, unary, places, stiffness, rest)
    pulled = 0.1 * (4 + 1) + 0.1 * 4 + 0.2 * 1
    torch.testing.assert_close(along, seen - arms - torch.tensor([0, pulled]))
    torch.testing.assert_close(still, seen - arms - torch.tensor([pulled, 0]))
    for take in (0, None):  # any axes before those of the slice
        score = score_of_pose(graph, unary, places[take], stiffness, rest)
        torch.testing.assert_close(score, still[take])


def test_the_best_score_of_a_slice_is_the_max_marginal_along_the_flow():
    """A joint in three frames, away from the border, where the layer's pull is the paper's push."""
    graph = PoseGraph(3, ("dot",), [(0, 1), (1, 2)], [0, 0], ("dot+1",))
    layer = layer_of(graph, exclude=True, normalization="none")
    unary = torch.full((3, 1, 3, 7), -100.0, dtype=torch.float64)
    for t in range(3):
        unary[t, 0, 1, 1 + t : 4 + t] = torch.randn(3, dtype=torch.float64)
    flow = torch.tensor([1.0, 0.0], dtype=torch.float64).expand(3, 3, 7, 2)
    places = all_places(3, 1, 3, 7)
    with torch.no_grad():
        flows = {1: flow, -1: -flow}
        score = score_of_pose(graph, unary, places, layer.stiffness, layer.rest, flows)
        marginals = layer(unary[None], {o: f[None] for o, f in flows.items()})[0, :, 0]
    best = places[score.argmax(), :, 0]
    for t, (x, y) in enumerate(best.tolist()):
        assert divmod(int(marginals[t].argmax()), 7) == (y, x)
        torch.testing.assert_close(marginals[t].max(), score.max())


@pytest.mark.parametrize("options", OPTIONS[:4] + OPTIONS[-4:], ids=str)
def test_gradients_through_two_loopy_rounds_are_right(options):
    graph = chain(2)
    layer = layer_of(graph, 3, iterations=2, **options)
    shape = (1, 2, 3, 3, 4)
    unary = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    flows = flows_for(graph, shape)

    def scores(unary, rest, log_stiffness, forth, back):
        springs = {"rest": rest, "log_stiffness": log_stiffness}
        return torch.func.functional_call(layer, springs, (unary, {1: forth, -1: back}))

    leaves = [unary, layer.rest.detach(), layer.log_stiffness.detach(), flows[1], flows[-1]]
    assert torch.autograd.gradcheck(scores, [t.clone().requires_grad_() for t in leaves])


def test_one_frame_equals_no_temporal_edges():
    unary = torch.rand(2, 3, 13, 12, 10)
    together = layer_of(PoseGraph.of(PENN, 3, span=0), dtype=torch.float32)
    apart = layer_of(PoseGraph.of(PENN, 1, span=0), dtype=torch.float32)
    one = torch.cat([apart(unary[:, t : t + 1]) for t in range(3)], 1)
    assert torch.equal(together(unary), one)
    timed = MessagePassing(PoseGraph.of(PENN, 5))
    with torch.no_grad():
        timed.rest[:18], timed.log_stiffness[:18] = apart.rest, apart.log_stiffness
    assert torch.allclose(timed(unary[:, :1]), apart(unary[:, :1]))
    assert timed(unary).shape == unary.shape  # three frames of a five-frame graph


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_zero_flow_is_no_flow(options):
    unary = torch.rand(1, 3, 13, 9, 11)
    graph = PoseGraph.of(PENN, 3)
    layer = layer_of(graph, dtype=torch.float32, **options)
    still = {o: torch.zeros(1, 3, 9, 11, 2) for o in (1, -1)}
    assert torch.equal(layer(unary), layer(unary, still))


def test_flow_that_leads_out_of_the_slice_is_ignored():
    unary, graph = torch.rand(1, 3, 13, 9, 11), PoseGraph.of(PENN, 3)
    layer = layer_of(graph, dtype=torch.float32)
    flows = flows_for(graph, unary.shape, dtype=torch.float32)
    changed = {o: f.clone() for o, f in flows.items()}
    changed[1][:, 2], changed[-1][:, 0] = 99.0, -99.0
    assert torch.equal(layer(unary, flows), layer(unary, changed))


def test_a_joint_that_moves_with_the_flow_is_not_deformed():
    """Paper A, Eq. 2: its peak stays, and three frames agree on it."""
    y, x = torch.meshgrid(torch.arange(24.0), torch.arange(30.0), indexing="ij")
    unary = torch.stack(
        [torch.exp(-((x - 8 - 3 * t) ** 2 + (y - 6 - 2 * t) ** 2) / 3) for t in range(3)]
    )
    graph = PoseGraph(3, ("dot",), [(0, 1), (1, 2)], [0, 0], ("dot+1",))
    flow = torch.tensor([3.0, 2.0]).expand(1, 3, 24, 30, 2)
    with torch.no_grad():
        moved = MessagePassing(graph)(unary[None, :, None], {1: flow, -1: -flow})
    for t in range(3):
        assert divmod(int(moved[0, t, 0].argmax()), 30) == (6 + 2 * t, 8 + 3 * t)
        assert moved[0, t].max() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("with_flow", [False, True])
def test_renaming_joints_permuting_edges_and_reversing_time_change_nothing(with_flow):
    graph, rng = chain(3), np.random.default_rng(2)
    layer = layer_of(graph)
    unary = torch.rand(2, 3, 3, 8, 6, dtype=torch.float64)
    flows = flows_for(graph, unary.shape) if with_flow else None
    scores = layer(unary, flows)

    order = rng.permutation(len(graph.edges))
    shuffled = PoseGraph(3, graph.joints, graph.edges[order], graph.spring[order], graph.springs)
    turned = PoseGraph(3, graph.joints, graph.edges[:, ::-1], graph.spring, graph.springs)
    perm = np.array([2, 0, 1])  # new joint k is the old joint perm[k]
    new = graph.edges // 3 * 3 + np.argsort(perm)[graph.edges % 3]
    renamed = PoseGraph(3, tuple(graph.joints[k] for k in perm), new, graph.spring, graph.springs)
    mirrored = PoseGraph(
        3, graph.joints, (2 - graph.edges // 3) * 3 + graph.edges % 3, graph.spring, graph.springs
    )

    def same(graph, sign=1):
        other = MessagePassing(graph).double()
        other.load_state_dict({"rest": sign * layer.rest, "log_stiffness": layer.log_stiffness})
        return other

    assert torch.allclose(same(shuffled)(unary, flows), scores)
    assert torch.allclose(same(turned, -1)(unary, flows), scores)
    assert torch.allclose(same(renamed)(unary[:, :, perm], flows), scores[:, :, perm])
    back = {-o: f.flip(1) for o, f in flows.items()} if with_flow else None
    assert torch.allclose(same(mirrored)(unary.flip(1), back), scores.flip(1))


def test_clips_of_a_batch_never_mix():
    graph = PoseGraph.of(PENN, 2)
    layer = layer_of(graph, dtype=torch.float32)
    unary = torch.rand(3, 2, 13, 10, 10)
    flows = flows_for(graph, unary.shape, dtype=torch.float32)
    scores = layer(unary, flows)
    for b in range(3):
        one = layer(unary[b : b + 1], {o: f[b : b + 1] for o, f in flows.items()})
        assert torch.equal(one[0], scores[b])


@pytest.mark.parametrize("name", SKELETONS)
@pytest.mark.parametrize("span", [0, 1, 2])
def test_any_skeleton_has_a_graph_and_scores(name, span):
    skeleton = SKELETONS[name]
    graph, K = PoseGraph.of(skeleton, 3, span=span), len(skeleton.joints)
    limbs = {frozenset(e) for e in skeleton.edges} | {frozenset(p) for p in skeleton.mirror_pairs}
    assert len(graph.edges) == 3 * len(limbs) + (2 * (span > 0) + (span > 1)) * K
    assert len(graph.springs) == len(set(graph.springs)) == len(limbs) + span * K
    scores = MessagePassing(graph)(torch.rand(1, 3, K, 6, 7))
    assert scores.shape == (1, 3, K, 6, 7) and scores.isfinite().all()


def test_the_papers_graph_has_the_papers_edges_and_springs():
    """Five frames and 13 joints: 12 limbs, 6 pairs, 4 steps in time, both ways."""
    graph = PoseGraph.of(PENN)
    assert (len(graph.edges), len(graph.directed), graph.nodes) == (142, 284, 65)
    assert len(graph.springs) == 18 + 13
    assert sorted(set(graph.offset.tolist())) == [0, 1]
    without = PoseGraph.of(PENN, mirror=False, span=0)
    assert len(without.springs) == 12 and len(without.edges) == 60


def test_normalised_scores_stay_in_range():
    """By degree within the unaries' range, by mean at most one more each round, else geometric
    (T6).
    """
    unary = torch.rand(2, 5, 13, 12, 12)
    top = unary.amax()
    ranges = {
        n: [MessagePassing(PoseGraph.of(PENN), i, n)(unary).max().item() for i in (1, 2, 3)]
        for n in ("degree", "mean", "none")
    }
    assert max(ranges["degree"]) <= top
    assert all(r <= (i + 1) * top + 1e-5 for i, r in enumerate(ranges["mean"], 1))
    assert ranges["none"][2] > 4 * ranges["none"][1] > 12 * ranges["none"][0] / 2


def test_start_takes_the_mean_offsets():
    rng = np.random.default_rng(0)
    joints, visible = rng.normal(size=(50, 13, 2)), rng.random((50, 13)) < 0.7
    joints[3, 4] = np.nan
    layer = MessagePassing(PoseGraph.of(PENN)).start(joints, visible)
    for s, name in enumerate(layer.graph.springs):
        if "+" in name:
            assert not layer.rest[s].any()
            continue
        a, b = (PENN.joints.index(j) for j in name.split("-"))
        both = visible[:, a] & visible[:, b] & np.isfinite(joints[:, [a, b]]).all((1, 2))
        expected = (joints[both, b] - joints[both, a]).mean(0)
        np.testing.assert_allclose(layer.rest[s].detach(), expected, rtol=1e-5, atol=1e-6)


def test_sign_of_the_rest_offset():
    """The message from the second node is highest at peak - rest, the one back at peak + rest (T3,
    T4).
    """
    graph = PoseGraph(1, ("a", "b"), [(0, 1)], [0], ("a-b",))
    for peak, sign in ((0, 1), (1, -1)):
        layer = MessagePassing(graph, iterations=1, normalization="none")
        with torch.no_grad():
            layer.rest[0] = torch.tensor([5.0, 3.0])
        unary = torch.zeros(1, 1, 2, 20, 30)
        unary[0, 0, peak, 9, 12] = 1
        other = layer(unary)[0, 0, 1 - peak]
        assert divmod(int(other.argmax()), 30) == (9 + sign * 3, 12 + sign * 5)


BAD_GRAPHS = {
    "a node that is not there": ([(0, 9)], [0], r"edges\[0\] is \(0, 9\), but nodes are 0..5"),
    "negative": ([(0, 1), (-1, 2)], [0, 0], r"edges\[1\] is \(-1, 2\)"),
    "itself": ([(2, 2)], [0], r"edges\[0\] joins node 2 to itself"),
    "twice": ([(0, 1), (1, 0)], [0, 0], r"edges\[1\] joins the same nodes as edges\[0\]"),
    "no such spring": ([(0, 1)], [3], r"spring\[0\] is 3, but springs are 0..0"),
    "too few springs": ([(0, 1), (1, 2)], [0], r"there are 2 edges, but 1 springs"),
}


@pytest.mark.parametrize("edges, spring, sentence", BAD_GRAPHS.values(), ids=BAD_GRAPHS)
def test_bad_graphs_are_refused_in_a_sentence(edges, spring, sentence):
    with pytest.raises(ValueError, match=sentence):
        PoseGraph(2, ("a", "b", "c"), edges, spring, ("only",))


def test_bad_arguments_of_the_layer_are_refused_in_a_sentence():
    graph = PoseGraph.of(PENN, 2)
    layer, unary = MessagePassing(graph), torch.zeros(1, 2, 13, 5, 6)
    bad = unary.clone()
    bad[0, 1, 3, 2, 4] = torch.nan
    fine = torch.zeros(1, 2, 5, 6, 2)
    for call, sentence in (
        (lambda: layer(unary[0]), r"unary must have shape \(B, T, 13, H, W\).*\(2, 13, 5, 6\)"),
        (lambda: layer(unary[:, :, :7]), r"\(B, T, 13, H, W\)"),
        (lambda: layer(bad), r"unary\[0, 1, 3, 2, 4\] is nan"),
        (lambda: layer(unary, {1: fine}), r"flows must hold offset -1; they hold \[1\]"),
        (
            lambda: layer(unary, {1: fine, -1: fine[:, :1]}),
            r"flows\[-1\] must have shape \(1, 2, 5, 6, 2\)",
        ),
        (lambda: layer(unary, {1: fine * torch.inf, -1: fine}), r"flows\[1\] must be finite"),
        (lambda: MessagePassing(graph, stiffness=-1), "stiffness must be positive.*is -1"),
        (lambda: MessagePassing(graph, stiffness=0), "stiffness must be positive.*is 0"),
        (lambda: MessagePassing(graph, iterations=-1), "iterations must be 0 or more"),
        (
            lambda: MessagePassing(graph, normalization="sum"),
            "no normalization 'sum'; choose one of degree",
        ),
        (lambda: PoseGraph.of(PENN, 0), "1 or more frames"),
        (lambda: PoseGraph.of(PENN, 5, span=3), "span 0, 1 or 2"),
        (
            lambda: MessagePassing(chain(2))(torch.zeros(1, 3, 3, 4, 4)),
            "of 2 frames cannot be made for 3",
        ),
        (lambda: layer.start(np.zeros((5, 12, 2))), r"joints must have shape \(n, 13, 2\)"),
    ):
        with pytest.raises(ValueError, match=sentence) as caught:
            call()
        assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_bad_arguments_of_a_round_are_refused_in_a_sentence():
    good = list(random_round(1))
    N, M = good[0].shape[1], good[1].shape[1]
    changes = [
        (0, good[0].half(), "unary must be a float32 or float64 tensor"),
        (0, good[0][0], r"unary must have shape \(B, N, H, W\)"),
        (1, good[1][..., :-1], "senders must have shape"),
        (1, good[1][0], r"senders must have shape \(\d+, 'M', \d+, \d+\), but has"),
        (1, good[1][None], r"senders must have shape \(\d+, 'M', \d+, \d+\), but has"),
        (1, good[1].float(), "senders must be torch.float64"),
        (1, torch.full_like(good[1], torch.nan), r"NaN or \+inf, but score\[0, 0, 0, 0\] is nan"),
        (2, good[2] + torch.tensor([M, 0]), rf"edges\[0\] names sender \d+, but there are {M}"),
        (2, good[2] - torch.tensor([0, N]), rf"edges\[0\] names receiver -\d+, but there are {N}"),
        (2, good[2].int(), "edges must be torch.int64"),
        (3, -good[3], "stiffness must be positive"),
        (4, good[4][:, :1], "rest must have shape"),
        (6, good[6][1:], "share must have shape"),
    ]
    for place, value, sentence in changes:
        arguments = list(good)
        arguments[place] = value
        with pytest.raises(ValueError, match=sentence):
            pass_messages(*arguments)


def test_masked_and_very_low_scores_are_exact():
    """Masked cells never win, and cost exactness nothing, in every back end."""
    for fill in (-torch.inf, -1e30):
        for seed in range(20):
            arguments = list(random_round(seed, torch.float32))
            mask = (
                torch.rand(arguments[1].shape, generator=torch.Generator().manual_seed(seed)) < 0.7
            )
            arguments[1] = arguments[1].masked_fill(mask, fill)
            assert torch.equal(*(pass_messages(*arguments, backend=b) for b in (None, "torch")))


def test_nothing_is_kept_where_no_gradient_is_wanted():
    arguments = list(random_round(4))
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        pass_messages(*arguments)
        assert not kept
        arguments[0].requires_grad_()  # only the unary: no arg-max is needed for that
        pass_messages(*arguments)
    assert not any(t.dtype in (torch.uint8, torch.int16) and t.numel() for t in kept)


def test_an_arg_max_takes_a_byte_a_pass():
    unary, senders, edges, *rest = random_round(4, torch.float32)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: kept.append(t.nbytes) or t, lambda t: t
    ):
        pass_messages(unary, senders.requires_grad_(), edges, *rest)
    B, _, H, W = unary.shape
    rows = 2 * B * len(edges) * H * (-(-W // 16) * 16)
    assert rows <= sum(kept) <= rows + 8 * 8 * len(edges) + 16 * unary.shape[1]


def test_second_derivatives_are_refused():
    unary, *rest = random_round(0)
    leaf = unary.requires_grad_()
    (gradient,) = torch.autograd.grad(
        pass_messages(leaf, *rest).square().sum(), leaf, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_threads_change_nothing(threads):
    layer = layer_of(PoseGraph.of(PENN, 3), dtype=torch.float32)
    unary, results = torch.rand(2, 3, 13, 20, 20), []
    for n in (1, 2, 5):
        threads(n)
        leaf = unary.clone().requires_grad_()
        score = layer(leaf)
        results.append(
            (score, *torch.autograd.grad(score.square().sum(), [leaf, *layer.parameters()]))
        )
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_callers_in_several_threads_get_their_own_scores(threads):
    threads(2)
    layer = layer_of(PoseGraph.of(PENN, 2), dtype=torch.float32)
    clips = torch.rand(6, 1, 2, 13, 16, 16)
    expected, found = [layer(c) for c in clips], [None] * 6

    def work(i):
        found[i] = layer(clips[i])

    workers = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(torch.equal(a, b) for a, b in zip(expected, found, strict=True))


def forked(layer, unary, results):
    torch.set_num_threads(2)
    with torch.no_grad():
        results.put(layer(unary).numpy())


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)
def test_a_child_makes_its_own_threads(threads):
    """Those of the parent have been used, and are not there after the fork."""
    threads(2)
    layer, unary = (
        layer_of(PoseGraph.of(PENN, 2), dtype=torch.float32),
        torch.rand(1, 2, 13, 16, 16),
    )
    expected = layer(unary).detach().numpy()
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=forked, args=(layer, unary, results))
    child.start()
    try:
        child.join(60)
        assert child.exitcode == 0 and np.array_equal(results.get(), expected)
    finally:
        child.kill()


class Beliefs(Dataset):
    """Items that are computed by the layer, in the worker."""

    def __init__(self, layer, unary):
        self.layer, self.unary = layer, unary

    def __len__(self):
        return len(self.unary)

    def __getitem__(self, i):
        with torch.no_grad():
            return self.layer(self.unary[i : i + 1])[0]


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)
def test_workers_after_a_fork_compute_the_same(threads):
    threads(2)
    layer = layer_of(PoseGraph.of(PENN, 2), dtype=torch.float32)
    unary = torch.rand(6, 2, 13, 16, 16)
    expected = layer(unary).detach()  # threads have been used before the fork
    loader = DataLoader(
        Beliefs(layer, unary),
        batch_size=2,
        num_workers=2,
        multiprocessing_context="fork",
        timeout=100,
    )
    assert torch.equal(torch.cat(list(loader)), expected)


def test_torch_compile_takes_a_round_as_one_step():
    if choose_backend("cpu") != "compiled":
        pytest.skip("numba is missing here, and torch operations need no operator.")
    unary, senders, edges, *rest = random_round(3, torch.float32)

    def loss(unary, senders):
        return (pass_messages(unary, senders, edges, *rest) * 2).sum()

    found = []
    for f in (loss, torch.compile(loss, fullgraph=True, backend="aot_eager")):
        leaves = unary.clone().requires_grad_(), senders.clone().requires_grad_()
        found.append(torch.autograd.grad(f(*leaves), leaves))
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_a_compiled_layer_computes_the_same():
    layer = layer_of(PoseGraph.of(PENN, 2), dtype=torch.float32)
    unary = torch.rand(1, 2, 13, 8, 8)
    flows = flows_for(layer.graph, unary.shape, dtype=torch.float32)
    assert torch.allclose(
        torch.compile(layer, backend="aot_eager")(unary, flows), layer(unary, flows)
    )


IMPORTS = """
import sys
import tslib.distance_transform, tslib.message_passing, tslib.networks, tslib.warp
compiled = ("numba", "tslib.kernels.messages_numba", "tslib.kernels.messages_triton")
print([name for name in compiled if name in sys.modules])
"""


def test_an_import_compiles_and_deletes_nothing():
    """What is compiled is imported by the first message that needs it."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout == "[]\n"


WITHOUT_NUMBA = """
import sys, warnings
sys.modules["numba"] = None
import torch
from tslib.distance_transform import choose_backend, distance_transform
from tslib.message_passing import MessagePassing, PoseGraph
from tslib.skeletons import SKELETONS
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(choose_backend("cpu"))
    layer = MessagePassing(PoseGraph.of(SKELETONS["penn13"], 2))
    unary = torch.arange(2 * 13 * 30.0).reshape(1, 2, 13, 5, 6) % 7
    flow = torch.ones(1, 2, 5, 6, 2) / 2
    print(layer(unary, {1: flow, -1: -flow}).square().sum().item())
    distance_transform(unary, (1, 1), (0, 0))
said = [str(c.message) for c in caught if "back end" in str(c.message)]
print(len(said), said[0])
try:
    choose_backend("cpu", "compiled")
except ValueError as error:
    print(error)
"""


def test_without_numba_torch_does_the_work_and_says_why():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMBA], capture_output=True, encoding="utf-8", check=True
    )
    name, value, warned, refused = done.stdout.splitlines()
    layer = MessagePassing(PoseGraph.of(PENN, 2))
    unary, flow = (
        torch.arange(2 * 13 * 30.0).reshape(1, 2, 13, 5, 6) % 7,
        torch.ones(1, 2, 5, 6, 2) / 2,
    )
    expected = layer(unary, {1: flow, -1: -flow}).square().sum().item()
    assert name == "torch" and float(value) == pytest.approx(expected, rel=1e-5)
    assert warned.startswith(
        "1 The compiled back end is missing, because numba cannot be used here"
    )
    assert "slower" in warned and refused.startswith("The compiled back end is missing")


def test_back_ends_that_cannot_run_are_refused():
    with pytest.raises(
        ValueError, match="no back end 'fast'; choose one of compiled, triton, torch"
    ):
        choose_backend("cpu", "fast")
    with pytest.raises(ValueError, match="'compiled' .* does not run on cuda"):
        choose_backend("cuda", "compiled")
    assert choose_backend("cpu", "torch") == "torch" == choose_backend("meta")
