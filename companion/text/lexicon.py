"""Speech lexicons: what the voice is given in place of a word it says wrongly. Never for display."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

EVERY_ENGINE = "all"
"""The map in a pack's ``speech`` that holds for every engine."""


class Lexicon:
    """Replaces whole words and phrases, in any case, the longest first, each stretch of text once.

    Args:
        sayings: Text to what the voice is given ("metastasis" to "muh tass tuh siss"). Case and the amount of
            white space in the text do not matter. An empty text is ignored; an empty replacement drops the
            word.

    """

    def __init__(self, sayings: Mapping[str, str]) -> None:
        """Compile all entries into one expression, so that a replacement is never looked at again."""
        self._sayings: dict[str, str] = {}
        for text, said in sayings.items():
            key = _key(text)
            if key:
                self._sayings[key] = " ".join(said.split())
        ordered = sorted(self._sayings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_expression, ordered)), re.IGNORECASE) if ordered else None

    @classmethod
    def for_engine(cls, speech: Mapping[str, Mapping[str, str]], engine: str) -> Lexicon:
        """The lexicon of one engine: the map "all", overruled by the engine's own.

        Args:
            speech: Engine name ("espeak", "sapi5", "nsss", "all") to {text: what the voice is given}.
            engine: The engine that will speak. Without a map of its own only "all" holds.

        """
        merged = {_key(text): said for text, said in speech.get(EVERY_ENGINE, {}).items()}
        merged.update((_key(text), said) for text, said in speech.get(engine, {}).items())
        return cls(merged)

    def __len__(self) -> int:
        """The number of entries."""
        return len(self._sayings)

    def apply(self, text: str) -> str:
        """The text as the voice is to be given it; unchanged where no entry matches."""
        if self._pattern is None:
            return text
        said = self._pattern.sub(
            lambda match: self._sayings.get(_key(match[0]), match[0]), unicodedata.normalize("NFC", text)
        )
        return said if said.strip() else text


def _key(text: str) -> str:
    # lower(), not casefold(): it keeps the length of what re.IGNORECASE matched.
    return " ".join(unicodedata.normalize("NFC", text).lower().split())


def _expression(key: str) -> str:
    """Whole words only; digits also keep clear of the rest of a longer number ("911" in "1,911.5")."""
    body = r"\s+".join(re.escape(part) for part in key.split(" "))
    before = r"(?<!\w)" + (r"(?<!\d[.,])" if key[0].isdigit() else "") if _is_word(key[0]) else ""
    after = r"(?!\w)" + (r"(?![.,]\d)" if key[-1].isdigit() else "") if _is_word(key[-1]) else ""
    return f"{before}{body}{after}"


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
