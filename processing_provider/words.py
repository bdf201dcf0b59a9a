"""The core's texts in the user's language: core says them in English and knows no Qt; here they are translated.

`.ci/translate.py` puts the texts of all steps and shipped models into the catalogues.
"""

from __future__ import annotations

import re

from qgis.PyQt.QtCore import QCoreApplication

from ..core.steps import STEP_IDS, Step, step

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w.])")
_WORD = re.compile(r"\b[A-Za-z_]+\b(?!\.\w)")
_COMMANDS = set(STEP_IDS) - {"mosaic", "hillshade", "intersect", "footprints", "orbit"}  # these are words as well


def say(text: str) -> str:
    """A text of a step (see `Step.texts`) in the user's language."""
    return QCoreApplication.translate("Steps", text) if text else ""


def say_help(of: Step, text: str) -> str:
    """A help text in the user's language, with the labels that a dialog shows in place of the names that commands take.

    Files called after a parameter, as OUTPUT.parts, and the command in ``trainmodel ...`` stay.
    """
    labels = {asked.name: say(asked.label) for asked in (*of.parameters, *of.outputs)}
    labels = {name: f'"{label}"' for name, label in labels.items() if name != label}

    def told(found: re.Match[str]) -> str:
        word = found[0]
        return f'"{say(step(word).title)}"' if word in _COMMANDS and word != of.id else labels.get(word, word)

    return _WORD.sub(told, say(text))


def say_chain(text: str) -> str:
    """A text of a shipped model in the user's language."""
    return QCoreApplication.translate("Chains", text) if text else ""


def say_progress(message: str) -> str:
    """What the core tells of its work, in the user's language; numbers, or the name behind the first word, stay."""
    first, _, name = message.partition(" ")
    for template, parts in ((_NUMBER.sub("{}", message), _NUMBER.findall(message)), (f"{first} {{}}", [name])):
        said = QCoreApplication.translate("Progress", template)
        if said != template:
            return said.format(*parts)
    return message


def labelled(label: str, unit: str) -> str:
    """A step's label with its unit."""
    return f"{say(label)} ({say(unit)})" if unit else say(label)
