"""What virtual rasters and layers, and labels, name, read as GDAL reads it.

XML goes through GDAL's own parser: a stricter or laxer one would see other names than the driver that acts on them. It
resolves no entities but characters, reads no document types and stops at a depth of 10,000.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_MOST_NODES = 1 << 21  # of an XML text; a mosaic of 50,000 images has about as many
_ELEMENT, _TEXT, _ATTRIBUTE = 0, 1, 2  # kinds of nodes of GDAL's parser
_NOTES, _DESCRIBED = ("metadata", "categorynames", "description"), ("vrtdataset", "vrtrasterband")
_ACTED_ON = ("overviews", "geolocation")  # domains of metadata that name files
_LABELS = ("PDS_VERSION_ID", "ODL_VERSION_ID", "CCSD3ZF", "IsisCube", "^QUBE")
_END = re.compile(r"^[ \t]*END[ \t]*\r?$", re.M | re.I)
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_POINTER = re.compile(r"(?:\^\s*\w*(?:IMAGE|QUBE|CORE|FILE|TABLE)|\bFILE_NAME)\s*=([^=]*)", re.I)
_NOT_ZERO = re.compile(r"\s*[-+]?0*[1-9]")  # as atoi reads it
_QUOTED, _BARE = re.compile(r"\"([^\"]*)\"|'([^']*)'"), re.compile(r"[^\s(){},\"'<>]+")


@dataclass(frozen=True)
class Value:
    """Text of an element or attribute: ``key`` its name in lower case; ``placed`` whether it is said to be relative to
    the file (None where nothing is said)."""

    key: str
    text: str
    placed: bool | None = None


def is_virtual(head: str) -> bool:
    """Whether the beginning of a file makes it GDAL's virtual raster, an MRF's index or OGR's virtual layer."""
    lower = head.partition("\0")[0].lower()
    return any(root in lower for root in ("<vrtdataset", "<mrf_meta", "<ogrvrt"))


def xml_values(text: str) -> list[Value]:
    """All texts and attributes but notes to people; raises ValueError where GDAL would not read them."""
    from osgeo import gdal

    plain = text.partition("\0")[0].removeprefix("\ufeff")
    if plain.count("<") + plain.count("=") > _MOST_NODES:
        raise ValueError("too many elements")
    try:
        # Text that is no UTF-8 (a character cut, a surrogate) is a hole in GDAL's list and an error that it leaves set;
        # map looks for such an error after its call, a plain call does not.
        root = next(map(gdal.ParseXMLString, [plain]))
    except (RuntimeError, TypeError, UnicodeError, SystemError):
        root = None
    if root is None:
        raise ValueError("it is not whole")
    found: list[Value] = []
    todo: list[tuple[Any, str]] = [(root, "")]
    while todo:
        (_, name, *children), above = todo.pop()
        key = name.lower()
        if key in _NOTES and above in _DESCRIBED and _read(children, "domain").lower() not in _ACTED_ON:
            continue
        if key == "kernelfilteredsource" and not _has_kernel(children):  # at such a one GDAL ends the process
            raise ValueError("a KernelFilteredSource has no Kernel with a Size")
        placed = _read(children, "relativetovrt")
        whole = "".join(child[1] for child in children if child[0] == _TEXT)
        found.append(Value(key, whole.strip(), placed.startswith("1") if placed else None))
        found += [Value(child[1].lower(), _text(child).strip()) for child in children if child[0] == _ATTRIBUTE]
        todo += [(child, key) for child in children if child[0] == _ELEMENT]
    return [value for value in found if value.text]


def _has_kernel(children: list[Any]) -> bool:
    kernel: list[Any] = next((child for child in children if child[0] != _TEXT and child[1].lower() == "kernel"), [])
    return bool(_NOT_ZERO.match(_read(kernel[2:], "size")))


def _read(children: list[Any], key: str) -> str:
    """What GDAL finds under ``key``: an attribute, or an element in its stead."""
    return next((_text(child) for child in children if child[0] != _TEXT and child[1].lower() == key), "")


def _text(node: list[Any]) -> str:
    return "".join(child[1] for child in node[2:] if child[0] == _TEXT)


def is_label(head: str) -> bool:
    """Whether the beginning of a file is a PDS3 or ISIS label (a NUL ends what GDAL looks at)."""
    return any(word in head.partition("\0")[0] for word in _LABELS)


def has_end(text: str) -> bool:
    """Whether a label's END is in the text, where GDAL stops."""
    return bool(_END.search(_QUOTED.sub("", _COMMENT.sub("", text))))


def label_names(text: str) -> list[str]:
    """Files that the pointers of a PDS3 or ISIS label name; numbers are places in the file itself."""
    names: list[str] = []
    bare = _COMMENT.sub(" ", text)
    for content in (text, bare):  # what one takes for a comment may be between quotes
        for values in _POINTER.findall(content):
            names += [first or second for first, second in _QUOTED.findall(values)]
            names += _BARE.findall(_QUOTED.sub(" ", values))[:1] if content is bare else []
    return [name for name in dict.fromkeys(map(str.strip, names)) if name and not name.isdigit()]
