"""One code base for Qt 5 and Qt 6: enums in full, `qgis.PyQt` alone, nothing that Qt 6 has dropped.

The rules are those of QGIS's own checker of plugins (pyqt5_to_pyqt6.py, which pyqgis4-checker runs), which needs Qt 6.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from qgis.PyQt import QtCore, QtGui, QtWidgets

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("plugin", "processing_provider", "ui", "core", "tests/qgis", "tests/desktop")
SOURCES = [ROOT / "__init__.py", *(p for folder in FOLDERS for p in sorted((ROOT / folder).rglob("*.py")))]
MODULES = (QtCore, QtGui, QtWidgets)
GONE = re.compile(
    r"\bexec_\b|\bQRegExp\b|resources_rc|\bQVariant\b[.(]|\bQDesktopWidget\b|\.desktop\(\)|\bqApp\b|PyQt[56]\b"
    r"|\b(MidButton|TextColorRole|BackgroundColorRole|HighQualityAntialiasing)\b"
    r"|\bactivated\[str\]|(fontMetrics\(\)|QFontMetricsF?\([^)]*\))\.width\(|\bQDateTime\(QDate\("
)


def qt_class(name):
    return next((getattr(module, name) for module in MODULES if hasattr(module, name)), None)


def short_enum(owner, member):
    """Whether ``owner.member`` names an enum's value without the enum (Qt.AlignLeft)."""
    value = getattr(owner, member, None)
    return isinstance(value, int) and type(value) is not int and type(value).__module__.startswith("PyQt")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rules(path):
    text = path.read_text(encoding="utf-8")
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"{node.lineno}: import {n}" for n in names if re.match(r"PyQt[56]|sip$|qgis\.PyQt\.Qt$", n)]
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if (called == "addAction" and len(node.args) > 3) or (called == "QDateTime" and len(node.args) == 8):
                found.append(f"{node.lineno}: {called} takes other arguments in Qt 6")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = qt_class(node.value.id)
            if owner is not None and short_enum(owner, node.attr):
                found.append(f"{node.lineno}: {node.value.id}.{node.attr} wants the enum's name")
    if path.name != Path(__file__).name:
        found += [f"{n}: {line.strip()}" for n, line in enumerate(text.splitlines(), 1) if GONE.search(line)]
    assert found == []


@pytest.mark.parametrize(
    "line",
    ["dialog.exec_()", "def exec_(self):", "QVariant()", "QVariant.Int", "box.activated[str]", "qApp.quit()",
     "self.fontMetrics().width(text)", "QFontMetrics(font).width(text)", "Qt.MidButton", "QApplication.desktop()"],
)  # fmt: skip
def test_what_is_gone_is_found(line):
    assert GONE.search(line)


def test_the_rule_finds_what_it_should():
    assert short_enum(QtCore.Qt, "AlignLeft") and not short_enum(QtCore.Qt, "AlignmentFlag")
    assert not short_enum(QtWidgets.QSizePolicy, "Policy")
