"""The numbers that the two papers print, to stand beside ours.

``PAPER_TABLES["A 1"]`` is a pandas frame: a row for each method under the paper's own name, the
report groups in per cent as columns, and the printed ``Mean``. ``Mean of`` says what that mean
averages, for the papers do not, and it is not the same in all rows: found by computing all of them
(tests/test_paper_tables.py).
"""

import pandas as pd

COLUMNS = {"A": "Head Shou Elbo Wris Hip Knee Ankl".split(), "B": "Head Wris Elbo Shou".split()}

_ROWS = {
    "A 1": """
    [19] N-best                        | 62.8 52.0 32.3 23.3 53.3 50.2 43.0 | 45.3 | 7 groups
    [36] action-specific parts         | 64.2 55.4 33.8 24.4 56.4 54.1 48.0 | 48.0 | 7 groups
    [12]                               | 89.1 86.4 73.9 73.0 85.3 79.9 80.3 | 81.1 | 7 groups
    [11] chained predictions           | 95.6 93.8 90.4 90.7 91.8 90.8 91.5 | 91.8 | 13 joints
    baseline                           | 97.9 94.9 76.8 72.0 95.9 88.8 85.1 | 87.0 | visible joints
    S-infer                            | 98.0 90.3 85.2 86.7 93.7 93.5 93.6 | 91.4 | visible joints
    ST-infer                           | 98.0 97.3 95.1 94.7 97.1 97.1 96.9 | 96.5 | visible joints
    ST-infer(⋆) ConvNet frozen         | 97.9 91.1 91.3 90.9 92.5 94.4 94.5 | 92.8 | visible joints
    ST-infer(∗) ConvNet of joint model | 97.9 89.7 84.4 86.5 93.4 93.7 93.8 | 91.0 | visible joints
    ST-infer(2) edges over 2 frames    | 97.6 96.8 95.2 95.1 97.0 96.8 96.9 | 96.4 | visible joints
    """,
    "A 2": """
    baseline @0.2 | 93.2 72.4 57.3 61.9 88.4 63.6 48.6 | 70.9 | 15 joints
    S-infer @0.2  | 93.6 85.1 72.9 70.1 87.2 66.2 52.2 | 76.5 | 15 joints
    ST-infer @0.2 | 93.6 94.7 84.8 80.2 87.7 68.8 55.2 | 81.6 | 15 joints
    baseline @0.1 | 86.2 50.2 42.9 47.4 61.4 43.4 34.1 | 54.5 | 15 joints
    S-infer @0.1  | 86.1 62.8 55.2 51.9 68.3 48.1 36.7 | 60.2 | 15 joints
    ST-infer @0.1 | 85.4 77.6 69.4 62.6 76.9 57.4 42.9 | 68.7 | 15 joints
    """,
    "A 3": """
    [19] N-best                | 79.0 60.3 28.7 16.0 74.8 59.2 49.3 | 52.5 | 7 groups
    [36] action-specific parts | 80.3 63.5 32.5 21.6 76.3 62.7 53.1 | 55.7 | 7 groups
    [12]                       | 90.3 76.9 59.3 55.0 85.9 76.4 73.0 | 73.8 | 7 groups
    baseline                   | 97.2 82.2 65.2 66.5 96.3 84.4 76.8 | 82.3 | 15 joints
    S-infer                    | 97.0 87.3 74.9 71.1 97.5 89.4 86.0 | 86.9 | 15 joints
    ST-infer                   | 97.1 95.7 87.5 81.6 98.0 92.7 89.8 | 92.1 | 15 joints
    """,
    "B I": """
    Pfister et al. [2] | 74.4 59.0 70.7 82.7 | 71.3 | 7 joints
    SFN [2]            | 79.2 58.4 71.1 82.4 | 71.9 | 7 joints
    SFN++              | 84.9 56.8 71.0 88.3 | 73.9 | 7 joints
    YR [1]             | 44.6 30.3 37.9 64.1 | 44.0 | unknown
    YR++               | 62.8 29.4 38.9 67.3 | 47.7 | 7 joints
    """,
    "B II": """
    SFN   | 20.7 46.7 38.9 55.7 | 43.2 | unknown
    SFN++ | 46.9 42.7 38.9 56.7 | 46.3 | unknown
    YR    | 78.9 43.9 49.8 73.0 | 59.1 | unknown
    YR++  | 78.6 44.0 51.2 74.3 | 59.8 | unknown
    """,
}


def _frame(name: str, text: str) -> pd.DataFrame:
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    frame = pd.DataFrame([map(float, row[1].split()) for row in rows], columns=COLUMNS[name[0]])
    frame["Mean"], frame["Mean of"] = [float(row[2]) for row in rows], [row[3] for row in rows]
    return frame.set_index(pd.Index([row[0] for row in rows]))


# A 1: Penn Action, PCK@0.2. A 2: JHMDB, three splits averaged, PCK@0.2 and @0.1 (marked (∗) there).
# A 3: sub-JHMDB, PCK@0.2. B I: the subset of YouTube Pose, B II: CVIT-Sports, both within 20 px.
# "visible joints" fits, but cannot be proved without the counts; no mean that was tried gives the
# "unknown".
PAPER_TABLES = {name: _frame(name, text) for name, text in _ROWS.items()}
