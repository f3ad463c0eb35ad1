"""The chapters for a course: students get no solutions, and where they solve all, all is green."""

import re

import gates
import jupytext
import pytest
from tiny_book import NOTEBOOK, SOURCE, change

from book import editions
from book.__main__ import run


@pytest.fixture(scope="module")
def written(chapters_folder, tmp_path_factory):
    """Both editions of this book, as folders."""
    place = tmp_path_factory.mktemp("editions")
    return {name: editions.write(chapters_folder, place / name, name) for name in editions.EDITIONS}


def texts(chapters, kind):
    """The texts of the chapters of one kind, by file name."""
    return {path.name: path.read_text(encoding="utf-8") for path in chapters.glob(f"[0-9]*.{kind}")}


@pytest.mark.parametrize("kind", ["py", "ipynb"])
def test_students_get_hints_and_no_solutions(kind, written, chapters_folder):
    """Nothing else is taken away: as many words are left as the solutions have not."""
    before, after = (
        texts(folder, kind) for folder in (chapters_folder, written["student"] / "chapters")
    )
    assert set(before) == set(after) and before
    for name in before:
        assert "<summary>Solution</summary>" in before[name]
        assert "<summary>Solution" not in after[name]
        for kept in ("<summary>Hint", "<summary>Answer"):
            assert before[name].count(kept) == after[name].count(kept)
        assert "tests of this" not in after[name]
        assert after[name].count("<details>") == after[name].count("</details>")
        assert before[name].count("exercise_") == after[name].count("exercise_")


def test_a_student_copy_can_stand_alone(written):
    folder = written["student"]
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# Human pose in video") and "**Machine.** Any laptop" in readme
    assert readme.count("](chapters/") == len(texts(folder / "chapters", "py"))
    there = {path.name for path in folder.iterdir()}
    assert {"tslib", "renderer", "experiments", "data", "book", "Makefile"} <= there
    assert "tests" not in there and ".git" not in there
    assert (folder / "chapters" / "style.py").exists()
    assert (folder / "chapters" / "exercises" / "chapter_00.py").exists()


def test_what_the_pages_of_a_student_copy_show_and_link_to_is_in_it(written):
    """Moving pictures, models, results and other pages, from where each page lies."""
    folder = written["student"]
    pages = [*folder.glob("*.md"), *folder.glob("*/*.md"), *folder.glob("chapters/[0-9]*.py")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for place in re.findall(r"\]\((?!https?:)([^)\s#]*/[^)\s#]*)", text):
            assert (page.parent / place).exists(), f"{page.name} names {place}"


@pytest.mark.parametrize("edition", editions.EDITIONS)
def test_both_files_of_a_pair_are_in_step(edition, written):
    assert gates.pairs(written[edition] / "chapters") == []


def test_solutions_put_into_the_stubs_are_right(written, monkeypatch):
    """All checkers are content, in every chapter; without what computes or draws."""
    monkeypatch.syspath_prepend(str(written["instructor"]))
    folder, lines = written["instructor"] / "chapters", []
    with gates.importable(folder):
        for chapter in gates.chapters_of(folder):
            namespace = {"__name__": "__main__"}
            for cell in gates.code_cells(jupytext.read(chapter)):
                tree = gates.syntax_tree(cell.source)
                if re.search(r"\bexercise_\d", cell.source):
                    lines += gates.printed_by(tree, namespace).splitlines()
                gates.define(tree, namespace)
    verdicts = [line for line in lines if line.startswith("Exercise ")]
    assert len(verdicts) >= 4 * len(texts(folder, "py"))
    assert all(re.fullmatch(r"Exercise [\d.]+: right\.", line) for line in verdicts), verdicts


def test_a_solved_copy_runs_green_and_leaves_the_tests_alone(copy, tmp_path):
    """A student's notebook, solved in the place of the stub, runs; the book it came from is as it
    was, and passes its gates."""
    before = {path: path.read_bytes() for path in copy.parent.rglob("*") if path.is_file()}
    student = editions.write(copy, tmp_path / "student", "student") / "chapters"
    assert "return double(x) + x" not in (student / SOURCE).read_text(encoding="utf-8")
    assert run(student, tmp_path / "work") == {}
    assert "1.1: not attempted." in (student / NOTEBOOK).read_text(encoding="utf-8")
    change(student / SOURCE, "raise NotImplementedError", "return double(x) + x")
    assert run(student, tmp_path / "work") == {}
    solved = editions.write(copy, tmp_path / "instructor", "instructor") / "chapters"
    assert run(solved, tmp_path / "solved") == {}
    for folder in (student, solved):
        assert "Exercise 1.1: right." in (folder / NOTEBOOK).read_text(encoding="utf-8")
    assert {path: path.read_bytes() for path in before} == before
    assert gates.exercises(copy, at_least=1) == []
