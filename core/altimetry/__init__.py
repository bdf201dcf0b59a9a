"""Laser altimetry: read, filter, interpolate, certainty."""
