"""Both engines give the same heights, and each operation is the one that `architectures` describes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError, MissingPackageError
from planetary_dtm.core.learned import engine_numpy as ops
from planetary_dtm.core.learned.architectures import architecture
from planetary_dtm.core.learned.engine import load_engine
from planetary_dtm.core.learned.model_file import Model
from planetary_dtm.core.learned.scan import REACH, scan

SMALL = {
    "unet": {"widths": [8, 12, 16], "bottom_blocks": 2},
    "pix2pixcc": {"base": 4, "blocks": 2},
    "identity": {},
}


def model(name: str, seed: int = 0, options: dict[str, Any] | None = None) -> Model:
    """Random weights that keep the signal near unit variance; biases not zero, so that forgetting one shows."""
    rng = np.random.default_rng(seed)
    options = SMALL[name] if options is None else options
    tensors = {}
    for key, shape in architecture(name, options).tensor_shapes().items():
        scale = 0.1 if key.endswith("bias") else np.sqrt(1.5 / np.prod(shape[1:]))
        tensors[key] = rng.normal(0, scale, shape).astype(np.float32)
    return Model({"architecture": name, "options": options, "input_bands": ["grey"]}, tensors)


def image(shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("name", ["unet", "pix2pixcc", "identity"])
@pytest.mark.parametrize("shape", [(2, 1, 64, 96), (1, 1, 50, 71)])
def test_numpy_and_torch_agree(name: str, shape: tuple[int, ...]) -> None:
    pytest.importorskip("torch")
    batch = image(shape)
    ours, theirs = (load_engine(model(name), prefer).predict(batch) for prefer in ("numpy", "torch"))
    assert ours.shape == theirs.shape == shape and ours.dtype == theirs.dtype == np.float32
    assert np.abs(ours - theirs).max() < 1e-4 * theirs.std()


def test_torch_leaves_what_a_later_node_reads() -> None:
    """Written over in place are only values that nothing needs any more: here every value is read twice."""
    pytest.importorskip("torch")
    from planetary_dtm.core.learned.architectures import Architecture, Node
    from planetary_dtm.core.learned.engine_numpy import NumpyNetwork
    from planetary_dtm.core.learned.engine_torch import TorchNetwork

    conv = {"kernel": 3, "pad": 1}
    nodes = (
        Node("coarse_unshuffle", "unshuffle", ("grey",), 1, 4),
        Node("coarse", "conv", ("coarse_unshuffle",), 4, 3, **conv),
        Node("lit", "relu", ("coarse",), 3, 3),
        Node("both", "add", ("lit", "coarse"), 3, 3),  # coarse was read by relu before
        Node("twice", "add", ("both", "both"), 3, 3),
        Node("small_unshuffle", "unshuffle", ("both",), 3, 12),
        Node("small", "conv", ("small_unshuffle",), 12, 3, kernel=1),
        Node("wide", "nearest", ("small",), 3, 3),
        Node("joined", "add", ("wide", "twice"), 3, 3),
        Node("again", "nearest", ("joined",), 3, 3),
        Node("end", "add", ("again", "again"), 3, 3),
    )
    graph = Architecture("made up", nodes, 4, 0)
    rng = np.random.default_rng(0)
    tensors = {name: rng.normal(size=shape).astype(np.float32) for name, shape in graph.tensor_shapes().items()}
    picture = image((1, 16, 24))
    kept = picture.copy()
    ours, theirs = NumpyNetwork(graph, tensors)(picture), TorchNetwork(graph, tensors)(picture)
    assert np.array_equal(picture, kept) and np.abs(ours - theirs).max() < 1e-4 * ours.std()


def test_scanning_networks_agree_too() -> None:
    pytest.importorskip("torch")
    networks = model("unet", options={"widths": [8, 12, 16, 16], "scans": 8})
    ours, theirs = (load_engine(networks, prefer).predict(image((2, 1, 64, 96))) for prefer in ("numpy", "torch"))
    assert np.abs(ours - theirs).max() < 1e-4 * theirs.std()


def test_bilinear_pix2pixcc_agrees_too() -> None:
    pytest.importorskip("torch")
    networks = model("pix2pixcc", options={"base": 3, "blocks": 1, "upsampling": "bilinear"})
    ours, theirs = (load_engine(networks, prefer).predict(image((1, 1, 48, 32))) for prefer in ("numpy", "torch"))
    assert np.abs(ours - theirs).max() < 1e-4 * theirs.std()


@pytest.mark.parametrize(("kernel", "stride", "pad"), [(1, 1, 0), (3, 1, 1), (5, 2, 2), (7, 1, 0), (4, 2, 1)])
@pytest.mark.parametrize("size", [(9, 300), (64, 40)])
def test_correlation_against_its_definition(kernel: int, stride: int, pad: int, size: tuple[int, int]) -> None:
    x, weight, bias = image((3, *size)), image((2, 3, kernel, kernel), 2), image((2,), 3)
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (1, 2))[:, ::stride, ::stride]
    expected = np.einsum("cyxij,ocij->oyx", windows, weight) + bias[:, None, None]
    assert np.allclose(ops.correlate(x, weight, bias, stride, (pad,) * 4), expected, atol=1e-4)


def test_transposed_convolution_is_the_adjoint_of_the_strided_one() -> None:
    """<conv(y), x> = <y, conv_transpose(x)> for stride 2, kernel 3, padding 1."""
    x, y, weight = image((4, 6, 5)), image((2, 12, 10), 2), image((4, 2, 3, 3), 3)
    down = ops.correlate(y, weight, np.zeros(4, np.float32), 2, (1,) * 4)
    up = ops.doubling_transposed(x, weight, np.zeros(2, np.float32))
    assert down.shape == x.shape and up.shape == y.shape
    assert np.isclose(np.vdot(down, x), np.vdot(y, up), rtol=1e-4)


def test_pointwise_operations() -> None:
    x = image((8, 6, 10)) * 30
    assert np.allclose(ops.mish(x), x * np.tanh(np.logaddexp(0, x.astype(float))), atol=1e-5)
    normed = ops.instance_norm(x)
    assert np.allclose(normed.mean((1, 2)), 0, atol=1e-6) and np.allclose(normed.std((1, 2)), 1, atol=1e-4)
    assert np.array_equal(ops.shuffle(ops.unshuffle(x)), x)
    assert ops.unshuffle(x)[4 * 3 + 2 * 1 + 0, 2, 4] == x[3, 2 * 2 + 1, 2 * 4 + 0]
    assert np.array_equal(ops.nearest(x)[:, 1::2, ::2], x)
    ramp = np.mgrid[0:6, 0:10].sum(0, dtype=np.float32)[None]
    inner = ops.bilinear(ramp)[0, 1:-1, 1:-1]
    assert np.allclose(np.diff(inner, axis=0), 0.5) and np.allclose(np.diff(inner, axis=1), 0.5)


def test_a_scan_sums_and_averages_far_along_rows_and_columns() -> None:
    x = image((4, 5, 9))
    found = scan(x)
    weight = [np.exp(-abs(d) / REACH) for d in range(9)]
    ahead = sum(weight[6 - j] * x[0, 2, j] for j in range(6)) - sum(weight[j - 6] * x[0, 2, j] for j in range(7, 9))
    assert np.isclose(found[0, 2, 6], ahead / np.sqrt(REACH), atol=1e-5)
    shares = np.array([weight[abs(3 - j)] for j in range(9)])
    assert np.isclose(found[1, 2, 3], np.sum(shares * x[1, 2]) / shares.sum(), atol=1e-5)
    assert np.allclose(found[2:], scan(x.transpose(0, 2, 1)[[2, 3, 0, 1]]).transpose(0, 2, 1)[:2], atol=1e-5)
    # Heights from slopes: the sums of a line's slopes rise and fall as the line does, but for what fades with distance.
    z = np.cumsum(image((1, 1, 400)), axis=2)
    slopes = np.diff(z, axis=2, prepend=0)
    assert np.corrcoef(np.diff(scan(slopes.repeat(4, 0))[0, 0]), slopes[0, 0, 1:])[0, 1] > 0.6


def test_odd_sizes_are_continued_and_cut() -> None:
    engine = load_engine(model("unet"), "numpy")
    batch = image((1, 1, 37, 45))
    padded = np.pad(batch, ((0, 0), (0, 0), (0, 3), (0, 3)), mode="symmetric")
    assert np.array_equal(engine.predict(batch), engine.predict(padded)[..., :37, :45])


def test_what_is_missing_or_unknown_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="Engine 'tpu'"):
        load_engine(model("unet"), "tpu")
    two = Model({**model("unet").card, "input_bands": ["grey", "height"]}, {})
    with pytest.raises(InputError, match="height"):
        load_engine(two)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert load_engine(model("unet")).name == "numpy"
    with pytest.raises(MissingPackageError, match="torch"):
        load_engine(model("unet"), "torch")


def test_the_numpy_engine_imports_nothing_but_numpy() -> None:
    code = "import sys; from planetary_dtm.core.learned import engine, adapter, model_file; print(sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not any(f"'{name}'" in modules for name in ("torch", "scipy", "cv2", "safetensors", "matplotlib"))
