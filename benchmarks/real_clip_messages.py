"""What messages do to a real detector's joints on a real clip: python benchmarks/real_clip_messages.py

Needs TSLIB_DATA, see data/README.md. Measured as in tests/test_real_clip.py; the table is stored in
benchmarks/results/real_clip_messages.json, which the book shows.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("", "tests")]

from test_real_clip import CLIP, numbers_of, observed, passed, springs_of, still, tracks, truth_of  # noqa: E402

from tslib.message_passing.layer import STIFFNESS  # noqa: E402


def main():
    if not os.environ.get("TSLIB_DATA"):
        sys.exit("TSLIB_DATA must name the folder with the clip; data/README.md says what is in it.")
    folder = Path(os.environ["TSLIB_DATA"])
    skeleton, seen = observed(folder)
    trunk, limbs = (springs_of(folder, skeleton, arms) for arms in (False, True))
    body = np.median([o.crop.body / o.crop.cell for o in seen])  # in cells
    even = [replace(s, stiffness=(STIFFNESS * body**2,) * 2) for s in limbs]
    rows = {
        "detector alone": tracks((o.crop, o.maps) for o in seen),
        "springs alone": passed(seen, trunk, reach=0),
        "springs alone, arms too": passed(seen, limbs, reach=0),
        "springs alone, all 0.01": passed(seen, even, reach=0),
        "temporal": passed(seen),
        "temporal, zero flow": passed(still(seen)),
        "temporal + springs": passed(seen, trunk),
        "temporal + springs, arms too": passed(seen, limbs),
        "temporal + springs, all 0.01": passed(seen, even),
    }
    truth = truth_of(folder)
    rows = {name: [round(n, 1) for n in numbers_of(j, skeleton, truth)] for name, j in rows.items()}
    for name, numbers in rows.items():
        print(f"{name:28}", *(f"{n:6.1f}" for n in numbers))
    columns = ["PCK@0.2", "PCK@0.1", "PCK@0.05", "jitter, px"]
    content = {"clip": CLIP, "frames": len(truth), "columns": columns, "rows": rows}
    file = Path(__file__).parent / "results" / "real_clip_messages.json"
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
