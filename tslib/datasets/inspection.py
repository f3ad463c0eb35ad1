"""What a folder holds of a data set: counts, splits, actions, what is odd, and a sheet of pictures."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from ..errors import InputError
from ..files import write_whole
from ..images import size_of
from ..overlay import color_of
from . import cvit_sports, jhmdb, penn_action, without_labels, youtube_pose

MODULES = {
    m.__name__.rpartition(".")[2]: m for m in (penn_action, jhmdb, youtube_pose, cvit_sports)
}
MANY = 10  # clips with the same note share a line
CELL, COLUMNS, ROWS = (240, 180), 6, 4  # px of a picture, and the grid of the sheet
WHITE = 255, 255, 255


def inspect(root, sheet=None):
    """Lines that say what data set lies in a folder, how much of it, and which files are odd and
    why.

    root : path
    sheet : path of a .png to draw some of the clips into, optional

    Yields str. Raises InputError where no data set is recognised, or the sheet cannot be written; a
    file that cannot be read is a line. Each frame is read, but few are opened, see
    tslib.datasets.images.
    """
    if sheet:  # the walk takes minutes
        sheet = Path(sheet)
        if sheet.suffix.lower() != ".png" or sheet.is_dir() or not sheet.parent.is_dir():
            raise InputError(f"{sheet} cannot be written; name a .png in a folder that exists.")
    for line in _lines(root, sheet):
        yield line.encode(
            errors="backslashreplace"
        ).decode()  # names need not be UTF-8, what is printed must


def _lines(root, sheet):
    there = [name for name, module in MODULES.items() if module.find(root)]
    if not there:
        raise InputError(
            f"{root} holds no data set: neither labels/*.mat (Penn Action), joint_positions or splits "
            "(JHMDB), YouTube_Pose_dataset.mat, nor labels.mat or joints.mat in folders (CVIT-Sports)."
        )
    shown = []
    for name in there:
        module, folder = MODULES[name], MODULES[name].find(root)
        bar = tqdm(module.walk(root), unit="clip", disable=None, leave=False)
        found = [replace(f, notes=f.notes + _damaged(f)) for f in bar]
        clips = [f.clip for f in found if f.clip]
        yield f"{name} in {folder}"
        yield from _counts(clips)
        if name == "jhmdb":
            yield from _jhmdb_splits(root, {c.name for c in clips})
        yield from _oddities(found + without_labels(folder, module.BESIDE, {f.name for f in found}))
        shown += clips
    if sheet:
        if not shown:
            raise InputError(f"{root} holds no clip with labels to draw.")
        write_whole(sheet, cv2.imencode(".png", contact_sheet(shown)[..., ::-1])[1].tobytes())
        yield f"wrote {sheet}"


def _counts(clips):
    """Lines with the numbers of clips, frames, joints and actions."""
    joints, visible = sum(c.visible.size for c in clips), sum(int(c.visible.sum()) for c in clips)
    splits = Counter(c.split for c in clips if c.split)
    sizes = "".join(f", {splits[s]:,} {s}" for s in ("train", "test") if splits)
    yield f"  {len(clips):,} clips with labels{sizes}; {sum(map(len, clips)):,} labelled frames"
    if clips:
        yield f"  {visible:,} visible joints of {joints:,} ({visible / joints:.1%})"
        bare = [c.name for c in clips if c.frames is None]
        named = f" ({', '.join(bare)})" if 0 < len(bare) <= MANY else ""
        yield f"  {len(clips) - len(bare):,} of them with images, {len(bare):,} tracks only{named}"
        checked = sum(len(_frames_there(c)) for c in clips)
        if checked:
            yield (
                f"  {checked:,} labelled frames checked: JPEG from the header to the end marker, PNG by its "
                "checksums; of each clip one is opened"
            )
    actions = Counter(c.action for c in clips if c.action)
    if actions:
        listed = ", ".join(f"{action} {n}" for action, n in sorted(actions.items()))
        yield f"  {len(actions)} actions: {listed}"


def _frames_there(clip):
    """The image files of a clip that are there, each once."""
    return [f for f in dict.fromkeys(clip.frames.files) if f.is_file()] if clip.frames else []


def _damaged(found):
    """Notes that name the frames of a Found that are damaged or of another size."""
    damaged, other = [], []
    for file in _frames_there(found.clip) if found.clip else ():
        try:
            if found.clip.frames.size not in (None, size_of(file)):
                other.append(file.name)
        except InputError:
            if not any(str(file) in note for note in found.notes):
                damaged.append(file.name)
    notes = []
    for names, what in ((damaged, "cut off or damaged"), (other, "of another size than the first")):
        if names:
            listed = ", ".join(names[:MANY]) + (", ..." if len(names) > MANY else "")
            notes.append(f"{len(names)} frames are {what}: {listed}")
    return notes


def _jhmdb_splits(root, labelled):
    """Lines with the size of each split, and how much of it has labels."""
    for sub in (False, True):
        for split in jhmdb.SPLITS:
            try:
                where = jhmdb.read_split(root, split, sub)
            except InputError as error:
                yield f"  {'sub-JHMDB ' * sub}no split: {error}"
                break
            count = Counter(where.values())
            yield (
                f"  {'sub-JHMDB ' * sub}split {split}: {count['train']} train, {count['test']} test; "
                f"{len(labelled & set(where))} of them with labels here"
            )


def _oddities(found):
    """Lines that name each odd clip with the reason; what many share is said once."""
    shared = Counter(note for f in found for note in f.notes)
    odd = [f for f in found if any(shared[note] <= MANY for note in f.notes)]
    many = [(note, n) for note, n in shared.items() if n > MANY]
    yield f"  {sum(bool(f.notes) for f in found)} clips are odd" + (":" if shared else "")
    for note, n in many:
        yield f"    {n} clips: {note}"
    for f in odd:
        reasons = "; ".join(note for note in f.notes if shared[note] <= MANY)
        yield f"    {f.name}: {'skipped, ' if f.clip is None else ''}{reasons}"


def contact_sheet(clips):
    """Up to 24 pictures of the clips, evenly chosen, of few clips several each: uint8 (H, W, 3)
    RGB.
    """
    chosen = np.unique(np.linspace(0, len(clips) - 1, COLUMNS * ROWS).round().astype(int))
    each = COLUMNS * ROWS // len(chosen)
    cells = [_cell(clips[c], (n + 0.5) / each) for c in chosen for n in range(each)]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % COLUMNS)
    return np.vstack([np.hstack(cells[n : n + COLUMNS]) for n in range(0, len(cells), COLUMNS)])


def _cell(clip, where):
    """The frame at a fraction of a clip with its joints, or their tracks where no frame can be
    read.
    """
    t, frame, picture = int(where * len(clip)), None, np.full((CELL[1], CELL[0], 3), 24, np.uint8)
    if clip.frames is not None:
        try:
            frame = clip.frames[t]
        except InputError:
            pass  # named among the odd ones
    if frame is None:  # fill the cell with the person
        seen = clip.joints[clip.visible] if clip.visible.any() else np.zeros((1, 2))
        corner, extent = seen.min(0) - 0.5, np.ptp(seen, axis=0) + 1.0
    else:
        corner, extent = np.array([-0.5, -0.5]), np.array(frame.shape[1::-1])
    scale = (np.array(CELL) / extent).min()
    size = np.maximum(np.round(extent * scale), 1).astype(int)
    start = (np.array(CELL) - size) // 2
    if frame is not None:
        (x, y), (w, h) = start, size
        picture[y : y + h, x : x + w] = cv2.resize(
            frame, (int(w), int(h)), interpolation=cv2.INTER_AREA
        )

    def place(points):  # cv2 wants whole numbers, and not too large ones
        return (
            np.clip(np.round((points - corner) * scale - 0.5 + start), -9999, 9999)
            .astype(int)
            .tolist()
        )

    if frame is None and clip.number is None:  # between frames far apart there is no track
        for k, s in np.argwhere(clip.visible[1:].T & clip.visible[:-1].T).tolist():
            faint = [v // 2 for v in color_of(clip.skeleton, k)]
            cv2.line(picture, *place(clip.joints[s : s + 2, k]), faint, 1, cv2.LINE_AA)
    if np.isfinite(clip.box[t]).all():
        cv2.rectangle(
            picture, *place(np.stack([clip.box[t, :2], clip.box[t, :2] + clip.box[t, 2:]])), WHITE
        )
    for a, b in clip.skeleton.edges:
        if clip.visible[t, [a, b]].all():
            color = color_of(clip.skeleton, a, b)
            cv2.line(picture, *place(clip.joints[t, [a, b]]), color, 2, cv2.LINE_AA)
    for k in np.flatnonzero(clip.visible[t]):
        cv2.circle(picture, place(clip.joints[t, k]), 3, color_of(clip.skeleton, k), -1)
    caption = np.zeros((16, CELL[0], 3), np.uint8)
    text = f"{clip.name[:26]} {t} {clip.split}".encode(
        "ascii", "replace"
    ).decode()  # cv2 draws no other
    cv2.putText(caption, text, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.36, WHITE, 1, cv2.LINE_AA)
    return np.vstack([caption, picture])
