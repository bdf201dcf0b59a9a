"""Matches become points on the ground."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class Intersect(StepAlgorithm):
    step_id = "intersect"
