"""Paper A's tables and figures on a data set of one's own: train what is missing, evaluate, compare.

Everything that was computed lies in one folder and is not computed again:

    seed0/pretrain/ ... seed0/ST-infer/            training runs (checkpoint, log)
    seed0/ST-infer.safetensors                     finished models
    seed0/ST-infer.npz                             joints of the test clips, px
"""

import io
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..files import write_whole
from ..message_passing import MessagePassing
from ..metrics import bootstrap, jitter, means
from ..networks import ThinSlicingNetwork
from ..paper_tables import PAPER_TABLES
from ..skeletons import SKELETONS
from ..slices import Estimated
from . import stages
from .claims import AT, Compared, judge, pooled
from .config import read_config
from .data import load
from .evaluate import predict_clips, reach_of, tallies
from .processes import device_of
from .rows import FROZEN

ALPHAS = np.arange(0, 51) / 100


class Runs:
    """The rows of Paper A's Table 1 and their controls, each trained and evaluated when asked for.

    config : Config; data : data.Data; folder : Path for what is computed; options : of `fit`, such as device
    """

    def __init__(self, config, data, folder, **options):
        self.config, self.data, self.folder, self.options = config, data, Path(folder), options

    def model(self, row, seed):
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
        return stages.row(name, config, base, clips, place / FOLDERS[row], self.data.flow, **common)

    def poses(self, row, seed, change=None, label="", **options):
        """Joints of the test clips by a row's model, a list of (T, K, 2) px.

        change : function that alters the model before, and label, its name in the file; options : of
        `predict_clips`, beside those that the row has
        """
        file = self.folder / f"seed{seed}" / f"{FOLDERS[row]}{label and ' ' + label}.npz"
        if file.exists():
            with np.load(file) as content:
                return [content[clip.name] for clip in self.data.test]
        model = self.model(row, seed)
        if change:
            model = change(model)
        _, span = reach_of(model)
        settings = dict(
            frames=self.config.joint.frames, flow=self.data.flow if span else None, span=max(span, 1),
            device=self.options.get("device", "cpu"),
        )  # fmt: skip
        poses = predict_clips(model, self.data.test, self.config.view, **settings | options)
        save_poses(file, self.data.test, poses)
        return poses

    def tallies(self, row, seed, **options):
        """What PCK counts at ALPHAS: int64 (N, A, 2, K)."""
        return tallies(self.poses(row, seed, **options), self.data.test, ALPHAS)


FOLDERS = {
    "baseline": "pretrain", "longer": "longer", "S untrained": "S-untrained", "ST untrained": "ST-untrained",
    "longer, ST untrained": "longer-ST-untrained", "S-infer": "S-infer", "ST-infer": "ST-infer",
    "ST-infer(⋆)": "ST-frozen", "ST-infer(∗)": "ST-convnet", "ST-infer(2)": "ST-two-frames",
}  # fmt: skip


PRINTED = {
    "baseline": "baseline", "S-infer": "S-infer", "ST-infer": "ST-infer",
    "ST-infer(⋆)": "ST-infer(⋆) ConvNet frozen", "ST-infer(∗)": "ST-infer(∗) ConvNet of joint model",
    "ST-infer(2)": "ST-infer(2) edges over 2 frames",
}  # fmt: skip


def save_poses(file, clips, poses):
    """Write joints of clips to an .npz file, whole or not at all."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **{c.name: p.astype(np.float32) for c, p in zip(clips, poses, strict=True)})
    write_whole(file, stream.getvalue())


def altered(**changes):
    """A function that copies a model's messages with other settings: arguments of MessagePassing."""

    def change(model):
        old = model.inference
        settings = dict(
            iterations=old.iterations, normalization=old.normalization, exclude=old.exclude,
            warp_once=old.warp_once,
        )  # fmt: skip
        layer = MessagePassing(old.graph, **(settings | changes))
        layer.load_state_dict(old.state_dict())
        model.inference = layer
        return model

    return change


def sweeps(runs, seeds):
    """What a change at test time does: {name: {value: per cent @0.2, mean of seeds}}."""
    skeleton = SKELETONS[runs.config.skeleton]

    def score(row, label, **options):
        rates = []
        for seed in seeds:
            counted = runs.tallies(row, seed, label=label, **options)[:, AT[0.2]].sum(0)
            rates.append(100 * float(means(counted, skeleton)["micro"]))
        return float(np.mean(rates))

    found = {
        "iterations": {
            n: score("ST-infer", f"iterations {n}", change=altered(iterations=n)) for n in range(7)
        },
        "normalization": {
            n: score("ST untrained", f"normalization {n}", change=altered(normalization=n))
            for n in ("degree", "mean", "none")
        },
        "frames": {n: score("ST-infer", f"frames {n}", frames=n) for n in (1, 3, 5, 7)},
    }
    found["flow"] = {runs.config.flow: score("ST-infer", "")} | {
        method: score("ST-infer", f"flow {method}", flow=partial(Estimated, method=method))
        for method in ("dis", "none")
        if method != runs.config.flow
    }
    return found


