"""Terrain from one image by a learned model."""
