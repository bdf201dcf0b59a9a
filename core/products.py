"""Matrix products at full speed inside QGIS too.

Linux builds of QGIS link GSL, and GSL's plain CBLAS then answers NumPy's calls in QGIS's own process (measured: 17
times slower in float32, and rounded otherwise than in a plain Python). There the BLAS that NumPy was built for is
called, with the arguments NumPy would give; everywhere else this is NumPy's own product. The bits are equal.
"""

from __future__ import annotations

import ctypes
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .progress import breathe

_ROW_MAJOR, _COLUMN_MAJOR, _AS_IT_IS, _TRANSPOSED = 101, 102, 111, 112  # CBLAS's own numbers
_MOST = 2e9  # multiplications in one call: about half a second of one core
_LETTERS = {np.dtype(np.float32): ("s", ctypes.c_float), np.dtype(np.float64): ("d", ctypes.c_double)}


def product(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """``a @ b`` of matrices (m, k), (k, n), or of a matrix and a vector (k,) or (m,).

    A cancel is heard before it, and between the parts of one so large that it takes seconds.
    """
    breathe()
    if a.ndim == b.ndim == 2 and a.shape[0] * a.shape[1] * b.shape[1] > _MOST:
        step = max(1, int(_MOST / (a.shape[1] * b.shape[1])))
        return np.concatenate([product(a[row : row + step], b) for row in range(0, len(a), step)])
    blas = _direct(a.dtype) if a.dtype == b.dtype else None
    if blas is None or a.ndim + b.ndim not in (3, 4) or a.ndim * b.ndim not in (2, 4) or a.shape[-1] != b.shape[0]:
        return a @ b
    if 1 in (a.shape[-1], *b.shape[1:]) or 0 in (*a.shape, *b.shape):  # NumPy calls no BLAS, or another part of it
        return a @ b
    if a.ndim == b.ndim and a.shape[0] > 1:
        return blas.matrix_by_matrix(a, b)
    return blas.matrix_by_vector(a, b) if b.ndim == 1 else blas.vector_by_matrix(a, b)


@dataclass(frozen=True)
class _Blas:
    """Two functions of a CBLAS for one type of numbers."""

    gemm: Any
    gemv: Any
    dtype: np.dtype[Any]

    def matrix_by_matrix(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        out = np.empty((a.shape[0], b.shape[1]), self.dtype)
        (a, lead_a, turn_a), (b, lead_b, turn_b) = _laid_out(a), _laid_out(b)
        sizes = (a.shape[0], b.shape[1], a.shape[1])
        first, second = (a.ctypes.data, lead_a), (b.ctypes.data, lead_b)
        self.gemm(_ROW_MAJOR, turn_a, turn_b, *sizes, 1.0, *first, *second, 0.0, out.ctypes.data, out.shape[1])
        return out

    def matrix_by_vector(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        return self.vector_by_matrix(b, a.T)

    def vector_by_matrix(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """Of (k,) or (1, k) and (k, n): BLAS is asked for the transposed matrix times the vector."""
        out = np.empty((*a.shape[:-1], b.shape[1]), self.dtype)
        a, (b, lead, turned) = np.ascontiguousarray(a), _laid_out(b)
        order = _COLUMN_MAJOR if turned == _TRANSPOSED else _ROW_MAJOR
        matrix = (*b.shape, 1.0, b.ctypes.data, lead)
        self.gemv(order, _TRANSPOSED, *matrix, a.ctypes.data, 1, 0.0, out.ctypes.data, 1)
        return out


@cache
def _direct(dtype: np.dtype[Any]) -> _Blas | None:
    """The shadowed BLAS; None where NumPy reaches its own, or where none is found."""
    path = _shadowed_blas()
    if path is None or dtype not in _LETTERS:
        return None
    letter, scalar = _LETTERS[dtype]
    try:
        library = ctypes.CDLL(path)
        gemm, gemv = library[f"cblas_{letter}gemm"], library[f"cblas_{letter}gemv"]
    except (OSError, AttributeError):
        return None
    size, pointer = ctypes.c_int, ctypes.c_void_p
    gemm.argtypes = [size] * 6 + [scalar, pointer, size, pointer, size, scalar, pointer, size]
    gemv.argtypes = [size] * 4 + [scalar, pointer, size, pointer, size, scalar, pointer, size]
    gemm.restype = gemv.restype = None
    return _Blas(gemm, gemv, dtype)


def _laid_out(x: NDArray[Any]) -> tuple[NDArray[Any], int, int]:
    """A matrix as BLAS takes it: in rows or in columns without gaps; its leading dimension; which of the two."""
    if x.flags.f_contiguous and not x.flags.c_contiguous:
        return x, x.shape[0], _TRANSPOSED
    x = np.ascontiguousarray(x)
    return x, x.shape[1], _AS_IT_IS


def _shadowed_blas() -> str | None:
    """The BLAS loaded beside GSL's: its path, or None where GSL's is not loaded."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        loaded = set(re.findall(r"\S+\.so[.\d]*$", Path("/proc/self/maps").read_text(), re.MULTILINE))
    except OSError:
        return None
    if not any("libgslcblas" in path for path in loaded):
        return None
    wanted = (r"/libopenblas[^/]*$", r"/libblis[^/]*$", r"/libblas\.so[^/]*$", r"/libcblas[^/]*$")
    return next((path for pattern in wanted for path in sorted(loaded) if re.search(pattern, path)), None)