def table1(runs, seeds, with_sweeps=True):
    """Paper A's Table 1 with our rows: a dict that JSON can hold.

    rows : {row: {"groups": per cent of the report groups, "means": {name: per cent}, "by seed", "interval",
        "@0.1", "@0.05", "jitter" px, "hidden": per cent of the hidden joints in the picture}}
    paper : the printed rows; sweeps : see `sweeps`; claims : see `claims.judge`
    """
    skeleton = SKELETONS[runs.config.skeleton]
    results = {row: {seed: runs.tallies(row, seed) for seed in seeds} for row in FOLDERS}
    compared, rows = Compared(results, skeleton), {}
    for row, by_seed in results.items():
        total = pooled(by_seed)
        low, high = bootstrap(lambda t: means(t, skeleton)["micro"], total[:, AT[0.2]])
        poses = [pose for seed in seeds for pose in runs.poses(row, seed)]
        rows[row] = {
            "groups": compared.groups(row).tolist(),
            "means": {k: 100 * float(v) for k, v in means(total[:, AT[0.2]].sum(0), skeleton).items()},
            "by seed": compared.by_seed(row),
            "interval": [100 * float(low), 100 * float(high)],
            "@0.1": compared.rate(row, 0.1),
            "@0.05": compared.rate(row, 0.05),
            "jitter": float(np.nanmean([jitter(p) for p in poses])),
            "hidden": _hidden(runs, row, seeds),
        }
    swept = sweeps(runs, seeds) if with_sweeps else {}
    printed = PAPER_TABLES["A 1"]
    return {
        "seeds": list(seeds), "rows": rows,
        "clips": {"train": len(runs.data.train), "test": len(runs.data.test)},
        "paper": {row: printed.loc[name].tolist()[:8] for row, name in PRINTED.items()}, "sweeps": swept,
        "claims": [asdict(claim) for claim in judge(compared, swept)],
    }  # fmt: skip


def _hidden(runs, row, seeds):
    """PCK@0.2, per cent, of joints that are hidden and lie in the picture; None without any."""
    hits = counted = 0
    for seed in seeds:
        for pose, clip in zip(runs.poses(row, seed), runs.data.test, strict=True):
            inside = (clip.joints >= 0).all(-1) & (clip.joints <= np.array(clip.size) - 1).all(-1)
            asked = inside & ~clip.visible & (clip.size_of_person > 0)[:, None]
            near = np.linalg.norm(pose - clip.joints, axis=-1) <= 0.2 * clip.size_of_person[:, None]
            hits, counted = hits + (near & asked).sum(), counted + asked.sum()
    return 100 * float(hits / counted) if counted else None


def printable(result, skeleton):
    """The result of `table1` as Markdown: our rows beside the paper's, the sweeps, the claims."""
    names = [g[:4].capitalize() for g in skeleton.groups]
    lines = [
        "| row | " + " | ".join(names) + " | Mean | interval | seeds | @0.1 | @0.05 | jitter px | hidden |"
    ]
    lines.append("|---|" + "---|" * (len(names) + 7))
    for row, r in result["rows"].items():
        cells = [f"{v:.1f}" for v in r["groups"]] + [f"{r['means']['micro']:.1f}"]
        low, high = r["interval"]
        cells += [f"{low:.1f} to {high:.1f}", " ".join(f"{v:.1f}" for v in r["by seed"])]
        hidden = "" if r["hidden"] is None else f"{r['hidden']:.1f}"
        cells += [f"{r['@0.1']:.1f}", f"{r['@0.05']:.1f}", f"{r['jitter']:.1f}", hidden]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
        if row in result["paper"]:
            printed = " | ".join(f"{v:.1f}" for v in result["paper"][row])
            lines.append(f"| *the paper's, on Penn Action* | {printed} | | | | | | |")
    lines += ["", "| claim | | verdict | ours |", "|---|---|---|---|"]
    lines += [f"| {c['name']} | {c['claim']} | {c['verdict']} | {c['evidence']} |" for c in result["claims"]]
    for name, values in result["sweeps"].items():
        lines += ["", f"{name}: " + ", ".join(f"{k}: {v:.1f}" for k, v in values.items())]
    return "\n".join(lines)


def write(result, file):
    """Write a result to a JSON file, whole or not at all."""
    write_whole(file, (json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode())


def reproduce(what, config, root, output, seeds, device="auto", workers=0):
    """Train and evaluate all that a table needs and is not there yet; returns the table as Markdown.

    what : "table1"; config : path of a TOML file; root : folder of clips, see data.load
    output : path of the folder for runs, models and the table: table1.json and table1.md
    seeds : list of int

    InputError where something given cannot be used, or training fails.
    """
    config = read_config(config)
    data = load(root, config)
    if not data.test:
        raise InputError(f"{root} holds no test clip.")
    runs = Runs(config, data, output, device=device_of(device), workers=workers)
    result = TABLES[what](runs, seeds)
    text = printable(result, SKELETONS[config.skeleton])
    write(result, Path(output) / f"{what}.json")
    write_whole(Path(output) / f"{what}.md", f"{text}\n".encode())
    return text


TABLES = {"table1": table1}
