"""Reading and writing of frames."""

import os
import re
import struct
import subprocess
import sys

import cv2
import films
import numpy as np
import pytest
import synthetic

from tslib.errors import InputError
from tslib.video import frames
from tslib.video.frames import VideoWriter, open_frames

PICTURES = [synthetic.frame(t) for t in range(11)]


def test_reads_a_video_twice(tmp_path):
    frames = open_frames(synthetic.write_video(tmp_path / "a.avi", PICTURES))
    assert frames.fps == synthetic.FPS and frames.size == (160, 120) and frames.count == 11
    for _ in range(2):
        assert all(np.array_equal(a, b) for a, b in zip(frames, PICTURES, strict=True))


@pytest.mark.parametrize(
    ("stated", "fps"),
    [(0.5, None), (1, 1), (240, 240), (240.1, 240.1), (480, 480), (960, 960), (1000, None)],
)
def test_a_frame_rate_that_cannot_be_is_unknown(tmp_path, monkeypatch, stated, fps):
    monkeypatch.setattr(synthetic, "FPS", stated)
    assert open_frames(synthetic.write_video(tmp_path / "a.avi", PICTURES)).fps == fps


def test_reads_a_folder_in_natural_order(tmp_path):
    folder = synthetic.write_folder(tmp_path / "a", PICTURES)  # 1.png ... 10.png, 11.png
    (folder / "notes.txt").write_text("no image", encoding="utf-8")
    frames = open_frames(folder)
    assert frames.fps is None and frames.size == (160, 120) and frames.count == 11
    assert all(np.array_equal(a, b) for a, b in zip(frames, PICTURES, strict=True))


def test_a_name_without_digits_sorts_beside_numbers(tmp_path):
    folder = synthetic.write_folder(tmp_path / "a", PICTURES[:2])
    for name in ("title.png", "x².png"):
        cv2.imwrite(str(folder / name), PICTURES[2])
    assert len(list(open_frames(folder))) == 4


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda p: p, "there is no video"),
        (lambda p: p.write_bytes(b"not a video at all" * 99), "cannot be read as a video"),
        (lambda p: p.write_bytes(b""), "cannot be read as a video"),
        (lambda p: p.mkdir(), "holds no frame"),
        pytest.param(
            lambda p: os.mkfifo(p),
            "neither a file nor a folder",
            marks=pytest.mark.skipif(
                not hasattr(os, "mkfifo"), reason="Windows has no named pipes"
            ),
        ),
    ],
)
def test_what_is_no_video_gets_one_sentence(tmp_path, make, word):
    path = tmp_path / "a.avi"
    make(path)
    with pytest.raises(InputError, match=word):
        open_frames(path)


def test_a_corrupt_image_is_named(tmp_path):
    folder = synthetic.write_folder(tmp_path / "a", PICTURES[:3])
    (folder / "2.png").write_bytes(b"broken")
    with pytest.raises(InputError, match="2.png cannot be read"):
        list(open_frames(folder))


def test_names_that_are_not_utf_8_are_refused_where_opencv_needs_them(tmp_path):
    """OpenCV ends the whole process where such a name reaches it."""
    folder, video = (tmp_path / os.fsdecode(name) for name in (b"\xff", b"\xff.avi"))
    try:
        synthetic.write_folder(tmp_path / "a", PICTURES[:2]).rename(folder)
        (folder / "1.png").rename(folder / os.fsdecode(b"1\xff.png"))
        synthetic.write_video(tmp_path / "a.avi", PICTURES[:2]).rename(video)
    except OSError:
        pytest.skip("this system has no such names")
    assert len(list(open_frames(folder))) == 2
    for call in (lambda: open_frames(video), lambda: VideoWriter(video, 25, (160, 120))):
        with pytest.raises(InputError, match=r"\\udcff.avi' is no name in UTF-8; rename it.$"):
            call()


def test_frames_of_another_size_are_named(tmp_path):
    folder = synthetic.write_folder(tmp_path / "a", PICTURES[:3])
    cv2.imwrite(str(folder / "3.png"), PICTURES[0][:60])
    with pytest.raises(InputError, match="frame 2 .* 160x60 .* 160x120"):
        list(open_frames(folder))


