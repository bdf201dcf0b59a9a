"""Fuzz the readers: python -m planetary_dtm.tests.fuzz [--count 1000000] [--readers gcps isds] [--folder build/fuzz]"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from . import atheris_guided
from .readers import READERS, make_seeds
from .run import Tally, fuzz, outcome, prepared, rounds, summary


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="inputs in all")
    parser.add_argument("--first", type=int, default=0, help="number of the first input of every reader")
    parser.add_argument("--readers", nargs="+", choices=list(READERS), default=list(READERS), metavar="NAME")
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"), help="takes found.*/ and summary.json")
    parser.add_argument("--input", type=int, help="read this one input of the one reader named, with its traceback")
    parser.add_argument("--guided", type=int, metavar="SECONDS", help="instead: guided by coverage, so long a reader")
    options = parser.parse_args()
    if options.guided:
        return atheris_guided.run(options.readers, options.guided, options.folder)
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        seeds, work = Path(name) / "seeds", Path(name) / "work"
        seeds.mkdir()
        make_seeds(seeds)
        if options.input is not None:
            work.mkdir()
            path = prepared(options.readers[0], options.input, seeds, work)
            shutil.copy(path, options.folder) if options.folder.is_dir() else None
            print(outcome(options.readers[0], path))
            READERS[options.readers[0]].read(path)
            return 0
        tallies = {reader: Tally() for reader in options.readers}
        piece, told = min(max(20_000, options.count // 8), options.count), time.monotonic()
        for reader, start, count in rounds(options.readers, options.count, options.first, piece):
            fuzz(reader, start, count, seeds, work, options.folder / "found", tallies[reader])
            if time.monotonic() - told > 30:
                told = time.monotonic()
                _save(options.folder, tallies)
        _save(options.folder, tallies)
    print(summary(tallies))
    return int(any(tally.wrong for tally in tallies.values()))


def _save(folder: Path, tallies: dict[str, Tally]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(json.dumps({name: asdict(t) for name, t in tallies.items()}, indent=1))
    (folder / "summary.txt").write_text(summary(tallies) + "\n")


if __name__ == "__main__":
    sys.exit(main())
