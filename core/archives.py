"""NumPy archives (npz) of others: nothing unpickled, no number believed before it is checked against the file."""

from __future__ import annotations

import ast
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 4096  # bytes


def read_arrays(path: str | Path, names: Sequence[str], most_bytes: int) -> dict[str, NDArray[Any]]:
    """The arrays called ``names`` of an npz file; together at most ``most_bytes``.

    Raises ValueError, saying what is wrong, for anything but sound arrays of numbers, and OSError.
    """
    with Path(path).open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
            sizes = {name: archive.getinfo(f"{name}.npy").file_size for name in names}
        except KeyError as error:
            raise ValueError(f"it lacks {error.args[0]}") from None
        except Exception as error:  # a damaged archive fails inside zipfile in many ways
            raise ValueError(f"it is no whole archive: {error}") from None
        if sum(sizes.values()) > most_bytes:
            raise ValueError(f"it would take {sum(sizes.values()) >> 20} MB")
        return {name: _array(_member(archive, name, size), name) for name, size in sizes.items()}


def _member(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    try:
        return archive.open(f"{name}.npy").read(size)
    except Exception as error:  # sums, packing, encryption
        raise ValueError(f"{name!r} cannot be unpacked: {error}") from None


def _array(content: bytes, name: str) -> NDArray[Any]:
    """One array of the npy format, versions 1 and 2 (NumPy Enhancement Proposal 1)."""
    stream = io.BytesIO(content)
    start, version = stream.read(6), stream.read(2)
    wide = 2 if version[:1] == b"\x01" else 4
    length = int.from_bytes(stream.read(wide), "little")
    if start != _MAGIC or version[:1] not in (b"\x01", b"\x02") or length > _LONGEST_HEADER:
        raise ValueError(f"{name!r} is no array")
    try:
        header = ast.literal_eval(stream.read(length).decode("ascii").strip())
        kind, shape, fortran = np.dtype(header["descr"]), tuple(header["shape"]), bool(header["fortran_order"])
    except Exception:  # anything may stand there
        raise ValueError(f"{name!r} has a damaged header") from None
    sound = all(type(side) is int and side >= 0 for side in shape) and len(shape) <= 8
    count = 1
    for side in shape if sound else ():
        count *= side
    data = stream.read()
    if kind.kind not in "fiu" or kind.names or kind.subdtype or not sound or count * kind.itemsize != len(data):
        raise ValueError(f"{name!r} holds other numbers than it announces")
    return np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C")
