"""Calibrated cameras: read from a file, refined on the joints they see, and joints in space.

A point X of the world, in metres, lies at K R (X - center) in homogeneous px. Points and places
have the shape (N, P, 2) for N cameras and (P, 3) in the world; NaN is unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from tslib.errors import InputError

# Calibration files count in 64ths of a px.
_PARTS = 64
# The optical axis of a camera in the file points backwards, and its y upwards.
_TURNED = np.diag([1.0, -1.0, -1.0])
# How far the refinement may think the file off without a reason: radians, metres.
_ANGLE, _WAY = 0.05, 0.10


@dataclass(frozen=True, eq=False)
class Camera:
    """A camera without distortion.

    matrix : float64 (3, 3), K in px, which count from 0 at the middle of the first
    rotation : float64 (3, 3), from the world to x right, y down, z ahead
    center : float64 (3,) m, where it stands
    """

    matrix: np.ndarray
    rotation: np.ndarray
    center: np.ndarray

    def resized(self, sx: float, sy: float) -> "Camera":
        """The camera of frames that are sx times as wide and sy times as high."""
        # The borders of a frame stay where they are, and not the middles of its px.
        shift = np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1]])
        return replace(self, matrix=shift @ self.matrix)

    def moved(self, turn: np.ndarray, way: np.ndarray) -> "Camera":
        """The camera turned by a rotation vector (3,) radians, and moved by (3,) m."""
        rotation = Rotation.from_rotvec(turn).as_matrix() @ self.rotation
        return replace(self, rotation=rotation, center=self.center + way)

    def projection(self) -> np.ndarray:
        """K R [I | -center], float64 (3, 4)."""
        return self.matrix @ self.rotation @ np.column_stack([np.eye(3), -self.center])

    def project(self, world: np.ndarray) -> np.ndarray:
        """Places (P, 2) px of points (P, 3) m; NaN for what lies behind the camera."""
        x = (world - self.center) @ self.rotation.T @ self.matrix.T
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(x[:, 2:] > 0, x[:, :2] / x[:, 2:], np.nan)


def read_calibration(path: Path | str) -> list[Camera]:
    """The cameras of a `.qca.txt` file, in its order, for frames of their full size.

    Distortion is left out, because it is a px or two where the person is.
    """
    try:
        cameras = ElementTree.parse(path).getroot().find("cameras")
        found = [_camera(element) for element in (cameras if cameras is not None else ())]
    except FileNotFoundError:
        raise InputError(f"there is no calibration {path}.") from None
    except (ElementTree.ParseError, AttributeError, LookupError, ValueError):
        raise InputError(f"{path} is no calibration of cameras.") from None
    if not found:
        raise InputError(f"{path} holds no camera.")
    return found


def _camera(element: ElementTree.Element) -> Camera:
    pose, inner = element.find("transform").attrib, element.find("intrinsic").attrib  # type: ignore[union-attr]  # AttributeError is caught
    numbers = {key: float(value) for key, value in pose.items()}
    rotation = np.array([[numbers[f"r{i}{j}"] for j in (1, 2, 3)] for i in (1, 2, 3)])
    fx, fy, x, y = (
        float(inner[key]) / _PARTS
        for key in ("focalLengthU", "focalLengthV", "centerPointU", "centerPointV")
    )
    center = np.array([numbers[axis] for axis in "xyz"]) / 1000
    return Camera(np.array([[fx, 0, x], [0, fy, y], [0, 0, 1]]), _TURNED @ rotation, center)


def triangulate(cameras: Sequence[Camera], places: np.ndarray, use: np.ndarray) -> np.ndarray:
    """Points (P, 3) m from places (N, P, 2) px, where use (N, P) says so; NaN below two cameras.

    The least algebraic error on the rays, weighed by the distance from a first solution, so that
    it is that in px of a unit camera.
    """
    use = use & np.isfinite(places).all(-1)
    rows, depth = np.zeros((places.shape[1], len(cameras), 2, 4)), 1.0
    for n, camera in enumerate(cameras):
        ray = (places[n] - camera.matrix[:2, 2]) / camera.matrix[[0, 1], [0, 1]]
        outer = camera.rotation @ np.column_stack([np.eye(3), -camera.center])
        rows[:, n] = ray[:, :, None] * outer[2] - outer[:2]
    rows = np.where(use.T[:, :, None, None], rows, 0)
    known, world = use.sum(0) >= 2, np.full((places.shape[1], 3), np.nan)
    for _ in range(2):
        flat = (rows / depth).reshape(len(rows), 2 * len(cameras), 4)
        flat = np.where(np.isfinite(flat), flat, 0)
        vector = np.linalg.eigh(flat.transpose(0, 2, 1) @ flat)[1][:, :, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            world = np.where(known[:, None], vector[:, :3] / vector[:, 3:], np.nan)
        away = np.stack([(world - c.center) @ c.rotation[2] for c in cameras], 1)
        depth = np.maximum(away, 0.1)[:, :, None, None]
    return world


def errors_of(cameras: Sequence[Camera], world: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Distances (N, P) px of places from where points (P, 3) are seen; inf where unknown."""
    away = [
        np.linalg.norm(c.project(world) - p, axis=-1) for c, p in zip(cameras, places, strict=True)
    ]
    return np.nan_to_num(np.stack(away), nan=np.inf)


