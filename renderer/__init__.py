"""Videos of people doing exercises, filmed badly, with everything known about them.

``python -m renderer OUT --clips N --seed S``, or in Python:

    render("out", clips=100)                       # files in Penn Action's layout
    render_clip(0, 1, Settings())                  # the first of them as arrays
    read_flow("out", "0001").dense(3)              # exact flow from its fourth frame to the fifth
"""

import importlib
from typing import Any

_HOMES = {
    "PartFlow": "tslib.part_flow",
    "Rendered": "renderer.clip",
    "Settings": "renderer.clip",
    "read_flow": "tslib.part_flow",
    "render": "renderer.write",
    "render_clip": "renderer.clip",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a name when it is asked for, so that ``--help`` waits for no library."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
