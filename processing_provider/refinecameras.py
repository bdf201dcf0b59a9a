"""Camera models are refined against ties and altimetry."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class RefineCameras(StepAlgorithm):
    step_id = "refinecameras"
