"""Fuzzing of every reader of files: `python -m planetary_dtm.tests.fuzz --help`, or `make fuzz`."""
