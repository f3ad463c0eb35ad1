"""Download of the data sets: official addresses, checksums, resumed where it broke off.

No official page publishes a checksum. Those of JHMDB below are third-party: quoted alike by several
public loaders, and confirmed on a public copy for splits.zip. Penn Action has none at all. For
YouTube Pose and CVIT-Sports no address of an archive is sure to be right: their pages lead to it.
"""

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ..errors import InputError
from ..files import one_at_a_time
from .unpack import unpack

_TIMEOUT = 30, 60  # seconds to connect, and between two pieces
_LARGEST = 50_000_000_000  # bytes; no archive of these data sets is near


@dataclass(frozen=True)
class Archive:
    """A file of a data set, unpacked into a folder of ROOT, or left as it is where `into` is "".

    Without a url only the page leads there, and the user puts the file into ROOT.
    """

    file: str
    into: str
    url: str = ""
    md5: str = ""


@dataclass(frozen=True)
class DataSet:
    """What is said of a data set before its download, and its archives."""

    title: str
    page: str
    citation: str
    archives: tuple[Archive, ...]


def _at(folder: str, file: str, md5: str = "") -> Archive:
    return Archive(file, file.split(".")[0], folder + file, md5)


_TUE, _UPENN = "http://files.is.tue.mpg.de/jhmdb/", "https://www.cis.upenn.edu/~kostas/"
DATA_SETS = {
    "penn_action": DataSet(
        "Penn Action",
        "https://dreamdragon.github.io/PennAction/",
        "W. Zhang, M. Zhu, K. Derpanis, From Actemes to Action, ICCV 2013",
        (_at(_UPENN, "Penn_Action.tar.gz"),),
    ),
    "jhmdb": DataSet(
        "JHMDB and sub-JHMDB",
        "http://jhmdb.is.tue.mpg.de/",
        "H. Jhuang, J. Gall, S. Zuffi, C. Schmid, M. J. Black, "
        "Towards Understanding Action Recognition, ICCV 2013",
        (
            _at(_TUE, "splits.zip", "15b9f2f7a99d63c07f3be0c9ecde43b5"),
            _at(_TUE, "sub_splits.zip", "e459df140cde2125c61970151a0ea8cb"),
            _at(_TUE, "joint_positions.zip", "3d1ac91bcb8544ddfdd9547997db239f"),
            _at(_TUE, "puppet_mask.zip", "eebf6c6c71faa16709b709b758710d17"),
            _at(_TUE, "Rename_Images.tar.gz", "23726fbac4bc69a726dc3daf2e7ab4c1"),
        ),
    ),
    "youtube_pose": DataSet(
        "YouTube Pose",
        "https://www.robots.ox.ac.uk/~vgg/data/pose/",
        "J. Charles, T. Pfister, D. Magee, D. Hogg, A. Zisserman, "
        "Personalizing Human Video Pose Estimation, CVPR 2016",
        (Archive("YouTube_Pose_dataset.mat", ""), Archive("GT_frames.zip", "GT_frames")),
    ),
    "cvit_sports": DataSet(
        "CVIT-Sports",
        "http://cvit.iiit.ac.in/research/projects/cvit-projects",
        "D. Singh, V. Balasubramanian, C. V. Jawahar, "
        "Fine-Tuning Human Pose Estimations in Videos, WACV 2016",
        (Archive("cvit_sports_videos.tar.gz", "cvit_sports_videos"),),
    ),
}


def download(name: str, root: Path | str) -> Path:
    """Fetch the archives of one of DATA_SETS into a folder and unpack them; returns the folder.

    What is unpacked already is left alone; an archive that lies there is checked and used. A
    download that broke off leaves FILE.part and is resumed from it. An archive goes once it is
    unpacked; one that cannot be, though there is room, becomes FILE.damaged where it has an
    address, to be fetched again. Raises InputError for all that goes wrong.
    """
    if name not in DATA_SETS:
        raise InputError(f"there is no data set {name!r}; known are {', '.join(DATA_SETS)}.")
    data_set, root = DATA_SETS[name], Path(root)
    print(f"{data_set.title}: for research; read its terms at {data_set.page} before you use it.")
    print(f"Cite: {data_set.citation}.")
    root.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(root):
        for archive in data_set.archives:
            target = root / (archive.into or archive.file)
            if target.exists():
                print(f"{target} is there already.")
                if archive.into:  # an earlier run may have ended just before
                    (root / archive.file).unlink(missing_ok=True)
            else:
                _bring(archive, target, root, data_set.page)
    return root


