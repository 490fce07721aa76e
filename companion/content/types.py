"""What a content pack holds, after reading and checking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

NO_ANSWER = "none"
"""In ``Pack.said``: what the pack has no answer to."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim comes from."""

    id: str
    title: str
    publisher: str
    address: str
    year: str = ""
    """As printed, "" where the page names none."""


@dataclass(frozen=True, slots=True)
class Item:
    """A fact to narrate or a question to answer."""

    id: str
    kind: Literal["fact", "question"]
    number: int
    """1 for the first of its kind: "fact three", "question five"."""
    title: str
    """The topic's name, said before the answer and in "Did you mean …?"."""
    question: str
    """The question this item answers, as it is listed; for a fact the question that it would answer."""
    short: str
    """The answer in one breath, at most 30 words."""
    more: tuple[str, ...]
    """At most three further chunks, each of one breath."""
    wordings: tuple[str, ...]
    """Other ways to ask."""
    sources: tuple[str, ...]
    """Ids of sources."""
    reviewed: str
    """Who of the clinic has read it and when ("Dr A. Example, 2026-05-01"); "" when nobody has yet."""
    related: tuple[str, ...] = ()
    """Ids of items that a listener may want next."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the glossary."""

    id: str
    """Lower-case; asked for as ``glossary/<id>``."""
    term: str
    meaning: str
    """At most 30 words."""
    respelling: str
    """How to say it, for the eye ("muh-TAS-tuh-sis")."""
    also: tuple[str, ...] = ()
    """Other forms that mean the same ("metastases")."""
    wordings: tuple[str, ...] = ()
    """Questions for it in other words ("the scan with the big magnet, what is it")."""
    sources: tuple[str, ...] = ()
    reviewed: str = ""


@dataclass(frozen=True, slots=True)
class UrgentRule:
    """One kind of emergency and what is said at once."""

    id: str
    """"breathing", "crisis" …"""
    reply: str
    """What is said, the number to call first."""
    signs: tuple[str, ...]
    """Groups of words that must stand near each other; the form is told in the pack's safety.toml."""
    prototypes: tuple[str, ...] = ()
    """Whole sentences in people's own words, for the semantic layer."""
    always: bool = False
    """True: a sign counts in a general question too."""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything that one topic needs; frozen."""

    id: str
    title: str
    language: str
    """BCP 47, "en" or "en-US"."""
    version: str
    introduction: str
    closing: str
    emergency: str
    """The sentence that every reply to a personal question carries."""
    advice: str
    """What is said to a question about one person's care, without the emergency sentence."""
    visit: tuple[str, ...]
    """Questions that a listener could bring to the care team; () for none."""
    authors: str
    """Said on "who wrote this?"."""
    facts: tuple[Item, ...]
    questions: tuple[Item, ...]
    glossary: tuple[Term, ...]
    sources: Mapping[str, Source]
    urgent: tuple[UrgentRule, ...]
    advice_prototypes: tuple[str, ...]
    subject: tuple[str, ...]
    """Words that name the pack's subject and never tell one topic from another ("cancer")."""
    same: tuple[tuple[str, ...], ...]
    """Groups of words that mean the same here; the first of a group is the pack's own."""
    hard_terms: Mapping[str, tuple[str, ...]]
    """Words that are often misheard, with sound-alike spellings; also repaired by their sound."""
    misheard: Mapping[str, tuple[str, ...]]
    """The same for everyday words, whose sound is too near to that of others to go by."""
    sounds_like: Mapping[str, tuple[str, ...]]
    """Words to what they sound like, for a recogniser whose vocabulary lacks them ("meta stay sis")."""
    foreign_diseases: tuple[str, ...]
    """A question that names one is never answered."""
    foreign_organs: tuple[str, ...]
    """Named together with "cancer" or "tumor" they are another disease."""
    foreign_topics: tuple[str, ...]
    """Matters that the pack doesn't speak of: cost, diet …"""
    decoys: tuple[str, ...]
    """Sentences that sound near and must be declined."""
    said: Mapping[str, tuple[str, ...]]
    """How people have asked: id of an item, ``glossary/<id>`` or ``NO_ANSWER`` to what was said. The topic model alone
    learns from it; it is never matched by its words, shown or spoken."""
    speech: Mapping[str, Mapping[str, str]]
    """Engine name ("espeak", "sapi5", "nsss", "all") to {text: what the voice is given}."""
    digest: str
    """SHA-256 over the files, hex: the key of every cache."""
    where: str = field(default="", compare=False)
    """The folder, for messages."""

    @property
    def items(self) -> tuple[Item, ...]:
        """Questions, then facts."""
        return self.questions + self.facts

    @property
    def spellings(self) -> Mapping[str, tuple[str, ...]]:
        """Word to what it sounds like: the author's ``sounds_like``, then how recognisers are known to garble it."""
        tables = (self.sounds_like, self.hard_terms, self.misheard)
        words = dict.fromkeys(w for t in tables for w in t)
        return {w: tuple(s for t in tables for s in t.get(w, ())) for w in words}

    def item(self, item_id: str) -> Item | None:
        """The item of that id; None when there is none."""
        return next((i for i in self.items if i.id == item_id), None)

    def term(self, term_id: str) -> Term | None:
        """The glossary entry of that id, with or without ``glossary/``; None when there is none."""
        bare = term_id.removeprefix("glossary/")
        return next((t for t in self.glossary if t.id == bare), None)
