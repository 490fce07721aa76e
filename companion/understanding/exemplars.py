"""What the topic model learns from: the pack's own sentences, each with what it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from companion.content.types import NO_ANSWER, Pack
from companion.understanding.frames import strip_frames
from companion.understanding.normal import stem, tokens
from companion.understanding.phrases import COMMAND_PHRASES
from companion.understanding.vocabulary import FILLER, Vocabulary

NOTHING = "-"
"""Label of what the pack doesn't speak of."""
ADVICE = "!advice"
URGENT = "!"
"""First character of a safety label: "!breathing" is the rule "breathing"."""
COMMAND = "="
"""First character of a command label: "=next"."""
_ASKS_MEANING = ("what is {}", "what does {} mean", "what is the meaning of {}", "define {}")


class Exemplar(NamedTuple):
    """A sentence and what it stands for."""

    label: str
    """Content id, "!" and a safety rule, "!advice", "=" and a command, or "-"."""
    text: str


def exemplars(pack: Pack, vocabulary: Vocabulary) -> list[Exemplar]:
    """All of a pack, in a fixed order, and everyday talk that no pack speaks of.

    Terms that mean the pack's subject are left out: a topic of the pack tells what it is.
    """
    subject = _keys(pack.subject[:1], vocabulary)
    rows = [Exemplar(i.id, text) for i in pack.items for text in (i.question, *i.wordings)]
    rows += [
        Exemplar(f"glossary/{term.id}", ask.format(form))
        for term in pack.glossary
        if not _keys((term.term,), vocabulary) <= subject
        for form in (term.term, *term.also)
        for ask in _ASKS_MEANING
    ]
    rows += [Exemplar(f"glossary/{term.id}", text) for term in pack.glossary for text in term.wordings]
    rows += [Exemplar(f"{URGENT}{rule.id}", text) for rule in pack.urgent for text in rule.prototypes]
    rows += [Exemplar(ADVICE, text) for text in pack.advice_prototypes]
    rows += [Exemplar(f"{COMMAND}{name}", text) for name, texts in COMMAND_PHRASES.items() for text in texts]
    rows += [Exemplar(f"{COMMAND}{name}", text) for name, text in idioms()]
    rows += [Exemplar(NOTHING, text) for text in (*pack.decoys, *everyday())]
    known = {row.label for row in rows}
    said = ((NOTHING if name == NO_ANSWER else name, texts) for name, texts in pack.said.items())
    rows += [Exemplar(label, text) for label, texts in said for text in texts if label in known]
    return rows


def _keys(phrases: Sequence[str], vocabulary: Vocabulary) -> set[str]:
    return {c.key for phrase in phrases for c in vocabulary.concepts(tokens(phrase), repair=False)}


@cache
def _lines(name: str) -> tuple[str, ...]:
    text = (files("companion") / "understanding" / name).read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def everyday() -> tuple[str, ...]:
    """Talk that no pack speaks of."""
    return _lines("everyday.txt")


def idioms() -> tuple[tuple[str, str], ...]:
    """Commands as they are said in idiom, each with its id."""
    return tuple((name, text) for name, _, text in (line.partition(": ") for line in _lines("idioms.txt")))


def care_words(pack: Pack) -> frozenset[str]:
    """Stems of the pack's personal questions and cries for help, but those of everyday talk ("scan", "headache")."""
    cries = [text for rule in pack.urgent for text in rule.prototypes]
    personal = {stem(t) for text in (*pack.advice_prototypes, *cries) for t in tokens(text)}
    idle = {stem(t) for text in everyday() for t in tokens(text)}
    return frozenset(personal - idle - FILLER)


_STANDS_FOR_SUBJECT = frozenset({"it", "this", "they", "them"})


class Subject(NamedTuple):
    """What a pack is about, for its pronouns."""

    name: str
    """What a pronoun becomes; "" for a pack without a subject."""
    keys: frozenset[str]
    """Concepts that name it."""

    @classmethod
    def of(cls, pack: Pack, vocabulary: Vocabulary) -> Subject:
        """The first of the pack's names, and the concepts of all."""
        return cls(next(iter(pack.subject), ""), frozenset(_keys(pack.subject, vocabulary)))


def normal_text(words: Sequence[str], vocabulary: Vocabulary, subject: Subject) -> str:
    """An utterance as the model compares it: without frames, slips and misheard terms mended.

    "How is it treated" can only mean the pack's subject, so the first pronoun becomes it where nothing else names it.

    Args:
        words: Tokens.
        vocabulary: Mends them.
        subject: The pack's; a pronoun becomes its name, as in "can metastasis be prevented", which is another
            question than "can cancer be prevented".

    """
    mended = vocabulary.mend(strip_frames(list(words)))
    at = next((n for n, word in enumerate(mended) if word in _STANDS_FOR_SUBJECT), None)
    if subject.name and at is not None and not subject.keys & _keys((" ".join(mended),), vocabulary):
        mended[at] = subject.name
    return " ".join(mended)
