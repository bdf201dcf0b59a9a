"""Kill commands at random: python -m planetary_dtm.tests.faults [--count 200] [--commands mosaic ...] [--folder F]

Then every other trouble (`troubles`), once for each command. --light: the short form of the suite.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from . import kills, troubles
from .commands import COMMANDS, LIGHT
from .inputs import make_inputs, make_light

_HEAVY = (
    "scipy.sparse.linalg",
    "scipy.spatial",
    "scipy.interpolate",
    "matplotlib.figure",
    "cv2",
    "laspy",
    "torch._dynamo",
)


def imported(light: bool) -> None:
    """Import what commands import in their functions, so that no child pays for it."""
    from planetary_dtm.core import steps

    for step_id in LIGHT if light else steps.STEP_IDS:
        steps.step(step_id)
    for name in _HEAVY[:-3] if light else _HEAVY:
        if find_spec(name.partition(".")[0]):
            __import__(name)


def in_child(work: Callable[[], None]) -> None:
    """GDAL's threads do not outlive a fork: this process, which forks all others, never uses them."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(status)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise RuntimeError("The inputs could not be made.")


def troubled(name: str, inputs: Path, work: Path, whole: kills.Reference) -> list[str]:
    """What goes wrong with a command in each of the troubles."""
    shutil.rmtree(work, ignore_errors=True)
    wrong = troubles.full_disk(name, inputs, work) + troubles.read_only(name, inputs, work)
    wrong += troubles.vanished(name, inputs, work) + troubles.long_names(name, inputs, work, whole)
    return wrong + troubles.company(name, inputs, work, whole)


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    able = [name for name, command in COMMANDS.items() if not command.needs or find_spec(command.needs)]
    parser.add_argument("--commands", nargs="+", choices=able, metavar="NAME")
    parser.add_argument("--folder", type=Path, default=Path("build/kills"))
    parser.add_argument("--light", action="store_true")
    parser.add_argument("--kills-only", action="store_true", help="no other troubles")
    options = parser.parse_args()
    names = options.commands or (list(LIGHT) if options.light else able)
    folder = options.folder.resolve()  # a link leads to the inputs from elsewhere
    inputs, work = folder / "inputs", folder / "work"
    imported(options.light)
    if not inputs.exists():
        inputs.mkdir(parents=True)
        in_child(lambda: (make_light if options.light else make_inputs)(inputs))
    shutil.rmtree(work, ignore_errors=True)
    scores, wholes = kills.campaign(
        names, options.count, options.seed, inputs, work, lambda text: print(text, file=sys.stderr, flush=True)
    )
    found: dict[str, list[str]] = {name: [] for name in names}
    for name in [] if options.kills_only else names:
        found[name] = troubled(name, inputs, work / name / "trouble", wholes[name])
        print(f"troubles of {name}: {found[name] or 'none'}", file=sys.stderr, flush=True)
    print(kills.table(scores) if not options.light else "")
    told = {name: {"kills": score.kills, "wrong": [*score.wrong, *found[name]]} for name, score in scores.items()}
    if options.light:
        print(json.dumps(told))
    return int(any(entry["wrong"] for entry in told.values()))


if __name__ == "__main__":
    sys.exit(main())
