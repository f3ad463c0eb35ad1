"""Small data sets in the layouts of the real ones, made on the spot."""

import cv2
import numpy as np
from scipy.io import savemat

SIZE = 64, 48  # px of a frame


def frame(t):
    """A frame, uint8 (48, 64, 3) RGB: red grows to the right, green downwards, blue with time."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    return np.stack([4 * x, 4 * y, np.full_like(x, 20 * t)], -1).astype(np.uint8)


def write_frame(path, t):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), frame(t)[..., ::-1])


def pose(T, K):
    """Whole-numbered joints (T, K, 2) px from 1, inside the frame."""
    t, k = np.mgrid[:T, :K]
    return np.stack([10 + t + 2 * k, 12 + t + k], -1)


def one(module, root):
    """The only clip of a data set below root, and its notes."""
    (found,) = module.walk(root)
    assert found.clip, found.notes
    return found.clip, found.notes


def penn(T=5, **changes):
    """The variables of a Penn Action label file, whole numbers in uint8 and uint16 as MATLAB keeps
    them.
    """
    joints = pose(T, 13).astype(np.uint8)
    low, high = joints.min(1).astype(float), joints.max(1).astype(float)
    return {
        "action": "bowl",
        "pose": "front",
        "x": joints[..., 0],
        "y": joints[..., 1],
        "visibility": np.ones((T, 13), np.uint8),
        "train": np.array([[1]], np.int32),
        "bbox": np.concatenate([low - 2, high + 2], 1).astype(np.uint8),
        "dimensions": np.array([[SIZE[1], SIZE[0], T]], np.uint16),
        "nframes": np.array([[T]], np.uint8),
    } | changes


def write_penn(root, name="0001", frames=True, **changes):
    """labels/NAME.mat and its frames; changes are variables of the label file. Returns root."""
    content = penn(**changes)
    (root / "labels").mkdir(parents=True, exist_ok=True)
    savemat(root / "labels" / f"{name}.mat", content)
    for t in range(len(content["x"]) if frames else 0):
        write_frame(root / "frames" / name / f"{t + 1:06d}.jpg", t)
    return root


def jhmdb_masks(T=4):
    """Puppet masks (240, 320, T) uint8 around jhmdb_joints."""
    masks = np.zeros((240, 320, T), np.uint8)
    for t, joints in enumerate(jhmdb_joints(T).transpose(2, 1, 0).astype(int)):
        # One px less each, from 0.
        (left, top), (right, bottom) = joints.min(0) - 4, joints.max(0) + 2
        masks[top : bottom + 1, left : right + 1, t] = 1
    return masks


def jhmdb_joints(T=4):
    """Joints (2, 15, T) px from 1."""
    return (3.0 * pose(T, 15) + 20).transpose(2, 1, 0)


def write_jhmdb(
    root, action="brush_hair", clip="It's_(1)!_@+_a", T=4, frames=True, mask=True, **changes
):
    """One clip with its joints, mask and frames. Returns root."""
    place = root / "joint_positions" / action / clip
    place.mkdir(parents=True)
    savemat(
        place / "joint_positions.mat",
        {"pos_img": jhmdb_joints(T), "scale": np.ones((1, T))} | changes,
    )
    if mask:
        (root / "puppet_mask" / action / clip).mkdir(parents=True)
        savemat(
            root / "puppet_mask" / action / clip / "puppet_mask.mat", {"part_mask": jhmdb_masks(T)}
        )
    for t in range(T if frames else 0):
        path = root / "Rename_Images" / action / clip / f"{t + 1:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((240, 320, 3), 20 * t, np.uint8))
    return root


def write_split(root, lines, action="brush_hair", split=1, sub=False):
    """A split file of lines. Returns root."""
    folder = root / ("sub_splits" if sub else "splits")
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{action}_test_split_{split}.txt" if sub else f"{action}_test_split{split}.txt"
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def youtube(videos=("-ab", "cd&"), T=6, flag="isYouTubePoseSubset", **changes):
    """The variables of YouTube_Pose_dataset.mat; labels in no order, the second video of the
    Subset.
    """
    rng = np.random.default_rng(0)
    ids = [
        rng.permutation(40 * np.arange(1, T + 1) + n).astype(np.uint16) for n in range(len(videos))
    ]
    fields = [("videoname", "O"), ("locs", "O"), ("frameids", "O"), ("scale", "O"), (flag, "O")]
    data = np.zeros((1, len(videos)), fields)
    for n, name in enumerate(videos):
        locs = np.stack(
            [np.tile(ids[n] / 10.0, (7, 1)), np.tile(np.arange(7.0)[:, None] + 5, (1, T))]
        )
        entry = {
            "videoname": name,
            "locs": locs,
            "frameids": ids[n][None],
            "scale": 9.0,
            flag: n == 1,
        }
        for field, value in (entry | changes).items():
            data[0, n][field] = value
    return {"data": data}


def write_youtube(root, frames=True, **changes):
    """The label file, and frames of the first video. Returns root."""
    content = youtube(**changes)
    root.mkdir(parents=True, exist_ok=True)
    savemat(root / "YouTube_Pose_dataset.mat", content)
    first = content["data"][0, 0]
    for n in np.ravel(first["frameids"]) if frames else ():
        write_frame(root / "GT_frames" / first["videoname"] / f"frame_{n:06d}.jpg", int(n) // 40)
    return root


def write_cvit(root, T=3, layout="labels", frames=True, **changes):
    """Sequence "bowling" with labels.mat or joints.mat, as the layout says. Returns root."""
    points = pose(T, 14)
    content = {"ptsAll": points.transpose(1, 2, 0), "joints": points.transpose(2, 1, 0)}
    (root / "bowling").mkdir(parents=True)
    savemat(root / "bowling" / f"{layout}.mat", content | changes)
    for t in range(T if frames else 0):
        write_frame(root / "bowling" / f"im{t + 9}.jpg", t)  # im10 follows im9
    return root
