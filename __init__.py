"""Planetary DTM: terrain models of planets and moons from one image or from push-broom stereo."""

import sys


def classFactory(iface):
    """Return the plugin; QGIS calls this once when the plugin is switched on.

    Switched off before, it may have left modules: QGIS forgets those alone that an import statement named, and a new
    module beside an old one has other classes of the same name.
    """
    for name in [name for name in sys.modules if name.startswith(f"{__name__}.")]:
        del sys.modules[name]
    from .plugin.plugin import PlanetaryDtmPlugin

    return PlanetaryDtmPlugin(iface)
