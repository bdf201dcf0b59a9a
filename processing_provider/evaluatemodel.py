"""A model is judged on held-out pairs."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class EvaluateModel(StepAlgorithm):
    step_id = "evaluatemodel"
