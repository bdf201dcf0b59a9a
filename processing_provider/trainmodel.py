"""A terrain network is trained."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class TrainModel(StepAlgorithm):
    step_id = "trainmodel"
