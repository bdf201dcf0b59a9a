"""Headers of classic netCDF files, held against what they hold."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from planetary_dtm.core.netcdf_header import check_netcdf, is_netcdf
from planetary_dtm.core.rasters import Raster


@pytest.mark.parametrize("form", ["NC", "NC2"])
def test_sound_ones_pass_and_shortened_ones_do_not(tmp_path, form):
    made = gdal.GetDriverByName("MEM").Create("", 8, 6, 2, gdal.GDT_Float32)
    made.GetRasterBand(1).WriteArray(np.ones((6, 8)))
    made.SetGeoTransform((10, 0.1, 0, 1, 0, -0.1))
    gdal.GetDriverByName("netCDF").CreateCopy(str(tmp_path / "a.nc"), made, 0, [f"FORMAT={form}"])
    content = (tmp_path / "a.nc").read_bytes()
    assert is_netcdf(content) and not is_netcdf(b"CDF\x03" + content[4:])
    check_netcdf(content)
    assert Raster(f'NETCDF:"{tmp_path / "a.nc"}":Band1').size == (6, 8)
    for length in range(4, 200, 7):
        with pytest.raises(ValueError, match="announces"):
            check_netcdf(content[:length])


def test_the_form_of_64_bits():
    name = (4).to_bytes(8, "big") + b"lon\0"
    dimensions = bytes([0, 0, 0, 10]) + (1).to_bytes(8, "big") + name + (7).to_bytes(8, "big")
    kind, values = (6).to_bytes(4, "big"), (1).to_bytes(8, "big") + bytes(8)
    attributes = bytes([0, 0, 0, 12]) + (1).to_bytes(8, "big") + name + kind + values
    variable = name + (1).to_bytes(8, "big") + bytes(8) + bytes(12) + kind + bytes(16)
    variables = bytes([0, 0, 0, 11]) + (1).to_bytes(8, "big") + variable
    whole = b"CDF\x05" + bytes(8) + dimensions + attributes + variables
    check_netcdf(whole)
    with pytest.raises(ValueError, match="announces"):
        check_netcdf(whole[:-1])
    with pytest.raises(ValueError, match="unknown type"):
        check_netcdf(whole.replace(kind + values, (99).to_bytes(4, "big") + values))
