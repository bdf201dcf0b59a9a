"""Altitudes between the laser tracks with how far they can be trusted."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class CertaintyMap(StepAlgorithm):
    step_id = "certaintymap"
