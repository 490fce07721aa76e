"""Sentences: where one ends and the next begins, for a voice that is given one at a time."""

from __future__ import annotations

import re

LONGEST = 300
"""Characters; a longer sentence is cut at a clause, so that rendering and stopping stay quick."""

_END = re.compile(r"(?P<mark>[.!?…]+)(?P<close>[\"'”’»)\]]*)(?=\s)")
_OPENERS = "\"'“‘«([¿¡"
_TITLES = frozenset({
    "dr", "mr", "mrs", "ms", "mx", "prof", "st", "sr", "jr", "rev", "hon", "capt", "col", "gen", "lt",
    "sgt", "messrs", "mmes", "fr", "drs", "profs",
})  # fmt: skip
_INSIDE = frozenset({
    "e.g", "i.e", "eg", "ie", "cf", "vs", "viz", "approx", "incl", "resp", "esp", "eq", "eds", "dept",
    "div", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
})  # fmt: skip
"""Abbreviations that something always follows."""
_NUMBERED = frozenset({
    "no", "nos", "p", "pp", "fig", "figs", "vol", "ch", "sec", "art",
})  # fmt: skip
"""Abbreviations only when a number follows."""
_STARTERS = frozenset({
    "a", "an", "the", "this", "that", "these", "those", "it", "its", "he", "she", "they", "we", "you", "i",
    "his", "her", "their", "our", "your", "my", "there", "here", "in", "on", "at", "by", "for", "from",
    "with", "when", "where", "while", "if", "as", "but", "and", "or", "so", "yet", "after", "before",
    "because", "some", "many", "most", "what", "who", "why", "how", "which", "do", "does", "did", "is",
    "are", "was", "were", "can", "could", "may", "might", "will", "would", "should", "not", "no", "yes",
})  # fmt: skip
"""Words that open sentences far more often than they follow an initial."""


def split(text: str, longest: int = LONGEST) -> tuple[str, ...]:
    """Split text into sentences, in order, nothing lost but white space.

    Full stops within abbreviations ("e.g.", "Dr."), initials and decimals end nothing; "stage 4." does.
    Quotes and brackets that close after the mark stay with their sentence. An empty line ends a sentence,
    also without a mark.

    Args:
        text: Any text.
        longest: Characters; longer sentences are cut at a semicolon, colon, dash or comma, else between
            words, else (one endless word) anywhere.

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
    numbers_an_item = last.isdigit() and before[:-1].strip(_OPENERS + " ") == last
    if numbers_an_item or bare in _TITLES or bare in _INSIDE:
        return False
    if bare in _NUMBERED and following[0].isdigit():
        return last == "no"  # "The answer is no. 3 people said so." against "No. 3 is next."
    if (len(last) == 1 and last.isupper()) or re.fullmatch(r"(?:\w\.)+\w", last):
        # An initial, or letters with stops between: over only before a word that opens sentences.
        opening = re.match(r"[^\W\d_]*", following)
        return opening is not None and opening[0].lower() in _STARTERS
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
