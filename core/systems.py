"""Many small systems of equations side by side, by plain elimination.

NumPy hands every system of a stack to LAPACK by itself, and OpenBLAS wakes its threads for each, however small: on a
machine with other work every wake waits its turn (measured: 6,000 systems of nine unknowns took minutes, not 30 ms).
Here each step of the elimination runs through all systems at once; the bits do not depend on threads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def solve_many(matrix: Array, right: Array) -> Array:
    """x (N, n, k) of ``matrix`` (N, n, n) x = ``right`` (N, n, k), by elimination with partial pivoting.

    Raises numpy.linalg.LinAlgError where a matrix is exactly singular.
    """
    size = matrix.shape[-1]
    # systems on the last axis: every operation runs along memory
    work = np.ascontiguousarray(np.moveaxis(np.concatenate([matrix, right], axis=-1), 0, -1))
    for k in range(size):
        best = k + np.argmax(np.abs(work[k:, k]), axis=0)
        if np.any(best != k):
            chosen = np.take_along_axis(work, best[None, None], axis=0)[0]
            np.put_along_axis(work, best[None, None], work[k][None].copy(), axis=0)
            work[k] = chosen
        if np.any(work[k, k] == 0):
            raise np.linalg.LinAlgError("Singular matrix")
        for i in range(k + 1, size):
            work[i, k + 1 :] -= (work[i, k] / work[k, k]) * work[k, k + 1 :]
    x = work[:, size:]
    for k in reversed(range(size)):
        x[k] /= work[k, k]
        for i in range(k):
            x[i] -= work[i, k] * x[k]
    return np.ascontiguousarray(np.moveaxis(x, -1, 0))


def invert_many(matrix: Array) -> Array:
    """Inverses of ``matrix`` (N, n, n); see `solve_many`."""
    return solve_many(matrix, np.broadcast_to(np.eye(matrix.shape[-1]), matrix.shape))
