"""What the pages say about the project is what is there."""

import hashlib
import importlib
import json
import re
import tomllib
from pathlib import Path

import pytest
from gates import chapters_of

from book import architecture, files, paper_map

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS_PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


def sentences(text):
    """The sentences of a page's running text: no code, tables, pictures, addresses or headings."""
    text = re.sub(r"```.*?```|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"^(\||#|!\[).*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\]\([^)]*\)|`[^`]*`", "x", text)
    parts = re.split(r"(?<=[.:;?!])\s+|\n\n|\n- ", text)
    return [part.split() for part in parts if len(part.split()) > 2]


def test_the_readme_is_short_and_its_sentences_are():
    assert len(README.splitlines()) <= 80
    lengths = sorted(len(words) for words in sentences(README))
    assert len(lengths) > 15 and lengths[int(0.9 * len(lengths))] <= 36


def test_the_readme_says_how_large_the_package_is():
    lines = sum(
        len(p.read_text(encoding="utf-8").splitlines()) for p in (ROOT / "tslib").rglob("*.py")
    )
    stated = int(re.search(r"`tslib` has ([\d,]+) lines", README)[1].replace(",", ""))
    assert lines <= 10_750 and stated == pytest.approx(lines, abs=100)


def core():
    """The files of the reading core, as `tslib/__init__.py` lists them in order."""
    text = (ROOT / "tslib" / "__init__.py").read_text(encoding="utf-8")
    return re.findall(r"^ {4}([\w/]+\.py)  ", text, re.MULTILINE)


def test_the_reading_core_is_twenty_files():
    files = core()
    assert len(files) == len(set(files)) == 20
    lines = [len((ROOT / "tslib" / f).read_text(encoding="utf-8").splitlines()) for f in files]
    assert sum(lines) <= 2100


def test_the_reading_core_can_be_read_in_order():
    """What a file of the core imports of tslib stands in a file before it. Two files that the core
    leaves out are tables of names and types; the stages of training also use the engine that runs
    them, and both layers leave it to the kernels to be fast."""
    graph = architecture.imports(ROOT)
    names = ["tslib." + f.removesuffix(".py").replace("/", ".") for f in core()]
    before = {"tslib.skeletons", "tslib.clip"}
    for name in names:
        needed = {other for other in graph[name] if not other.startswith("tslib.kernels")}
        if name == "tslib.training.stages":
            engine = ("tslib.training.", "tslib.slices", "tslib.networks")
            needed = {other for other in needed if not other.startswith(engine)}
        # a package's own file only hands on what its files define
        needed = {
            other for other in needed if other.rpartition(".")[0] != "tslib" or other in names
        }
        assert needed <= before, f"{name} needs {sorted(needed - before)}"
        before |= {name, name.rpartition(".")[0]}


def test_the_table_of_equations_is_that_of_the_paper_map():
    """`python -m book.paper_map` writes it."""
    assert paper_map.BEGIN + paper_map.table(ROOT) + paper_map.END in README


def test_every_chapter_is_in_the_table(chapters_folder):
    for chapter in chapters_of(chapters_folder):
        title = re.search(r"^# # \d+\. (.*)$", chapter.read_text(encoding="utf-8"), re.MULTILINE)[1]
        assert f"[{chapter.stem[:2]} {title}](chapters/{chapter.stem}.ipynb)" in README


def test_the_hours_are_the_sum_of_the_minutes():
    """Of all chapters but the optional one, which says so in its title."""
    rows = re.findall(r"^\| \[\d\d (.+?)\]\(.*\) \| .+ \| (\d+) \|$", README, re.MULTILINE)
    hours = sum(int(minutes) for title, minutes in rows if "Optional" not in title) / 60
    said = re.search(r"That is (\d+)( and a half)? hours", README)
    assert len(rows) == 12 and int(said[1]) + bool(said[2]) / 2 == hours


def test_files_that_pages_link_to_exist():
    pages = [p for p in files.listed(ROOT) if p.suffix == ".md"]
    assert len(pages) >= 10
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
    said = RESULTS_PAGE[RESULTS_PAGE.index("Attention gains") :]
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
    (line,) = re.findall(r"It has (.*) % within 10", " ".join(RESULTS_PAGE.split()))
    numbers = [float(n) for n in re.findall(r"\d+\.\d", line)]
    assert numbers == pytest.approx([row["mean"], *row["groups"], row["@10 px"]], abs=0.051)


def test_what_messages_are_worth_is_what_the_table_says():
    table = json.loads(
        (ROOT / "experiments" / "results" / "table1.json").read_text(encoding="utf-8")
    )
    gains = {(d["row"], d["other"]): d["@0.2"] for d in table["differences"]}
    said = " ".join(RESULTS_PAGE.split())
    space, time = re.search(
        r"messages add (\S+) points .*? over time add (\S+) more", said
    ).groups()
    for stated, pair in ((space, ("S-infer", "baseline")), (time, ("ST-infer", "S-infer"))):
        points, low, _ = gains[pair]
        assert float(stated) == pytest.approx(points, abs=0.051) and low > 0
    assert f"{table['clips']['test']} to test" in said and len(table["seeds"]) == 3


def test_every_old_command_has_its_new_name():
    """The changelog's table of commands, of which the new ones are there."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(python .+?)`.* \| `python -m (\w+) (.+?)`", text, re.MULTILINE)
    assert len(rows) >= 15
    from experiments.__main__ import COMMANDS

    known = {command.name for command in COMMANDS}
    for _, program, words in rows:
        if program == "experiments":
            assert " ".join(words.split()[:2]) in known or words.split()[0] in known, words


def test_the_rows_of_the_default_detector_are_those_that_are_stored():
    """docs/your-video.md has the table of results/real_clip_messages.json."""
    file = ROOT / "experiments" / "results" / "real_clip_messages.json"
    rows = json.loads(file.read_text(encoding="utf-8"))["default detector"]["rows"]
    page = (ROOT / "docs" / "your-video.md").read_text(encoding="utf-8")
    for name, numbers in rows["box of joints"].items():
        mask = rows["box of mask"][name]
        cells = [f"{n:.1f}" for n in numbers] + [" / ".join(f"{n:.1f}" for n in mask[:3])]
        assert f"| BlazePose: {name} | " + " | ".join(cells) + " |" in page, name


def test_all_pages_tell_of_one_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = version["version"]
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {version}, " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
