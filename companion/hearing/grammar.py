"""What libvosk is told to listen for: phrases in words that the model has, and what those words mean.

A model that lacks a word drops it from a grammar without a sign, and "what is metastasis" becomes "what is". Such a
word is spelled by others that sound like it ("meta stay sis") and put back into the text that is heard. Decoys are the
other way round: words that nobody is asked for, so that what is none of the pack's has somewhere to go.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import jellyfish
from rapidfuzz.distance import Levenshtein

from companion.events import Hypothesis, Word

UNKNOWN = "[unk]"
SPELLINGS = 3
"""Ways to spell one word that are used at most; the author's first ones."""
WAYS = 9
"""Ways to spell one phrase that are used at most."""
ALIKE = 0.75
"""Likeness of two Metaphone codes (1 less their normalised Levenshtein distance) from which words sound alike."""
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """Phrases for libvosk and the way back."""

    phrases: tuple[str, ...]
    """In words that the model has, decoys among them; what libvosk is given, ``[unk]`` apart."""
    known: frozenset[str]
    """The phrases that can be heard, as they are meant."""
    left_out: tuple[str, ...] = ()
    """Phrases that can't be heard: the model lacks a word, and no spelling helps."""
    meant: Mapping[Row, str] = field(default_factory=dict)
    """Spelling, word by word, to the word that is meant."""
    decoys: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    """Words of spellings that stand in no phrase: by themselves they are no words."""

    def split(self, text: str, *, partial: bool = False) -> tuple[str, bool]:
        """The text as it is meant, without ``[unk]``, decoys and pieces of spellings, and whether there were none.

        Args:
            text: As libvosk writes it.
            partial: More may come: the beginning of a spelling at the end is no word yet, and what follows a piece of
                one may still become another word.

        """
        heard = text.split()
        if partial:
            heard = heard[: len(heard) - self._begun(heard)]
        words = [w for w, _, _ in self._whole([w for w in heard if not self._nothing(w)])]
        cut = next((n for n, w in enumerate(words) if w in self.parts), len(words)) if partial else len(words)
        kept = [w for w in words[:cut] if w not in self.parts]
        return " ".join(kept), len(kept) == len(words) and not any(map(self._nothing, heard))

    def words(self, heard: Sequence[Word]) -> tuple[Word, ...]:
        """The words as they are meant, from the first part's start to the last one's end, as sure as the worst."""
        kept = [w for w in heard if not self._nothing(w.text)]
        out = []
        for text, start, end in self._whole([w.text for w in kept]):
            if text in self.parts:
                continue
            parts = kept[start:end]
            sure = [w.confidence for w in parts if w.confidence is not None]
            out.append(Word(text, parts[0].start, parts[-1].end, min(sure) if sure else None))
        return tuple(out)

    def _nothing(self, word: str) -> bool:
        return word == UNKNOWN or word in self.decoys

    def _whole(self, words: Sequence[str]) -> list[tuple[str, int, int]]:
        """Words with spellings put back, each with where it began and ended; the longest spelling first."""
        longest = max(map(len, self.meant), default=1)
        out, at = [], 0
        while at < len(words):
            size = next((n for n in range(longest, 0, -1) if tuple(words[at : at + n]) in self.meant), 0)
            out.append((self.meant[tuple(words[at : at + size])] if size else words[at], at, at + max(size, 1)))
            at += max(size, 1)
        return out

    def _begun(self, words: Sequence[str]) -> int:
        """How many words at the end are the beginning of a spelling, and not all of one."""
        longest = max(map(len, self.meant), default=1)
        for n in range(min(longest - 1, len(words)), 0, -1):
            tail = tuple(words[-n:])
            if tail not in self.meant and any(row[:n] == tail for row in self.meant):
                return n
        return 0


FREE = Grammar((), frozenset())
"""Of free decoding: nothing is put back, nothing is a decoy."""


