"""What the pages of docs/ point to is there."""

import re
from pathlib import Path

import pytest

from book.files import sources
from experiments import claims_page

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


def _page(name):
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def _section(chapter, number):
    text = (ROOT / "chapters" / f"{chapter}.py").read_text(encoding="utf-8")
    text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
    start = text.index(f"## {number} ")
    following = re.search(r"^## ", text[start + 3 :], re.MULTILINE)
    return text[start : start + 3 + following.start()] if following else text[start:]
