"""Life cycle of the plugin in QGIS."""
