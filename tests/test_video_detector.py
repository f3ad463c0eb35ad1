"""The detector, its configuration, and the reading of joints off its maps."""

import subprocess

import numpy as np
import onnx
import pytest
import synthetic
from onnx import TensorProto, helper, numpy_helper

import tslib.video.network
from tslib.crop import Crop
from tslib.errors import InputError
from tslib.heatmaps import decode
from tslib.video.detector import HeatmapDetector


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Verdicts on networks are kept beside the test's files."""
    monkeypatch.setenv("TSLIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_finds_the_synthetic_joints(tmp_path):
    detector = HeatmapDetector(synthetic.write_detector(tmp_path))
    assert detector.grid == synthetic.GRID and detector.skeleton.joints == synthetic.SKELETON.joints
    for t in (0, 5, 11):
        truth = synthetic.pose(t)
        crop = Crop.around((*truth.min(0), *np.ptp(truth, axis=0)), detector.grid)
        maps = detector(synthetic.frame(t), crop)
        assert maps.shape == (13, 32, 24) and maps.dtype == np.float32
        cells, peaks = decode(maps)
        assert np.abs(crop.to_image(cells) - truth).max() < 2.5  # a cell is 3.3 px wide
        assert peaks.min() > 0.5


def test_channels_and_normalisation_are_those_of_the_configuration(tmp_path):
    """A network fed with BGR in other units finds the same joints if its configuration says so."""
    colors = 2 * synthetic.COLORS[:, ::-1] - 1
    model = synthetic.write_network(tmp_path / "a.onnx", colors)
    config = tmp_path / "other.toml"
    config.write_text(
        synthetic.CONFIG.replace("rgb", "bgr")
        .replace("[0, 0, 0]", "[0.5, 0.5, 0.5]")
        .replace("[1, 1, 1]", "[0.5, 0.5, 0.5]"),
        encoding="utf-8",
    )
    crop = Crop.around((40, 25, 45, 75), synthetic.GRID)
    same = HeatmapDetector(synthetic.write_detector(tmp_path))(synthetic.frame(3), crop)
    other = HeatmapDetector(model, config)(synthetic.frame(3), crop)
    assert np.array_equal(decode(other)[0].round(), decode(same)[0].round())


def test_joints_may_come_in_another_order(tmp_path):
    names = list(synthetic.SKELETON.joints)[::-1]
    model = synthetic.write_detector(tmp_path, colors=synthetic.COLORS[::-1])
    with open(tmp_path / "toy.toml", "a", encoding="utf-8") as file:
        file.write(f"joints = {names!r}\nperson_score = 0.4\n")
    detector = HeatmapDetector(model)
    assert detector.skeleton.joints == tuple(names) and len(detector.skeleton.limbs) == 12
    assert detector.person_score == 0.4


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('channels = "rgb"\n', "", "lacks the key 'channels'"),
        ("divide", "divided", "'divide'"),
        ("[96, 128]", "[96, 128]\nsigma = 2", "unknown key 'sigma'"),
        ("[96, 128]", "[96.5, 128]", "input .* must be"),
        ("[96, 128]", "[128, 96]", r"takes 96x128 pixels, but .* input = \[128, 96\]"),
        ('"rgb"', '"grey"', "channels .* must be"),
        ("255", "0", "divide .* must be"),
        ("255", "1e-300", "divide .* must be"),
        ("255", "1" + 400 * "0", "not valid TOML: .* more than 64 bits"),
        ("255", "1" + 5000 * "0", "not valid TOML"),
        ("[96, 128]", "[9600, 12800]", "input .* up to 4096"),
        ("[0, 0, 0]", "[0, 0]", "mean .* must be"),
        ("[0, 0, 0]", '["0", 0, 0]', "mean .* must be"),
        ("[1, 1, 1]", "[1, 0, 1]", "std .* must be"),
        ("penn13", "coco17", "13 heat-maps, but .* 17 joints"),
        ("penn13", "coco18", "skeleton .* must be one of"),
        ('"penn13"', '"penn13"\njoints = ["head"]', "13 heat-maps, but .* 1 joint"),
        ('"penn13"', '"penn13"\njoints = ["nose"]', "different joints of penn13"),
        ('"penn13"', '"penn13"\njoints = ["head", "head"]', "different joints of penn13"),
        ('"penn13"', '"penn13"\njoints = [["head"]]', "different joints of penn13"),
        ('"penn13"', '"penn13"\nperson_score = true', "person_score"),
        ("input", "input input", "not valid TOML"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(tmp_path, old, new, word):
    model = synthetic.write_detector(tmp_path)
    config = tmp_path / "toy.toml"
    assert old in config.read_text(encoding="utf-8")
    config.write_text(config.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=word) as error:
        HeatmapDetector(model)
    assert "\n" not in str(error.value) and str(error.value).endswith(".")


def test_a_network_that_is_no_detector_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"with shape \(1, 13\)"):
        HeatmapDetector(synthetic.write_detector(tmp_path, flat=True))


@pytest.mark.parametrize("value", [np.nan, np.inf, -3e38])
def test_a_network_that_gives_no_numbers_is_named(tmp_path, value):
    model = synthetic.write_detector(tmp_path)
    network = onnx.load(model)
    network.graph.initializer.append(onnx.numpy_helper.from_array(np.float32([value]), "value"))
    network.graph.node.append(onnx.helper.make_node("Add", ["maps", "value"], ["sum"]))
    network.graph.output[0].name = "sum"
    onnx.save(network, model)
    with pytest.raises(InputError, match="toy.onnx gives NaN or infinity; check .*toy.toml"):
        HeatmapDetector(model)(synthetic.frame(0), Crop.around((40, 25, 45, 75), synthetic.GRID))


def test_maps_outlive_the_next_call(tmp_path):
    detector = HeatmapDetector(synthetic.write_detector(tmp_path))
    crop = Crop.around((40, 25, 45, 75), detector.grid)
    maps = detector(synthetic.frame(0), crop)
    before = maps.copy()
    detector(np.zeros_like(synthetic.frame(0)), crop)
    assert np.array_equal(maps, before)


def any_size(network):
    """The network without a word on the size of its input."""
    for dimension, name in zip(
        network.graph.input[0].type.tensor_type.shape.dim[2:], "hw", strict=True
    ):
        dimension.dim_param = name
    return network


def test_a_network_for_any_size_must_keep_the_proportions(tmp_path):
    model = synthetic.write_detector(tmp_path)
    onnx.save(any_size(onnx.load(model)), model)
    config = tmp_path / "toy.toml"
    config.write_text(
        config.read_text(encoding="utf-8").replace("[96, 128]", "[48, 64]"), encoding="utf-8"
    )
    assert HeatmapDetector(model).grid == (12, 16)
    config.write_text(
        config.read_text(encoding="utf-8").replace("[48, 64]", "[48, 66]"), encoding="utf-8"
    )
    with pytest.raises(InputError, match="in the proportions of the input"):
        HeatmapDetector(model)


def test_a_network_that_runs_on_one_size_only_is_held_to_it(tmp_path):
    model = synthetic.write_detector(tmp_path)
    network = any_size(onnx.load(model))
    network.graph.initializer.append(
        onnx.numpy_helper.from_array(np.array([1, 13, 32, 24]), "shape")
    )
    network.graph.node.append(onnx.helper.make_node("Reshape", ["maps", "shape"], ["same"]))
    network.graph.output[0].name = "same"
    onnx.save(network, model)
    assert HeatmapDetector(model).grid == (24, 32)
    config = tmp_path / "toy.toml"
    config.write_text(
        config.read_text(encoding="utf-8").replace("[96, 128]", "[48, 64]"), encoding="utf-8"
    )
    with pytest.raises(InputError, match="does not run on 48x64 pixels"):
        HeatmapDetector(model)


def test_files_that_are_not_there_or_broken_are_named(tmp_path):
    model = synthetic.write_detector(tmp_path)
    with pytest.raises(InputError, match="there is no detector .*none.onnx"):
        HeatmapDetector(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="there is no .*none.toml, which says"):
        HeatmapDetector(model, tmp_path / "none.toml")
    for folder in (tmp_path, "."):
        with pytest.raises(InputError, match="no ordinary file"):
            HeatmapDetector(folder)
    with pytest.raises(InputError, match="no ordinary file"):
        HeatmapDetector(model, tmp_path)
    model.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="cannot be read as an ONNX network"):
        HeatmapDetector(model)


