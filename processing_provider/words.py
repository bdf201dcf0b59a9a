"""The core's texts in the user's language: core says them in English and knows no Qt; here they are translated.

`.ci/translate.py` puts the texts of all steps and shipped models into the catalogues.
"""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication


def say(text: str) -> str:
    """A text of a step (see `Step.texts`) in the user's language."""
    return QCoreApplication.translate("Steps", text) if text else ""


def say_chain(text: str) -> str:
    """A text of a shipped model in the user's language."""
    return QCoreApplication.translate("Chains", text) if text else ""


def labelled(label: str, unit: str) -> str:
    """A step's label with its unit."""
    return f"{say(label)} ({say(unit)})" if unit else say(label)
