"""Exterior orientation is recovered from control points and altimetry."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class RecoverEop(StepAlgorithm):
    step_id = "recovereop"
