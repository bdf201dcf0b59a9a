"""Results of a run onto the map."""

from __future__ import annotations

from qgis.core import QgsMapLayer, QgsProcessingContext, QgsProcessingUtils, QgsProject, QgsVectorLayer

from .runs import Run


def add_to_map(run: Run) -> list[QgsMapLayer]:
    """Load the layers a run made, named after it, on top of the layer tree or of its group, and let them be styled."""
    project, added = QgsProject.instance(), []
    root = project.layerTreeRoot()
    parent = (root.findGroup(run.group) or root.insertGroup(0, run.group)) if run.group else root
    expected = run.context.layersToLoadOnCompletion()
    for source, details in expected.items():
        layer = _loaded(source, run.context)
        if layer is None:
            continue
        layer.setName(run.title if len(expected) == 1 else f"{run.title}: {details.name}")
        project.addMapLayer(layer, False)
        parent.insertLayer(0, layer)
        if details.postProcessor():
            details.postProcessor().postProcessLayer(layer, run.context, run.feedback)
        if isinstance(layer, QgsVectorLayer):  # a legend of many classes would push the others out of sight
            parent.findLayer(layer.id()).setExpanded(False)
        added.append(layer)
    return added


def _loaded(source: str, context: QgsProcessingContext) -> QgsMapLayer | None:
    found = QgsProcessingUtils.mapLayerFromString(source, context)
    return context.takeResultLayer(found.id()) if found is not None else None
