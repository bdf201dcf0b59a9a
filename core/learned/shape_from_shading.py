"""Shape from shading: the classic a learned model has to beat, with the sun given and no training.

Heights z minimise, over the image's cells, the squared misfit of the Lunar-Lambert radiance (McEwen 1991) of z to the
image plus a roughness penalty on the Laplacian of z (Horn & Brooks 1986; Zhang et al. 1999 compare the family), by
L-BFGS from coarse to fine. Albedo is taken as constant: its level follows from the image's mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingPackageError
from ..simulation.photometry import LunarLambert
from ..simulation.shading import sun_vector
from .adapter import bilinear

Float = NDArray[np.float32]
Array = NDArray[np.float64]

SMOOTHNESS = 1.0  # of the Laplacian (heights in pixels) against the relative radiance, chosen on rendered ground
LEVELS = 5  # resolutions: 1, 1/2 ... 1/16
ROUNDS = 60  # of L-BFGS at each
SMALLEST = 12  # pixels along the shorter side of the coarsest level


def shape_from_shading(
    grey: Float, sun_azimuth: float, sun_incidence: float, gsd_m: float = 1.0, smoothness: float = SMOOTHNESS
) -> Float:
    """Relative heights (rows, columns) in metres, mean 0, of an image ``grey`` (rows, columns) without holes.

    ``grey``: proportional to radiance, offset by haze at most (its mean is taken for that of level ground).
    ``sun_azimuth``: degrees clockwise from north (up); ``sun_incidence``: degrees from the zenith; ``gsd_m``: ground
    size of the square pixels. Raises `MissingPackageError` without scipy.
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise MissingPackageError("scipy", "Shape from shading") from error

    pictures = [np.asarray(grey, np.float64) / float(np.mean(grey))]
    while len(pictures) < LEVELS and min(pictures[-1].shape) >= 2 * SMALLEST:
        pictures.append(_halved(pictures[-1]))
    height = np.zeros(pictures[-1].shape)
    for picture in pictures[::-1]:
        if picture.shape != height.shape:
            height = 2.0 * bilinear(height.astype(np.float32), (picture.shape[0], picture.shape[1])).astype(np.float64)
        misfit = _Misfit(picture, sun_vector(sun_azimuth, sun_incidence), sun_incidence, smoothness)
        found = minimize(misfit, height.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS})
        height = found.x.reshape(picture.shape)
    return np.asarray((height - height.mean()) * gsd_m, np.float32)


class _Misfit:
    """The sum to be minimised, with its gradient, as a function of the heights in pixels."""

    def __init__(self, picture: Array, sun: Array, incidence: float, smoothness: float) -> None:
        self._seen, self._sun, self._smoothness = _cell_means(picture), sun, smoothness
        law = LunarLambert()
        level = [np.array([value]) for value in (sun[2], 1.0, np.radians(incidence))]
        disk = float((law(*level) / sun[2] - LunarLambert(0.0)(*level) / sun[2])[0])  # L (2 / (mu0 + 1) - 1) at level
        self._weight = disk / (2.0 / (sun[2] + 1.0) - 1.0)
        self._level = float(law(*level)[0])

    def __call__(self, flat: Array) -> tuple[float, Array]:
        shape = self._seen.shape[0] + 1, self._seen.shape[1] + 1
        height = flat.reshape(shape)
        bend = _laplacian(height)
        error, by_east, by_north = self._radiance(*_slopes(height))
        error -= self._seen
        total = float(np.sum(error**2) + self._smoothness * np.sum(bend**2))
        gradient = 2.0 * _slopes_adjoint(error * by_east, error * by_north)
        gradient += 2.0 * self._smoothness * _laplacian_adjoint(bend, shape)
        return total, gradient.ravel()

    def _radiance(self, east: Array, north: Array) -> tuple[Array, Array, Array]:
        """Radiance over that of level ground, and its derivatives by the slopes towards east and north."""
        share, (to_east, to_north, up) = self._weight, self._sun
        mu = 1.0 / np.sqrt(1.0 + east**2 + north**2)
        toward = np.maximum(up - east * to_east - north * to_north, 0.0)
        lit, mu0 = toward > 0, toward * mu
        value = mu0 * (2.0 * share / (mu0 + mu) + 1.0 - share)
        by_mu0 = 2.0 * share * mu / (mu0 + mu) ** 2 + 1.0 - share
        by_mu = -2.0 * share * mu0 / (mu0 + mu) ** 2
        slopes = []
        for slope, sun in ((east, to_east), (north, to_north)):
            mu_slope = -slope * mu**3
            slopes.append((by_mu0 * (toward * mu_slope - sun * mu * lit) + by_mu * mu_slope) / self._level)
        return value / self._level, slopes[0], slopes[1]


def _halved(values: Array) -> Array:
    rows, columns = (length // 2 for length in values.shape)
    return np.asarray(values[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).mean(axis=(1, 3)))


def _cell_means(values: Array) -> Array:
    """Means of the four pixels around each inner corner."""
    return np.asarray((values[1:, 1:] + values[1:, :-1] + values[:-1, 1:] + values[:-1, :-1]) / 4.0)


def _slopes(height: Array) -> tuple[Array, Array]:
    """Slopes towards east and north at the inner corners; rows run south."""
    across, down = np.diff(height, axis=1), np.diff(height, axis=0)
    return (across[1:] + across[:-1]) / 2.0, -(down[:, 1:] + down[:, :-1]) / 2.0


def _slopes_adjoint(east: Array, north: Array) -> Array:
    result = np.zeros((east.shape[0] + 1, east.shape[1] + 1))
    for i, down in ((0, -1.0), (1, 1.0)):
        for j, right in ((0, -1.0), (1, 1.0)):
            corner = slice(i, i + east.shape[0]), slice(j, j + east.shape[1])
            result[corner] += (right * east - down * north) / 2.0
    return result


def _laplacian(height: Array) -> Array:
    """Five-point Laplacian of the inner pixels."""
    middle = height[1:-1, 1:-1]
    return np.asarray(
        height[:-2, 1:-1] + height[2:, 1:-1] + height[1:-1, :-2] + height[1:-1, 2:] - 4.0 * middle, np.float64
    )


def _laplacian_adjoint(bend: Array, shape: tuple[int, int]) -> Array:
    result = np.zeros(shape)
    rows, columns = bend.shape
    for i, j, weight in ((0, 1, 1.0), (2, 1, 1.0), (1, 0, 1.0), (1, 2, 1.0), (1, 1, -4.0)):
        result[i : i + rows, j : j + columns] += weight * bend
    return result
