"""Build the release from the last commit into dist/ and check it by the plugin site's rules.

Made are the plugin's zip, the wheel for cluster nodes (both twice: they must be the same bytes), the software bill of
materials and the licences of what the plugin uses.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import tomllib

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 10_000_000
DEVELOPERS = ("dev", "docs", "bench")  # extras that no user needs
FORBIDDEN = (".pyc", ".so", ".dll", ".dylib", ".pyd", ".exe")


def main() -> int:
    version = next(
        line.split("=")[1].strip()
        for line in (ROOT / "metadata.txt").read_text().splitlines()
        if line.startswith("version=")
    )
    target = ROOT / "dist" / f"planetary_dtm-{version}.zip"
    target.parent.mkdir(exist_ok=True)
    commit = git("rev-parse", "HEAD")
    archive(commit, target)
    problems = contents(target)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with zipfile.ZipFile(target) as packed:
            packed.extractall(folder / "zip")
        problems += bandit(folder / "zip") + secrets(folder / "zip")
        archive(commit, folder / "again.zip")
        if (folder / "again.zip").read_bytes() != target.read_bytes():
            problems.append("the zip differs when it is built again")
        wheels = [wheel(commit, folder / str(number)) for number in (1, 2)]
        if wheels[0].read_bytes() != wheels[1].read_bytes():
            problems.append("the wheel differs when it is built again")
        made = Path(shutil.copy(wheels[0], target.parent))
    bill, terms = target.with_suffix(".cdx.json"), target.with_suffix(".licences.txt")
    listed = bill_of_materials(version)
    bill.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    terms.write_text(licences(listed), encoding="utf-8")
    for problem in problems:
        print(problem, file=sys.stderr)
    for path in (target, made, bill, terms):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e6:.2f} MB, SHA-256 {digest}")
    print(f"{len(problems)} problems")
    return 1 if problems else 0


def git(*arguments: str, folder: Path = ROOT) -> str:
    made = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return made.stdout.strip()


def archive(commit: str, target: Path) -> None:
    """The plugin's zip of a commit; .gitattributes says what it leaves out."""
    git("archive", "--format=zip", "-9", "--prefix=planetary_dtm/", "-o", str(target), commit)


def wheel(commit: str, folder: Path) -> Path:
    """The wheel of a commit (core for cluster nodes; the plugin's code comes along), dated by it."""
    source = folder / "source"
    git("clone", "--quiet", "--local", "--no-checkout", str(ROOT), str(source))
    git("checkout", "--quiet", commit, folder=source)
    date = git("log", "-1", "--format=%ct", commit)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": date})
    return next(folder.glob("*.whl"))


def bill_of_materials(version: str) -> dict[str, Any]:
    """CycloneDX 1.5: what the plugin needs or uses where it is installed, with the licences those packages state."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [(line, "required") for line in project["dependencies"]]
    for extra, lines in project["optional-dependencies"].items():
        wanted += [(line, "excluded" if extra in DEVELOPERS else "optional") for line in lines]
    components = {}
    for line, scope in wanted:
        name = re.split(r"[\[<>=~! ]", line, maxsplit=1)[0]
        component = {"type": "library", "name": name, "scope": scope, "description": f"as stated: {line}"}
        try:
            found = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            pass
        else:
            licence = found.get("License-Expression") or _classified(found) or _first_line(found.get("License"))
            component |= {"version": found["Version"], "licenses": [{"license": {"name": licence or "not stated"}}]}
            component["purl"] = f"pkg:pypi/{name.lower()}@{found['Version']}"
        components.setdefault(name, component)
    plugin = {"type": "application", "name": "planetary_dtm", "version": version}
    plugin["licenses"] = [{"license": {"id": "GPL-2.0-or-later"}}]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": plugin},
        "components": list(components.values()),
    }


def licences(bill: dict[str, Any]) -> str:
    """The licences of everything the plugin needs or uses, one a line; none of it is in the zip or in the wheel."""
    lines = [
        f"Planetary DTM {bill['metadata']['component']['version']} with its model files: GPL-2.0-or-later (LICENSE).",
        "What it uses where it is installed, and does not carry:",
        "QGIS (required by the plugin): GPL-2.0-or-later",
        "GDAL with its Python bindings (required): MIT",
    ]
    for part in bill["components"]:
        if part["scope"] != "excluded":
            terms = part.get("licenses", [{"license": {"name": "not installed here, see the package"}}])
            lines.append(f"{part['name']} ({part['scope']}): {terms[0]['license']['name']}")
    return "\n".join(lines) + "\n"


def _first_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[0] if lines and len(lines[0]) < 80 else ""


def _classified(found: Any) -> str:
    kinds = [value for value in found.get_all("Classifier") or [] if value.startswith("License ::")]
    return ", ".join(value.split(" :: ")[-1] for value in kinds)


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
