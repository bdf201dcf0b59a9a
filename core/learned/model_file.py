"""Model files: a safetensors container read with caps, its header carrying a JSON model card.

Weights are data. The reader opens nothing but a plain file, believes no number in it before having checked it,
and hands over arrays only when names, shapes, finiteness and checksum all hold. Layout of the container: 8 bytes
little-endian header length, a JSON header ``{"__metadata__": {"card": "<JSON>"}, name: {"dtype", "shape",
"data_offsets"}}``, then the tensors' bytes without gaps (https://github.com/huggingface/safetensors, "Format").

The card (JSON object) must hold

=================  =====================================================================================
architecture       one of `architectures`' names, with ``options`` (object) for its builder
input_bands        list of band names, ``["grey"]`` or ``["grey", ...]``
input_size         side in pixels of the tiles it was trained on
grey               ``{"kind": "robust" | "symmetric" | "raw"}``: see `greyscale`
height_unit        ``"ground_pixel"`` (heights in units of the ground pixel) or ``"metre"``
height_scale       height = height_offset + height_scale * output
height_offset
sun_azimuth        degrees clockwise from the image's top at which it expects the sun; null: any
=================  =====================================================================================

and should hold name, gsd_m [min, max], body, training_data, training_boxes [[lon0, lat0, lon1, lat1], ...],
metrics, licence, date, code_version. `save_model` adds ``data_sha256``.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..outputs import replacing
from .architectures import Architecture, architecture

HEADER_CAP = 1 << 20
FILE_CAP = 1 << 30
DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}
GREY_KINDS = ("robust", "symmetric", "raw")
HEIGHT_UNITS = ("ground_pixel", "metre")
_MOST = 1e9  # of a number in the card: heights beyond leave float32's range
_BLOCK = 1 << 22  # bytes looked at together while checking: bounds the memory a bad file can cost


@dataclass(frozen=True)
class Model:
    """A checked model: its card and its weights (float32, C order), ready for `engine.load_engine`."""

    card: dict[str, Any]
    tensors: dict[str, NDArray[np.float32]]

    @property
    def architecture(self) -> Architecture:
        """The network as a graph of layers, as the card describes it."""
        return architecture(self.card["architecture"], self.card["options"])

    @property
    def sun_azimuth(self) -> float | None:
        """Degrees clockwise from the image's top at which the network expects the sun; None: anywhere."""
        return None if self.card["sun_azimuth"] is None else float(self.card["sun_azimuth"])

    @property
    def usual_slope(self) -> float:
        """Of the ground that the network was trained on (tangent along the sun), for heights in ground pixels."""
        training = self.card.get("training")
        divisor = training.get("height_divisor", 1.0) if isinstance(training, dict) else 1.0  # of Pix2PixCC's output
        sound = isinstance(divisor, (int, float)) and 0 < divisor < np.inf
        return abs(float(self.card["height_scale"])) / (float(divisor) if sound else 1.0)

    def heights(self, output: NDArray[np.float32], gsd_m: float) -> NDArray[np.float32]:
        """Network output to metres, for images of ground pixel size ``gsd_m`` (metres)."""
        unit = gsd_m if self.card["height_unit"] == "ground_pixel" else 1.0
        scale, offset = float(self.card["height_scale"]), float(self.card["height_offset"])
        return np.asarray(output * np.float32(scale * unit) + np.float32(offset * unit), np.float32)


@dataclass(frozen=True)
class _Entry:
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    end: int


# ---------------------------------------------------------------------------------------------- reading


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read and check a model file. Raises `InputError` (one sentence) for anything that is not a sound model."""
    path = Path(path)
    with _readable(path), _open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > FILE_CAP:
            raise InputError(f"The model file {path} has {size / 1e9:.1f} GB; at most {FILE_CAP / 1e9:.1f} are read.")
        header, start = _read_header(file, size, path)
        card = _card_of(header, path)
        entries = _entries_of(header, size - start, path)
        _check_shapes(card, {entry.name: entry.shape for entry in entries}, str(path))
        _check_data(file, start, entries, card, path)
        return Model(card, {entry.name: _read_tensor(file, start, entry, path) for entry in entries})


def load_height_model(path: str | os.PathLike[str]) -> Model:
    """As `load_model`, and `InputError` for a sound model that gives no heights."""
    model = load_model(path)
    if not model.architecture.heights:
        raise InputError(
            f"The model file {path} is of architecture {model.card['architecture']!r}, which gives no heights; give a "
            "model of terrain as MODEL, or leave it empty for the one that ships."
        )
    return model


def read_card(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The model card alone (no weight is read). Raises `InputError` as `load_model` does."""
    path = Path(path)
    with _readable(path), _open_plain(path) as file:
        header, _ = _read_header(file, os.fstat(file.fileno()).st_size, path)
        return _card_of(header, path)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"The model file {path} cannot be read ({error.strerror or error}).") from error


