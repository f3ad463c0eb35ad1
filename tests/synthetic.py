"""A stick figure whose joints have a colour each, and a detector without data that finds them."""

import weakref

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tslib.skeletons import SKELETONS
from tslib.video.joints_csv import JointsTable

SKELETON = SKELETONS["penn13"]
INPUT, GRID = (96, 128), (24, 32)
SIZE = 160, 120  # px of a frame
FPS = 20.0

_HALVES = np.stack(np.meshgrid(*[[0.0, 0.5, 1.0]] * 3), -1).reshape(-1, 3)
# RGB, 0.5 and more apart, none grey.
COLORS = _HALVES[np.ptp(_HALVES, axis=1) > 0][: len(SKELETON.joints)]

# Joints in px around the figure's middle, in the order of penn13; it faces us.
STANDING = np.array(
    [[0, -34], [-8, -24], [8, -24], [-14, -10], [14, -10], [-18, 2], [18, 2]]
    + [[-5, 2], [5, 2], [-7, 18], [7, 18], [-8, 34], [8, 34]],
    float,
)


def pose(t):
    """True joints (13, 2) px in frame t: walking to the right, arms and legs swinging."""
    swing = 2 * np.sin(0.35 * t) * np.array([0, 0, 0, 1, -1, 2, -2, 0, 0, 1, -1, 2, -2])
    return STANDING + [55 + 1.5 * t, 62] + np.stack([swing, np.zeros(13)], -1)


def frame(t, hidden=(), figure=True):
    """Frame t, uint8 (120, 160, 3) RGB: the figure over a background that pans to the left."""
    noise = np.random.default_rng(0).random((20, 100)).astype(np.float32)
    wide = cv2.resize(noise, (800, 160), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    background = wide[20:140, (2 * t) % 600 :][:, : SIZE[0]]
    picture = np.repeat((255 * (0.25 + 0.17 * background)).astype(np.uint8)[..., None], 3, -1)
    if figure:
        joints = pose(t)
        for a, b in SKELETON.edges:
            start, end = np.round(16 * joints[[a, b]]).astype(int).tolist()
            cv2.line(picture, start, end, (90, 90, 90), 2, cv2.LINE_AA, 4)
        for k, (x, y) in enumerate(np.round(16 * joints).astype(int)):
            if (t, k) not in hidden:
                color = (255 * COLORS[k]).tolist()
                cv2.circle(picture, (int(x), int(y)), 3 * 16, color, -1, cv2.LINE_AA, 4)
    return picture


def drawn(canvas, frame, result, detected, crop=None):
    """A frame as the overlay shows it: a picture of the canvas's size with one person's results."""
    picture = canvas.enlarge(frame)
    canvas.add(picture, result, detected, crop)
    return picture


def write_video(path, frames):
    """A lossless .avi of frames (uint8 RGB)."""
    writer = None
    for picture in frames:
        if writer is None:
            size = picture.shape[1], picture.shape[0]
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"FFV1"), FPS, size)
            assert writer.isOpened()
        writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def write_folder(path, frames):
    """A folder of images 1.png, 2.png, ..., 10.png, ..."""
    path.mkdir()
    for n, picture in enumerate(frames, 1):
        cv2.imwrite(str(path / f"{n}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return path


def write_network(path, colors=COLORS, size=INPUT, flat=False):
    """An ONNX network (1, 3, h, w) -> (1, K, h / 4, w / 4): how near each pixel is to each colour,
    averaged.

    flat: answer (1, K) instead, as a classifier would.
    """
    K, (w, h) = len(colors), size
    weights = {
        "w1": np.tile(np.concatenate([np.eye(3), -np.eye(3)]), (K, 1)).reshape(6 * K, 3, 1, 1),
        "b1": np.concatenate([[-c, c] for c in colors]).reshape(-1),
        "w2": np.kron(np.eye(K), np.full((1, 6), -2.5)).reshape(K, 6 * K, 1, 1),
        "b2": np.ones(K),
    }
    pool = dict(kernel_shape=[8, 8], strides=[4, 4], pads=[2, 2, 2, 2])
    nodes = [
        helper.make_node("Conv", ["image", "w1", "b1"], ["difference"], kernel_shape=[1, 1]),
        helper.make_node("Relu", ["difference"], ["distance"]),
        helper.make_node("Conv", ["distance", "w2", "b2"], ["nearness"], kernel_shape=[1, 1]),
        helper.make_node("Relu", ["nearness"], ["near"]),
        helper.make_node("AveragePool", ["near"], ["maps"], **pool),
    ]
    shape = [1, K, h // 4, w // 4]
    if flat:
        nodes[-1] = helper.make_node("GlobalAveragePool", ["near"], ["pooled"])
        nodes.append(helper.make_node("Flatten", ["pooled"], ["maps"]))
        shape = [1, K]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, h, w])],
        [helper.make_tensor_value_info("maps", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


CONFIG = """\
input = [96, 128]
channels = "rgb"
divide = 255
mean = [0, 0, 0]
std = [1, 1, 1]
skeleton = "penn13"
"""


def write_detector(folder, **changes):
    """toy.onnx and toy.toml in a folder; returns the path of the network. changes: see
    write_network.
    """
    (folder / "toy.toml").write_text(CONFIG, encoding="utf-8")
    return write_network(folder / "toy.onnx", **changes)


def read_tracks(path, joints):
    """The Tracks in a file that holds these joints and no others."""
    with JointsTable(path, joints) as table:
        return table.tracks(table.frames[0].item(), table.frames[-1].item())


def most_alive(stream, stage):
    """How many items of a stream are alive at once, at most, while stage(stream) is read to its
    end.
    """
    alive, most = 0, 0

    def gone():
        nonlocal alive
        alive -= 1

    def counted():
        nonlocal alive, most
        for item in stream:
            weakref.finalize(item, gone)
            alive, most = alive + 1, max(most, alive + 1)
            yield item
            del item

    for _ in stage(counted()):
        pass
    return most
