"""Simulated terrain, orbits, altimeters and images with known truth."""
