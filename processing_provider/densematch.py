"""Two images of the same ground are matched pixel by pixel."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class DenseMatch(StepAlgorithm):
    step_id = "densematch"
