"""Build the release from the last commit into dist/ and check it by the plugin site's rules.

Made are the plugin's zip, the wheel for cluster nodes (both twice, the second time in another folder, time zone and
umask: they must be the same bytes), the software bill of materials, with what the wheel was built by, and the licences
of what the plugin uses, and of what that uses in turn. `.ci/wheel_install.py` tries the wheel.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 10_000_000
DEVELOPERS = ("dev", "docs", "bench")  # extras that no user needs
FORBIDDEN = (".pyc", ".so", ".dll", ".dylib", ".pyd", ".exe")
GENERAL = ("name", "qgisMinimumVersion", "description", "about", "version", "author", "email", "repository", "tracker")
ADDRESSES = ("homepage", "repository", "tracker")
SAME = {"TZ": "UTC"}  # git writes local times into a zip
UMASK = 0o022  # files of a wheel keep the modes of the checkout
BUILDERS = ("setuptools", "wheel")  # as installed by .ci/setup
# What Debian's packages of them do not state.
UNSTATED = {
    "matplotlib": (
        *("contourpy", "cycler", "fonttools", "kiwisolver", "numpy", "packaging", "pillow", "pyparsing"),
        "python-dateutil",
    ),
    "jinja2": ("markupsafe",),
    "python-dateutil": ("six",),
}


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
        wheels = [wheel(commit, folder / "1")]
        with elsewhere():
            archive(commit, folder / "again.zip")
            wheels.append(wheel(commit, folder / "another" / "2"))
        if (folder / "again.zip").read_bytes() != target.read_bytes():
            problems.append("the zip differs when it is built again")
        if wheels[0].read_bytes() != wheels[1].read_bytes():
            problems.append("the wheel differs when it is built again")
        made = Path(shutil.copy(wheels[0], target.parent))
    bill, terms = target.with_suffix(".cdx.json"), target.with_suffix(".licences.txt")
    listed = bill_of_materials(version)
    problems += unstated(listed)
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
    made = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **SAME},
        umask=UMASK,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


@contextmanager
def elsewhere() -> Iterator[None]:
    """Another time zone and umask: the bytes of a release must depend on neither."""
    zone, mask = os.environ.get("TZ"), os.umask(0o077)
    os.environ["TZ"] = "Asia/Tokyo"
    try:
        yield
    finally:
        os.umask(mask)
        del os.environ["TZ"]
        if zone is not None:
            os.environ["TZ"] = zone


def archive(commit: str, target: Path) -> None:
    """The plugin's zip of a commit; .gitattributes says what it leaves out."""
    git("archive", "--format=zip", "-9", "--prefix=planetary_dtm/", "-o", str(target), commit)


def wheel(commit: str, folder: Path) -> Path:
    """The wheel of a commit (core for cluster nodes; the plugin's code comes along), dated by it, by `BUILDERS`."""
    source = folder / "source"
    git("clone", "--quiet", "--local", "--no-checkout", str(ROOT), str(source))
    git("checkout", "--quiet", commit, folder=source)
    date = git("log", "-1", "--format=%ct", commit)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    environment = {**os.environ, **SAME, "SOURCE_DATE_EPOCH": date}
    subprocess.run([*pip, "--wheel-dir", str(folder), str(source)], check=True, env=environment, umask=UMASK)
    return next(folder.glob("*.whl"))


def bill_of_materials(version: str) -> dict[str, Any]:
    """CycloneDX 1.5: what the plugin needs or uses where it is installed, and what that needs in turn, with the
    licences those packages state; of what only developers use, the names alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    components: dict[str, dict[str, Any]] = {}
    for line in project["dependencies"]:
        _add(components, line, "required")
    for extra, lines in sorted(project["optional-dependencies"].items(), key=lambda item: item[0] in DEVELOPERS):
        for line in lines:
            _add(components, line, "excluded" if extra in DEVELOPERS else "optional")
    plugin = {"type": "application", "name": "planetary_dtm", "version": version}
    plugin["licenses"] = [{"license": {"id": "GPL-2.0-or-later"}}]
    builders = [{"type": "application", "name": name, "version": metadata.version(name)} for name in BUILDERS]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": plugin, "tools": {"components": builders}},
        "components": list(components.values()),
    }


def _add(components: dict[str, dict[str, Any]], line: str, scope: str, by: str = "") -> None:
    """Add the package of a requirement, as stated by the plugin or package ``by``, then what it needs itself."""
    wanted = Requirement(line)
    name = canonicalize_name(wanted.name)
    if name in components:
        return
    about = f"as stated{f' by {by}' if by else ''}: {line}"
    component = components[name] = {"type": "library", "name": wanted.name, "scope": scope, "description": about}
    try:
        found = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return
    component |= {"version": found["Version"], "purl": f"pkg:pypi/{name}@{found['Version']}"}
    if licence := found.get("License-Expression") or _classified(found) or _first_line(found.get("License")):
        component["licenses"] = [{"license": {"name": licence}}]
    for other in (*(metadata.requires(name) or ()), *UNSTATED.get(name, ())) if scope != "excluded" else ():
        marker = Requirement(other).marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
            _add(components, other, scope, name)


def unstated(bill: dict[str, Any]) -> list[str]:
    """What is not known of the packages that users meet."""
    return [
        f"{part['name']} ({part['description']}) has no {what} here; install it, or one that states it"
        for part in bill["components"]
        for what, key in (("version", "version"), ("licence", "licenses"))
        if part["scope"] != "excluded" and key not in part
    ]


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
            terms = part.get("licenses", [{"license": {"name": "not stated"}}])
            lines.append(f"{part['name']} {part.get('version', '')} ({part['scope']}): {terms[0]['license']['name']}")
    return "\n".join(lines) + "\n"


def _first_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[0] if lines and len(lines[0]) < 80 else ""


def _classified(found: Any) -> str:
    kinds = [value for value in found.get_all("Classifier") or [] if value.startswith("License ::")]
    return ", ".join(value.split(" :: ")[-1] for value in kinds)


def contents(target: Path) -> list[str]:
    """What the plugin site would refuse of a zip."""
    with zipfile.ZipFile(target) as packed:
        names = packed.namelist()
        told = packed.read("planetary_dtm/metadata.txt").decode() if "planetary_dtm/metadata.txt" in names else ""
    problems = described(told, names) if told else []
    problems += [
        f"{name} must not be in the zip: it is hidden or a leftover"
        for name in names
        if any(part.startswith(".") or part in ("__pycache__", "__MACOSX") for part in name.split("/"))
    ]
    problems += [f"{name} must not be in the zip" for name in names if name.endswith(FORBIDDEN)]
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


def described(told: str, names: list[str]) -> list[str]:
    """What is wrong with the text of metadata.txt in a zip that holds ``names``."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(told)
    general = dict(parser["general"])
    problems = [f"metadata.txt lacks {key}" for key in GENERAL if not general.get(key, "").strip()]
    problems += [
        f"metadata.txt: {key} is no https address"
        for key in ADDRESSES
        if key in general and not re.fullmatch(r"https://[\w.-]+/\S+", general[key])
    ]
    problems += [
        f"metadata.txt: {key} {general.get(key)!r} is no version"
        for key in ("qgisMinimumVersion", "qgisMaximumVersion", "version")
        if not re.fullmatch(r"\d+\.\d+(\.\d+)?", general.get(key, "0.0"))
    ]
    if general.get("changelog", "").split()[:1] != [general.get("version")]:
        problems.append("metadata.txt: changelog does not begin with the version")
    if f"planetary_dtm/{general.get('icon')}" not in names:
        problems.append("metadata.txt: the icon is not in the zip")
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
