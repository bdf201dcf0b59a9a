"""From a per-instant solver's numbers to what a user sees: angles, covariance, residuals, flags and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..camera.rays import project
from ..camera.rotations import angle_rates_inverse, angles_from_matrix, unwrap_angles
from ..camera.sensor import Sensor
from .batched import Array, Instants, Integers
from .model import ControlPoints, Flag, Orientation, Resection, Verdict

WEAK_CONDITION = 1e5  # rounding and noise grow by more than this: hardly determined
# RMS residual, and times what the sigmas allow, above which sensor and control do not belong together
_MISFIT_PX, _MISFIT = 3.0, 3.0
_STANDS_OUT = 10.0  # times the usual RMS: a line of its own
_NAMED = 5  # lines at most in a sentence


@dataclass(frozen=True)
class Solution:
    """L instants, last axis: R (3, 3, L), C (3, L) m, covariance (6, 6, L) of (world turn ω, C), flags, condition."""

    rotation: Array
    position: Array
    covariance: Array
    flag: Integers
    condition: Array


def conclude(
    method: str,
    points: ControlPoints,
    sensor: Sensor,
    instants: Instants,
    solution: Solution,
    sentences: Sequence[str],
) -> Resection:
    """The `Resection` of a per-instant solution; ill-conditioned instants are flagged WEAK, failed ones become NaN."""
    flag = solution.flag | np.where(solution.condition > WEAK_CONDITION, int(Flag.WEAK), 0)
    failed = (flag & Flag.FAILED) > 0
    rotation = np.moveaxis(solution.rotation, -1, 0)
    position = np.where(failed, np.nan, solution.position).T
    angles = np.full((len(failed), 3), np.nan)
    angles[~failed] = unwrap_angles(angles_from_matrix(rotation[~failed]))
    covariance = np.where(failed, np.nan, _of_eop(angles, rotation, solution.covariance)).transpose(2, 0, 1)

    instant = np.searchsorted(instants.line, points.line)
    seen = project(points.points(sensor.body_radius_m), position[instant], rotation[instant], sensor.focal_length_mm)
    measured = sensor.rays(points.view, points.sample)[:, :2]
    residuals = (measured - seen) / sensor.pixel_pitch_mm
    squares = np.bincount(instant, np.sum(residuals**2, axis=-1), minlength=len(failed))
    rms = np.sqrt(squares / (2 * instants.count))
    orientation = Orientation(
        instants.line,
        position,
        angles,
        method,
        time=None if sensor.line_period_s is None else instants.line * sensor.line_period_s,
        covariance=covariance,
        rms_px=rms,
        gcps=instants.count,
        flag=flag.astype(np.int64),
    )
    good = (flag & (Flag.FAILED | Flag.UNCONVERGED | Flag.WEAK | Flag.AMBIGUOUS)) == 0
    rms_all = float(np.sqrt(np.mean(residuals[np.isfinite(residuals)] ** 2))) if not failed.all() else float("nan")
    allowed = _allowed(points, sensor, position[instant])
    allowed = np.sqrt(np.bincount(instant, allowed, minlength=len(failed)) / instants.count)
    misfit = _misfit_sentences(rms, instants.line, sensor, _median(allowed))
    verdict = Verdict(
        condition=_median(solution.condition),
        rms_px=rms_all,
        instants=len(flag),
        good=int(good.sum()),
        sentences=(*misfit, *sentences, *_flag_sentences(flag, instants.line)),
        doubts=tuple(misfit),
    )
    return Resection(orientation, verdict, residuals)


def _of_eop(angles: Array, rotation: Array, covariance: Array) -> Array:
    """Covariance (6, 6, L) of (X, Y, Z, θ, φ, ρ) from that of (ω, C): w = Rᵀω in the camera, then the angles."""
    turn = np.moveaxis(angle_rates_inverse(np.nan_to_num(angles)) @ np.swapaxes(rotation, -1, -2), 0, -1)
    eop = np.empty_like(covariance)
    eop[:3, :3] = covariance[3:, 3:]
    eop[3:, :3] = np.einsum("abl,bcl->acl", turn, covariance[:3, 3:])
    eop[:3, 3:] = eop[3:, :3].swapaxes(0, 1)
    eop[3:, 3:] = np.einsum("abl,dbl->adl", np.einsum("abl,bcl->acl", turn, covariance[:3, :3]), turn)
    return eop


def _allowed(points: ControlPoints, sensor: Sensor, position: Array) -> Array:
    """Mean square (N,) of image residuals, px, that the sigmas of GCPs allow, 0 where none is known."""
    rays = sensor.rays(points.view, points.sample)
    slope = np.sum(rays[:, :2] ** 2, axis=1) / sensor.focal_length_mm**2
    distance = np.linalg.norm(points.points(sensor.body_radius_m) - position, axis=1)
    pixel = distance / np.linalg.norm(rays, axis=1) * sensor.pixel_pitch_mm  # metres on the ground
    lateral, altitude = np.nan_to_num(points.sigma_lateral), np.nan_to_num(points.sigma_altitude)
    return np.asarray((lateral**2 + 0.5 * slope * altitude**2) / pixel**2)


def _misfit_sentences(rms: Array, line: Array, sensor: Sensor, allowed: float = 0.0) -> list[str]:
    """What residuals (px, RMS of each line (L,), NaN where unsolved) say of the sensor, and of single lines.

    ``allowed`` px are what the GCPs' sigmas let expect: fine pixels make much of altitudes that are as good as told.
    """
    usual = _median(rms)
    if usual > max(_MISFIT_PX, _MISFIT * np.nan_to_num(allowed)):
        return [
            f"GCPs fit sensor {sensor.name!r} to {usual:.1f} px only: check its focal_length_mm and pixel_pitch_mm, "
            "and the GCPs' places and altitudes."
        ]
    off = np.flatnonzero(rms > max(_MISFIT_PX, _STANDS_OUT * usual))
    if not len(off):
        return []
    worst = off[np.argsort(-rms[off], kind="stable")][:_NAMED]
    names = ", ".join(f"{value:g}" for value in np.sort(line[worst]))
    more = f" and {len(off) - len(worst)} more" if len(off) > len(worst) else ""
    return [
        f"The GCPs of line {names}{more} miss by up to {rms[worst[0]]:.0f} px, the others by {usual:.2g}: check their "
        "line numbers and places."
    ]


_MEANING = {
    Flag.FAILED: "could not be solved and are left empty",
    Flag.UNCONVERGED: "did not converge",
    Flag.WEAK: f"are ill-conditioned (condition number above {WEAK_CONDITION:.0e})",
    Flag.AMBIGUOUS: "have another solution that fits about as well",
}


def _flag_sentences(flag: Integers, line: Array) -> list[str]:
    """One sentence for each thing that went wrong somewhere."""
    sentences = []
    for bit, meaning in _MEANING.items():
        lines = line[(flag & bit) > 0]
        if len(lines):
            where = f"{lines[0]:g}" if len(lines) == 1 else f"{lines[0]:g} to {lines[-1]:g}"
            sentences.append(f"{len(lines)} of {len(line)} lines {meaning} (flag {bit.name}; line {where}).")
    return sentences


def _median(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")
