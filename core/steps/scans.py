"""What the steps of images with known orientation share: a line scanner's sensor and EOPs, or camera models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..bodies import body_of_radius, require_same_body
from ..camera.linescan import ImageCamera, LineScan
from ..camera.open_camera import open_camera
from ..camera.sensor import Sensor, load_sensor
from ..errors import InputError
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
CAMERAS = Parameter(
    "CAMERAS",
    Kind.FILES,
    "Camera models",
    "Instead of sensor and EOPs: one camera file an image (CSM line-scan state, ISD, frame camera), named as the view "
    "or the image it belongs to.",
    optional=True,
)
# For steps that take camera models as well.
SENSOR_OR_CAMERAS = replace(SENSOR, optional=True)
EOPS_OR_CAMERAS = replace(EOPS, optional=True)


@dataclass(frozen=True)
class StereoImage:
    """An image of the chain: its file, the name of its view or camera, and its size."""

    path: str
    view: str
    lines: int
    samples: int

    @property
    def name(self) -> str:
        """File name."""
        return Path(self.path).name


def line_scans(sensor: Sensor | str, eops: str) -> list[LineScan]:
    """The camera of every view of the sensor, all with the table's orientation."""
    known = sensor if isinstance(sensor, Sensor) else load_sensor(sensor)
    orientation = read_eops(eops, known)
    joint = read_joint(eops, orientation)
    return [LineScan(known, view, orientation, joint) for view in range(len(known.views))]


def image_cameras(sensor: str | None, eops: str | None, files: Sequence[str] | None) -> list[ImageCamera]:
    """Cameras by sensor and EOPs or from camera files, all on one body; raises `InputError` for neither or both."""
    if bool(files) == bool(sensor or eops):
        raise InputError("Give SENSOR and EOPS, or CAMERAS, to say where the images were taken from.")
    if not files:
        if not (sensor and eops):
            raise InputError(f"{'EOPS' if sensor else 'SENSOR'} is missing; SENSOR and EOPS belong together.")
        return list(line_scans(sensor, eops))
    cameras: list[ImageCamera] = [open_camera(path) for path in files]
    first = body_of_radius(cameras[0].body_radius_m)
    for camera in cameras[1:]:
        require_same_body(
            first, f"Camera {cameras[0].name!r}", body_of_radius(camera.body_radius_m), f"camera {camera.name!r}"
        )
    return cameras


def camera_of(cameras: Sequence[ImageCamera], view: str, image: str = "") -> ImageCamera:
    """The camera of a view, or else of an image file (names compared without case and ending)."""
    for wanted in filter(None, (view, image)):
        for camera in cameras:
            if _bare(camera.name) == _bare(wanted):
                return camera
    known = ", ".join(camera.name for camera in cameras)
    raise InputError(f"No camera is named {view!r}{image and f' or {image!r}'}: use one of {known}.")


def checked_coverage(image: StereoImage, camera: ImageCamera) -> list[str]:
    """What to say of lines without orientation; raises `InputError` where image and camera do not belong together."""
    if camera.samples != image.samples:
        raise InputError(
            f"Image {image.name!r} has {image.samples} samples a line and camera {camera.name!r} {camera.samples}; "
            "give the camera of the image, and the image in its full width."
        )
    first, last = camera.lines
    known = min(last, image.lines - 1) - max(first, 0) + 1
    if known <= 0:
        raise InputError(
            f"The orientation of {camera.name!r} covers lines {first:g} to {last:g}, image {image.name!r} has lines 0 "
            f"to {image.lines - 1}; give the orientation of this image."
        )
    if known >= image.lines:
        return []
    return [
        f"The orientation of {camera.name!r} covers {known:g} of the {image.lines} lines of {image.name!r}; the rest "
        "gives no terrain."
    ]


def _bare(name: str) -> str:
    return Path(name.strip()).name.partition(".")[0].casefold()