def rebuilt(tmp_path, change, settings=""):
    """toy.onnx after a change of its model, and toy.toml with more settings."""
    path = synthetic.write_detector(tmp_path)
    model = onnx.load(path)
    change(model.graph)
    onnx.save(model, path)
    with open(tmp_path / "toy.toml", "a", encoding="utf-8") as file:
        file.write(settings)
    return path


def with_output(graph, name, node, shape):
    """Add a node and its output to a graph."""
    graph.node.append(node)
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def constant(graph, name, value):
    """Add an output that is always the same."""
    graph.initializer.append(numpy_helper.from_array(np.float32(value), f"{name}_value"))
    with_output(graph, name, helper.make_node("Identity", [f"{name}_value"], [name]), value.shape)


def early(graph):
    """A second output of the same shape, half as high."""
    graph.initializer.append(numpy_helper.from_array(np.float32(0.5), "half"))
    with_output(
        graph, "early", helper.make_node("Mul", ["maps", "half"], ["early"]), (1, 13, 32, 24)
    )


AROUND = Crop.around((40, 25, 45, 75), synthetic.GRID)


def test_one_of_several_outputs_has_to_be_named(tmp_path):
    model = rebuilt(tmp_path, early)
    several = r"maps \(1, 13, 32, 24\), early \(1, 13, 32, 24\); say which by output = .early. in"
    with pytest.raises(InputError, match=several):
        HeatmapDetector(model)
    maps = {}
    for name in ("maps", "early"):
        (tmp_path / "toy.toml").write_text(
            synthetic.CONFIG + f'output = "{name}"\n', encoding="utf-8"
        )
        maps[name] = HeatmapDetector(model)(synthetic.frame(0), AROUND)
    np.testing.assert_allclose(maps["early"], maps["maps"] / 2, rtol=1e-6)
    (tmp_path / "toy.toml").write_text(synthetic.CONFIG + 'output = "late"\n', encoding="utf-8")
    with pytest.raises(
        InputError, match="outputs maps, early, and no 'late', which .*toy.toml names"
    ):
        HeatmapDetector(model)


