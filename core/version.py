"""The version, written into every product; metadata.txt and pyproject.toml carry the same (a test compares them)."""

VERSION = "0.1.0"
