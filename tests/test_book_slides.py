"""Slides are made of what a chapter shows and says."""

import re
import shutil

import pytest
from tiny_book import ROOT, add, add_chapter

from book import slides
from book.__main__ import run

TEXT = """# %% [markdown]
# # 2. Draw
#
# What we draw.
#
# ## 2.1 A line & more
#
# A first thought.
#
# The line goes up, because *two* is more than `one`. $$x$$
#
# <details><summary>Answer</summary>
#
# Not to be seen.
#
# </details>

# %%
import matplotlib.pyplot as plt
from style import show

plt.plot([1, 2])
show('a line from "1" to 2')

# %% [markdown]
# Watch it move.
#
# ![a line that moves](../data/motion/line.webp)
#
# ![a line at rest](../data/motion/line.webp)
#
# ### Its best
#
# At $\\mu = 0 \\cdot a$ and $-q^*_{i}$ a line is at its best.
#
# ![a letter](../data/motion/line.webp)
#
# It costs:
#
# $$a$$
#
# where $a$ is the price.
#
# ![a price](../data/motion/line.webp)
"""


@pytest.fixture
def page(copy):
    """The slides of a chapter with a picture and a moving one."""
    add_chapter(copy, TEXT)
    motion = copy.parent / "data" / "motion"
    motion.mkdir(parents=True)
    shutil.copy(ROOT / "data" / "front.webp", motion / "line.webp")
    add(copy.parent)
    assert run(copy, copy.parent / "build") == {}
    add(copy.parent)
    folder = copy.parent / "build" / "slides"
    assert [p.name for p in slides.write(copy, folder)] == ["01_count.html", "02_draw.html"]
    assert (folder / "motion" / "line.webp").exists()
    return (folder / "02_draw.html").read_text(encoding="utf-8")


def test_a_slide_has_a_heading_a_picture_its_text_and_what_was_said(page):
    first, line, moving, *_ = re.findall(r"<section>(.*?)</section>", page, re.DOTALL)
    assert first == "<h1>2. Draw</h1>"
    assert line.startswith("<h1>2.1 A line &amp; more</h1>") and "data:image/png;base64," in line
    assert 'alt="a line from &quot;1&quot; to 2"' in line
    assert "<p>The line goes up, because two is more than one.</p>" in line
    assert 'src="motion/line.webp" alt="a line that moves"' in moving
    assert "<p>Watch it move.</p>" in moving and "Not to be seen" not in page


def test_a_picture_of_which_nothing_is_said_has_its_own_text(page):
    """Nothing, that is: what was said of the picture before, or half a sentence about a formula."""
    *_, rest, letter, price = re.findall(r"<section>.*?<p>(.*?)</p></section>", page)
    assert "<h1>2.1 A line &amp; more: Its best</h1>" in page
    assert (rest, price) == ("a line at rest", "a price")
    assert letter == "At μ = 0 · a and −q<sup>*</sup><sub>i</sub> a line is at its best."


def test_slides_ask_nobody_else_for_anything(page):
    assert not re.search(r"https?://|@import|<link", page)
