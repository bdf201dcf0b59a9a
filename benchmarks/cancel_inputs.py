"""Inputs for cancelling every step: simulated once in a folder, small or of a size at which waiting would hurt."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ..core.geotiff import Band, write_dtm
from ..core.matching.match_file import write_matches
from ..core.rasters import Raster, Window
from ..core.steps import step
from ..core.tables import write_table

Values = dict[str, Any]


class Inputs:
    """Makes what a step needs when it is first asked for."""

    def __init__(self, folder: Path, large: bool) -> None:
        self.folder, self.large = folder, large
        self.terrain = "rough" if large else "paper"
        folder.mkdir(parents=True, exist_ok=True)

    def of(self, name: str) -> list[tuple[str, Values]]:
        """The cases of a step: what tells them apart, and parameters (an optional output set to None is left out)."""
        return getattr(self, f"_{name}")()

    # --- made once ----------------------------------------------------------------------------------------------

    def _made(self, name: str, make: Callable[[Path], None]) -> Path:
        path = self.folder / name
        if not path.exists():
            make(path)
        return path

    def _step(self, name: str, id: str, output: str = "OUTPUT", **values: Any) -> Path:
        """The output of a step."""
        chosen = step(id)
        return self._made(name, lambda path: chosen.run(**chosen.checked({**values, output: str(path)})) and None)

    def view(self, side: int | None = None) -> Path:
        """Image, shots and truth of a simulated view."""
        side = side or (2048 if self.large else 256)
        return self._step(f"view{side}", "simulateview", "OUTPUT_FOLDER", SIZE=side, TRACKS=24 if self.large else 8)

    def scene(self, images: bool = True) -> Path:
        """A push-broom scene of three views."""
        lines = 1800 if self.large else 300
        values = {"LINES": lines, "LATERAL_NOISE": 3.0, "IMAGES": images, "TERRAIN": self.terrain}
        return self._step(f"scene{lines}{images:d}", "simulatescene", "OUTPUT_FOLDER", **values)

    def shots(self) -> Path:
        """Altimetry: tracks from south to north over a wide area, one shot in a hundred wild."""

        def make(path: Path) -> None:
            rng = np.random.default_rng(1)
            tracks, along = (1500, 1400) if self.large else (20, 100)
            lat = np.tile(np.linspace(10.0, 40.0, along), tracks)
            lon = np.repeat(np.linspace(-20.0, 20.0, tracks), along) + 1e-3 * rng.normal(size=lat.size)
            altitude = 800 * np.sin(8 * lat / 57.3) * np.cos(11 * lon / 57.3) + 10 * rng.normal(size=lat.size)
            wild = rng.random(lat.size) < 0.01
            altitude[wild] += rng.choice([-1, 1], wild.sum()) * rng.uniform(300, 3000, wild.sum())
            write_table(path, {"lon": lat * 0 + lon, "lat": lat, "altitude": altitude})

        return self._made("shots.csv", make)

    def coarse(self) -> Path:
        """A coarse DEM under the view."""

        def make(path: Path) -> None:
            truth = Raster(str(self.view() / "truth_dtm.tif"))
            side = truth.size[0] // 8
            height, _ = truth.read(None, (side, side))
            write_dtm(path, truth.grid.resized(side, side), [height.astype(np.float32)], [Band("height")], {})

        return self._made("coarse.tif", make)

    def wide(self) -> Path:
        """The terrain of the view, side by side four times four."""

        def make(path: Path) -> None:
            truth = Raster(str(self.view() / "truth_dtm.tif"))
            height = np.tile(truth.read()[0].astype(np.float32), (4, 4))
            window = Window(0, 0, *height.shape[::-1])
            write_dtm(path, truth.grid.sub(window), [height], [Band("height")], {})

        return self._made("wide.tif", make)

    def eops(self) -> Path:
        """The true orientation of the scene."""
        return self.scene() / "truth_eop.csv"

    def matches(self) -> Path:
        """Matches between two views of the scene; small, any."""
        scene = self.scene()
        if not self.large:
            shift = np.full(Raster(str(scene / "nadir.tif")).size, 3.0)
            about = {"IMAGE_A": "nadir.tif", "IMAGE_B": "forward.tif", "VIEW_A": "nadir", "VIEW_B": "forward"}
            sigma = np.full(shift.shape, 0.1)
            return self._made("matches.tif", lambda path: write_matches(path, shift, shift, sigma + 0.8, sigma, about))
        return self._step(
            "matches.tif", "densematch", IMAGE_A=str(scene / "nadir.tif"), IMAGE_B=str(scene / "forward.tif")
        )

    def points(self) -> Path:
        """Intersected points; small, any."""
        scene = self.scene()
        if not self.large:
            lon, lat = (axis.ravel() for axis in np.meshgrid(10 + np.arange(40) * 1e-3, 20 + np.arange(40) * 1e-3))
            columns = {"lon": lon, "lat": lat, "altitude": 100 * np.sin(300 * lon), "sigma": np.full(lon.size, 5.0)}
            place = np.radians(lon), np.radians(lat)
            radius = 1737400 + columns["altitude"]
            columns["x"] = radius * np.cos(place[1]) * np.cos(place[0])
            columns["y"] = radius * np.cos(place[1]) * np.sin(place[0])
            columns["z"], columns["ray_miss"] = radius * np.sin(place[1]), np.ones(lon.size)
            return self._made("points.csv", lambda path: write_table(path, columns))
        given = {"MATCHES": [str(self.matches())], "SENSOR": str(scene / "sensor.json"), "EOPS": str(self.eops())}
        return self._step("points.las", "intersect", **given)

    def pairs(self) -> Path:
        """A folder of training pairs."""
        tile = 512 if self.large else 64
        count = 24
        truth = self.view() / "truth_dtm.tif"
        values = {"DEM": [str(truth)], "COUNT": count, "TILE": tile, "SPLIT": 0.3, "MAX_SIMILARITY": 100.0}
        return self._step(f"pairs{tile}", "trainingpairs", "OUTPUT_FOLDER", **values)

    # --- the steps ----------------------------------------------------------------------------------------------

    def _dtmfromextent(self) -> list[tuple[str, Values]]:
        image, shots = str(self.view() / "image.tif"), str(self.view() / "altimetry.csv")
        return [
            ("numpy", {"INPUT": image, "ALTIMETRY": shots, "ENGINE": "numpy"}),
            ("torch", {"INPUT": image, "REFERENCE_DEM": str(self.coarse()), "ENGINE": "torch"}),
            ("jmars", {"INPUT": image, "MODE": "jmars", "ENGINE": "numpy"}),
        ]

    def _leveldtm(self) -> list[tuple[str, Values]]:
        given = {"INPUT": str(self.view() / "truth_dtm.tif")}
        shots, coarse = str(self.view() / "altimetry.csv"), str(self.coarse())
        return [
            ("shots", {**given, "ALTIMETRY": shots}),
            ("DEM", {**given, "REFERENCE_DEM": coarse}),
            ("rigid", {**given, "ALTIMETRY": shots, "MODE": "rigid"}),
            ("rigid DEM", {**given, "REFERENCE_DEM": coarse, "MODE": "rigid"}),
        ]

    def _comparedtm(self) -> list[tuple[str, Values]]:
        given = {"INPUT": str(self.view() / "truth_dtm.tif")}
        return [
            ("DEM", {**given, "INPUT": str(self.wide()), "REFERENCE": str(self.wide())}),
            ("shots", {**given, "REFERENCE": str(self.view() / "altimetry.csv")}),
        ]

    def _hillshade(self) -> list[tuple[str, Values]]:
        return [("", {"INPUT": str(self.wide())})]

    def _simulateview(self) -> list[tuple[str, Values]]:
        return [("", {"SIZE": 2048 if self.large else 512, "TRACKS": 24})]

    def _mosaic(self) -> list[tuple[str, Values]]:
        given = {"INPUT": str(self.view() / "image.tif"), "REFERENCE_DEM": str(self.coarse()), "BLOCK": 1024}
        cases = [("one process", {**given, "WORKERS": 1, "ENGINE": "numpy"})]
        if find_spec("distributed"):
            cases.append(("two workers", {**given, "WORKERS": 2, "ENGINE": "numpy"}))
        return cases

    def _filteraltimetry(self) -> list[tuple[str, Values]]:
        return [("", {"INPUT": str(self.shots()), "BODY": "Moon"})]

    def _certaintymap(self) -> list[tuple[str, Values]]:
        # 0.02 degrees are 606 m
        size = 1000 if self.large else 20000
        return [("", {"INPUT": str(self.shots()), "BODY": "Moon", "PIXEL_SIZE": size})]

    def _simulatescene(self) -> list[tuple[str, Values]]:
        return [("", {"LINES": 1800 if self.large else 300, "TRUTH_POINTS": True, "TERRAIN": self.terrain})]

    def _importgcps(self) -> list[tuple[str, Values]]:
        def make(path: Path) -> None:
            line = np.arange(1_000_000 if self.large else 1000)
            columns = {"line": line, "lon_first": 10 + 0 * line, "lat_first": 5e-5 * line}
            write_table(path, {**columns, "lon_last": 11 + 0 * line, "lat_last": 5e-5 * line})

        grid = self._made("grid.csv", make)
        return [("", {"INPUT": [str(grid)], "SENSOR": str(self.scene() / "sensor.json"), "VIEWS": "nadir"})]

    def _recovereop(self) -> list[tuple[str, Values]]:
        scene = self.scene()
        given = {
            "GCPS": str(scene / "gcps.csv"),
            "SENSOR": str(scene / "sensor.json"),
            "ALTIMETRY": str(scene / "altimetry.csv"),
        }
        return [
            ("trajectory", given),
            ("with ties", {**given, "TIES": [str(self.matches())]}),
            ("two_phase", {**given, "METHOD": "two_phase"}),
            ("collinearity", {**given, "METHOD": "collinearity"}),
        ]

    def _densematch(self) -> list[tuple[str, Values]]:
        scene = self.scene()
        two = {"IMAGE_A": str(scene / "nadir.tif"), "IMAGE_B": str(scene / "forward.tif"), "OUTPUT_C": None}
        return [("two", two), ("three", {**two, "IMAGE_C": str(scene / "backward.tif"), "OUTPUT_C": "x"})]

    def _intersect(self) -> list[tuple[str, Values]]:
        sensor = str(self.scene() / "sensor.json")
        return [("", {"MATCHES": [str(self.matches())], "SENSOR": sensor, "EOPS": str(self.eops())})]

    def _pointstodtm(self) -> list[tuple[str, Values]]:
        return [("", {"INPUT": str(self.points()), "FILL": True})]

    def _footprints(self) -> list[tuple[str, Values]]:
        scene = self.scene()
        dem = str(scene / "truth_dtm.tif")
        return [("", {"EOPS": str(self.eops()), "SENSOR": str(scene / "sensor.json"), "DEM": dem})]

    def _stereodtm(self) -> list[tuple[str, Values]]:
        scene = self.scene()
        images = [str(scene / f"{view}.tif") for view in ("forward", "nadir", "backward")]
        given = {"IMAGES": images, "SENSOR": str(scene / "sensor.json"), "GCPS": str(scene / "gcps.csv")}
        return [("", {**given, "ALTIMETRY": str(scene / "altimetry.csv")})]

    def _orbit(self) -> list[tuple[str, Values]]:
        def make(path: Path) -> None:
            path.mkdir()
            for name in ("one", "two"):  # the same images twice: what they show makes no difference here
                (path / name).symlink_to(self.scene(), target_is_directory=True)

        given = {"SCENES_FOLDER": str(self._made("orbits", make)), "WORKERS": 1}
        return [("", {**given, "ALTIMETRY": str(self.scene() / "altimetry.csv")})]

    def _refinecameras(self) -> list[tuple[str, Values]]:
        scene = self.scene()
        given = {"GCPS": str(scene / "gcps.csv"), "SENSOR": str(scene / "sensor.json")}
        shots = str(scene / "altimetry.csv")
        oriented = {**given, "ALTIMETRY": shots, "OUTPUT": str(self.folder / "eops.csv")}
        cameras = self._step("cameras", "recovereop", "OUTPUT_CSM_FOLDER", **oriented)
        models = [str(next(cameras.glob(f"*{view}*.json"))) for view in ("backward", "nadir", "forward")]
        return [("", {"CAMERAS": models, "TIES": [str(self.matches())], "GCPS": given["GCPS"], "ALTIMETRY": shots})]

    def _orthoimage(self) -> list[tuple[str, Values]]:
        scene = self.scene()
        given = {"IMAGE": str(scene / "nadir.tif"), "SENSOR": str(scene / "sensor.json"), "EOPS": str(self.eops())}
        return [("", {**given, "DTM": str(scene / "truth_dtm.tif")})]

    def _trainingpairs(self) -> list[tuple[str, Values]]:
        tile = 512 if self.large else 64
        given = {
            "DEM": [str(self.view() / "truth_dtm.tif")],
            "COUNT": 24,
            "TILE": tile,
            "SPLIT": 0.3,
            "MAX_SIMILARITY": 100.0,
        }
        return [("", given)]

    def _trainmodel(self) -> list[tuple[str, Values]]:
        given = {"PAIRS": str(self.pairs()), "EPOCHS": 1, "BATCH": 8}
        crop = 512 if self.large else 64
        return [
            ("unet", {**given, "CROP": crop}),
            ("pix2pixcc", {**given, "ARCHITECTURE": "pix2pixcc", "BASE": 32 if self.large else 4, "CROP": crop // 2}),
        ]

    def _evaluatemodel(self) -> list[tuple[str, Values]]:
        return [("", {"PAIRS": str(self.pairs()), "COUNT": 4, "ENGINE": "numpy"})]
