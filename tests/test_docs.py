"""What the pages of docs/ point to is there."""

import re
import shutil
from pathlib import Path

import jupytext
import pytest

from book import dependencies, pages
from book.files import numbered, sources
from experiments import claims_page
from experiments.paper_a.claims import CLAIMS as OF_A
from experiments.paper_b.claims import CLAIMS as OF_B

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def sections():
    """The sections of all chapters, as 3.4: their chapter's name."""
    return {
        number: source.stem
        for source in sources(ROOT / "chapters")
        for number in re.findall(
            r"^# ## (\d+\.\d+) ", source.read_text(encoding="utf-8"), re.MULTILINE
        )
    }


@pytest.mark.parametrize("page", sorted(p.name for p in DOCS.glob("*.md")))
def test_a_section_that_a_page_links_to_is_in_that_chapter(page, sections):
    text = (DOCS / page).read_text(encoding="utf-8")
    for number, chapter in re.findall(r"\[(\d+\.\d+)\]\(\.\./chapters/(\w+)\.ipynb\)", text):
        assert sections.get(number) == chapter, f"{page}: {number} is not in {chapter}"


def test_every_word_is_explained_in_a_section_that_uses_it(sections):
    rows = re.findall(
        r"^\| ([^|]+) \| [^|]* \| [^|]+ \| (\d+\.\d+) \|$", _page("words"), re.MULTILINE
    )
    assert len(rows) > 30
    for word, number in rows:
        assert number in sections, f"{word}: there is no section {number}"
        text = " ".join(_section(sections[number], number).lower().split())
        assert word.lower() in text, f"{word} is not in section {number}"


def test_the_page_of_claims_is_what_the_tables_say():
    """`python -m experiments claims_page` writes it."""
    assert claims_page.page() == _page("claims")
    for paper in ("A", "B"):
        assert f"## Paper {paper}" in claims_page.page()


def test_every_column_of_a_table_has_a_name():
    """Those who hear a page hear a cell's column, too. Chapters count with what they print."""
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.glob("*.md")]
    texts = [(page.name, page.read_text(encoding="utf-8")) for page in pages]
    for path in numbered(ROOT / "chapters", "ipynb"):
        for cell in jupytext.read(path).cells:
            shown = (o.get("data", {}).get("text/markdown", "") for o in cell.get("outputs", []))
            texts += [(path.name, text) for text in (cell.source, *shown)]
    heads = [
        (name, head)
        for name, text in texts
        for head in re.findall(r"^\|(.*)\|\n\|[-:| ]+\|$", text, re.MULTILINE)
    ]
    assert len(heads) > 50
    for name, head in heads:
        assert all(column.strip() for column in head.split("|")), f"{name}: {head}"


@pytest.mark.parametrize("paper, claims", [("A", OF_A), ("B", OF_B)])
def test_a_claim_with_evidence_of_its_own_has_no_verdict_under_a_table(paper, claims):
    """One measurement with one network is not told as if three had made it."""
    rows = re.findall(rf"^\| {paper}-C\d+ \|.*$", claims_page.page(), re.MULTILINE)
    assert len(rows) == len(claims) and any(claim.alone for claim in claims)
    for claim, row in zip(claims, rows, strict=True):
        name, _, *of_tables, elsewhere = (cell.strip() for cell in row.strip("|").split("|"))
        assert name == claim.name and len(of_tables) == len(claims_page.SOURCES[paper])
        assert bool(elsewhere) == bool(claim.alone) and any(of_tables) != bool(claim.alone)
        if claim.alone:
            assert f"- *{claim.alone}*: " in claims_page.page()


def test_every_package_has_a_reason_and_is_on_the_page():
    """`python -m book.dependencies` writes it; licences are those of the versions installed."""
    made, there = dependencies.page(ROOT), _page("dependencies")
    for line, stored in zip(made.splitlines(), there.splitlines(), strict=True):
        parts, known = line.split(" | "), stored.split(" | ")
        # Another version may word its licence in another way, and Triton need not be installed.
        assert parts[:2] == known[:2] and parts[3:] == known[3:]
    # Triton is not pinned, because torch for CUDA brings the one that it wants.
    without = [line.split(" | ")[0] for line in there.splitlines() if " |  | " in line]
    assert there.count("| ") > 30 and without == ["| triton"]


def test_a_package_without_a_reason_is_refused(tmp_path):
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    new = text.replace('    "tqdm>=', '    "leftpad>=1",\n    "tqdm>=')
    (tmp_path / "pyproject.toml").write_text(new, encoding="utf-8")
    (tmp_path / "constraints.txt").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="what leftpad is for"):
        dependencies.page(tmp_path)


def test_a_pin_that_has_moved_asks_for_its_advisories_again(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    (tmp_path / "constraints.txt").write_text(
        pins.replace("torch==2.13.0", "torch==2.13.1"), encoding="utf-8"
    )
    with pytest.raises(ValueError, match="no longer pins torch==2.13.0; look up its advisories"):
        dependencies.page(tmp_path)


def _page(name):
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def _section(chapter, number):
    text = (ROOT / "chapters" / f"{chapter}.py").read_text(encoding="utf-8")
    text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
    start = text.index(f"## {number} ")
    following = re.search(r"^## ", text[start + 3 :], re.MULTILINE)
    return text[start : start + 3 + following.start()] if following else text[start:]


def test_a_page_of_the_book_links_to_pages_alone():
    """A file of results may have a page's name, and what is no page is left as text."""
    chapters = ROOT / "chapters"
    assert pages.inside("[training.json](../experiments/results/training.json)", chapters) == (
        "*training.json*"
    )
    assert pages.inside("[t](training.md#a)", chapters) == "[t](training.md#a)"
    there = {f"{name}.md" for name in pages.DOCS} | {path.name for path in chapters.iterdir()}
    for name in pages.DOCS:
        text = pages.inside((DOCS / f"{name}.md").read_text(encoding="utf-8"), chapters)
        for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)", text):
            assert "://" in target or not (path := target.partition("#")[0]) or path in there, name
