"""The last stage of the stereo chain: a measured DTM is moved onto altimetry or a reference DEM, as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..geotiff import write_dtm
from ..rasters import Raster
from ..terrain.placement import Shift, moved
from .inputs import read_references
from .levelled import bring_to_metres
from .pointstodtm import BANDS
from .stereo_chain import Chain


def level_stereo(chain: Chain, raw: str) -> str:
    """Level the DTM rigidly where LEVEL is on and there is something to level to; the path of the result.

    The count of points moves along by whole pixels.
    """
    given, source = chain.given, Raster(raw)
    with chain.stage("level") as progress:
        if not given["level"]:
            return raw
        names = ("altimetry", "altitude_field", "reference_dem", "reference_datum")
        references = read_references(source.grid, *(given[name] for name in names))
        if not references:
            chain.notes.append("Not levelled: there is neither ALTIMETRY nor REFERENCE_DEM.")
            return raw
        (height, valid), (sigma, known), (count, _) = (source.read(band=band) for band in (1, 2, 3))
        own = np.where(known, sigma, np.nan).astype(np.float32)
        made = bring_to_metres(source.grid, height.astype(np.float32), valid, references, "rigid", own, progress)
        rows, columns = (round(float(made.about[name])) for name in ("SHIFT_ROWS", "SHIFT_COLUMNS"))
        count = np.where(np.isfinite(made.height), moved(count, valid, Shift(rows, columns, 0.0))[0], 0)
        chain.notes += made.notes
        chain.warnings += made.warnings
        target = Path(raw).with_name("levelled.tif")
        about = {name: value for name, value in source.metadata.items() if name != "AREA_OR_POINT"}
        write_dtm(target, source.grid, [made.height, made.sigma, count], BANDS, {**about, **made.about})
        return str(target)
