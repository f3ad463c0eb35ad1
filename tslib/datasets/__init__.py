"""Data sets: a loader for each, and their download and inspection.

``from tslib.datasets import jhmdb`` and ``jhmdb.load(root)``: see Loader for what each one offers.
"""

from .loaders import Loader
from .loaders.cvit_sports import cvit_sports
from .loaders.jhmdb import jhmdb
from .loaders.penn_action import penn_action
from .loaders.youtube_pose import youtube_pose

LOADERS: dict[str, Loader] = {
    loader.name: loader for loader in (penn_action, jhmdb, youtube_pose, cvit_sports)
}
