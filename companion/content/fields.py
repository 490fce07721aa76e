"""Typed access to a pack's tables; faults are gathered, not thrown, so that a check can name them all."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import Any

from companion.content.raw import Table

_ID = re.compile(r"[a-z0-9][a-z0-9-]*\Z")
# A text of a pack is one piece of speech; control characters in it could steer a terminal.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_SPOKEN = re.compile(r"[a-z']+(?: [a-z']+)*\Z")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a pack."""

    what: str
    """Starts with the file and the line."""
    to_do: str


@dataclass(slots=True)
class Problems:
    """The faults found so far."""

    found: list[Problem] = field(default_factory=list)

    def add(self, where: str, what: str, to_do: str) -> None:
        """Note a fault. ``what`` and ``to_do`` come without their full stop."""
        self.found.append(Problem(f"{where}: {what}.", f"{to_do}."))


class Fields:
    """The values of one table, checked as they are taken."""

    def __init__(self, table: Table, problems: Problems) -> None:
        self.table = table
        self._problems = problems

    def problem(self, key: str, what: str, to_do: str) -> None:
        """Note a fault of a key."""
        self._problems.add(self.table.at(key), what, to_do)

    def allow(self, *keys: str) -> None:
        """Every other key is a fault: a mistyped one would otherwise lose its text silently."""
        for key in self.table.values:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                hint = f"Did you mean {near[0]}" if near else "Use " + ", ".join(keys) if keys else "Take it out"
                self.problem(key, f'"{key}" is not known here', hint)

    def text(self, key: str, default: Any = _MISSING) -> str:
        """A text, blanks folded; "" is a fault unless it is the default."""
        value = self.table.values.get(key, default)
        if value is _MISSING:
            self.problem(key, f"{key} is missing", f'Add a line {key} = "…"')
            return ""
        if not isinstance(value, str):
            self.problem(key, f"{key} must be a text", f'Put it in quotes: {key} = "…"')
            return ""
        if default is _MISSING and not value.strip():
            self.problem(key, f"{key} is empty", "Write a text between the quotes")
        if _CONTROL.search(value):
            self.problem(key, f"{key} holds a control character", "Retype that text")
        return " ".join(value.split())

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; () when the key is missing."""
        value = self.table.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.problem(key, f"{key} must be a list of texts", f'Write {key} = ["…", "…"]')
            return ()
        if any(not v.strip() for v in value):
            self.problem(key, f"{key} holds an empty text", "Take it out")
        if any(_CONTROL.search(v) for v in value):
            self.problem(key, f"{key} holds a control character", "Retype that text")
        return tuple(" ".join(v.split()) for v in value)

    def groups(self, key: str) -> tuple[tuple[str, ...], ...]:
        """A list of lists of texts; () when the key is missing."""
        value = self.table.values.get(key, [])
        if not isinstance(value, list) or not all(
            isinstance(v, list) and v and all(isinstance(w, str) for w in v) for v in value
        ):
            self.problem(key, f"{key} must be a list of lists of words", f'Write {key} = [["…", "…"], ["…", "…"]]')
            return ()
        return tuple(tuple(v) for v in value)

    def all_text(self) -> dict[str, str]:
        """Every key of the table with its text."""
        return {key: self.text(key) for key in self.table.values}

    def all_texts(self) -> dict[str, tuple[str, ...]]:
        """Every key of the table with its list of texts."""
        return {key: self.texts(key) for key in self.table.values}

    def spellings(self) -> dict[str, tuple[str, ...]]:
        """Every key, which is one word, with the spellings it sounds like: lower-case words of letters alone."""
        out = {}
        for key, ways in self.all_texts().items():
            plain = tuple(w.lower() for w in ways)
            if not _SPOKEN.match(key.lower()) or " " in key:
                self.problem(key, f'"{key}" is not one word of letters', "Write one word of the pack")
            elif not ways and isinstance(self.table.values[key], list):
                self.problem(key, f"{key} has no spelling", f'Write {key} = ["…"] in words that sound like it')
            for way in plain:
                if way == key.lower():
                    self.problem(key, f"{key} is spelled as itself", "Spell it by other words that sound like it")
                elif way and not _SPOKEN.match(way):
                    self.problem(
                        key, f'the spelling "{way}" has more than letters and blanks', "Write words as they are said"
                    )
            out[key.lower()] = plain
        return out

    def flag(self, key: str) -> bool:
        """True or false; false when the key is missing."""
        value = self.table.values.get(key, False)
        if not isinstance(value, bool):
            self.problem(key, f"{key} must be true or false", f"Write {key} = true")
            return False
        return value

    def id(self) -> str:
        """The entry's id."""
        value = self.text("id")
        if value and not _ID.match(value):
            self.problem(
                "id", f'the id "{value}" may only have a to z, 0 to 9 and "-"', 'Write for example id = "what"'
            )
        return value

    def at_most_words(self, key: str, limit: int) -> None:
        """A text longer than ``limit`` words is a fault."""
        value = self.table.values.get(key)
        if isinstance(value, str) and len(value.split()) > limit:
            self.problem(key, f"{key} has {len(value.split())} words, at most {limit} may be", "Move the rest to more")
