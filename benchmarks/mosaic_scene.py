"""A large image mosaic with known terrain: a DEM and its mirror images, rendered, and laid side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.bodies import body_named, spatial_reference
from ..core.geotiff import Band, write_dtm, write_image
from ..core.rasters import Grid, Raster, Window, quiet_gdal
from ..core.simulation.photometry import LunarLambert, reflectance
from ..core.simulation.shading import cast_shadows, fractal, sun_vector, surface_normals

Float = NDArray[np.float32]

AZIMUTH, INCIDENCE = 270.0, 62.0  # degrees
PIXEL_M = 118.45
_STRIP = 1000  # rows rendered at a time
_AROUND = 600  # columns of the next period that may cast shadows: 7 km of relief reach no farther than that
_COARSER = 25  # pixels of the mosaic to a cell of the DEM it is levelled to
_CRS = "IAU_2015:30110"  # equirectangular: near the equator a metre is a metre on the ground both ways


def periodic_heights(dem: Path, half: int) -> Float:
    """Heights (2 half, 2 half), m: the upper left corner of a DEM and its mirror images; they repeat without a step."""
    corner = Raster(dem).read(Window(0, 0, half, half))[0].astype(np.float32)
    wide = np.concatenate([corner, corner[:, ::-1]], axis=1)
    return np.concatenate([wide, wide[::-1]], axis=0)


def rendered(height: Float, seed: int = 0) -> NDArray[np.uint8]:
    """The 8-bit picture of a periodic terrain under a western sun, shadows across its borders too; 0 is nowhere."""
    rows, columns = height.shape
    texture = np.tile(fractal((rows // 2, columns // 2), np.random.default_rng(seed), 2.5), (2, 2))
    noise = np.random.default_rng([seed, 1])
    grey = np.empty((rows, columns), np.uint8)
    scale = None
    for top in range(0, rows, _STRIP):
        row = np.arange(top - 1, min(top + _STRIP, rows) + 1) % rows
        part = height[row]
        part = np.concatenate([part[:, -_AROUND:], part, part[:, :1]], axis=1)
        up, sun = np.array([0.0, 0.0, 1.0]), sun_vector(AZIMUTH, INCIDENCE)
        light = reflectance(surface_normals(part, PIXEL_M), sun, up, 1.0, LunarLambert())
        light = (light * cast_shadows(part, PIXEL_M, AZIMUTH, INCIDENCE))[1:-1, _AROUND:-1]
        strip = slice(top, top + len(light))
        light = light * np.exp(0.03 * texture[strip]) + 0.002 * noise.standard_normal(light.shape, np.float32)
        scale = scale or 250.0 / float(np.percentile(light, 99.8))
        grey[strip] = np.clip(np.round(light * scale), 1, 255)
    return grey


def write_scene(folder: Path, dem: Path, side: int) -> tuple[Path, Path, Path]:
    """Write image, coarse DEM to level to, and true terrain of ``side`` (even) pixels into ``folder``; their paths."""
    height = periodic_heights(dem, side // 2)
    grid = _grid(side)
    image, coarse, truth = (folder / f"{name}_{side}.tif" for name in ("image", "coarse", "truth"))
    write_image(image, grid, rendered(height), {"SUN_AZIMUTH": f"{AZIMUTH:g}"}, nodata=0)
    about = {"METHOD": "bench mosaic", "LEVELLED": "YES", "DATUM": body_named("Moon").datum}
    cells = side // _COARSER
    means = height[: cells * _COARSER, : cells * _COARSER].reshape(cells, _COARSER, cells, _COARSER).mean(axis=(1, 3))
    write_dtm(coarse, grid.sub(Window(0, 0, cells * _COARSER, cells * _COARSER)).resized(cells, cells), [means],
              [Band("height")], about)  # fmt: skip
    write_dtm(truth, grid, [height], [Band("height")], about)
    return image, coarse, truth


def repeated(path: Path, times: int) -> Path:
    """A virtual raster of a file laid side by side ``times`` x ``times``; its path."""
    from osgeo import gdal

    with quiet_gdal():
        source = gdal.Open(str(path))
        columns, rows = source.RasterXSize, source.RasterYSize
        name = path.with_name(f"{path.stem}_x{times}.vrt")
        band = source.GetRasterBand(1)
        made = gdal.GetDriverByName("VRT").Create(str(name), columns * times, rows * times, 1, band.DataType)
        x0, dx, _, y0, _, dy = source.GetGeoTransform()
        made.SetGeoTransform((x0 - dx * columns * (times - 1) / 2, dx, 0, y0 - dy * rows * (times - 1) / 2, 0, dy))
        made.SetSpatialRef(source.GetSpatialRef())
        made.SetMetadata(source.GetMetadata())
        target = made.GetRasterBand(1)
        target.SetNoDataValue(band.GetNoDataValue())
        target.SetMetadata(
            {
                f"source_{number}": (
                    f"<SimpleSource><SourceFilename relativeToVRT='1'>{path.name}</SourceFilename><SourceBand>1"
                    f"</SourceBand><SrcRect xOff='0' yOff='0' xSize='{columns}' ySize='{rows}'/><DstRect "
                    f"xOff='{number % times * columns}' yOff='{number // times * rows}' xSize='{columns}' "
                    f"ySize='{rows}'/></SimpleSource>"
                )
                for number in range(times * times)
            },
            "new_vrt_sources",
        )
        made.FlushCache()
        del target, made
    return name


def _grid(side: int) -> Grid:
    crs = spatial_reference(_CRS).ExportToWkt(["FORMAT=WKT2_2019"])
    return Grid(side, side, (-side / 2 * PIXEL_M, PIXEL_M, 0.0, side / 2 * PIXEL_M, 0.0, -PIXEL_M), crs)
