"""The playground computes what tslib computes, says of its experiments what comes out, and asks
nothing of any other machine.

Its JavaScript runs in Node, and in the page itself in a browser, where either is found.
"""

import html.parser
import json
import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from browsers import found_browser, in_browser
from tiny_book import ROOT, change

from book import pages
from tslib.distance_transform import distance_transform
from tslib.message_passing import MessagePassing, PoseGraph
from tslib.warp import warp

SOURCE = ROOT / "book" / "playground"
# `calls` is a list of [name, arguments], and the answer one result for each.
ANSWER = """
const functions = { ...playground, ...maxsum };
const answer = JSON.stringify(calls.map(([name, given]) => functions[name](...given)));
"""


# Where the JavaScript runs


def node(calls: list, tmp_path: Path) -> list:
    """What the two modules without a page answer in Node."""
    modules = "".join(
        f"require({json.dumps(str(SOURCE / name))});\n" for name in ("maxsum.js", "state.js")
    )
    script = tmp_path / "answer.js"
    text = f"{modules}const calls = {json.dumps(calls)};\n{ANSWER}console.log(answer);\n"
    script.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [shutil.which("node"), str(script)], capture_output=True, encoding="utf-8", check=True
    )
    return json.loads(done.stdout)


def browser(calls: list, tmp_path: Path) -> list:
    """What the built page answers in a browser, through window.playground."""
    return in_page(f"const calls = {json.dumps(calls)};\n{ANSWER}", tmp_path)


def in_page(script: str, tmp_path: Path) -> list:
    """What a script that sets `answer`, a JSON, says when it runs in the built page."""
    return in_browser(pages.playground(), script, tmp_path)


def asked_in(where: str, tmp_path_factory: pytest.TempPathFactory):
    """Calls functions of the page's JavaScript: ask((name, argument, ...), ...) -> results."""
    if where == "node" and not shutil.which("node"):
        pytest.skip("Node is not installed, so the playground's arithmetic is not run in it.")
    if where == "browser" and not found_browser():
        pytest.skip("No Chromium or Chrome starts here, so the playground is not run in a browser.")
    run = {"node": node, "browser": browser}[where]
    return lambda *calls: run(
        [[name, given] for name, *given in calls], tmp_path_factory.mktemp("playground")
    )


@pytest.fixture(scope="module", params=["node", "browser"])
def ask(request, tmp_path_factory):
    return asked_in(request.param, tmp_path_factory)


@pytest.fixture(scope="module")
def ask_one(tmp_path_factory):
    """The same in one of the two, for what does not depend on where it runs."""
    return asked_in("node" if shutil.which("node") else "browser", tmp_path_factory)


# Its arithmetic


def by_tslib(problem: dict) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """Scores (N, H, W) and messages (2E, H, W) of every round, by MessagePassing in float64."""
    H, W, T, K = (problem[name] for name in ("H", "W", "frames", "joints"))
    springs = tuple(str(e) for e in range(len(problem["edges"])))
    joints = tuple(str(k) for k in range(K))
    graph = PoseGraph(T, joints, problem["edges"], np.arange(len(springs)), springs)
    layer = MessagePassing(
        graph, problem["rounds"], problem["normalization"], exclude=problem["exclude"]
    ).double()
    with torch.no_grad():
        layer.log_stiffness.copy_(torch.tensor(problem["stiffness"], dtype=torch.float64).log())
        layer.rest.copy_(torch.tensor(problem["rest"], dtype=torch.float64))
    flows = problem["flows"] and {
        int(offset): torch.tensor(flow, dtype=torch.float64).view(1, T, H, W, 2)
        for offset, flow in problem["flows"].items()
    }
    unary = torch.tensor(problem["unary"], dtype=torch.float64).view(1, T, K, H, W)
    seen = []

    def watch(_, scores, messages):
        scores = scores.reshape(T * K, H, W).detach().numpy()
        seen.append((scores, None if messages is None else messages[0].detach().numpy()))

    layer(unary, flows, watch)
    return seen


def agree(problem: dict, answer: dict) -> None:
    H, W = problem["H"], problem["W"]
    expected = by_tslib(problem)
    assert len(answer["rounds"]) == len(expected) == problem["rounds"] + 1
    for now, (scores, messages) in zip(answer["rounds"], expected, strict=True):
        np.testing.assert_allclose(np.reshape(now["scores"], (-1, H, W)), scores, rtol=0, atol=1e-6)
        if messages is None:
            continue
        ours = np.reshape(now["messages"], (-1, H, W))
        np.testing.assert_allclose(ours, messages, rtol=0, atol=1e-6)


