"""What becomes of a decision that is not sure enough: what was heard, or what was asked for."""

from __future__ import annotations

from dataclasses import replace

from companion.content.types import Term
from companion.events import Context, Decision, Hypothesis
from companion.understanding.commands import find_command
from companion.understanding.decide import share
from companion.understanding.normal import tokens

EMBEDDED = "pocketsphinx"
"""The recogniser that needs no download; it finds phrases in other sounds."""
NEARLY = 0.29
"""Its confidence from which, though it is doubted, a topic may still be asked about: at 15 dB of noise 43 of 52
questions of the tuning set have as much, and four of 32 sentences out of scope, of which one is asked about."""
BRIEF = 2
"""Words up to which content is only offered when the embedded recogniser heard it."""
LEAST_WHOLE = 0.2
"""Least value of what a story as a whole points to, for it to be offered too: of 48 stories of `understanding_tune12`
that are asked about, the right topic is among what is offered in 42 then, and was in 31; nine more name two."""
HINT_OF_ADVICE, HINT_OF_DANGER = 0.2, 0.2
"""Likeness to a personal question, and to a sign of danger, at which a topic is no longer answered at once; its own
wordings still are. Of the tune sets' questions that are answered 11 of 1,289 are so much like danger, and so are four
of the five cries for help there that nothing else finds; the fifth has 0.19."""
_FAR_REACHING = frozenset({"quit", "stop_listening", "read_facts"})


def settled(decision: Decision, heard: Hypothesis, context: Context) -> Decision:
    """What becomes of a decision on what a recogniser heard, by the text alone."""
    if not heard.trusted:
        return doubted(decision, heard)
    if decision.kind == "answer" and brief(heard, context):
        return asked_first(decision, "A word or two are easily heard in anything, so it is asked first.")
    return decision


def doubted(decision: Decision, heard: Hypothesis) -> Decision:
    """The engine doubts its own words: content is offered, never given at once. Safety and most commands stand."""
    if decision.kind == "command" and decision.id in _FAR_REACHING:
        why = "The recogniser was not sure, and this command changes much, so it is asked first."
        return replace(decision, kind="confirm", candidates=((decision.id, 1.0),), reasons=(*decision.reasons, why))
    nearly = heard.engine == EMBEDDED and (heard.confidence or 0.0) >= NEARLY and len(tokens(heard.text)) > BRIEF
    if decision.kind == "confirm" and not decision.personal and not nearly:
        # Twice unsure: a guess at words that were guessed at would offer topics to a cough.
        reasons = ("Neither the words nor the topic are sure.", *decision.reasons)
        return Decision("decline", None, heard=decision.heard, reasons=reasons)
    if decision.kind != "answer" or decision.id is None:
        return decision
    return asked_first(decision, "The recogniser was not sure, so it is asked first.")


def is_outright(decision: Decision) -> bool:
    """Whether it answers with full value: a topic's own wording, its number, the meaning of a word."""
    return decision.kind == "answer" and decision.candidates[:1] == ((decision.id, 1.0),)


def brief(heard: Hypothesis, context: Context) -> bool:
    """Whether the embedded recogniser heard so little, unasked, that it may have been any other sound."""
    words = tokens(heard.text)
    chosen = context.numbered or context.options or find_command(words)
    return heard.engine == EMBEDDED and len(words) <= BRIEF and not chosen


def asked_first(decision: Decision, why: str) -> Decision:
    """The same topic offered, and the reason added."""
    return replace(
        decision, kind="confirm", candidates=decision.candidates[:1], then=None, reasons=(*decision.reasons, why)
    )


def hinted(decision: Decision, danger: float, advice: float, *, illness: bool) -> Decision:
    """A topic asked about first, and told with the emergency sentence, where safety has some say in it.

    Args:
        decision: By the topics alone.
        danger: Likeness to a sign of danger.
        advice: Likeness to a personal question; 0 where no person is named.
        illness: Whether an illness is named beside the question.

    """
    if decision.kind not in {"answer", "confirm"} or is_outright(decision):
        return decision
    answers = decision.kind == "answer"
    if danger >= HINT_OF_DANGER:
        why = "It is a little like a sign of danger, so it is asked first."
        return replace(asked_first(decision, why) if answers else decision, personal=True)
    if answers and advice >= HINT_OF_ADVICE:
        why = "It is a little like a question about one person, so it is asked first."
        return replace(asked_first(decision, why), personal=True)
    return replace(decision, personal=decision.personal or illness) if answers else decision


def beside_whole(decision: Decision, whole: tuple[str, float]) -> Decision:
    """What a story as a whole points to is offered beside what the question in it does, where the two differ.

    Args:
        decision: On the question.
        whole: The topic of the whole and its value.

    """
    best, value = whole
    if decision.kind != "confirm" or best == decision.id or value < LEAST_WHOLE:
        return decision
    why = f'As a whole it points to "{best}" ({value:.2f} of 1).'
    candidates = (*decision.candidates[:1], (best, share(value)))
    return replace(decision, candidates=candidates, reasons=(*decision.reasons, why))


def word_or_topic(decision: Decision, term: Term | None) -> Decision:
    """Both offered: "what do they use in an MRI" may ask for the word or for the topic that it belongs to.

    Args:
        decision: To tell a topic.
        term: A word named beside it; None for none, and the decision stands.

    """
    if term is None or decision.id == (label := f"glossary/{term.id}") or not decision.candidates:
        return decision
    best, score = decision.candidates[0]
    why = f'"{term.term}" is named, and the subject is not.'
    return replace(
        decision, kind="confirm", candidates=((best, score), (label, score)), reasons=(*decision.reasons, why)
    )
