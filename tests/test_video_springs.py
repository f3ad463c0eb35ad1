"""Statistics of limbs, and the file that holds them."""

import numpy as np
import pytest

from tslib.crop import Crop
from tslib.errors import InputError
from tslib.skeletons import SKELETONS
from tslib.video.springs import (
    Spring,
    fit_springs,
    in_cells,
    load_springs,
    numbered,
    read_joints,
    save_springs,
)

PENN = SKELETONS["penn13"]


def poses(N=400):
    """Poses of many sizes whose left knee hangs 0.25 bodies below the left hip, give or take (0.02,
    0.05).
    """
    random = np.random.default_rng(0)
    one = random.random((N, 13, 2)) * [0.3, 0.1] + [0, 0.5]
    one[:, 0], one[:, 12] = (0.1, 0.0), (0.1, 1.0)  # head and an ankle: the body is 1 high
    one[:, 10] = one[:, 8] + [0, 0.25] + random.normal(0, 1, (N, 2)) * [0.02, 0.05]
    return one * random.uniform(10, 300, (N, 1, 1)) + random.normal(0, 100, (N, 1, 2))


def test_springs_are_mean_offsets_and_inverse_variances():
    springs = {s.joints: s for s in fit_springs(poses(), PENN)}
    spring = springs["left_hip", "left_knee"]
    np.testing.assert_allclose(spring.rest, (0, 0.25), atol=0.01)
    np.testing.assert_allclose(spring.stiffness, (0.1 / 2 / 0.02**2, 0.1 / 2 / 0.05**2), rtol=0.2)


def test_a_limb_that_never_changes_is_no_rod():
    """No limb is taken to be surer than a hundredth of the body."""
    springs = fit_springs(np.repeat(poses(1), 50, 0), PENN)
    assert springs and all(s.stiffness == pytest.approx((500, 500)) for s in springs)


def test_arms_and_crossings_are_left_out():
    assert not {
        j for s in fit_springs(poses(), PENN) for j in s.joints if "elbow" in j or "wrist" in j
    }
    assert len(fit_springs(poses(), PENN)) == 8 and len(fit_springs(poses(), PENN, arms=True)) == 12
    coco = SKELETONS["coco17"]
    crossing = {
        frozenset(s.joints) for s in fit_springs(np.random.default_rng(0).random((50, 17, 2)), coco)
    }
    assert frozenset(("left_hip", "right_hip")) not in crossing and len(crossing) == 10


def test_unseen_joints_do_not_count():
    many, visible = poses(), np.ones((400, 13), bool)
    many[:200, 10] += 1e6
    visible[:200, 10] = False
    spring = {s.joints: s for s in fit_springs(many, PENN, visible)}["left_hip", "left_knee"]
    np.testing.assert_allclose(spring.rest, (0, 0.25), atol=0.01)
    visible[:395, 10] = False
    assert ("left_hip", "left_knee") not in {s.joints for s in fit_springs(many, PENN, visible)}
    with pytest.raises(InputError, match="no limb of penn13"):
        fit_springs(many, PENN, np.zeros((400, 13), bool))
    with pytest.raises(InputError, match="no limb of penn13"):
        fit_springs(np.zeros((400, 13, 2)), PENN)
    with pytest.raises(ValueError, match="shape"):
        fit_springs(many[:, :5], PENN)


def test_springs_come_back_from_their_file(tmp_path):
    springs = fit_springs(poses(), PENN)
    save_springs(springs, tmp_path / "a.toml")
    for a, b in zip(load_springs(tmp_path / "a.toml"), springs, strict=True):
        assert a.joints == b.joints
        np.testing.assert_allclose(a.rest + a.stiffness, b.rest + b.stiffness, rtol=1e-5, atol=1e-9)


def test_springs_grow_with_the_body_on_the_heat_map():
    spring = Spring(("head", "left_knee"), (0.1, 0.5), (4.0, 8.0))
    crop = Crop((0, 0), 2.0, (24, 32), 40)  # 20 cells to a body
    sender, receiver, stiffness, rest = in_cells(numbered([spring], PENN), crop)
    assert sender.tolist() == [0, 10] and receiver.tolist() == [10, 0]
    np.testing.assert_allclose(rest, [(-2, -10), (2, 10)])
    np.testing.assert_allclose(stiffness, [(0.01, 0.02)] * 2)
    with pytest.raises(InputError, match="'head'.* none of the detector's joints"):
        numbered([spring], SKELETONS["coco17"])


def test_springs_turn_with_the_crop():
    """A rest offset stays where it is in the image; of the stiffness the window's two axes stay."""
    spring = numbered([Spring(("head", "left_knee"), (0.1, 0.5), (4.0, 8.0))], PENN)
    upright = Crop((0, 0), 2.0, (24, 32), 40)
    for angle, kept in ((np.pi / 2, (0.02, 0.01)), (np.pi / 4, (0.015, 0.015))):
        turned = Crop((0, 0), 2.0, (24, 32), 40, angle)
        _, _, stiffness, rest = in_cells(spring, turned)
        np.testing.assert_allclose(stiffness[1], kept, rtol=1e-5)
        offset = turned.to_image(rest[1]) - turned.to_image((0, 0))
        straight = upright.to_image((2, 10)) - upright.to_image((0, 0))
        np.testing.assert_allclose(offset, straight, atol=1e-4)


