"""Answer, ask or decline: the gate between a match and what a listener hears.

Thresholds come from ``scripts/calibrate_understanding.py`` on ``tests/data/understanding_tune.tsv``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from companion.understanding.lexical import Match, Reading


@dataclass(frozen=True, slots=True)
class Gate:
    """Thresholds of the decision."""

    answer: float = 0.68
    """Least score of an answer given at once."""
    margin: float = 0.14
    """Least lead over the second topic."""
    confirm: float = 0.45
    """Least score of a topic that is offered."""
    subject: float = 0.8
    """Least closeness to a wording when nothing but the subject is named."""
    cover: float = 0.55
    """Least share of the utterance that an offered topic explains."""
    cost: float = 0.35
    """Most repair of an answer given at once."""


GATE = Gate()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says."""

    kind: Literal["answer", "confirm", "decline"]
    ids: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def judge(reading: Reading, gate: Gate = GATE) -> Verdict:
    """Decide on a lexical reading."""
    if not reading.matches or all(c.soft for c in reading.concepts):
        return Verdict("decline", reasons=("No word of it belongs to the pack.",))
    if reading.foreign:
        named = ", ".join(reading.foreign[:3])
        return Verdict("decline", reasons=(f"It names something that this pack doesn't speak of: {named}.",))
    best = reading.matches[0]
    second = reading.matches[1] if len(reading.matches) > 1 else None
    lead = best.score - second.score if second else best.score
    explained = _explained(best)
    if best.telling <= 0 and not best.unexplained and best.core:
        return _subject_only(best, lead, reading, gate)
    if best.telling <= 0:
        return Verdict("decline", reasons=("Only the subject is named, not what to know about it.",))
    if not best.subject and best.shared < 2 and not best.titled:
        if best.closeness < (gate.cover if reading.pronoun and not best.unexplained else gate.subject):
            return Verdict("decline", reasons=("One word alone, and it names no topic.", explained))
        near = (best.id, second.id) if second and lead < gate.margin else (best.id,)
        return Verdict("confirm", near, (explained, "The subject is not named."))
    if not best.unexplained and best.score >= gate.answer and lead >= gate.margin and reading.cost <= gate.cost:
        return Verdict("answer", (best.id,), (explained, f'It is nearest to "{best.nearest}".', _lead(lead)))
    if best.score >= gate.confirm and best.cover >= gate.cover and len(best.unexplained) <= 1:
        why = _doubt(best, lead, reading, gate)
        if second and second.score >= gate.confirm and lead < gate.margin:
            return Verdict("confirm", (best.id, second.id), (explained, why))
        return Verdict("confirm", (best.id,), (explained, why))
    open_words = ", ".join(best.unexplained) or "the words are too few"
    return Verdict("decline", reasons=(f"Nothing in the pack explains: {open_words}.", explained))


def _subject_only(best: Match, lead: float, reading: Reading, gate: Gate) -> Verdict:
    """As in "what is metastasis": nothing but the subject, near to a wording that is nothing more either."""
    if best.closeness >= gate.subject and lead >= gate.margin and reading.cost <= gate.cost:
        return Verdict("answer", (best.id,), (_explained(best), f'It is nearest to "{best.nearest}".', _lead(lead)))
    return Verdict("confirm", (best.id,), (_explained(best), "Only the subject is named."))


def _explained(match: Match) -> str:
    return f'"{match.id}" explains {match.cover:.0%} of the words (score {match.score:.2f}).'


def _lead(lead: float) -> str:
    return f"It leads the second topic by {lead:.2f}."


def _doubt(best: Match, lead: float, reading: Reading, gate: Gate) -> str:
    if best.unexplained:
        return f"Not explained: {', '.join(best.unexplained)}."
    if reading.cost > gate.cost:
        return "Words had to be repaired."
    return "Another topic is nearly as near." if lead < gate.margin else "It is not near enough to answer at once."
