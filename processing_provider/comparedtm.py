"""A DTM is measured against a reference."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class CompareDtm(StepAlgorithm):
    step_id = "comparedtm"
