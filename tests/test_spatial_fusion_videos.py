"""Training on whole videos without boxes: how they are divided, what is learnt, two passes at the
end.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trees
from sentences import fails
from short_runs import bytes_of
from torch import nn

from experiments import estimates as folds
from experiments.__main__ import main as experiments
from experiments.clips import clips_in, still_box, with_box
from experiments.comparison import tallies_in_pixels
from experiments.poses import read_estimates
from experiments.spatial_fusion import (
    SMALL_FUSION,
    FusionConfig,
    SpatialFusionNetwork,
    load_videos,
    predict_twice,
    read_fusion_config,
)
from experiments.spatial_fusion.prediction import Mirrored, in_a_mirror
from experiments.spatial_fusion.videos import ReducedFrames, reduced
from tslib import checkpoint
from tslib.__main__ import main
from tslib.clip import Clip
from tslib.datasets import youtube_pose
from tslib.networks import ThinSlicingNetwork
from tslib.skeletons import SKELETONS
from tslib.slices import Slices, View, whole_frame
from tslib.training import stages
from tslib.training.config import from_tables
from tslib.training.evaluate import predict_clips
from tslib.training.loop import CHECKPOINT
from tslib.training.models import load_model, save_model

pytestmark = pytest.mark.usefixtures("one_thread")
ROOT = Path(__file__).parents[1]
YOUTUBE = SKELETONS["youtube7"]
TOML = """
skeleton = "youtube7"
row = "baseline"
flow = "none"
[network]
architecture = "small spatial fusion"
[view]
size = 48
angle = 20
scale = [0.8, 1.2]
flip = true
gain = 0.2
whole = 0.4
[pretrain]
steps = 4
batch = 3
sigma = 1.2
bfloat16 = true
"""


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """Twelve videos of three labelled frames; the second, of the Subset, has labels alone."""
    folder = tmp_path_factory.mktemp("youtube")
    return write(folder, [f"{n:02d}" for n in range(12)], bare=["01"])


def write(folder, names, bare=(), T=3):
    """YouTube Pose in a folder: joints well apart, frames of 64 x 48 px. Returns folder."""
    locs = np.stack([[10, 20, 50, 18, 52, 24, 44], [8, 40, 42, 30, 28, 18, 16]]).astype(float)
    content = trees.youtube(names, T=T, locs=np.repeat(locs[..., None], T, 2))
    trees.savemat(folder / youtube_pose.LABELS, content)
    for entry in content["data"][0]:
        for n in np.ravel(entry["frameids"]) if entry["videoname"] not in bare else ():
            file = folder / "GT_frames" / entry["videoname"] / f"frame_{n:06d}.jpg"
            trees.write_frame(file, int(n) // 40)
    return folder


@pytest.fixture(scope="session")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("toml") / "run.toml"
    file.write_text(TOML, encoding="utf-8")
    return file


# The videos


def names(clips):
    return [clip.name for clip in clips]


def test_every_ninth_video_is_to_test_where_the_subset_has_no_frames(root, path, tmp_path):
    learn, test = clips_in(root, read_fusion_config(path).skeleton)
    assert names(test) == ["09"]  # the ninth of those with frames
    assert names(learn) == [f"{n:02d}" for n in (0, *range(2, 9), 10, 11)]
    data = load_videos(root, read_fusion_config(path))
    assert names(data.validation) == ["11"] and names(data.train) == names(learn)[:-1]
    assert data.flow is None
    # Of the video to test no box is known.
    assert names(data.test) == ["09"] and np.isnan(data.test[0].box).all()
    learn, test = clips_in(write(tmp_path, ["b", "a", "c"]), "youtube7")
    assert (names(learn), names(test)) == (["b", "c"], ["a"])  # the Subset, where it has frames


def test_the_real_videos_of_the_subset_are_to_test(real_data):
    config = read_fusion_config(ROOT / "data" / "training" / "youtube.toml")
    learn, test = clips_in(real_data / "youtube_pose", config.skeleton)
    assert names(test) == [
        "AgswcvqogI0",
        "I2nX41KvnNY",
        "PNtWqDxwwMg",
        "Xukpu9Ls3As",
        "sLOlrDStS7o",
    ]
    assert len(learn) == 40 and names(learn + test) != sorted(names(learn + test))


def test_folders_that_cannot_be_used_are_refused(root, path, tmp_path):
    config = read_fusion_config(path)
    fails(
        "no Penn Action (labels/*.mat), JHMDB or YouTube Pose (YouTube_",
        load_videos,
        tmp_path,
        config,
    )
    fails(
        "have joints of youtube7, not of penn13",
        load_videos,
        root,
        replace(config, skeleton="penn13"),
    )
    fails("no exact flow, as rendered", load_videos, root, replace(config, flow="exact"))


def test_a_still_box_leaves_a_tenth_of_the_joints_out():
    """From a twentieth to nineteen twentieths of all joints, without those that are unknown."""
    grid = np.stack(np.meshgrid(np.arange(21.0), 10 * np.arange(21.0)), -1)  # (21, 21, 2)
    np.testing.assert_allclose(still_box(grid), [1, 10, 18, 180])
    grid = np.concatenate([grid, np.full((4, 21, 2), np.nan)])
    np.testing.assert_allclose(still_box(grid), [1, 10, 18, 180])
    assert still_box(np.ones((3, 7, 2))).tolist() == [1, 1, 1, 1]  # never flat


def clip_of(pictures, joints, **changes):
    T, size = len(pictures), pictures[0].shape[1::-1]
    visible, box = np.ones(joints.shape[:2], bool), np.full((T, 4), np.nan, np.float32)
    return replace(
        Clip("a", joints.astype(np.float32), visible, box, YOUTUBE, pictures, "", "train", size),
        **changes,
    )


def dotted(size, joints):
    """A picture (H, W, 3) that is black but for a small soft dot at each joint (K, 2) px."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    far = np.hypot(x - joints[:, 0, None, None], y - joints[:, 1, None, None]).min(0)
    return np.repeat((255 * np.exp(-((far / 4) ** 2)))[..., None], 3, -1).astype(np.uint8)


