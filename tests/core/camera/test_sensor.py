"""Sensors: what ships, what is read back, and what a wrong file is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planetary_dtm.core.camera.sensor import (
    built_in_sensors,
    load_sensor,
    sensor_from_json,
    sensor_to_json,
)
from planetary_dtm.core.errors import InputError


def test_every_shipped_sensor_reads_back_unchanged() -> None:
    assert set(built_in_sensors()) >= {"ce1", "ce2", "ce2_paper"}
    for name in built_in_sensors():
        sensor = load_sensor(name)
        assert sensor_from_json(json.loads(json.dumps(sensor_to_json(sensor)))) == sensor


def test_view_angles_and_pixels_are_the_papers() -> None:
    ce1, ce2, paper = (load_sensor(name) for name in ("ce1", "ce2", "ce2_paper"))
    angle = np.degrees(np.arctan(ce1.px_mm / ce1.focal_length_mm))
    assert np.allclose(angle, [-16.7, 0, 16.7], atol=0.02)
    assert np.allclose(np.degrees(np.arctan(ce2.px_mm / ce2.focal_length_mm)), [-17.2, 8.0], atol=0.02)
    assert np.isclose(200e3 * ce1.pixel_pitch_mm / ce1.focal_length_mm, 120, atol=0.2)
    assert np.isclose(100e3 * ce2.pixel_pitch_mm / ce2.focal_length_mm, 7, atol=0.01)
    assert np.isclose(100e3 * paper.pixel_pitch_mm / paper.focal_length_mm, 12.5, atol=0.01)


def test_rays_look_down_and_forward_views_forward() -> None:
    sensor = load_sensor("ce1")
    rays = sensor.rays([[0], [1], [2]], [0, 255.5, 511])
    assert rays.shape == (3, 3, 3)
    assert (rays[..., 2] == -sensor.focal_length_mm).all()
    assert (rays[sensor.view_index(" Forward ")][:, 0] > 0).all()
    assert np.allclose(rays[:, :, 1], [-3.5729, 0, 3.5729])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"focal_length_mm": -1}, "focal_length_mm"),
        ({"focal_length_mm": "23"}, "focal_length_mm"),
        ({"samples": 3.5}, "samples"),
        ({"samples": True}, "samples"),
        ({"pixel_pitch_mm": float("nan")}, "pixel_pitch_mm"),
        ({"principal_sample": None}, "principal_sample"),
        ({"views": []}, "views"),
        ({"views": [{"name": "a", "px_mm": 1}, {"name": "A", "px_mm": 2}]}, "share one name"),
        ({"views": [{"name": "a", "px_mm": 1}, {"name": "b", "px_mm": 1}]}, "px_mm"),
        ({"name": " "}, "name"),
        ({"line_period_s": 0}, "line_period_s"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], told: str) -> None:
    content = {**sensor_to_json(load_sensor("ce1")), **change}
    with pytest.raises(InputError, match=told):
        sensor_from_json(content, "my.json")


def test_unknown_sensors_views_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ce1, ce2"):
        load_sensor("ce3")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(InputError, match="broken.json"):
        load_sensor(tmp_path / "broken.json")
    with pytest.raises(InputError, match="backward, nadir, forward"):
        load_sensor("ce1").view_index("oblique")
    with pytest.raises(InputError, match="object"):
        sensor_from_json([1])
