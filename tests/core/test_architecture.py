"""The rules of the house: arrows point down, core is free of QGIS, no circles, heavy packages only where used."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("core", "processing_provider", "ui", "plugin")
SOURCES = sorted(
    path
    for folder in (*LAYERS, "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
HEAVY = {"scipy", "torch", "cv2", "matplotlib", "dask", "distributed", "laspy", "safetensors", "pandas"}


def module_name(path: Path) -> str:
    parts = ["planetary_dtm", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, everywhere: bool) -> set[str]:
    """Absolute names of what a file imports; ``everywhere`` counts imports inside functions too."""
    tree = ast.parse(path.read_text("utf-8"))
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    nodes = ast.walk(tree) if everywhere else top_level(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *(node.module.split(".") if node.module else [])])
            found |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return found


def top_level(tree: ast.Module):
    """Statements that run at import, leaving out function bodies and TYPE_CHECKING blocks."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]


def layer(name: str) -> str:
    parts = name.split(".")
    return parts[1] if parts[0] == "planetary_dtm" and len(parts) > 1 else ""


def test_arrows_point_down():
    allowed = {
        "core": {"core"},
        "processing_provider": {"core", "processing_provider"},
        "ui": {"core", "processing_provider", "ui"},
        "plugin": set(LAYERS),
        "benchmarks": {"core", "benchmarks"},
    }
    wrong = [
        f"{module_name(path)} -> {name}"
        for path in SOURCES
        for name in imports(path, everywhere=True)
        if layer(name)
        and layer(name) not in allowed[layer(module_name(path))]
        and layer(name) in (*LAYERS, "benchmarks", "tests")
    ]
    assert not wrong


def test_core_is_free_of_qgis_and_qt():
    wrong = [
        f"{module_name(path)} -> {name}"
        for path in SOURCES
        if layer(module_name(path)) in ("core", "benchmarks")
        for name in imports(path, everywhere=True)
        if name.split(".")[0] in ("qgis", "PyQt5", "PyQt6", "processing")
    ]
    assert not wrong


def test_nothing_imports_tests_or_bare_packages():
    wrong = [
        f"{module_name(path)} -> {name}"
        for path in SOURCES
        for name in imports(path, everywhere=True)
        if name.split(".")[0] in {"tests", *LAYERS} or name.startswith("planetary_dtm.tests")
    ]
    assert not wrong


def test_sys_path_is_never_changed():
    assert not [str(path) for path in SOURCES if "sys.path" in path.read_text("utf-8")]


def test_heavy_packages_are_imported_where_they_are_used():
    wrong = [
        f"{module_name(path)} -> {name}"
        for path in SOURCES
        if layer(module_name(path)) != "benchmarks"
        for name in imports(path, everywhere=False)
        if name.split(".")[0] in HEAVY
    ]
    assert not wrong


def test_no_import_circles():
    graph = {module_name(p): {n for n in imports(p, everywhere=False) if layer(n)} for p in SOURCES}
    graph = {name: {n for n in targets if n in graph and n != name} for name, targets in graph.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            # A package's __init__ is loaded before its modules; importing it from within is how Python works.
            for target in graph[name]:
                if not name.startswith(target + "."):
                    visit(target, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_qgis_is_imported_through_qgis_pyqt_only():
    wrong = [
        f"{module_name(path)} -> {name}"
        for path in SOURCES
        for name in imports(path, everywhere=True)
        if name.split(".")[0] in ("PyQt5", "PyQt6", "PySide2", "PySide6")
    ]
    assert not wrong


def test_packages_listed_in_pyproject_are_the_packages_there():
    listed = set(
        (ROOT / "pyproject.toml").read_text("utf-8").split("packages = [")[1].split("]")[0].replace('"', " ").split()
    )
    listed -= {","}
    present = {module_name(path) for path in SOURCES if path.name == "__init__.py"} | {"planetary_dtm"}
    assert listed == present


def test_versions_agree():
    from planetary_dtm.core.version import VERSION

    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert f"version={VERSION}" in (ROOT / "metadata.txt").read_text("utf-8")
    assert VERSION in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("module", ["planetary_dtm", "planetary_dtm.core.steps", "planetary_dtm.core.cli"])
def test_imports_load_nothing_heavy(module):
    script = (
        f"import {module}, sys; "
        f"print(sorted(set(m.split('.')[0] for m in sys.modules) & {HEAVY | {'qgis', 'PyQt5', 'osgeo'}!r}))"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert made.stdout.strip() == "[]"
