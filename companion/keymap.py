"""Which key does what: the table, the listener's own changes to it, and what is said of a key."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from companion.errors import SettingsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PRACTISE = "practise_keys"
PAUSE_OR_RESUME = "pause_or_resume"
"""Settled by what is going on."""
DEFAULT: Mapping[str, str] = MappingProxyType(
    {
        " ": PAUSE_OR_RESUME,
        "c": "resume",
        "n": "next",
        "p": "previous",
        ".": "next_sentence",
        ",": "previous_sentence",
        "r": "repeat",
        "s": "stop",
        "m": "more",
        "f": "faster",
        "d": "slower",
        "+": "louder",
        "-": "quieter",
        "w": "where_am_i",
        "o": "source",
        "e": "spell",
        "l": "list_questions",
        "a": "read_facts",
        "y": "yes",
        "x": "no",
        "t": "listen",
        "z": "stop_listening",
        "k": PRACTISE,
        "h": "help",
        "?": "help",
        "q": "quit",
    }
)
"""Key to command id. Digits are not in it: they always choose by number."""
NAMES = {
    " ": "Space", "?": "Question mark", "+": "Plus", "-": "Minus", ".": "Full stop", ",": "Comma",
}  # fmt: skip
_SAID = {
    PAUSE_OR_RESUME: "pause, or go on",
    "resume": "continue",
    "where_am_i": "where am I",
    "read_facts": "read the facts",
    "listen": "listen to me now",
    "quit": "goodbye",
}
_EXAMPLE = '[keys] and lines such as "j" = "next"'


def load_keys(path: Path) -> Mapping[str, str]:
    """The table with the listener's own file on top.

    The file is TOML: a table ``keys`` of single characters and what they do, as in `DEFAULT`; "none" takes a key away.

    Args:
        path: ``keys.toml`` in the folder of settings; where there is none, the table is the default.

    Raises:
        SettingsError: It can't be read, a key is not one character or is a digit, or what it shall do is unknown.

    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return DEFAULT
    except (OSError, ValueError) as error:
        raise SettingsError(f"The keys in {path} can't be read ({error}).", f"Write {_EXAMPLE}.") from error
    own = raw.get("keys")
    if not isinstance(own, dict) or set(raw) != {"keys"}:
        raise SettingsError(f"The file {path} has no table of keys alone.", f"Write {_EXAMPLE}.")
    table = dict(DEFAULT)
    for key, command in own.items():
        if len(key) != 1 or key.isdecimal() or not key.isprintable():
            raise SettingsError(f"In {path}, {key!r} is not a key.", "A key is one character, and no digit.")
        if command != "none" and command not in DEFAULT.values():
            known = ", ".join(sorted(set(DEFAULT.values())))
            raise SettingsError(f"In {path}, {command!r} is nothing a key can do.", f"There are: none, {known}.")
        table.pop(key, None)
        if command != "none":
            table[key] = command
    return table


def describe(key: str, table: Mapping[str, str]) -> str:
    """What a key does, as a sentence."""
    name = NAMES.get(key, key.upper())
    if key.isdecimal() and key != "0":
        return f"{name}: choose number {key}."
    return f"{name}: {_said(table[key])}." if key in table else f"{name}: nothing."


def spoken_list(table: Mapping[str, str] = DEFAULT) -> str:
    """The keys in one sentence each."""
    return " ".join(describe(key, table) for key in table)


def _said(command: str) -> str:
    return _SAID.get(command, command.replace("_", " "))