def numbers(path):
    """The Frames of a path, and which of PICTURES each of them shows."""
    frames = open_frames(path)
    return frames, [
        int(np.argmin([np.abs(frame.astype(float) - p).mean() for p in PICTURES]))
        for frame in frames
    ]


def write(path, code, pictures=PICTURES):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), films.FPS, synthetic.SIZE)
    for picture in pictures:
        writer.write(picture[..., ::-1].copy())
    writer.release()
    return path


@pytest.mark.parametrize("lost", [[3], [2, 3, 7], [0, 1, 5], [6, 7, 8, 9, 10], [0, 4, 10]])
def test_frames_keep_their_numbers_where_some_cannot_be_decoded(tmp_path, caplog, lost):
    film = tmp_path / "a.mov"
    places = films.write_mov(film, PICTURES)
    films.change(film, [places[n] for n in lost])
    frames, shown = numbers(film)
    assert frames.lost == set(lost) and frames.count == len(shown) == 11
    whole = [n for n in range(11) if n not in lost]
    assert [shown[n] for n in whole] == whole
    # The one before stands for it, or a black one.
    for n in lost:
        before = [m for m in whole if m < n]
        assert shown[n] == before[-1] if before else not list(frames)[n].any()
    # Read a second time, it is not said again.
    assert len(list(frames)) == 11
    (said,) = caplog.messages
    named = ", ".join(map(str, lost))
    assert f"{len(lost)} of 11 frames of {film} are missing or damaged: {named};" in said


@pytest.mark.parametrize("name", ["a.mkv", "a.avi"])
def test_frames_keep_their_numbers_where_the_container_has_lost_some(tmp_path, caplog, name):
    film = write(tmp_path / name, "MJPG")
    data = film.read_bytes()
    starts = [m.start() for m in re.finditer(b"\xff\xd8\xff", data)]
    # What stands before a picture says how long it is, and when it is shown.
    films.change(film, [slice(starts[n] - 12, starts[n] + 400) for n in (4, 5)])
    frames, shown = numbers(film)
    assert frames.lost >= {4, 5} and len(frames.lost) < 6 and len(shown) == 11
    assert all(shown[n] == n for n in range(11) if n not in frames.lost)
    assert len(caplog.messages) == 1


def test_a_pause_with_sound_loses_no_frame(tmp_path, caplog):
    """OpenCV gives up after 4,096 packets of sound in a row, and goes on where it is asked to."""
    pictures = [films.jpeg(picture) for picture in PICTURES]
    chunks = [*pictures[:4], *[None] * 9000, *pictures[4:]]
    frames, shown = numbers(films.write_avi(tmp_path / "a.avi", chunks, synthetic.SIZE))
    assert shown == list(range(11)) and frames.count == 11 and not frames.lost
    assert not caplog.messages


def test_an_empty_frame_of_an_avi_is_none(tmp_path, caplog):
    pictures = [films.jpeg(picture) for picture in PICTURES]
    chunks = [*pictures[:4], b"", *pictures[4:8], b"", b"", *pictures[8:]]
    frames, shown = numbers(films.write_avi(tmp_path / "a.avi", chunks, synthetic.SIZE))
    assert shown == list(range(11)) and not frames.lost and not caplog.messages


def test_frames_that_a_cut_without_loss_has_hidden_are_not_missed(tmp_path, caplog):
    film = write(tmp_path / "a.mp4", "mp4v")
    films.trim(film, 5 / films.FPS)
    assert cv2.VideoCapture(str(film)).get(cv2.CAP_PROP_FRAME_COUNT) == 11
    frames, shown = numbers(film)
    assert shown == list(range(5)) and frames.count == 5 and not caplog.messages