GOOD = '[[spring]]\njoints = ["left_hip", "left_knee"]\nrest = [0, 0.25]\nstiffness = [1, 2.5]\n'


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", r"must hold \[\[spring\]\]"),
        (GOOD + "[other]\n", r"must hold \[\[spring\]\]"),
        ("spring = [1]", "spring 1 .* must be a table with joints, rest, stiffness"),
        (GOOD + GOOD.replace("rest", "offset"), "spring 2 .* lacks the key 'rest'"),
        (GOOD + GOOD + "length = 1", "spring 2 .* has the unknown key 'length'"),
        (GOOD.replace('"left_hip", ', ""), "joints of spring 1"),
        (GOOD.replace("left_hip", "left_knee"), "joins 'left_knee' to itself"),
        (GOOD.replace("2.5", "0"), "stiffness of spring 1"),
        (GOOD.replace("2.5", "inf"), "stiffness of spring 1"),
        (GOOD.replace("0.25", '"a"'), "rest of spring 1 .* within 2 bodies"),
        (GOOD.replace("2.5", "2e6"), "stiffness of spring 1 .* from 1e-06 to 1e"),
        (GOOD.replace("2.5", "1e-7"), "stiffness of spring 1 .* from 1e-06 to 1e"),
        (GOOD.replace("0.25", "-2.1"), "rest of spring 1 .* within 2 bodies"),
        (GOOD.replace("0.25", "1" + 400 * "0"), "not valid TOML: .* more than 64 bits"),
        (GOOD.replace("0.25", "1" + 5000 * "0"), "not valid TOML"),
        (GOOD + "[[spring", "not valid TOML"),
    ],
)
def test_a_file_that_is_wrong_is_refused(tmp_path, text, word):
    path = tmp_path / "a.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=word):
        load_springs(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="there is no springs file"):
        load_springs(tmp_path / "a.toml")
    with pytest.raises(InputError, match="there is no joints file"):
        read_joints(tmp_path / "a.csv", PENN)
    with pytest.raises(InputError, match="no ordinary file"):
        load_springs(tmp_path)
    with pytest.raises(InputError, match="no ordinary file"):
        read_joints(tmp_path, PENN)


def test_saves_the_whole_file_or_nothing(tmp_path, monkeypatch):
    springs, path = fit_springs(poses(), PENN), tmp_path / "a.toml"
    with pytest.raises(InputError, match="cannot be written: there is no folder .*none"):
        save_springs(springs, tmp_path / "none" / "a.toml")
    with pytest.raises(InputError, match="is a folder"):
        save_springs(springs, tmp_path)
    path.write_text("precious", encoding="utf-8")
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr("os.replace", lambda *_: 1 / 0)
        save_springs(springs, path)
    assert path.read_text(encoding="utf-8") == "precious" and list(tmp_path.iterdir()) == [path]
    save_springs(springs, path)
    assert len(load_springs(path)) == 8 and list(tmp_path.iterdir()) == [path]


def test_joints_are_read_in_the_skeletons_order(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "frame,joint,x,y,score\n0,head,1,2,0.9\n0,left_hip,,,0\n0,tail,1,1,1\n7,head,3,4,0.1\n7,left_hip,5,6,1\n",
        encoding="utf-8",
    )
    found = read_joints(path, PENN)
    assert found.shape == (2, 13, 2)
    np.testing.assert_array_equal(
        found[:, [0, 8]], [[(1, 2), (np.nan,) * 2], [(np.nan,) * 2, (5, 6)]]
    )
    for text, word in (
        ("frame,joint,x,y,score\n0,head,1,two,1\n", "line 2"),
        ("frame,joint,x,y,score\n0,head,inf,2,1\n", "line 2 .* no number"),
        ("frame,joint,x,y,score\n0,head,1,2\n", "line 2 .* fewer values"),
        ("frame,joint,x,y,score\n0,head\n", "line 2 .* fewer values"),
        ("frame,joint,x,y,score\n0,head,1,5,2,5,0,9\n", "line 2 .* more values"),
        ("frame,joint,x,y,score\n0,head,1,2,1\n\n00,head,1,3,1\n", "line 4 .* a second time"),
        ("a,b\n1,2\n", "header"),
        ("", "header"),
        ("frame,joint,x,y,score\n", "header"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=word):
            read_joints(path, PENN)
    # Spreadsheets begin a file with a mark.
    path.write_text("\ufeffframe,joint,x,y,score\n0,head,1,2,1\n", encoding="utf-8")
    np.testing.assert_array_equal(read_joints(path, PENN)[0, 0], (1, 2))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        read_joints(path, PENN)
