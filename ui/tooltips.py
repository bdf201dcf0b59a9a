"""Tooltips that show text as it is, whatever files or projects say."""

from __future__ import annotations

from html import escape


def as_written(text: str) -> str:
    """A tooltip of this text: Qt takes what looks like HTML for such, with images from anywhere."""
    return f"<qt>{escape(text)}</qt>".replace("\n", "<br>")
