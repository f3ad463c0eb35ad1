"""Messages: against plain loops, in a stream as on the whole clip, in memory that does not grow."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import synthetic
import torch
from scipy.ndimage import map_coordinates

from tslib.crop import Crop
from tslib.distance_transform import distance_transform_numpy
from tslib.flow import Flow
from tslib.heatmaps import decode
from tslib.video.detector import HeatmapDetector
from tslib.video.inference import bridged, infer, link, reach_at, update, warp_to_crop, windows
from tslib.video.predict import joints_of
from tslib.video.springs import Spring
from tslib.video.tracking import Observation, observe

GRID = 6, 8
SPRINGS = [Spring((0, 1), (0.1, 0.4), (3.0, 5.0)), Spring((1, 2), (-0.2, 0.3), (8.0, 2.0))]


def clip(T, cuts=(), nobody=(), seed=0):
    """T observations with random maps (3, 8, 6), crops of changing place and size, smooth flow."""
    random = np.random.default_rng(seed)
    cuts = sorted(cuts)

    def flow():
        return Flow(random.normal(0, 2, (3, 4, 2)).astype(np.float32), (3 / 100, 4 / 100))

    on = None
    for t in range(T):
        crop = Crop(
            tuple(50 + random.normal(0, 3, 2)), random.uniform(4, 6), GRID, random.uniform(20, 30)
        )
        maps = random.random((3, GRID[1], GRID[0])).astype(np.float32) - 0.1
        back, on = on and flow(), None if t + 1 in (T, *cuts) else flow()
        absent = t in nobody
        yield Observation(
            t,
            sum(c <= t for c in cuts),
            None if absent else crop,
            None if absent else maps,
            back,
            on,
        )


def by_loops(clip, reach, springs, iterations=3):
    """The same by the definition, in NumPy: no stream, no batch, the slow transform, and scipy's
    samples.
    """
    scores = [None if o.maps is None else o.maps.clip(0).astype(float) for o in clip]
    unary, W, H, shares = list(scores), *GRID, []
    for _ in range(iterations):
        new = list(scores)
        for t, target in enumerate(clip):
            if target.crop is None:
                continue
            total, received = unary[t].copy(), np.zeros(3)
            for sender in range(max(0, t - reach), min(len(clip), t + reach + 1)):
                if sender == t or clip[sender].crop is None or clip[sender].scene != target.scene:
                    continue
                step = 1 if sender > t else -1
                points = target.crop.to_image(np.stack(np.meshgrid(np.arange(W), np.arange(H)), -1))
                ways = followed(clip, t, sender, step, points)
                for k in range(3):
                    source = scores[sender][k]
                    by_flow, by_camera = (
                        source.min()
                        + map_coordinates(
                            source - source.min(),
                            clip[sender].crop.to_cells(way).transpose(2, 0, 1)[::-1],
                            order=1,
                            mode="grid-constant",
                        )
                        for way in ways
                    )
                    shares.append((by_camera > by_flow).mean())
                    seen = np.maximum(by_flow, by_camera)
                    total[k] += distance_transform_numpy(
                        seen, [0.01 / abs(sender - t)] * 2, [0, 0]
                    )[0]
                    received[k] += 1
            body, cell = target.crop.body, target.crop.cell
            for spring in springs:
                for (a, b), sign in ((spring.joints, -1), (spring.joints[::-1], 1)):
                    rest = sign * np.array(spring.rest) * body / cell
                    stiffness = np.array(spring.stiffness) * (cell / body) ** 2
                    total[b] += distance_transform_numpy(scores[t][a], stiffness, rest)[0]
                    received[b] += 1
            new[t] = total / (1 + received)[:, None, None]
        scores = new
    assert 0.1 < np.mean(shares) < 0.9
    return scores


def followed(clip, t, sender, step, points):
    """Where points of frame t lie in the sender's frame: by the flow, and by the camera alone."""
    camera = points
    for s in range(t, sender, step):
        there = clip[s].to_next if step == 1 else clip[s].to_previous
        camera = camera + np.median(there.vectors[::4, ::4].reshape(-1, 2), axis=0)
        points = points + there.at(points)
    return points, camera


