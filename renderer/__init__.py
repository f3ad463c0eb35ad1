"""Videos of people doing exercises, filmed badly, with everything known about them.

``python -m renderer OUT --clips N --seed S``, or in Python:

    render("out", clips=100)                       # files in Penn Action's layout
    render_clip(0, 1, Settings())                  # the first of them as arrays
    read_flow("out", "0001").dense(3)              # exact flow from its fourth frame to the fifth
"""

from tslib.part_flow import PartFlow, read_flow

from .clip import Rendered, Settings, render_clip
from .write import render

__all__ = ["PartFlow", "Rendered", "Settings", "read_flow", "render", "render_clip"]
