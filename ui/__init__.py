"""Docks, tools and settings of the desktop."""
