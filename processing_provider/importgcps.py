"""Control points are taken from a product's table or a camera."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class ImportGcps(StepAlgorithm):
    step_id = "importgcps"