def whole_clip(nodes, reach, springs, iterations=3):
    """The same by lists: every frame of an iteration before the next one."""
    scores = [n.unary for n in nodes]
    with torch.no_grad():
        for _ in range(iterations):
            scores = [
                None if s is None else update(n, s, {o: scores[t + o] for o in n.paths}, springs)
                for t, (n, s) in enumerate(zip(nodes, scores, strict=True))
            ]
    return scores


@pytest.mark.parametrize("springs", [(), SPRINGS], ids=["temporal", "springs"])
@pytest.mark.parametrize("reach", [1, 3])
def test_beliefs_equal_plain_loops(reach, springs):
    seen = list(clip(7, cuts=[5], nobody=[2]))
    expected = by_loops(seen, reach, springs)
    for (node, belief), scores in zip(
        infer(link(seen, reach), reach, springs), expected, strict=True
    ):
        if scores is None:
            assert belief is None and node.unary is None
        else:
            np.testing.assert_allclose(belief, scores, atol=1e-5)


@pytest.mark.parametrize("pan", [0, 3], ids=["still camera", "panning camera"])
def test_flow_that_follows_an_occluder_does_not_carry_a_joint_away(pan):
    """Somebody runs past before the person: the flow of the whole crop is his, and the joint of a
    frame without evidence is where the frames beside it have it, moved as the camera moves.
    """
    size, place = 32, np.array([14, 10])
    seen = []
    for t in range(5):
        maps = np.zeros((1, size, size), np.float32)
        if t != 2:
            maps[0, place[1], place[0]] = 1
        vectors = np.full((20, 40, 2), (pan, 0), np.float32)
        # The crop lies on the left fifth of a wide frame.
        vectors[:, :10] = pan + 9, 0
        flow = Flow(vectors, (40 / 640, 20 / 128))
        back = Flow(-vectors, flow.scale)
        crop = Crop((40.0 + pan * t, 64.0), 4.0, (size, size), 100.0)
        seen.append(Observation(t, 0, crop, maps, back if t else None, flow if t < 4 else None))
    beliefs = [belief for _, belief in infer(link(seen, 2), 2)]
    cells, heights = decode(beliefs[2])
    np.testing.assert_allclose(cells[0], place, atol=0.5)
    assert heights[0] > 0.5


@pytest.mark.parametrize("reach", [1, 2, 4])
@pytest.mark.parametrize("T", [1, 2, 5, 23])
def test_a_stream_equals_the_whole_clip_to_the_last_bit(T, reach):
    seen = list(
        clip(T, cuts=[c for c in (8, 9) if c < T], nobody=[n for n in (0, 14) if 1 < T > n])
    )
    nodes = list(link(seen, reach))
    stream = list(infer(iter(nodes), reach, SPRINGS))
    assert [n.seen.index for n, _ in stream] == list(range(T))
    for (_, belief), expected in zip(stream, whole_clip(nodes, reach, SPRINGS), strict=True):
        assert (belief is None and expected is None) or torch.equal(belief, expected)


def test_windows_hold_the_nearest_items_first():
    assert list(windows("abcd", 2)) == [
        ([], "a", ["b", "c"]),
        (["a"], "b", ["c", "d"]),
        (["b", "a"], "c", ["d"]),
        (["c", "b"], "d", []),
    ]
    assert list(windows("", 3)) == []


def test_reach_is_a_time():
    assert [reach_at(f) for f in (None, 1, 10, 15, 25, 60)] == [2, 1, 2, 2, 4, 4]


def test_flows_end_at_the_paths():
    """They are as large as frames, and no later stage needs them."""
    for node in link(clip(6, nobody=[2]), 2):
        assert node.seen.to_next is None and node.seen.to_previous is None


def test_messages_stay_within_a_scene():
    apart = [list(clip(4, seed=s)) for s in (1, 2)]
    joined = apart[0] + [
        Observation(4 + o.index, 1, o.crop, o.maps, o.to_previous, o.to_next) for o in apart[1]
    ]
    beliefs = [b for part in apart for _, b in infer(link(part, 2), 2)]
    for (_, belief), expected in zip(infer(link(joined, 2), 2), beliefs, strict=True):
        assert torch.equal(belief, expected)


