"""What springs between joints are worth on real pictures: Leeds Sports Pose, extended.

    python -m experiments real leeds --output runs-leeds

Needs TSLIB_DATA, see data/README.md. A network that sees the whole body (data/training/body.toml)
learns from single pictures, cut out around the true joints. Behind it come springs between joints,
untrained and trained jointly (Eq. 6), against the ConvNet alone, trained for as many steps longer:
see pictures.py. Athletes turn over, so that mixtures and turned springs are tried as well. Rows are
measured on the test pictures, and other pictures choose one mixture among all. What is computed
stands in experiments/results/leeds.json at once and is not computed again.
"""

import argparse

from ..growing import GrowingResult
from ..records import RESULTS, folder
from .leeds_pictures import SKELETON, load
from .pictures import TURNED, UNTRAINED, Pictures, config, described, grow_rows

ANGLE = 40.0  # degrees, by which pictures are turned both ways in training
KINDS = {"": UNTRAINED, "turned springs, ": TURNED}


def run(options: argparse.Namespace) -> str:
    """Every row that experiments/results/leeds.json lacks. options : as of options.pictures"""
    plan, data = config(SKELETON, options.steps, ANGLE), load(folder() / "lsp")
    about = described(plan, UNTRAINED | TURNED) | {
        "pictures": {
            "train": len(data.train),
            "validation": len(data.validation),
            "test": len(data.test),
        },
        "joints": int(sum(clip.counted.sum() for clip in data.test)),
        "intervals": "95 %, over pictures, paired",
    }
    result = GrowingResult(RESULTS / "leeds.json", about)
    seeds = {s: Pictures(plan, data, options.output / f"seed{s}", s) for s in options.seeds}
    return grow_rows(result, seeds, SKELETON, KINDS)
