"""The second half of safety: likeness to whole sentences of people in danger, or asking about their own case.

It mends the structural stage in both directions. It raises what no list of signs holds; and it lets through what
holds a person marker and is plainly neither danger nor anybody's case ("how do I knit a sock"). Thresholds are read
off ``tests/data/understanding_tune.tsv``, where none of its urgent or personal lines is let through.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from companion.understanding.exemplars import ADVICE, COMMAND, NOTHING, URGENT
from companion.understanding.persons import PERSONS
from companion.understanding.safety import Finding
from companion.understanding.topics import Scores

DANGER_NAMED, DANGER_LEAD = 0.28, 0.12
"""A person is named: least likeness to a sign of danger, and least lead over advice."""
DANGER_ALONE, ADVICE_ALONE = 0.42, 0.33
"""Nobody is named: least likeness, when no topic and no everyday talk is nearer."""
ADVICE_HINTED = 0.3
"""The same for advice when a person was named in what was stripped as talk."""
HARMLESS, FAR, CLEAR_QUESTION = 0.12, 0.65, 0.5
"""Largest likeness to danger or advice, least likeness to everyday talk, and least value of a topic, of what is
let through in spite of a person marker."""
HARMLESS_QUESTION = 0.12
SPEAKERS = frozenset({"i", "we", "me", "us"})

COMMAND_VALUE, COMMAND_LEAD, COMMAND_WORDS = 0.4, 0.22, 10
"""Least likeness of a command and least lead over all else, and the most words of one. Of the tune sets' lines that are
no commands, one has such a likeness, with a lead of 0.18."""
STRICT_VALUE, STRICT_LEAD = 0.6, 0.35
"""The same for commands that end the conversation, and for words of the embedded recogniser."""
_ENDS = frozenset({f"{COMMAND}quit", f"{COMMAND}stop_listening"})

Likeness = Literal["urgent", "advice", "talk", "question", "command", ""]


def danger(scores: Scores) -> tuple[str, float]:
    """The sign of danger that is nearest, and its value."""
    return scores.best([at for at in scores.labels if at.startswith(URGENT) and at != ADVICE])[0]


def likeness(
    scores: Scores, finding: Finding, words: Sequence[str], content: Collection[str], *, strict: bool
) -> tuple[Likeness, str]:
    """What an utterance is like, and the label that says so. Danger is looked for before commands.

    Args:
        scores: From the topic model.
        finding: From the structural stage: "personal" or "none".
        words: All tokens, frames among them.
        content: The labels that are content.
        strict: Commands must be as good as said in the grammar's words.

    Returns:
        "urgent" or "advice": to be treated so · "talk": plainly nobody's case and no topic of the pack · "question":
        plainly a question on a topic, whoever asks · "command": in other words than the grammar knows · "" where the
        structural stage stands.

    """
    label, peril = danger(scores)
    advice = scores.of(ADVICE)
    topic, value = scores.best(tuple(content))[0]
    nothing = scores.of(NOTHING)
    command, liking = scores.best([at for at in scores.labels if at.startswith(COMMAND)])[0]
    least, lead = (STRICT_VALUE, STRICT_LEAD) if strict or command in _ENDS else (COMMAND_VALUE, COMMAND_LEAD)
    steers = len(words) <= COMMAND_WORDS and liking >= least
    if steers and liking - max(peril, advice, value, nothing) >= lead:
        return "command", command
    if finding.grade == "personal":
        if peril >= DANGER_NAMED and peril - advice >= DANGER_LEAD:
            return "urgent", label
        if nothing >= FAR and max(peril, advice) <= HARMLESS:
            return "talk", NOTHING
        if PERSONS & set(words) <= SPEAKERS and value >= CLEAR_QUESTION and max(peril, advice) <= HARMLESS_QUESTION:
            return "question", topic
        return "", ""
    others = max(value, nothing)
    if peril >= DANGER_ALONE and peril >= others:
        return "urgent", label
    if advice >= ADVICE_ALONE and advice >= others:
        return "advice", ADVICE
    if advice >= ADVICE_HINTED and advice > value and PERSONS & set(words):
        return "advice", ADVICE
    return "", ""
