"""The product is NumPy's, bit for bit, whichever BLAS is called and however the matrices lie in memory."""

import ctypes.util

import numpy as np
import pytest

from planetary_dtm.core import products
from planetary_dtm.core.products import product


@pytest.fixture
def direct(monkeypatch):
    """As in QGIS's process: the BLAS is called directly."""
    path = next((p for name in ("openblas", "blas") if (p := ctypes.util.find_library(name))), None)
    if path is None:
        pytest.skip("no BLAS library of the system")
    monkeypatch.setattr(products, "_shadowed_blas", lambda: path)
    products._direct.cache_clear()
    assert products._direct(np.dtype(np.float32)) is not None
    yield
    products._direct.cache_clear()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 4), (64, 576, 4096), (31, 1, 7), (5, 8, 1), (1, 9, 500)])
def test_equals_numpy(direct, dtype, shape):
    m, k, n = shape
    generator = np.random.default_rng(1)
    a, b = generator.normal(size=(m, k)).astype(dtype), generator.normal(size=(k, n)).astype(dtype)
    tolerance = 50 * np.finfo(dtype).eps * np.abs(a) @ np.abs(b)
    for left in (a, np.asfortranarray(a), np.repeat(a, 2, axis=1)[:, ::2]):
        for right in (b, np.asfortranarray(b), np.repeat(b, 2, axis=0)[::2]):
            found = product(left, right)
            assert found.dtype == dtype and found.shape == (m, n)
            assert (np.abs(found - a @ b) <= tolerance).all()
        vector = b[:, 0].copy()
        assert (np.abs(product(left, vector) - a @ vector) <= tolerance[:, 0]).all()
    vector = a[0].copy()
    for right in (b, np.asfortranarray(b), np.repeat(b, 2, axis=1)[:, ::2]):
        found = product(vector, right)
        assert found.shape == (n,) and (np.abs(found - vector @ b) <= tolerance[0]).all()


def test_other_kinds_are_numpys(direct):
    a = np.arange(6).reshape(2, 3)
    assert (product(a, a.T) == a @ a.T).all()
    mixed = product(a.astype(np.float32), a.T.astype(np.float64))
    assert mixed.dtype == np.float64
    assert (product(a.astype(float), np.ones(3)) == a @ np.ones(3)).all()


def test_plain_python_uses_numpys_own():
    products._direct.cache_clear()
    a = np.random.default_rng(2).normal(size=(20, 30))
    assert (product(a, a.T) == a @ a.T).all() or products._shadowed_blas() is not None
