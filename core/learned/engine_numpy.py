"""The networks on NumPy alone: every operation of `architectures`, with memory bounded and BLAS kept busy.

Tensors are (channels, rows, columns). A convolution gathers the kernel's shifted copies of a few rows into one matrix
(im2col) small enough for the processor's cache and multiplies it by the weights: measured, this beats accumulating
shifted products, in this layout and in channels-last, for it writes each output once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..products import product
from ..progress import breathe
from .architectures import INPUT, Architecture, Node
from .scan import scan

Float = NDArray[np.float32]

_PIXELS = 4096  # output pixels gathered into one product


class NumpyNetwork:
    """One network ready to run: ``network(image)`` maps (1, h, w) to (1, h, w), both float32."""

    def __init__(self, architecture: Architecture, tensors: Mapping[str, Float]) -> None:
        self._nodes = architecture.nodes
        self._tensors = dict(tensors)
        self._last_use = {name: index for index, node in enumerate(self._nodes) for name in node.inputs}

    def __call__(self, image: Float) -> Float:
        values: dict[str, Float] = {INPUT: image}
        result = image
        for index, node in enumerate(self._nodes):
            breathe()
            result = self._run(node, [values[name] for name in node.inputs])
            values[node.name] = result
            for name in set(node.inputs):  # free what no later node needs
                if self._last_use[name] == index:
                    del values[name]
        return result

    def _run(self, node: Node, inputs: list[Float]) -> Float:
        x = inputs[0]
        if node.op in ("conv", "conv_transpose"):
            weight, bias = self._tensors[f"{node.name}.weight"], self._tensors[f"{node.name}.bias"]
            if node.op == "conv":
                return correlate(x, weight, bias, node.stride, (node.pad,) * 4)
            return doubling_transposed(x, weight, bias)
        if node.op == "pad":
            return np.pad(x, ((0, 0), (node.pad, node.pad), (node.pad, node.pad)), mode="edge")
        if node.op == "add":
            return np.add(x, inputs[1])
        return _POINTWISE[node.op](x)


def correlate(x: Float, weight: Float, bias: Float, stride: int, pad: tuple[int, int, int, int]) -> Float:
    """Cross-correlation of x (c, h, w) with weight (o, c, kh, kw), zeros beyond the border.

    ``pad``: zero rows above and below, zero columns left and right.
    """
    out_channels, channels, tall, wide = weight.shape
    padded = np.pad(x, ((0, 0), pad[:2], pad[2:])) if any(pad) else x
    rows, columns = ((n - k) // stride + 1 for n, k in zip(padded.shape[1:], (tall, wide)))
    matrix = np.ascontiguousarray(weight.transpose(0, 2, 3, 1)).reshape(out_channels, -1)
    out = np.empty((out_channels, rows, columns), np.float32)
    step = max(1, _PIXELS // columns)
    gathered = np.empty((tall, wide, channels, step, columns), np.float32)
    for top in range(0, rows, step):
        breathe()
        count = min(step, rows - top)
        part = gathered if count == step else np.empty((tall, wide, channels, count, columns), np.float32)
        for i in range(tall):
            first = top * stride + i
            lines = padded[:, first : first + (count - 1) * stride + 1 : stride]
            for j in range(wide):
                part[i, j] = lines[:, :, j : j + (columns - 1) * stride + 1 : stride]
        block = product(matrix, part.reshape(matrix.shape[1], -1))
        block += bias[:, None]
        out[:, top : top + count] = block.reshape(out_channels, count, columns)
    return out


def doubling_transposed(x: Float, weight: Float, bias: Float) -> Float:
    """Transposed convolution, kernel 3, stride 2, padding 1, output padding 1: (c, h, w) -> (o, 2 h, 2 w).

    Output 2m + k - 1 receives input m through tap k: even rows see tap 1 of input m alone, odd rows tap 2 of m and
    tap 0 of m + 1; so four small correlations do it without the zeros that stride would put between.
    """
    taps = ([1], [2, 0])
    out = np.empty((weight.shape[1], 2 * x.shape[1], 2 * x.shape[2]), np.float32)
    for i, row_taps in enumerate(taps):
        for j, column_taps in enumerate(taps):
            kernel = weight[:, :, row_taps][:, :, :, column_taps].transpose(1, 0, 2, 3)
            out[:, i::2, j::2] = correlate(x, kernel, bias, 1, (0, i, 0, j))
    return out


def relu(x: Float) -> Float:
    """Positive part."""
    return np.asarray(np.maximum(x, 0), np.float32)


def mish(x: Float) -> Float:
    """x tanh(softplus(x)) = x n / (n + 2) with n = e (e + 2), e = exp(x)."""
    out = np.empty_like(x)
    for source, target in zip(x, out):  # a channel at a time keeps the temporaries in cache
        e = np.exp(np.minimum(source, 20))
        e *= e + 2
        np.divide(source * e, e + 2, out=target)
    return out


def instance_norm(x: Float) -> Float:
    """Each channel less its mean over its standard deviation (biased, eps 1e-5)."""
    out = np.empty_like(x)
    for source, target in zip(x, out):
        np.subtract(source, source.mean(dtype=np.float64), out=target, casting="same_kind")
        target /= np.float32(np.sqrt(np.mean(np.square(target), dtype=np.float64) + 1e-5))
    return out


def unshuffle(x: Float) -> Float:
    """Space to depth by 2: out[4c + 2i + j](y, x) = in[c](2y + i, 2x + j)."""
    channels, rows, columns = x.shape
    split = x.reshape(channels, rows // 2, 2, columns // 2, 2).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(split).reshape(4 * channels, rows // 2, columns // 2)


def shuffle(x: Float) -> Float:
    """Depth to space by 2, the inverse of `unshuffle`."""
    channels, rows, columns = x.shape
    split = x.reshape(channels // 4, 2, 2, rows, columns).transpose(0, 3, 1, 4, 2)
    return np.ascontiguousarray(split).reshape(channels // 4, 2 * rows, 2 * columns)


def nearest(x: Float) -> Float:
    """Each pixel repeated 2 x 2."""
    return x.repeat(2, axis=1).repeat(2, axis=2)


def bilinear(x: Float) -> Float:
    """Doubled, half-pixel centres, edges replicated."""
    for axis in (1, 2):
        before = np.concatenate([x.take([0], axis), x.take(range(x.shape[axis] - 1), axis)], axis)
        after = np.concatenate([x.take(range(1, x.shape[axis]), axis), x.take([-1], axis)], axis)
        pair = np.stack([0.25 * before + 0.75 * x, 0.75 * x + 0.25 * after], axis + 1)
        x = pair.reshape([2 * n if k == axis else n for k, n in enumerate(x.shape)]).astype(np.float32, copy=False)
    return x


_POINTWISE: dict[str, Any] = {
    "relu": relu, "mish": mish, "instance_norm": instance_norm,
    "unshuffle": unshuffle, "shuffle": shuffle, "nearest": nearest, "bilinear": bilinear,
    "scan": scan,
}  # fmt: skip
