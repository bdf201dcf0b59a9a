"""What the push-broom chain works on: inputs, settings and results by name, kept in the project.

Paths are written relative to the project file where QGIS is set to do so, and are absolute while they are used.
"""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..core.project_entries import asks_server, path_of, setting_of

_SCOPE, _PREFIX = "planetary_dtm", "pushbroom"
SETTINGS = ("preset", "lines", "method", "sigma_lateral", "pixel_size", "fill")  # the other values are paths
INPUTS = ("folder", "sensor", "gcps", "altimetry", "image_a", "image_b", "image_c", "reference")
RESULTS = ("shots", "outliers", "certainty", "eops", "orientation_report", "matches_ab", "matches_ac", "points", "dtm")
RESULTS += ("difference", "comparison_report")
KEYS = INPUTS + SETTINGS + RESULTS


class Workspace(QObject):
    """The values of the current project; `changed` names the one that changed, or none when all did."""

    changed = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self._values: dict[str, str] = {}
        self._unasked: set[str] = set()  # keys whose paths on other servers the project holds, and no user has chosen
        self._project = QgsProject.instance()
        self._outside = [
            (self._project.readProject, self.read),
            (self._project.cleared, self.read),
            (self._project.writeProject, self.write),
        ]
        for signal, slot in self._outside:
            signal.connect(slot)
        self.read()

    def close_down(self) -> None:
        """Let go of the project."""
        for signal, slot in self._outside:
            signal.disconnect(slot)
        self._outside = []

    def __getitem__(self, key: str) -> str:
        return self._values.get(key, "")

    def __setitem__(self, key: str, value: str) -> None:
        self._unasked.discard(key)
        if value != self[key]:
            self._values[key] = value
            self._write_one(key)
            self._project.setDirty(True)
            self.changed.emit(key)

    def has(self, key: str) -> bool:
        """Whether the file or folder of this name is there; a project that is only opened has no server asked."""
        return bool(self[key]) and key not in self._unasked and Path(self[key]).exists()

    @property
    def folder(self) -> Path:
        """Where results go: the folder chosen, else the one of the GCPs."""
        chosen = self["folder"] or (str(Path(self["gcps"]).parent) if self["gcps"] else "")
        return Path(chosen) if chosen else Path(self._project.homePath() or Path.home())

    def new_file(self, name: str) -> str:
        """A path in the folder that is not taken: results are never written over."""
        stem, suffix = Path(name).stem, Path(name).suffix
        path, number = self.folder / name, 2
        while path.exists():
            path, number = self.folder / f"{stem}_{number}{suffix}", number + 1
        return str(path)

    def take_scene(self, folder: str) -> int:
        """Recognise a scene's files by their names; returns how many were found."""
        place = Path(folder)
        views = [p for p in sorted(place.glob("*.tif")) if p.stem in ("nadir", "forward", "backward")]
        # all other views are matched with the one that looks straight down, or with the first
        views.sort(key=lambda p: p.stem != "nadir")
        found = {
            "sensor": "sensor.json",
            "gcps": "gcps.csv",
            "altimetry": "altimetry.csv",
            "reference": "truth_dtm.tif",
        }
        values = {key: place / name for key, name in found.items() if (place / name).exists()}
        values |= dict(zip(("image_a", "image_b", "image_c"), views))
        if values:
            for key in (*RESULTS, *INPUTS):
                self[key] = str(values.get(key, ""))
            self["folder"] = str(place)
        return len(values)

    def read(self, *_: object) -> None:
        """Take everything from the project."""
        self._values, self._unasked = {}, set()
        for key in KEYS:
            text, known = self._project.readEntry(_SCOPE, f"{_PREFIX}/{key}", "")
            if known and text:
                self._values[key] = setting_of(text) if key in SETTINGS else self._path(text)
        paths = self._values.keys() - set(SETTINGS)
        self._unasked = {key for key in paths if asks_server(self[key], self._project.homePath())}
        self.changed.emit("")

    def _path(self, text: str) -> str:
        return path_of(self._project.readPath(text)) if path_of(text) else ""

    def write(self, *_: object) -> None:
        """Put everything into the project again: its file, which paths are relative to, may be another one now."""
        for key in self._values:
            self._write_one(key)

    def _write_one(self, key: str) -> None:
        value = self[key]
        if value:
            text = value if key in SETTINGS else self._project.writePath(value)
            self._project.writeEntry(_SCOPE, f"{_PREFIX}/{key}", text)
        else:
            self._project.removeEntry(_SCOPE, f"{_PREFIX}/{key}")
