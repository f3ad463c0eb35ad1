"""What a mixture of parts is made with."""

from dataclasses import dataclass

_BOUNDS = {
    "types": (1, 50),
    "size": (3, 31),
    "cell": (2, 64),
    "person": (4, 256),
    "window": (4, 512),
    "frames": (1, 10**6),
    "rounds": (0, 10),
    "epochs": (0, 1000),
    "seed": (0, 2**32),
}


@dataclass(frozen=True)
class Settings:
    """What a mixture of parts is made with; ValueError for what cannot be.

    types : of each part, at most
    size : cells of a template's side, odd
    cell : px of a cell, in the picture that HOG sees, which is scaled so that
    person : cells are taken by the larger side of the person's box
    window : cells of the square around the box that is searched
    scales : what the box's size is multiplied by, one search each
    frames : to learn from, about as many from each clip
    rounds : of hard negatives
    epochs : of the structural SVM
    seed : of k-means, random negatives and the order of frames
    """

    types: int = 5
    size: int = 5
    cell: int = 4
    person: int = 24
    window: int = 36
    scales: tuple[float, ...] = (0.9, 1.0, 1.1)
    frames: int = 600
    rounds: int = 1
    epochs: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise ValueError(
                    f"{name} must be a whole number from {low} to {high}, but is {value!r}."
                )
        if self.size % 2 == 0 or self.size > self.window:
            raise ValueError(
                f"size must be odd and at most the window of {self.window} cells, but is "
                f"{self.size}."
            )
        object.__setattr__(self, "scales", tuple(self.scales))  # JSON has lists
        if not self.scales or not all(
            isinstance(s, float | int) and 0.1 <= s <= 10 for s in self.scales
        ):
            raise ValueError(f"scales must be numbers from 0.1 to 10, but are {self.scales}.")
