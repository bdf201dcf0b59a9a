"""A DTM is lit, with true slopes on any body."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class Hillshade(StepAlgorithm):
    step_id = "hillshade"
