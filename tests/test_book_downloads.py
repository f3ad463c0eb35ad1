"""A chapter that needs downloads runs where they can be had, and is left out elsewhere."""

import gates
import pytest
from tiny_book import add, add_chapter

from book import __main__ as book
from book import downloads
from tslib.errors import InputError

NEEDY = '# %% tags=["needs:films", "needs:detector"]\nprint("here")\n'


@pytest.fixture
def needy(copy):
    """A chapter of the tiny book that needs both downloads, without its notebook."""
    return add_chapter(copy, NEEDY, "02_films")


@pytest.fixture
def offline(monkeypatch):
    """Nothing is there, and nothing can be fetched."""

    def refused():
        raise InputError("the index cannot be reached.")

    things = dict.fromkeys(downloads.THINGS, lambda: (False, refused))
    monkeypatch.setattr(downloads, "THINGS", things)


def test_tags_say_what_a_chapter_needs(needy, copy):
    assert downloads.needed(needy) == ["detector", "films"]
    assert downloads.needed(copy / "01_count.py") == []


def test_a_tag_that_nobody_knows_is_an_error(needy):
    needy.write_text(NEEDY.replace("needs:films", "needs:gold"), encoding="utf-8")
    with pytest.raises(ValueError, match="needs gold, which nobody fetches"):
        downloads.needed(needy)


def test_what_is_there_is_not_fetched_and_what_is_missing_is(needy, monkeypatch):
    kept = {"detector"}
    things = {
        name: lambda name=name: (name in kept, lambda: kept.add(name)) for name in downloads.THINGS
    }
    monkeypatch.setattr(downloads, "THINGS", things)
    assert downloads.missing(needy) == (
        "02_films needs the films; run `python -m tslib download films` with a network."
    )
    assert downloads.fetched(needy) == "" and kept == {"detector", "films"}


def test_offline_the_chapter_is_left_out_and_keeps_its_outputs(needy, copy, offline, capsys):
    notebook = needy.with_suffix(".ipynb")
    notebook.write_text("as it was", encoding="utf-8")
    assert book.execute(copy, copy.parent / "work") == {}
    said = capsys.readouterr().out
    assert "02_films, 2 of 2, is not run: 02_films needs the detector and the films" in said
    assert "01_count took" in said
    assert not (copy.parent / "work" / "02_films.ipynb").exists()
    assert notebook.read_text(encoding="utf-8") == "as it was"


def test_offline_the_gate_of_outputs_leaves_it_out_in_a_sentence(needy, copy, offline):
    add(copy.parent)
    (sentence,) = gates.left_out(copy)
    assert sentence.startswith("02_films needs the detector and the films")
    assert gates.outputs(copy) == []


def test_the_set_up_says_what_it_could_not_fetch(offline):
    said = downloads.fetch(list(downloads.THINGS))
    assert said[1] == "The films could not be fetched: the index cannot be reached."
