"""Kill commands at random: python -m planetary_dtm.tests.faults [--count 200] [--commands mosaic ...] [--folder F]"""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from .commands import COMMANDS, make_inputs
from .kills import campaign, table


def _imported() -> None:
    """Import what commands import in their functions, so that no child pays for it."""
    import planetary_dtm.core.steps as steps

    for step_id in steps.STEP_IDS:
        steps.step(step_id)
    for name in (
        "scipy.sparse.linalg",
        "scipy.spatial",
        "scipy.interpolate",
        "matplotlib.figure",
        "cv2",
        "laspy",
        "torch",
    ):
        if find_spec(name.partition(".")[0]):
            __import__(name)


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    able = [name for name, command in COMMANDS.items() if not command.needs or find_spec(command.needs)]
    parser.add_argument("--commands", nargs="+", choices=able, default=able, metavar="NAME")
    parser.add_argument("--folder", type=Path, default=Path("build/kills"))
    options = parser.parse_args()
    _imported()
    inputs = options.folder / "inputs"
    if not (inputs / "pairs").exists():
        inputs.mkdir(parents=True, exist_ok=True)
        make_inputs(inputs)
    scores = campaign(
        options.commands, options.count, options.seed, inputs, options.folder / "work", lambda t: print(t, flush=True)
    )
    print(table(scores))
    return int(any(score.wrong for score in scores.values()))


if __name__ == "__main__":
    sys.exit(main())
