"""What a run learns from: the clips of a folder, divided, and the flow between their frames."""

from dataclasses import dataclass
from functools import lru_cache, partial

from ..datasets import penn_action
from ..errors import InputError
from ..render import read_flow
from ..slices import Estimated

TENTH = 10


@dataclass(frozen=True)
class Data:
    """Lists of Clip, train to learn from, validation to choose by, test only to report; and Slices' flow."""

    train: list
    validation: list
    test: list
    flow: object


def load(root, config):
    """The Data in a folder of Penn Action's layout, rendered or real.

    InputError where it holds none, its joints are not the config's, or it lacks the flow that the config asks
    for.
    """
    clips = penn_action.load(root)
    if clips[0].skeleton.name != config.skeleton:
        there = clips[0].skeleton.name
        raise InputError(f"the clips in {root} have joints of {there}, not of {config.skeleton}.")
    train, validation = divided([c for c in clips if c.split == "train"])
    return Data(train, validation, [c for c in clips if c.split == "test"], flow_for(config, root))


def divided(clips):
    """Training clips as (train, validation): every tenth by name is for validation, or the last of fewer.

    No seed is asked, so runs with other seeds can be compared on it.
    """
    clips = sorted(clips, key=lambda clip: clip.name)
    validation = clips[TENTH - 1 :: TENTH] or clips[1:][-1:]
    return [clip for clip in clips if clip not in validation], validation


def flow_for(config, root):
    """What `Slices` take as flow: exact where the config says so, else an estimate by its method, or None."""
    if config.flow == "none":
        return None
    if config.flow != "exact":
        return partial(Estimated, method=config.flow)
    folder = penn_action.find(root)
    if not (folder / "flow").is_dir():
        raise InputError(f'{root} has no exact flow, as only rendered clips have; write flow = "dis".')
    return partial(_exact, folder)


def _exact(folder, clip):
    return _read(folder, clip.name)


_read = lru_cache(maxsize=128)(read_flow)  # a clip's flow is unpacked once for many slices
