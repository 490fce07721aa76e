"""Who an utterance speaks of: person markers, and which of them only belong to the asking."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SELF = frozenset("i me my mine myself we us our ours ourselves".split())
_OTHER = frozenset("he him his himself she her hers herself".split())
_RELATIVES = frozenset(
    (
        "mum mom mam mama mummy mommy mother dad papa daddy pa father wife husband hubby son daughter sister "
        "brother gran granny grandma grandmother grandpa grandad granddad grandfather nan nana nanny aunt "
        "auntie uncle niece nephew cousin partner girlfriend boyfriend fiance fiancee spouse neighbour "
        "neighbor stepmother stepfather stepson stepdaughter grandson granddaughter roommate flatmate "
        "colleague abuela abuelo oma opa missus"
    ).split()
)
PERSONS = _SELF | _OTHER | _RELATIVES

# "I was just sitting here thinking": stands between a person and the verb of the asking.
_ON_THE_WAY = frozenset(
    (
        "am was were is are be been being have had has do did does would could can should will might may just "
        "really only also always still never often sometimes kind of sort a bit little so very quite to the "
        "at in on this that sitting here there today now then recently lately want wanted need needed like "
        "love try trying keep keeps going about for some time long been all not even ever actually"
    ).split()
)
_ASKING = frozenset(
    (
        "ask asking asked wonder wondering wondered know knew understand understood learn learning learned "
        "hear hearing heard read reading think thinking thought suppose guess hope mean curious interested "
        "watch watching watched listen listening listened confused sure remember forgot forget say talk "
        "talking lecture discussion question questions unsure clear"
    ).split()
)
_TELLING = frozenset(
    (
        "tell tells telling explain explains explained explaining ask asks asking asked give show teach mind "
        "let help told"
    ).split()
)
_TOPICS = frozenset(
    "question questions homework essay class project school teacher exam presentation course curiosity".split()
)
_HEADS = frozenset(
    "what how why which when where who can could is are does do will if whether has meaning means".split()
)
_GENERIC_OUR = re.compile(
    r"\bour (?:body|bodies|own body|own bodies|cells|immune|blood|bones|lungs|organs)\b|\b(?:inside|in|within|around|round|through) us\b|"
    r"\b(?:parts?|bits?|rest) of us\b|\bhow (?:can|do|could) (?:we|i) (?:stop|prevent|keep) (?:a |the )?(?:cancers?|tumou?rs?|metasta\w+)\b|"
    r"\b(?:do|can|did|should) we (?:call|know|say|mean|understand)\b"
)
# "Are the daughter tumors like the mother tumor": a figure of speech, and nobody's mother.
_OF_TUMORS = re.compile(r"\b(?:a|the) mother (?:tumou?r|cell|growth)s?\b|\bdaughters? (?:tumou?r|cell|growth)s?\b")
# "I wonder if it has come back": somebody's own cancer, though no "my" is said.
_OWN_CASE = re.compile(
    r"\b(?:if|whether|that|think|hope|guess|suppose|sure|said|say|know)(?: that)? (?:it|this|the cancer|mine)"
    r" (?:has|is|was|had|will|might|could|may|came|got|spread|went|did|does not|is not|has not)\b"
)


_GENERAL_KNOWER = re.compile(
    r"\b(?:doctors?|people|they|you|someone|one|tests?|scans?)(?: can| could| do| will| to)? "
    r"(?:know|tell|say|find out|check|see|show|shows) (?:if|whether|that|when) (?:it|the cancer|cancer) has\b"
)


def person_of(words: Sequence[str]) -> str:
    """The first marker of a person that is more than talk about asking; "" when there is none."""
    text = " ".join(words)
    counted = set(_OF_TUMORS.sub(" ", _GENERIC_OUR.sub(" ", text)).split())
    markers = [i for i, w in enumerate(words) if w in PERSONS and w in counted]
    for i in markers:
        if not _only_asks(words, i):
            return words[i]
    return ""


def own_case(words: Sequence[str]) -> bool:
    """Whether somebody speaks of a cancer of theirs as "it" ("I wonder if it has come back")."""
    if not any_person(words):
        return False
    return bool(_OWN_CASE.search(_GENERAL_KNOWER.sub(" ", " ".join(words))))


def any_person(words: Sequence[str]) -> str:
    """The first marker of a person, whatever it belongs to; "" when there is none."""
    return next((w for w in words if w in PERSONS), "")


def _only_asks(words: Sequence[str], i: int) -> bool:
    word, before, after = words[i], words[max(0, i - 4) : i], words[i + 1 :]
    if word in {"me", "us"}:
        return bool(_TELLING & set(before))
    if not any(w in _HEADS and after[n + 1 : n + 2] != ["not"] for n, w in enumerate(after)):
        return False  # a statement, and nothing is asked after it ("does not know me" asks nothing)
    if word in {"my", "our"}:
        return bool(after) and (after[0] in _TOPICS or (after[0] in _RELATIVES and _asked(after[1:])))
    if word in _RELATIVES:
        return _asked(after)
    if word in {"i", "we", "he", "she"}:
        return _asked(after)
    return word in {"his", "her"} and bool(after) and after[0] in _TOPICS


def _asked(after: Sequence[str]) -> bool:
    """Whether the next verb is one of asking, reading or wondering."""
    for n, word in enumerate(after[:8]):
        if word in {"talk", "talking"}:
            return after[n + 1 : n + 2] in (["about"], ["of"], ["on"])  # "talking nonsense" is a sign of something
        if word in _ASKING:
            return True
        if word in {"find", "figure", "work"}:
            return after[n + 1 : n + 2] == ["out"]
        if word not in _ON_THE_WAY:
            return False
    return False
