"""One way to every camera model a file may hold."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .csm_linescan import CsmLineScan
from .csm_state import camera_from_state, is_state
from .frame import FrameCamera, camera_from_frame
from .isd import camera_from_isd
from .json_fields import Fields, read_text


def open_camera(path: str | Path) -> CsmLineScan | FrameCamera:
    """Camera of a CSM line-scan model state, an ALE ISD of a line scanner, or a frame camera's JSON.

    Raises `InputError`, one sentence that names the file and the key, for files that are none of these, lack keys, are
    cut short or hold something else than they should.
    """
    file = Path(path)
    text = read_text(file)
    if is_state(text):
        return camera_from_state(text, file.name)
    fields = Fields.parse(text, f"Camera {file.name!r}")
    if "name_model" in fields:
        return camera_from_isd(fields, file.name.split(".")[0])
    if "rotation_camera_to_body" in fields:
        return camera_from_frame(fields, file)
    raise InputError(
        f"Camera {file.name!r} is not a camera model that is read: give a CSM line-scan state, an ALE ISD "
        '("name_model") or a frame camera ("rotation_camera_to_body").'
    )
