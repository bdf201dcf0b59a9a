"""Resampling and windowed sums that matching is built of; images are float32, (h, w), NaN nowhere.

A *field* holds, for every pixel of image A, where it is seen in image B: (h, w, 2) float32, column and row of B
(pixel centres at integers).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import MissingPackageError
from ..imports import import_beside

Image = npt.NDArray[np.float32]
Field = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def opencv() -> Any:
    """The cv2 module; raises `MissingPackageError` where it is not installed."""
    try:
        return import_beside("cv2")
    except ImportError as error:
        raise MissingPackageError("opencv-python-headless", "Dense matching") from error


def sample(image: Image, field: Field, cubic: bool = True) -> Image:
    """Values of ``image`` (h, w) or (h, w, k) at the places of ``field``; 0 beyond its border."""
    cv2 = opencv()
    method = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
    return np.asarray(cv2.remap(image, field, None, method, borderMode=cv2.BORDER_CONSTANT, borderValue=0))


def moved(field: Field, shift: Field) -> Field:
    """The field seen from pixels moved by ``shift`` (h, w, 2): field(x + shift(x)), extrapolated at the rim.

    Moving within A's frame and reading the field there keeps rotation, scale and relief between the images exact.
    """
    cv2 = opencv()
    rows, columns = field.shape[:2]
    grid = identity(rows, columns) + shift
    inside = np.stack([grid[..., 0].clip(0, columns - 1), grid[..., 1].clip(0, rows - 1)], axis=-1)
    out = cv2.remap(field, inside, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    beyond = grid - inside
    if beyond.any():
        out += _along(field, beyond)
    return np.asarray(out)


def _along(field: Field, beyond: Field) -> Field:
    """First-order continuation of the field past the rim."""
    by_column, by_row = np.gradient(field, axis=1), np.gradient(field, axis=0)
    return np.asarray(by_column * beyond[..., :1] + by_row * beyond[..., 1:], np.float32)


def identity(rows: int, columns: int) -> Field:
    """The field of an image onto itself."""
    return np.stack(np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32)), axis=-1)


def affine_of(field: Field) -> npt.NDArray[np.float32]:
    """The affine map (2, 3) nearest to a field: what is left over is small, and safe to smooth up to the rim."""
    rows, columns = field.shape[:2]
    step = max(1, min(rows, columns) // 64)
    some = field[::step, ::step].astype(np.float64)
    column, row = (np.arange(size) * float(step) for size in some.shape[1::-1])
    column0, row0 = column.mean(), row.mean()
    column, row = column - column0, row - row0
    by_column = np.einsum("c,rck->k", column, some) / max(len(row) * float((column**2).sum()), 1e-9)
    by_row = np.einsum("r,rck->k", row, some) / max(len(column) * float((row**2).sum()), 1e-9)
    offset = some.mean(axis=(0, 1)) - by_column * column0 - by_row * row0
    return np.stack([by_column, by_row, offset], axis=-1).astype(np.float32)


def affine_field(affine: npt.NDArray[np.float32], rows: int, columns: int) -> Field:
    """The field (rows, columns, 2) of an affine map (2, 3)."""
    out = np.zeros((rows, columns, 2), np.float32)
    add_affine(out, affine)
    return out


def add_affine(field: Field, affine: npt.NDArray[np.float32]) -> None:
    """Add an affine map (2, 3) to what a field is off it."""
    column, row = (np.arange(size, dtype=np.float32) for size in field.shape[1::-1])
    for i in (0, 1):
        field[..., i] += affine[i, 0] * column + (affine[i, 1] * row + affine[i, 2])[:, None]


def window_mean(values: npt.NDArray[Any], kernel: int) -> npt.NDArray[Any]:
    """Mean over a square of ``kernel`` pixels around each pixel (rim mirrored)."""
    cv2 = opencv()
    return np.asarray(cv2.blur(values, (kernel, kernel), borderType=cv2.BORDER_REFLECT_101))


def halved(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Half the size: 2 x 2 means, so that pixel c of the half covers 2c and 2c + 1 (odd ends are dropped)."""
    cv2 = opencv()
    rows, columns = values.shape[0] // 2, values.shape[1] // 2
    return np.asarray(cv2.resize(values[: 2 * rows, : 2 * columns], (columns, rows), interpolation=cv2.INTER_AREA))


def upsampled(field: Field, rows: int, columns: int) -> Field:
    """A field of the halved images brought to the images themselves, (rows, columns): places doubled, centres kept."""
    cv2 = opencv()
    affine = affine_of(field)
    rest = field - affine_field(affine, *field.shape[:2])
    size = (2 * field.shape[1], 2 * field.shape[0])
    fine = cv2.resize(rest, size, interpolation=cv2.INTER_LINEAR)
    beyond = (0, max(rows - size[1], 0), 0, max(columns - size[0], 0))
    if any(beyond):
        fine = cv2.copyMakeBorder(fine, *beyond, cv2.BORDER_REPLICATE)
    fine = 2 * fine[:rows, :columns]
    # A pixel x lies at (x - 1/2) / 2 of the half, and a place p of the half at 2 p + 1/2.
    turn = affine[:, :2]
    offset = 2 * affine[:, 2] - 0.5 * turn.sum(axis=1) + 0.5
    add_affine(fine, np.column_stack([turn, offset]).astype(np.float32))
    return np.asarray(fine)
