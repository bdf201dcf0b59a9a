"""Exterior orientation from control points."""