def middle_of(picture):
    """The middle of what is bright, (x, y) px."""
    light = picture[..., 0].astype(float)
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    return np.array([(light * x).sum(), (light * y).sum()]) / light.sum()


def test_reduced_clips_show_the_same():
    at = np.array([[123.0, 77.0]])
    clip = clip_of([dotted((301, 200), at)] * 2, np.tile(at, (2, 7, 1)))
    clip = with_box(clip, (100, 50, 80, 60))
    small = reduced(clip, 40)
    assert (
        small.size == (150, 100)
        and small.frames[1].shape == (100, 150, 3)
        and len(small.frames) == 2
    )
    np.testing.assert_allclose(middle_of(small.frames[0]), small.joints[0, 0], atol=0.1)
    np.testing.assert_allclose(small.box[0], [49.6, 24.75, 39.9, 30], atol=0.05)
    same = reduced(clip, 200)  # never larger
    assert same.size == clip.size and np.array_equal(same.joints, clip.joints)


def test_reduced_frames_are_read_once():
    class Counted(list):
        asked = 0

        def __getitem__(self, t):
            self.asked += 1
            return super().__getitem__(t)

    counted = Counted([np.zeros((20, 30, 3), np.uint8)] * 3)
    frames = ReducedFrames(counted, (15, 10))
    assert [f.shape for f in frames[0:2]] == [(10, 15, 3)] * 2 and len(frames[1:]) == 2
    for _ in range(3):
        frames[2]
    assert counted.asked == 3


# Slices


def test_a_still_view_holds_the_whole_frame():
    for size in ((90, 60), (60, 90)):
        pictures = [np.full((size[1], size[0], 3), 255, np.uint8)]
        corners = np.array([[0, 0], [size[0] - 1, size[1] - 1], *[[5, 5]] * 5], float)[None]
        clip = with_box(clip_of(pictures, corners), whole_frame(size))
        item = Slices([clip], View(45, 1), frames=1)[0, 0, 0]
        across, down = item["cells"][0, :2].T.numpy()
        other = 45 * min(size) / max(size)
        wide, narrow = (across, down) if size[0] > size[1] else (down, across)
        np.testing.assert_allclose(wide, [-0.25, 44.25], atol=1e-5)
        np.testing.assert_allclose(narrow, 22 + np.array([-1, 1]) * (other / 2 - 0.25), atol=1e-5)
        white = (item["images"][0, 0] > 0.9).numpy()
        assert white.mean() == pytest.approx(60 / 90, abs=0.03)


