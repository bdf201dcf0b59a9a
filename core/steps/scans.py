"""What the steps of line-scan images share: the sensor and its orientation."""

from __future__ import annotations

from ..camera.linescan import LineScan
from ..camera.sensor import Sensor, load_sensor
from ..resection.joint import read_joint
from ..resection.tables import read_eops
from .step import Kind, Parameter

SENSOR = Parameter(
    "SENSOR",
    Kind.FILE,
    "Sensor",
    "Sensor file (JSON), or the name of one that ships: ce1, ce2, ce2_paper.",
)
EOPS = Parameter(
    "EOPS",
    Kind.TABLE,
    "Exterior orientation",
    "EOP table: line, x, y, z (m), theta, phi, rho (rad), as recovereop writes it.",
)


def line_scans(sensor: Sensor | str, eops: str) -> list[LineScan]:
    """The camera of every view of the sensor, all with the table's orientation."""
    known = sensor if isinstance(sensor, Sensor) else load_sensor(sensor)
    orientation = read_eops(eops, known)
    joint = read_joint(eops, orientation)
    return [LineScan(known, view, orientation, joint) for view in range(len(known.views))]
