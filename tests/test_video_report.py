"""The page beside the joints: what it says of a film, and that it asks nothing of the network."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from tslib.crop import Crop
from tslib.video.formats import Table
from tslib.video.report import Report
from tslib.video.tracking import Observation

JOINTS = ("nose", "left_wrist", "right_wrist")
CROP = Crop((50, 50), 1, (20, 40), body=40)


def page(folder, frames, lost=(), people=1, film="film", promised=0):
    """The text of a report on frames, lists of (scene, presence, joints, detector's own)."""
    report = Report(Table(JOINTS, people, film, 20.0))
    for t, frame in enumerate(frames):
        seen = [Observation(t, scene, CROP, None, presence=there) for scene, there, _, _ in frame]
        report.add(seen, [found for *_, found, _ in frame], [own for *_, own in frame])
    report.write(folder / "report.html", lost, promised)
    return (folder / "report.html").read_text(encoding="utf-8")


def still(scene=0, moved=0.0):
    """Somebody who stands, whose left wrist messages move by so many px."""
    own = np.array([[10.0, 20], [30, 40], [50, 60]])
    return scene, 1.0, (own + [[0, 0], [moved, 0], [0, 0]], np.ones(3)), (own, np.ones(3))


NOBODY = 0, 0.0, None, None


def words(text):
    """What a reader of a page sees, without tags and scripts."""
    text = re.sub("<(style|script)>.*?</(style|script)>", " ", text, flags=re.DOTALL)
    return " ".join(re.sub("<[^>]+>", " ", text).split())


def test_a_film_without_trouble(tmp_path):
    said = words(page(tmp_path, [[still()]] * 5))
    assert "The person was in sight in 5 of 5 frames." in said and "empty" not in said
    assert "In 0 of 5 frames messages moved a joint by more than a tenth" in said
    assert "We found no cut in the film." in said and "Every frame could be read." in said
    assert "nose, x, to the right, 10 to 10 px" in said
    assert "wrist, y, downwards, 40 to 60 px" in said


def test_trouble_is_said_with_what_to_do(tmp_path):
    """Moves are counted from a tenth of the body, which is 4 px here, and lead to their places."""
    moves = [0, 3.9, 4.1, 0, 12, 0]
    frames = [[NOBODY], *([still(int(t > 3), m)] for t, m in enumerate(moves))]
    text = page(tmp_path, [*frames, [NOBODY], [NOBODY]], lost=[7, 8])
    said = words(text)
    assert "The person was in sight in 6 of 9 frames. The other rows are empty" in said
    assert "In 2 of 9 frames messages moved" in said
    assert "frame 3, left wrist: 0.10 frame 5, left wrist: 0.30 and take the detector's" in said
    assert re.findall('data-time="([^"]+)"', text) == ["0.150", "0.250"]
    assert "The film is cut before frame 5. No message crosses" in said
    assert "We could not read frames 7, 8, where" in said and "copy or convert" in said


def test_frames_that_are_lost_are_no_fault_of_the_person(tmp_path):
    said = words(page(tmp_path, [[still()], [NOBODY], [still()]], lost=[1]))
    assert "in sight in 2 of 3 frames. In 0" in said and "could not read frame 1" in said


def test_a_film_that_breaks_off_is_not_called_whole(tmp_path):
    said = words(page(tmp_path, [[still()]] * 5, promised=9))
    assert "The film ended after 5 of about 9 frames, because" in said
    assert "Every frame" not in said and "could not read" not in said
    assert "We could not read frame 2" in words(page(tmp_path, [[still()]] * 5, [2], promised=9))


def test_lines_are_broken_where_nobody_is_in_sight(tmp_path):
    text = page(tmp_path, [[still()], [still()], [NOBODY], [still(1)], [still(1)]])
    nose = re.search("nose, x.*?</svg>", text, re.DOTALL)[0]
    assert re.findall('points="([^"]+)"', nose) == [
        "0,100.0 1,100.0 1,100.0",
        "3,100.0 4,100.0 4,100.0",
    ]
    assert '<line x1="2.5"' in nose


def test_each_person_has_plots(tmp_path):
    text = page(tmp_path, [[still(), NOBODY]] * 4, people=2)
    said = words(text)
    assert "Person 0 was in sight in 4 of 4 frames." in said
    assert "Person 1 was in sight in 0 of 4 frames." in said and "for each person" in said
    assert text.count("<svg") == 2 * (2 + 4)


@pytest.mark.parametrize("frames", [600, 5000])
def test_the_page_of_a_long_film_is_no_longer(tmp_path, frames):
    text = page(tmp_path, [[still(moved=8)]] * frames)
    assert len(text) < 60_000 and text.count("<button") == 10
    assert f"In {frames} of {frames} frames messages moved" in words(text)


def test_the_page_asks_nothing_of_the_network(tmp_path):
    text = page(tmp_path, [[still()]] * 3, film="<b>&film")
    found = []

    class Links(HTMLParser):
        def handle_starttag(self, tag, attributes):
            found.extend(value for key, value in attributes if key in ("src", "href"))

    Links().feed(text)
    assert sorted(found) == ["data:,", "overlay.webm"]
    assert "://" not in text and "url(" not in text and "@import" not in text
    assert "Joints of &lt;b&gt;&amp;film</h1>" in text
