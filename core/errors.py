"""Errors that reach a user: each message is one clear sentence naming the file, the field and the fix."""

from __future__ import annotations


class PlanetaryDtmError(Exception):
    """Base of every error raised on purpose; its text is shown to the user as it is."""


class InputError(PlanetaryDtmError):
    """What was given cannot be used (file, field, value); the message says what to change."""


class MissingPackageError(PlanetaryDtmError):
    """An optional package is needed for this step and is not installed."""

    def __init__(self, package: str, purpose: str, how: str = "") -> None:
        how = how or f"pip install {package}"
        super().__init__(f"{purpose} needs the Python package {package!r}, which is not installed ({how}).")
        self.package = package


class CancelledError(PlanetaryDtmError):
    """The user asked to stop; nothing half-written is left."""

    def __init__(self, message: str = "Cancelled.") -> None:
        super().__init__(message)
