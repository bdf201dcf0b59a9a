"""The steps a user runs, described once for Processing and the command line."""
