"""Many orbits, or long ones, become one DTM."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class OrbitDtm(StepAlgorithm):
    step_id = "orbit"
