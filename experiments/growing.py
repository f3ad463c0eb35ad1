"""A result that is computed part by part: each is kept at once, and none is computed again."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tslib.errors import InputError
from tslib.files import write_whole

from .records import machine


class GrowingResult:
    """A JSON file of what is said about a result, its date, its machine and its parts.

    path : of the file; about : dict that JSON can hold, the same in every run that goes on with it

    Attributes
    ----------
    parts : {name: what was computed}

    InputError where the file is about something else.
    """

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        self.path, self.about = path, json.loads(json.dumps(about))
        self.parts: dict[str, Any] = {}
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["about"] != self.about:
                raise InputError(
                    f"{path} was computed with other clips or settings; move it away, or ask for "
                    "these."
                )
            self.parts = found["parts"]

    def once(self, name: str, compute: Callable[[], object]) -> object:
        """The part of that name, computed and written where it is not there yet."""
        if name not in self.parts:
            self.parts[name] = json.loads(json.dumps(compute()))
            content = {
                "date": datetime.date.today().isoformat(),
                "machine": machine("cpu"),
                "about": self.about,
                "parts": self.parts,
            }
            write_whole(self.path, (json.dumps(content, indent=1) + "\n").encode())
            print(name, self.parts[name], flush=True)
        return self.parts[name]
