"""Small mistakes in a syntax tree: where one can be made, and the tree with one made."""

from __future__ import annotations

import ast
import copy

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
