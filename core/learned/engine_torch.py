"""The networks on torch: the same graph and weights as in NumPy, faster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .architectures import Architecture
from .networks import build, load

Float = NDArray[np.float32]


class TorchNetwork:
    """One network ready to run: ``network(image)`` maps (1, h, w) to (1, h, w), both float32."""

    def __init__(self, architecture: Architecture, tensors: Mapping[str, Float]) -> None:
        import torch

        self._network: Any = build(architecture)
        load(self._network, tensors)
        self._network.eval().to(memory_format=torch.channels_last)

    def __call__(self, image: Float) -> Float:
        import torch

        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(image))[None]
            return np.asarray(self._network(batch.contiguous(memory_format=torch.channels_last))[0].numpy(), np.float32)
