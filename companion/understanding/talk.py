"""The talk around a question or a command: whether it is mere talk, and the question within it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from companion.understanding.decide import Verdict
from companion.understanding.evidence import Evidence
from companion.understanding.exemplars import ADVICE
from companion.understanding.frames import ASKING, HARMLESS, breaths, clauses, questions_after_talk, questions_within
from companion.understanding.lexical import Lexical, Reading
from companion.understanding.likeness import ADVICE_ALONE, DANGER_ALONE, SPEAKERS, danger
from companion.understanding.normal import stem
from companion.understanding.persons import PERSONS, person_of
from companion.understanding.topics import Scores

STORY = 11
"""Words from which on a general question may stand at the end of talk about people."""
STORY_ADVICE, STORY_DANGER, STORY_QUESTION = 0.3, 0.15, 0.75
"""Most likeness of the whole to a personal question and to a sign of danger, and least chance of the question's topic.
Read off the tune set: none of its urgent or personal lines is let through."""
STORY_SURE = 0.96
"""Least chance at which the question of a story is answered at once."""
CLEAR_ADVICE = 0.5
"""Most likeness to a personal question where the question would be answered at once and names its subject: then it is
asked about. Of the tune sets' personal lines that hold such a question, none is below 0.5."""
IDLE_QUESTION = 0.45
"""The same chance where the whole is hardly like a personal question."""
IDLE_ADVICE = 0.2
"""Most likeness of the whole to a personal question where a general one in it is answered at once. Of the tune sets'
urgent and personal lines that hold a question which seems clear by itself, each is 0.24 or more, or far over
``STORY_DANGER``."""

LOOKED_AT, WHOLE = 3, 16
"""How many stretches of a story the sentence model looks at, and the words up to which it looks at the whole too."""

_COMPLAINS = re.compile(
    r"\bi (?:have|had|get|got|feel|felt|find|found|notice|noticed|keep)(?: (?:been|got|getting|having|feeling|diagnosed|told|"
    r"with|a|an|the|some|this|these|that|my|such|so|very|bad|terrible|awful|i|have|had|on|in))* (\w+)"
)
"""Somebody tells of their own body or case; the word says of what."""

Weigh = Callable[[Sequence[str]], "tuple[Evidence, Verdict] | None"]
"""The evidence of tokens without frames, and the verdict; None without a topic model."""


class Within(NamedTuple):
    """A general question within a story."""

    question: str
    evidence: Evidence
    verdict: Verdict
    idle: bool
    """Whether the question is sure and nobody's case is near, so that it may be answered at once."""
    illness: bool
    """Whether the story names an illness, a treatment or the pack's subject."""


