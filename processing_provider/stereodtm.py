"""Overlapping images become a levelled DTM in one go."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class StereoDtm(StepAlgorithm):
    step_id = "stereodtm"
