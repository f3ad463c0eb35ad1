"""The formats of predict, read by the field names that COCO and OpenPose publish, and by NumPy;
COCO's own library reads its format where it is installed.
"""

import contextlib
import io
import json

import motion
import numpy as np
import pytest

from tslib.skeletons import SKELETONS
from tslib.video.formats import FORMATS, Table

COCO, PENN = SKELETONS["coco17"].joints, SKELETONS["penn13"].joints
# https://github.com/CMU-Perceptual-Computing-Lab/openpose, doc/02_output.md
BODY_25 = (
    "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee "
    "LAnkle REye LEye REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel"
).split()


def person(joints, shift=0.0):
    """A pose that says which joint is which: joint k lies at (10 k, 10 k + 1)."""
    k = np.arange(len(joints))
    pose = np.stack([10.0 * k + shift, 10.0 * k + 1 + shift], -1)
    return pose, 0.5 + k / 100


def write(folder, kind, frames, joints=COCO, people=1):
    """Write frames, lists of people, as joints; returns the folder."""
    with FORMATS[kind](folder / "joints", Table(joints, people, "film", 25.0)) as write:
        for number, found in enumerate(frames):
            write(number, found)
    return folder


def test_coco_has_the_people_who_are_in_sight_in_its_order(tmp_path):
    reverse = COCO[::-1]
    write(tmp_path, "coco", [[person(reverse)], [None], [person(reverse, 3)]], reverse)
    results = json.loads((tmp_path / "joints.coco.json").read_text(encoding="utf-8"))
    assert [(r["image_id"], r["category_id"]) for r in results] == [(0, 1), (2, 1)]
    assert [set(r) for r in results] == [{"image_id", "category_id", "keypoints", "score"}] * 2
    for shift, result in zip((0, 3), results, strict=True):
        rows = np.reshape(result["keypoints"], (17, 3))
        pose, score = person(reverse, shift)
        np.testing.assert_allclose(rows[:, :2], pose[::-1])
        assert (rows[:, 2] == 2).all() and result["score"] == pytest.approx(score.mean())


def test_coco_writes_zeros_for_joints_that_the_detector_lacks(tmp_path):
    write(tmp_path, "coco", [[person(PENN)]], PENN)
    (result,) = json.loads((tmp_path / "joints.coco.json").read_text(encoding="utf-8"))
    rows = dict(zip(COCO, np.reshape(result["keypoints"], (17, 3)).tolist(), strict=True))
    assert rows["nose"] == rows["left_ear"] == [0, 0, 0]
    k = PENN.index("left_wrist")
    assert rows["left_wrist"] == [10 * k, 10 * k + 1, 2]


def test_coco_without_anybody_is_an_empty_list(tmp_path):
    write(tmp_path, "coco", [[None], [None]])
    assert json.loads((tmp_path / "joints.coco.json").read_text(encoding="utf-8")) == []


