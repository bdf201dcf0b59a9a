"""Tie points as a table, one pair of image points a row, for images matched elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..matching.match_file import USUAL_SIGMA_PX
from ..resection.model import TiePoints
from ..tables import Table, read_table, write_table

Array = NDArray[np.float64]

SUFFIXES = (".csv", ".gz", ".txt", ".tsv")


def is_tie_table(path: str) -> bool:
    """Whether a file of ties is a table and not a match file."""
    return Path(path).suffix.lower() in SUFFIXES


def read_tie_table(path: str, image_of: Callable[[str], int]) -> TiePoints:
    """Ties of columns image_a, line_a, sample_a, image_b, line_b, sample_b [, sigma]; ``image_of`` numbers images.

    ``sigma`` is that of a component in image B, pixels. Rows without a place are left out.
    """
    table = read_table(path, "Tie table")
    places = [table.numbers(name) for name in ("line_a", "line_b", "sample_a", "sample_b")]
    images = np.stack([_images(table, name, image_of) for name in ("image_a", "image_b")], axis=1)
    sigma = table.optional_numbers("sigma")
    sigma = np.full(len(places[0]), USUAL_SIGMA_PX) if sigma is None else sigma
    if not np.all(sigma[np.isfinite(sigma)] > 0):
        raise InputError(f"Column 'sigma' of {table.name!r} has values that are not above 0 px; correct or remove it.")
    line, sample = np.stack(places[:2], axis=1), np.stack(places[2:], axis=1)
    good = np.isfinite(line).all(axis=1) & np.isfinite(sample).all(axis=1) & (images[:, 0] != images[:, 1])
    if not good.any():
        raise InputError(f"Tie table {table.name!r} has no row with a place in two images.")
    spread = np.stack([np.zeros(len(sigma)), np.where(np.isfinite(sigma), sigma, USUAL_SIGMA_PX)], axis=1)
    return TiePoints(line, images, sample, spread)[good]


def write_tie_table(path: str | Path, ties: TiePoints, names: list[str]) -> None:
    """Write ties of two images each (N, 2) under the images' names."""
    label = np.array(names, dtype=object)
    columns = {}
    for side, column in (("a", 0), ("b", 1)):
        columns[f"image_{side}"] = label[ties.view[:, column]]
        columns[f"line_{side}"], columns[f"sample_{side}"] = ties.line[:, column], ties.sample[:, column]
    write_table(path, columns | {"sigma": ties.sigma_px[:, 1]})


def _images(table: Table, name: str, image_of: Callable[[str], int]) -> NDArray[np.int64]:
    column = table.find(name)
    if column is None:
        raise InputError(f"{table.name!r} has no column {name!r}; it has: {', '.join(table.columns)}.")
    values, row = np.unique(table.columns[column].astype(str), return_inverse=True)
    return np.array([image_of(str(value)) for value in values], np.int64)[row.ravel()]
