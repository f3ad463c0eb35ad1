"""The moving pictures of the chapters: they are there, move and are small, and can be made anew."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from experiments.__main__ import COMMANDS, FILMS
from experiments.motion import envelope, message, repair, training
from experiments.motion import film as shared
from experiments.motion.film import MOST, make
from tslib.distance_transform.reference import envelope as envelope_of
from tslib.errors import InputError
from tslib.message_passing import MessagePassing, PoseGraph
from tslib.skeletons import SKELETONS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "data" / "motion"
PENN = SKELETONS["penn13"]


def film_of(path):
    """The pictures of a film, and whether it loops for ever."""
    done, animation = cv2.imreadanimation(str(path))
    assert done
    return [frame[..., :3] for frame in animation.frames], animation.loop_count == 0


@pytest.mark.parametrize("name", FILMS)
def test_a_film_moves_loops_and_is_small_enough_for_a_page(name):
    path = FOLDER / f"{name}.webp"
    pictures, loops = film_of(path)
    assert path.stat().st_size < MOST and loops and len(pictures) > 10
    assert len({picture.tobytes() for picture in pictures}) > 10
    assert 640 <= pictures[0].shape[1] <= 800


@pytest.mark.parametrize("name", FILMS)
def test_a_film_has_a_still_that_is_one_of_its_pictures(name):
    still, (pictures, _) = cv2.imread(str(FOLDER / f"{name}.png")), film_of(FOLDER / f"{name}.webp")
    gaps = [np.abs(still.astype(int) - picture).mean() for picture in pictures]
    assert min(gaps) < 3  # grey levels, which WebP loses


@pytest.mark.parametrize("name", FILMS)
def test_a_film_has_a_command_which_says_how_long_it_takes(name):
    (command,) = [each for each in COMMANDS if each.name == f"motion {name}"]
    assert f"writes DIR/{name}.webp" in command.help and "DIR/" + name + ".png" in command.help
    assert (ROOT / "experiments" / "motion" / f"{name}.py").is_file()


def test_the_colours_are_those_of_the_chapters(chapters_folder, monkeypatch):
    monkeypatch.syspath_prepend(chapters_folder)
    import style

    for name in ("BLUE", "ORANGE", "GREEN", "RED", "PURPLE", "GREY"):
        assert getattr(shared, name) == getattr(style, name), name


def test_a_film_that_is_made_anew_is_written_as_both_files(tmp_path):
    folder = tmp_path / "new" / "folder"
    said = make("envelope", folder, score=(0.0, 3.0, 0.0, 2.0), stiffness=1.0)
    assert f"3 stay on the list after 1 are dropped; {folder} holds envelope.webp" in said
    pictures, loops = film_of(folder / "envelope.webp")
    still = cv2.imread(str(folder / "envelope.png"))
    assert len(pictures) > 10 and loops and still.shape == pictures[0].shape


def test_a_folder_that_cannot_be_made_is_refused_at_once(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"file/motion cannot be made: "):
        make("training", tmp_path / "file" / "motion")


def test_a_film_that_is_too_large_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(shared, "MOST", 1000)
    with pytest.raises(AssertionError, match="may have 1000"):
        make("envelope", tmp_path, score=(0.0, 3.0))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seed", range(5))
def test_the_moments_of_the_envelope_end_with_its_list(seed):
    score = np.random.default_rng(seed).normal(size=9).tolist()
    moments = list(envelope.moments_of(score, 0.3, 0.6))
    cells, starts = envelope_of(score, 0.3)
    assert (moments[-1].cells, moments[-1].starts) == (cells, starts)
    dropped = [moment.asked[0] for moment in moments if moment.dropped]
    assert sorted([*cells, *dropped]) == list(range(9))


def test_the_messages_of_two_sweeps_are_exact():
    trained = MessagePassing(PoseGraph.of(PENN, 5)).requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    trained.rest.copy_(2 * torch.randn(trained.rest.shape, generator=generator))
    springs = message.springs_of(trained)
    phi = torch.rand(13, 9, 8, generator=generator)
    steps = list(message.steps_of(phi, springs))
    assert len(steps) == 24 and len({(s.sender, s.receiver) for s in steps}) == 24
    torch.testing.assert_close(steps[-1].after, springs.layer(phi[None, None])[0, 0])


def test_who_moved_a_joint_is_the_neighbour_whose_message_likes_the_new_cell_most_better():
    layer = MessagePassing(PoseGraph.of(PENN, 5))
    directed, wrist = layer.graph.directed, PENN.joints.index("left_wrist")
    messages = torch.zeros(len(directed), 3, 4)
    middle = 2 * 13 + wrist
    for number, sender in enumerate((middle - 13, middle + 13, middle - 2)):
        (edge,) = np.flatnonzero((directed == (sender, middle)).all(1))
        messages[edge, 1, 2] = 1.0 + number
        old, new = torch.zeros(13, dtype=torch.long), torch.full((13,), 6)
        assert repair._sources(layer, messages, old, new)[wrist] == number


def test_the_joint_of_the_training_film_is_right_in_the_end_and_was_wrong(monkeypatch):
    """Three steps of two pictures: the second has more joints right, and its joint 1 was late."""
    off = np.full((6, 13), 0.5)
    better = off.copy()
    better[3:, 1], better[1:, 2] = 0.0, 0.0
    monkeypatch.setattr(training.Run, "off", lambda self, number: (off, better)[number])

    class Someone:
        class clip:
            counted = np.ones((1, 13), bool)

    run = training.Run([(Someone, None)] * 2, list(range(6)), [], [])
    assert training.chosen_of(run) == (1, 1)
