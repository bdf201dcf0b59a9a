"""Whether a sensor fits its GCPs: residuals that repeat at the same detectors, told from those of honest noise.

Noise of any size leaves residuals that differ from line to line; a focal length, pixel pitch or place of a view that is
wrong leaves the same pattern in all lines. Each line is resected by collinearity, and its residuals r are compared with
the pattern g that an error of one of the sensor's numbers would leave once the pose has taken what it can. Noise of
places and altitudes is in r and in g of its own line, which would bias the factor between them: the mean pattern of the
lines about it stands for g (an instrumental variable). The error of the factor comes from the scatter between stretches
of lines, so that no sigma has to be known, and neighbours may share errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..camera.sensor import Sensor, View
from .batched import Array, Integers, normal_equations, solve
from .collinearity import FLAT_IMAGE, image_residuals, resect
from .control import Control, gather_control, nadir_start, spread
from .model import ControlPoints

MOST_LINES = 1500  # resected; more cost time and tell little
STRETCHES = 40  # of lines, whose factors scatter
LEAST_LINES, LEAST_STRETCHES = 5, 8  # lines a stretch, stretches
STRETCH_M = 4000.0  # at least, over the ground: errors of altitudes between tracks are alike over as much
AROUND = 0.01  # of the lines, to either side, that stand for a line
SIGNIFICANT = 5.0  # sigmas; more where there are few stretches to tell them
# What a wrong number shifts GCPs by, of the field of view and in pixels: less is no matter, and slow biases do it too.
LEAST_EFFECT, LEAST_PX = 0.005, 0.5
TUNING = 1.5  # sigmas from which a stretch's weight falls
ROUNDS, STEEPEST = 8, 0.25  # corrections of the sensor, each of at most so much of the field of view
SETTLED = 0.02  # of the change: a last correction as small as this ends them
AS_LIKELY = 0.5  # of the greatest significance


@dataclass(frozen=True)
class Doubt:
    """A number of the sensor that seems wrong: ``change`` is what would make it fit, ``sigmas`` how sure that is.

    Focal length and pixel pitch change by a factor (``change`` is ln of it), the principal sample by pixels, the px_mm
    of a ``view`` by mm. ``matters``: its effect is large enough; ``sure``: and significant. ``others`` may be wrong
    instead; ``settled``: with the change the sensor fits, or nearly.
    """

    what: str
    view: int
    change: float
    sigmas: float
    matters: bool
    sure: bool
    others: tuple[str, ...] = ()
    settled: bool = True


def doubted(points: ControlPoints, sensor: Sensor) -> Doubt | None:
    """The sensor's number that most likely is wrong; None where the GCPs fit, or do not tell.

    Looks at lines that have the same four GCPs or more, of all views and with altitudes: where views lack theirs, at
    the edge of the altimetry, altitudes err in one way too.
    """
    chosen = _regular(points, len(sensor.views))
    found = [] if chosen is None else _doubts(chosen, sensor)
    worst = max((doubt.sigmas for doubt in found if doubt.sure), default=0.0)
    likely = sorted(
        (doubt for doubt in found if doubt.sure and doubt.sigmas > AS_LIKELY * worst), key=lambda d: -d.sigmas
    )
    if chosen is None or not likely:
        return None
    # patterns are alike, and bent where a number is far off: what a correction leaves tells which of them it was
    tried = [_corrected(chosen, sensor, doubt) for doubt in likely]
    best, left = min(tried, key=lambda pair: pair[1])
    others = [doubt.what for doubt, also in tried if doubt is not best and also <= max(left, SIGNIFICANT)]
    return replace(best, others=tuple(dict.fromkeys(others)), settled=left < AS_LIKELY * worst)


def _corrected(points: ControlPoints, sensor: Sensor, doubt: Doubt) -> tuple[Doubt, float]:
    """A doubt with the change after which its number fits best, and how significant a doubt of another is left then;
    infinite where none is found that fits."""
    tried = _changed(sensor, doubt)
    for _ in range(ROUNDS):
        found = {(other.what, other.view): other for other in _doubts(points, tried)}
        own = found.pop((doubt.what, doubt.view), None)
        if own is None:
            break
        if abs(own.change) < SETTLED * abs(doubt.change):
            return doubt, max((other.sigmas for other in found.values() if other.matters), default=0.0)
        tried, doubt = _changed(tried, own), replace(doubt, change=doubt.change + own.change)
    return doubt, np.inf


def told(points: ControlPoints, sensor: Sensor) -> list[str]:
    """A sentence on what of the sensor does not fit the GCPs, with what would."""
    doubt = doubted(points, sensor)
    if doubt is None:
        return []
    cause = "check focal_length_mm, pixel_pitch_mm, principal_sample, samples and px_mm"
    if doubt.settled:
        cause = _cause(doubt, sensor)
    also = f" ({', '.join(doubt.others)} may be the cause as well)" if doubt.others and doubt.settled else ""
    return [
        f"GCPs do not fit sensor {sensor.name!r}: {cause}{also}; their residuals show one pattern in all lines, "
        f"{doubt.sigmas:.0f} standard errors strong."
    ]


def _cause(doubt: Doubt, sensor: Sensor) -> str:
    """What seems wrong, by how much, and what would fit."""
    better = _changed(sensor, doubt)
    if doubt.what == "principal_sample":
        off = sensor.principal_sample - better.principal_sample
        return (
            f"its principal_sample seems {abs(off):.3g} px too {'large' if off > 0 else 'small'}, or samples is wrong"
        )
    if doubt.what == "px_mm":
        was, other = (s.views[doubt.view].px_mm for s in (sensor, better))
        name = sensor.views[doubt.view].name
        return f"px_mm of view {name!r} seems wrong by {abs(was - other):.2g} mm ({other:.5g} would fit)"
    was, other = (float(getattr(s, doubt.what)) for s in (sensor, better))
    percent = f"seems {abs(100.0 * (was / other - 1.0)):.2g} % too {'large' if was > other else 'small'}"
    if doubt.what == "focal_length_mm":
        return f"its focal_length_mm {percent} ({other:.5g} would fit), or altitudes are in another unit or too smooth"
    return f"its pixel_pitch_mm {percent} beside px_mm of the views ({other:.5g} would fit)"


def _regular(points: ControlPoints, views: int) -> ControlPoints | None:
    """GCPs of lines that have the most common set of views and samples, at most `MOST_LINES` of them."""
    points = points[np.isfinite(points.altitude)]
    line, index, count = np.unique(points.line, return_inverse=True, return_counts=True)
    if len(line) < LEAST_LINES * LEAST_STRETCHES:
        return None
    pixel = np.unique(np.stack([points.view, points.sample]), axis=1, return_inverse=True)[1].ravel()
    sets = np.zeros(len(line))
    np.add.at(sets, index.ravel(), np.random.default_rng(0).uniform(size=pixel.max() + 1)[pixel])  # a sum names a set
    seen = np.zeros((len(line), views), dtype=bool)
    seen[index.ravel(), points.view] = True
    whole = (count >= 4) & seen.all(axis=1)
    sets = np.where(whole, sets, np.nan)
    usual, times = np.unique(sets[whole], return_counts=True)
    own = np.flatnonzero(sets == usual[np.argmax(times)]) if len(usual) else np.empty(0, np.int64)
    if len(own) < LEAST_LINES * LEAST_STRETCHES:
        return None
    kept = np.zeros(len(line), dtype=bool)
    kept[own[:: -(-len(own) // MOST_LINES)]] = True
    return points[kept[index.ravel()]]


def _doubts(points: ControlPoints, sensor: Sensor) -> list[Doubt]:
    """What each of the sensor's numbers by itself would explain; none where too few lines tell."""
    instants, control = gather_control(points, sensor, np.ones(len(points)))
    pose = resect(control, *nadir_start(control), np.zeros(len(instants.line)))
    good = np.flatnonzero((pose.converged > 0) & (spread(control) >= FLAT_IMAGE))
    if len(good) < max(LEAST_LINES * LEAST_STRETCHES, len(instants.line) // 2):
        return []
    control = control[good]
    stretches = min(STRETCHES, len(good) // LEAST_LINES, int(_flown_m(control, sensor.body_radius_m) / STRETCH_M))
    if stretches < LEAST_STRETCHES:
        return []
    significant = SIGNIFICANT * (1.0 + LEAST_STRETCHES / stretches - LEAST_STRETCHES / STRETCHES)
    residual, jacobian = image_residuals(pose.rotation[..., good], pose.position[:, good], control)
    normal, _ = normal_equations(jacobian, residual)
    pixel = sensor.pixel_pitch_mm / sensor.focal_length_mm
    field = float(np.sqrt(np.max(np.sum(control.s[:2] ** 2, axis=0))))
    found: list[Doubt] = []
    for what, view, pattern in _patterns(control, points.view[instants.row[:, good]], len(sensor.views)):
        left = solve(normal.copy(), np.einsum("akl,kl->al", jacobian, pattern))
        factor, sigma = _factor(residual, pattern - np.einsum("akl,al->kl", jacobian, left), stretches)
        effect = abs(factor) * float(np.sqrt(np.max(np.sum(pattern.reshape(2, -1, len(good)) ** 2, axis=0))))
        held = factor * min(1.0, STEEPEST * field / effect) if effect else 0.0
        matters = effect > max(LEAST_EFFECT * field, LEAST_PX * pixel)
        sure = matters and abs(factor) > significant * sigma
        found.append(Doubt(what, view, _as_change(what, held, sensor), abs(factor) / sigma, matters, sure))
    return found


def _patterns(control: Control, view: Integers, views: int) -> list[tuple[str, int, Array]]:
    """Name, view (-1: all) and residuals (2K, L), px / f, that a number one unit too small or too long leaves."""
    x, y = control.s[:2]
    none = np.zeros_like(x)
    pairs = [
        ("focal_length_mm", -1, x, y),
        ("pixel_pitch_mm", -1, none, y),
        ("principal_sample", -1, none, none + 1.0),
    ]
    if views > 2:  # of two views only the distance tells, as pixel_pitch_mm does
        pairs += [("px_mm", index, (view == index).astype(float), none) for index in range(views)]
    return [(what, index, np.concatenate([along, across])) for what, index, along, across in pairs]


def _as_change(what: str, factor: float, sensor: Sensor) -> float:
    """The change of a number that takes ``factor`` times its pattern away."""
    if what == "principal_sample":
        return -factor * sensor.focal_length_mm / sensor.pixel_pitch_mm
    if what == "px_mm":
        return factor * sensor.focal_length_mm
    size = float(np.log1p(factor))
    return -size if what == "focal_length_mm" else size


def _changed(sensor: Sensor, doubt: Doubt) -> Sensor:
    """The sensor with a doubt's change made."""
    if doubt.what == "px_mm":
        views = list(sensor.views)
        views[doubt.view] = View(views[doubt.view].name, views[doubt.view].px_mm + doubt.change)
        return replace(sensor, views=tuple(views))
    if doubt.what == "principal_sample":
        return replace(sensor, principal_sample=sensor.principal_sample + doubt.change)
    if doubt.what == "pixel_pitch_mm":
        return replace(sensor, pixel_pitch_mm=sensor.pixel_pitch_mm * float(np.exp(doubt.change)))
    return replace(sensor, focal_length_mm=sensor.focal_length_mm * float(np.exp(doubt.change)))


def _flown_m(control: Control, radius_m: float) -> float:
    """Way over the ground from the first line to the last."""
    some = np.unique(np.linspace(0, len(control.line) - 1, 10).astype(int))
    place = control.mean(control.p)[:, some]
    return radius_m * float(np.sum(np.linalg.norm(np.diff(place, axis=1), axis=0)))


def _factor(residual: Array, pattern: Array, stretches: int) -> tuple[float, float]:
    """How many times a pattern (2K, L) is in the residuals (2K, L), and the standard error, both robust."""
    lines = residual.shape[1]
    stands = _around(pattern, max(int(AROUND * lines), 3))
    stretch = np.arange(lines) * stretches // lines
    seen, meant, size = (np.bincount(stretch, np.sum(stands * other, axis=0)) for other in (residual, pattern, stands))
    scale = 1.0 / np.sqrt(np.maximum(size, 1e-300))
    seen, meant = seen * scale, meant * scale
    weight, factor, spread_ = np.ones_like(seen), 0.0, 0.0
    for _ in range(20):
        factor = float(np.sum(weight * meant * seen) / max(np.sum(weight * meant**2), 1e-300))
        off = np.abs(seen - factor * meant)
        spread_ = 1.4826 * float(np.median(off)) + 1e-300
        weight = np.minimum(1.0, TUNING * spread_ / np.maximum(off, 1e-300))
    return factor, spread_ / float(np.sqrt(max(np.sum(weight * meant**2), 1e-300)))


def _around(values: Array, half: int) -> Array:
    """Mean (n, L) over ``half`` lines to either side, the line itself left out."""
    summed = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    line = np.arange(values.shape[1])
    first, end = np.maximum(line - half, 0), np.minimum(line + half + 1, len(line))
    return np.asarray((summed[:, end] - summed[:, first] - values) / np.maximum(end - first - 1, 1))
