"""Robust estimates shared by levelling and comparison."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..products import product

LEAST_SIGMA_M = 1e-3  # of a height: of 0 m its weight would be infinite, and heights are kept to a millimetre
Array = np.ndarray[Any, np.dtype[np.float64]]


def nmad(values: Array) -> float:
    """1.4826 times the median absolute deviation from the median: the standard deviation of Gaussian values."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if len(values) else float("nan")


def irls(design: Array, value: Array, rounds: int = 30, tuning: float = 4.685) -> tuple[Array, Array]:
    """Regression by iteratively reweighted least squares with Tukey's biweight (Beaton & Tukey 1974).

    design (N, P), value (N,); returns coefficients (P,) and final weights (N,) in 0..1. It starts from Huber
    weights, whose minimum is unique. Columns without variation get the minimum-norm coefficient.
    """
    weights = np.ones(len(value))
    coefficients = np.zeros(design.shape[1])
    for turn in range(rounds):
        root = np.sqrt(weights)[:, None]
        update = np.linalg.lstsq(design * root, value * root[:, 0], rcond=1e-10)[0]
        residual = np.abs(value - product(design, update))
        scale = max(1.4826 * float(np.median(residual)), 1e-9)
        if turn < rounds // 3:
            weights = np.minimum(1.0, 1.345 * scale / np.maximum(residual, 1e-12))
        else:
            weights = np.maximum(1.0 - (residual / (tuning * scale)) ** 2, 0.0) ** 2
        if turn > rounds // 3 and np.allclose(update, coefficients, rtol=1e-6, atol=1e-9):
            return update, weights
        coefficients = update
    return coefficients, weights
