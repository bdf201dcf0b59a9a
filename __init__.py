"""Planetary DTM: terrain models of planets and moons from one image or from push-broom stereo."""


def classFactory(iface):
    """Return the plugin; QGIS calls this once when the plugin is switched on."""
    from .plugin.plugin import PlanetaryDtmPlugin

    return PlanetaryDtmPlugin(iface)
