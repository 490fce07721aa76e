"""Before all else: whether somebody is in danger, and whether this is about one person.

Structure first: frames are stripped, then a person marker that is left ("I", "my", "mum") means that the
question is never answered directly. Signs of danger come from the pack; the mechanism lives here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from companion.content.types import Pack, UrgentRule
from companion.understanding.frames import inner_question, strip_frames, strip_report
from companion.understanding.normal import stem, tokens
from companion.understanding.persons import PERSONS, any_person, own_case, person_of
from companion.understanding.spelling import Speller

WINDOW = 9
"""Tokens within which all groups of a sign must stand: a spoken clause or two. Of the tune sets' signs none is wider than
8, and stories bring such words together by chance from 10 on."""

# These become persons only next to a sign of danger: "someone has collapsed", not "can someone live with it".
_NEARBY = set(
    (
        "someone somebody man woman lady guy girl boy baby child kid friend person patient client resident they "
        "them their"
    ).split()
)
_ACUTE = re.compile(
    r"\b(?:now|right now|suddenly|sudden|all of a sudden|since|today|tonight|this morning|this evening|yesterday|"
    r"last night|at the moment|just|help|please help|will not stop|not stopping|getting worse|keeps?|again and again|hurry|quick|quickly|ago|started)\b"
)
_QUESTION = re.compile(
    # "Can not stop being sick" asks nothing.
    r"^(?:what|which|how|why|when|where|who|whose|(?:is|are|was|does|do|did|can|could|will|would|may|might|should|has|have)(?! not\b)|"
    r"define|meaning|symptoms?|signs?|causes?|treatments?|difference)\b"
)
_THIS_ONE = re.compile(r"^(?:is|was|could|can|might) (?:this|it|that)(?: be)? (?:a|an|the)\b")
_HEADING = re.compile(r"\b(?:symptoms?|signs?|causes?|effects?|meaning|treatments?)\b")
NEGATIONS = frozenset({"not", "no", "never"})
_HOW_TO_ACT = re.compile(
    r"\bwhat (?:to do|should (?:be done|happen|someone do|you do)|do you do|can be done)\b|\bhow (?:to|do you|can you) (?:help|stop|treat|save|deal with|handle)\b|"
    r"\bwho (?:to|should you) call\b|\bfirst aid\b"
)
_DEFINITION = re.compile(r"\b(?:what (?:is|are|does|do)|mean|means|meaning|define|definition|explain)\b")
_UPSET = re.compile(
    r"\b(?:scared|afraid|terrified|frightened|worried|desperate|hopeless|alone|lonely|crying|panicking|panic)\b"
)

# "Hold on a wee minute": small, and no sign of the bladder.
_LITTLE = re.compile(r"\bwee (?=(?:minute|moment|bit|while|second|sec|tick|mo|word|question|girl|boy|lad|lass|one|baby|man|woman|dog)s?\b)")

Grade = Literal["urgent", "personal", "none"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What the safety stage saw."""

    grade: Grade
    rule: UrgentRule | None = None
    """The rule that spoke; None for a personal question."""
    reason: str = ""
    """A plain sentence for ``--explain``; "" when there is nothing to say."""
    question: tuple[str, ...] = ()
    """The words with their frames stripped."""
    sign: str = ""
    """The words that make the sign of danger; "" for none."""


@dataclass(frozen=True, slots=True)
class _Alternative:
    """One way to say one group: stems in a row, or exact words when written with "="."""

    words: tuple[str, ...]
    exact: bool


