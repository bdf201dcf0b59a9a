"""Step: the outlines of images on the ground."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bodies import Body, LonLat, body_of_radius, local_radius, require_same_body, spatial_reference
from ..camera.footprints import Footprint, Height, footprint
from ..camera.linescan import ImageCamera
from ..datums import Datum
from ..errors import InputError
from ..frames import lonlat_radius, unit_vectors
from ..memory import require_memory, whole_mb
from ..outputs import letting_go, replacing, unwritten
from ..progress import Progress, silent, tell
from ..rasters import quiet_gdal
from ..terrain.sampling import bilinear
from .heights import Dem
from .scans import CAMERAS, EOPS_OR_CAMERAS, SENSOR_OR_CAMERAS, image_cameras
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

_FORMATS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf"}


def run(
    *,
    eops: str | None,
    sensor: str | None,
    cameras: list[str] | None,
    dem: str | None,
    output: str,
    progress: Progress = silent,
    **_: Any,
) -> StepResult:
    """Outline every view on the DEM or the sphere; see `STEP` for the parameters."""
    if Path(output).suffix.lower() not in _FORMATS:
        raise InputError(f"Output {Path(output).name!r} must end in {', '.join(_FORMATS)}.")
    known = image_cameras(sensor, eops, cameras)
    body = body_of(known[0])
    height, said = dem_height(dem, body) if dem else (None if body.is_sphere else ellipsoid_height(body), ())
    outlines = {}
    for number, camera in enumerate(known):
        tell(progress, number / len(known), f"Outlining {camera.name}")
        outlines[camera.name] = footprint(camera, body.radius_m, height)
    write_footprints(output, outlines, body)
    warnings = said + tuple(
        f"{1 - outline.seen:.0%} of the edge of view {name!r} looks past the body or has no EOPs."
        for name, outline in outlines.items()
        if outline.seen < 1
    )
    return StepResult({"OUTPUT": output}, warnings)


def dem_height(path: str, body: Body) -> tuple[Height, tuple[str, ...]]:
    """Heights (m above the body's largest radius) of a DEM at lon, lat in rad, NaN where it has none, and warnings.

    Raises `InputError` for the DEM of another body, and for heights above an areoid.
    """
    dem = Dem(path, "DEM")
    source = dem.raster
    require_same_body(source.grid.body, f"DEM {source.name!r}", body, "the sensor")
    size = f"DEM {source.name!r} of {source.grid.width} x {source.grid.height} pixels"
    require_memory(whole_mb(source.grid.width, source.grid.height), size, "crop it to where the images look", silent)
    datum = source.grid.body
    values, valid = dem.above(Datum(datum), "those the rays meet")(None, None)

    def height(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
        column, row = source.grid.pixel_of(lon, lat)
        found, known = bilinear(values.astype(float), valid, row.ravel(), column.ravel())
        found = np.where(known, found, np.nan).reshape(np.shape(lon))
        return found + local_radius(datum, lat) - body.radius_m

    return height, dem.warnings


def ellipsoid_height(body: Body) -> Height:
    """Heights (m, 0 or less) of a body's ellipsoid above its largest radius."""
    return lambda lon, lat: local_radius(body, lat) - body.radius_m


def body_of(camera: ImageCamera) -> Body:
    """The camera's body, an ellipsoid where its model tells both axes."""
    major, minor = getattr(camera, "axes_m", (camera.body_radius_m, camera.body_radius_m))
    return replace(body_of_radius(major), semi_minor_m=minor)


def write_footprints(path: str, outlines: dict[str, Footprint], body: Body) -> None:
    """Write one (multi)polygon a view in the body's longitude, latitude, cut at the 180° meridian."""
    from osgeo import ogr

    with replacing(path, tuple(_FORMATS)) as temporary, quiet_gdal():
        try:
            driver = ogr.GetDriverByName(_FORMATS[Path(path).suffix.lower()])
            dataset = driver.CreateDataSource(str(temporary))
            layer = dataset.CreateLayer("footprints", body.lonlat_crs(), ogr.wkbMultiPolygon)
            layer.CreateField(ogr.FieldDefn("view", ogr.OFTString))
            for name in ("pixel_along_m", "pixel_across_m", "area_km2"):
                layer.CreateField(ogr.FieldDefn(name, ogr.OFTReal))
            for name, outline in outlines.items():
                shape, area = polygon(outline, body)
                feature = ogr.Feature(layer.GetLayerDefn())
                feature.SetField("view", name)
                for field, value in zip(("pixel_along_m", "pixel_across_m"), outline.pixel_m):
                    feature.SetField(field, value)
                feature.SetField("area_km2", area)
                feature.SetGeometry(shape)
                layer.CreateFeature(feature)
            del layer
            dataset.FlushCache()
            del dataset
        except RuntimeError as error:
            with letting_go():
                layer = dataset = None  # noqa: F841 - closed here
            raise unwritten(path, error) from error


def polygon(outline: Footprint, body: Body) -> tuple[Any, float]:
    """The outline as an OGR multipolygon in longitude, latitude (degrees, cut at 180°), and its area (km²)."""
    from osgeo import ogr

    lon, lat, _ = np.degrees(lonlat_radius(unit_vectors(outline.lon, outline.lat).mean(axis=0)))
    equal_area = f"+proj=laea +lat_0={lat!r} +lon_0={lon!r} +R={body.radius_m!r} +units=m +no_defs"
    area = _polygon(*LonLat(spatial_reference(equal_area)).to_xy(outline.lon, outline.lat)).GetArea() / 1e6
    lon, lat = np.degrees(np.unwrap(outline.lon)), np.degrees(outline.lat)
    turns = round((lon[-1] - lon[0]) / 360.0)
    if turns:  # the outline goes round a pole: the way back is along it
        pole = np.copysign(90.0, lat[np.argmax(np.abs(lat))])
        lon, lat = np.append(lon, [lon[-1], lon[0]]), np.append(lat, [pole, pole])
    whole, shape = _polygon(lon, lat), ogr.Geometry(ogr.wkbMultiPolygon)
    for turn in range(int((lon.min() + 180) // 360), int((lon.max() + 180) // 360) + 1):
        west = 360.0 * turn - 180.0
        strip = _polygon(np.array([west, west + 360, west + 360, west]), np.array([-90.0, -90.0, 90.0, 90.0]))
        for piece in ogr.ForceToMultiPolygon(whole.Intersection(strip)):
            ring = np.array(piece.GetGeometryRef(0).GetPoints())
            shape.AddGeometry(_polygon(ring[:, 0] - 360.0 * turn, ring[:, 1]))
    # Round a pole two pieces share the meridian where the outline began.
    return ogr.ForceToMultiPolygon(shape.UnionCascaded()), area


def _polygon(x: NDArray[np.float64], y: NDArray[np.float64]) -> Any:
    """An OGR polygon of one ring; attitude that swings from line to line may make neighbouring edge points cross."""
    from osgeo import ogr

    ring = ogr.Geometry(ogr.wkbLinearRing)
    for point in zip(x.tolist(), y.tolist()):
        ring.AddPoint_2D(*point)
    ring.CloseRings()
    made = ogr.Geometry(ogr.wkbPolygon)
    made.AddGeometry(ring)
    return made if made.IsValid() else made.Buffer(0)


STEP = Step(
    id="footprints",
    title="Footprints",
    group="Stereo",
    help=(
        "Draws where each image of known orientation lies on the ground: one polygon an image, cut at the 180° "
        "meridian, with the ground size of a pixel and the area. Give a DEM where relief matters; otherwise the sphere "
        "counts."
    ),
    parameters=(
        EOPS_OR_CAMERAS,
        SENSOR_OR_CAMERAS,
        CAMERAS,
        Parameter("DEM", Kind.RASTER, "DEM", "Heights in metres above the body's sphere or ellipsoid.", optional=True),
    ),
    outputs=(Output("OUTPUT", OutputKind.TABLE, "Footprints", "Polygon layer (GeoPackage).", extension="gpkg"),),
    run=run,
    icon="footprint",
    tags=("coverage", "outline", "swath"),
)