def random_problem(seed: int) -> dict:
    """Two joints in three frames, whole and broken rest offsets, flows that leave the map."""
    rng = np.random.default_rng(seed)
    H, W, T, K = 5, 7, 3, 2
    edges = [[0, 1], [2, 3], [4, 5], [0, 2], [2, 4], [1, 3], [5, 3]][: 7 - seed % 2]
    flows = {o: (3 * rng.standard_normal((T, H * W, 2))).tolist() for o in ("1", "-1")}
    return {
        "H": H,
        "W": W,
        "frames": T,
        "joints": K,
        "edges": edges,
        "stiffness": rng.uniform(0.01, 1, (len(edges), 2)).tolist(),
        "rest": rng.normal(0, 2, (len(edges), 2)).tolist(),
        "unary": rng.standard_normal((T * K, H * W)).tolist(),
        "rounds": 3,
        "normalization": ("none", "mean", "degree")[seed % 3],
        "exclude": seed % 2 == 0,
        "flows": flows if seed % 4 else None,
    }


def test_rounds_are_those_of_tslib(ask):
    problems = [random_problem(seed) for seed in range(12)]
    for problem, answer in zip(problems, ask(*(("run", p) for p in problems)), strict=True):
        agree(problem, answer)


def test_what_the_page_computes_of_a_state_is_what_tslib_computes(ask):
    """Every experiment with springs that pull, each way to normalise, loop open and closed."""
    (start, *states) = ask(("start",), *(("experiment", n) for n in (1, 2, 3, 5)))
    for n, normalization in enumerate(("none", "mean", "degree")):
        for own in ("out", "kept"):
            changed = {"normalization": normalization, "own": own, "loop": own == "out"}
            rest = [[1, -2], [3, 4], [-5, 0], [2, 2]]
            flow = start["flow"] | {"places": [[1.5, 2], [4.3, 7.2], [12, 0]], "pan": n == 1}
            flow["middle"] = ("clear", "wrong", "blurred")[n]
            states.append(start | changed | {"rest": rest, "flow": flow})
    calls = [(name, state) for state in states for name in ("problems", "compute")]
    answers = ask(*calls)
    for problems, results in zip(answers[::2], answers[1::2], strict=True):
        assert sorted(problems) == sorted(results) == ["along", "arm", "zero"]
        for name, problem in problems.items():
            agree(problem, results[name])