class Safety:
    """The safety stage of one pack. Pure."""

    def __init__(self, pack: Pack) -> None:
        """Compile the pack's signs."""
        self._rules = [(rule, [(sign, _compile(sign)) for sign in rule.signs]) for rule in pack.urgent]
        # A frightened hand mistypes; a sign is looked for in the mended words too.
        self._speller = Speller(
            t for r in pack.urgent for sign in r.signs for g in sign.split("+") for a in g.split("|") for t in tokens(a)
        )
        subject = {stem(t) for s in pack.subject for t in tokens(s)}
        for group in pack.same:
            if {stem(t) for t in tokens(group[0])} & subject:
                subject |= {stem(w) for phrase in group for w in tokens(phrase) if len(tokens(phrase)) == 1}
        signs = {t for r in pack.urgent for sign in r.signs for t in tokens(sign)}
        self._subject_words = frozenset(
            t for group in (pack.subject, *pack.same[:3]) for w in group for t in tokens(w) if len(t) > 3
        ) - signs
        # "illness" or "growth" name no subject clearly enough to turn a cry for help into a question.
        named = {s for s in subject if s.startswith(("metasta", "cancer", "secondar", "mets", "tumo"))} or subject
        # Nor does a sign of danger, whatever a pack calls its subject.
        self._subject = named - {stem(t) for t in signs}

    def check(self, words: Sequence[str]) -> Finding:
        """Grade an utterance given as tokens; never raises."""
        whole = self._without_report(strip_frames(list(words)))
        bare = inner_question(whole, self._subject_words)
        text = " ".join(bare)
        person = person_of(bare)
        said = _LITTLE.sub("", " ".join(words)).split()
        rule, sign = self._sign(said)
        if rule is None and (mended := [self._speller.mend(w)[0] for w in said]) != said:
            rule, sign = self._sign(mended)
        if rule is not None:
            reason = f'"{sign}" is a sign of the rule "{rule.id}"'
            if rule.always:
                return Finding("urgent", rule, f"{reason}, which always counts.", tuple(bare), sign)
            # With a sign of danger about, talk around the question is no longer harmless.
            someone = person or ("" if self._names_subject(bare) else any_person(whole))
            if someone:
                return Finding("urgent", rule, f'{reason} and speaks of a person ("{someone}").', tuple(bare), sign)
            if not self._general(bare, text):
                return Finding("urgent", rule, f"{reason} and is not a general question.", tuple(bare), sign)
        if not person and own_case(words):
            person = any_person(words)
        if person:
            return Finding("personal", None, f'It speaks of a person ("{person}").', tuple(bare))
        if _UPSET.search(text) and not _QUESTION.match(text):
            return Finding("personal", None, "Somebody sounds distressed.", tuple(bare))
        return Finding("none", question=tuple(bare))

    def _without_report(self, bare: list[str]) -> list[str]:
        """Take off a report: "my doctor used the word …, what does it mean" asks for a definition, not for advice."""
        rest = strip_report(bare)
        text = " ".join(rest)
        if rest and rest != bare and _DEFINITION.search(text) and not PERSONS & set(strip_frames(rest)):
            return strip_frames(rest)
        return bare

    def _names_cancer_only(self, bare: Sequence[str]) -> bool:
        """Whether the subject is named by its everyday word alone, as in a statement about somebody."""
        return not any(stem(w) in self._subject and not stem(w).startswith(("cancer", "tumo")) for w in bare)

    def _names_subject(self, bare: Sequence[str]) -> bool:
        return any(stem(w) in self._subject for w in bare)

    def _general(self, bare: Sequence[str], text: str) -> bool:
        """A question about the matter, not about a moment."""
        subject = self._names_subject(bare)
        asks = bool(_QUESTION.match(text)) or text.startswith(("bone pain", "tell"))
        if subject and asks:
            return True
        if subject:
            # A heading ("bone pain metastasis") is general; "cancer patient can not breathe" is not.
            somebody = _ACUTE.search(text) or _NEARBY & set(bare) or NEGATIONS & set(bare)
            return not somebody and (bool(_HEADING.search(text)) or not self._names_cancer_only(bare))
        if _ACUTE.search(text) or _THIS_ONE.match(text) or _HOW_TO_ACT.search(text) or (set(bare) & _NEARBY and not asks):
            return False
        return asks

    def _sign(self, words: list[str]) -> tuple[UrgentRule | None, str]:
        said_words = _Said(words)
        for rule, signs in self._rules:
            for _sign, groups in signs:
                if said := _matches(groups, said_words):
                    return rule, said
        return None, ""


def _compile(sign: str) -> list[list[_Alternative]]:
    groups = []
    for group in sign.split("+"):
        alternatives = []
        for written in group.split("|"):
            exact = written.strip().startswith("=")
            words = tokens(written)
            alternatives.append(_Alternative(tuple(words if exact else map(stem, words)), exact))
        groups.append([a for a in alternatives if a.words])
    return groups


class _Said:
    """An utterance's words and stems; each also as a set, since most signs have none of them."""

    def __init__(self, words: list[str]) -> None:
        self.words, self.stems = words, [stem(w) for w in words]
        self._known = {True: frozenset(words), False: frozenset(self.stems)}

    def spans(self, alternative: _Alternative) -> list[tuple[int, int]]:
        if alternative.words[0] not in self._known[alternative.exact]:
            return []
        row, n = self.words if alternative.exact else self.stems, len(alternative.words)
        return [(i, i + n) for i in range(len(row) - n + 1) if tuple(row[i : i + n]) == alternative.words]


def _matches(groups: list[list[_Alternative]], said: _Said) -> str:
    """The words that make the sign; "" where it isn't complete."""
    places: list[list[tuple[int, int]]] = []
    for group in groups:
        found = [span for alternative in group for span in said.spans(alternative)]
        if not found:
            return ""
        places.append(found)
    for start in sorted({s[0] for spans in places for s in spans}):
        if taken := _fits(start, places):
            return " ".join(said.words[i] for i in sorted(taken))
    return ""


def _fits(start: int, places: list[list[tuple[int, int]]]) -> set[int]:
    """The tokens taken, when every group has a span inside the window that starts here and no two share a token."""
    taken: set[int] = set()
    for spans in sorted(places, key=len):
        span = next((s for s in spans if start <= s[0] and s[1] <= start + WINDOW and not taken & set(range(*s))), None)
        if span is None:
            return set()
        taken |= set(range(*span))
    return taken