def _bring(archive: Archive, target: Path, root: Path, page: str) -> None:
    """Fetch an archive and unpack it."""
    file = _fetch(archive, root, page)
    try:
        unpack(file, target)
    except InputError as error:
        if not archive.url:
            raise
        # Out of the way, because the same command would find it for ever.
        file.replace(bad := root / f"{file.name}.damaged")
        now = f"it is now {bad.name}, so the same command fetches it again."
        raise InputError(f"{str(error).removesuffix('.')}; {now}") from None
    file.unlink()
    print(f"unpacked {target}")


def _fetch(archive: Archive, root: Path, page: str) -> Path:
    """The archive's file in root, downloaded where it is not there, its checksum verified."""
    file = root / archive.file
    if not archive.url:
        if not file.is_file():
            there = f"get it from {page} and put it into {root}"
            raise InputError(f"{archive.file} has no sure address; {there}.")
        return file
    whose = "checksum of a third party" if archive.md5 else "no checksum is published"
    print(f"{archive.url} ({whose})")
    if not (file.is_file() and _is_right(file, archive)):
        _resume(archive.url, file)
        if not _is_right(file, archive):
            file.unlink()
            raise InputError(
                f"{archive.url} does not have the MD5 checksum {archive.md5}, so it was removed; "
                f"try again, or see {page} for a change."
            )
    return file


def _is_right(file: Path, archive: Archive) -> bool:
    with open(file, "rb") as content:
        return archive.md5 in ("", hashlib.file_digest(content, "md5").hexdigest())


def _resume(url: str, output: Path) -> None:
    """Download a file, or go on with FILE.part beside it."""
    import requests
    import urllib3

    part = output.with_name(f"{output.name}.part")
    have = part.stat().st_size if part.is_file() else 0
    again = "run the same command again to resume"
    try:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
            status, stated = answer.status_code, answer.headers.get("Content-Range", "")
            goes_on = status == 206 and re.fullmatch(rf"bytes {have}-[0-9]+/([0-9]+)", stated)
            if have and status in (206, 416) and not goes_on:
                if status == 416 and stated == f"bytes */{have}":  # nothing is missing
                    part.replace(output)
                    return
                part.unlink()  # it is a part of another file
                return _resume(url, output)
            if status != 200 and not goes_on:
                raise InputError(f"{url} answers {status} {answer.reason}; try again later.")
            length = goes_on[1] if goes_on else answer.headers.get("Content-Length", "")
            total = int(length) if length.isdigit() else None
            have = have if goes_on else 0  # the server may not know how to resume
            if total and total > _LARGEST:
                raise InputError(f"{url} claims {total / 1e9:.0f} GB, which no archive of it has.")
            # Unpacked, it is about as large again.
            need, free = 2 * (total or 0) - have, shutil.disk_usage(part.parent).free
            if free < need:
                raise InputError(
                    f"{url} needs {need / 1e9:.2f} GB in {part.parent}, packed and unpacked, but "
                    f"{free / 1e9:.2f} GB are free; make room or name another folder."
                )
            bar = tqdm(
                total=total, initial=have, unit="B", unit_scale=True, desc=part.stem, disable=None
            )
            with bar, open(part, "ab" if have else "wb") as file:
                # The bytes as they are stored, whatever encoding the server claims.
                for piece in answer.raw.stream(1 << 20, decode_content=False):
                    have += len(piece)
                    if have > (total or _LARGEST):
                        raise InputError(f"{url} sends more than it announced; try again later.")
                    file.write(piece)
                    bar.update(len(piece))
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        why = type(error).__name__
        raise InputError(f"{url} cannot be reached or broke off ({why}); {again}.") from None
    if total is not None and have != total:
        raise InputError(f"{url} broke off after {have} of {total} bytes; {again}.")
    part.replace(output)
