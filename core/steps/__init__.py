"""The steps a user runs, described once for Processing and the command line.

Each step is a module named by its id; it is imported only when asked for, so that the plugin loads fast.
"""

from __future__ import annotations

from importlib import import_module

from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

STEP_IDS = (
    "dtmfromextent",
    "leveldtm",
    "comparedtm",
    "hillshade",
    "simulateview",
    "mosaic",
    "filteraltimetry",
    "certaintymap",
    "simulatescene",
    "importgcps",
    "recovereop",
    "refinecameras",
    "densematch",
    "intersect",
    "pointstodtm",
    "footprints",
    "stereodtm",
    "orbit",
    "orthoimage",
    "trainingpairs",
    "trainmodel",
    "evaluatemodel",
)

__all__ = ["STEP_IDS", "Kind", "Output", "OutputKind", "Parameter", "Step", "StepResult", "step"]


def step(step_id: str) -> Step:
    """Return the step of this id; KeyError for an unknown one."""
    if step_id not in STEP_IDS:
        raise KeyError(step_id)
    found: Step = import_module(f".{step_id}", __name__).STEP
    return found
