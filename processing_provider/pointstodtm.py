"""A point cloud becomes a DTM."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class PointsToDtm(StepAlgorithm):
    step_id = "pointstodtm"
