"""CSM model states of line scanners (USGS_ASTRO_LINE_SCANNER_SENSOR_MODEL): text in, camera out, and the text itself.

A state is one line with the model's name and a JSON object, all body-fixed; times are seconds from the centre time,
and positions and quaternions stand at uniform nodes between which the reader interpolates after Lagrange.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .csm_linescan import CsmLineScan, FocalPlane, LineTimes, checked_camera, require_coverage
from .distortion import KINDS, Distortion
from .json_fields import Fields, read_text
from .rotations import matrix_from_quaternion

Array = NDArray[np.float64]

MODEL = "USGS_ASTRO_LINE_SCANNER_SENSOR_MODEL"
DISTORTION_TYPES = {0: "radial", 4: "lrolrocnac"}
# What the geometry needs; the rest (identifiers, covariance, sun ...) is not asked for.
_NEEDED = (
    *("m_nLines", "m_nSamples", "m_intTimeLines", "m_intTimeStartTimes", "m_intTimes"),
    *("m_detectorSampleSumming", "m_detectorLineSumming", "m_startingDetectorSample", "m_startingDetectorLine"),
    *("m_detectorSampleOrigin", "m_detectorLineOrigin", "m_iTransS", "m_iTransL", "m_focalLength", "m_distortionType"),
    *("m_opticalDistCoeffs", "m_majorAxis", "m_minorAxis", "m_t0Ephem", "m_dtEphem", "m_positions"),
    *("m_t0Quat", "m_dtQuat", "m_quaternions", "m_platformFlag"),
)


@dataclass(frozen=True)
class UniformNodes:
    """``values`` (n, k) at ``start`` + i ``step``, interpolated after Lagrange through up to ``order`` nodes."""

    start: float
    step: float
    values: Array
    order: int = 8

    def at(self, t: Array) -> Array:
        """Interpolated values (..., k) at ``t`` (...); the order falls by two for each node nearer to an end.

        NaN where ``t`` is NaN.
        """
        place = (t - self.start) / self.step
        count = len(self.values)
        index = np.clip(np.floor(np.nan_to_num(place)), 0, count - 2).astype(np.int64)
        beside = np.minimum(index, count - 2 - index)  # whole intervals between this one and the nearer end
        order = np.minimum(2 * (np.minimum(beside, 3) + 1), self.order)
        result = np.empty((*place.shape, self.values.shape[1]))
        for nodes in np.unique(order):
            rows = order == nodes
            offset = np.arange(nodes) - (nodes // 2 - 1)
            weights = _lagrange(offset, (place - index)[rows])
            near = self.values[index[rows][:, None] + offset]
            result[rows] = np.einsum("nk,nkj->nj", weights, near)
        return result


def _lagrange(nodes: NDArray[np.int64], at: Array) -> Array:
    """Lagrange weights (n, k) of integer ``nodes`` (k,) at ``at`` (n,)."""
    weights = np.ones((len(at), len(nodes)))
    for column, node in enumerate(nodes):
        for other in nodes[nodes != node]:
            weights[:, column] *= (at - other) / (node - other)
    return weights


@dataclass(frozen=True)
class NodeTrajectory:
    """Body-fixed positions (m) and camera-to-body quaternions (x, y, z, w) at uniform nodes."""

    position: UniformNodes
    quaternion: UniformNodes

    def at(self, time: Array) -> tuple[Array, Array]:
        """Position (..., 3) m, rotation (..., 3, 3); quaternions are interpolated by components, then normalised."""
        return self.position.at(time), matrix_from_quaternion(self.quaternion.at(time))


def is_state(text: str) -> bool:
    """Whether the text is a CSM model state of any sensor model."""
    head = text[:200].lstrip().split("\n", 1)[0].strip()
    return head.startswith("USGS_ASTRO_") or '"m_modelName"' in text[:100_000]


def state_text(state: dict[str, Any]) -> str:
    """The state file's text."""
    return f"{MODEL}\n{json.dumps(state, allow_nan=False)}\n"


def read_csm_state(path: str | Path) -> CsmLineScan:
    """Camera of a CSM line-scan model state; raises `InputError` naming the file and the key at fault."""
    return camera_from_state(read_text(path), Path(path).name)


