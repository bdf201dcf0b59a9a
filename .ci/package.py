"""Build dist/planetary_dtm-VERSION.zip from the last commit and check it by the plugin site's rules."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 10_000_000
FORBIDDEN = (".pyc", ".so", ".dll", ".dylib", ".pyd", ".exe")


def main() -> int:
    version = next(
        line.split("=")[1].strip()
        for line in (ROOT / "metadata.txt").read_text().splitlines()
        if line.startswith("version=")
    )
    target = ROOT / "dist" / f"planetary_dtm-{version}.zip"
    target.parent.mkdir(exist_ok=True)
    subprocess.run(
        ["git", "archive", "--format=zip", "-9", "--prefix=planetary_dtm/", "-o", str(target), "HEAD"],
        cwd=ROOT,
        check=True,
    )
    problems = contents(target)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(target) as archive:
            archive.extractall(folder)
        problems += bandit(Path(folder)) + secrets(Path(folder))
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1e6:.2f} MB, {len(problems)} problems")
    return 1 if problems else 0


def contents(target: Path) -> list[str]:
    names = zipfile.ZipFile(target).namelist()
    problems = [f"{name} must not be in the zip" for name in names if name.endswith(FORBIDDEN)]
    problems += [
        f"{name} is missing"
        for name in ("metadata.txt", "LICENSE", "__init__.py")
        if f"planetary_dtm/{name}" not in names
    ]
    if {name.split("/")[0] for name in names} != {"planetary_dtm"}:
        problems.append("the zip must hold one folder, planetary_dtm")
    if target.stat().st_size > MOST_BYTES:
        problems.append(f"the zip is larger than {MOST_BYTES / 1e6:.0f} MB")
    return problems


def bandit(folder: Path) -> list[str]:
    tool = Path(sys.executable).parent / "bandit"
    made = subprocess.run([tool, "-q", "-r", "-f", "json", folder], capture_output=True, text=True, check=False)
    found = json.loads(made.stdout)
    problems = [f"bandit {r['test_id']} {r['filename']}:{r['line_number']} {r['issue_text']}" for r in found["results"]]
    return problems + [f"bandit could not read {error['filename']}" for error in found["errors"]]


def secrets(folder: Path) -> list[str]:
    tool = Path(sys.executable).parent / "detect-secrets"
    made = subprocess.run([tool, "-C", folder, "scan", "--all-files"], capture_output=True, text=True, check=True)
    found = json.loads(made.stdout)["results"]
    return [f"detect-secrets {name}:{hit['line_number']} {hit['type']}" for name, hits in found.items() for hit in hits]


if __name__ == "__main__":
    sys.exit(main())
