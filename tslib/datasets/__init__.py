"""Loaders of the data sets, one module each, from the layout of the data set's own archive to
Clips.

Each module has ``find(root)``, the folder in or below root that holds the data set, or None;
``walk(root)``, which yields Found for each clip with labels; ``load(root, ...)``, a list of Clip,
which raises InputError at the first clip that cannot be read; and ``BESIDE``, a dict from the
pattern of a clip's other folders to what is said of one whose clip has no labels. Frames are read
when they are asked for, and may be missing.
"""

import re
from dataclasses import dataclass

from ..clip import Clip, ImageFiles
from ..errors import InputError
from ..files import is_plain
from ..images import IMAGES, read_image


@dataclass(frozen=True)
class Found:
    """A clip of a data set, or why there is none.

    name : str
    clip : Clip, None where it cannot be read
    notes : what is odd about its files, clauses without a full stop; the reason where clip is None
    """

    name: str
    clip: Clip | None
    notes: list[str]


def attempt(name, read, *arguments):
    """Found for ``clip, notes = read(*arguments)``; an InputError becomes its reason."""
    try:
        return Found(name, *read(*arguments))
    except InputError as error:
        return Found(name, None, [str(error).removesuffix(".")])


def clips_of(found, nothing):
    """The clips of Found, a list: InputError at the first without, saying `nothing` if there is
    none.
    """
    clips = []
    for f in found:
        if f.clip is None:
            raise InputError(f"{f.notes[0]}.")
        clips.append(f.clip)
    if not clips:
        raise InputError(nothing)
    return clips


def without_labels(folder, beside, labelled):
    """Found without a clip for each folder that belongs to none.

    folder : Path of the data set; beside : BESIDE of its module; labelled : the names of its clips
    """
    notes = {}
    for pattern, note in beside.items():
        for path in sorted(folder.glob(pattern)):
            name = "/".join(path.relative_to(folder).parts[1:])
            if name not in labelled and any(path.iterdir()):
                notes.setdefault(name, []).append(note)
    return [Found(name, None, reasons) for name, reasons in notes.items()]


def one_name(name, where):
    """The name if it is that of one file or folder; InputError where a path could be made of it."""
    if not is_plain(name):
        raise InputError(f"{where} holds the name {name!r}, which is no plain file name.")
    return name


def images_in(folder):
    """The images of a folder by the number at the end of their names, {number: Path}; {} without a
    folder.
    """
    if not folder.is_dir():
        return {}
    images = (
        f for f in folder.iterdir() if f.suffix.lower() in IMAGES and not f.name.startswith(".")
    )
    return {int(m[1]): f for f in images if (m := re.search(r"([0-9]{1,9})$", f.stem))}


def frames_of(folder, numbers, pattern):
    """Frames by the number at the end of their file names.

    folder : Path; need not be there
    numbers : the T numbers that have labels
    pattern : how such a file is called, for example "{:06d}.jpg", to name those that are missing

    Returns frames (ImageFiles, None without any file), their size (W, H) px or None, and notes
    (list of str).
    """
    there = images_in(folder)
    if not there:
        return None, None, []
    files = [there.get(n, folder / pattern.format(n)) for n in numbers]
    notes, size = [], None
    missing = sum(n not in there for n in numbers)
    if missing:
        notes.append(f"{missing} of {len(files)} labelled frames have no image")
    more = len(set(there) - set(numbers))
    if more:
        notes.append(f"{more} images have no label and are left out")
    try:
        image = read_image(
            next((f for n, f in zip(numbers, files, strict=True) if n in there), files[0])
        )
        size = image.shape[1], image.shape[0]
    except (
        InputError
    ) as error:  # the labels may still be of use; reading that frame will say so again
        notes.append(str(error).removesuffix("."))
    return ImageFiles(files, size), size, notes