def _open_plain(path: Path) -> BinaryIO:
    """Open a regular file only: a link could point anywhere, a pipe or device could block or never end."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if path.is_symlink():
            raise InputError(f"The model file {path} is a symbolic link; give the file it points to.")
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"The model file {path} cannot be opened ({reason}).") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"The model file {path} is not a regular file.")
    return os.fdopen(descriptor, "rb")


def _read_header(file: BinaryIO, size: int, path: Path) -> tuple[dict[str, Any], int]:
    """The JSON header and the offset at which the tensors' bytes begin."""
    head = file.read(8)
    if head[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise InputError(
            f"The model file {path} is a pickle or PyTorch checkpoint, which could run code and is never opened; "
            "give a .safetensors model."
        )
    length = int.from_bytes(head, "little")
    if len(head) < 8 or not 2 <= length <= min(HEADER_CAP, size - 8):
        raise InputError(f"The model file {path} is no safetensors file or is truncated (header of {length} bytes).")
    return _parse_object(file.read(length), f"The header of the model file {path}"), 8 + length


def _parse_object(text: bytes | str, what: str) -> dict[str, Any]:
    """Strict JSON object: no duplicate keys, no NaN, no numbers of unbounded length or depth."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise ValueError("a key appears twice")
        return result

    def integer(digits: str) -> int:
        if len(digits) > 18:
            raise ValueError("a number is too long")
        return int(digits)

    def refuse(name: str) -> float:
        raise ValueError(f"{name} is no JSON number")

    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(text, object_pairs_hook=unique, parse_int=integer, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} is not valid JSON ({str(error)[:80]}).") from error
    if not isinstance(value, dict):
        raise InputError(f"{what} is not a JSON object.")
    return value


def _card_of(header: Mapping[str, Any], path: Path) -> dict[str, Any]:
    metadata = header.get("__metadata__")
    text = metadata.get("card") if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise InputError(f"The model file {path} carries no model card (metadata key 'card').")
    card = _parse_object(text, f"The model card of {path}")
    _check_card(card, str(path))
    return card


def _check_card(card: Mapping[str, Any], where: str) -> None:
    """Refuse a card whose fields the prediction could not use."""

    def number(value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and -_MOST <= value <= _MOST

    size, bands, grey = card.get("input_size"), card.get("input_bands"), card.get("grey")
    sound = {
        "architecture": isinstance(card.get("architecture"), str),
        "options": isinstance(card.get("options"), dict),
        "input_bands": isinstance(bands, list) and bool(bands) and all(isinstance(band, str) for band in bands),
        "input_size": isinstance(size, int) and not isinstance(size, bool) and 1 <= size <= 8192,
        "grey": isinstance(grey, dict) and grey.get("kind") in GREY_KINDS,
        "height_unit": card.get("height_unit") in HEIGHT_UNITS,
        "height_scale": number(card.get("height_scale")) and card.get("height_scale") != 0,
        "height_offset": number(card.get("height_offset")),
        "sun_azimuth": "sun_azimuth" in card and (card["sun_azimuth"] is None or number(card["sun_azimuth"])),
    }
    for field, good in sound.items():
        if not good:
            raise InputError(f"The model card of {where} has no usable field {field!r}.")


def _entries_of(header: Mapping[str, Any], size: int, path: Path) -> list[_Entry]:
    """The tensors in file order; they must tile the ``size`` bytes after the header exactly."""
    entries = []
    for name, value in header.items():
        if name == "__metadata__":
            continue
        try:
            dtype, shape = DTYPES[value["dtype"]], tuple(value["shape"])
            begin, end = value["data_offsets"]
            whole = all(type(number) is int and number >= 0 for number in (*shape, begin, end))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"Tensor {name[:80]!r} of the model file {path} is not float32 or float16.") from error
        if not whole or len(shape) > 8 or end - begin != dtype.itemsize * math.prod(shape):
            raise InputError(f"Tensor {name[:80]!r} of the model file {path} has a shape that its bytes do not fill.")
        entries.append(_Entry(name, dtype, shape, begin, end))
    entries.sort(key=lambda entry: (entry.begin, entry.end))
    position = 0
    for entry in entries:
        if entry.begin != position:
            raise InputError(f"Tensor {entry.name[:80]!r} of the model file {path} overlaps another or leaves a gap.")
        position = entry.end
    if position != size:
        word = "truncated" if position > size else "followed by foreign bytes"
        raise InputError(f"The model file {path} is {word}: {size} bytes of weights, {position} announced.")
    return entries


def _check_shapes(card: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], where: str) -> None:
    """Names and shapes must be those that the card's architecture and options ask for."""
    expected = architecture(card["architecture"], card["options"]).tensor_shapes()
    for name in sorted(set(expected) ^ set(shapes)):
        verb = "lacks" if name in expected else "has an unknown"
        raise InputError(f"The model {where} {verb} tensor {name[:80]!r} for architecture {card['architecture']!r}.")
    for name, shape in shapes.items():
        if tuple(expected[name]) != tuple(shape):
            raise InputError(f"Tensor {name!r} of {where} has shape {list(shape)}, {list(expected[name])} is needed.")


def _check_data(file: BinaryIO, start: int, entries: list[_Entry], card: Mapping[str, Any], path: Path) -> None:
    """Checksum and finiteness, block by block, so that a bad file costs no more memory than one block."""
    digest = hashlib.sha256()
    file.seek(start)
    for entry in entries:
        remaining = entry.end - entry.begin
        while remaining:
            block = file.read(min(remaining, _BLOCK))
            if not block:
                raise InputError(f"The model file {path} is truncated.")
            if not np.isfinite(np.frombuffer(block, entry.dtype)).all():
                raise InputError(f"Tensor {entry.name!r} of the model file {path} holds NaN or infinite weights.")
            digest.update(block)
            remaining -= len(block)
    if card.get("data_sha256") != digest.hexdigest():
        raise InputError(f"The weights of the model file {path} do not match the checksum in its card; fetch it again.")


def _read_tensor(file: BinaryIO, start: int, entry: _Entry, path: Path) -> NDArray[np.float32]:
    file.seek(start + entry.begin)
    data = file.read(entry.end - entry.begin)
    if len(data) < entry.end - entry.begin:
        raise InputError(f"The model file {path} is truncated.")
    return np.frombuffer(data, entry.dtype).reshape(entry.shape).astype(np.float32)


# ---------------------------------------------------------------------------------------------- writing


def save_model(
    path: str | os.PathLike[str], tensors: Mapping[str, NDArray[np.floating[Any]]], card: Mapping[str, Any]
) -> None:
    """Write a model file (same bytes for the same input), under a temporary name and then renamed.

    ``tensors``: float32 or float16 arrays (kept as such), named as the card's architecture names them.
    Raises `InputError` for a card or tensors that `load_model` would refuse, and where the file cannot be written.
    """
    path = Path(path)
    names = sorted(tensors)
    arrays = [np.ascontiguousarray(tensors[name]).reshape(np.shape(tensors[name])) for name in names]
    codes = {dtype.newbyteorder("="): code for code, dtype in DTYPES.items()}
    _check_card(card, str(path))
    _check_shapes(card, {name: array.shape for name, array in zip(names, arrays)}, str(path))
    digest, position = hashlib.sha256(), 0
    header: dict[str, Any] = {}
    for name, array in zip(names, arrays):
        if array.dtype not in codes:
            raise InputError(f"Tensor {name!r} is {array.dtype}; a model file holds float32 or float16.")
        if not np.isfinite(array).all():
            raise InputError(f"Tensor {name!r} holds NaN or infinite weights; the model was not written.")
        code = codes[array.dtype]
        digest.update(array.astype(DTYPES[code], copy=False).tobytes())
        end = position + array.nbytes
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [position, end]}
        position = end
    card_text = json.dumps({**card, "data_sha256": digest.hexdigest()}, sort_keys=True, allow_nan=False)
    text = json.dumps({"__metadata__": {"card": card_text}, **header}, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    if len(text) > HEADER_CAP or position + len(text) + 8 > FILE_CAP:
        raise InputError(f"The model {path} is too large for a model file (header 1 MB, file 1 GB).")
    with replacing(path, (".safetensors",)) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays:
            file.write(array.astype(DTYPES[codes[array.dtype]], copy=False).tobytes())
