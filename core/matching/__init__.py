"""Dense image matching."""
