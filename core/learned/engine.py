"""Engines that run a model: NumPy (always there) and torch (where installed), with the same result."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, MissingPackageError
from ..imports import import_beside
from ..progress import breathe_during
from .engine_numpy import NumpyNetwork
from .model_file import Model

Float = NDArray[np.float32]

ENGINES = ("auto", "numpy", "torch")


@dataclass(frozen=True)
class Engine:
    """A model ready to predict. ``name`` is the engine that runs it: "numpy" or "torch"."""

    model: Model
    name: str
    multiple: int
    halo: int
    _network: Callable[[Float], Float]

    def predict(self, batch: Float) -> Float:
        """Network output of normalised images: (n, 1, h, w) -> (n, 1, h, w), float32, in the model's own height unit.

        Sides that are no multiple of the network's are continued by their mirror image and cut again.
        """
        rows, columns = batch.shape[2:]
        pad = [(0, -rows % self.multiple), (0, -columns % self.multiple)]
        padded = np.pad(batch, [(0, 0), (0, 0), *pad], mode="symmetric") if any(sum(pad, ())) else batch
        images = (self._network(np.ascontiguousarray(image, np.float32)) for image in padded)
        return np.stack([image[:, :rows, :columns] for image in images])


def load_engine(model: Model, prefer: str = "auto") -> Engine:
    """The engine for a model; see `engine_name` for ``prefer`` and what is refused."""
    name, graph = engine_name(model, prefer), model.architecture
    if name == "torch":
        load_torch()
        from .engine_torch import TorchNetwork

        return Engine(model, name, graph.multiple, graph.halo, TorchNetwork(graph, model.tensors))
    return Engine(model, name, graph.multiple, graph.halo, NumpyNetwork(graph, model.tensors))


def engine_name(model: Model, prefer: str = "auto") -> str:
    """Which engine runs a model, without loading it. ``prefer``: "auto" (torch where installed), "numpy" or "torch".

    Raises `MissingPackageError` when torch is asked for and absent, `InputError` for an unknown name.
    """
    if prefer not in ENGINES:
        raise InputError(f"Engine {prefer!r} is unknown; use one of {', '.join(ENGINES)}.")
    if model.card["input_bands"] != ["grey"]:
        raise InputError(f"The model needs the bands {', '.join(model.card['input_bands'])}; only grey can be given.")
    name = prefer
    if prefer == "auto":
        name = "torch" if has_torch() else "numpy"
    if name == "torch" and not has_torch():
        raise MissingPackageError("torch", "The torch engine")
    return name


def load_torch() -> None:
    """Import torch, which takes a second or two, and hear a cancel meanwhile; ImportError where it is not there."""
    breathe_during(lambda: import_beside("torch"))


def has_torch() -> bool:
    """Whether torch can be imported here."""
    try:
        return importlib.util.find_spec("torch") is not None
    except (ImportError, ValueError):  # blocked, or half taken away
        return False
