"""What the loaders of all data sets share: they make Clips of the layout of a set's own archive.

Frames are read when they are asked for, and may be missing.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...clip import Clip, ImageFiles
from ...errors import InputError
from ...files import is_plain
from ...images import IMAGES, read_image

ReadClip = Callable[[], tuple[Clip, list[str]]]


@dataclass(frozen=True)
class Found:
    """A clip of a data set, or None and why; notes are clauses on what is odd about its files."""

    name: str
    clip: Clip | None
    notes: list[str]


class Loader:
    """One data set. A subclass says how its folders look, and yields its clips from `_entries`.

    name : of the loader
    archive : pattern of the folder that its archive unpacks to
    signs : patterns of files, one of which is in a folder that holds the data set
    expected : which files it should have, for errors
    beside : {pattern of a clip's other folders: what is said of one whose clip has no labels}
    """

    name: str
    archive: str
    signs: tuple[str, ...]
    expected: str
    beside: dict[str, str] = {}

    def find(self, root: Path | str) -> Path | None:
        """The folder that holds the data set: root, or its archive's in root; None without any."""
        try:
            os.scandir(root).close()
        except OSError as error:
            raise InputError(f"{root} cannot be read as a folder: {error.strerror}.") from None
        for folder in (Path(root), *sorted(Path(root).glob(f"{self.archive}/"))):
            if any(any(folder.glob(sign)) for sign in self.signs):
                return folder
        return None

    def walk(self, root: Path | str) -> Iterator[Found]:
        """Yield Found for each clip with labels, by name or in the order of its label file."""
        folder = self.find(root)
        for name, read in self._entries(folder) if folder else ():
            yield self._found(name, read)

    def load(self, root: Path | str, split: str | int | None = None) -> list[Clip]:
        """The clips, as `walk` finds them; with a split, "train" or "test", only those.

        Raises InputError where there is none, or at the first that cannot be read.
        """
        clips = self._clips(self.walk(root), f"{root} holds no {self.expected}")
        return [c for c in clips if split in (None, c.split)]

    def without_labels(self, folder: Path, labelled: set[str]) -> list[Found]:
        """Found without a clip for each folder in `find`'s that belongs to none of these names."""
        notes: dict[str, list[str]] = {}
        for pattern, note in self.beside.items():
            for path in sorted(folder.glob(pattern)):
                name = "/".join(path.relative_to(folder).parts[1:])
                if name not in labelled and any(path.iterdir()):
                    notes.setdefault(name, []).append(note)
        return [Found(name, None, reasons) for name, reasons in notes.items()]

    def _entries(self, folder: Path) -> Iterator[tuple[str, ReadClip]]:
        """Yield a name for each clip, and what reads it: Clip and notes, or an InputError."""
        raise NotImplementedError

    @staticmethod
    def _found(name: str, read: ReadClip) -> Found:
        try:
            clip, notes = read()
        except InputError as error:
            return Found(name, None, [str(error).removesuffix(".")])
        return Found(clip.name, clip, notes)

    @staticmethod
    def _clips(found: Iterable[Found], nothing: str) -> list[Clip]:
        clips = []
        for f in found:
            if f.clip is None:
                raise InputError(f"{f.notes[0]}.")
            clips.append(f.clip)
        if not clips:
            raise InputError(nothing)
        return clips


def one_name(name: str, where: Path | str) -> str:
    """The name if it is that of one file or folder; InputError where a path could be made of it."""
    if not is_plain(name):
        raise InputError(f"{where} holds the name {name[:200]!r}, which is no plain file name.")
    return name


def images_in(folder: Path) -> dict[int, Path]:
    """The images of a folder by the number at the end of their names; {} without a folder.

    InputError names two of one number, such as a frame and its flow.
    """
    files = sorted(folder.iterdir()) if folder.is_dir() else ()
    images = (f for f in files if f.suffix.lower() in IMAGES and not f.name.startswith("."))
    found: dict[int, Path] = {}
    for file in images:
        number = re.search(r"([0-9]{1,9})$", file.stem)
        if number and (other := found.setdefault(int(number[1]), file)) != file:
            raise InputError(
                f"{other.name} and {file.name} in {folder} have one number; leave the frame there."
            )
    return found


def frames_of(
    folder: Path, numbers: Sequence[int], pattern: str
) -> tuple[ImageFiles | None, tuple[int, int] | None, list[str]]:
    """Frames by the number at the end of their file names.

    folder : need not be there
    numbers : the T numbers that have labels
    pattern : how such a file is called, for example "{:06d}.jpg", to name those that are missing

    Returns frames, None without any file; their size (W, H) px, None if unknown; and notes.
    InputError where each frame seems to be one beside its label.
    """
    there = images_in(folder)
    if not there:
        return None, None, []
    for shift in (-1, 1):
        # With images from 0 the last label has none, with labels from 0 the first one.
        if not there.keys() >= set(numbers) and there.keys() >= {n + shift for n in numbers}:
            raise InputError(
                f"the images in {folder} count from {min(there)}, but the labels from "
                f"{min(numbers)}; give each image the number of its label."
            )
    files = [there.get(n, folder / pattern.format(n)) for n in numbers]
    notes, size = [], None
    labelled = [there[n] for n in numbers if n in there]
    if len(labelled) < len(files):
        missing = len(files) - len(labelled)
        notes.append(f"{missing} of {len(files)} labelled frames have no image")
    more = len(there.keys() - set(numbers))
    if more:
        notes.append(f"{more} images have no label and are left out")
    if 0 in there and min(numbers) == 1:
        notes.append(f"{there[0].name} counts from 0, but the labels from 1")
    try:
        image = read_image((labelled or files)[0])
        size = image.shape[1], image.shape[0]
    except InputError as error:
        # The labels may still be of use, and reading that frame will say so again.
        notes.append(str(error).removesuffix("."))
    return ImageFiles(files, size), size, notes
