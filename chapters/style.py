"""How the pictures of all chapters look: colours that everyone can tell apart, and maps drawn one
way.
"""

import matplotlib.pyplot as plt
import numpy as np

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
        "figure.dpi": 72,
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
