"""Frame cameras: one pose for the whole image, as a JSON file gives it.

Keys: position_m [3], rotation_camera_to_body [3][3], body_radius_m, focal_length_mm, and pixel_to_camera_mm: formulas
in col and row (0-based, pixel centres at integers) that end in "ray = (x, y, z)", the viewing ray in the camera frame,
mm. The image's size is taken from "lines" and "samples", or from the file named "image" beside the JSON.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..rasters import Raster
from ..sources import is_plain_file
from .json_fields import Fields, read_text
from .linescan import ImageCamera
from .rays import to_camera, to_world

Array = NDArray[np.float64]

_NEEDED = ("position_m", "rotation_camera_to_body", "body_radius_m", "focal_length_mm", "pixel_to_camera_mm")
_LONGEST_FORMULA = 2000  # characters
_REMARK = re.compile(r"\((?=[^()]*\b(?!(?:col|row|u|v)\b)[A-Za-z_])[^()]*\)")


@dataclass(frozen=True)
class FrameCamera:
    """A frame image: an `ImageCamera` whose lines share ``position`` (3,) m and ``rotation`` (3, 3), camera to body.

    ``pixel_rays`` (3, 3) times (sample, line, 1) is the viewing ray in the camera frame.
    """

    name: str
    line_count: int
    samples: int
    position: Array
    rotation: Array
    pixel_rays: Array
    body_radius_m: float

    @property
    def lines(self) -> tuple[float, float]:
        """First and last line."""
        return 0.0, self.line_count - 1.0

    def rays(self, line: ArrayLike, sample: ArrayLike) -> tuple[Array, Array]:
        """Origins (..., 3) m and unit directions (..., 3), body-fixed; NaN more than half a line outside the image."""
        line, sample = np.broadcast_arrays(np.asarray(line, float), np.asarray(sample, float))
        line = np.where(self._inside(line), line, np.nan)
        rays = np.stack([sample, line, np.ones(line.shape)], axis=-1) @ self.pixel_rays.T
        return np.broadcast_to(self.position, rays.shape).copy(), to_world(self.rotation, rays)

    def project(self, points: ArrayLike) -> tuple[Array, Array]:
        """Line and sample (...) of ground points (..., 3) m; NaN where no line of the image sees them."""
        p = np.asarray(points, float)
        pixel = to_camera(p, self.position, self.rotation) @ np.linalg.inv(self.pixel_rays).T
        # Behind the camera the scale is negative; below the point's horizon the camera looks through the body.
        seen = (pixel[..., 2] > 0) & (np.sum((self.position - p) * p, axis=-1) > 0)
        sample, line = np.moveaxis(pixel[..., :2] / np.where(seen, pixel[..., 2], np.nan)[..., None], -1, 0)
        inside = self._inside(line)
        return np.where(inside, line, np.nan), np.where(inside, sample, np.nan)

    def displacement(self, line: ArrayLike, points: Array) -> Array:
        """Zeros (..., 3, 3): a known camera counts as exact."""
        return np.zeros((*np.shape(points), 3))

    def shared(self, line: Array, other: ImageCamera, other_line: Array, points: Array) -> None:
        """None: nothing is known of errors shared with another camera."""

    def _inside(self, line: Array) -> NDArray[np.bool_]:
        return (line >= -0.5) & (line <= self.line_count - 0.5)


def read_frame(path: str | Path) -> FrameCamera:
    """Frame camera of a JSON file; raises `InputError` naming the file and the key at fault."""
    return camera_from_frame(Fields.parse(read_text(path), f"Frame camera {Path(path).name!r}"), Path(path))


def camera_from_frame(fields: Fields, path: Path) -> FrameCamera:
    """Frame camera of the parsed file at ``path``."""
    fields.require(*_NEEDED)
    rotation = fields.array("rotation_camera_to_body", 3, 3)
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-6 or np.linalg.det(rotation) < 0:
        fields.refuse("rotation_camera_to_body", "a rotation matrix")
    radius = fields.number("body_radius_m", above=0)
    position = fields.array("position_m", 3)
    if np.linalg.norm(position) <= radius:
        fields.refuse("position_m", f"outside the body of radius {radius:.0f} m, in body-fixed metres")
    formula = fields.text("pixel_to_camera_mm")
    try:
        pixel_rays = _pixel_rays(formula)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError):
        fields.refuse("pixel_to_camera_mm", 'formulas such as "u = 2 * col, v = 2 * row; ray = (u - 9, v - 9, -76)"')
    focal = fields.number("focal_length_mm", above=0)
    depth = pixel_rays[2]
    if depth[:2].any() or abs(abs(depth[2]) / focal - 1) > 1e-6 or abs(np.linalg.det(pixel_rays)) < 1e-12:
        fields.refuse("pixel_to_camera_mm", f"rays whose third component is the focal length, {focal:g} or {-focal:g}")
    lines, samples = _size(fields, path)
    return FrameCamera(path.stem, lines, samples, position, rotation, pixel_rays, radius)


def _size(fields: Fields, path: Path) -> tuple[int, int]:
    if "lines" in fields and "samples" in fields:
        return fields.count("lines"), fields.count("samples")
    name = Path(fields.text("image")).name
    if not name or not is_plain_file(path.parent / name):
        raise InputError(f'{fields.source}: image {name!r} is not beside it; add its size as "lines", "samples".')
    return Raster(path.parent / name, "Image").size


def _pixel_rays(formula: str) -> Array:
    """Matrix (3, 3) from (col, row, 1) to the ray of a text of formulas, all linear in col and row."""
    if len(formula) > _LONGEST_FORMULA:
        raise ValueError("too long")
    known = {"col": np.array([1.0, 0.0, 0.0]), "row": np.array([0.0, 1.0, 0.0])}
    for statement in _statements(_REMARK.sub(" ", formula)):
        name, _, value = statement.partition("=")
        tree = ast.parse(value.strip(), mode="eval").body
        if name.strip().startswith("ray"):
            if not isinstance(tree, ast.Tuple) or len(tree.elts) != 3:
                raise ValueError("a ray has three components")
            return np.stack([_linear(part, known) for part in tree.elts])
        known[name.strip()] = _linear(tree, known)
    raise ValueError("no ray")


def _statements(text: str) -> list[str]:
    """The parts between the commas and semicolons that stand outside parentheses."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character in ",;" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part.strip()]


def _linear(node: ast.expr, known: dict[str, Array]) -> Array:
    """Coefficients (3,) of col, row and 1 of an expression of + - * / that is linear in them."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return np.array([0.0, 0.0, float(node.value)])  # type: ignore[arg-type]
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _linear(node.operand, known)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        left, right = _linear(node.left, known), _linear(node.right, known)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult) and not (left[:2].any() and right[:2].any()):
            return left * right[2] if left[:2].any() else right * left[2]
        if isinstance(node.op, ast.Div) and not right[:2].any() and right[2]:
            return left / right[2]
    raise ValueError("not a linear formula")