def test_logits_become_heat_maps(tmp_path):
    def logits(graph):
        graph.initializer.append(numpy_helper.from_array(np.float32(1000), "steep"))
        graph.node.append(helper.make_node("Mul", ["maps", "steep"], ["logits"]))
        graph.output[0].name = "logits"

    plain = HeatmapDetector(synthetic.write_detector(tmp_path))(synthetic.frame(0), AROUND)
    model = rebuilt(tmp_path, logits, 'activation = "sigmoid"\n')
    with np.errstate(all="raise"):  # clipped, so that no exponential overflows
        maps = HeatmapDetector(model)(synthetic.frame(0), AROUND)
    np.testing.assert_allclose(maps, 1 / (1 + np.exp(-np.minimum(1000.0 * plain, 50))), rtol=1e-3)


def test_some_of_the_maps_may_be_the_joints(tmp_path):
    order = [12, 0, 5]
    settings = f'maps = {order}\njoints = ["right_ankle", "head", "left_wrist"]\n'
    all_maps = HeatmapDetector(synthetic.write_detector(tmp_path))(synthetic.frame(0), AROUND)
    detector = HeatmapDetector(rebuilt(tmp_path, lambda graph: None, settings))
    np.testing.assert_array_equal(detector(synthetic.frame(0), AROUND), all_maps[order])
    (tmp_path / "toy.toml").write_text(
        synthetic.CONFIG + f"maps = {[*range(12), 13]}\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="has 13 heat-maps, but .* names 13 joints for other maps"):
        HeatmapDetector(tmp_path / "toy.onnx")


@pytest.mark.parametrize("angle", [0.0, 0.7])
def test_maps_that_are_off_by_half_a_cell_are_put_right(tmp_path, angle):
    """The network's maps are moved by half a cell; its configuration says so, and joints stay."""
    crop = Crop((70.0, 62.0), 3.2, synthetic.GRID, 75, angle)
    plain = HeatmapDetector(synthetic.write_detector(tmp_path))
    shifted = HeatmapDetector(rebuilt(tmp_path, shift_by_half_a_cell, "cell_offset = 0.5\n"))
    frame = synthetic.frame(0)
    (there, _), (here, peaks) = (decode(d(frame, crop)) for d in (shifted, plain))
    assert peaks.min() > 0.5
    error = np.linalg.norm(crop.to_image(there) - crop.to_image(here), axis=-1)
    assert np.median(error) < 0.25 * crop.cell


def shift_by_half_a_cell(graph):
    """Cell i averages what lies around px 4 i + 3.5 of the input, half a cell later."""
    pool = next(node for node in graph.node if node.op_type == "AveragePool")
    for attribute in pool.attribute:
        if attribute.name == "pads":
            attribute.ints[:] = [0, 0, 4, 4]


LANDMARKS = 'presence = "there"\nrotation = { output = "marks", center = 1, top = 13, side = 2 }\n'


def with_landmarks(graph, marks=14, presence=0.75):
    """Outputs of landmarks, x and y px of the input first, and of presence."""
    places = np.arange(marks * 5, dtype=np.float32).reshape(1, -1)
    constant(graph, "marks", places)
    constant(graph, "there", np.float32([[presence]]))


def test_presence_and_landmarks_come_from_the_same_run(tmp_path):
    detector = HeatmapDetector(rebuilt(tmp_path, with_landmarks, LANDMARKS))
    sight = detector.see(synthetic.frame(0), AROUND)
    assert sight.presence == 0.75 and sight.landmarks.shape == (14, 2)
    # Px of the input, from its border; a quarter of it is a cell, whose middle has the number.
    np.testing.assert_allclose(sight.landmarks[1], np.array([5, 6]) / 4 - 0.5)
    assert (
        HeatmapDetector(synthetic.write_detector(tmp_path)).see(synthetic.frame(0), AROUND).presence
        == 1
    )


@pytest.mark.parametrize(
    ("marks", "settings", "word"),
    [
        (14, LANDMARKS.replace("13", "14"), "no 5 numbers for each landmark"),
        (9, LANDMARKS, "no 5 numbers for each landmark"),
        (14, LANDMARKS.replace('"there"', '"marks"'), "marks of .* is no single number"),
        (14, LANDMARKS.split("\n")[1], "rotation without presence"),
        (14, LANDMARKS.replace("top", "up"), "rotation of .* must be { output"),
        (14, LANDMARKS.replace("= 1,", "= true,"), "rotation of .* must be { output"),
        (14, 'presence = ""', "presence of .* must be the name"),
        (14, "activation = 1", "activation of .* must be"),
        (14, "cell_offset = 2", "cell_offset of .* must be"),
        (14, "margin = 0", "margin of .* must be"),
        (14, "maps = [-1]", "maps of .* must be"),
    ],
)
def test_outputs_that_do_not_fit_are_refused(tmp_path, marks, settings, word):
    with pytest.raises(InputError, match=word) as error:
        HeatmapDetector(rebuilt(tmp_path, lambda graph: with_landmarks(graph, marks), settings))
    assert "\n" not in str(error.value) and str(error.value).endswith(".")


def channels_last(graph):
    graph.node.insert(0, helper.make_node("Transpose", ["last"], ["image"], perm=[0, 3, 1, 2]))
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info("last", TensorProto.FLOAT, [1, 128, 96, 3]))


