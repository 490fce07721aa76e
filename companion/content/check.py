"""What an author should know about a pack beyond "it loads": plainness of every text, gaps, missing review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from companion.content.types import Item, Pack
from companion.text.plain import Plainness, measure

MAX_GRADE = 6.0
"""US school grade that a text for everyone should not pass (CDC Clear Communication Index and common practice)."""
MAX_MEAN_SENTENCE = 15.0
"""Words to a sentence, on average."""
MIN_WORDINGS = {"question": 8, "fact": 4}
"""Other wordings an author writes: 4 lifted the share of right answers from 48 to 67 %, more safeguard against
unlucky choices."""
# Words of eight letters and more that an author can't avoid when a treatment has no other name.
ALWAYS_DEFINED = ("cancer", "tumor", "tumors")


@dataclass(frozen=True, slots=True)
class Measured:
    """One text of a pack and how plain it is."""

    id: str
    part: str
    """"short", "more 1", "meaning", "introduction" …"""
    text: str
    plain: Plainness

    @property
    def hard(self) -> bool:
        """Whether it passes the grade or the sentence length."""
        return self.plain.grade > MAX_GRADE or self.plain.mean_sentence > MAX_MEAN_SENTENCE


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to mend that doesn't keep the pack from working."""

    id: str
    what: str
    """A whole sentence."""


def measured(pack: Pack) -> tuple[Measured, ...]:
    """Every text that is read aloud, measured; defined terms are left out of the grade."""
    terms = defined_terms(pack)
    return tuple(Measured(i, part, text, measure(text, terms)) for i, part, text in _texts(pack) if text)


def defined_terms(pack: Pack) -> frozenset[str]:
    """Words that the pack explains (its glossary, its hard terms and its subject), lower case, with plurals."""
    words = {form.lower() for t in pack.glossary for form in (t.term, *t.also)}
    words |= {w.lower() for w in (*pack.subject, *pack.hard_terms, *ALWAYS_DEFINED)}
    return frozenset(words | {f"{w}s" for w in words})


def _texts(pack: Pack) -> Iterator[tuple[str, str, str]]:
    yield pack.id, "introduction", pack.introduction
    for item in pack.items:
        yield item.id, "short", item.short
        for number, piece in enumerate(item.more, start=1):
            yield item.id, f"more {number}", piece
    for term in pack.glossary:
        yield f"glossary/{term.id}", "meaning", term.meaning
    for rule in pack.urgent:
        yield f"urgent/{rule.id}", "reply", rule.reply
    yield pack.id, "closing", pack.closing


def advice(pack: Pack) -> tuple[Advice, ...]:
    """What an author should still do, item by item."""
    out: list[Advice] = []
    for m in measured(pack):
        if m.plain.grade > MAX_GRADE:
            out.append(Advice(m.id, f"{m.part}: reading grade {m.plain.grade:.1f}, at most {MAX_GRADE:.0f} is plain."))
        if m.plain.mean_sentence > MAX_MEAN_SENTENCE:
            out.append(Advice(m.id, f"{m.part}: {m.plain.mean_sentence:.0f} words to a sentence, at most 15 are easy."))
    for item in pack.items:
        out += [Advice(item.id, text) for text in _gaps(item)]
    return tuple(out)


def _gaps(item: Item) -> Iterator[str]:
    least = MIN_WORDINGS[item.kind]
    if len(item.wordings) < least:
        yield f"{len(item.wordings)} other wordings; write at least {least}."
    if not item.sources:
        yield "No source is named."
    if not item.reviewed:
        yield "No clinician has reviewed it yet."