def agree(
    cameras: Sequence[Camera], places: np.ndarray, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Robust triangulation: points (P, 3) m, NaN where no two cameras agree, and who agrees (N, P).

    limit : px; cameras agree on a point that they all see within it

    Every pair of cameras proposes a point. The one with the least sum of errors, none counted for
    more than the limit, is triangulated anew from all that agree on it.
    """
    best = np.full(places.shape[1], np.inf)
    use = np.zeros(places.shape[:2], bool)
    for pair in combinations(range(len(cameras)), 2):
        chosen = np.zeros_like(use)
        chosen[list(pair)] = True
        errors = errors_of(cameras, triangulate(cameras, places, chosen), places)
        cost = np.minimum(errors / limit, 1) ** 2
        better = (cost.sum(0) < best) & ((errors < limit).sum(0) >= 2)
        best = np.where(better, cost.sum(0), best)
        use = np.where(better, errors < limit, use)
    return triangulate(cameras, places, use), use


def refine(
    cameras: Sequence[Camera], places: np.ndarray, limit: float, rounds: int = 3
) -> list[Camera]:
    """The cameras turned and moved to where their views (N, P, 2) px of common points agree best.

    limit : px, of `agree`, in the last of the rounds; at first three times as much

    The points are triangulated anew for every trial, so only the six numbers of each camera are
    sought. The file holds them weakly, because places alone say nothing of the world's own place.
    """
    count = len(cameras)
    refined = list(cameras)
    scale = np.repeat([[_ANGLE] * 3 + [_WAY] * 3], count, 0).ravel()

    def trial(parameters: np.ndarray) -> list[Camera]:
        steps = (parameters * scale).reshape(count, 6)
        return [c.moved(s[:3], s[3:]) for c, s in zip(cameras, steps, strict=True)]

    start = np.zeros(6 * count)
    for n in range(rounds):
        within = limit * (3 if n == 0 else 2 if n == 1 else 1)
        use = agree(refined, places, within)[1]
        seen = use.sum(0) >= 3

        def residuals(
            parameters: np.ndarray, use: np.ndarray = use[:, seen], p: np.ndarray = places[:, seen]
        ) -> np.ndarray:
            now = trial(parameters)
            world = triangulate(now, p, use)
            away = np.stack([c.project(world) for c in now]) - p
            away = np.where(use[..., None], away, 0) / limit
            # The weight of the file is that of one place seen at the limit.
            return np.concatenate([np.nan_to_num(away, nan=10).ravel(), parameters])

        start = least_squares(residuals, start, loss="soft_l1", x_scale=1.0).x
        refined = trial(start)
    return refined


def resect(camera: Camera, world: np.ndarray, places: np.ndarray, limit: float) -> Camera:
    """A camera turned and moved to where it sees known points (P, 3) m at places (P, 2) px.

    limit : px; what is further off counts for little
    """
    known = np.isfinite(world).all(-1) & np.isfinite(places).all(-1)
    scale = np.array([_ANGLE] * 3 + [_WAY] * 3)

    def residuals(parameters: np.ndarray) -> np.ndarray:
        turn, way = np.split(parameters * scale, 2)
        seen = camera.moved(turn, way).project(world[known])
        return np.nan_to_num((seen - places[known]) / limit, nan=10).ravel()

    return camera.moved(
        *np.split(least_squares(residuals, np.zeros(6), loss="cauchy").x * scale, 2)
    )


def without(
    camera: int,
    cameras: Sequence[Camera],
    places: np.ndarray,
    limit: float,
    placed: Camera | None = None,
) -> np.ndarray:
    """Where a camera sees the points that the other ones agree on: (P, 2) px, NaN for nothing.

    placed : the camera that looks, where it stands otherwise than among cameras
    """
    others = [n for n in range(len(cameras)) if n != camera]
    world, _ = agree([cameras[n] for n in others], places[others], limit)
    return (placed or cameras[camera]).project(world)
