"""A pack's files as written: TOML tables that remember where they stand.

TOML was chosen over YAML because nothing depends on indentation (which a screen reader doesn't read out),
every text stands in quotes (so ``no`` stays a word), there are no anchors (so no file can blow up), and
Python reads it without help.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from companion.errors import PackError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_BYTES = 64 * 1024 * 1024
"""Bytes of one file. A pack of 50,000 entries has about 20 million; more is a mistake."""

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?")
_KEY = re.compile(r"""^\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*=""")


@dataclass(frozen=True, slots=True)
class Table:
    """One TOML table with its place."""

    values: Mapping[str, Any]
    file: str
    """The file's name, for messages."""
    line: int
    """Line of the table's head, counted from 1."""
    key_lines: Mapping[str, int] = field(default_factory=dict)

    def at(self, key: str | None = None) -> str:
        """Where it stands: ``questions.toml, line 12``."""
        return f"{self.file}, line {self.key_lines.get(key or '', self.line)}"


@dataclass(frozen=True, slots=True)
class RawFile:
    """A parsed file: the keys at its top, its single tables, its lists of tables."""

    top: Table
    tables: Mapping[str, Table]
    lists: Mapping[str, tuple[Table, ...]]


def read_raw(path: Path, data: bytes) -> RawFile:
    """Parse ``data``, the content of ``path``.

    Raises:
        PackError: Not UTF-8, not TOML, or larger than ``MAX_BYTES``; names the file and, where known, the line.

    """
    name = path.name
    if len(data) > MAX_BYTES:
        raise PackError(f"{name} is larger than {MAX_BYTES // 1024 // 1024} MB.", "Split the pack or make it smaller.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        line = data[: err.start].count(b"\n") + 1
        raise PackError(
            f"{name}, line {line}: a character is not UTF-8.", "Save the file with the encoding UTF-8."
        ) from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise PackError(
            f"{name}, {_plain_toml_error(str(err), text)}.", "Mend that line: texts stand in quotes, lists in brackets."
        ) from None
    except RecursionError:
        raise PackError(f"{name}: lists are nested too deeply.", "Write flat lists of texts.") from None
    return _with_lines(name, text, values)


def _plain_toml_error(message: str, text: str) -> str:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    if not found:
        # "(at end of document)": a bracket or quote is never closed.
        what = message.partition(" (")[0].rstrip(".")
        return f"line {text.rstrip().count(chr(10)) + 1}: {what[:1].lower()}{what[1:]} at the end of the file"
    what = message[: found.start()].strip().rstrip(".")
    return f"line {found[1]}, column {found[2]}: {what[:1].lower()}{what[1:]}"


def _with_lines(name: str, text: str, values: Mapping[str, Any]) -> RawFile:
    heads: dict[str, list[tuple[int, dict[str, int]]]] = {"": [(1, {})]}
    current = heads[""][0][1]
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:
            if closing in line:
                closing = ""
            continue
        if found := _HEADER.match(line):
            current = {}
            heads.setdefault(found[2], []).append((number, current))
        elif name_of := _KEY.match(line):
            current.setdefault(name_of[1] or name_of[2] or name_of[3] or "", number)
        for quotes in ('"""', "'''"):
            if line.count(quotes) % 2:
                closing = quotes

    def place(table: str, index: int) -> tuple[int, dict[str, int]]:
        found = heads.get(table, [])
        return found[index] if index < len(found) else (1, {})

    tables: dict[str, Table] = {}
    lists: dict[str, tuple[Table, ...]] = {}
    top: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            at, keys = place(key, 0)
            tables[key] = Table(value, name, at, keys)
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            lists[key] = tuple(Table(v, name, *place(key, i)) for i, v in enumerate(value))
        else:
            top[key] = value
    return RawFile(Table(top, name, *heads[""][0]), tables, lists)
