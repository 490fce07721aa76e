"""Answer, ask or decline: the gate between a match and what a listener hears.

``weigh_up`` judges by the topic model and the words together; its weights come from
``scripts/calibrate_understanding.py``. ``judge`` goes by the words alone, for when there is no model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from companion.events import Decision
from companion.understanding.calibrated import ALONE, TOGETHER, Calibration
from companion.understanding.evidence import Evidence
from companion.understanding.exemplars import ADVICE, URGENT
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
LEAST_COVER = 0.1
"""Share of the words that the topic's own words must explain for an answer at once, where the subject isn't named; a
term stands for itself."""
TWIN = 0.65
"""Share of the best value that makes the second topic too near for an answer at once: of the pack's own wordings, left
out one by one, it costs 5 % of the right answers and more than half of the wrong ones."""
NAMED_OFFERED = 0.6
"""Least chance at which a question that names one organ's cancer, or a word that the pack doesn't speak of ("can it
sleep for ages"), is offered the topic; never answered. The tune sets' lines out of scope that name one stay below."""
SECOND = 0.12
"""Least share of the best value that makes the second topic worth naming: a longer question is harder to hold."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says."""

    kind: Literal["answer", "confirm", "decline"]
    ids: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    chance: float = 0.0
    """Estimated chance that the best topic is right, 0 to 1; 0 where it was not estimated."""


def judge(reading: Reading, gate: Gate = GATE) -> Verdict:
    """Decide on a lexical reading."""
    if not reading.matches or all(c.soft for c in reading.concepts):
        return Verdict("decline", reasons=("No word of it belongs to the pack.",))
    if reading.foreign or reading.organs:
        named = ", ".join((*reading.foreign, *reading.organs)[:3])
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


def chance(features: tuple[float, ...], weights: tuple[float, ...]) -> float:
    """Logistic regression: 0 to 1. ``weights`` has the intercept last."""
    z = sum(f * w for f, w in zip(features, weights, strict=False)) + weights[-1]
    return 1 / (1 + math.exp(-max(-40.0, min(40.0, z))))


def weigh_up(evidence: Evidence, *, meaning: bool) -> Verdict:
    """Decide on the evidence of the topic model and the words.

    Args:
        evidence: Of one utterance.
        meaning: Whether MiniLM took part; without it more is asked about.

    """
    gate: Calibration = TOGETHER if meaning else ALONE
    first = chance(evidence.features, gate.first)
    pair = chance(evidence.features, gate.pair)
    why = _evidence_told(evidence, first)
    if evidence.foreign or evidence.organs:
        named = ", ".join((*evidence.foreign, *evidence.organs)[:3])
        told = f"It names something that this pack doesn't speak of: {named}."
        if first < NAMED_OFFERED:
            return Verdict("decline", reasons=(told, *why))
        return Verdict("confirm", evidence.ids[:1], (*why, f"{told} So it is asked first."), first)
    if first >= gate.answer:
        if has_twin(evidence):
            return Verdict("confirm", evidence.ids[:2], (*why, "A second topic is nearly as near."), first)
        if is_bare(evidence):
            return Verdict("confirm", evidence.ids[:1], (*why, "Too few of its words are explained."), first)
        return Verdict("answer", evidence.ids[:1], why, first)
    if first >= gate.sure:
        return Verdict("confirm", evidence.ids[:1], (*why, "It is likely, and not certain."), first)
    if pair >= gate.offer:
        two = len(evidence.ids) > 1 and evidence.values[1] >= SECOND * evidence.values[0]
        return Verdict("confirm", evidence.ids[: 1 + two], (*why, "It is not near enough to answer at once."), first)
    return Verdict("decline", reasons=("It is not near enough to any topic.", *why), chance=first)


def has_twin(evidence: Evidence) -> bool:
    """Whether a second topic is nearly as near as the first."""
    return len(evidence.ids) > 1 and evidence.values[1] > TWIN * evidence.values[0]


def is_bare(evidence: Evidence) -> bool:
    """Whether too few of the words are the topic's own, and the subject is not named."""
    return evidence.cover < LEAST_COVER and not evidence.subject and not evidence.ids[0].startswith("glossary/")


def _evidence_told(evidence: Evidence, first: float) -> tuple[str, ...]:
    told = [
        f'"{evidence.ids[0]}" is right with an estimated chance of {first:.0%}; it is nearest to "{evidence.nearest}" '
        f"({evidence.near:.2f} of 1).",
        f"It explains {evidence.cover:.0%} of the words"
        + (f"; not explained: {', '.join(evidence.open_words)}." if evidence.open_words else "."),
    ]
    if len(evidence.ids) > 1:
        told.append(f'It leads "{evidence.ids[1]}" by {evidence.lead:.2f}.')
    if evidence.rival > 0.2:
        told.append(f"Against it speaks {_rival_named(evidence.rival_label)} ({evidence.rival:.2f}).")
    if not evidence.agree:
        told.append("The words alone point elsewhere.")
    if evidence.cost > 0:
        told.append(f"Words had to be repaired ({evidence.cost:.2f} of 1).")
    return tuple(told)


def _rival_named(label: str) -> str:
    if label == ADVICE:
        return "that it is like a question about one person"
    if label.startswith(URGENT):
        return f'that it is like a sign of "{label.removeprefix(URGENT)}"'
    return "that the pack doesn't speak of it"


def carried_out(verdict: Verdict, reading: Reading) -> Decision:
    """The decision of a verdict on the words."""
    candidates = tuple((m.id, round(m.score, 3)) for m in reading.matches[:3] if m.score > 0)
    if verdict.kind == "answer":
        return Decision("answer", verdict.ids[0], candidates=candidates, reasons=verdict.reasons)
    if verdict.kind == "confirm":
        scores = dict(candidates)
        offered = tuple((i, scores.get(i, 0.0)) for i in verdict.ids)
        return Decision("confirm", verdict.ids[0], candidates=offered, reasons=verdict.reasons)
    return Decision("decline", None, candidates=near(reading), reasons=verdict.reasons)


def share(value: float) -> float:
    """A value of the topic model as candidates carry it, 0 to 1."""
    return round(max(0.0, min(1.0, value)), 3)


def near(reading: Reading) -> tuple[tuple[str, float], ...]:
    """Topics near enough by words to be named, never read."""
    return tuple((m.id, round(m.score, 3)) for m in reading.matches[:2] if m.telling > 0 and m.score > 0.3)
