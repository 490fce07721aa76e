"""Finding a decoding graph that was cut short, where no checksum is at hand.

libvosk loads an ``HCLr.fst`` whose look-ahead table was cut, and then hears wrong words without any sign. The layout
is OpenFst's: a header, a const FST (20 bytes a state, 16 an arc), and per state the intervals of labels that it
reaches. Whatever is laid out otherwise gets no verdict, so that a good model is never refused.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

FST_MAGIC = 2_125_659_606
ADD_ON_MAGIC = 446_681_434
STATE_BYTES = 20
ARC_BYTES = 16
HAS_SYMBOLS_OR_ALIGNMENT = 0x1 | 0x2 | 0x4
BEFORE_TABLE = b"\x01\x00\x01\x00\x00"
"""Flags of the two look-ahead sides, as they stand before the output side's table."""


class _CutError(Exception):
    """The file ends too early."""


class _Reader:
    def __init__(self, content: mmap.mmap) -> None:
        self.content = content
        self.at = 0

    def take(self, layout: struct.Struct) -> tuple[int, ...]:
        start = self.at
        self.skip(layout.size)
        return layout.unpack_from(self.content, start)

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self.content):
            raise _CutError


_INT32, _INT64 = struct.Struct("<i"), struct.Struct("<q")
_AFTER_TYPES = struct.Struct("<iiQqqq")
"""Version, flags, properties, start, states, arcs."""


def _header(reader: _Reader) -> tuple[str, int, int, int] | None:
    """Kind, flags, states, arcs; None when it is no FST."""
    if reader.take(_INT32)[0] != FST_MAGIC:
        return None
    kinds = []
    for _ in range(2):
        (length,) = reader.take(_INT32)
        if not 0 < length < 100:
            return None
        start = reader.at
        reader.skip(length)
        kinds.append(reader.content[start : reader.at].decode("ascii", "replace"))
    _, flags, _, _, states, arcs = reader.take(_AFTER_TYPES)
    return kinds[0], flags, states, arcs


def _graph(reader: _Reader) -> tuple[str, int] | None:
    """Skip the const FST; the outer kind and the number of states, None for an unknown layout."""
    outer = inner = _header(reader)
    if outer is None or outer[1] & HAS_SYMBOLS_OR_ALIGNMENT:
        return None
    if outer[0] == "olabel_lookahead" and reader.take(_INT32)[0] == ADD_ON_MAGIC:
        inner = _header(reader)
    if inner is None or inner[0] != "const" or inner[1] & HAS_SYMBOLS_OR_ALIGNMENT or min(inner[2:]) < 0:
        return None
    reader.skip(inner[2] * STATE_BYTES + inner[3] * ARC_BYTES)
    return outer[0], inner[2]


def _walk(reader: _Reader) -> None:
    """Read to the end of what is understood."""
    found = _graph(reader)
    if found is None or found[0] != "olabel_lookahead":
        return
    start = reader.at
    reader.skip(len(BEFORE_TABLE) + _INT32.size)
    if reader.content[start : start + len(BEFORE_TABLE)] != BEFORE_TABLE:
        return
    (states,) = reader.take(_INT64)
    if states != found[1]:
        return
    for _ in range(states):
        (intervals,) = reader.take(_INT64)
        if intervals < 0:
            return
        reader.skip(intervals * 2 * _INT32.size + _INT32.size)


def is_cut(graph: Path) -> bool:
    """True when the graph surely ends too early; False when it is whole, or of a layout that is not known here.

    Raises:
        OSError: The file can't be read.

    """
    if not graph.stat().st_size:
        return True
    # Mapped, not read: the graph of a large model takes a gigabyte.
    with graph.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            _walk(_Reader(content))
        except _CutError:
            return True
    return False
