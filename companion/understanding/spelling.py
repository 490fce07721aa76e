"""Typing slips: a word that is no English word, one or two keys away from one that matters here."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from rapidfuzz.distance import OSA

SHORTEST = 4
"""Letters; shorter words are near to everything."""
LONG = 8
"""From so many letters on, two slips are mended instead of one."""
SLIP_COST = 0.15
"""Repair cost of one slip, on the scale of ``vocabulary.Concept.cost``."""


class Speller:
    """Mends slips of the given words, and of no others. Frozen after construction."""

    def __init__(self, words: Iterable[str]) -> None:
        """Sort the words by length, so that a look-up compares few."""
        self._by_length: dict[int, list[str]] = {}
        for word in sorted(set(words)):
            if len(word) >= SHORTEST:
                self._by_length.setdefault(len(word), []).append(word)

    def mend(self, word: str) -> tuple[str, float]:
        """The word meant and the cost of the repair; the word itself and 0.0 where none is near.

        The distance is that of optimal string alignment (two letters swapped count once).
        """
        if len(word) < SHORTEST or is_english(word):
            return word, 0.0
        allowed = 1 if len(word) < LONG else 2
        best, distance = word, allowed + 1
        for length in range(len(word) - allowed, len(word) + allowed + 1):
            for candidate in self._by_length.get(length, ()):
                d = OSA.distance(word, candidate, score_cutoff=allowed)
                if d < distance or (d == distance and candidate[0] == word[0] and best[0] != word[0]):
                    best, distance = candidate, d
        return (best, SLIP_COST * distance) if distance <= allowed else (word, 0.0)


@cache
def _english() -> frozenset[str]:
    """The words of the pronouncing dictionary that comes with PocketSphinx; empty where it isn't installed.

    Read as a file: the recogniser itself is not imported. Without it a rare English word may be taken for a
    slip of a pack's word, which the repair's cost still keeps from being answered at once.
    """
    spec = importlib.util.find_spec("pocketsphinx")
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place) / "model" / "en-us" / "cmudict-en-us.dict"
        if path.is_file():
            with path.open(encoding="utf-8", errors="replace") as lines:
                return frozenset(line.split(None, 1)[0] for line in lines if line.strip())
    return frozenset()


_MONEY = frozenset({"fiver", "fivers", "tenner", "tenners"})
"""British, and not in that dictionary: no slip of "fever"."""


def is_english(word: str) -> bool:
    """Whether the word stands in the dictionary; False for nearly all where there is none."""
    return word in _MONEY or word in _english()