def test_a_film_that_is_cut_off_is_said(tmp_path, caplog):
    film = write(tmp_path / "a.mp4", "mp4v")
    header = films.header_first(film)
    assert numbers(film)[1] == list(range(11)) and not caplog.messages
    film.write_bytes(film.read_bytes()[: header + (film.stat().st_size - header) // 2])
    frames, shown = numbers(film)
    assert 2 < len(shown) == frames.count < 9 and len(caplog.messages) == 1
    assert f"a.mp4 ended after {frames.count} of about 11 frames" in caplog.text


def test_pixels_that_are_not_square_are_widened(tmp_path):
    pictures = [films.jpeg(picture, (2, 1)) for picture in PICTURES]
    frames, shown = (
        open_frames(films.write_avi(tmp_path / "a.avi", pictures, synthetic.SIZE)),
        cv2.resize(PICTURES[0], (320, 120)),
    )
    assert frames.size == (320, 120)
    assert np.abs(next(iter(frames)).astype(float) - shown).mean() < 6


def test_a_film_that_changes_its_size_is_said_at_the_frame(tmp_path, caplog):
    """OpenCV squeezes what comes after, as where a phone is turned while it films."""
    turned = [films.jpeg(np.rot90(picture)) for picture in PICTURES[7:]]
    pictures = [films.jpeg(picture) for picture in PICTURES[:7]] + turned
    open_frames(films.write_avi(tmp_path / "a.avi", pictures, synthetic.SIZE))
    (said,) = caplog.messages
    assert f"Frame 7 of {tmp_path / 'a.avi'} is of another size" in said


@pytest.mark.parametrize("name", ["2024-05-01T10:15:30.avi", "./2024-05-01T10:15:30.avi", "a:b"])
def test_a_name_with_colons_is_no_address(tmp_path, monkeypatch, name):
    if os.name == "nt":
        pytest.skip("Windows has no such names")
    monkeypatch.chdir(tmp_path)
    synthetic.write_video(tmp_path / "a.avi", PICTURES).rename(name)
    assert len(list(open_frames(name))) == 11
    with VideoWriter("10:15.webm", 25, synthetic.SIZE) as writer:
        writer.write(PICTURES[0])
    assert len(list(open_frames("10:15.webm"))) == 1


def test_all_pages_of_a_tiff_are_frames(tmp_path):
    (tmp_path / "a").mkdir()
    pictures = [picture[..., ::-1].copy() for picture in PICTURES]
    for name, part in (
        ("1.tif", pictures[:7]),
        ("2.tiff", pictures[7:10]),
        ("3.TIF", pictures[10:]),
    ):
        assert cv2.imwritemulti(str(tmp_path / "a" / f"{name.lower()}"), part)
        (tmp_path / "a" / name.lower()).rename(tmp_path / "a" / name)
    frames, shown = numbers(tmp_path / "a")
    assert shown == list(range(11)) and frames.count == 11
    assert numbers(tmp_path / "a" / "1.tif")[1] == list(range(7))


def test_images_that_are_not_read_are_named(tmp_path):
    folder = synthetic.write_folder(tmp_path / "a", PICTURES[:2])
    moving = cv2.Animation()
    moving.frames = [cv2.cvtColor(p, cv2.COLOR_RGB2BGRA) for p in PICTURES[:3]]
    moving.durations = np.full(3, 40)
    assert cv2.imwriteanimation(str(folder / "3.webp"), moving)
    with pytest.raises(InputError, match="3.webp is a film of 3 pictures; save it as a video"):
        open_frames(folder)
    (folder / "3.webp").rename(folder / "3.HEIC")
    with pytest.raises(InputError, match="3.HEIC is of a kind that is not read here; convert it"):
        open_frames(folder)
    (folder / "3.HEIC").unlink()
    assert cv2.imwrite(str(folder / "3.ppm"), PICTURES[2][..., ::-1])
    assert numbers(folder)[1] == [0, 1, 2]


def test_images_of_two_kinds_are_no_film(tmp_path):
    folder = synthetic.write_folder(tmp_path / "a", PICTURES[:3])
    cv2.imwrite(str(folder / "flow_x_00002.jpg"), PICTURES[0])
    with pytest.raises(InputError, match="flow_x_00002.jpg .*have one number; leave one kind"):
        open_frames(folder)
    (folder / "flow_x_00002.jpg").unlink()
    # Two scenes are one film.
    for name in ("scene1_1.png", "scene1_2.png", "scene2_1.png"):
        cv2.imwrite(str(folder / name), PICTURES[0])
    assert len(list(open_frames(folder))) == 6


def test_holds_one_frame_at_a_time(tmp_path):
    frames = open_frames(synthetic.write_folder(tmp_path / "a", PICTURES))
    assert synthetic.most_alive(frames, lambda stream: stream) <= 2


def test_writes_what_a_browser_plays(tmp_path, capfd):
    path = tmp_path / "a.webm"
    with VideoWriter(path, 12.5, (160, 120)) as writer:
        for picture in PICTURES:
            writer.write(picture)
        with pytest.raises(ValueError, match="size"):
            writer.write(PICTURES[0][:60])
    assert path.read_bytes()[:4] == b"\x1a\x45\xdf\xa3" and b"V_VP8" in path.read_bytes()
    frames = open_frames(path)
    assert frames.fps == pytest.approx(12.5)
    for a, b in zip(frames, PICTURES, strict=True):
        assert np.abs(a.astype(float) - b).mean() < 8
    assert capfd.readouterr().err == ""


FULL_DISK = """
import resource, sys
import numpy as np
from tslib.video.frames import VideoWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
with VideoWriter(sys.argv[1], 20, (160, 120)) as writer:
    for seed in range(40):
        writer.write(np.random.default_rng(seed).integers(0, 255, (120, 160, 3)).astype(np.uint8))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of a file")
def test_a_disk_that_fills_up_is_said(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path / "a.webm"],
        capture_output=True,
        encoding="utf-8",
    )
    assert "OSError: a.webm could not be written to its end" in ended.stderr


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match="cannot be written"):
        VideoWriter(tmp_path / "none" / "a.webm", 25, (160, 120))


def test_a_phones_film_is_read_upright(tmp_path):
    """A phone that is held upright stores wide frames, and a matrix that turns them."""
    path, (W, H) = tmp_path / "phone.mp4", synthetic.SIZE
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, (W, H))
    for t in range(3):
        writer.write(cv2.cvtColor(synthetic.frame(t), cv2.COLOR_RGB2BGR))
    writer.release()
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44
    data[matrix : matrix + 20] = struct.pack(">5i", 0, 1 << 16, 0, -1 << 16, 0)
    path.write_bytes(data)
    frames = open_frames(path)
    assert frames.size == (H, W)
    for t, frame in enumerate(frames):
        turned = cv2.rotate(synthetic.frame(t), cv2.ROTATE_90_CLOCKWISE)
        assert np.abs(frame.astype(float) - turned).mean() < 6


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:1,\na.ts\n", "ffconcat version 1.0\nfile a\n"])
def test_a_list_of_films_is_no_film(tmp_path, text):
    file = tmp_path / "a.avi"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="is a list of films; name one of those that it lists"):
        open_frames(file)


def test_pixels_of_any_shape_and_a_billion_announced_frames(tmp_path):
    """Shown as wide as they say, a frame of one column of narrow pixels would have none."""
    picture = np.full((64, 1, 3), 90, np.uint8)
    jpeg = bytearray(cv2.imencode(".jpg", picture)[1].tobytes())
    at = jpeg.index(b"JFIF")
    jpeg[at + 7 : at + 12] = struct.pack(">BHH", 0, 1, 10)  # ten times as high as wide
    film = tmp_path / "a.avi"
    films.write_avi(film, [bytes(jpeg)] * 5, (1, 64))
    data = bytearray(film.read_bytes())
    for name, place in ((b"avih", 24), (b"strh", 40)):
        at = data.index(name)
        data[at + place : at + place + 4] = struct.pack("<I", 900_000_000)
    film.write_bytes(data)
    shapes = {frame.shape for frame in open_frames(film)}
    assert shapes == {(64, 1, 3)}


def test_a_frame_of_more_pixels_than_a_picture_may_have_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "a.avi"
    picture = cv2.imencode(".jpg", np.zeros((64, 80, 3), np.uint8))[1].tobytes()
    films.write_avi(file, [picture] * 5, (80, 64))
    monkeypatch.setattr(frames, "_PIXELS", 80 * 64 - 1)
    with pytest.raises(InputError, match="a.avi has frames of 80x64 px; make them smaller"):
        list(open_frames(file))
