"""Image and DEM become training pairs."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class TrainingPairs(StepAlgorithm):
    step_id = "trainingpairs"
