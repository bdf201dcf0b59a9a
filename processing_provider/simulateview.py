"""An image, altimetry and their true terrain are simulated, to try the rest without data."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class SimulateView(StepAlgorithm):
    step_id = "simulateview"
