"""What a word of the glossary means: whether an utterance asks for that, and for which word."""

from __future__ import annotations

import re
from collections.abc import Sequence

from companion.content.types import Pack, Term
from companion.understanding.frames import HARMLESS
from companion.understanding.normal import stem, tokens
from companion.understanding.vocabulary import Vocabulary

_DEFINE = (
    re.compile(r"(?:what|who) (?:is|are|was|does)(?: meant by)?(?: (?:a|an|the))?(?: (?:word|term|words))? (.+?)(?: (?:mean|means|stand for|meaning))?(?: in (?:medicine|cancer|this))?"),
    re.compile(r"(?:define|explain|describe|definition of|(?:the )?meaning of|what is the (?:meaning|definition) of|explain what|the (?:word|term))(?: (?:a|an|the))?(?: (?:word|term))? (.+?)(?: (?:means|mean|is|are))?"),
    re.compile(r"(?:a |an |the )?(.+?) (?:meaning|definition|what is (?:that|it)|what does (?:it|that) mean|mean|means)"),
    re.compile(r"what (?:a|an|the)? ?(.+?) (?:is|are|means)"),
    re.compile(r"how (?:does|do) (?:a |an |the )?(.+?) work"),
)  # fmt: skip
_LONE = re.compile(r"(?:please )?(?:a |an |the )?(.+?)(?: please)?")
_MEANING = re.compile(
    r"\bwhat (?:on earth |exactly |in the world )?(?:is|are|was|were) (?:it|that|this|they|those|these)\b(?! (?:like|for|about|done|made))|"
    r"\bwhat (?:does|do|did) (?:it|that|this|they|those|these)(?: do)?$|"
    r"\bwhat (?:it|that|this|they) (?:is|are|was|means?|meant|stands? for)\b|\bwhat (?:does|do|did|would)\b.*\b(?:mean|refer to|stand for|involve|consist of)\b|"
    r"\bwhatever (?:is|are) (?:that|it|this|those)\b|\bthe (?:meaning|sense) of\b|\bwhat are (?:they|you) (?:referring to|on about)\b|"
    r"\b(?:word|term|expression)\b.*\bwhat\b|\bwhat\b.*\b(?:word|term|expression)\b|\bwhat it mean\b|\bwhat they doing\b"
)
_MEANS_FOR = re.compile(r"\bmeans? for\b")
"""What something brings, not what a word means."""
_AROUND_MEANING = frozenset(
    "big saying referring hearing doing done everywhere wireless earth refers stands sounds like call calls doctor doctors nurse nurses people say".split()
)
"""Said around a word whose meaning is asked for, and of no weight."""
NEAR = 10
"""Words between a term and the asking for a meaning."""
_LONGEST = 4
"""Words of a term."""
_SURE = 0.3
"""Largest repair cost of a term that is taken for what was meant."""


class Meanings:
    """The glossary of one pack, as it is asked for. Pure and frozen after construction."""

    def __init__(self, pack: Pack, vocabulary: Vocabulary) -> None:
        """Know each form of each term."""
        self._subject = pack.subject[:1]
        self._names = pack.subject
        self._vocabulary = vocabulary
        self._terms = {tuple(tokens(form)): t for t in pack.glossary for form in (t.term, *t.also)}

    def defined(self, bare: Sequence[str], words: Sequence[str]) -> Term | None:
        """A term asked for: "what is a biopsy", "biopsy"; but "information on chemotherapy" asks for a topic."""
        text = " ".join(bare)
        tries = [pattern.fullmatch(text) for pattern in _DEFINE] + [_LONE.fullmatch(" ".join(words))]
        # The pack's very subject is a topic, not just a word of the glossary.
        term = next((t for found in tries if found and (t := self._term(found[1].split()))), None)
        return term if term and term.term not in self._subject else None

    def asked(self, bare: Sequence[str], words: Sequence[str]) -> Term | None:
        """A term whose meaning is asked for and nothing else."""
        if term := self.defined(bare, words):
            return term
        term = self.meant(bare)
        return term if term and term.term not in self._names and self._nothing_else(term, bare) else None

    def meant(self, words: Sequence[str]) -> Term | None:
        """The one term of the glossary that is named where a meaning is asked for; None for none or several."""
        text = " ".join(words)
        if not (asked := list(_MEANING.finditer(text))) or _MEANS_FOR.search(text):
            return None
        spans = [(text.count(" ", 0, m.start()), text.count(" ", 0, m.end())) for m in asked]
        # In a story what is asked may be about something else than what was named long before.
        near = {t.id: t for at, t in self._named(words) if any(a - NEAR <= at <= b + NEAR for a, b in spans)}
        return next(iter(near.values())) if len(near) == 1 else None

    def named(self, words: Sequence[str]) -> Term | None:
        """The one term of the glossary that is named, whatever is asked, but those of the subject; None for several."""
        found = {t.id: t for _, t in self._named(words) if t.term not in self._subject}
        return next(iter(found.values())) if len(found) == 1 else None

    def beside(self, words: Sequence[str], wording: str) -> Term | None:
        """The one term that is named, and not in the wording that the words are nearest to; None for none."""
        term = self.named(words)
        return term if term is not self.named(tokens(wording)) else None

    def _named(self, words: Sequence[str]) -> list[tuple[int, Term]]:
        """Every term of the glossary, with the place of its first word."""
        found = []
        at = 0
        while at < len(words):
            n = next((n for n in range(_LONGEST, 0, -1) if tuple(words[at : at + n]) in self._terms), 0)
            if n:
                found.append((at, self._terms[tuple(words[at : at + n])]))
            at += n or 1
        return found

    def _nothing_else(self, term: Term, words: Sequence[str]) -> bool:
        """Whether nothing of weight is said besides the term and that its meaning is asked for."""
        own = {w for row, t in self._terms.items() if t is term for w in row}
        return not set(words) - HARMLESS - _AROUND_MEANING - own

    def _term(self, words: list[str]) -> Term | None:
        if term := self._terms.get(tuple(words)):
            return term
        concepts = self._vocabulary.concepts(words)
        if len(concepts) == 1 and 0 < concepts[0].cost <= _SURE:
            return next((t for row, t in self._terms.items() if [stem(w) for w in row] == [concepts[0].key]), None)
        return None