def test_the_message_and_its_source_are_those_of_tslib(ask):
    rng = np.random.default_rng(0)
    H, W = 6, 9
    maps, stiffness = rng.standard_normal((8, H, W)), rng.uniform(0.01, 1, (8, 2))
    rest = rng.normal(0, 3, (8, 2))
    maps[0] = 0  # ties go to the lowest sender
    calls = [
        ("distanceTransform", m.ravel().tolist(), H, W, a.tolist(), mu.tolist())
        for m, a, mu in zip(maps, stiffness, rest, strict=True)
    ]
    message, source = distance_transform(torch.from_numpy(maps), stiffness, rest, True)
    for one, m, s in zip(ask(*calls), message, source, strict=True):
        np.testing.assert_allclose(np.reshape(one["message"], (H, W)), m, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(np.reshape(one["source"], (H, W)), s)


def test_a_spring_of_the_wrong_sign_is_what_its_definition_says(ask):
    """tslib refuses it, so all senders are compared here."""
    rng = np.random.default_rng(1)
    H, W, (mx, my) = 5, 6, (1, -2)
    score = rng.standard_normal((H, W))
    y, x = np.mgrid[:H, :W].reshape(2, -1)
    stretch = (x - x[:, None] - mx) ** 2 + (y - y[:, None] - my) ** 2  # (receiver, sender)
    expected = (score.ravel() + 0.1 * stretch).max(1)
    (one,) = ask(("distanceTransform", score.ravel().tolist(), H, W, [-0.1, -0.1], [mx, my]))
    np.testing.assert_allclose(one["message"], expected, rtol=0, atol=1e-6)


def test_the_warp_is_that_of_tslib(ask):
    rng = np.random.default_rng(2)
    H, W = 5, 7
    score, flow = rng.standard_normal((H, W)), 4 * rng.standard_normal((H, W, 2))
    (carried,) = ask(("warp", score.ravel().tolist(), H, W, flow.reshape(-1, 2).tolist()))
    expected = warp(torch.from_numpy(score), torch.from_numpy(flow)).ravel()
    np.testing.assert_allclose(carried, expected, rtol=0, atol=1e-6)


# What its text says of the experiments


def best(maps: list, joint: int, W: int) -> list[int]:
    return list(np.unravel_index(np.argmax(maps[joint]), (len(maps[joint]) // W, W)))[::-1]


def test_experiment_1_the_hidden_wrist(ask_one):
    (state,) = ask_one(("experiment", 1))
    moved = json.loads(json.dumps(state))
    moved["rest"][2][0] -= 3
    stiff = state | {"strength": [-1, -1, 0, -1]}
    first, other, narrow = ask_one(*(("compute", s) for s in (state, moved, stiff)))
    scores = first["arm"]["rounds"][1]["scores"]
    assert not np.any(state["unary"][3]) and best(scores, 3, 12) == [9, 3]
    assert best(other["arm"]["rounds"][1]["scores"], 3, 12) == [6, 3]
    bright = [
        np.sum(np.array(one["arm"]["rounds"][1]["scores"][3]) > 0.5) for one in (first, narrow)
    ]
    assert bright[1] < bright[0]


def test_experiment_2_the_louder_peak(ask_one):
    (state,) = ask_one(("experiment", 2))
    below, above = (state | {"strength": [-1, -1, math.log10(a), -1]} for a in (0.0049, 0.00495))
    results = ask_one(*(("compute", s) for s in (state, below, above)))
    first, low, high = (one["arm"]["rounds"] for one in results)
    assert best(first[0]["scores"], 3, 12) == [3, 8] and best(first[1]["scores"], 3, 12) == [9, 3]
    assert best(low[1]["scores"], 3, 12) == [3, 8] and best(high[1]["scores"], 3, 12) == [9, 3]
    heights = [state["unary"][3][y * 12 + x] for x, y in ((3, 8), (9, 3))]
    assert heights == [1, 0.7]


def test_experiment_3_the_echo(ask_one):
    (kept,) = ask_one(("experiment", 3))
    out = kept | {"own": "out"}
    loop, degree = out | {"loop": True}, out | {"loop": True, "normalization": "degree"}
    curves = [
        [max(one["scores"][2]) for one in result["arm"]["rounds"]]
        for result in ask_one(*(("compute", s) for s in (kept, out, loop, degree)))
    ]
    assert kept["own"] == "kept" and not kept["loop"]
    assert round(curves[0][12], 9) == 377 and round(curves[2][12], 9) == 7
    np.testing.assert_allclose(curves[1], 1)
    assert max(curves[3]) <= 1


def test_experiment_4_the_flipped_sign(ask_one):
    (state,) = ask_one(("experiment", 4))
    flipped, back = (
        one["arm"]["rounds"]
        for one in ask_one(("compute", state), ("compute", state | {"flip": False}))
    )
    (pose,) = ask_one(("problems", state))
    for one in flipped[1:]:
        for joint in range(4):
            assert set(best(one["scores"], joint, 12)) <= {0, 11}
    assert [best(back[1]["scores"], k, 12) for k in range(4)] == [[4, 10], [4, 4], [7, 6], [9, 3]]
    assert min(map(min, pose["arm"]["stiffness"])) < 0


def test_experiment_5_the_three_frames(ask_one):
    """On the person with flow, off by the motion without; alike where nothing moves; one peak in a
    pan, two before a camera at rest."""
    (state,) = ask_one(("experiment", 5))
    together = state | {"flow": state["flow"] | {"places": [[7, 4]] * 3}}
    pan = state | {"flow": state["flow"] | {"pan": True}}
    far, near, panned = ask_one(*(("compute", s) for s in (state, together, pan)))
    before, middle, after = state["flow"]["places"]
    assert best(far["along"]["rounds"][1]["scores"], 1, 14) == middle
    assert best(far["zero"]["rounds"][1]["scores"], 1, 14) in (before, after)
    for way in ("along", "zero"):
        assert best(near[way]["rounds"][1]["scores"], 1, 14) == [7, 4]
    for result, copies in ((far, 2), (panned, 1)):
        message = result["along"]["directed"].index([0, 1])
        heard = result["along"]["rounds"][1]["heard"][message]
        assert sum(value == 1 for value in heard) == copies
    # Wherever the person of the middle frame is dragged.
    places = [[x / 2, y] for x in range(27) for y in (1, 3.5, 6)]
    dragged = [
        state | {"flow": state["flow"] | {"places": [before, place, after]}} for place in places
    ]
    problems = ask_one(*(("problems", one) for one in dragged))
    off = {}
    for way in ("along", "zero"):
        results = ask_one(*(("run", one[way]) for one in problems))
        found = [best(one["rounds"][1]["scores"], 1, 14) for one in results]
        off[way] = np.hypot(*np.subtract(found, places).T)
    motion = np.minimum(*(np.hypot(*np.subtract(places, near).T) for near in (before, after)))
    assert max(off["along"]) < 2.2 and np.median(off["along"]) < 0.75
    assert (off["zero"] >= motion - 1e-9).all() and max(off["zero"]) > 9


# The address


def test_an_address_restores_the_state(ask_one):
    states = ask_one(("start",), *(("experiment", n) for n in range(1, 6)))
    states[0] |= {"loop": True, "own": "kept", "normalization": "mean", "flip": True, "round": 7}
    states[0]["unary"][1] = [0.02 * (i % 51) for i in range(144)]
    states[0]["unary"][1] = [round(value, 2) for value in states[0]["unary"][1]]
    states[1]["flow"] |= {"places": [[0.5, 0], [13, 8], [2.2, 3]], "middle": "wrong", "pan": True}
    addresses = ask_one(*(("toAddress", s) for s in states))
    assert ask_one(*(("fromAddress", "#" + a) for a in addresses)) == states
    assert max(map(len, addresses)) < 1000
    named, fourth = ask_one(("fromAddress", "#experiment=4"), ("experiment", 4))
    assert named == fourth


def test_an_address_that_makes_no_sense_is_the_start(ask_one):
    (start,) = ask_one(("start",))
    wrong = (
        "#",
        "#experiment=9",
        "#u=abc.zz9_&a=1_2&m=x&r=99&s=a_b_c",
        "#f=1_2_nan",
        "#arm",
        "#%%%",
    )
    wrong += ("#a=0_9_0_0", "#a=0__0_0", "#u=-9999999999_")
    for text, state in zip(wrong, ask_one(*(("fromAddress", text) for text in wrong)), strict=True):
        state |= {"loop": False, "flip": False} if "s=a" in text else {}
        assert state == start, text


# The page in use


OPERATE = """
const text = (id) => document.getElementById(id).textContent;
const say = (element, kind, name, more = {}) =>
  element.dispatchEvent(new window[kind](name, { bubbles: true, cancelable: true, ...more }));
const redraw = () => playground.set(playground.get());
const grid = (label) => document.querySelector(`[aria-label="${label}"]`);
const press = (label, ...keys) => keys.forEach((key) =>
  say(grid(label).querySelector('[tabindex="0"]'), "KeyboardEvent", "keydown", { key }));
const seen = {};
seen.experiment = [...document.querySelectorAll("article")].filter((one) => !one.hidden).length;
seen.start = text("best");
seen.rings = document.querySelectorAll(".best").length;
document.getElementById("step").click();
redraw();
seen.stepped = text("best");
seen.stops = [...document.querySelectorAll("[role=grid]")].map(
  (one) => one.querySelectorAll('[tabindex="0"]').length);
press("Wrist, unary", "ArrowRight", "ArrowDown", "ArrowDown", "Enter");
redraw();
seen.painted = playground.get().unary[3][2 * 12 + 1];
press("Wrist, unary", "Delete");
redraw();
seen.erased = playground.get().unary[3][2 * 12 + 1];
grid("Wrist, message from elbow").querySelector('[tabindex="0"]').focus();
press("Wrist, message from elbow", "End", "PageDown");
seen.message = text("readout");
seen.won = [...grid("Elbow, belief").querySelectorAll(".cell")].findIndex(
  (one) => one.classList.contains("won"));
const arm = playground.compute(playground.get()).arm;
const sent = arm.directed.findIndex(([from, to]) => from === 2 && to === 3);
seen.source = arm.rounds[1].sources[sent][143];
const slider = document.getElementById("dx-2");
slider.value = 0;
say(slider, "Event", "input");
redraw();
seen.moved = text("best");
document.getElementById("loop").click();
document.getElementById("flip").click();
redraw();
seen.flipped = [playground.get().loop, playground.get().flip];
press("Elbow, unary", "ArrowRight");
say(document.querySelectorAll(".person")[1], "KeyboardEvent", "keydown", { key: "ArrowUp" });
redraw();
seen.person = playground.get().flow.places[1];
seen.verdict = text("along-verdict");
seen.values = [...document.querySelectorAll("input[type=range]")].filter(
  (one) => !one.getAttribute("aria-valuetext")).length;
const answer = JSON.stringify(seen);
"""


def test_the_page_is_operated_by_keys_and_buttons(tmp_path):
    if not found_browser():
        pytest.skip("No Chromium or Chrome starts here, so nobody can operate the page.")
    seen = in_page(OPERATE, tmp_path)
    # The first experiment is set up: all joints but the wrist have been seen.
    assert seen["experiment"] == 2 and "wristall cells alikeall cells alike0.00" in seen["start"]
    assert "wristall cells alikex 9, y 31.00" in seen["stepped"]
    assert seen["rings"] > 10 and set(seen["stops"]) == {1}
    assert seen["painted"] == 1 and seen["erased"] == 0
    assert seen["message"].startswith("Message from elbow to wrist at x 11, y 11: ")
    assert seen["won"] == seen["source"]
    # The rest offset goes two cells to the left, and the wrist with it.
    assert "x 7, y 3" in seen["moved"]
    assert seen["flipped"] == [True, True] and seen["person"] == [7, 2.5]
    assert "0.5 cells off" in seen["verdict"] and seen["values"] == 0


# The file


class Tags(html.parser.HTMLParser):
    """All tags of a page, each with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def page():
    return pages.playground()


def test_it_is_one_file_that_asks_for_nothing(page):
    tags = Tags(page).tags
    assert not [given for tag, given in tags if tag == "script" and "src" in given]
    assert not [tag for tag, _ in tags if tag in ("iframe", "img", "object", "embed", "base")]
    targets = {given[name] for _, given in tags for name in ("src", "href") if name in given}
    assert targets == {"data:,", "index.html", "#arm"}
    # One word with an address in it: the name of SVG, which nobody asks for.
    assert set(re.findall(r"https?://[^\s\"']+", page)) == {"http://www.w3.org/2000/svg"}
    asking = r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|EventSource|@import|url\("
    assert not re.search(asking + r"|\bimport\b\s*[({*\"']", page)
    assert "default-src 'none'" in page


def test_a_script_that_would_end_its_own_tag_is_refused(tmp_path):
    folder = shutil.copytree(SOURCE, tmp_path / "playground")
    change(folder / "state.js", '"use strict";', '"use strict";\nconst end = "</script>";')
    with pytest.raises(ValueError, match="state.js has a piece of HTML"):
        pages.playground(folder)


def test_ids_are_unique_and_every_control_has_its_label(page):
    tags = Tags(page).tags
    ids = [given["id"] for _, given in tags if "id" in given]
    assert len(ids) == len(set(ids))
    labelled = [given["for"] for tag, given in tags if tag == "label"]
    controls = [given["id"] for tag, given in tags if tag in ("input", "select", "textarea")]
    assert sorted(labelled) == sorted(controls)
    for tag, given in tags:
        named = given.get("aria-labelledby", given.get("for", given.get("href", "#arm")[1:]))
        assert tag in ("link", "a") or named in ids, given
    asked = set(re.findall(r'(?:byId|listen)\("([\w-]+)"', (SOURCE / "page.js").read_text("utf-8")))
    assert asked <= set(ids)
    assert [given.get("lang") for tag, given in tags if tag == "html"] == ["en"]


def test_headings_go_down_one_at_a_time(page):
    levels = [int(tag[1]) for tag, _ in Tags(page).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))


def test_the_front_page_and_the_side_bar_lead_to_it(tmp_path):
    readme = "# A book\n\nIt counts.\n\n```sh\nmake test\n```\n"
    assert 'href="playground.html"' in pages.front_page(readme, tmp_path)
    link = (ROOT / "book" / "templates" / "playground-link.html").read_text(encoding="utf-8")
    assert "playground.html" in link
