"""What a folder holds of a data set: counts, splits, actions, oddities, and a sheet of pictures."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from ..clip import Clip, ImageFiles
from ..errors import InputError
from ..files import write_whole
from ..images import size_of
from ..overlay import color_of, draw_limbs
from . import LOADERS, jhmdb
from .loaders import Found

_MANY = 10  # more clips with the same note share a line
CELL = 240, 180  # (W, H) px of a picture of the sheet
_CAPTION, _COLUMNS, _ROWS, _WHITE = 16, 6, 4, (255, 255, 255)


def inspect(root: Path | str, sheet: Path | str | None = None) -> Iterator[str]:
    """Yield lines that say what data set lies in a folder, how much of it, and what is odd and why.

    sheet : a .png to draw some of the clips into. Each frame is read, but few are opened, see
        tslib.images. A file that cannot be read is a line, but InputError says that no data set is
        recognised, or that the sheet cannot be written.
    """
    # Refused first, because the walk takes minutes.
    if sheet:
        sheet = Path(sheet)
        if sheet.suffix.lower() != ".png" or sheet.is_dir() or not sheet.parent.is_dir():
            raise InputError(f"{sheet} cannot be written; name a .png in a folder that exists.")
    for line in _lines(root, sheet or None):
        # Names need not be UTF-8, but what is printed must.
        yield line.encode(errors="backslashreplace").decode()


def _lines(root: Path | str, sheet: Path | None) -> Iterator[str]:
    there = [(loader, folder) for loader in LOADERS.values() if (folder := loader.find(root))]
    if not there:
        raise InputError(
            f"{root} holds no data set: neither labels/*.mat (Penn Action), joint_positions or "
            "splits (JHMDB), YouTube_Pose_dataset.mat, nor labels.mat or joints.mat in folders "
            "(CVIT-Sports)."
        )
    shown = []
    for loader, folder in there:
        bar = tqdm(loader.walk(root), unit="clip", disable=None, leave=False)
        found = [replace(f, notes=f.notes + _damaged(f)) for f in bar]
        clips = [f.clip for f in found if f.clip]
        yield f"{loader.name} in {folder}"
        yield from _counts(clips)
        if loader is jhmdb:
            yield from _jhmdb_splits(root, {c.name for c in clips})
        yield from _oddities(found + loader.without_labels(folder, {f.name for f in found}))
        shown += clips
    if sheet:
        if not shown:
            raise InputError(f"{root} holds no clip with labels to draw.")
        write_whole(sheet, cv2.imencode(".png", contact_sheet(shown)[..., ::-1])[1].tobytes())
        yield f"wrote {sheet}"


def _counts(clips: list[Clip]) -> Iterator[str]:
    """Lines with the numbers of clips, frames, joints and actions."""
    joints, visible = sum(c.visible.size for c in clips), sum(int(c.visible.sum()) for c in clips)
    splits = Counter(c.split for c in clips if c.split)
    sizes = "".join(f", {splits[s]:,} {s}" for s in ("train", "test") if splits)
    yield f"  {len(clips):,} clips with labels{sizes}; {sum(map(len, clips)):,} labelled frames"
    if clips:
        yield f"  {visible:,} visible joints of {joints:,} ({visible / joints:.1%})"
        bare = [c.name for c in clips if c.frames is None]
        named = f" ({', '.join(bare)})" if 0 < len(bare) <= _MANY else ""
        yield f"  {len(clips) - len(bare):,} of them with images, {len(bare):,} tracks only{named}"
        checked = sum(len(_images(c)) for c in clips)
        if checked:
            yield (
                f"  {checked:,} labelled frames checked: JPEG from the header to the end marker, "
                "PNG by its checksums; of each clip one is opened"
            )
    actions = Counter(c.action for c in clips if c.action)
    if actions:
        listed = ", ".join(f"{action} {n}" for action, n in sorted(actions.items()))
        yield f"  {len(actions)} actions: {listed}"


def _images(clip: Clip | None) -> dict[Path, tuple[int, int] | None]:
    """The image files of a clip that are there, each with the size (W, H) px that it must have."""
    frames = clip.frames if clip else None
    if not isinstance(frames, ImageFiles):
        return {}
    return {file: frames.size for file in frames.files if file.is_file()}


def _damaged(found: Found) -> list[str]:
    """Notes that name the frames of a clip that are damaged or of another size."""
    damaged, other = [], []
    for file, size in _images(found.clip).items():
        try:
            if size not in (None, size_of(file)):
                other.append(file.name)
        except InputError:
            if not any(str(file) in note for note in found.notes):
                damaged.append(file.name)
    notes = []
    for names, what in ((damaged, "cut off or damaged"), (other, "of another size than the first")):
        if names:
            listed = ", ".join(names[:_MANY]) + (", ..." if len(names) > _MANY else "")
            notes.append(f"{len(names)} frames are {what}: {listed}")
    return notes


def _jhmdb_splits(root: Path | str, labelled: set[str]) -> Iterator[str]:
    """Lines with the size of each split, and how much of it has labels."""
    for sub in (False, True):
        of = "sub-JHMDB " * sub
        for split in jhmdb.SPLITS:
            try:
                where = jhmdb.read_split(root, split, sub)
            except InputError as error:
                yield f"  {of}no split: {error}"
                break
            count = Counter(where.values())
            yield (
                f"  {of}split {split}: {count['train']} train, {count['test']} test; "
                f"{len(labelled & set(where))} of them with labels here"
            )


def _oddities(found: list[Found]) -> Iterator[str]:
    """Lines that name each odd clip with the reason; what many share is said once."""
    shared = Counter(note for f in found for note in f.notes)
    yield f"  {sum(bool(f.notes) for f in found)} clips are odd" + (":" if shared else "")
    yield from (f"    {n} clips: {note}" for note, n in shared.items() if n > _MANY)
    for f in found:
        reasons = "; ".join(note for note in f.notes if shared[note] <= _MANY)
        if reasons:
            yield f"    {f.name}: {'skipped, ' if f.clip is None else ''}{reasons}"


def contact_sheet(clips: list[Clip]) -> np.ndarray:
    """Up to 24 pictures of the clips, evenly chosen, of few clips several each: (H, W, 3) RGB."""
    chosen = np.unique(np.linspace(0, len(clips) - 1, _COLUMNS * _ROWS).round().astype(int))
    each = _COLUMNS * _ROWS // len(chosen)
    cells = [_cell(clips[c], (n + 0.5) / each) for c in chosen for n in range(each)]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % _COLUMNS)
    return np.vstack([np.hstack(cells[n : n + _COLUMNS]) for n in range(0, len(cells), _COLUMNS)])


def _cell(clip: Clip, where: float) -> np.ndarray:
    """The frame at a fraction of a clip with its joints, or their tracks without a frame."""
    t = int(where * len(clip))
    picture = np.full((CELL[1], CELL[0], 3), 24, np.uint8)
    try:
        frame = clip.frames[t] if clip.frames is not None else None
    except InputError:  # named among the odd ones
        frame = None
    if frame is not None:
        corner, extent = np.zeros(2), np.array(frame.shape[1::-1])
    else:  # fill the cell with the person
        seen = clip.joints[clip.visible] if clip.visible.any() else np.zeros((1, 2))
        corner, extent = seen.min(0), np.ptp(seen, axis=0) + 1.0
    scale = (CELL / extent).min()
    size = np.maximum(np.round(extent * scale), 1).astype(int)
    start = (CELL - size) // 2

    def place(points: np.ndarray) -> list[tuple[int, int]]:
        # cv2 wants whole numbers, and not too large ones; what is unknown is not drawn.
        points = np.round((points - corner + 0.5) * scale - 0.5 + start)
        return [(x, y) for x, y in np.nan_to_num(points).clip(-9999, 9999).astype(int).tolist()]

    if frame is not None:
        (x, y), (w, h) = start.tolist(), size.tolist()
        picture[y : y + h, x : x + w] = cv2.resize(frame, (w, h), interpolation=cv2.INTER_AREA)
    elif clip.number is None:  # between frames far apart there is no track
        for k, s in np.argwhere(clip.visible[1:].T & clip.visible[:-1].T).tolist():
            faint = [v // 2 for v in color_of(clip.skeleton, k)]
            here, there = place(clip.joints[s : s + 2, k])
            cv2.line(picture, here, there, faint, 1, cv2.LINE_AA)
    if np.isfinite(clip.box[t]).all():
        # Left and top, then right and bottom.
        here, there = place(clip.box[t].reshape(2, 2).cumsum(0))
        cv2.rectangle(picture, here, there, _WHITE)
    draw_limbs(picture, place(clip.joints[t]), clip.visible[t], clip.skeleton)
    caption = np.zeros((_CAPTION, CELL[0], 3), np.uint8)
    # cv2 draws no other letters.
    text = f"{clip.name[:26]} {t} {clip.split}".encode("ascii", "replace").decode()
    cv2.putText(caption, text, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.36, _WHITE, 1, cv2.LINE_AA)
    return np.vstack([caption, picture])
