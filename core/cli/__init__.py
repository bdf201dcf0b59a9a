"""The same steps as commands."""
