"""The uniform cubic B-spline that every smooth function of time in this package is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

# powers of the fraction u of a knot interval -> the four basis functions alive there (rows: 1, u, u², u³)
_BASIS = np.array([[1.0, 4.0, 1.0, 0.0], [-3.0, 0.0, 3.0, 0.0], [3.0, -6.0, 3.0, 0.0], [-1.0, 3.0, -3.0, 1.0]]) / 6.0


@dataclass(frozen=True)
class UniformSpline:
    """``count`` cubic B-splines on knots ``step`` apart; the curve lives from ``start`` over count - 3 intervals."""

    start: float
    step: float
    count: int

    @classmethod
    def over(cls, first: float, last: float, step: float) -> UniformSpline:
        """A basis whose whole intervals of at most ``step`` cover [first, last]."""
        intervals = max(1, int(np.ceil((last - first) / step - 1e-9)))
        width = (last - first) / intervals if last > first else step
        return cls(float(first), float(width), intervals + 3)

    @property
    def centres(self) -> Array:
        """Where each basis function has its maximum, (count,)."""
        return self.start + self.step * (np.arange(self.count) - 1.0)

    def weights(self, t: ArrayLike, derivative: int = 0) -> tuple[Integers, Array]:
        """First basis function alive at ``t`` (N,) and the values (N, 4) of the four there, or of a derivative.

        Outside the curve's interval the end polynomials go on.
        """
        at = (np.asarray(t, dtype=float) - self.start) / self.step
        first = np.clip(np.floor(at), 0, self.count - 4).astype(np.int64)
        u = at - first
        powers = np.zeros((*u.shape, 4))
        for k in range(derivative, 4):
            factor = np.prod(np.arange(k - derivative + 1, k + 1))
            powers[..., k] = factor * u ** (k - derivative)
        return first, powers @ _BASIS / self.step**derivative

    def evaluate(self, coefficients: ArrayLike, t: ArrayLike, derivative: int = 0) -> Array:
        """The curve (N, ...) of coefficients (count, ...) at ``t`` (N,), or a derivative of it."""
        values = np.asarray(coefficients, dtype=float)
        first, weights = self.weights(t, derivative)
        return np.asarray(np.einsum("nk,nk...->n...", weights, values[first[:, None] + np.arange(4)]))

    def design(self, t: ArrayLike, derivative: int = 0) -> Any:
        """Sparse matrix (N, count) that takes coefficients to the curve at ``t`` (N,)."""
        from scipy.sparse import csr_matrix

        first, weights = self.weights(t, derivative)
        columns = (first[:, None] + np.arange(4)).ravel()
        rows = np.arange(len(first) + 1) * 4
        return csr_matrix((weights.ravel(), columns, rows), shape=(len(first), self.count))

    def roughness(self, order: int = 3) -> Any:
        """Sparse matrix (count - order, count) of the coefficients' differences; 0 where the curve is a polynomial."""
        from scipy.sparse import csr_matrix, identity

        differences = identity(self.count, format="csr")
        for _ in range(order):
            differences = differences[1:] - differences[:-1]
        return csr_matrix(differences)

    def fit(self, t: ArrayLike, values: ArrayLike, weights: ArrayLike = 1.0, stiffness: float = 1e-9) -> Array:
        """Coefficients (count, ...) of the least-squares curve through ``values`` (N, ...) at ``t`` (N,).

        ``stiffness`` weighs the squared third differences against the mean weight of an interval: 1e-9 only bridges
        intervals without data.
        """
        from scipy.sparse import csc_matrix
        from scipy.sparse.linalg import splu

        given = np.asarray(values, dtype=float)
        weighted = self.design(t).multiply(np.broadcast_to(weights, np.shape(t))[:, None]).T
        normal = weighted @ self.design(t)
        rough = self.roughness(min(3, self.count - 1))
        normal = normal + stiffness * normal.diagonal().mean() * (rough.T @ rough)
        right = weighted @ given.reshape(len(given), -1)
        return np.asarray(splu(csc_matrix(normal)).solve(right).reshape(self.count, *given.shape[1:]))
