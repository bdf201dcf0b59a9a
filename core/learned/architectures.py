"""Architectures of the learned terrain models, described once for every engine (torch, NumPy) to build from.

An architecture is a flat graph: a tuple of nodes in execution order. Each node applies one operation of `OPERATIONS`
to the outputs of earlier nodes. The graph's input is the node named "grey", its output the last node. Tensors are
(channels, height, width) here; an engine is free to lay them out otherwise.

Only "conv" and "conv_transpose" nodes carry weights: `<node>.weight` and `<node>.bias`, float, shapes as torch has them
(conv: out, in, k, k; conv_transpose: in, out, k, k). `tensor_shapes` lists them: it is what a model file must hold, no
more and no less.

Operations (p = node.pad pixels on each side, before the kernel)
    conv           cross-correlation, kernel x kernel, stride, zero padding p
    conv_transpose kernel x kernel, stride 2, padding p, output padding 1 (doubles the size)
    pad            replicate padding by p
    relu, mish     pointwise; mish(x) = x tanh(softplus(x))
    add            sum of two inputs
    unshuffle      space to depth by 2: out[4c + 2i + j](y, x) = in[c](2y + i, 2x + j)   (torch.nn.PixelUnshuffle)
    shuffle        depth to space by 2, the inverse of unshuffle                           (torch.nn.PixelShuffle)
    nearest        each pixel repeated 2 x 2
    bilinear       doubled, half-pixel centres, edges replicated (torch: align_corners=False)
    instance_norm  each channel less its mean over its standard deviation (biased, eps 1e-5), no affine part
    scan           quarters of the channels summed or averaged far along rows and columns (see `scan`)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Union

from ..errors import InputError

OPERATIONS = (
    *("conv", "conv_transpose", "pad", "relu", "mish", "add"),
    *("unshuffle", "shuffle", "nearest", "bilinear", "instance_norm", "scan"),
)
INPUT = "grey"
SCANNED = 2  # the finest level of a U-Net that scans

Options = Mapping[str, Union[int, str, tuple[int, ...]]]


@dataclass(frozen=True)
class Node:
    """One operation: `name`, `op` (of OPERATIONS), names of its inputs, and its numbers of channels in and out."""

    name: str
    op: str
    inputs: tuple[str, ...]
    channels_in: int
    channels: int
    kernel: int = 0
    stride: int = 1
    pad: int = 0


@dataclass(frozen=True)
class Architecture:
    """A network as data.

    nodes: in execution order. multiple: height and width of the input must be multiples of it.
    halo: pixels next to the border of a tile where the output is less sure, for lack of neighbours.
    heights: the output is a height of every pixel.
    """

    name: str
    nodes: tuple[Node, ...]
    multiple: int
    halo: int
    heights: bool = True

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every weight tensor, in node order."""
        shapes: dict[str, tuple[int, ...]] = {}
        for node in self.nodes:
            if node.op in ("conv", "conv_transpose"):
                first, second = node.channels, node.channels_in
                if node.op == "conv_transpose":
                    first, second = second, first
                shapes[f"{node.name}.weight"] = (first, second, node.kernel, node.kernel)
                shapes[f"{node.name}.bias"] = (node.channels,)
        return shapes

    def parameters(self) -> int:
        """Number of trainable parameters."""
        total = 0
        for shape in self.tensor_shapes().values():
            count = 1
            for length in shape:
                count *= length
            total += count
        return total


