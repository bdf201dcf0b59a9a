"""Errors that reach a user: each message is one clear sentence naming the file, the field and the fix."""

from __future__ import annotations

from typing import Any

_LONGEST = 600  # characters; more is no sentence but a piece of a file


def one_line(message: str) -> str:
    """The message on one line of readable length: names out of a file may hold anything, escape codes of a terminal
    too, and be of any length."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in message)
    if len(plain) <= _LONGEST:
        return plain
    return f"{plain[: _LONGEST - 203]} … {plain[-200:]}"


class PlanetaryDtmError(Exception):
    """Base of every error raised on purpose; its text is shown to the user as it is."""

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class InputError(PlanetaryDtmError):
    """What was given cannot be used (file, field, value); the message says what to change."""


class ResourceError(InputError):
    """A file could not be opened, read or written, or memory is short. That says nothing of the scene it belongs to:
    work over many scenes goes on after another `InputError`, and ends with this one."""


class MissingPackageError(PlanetaryDtmError):
    """An optional package is needed for this step and is not installed."""

    def __init__(self, package: str, purpose: str, how: str = "") -> None:
        how = how or f"pip install {package}"
        super().__init__(f"{purpose} needs the Python package {package!r}, which is not installed ({how}).")
        self.package = package

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors travel from workers; the constructor does not take what it made.
        return _remade, (self.package, str(self))


def _remade(package: str, message: str) -> MissingPackageError:
    error = MissingPackageError.__new__(MissingPackageError)
    PlanetaryDtmError.__init__(error, message)
    error.package = package
    return error


class CancelledError(PlanetaryDtmError):
    """The user asked to stop; nothing half-written is left."""

    def __init__(self, message: str = "Cancelled.") -> None:
        super().__init__(message)
