"""Guided by coverage, with atheris where it is installed: inputs that reach new lines of a reader are mutated further.

`run` starts one process, which reads the package with its lines counted, and forks for each reader:
python -m planetary_dtm.tests.fuzz.atheris_guided SECONDS FOLDER READER...
"""

from __future__ import annotations

import contextlib
import io
import os
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


def run(names: list[str], seconds: int, folder: Path) -> int:
    """Give each reader ``seconds``; not 0 where one went wrong. ``folder`` takes what they were fed with."""
    if find_spec("atheris") is None:
        print("Guided fuzzing needs atheris; install it with: pip install atheris")
        return 1
    chosen = [name for name in names if name in GUIDED]
    return subprocess.run([sys.executable, "-m", __name__, str(seconds), str(folder / "guided"), *chosen]).returncode


def _all(seconds: str, folder: Path, names: list[str]) -> int:
    import atheris

    with contextlib.redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["planetary_dtm.core"]):
        from . import readers
    (folder / "seeds").mkdir(parents=True, exist_ok=True)
    if not any((folder / "seeds").iterdir()):
        readers.make_seeds(folder / "seeds")
    wrong = 0
    for name in names:
        place = folder / name.replace(" ", "-")
        place.mkdir(exist_ok=True)
        child = os.fork()
        if child == 0:
            log = os.open(place / "log.txt", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            _guided(name, seconds, folder / "seeds", place)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        text = (place / "log.txt").read_text(errors="replace")
        counted = re.findall(r"#(\d+)\s+\w+.*? cov: (\d+) ft: ", text) or [("0", "0")]
        said = re.findall(r"^WRONG .*", text, re.M) or [f"ended with {status}"] * bool(status)
        reached = f"{counted[-1][0]:>9} inputs, coverage {counted[0][1]} -> {counted[-1][1]}"
        print(f"{name:20}{reached}  {'; '.join(said)}", flush=True)
        wrong += bool(said)
    return int(wrong > 0)


def _guided(name: str, seconds: str, seeds: Path, folder: Path) -> None:
    """Fuzz one reader; libFuzzer ends the process."""
    import atheris

    from . import readers
    from . import run as judged

    work, corpus = folder / "work", folder / "corpus"
    for place in (work, corpus):
        place.mkdir(exist_ok=True)
    chosen = readers.READERS[name]
    for number, seed in enumerate(chosen.seeds):
        (corpus / f"{number}-{Path(seed).name}").write_bytes((seeds / seed).read_bytes())

    def one(data: bytes) -> None:
        path = readers.laid_out(name, seeds, work, chosen.seeds[0], data)
        what = judged.outcome(name, path)
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
    sys.exit(_all(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
