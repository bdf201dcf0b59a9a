"""A DTM is brought to metres above the datum."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class LevelDtm(StepAlgorithm):
    step_id = "leveldtm"
