"""Mutate a module, one place at a time, and run its tests: python -m planetary_dtm.tests.mutation adapter [--sample 50]

Each mutant lives in a forked child, where the module is loaded from its mutated syntax tree and pytest stops at the
first failure. A mutant is killed by a failing test, an error, or by taking `TIMES` the CPU time of the sound module. A
sample is drawn by a seeded generator; the share that is told comes with its 95 % interval (Wilson).
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import math
import os
import random
import resource
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMES, LEAST_SECONDS = 5.0, 5.0
_R = "tests/core/resection"
# The modules by name: the files, and the tests that are theirs.
MODULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "adapter": ("core/learned/adapter.py", ("tests/core/learned/test_adapter.py",)),
    "certainty": ("core/altimetry/certainty.py", ("tests/core/altimetry/test_certainty.py",)),
    **{
        name: (f"core/resection/{name}.py", (f"{_R}/test_{tests}.py",))
        for name, tests in {
            "tables": "tables", "banded": "banded", "splines": "splines", "path": "path", "joint": "joint",
            "model": "model", "altitudes": "altitudes", "altitude_errors": "altitude_errors", "two_phase": "two_phase",
            "five_point": "two_phase", "batched": "two_phase", "position": "two_phase", "attitude": "two_phase",
            "coplanarity": "two_phase", "collinearity": "collinearity", "ground_rows": "ground_rows",
            "error_correlation": "error_correlation", "plausibility": "tables", "ties": "ties",
        }.items()
    },
}  # fmt: skip
_COMPARE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
_BINARY = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
           ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.MatMult: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
           ast.LShift: ast.RShift, ast.RShift: ast.LShift}  # fmt: skip
_NAMES = {"maximum": "minimum", "minimum": "maximum", "max": "min", "min": "max", "sin": "cos", "cos": "sin",
          "any": "all", "all": "any", "floor": "ceil", "ceil": "floor", "ones": "zeros", "zeros": "ones"}  # fmt: skip


def places(tree: ast.Module) -> list[tuple[int, str]]:
    """(number of the node in walking order, kind of change) of every mutant; annotations, texts and messages of errors
    are left alone."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        ignored: list[ast.AST | None] = []
        if isinstance(node, ast.arg):
            ignored = [node.annotation]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            ignored = [node.returns, *node.decorator_list]
        elif isinstance(node, ast.AnnAssign):
            ignored = [node.annotation]
        elif isinstance(node, (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom, ast.Assert)):
            ignored = [node]
        elif isinstance(node, ast.ClassDef):
            ignored = list(node.decorator_list)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            ignored = [node]
        skipped |= {id(inner) for top in ignored if top is not None for inner in ast.walk(top)}
    found: list[tuple[int, str]] = []
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in skipped:
            found += [(number, kind) for kind in _kinds(node)]
    return found


def _kinds(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Compare):
        return ["compare"]
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in _BINARY:
        return ["operator"]
    if isinstance(node, ast.BoolOp):
        return ["and or"]
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        return ["not"]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        return ["sign"]
    if isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        return ["number"]
    if isinstance(node, ast.Attribute) and node.attr in _NAMES and isinstance(node.ctx, ast.Load):
        return ["name"]
    if isinstance(node, ast.Name) and node.id in _NAMES and isinstance(node.ctx, ast.Load):
        return ["name"]
    return []


def mutated(tree: ast.Module, number: int) -> tuple[ast.Module, str]:
    """The tree with one node changed, and what was done, in words."""
    tree = copy.deepcopy(tree)
    node = list(ast.walk(tree))[number]
    before = ast.unparse(node).split("\n")[0][:70]
    if isinstance(node, ast.Compare):
        node.ops[0] = _COMPARE[type(node.ops[0])]()
    elif isinstance(node, (ast.BinOp, ast.AugAssign)):
        node.op = _BINARY[type(node.op)]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.UnaryOp):
        node.op = ast.UAdd() if not isinstance(node.op, ast.Not) else ast.Not()
        if isinstance(node.op, ast.Not):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.Constant):
        value = node.value
        node.value = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else value * 2 + 1
    elif isinstance(node, ast.Attribute):
        node.attr = _NAMES[node.attr]
    elif isinstance(node, ast.Name):
        node.id = _NAMES[node.id]
    after = ast.unparse(node).split("\n")[0][:70]
    return ast.fix_missing_locations(tree), f"line {getattr(node, 'lineno', 0)}: {before}  ->  {after}"


class _Replaced(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a syntax tree."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self.name, self.path, self.tree = name, path, tree

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def exec_module(self, module) -> None:
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)


def tried(module: Path, tree: ast.Module, tests: tuple[str, ...], seconds: float) -> tuple[str, float]:
    """Run the tests with a module from ``tree``: "alive", or how it was killed, and CPU seconds."""
    child = os.fork()
    if child == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        limit = math.ceil(seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        name = "planetary_dtm." + ".".join(module.with_suffix("").parts)
        sys.meta_path.insert(0, _Replaced(name, ROOT / module, tree))
        status = 99
        try:
            import pytest

            quietly = [
                "-x",
                "-q",
                "-p",
                "no:pytest_qgis",
                "-p",
                "no:pytest-qt",
                "-p",
                "no:cacheprovider",
                "--no-header",
            ]
            status = int(pytest.main([*quietly, *(str(ROOT / test) for test in tests)]))
        finally:
            os._exit(status)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    used = usage.ru_utime + usage.ru_stime
    return ("alive" if code == 0 else "out of time" if code < 0 else "killed"), used


def interval(killed: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    if not count:
        return 0.0, 1.0
    z, share = 1.96, killed / count
    middle, half = share + z * z / (2 * count), z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (middle - half) / (1 + z * z / count), (middle + half) / (1 + z * z / count)


def main() -> int:
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", choices=[*MODULES, []], metavar="MODULE")
    parser.add_argument("--sample", type=int, default=50, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    import pytest  # noqa: F401 - once, for all children

    total = [0, 0]
    for name in options.modules or MODULES:
        file, tests = MODULES[name]
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        sound, seconds = tried(Path(file), tree, tests, 600)
        if sound != "alive":
            print(f"{name}: its tests fail without any mutation", flush=True)
            return 1
        every = places(tree)
        chosen = random.Random(options.seed).sample(every, min(options.sample, len(every)))
        killed = 0
        for number, _ in chosen:
            changed, said = mutated(tree, number)
            ended, _ = tried(Path(file), changed, tests, max(TIMES * seconds, LEAST_SECONDS))
            killed += ended != "alive"
            if ended == "alive":
                print(f"{name}: alive: {said}", flush=True)
        low, high = interval(killed, len(chosen))
        share = f"{killed} of {len(chosen)} killed ({killed / len(chosen):.0%}, {low:.0%} to {high:.0%})"
        print(f"{name}: {share}; {len(every)} mutants in all, tests take {seconds:.1f} CPU s", flush=True)
        total[0] += killed
        total[1] += len(chosen)
    print(f"all: {total[0]} of {total[1]} killed ({total[0] / max(total[1], 1):.0%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
