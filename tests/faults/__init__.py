"""Kills, full disks and other bad luck for every command: `python -m planetary_dtm.tests.faults --help`."""
