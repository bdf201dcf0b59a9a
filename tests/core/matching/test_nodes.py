"""Node grids: planes, sums, adjoints, the solver against a dense one, and correlated noise."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")

from planetary_dtm.core.matching.nodes import SPACING, at_pixels, bending, bending_adjoint, excess, gathered, solve


def test_planes_bend_nowhere_and_lie_between_the_nodes():
    row, column = np.mgrid[:9, :12].astype(np.float32)
    plane = np.stack([2 + 0.9 * column - 0.1 * row, 0.2 * column + row])
    assert np.abs(bending(plane)).max() < 1e-5
    row, column = (np.mgrid[: 9 * SPACING, : 12 * SPACING] + 0.5) / SPACING - 0.5
    expected = np.stack([2 + 0.9 * column - 0.1 * row, 0.2 * column + row], axis=-1)
    inner = np.s_[SPACING:-SPACING, SPACING:-SPACING]
    assert np.abs(at_pixels(plane)[inner] - expected[inner]).max() < 1e-4


def test_gathering_sums_blocks():
    image = np.random.default_rng(0).standard_normal((3 * SPACING, 5 * SPACING)).astype(np.float32)
    assert np.allclose(gathered(image), image.reshape(3, SPACING, 5, SPACING).sum(axis=(1, 3)), atol=1e-4)


def test_bending_adjoint():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 2, 9, 11))
    a, b = a.astype(np.float32), b.astype(np.float32)
    assert np.vdot(bending(a), b) == pytest.approx(np.vdot(a, bending_adjoint(b)), rel=1e-4)


def test_solver_agrees_with_a_dense_one():
    rng = np.random.default_rng(2)
    shape = (2, 6, 8)
    root = rng.standard_normal((2, 2, 6, 8))
    normal = np.einsum("ijrc,kjrc->ikrc", root, root).astype(np.float32)
    stiffness = rng.uniform(0.5, 2, shape).astype(np.float32)
    right = rng.standard_normal(shape).astype(np.float32)

    def applied(x):
        return np.einsum("ijrc,jrc->irc", normal, x) + bending_adjoint(stiffness * bending(x))

    matrix = np.stack([applied(unit.reshape(shape)).ravel() for unit in np.eye(right.size, dtype=np.float32)])
    expected = np.linalg.solve(matrix.astype(float), right.ravel()).reshape(shape)
    assert np.abs(solve(normal, stiffness, right, 400, 1e-6) - expected).max() < 1e-2 * np.abs(expected).max()


def test_stiff_fields_are_found_in_few_iterations():
    """A constant and a slope that hardly anything holds: diagonal scaling alone takes hundreds of iterations."""
    rng = np.random.default_rng(3)
    shape = (1, 40, 60)
    normal = rng.uniform(0.2, 2, (1, *shape)).astype(np.float32)
    row, column = np.mgrid[:40, :60]
    truth = (0.5 + 0.01 * row - 0.02 * column)[None].astype(np.float32)
    found = solve(normal, np.full(shape, 1e4, np.float32), normal[0] * truth, 16)
    assert np.abs(found - truth).max() < 0.02


def test_correlated_noise_comes_through_more_than_white_noise():
    rng = np.random.default_rng(4)
    normal, stiffness = np.full((64, 64), 4.0, np.float32), np.full((64, 64), 40.0, np.float32)
    white = 2 * rng.standard_normal((64, 64)).astype(np.float32)
    wide = sum(np.roll(white, (i, j), (0, 1)) for i in (0, 1) for j in (0, 1)) / 2
    assert excess(normal, stiffness, white) < 1.3
    assert excess(normal, stiffness, wide.astype(np.float32)) > 2.5
