"""Sensors, rotations, rays and camera models."""
