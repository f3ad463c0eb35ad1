"""The page of all claims of both papers: what each says, and what our tables make of it.

    python -m experiments claims_page

writes docs/claims.md from the claims that the tables keep in experiments/results/.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tslib.files import write_whole

from .claims import FAILS, HOLDS, NOT_MEASURED, UNDECIDED, Claim, judge_again
from .paper_a.claims import CLAIMS as OF_A
from .paper_a.claims import LINEAR, NOTHING
from .paper_b.claims import CLAIMS as OF_B
from .records import RESULTS, ROOT
from .report import markdown

PAGE = ROOT / "docs" / "claims.md"
ELSEWHERE = "elsewhere"  # over the verdicts on what stands alone


@dataclass(frozen=True)
class Source:
    """A result that claims were judged by.

    short : over its column; conditions : in words, with {train}, {test} clips and {seeds}
    table : of the file, where it holds several
    """

    short: str
    file: str
    conditions: str
    table: str = ""

    def read(self) -> tuple[str, list[dict[str, Any]]]:
        """The conditions, and the claims as dicts of `claims.Judged`."""
        result = json.loads((RESULTS / f"{self.file}.json").read_text(encoding="utf-8"))
        result = result[self.table] if self.table else result
        if "claims" in result:
            claims, clips, seeds = result["claims"], result["clips"], len(result["seeds"])
        else:
            # A result that has grown part by part keeps the claims of as many seeds as it has.
            names = [name for name in result["parts"] if name.endswith(": claims")]
            last = max(names, key=len)
            about = result["about"]
            claims, clips = result["parts"][last], about.get("clips") or about["pictures"]
            seeds = len(last.partition("[")[2].partition("]")[0].split(","))
        if isinstance(clips, list):  # of splits, the first of which stands for all
            clips = clips[0]
        words = "one seed" if seeds == 1 else f"{seeds} seeds"
        # What stands alone may have been measured again since the table was made.
        return self.conditions.format(**clips, seeds=words), judge_again([*OF_A, *OF_B], claims)


SOURCES = {
    "A": (
        Source(
            "small net",
            "table1",
            "the network of 85,118 weights, rendered clips of the poor camera, {train} to learn "
            "from and {test} to test, {seeds}",
        ),
        Source(
            "small net, real motion",
            "table1_real_motion",
            "the same network, rendered figures that move as people in Penn Action do, {train} and "
            "{test} clips, {seeds}",
        ),
        Source(
            "small net, JHMDB's motion",
            "jhmdb_motion",
            "the same network, rendered figures that move as people in JHMDB do, {train} and "
            "{test} clips in the first of three splits, {seeds}",
            "table2",
        ),
        Source(
            "net that sees the body",
            "body",
            "the hourglass of 1.2 million weights, rendered clips of the poor camera, {train} and "
            "{test}, {seeds}; *longer, ST untrained* is here the ConvNet trained longer with "
            "untrained messages over two frames, which is the best control of equal compute",
        ),
        Source(
            "that net, athletes",
            "leeds",
            "the hourglass, {train} pictures of Leeds Sports to learn from and {test} to test, "
            "{seeds}; pictures say nothing of time",
        ),
        Source(
            "that net, upper bodies",
            "upper_bodies",
            "the hourglass, {train} frames of YouTube Pose to learn from in each of three folds "
            "and {test} to test in all, {seeds}; they are single pictures as well",
        ),
    ),
    "B": (
        Source(
            "rendered clips",
            "tableI_rendered",
            "estimates of {train} rendered clips to learn from and of {test} to test, {seeds}, by "
            "networks that were trained on other clips and by mixtures out of fold; the ConvNet "
            "stands for SFN",
        ),
        Source(
            "YouTube Pose",
            "tableI_youtube",
            "real videos, {train} to learn from, out of fold, and {test} that nobody has learnt "
            "from, {seeds}; SFN was trained here from nothing",
        ),
    ),
}
ABOUT = f"""# The claims of both papers, one by one

`python -m experiments claims_page` writes this page from the tables in `experiments/results/`. No
verdict is typed: each claim names the evidence that it needs, and a test of that evidence can say
no (`experiments/paper_a/claims.py`, `paper_b/claims.py`).

- **{HOLDS}**: the 95 % interval over clips lies on the side that the claim needs.
- **{FAILS}**: it lies on the other side.
- **{UNDECIDED}**: it contains both, or a part of the evidence has no interval, so more clips or
  seeds would have to say.
- **{NOT_MEASURED}**: what it would take is not here, and the text says what that is.

A claim that *nothing* is gained holds where the whole interval lies within {NOTHING:g} point of
zero, and a power is 1 within {LINEAR:g} of it.

A verdict is about our networks and our clips. Where the paper's number and ours differ, the sign
and the control are what is compared.
"""


def page() -> str:
    """The whole page, as Markdown."""
    parts = [ABOUT]
    for paper, claims in (("A", OF_A), ("B", OF_B)):
        parts += [f"## Paper {paper}", *_paper(SOURCES[paper], claims)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _paper(sources: Sequence[Source], claims: Sequence[Claim]) -> list[str]:
    read = [source.read() for source in sources]
    judged = [{one["name"]: one for one in found} for _, found in read]
    said = [
        f"- *{s.short}*: {conditions}" for s, (conditions, _) in zip(sources, read, strict=True)
    ]
    said += [f"- *{ELSEWHERE}*: evidence of its own, which the text under the table names"]
    head = ["claim", "what the paper says", *(s.short for s in sources), ELSEWHERE]
    table = markdown(head, [[c.name, c.text, *_verdicts(c, judged)] for c in claims])
    evidence = []
    for claim in claims:
        entries = [
            f"- *{source.short}*: {found[claim.name]['evidence']}."
            for source, found in zip(sources, judged, strict=True)
            if claim.name in found
        ]
        # What does not depend on a table is said once.
        texts = {entry.partition(": ")[2] for entry in entries}
        if len(texts) == 1:
            entries = [f"- *{claim.alone}*: {texts.pop()}" if claim.alone else f"- {texts.pop()}"]
        evidence += [f"**{claim.name}**, {claim.text}:", "\n".join(entries)]
    return ["\n".join(said), table, *evidence]


def _verdicts(claim: Claim, judged: Sequence[Mapping[str, dict]]) -> list[str]:
    """One for each source, and one for elsewhere: what a claim was not judged by says nothing."""
    verdicts = [found.get(claim.name, {}).get("verdict", "") for found in judged]
    return [*("" for _ in judged), verdicts[0]] if claim.alone else [*verdicts, ""]


def run(options: argparse.Namespace) -> str:
    """Write the page."""
    write_whole(PAGE, page().encode())
    return f"wrote {PAGE.relative_to(ROOT)}"
