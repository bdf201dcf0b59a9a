"""Resampling and windowed sums that matching is built of; images are float32, (h, w), NaN nowhere.

A *field* holds, for every pixel of image A, where it is seen in image B: (h, w, 2) float32, column and row of B
(pixel centres at integers).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import MissingPackageError

Image = npt.NDArray[np.float32]
Field = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def opencv() -> Any:
    """The cv2 module; raises `MissingPackageError` where it is not installed."""
    try:
        import cv2
    except ImportError as error:
        raise MissingPackageError("opencv-python-headless", "Dense matching") from error
    return cv2


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


def affine_part(field: Field) -> Field:
    """The affine map nearest to a field, on its grid: what is left over is small, and safe to smooth up to the rim."""
    rows, columns = field.shape[:2]
    column, row = np.arange(columns) - (columns - 1) / 2, np.arange(rows) - (rows - 1) / 2
    by_column = np.einsum("c,rck->k", column, field) / max(rows * float((column**2).sum()), 1e-9)
    by_row = np.einsum("r,rck->k", row, field) / max(columns * float((row**2).sum()), 1e-9)
    mean = field.mean(axis=(0, 1), dtype=np.float64)
    return np.asarray(mean + column[:, None] * by_column + row[:, None, None] * by_row, np.float32)


def window_mean(values: npt.NDArray[Any], kernel: int) -> npt.NDArray[Any]:
    """Mean over a square of ``kernel`` pixels around each pixel (rim mirrored)."""
    cv2 = opencv()
    return np.asarray(cv2.blur(values, (kernel, kernel), borderType=cv2.BORDER_REFLECT_101))


def halved(image: Image) -> Image:
    """Half the size: 2 x 2 means, so that pixel c of the half covers 2c and 2c + 1 (odd ends are dropped)."""
    rows, columns = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    parts = image[:rows, :columns]
    return np.asarray((parts[::2, ::2] + parts[1::2, ::2] + parts[::2, 1::2] + parts[1::2, 1::2]) / np.float32(4))


def upsampled(field: Field, rows: int, columns: int) -> Field:
    """A field of the halved images brought to the images themselves, (rows, columns): places doubled, centres kept."""
    cv2 = opencv()
    grid = (identity(rows, columns) - 0.5) / 2
    inside = np.stack([grid[..., 0].clip(0, field.shape[1] - 1), grid[..., 1].clip(0, field.shape[0] - 1)], axis=-1)
    fine = cv2.remap(field, inside, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) + _rim(
        field, grid - inside
    )
    return np.asarray(fine * 2 + np.float32(0.5), np.float32)


def _rim(field: Field, beyond: Field) -> Field:
    """What the field gains up to half a pixel past its rim, by the slope of its outermost pixels."""
    gain = np.zeros(beyond.shape, np.float32)
    for axis, size in ((1, field.shape[1]), (0, field.shape[0])):
        if size < 2:
            continue
        slope = np.median(np.diff(field, axis=axis), axis=(0, 1)).astype(np.float32)
        gain += slope * beyond[..., :1] if axis == 1 else slope * beyond[..., 1:]
    return gain