class Talk:
    """Tells talk from what it surrounds, for one pack. Pure; of its own state it has none."""

    def __init__(self, lexical: Lexical, care: AbstractSet[str], weigh: Weigh) -> None:
        """Know the pack.

        Args:
            lexical: Reads the words.
            care: Stems of the words of illness and treatment, ``exemplars.care_words``.
            weigh: Weighs a question.

        """
        self._lexical = lexical
        self._care = care
        self._weigh = weigh

    def names_illness(self, words: Sequence[str]) -> bool:
        """Whether an illness, a treatment or the pack's subject is named."""
        return self._cares(words) or self.names_subject(words)

    def names_subject(self, words: Sequence[str]) -> bool:
        """Whether the pack's subject, a disease or one organ's cancer is named."""
        reading = self._lexical.read(words)
        return bool(reading.foreign) or self._on_subject(reading)

    def _cares(self, words: Sequence[str]) -> bool:
        return bool(self._care & {stem(w) for w in words})

    def _on_subject(self, reading: Reading) -> bool:
        return bool(reading.organs) or any(self._lexical.is_subject(c.key) for c in reading.concepts)

    def is_mere(self, remark: Sequence[str], scores: Scores | None) -> bool:
        """Whether what was said beside a command is about nobody's health and none of the pack's business.

        Args:
            remark: The tokens beside the command.
            scores: Of the whole utterance; None without a topic model.

        """
        others = PERSONS & set(remark) - SPEAKERS - {"my", "our"}
        if others or self._cares(remark) or self._on_subject(self._lexical.read(remark)):
            return False
        return scores is None or (danger(scores)[1] < DANGER_ALONE / 2 and scores.of(ADVICE) < ADVICE_ALONE)

    def question_of(self, words: list[str], scores: Scores) -> Within | None:
        """A general question at the end of a story ("my neighbour had it, and how does cancer spread").

        None unless the question names no person.

        Args:
            words: All tokens of a story that ``is_nobodys_case``.
            scores: Of the whole utterance.

        """
        advice = scores.of(ADVICE)
        asked = [(at, q) for at, q in questions_within(words) if not PERSONS & set(q)]
        if not asked or self._complains(words[: asked[0][0]]):
            return None
        # The words alone choose which parts it may be, so that the sentence model has two to look at, at most.
        likely = max(asked, key=lambda row: (self._best_by_words(row[1]), len(row[1])))
        tried = [(row, w) for row in (asked[0], likely)[: 1 + (likely is not asked[0])] if (w := self._weigh(row[1]))]
        if not tried:
            return None
        # The longest says most; a shorter one counts where the longest is unclear.
        (at, question), (evidence, verdict) = next(
            (t for t in tried if t[1][1].chance >= STORY_QUESTION), max(tried, key=lambda t: t[1][1].chance)
        )
        if evidence.foreign or evidence.organs:
            return None
        if evidence.pronoun and not evidence.subject and advice > IDLE_ADVICE:
            return None  # "my aunt has it, can it be cured" is about her
        if verdict.chance < (IDLE_QUESTION if advice <= IDLE_ADVICE else STORY_QUESTION):
            return None
        if advice > STORY_ADVICE and not (verdict.kind == "answer" and evidence.subject):
            return None
        # Nobody but the one who asks is named, and the question, which is general, names nobody.
        around = words[:at] + words[at + len(question) :]
        illness = self.names_illness([w for w in around if w not in HARMLESS])
        alone = PERSONS & set(words) <= SPEAKERS and not illness
        idle = verdict.chance >= STORY_SURE and (advice <= IDLE_ADVICE or (advice <= STORY_ADVICE and alone))
        return Within(" ".join(question), evidence, verdict, idle, illness)

    def general(self, bare: list[str], words: list[str]) -> tuple[str, Evidence, Verdict] | None:
        """The general question of an utterance in which people are named in passing.

        Args:
            bare: The tokens without frames.
            words: All tokens.

        Returns:
            None where no stretch of it points to a topic, or the one who asks tells of an illness of their own.

        """
        if self._complains(words):
            return None
        stretches = [q for q in breaths(words) if not person_of(q)]
        likely = sorted(stretches, key=lambda q: (-self._best_by_words(q), -len(q)))[:LOOKED_AT]
        if len(bare) <= WHOLE or not likely:
            likely.append(bare)
        found = [(q, w) for q in likely if (w := self._weigh(q)) and not (w[0].foreign or w[0].organs)]
        if not found:
            return None
        question, (evidence, verdict) = max(found, key=lambda row: (row[1][1].chance, len(row[0])))
        return " ".join(question), evidence, verdict

    def _complains(self, story: Sequence[str]) -> bool:
        """Whether the one who asks tells of an illness of their own ("I've been having headaches, so …")."""
        told = set(_COMPLAINS.findall(" ".join(story))) - HARMLESS - ASKING
        return any(stem(word) in self._care for word in told)

    def _best_by_words(self, words: Sequence[str]) -> float:
        return max((m.score for m in self._lexical.read(words).matches if m.telling > 0), default=0.0)

    def clearest(self, bare: list[str], evidence: Evidence, verdict: Verdict) -> tuple[Evidence, Verdict]:
        """The evidence of the question within an utterance where it is clearer than that of the whole, given here."""
        foreign = bool(evidence.foreign or evidence.organs)
        inner = None if foreign else max(clauses(bare), key=len, default=None)
        if inner is not None:
            of_clause = self._weigh(inner)
            return of_clause if of_clause and of_clause[1].chance > verdict.chance else (evidence, verdict)
        if len(bare) < STORY or evidence.diseases or evidence.organs:
            return evidence, verdict
        # Around it is talk of anything ("with a cup of tea"), so it must be clear by itself, and name its subject or be
        # what the whole points to as well.
        inner = max(questions_after_talk(bare), key=len, default=None)
        of_question = self._weigh(inner) if inner else None
        if of_question is None or of_question[1].kind != "answer":
            return evidence, verdict
        clear = of_question[0].subject or of_question[0].ids[0] == evidence.ids[0]
        return of_question if clear else (evidence, verdict)


def is_nobodys_case(scores: Scores, words: Sequence[str]) -> bool:
    """Whether a long utterance is hardly like a personal question and like no sign of danger."""
    return len(words) >= STORY and scores.of(ADVICE) <= CLEAR_ADVICE and danger(scores)[1] <= STORY_DANGER
