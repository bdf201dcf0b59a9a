"""Where the plugin's icons, styles, models and translations lie."""

from __future__ import annotations

from pathlib import Path

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
MODELS = RESOURCES / "models"
STYLES = RESOURCES / "styles"
TRANSLATIONS = RESOURCES / "translations"


def icon(name: str) -> Path:
    """Path of an icon; the plugin's own where there is none of that name."""
    path = RESOURCES / "icons" / f"{name}.svg"
    return path if path.exists() else RESOURCES / "icons" / "planetary_dtm.svg"
