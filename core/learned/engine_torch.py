"""The networks on torch: the same graph and weights as in NumPy, faster.

A large tensor that is newly made costs more than what is computed on it (the system hands out its pages one by one), so
whatever can is done in place, and space to depth is left to the convolution behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..progress import breathe
from .architectures import INPUT, Architecture, Node
from .networks import build, load

if TYPE_CHECKING:
    import torch

Float = NDArray[np.float32]


class TorchNetwork:
    """One network ready to run: ``network(image)`` maps (1, h, w) to (1, h, w), both float32."""

    def __init__(self, architecture: Architecture, tensors: Mapping[str, Float]) -> None:
        import torch

        architecture, tensors = strided(architecture, tensors)
        doubled = _doubled_when_added(architecture)
        network: Any = build(architecture)
        load(network, tensors)
        network.eval().to(memory_format=torch.channels_last)
        last_use = {name: node.name for node in architecture.nodes for name in node.inputs}
        self._steps = []
        for node, function in network.steps:
            finished = [name for name in dict.fromkeys(node.inputs) if last_use[name] == node.name]
            own = [name for name in finished if name != INPUT and node.inputs.count(name) == 1]
            if node.name in doubled:
                function = _handed_on
            elif node.op == "add" and set(node.inputs) & doubled:
                function = _doubled_onto(int(node.inputs[0] in doubled))
            else:
                function = _in_place(node, own) or function or network.weighted[node.name]
            self._steps.append((node, function, finished))

    def __call__(self, image: Float) -> Float:
        import torch

        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(image))[None].contiguous(memory_format=torch.channels_last)
            values = {INPUT: batch}
            output = batch
            for node, function, finished in self._steps:
                breathe()
                output = function(*(values[name] for name in node.inputs))
                for name in finished:
                    del values[name]
                values[node.name] = output
            return np.asarray(output[0].numpy(), np.float32)


def _in_place(node: Node, own: list[str]) -> Callable[..., torch.Tensor] | None:
    """The node's function where it may write over an input, of which ``own`` are needed no more; else None."""
    import torch.nn.functional as F

    if node.op == "add" and own:
        mine = node.inputs.index(own[0])
        return lambda *inputs: inputs[mine].add_(inputs[1 - mine])
    if own and node.op in ("relu", "mish"):
        function: Callable[..., torch.Tensor] = {"relu": F.relu, "mish": F.mish}[node.op]
        return lambda x: function(x, inplace=True)
    return None


def _doubled_when_added(architecture: Architecture) -> set[str]:
    """Names of the nodes that repeat pixels 2 x 2 only to add them to what no later node needs."""
    nodes = {node.name: node for node in architecture.nodes}
    readers = _readers(architecture)
    found = set()
    for node in architecture.nodes:
        behind = readers.get(node.name, [])
        if node.op != "nearest" or len(behind) != 1 or behind[0].op != "add" or len(readers[node.inputs[0]]) != 1:
            continue
        other = next((name for name in behind[0].inputs if name != node.name), INPUT)
        if other != INPUT and nodes[other].op != "nearest" and readers[other][-1] == behind[0]:
            found.add(node.name)
    return found


def _readers(architecture: Architecture) -> dict[str, list[Node]]:
    """The nodes that read each value, in the order of execution."""
    readers: dict[str, list[Node]] = {}
    for node in architecture.nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    return readers


def _handed_on(x: torch.Tensor) -> torch.Tensor:
    return x


def _doubled_onto(fine: int) -> Callable[..., torch.Tensor]:
    """Adds, to input number ``fine``, the other one with its pixels repeated 2 x 2."""

    def add(*inputs: torch.Tensor) -> torch.Tensor:
        pictures, channels, rows, columns = inputs[fine].shape
        blocks = inputs[fine].view(pictures, channels, rows // 2, 2, columns // 2, 2)
        blocks.add_(inputs[1 - fine][:, :, :, None, :, None])
        return inputs[fine]

    return add


def strided(architecture: Architecture, tensors: Mapping[str, Float]) -> tuple[Architecture, dict[str, Float]]:
    """The same network with every space to depth that a convolution alone reads made part of it: twice the kernel,
    stride 2, a quarter of the channels."""
    readers = _readers(architecture)
    made, nodes = dict(tensors), []
    taken: dict[str, Node] = {}
    for node in architecture.nodes:
        behind = readers.get(node.name, [])
        if node.op == "unshuffle" and len(behind) == 1 and behind[0].op == "conv" and behind[0].stride == 1:
            taken[node.name] = node
            continue
        before = taken.get(node.inputs[0])
        if before is not None:
            weight = tensors[f"{node.name}.weight"]
            out, channels, side, _ = weight.shape
            spread = weight.reshape(out, channels // 4, 2, 2, side, side).transpose(0, 1, 4, 2, 5, 3)
            made[f"{node.name}.weight"] = np.ascontiguousarray(spread).reshape(out, channels // 4, 2 * side, 2 * side)
            node = replace(
                node, inputs=before.inputs, channels_in=channels // 4, kernel=2 * side, stride=2, pad=2 * node.pad
            )
        nodes.append(node)
    return replace(architecture, nodes=tuple(nodes)), made
