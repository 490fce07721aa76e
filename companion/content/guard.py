"""What no pack can take away: the signs of danger, the replies to them, and how those are said aloud."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from companion.content.types import Pack, UrgentRule
from companion.text.lexicon import Lexicon

_DIGITS = {
    word: str(digit) for digit, word in enumerate("zero one two three four five six seven eight nine".split())
} | {"oh": "0"}
_CALL = frozenset(
    "a ambulance an any anyone at call called calling danger dial do don't emergency if in is line may never no not "
    "now number on or phone please ring someone text the them to today urgent you your".split()
)
"""Words that a sentence about an emergency is made of, whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What the bundled pack says of emergencies."""

    rules: tuple[UrgentRule, ...]
    emergency: str
    speech: Mapping[str, Mapping[str, str]]


def floored(rules: Iterable[UrgentRule], floor: Iterable[UrgentRule]) -> tuple[UrgentRule, ...]:
    """The rules of a pack, none of the bundled ones missing or weakened.

    A rule with the id of a bundled one keeps its own reply, and its signs are added to the bundled ones.
    """
    out = {rule.id: rule for rule in rules}
    for base in floor:
        mine = out.get(base.id)
        if mine is None:
            # Its sources stand in the bundled pack's list, which this pack may not have.
            out[base.id] = replace(base, sources=())
        else:
            out[base.id] = replace(
                mine,
                signs=tuple(dict.fromkeys((*mine.signs, *base.signs))),
                prototypes=tuple(dict.fromkeys((*mine.prototypes, *base.prototypes))),
                always=mine.always or base.always,
            )
    return tuple(out.values())


def names_whom_to_call(sentence: str) -> bool:
    """Whether a sentence holds a number or the word "emergency"."""
    return bool(re.search(r"\d\d", sentence)) or "emergency" in sentence.lower()


def silenced(pack: Pack, floor: Floor) -> tuple[tuple[str, str], ...]:
    """Entries of a pack's ``speech`` that would change what is said aloud in an emergency.

    What is shown stays right, but a listener who can't see goes by the voice.

    Returns:
        (engine, text) of each such entry.

    """
    found = []
    for engine, sayings in pack.speech.items():
        for text, said in sayings.items():
            bundled = any(said == known.get(text) for known in floor.speech.values())
            if not bundled and not _same_digits(text, said) and _changes(text, pack, floor):
                found.append((engine, text))
    return tuple(found)


def _changes(text: str, pack: Pack, floor: Floor) -> bool:
    # A replacement that no text holds, so that it is seen wherever it is put in.
    lexicon = Lexicon({text: "\ue000"})
    if any("\ue000" in lexicon.apply(s) for s in (floor.emergency, *(r.reply for r in floor.rules))):
        return True
    # A clinic's own sentence may hold names that need a respelling; the words that make it a warning stay.
    plain = all(w in _CALL or any(c.isdigit() for c in w) for w in re.findall(r"[\w']+", text.lower()))
    return plain and "\ue000" in lexicon.apply(pack.emergency)


def _same_digits(text: str, said: str) -> bool:
    """Whether "911" is only read digit by digit."""
    if not re.fullmatch(r"[\d\s-]+", text):
        return False
    words = re.findall(r"[a-z]+|\d", said.lower())
    return "".join(_DIGITS.get(w, w) for w in words) == "".join(re.findall(r"\d", text))
