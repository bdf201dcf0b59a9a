"""One trial: a module loaded from a syntax tree in a forked child, and its tests run until one of them fails."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.util
import json
import math
import os
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_QUIETLY = ("-x", "-q", "--no-header", "-p", "no:pytest_qgis", "-p", "no:pytest-qt", "-p", "no:cacheprovider")
_PARENT = ("pytest", "numpy", "osgeo.gdal", "scipy.sparse.linalg", "scipy.spatial", "scipy.interpolate")


def prepare() -> None:
    """Import once what every child needs; nothing of this package, which each child loads anew."""
    for name in _PARENT:
        __import__(name)


class _Replaced(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a syntax tree."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self.name, self.path, self.tree = name, path, tree

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def exec_module(self, module) -> None:
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)


class Clock:
    """A plugin of pytest that orders the tests by what each costs, and measures that (CPU seconds)."""

    def __init__(self, known: Mapping[str, float], longest: float) -> None:
        self.known, self.longest, self.cost = known, longest, dict[str, float]()

    def pytest_collection_modifyitems(self, items) -> None:
        items[:] = [item for item in items if self.known.get(item.nodeid, 0.0) <= self.longest]
        items.sort(key=lambda item: self.known.get(item.nodeid, 0.0))

    def pytest_runtest_logstart(self, nodeid, location) -> None:
        self._started = time.process_time()

    def pytest_runtest_logfinish(self, nodeid, location) -> None:
        self.cost[nodeid] = time.process_time() - self._started


def tried(
    module: str, tree: ast.Module, tests: tuple[str, ...], seconds: float, costs: Mapping[str, float], longest: float
) -> tuple[str, float, dict[str, float]]:
    """Run the tests with a module from ``tree``: "alive", or how it was killed; CPU seconds; those of each test that
    passed. Tests that are known to cost more than ``longest`` are left out; cheap ones come first."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        _child(module, tree, tests, seconds, Clock(costs, longest), tell)
    os.close(tell)
    with os.fdopen(told) as pipe:
        text = pipe.read()
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    how = "alive" if code == 0 else "out of time" if code < 0 else "killed"
    return how, usage.ru_utime + usage.ru_stime, json.loads(text or "{}")


def _child(module: str, tree: ast.Module, tests: tuple[str, ...], seconds: float, clock: Clock, tell: int) -> None:
    import pytest

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    limit = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    name = "planetary_dtm." + module.removesuffix(".py").replace("/", ".")
    sys.meta_path.insert(0, _Replaced(name, ROOT / module, tree))
    status = 99
    try:
        status = int(pytest.main([*_QUIETLY, *(str(ROOT / "tests/core" / test) for test in tests)], [clock]))
        os.write(tell, json.dumps(clock.cost).encode())
    finally:
        os._exit(status)