def test_a_dot_that_moves_with_the_flow_keeps_its_peak():
    """Paper A, Eq. 2: a joint that moves as the flow says is not deformed, whatever the crops."""
    shift, dot = np.array([6.0, -3.0]), np.array([40.0, 60.0])
    seen = []
    for t in range(5):
        crop = Crop(tuple(50 + np.array([t, -2 * t])), 3 + 0.2 * t, (24, 32), 60)
        distance = ((crop.cells() - crop.to_cells(dot + t * shift)) ** 2).sum(-1)
        flows = [Flow(np.float32([[sign * shift]]), (0.01, 0.01)) for sign in (-1, 1)]
        maps = np.exp(-distance / 4)[None].astype(np.float32)
        seen.append(Observation(t, 0, crop, maps if t != 2 else np.zeros_like(maps), *flows))
    for node, belief in infer(link(seen, 4), 4):
        joint = joints_of(belief, node.seen.crop)[0][0]
        assert np.abs(joint - dot - node.seen.index * shift).max() < 0.75 * node.seen.crop.cell


def test_cells_beyond_a_map_take_its_minimum():
    maps = torch.arange(12.0).reshape(1, 3, 4) - 5
    path = torch.tensor(
        [[[0.0, 0.0], [3.0, 2.0], [1.5, 1.0], [-9.0, 0.0], [3.0, 40.0], [-0.5, 0.0]]]
    )
    np.testing.assert_allclose(warp_to_crop(maps, path)[0, 0], [-5, 6, 0.5, -5, -5, -5], atol=1e-5)


def test_a_spring_pulls_its_joint_to_the_rest_offset():
    crop = Crop((0, 0), 2.0, (24, 32), 40)  # 20 cells to a body
    maps = np.zeros((2, 32, 24), np.float32)
    maps[0, 10, 6] = 1  # the second joint's map is blank
    pull = [Spring((0, 1), (0.25, 0.5), (40, 40))]
    ((_, belief),) = infer(link([Observation(0, 0, crop, maps)], 1), 1, pull, iterations=1)
    cells, _ = decode(belief)
    np.testing.assert_allclose(cells[1], (6 + 5, 10 + 10))
    mirrored = [Spring((1, 0), (-0.25, -0.5), (40, 40))]
    ((_, same),) = infer(link([Observation(0, 0, crop, maps)], 1), 1, mirrored, iterations=1)
    torch.testing.assert_close(same, belief)


def test_finds_joints_that_the_detector_cannot_see(tmp_path):
    detector = HeatmapDetector(synthetic.write_detector(tmp_path))
    hidden = {(t, k) for t in (9, 10) for k in (0, 6, 11)}
    seen = list(observe((synthetic.frame(t, hidden) for t in range(20)), detector))
    alone, together = (
        np.stack([joints_of(maps, o.crop)[0] - synthetic.pose(o.index) for o, maps in pairs])
        for pairs in (
            ((o, o.maps) for o in seen),
            ((n.seen, b) for n, b in infer(link(seen, 3), 3)),
        )
    )
    assert np.abs(alone[9:11][:, [0, 6, 11]]).max() > 10
    assert np.abs(together).max() < 5


def test_holds_as_many_frames_for_a_long_video_as_for_a_short_one():
    """Counted, not timed: each of the 4 stages holds 2 frames that wait and 2 that were."""

    def most_alive(T, reach=2):
        return synthetic.most_alive(clip(T), lambda stream: infer(link(stream, reach), reach))

    assert most_alive(30) == most_alive(120) <= 4 * 2 + 4 * 2 + 2


def test_a_result_waits_for_no_more_frames_than_it_needs():
    taken = 0

    def counted():
        nonlocal taken
        for o in clip(60):
            taken += 1
            yield o

    for n, _ in enumerate(itertools.islice(infer(link(counted(), 3), 3), 40)):
        assert taken == n + 1 + 4 * 3


def test_a_person_hidden_for_a_moment_is_bridged_and_one_who_is_gone_is_not():
    presence = [1, 1, 0, 0.4, 0, 0, 0, 0, 0, 0.6, 0, 1]
    some = [replace(o, presence=p) for o, p in zip(clip(12), presence, strict=True)]
    kept = [o.crop is not None for o in bridged(some, 2)]
    assert kept == [True] * 4 + [False] * 3 + [True] * 5
    assert [o.maps is not None for o in bridged(some, 2)] == kept
    cut = [replace(o, scene=int(o.index > 1)) for o in some]
    assert [o.crop is not None for o in bridged(cut, 2)][:4] == [True, True, False, False]
    beliefs = [belief for _, belief in infer(link(bridged(some, 2), 2), 2)]
    assert [belief is not None for belief in beliefs] == kept
