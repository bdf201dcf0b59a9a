"""Instants with too few GCPs for their own attitude: the neighbours in time carry what the bearings leave open.

One least squares over the run: every GCP's image residual, weighted by the covariance its lateral and altitude
sigmas give it, and a prior that attitude and position change evenly, their second differences from line to line being
`TURN` and `BEND` times the squared angle flown in a line. The normal equations are banded.
"""

from __future__ import annotations

import numpy as np

from ..camera.rotations import log_so3
from ..errors import MissingPackageError
from .batched import Array, normal_equations, turned
from .collinearity import image_residuals
from .control import Control

TURN = 5.0  # rad a squared radian flown: a swing of 3° ten times an orbit; also a jitter of 3e-5 rad over 200 lines
BEND = 1.0  # orbit radii a squared radian flown: the curvature of the orbit itself
BAND = 18  # six unknowns of three lines
UNKNOWN_ALTITUDE = 1.0  # m, where no sigma is given; then scaled by the residuals


def lean_on_neighbours(
    control: Control,
    rotation: Array,
    position: Array,
    sigma_altitude: Array,
    sigma_lateral: Array,
    nadir: Array,
    nadir_sigma: float,
    iterations: int = 30,
) -> tuple[Array, Array, tuple[float, float]]:
    """R (3, 3, L) and C (3, L) of a whole run from starts; sigmas (K, L) in metres, NaN where unknown.

    ``nadir`` (3, 3, L) are attitudes the run as a whole keeps to within ``nadir_sigma`` rad.
    Also returns the prior used: sigmas of the second differences in rad and in metres a squared line.
    """
    step = _flown(control)
    smooth = (TURN * step**2, BEND * float(np.median(np.sqrt(np.sum(position**2, axis=0)))) * step**2)
    scale = np.repeat(np.maximum(smooth, (1e-12, 1e-6)), 3)
    difference = _second_difference(control.line)
    hold = 1.0 / (nadir_sigma**2 * len(control.line))
    known = np.isfinite(sigma_altitude).all()
    altitude = np.where(np.isfinite(sigma_altitude), sigma_altitude, UNKNOWN_ALTITUDE)
    lateral = np.maximum(np.where(np.isfinite(sigma_lateral), sigma_lateral, 0.0), 1e-2 * altitude)

    def linearise(rotation: Array, position: Array) -> tuple[float, Array, Array, float]:
        residual, jacobian = _whitened(rotation, position, control, altitude, lateral)
        normal, gradient = normal_equations(jacobian, residual)
        turn = log_so3(np.einsum("ijl,kjl->lik", rotation, nadir)).T
        normal[:3, :3] += hold * np.eye(3)[..., None]
        gradient[:3] -= hold * turn
        bend = _bend(rotation, position, difference) / scale[:, None]
        gradient -= _spread_back(bend, difference) / scale[:, None]
        data = float(np.sum(residual**2))
        cost = data + hold * float(np.sum(turn**2)) + float(np.sum(bend**2))
        return cost, normal * scale[:, None, None] * scale[None, :, None], gradient * scale[:, None], data

    state = linearise(rotation, position)
    damping = 1e-3
    for _ in range(iterations):
        x = _solve(state[1], state[2], difference, damping) * scale[:, None]
        size = float(np.max(np.abs(x[:3])))
        x *= min(1.0, 0.1 / max(size, 1e-300))
        after = turned(rotation, x[:3])
        trial = linearise(after, position + x[3:])
        if trial[0] <= state[0] * (1 + 1e-12):
            rotation, position, state, damping = after, position + x[3:], trial, max(0.1 * damping, 1e-12)
            if not known:
                altitude = altitude * max(np.sqrt(trial[3] / (2 * control.count.sum())), 1e-2)
                altitude = np.maximum(altitude, 1e-1)
                state = linearise(rotation, position)
        else:
            damping *= 10.0
        if size < 1e-11 or damping > 1e8:
            break
    return rotation, position, smooth


