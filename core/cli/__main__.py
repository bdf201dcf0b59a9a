"""``python -m planetary_dtm.core.cli``: the console script where it is not on the path."""

import sys

from . import program

sys.exit(program())
