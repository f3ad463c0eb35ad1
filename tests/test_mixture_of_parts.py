"""The mixture of parts: inference against all poses there are, HOG against loops, training, files,
gaps.
"""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import synthetic
import torch

from experiments.mixture_of_parts import MixtureOfParts, Settings, best_pose, load_parts, save_parts
from experiments.mixture_of_parts import training as stages
from experiments.mixture_of_parts.features import (
    CHANNELS,
    SIGNED,
    _gradients,
    _histograms,
    hog,
    windows,
)
from experiments.mixture_of_parts.mixture import SOFTEST, Mixture
from experiments.mixture_of_parts.parts import Parts, cluster
from tslib import checkpoint
from tslib.clip import Clip
from tslib.errors import InputError
from tslib.metrics import pck
from tslib.skeletons import SKELETONS

PENN = SKELETONS["penn13"]
ARM = PENN.with_joints(["right_shoulder", "right_elbow", "right_wrist"])
SMALL = Settings(types=2, frames=12, epochs=1, scales=(1.0,))
NAN = np.nan


# The best pose


def every_pose(scores, parents, stiffness, rest, bias):
    """Score, places and types of the best pose of one frame, by asking all of them."""
    H, W = scores[0].shape[1:]
    states = [[(t, y * W + x) for t, y, x in np.ndindex(tuple(s.shape))] for s in scores]
    best = -np.inf, None
    for pose in itertools.product(*states):
        value = sum(scores[i][t].flatten()[p] for i, (t, p) in enumerate(pose))
        for i in range(1, len(parents)):
            (t, p), (t_j, p_j) = pose[i], pose[parents[i]]
            offset = np.array([p % W - p_j % W, p // W - p_j // W])
            value += bias[i][t, t_j] - (stiffness[i][t] * (offset - rest[i][t]) ** 2).sum()
        best = max(best, (value, pose), key=lambda b: b[0])
    return best[0], [p for _, p in best[1]], [t for t, _ in best[1]]


TREES = [
    ((-1, 0, 0), (2, 1, 2), (2, 3)),
    ((-1, 0, 1), (1, 2, 2), (3, 2)),
    ((-1, 0, 0, 1), (1, 2, 1, 1), (2, 2)),
]


@pytest.mark.parametrize("parents, types, grid", TREES)
@pytest.mark.parametrize("seed", range(4))
def test_the_best_pose_is_the_best_of_all_poses(parents, types, grid, seed):
    rng, B = np.random.default_rng(seed), 2
    scores = [rng.normal(size=(B, t, *grid)) for t in types]
    scores[-1][1, 0, 0] = -np.inf  # cells where the last part may not be
    stiffness = [rng.uniform(0.05, 1, (t, 2)) for t in types]
    rest = [rng.normal(0, 1, (t, 2)) for t in types]
    bias = [None] + [rng.normal(size=(types[i], types[parents[i]])) for i in range(1, len(parents))]
    tensors = [[torch.tensor(a) for a in part] for part in (scores, stiffness, rest)]
    value, place, kind = best_pose(
        tensors[0], parents, *tensors[1:], [None, *(torch.tensor(b) for b in bias[1:])]
    )
    for b in range(B):
        expected = every_pose([s[b] for s in scores], parents, stiffness, rest, bias)
        assert float(value[b]) == pytest.approx(expected[0], abs=1e-12)
        assert place[b].tolist() == expected[1] and kind[b].tolist() == expected[2]


def random_mixture(parents=(-1, 0, 0, 1), types=(2, 3, 1, 2), size=3):
    torch.manual_seed(0)
    mixture = Mixture(parents, types, size)
    for weights in mixture.parameters():
        torch.nn.init.normal_(weights)
    with torch.no_grad():
        mixture.stiffness.copy_(mixture.stiffness.abs() / 5)
    mixture.clamp()
    return mixture


def test_a_pose_scores_what_its_maps_springs_and_biases_say():
    mixture, features = random_mixture(), torch.randn(3, CHANNELS, 5, 6)
    value, place, kind = mixture.best(mixture.maps(features))
    torch.testing.assert_close(mixture.score(features, place, kind), value)
    other = (place + 7) % 30
    assert (mixture.score(features, other, kind) < value).all()


# HOG


def test_histograms_are_those_of_a_loop_over_pixels():
    rng, cell = np.random.default_rng(0), 4
    image = rng.integers(0, 256, (8, 12, 3)).astype(np.uint8)
    expected = np.zeros((SIGNED, 2, 3))
    padded = np.pad(image.astype(float), ((1, 1), (1, 1), (0, 0)), "edge")
    for y, x in np.ndindex(8, 12):
        dx = padded[y + 1, x + 2] - padded[y + 1, x]
        dy = padded[y + 2, x + 1] - padded[y, x + 1]
        c = np.argmax(dx**2 + dy**2)
        k = round(np.arctan2(dy[c], dx[c]) / (2 * np.pi) * SIGNED) % SIGNED
        for i, j in np.ndindex(2, 3):
            share = [1 - abs((p + 0.5) / cell - (q + 0.5)) for p, q in ((y, i), (x, j))]
            expected[k, i, j] += np.hypot(dx[c], dy[c]) * max(0, share[0]) * max(0, share[1])
    np.testing.assert_allclose(_histograms(*_gradients(image), cell), expected, rtol=1e-5)


def test_histograms_are_normalised_four_times():
    """By the energy of each 2x2 block of cells that holds the cell; border cells go on beyond the
    border.
    """
    rng, cell = np.random.default_rng(0), 4
    image = rng.integers(0, 256, (12, 16, 3)).astype(np.uint8)
    histogram = _histograms(*_gradients(image), cell)
    unsigned = histogram[:9] + histogram[9:]
    found = hog(image, cell)
    for i, j in np.ndindex(3, 4):
        expected, textures = np.zeros(27), []
        for dy, dx in itertools.product((-1, 1), repeat=2):
            rows, columns = np.clip([i, i + dy], 0, 2), np.clip([j, j + dx], 0, 3)
            norm = np.sqrt((unsigned[:, rows][:, :, columns] ** 2).sum() + 1e-4)
            parts = np.minimum(np.concatenate([histogram[:, i, j], unsigned[:, i, j]]) / norm, 0.2)
            expected += parts / 2
            textures.append(parts[:18].sum() / np.sqrt(18))
        np.testing.assert_allclose(found[:, i, j], [*expected, *textures], rtol=1e-4)


def test_hog_of_an_edge():
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, 16:] = 200  # brighter to the right: orientation 0, signed and unsigned
    features = hog(image, 8)
    assert features.shape == (CHANNELS, 4, 4) and features.dtype == np.float32
    strong = features[:27, 1:3, 1:3].mean((1, 2))
    assert set(np.nonzero(strong > 0.01)[0].tolist()) == {0, SIGNED}
    assert (
        not features[:27, :, 0].any() and np.isfinite(features).all()
    )  # an even place has no direction
    np.testing.assert_allclose(hog(image // 2, 8), features, atol=1e-4)  # light does not matter
    down = hog(np.ascontiguousarray(image.swapaxes(0, 1)), 8)
    strong = down[:27, 1:3, 1:3].mean((1, 2))
    assert strong[4:6].max() > 0.1 > strong[:4].max()  # a quarter turn is 4.5 orientations


def test_windows_are_what_a_template_is_laid_on():
    features, templates = torch.randn(2, CHANNELS, 4, 5), torch.randn(3, CHANNELS, 3, 3)
    n, y, x = torch.meshgrid(*map(torch.arange, (2, 4, 5)), indexing="ij")
    seen = torch.einsum("nyxcij,fcij->nfyx", windows(features, n, y, x, 3), templates)
    torch.testing.assert_close(
        seen, torch.nn.functional.conv2d(features, templates, padding=1), rtol=1e-4, atol=1e-4
    )


# Parts and types


def test_parts_are_joints_and_the_middles_of_limbs():
    parts = Parts.of(PENN)
    assert len(parts) == 13 + 12 and parts.parents[0] == -1
    assert all(parent < i for i, parent in enumerate(parts.parents))
    joints = np.random.default_rng(0).normal(size=(2, 13, 2))
    joints[1, 1] = NAN
    places = parts.places(joints)
    np.testing.assert_array_equal(places[:, parts.joints], joints)
    for i, parent in list(enumerate(parts.parents))[1:]:
        if i not in parts.joints:  # halfway between the joint above and the one below it
            (below,) = [k for k, above in enumerate(parts.parents) if above == i]
            np.testing.assert_allclose(places[:, i], (places[:, parent] + places[:, below]) / 2)
    assert (
        np.isnan(places[1]).any(-1).sum() == 1 + 2 + 1
    )  # the shoulder, and middles to head, elbow, hip


def test_a_tree_is_needed():
    with pytest.raises(ValueError, match="do not connect nose and left_shoulder"):
        Parts.of(SKELETONS["coco17"])
    with pytest.raises(ValueError, match="has no limb"):
        Parts.of(PENN.with_joints(["head"]))
    torso = SKELETONS["coco17"].with_joints(
        ["left_shoulder", "right_shoulder", "left_hip", "right_hip"]
    )
    assert len(torso.limbs) == 4 and len(Parts.of(torso)) == 4 + 3  # one limb closes a circle


def test_types_are_clusters_of_offsets():
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 60)
    offsets = np.array([[0, 9], [9, 0], [-9, 0]])[true] + rng.normal(size=(60, 2))
    offsets[7] = NAN
    kinds, means = cluster(offsets, 3, rng)
    assert kinds[7] == -1 and len(means) == 3
    known = kinds >= 0
    assert len(set(zip(true[known].tolist(), kinds[known].tolist(), strict=True))) == 3
    assert len(cluster(offsets[:1].repeat(9, 0), 3, rng)[1]) == 1
    with pytest.raises(ValueError, match="no offset"):
        cluster(np.full((4, 2), NAN), 3, rng)


# Training


def clip(frames=range(0, 24, 2), skeleton=PENN, **changes):
    """The walking stick figure, with its box."""
    t = list(frames)
    joints = np.stack([synthetic.pose(n) for n in t]).astype(np.float32)
    low, high = joints.min(1) - 4, joints.max(1) + 4
    joints = joints[:, [PENN.joints.index(name) for name in skeleton.joints]]
    fields = {
        "name": "walk",
        "joints": joints,
        "visible": np.isfinite(joints).all(-1),
        "box": np.concatenate([low, high - low], -1).astype(np.float32),
        "skeleton": skeleton,
        "frames": [synthetic.frame(n) for n in t],
    }
    return Clip(**fields | changes)


def labels_alone():
    return replace(clip(range(2)), frames=None)


@pytest.fixture(scope="module")
def model():
    return MixtureOfParts(PENN, SMALL).fit([clip()])


def accuracy(model, seen, alpha=0.1):
    return np.nanmean(pck(model.estimate(seen)[0], seen.joints, seen.size_of_person, alpha))


def test_a_trained_mixture_finds_the_joints_of_frames_it_never_saw(model):
    seen = clip(range(25, 50, 4))
    joints, scores = model.estimate(seen)
    assert joints.shape == (7, 13, 2) and joints.dtype == np.float64 and scores.shape == (7,)
    assert accuracy(model, seen) > 0.9
    empty, nothing = model.estimate(synthetic.frame(25, figure=False), seen.box[0])
    assert np.isfinite(empty).all() and nothing[0] < scores.min()


def test_one_frame_is_a_clip_of_one(model):
    seen = clip(range(4))
    joints, scores = model.estimate(seen)
    one, score = model.estimate(seen.frames[2], seen.box[2])
    np.testing.assert_array_equal(one, joints[2:3])
    assert score == scores[2:3]


def test_the_scale_that_fits_best_wins(model):
    """A box that is twice too large: only half of it finds the person."""
    seen = clip(range(25, 40, 4))
    middle, size = seen.box[:, :2] + seen.box[:, 2:] / 2, seen.box[:, 2:] * 2
    wide = replace(seen, box=np.concatenate([middle - size / 2, size], -1))
    hits = {}
    for scales in ((1.0,), (1.0, 0.5)):
        other = MixtureOfParts(PENN, replace(SMALL, scales=scales))
        other.mixture = model.mixture
        found = other.estimate(wide)[0]
        hits[scales] = np.nanmean(pck(found, seen.joints, seen.size_of_person, 0.1))
    assert hits[(1.0, 0.5)] > 0.9 > 0.5 > hits[(1.0,)]


def test_without_a_box_the_frame_is_searched_whole(model):
    seen = clip(range(25, 27))
    nowhere = replace(seen, box=np.full((2, 4), NAN, np.float32))
    assert np.nanmean(pck(model.estimate(nowhere)[0], seen.joints, seen.size_of_person, 0.1)) > 0.8


def test_training_again_gives_the_same_weights():
    """On as many threads, because sums over others have another order."""
    one, other = (MixtureOfParts(PENN, SMALL).fit([clip()]) for _ in range(2))
    for a, b in zip(one.mixture.parameters(), other.mixture.parameters(), strict=True):
        assert torch.equal(a, b)


def test_gaps_in_the_labels_teach_nothing():
    whole = clip()
    joints, box = whole.joints.copy(), whole.box.copy()
    joints[3:6, 4] = NAN
    joints[6, :] = NAN
    box[7:9] = NAN
    gappy = replace(whole, joints=joints, visible=np.isfinite(joints).all(-1), box=box)
    assert accuracy(MixtureOfParts(PENN, SMALL).fit([gappy]), clip(range(25, 50, 8))) > 0.9


def test_clips_without_boxes_teach_by_all_their_joints():
    whole = clip()
    joints, box = whole.joints.copy(), np.full((12, 4), NAN, np.float32)
    joints[3, 4] = NAN
    low, high = joints.min(1), joints.max(1)
    around = np.concatenate([low, high - low], -1)
    boxless = replace(whole, joints=joints, visible=np.isfinite(joints).all(-1), box=box)
    quick = MixtureOfParts(PENN, replace(SMALL, epochs=0, rounds=0))
    a, b = (
        quick.fit([c]).estimate(whole.frames[0], whole.box[0])[0]
        for c in (boxless, replace(boxless, box=around))
    )
    np.testing.assert_array_equal(a, b)


def test_another_order_of_joints_is_read_by_name():
    turned = PENN.with_joints(PENN.joints[::-1])
    arm = MixtureOfParts(ARM, replace(SMALL, epochs=0, rounds=0))
    a, b = (arm.fit([clip(skeleton=s)]).estimate(clip(range(2)))[0] for s in (PENN, turned))
    np.testing.assert_array_equal(a, b)


def examples():
    """Three frames of an arm, the first wrist unknown, and a mixture with the first springs."""
    features = torch.rand(3, CHANNELS, 9, 9)
    joints = np.array([[2.0, 2], [4, 4], [6, 5]]) + np.arange(3)[:, None, None] * [0.4, 0]
    joints[0, 2] = NAN
    parts = Parts.of(ARM)
    places = parts.places(joints)
    kinds = np.where(np.isfinite(places[..., 0]), 0, -1)
    mixture = Mixture(parts.parents, [1] * len(parts), 3)
    return stages.Examples(features, places, kinds), mixture


def test_springs_begin_as_the_statistics_are():
    some, mixture = examples()
    stages.set_springs(mixture, some)
    torch.testing.assert_close(
        mixture.rest[1:].detach(), torch.tensor([[1.0, 1], [1, 1], [1, 0.5], [1, 0.5]])
    )
    assert (mixture.stiffness >= SOFTEST).all()


def test_what_is_near_a_part_is_no_negative():
    some, mixture = examples()
    cells = np.array([[0, 2, 2], [0, 3, 2], [0, 8, 8], [1, 2, 2]])  # frame, x, y
    target = stages.targets(mixture, some, cells)
    assert target[:, 0].tolist() == [1, 0, -1, 1]  # the shoulder
    assert not target[:3, 4].any()  # the wrist of frame 0 is not known


def test_hard_negatives_lie_off_the_part():
    some, mixture = examples()
    torch.nn.init.normal_(mixture.templates)
    hard = stages.hard_cells(mixture, some)
    assert len(hard) == 3 * 5 - 2  # none for what is not known: the wrist, and the middle before it
    map_0 = mixture.maps(some.features)[0][1, 0].detach().numpy()
    away = np.linalg.norm(np.indices((9, 9))[::-1].transpose(1, 2, 0) - some.places[1, 0], axis=-1)
    n, x, y = hard[3]
    assert n == 1 and map_0[y, x] == map_0[away > stages.AWAY].max()


def test_true_poses_agree_with_the_labels_and_wrong_ones_score_more():
    some, mixture = examples()
    stages.set_springs(mixture, some)
    torch.nn.init.normal_(mixture.templates)
    right, wrong, wrongness = stages.poses_to_tell_apart(mixture, some, miss=4.0)
    place = torch.stack([right[0] % 9, right[0] // 9], -1).numpy()
    known = some.kinds >= 0
    assert np.linalg.norm(place - some.places, axis=-1)[known].max() <= stages.CLOSE
    ahead = mixture.score(some.features, *wrong) + wrongness - mixture.score(some.features, *right)
    assert (ahead > 0).all() and (wrongness > 0).all() and wrongness[0] <= known[0].sum()


def test_the_last_stage_closes_the_gap():
    some, mixture = examples()
    stages.set_springs(mixture, some)
    torch.nn.init.normal_(mixture.templates, 0, 0.1)

    def gap():
        right, wrong, wrongness = stages.poses_to_tell_apart(
            mixture, some, stages.MISS * SMALL.person
        )
        with torch.no_grad():
            return (
                mixture.score(some.features, *wrong)
                + wrongness
                - mixture.score(some.features, *right)
            )

    before = gap().mean()
    stages.fit_together(mixture, some, replace(SMALL, epochs=60), np.random.default_rng(0))
    assert gap().mean() < 0.5 * before


# Files


def test_a_file_holds_all_that_is_needed(model, tmp_path):
    save_parts(model, tmp_path / "parts.safetensors")
    again = load_parts(tmp_path / "parts.safetensors")
    assert again.skeleton == model.skeleton and again.settings == model.settings
    for a, b in zip(model.estimate(clip(range(2))), again.estimate(clip(range(2))), strict=True):
        np.testing.assert_array_equal(a, b)


def rewritten(model, tmp_path, tensors=None, **notes):
    """The model's file with some of its tensors and notes changed."""
    file = tmp_path / "other.safetensors"
    save_parts(model, file)
    content, kept = checkpoint.notes_and_tensors(file)
    content["mixture_of_parts"] |= notes
    file.write_bytes(checkpoint.as_bytes(content, kept | (tensors or {})))
    return file


@pytest.mark.parametrize(
    "notes, word",
    [
        ({"versions": {"format": 2}}, "its format is 2"),
        ({"skeleton": "octopus8"}, "no skeleton 'octopus8'"),
        ({"joints": ["head", "tail"]}, "other joints"),
        ({"joints": ["head", "right_wrist"]}, "no limb"),
        ({"settings": {"types": 10**9}}, "types must be"),
        ({"settings": {"colour": 1}}, "colour"),
        ({"types": [2] * 24 + [10**9]}, "types of its parts"),
        ({"types": 3}, "cannot|can run"),
    ],
)
def test_files_that_do_not_fit_are_refused(model, tmp_path, notes, word):
    refused(InputError, word, load_parts, rewritten(model, tmp_path, **notes))


def test_damaged_files_are_refused(model, tmp_path):
    refused(InputError, "there is no file", load_parts, tmp_path / "none.safetensors")
    whole = rewritten(model, tmp_path).read_bytes()
    (tmp_path / "half.safetensors").write_bytes(whole[: len(whole) // 2])
    refused(InputError, "cannot be read", load_parts, tmp_path / "half.safetensors")
    for notes in ({"corrector": {}}, [1]):
        foreign = checkpoint.as_bytes(notes, {"a": torch.ones(1)})
        (tmp_path / "foreign.safetensors").write_bytes(foreign)
        refused(InputError, "no mixture of parts", load_parts, tmp_path / "foreign.safetensors")
    F = sum(model.mixture.types)
    for name, value, word in (
        ("level", torch.full((F,), NAN), "not finite"),
        ("stiffness", torch.zeros(F, 2), "do not pull"),
        ("level", torch.zeros(F + 1), "another model"),
    ):
        refused(InputError, word, load_parts, rewritten(model, tmp_path, {f"model.{name}": value}))


# Bad input


def refused(error, word, function, *arguments):
    """One sentence that says what was wrong."""
    with pytest.raises(error, match=word) as caught:
        function(*arguments)
    text = str(caught.value)
    assert text.endswith(".") and "\n" not in text


def test_clips_that_cannot_teach_are_refused():
    untrained = MixtureOfParts(PENN, SMALL)
    refused(InputError, "no frames", untrained.fit, [clip(range(2)), labels_alone()])
    refused(InputError, "no joint 'head'", untrained.fit, [clip(range(2), skeleton=ARM)])
    refused(InputError, "no frame of the clips", untrained.fit, [])
    joints = clip(range(2)).joints.copy()
    joints[:, 5] = NAN
    unseen = clip(range(2), joints=joints, visible=np.isfinite(joints).all(-1))
    boxless = replace(unseen, box=np.full((2, 4), NAN, np.float32))
    refused(InputError, "box", untrained.fit, [boxless])
    refused(InputError, "right_elbow and right_wrist", untrained.fit, [unseen])
    joints[:, 0] = NAN
    rootless = clip(range(2), joints=joints, visible=np.isfinite(joints).all(-1))
    refused(InputError, "head and right_shoulder", untrained.fit, [rootless])


def test_frames_that_cannot_be_searched_are_refused(model, tmp_path):
    untrained = MixtureOfParts(PENN, SMALL)
    frame = synthetic.frame(0)
    refused(ValueError, "no weights", untrained.estimate, frame)
    refused(ValueError, "no weights", save_parts, untrained, tmp_path / "none.safetensors")
    refused(ValueError, "5x5 pixels.* but has 40x4", model.estimate, np.zeros((4, 40, 3), np.uint8))
    refused(ValueError, r"uint8 \(H, W, 3\).*float64", model.estimate, frame / 255)
    refused(ValueError, r"uint8 \(H, W, 3\)", model.estimate, frame[..., 0])
    refused(ValueError, "list", model.estimate, frame.tolist())
    refused(ValueError, "box must be", model.estimate, frame, [[0, 0, 9, 9]] * 2)
    refused(ValueError, "box must be", model.estimate, frame, [0, 0, 9])
    refused(InputError, "no frames", model.estimate, labels_alone())


def test_the_smallest_frame_is_searched(model):
    joints, scores = model.estimate(np.zeros((5, 5, 3), np.uint8))
    assert joints.shape == (1, 13, 2) and np.isfinite(joints).all() and np.isfinite(scores).all()


@pytest.mark.parametrize(
    "change",
    [
        {"types": 0},
        {"size": 4},
        {"size": 37},
        {"cell": 2.5},
        {"seed": -1},
        {"scales": ()},
        {"scales": (0,)},
    ],
)
def test_settings_that_cannot_be_are_refused(change):
    refused(ValueError, next(iter(change)), lambda: Settings(**change))