def bytes_in(graph):
    graph.node.insert(0, helper.make_node("Cast", ["bytes"], ["image"], to=TensorProto.FLOAT))
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info("bytes", TensorProto.UINT8, [1, 3, 128, 96]))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (channels_last, r"takes channels last, \(1, H, W, 3\); export it with channels first"),
        (bytes_in, "takes CV_8UC1 numbers; export it for float32 ones"),
    ],
)
def test_an_input_of_another_kind_is_named(tmp_path, change, reason):
    with pytest.raises(InputError, match=reason):
        HeatmapDetector(rebuilt(tmp_path, change))


def test_missing_external_data_is_named(tmp_path):
    path = synthetic.write_detector(tmp_path)
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    (tmp_path / "w.bin").unlink()
    with pytest.raises(
        InputError, match="cannot be read as an ONNX network .*external.* data file"
    ):
        HeatmapDetector(path)


def strides_of_zero(graph):
    """OpenCV divides by them, and the processor ends the process."""
    pool = next(node for node in graph.node if node.op_type == "AveragePool")
    for attribute in pool.attribute:
        if attribute.name == "strides":
            attribute.ints[:] = [0, 0]


def test_a_network_that_kills_its_process_kills_a_child(tmp_path, cache):
    model = rebuilt(tmp_path, strides_of_zero)
    for _ in range(2):
        with pytest.raises(InputError, match="toy.onnx ends the process that runs it"):
            HeatmapDetector(model)
    assert not list(cache.glob("networks/*"))


def test_a_network_is_tried_once(tmp_path, cache, monkeypatch):
    model = synthetic.write_detector(tmp_path)
    HeatmapDetector(model)
    assert len(list(cache.glob("networks/*"))) == 1
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", lambda *_, **__: 1 / 0)
        HeatmapDetector(model)
        onnx.save(onnx.load(synthetic.write_network(model, 0.9 * synthetic.COLORS)), model)
        with pytest.raises(ZeroDivisionError):  # another network under the same name
            HeatmapDetector(model)
    monkeypatch.setattr(tslib.video.network, "cache_folder", lambda: model)  # nothing can be kept
    HeatmapDetector(model)
