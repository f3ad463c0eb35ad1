"""The detector, its configuration, and the reading of joints off its maps."""

import numpy as np
import onnx
import pytest
import synthetic

from tslib.crop import Crop
from tslib.errors import InputError
from tslib.heatmaps import decode
from tslib.video.detector import HeatmapDetector


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
        ("255", "1" + 400 * "0", "divide .* must be"),
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


@pytest.mark.parametrize("value", [np.nan, np.inf])
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
        with pytest.raises(InputError, match="there is no detector"):
            HeatmapDetector(folder)
    with pytest.raises(InputError, match="cannot be read"):
        HeatmapDetector(model, tmp_path)
    model.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="cannot be read as an ONNX network"):
        HeatmapDetector(model)