class _Graph:
    """Appends nodes and remembers how many channels each carries."""

    def __init__(self, channels: int) -> None:
        self.nodes: list[Node] = []
        self.channels = {INPUT: channels}

    def add(
        self, name: str, op: str, *inputs: str, channels: int = 0, kernel: int = 0, stride: int = 1, pad: int = 0
    ) -> str:
        entering = self.channels[inputs[0]]
        leaving = channels or {"unshuffle": 4 * entering, "shuffle": entering // 4}.get(op, entering)
        self.nodes.append(Node(name, op, inputs, entering, leaving, kernel, stride, pad))
        self.channels[name] = leaving
        return name

    def conv(self, name: str, source: str, channels: int, kernel: int, stride: int = 1, pad: int | None = None) -> str:
        same = kernel // 2 if pad is None else pad
        return self.add(name, "conv", source, channels=channels, kernel=kernel, stride=stride, pad=same)


def _residual(graph: _Graph, name: str, x: str) -> str:
    """x + conv3(relu(conv3(x))): the stream itself stays linear."""
    width = graph.channels[x]
    inner = graph.add(f"{name}_relu", "relu", graph.conv(f"{name}_a", x, width, 3))
    return graph.add(f"{name}_sum", "add", x, graph.conv(f"{name}_b", inner, width, 3))


def _scanned(graph: _Graph, name: str, x: str, channels: int) -> str:
    """x + conv1(scan(conv1(x))): what is seen of slopes here, carried to the heights far along rows and columns."""
    far = graph.add(f"{name}_far", "scan", graph.conv(f"{name}_in", x, channels, 1))
    return graph.add(f"{name}_sum", "add", x, graph.conv(f"{name}_b", far, graph.channels[x], 1))


def unet(widths: tuple[int, ...] = (32, 64, 96, 128, 160), bottom_blocks: int = 2, scans: int = 0) -> Architecture:
    """Residual U-Net without normalisation layers; the first level works at half the resolution (space to depth).

    Without normalisation a pixel's height depends on its surroundings alone, so overlapping tiles agree where they
    overlap. widths: channels at 1/2, 1/4, ... of the resolution. Skips are added, not concatenated. The height is a
    Laplacian pyramid: every level adds what it knows to the doubled sum of the coarser ones. scans: channels that are
    scanned at 1/8 of the resolution and coarser (a multiple of 4; 0: none), which lets slopes be integrated over more
    ground than the kernels span.
    """
    if scans % 4:
        raise InputError(f"U-Net option 'scans' is {scans}; use a multiple of 4.")
    graph = _Graph(1)
    x = graph.conv("stem", graph.add("stem_unshuffle", "unshuffle", INPUT), widths[0], 3)
    skips = []
    for level, width in enumerate(widths):
        if level:
            x = graph.conv(f"down{level}", graph.add(f"down{level}_unshuffle", "unshuffle", x), width, 1)
        for block in range(bottom_blocks if level == len(widths) - 1 else 1):
            x = _residual(graph, f"encode{level}_{block}", x)
            if scans and level >= SCANNED:
                x = _scanned(graph, f"scan{level}_{block}", x, scans)
        skips.append(x)
    height = graph.conv("head" + str(len(widths) - 1), x, 1, 3)
    for level in range(len(widths) - 2, -1, -1):
        x = graph.add(f"up{level}_nearest", "nearest", graph.conv(f"up{level}", x, widths[level], 1))
        x = _residual(graph, f"decode{level}", graph.add(f"up{level}_sum", "add", x, skips[level]))
        height = graph.add(f"height{level}_bilinear", "bilinear", height)
        if level:
            height = graph.add(f"height{level}", "add", height, graph.conv(f"head{level}", x, 1, 3))
    detail = graph.add("detail", "shuffle", graph.conv("head0", x, 4, 3))
    graph.add("height", "add", graph.add("height_bilinear", "bilinear", height), detail)
    halo = 2 ** (len(widths) + (2 if scans else 1))
    return Architecture("unet", tuple(graph.nodes), multiple=2 ** len(widths), halo=halo)


def pix2pixcc(base: int = 64, upsampling: str = "transposed", blocks: int = 9) -> Architecture:
    """Generator of Pix2PixCC (Jeong et al.), with Mish and InstanceNorm.

    base: channels of the first layer (64 as published: 193,571,841 parameters).
    upsampling: "transposed" (as published) or "bilinear" (doubling and conv3: as many weights, no checkerboard).
    """
    if upsampling not in ("transposed", "bilinear"):
        raise InputError(f"Pix2PixCC option 'upsampling' is {upsampling!r}; use 'transposed' or 'bilinear'.")
    graph = _Graph(1)

    def padded(name: str, x: str, channels: int, kernel: int) -> str:
        """A convolution that sees the edge continued, as all with stride 1 do."""
        return graph.conv(name, graph.add(f"{name}_pad", "pad", x, pad=kernel // 2), channels, kernel, pad=0)

    def normed(name: str, x: str) -> str:
        return graph.add(f"{name}_mish", "mish", graph.add(f"{name}_norm", "instance_norm", x))

    x = normed("first", padded("first", INPUT, base, 7))
    for level in range(1, 5):
        x = normed(f"down{level}", graph.conv(f"down{level}", x, base * 2**level, 5, stride=2))
    for block in range(blocks):
        inner = normed(f"block{block}_a", padded(f"block{block}_a", x, graph.channels[x], 3))
        outer = padded(f"block{block}_b", inner, graph.channels[x], 3)
        x = graph.add(f"block{block}_sum", "add", x, graph.add(f"block{block}_b_norm", "instance_norm", outer))
    for level in range(3, -1, -1):
        name, width = f"up{level}", base * 2**level
        if upsampling == "transposed":
            x = graph.add(name, "conv_transpose", x, channels=width, kernel=3, stride=2, pad=1)
        else:
            x = padded(name, graph.add(f"{name}_bilinear", "bilinear", x), width, 3)
        x = normed(name, x)
    padded("last", x, 1, 7)
    return Architecture("pix2pixcc", tuple(graph.nodes), multiple=16, halo=64)


def sun_side(widths: tuple[int, ...] = (12, 16, 24, 32, 32)) -> Architecture:
    """Evidence, for each cell of 32 x 32 pixels (2 ** number of widths), that the sun stands at the image's left.

    Strided convolutions alone; `sun` takes the mirrored image's evidence away, which leaves no bias to a side.
    """
    graph = _Graph(1)
    x = INPUT
    for level, width in enumerate(widths):
        x = graph.add(f"relu{level}", "relu", graph.conv(f"conv{level}", x, width, 3 if level else 5, stride=2))
    graph.conv("evidence", x, 1, 1)
    return Architecture("sun_side", tuple(graph.nodes), multiple=2 ** len(widths), halo=0, heights=False)


def identity() -> Architecture:
    """No layer at all: heights are the grey values. It shows what the way to the model and back does to an image."""
    return Architecture("identity", (), multiple=1, halo=0)


_REGISTRY: dict[str, tuple[Callable[..., Architecture], dict[str, type]]] = {
    "unet": (unet, {"widths": tuple, "bottom_blocks": int, "scans": int}),
    "sun_side": (sun_side, {"widths": tuple}),
    "identity": (identity, {}),
    "pix2pixcc": (pix2pixcc, {"base": int, "upsampling": str, "blocks": int}),
}
NAMES = tuple(_REGISTRY)


def architecture(name: str, options: Options | None = None) -> Architecture:
    """Build the architecture called `name` (a closed list: NAMES) with its options, as a model card states them.

    Lists (as JSON has them) stand for tuples. Raises InputError for an unknown name, option or an absurd size.
    """
    if name not in _REGISTRY:
        raise InputError(f"Model architecture {name!r} is unknown; known ones are {', '.join(NAMES)}.")
    build, kinds = _REGISTRY[name]
    checked: dict[str, int | str | tuple[int, ...]] = {}
    for option, value in (options or {}).items():
        if option not in kinds:
            raise InputError(f"Architecture {name!r} has no option {option!r}; it has {', '.join(kinds)}.")
        plain = tuple(value) if isinstance(value, (list, tuple)) else value
        if isinstance(plain, bool) or not isinstance(plain, kinds[option]):
            raise InputError(f"Option {option!r} of architecture {name!r} must be of type {kinds[option].__name__}.")
        _check_size(name, option, plain)
        checked[option] = plain
    return build(**checked)


def _check_size(name: str, option: str, value: int | str | tuple[int, ...]) -> None:
    """Refuse sizes that no trained model has (a hostile card could otherwise ask for any amount of memory)."""
    if isinstance(value, str):
        return
    numbers = value if isinstance(value, tuple) else (value,)
    sane = all(isinstance(number, int) and 1 <= number <= 1024 for number in numbers)
    if not sane or not 1 <= len(numbers) <= 7 or (option in ("blocks", "bottom_blocks") and numbers[0] > 32):
        raise InputError(f"Option {option!r} of architecture {name!r} is out of range: {value!r}.")
