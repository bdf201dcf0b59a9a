"""The architectures as torch modules: one interpreter of the graphs in `architectures`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..progress import breathe
from .architectures import INPUT, Architecture, Node
from .scan import scan_matrices

if TYPE_CHECKING:
    import torch

Tensors = Mapping[str, NDArray[np.floating[Any]]]


def _pointwise(node: Node) -> Any:
    """The function of tensors that a node without weights stands for."""
    import torch.nn.functional as F

    functions: dict[str, Any] = {
        "relu": F.relu,
        "mish": F.mish,
        "add": lambda a, b: a + b,
        "pad": lambda x: F.pad(x, (node.pad,) * 4, mode="replicate"),
        "unshuffle": lambda x: F.pixel_unshuffle(x, 2),
        "shuffle": lambda x: F.pixel_shuffle(x, 2),
        "nearest": lambda x: F.interpolate(x, scale_factor=2, mode="nearest"),
        "bilinear": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
        # F.instance_norm gives wrong gradients for one picture in channels-last order (torch 2.13)
        "instance_norm": lambda x: F.group_norm(x, x.shape[1], eps=1e-5),
        "scan": scan,
    }
    return functions[node.op]


def scan(x: torch.Tensor) -> torch.Tensor:
    """As `scan.scan` does it, of a batch (n, channels, rows, columns)."""
    import torch

    down, along = ([torch.from_numpy(m).to(x) for m in scan_matrices(size)] for size in x.shape[2:])
    quarters = x.chunk(4, dim=1)
    out = [torch.matmul(quarter, matrix) for quarter, matrix in zip(quarters[:2], along)]
    out += [torch.matmul(matrix.T, quarter) for quarter, matrix in zip(quarters[2:], down)]
    return torch.cat(out, dim=1).contiguous(memory_format=torch.channels_last)


def breathe_backward(output: torch.Tensor) -> None:
    """Hear a cancel now, and again when the gradient comes back to here."""
    breathe()
    if output.requires_grad:
        output.register_hook(lambda gradient: breathe())


def _weighted(node: Node) -> torch.nn.Module:
    from torch import nn

    if node.op == "conv":
        return nn.Conv2d(node.channels_in, node.channels, node.kernel, node.stride, node.pad)
    return nn.ConvTranspose2d(node.channels_in, node.channels, node.kernel, node.stride, node.pad, output_padding=1)


def build(architecture: Architecture, seed: int = 0) -> torch.nn.Module:
    """The network as a torch module: forward takes (n, 1, h, w) float32 and returns heights (n, 1, h, w) float32.

    Freshly initialised from `seed`: He for convolutions before a ReLU, residual branches and heads near zero, so that
    training starts from the identity and from flat ground; pix2pixcc as published, normal with sigma 0.02. `load` puts
    trained weights in.
    """
    import torch

    class Network(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.weighted = torch.nn.ModuleDict(
                {node.name: _weighted(node) for node in architecture.nodes if "conv" in node.op}
            )
            last_use = {name: node.name for node in architecture.nodes for name in node.inputs}
            self.steps = [(node, None if "conv" in node.op else _pointwise(node)) for node in architecture.nodes]
            self.finished = [[n for n in node.inputs if last_use[n] == node.name] for node in architecture.nodes]

        def forward(self, grey: torch.Tensor) -> torch.Tensor:
            values = {INPUT: grey}
            output = grey
            for (node, function), finished in zip(self.steps, self.finished):
                inputs = [values[name] for name in node.inputs]
                if function is not None:
                    output = function(*inputs)
                elif node.name.startswith(("head", "last")):  # heights keep full precision, also under autocast
                    with torch.autocast(grey.device.type, enabled=False):
                        output = self.weighted[node.name](inputs[0].float())
                else:
                    output = self.weighted[node.name](inputs[0])
                values[node.name] = output
                breathe_backward(output)
                for name in finished:
                    del values[name]
            return output.float()

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network()
        for name, layer in network.weighted.items():
            torch.nn.init.zeros_(layer.bias)
            if architecture.name == "pix2pixcc":
                torch.nn.init.normal_(layer.weight, 0.0, 0.02)
                continue
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu" if name.endswith("_a") else "linear")
            if architecture.name == "unet" and (name.endswith("_b") or name.startswith("head")):
                with torch.no_grad():
                    layer.weight.mul_(0.1)
    return network


def tensors(network: torch.nn.Module) -> dict[str, NDArray[np.float32]]:
    """Weights as arrays, named and shaped as `Architecture.tensor_shapes` says."""
    state = network.state_dict()
    return {name.removeprefix("weighted."): value.detach().float().cpu().numpy() for name, value in state.items()}


def load(network: torch.nn.Module, weights: Tensors) -> None:
    """Put arrays (as `tensors` gives them) into a network."""
    import torch

    network.load_state_dict({f"weighted.{name}": torch.tensor(np.asarray(value)) for name, value in weights.items()})