def _flown(control: Control) -> float:
    """Angle flown in a line, rad: median over stretches so long that the GCPs' own scatter does not count."""
    middle = control.mean(control.p)
    stretch = max(len(control.line) // 10, 1)
    chord = np.sqrt(np.sum((middle[:, stretch:] - middle[:, :-stretch]) ** 2, axis=0))
    return float(np.median(chord / (control.line[stretch:] - control.line[:-stretch])))


def _second_difference(line: Array) -> Array:
    """Coefficients (3, L - 2) of the second derivative by line at three successive instants."""
    before, after = np.diff(line)[:-1], np.diff(line)[1:]
    return np.stack([2 / (before * (before + after)), -2 / (before * after), 2 / (after * (before + after))])


def _bend(rotation: Array, position: Array, difference: Array) -> Array:
    """Second differences (6, L - 2) of attitude (as world rotation vectors about the middle instant) and position."""
    middle = rotation[..., 1:-1]
    before = log_so3(np.einsum("ijl,kjl->lik", rotation[..., :-2], middle)).T
    after = log_so3(np.einsum("ijl,kjl->lik", rotation[..., 2:], middle)).T
    turn = difference[0] * before + difference[2] * after
    place = difference[0] * position[:, :-2] + difference[1] * position[:, 1:-1] + difference[2] * position[:, 2:]
    return np.concatenate([turn, place])


def _spread_back(bend: Array, difference: Array) -> Array:
    """Dᵀ times second differences: (6, L)."""
    gradient = np.zeros((bend.shape[0], bend.shape[1] + 2))
    for shift in range(3):
        gradient[:, shift : bend.shape[1] + shift] += difference[shift] * bend
    return gradient


def _whitened(
    rotation: Array, position: Array, control: Control, altitude: Array, lateral: Array
) -> tuple[Array, Array]:
    """Image residuals (2K, L) and derivatives (6, 2K, L) scaled to unit variance."""
    residual, jacobian = image_residuals(rotation, position, control)
    shape = (2, *control.weight.shape)
    r, j = residual.reshape(shape), jacobian.reshape(6, *shape)
    by_point = -j[3:]
    radial = np.sum(by_point * control.p[:, None], axis=0)
    extra = altitude**2 - lateral**2
    xx, yy, xy = (
        lateral**2 * np.sum(by_point[:, a] * by_point[:, b], axis=0) + extra * radial[a] * radial[b]
        for a, b in ((0, 0), (1, 1), (0, 1))
    )
    first = np.sqrt(np.where(control.filled, xx, 1.0))
    lower = xy / first
    second = np.sqrt(np.where(control.filled, np.maximum(yy - lower**2, 1e-12 * yy), 1.0))
    one = np.stack([r[0], *j[:, 0]]) / first
    two = (np.stack([r[1], *j[:, 1]]) - lower * one) / second
    both = np.concatenate([one, two], axis=1)
    return both[0], both[1:]


def _solve(normal: Array, gradient: Array, difference: Array, damping: float) -> Array:
    """Solve the banded normal equations (unknowns scaled by the prior) for a step (6, L)."""
    try:
        from scipy.linalg import solveh_banded
    except ImportError:
        raise MissingPackageError("scipy", "Resection of lines with fewer than five GCPs") from None
    count = normal.shape[-1]
    blocks = np.zeros((3, 6, 6, count))
    blocks[0] = normal
    blocks[0, range(6), range(6)] *= 1.0 + damping
    smooth = range(6)
    for first in range(3):
        for second in range(first, 3):
            product = difference[first] * difference[second]
            blocks[second - first, smooth, smooth, first : count - 2 + first] += product
    banded = np.zeros((BAND, 6 * count))
    for gap in range(3):
        for row in range(6):
            for column in range(6):
                below = 6 * gap + column - row
                if below >= 0:
                    banded[below, row::6][: count - gap] = blocks[gap, row, column, : count - gap]
    return np.asarray(solveh_banded(banded, gradient.T.ravel(), lower=True).reshape(count, 6).T)
