"""One view of 1024 x 1024 pixels, image to relief: seconds and memory with each engine, and whether they agree.

Every measurement runs in a process of its own, the image's sun standing askew so that the view has to be turned.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ..core.learned.engine import has_torch, load_engine
from ..core.learned.model_file import load_model
from ..core.learned.prediction import predict_relief
from ..core.progress import Progress, each, silent
from ..core.simulation.view import simulate_view
from ..core.steps.dtmfromextent import DEFAULT_MODEL
from .table import Table, Tables

SIDE = 1024
AZIMUTH = 305.0
OPTIONAL = ("scipy", "cv2", "torch", "safetensors", "matplotlib")
CASES = (
    ("seamless, NumPy", "numpy", "seamless", True),
    ("seamless, torch", "torch", "seamless", False),
    ("jmars, NumPy", "numpy", "jmars", True),
    ("jmars, torch", "torch", "jmars", False),
)
LIMITS = {"numpy": 5.0, "torch": 3.0}  # seconds on 2 cores


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent) -> Tables:
    """Measure all cases; ``data`` and ``folder`` are not needed."""
    title = f"One {SIDE} x {SIDE} view on {os.cpu_count()} cores"
    header = ("case", "seconds", "limit", "CPU seconds", "peak MB", "difference, sigma", "optional packages")
    table = Table(title, header)
    reference: dict[str, np.ndarray[Any, Any]] = {}
    with TemporaryDirectory() as scratch:
        np.save(Path(scratch) / "view.npy", simulate_view(SIDE, 100.0, AZIMUTH, 60.0, 8, 1).grey.astype(np.float32))
        cases = [case for case in CASES if case[1] != "torch" or has_torch()]
        for name, engine, mode, blocked in each(cases, progress, len(cases), "Measuring"):
            with get_context("spawn").Pool(1) as process:
                seconds, cpu, peak, height = process.apply(_measure, (scratch, engine, mode, blocked))
            first = reference.setdefault(mode, height)
            difference = float(np.abs(height - first).max() / first.std())
            packages = "blocked" if blocked else "allowed"
            table.rows.append((name, seconds, LIMITS[engine], cpu, peak, difference, packages))
    table.notes.append("CPU seconds count all threads. Peak memory is the whole process's; the aim is under 1500 MB.")
    if len(cases) < len(CASES):
        table.notes.append("torch is not installed and its engine was left out.")
    return Tables([table])


def _measure(scratch: str, engine: str, mode: str, blocked: bool) -> tuple[float, float, float, np.ndarray[Any, Any]]:
    """Seconds, CPU seconds, peak memory (MB) and relief of one prediction, the model already read."""
    if blocked:
        sys.modules.update(dict.fromkeys(OPTIONAL))  # an import of them fails
    grey = np.load(Path(scratch) / "view.npy")
    network = load_engine(load_model(DEFAULT_MODEL), engine)
    network.predict(np.zeros((1, 1, 64, 64), np.float32))  # libraries start their threads

    def read(*box: int) -> tuple[Any, Any]:
        part = grey[box[0] : box[1], box[2] : box[3]]
        return part, np.ones(part.shape, bool)

    start, start_cpu = time.perf_counter(), time.process_time()
    window = (0, SIDE, 0, SIDE)
    relief = predict_relief(read, (SIDE, SIDE), window, (100.0, 100.0), network, AZIMUTH, mode=mode)
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    return seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, relief.height
