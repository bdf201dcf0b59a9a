"""Line-scan sensors: one lens, one focal plane, one detector line a view.

A sensor is read from JSON (see docs) or by the name of one that ships with the plugin.
Image coordinates are 0-based with pixel centres at integers; the image plane is in millimetres,
px along track (px > 0 looks forward), py across track.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, ResourceError
from ..sources import is_plain_file
from .json_fields import as_float

Array = NDArray[np.float64]
_MOST_BYTES = 1 << 20
BUILT_IN = Path(__file__).resolve().parents[2] / "resources" / "sensors"


@dataclass(frozen=True)
class View:
    """One detector line: its name and its along-track place in the image plane (mm)."""

    name: str
    px_mm: float


@dataclass(frozen=True)
class Sensor:
    """A line-scan camera whose views share one exposure and so one exterior orientation an instant."""

    name: str
    body_radius_m: float
    focal_length_mm: float
    samples: int
    principal_sample: float
    pixel_pitch_mm: float
    views: tuple[View, ...]
    line_period_s: float | None = None

    @property
    def px_mm(self) -> Array:
        """Along-track image coordinate of each view, (V,) mm."""
        return np.array([view.px_mm for view in self.views])

    def py_mm(self, sample: ArrayLike) -> Array:
        """Across-track image coordinate of ``sample`` (0-based, may be fractional), mm."""
        return (np.asarray(sample, dtype=np.float64) - self.principal_sample) * self.pixel_pitch_mm

    def rays(self, view: ArrayLike, sample: ArrayLike) -> Array:
        """Viewing rays s = (px, py, -f) in the camera frame, (..., 3) mm, not normalised.

        ``view`` is the index into `views`; it and ``sample`` broadcast together.
        """
        px, py = np.broadcast_arrays(self.px_mm[np.asarray(view, dtype=np.intp)], self.py_mm(sample))
        return np.stack([px, py, np.full(px.shape, -self.focal_length_mm)], axis=-1)

    def view_index(self, name: str) -> int:
        """Index of the view called ``name`` (case and surrounding blanks ignored)."""
        wanted = name.strip().casefold()
        for index, view in enumerate(self.views):
            if view.name.casefold() == wanted:
                return index
        raise InputError(
            f"Sensor {self.name!r} has no view {name!r}: use one of {', '.join(view.name for view in self.views)}."
        )


def built_in_sensors() -> tuple[str, ...]:
    """Names of the sensors that ship with the plugin."""
    return tuple(sorted(path.stem for path in BUILT_IN.glob("*.json")))


def load_sensor(source: str | Path) -> Sensor:
    """Sensor from a JSON file, or by the name of one that ships (`built_in_sensors`)."""
    name = str(source)
    shipped = built_in_sensors()
    path = BUILT_IN / f"{name.casefold()}.json" if name.casefold() in shipped else Path(source)
    if not is_plain_file(path):
        raise ResourceError(
            f"Sensor {name!r} is neither a JSON file nor one of the built-in sensors ({', '.join(shipped)})."
        )
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES >> 20} MB")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ResourceError(f"Sensor file {name!r} cannot be read as JSON: {error}.") from None
    return sensor_from_json(content, name)


def sensor_to_json(sensor: Sensor) -> dict[str, Any]:
    """The sensor as the mapping `sensor_from_json` reads."""
    content: dict[str, Any] = {
        "name": sensor.name,
        "body_radius_m": sensor.body_radius_m,
        "focal_length_mm": sensor.focal_length_mm,
        "samples": sensor.samples,
        "principal_sample": sensor.principal_sample,
        "pixel_pitch_mm": sensor.pixel_pitch_mm,
        "views": [{"name": view.name, "px_mm": view.px_mm} for view in sensor.views],
    }
    if sensor.line_period_s is not None:
        content["line_period_s"] = sensor.line_period_s
    return content


def sensor_from_json(content: object, source: str = "sensor") -> Sensor:
    """Check a parsed sensor file field by field; raises `InputError` naming the field and what it should be."""
    if not isinstance(content, Mapping):
        raise InputError(f"Sensor file {source!r} should hold one JSON object.")
    listed = content.get("views")
    if not isinstance(listed, list) or not listed or not all(isinstance(view, Mapping) for view in listed):
        raise InputError(f'Sensor file {source!r}: field "views" should be a list of {{"name", "px_mm"}} objects.')
    views = tuple(
        View(_text(view, "name", f"{source}, view {index}"), _number(view, "px_mm", f"{source}, view {index}", None))
        for index, view in enumerate(listed)
    )
    if len({view.name.casefold() for view in views}) < len(views):
        raise InputError(f"Sensor file {source!r}: two views share one name; give each its own.")
    if len({view.px_mm for view in views}) < len(views):
        raise InputError(f'Sensor file {source!r}: two views share one "px_mm"; they would see the same ground.')
    samples = _number(content, "samples", source)
    if samples != int(samples) or samples < 2:
        raise InputError(f'Sensor file {source!r}: field "samples" should be a whole number of at least 2.')
    period = content.get("line_period_s")
    return Sensor(
        name=_text(content, "name", source),
        body_radius_m=_number(content, "body_radius_m", source),
        focal_length_mm=_number(content, "focal_length_mm", source),
        samples=int(samples),
        principal_sample=_number(content, "principal_sample", source, None),
        pixel_pitch_mm=_number(content, "pixel_pitch_mm", source),
        views=views,
        line_period_s=None if period is None else _number(content, "line_period_s", source),
    )


def _text(content: Mapping[str, Any], field: str, source: str) -> str:
    value = content.get(field)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f'Sensor file {source!r}: field "{field}" should be a name.')
    return value.strip()


def _number(content: Mapping[str, Any], field: str, source: str, above: float | None = 0.0) -> float:
    value = content.get(field)
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(as_float(value))
    if not good or (above is not None and float(value or 0.0) <= above):
        kind = "a number" if above is None else f"a number above {above:g}"
        raise InputError(f'Sensor file {source!r}: field "{field}" should be {kind}, not {value!r}.')
    return float(value)  # type: ignore[arg-type]