def test_a_share_of_slices_shows_the_whole_frame():
    clip = with_box(
        clip_of([np.zeros((60, 90, 3), np.uint8)], np.zeros((1, 7, 2))), (40, 30, 20, 20)
    )
    slices = Slices([clip], View(48, 4, whole=0.3), frames=1)
    scales = [float(slices[0, 0, seed]["matrix"][0, 0]) for seed in range(400)]
    assert {round(s, 3) for s in scales} == {0.533, 1.68}
    assert 0.23 < np.mean(np.less(scales, 1)) < 0.37
    still = Slices([clip], slices.view.still(), frames=1)
    assert {round(float(still[0, 0, seed]["matrix"][0, 0]), 3) for seed in range(40)} == {1.68}
    for key in ((0, 0, 3), (0, 0, 4)):  # the same item each time
        assert torch.equal(slices[key]["matrix"], slices[key]["matrix"])
        np.testing.assert_allclose(slices.labels(key)[0], slices[key]["cells"], rtol=1e-5)


def test_channels_become_brighter_and_darker():
    clip = with_box(
        clip_of([np.full((60, 90, 3), 100, np.uint8)], np.zeros((1, 7, 2))), (40, 30, 20, 20)
    )
    slices = Slices([clip], View(48, 4, gain=0.3), frames=1)
    gains = torch.stack([slices[0, 0, seed]["images"][0, :, 24, 24] for seed in range(200)]) / (
        100 / 255
    )
    assert 0.7 <= gains.min() < 0.72 and 1.28 < gains.max() <= 1.3 + 1e-5
    assert abs(np.corrcoef(gains.T.numpy())[0, 1]) < 0.3  # each channel its own
    bright = replace(clip, frames=[np.full((60, 90, 3), 250, np.uint8)])
    assert max(Slices([bright], slices.view, 1)[0, 0, s]["images"].max() for s in range(20)) <= 1


# Runs


def test_a_run_with_batch_normalisation_goes_on_as_the_same_run(root, path, tmp_path):
    """The means that it keeps are in step with the weights, and a resumed run has the same ones."""
    config = read_fusion_config(path)
    data = load_videos(root, config)

    class Stopped(Exception):
        pass

    def halt(folder, model, rows):
        if len(rows) == 3:
            raise Stopped

    whole = stages.pretrain(config, data.train, tmp_path / "whole", every=1)
    with pytest.raises(Stopped):
        stages.pretrain(config, data.train, tmp_path / "broken", every=1, board=halt)
    assert checkpoint.notes_and_tensors(tmp_path / "broken" / CHECKPOINT)[0]["step"] == 2
    stages.pretrain(config, data.train, tmp_path / "broken", every=1)
    assert bytes_of(tmp_path / "broken") == bytes_of(tmp_path / "whole")
    counts = {int(m.num_batches_tracked) for m in whole.modules() if isinstance(m, nn.BatchNorm2d)}
    assert counts == {4}  # one for each step, none for the checkpoints
    stages.pretrain(config, data.train, tmp_path / "rare", every=100)
    assert bytes_of(tmp_path / "rare") == bytes_of(tmp_path / "whole")


def test_a_cpu_computes_in_bfloat16_where_it_is_told(root, path, tmp_path):
    config = read_fusion_config(path)
    data, seen = load_videos(root, config), []

    def kind_of(module, inputs, output):
        seen.append(output.dtype)

    handle = nn.modules.module.register_module_forward_hook(
        lambda m, i, o: kind_of(m, i, o) if isinstance(m, nn.Conv2d) else None
    )
    try:
        for n, told in enumerate((True, False)):
            plan = replace(config, pretrain=replace(config.pretrain, bfloat16=told, steps=1))
            stages.pretrain(plan, data.train, tmp_path / str(n))
    finally:
        handle.remove()
    half = len(seen) // 2
    assert set(seen[:half]) == {torch.bfloat16} and set(seen[half:]) == {torch.float32}


