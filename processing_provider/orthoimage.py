"""An image of known orientation is put on the map."""

from __future__ import annotations

from .algorithm import StepAlgorithm


class OrthoImage(StepAlgorithm):
    step_id = "orthoimage"
