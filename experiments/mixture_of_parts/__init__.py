"""A flexible mixture of parts: the pose estimator of Yang and Ramanan (CVPR 2011), which Paper B
corrects.

HOG templates of parts, springs in a tree, and the best pose of all by the distance transform of
chapter 01. What it leaves out is said by `MixtureOfParts`.
"""

from .inference import best_pose
from .model import MixtureOfParts, Settings, load_parts, save_parts

__all__ = ["MixtureOfParts", "Settings", "best_pose", "load_parts", "save_parts"]