def test_cocos_own_library_finds_every_person(tmp_path):
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    truth = {"images": [{"id": 0}, {"id": 1}], "annotations": []}
    truth["categories"] = [{"id": 1, "name": "person", "keypoints": list(COCO), "skeleton": []}]
    for number in (0, 1):
        rows = np.column_stack([person(COCO, number)[0], np.full(17, 2)])
        truth["annotations"].append(
            {"id": number + 1, "image_id": number, "category_id": 1, "iscrowd": 0, "area": 9e4}
            | {"bbox": [0, 0, 300, 300], "num_keypoints": 17, "keypoints": rows.ravel().tolist()}
        )
    (tmp_path / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    write(tmp_path, "coco", [[person(COCO)], [person(COCO, 1)]])
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco.COCO(str(tmp_path / "truth.json"))
        found = known.loadRes(str(tmp_path / "joints.coco.json"))
        judged = evaluation.COCOeval(known, found, "keypoints")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    assert judged.stats[0] == pytest.approx(1)


def test_openpose_has_a_file_a_frame_in_the_order_of_body_25(tmp_path):
    write(tmp_path, "openpose", [[person(COCO)], [None]])
    files = sorted((tmp_path / "joints.openpose").iterdir())
    assert [f.name for f in files] == [f"film_{n:012d}_keypoints.json" for n in (0, 1)]
    one, none = (json.loads(f.read_text(encoding="utf-8")) for f in files)
    assert one["version"] == 1.3 and none["people"] == []
    (somebody,) = one["people"]
    assert somebody["person_id"] == [-1] and somebody["hand_left_keypoints_2d"] == []
    rows = dict(zip(BODY_25, np.reshape(somebody["pose_keypoints_2d"], (25, 3)), strict=True))
    pose, score = person(COCO)
    for ours, theirs in (("nose", "Nose"), ("left_wrist", "LWrist"), ("right_ankle", "RAnkle")):
        k = COCO.index(ours)
        np.testing.assert_allclose(rows[theirs], [*pose[k], score[k]])
    left, right = (COCO.index(f"{side}_hip") for side in ("left", "right"))
    middle = [*(pose[left] + pose[right]) / 2, min(score[left], score[right])]
    np.testing.assert_allclose(rows["MidHip"], middle)
    assert rows["Neck"].all()
    assert not any(rows[name].any() for name in BODY_25[-6:])


def test_openpose_writes_zeros_for_joints_that_the_detector_lacks(tmp_path):
    joints = ["left_wrist", "left_shoulder"]
    write(tmp_path, "openpose", [[person(joints, 5)]], joints)
    (file,) = (tmp_path / "joints.openpose").iterdir()
    (somebody,) = json.loads(file.read_text(encoding="utf-8"))["people"]
    rows = np.reshape(somebody["pose_keypoints_2d"], (25, 3))
    assert [BODY_25[k] for k in np.flatnonzero(rows.any(1))] == ["LShoulder", "LWrist"]


def test_npz_holds_arrays_with_nobody_as_nan(tmp_path):
    write(tmp_path, "npz", [[None], [person(PENN)], [person(PENN, 2)]], PENN)
    with np.load(tmp_path / "joints.npz") as found:
        assert set(found) == {"joints", "score", "names", "fps"}
        assert found["names"].tolist() == list(PENN) and found["fps"] == 25
        assert found["joints"].shape == (3, 13, 2) and found["score"].shape == (3, 13)
        assert np.isnan(found["joints"][0]).all() and not found["score"][0].any()
        np.testing.assert_allclose(found["joints"][2], person(PENN, 2)[0])
        np.testing.assert_allclose(found["score"][1], person(PENN)[1], atol=1e-6)


def test_several_people_carry_their_numbers(tmp_path):
    both, one = [person(PENN), person(PENN, 7)], [None, person(PENN, 8)]
    for kind in FORMATS:
        write(tmp_path, kind, [both, one], PENN, people=2)
    lines = (tmp_path / "joints.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "person,frame,joint,x,y,score" and len(lines) == 1 + 2 * 2 * 13
    assert lines[1].startswith("0,0,head,") and lines[-1].startswith("1,1,")
    results = json.loads((tmp_path / "joints.coco.json").read_text(encoding="utf-8"))
    assert [(r["image_id"], r["person"]) for r in results] == [(0, 0), (0, 1), (1, 1)]
    last = sorted((tmp_path / "joints.openpose").iterdir())[-1].read_text(encoding="utf-8")
    assert [p["person_id"] for p in json.loads(last)["people"]] == [[1]]
    with np.load(tmp_path / "joints.npz") as found:
        assert found["joints"].shape == (2, 2, 13, 2) and found["score"].shape == (2, 2, 13)
        assert np.isnan(found["joints"][1, 0]).all()
        np.testing.assert_allclose(found["joints"][1, 1], person(PENN, 8)[0])
    with pytest.raises(ValueError, match="keep the rows of one, and no column person"):
        motion.read_tracks(tmp_path / "joints.csv", PENN)
