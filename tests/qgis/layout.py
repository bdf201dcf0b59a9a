"""What an algorithm lacks of help, icon, tooltips, translations and fit: the checks behind test_layout."""

from __future__ import annotations

import ast
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsProcessingAlgorithm,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingProvider,
)

from planetary_dtm.core.steps import STEP_IDS, step
from planetary_dtm.processing_provider import resources
from planetary_dtm.processing_provider.chain import Chain
from planetary_dtm.tests.progress_texts import progress_texts

ROOT = Path(__file__).resolve().parents[2]
DESKTOP = sorted(path for folder in ("ui", "plugin") for path in (ROOT / folder).glob("*.py"))
TEXTS = [*DESKTOP, *sorted((ROOT / "processing_provider").glob("*.py"))]
_KIND = getattr(Qgis, "ProcessingModelChildParameterSource", QgsProcessingModelChildParameterSource)  # QGIS >= 3.34
OWN_ICON = "planetary_dtm"  # the plugin's: no algorithm's

# which input takes what an output destination makes
FITS = {
    "rasterDestination": {"raster", "multilayer", "layer", "file"},
    "vectorDestination": {"source", "vector", "multilayer", "layer", "file"},
    "fileDestination": {"file", "source", "layer", "multilayer"},
    "folderDestination": {"file"},
}


def lacks(algorithm: QgsProcessingAlgorithm) -> list[str]:
    """Help, icon and tooltips that an algorithm does not have."""
    name, found = algorithm.name(), []
    if len(algorithm.shortHelpString()) < 60 or (not algorithm.shortDescription() and not _is_model(algorithm)):
        found.append(f"{name}: help")
    icon = Path(algorithm.svgIconPath())
    if algorithm.icon().isNull() or not icon.exists() or icon.stem == OWN_ICON:
        found.append(f"{name}: icon")
    helps = algorithm.helpContent() if _is_model(algorithm) else {}
    tips = {d.name(): helps.get(d.name(), "") or d.help() for d in algorithm.parameterDefinitions()}
    return found + [f"{name}: tooltip of {parameter}" for parameter, tip in tips.items() if len(tip) < 10]


def untranslated(algorithm: QgsProcessingAlgorithm, known: dict[tuple[str, str], str | None]) -> list[str]:
    """What a user reads of an algorithm that a language does not have; ``known`` as `catalogue` reads it."""
    if isinstance(algorithm, Chain):
        helps = (text for name, text in algorithm.helpContent().items() if name != "ALG_CREATOR")
        labels = (definition.description() for definition in algorithm.parameterDefinitions())
        shown = [("Chains", text) for text in (algorithm.displayName(), algorithm.group(), *helps, *labels)]
    else:
        shown = [("Steps", text) for text in step(algorithm.name()).texts()]
    return [f"{algorithm.name()}: {text}" for context, text in shown if text and not known.get((context, text))]


def misfit(provider: QgsProcessingProvider, output: str, taken_by: str) -> str:
    """Why the output of one algorithm cannot be the input of another (both ``algorithm.NAME``); nothing if it can."""
    (maker, made), (taker, taken) = output.split("."), taken_by.split(".")
    destination = provider.algorithm(maker).parameterDefinition(made)
    parameter = provider.algorithm(taker).parameterDefinition(taken)
    if destination is None or parameter is None:
        return f"{output if destination is None else taken_by} is not there"
    fits = parameter.type() in FITS[destination.type()]
    return "" if fits else f"{taken_by} ({parameter.type()}) does not take {output} ({destination.type()})"


def model_misfits(model: QgsProcessingModelAlgorithm) -> list[str]:
    """Links between the steps of a model that do not fit."""
    children, found = model.childAlgorithms(), []
    for child in children.values():
        for name, sources in child.parameterSources().items():
            for source in sources:
                if source.source() == _KIND.ChildOutput:
                    before = children[source.outputChildId()].algorithm()
                    destination = before.parameterDefinition(source.outputName())
                    taken = child.algorithm().parameterDefinition(name)
                    if taken.type() not in FITS[destination.type()]:
                        found.append(f"{model.name()}: {child.childId()}.{name}")
    return found


def loose_ends(chained: set[str]) -> list[str]:
    """Output files of the steps that are neither an input of another step nor named as an end."""
    return [
        f"{name}.{output.name}"
        for name in STEP_IDS
        for output in step(name).outputs
        if output.kind.value not in ("report", "number") and f"{name}.{output.name}" not in chained
    ]


def catalogue(language: str) -> dict[tuple[str, str], str | None]:
    """(context, English text) to its translation; None where it is not finished."""
    known = {}
    for context in ElementTree.parse(resources.TRANSLATIONS / f"planetary_dtm_{language}.ts").getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            finished = translation.get("type") is None and translation.text
            known[context.findtext("name"), message.findtext("source")] = translation.text if finished else None
    return known


def texts() -> list[tuple[str, str]]:
    """(context, text) of all that the code says itself: self.tr of a class, translate of a context, core's progress."""
    found = {("Progress", text) for text in progress_texts()}
    for path in TEXTS:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for owner in [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]:
            found |= {(owner.name, text) for text in _said(owner, "tr", 0)}
        for node in ast.walk(tree):
            if _calls(node, "translate") and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
                found.add((node.args[0].value, ast.literal_eval(node.args[1])))
    return sorted(found)


def _is_model(algorithm: QgsProcessingAlgorithm) -> bool:
    return isinstance(algorithm, QgsProcessingModelAlgorithm)


def _said(tree: ast.AST, name: str, place: int) -> list[str]:
    return [ast.literal_eval(node.args[place]) for node in ast.walk(tree) if _calls(node, name)]


def _calls(node: ast.AST, name: str) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "attr", getattr(function, "id", "")) == name