def made(
    phrases: Iterable[str],
    knows: Callable[[str], bool],
    spellings: Mapping[str, Sequence[str]],
    decoys: Iterable[str] = (),
) -> Grammar:
    """What libvosk is given for these phrases.

    Args:
        phrases: What may be said.
        knows: Whether the model has a word.
        spellings: Word to what it sounds like, in words that a model may have.
        decoys: Words that mean nothing; those of the phrases and those that the model lacks are passed over.

    """
    rows = dict.fromkeys(tuple(p.lower().split()) for p in phrases)
    rows.pop((), None)
    rows.pop((UNKNOWN,), None)
    words = dict.fromkeys(w for row in rows for w in row)
    lacking = [w for w in words if not knows(w)]
    missing = set(lacking)
    usable = spelled(lacking, rows, knows, spellings)
    given: dict[str, None] = {}
    known: list[str] = []
    left_out: list[str] = []
    for row in rows:
        ways = [usable.get(w, []) if w in missing else [(w,)] for w in row]
        found = [" ".join(itertools.chain(*way)) for way in itertools.islice(itertools.product(*ways), WAYS)]
        (known if found else left_out).append(" ".join(row))
        given |= dict.fromkeys(found)
    # A decoy that is a part of a phrase or of a spelling would take it away.
    own = {w for phrase in given for w in phrase.split()} | words.keys()
    extra = tuple(dict.fromkeys(d for d in decoys if d not in own and knows(d))) if given else ()
    meant = {row: word for word, ways in usable.items() for row in ways}
    parts = frozenset(w for row in meant for w in row) - {w for phrase in known for w in phrase.split()}
    return Grammar((*given, *extra), frozenset(known), tuple(left_out), meant, frozenset(extra), parts)


def spelled(
    lacking: Iterable[str], rows: Iterable[Row], knows: Callable[[str], bool], spellings: Mapping[str, Sequence[str]]
) -> dict[str, list[Row]]:
    """The spellings of missing words that can be used, in the author's order.

    None that is said in a phrase, or as phrases one after the other ("two more" for "tumor" beside "two" and "more"),
    and none that two words share: one would be heard for the other, and a wrong answer is worse than none.
    """
    rows = list(rows)
    phrases = frozenset(map(" ".join, rows))
    plain = {w: [tuple(s.lower().split()) for s in spellings.get(w, ())] for w in lacking}
    shared = Counter(row for ways in plain.values() for row in dict.fromkeys(ways))
    sizes = {len(way) for way in shared}
    parts = (row[i : i + n] for row in rows for n in sizes for i in range(len(row) - n + 1))
    said = {part for part in parts if part in shared}
    out = {}
    for word, ways in plain.items():
        fits = [r for r in dict.fromkeys(ways) if r and shared[r] == 1 and r not in said and all(map(knows, r))]
        fits = [r for r in fits if not made_of(" ".join(r), phrases)]
        if fits:
            out[word] = fits[:SPELLINGS]
    return out


def grammar_json(phrases: Sequence[str]) -> str:
    """A grammar as libvosk takes it: anything but a non-empty JSON list of strings is a segmentation fault there.

    Raises:
        ValueError: No phrases, or one with upper case, doubled blanks or control characters.

    """
    if not phrases:
        raise ValueError("a grammar needs a phrase")
    for phrase in phrases:
        if phrase != " ".join(phrase.lower().split()) or not phrase.isprintable() or not phrase:
            raise ValueError(f"not a plain phrase: {phrase!r}")
    return json.dumps(list(dict.fromkeys(phrases)), ensure_ascii=False)


def made_of(text: str, phrases: frozenset[str]) -> bool:
    """Whether the text is one of the phrases, or several of them one after the other."""
    words = text.split()
    reached = [True] + [False] * len(words)
    for end in range(1, len(words) + 1):
        reached[end] = any(reached[start] and " ".join(words[start:end]) in phrases for start in range(end))
    return bool(words) and reached[-1]


def agreed(free: Hypothesis, checked: Hypothesis, phrases: frozenset[str]) -> Hypothesis:
    """What free decoding heard, held against what a grammar made of the same sound.

    Where both write the same, or the grammar found no whole phrase, the free text stands. Where they differ only in
    words that no phrase has and that sound like the phrase's ("met a static" for a word that the model lacks), it is
    the phrase that was said. Where they differ otherwise one of them is wrong, and the text is doubted.

    Args:
        free: By free decoding.
        checked: By the grammar; trusted when it is whole phrases.
        phrases: What the grammar was made of.

    """
    if not free.text or not checked.text or not checked.trusted or free.text == checked.text:
        return free
    said, meant = _difference(free.text.split(), checked.text.split())
    own = {w for phrase in phrases for w in phrase.split()}
    if said and meant and not set(said) <= own and _likeness(said, meant) >= ALIKE:
        same = _sound(said) == _sound(meant)
        return replace(checked, trusted=free.trusted and same)
    return replace(free, trusted=False)


def _difference(one: Sequence[str], other: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Both without the words that they begin and end with alike."""
    least = min(len(one), len(other))
    start = next((n for n in range(least) if one[n] != other[n]), least)
    end = next((n for n in range(least - start) if one[-1 - n] != other[-1 - n]), least - start)
    return one[start : len(one) - end], other[start : len(other) - end]


def _sound(words: Sequence[str]) -> str:
    return jellyfish.metaphone("".join(words))


def _likeness(one: Sequence[str], other: Sequence[str]) -> float:
    return float(Levenshtein.normalized_similarity(_sound(one), _sound(other)))
