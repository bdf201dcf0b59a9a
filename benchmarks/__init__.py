"""Benchmarks run by `planetary-dtm bench NAME`."""
