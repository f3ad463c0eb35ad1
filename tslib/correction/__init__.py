"""Correcting estimated poses by those before and after (Paper B).

corrector = Corrector(PoseCorrector(joints=7), SKELETONS["youtube7"])
corrector.fit(estimates, truths)        # lists of tracks (T, K, 2) px
poses = corrector.correct(track)
"""

from .corrector import Corrector, load_corrector, save_corrector
from .model import PoseCorrector
from .training import CorrectorPlan

__all__ = ["Corrector", "CorrectorPlan", "PoseCorrector", "load_corrector", "save_corrector"]
