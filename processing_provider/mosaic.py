"""An image mosaic of any size becomes terrain."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class Mosaic(StepAlgorithm):
    step_id = "mosaic"
