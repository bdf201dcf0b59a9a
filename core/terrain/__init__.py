"""Intersection, gridding, levelling and comparison of terrain."""
