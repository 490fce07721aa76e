"""What else a recogniser may have heard: its likeliest texts, each routed by itself, vote.

In noise the likeliest text is often wrong in a word that the next one has right ("what is the a for metastatic cancer"
before "what is the outlook for …"). Topics on which the texts agree are offered where the first text alone says nothing
or something else; what they don't agree on is asked about first, or not offered. Nothing is answered because of them.
A reply for safety stands, and where most texts ask for one it is given. Commands stand too.

Thresholds are set on ``hearing_tune.tsv`` and ``hearing_tune2.tsv``, by two voices in quiet, noise and rooms; what the
vote is worth on other sentences stands in the README.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from companion.events import Decision, Hypothesis
from companion.understanding.decide import share
from companion.understanding.doubt import BRIEF, NEARLY, is_outright
from companion.understanding.normal import tokens

ONE, OF_TWO = 0.6, 0.5
"""Votes of a text that asks about one topic, and for each of two; an answer is one vote."""
KEPT = 0.4
"""Least share of the votes at which what the trusted first text asks for stands: answered, or offered alone."""
SECOND = 0.15
"""Least share of a topic that is offered beside another."""
TRUSTED = 0.2
"""Least share of a topic that is offered where the recogniser trusts its text."""
DOUBTED = ((NEARLY, 0.3), (0.1, 0.5), (0.03, 0.6))
"""Confidence in a doubted text, and the least share of a topic that is then offered."""
FEW = 3
"""Words up to which nothing is offered where the first text alone has no topic: talk in the background is heard so.
Set with ten minutes of it in view, in which seven pieces were offered a topic; no line of the tune files is lost."""
MOST = 0.5
"""Share of the texts above which a reply for safety is given."""


def may_differ(decision: Decision, heard: Hypothesis) -> bool:
    """Whether the alternatives are asked: not where the words are a topic's own, nor for a word or two."""
    of_content = decision.kind in {"answer", "confirm", "decline"} and decision.argument is None
    enough = len(tokens(heard.text)) > (FEW if decision.kind == "decline" else BRIEF)
    return of_content and not is_outright(decision) and enough and bool(heard.alternatives)


def among(decision: Decision, heard: Hypothesis, decide: Callable[[str], Decision]) -> Decision:
    """The decision in the light of what else may have been heard.

    Args:
        decision: On the text itself.
        heard: With alternatives; ``may_differ`` holds.
        decide: What a text means.

    """
    sure = decision.kind == "answer" and heard.trusted
    next_best = decide(heard.alternatives[0])
    # Looking at all of them takes several times as long, and changed nothing on the tune files.
    if sure and (next_best.kind, next_best.id) == (decision.kind, decision.id):
        return decision
    everyone = [decision, next_best, *map(decide, heard.alternatives[1:])]
    alarmed = [d for d in everyone if d.kind in {"urgent", "advice"}]
    if len(alarmed) > MOST * len(everyone):
        why = f"{len(alarmed)} of {len(everyone)} texts that may have been said ask for it."
        return replace(alarmed[0], heard=decision.heard, reasons=(*alarmed[0].reasons, why))
    shares = _shares(everyone)
    best, most = max(shares.items(), key=lambda row: row[1], default=("", 0.0))
    clear = sure or (heard.trusted and len(decision.candidates) == 1)  # one offer is answered by a yes, two are not
    if clear and decision.id == best and most >= KEPT:
        return decision
    why = f'Of {len(everyone)} texts that may have been said, {most:.0%} speak for "{best or "no topic"}".'
    first = decision.id if sure else best if most >= _least(heard) else None
    if not first:
        # Topics are named only where the words are sure and were near to none: never after a cough.
        named = decision.candidates if decision.kind == "decline" and heard.trusted else ()
        return replace(decision, kind="decline", id=None, candidates=named, then=None, reasons=(*decision.reasons, why))
    others = [i for i in sorted(shares, key=lambda i: -shares[i]) if i != first and shares[i] >= SECOND]
    candidates = tuple((i, share(shares[i])) for i in (first, *others[:1]))
    personal = any(d.personal for d in everyone)
    return replace(
        decision, kind="confirm", id=first, candidates=candidates, personal=personal, then=None,
        reasons=(*decision.reasons, why),
    )  # fmt: skip


def _least(heard: Hypothesis) -> float:
    """The least share of the votes for which a topic is offered."""
    if heard.trusted:
        return TRUSTED
    sure = heard.confidence or 0.0
    return next((least for confidence, least in DOUBTED if sure >= confidence), 2.0)


def _shares(decisions: Sequence[Decision]) -> dict[str, float]:
    """Topics and their share of the votes; among equals the earlier text's first."""
    votes: dict[str, float] = {}
    for one in decisions:
        if one.kind in {"answer", "confirm"}:
            named = [one.id or ""] if one.kind == "answer" else [i for i, _ in one.candidates[:2]]
            worth = 1.0 if one.kind == "answer" else ONE if len(named) == 1 else OF_TWO
            for topic in named:
                votes[topic] = votes.get(topic, 0.0) + worth / len(decisions)
    return votes
