"""How the pictures of all chapters look: colours that everyone can tell apart, maps drawn one way,
letters that stay sharp, and a text for readers who do not see a picture.
"""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from PIL import Image

BLUE, ORANGE, GREEN, RED, PURPLE, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#888888",
)
SKY = "#56B4E9"  # for dark grounds

plt.rcParams.update(
    {
        "figure.dpi": 144,
        "figure.constrained_layout.use": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, GREY, SKY]),
        "axes.titlesize": 11,
        "axes.labelsize": 10,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "image.cmap": "magma",
        "image.interpolation": "nearest",
    }
)


def show(alternative):
    """Show the figure just drawn, at half as many pixels as it has, so that screens draw it sharp.

    alternative : what the picture shows, for readers who do not see it
    """
    drawn, file = io.BytesIO(), io.BytesIO()
    plt.savefig(drawn, format="png", bbox_inches="tight")
    plt.close()
    picture = Image.open(drawn).convert("RGB")
    picture.save(file, format="png", optimize=True)
    about = {"alt": alternative, "width": picture.width // 2, "height": picture.height // 2}
    data = {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": alternative}
    display(data, metadata={"image/png": about}, raw=True)


def show_map(ax, values, title="", bar=True, **kwargs):
    """Draw a map (H, W), x right and y down, one square a cell; -inf cells stay white."""
    image = ax.imshow(np.ma.masked_invalid(np.asarray(values, float)), **kwargs)
    ax.set(title=title, xlabel="x (cells)", ylabel="y (cells)")
    if bar:
        ax.figure.colorbar(image, ax=ax, shrink=0.75, pad=0.02)
    return image


def mark(ax, x, y, label="", marker="o", color="white", **kwargs):
    """Mark one place of a map by a hollow sign, with its label beside it."""
    ax.plot(x, y, marker, mfc="none", mec=color, mew=2, ms=10, **kwargs)
    ax.annotate(label, (x, y), (8, 8), textcoords="offset points", color=color, fontsize=10)


def draw_graph(ax, graph, pose, spacing=None):
    """Draw a PoseGraph, frames side by side: edges in space blue, in time orange (Paper A, Figure
    2(e)).

    pose : (K, 2), where the joints lie in each frame, x right, y down
    spacing : how far one frame lies from the next; None: twice the pose's width
    """
    pose = np.asarray(pose, float)
    step = 2 * np.ptp(pose[:, 0]) if spacing is None else spacing
    place = np.concatenate([pose + [t * step, 0] for t in range(graph.frames)])
    for (a, b), offset in zip(graph.edges, graph.offset, strict=True):
        color, layer = (ORANGE, 1) if offset else (BLUE, 1.5)
        # An edge over two frames bends, because it would lie on those over one.
        bend = step * 0.12 * (abs(offset) - 1) if offset else 0
        middle = place[[a, b]].mean(0) - [0, bend]
        ax.plot(*np.array([place[a], middle, place[b]]).T, color=color, lw=1, zorder=layer)
    ax.scatter(*place.T, s=18, color="black", zorder=2)
    ax.set_aspect("equal")
    ax.invert_yaxis()
    ax.axis("off")


def draw_pose(ax, frame, joints, edges, title="", wrong=()):
    """Draw a frame, grey and pale, a pose (K, 2) px on it, and rings around joints that are wrong.

    edges : pairs of joints that a line joins
    """
    ax.imshow(np.asarray(frame).mean(-1), cmap="gray", vmin=-200, vmax=255)
    for one, other in edges:
        ax.plot(*joints[[one, other]].T, color=BLUE, lw=2.5)
    ax.plot(*joints[list(wrong)].T, "o", mfc="none", mec=RED, mew=2, ms=13)
    ax.set(title=title, xlim=(-0.5, frame.shape[1] - 0.5), ylim=(frame.shape[0] - 0.5, -0.5))
    ax.axis("off")