def camera_from_state(text: str, file_name: str) -> CsmLineScan:
    """Camera of a state's text, named as its file. Raises `InputError`; for corrections and unusual lenses too."""
    source = f"CSM state {file_name!r}"
    body = text.lstrip()
    model, body = body.split("\n", 1) if not body.startswith("{") and "\n" in body else ("", body)
    fields = Fields.parse(body, source)
    model = model.strip() or str(fields.content.get("m_modelName", ""))
    if model != MODEL:
        raise InputError(f"{source} is of model {model[:60]!r}; only line scanners ({MODEL}) are read.")
    fields.require(*_NEEDED)
    if "m_currentParameterValue" in fields and fields.array("m_currentParameterValue", None).any():
        fields.refuse("m_currentParameterValue", "zeros: a camera with corrections on top is not supported")
    if fields.content.get("m_zDirection", 1) != 1:
        fields.refuse("m_zDirection", "1: a camera that looks along -z is not supported")
    trajectory = _trajectory(fields)
    camera = CsmLineScan(
        name=file_name.split(".")[0],
        line_count=fields.count("m_nLines"),
        samples=fields.count("m_nSamples"),
        times=_line_times(fields),
        focal_plane=_focal_plane(fields),
        trajectory=trajectory,
        axes_m=(fields.number("m_majorAxis", above=0), fields.number("m_minorAxis", above=0)),
    )
    tables = {"positions": trajectory.position, "quaternions": trajectory.quaternion}
    spans = {what: (table.start, table.start + table.step * (len(table.values) - 1)) for what, table in tables.items()}
    require_coverage(camera, spans, source, "write the state from an orbit that covers the image")
    return checked_camera(camera, source)


def _line_times(fields: Fields) -> LineTimes:
    names = ("m_intTimeLines", "m_intTimeStartTimes", "m_intTimes")
    first, start, step = (fields.array(name, None) for name in names)
    if not len(first) == len(start) == len(step) >= 1:
        fields.refuse(names[2], f"as long as {names[0]} and {names[1]}")
    if np.any(np.diff(first) <= 0):
        fields.refuse(names[0], "ascending lines")
    if np.any(step <= 0):
        fields.refuse(names[2], "times above 0")
    return LineTimes(first, start, step)


def _focal_plane(fields: Fields) -> FocalPlane:
    kind = DISTORTION_TYPES.get(int(fields.number("m_distortionType")))
    coefficients = fields.array("m_opticalDistCoeffs", None)
    if kind is None and not coefficients.any():
        kind, coefficients = "radial", np.zeros(3)
    if kind is None:
        fields.refuse("m_distortionType", "0 (radial) or 4 (LROC NAC); other lenses are not supported")
    if len(coefficients) != KINDS[kind]:
        fields.refuse("m_opticalDistCoeffs", f"{KINDS[kind]} finite numbers")
    return FocalPlane(
        fields.number("m_focalLength", above=0),
        fields.array("m_iTransS", 3),
        fields.array("m_iTransL", 3),
        (fields.number("m_detectorSampleOrigin"), fields.number("m_detectorLineOrigin")),
        (fields.number("m_detectorSampleSumming", above=0), fields.number("m_detectorLineSumming", above=0)),
        (fields.number("m_startingDetectorSample"), fields.number("m_startingDetectorLine")),
        Distortion(kind, tuple(coefficients)),
    )


def _trajectory(fields: Fields) -> NodeTrajectory:
    order = 4 if fields.number("m_platformFlag") == 0 else 8
    nodes = []
    for key, size, start, step in (
        ("m_positions", 3, "m_t0Ephem", "m_dtEphem"),
        ("m_quaternions", 4, "m_t0Quat", "m_dtQuat"),
    ):
        values = fields.array(key, None)
        if len(values) % size or len(values) < 2 * size:
            fields.refuse(key, f"{size} numbers for each of two or more nodes")
        values = values.reshape(-1, size)
        nodes.append(UniformNodes(fields.number(start), fields.number(step, above=0), values, order))
    if np.linalg.norm(nodes[1].values, axis=1).min() < 0.5:
        fields.refuse("m_quaternions", "unit quaternions")
    return NodeTrajectory(*nodes)
