"""Make mistakes in the code, one at a time, and run its tests: python -m planetary_dtm.tests.mutation [AREA ...]

A sample of all mutants of an area (resection, certainty, adapter), or of the modules of it that --modules names, is
drawn by a seeded generator. Each lives in a forked child, where the module is loaded from its mutated syntax tree and
pytest stops at the first failure. A mutant is killed by a failing test, an error, or by taking `TIMES` the CPU time of
the sound module. The share that is told comes with its 95 % interval (Wilson).
"""

from __future__ import annotations

import argparse
import ast
import math
import random
import sys
from collections import Counter
from functools import lru_cache

from .changes import mutated, places
from .modules import AREAS
from .trial import ROOT, prepare, tried

TIMES, LEAST_SECONDS = 3.0, 10.0


def interval(killed: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    if not count:
        return 0.0, 1.0
    z, share = 1.96, killed / count
    middle, half = share + z * z / (2 * count), z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (middle - half) / (1 + z * z / count), (middle + half) / (1 + z * z / count)


@lru_cache
def tree_of(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


@lru_cache
def sound(tests: tuple[str, ...], longest: float) -> tuple[dict[str, float], float]:
    """CPU seconds of each test with the sound code, and of a whole run as mutants have it, cheap tests first; a test
    that fails with the sound code ends everything."""
    file = next(file for files in AREAS.values() for file, own in files.items() if own == tests)
    costs: dict[str, float] = {}
    for most in (math.inf, longest):
        how, seconds, found = tried(file, tree_of(file), tests, 600, costs, most)
        if how != "alive":
            raise SystemExit(f"{' '.join(tests)}: {how} without any mutation")
        costs = costs or found
    return costs, seconds


def told(name: str, killed: int, count: int) -> str:
    low, high = interval(killed, count)
    return f"{name}: {killed} of {count} killed ({killed / max(count, 1):.0%}, {low:.0%} to {high:.0%})"


def examine(area: str, modules: list[str], sample: int, seed: int, longest: float) -> tuple[int, int]:
    """(killed, tried) of an area; what stays alive is printed."""
    files = [file for file in AREAS[area] if not modules or file.rpartition("/")[2].removesuffix(".py") in modules]
    every = [(file, *place) for file in files for place in places(tree_of(file))]
    chosen = sorted(random.Random(seed).sample(every, min(sample, len(every))))
    killed, count, late = Counter[str](), Counter[str](), 0
    for file, number, _ in chosen:
        tests = AREAS[area][file]
        costs, seconds = sound(tests, longest)
        changed, said = mutated(tree_of(file), number)
        ended, _, _ = tried(file, changed, tests, max(TIMES * seconds, LEAST_SECONDS), costs, longest)
        count[file] += 1
        killed[file] += ended != "alive"
        late += ended == "out of time"
        if ended == "alive":
            print(f"{file}: alive: {said}", flush=True)
    for file in files:
        if count[file]:
            print(f"{file}: {killed[file]} of {count[file]}")
    total = sum(killed.values()), len(chosen)
    whole = f"{late} of them by taking too long; {len(every)} mutants in all, in {len(files)} modules"
    print(f"{told(area, *total)}, {whole}", flush=True)
    return total


def main() -> int:
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__)
    parser.add_argument("areas", nargs="*", choices=[*AREAS, []], metavar="AREA")
    parser.add_argument("--modules", nargs="+", default=[], help="only these of the areas")
    parser.add_argument("--sample", type=int, default=100, help="mutants of each area")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=math.inf, help="CPU seconds: leave slower tests out")
    options = parser.parse_args()
    prepare()
    for area in options.areas or AREAS:
        examine(area, options.modules, options.sample, options.seed, options.longest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
