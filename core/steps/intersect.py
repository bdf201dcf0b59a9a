"""Step: matches and orientation become ground points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bodies import body_of_radius
from ..camera.footprints import footprint
from ..camera.linescan import ImageCamera
from ..errors import InputError
from ..matching.match_file import USUAL_SIGMA_PX, MatchFile, by_image_a
from ..memory import require_memory
from ..progress import Progress, each, part, silent, tell
from ..terrain.intersection import Intersection, good_matches, intersect_matches, joined, sigma_factor
from ..terrain.points import points_of, writing_points
from .scans import CAMERAS, EOPS_OR_CAMERAS, SENSOR_OR_CAMERAS, camera_of, image_cameras
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

_MB = 400.0  # whatever the images: measured at 0.7 and 17 million pixels
_PIXELS = 1 << 16  # intersected together
_UNCOVERED = 0.01  # share of the matches without orientation that is worth a warning
_JUDGED = 24  # lines whose ray misses tell how good the matches' sigma is
_AMISS_PX, _ASTRAY_PX = 0.5, 5.0  # ray miss from which on the orientation is doubted, and the terrain as a whole


def run(
    *,
    matches: list[str],
    sensor: str | None,
    eops: str | None,
    cameras: list[str] | None,
    min_altitude: float | None,
    max_altitude: float | None,
    output: str,
    progress: Progress = silent,
    **_: Any,
) -> StepResult:
    """Intersect the matches file by file, those that share image A together; see `STEP` for the parameters."""
    require_memory(_MB, "Intersecting block by block", "let it take more", progress)
    known = image_cameras(sensor, eops, cameras)
    files = [MatchFile(path) for path in matches]
    for file in files:
        camera_of(known, file.view_b, file.image_b)  # raises before the work begins
    groups = by_image_a(files, lambda view, image: camera_of(known, view, image).samples)
    radius = known[0].body_radius_m
    matched = seen = kept = 0
    squares = 0.0
    factors: list[float] = []
    with writing_points(output, body := body_of_radius(radius)) as writer:
        for number, group in enumerate(groups):
            here = number / len(groups)
            factor = match_factor(group, known, part(progress, here, here))
            factors.append(factor)
            step = max(1, _PIXELS // group[0].samples)
            for first in range(0, group[0].lines, step):
                tell(progress, (number + first / group[0].lines) / len(groups), "Intersecting")
                found = intersect_block(group, known, first, min(step, group[0].lines - first), factor)
                good = good_matches(found, radius, min_altitude, max_altitude)
                matched += len(found)
                seen, kept = seen + int(np.isfinite(found.points[:, 0]).sum()), kept + int(good.sum())
                chosen = found[good]
                squares += float(np.sum(chosen.ray_miss**2))
                writer.write(points_of(chosen.points, body, chosen.sigma_altitude, chosen.ray_miss))
        if not kept:
            raise InputError(
                "No match gives a ground point: check that MATCHES belong to the orientation given, and that it covers "
                "the lines of the images."
            )
    notes = [f"{kept} points, {seen - kept} matches left out; ray miss {np.sqrt(squares / kept):.2f} m (RMS)."]
    if max(factors) > 1.0:
        notes.append(f"The rays miss by {max(factors):.3g} times what the matches' sigma says; it is scaled by that.")
    warnings = [
        f"{matched - seen} of {matched} matches lie on lines that the orientation does not cover; their ground is left "
        "out."
    ] * (matched - seen > _UNCOVERED * matched)
    miss = float(np.sqrt(squares / kept))
    warnings += miss_warnings(miss, camera_of(known, files[0].view_a, files[0].image_a))
    values = {"OUTPUT": output, "COUNT": kept, "RAY_MISS": miss}
    return StepResult(values, tuple(warnings), tuple(notes))


def miss_warnings(miss_m: float, camera: ImageCamera) -> list[str]:
    """What to say of the RMS ray miss of points seen by ``camera`` and others."""
    pixels = miss_m / float(np.mean(footprint(camera, camera.body_radius_m).pixel_m))
    if pixels < _AMISS_PX:
        return []
    why = "the orientations disagree, and the terrain may be bent."
    if pixels > _ASTRAY_PX:
        why = "do not trust the terrain; an image may be turned, or have the view or the orientation of another."
    return [f"The rays of a point miss each other by {miss_m:.3g} m (RMS), {pixels:.2g} pixels: {why}"]


def match_factor(group: list[MatchFile], cameras: list[ImageCamera], progress: Progress = silent) -> float:
    """How much larger than stated the sigma of the matches is, by the ray misses on some lines of image A."""
    lines = np.unique(np.linspace(0, group[0].lines - 1, _JUDGED).astype(int))
    found = [
        intersect_block(group, cameras, int(line), 1) for line in each(lines, progress, len(lines), "Intersecting")
    ]
    return sigma_factor(joined([part for part in found if len(part)])) if any(map(len, found)) else 1.0


def intersect_block(
    group: list[MatchFile], cameras: list[ImageCamera], first: int, count: int, factor: float = 1.0
) -> Intersection:
    """Intersect lines first .. first + count of the image A that the files of ``group`` share; only pixels matched.

    ``factor`` scales the sigma of the matches.
    """
    blocks = [file.read(first, count) for file in group]
    row, column = np.nonzero(np.any([np.isfinite(block.line) for block in blocks], axis=0))

    def stacked(own: NDArray[np.float64], others: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.stack([own, *(other[row, column] for other in others)])

    line = stacked((first + row).astype(np.float64), [block.line for block in blocks])
    sample = stacked(column.astype(np.float64), [block.sample for block in blocks])
    # A's pixel is the match's own place: all of the match's error lies in B.
    none = np.zeros(row.shape)
    sigmas = [stacked(none, [getattr(block, name) for block in blocks]) for name in ("line_sigma", "sample_sigma")]
    sigma = np.stack(sigmas, axis=-1)
    own = camera_of(cameras, group[0].view_a, group[0].image_a)
    seen_by = [own, *(camera_of(cameras, file.view_b, file.image_b) for file in group)]
    return intersect_matches(seen_by, line, sample, factor * np.where(np.isfinite(sigma), sigma, USUAL_SIGMA_PX))


STEP = Step(
    id="intersect",
    title="Intersect matches",
    group="Stereo",
    help=(
        "Turns matches between images of known orientation into ground points by least-squares intersection of their "
        "rays, with the sigma of every altitude and the distance by which the rays miss each other.\n\n"
        "Give several match files that share their first image and each point is intersected from all its rays. "
        "Matches whose rays miss each other by far more than usual are left out."
    ),
    parameters=(
        Parameter("MATCHES", Kind.RASTERS, "Matches", "One or more match files, as densematch writes them."),
        SENSOR_OR_CAMERAS,
        EOPS_OR_CAMERAS,
        CAMERAS,
        Parameter(
            "MIN_ALTITUDE",
            Kind.NUMBER,
            "Lowest altitude",
            "Points below are wrong matches and left out.",
            optional=True,
            unit="m",
            advanced=True,
        ),
        Parameter(
            "MAX_ALTITUDE",
            Kind.NUMBER,
            "Highest altitude",
            "Points above are wrong matches and left out.",
            optional=True,
            unit="m",
            advanced=True,
        ),
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.FILE,
            "Points",
            "CSV, LAS or LAZ with x, y, z, lon, lat, altitude, sigma and ray_miss.",
            extension="csv",
        ),
        Output("COUNT", OutputKind.NUMBER, "Number of points", "How many points were written."),
        Output("RAY_MISS", OutputKind.NUMBER, "Ray miss", "RMS distance by which the rays of a point miss, m."),
    ),
    run=run,
    icon="intersect",
    tags=("stereo", "forward intersection", "triangulation", "points"),
)
