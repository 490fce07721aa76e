"""WordPiece for uncased BERT vocabularies, read from a ``tokenizer.json``.

The package ``tokenizers`` does the same, but brings an HTTP stack and a hub client along (some 30 MB), which a
program that promises to stay offline should not carry. The results are equal to its own: see the tests.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from companion.errors import ModelError

MAX_CHARS = 10_000
"""Characters of a text that are read; far more than ``max_tokens`` pieces of any real sentence."""
MAX_WORD = 100
"""A longer word becomes one [UNK], as in the reference implementation of BERT."""
MAX_FILE_BYTES = 50_000_000

_ASCII_PIECES = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")
# Control, format, private use, surrogates; code points not yet assigned stay.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs"})
# The ranges that BERT sets apart, character by character: CJK ideographs.
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPiece:
    """Cuts text into the pieces of one vocabulary. Markers such as ``[SEP]`` inside a text count as plain text."""

    def __init__(self, tokenizer_json: Path) -> None:
        """Read the vocabulary.

        Raises:
            ModelError: The file is missing, is not a tokenizer of this kind, or lacks a special token.

        """
        try:
            if tokenizer_json.stat().st_size > MAX_FILE_BYTES:
                raise ValueError("it is far too large")
            raw = json.loads(tokenizer_json.read_text(encoding="utf-8"))
            model = raw["model"]
            if model["type"] != "WordPiece" or model["continuing_subword_prefix"] != "##":
                raise ValueError("it is of another kind")
            vocabulary = model["vocab"]
            self.cls, self.sep, self.unknown = (int(vocabulary[t]) for t in ("[CLS]", "[SEP]", "[UNK]"))
            if not all(isinstance(i, int) and 0 <= i < len(vocabulary) for i in vocabulary.values()):
                raise ValueError("its numbers are out of order")
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ModelError(
                f"The tokenizer {tokenizer_json} can't be used ({type(error).__name__}).",
                "Fetch the model again: companion model fetch minilm",
            ) from error
        self.size = len(vocabulary)
        """Number of pieces; every id is below it."""
        self._start: dict[str, int] = {p: i for p, i in vocabulary.items() if not p.startswith("##")}
        self._inside: dict[str, int] = {p[2:]: i for p, i in vocabulary.items() if p.startswith("##")}
        self._known: dict[str, tuple[int, ...]] = {}

    def encode(self, text: str, max_tokens: int) -> list[int]:
        """Ids of the pieces with [CLS] before and [SEP] after, at most ``max_tokens`` (2 or more) in all."""
        ids: list[int] = []
        for word in split_words(text):
            if len(ids) >= max_tokens - 2:
                break
            ids.extend(self.pieces(word))
        return [self.cls, *ids[: max_tokens - 2], self.sep]

    def pieces(self, word: str) -> Sequence[int]:
        """Ids of one word as ``split_words`` gives it; [UNK] alone where no pieces cover it."""
        known = self._known.get(word)
        if known is None:
            known = tuple(self._cut(word))
            if len(self._known) < 50_000:  # a bound on memory, whatever is typed
                self._known[word] = known
        return known

    def _cut(self, word: str) -> list[int]:
        """Greedy, longest piece first."""
        if len(word) > MAX_WORD:
            return [self.unknown]
        ids, at, table = [], 0, self._start
        while at < len(word):
            end = len(word)
            while end > at and word[at:end] not in table:
                end -= 1
            if end == at:
                return [self.unknown]
            ids.append(table[word[at:end]])
            at, table = end, self._inside
        return ids


def split_words(text: str) -> list[str]:
    """Words and single punctuation marks, lower-case, without accents: BERT's normaliser and pre-tokeniser."""
    text = text[:MAX_CHARS]
    if text.isascii():
        kept = text.lower()
        if not kept.isprintable():
            kept = "".join(c for c in kept if c.isprintable() or c in "\t\n\r")
        return _ASCII_PIECES.findall(kept)
    out: list[str] = []
    for c in text:
        if c in "\t\n\r":
            out.append(" ")
        elif c == "\ufffd" or unicodedata.category(c) in _UNSEEN:
            continue
        elif c.isspace():
            out.append(" ")
        else:
            out.append(f" {c} " if _is_ideograph(ord(c)) else c)
    decomposed = unicodedata.normalize("NFD", "".join(out))
    bare = (c for c in decomposed if unicodedata.category(c) != "Mn")
    # Letter by letter: a final sigma is not treated apart.
    lowered = "".join(c.lower() for c in bare)
    return "".join(f" {c} " if _is_punctuation(c) else c for c in lowered).split()


def _is_ideograph(point: int) -> bool:
    return any(low <= point <= high for low, high in _IDEOGRAPHS)


def _is_punctuation(c: str) -> bool:
    """All of ASCII that is neither letter, digit nor space counts, "$" and "^" too."""
    if c.isascii():
        return c.isprintable() and not c.isalnum() and c != " "
    return unicodedata.category(c)[0] == "P"