def test_a_spatial_fusion_network_learns(root, path, tmp_path):
    tables = {"pretrain": {"steps": 40, "batch": 4, "sigma": 1.2, "rate": 4e-3}}
    config = read_fusion_config(path)
    config = replace(config, pretrain=from_tables(tables, "").pretrain, view=config.view.still())
    stages.pretrain(config, load_videos(root, config).train, tmp_path)
    loss = np.loadtxt(tmp_path / "log.csv", delimiter=",", skiprows=1)[:, 2]
    assert loss[-3:].mean() < 0.3 * loss[:3].mean()


class Bright(nn.Module):
    """A network that finds bright dots: every joint is where the picture is brightest."""

    joints = 7

    def forward(self, images):
        maps = nn.functional.avg_pool2d(images.mean(1, keepdim=True), 4)
        return [maps.expand(-1, 7, -1, -1)]


def test_a_second_pass_is_finer_than_the_first():
    """The first sees the whole frame, the second what lies around where joints were."""
    rng = np.random.default_rng(0)
    at = np.array([200.0, 90.0]) + rng.uniform(-25, 25, (12, 1, 2))
    pictures = [np.maximum(dotted((400, 220), a), 128) for a in at]  # as grey as what lies beyond
    clip = clip_of(pictures, np.tile(at, (1, 7, 1)))
    model = ThinSlicingNetwork(Bright())
    whole, boxed = (one for (one,) in predict_twice(model, [clip], View(80, 4)))
    assert whole.shape == boxed.shape == (12, 7, 2)
    off = [np.linalg.norm(p - clip.joints, axis=-1).mean() for p in (whole, boxed)]
    assert off[1] < 0.4 * off[0] < 8  # cells of 20 px, and of 7
    assert np.isnan(clip.box).all()
    other = with_box(clip, (0, 0, 3, 3))  # a box that is there is not looked at
    np.testing.assert_array_equal(predict_twice(model, [other], View(80, 4))[1][0], boxed)


def test_scores_in_a_mirror_swap_the_sides():
    """A network that is the same to both sides gives the same scores, any other gives others."""
    torch.manual_seed(0)
    images = torch.rand(1, 2, 3, 32, 32)
    net = SpatialFusionNetwork(7, SMALL_FUSION).eval()
    nn.init.normal_(net.last.weight)
    model = ThinSlicingNetwork(net)
    other = in_a_mirror(model, images, YOUTUBE)
    swapped = [0, 2, 1, 4, 3, 6, 5]  # the head, and pairs
    torch.testing.assert_close(other, model(images.flip(-1))[0].flip(-1)[:, :, swapped])
    bright = ThinSlicingNetwork(Bright())
    torch.testing.assert_close(in_a_mirror(bright, images, YOUTUBE), bright(images)[0])
    assert not torch.allclose(other, model(images)[0], rtol=1e-2)
    picture = np.uint8(255 * images[0, 0].movedim(0, -1).numpy())
    clip = with_box(clip_of([picture], np.zeros((1, 7, 2))), (5, 5, 20, 20))
    plain, both = (
        predict_clips(seen, [clip], View(32, 4), 1)[0] for seen in (model, Mirrored(model, YOUTUBE))
    )
    assert not np.array_equal(plain, both)


def test_tallies_in_pixels_count_what_lies_within_each_limit():
    clip = clip_of([np.zeros((9, 9, 3), np.uint8)] * 2, np.zeros((2, 7, 2)))
    clip.visible[1, 3] = False
    pose = np.zeros((2, 7, 2))
    pose[:, 2], pose[0, 5] = (6, 8), (10.01, 0)
    (counts,) = tallies_in_pixels([pose], [clip], (9.9, 10, 11))
    assert counts[:, 0].tolist() == [
        [2, 2, 0, 1, 2, 1, 2],
        [2, 2, 2, 1, 2, 1, 2],
        [2, 2, 2, 1, 2, 2, 2],
    ]
    assert counts[0, 1].tolist() == [2, 2, 2, 1, 2, 2, 2]


# Commands


