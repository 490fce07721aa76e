"""Coarse sound of words, for what a recogniser made of a name it doesn't know: "ours cog" for "Aarskog"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import jellyfish

_REPEATED = re.compile(r"(.)\1+")
# Metaphone's letters folded to the classes that recognisers mix up: voiced with unvoiced, the hissing ones, the
# nasals; vowels and glides go.
_FOLD = str.maketrans(
    {"B": "P", "V": "F", "D": "T", "0": "T", "X": "S", "J": "S", "Z": "S", "G": "K", "M": "N"}
    | dict.fromkeys("HWYAEIOU")
)
# Letters to the same classes in order, keeping where vowels stand: what Metaphone throws away.
_LETTERS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("ph", "f"), ("gh", ""), ("tch", "s"), ("sch", "sk"), ("ch", "k"), ("sh", "s"), ("th", "t"), ("ck", "k"),
        ("qu", "kw"), ("x", "ks"), ("c(?=[eiy])", "s"), ("c", "k"), ("g(?=[eiy])", "s"), ("dg", "s"),
        ("[jz]", "s"), ("v", "f"), ("b", "p"), ("d", "t"), ("[gq]", "k"), ("h", ""), ("m", "n"),
        ("ti(?=[ao])", "s"), ("[aeiouyw]+", "a"),
    )
)  # fmt: skip


@lru_cache(maxsize=50_000)
def metaphone(word: str) -> str:
    """The word's Metaphone code (Philips, 1990)."""
    return jellyfish.metaphone(word)


@lru_cache(maxsize=50_000)
def _skeleton(word: str) -> str:
    return metaphone(word).translate(_FOLD)


@lru_cache(maxsize=50_000)
def _outline(word: str) -> str:
    for pattern, sound in _LETTERS:
        word = pattern.sub(sound, word)
    return word


def skeleton(words: Sequence[str]) -> str:
    """Consonant classes of the words run together, none twice in a row: no sign of where a word ended."""
    return _REPEATED.sub(r"\1", "".join(map(_skeleton, words)))


def outline(words: Sequence[str]) -> str:
    """As ``skeleton``, from the letters, with an "a" for each run of vowels."""
    return _REPEATED.sub(r"\1", "".join(map(_outline, words)))
