"""A decoding graph that was cut is found without a checksum, wherever the cut lies."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from companion.graph_check import ADD_ON_MAGIC, BEFORE_TABLE, FST_MAGIC, is_cut
from companion.model_check import vosk_problem

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "models" / "vosk-mini-en-us"


def header(kind: bytes, flags: int = 0) -> bytes:
    names = struct.pack("<i", len(kind)) + kind + struct.pack("<i", 8) + b"standard"
    return struct.pack("<i", FST_MAGIC) + names + struct.pack("<iiQqqq", 1, flags, 0, 0, 3, 2)


def graph(flags: int = 0) -> bytes:
    """Three states, two arcs, and intervals for each state."""
    body = b"s" * 60 + b"a" * 32
    table = struct.pack("<iq", 9, 3) + b"".join(struct.pack("<qiii", 1, 2, 3, 1) for _ in range(3))
    return (
        header(b"olabel_lookahead", flags)
        + struct.pack("<i", ADD_ON_MAGIC)
        + header(b"const")
        + body
        + BEFORE_TABLE
        + table
    )


def test_every_cut(tmp_path: Path) -> None:
    file, whole = tmp_path / "HCLr.fst", graph()
    file.write_bytes(whole)
    assert not is_cut(file)
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert is_cut(file), length


def test_an_unknown_layout_gets_no_verdict(tmp_path: Path) -> None:
    file = tmp_path / "HCLr.fst"
    for content in (
        graph(flags=4)[:-10],
        b"something else of some length",
        graph().replace(BEFORE_TABLE, b"\1\1\1\1\1")[:-10],
    ):
        file.write_bytes(content)
        assert not is_cut(file)


@pytest.mark.skipif(not REAL.is_dir(), reason="the small Vosk model of ../shared is not here")
@pytest.mark.parametrize("name", ["HCLr.fst", "Gr.fst"])
def test_a_real_model(tmp_path: Path, name: str) -> None:
    assert vosk_problem(REAL) is None
    for source in REAL.rglob("*"):
        if source.is_file():
            copy = tmp_path / source.relative_to(REAL)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    assert vosk_problem(tmp_path) is None
    file = tmp_path / "graph" / name
    whole = file.read_bytes()
    for length in (len(whole) - 1, len(whole) * 3 // 4, len(whole) // 2, 50, 1):
        file.write_bytes(whole[:length])
        assert vosk_problem(tmp_path) == f"graph/{name} is cut short"


def test_kinds_and_counts_that_no_model_has_get_no_verdict(tmp_path: Path) -> None:
    file = tmp_path / "HCLr.fst"
    whole = graph()
    number = struct.pack("<q", 3)
    table = whole.index(BEFORE_TABLE) + len(BEFORE_TABLE) + 4
    assert whole[table : table + 8] == number
    for content in (
        struct.pack("<ii", FST_MAGIC, 5_000) + whole[8:],  # the length of a kind's name
        header(b"const") + b"s" * 60 + b"a" * 32,  # a plain graph has no table
        whole[:table] + struct.pack("<q", 4) + whole[table + 8 :],  # not the graph's own number of states
        whole[: table + 8] + struct.pack("<q", -1) + whole[table + 16 :],
    ):
        file.write_bytes(content)
        assert not is_cut(file)
    file.write_bytes(b"")
    assert is_cut(file)