def test_clips_without_boxes_are_evaluated_in_pixels(root, path, tmp_path, capsys):
    out = tmp_path / "out"
    given = ["--data", str(root), "--output", str(out), "--device", "cpu"]
    assert experiments(["estimate", str(path), *given, "--folds", "2"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:4] == ["Head", "Shou", "Elbo", "Wris"]
    names = "out of fold", "test, whole frame", "test"
    rows = [f"{what} @{d} px" for what in names for d in (10, 20, 40)]
    assert [line[: len(row)] for line, row in zip(table[1:], rows, strict=True)] == rows


def test_clips_without_boxes_are_refused_where_pck_is_asked_for(root, path, tmp_path, capsys):
    path = tmp_path / "run.toml"
    path.write_text(TOML.replace("small spatial fusion", "small"), encoding="utf-8")
    arguments = ["--config", str(path), "--data", str(root), "--output", str(tmp_path / "out")]
    assert experiments(["paper_a", "table1", *arguments]) == 2
    assert "holds no test clip with boxes, the measure of PCK." in capsys.readouterr().err
    config = read_fusion_config(path)
    save_model(tmp_path / "m.safetensors", stages.network(config), config, "baseline", 0)
    assert main(["evaluate", str(tmp_path / "m.safetensors"), "--data", str(root)]) == 2
    assert "holds no test clip with boxes, the measure of PCK." in capsys.readouterr().err


def test_train_says_where_the_recipe_belongs(root, tmp_path, capsys):
    recipe = ROOT / "data" / "training" / "youtube.toml"
    assert main(["train", str(recipe), "--data", str(root), "--output", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "recipes of other networks belong to `python -m experiments estimate`." in said


def test_estimates_are_out_of_fold_and_computed_once(root, path, tmp_path, capsys, monkeypatch):
    """Each video by a network that never saw it, and a second call computes nothing."""
    config, out = read_fusion_config(path), tmp_path / "out"
    seen, pretrain = {}, stages.pretrain

    def watched(config, clips, folder, **options):
        seen[folder.name] = set(names(clips))
        return pretrain(config, clips, folder, **options)

    monkeypatch.setattr(stages, "pretrain", watched)
    arguments = [
        "estimate",
        str(path),
        "--data",
        str(root),
        "--output",
        str(out),
        "--seed",
        "2",
        "--folds",
    ]
    assert experiments([*arguments, "3"]) == 0
    table = capsys.readouterr().out
    assert "out of fold @20 px" in table and "test @40 px" in table
    learn, test = clips_in(root, config.skeleton)
    everything = set(names(learn))
    assert set(seen) == {"fold0", "fold1", "fold2", "pretrain"}
    assert seen["pretrain"] == set(names(load_videos(root, config).train))
    held_out = [everything - seen[f"fold{n}"] for n in range(3)]
    assert set.union(*held_out) == everything and sum(map(len, held_out)) == len(everything)
    poses = list(read_estimates(out / folds.FILE, learn + test).values())
    for clip, pose in zip(learn + test, poses, strict=True):
        (run,) = [r for r in seen if (out / r / f"{clip.name}.npz").exists()]
        assert clip.name not in seen[run] and pose.shape == clip.joints.shape
        model, read, notes = load_model(
            out / f"{run if run != 'pretrain' else 'baseline'}.safetensors", FusionConfig
        )
        assert read == config and notes["seed"] == 2
        np.testing.assert_allclose(pose, predict_twice(model, [clip], config.view)[1][0], rtol=1e-4)
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*.npz") if p.name != folds.FILE}
    monkeypatch.setattr(folds, "predict_twice", None)
    (out / folds.FILE).unlink()
    assert experiments([*arguments, "3"]) == 0 and capsys.readouterr().out == table
    assert {p: p.stat().st_mtime_ns for p in before} == before
    for clip, pose in zip(learn + test, poses, strict=True):
        np.testing.assert_array_equal(read_estimates(out / folds.FILE, [clip])[clip.name], pose)
    assert experiments([*arguments, "4"]) == 2
    assert "is of a run with other clips" in capsys.readouterr().err
    assert experiments([*arguments, "40"]) == 2
    assert (
        "10 videos cannot make 40 folds; give a number from 2 to that." in capsys.readouterr().err
    )


def test_the_shipped_config_is_of_a_small_spatial_fusion_network():
    config = read_fusion_config(ROOT / "data" / "training" / "youtube.toml")
    assert (
        config.architecture == SMALL_FUSION
        and config.row == "baseline"
        and config.skeleton == "youtube7"
    )
    assert 0 < config.view.whole < 1 and config.view.size % 8 == 0
