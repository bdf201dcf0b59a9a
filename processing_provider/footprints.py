"""Ground covered by images."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class Footprints(StepAlgorithm):
    step_id = "footprints"
