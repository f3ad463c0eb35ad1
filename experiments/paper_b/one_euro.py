"""The One-Euro filter, one more method that a corrector is compared with."""

import numpy as np

from tslib.correction.normalization import body_sizes

from .controls import TimeFilter


class OneEuro(TimeFilter):
    """The One-Euro filter (Casiez et al., CHI 2012): smooths what rests, and follows what is fast.

    It looks back only, as one does live. fps : frames per second; cutoff : Hz, for a joint at rest
    beta : Hz for each body per second of speed, a body being the median largest distance of joints
    """

    def __init__(self, fps: float = 30.0, cutoff: float = 2.0, beta: float = 5.0) -> None:
        self.fps, self.cutoff, self.beta = fps, cutoff, beta

    def filtered(self, poses: np.ndarray) -> np.ndarray:
        """Joints that are seen in all frames, (T, n, 2) px, smoothed."""
        size = body_sizes(poses)
        poses = poses / size
        smooth, speed = poses.copy(), np.zeros(poses.shape[1:])
        for t in range(1, len(poses)):
            speed += self._share(1.0) * ((poses[t] - poses[t - 1]) * self.fps - speed)
            share = self._share(self.cutoff + self.beta * np.abs(speed))
            smooth[t] = share * poses[t] + (1 - share) * smooth[t - 1]
        return smooth * size

    def _share(self, cutoff: float | np.ndarray) -> float | np.ndarray:
        """The new value's share in a low-pass of a cutoff (Hz)."""
        rate = 2 * np.pi * cutoff / self.fps
        return rate / (1 + rate)
