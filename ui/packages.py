"""Which packages the plugin uses where they are installed, what each adds, and how to get it on this system."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication

translate = QCoreApplication.translate


@dataclass(frozen=True)
class Package:
    """A package: ``module`` is imported, ``pip`` and ``debian`` are its names where it is got."""

    module: str
    pip: str
    debian: str
    adds: str

    @property
    def installed(self) -> bool:
        """Whether it can be imported; it is not."""
        return find_spec(self.module) is not None

    @property
    def version(self) -> str:
        """Its version, where it says one."""
        for name in (self.pip, self.module, f"{self.pip}-headless"):
            try:
                return version(name.partition("[")[0])
            except PackageNotFoundError:
                continue
        return ""


def packages() -> tuple[Package, ...]:
    """The packages, most useful first."""
    return (
        Package(
            "scipy",
            "scipy",
            "python3-scipy",
            translate(
                "Packages", "altimetry filter and certainty maps, the smooth trajectory: all of the push-broom chain"
            ),
        ),
        Package("cv2", "opencv-python-headless", "python3-opencv", translate("Packages", "dense matching of images")),
        Package(
            "torch", "torch", "python3-torch", translate("Packages", "faster DTMs of large views, training of models")
        ),
        Package("matplotlib", "matplotlib", "python3-matplotlib", translate("Packages", "figures in the reports")),
        Package("laspy", "laspy", "", translate("Packages", "point clouds as LAS or LAZ")),
        Package(
            "dask", "dask[distributed]", "python3-distributed", translate("Packages", "large runs on several machines")
        ),
    )


def how_to_get(package: Package) -> str:
    """What to type or press on this system, for the user to do; nothing is installed from here."""
    if sys.platform.startswith("win"):
        shell = translate("Packages", "In the OSGeo4W Shell (Windows start menu): {}")
        return shell.format(pip_command(package))
    if sys.platform == "darwin":
        return translate("Packages", "In a terminal: {}").format(
            f"/Applications/QGIS.app/Contents/MacOS/bin/{pip_command(package)}"
        )
    if package.debian and Path("/etc/debian_version").exists():
        return translate("Packages", "In a terminal: {}").format(f"sudo apt install {package.debian}")
    return translate("Packages", "In a terminal: {}").format(pip_command(package))


def pip_command(package: Package) -> str:
    """Install for this user alone, and hold QGIS's own NumPy."""
    import numpy

    return f'python3 -m pip install --user "numpy=={numpy.__version__}" "{package.pip}"'


def system() -> str:
    """Versions of QGIS, Python, NumPy and GDAL in one line."""
    import numpy
    from osgeo import gdal

    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"QGIS {Qgis.QGIS_VERSION.split('-')[0]}, Python {python}, NumPy {numpy.__version__}, GDAL {gdal.__version__}"
    )
