"""What is in data/models comes from the shipped configuration, and is as good as its table says."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from experiments.paper_a import body
from renderer import Settings, render_clip
from tslib.clip import Clip
from tslib.metrics import means
from tslib.skeletons import SKELETONS
from tslib.training.config import read_config
from tslib.training.data import Data
from tslib.training.evaluate import predict_clips, tallies
from tslib.training.models import load_model

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "data" / "models").glob("seed*/*.safetensors"))
PENN = SKELETONS["penn13"]
RESULT, BODY = (
    json.loads((ROOT / "experiments" / "results" / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("table1", "body")
)
ROWS = {"pretrain": "baseline", "ST-infer": "ST-infer"}
HOURGLASS = ROOT / "data" / "models" / "body" / "seed0" / "baseline.safetensors"


def stored(frame, quality):
    """A frame after it was written to a file and read again."""
    done, jpeg = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[..., ::-1]


@pytest.fixture(scope="module")
def filmed():
    """The hundred test clips that the README's command renders, and their flow by name."""
    settings, clips, flows = Settings(camera="poor"), [], {}
    for number in range(5, 501, 5):
        r = render_clip(0, number, settings)
        joints, box = np.float32(r.joints), np.float32(r.box)
        box[:, 2:] -= box[:, :2]
        name, frames = f"{number:04d}", [stored(frame, r.quality) for frame in r.frames]
        clips.append(
            Clip(name, joints, r.visible, box, PENN, frames, r.action, r.split, settings.size)
        )
        flows[name] = r.flow
    return clips, flows


def test_they_are_of_the_shipped_configuration():
    config = read_config(ROOT / "data" / "training" / "laptop.toml")
    assert len(FILES) == 6
    for file in FILES:
        _, of, notes = load_model(file)
        assert of == config and file.parent.name == f"seed{notes['seed']}"
        command = " ".join(notes["command"])
        assert command.startswith("__main__.py reproduce table1 --config data/training/laptop.toml")
        assert " --data data/rendered " in command
    assert RESULT["seeds"] == [0, 1, 2] and RESULT["clips"] == {"train": 360, "test": 100}


@pytest.mark.parametrize("name", ROWS)
def test_they_are_as_good_as_the_table_says(name, filmed):
    torch.set_num_threads(1)
    clips, flows = filmed
    model, config, notes = load_model(ROOT / "data" / "models" / "seed0" / f"{name}.safetensors")
    flow = (lambda clip: flows[clip.name]) if model.inference else None
    # The same slices for all rows.
    poses = predict_clips(model, clips, config.view, config.joint.frames, flow)
    found = 100 * float(means(tallies(poses, clips, [0.2]).sum(0)[0], PENN)["micro"])
    by_seed = RESULT["rows"][ROWS[name]]["by seed"]
    assert found == pytest.approx(by_seed[notes["seed"]], abs=0.1)


def test_the_network_that_sees_the_body_is_of_the_shipped_configuration():
    _, of, notes = load_model(HOURGLASS)
    assert of == read_config(body.CONFIG) and (notes["row"], notes["seed"]) == ("baseline", 0)
    assert " ".join(notes["command"]).startswith("__main__.py paper_a body --data data/large ")
    assert HOURGLASS.stat().st_size < 5e6


@pytest.mark.parametrize("messages", ["", "time"])
def test_the_network_that_sees_the_body_is_as_good_as_the_table_says(messages, filmed):
    """Alone, and with the messages over time that nobody trained."""
    torch.set_num_threads(1)
    clips, flows = filmed
    model, config, _ = load_model(HOURGLASS)
    row, flow = "baseline", None
    if messages:
        model = body.UNTRAINED[messages].behind(model, config, Data(clips, [], [], None))
        row, flow = f"baseline; {messages}", lambda clip: flows[clip.name]
    poses = predict_clips(model, clips, config.view, config.joint.frames, flow, 1, 4)
    counted = tallies(poses, clips, body.THRESHOLDS).sum(0)
    found = 100 * means(counted, PENN)["micro"]
    assert found == pytest.approx(BODY["parts"][f"seed 0: {row}"]["PCK"], abs=0.1)
