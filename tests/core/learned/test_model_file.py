"""Model files: what is written comes back; whatever is not a sound model is refused, soon and in one sentence."""

from __future__ import annotations

import json
import os
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.learned.architectures import architecture
from planetary_dtm.core.learned.model_file import FILE_CAP, HEADER_CAP, load_model, read_card, save_model

OPTIONS = {"widths": [4, 6], "bottom_blocks": 1}


def card(**changes: Any) -> dict[str, Any]:
    return {
        "architecture": "unet", "options": OPTIONS, "input_bands": ["grey"], "input_size": 64,
        "grey": {"kind": "robust"}, "height_unit": "ground_pixel", "height_scale": 1.0, "height_offset": 0.0,
        "sun_azimuth": 270.0, **changes,
    }  # fmt: skip


def tensors(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = architecture("unet", OPTIONS).tensor_shapes()
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(path, tensors(), card())
    return path


def rewrite(path: Path, change: Any = None, data: bytes | None = None) -> None:
    """Replace the header's JSON (``change`` edits the object, or gives its text) and maybe the weights."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    result = change(header) if change else None
    text = result if isinstance(result, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + (raw[8 + length :] if data is None else data))


def refused(path: Path, match: str) -> None:
    """It must be refused within 100 MB, with one sentence."""
    tracemalloc.start()
    with pytest.raises(InputError, match=match) as caught:
        load_model(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6
    assert len(str(caught.value)) < 400 + len(str(path)) and "\n" not in str(caught.value)


def test_what_is_written_comes_back_and_the_bytes_repeat(model: Path, tmp_path: Path) -> None:
    loaded = load_model(model)
    for name, array in tensors().items():
        assert np.array_equal(loaded.tensors[name], array) and loaded.tensors[name].dtype == np.float32
    assert loaded.card == read_card(model) and loaded.sun_azimuth == 270.0
    again = tmp_path / "again.safetensors"
    save_model(again, dict(reversed(list(tensors().items()))), card())
    assert again.read_bytes() == model.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.safetensors", "model.safetensors"]


def test_half_precision_and_the_reference_library_read_the_same(model: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.safetensors"
    save_model(half, {name: array.astype(np.float16) for name, array in tensors().items()}, card())
    assert half.stat().st_size < 0.7 * model.stat().st_size
    for name, array in load_model(half).tensors.items():
        assert array.dtype == np.float32 and np.allclose(array, tensors()[name], atol=4e-3)
    safetensors = pytest.importorskip("safetensors.numpy")
    for name, array in safetensors.load_file(model).items():
        assert np.array_equal(array, tensors()[name])


def test_height_units(model: Path) -> None:
    output = np.array([[2.0]], np.float32)
    assert load_model(model).heights(output, 100.0) == 200.0
    save_model(model, tensors(), card(height_unit="metre", height_scale=10.0, height_offset=-5.0))
    assert load_model(model).heights(output, 100.0) == 15.0


def test_saving_refuses_what_loading_would(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    bad: list[tuple[dict[str, np.ndarray], dict[str, Any], str]] = [
        ({**tensors(), "more": np.zeros(1, np.float32)}, card(), "unknown tensor 'more'"),
        ({**tensors(), "stem.bias": np.zeros(5, np.float32)}, card(), "stem.bias"),
        ({**tensors(), "stem.bias": np.full(4, np.nan, np.float32)}, card(), "NaN"),
        ({**tensors(), "stem.bias": np.zeros(4)}, card(), "float64"),
        (tensors(), card(architecture="resnet"), "resnet"),
        (tensors(), card(height_scale=float("inf")), "height_scale"),
    ]
    for arrays, fields, message in bad:
        with pytest.raises(InputError, match=message):
            save_model(path, arrays, fields)
    with pytest.raises(InputError, match="does not exist"):
        save_model(tmp_path / "no" / "m.safetensors", tensors(), card())
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(model: Path) -> None:
    before = model.read_bytes()
    with pytest.raises(InputError):
        save_model(model, {**tensors(), "stem.bias": np.full(4, np.inf, np.float32)}, card())
    assert model.read_bytes() == before and len(list(model.parent.iterdir())) == 1


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch bomb-went-off",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickle_in_disguise(model: Path, protocol: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model.parent)
    model.write_bytes(pickle.dumps(Bomb(), protocol) + b"\0" * 64)
    refused(model, "pickle|no safetensors")
    assert not (model.parent / "bomb-went-off").exists()


def test_torch_zip_in_disguise(model: Path) -> None:
    model.write_bytes(b"PK\x03\x04" + b"\0" * 1000)
    refused(model, "never opened")


@pytest.mark.parametrize("length", [0, 1, HEADER_CAP + 1, 2**40, 2**64 - 1])
def test_header_length_lies(model: Path, length: int) -> None:
    model.write_bytes(length.to_bytes(8, "little") + model.read_bytes()[8:])
    refused(model, "no safetensors file|not valid JSON")


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 900_000,
        b'{"a":' * 150_000,
        b'{"a":' + b"9" * 900_000 + b"}",
        b'{"a":1e999}',
        b"[" + b"[]," * 300_000 + b"[]]",
        b'{"x":' + b"{}," * 10 + b"}",
        b'{"__metadata__":{},"__metadata__":{}}',
        b"\xff\xfe{}",
        b'{"a": NaN}',
        b"null",
        b"{}",
        b'{"__metadata__": {"card": 5}}',
        b'{"__metadata__": {"card": "[[["}}',
        b'{"__metadata__": {"card": "{}"}}',
        b'{"__metadata__": ["card"]}',
    ],
)
def test_header_bombs(model: Path, text: bytes) -> None:
    rewrite(model, lambda header: text)
    refused(model, "JSON|model card")


def test_offsets_must_tile_the_data(model: Path) -> None:
    original = model.read_bytes()

    def shift(header: dict[str, Any], by: int) -> None:
        entry = header["stem.weight"]
        entry["data_offsets"] = [value + by for value in entry["data_offsets"]]

    for by in (-16, 16, -(10**9), 10**17):
        model.write_bytes(original)
        rewrite(model, lambda header, by=by: shift(header, by))
        refused(model, "overlaps|gap|shape that|truncated")
    for data in (b"", original[-100:]):
        model.write_bytes(original)
        rewrite(model, data=data)
        refused(model, "truncated")
    model.write_bytes(original + b"tail")
    refused(model, "foreign bytes")


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4 * 10**18]},
        {"dtype": "F32", "shape": [-4], "data_offsets": [16, 0]},
        {"dtype": "F32", "shape": [True, 4], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [4.0], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [1] * 100_000, "data_offsets": [0, 4]},
        {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]},
        {"dtype": ["F32"], "shape": [4], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": 4, "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [4]},
        "F32",
        None,
    ],
)
def test_shape_and_type_bombs(model: Path, entry: Any) -> None:
    rewrite(model, lambda header: header.update({"stem.bias": entry}))
    refused(model, "stem.bias|truncated|too long")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/tmp/x", "stem.bias\0", "x" * 5000, ""])
def test_tensor_names_are_a_closed_list(model: Path, name: str) -> None:
    rewrite(model, lambda header: header.update({name: header.pop("stem.bias")}))
    refused(model, "tensor")


@pytest.mark.parametrize(
    "changes",
    [
        {"architecture": "os.system"}, {"architecture": ["unet"]}, {"options": {"widths": [10**9]}},
        {"options": {"widths": [4, 6], "bottom_blocks": 10**9}}, {"options": {"run": "code"}}, {"options": []},
        {"options": {"widths": 7}}, {"options": {"widths": ["a"]}}, {"input_size": 10**9}, {"grey": "robust"},
        {"height_scale": 0}, {"sun_azimuth": "north"}, {"height_unit": "feet"}, {"input_bands": []},
    ],
)  # fmt: skip
def test_card_fields_are_checked(model: Path, changes: dict[str, Any]) -> None:
    rewrite(model, lambda header: header["__metadata__"].update(card=json.dumps({**read_card(model), **changes})))
    refused(model, "[Mm]odel card|architecture|Option|option")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_must_be_finite(model: Path, value: float) -> None:
    raw = bytearray(model.read_bytes())
    raw[-4:] = np.float32(value).tobytes()
    model.write_bytes(raw)
    refused(model, "NaN or infinite")


def test_checksum(model: Path) -> None:
    raw = bytearray(model.read_bytes())
    raw[-4:] = np.float32(1.25).tobytes()
    model.write_bytes(raw)
    refused(model, "checksum")


def test_only_plain_files_within_the_cap_are_opened(model: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.safetensors"
    link.symlink_to(model)
    refused(link, "symbolic link")
    refused(tmp_path / "missing.safetensors", "cannot be opened")
    refused(tmp_path, "regular file|cannot be opened")
    refused(Path("/dev/zero"), "regular file")
    refused(Path(str(tmp_path / "nul\0byte")), "cannot be opened")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    refused(pipe, "regular file")
    with model.open("r+b") as file:
        file.truncate(FILE_CAP + 1)  # sparse: costs no disk
    refused(model, "GB")


def test_every_truncation_is_refused(model: Path) -> None:
    raw = model.read_bytes()
    for length in np.random.default_rng(0).integers(0, len(raw), 60):
        model.write_bytes(raw[:length])
        refused(model, "truncated|no safetensors")


@pytest.mark.parametrize("name", ["default", "sun"])
def test_shipped_cards_tell_where_models_come_from(name: str) -> None:
    told = read_card(Path(__file__).resolve().parents[3] / "resources" / "models" / f"{name}.safetensors")
    assert told["body"] == "Moon" and told["metrics"]
    assert told["gsd_m"] == ([5.01, 1000.0] if name == "default" else [5.0, 500.0])
    assert told["date"].startswith("2026-11") and told["code_version"] and told["licence"] == "GPL-2.0-or-later"
