"""How plain a text is: words, sentences, syllables and a reading grade, counted here, nothing downloaded."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from companion.text.sentences import split

_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")
_VOWELS = "aeiouy"
_ODD = {
    "area": 3, "being": 2, "biopsy": 3, "blood": 1, "business": 2, "client": 2, "create": 2, "created": 3,
    "diet": 2, "doing": 2, "every": 2, "everything": 3, "everyone": 3, "evening": 2, "fuel": 2, "going": 2,
    "idea": 3, "people": 2, "poem": 2, "quiet": 2, "science": 2, "seeing": 2, "several": 3, "somebody": 3,
    "someone": 2, "something": 2, "sometimes": 2, "somewhere": 2, "society": 4, "therefore": 2, "trial": 2,
    "trials": 2, "usual": 3, "usually": 4, "variety": 4, "anyone": 3, "the": 1, "one": 1, "once": 1, "eye": 1,
    "eyes": 1, "lower": 2, "moving": 2, "nurse": 1, "whole": 1, "wherever": 3, "whether": 2,
    "really": 2, "react": 2, "reaction": 3, "ideal": 3, "lion": 2, "riot": 2, "ion": 2, "ions": 2,
    "reality": 4, "prior": 2, "via": 2, "safety": 2, "quality": 3, "everywhere": 3, "elsewhere": 2,
    "hundred": 2, "x": 1, "w": 3,
}  # fmt: skip
"""Words that the rules below count wrongly."""


@dataclass(frozen=True, slots=True)
class Plainness:
    """What was counted in a text."""

    words: int
    sentences: int
    syllables: int
    grade: float
    """US school grade, Flesch and Kincaid; 0.0 for a text without words; negative for very plain text."""
    mean_sentence: float
    """Words to a sentence; 0.0 for a text without words."""
    longest_sentence: int
    """Words."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text: letters and digits, with apostrophes inside; a hyphen parts two words."""
    return tuple(_WORD.findall(text))


def syllables(word: str) -> int:
    """Syllables of one English word as said, by rules of spelling; at least 1.

    Digits count as one syllable each, capitals alone as letters said one by one ("MRI" 3). Compared with a
    pronouncing dictionary in the tests.
    """
    if word.isdigit():
        return len(word)
    if 1 < len(word) <= 4 and word.isupper() and not any(c in "AEIOU" for c in word[1:-1]):
        return sum(3 if letter == "W" else 1 for letter in word)
    bare = re.sub(r"[^a-z]", "", re.sub(r"['’]s$|['’](?=\w)", "", word.lower()))
    if bare in _ODD:
        return _ODD[bare]
    return max(1, _by_rules(bare))


def _by_rules(word: str) -> int:
    stem = word
    less = 0
    for ending in ("ments", "ment", "fully", "ful", "less", "ness", "ly"):
        if stem.endswith("e" + ending) and len(stem) > len(ending) + 3:
            less += 1  # the e before it is silent: treat-e-ment never happens, "care-ful" does
            break
    if re.search(r"[^aeiouytd]ed$", stem) or re.search(r"[aeiouy][^aeiouytd]ed$", stem):
        stem = stem[:-2]
    elif re.search(r"[^aeiouyszxc]es$", stem) and not re.search(r"(?:sh|ch|dg|[sxzcg])es$", stem):
        stem = stem[:-2]
        if stem.endswith(("bl", "pl", "tl", "dl", "cl", "gl", "fl", "kl", "zl")):
            return _groups(stem) + 1 - less
    elif stem.endswith("e") and not re.search(r"[^aeiouyrlw]le$", stem) and not stem.endswith(("ee", "ie", "ye", "oe")):
        stem = stem[:-1] if len(stem) > 2 else stem
    return _groups(stem) - less


def _groups(stem: str) -> int:
    count = len(re.findall(f"[{_VOWELS}]+", stem))
    # Two vowels that are said apart: "radi-ation", "di-agnosis", "immuni-ty" is none of them.
    count += len(re.findall(r"i(?:a(?!ge$|n$|l)|o(?!us$|n|r)|um|er(?=$|s$)|et|ent|ence)", stem))
    count -= len(re.findall(r"(?:[ct]i(?:a|um|ent|ence|er(?=$|s$)|o(?!us$|n|r)))", stem))
    count += len(
        re.findall(r"(?:eo(?!u|n$|ple)|ua(?=l|r|t)|(?<![qg])uo|uity|ya(?=n)|io(?=r)|yi|oi(?=ng$)|ei(?=ng$))", stem)
    )
    count += 1 if stem.endswith(("sm", "thm")) else 0
    count += 1 if re.search(r"i(?:al|an)s?$", stem) and not re.search(r"[ctsg]i(?:al|an)s?$", stem) else 0
    return count


def measure(text: str, leave_out: Collection[str] = ()) -> Plainness:
    """Count a text and grade it.

    The grade is that of Flesch and Kincaid: 0.39 · words/sentences + 11.8 · syllables/words - 15.59 (Kincaid,
    Fishburne, Rogers and Chissom 1975, Research Branch Report 8-75, Naval Technical Training Command).

    Args:
        text: What is read aloud.
        leave_out: Defined terms, one or more words each, in any case: they count for nothing in the grade,
            neither as words nor as syllables. ``words`` and ``mean_sentence`` always count every word.

    Returns:
        The counts of the whole text (``syllables`` without the terms) and the grade without the terms.

    """
    sentences = [s for s in split(text, longest=len(text) + 20) if words(s)]
    lengths = [len(words(s)) for s in sentences]
    if not sentences:
        return Plainness(0, 0, 0, 0.0, 0.0, 0)
    counted = words(_without(text, leave_out))
    spoken = sum(map(syllables, counted))
    grade = 0.39 * len(counted) / len(sentences) + 11.8 * spoken / len(counted) - 15.59 if counted else 0.0
    return Plainness(
        words=sum(lengths),
        sentences=len(sentences),
        syllables=spoken,
        grade=round(grade, 2),
        mean_sentence=round(sum(lengths) / len(sentences), 2),
        longest_sentence=max(lengths),
    )


def _without(text: str, terms: Collection[str]) -> str:
    for term in sorted(terms, key=len, reverse=True):
        body = r"\s+".join(map(re.escape, term.split()))
        if body:
            text = re.sub(rf"(?<!\w){body}(?!\w)", " ", text, flags=re.IGNORECASE)
    return text
