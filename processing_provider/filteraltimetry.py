"""Laser shots are freed of outliers."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class FilterAltimetry(StepAlgorithm):
    step_id = "filteraltimetry"
