"""A look at the header of a classic netCDF file before its library reads it: that trusts the counts in it, and ends the
process where there is no memory for what they announce.

Layout: "The netCDF Classic Format Specification" (Unidata), and CDF-5 with numbers of 64 bits.
"""

from __future__ import annotations

_VERSIONS = {b"CDF\x01": (4, 4), b"CDF\x02": (4, 8), b"CDF\x05": (8, 8)}  # bytes of a count, and of a place in the file
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}  # bytes of a value by its type
_LEAST = 8  # bytes of a dimension, an attribute or a variable


def is_netcdf(head: bytes) -> bool:
    """Whether the beginning of a file makes it a classic netCDF file."""
    return head[:4] in _VERSIONS


def check_netcdf(head: bytes) -> None:
    """Raise ValueError where lists in a header announce more than ``head``, which holds all of it, has room for."""
    walk = _Walk(head)
    walk.number(walk.count)  # records
    for _ in range(walk.entries()):  # dimensions
        walk.name()
        walk.number(walk.count)
    walk.attributes()
    for _ in range(walk.entries()):  # variables
        walk.name()
        walk.skip(walk.number(walk.count) * walk.count)
        walk.attributes()
        walk.skip(4 + walk.count + walk.place)


class _Walk:
    def __init__(self, head: bytes) -> None:
        self.count, self.place = _VERSIONS[head[:4]]
        self._head, self._at = head, 4

    def number(self, size: int) -> int:
        self.skip(size)
        return int.from_bytes(self._head[self._at - size : self._at], "big")

    def skip(self, size: int) -> None:
        self._at += size
        if self._at > len(self._head):
            raise ValueError("its header announces more than it holds")

    def entries(self) -> int:
        """Length of the list that begins here."""
        self.skip(4)  # its kind
        length = self.number(self.count)
        if length > (len(self._head) - self._at) // _LEAST:
            raise ValueError("its header announces more than it holds")
        return length

    def name(self) -> None:
        self._padded(self.number(self.count))

    def attributes(self) -> None:
        for _ in range(self.entries()):
            self.name()
            kind = self.number(4)
            if kind not in _SIZES:
                raise ValueError("its header names an unknown type")
            self._padded(self.number(self.count) * _SIZES[kind])

    def _padded(self, size: int) -> None:
        self.skip(-(-size // 4) * 4)
