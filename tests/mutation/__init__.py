"""How many small mistakes the tests notice: `python -m planetary_dtm.tests.mutation --help`, or `make mutants`."""
