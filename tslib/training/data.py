"""What a run learns from: the clips of a folder, divided, and the flow between their frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from ..clip import Clip
from ..datasets import LOADERS, penn_action, youtube_pose
from ..datasets.loaders import Loader
from ..errors import InputError
from ..part_flow import PartFlow, read_flow
from ..slices import Estimated, FlowOf
from .config import Config


@dataclass(frozen=True)
class Data:
    """Clips to learn from, to choose by, and only to report, and their flow as `Slices` take it."""

    train: list[Clip]
    validation: list[Clip]
    test: list[Clip]
    flow: FlowOf | None


def load_data(root: Path | str, config: Config, **which: Any) -> Data:
    """The Data in a folder, see `read_clips`, by the split that its clips name.

    InputError as there, and where the clips lack the flow that the config asks for.
    """
    learn, test = by_split(read_clips(root, config.skeleton, **which))
    train, validation = divided(learn)
    return Data(train, validation, test, flow_for(config, root))


def read_clips(root: Path | str, skeleton: str | None = None, **which: Any) -> list[Clip]:
    """The clips of a folder of Penn Action's layout, rendered or real, of JHMDB or another set.

    which : of JHMDB the split and whether of sub-JHMDB, as `jhmdb.load` takes them

    InputError where there is none, or its joints are not those of the skeleton, if one is named.
    """
    loader = loader_of(root)
    if loader is None:
        raise InputError(
            f"{root} holds no Penn Action (labels/*.mat), JHMDB or YouTube Pose "
            f"({youtube_pose.LABELS}), and no CVIT-Sports."
        )
    clips = loader.load(root, **which)
    there = clips[0].skeleton.name
    if skeleton is not None and there != skeleton:
        raise InputError(
            f"the clips in {root} have joints of {there}, not of {skeleton}; "
            f'write skeleton = "{there}" into the training file.'
        )
    return clips


def loader_of(root: Path | str) -> Loader | None:
    """The first loader that finds its data set in a folder."""
    return next((loader for loader in LOADERS.values() if loader.find(root)), None)


def by_split(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """The clips to learn from, and those to test."""
    return [c for c in clips if c.split == "train"], [c for c in clips if c.split == "test"]


def divided(clips: Sequence[Clip], every: int = 10) -> tuple[list[Clip], list[Clip]]:
    """Clips as (most, few), by name: every tenth, or so, is among the few, or the last of fewer.

    No seed is asked, so runs with other seeds can be compared.
    """
    clips = sorted(clips, key=lambda clip: clip.name)
    few = clips[every - 1 :: every] or clips[1:][-1:]
    chosen = {*few}
    return [clip for clip in clips if clip not in chosen], few


def flow_for(config: Config, root: Path | str) -> FlowOf | None:
    """What `Slices` take as flow: exact, estimated by the config's method, or None."""
    if config.flow == "none":
        return None
    if config.flow != "exact":
        return partial(Estimated, method=config.flow)
    folder = penn_action.find(root)
    if not folder or not (folder / "flow").is_dir():
        raise InputError(f'{root} has no exact flow, as rendered clips do; write flow = "dis".')
    return partial(_exact, folder)


@lru_cache(maxsize=128)  # a clip's flow is unpacked once for many slices
def _exact(folder: Path, clip: Clip) -> PartFlow:
    return read_flow(folder, clip.name)
