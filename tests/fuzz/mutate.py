"""Spoiling files: by bytes, by the fields of tables, by the nodes of JSON, and inside containers with lengths and sums.

Every mutator takes valid contents and a seeded random.Random, and returns others; the same seed, the same bytes.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import random
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

Mutator = Callable[[bytes, random.Random], bytes]

CALLED, MARK = 47809, b"OUTSIDE!"  # a port where nobody may call; what ../outside.bin is full of
ELEMENTS = (  # of virtual rasters and layers, indices and notes, which make GDAL act
    *("SourceFilename", "SourceDataset", "SrcDataSource", "SrcLayer", "SrcSQL", "SrcRegion", "Query", "OverviewFile"),
    *(
        "VRTDataset",
        "VRTRasterBand",
        "VRTDerivedRasterBand",
        "PixelFunctionCode",
        "PixelFunctionType",
        "KernelFilteredSource",
    ),
    *(
        "OGRVRTLayer",
        "OGRVRTUnionLayer",
        "OGRVRTWarpedLayer",
        "Metadata",
        "MDI",
        "Raster",
        "DataFile",
        "IndexFile",
        "Source",
    ),
    *(
        "GeometryField",
        "OpenOptions",
        "OOI",
        "Overview",
        "MaskBand",
        "GDALWarpOptions",
        "Mask",
        "GCPList",
        "SRS",
        "LUT",
    ),
)
_NUMBER = re.compile(rb"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")
_WORD = re.compile(rb"[A-Za-z_][A-Za-z_0-9.]*")
TOKENS = (
    *(b"nan", b"inf", b"-inf", b"1e400", b"-1e308", b"1e-320", b"0", b"-0", b"-1", b"1", b"2", b"0.5", b"90", b"361"),
    *(b"4294967296", b"9223372036854775808", b"-9223372036854775809", b"1e18", b"9" * 400, b"0x10", b"1_000", b"1,5"),
    *(
        b"",
        b" ",
        b"\t",
        b'"',
        b"'",
        b'""',
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\n",
        b"\r",
        b"\r\n",
        b"\\",
        b"#",
        b"%s",
    ),
    *(b"\xe2\x80\xae", b"\xef\xbc\x91", b"../../../../etc/passwd", b"/dev/zero", b"/vsicurl/http://127.0.0.1:9/a.tif"),
    *(
        b"http://127.0.0.1:9/",
        b"../outside.bin",
        b"PG:host=127.0.0.1 port=%d dbname=x table=y connect_timeout=1" % CALLED,
        b"/vsicurl?url=http%%3A%%2F%%2F127.0.0.1:%d/a.tif" % CALLED,
        b"<script>alert(1)</script>",
        b"NaT",
        b"None",
        b"true",
        b"null",
        b"[]",
        b"{}",
        b"A" * 3000,
    ),
    *(b"1970-01-01T00:00:00", b"9999-99-99T99:99:99", b"-", b"--", b".", b"..", b"+", b"e", b"1e", b";", b",", b",,"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 1e308, -1e308, 5e-324, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 0.5, 1e18),
    *("", " ", "\0", "a" * 2000, "<script>", "../../x", "/dev/zero", "http://127.0.0.1:9/", "1", "nan", "\ud800"),
    *([], {}, [[]], [{}], [[[[]]]], [None], [1, "a"], [[1, 2], [3]], {"a": 1}, [0.0] * 3, [1e308] * 9, [0] * 3000),
)
_INTERESTING = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    0x10000,
    2**40,
    2**63,
)


def several(mutate: Mutator) -> Mutator:
    """One mutation as a rule, seldom many."""

    def repeated(data: bytes, rng: random.Random) -> bytes:
        while True:
            data = mutate(data, rng)
            if rng.random() < 0.55:
                return data

    return repeated


def raw(data: bytes, rng: random.Random) -> bytes:
    """Change bytes: bits, numbers of 1 to 8 bytes, pieces dropped, doubled, moved or cut off; heads more often."""
    out = bytearray(data)
    if not out:
        return rng.randbytes(rng.randrange(64))
    reach = min(len(out), rng.choice((64, 512, 4096, len(out))))
    place = rng.randrange(reach)
    kind = rng.randrange(9)
    if kind == 0:
        out[place] ^= 1 << rng.randrange(8)
    elif kind == 1:
        out[place] = rng.randrange(256)
    elif kind in (2, 3):
        size = rng.choice((1, 2, 4, 8))
        number = rng.choice((rng.choice(_INTERESTING), rng.getrandbits(8 * size), rng.randrange(300)))
        out[place : place + size] = (number % (1 << 8 * size)).to_bytes(size, rng.choice(("little", "big")))
    elif kind == 4:
        del out[place : place + _length(rng)]
    elif kind == 5:
        out[place:place] = rng.choice(
            (out[place : place + _length(rng)], rng.randbytes(_length(rng)), rng.choice(TOKENS))
        )
    elif kind == 6:
        del out[rng.randrange(len(out)) :]
    elif kind == 7:
        size, other = _length(rng), rng.randrange(len(out))
        out[place : place + size] = out[other : other + size]
    else:
        size = _length(rng)
        out[place : place + size] = bytes([rng.choice((0, 255, 32, 10))]) * size
    return bytes(out)


def _length(rng: random.Random) -> int:
    return rng.choice((1, 1, 2, 4, 8, 16, 64, 500))


def text(data: bytes, rng: random.Random) -> bytes:
    """Change fields of a text: numbers, words, whole lines, delimiters; sometimes plain bytes."""
    kind = rng.randrange(8)
    if kind < 3:
        return _swapped(_NUMBER, data, rng)
    if kind == 3:
        return _swapped(_WORD, data, rng)
    if kind == 4:
        lines = data.split(b"\n")
        here, there = rng.randrange(len(lines)), rng.randrange(len(lines))
        change = rng.randrange(4)
        if change == 0:
            del lines[here]
        elif change == 1:
            lines.insert(there, lines[here])
        elif change == 2:
            lines[here], lines[there] = lines[there], lines[here]
        else:
            lines[here] = lines[here][: rng.randrange(len(lines[here]) + 1)]
        return b"\n".join(lines)
    if kind == 5:
        old, new = rng.choice((b",", b"\n", b" ", b".", b'"')), rng.choice(TOKENS)
        return data.replace(old, new, rng.choice((1, 3, -1)))[: 10 * len(data) + 10_000]
    if kind == 6:
        place = rng.randrange(len(data) + 1)
        return data[:place] + rng.choice(TOKENS) + data[place:]
    return raw(data, rng)


def _swapped(pattern: re.Pattern[bytes], data: bytes, rng: random.Random) -> bytes:
    found = list(pattern.finditer(data))
    if not found:
        return raw(data, rng)
    chosen, other = rng.choice(found), rng.choice(found)
    new = rng.choice((rng.choice(TOKENS), other.group(), b"%r" % (rng.gauss(0, 1) * 10 ** rng.randrange(-3, 12))))
    return data[: chosen.start()] + new + data[chosen.end() :]


def tree(data: bytes, rng: random.Random) -> bytes:
    """Change a node of a JSON text, keeping a first line that is none; sometimes the text itself."""
    head, mark, body = data.partition(b"\n") if not data.lstrip().startswith((b"{", b"[")) else (b"", b"", data)
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return text(data, rng)
    if rng.random() < 0.15:
        return text(data, rng)
    return head + mark + json.dumps(_changed(content, rng)).encode("utf-8", "surrogatepass")


def tree_of_a_line(data: bytes, rng: random.Random) -> bytes:
    """Change one of many JSON texts, each a line; sometimes the lines themselves."""
    lines = data.split(b"\n")
    if rng.random() < 0.2:
        return text(data, rng)
    place = rng.randrange(len(lines))
    lines[place] = tree(lines[place], rng)
    return b"\n".join(lines)


def _changed(content: Any, rng: random.Random) -> Any:
    """The content with one node changed, found on a random way down."""
    if isinstance(content, dict) and content and rng.random() < 0.93:
        key = rng.choice(list(content))
        change = rng.random()
        if change < 0.08:
            del content[key]
        elif change < 0.12:
            content[rng.choice((key.upper(), "", "__class__", key + "\0"))] = content.pop(key)
        elif change < 0.16:
            content[rng.choice(list(content))] = content[key]
        else:
            content[key] = _changed(content[key], rng)
        return content
    if isinstance(content, list) and content and rng.random() < 0.85:
        index = rng.randrange(len(content))
        change = rng.random()
        if change < 0.08:
            del content[index]
        elif change < 0.16:
            content.insert(rng.randrange(len(content) + 1), content[index])
        elif change < 0.2:
            content[:] = content * rng.choice((0, 2, 20)) if len(content) < 1000 else []
        else:
            content[index] = _changed(content[index], rng)
        return content
    if isinstance(content, (int, float)) and not isinstance(content, bool) and rng.random() < 0.5:
        factor = rng.choice((-1, 0, 1e-9, 1e-3, 0.5, 2, 1e3, 1e9, 1e300))
        return content * factor if abs(content) < 1e290 else factor
    if isinstance(content, str) and rng.random() < 0.5:
        return text(content.encode("utf-8", "surrogatepass"), rng).decode("utf-8", "surrogateescape")
    return rng.choice(VALUES)


def packed(data: bytes, rng: random.Random) -> bytes:
    """Change a member of a zip file (npz, checkpoint) and pack the archive anew, sums and all; or plain bytes."""
    if rng.random() < 0.3:
        return raw(data, rng)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except Exception:
        return raw(data, rng)
    if not members:
        return raw(data, rng)
    index = rng.randrange(len(members))
    name, content = members[index]
    change = rng.random()
    if change < 0.05:
        del members[index]
    elif change < 0.1:
        members[index] = (rng.choice(("../" + name, name + ".x", "a" * 300, name.upper())), content)
    elif content.startswith(b"\x93NUMPY") and change < 0.7:
        end = 10 + int.from_bytes(content[8:10], "little")
        head = text(content[10:end], rng)
        members[index] = (name, content[:8] + (len(head) % 65536).to_bytes(2, "little") + head + content[end:])
    else:
        members[index] = (name, raw(content, rng))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def gzipped(data: bytes, rng: random.Random) -> bytes:
    """Change what is packed, or the packing."""
    if rng.random() < 0.4:
        return raw(data, rng)
    try:
        content = zlib.decompress(data, 31)
    except zlib.error:
        return raw(data, rng)
    packer = zlib.compressobj(1, wbits=31)
    return packer.compress(text(content, rng)) + packer.flush()


def safetensors(data: bytes, rng: random.Random) -> bytes:
    """Change the header, the card within, or the weights; lengths and checksum are put right as a rule."""
    if rng.random() < 0.15 or len(data) < 10:
        return raw(data, rng)
    length = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + length])
        card = json.loads(header["__metadata__"]["card"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return raw(data, rng)
    weights = data[8 + length :]
    change = rng.random()
    if change < 0.45:
        card = _changed(card, rng)
    elif change < 0.85:
        names = [name for name in header if name != "__metadata__"]
        name = rng.choice(names) if names else "x"
        header[rng.choice((name, name, name, name + "x"))] = _changed(header.get(name, {}), rng)
    else:
        weights = raw(weights, rng)
    if isinstance(card, dict) and rng.random() < 0.9:
        card["data_sha256"] = hashlib.sha256(weights).hexdigest()
    if isinstance(header.get("__metadata__"), dict):
        header["__metadata__"]["card"] = json.dumps(card)
    body = json.dumps(header).encode("utf-8", "surrogatepass")
    return len(body).to_bytes(8, "little") + body + weights


def label(data: bytes, rng: random.Random) -> bytes:
    """Change the text at the head of an image file (PDS, ISIS, VICAR, XML), keeping its length as a rule."""
    size = min(len(data), 6000)
    if rng.random() < 0.2:
        return raw(data, rng)
    head, rest = data[:size], data[size:]
    new = text(head, rng)
    if rng.random() < 0.8:
        new = new[:size].ljust(size, b" ")
    return new + rest


def markup(data: bytes, rng: random.Random) -> bytes:
    """Change an element of an XML text: its name, text, attributes or place; or the text itself."""
    if rng.random() < 0.4:
        return text(data, rng)
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError):
        return text(data, rng)
    nodes = list(root.iter())
    node, other, token = rng.choice(nodes), rng.choice(nodes), rng.choice(TOKENS).decode("latin-1")
    change = rng.randrange(6)
    if change == 0:
        node.text = token
    elif change == 1:
        node.tag = rng.choice((other.tag, *ELEMENTS))
    elif change == 2 and node.attrib:
        node.attrib[rng.choice(list(node.attrib))] = rng.choice((token, "0", "1"))
    elif change == 3:
        node.append(copy.deepcopy(other))
    elif change == 4 and len(node):
        node.remove(rng.choice(list(node)))
    else:
        new = ElementTree.SubElement(node, rng.choice(ELEMENTS), {"relativeToVRT": rng.choice("01")})
        new.text = rng.choice((token, node.text, other.text))
    try:
        return ElementTree.tostring(root, "utf-8")
    except (ValueError, TypeError):
        return text(data, rng)
