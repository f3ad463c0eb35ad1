"""What the films of the chapters share: a white sheet to draw on, and the two files of a film.

    python -m experiments motion envelope --output data/motion

writes envelope.webp, which moves and loops, and envelope.png, its most telling picture, for print.
Each module beside this one makes one film, by a function `film`; what is shown is computed by the
code that the chapters build and never drawn by hand.
"""

import importlib
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from tslib.augment import Affine
from tslib.errors import InputError
from tslib.files import write_whole
from tslib.skeletons import Skeleton

from ..paper_a.front_picture import QUALITY, animated

# The colours of chapters/style.py, which experiments may not import; a test holds them equal.
BLUE, ORANGE, GREEN, RED, PURPLE, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#888888",
)
DARK = "#222222"  # of letters
DPI = 100
# A film is 640 px wide on a page and about 360 on a phone, so these letters are large.
LOOK: dict[Any, Any] = {
    "figure.constrained_layout.use": False,
    "font.size": 15,
    "axes.titlesize": 16,
    "axes.labelsize": 15,
    "legend.fontsize": 14,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": DARK,
    "axes.labelcolor": DARK,
}
MOST = 500_000  # bytes of a film
WARM = LinearSegmentedColormap.from_list("warm", [to_rgba(ORANGE, 0), to_rgba(RED, 1)])


class Film(NamedTuple):
    """Pictures uint8 (H, W, 3) RGB of one size, how long each stays, and the one that is printed.

    still : the number of the picture that tells most; said : its numbers, in a sentence
    quality : of WebP, per cent
    """

    pictures: list[np.ndarray]
    seconds: list[float]
    still: int
    said: str
    quality: int = QUALITY


class Sheet:
    """A white sheet of (width, height) px. All places are px from its upper left corner."""

    def __init__(self, width: int, height: int) -> None:
        self.size = width, height
        size = width / DPI, height / DPI
        self.figure = Figure(size, dpi=DPI, facecolor="white")
        self.canvas = FigureCanvasAgg(self.figure)

    def axes(self, x: float, y: float, width: float, height: float, **how: Any) -> Axes:
        """Axes whose inside fills this rectangle, so that nothing shakes between two pictures."""
        W, H = self.size
        return self.figure.add_axes((x / W, 1 - (y + height) / H, width / W, height / H), **how)

    def text(self, x: float, y: float, text: str, **how: Any) -> None:
        """Text whose first line is centred on y."""
        W, H = self.size
        self.figure.text(x / W, 1 - y / H, text, **{"va": "center", **how})

    def keys(self, x: float, y: float, colors: dict[str, str]) -> None:
        """What colours mean, in one line from (x, y): {meaning: colour}."""
        W, H = self.size
        signs = [Line2D([], [], color=c, marker="s", ms=11, ls="none") for c in colors.values()]
        self.figure.legend(
            signs,
            list(colors),
            loc="center left",
            bbox_to_anchor=(x / W, 1 - y / H),
            ncols=len(colors),
            handlelength=0.8,
            handletextpad=0.3,
            columnspacing=1.0,
            borderpad=0,
        )

    def picture(self) -> np.ndarray:
        """What has been drawn: uint8 (H, W, 3) RGB."""
        self.canvas.draw()
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()


def show_frame(ax: Axes, frame: np.ndarray, pale: float = 0.0) -> None:
    """Show a frame, uint8 (h, w, 3), without its colours and so much paler where pale is not 0."""
    if pale:
        grey = frame.mean(-1, keepdims=True).repeat(3, -1)
        frame = (255 - (1 - pale) * (255 - grey)).astype(np.uint8)
    ax.imshow(frame, interpolation="bilinear")
    ax.axis("off")


def show_heat(ax: Axes, values: np.ndarray, onto: Affine, low: float, high: float) -> None:
    """Lay a map (h, w) over a frame that is shown: clear at `low` and below, red at `high`.

    onto : from the frame's px to the map's cells, a scale and a shift
    """
    h, w = values.shape
    ends = np.array([[-0.5, -0.5], [w - 0.5, h - 0.5]])
    (left, top), (right, bottom) = onto.inverse().points(ends)
    limits = ax.get_xlim(), ax.get_ylim()
    share = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    extent = (left, right, bottom, top)
    ax.imshow(share, cmap=WARM, vmin=0, vmax=1, extent=extent, interpolation="bilinear")
    ax.set(xlim=limits[0], ylim=limits[1])


def draw_pose(
    ax: Axes, pose: np.ndarray, skeleton: Skeleton, color: str = BLUE, width: float = 3.0
) -> None:
    """Draw the limbs of a pose (K, 2) px on a white rim."""
    for rim, paint in ((width + 2.5, "white"), (width, color)):
        for limb in skeleton.edges:
            ax.plot(*pose[list(limb)].T, color=paint, lw=rim, solid_capstyle="round")


def ring(ax: Axes, places: ArrayLike, color: str = RED, size: float = 15) -> None:
    """Rings on a white rim around places (n, 2) px."""
    x, y = np.reshape(places, (-1, 2)).T
    for rim, paint in ((5.0, "white"), (2.5, color)):
        ax.plot(x, y, "o", mfc="none", mec=paint, mew=rim, ms=size)


def write(film: Film, folder: Path | str, name: str) -> str:
    """Write folder/name.webp and folder/name.png; returns a sentence about them.

    AssertionError where the film is too large for a page.
    """
    content = animated(film.pictures, film.seconds, film.quality)
    assert len(content) < MOST, f"{name}.webp has {len(content)} bytes, but may have {MOST}"
    _, png = cv2.imencode(".png", film.pictures[film.still][..., ::-1])
    for kind, data in (("webp", content), ("png", png.tobytes())):
        write_whole(Path(folder) / f"{name}.{kind}", data)
    return f"{film.said}; {folder} holds {name}.webp and {name}.png"


def make(name: str, folder: Path | str, **options: Any) -> str:
    """Make the film of a module here, with options of its `film`, and write it into a folder.

    InputError, before anything is computed, where there is no such folder and none can be made.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}; name another.") from None
    module = importlib.import_module(f".{name}", __package__)
    with matplotlib.rc_context(LOOK):
        return write(module.film(**options), folder, name)
