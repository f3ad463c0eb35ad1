"""What the pages say about the project is what is there."""

import hashlib
import importlib
import json
import re
import tomllib
from pathlib import Path

import pytest
from gates import chapters_of

from book import files

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_size_of_the_package():
    lines = sum(
        len(p.read_text(encoding="utf-8").splitlines()) for p in (ROOT / "tslib").rglob("*.py")
    )
    stated = int(re.search(r"package of about ([\d,]+) lines", README)[1].replace(",", ""))
    assert stated == pytest.approx(lines, rel=0.1)


def test_every_chapter_is_in_the_table(chapters_folder):
    for chapter in chapters_of(chapters_folder):
        title = re.search(r"^# # \d+\. (.*)$", chapter.read_text(encoding="utf-8"), re.MULTILINE)[1]
        assert f"[{chapter.stem[:2]} {title}](chapters/{chapter.stem}.ipynb)" in README


def test_files_that_pages_link_to_exist():
    pages = [p for p in files.listed(ROOT) if p.suffix == ".md" and p.parent.name != "book"]
    assert len(pages) >= 3
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_shipped_data_is_listed_with_its_checksum():
    data = ROOT / "data"
    table = (data / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| \[(.+?)\].*`([0-9a-f]+)` \|$", table, re.MULTILINE))
    shipped = {p.relative_to(data).as_posix(): p for p in files.listed(ROOT) if data in p.parents}
    assert set(listed) == set(shipped) - {"README.md"}
    for name, digest in listed.items():
        assert hashlib.sha256(shipped[name].read_bytes()).hexdigest() == digest, name


def test_every_pointer_of_the_paper_map_leads_somewhere(chapters_folder):
    """Its functions can be imported, its sections are headings, its tests are there."""
    papers = tomllib.loads((chapters_folder / "paper_map.toml").read_text(encoding="utf-8"))
    assert set(papers) == {"A", "B"}
    pointers = 0
    for row in (row for rows in papers.values() for row in rows.values()):
        assert row["what"] and set(row) <= {"what", "chapter", "code", "test"}
        assert ("code" in row) == ("test" in row), row
        if "code" in row:
            module, name = row["code"].rsplit(".", 1)
            assert hasattr(importlib.import_module(module), name), row
            file, test = row["test"].split("::")
            assert f"\ndef {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), row
        if "chapter" in row:
            number, heading = row["chapter"].split(" ", 1)
            (chapter,) = chapters_folder.glob(f"{number}_*.py")
            assert f"\n# ## {heading}\n" in chapter.read_text(encoding="utf-8"), row
        pointers += len(row) - 1
    assert pointers > 30


def test_the_paper_map_has_every_equation_table_and_figure(chapters_folder):
    papers = tomllib.loads((chapters_folder / "paper_map.toml").read_text(encoding="utf-8"))
    for paper, equations, tables in (("A", 6, ["1", "2", "3"]), ("B", 4, ["I", "II"])):
        expected = {f"Eq. {n}" for n in range(1, equations + 1)} | {
            f"Figure {n}" for n in range(1, 5)
        }
        assert expected | {f"Table {n}" for n in tables} <= set(papers[paper])


def test_what_correcting_is_worth_is_what_the_tables_say():
    """Numbers of two paragraphs, and that nothing gains on real videos."""
    rendered, youtube = (
        json.loads(
            (ROOT / "experiments" / "results" / f"tableI_{name}.json").read_text(encoding="utf-8")
        )
        for name in ("rendered", "youtube")
    )
    rendered, youtube = rendered["estimators"], youtube["estimators"]
    said = README[README.index("Is it worth it?") :]
    numbers = [float(n) for n in re.findall(r"[+-]\d+\.\d", said)[:6]]
    methods = ["attention"] * 3 + [part["over filter"]["filter"] for part in rendered.values()]
    points = [
        part["rows"][method]["change"]["points"]
        for part, method in zip(2 * list(rendered.values()), methods, strict=True)
    ]
    assert numbers == pytest.approx(points, abs=0.051)
    assert not any(
        row["change"]["gain"] for part in youtube.values() for row in part["rows"].values()
    )
    row = youtube["SFN"]["rows"]["identity"]
    (line,) = re.findall(r"held out it has (.*) % within 10", README)
    numbers = [float(n) for n in re.findall(r"\d+\.\d", line)]
    assert numbers == pytest.approx([row["mean"], *row["groups"], row["@10 px"]], abs=0.051)
