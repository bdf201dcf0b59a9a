"""A push-broom scene is simulated with known truth."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class SimulateScene(StepAlgorithm):
    step_id = "simulatescene"
