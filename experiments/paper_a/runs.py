"""The rows of Paper A on clips of one's own, each trained and evaluated when asked for.

Everything that was computed lies in one folder and is not computed again:

    seed0/pretrain/ ... seed0/ST-infer/            training runs (checkpoint, log)
    seed0/ST-infer.safetensors                     finished models, see models.py
    seed0/ST-infer.npz                             joints of the test clips, px

Of JHMDB there is such a folder for each split: split1/seed0/...
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from tslib.augment import known_boxes
from tslib.errors import InputError
from tslib.message_passing import MessagePassing, PoseGraph
from tslib.networks import ThinSlicingNetwork
from tslib.training import stages
from tslib.training.config import Config
from tslib.training.data import Data, load_data
from tslib.training.evaluate import frames_and_span, predict_clips
from tslib.training.models import save_model
from tslib.training.rows import FROZEN

from ..clips import is_jhmdb
from ..engine import Experiment

Change = Callable[[Any], nn.Module]


class Runs(Experiment):
    """The rows of Paper A's Table 1 and their controls, each trained and evaluated when asked for.

    folder : for what is computed; options : of `fit`, such as device
    """

    def __init__(self, config: Config, data: Data, folder: Path | str, **options: Any) -> None:
        super().__init__(data.test, folder)
        self.config, self.data, self.options = config, data, options

    def model(self, row: str, seed: int) -> Any:
        """The model of a row."""
        place, common = self.folder / f"seed{seed}", dict(seed=seed, **self.options)
        config, clips = self.config, self.data.train
        if row == "ST-infer(∗)":
            return ThinSlicingNetwork(self.model("ST-infer", seed).convnet)
        base = stages.pretrain(config, clips, place / "pretrain", **common)
        if row in ("S untrained", "ST untrained"):
            return stages.with_inference(config, base, clips, int("T" in row))
        if row == "longer, ST untrained":
            return stages.with_inference(config, self.model("longer", seed), clips, 1)
        name = "ST-infer" + FROZEN if row == "ST-infer(⋆)" else row
        model = stages.row(
            name, config, base, clips, place / FOLDERS[row], self.data.flow, **common
        )
        file = place / f"{FOLDERS[row]}.safetensors"
        if not file.exists():  # sweeps ask for a model again and again
            save_model(file, model, config, name, seed)
        return model

    def poses(
        self, row: str, seed: int, change: Change | None = None, label: str = "", **options: Any
    ) -> list[np.ndarray]:
        """Joints of the test clips by a row's model, a list of (T, K, 2) px.

        change : alters the model before, and label is its name in the file; options : of
            `predict_clips`, beside those that the row has
        """

        def predict() -> Sequence[np.ndarray]:
            model = self.model(row, seed)
            if change:
                model = change(model)
            _, span = frames_and_span(model)
            settings = dict(
                frames=self.config.joint.frames,
                flow=self.data.flow if span else None,
                span=max(span, 1),
                device=self.options.get("device", "cpu"),
            )
            return predict_clips(model, self.data.test, self.config.view, **settings | options)

        return self.kept(f"seed{seed}/{FOLDERS[row]}{label and ' ' + label}", predict)


FOLDERS = {
    "baseline": "pretrain",
    "longer": "longer",
    "S untrained": "S-untrained",
    "ST untrained": "ST-untrained",
    "longer, ST untrained": "longer-ST-untrained",
    "S-infer": "S-infer",
    "ST-infer": "ST-infer",
    "ST-infer(⋆)": "ST-frozen",
    "ST-infer(∗)": "ST-convnet",
    "ST-infer(2)": "ST-two-frames",
}


def altered(mirror: bool = True, **changes: Any) -> Change:
    """A function that gives a model messages with other settings; springs keep what they have
    learnt.

    mirror : whether left-right pairs are edges; changes : arguments of MessagePassing
    """

    def change(model: Any) -> nn.Module:
        old = model.inference
        skeleton, limbs, _, span = old.graph.recipe
        graph = PoseGraph.of(skeleton, old.graph.frames, limbs, mirror, span)
        names = ("iterations", "normalization", "exclude", "warp_once")
        settings = {name: getattr(old, name) for name in names}
        layer = MessagePassing(graph, **(settings | changes))
        kept = [old.graph.springs.index(name) for name in graph.springs]
        layer.load_state_dict({name: value[kept] for name, value in old.state_dict().items()})
        model.inference = layer
        return model

    return change


def started(runs: Runs, start: str) -> Change:
    """A function that gives a model untrained messages: rest offsets from the "data", or "zero"."""
    inference = replace(runs.config.inference, start=start)
    config = replace(runs.config, inference=inference)
    return lambda model: stages.with_inference(config, model, runs.data.train, 1)


def runs_in(
    root: Path | str,
    config: Config,
    output: Path | str,
    splits: Sequence[int] = (1,),
    sub: bool = False,
    **options: Any,
) -> list[Runs]:
    """The Runs on a folder of clips: a list of one, or of one for each of some splits of JHMDB.

    root : folder of clips, see data.load; output : folder for what is computed
    splits : of JHMDB; sub : whether of sub-JHMDB; options : of `fit`

    InputError where there is nothing to learn from, or to test.
    """
    if not is_jhmdb(root):
        return [Runs(config, _both(root, load_data(root, config)), output, **options)]
    return [
        Runs(
            config,
            _both(f"split {n} of {root}", load_data(root, config, split=n, sub=sub)),
            Path(output) / f"{'sub-' * sub}split{n}",
            **options,
        )
        for n in splits
    ]


def _both(where: Path | str, data: Data) -> Data:
    """The data, which must have clips of both kinds."""
    for kind, clips in (("training", data.train), ("test", data.test)):
        if not clips:
            raise InputError(f"{where} holds no {kind} clip.")
    if not any(known_boxes(clip.box).any() for clip in data.test):
        raise InputError(f"{where} holds no test clip with boxes, the measure of PCK.")
    return data
