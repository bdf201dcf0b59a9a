"""Guided by coverage, with atheris where it is installed: inputs that reach new lines of a reader are mutated further.

`run` starts a process for each reader: python -m planetary_dtm.tests.fuzz.atheris_guided READER SECONDS FOLDER
"""

from __future__ import annotations

import contextlib
import random
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

# Readers that are Python: atheris sees no lines of GDAL.
GUIDED = (
    *("gcps", "altimetry", "eops", "joint covariance", "sensors", "csm states", "isds", "frame cameras", "models"),
    *(
        "points",
        "point clouds",
        "pair manifests",
        "pair tables",
        "cluster manifests",
        "project entries",
        "training logs",
    ),
    *("tie tables", "camera gcps", "gcp products", "scenes tables", "scenes folders", "block shots"),
)
_LONGEST = 1 << 16  # bytes of an input


def run(readers: list[str], seconds: int, folder: Path) -> int:
    """Give each reader ``seconds``; returns 1 where one of them went wrong. ``folder`` takes what it was fed with."""
    if find_spec("atheris") is None:
        print("Guided fuzzing needs atheris; install it with: pip install atheris")
        return 1
    wrong = 0
    for reader in (name for name in readers if name in GUIDED):
        place = folder / "guided" / reader.replace(" ", "-")
        place.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", __name__, reader, str(seconds), str(place)]
        done = subprocess.run(words, capture_output=True, text=True, errors="replace")
        (place / "log.txt").write_text(done.stderr + done.stdout)
        counted = re.findall(r"#(\d+)\s+\w+.*? cov: (\d+) ft: (\d+)", done.stderr) or [("0", "0", "0")]
        said = re.findall(r"^WRONG .*", done.stdout, re.M) or (
            [f"ended with {done.returncode}"] * bool(done.returncode)
        )
        print(f"{reader:20}{counted[-1][0]:>9} inputs, coverage {counted[0][1]} -> {counted[-1][1]}  {'; '.join(said)}")
        wrong += bool(said)
    return int(wrong > 0)


def _guided(reader: str, seconds: str, folder: Path) -> None:
    """Fuzz one reader; libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["planetary_dtm.core"]):
        from . import readers
        from . import run as judged
    seeds, work, corpus = folder.parent / "seeds", folder / "work", folder / "corpus"
    for place in (seeds, work, corpus):
        place.mkdir(exist_ok=True)
    if not any(seeds.iterdir()):
        readers.make_seeds(seeds)
    chosen = readers.READERS[reader]
    for number, name in enumerate(chosen.seeds):
        (corpus / f"{number}-{Path(name).name}").write_bytes((seeds / name).read_bytes())

    def one(data: bytes) -> None:
        path = readers.laid_out(reader, seeds, work, chosen.seeds[0], data)
        what = judged.outcome(reader, path)
        if what not in ("accepted", "refused"):
            print(f"WRONG {what}", flush=True)
            raise RuntimeError(what)

    def spoil(data: bytes, longest: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.3:
            return bytes(atheris.Mutate(data, longest))
        with contextlib.suppress(Exception):
            return chosen.spoil(bytes(data), rng)[:longest]
        return bytes(data)

    options = [f"-max_total_time={seconds}", f"-artifact_prefix={folder}/", f"-max_len={_LONGEST}", "-timeout=60"]
    atheris.Setup([sys.argv[0], *options, "-print_final_stats=1", str(corpus)], one, custom_mutator=spoil)
    atheris.Fuzz()


if __name__ == "__main__":
    _guided(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
