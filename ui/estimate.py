"""How long a run over the view will take and how much memory, told before it starts; learned from runs before."""

from __future__ import annotations

import os
from pathlib import Path

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication

translate = QCoreApplication.translate

_SETTINGS = "planetary_dtm/speed"
# Of the shipped model on one core, measured at 512, 1024 and 2048 pixels a side.
_SECONDS_PER_MEGAPIXEL = {"numpy": 3.0, "torch": 1.5}
_BASE_BYTES, _BYTES_PER_PIXEL = 130e6, 75.0
# Levelling takes what its shots ask for, and little of it by the pixel: half a second of a simulated scene, fifteen of
# Hadley with 45 real tracks. The first guess lies between.
LEVELLING = "levelling"
_LEVELLING_S = 4.0
_MEMORY = 0.4  # of a new measure in the running mean
_learned: dict[str, float] = {}  # seconds a million pixels, by engine, or of levelling; not written yet


def estimate(pixels: float, engine: str, levelled: bool, jmars: bool) -> tuple[float, float]:
    """Seconds and bytes of a run over so many output pixels."""
    seen = 1024.0**2 if jmars else pixels
    seconds = 1.0 + seen / 1e6 * rate(engine) + (rate(LEVELLING) if levelled else 0.0)
    return seconds, _BASE_BYTES + _BYTES_PER_PIXEL * max(seen, pixels)


def rate(engine: str) -> float:
    """Seconds a million pixels, or of `LEVELLING`: as earlier runs here took, else as measured by the developers."""
    known = _learned.get(engine) or QgsSettings().value(f"{_SETTINGS}/{engine}", 0.0, float)
    return known if known > 0 else {LEVELLING: _LEVELLING_S, **_SECONDS_PER_MEGAPIXEL}.get(engine, 3.0)


def learn(pixels: float, seconds: float, engine: str, levelled: bool) -> None:
    """Remember how fast a run was, here until `keep`; small ones tell only of their overhead."""
    if pixels < 2e5:
        return
    what, measured = engine, (seconds - 1.0) / (pixels / 1e6)
    if levelled:
        what, measured = LEVELLING, seconds - 1.0 - pixels / 1e6 * rate(engine)
    _learned[what] = (1 - _MEMORY) * rate(what) + _MEMORY * max(0.05, measured)


def keep() -> None:
    """Write what was learned, as the plugin goes: that waits for the disk, for a third of a second on a slow one."""
    for engine, seconds in _learned.items():
        QgsSettings().setValue(f"{_SETTINGS}/{engine}", seconds)
    _learned.clear()


def forget() -> None:
    """Begin again from the developers' measures."""
    _learned.clear()
    QgsSettings().remove(_SETTINGS)


def sentence(seconds: float, size: float) -> str:
    """The estimate in words, with a warning where it does not fit into the memory that is free."""
    time = translate("Estimate", "{:.0f} s").format(seconds)
    if seconds >= 90:
        time = translate("Estimate", "{:.0f} min").format(seconds / 60)
    told = translate("Estimate", "About {} and {:.1f} GB of memory.").format(time, size / 1e9)
    free = free_memory()
    if free is not None and size > 0.8 * free:
        told += " " + translate("Estimate", "Only {:.1f} GB are free: zoom in or choose larger pixels.").format(
            free / 1e9
        )
    return told


def free_memory() -> float | None:
    """Bytes of memory that are free, where the system tells."""
    told = Path("/proc/meminfo")
    if told.exists():
        lines = (line.split() for line in told.read_text(encoding="ascii").splitlines())
        return next((1024.0 * float(words[1]) for words in lines if words[0] == "MemAvailable:"), None)
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return None
