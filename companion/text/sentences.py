"""Sentences: where one ends and the next begins, for a voice that is given one at a time."""

from __future__ import annotations

import re

LONGEST = 300
"""Characters; a longer sentence is cut at a clause, so that rendering and stopping stay quick."""

_END = re.compile(r"(?P<mark>[.!?…]+)(?P<close>[\"'”’»)\]]*)(?=\s)")
_OPENERS = "\"'“‘«([¿¡"
_TITLES = frozenset(
    "dr mr mrs ms mx prof st sr jr rev hon capt col gen lt sgt messrs mmes fr drs profs".split()
)
_INSIDE = frozenset(
    "e.g i.e eg ie cf vs viz approx ca al incl resp esp est fig figs eq sec ch vol pp ed eds"
    " dept div mt ft jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
"""Abbreviations that something always follows."""
_EITHER = frozenset("etc a.m p.m am pm u.s u.k e.u u.n d.c ph.d m.d b.a m.a inc ltd co corp max min".split())
"""Abbreviations that may also end a sentence."""
_NUMBERED = frozenset("no nos p pp fig figs vol ch sec art".split())
"""Abbreviations only when a number follows."""
_MONTHS_ALSO_WORDS = frozenset({"mar", "dec", "sec", "ed", "est", "mt", "ft", "fig", "figs", "al", "ca"})
_STARTERS = frozenset(
    "a an the this that these those it its he she they we you i his her their our your my there here"
    " in on at by for from with when where while if as but and or so yet after before because some many most"
    " what who why how which do does did is are was were can could may might will would should not no yes".split()
)
"""Words that open sentences far more often than they follow an initial."""


def split(text: str, longest: int = LONGEST) -> tuple[str, ...]:
    """Split text into sentences, in order, nothing lost but white space.

    Full stops within abbreviations ("e.g.", "Dr."), initials and decimals end nothing; "stage 4." does. Quotes and
    brackets that close after the mark stay with their sentence. An empty line ends a sentence, also without a mark.

    Args:
        text: Any text.
        longest: Characters; longer sentences are cut at a semicolon, colon, dash or comma, else between words, else
            (one endless word) anywhere.

    Returns:
        Sentences with single spaces; () for blank text.
    """
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        for sentence in _of_paragraph(" ".join(paragraph.split())):
            found.extend(_cut(sentence, max(20, longest)))
    return tuple(found)


def _of_paragraph(text: str) -> list[str]:
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if _ends(text[start : match.end("mark")], match["mark"], text[match.end() + 1 : match.end() + 60]):
            sentences.append(text[start : match.end()].strip())
            start = match.end()
    sentences.append(text[start:].strip())
    return [s for s in sentences if s]


def _ends(before: str, mark: str, after: str) -> bool:
    """Whether ``mark``, the end of ``before``, ends a sentence that ``after`` does not continue."""
    following = after.lstrip(_OPENERS)
    if not following or following[0].islower():
        return False
    if mark != ".":
        return True
    last = before[:-1].rsplit(" ", 1)[-1].lstrip(_OPENERS)
    bare = last.lower()
    if last.isdigit() and before[:-1].strip(_OPENERS + " ") == last:
        return False  # the number of a list item
    next_word = re.match(r"[^\W\d_]*", following)
    starter = next_word is not None and next_word[0].lower() in _STARTERS
    if bare in _TITLES:
        return False
    if bare in _NUMBERED and following[0].isdigit():
        return not last[0].isupper() and bare == "no"
    if bare in _INSIDE and bare not in _MONTHS_ALSO_WORDS:
        return False
    initial = len(last) == 1 and last.isupper()
    if initial or re.fullmatch(r"(?:\w\.)+\w", last) or bare in _EITHER:
        return starter if initial or "." in last else True
    return True


def _cut(sentence: str, longest: int) -> list[str]:
    pieces: list[str] = []
    while len(sentence) > longest:
        window = sentence[: longest + 1]
        at = max((m.end() for m in re.finditer(r"[;:,—–](?= )", window)), default=0)
        if at < longest // 4:
            at = window.rfind(" ")
        if at <= 0:
            at = longest
        pieces.append(sentence[:at].strip())
        sentence = sentence[at:].strip()
    return [*pieces, sentence] if sentence else pieces
