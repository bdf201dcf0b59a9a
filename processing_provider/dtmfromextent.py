"""The visible extent of an image becomes terrain."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class DtmFromExtent(StepAlgorithm):
    step_id = "dtmfromextent"
