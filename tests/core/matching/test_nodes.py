"""Node grids: adjoints, planes, and the solver against a dense one."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")

from planetary_dtm.core.matching.nodes import at_nodes, at_pixels, bending, bending_adjoint, gathered, solve


@pytest.mark.parametrize("size", [(30, 45), (31, 44), (32, 46)])
def test_planes_pass_through_the_nodes_unharmed_and_bend_nowhere(size):
    row, column = np.mgrid[: size[0], : size[1]]
    plane = np.stack([2 + 0.9 * column - 0.1 * row, 0.2 * column + row], axis=-1).astype(np.float32)
    nodes = at_nodes(plane)
    assert np.abs(at_pixels(nodes, *size) - plane).max() < 1e-4
    assert np.abs(bending(nodes)).max() < 1e-4


def test_gathering_is_the_adjoint_of_spreading():
    rng = np.random.default_rng(0)
    image, nodes = rng.standard_normal((36, 48), np.float32), rng.standard_normal((1, 12, 16), np.float32)
    nodes[:, [0, 1, -2, -1]] = nodes[:, :, [0, 1, -2, -1]] = (
        0  # beyond the outermost nodes a field goes on straight, sums do not
    )
    assert np.vdot(gathered(image), nodes[0]) == pytest.approx(np.vdot(image, at_pixels(nodes, 36, 48)), rel=1e-4)


def test_bending_adjoint():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 2, 9, 11))
    assert np.vdot(bending(a), b) == pytest.approx(np.vdot(a, bending_adjoint(b)))


def test_solver_agrees_with_a_dense_one():
    rng = np.random.default_rng(2)
    shape = (2, 6, 7)
    root = rng.standard_normal((2, 2, 6, 7))
    normal = np.einsum("ijrc,kjrc->ikrc", root, root).astype(np.float32)
    stiffness = rng.uniform(0.5, 2, shape).astype(np.float32)
    right = rng.standard_normal(shape).astype(np.float32)

    def applied(x):
        return np.einsum("ijrc,jrc->irc", normal, x) + bending_adjoint(stiffness * bending(x))

    matrix = np.stack([applied(unit.reshape(shape)).ravel() for unit in np.eye(right.size, dtype=np.float32)])
    expected = np.linalg.solve(matrix.astype(float), right.ravel()).reshape(shape)
    assert np.abs(solve(normal, stiffness, right, 400, 1e-6) - expected).max() < 1e-2 * np.abs(expected).max()
