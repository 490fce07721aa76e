"""How an unlisted English word may be said: by a listed relative, by parts, or letter by letter.

Rough on purpose: it serves a handful of words of a pack that the pronouncing dictionary lacks. A recogniser hears a
word better by a rough pronunciation than by none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ENDINGS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # What is taken off, what is put on to find the relative, and the sounds of the ending.
    ("lessness", "", ("L AH S N AH S",)),
    ("ness", "", ("N AH S",)),
    ("less", "", ("L AH S",)),
    ("ies", "y", ("Z",)),
    ("es", "e", ("Z",)),
    ("es", "", ("IH Z",)),
    ("s", "", ("S", "Z")),
    ("ied", "y", ("D",)),
    ("ed", "e", ("D", "T")),
    ("ed", "", ("D", "T")),
    ("ing", "e", ("IH NG",)),
    ("ing", "", ("IH NG",)),
    ("ly", "", ("L IY",)),
    ("er", "", ("ER",)),
)
BEGINNINGS = {
    "micro": "M AY K R OW", "macro": "M AE K R OW", "radio": "R EY D IY OW", "oligo": "AA L IH G OW",
    "chemo": "K IY M OW", "immuno": "IH M Y UW N OW", "neuro": "N UH R OW", "cardio": "K AA R D IY OW",
    "anti": "AE N T IY", "multi": "M AH L T IY", "non": "N AA N", "pre": "P R IY", "post": "P OW S T", "re": "R IY",
}  # fmt: skip
LETTERS: tuple[tuple[str, str], ...] = (
    # Longest first within a letter; the first that fits is taken.
    ("tion", "SH AH N"), ("sion", "ZH AH N"), ("ture", "CH ER"), ("ough", "AO"), ("eigh", "EY"), ("igh", "AY"),
    ("tch", "CH"), ("dge", "JH"), ("sch", "SH"), ("cia", "SH AH"), ("ch", "CH"), ("sh", "SH"), ("ph", "F"),
    ("th", "TH"), ("wh", "W"), ("ck", "K"), ("ng", "NG"), ("qu", "K W"), ("gh", ""), ("kn", "N"), ("wr", "R"),
    ("rh", "R"),
    ("ee", "IY"), ("ea", "IY"), ("ie", "IY"), ("ei", "IY"), ("ai", "EY"), ("ay", "EY"), ("oa", "OW"), ("oo", "UW"),
    ("ou", "AW"), ("ow", "OW"), ("oi", "OY"), ("oy", "OY"), ("au", "AO"), ("aw", "AO"), ("eu", "UW"), ("ew", "UW"),
    ("ar", "AA R"), ("er", "ER"), ("ir", "ER"), ("ur", "ER"), ("or", "AO R"), ("ci", "S IH"), ("ce", "S EH"),
    ("cy", "S IY"), ("ge", "JH EH"), ("gi", "JH IH"), ("a", "AE"), ("b", "B"), ("c", "K"), ("d", "D"), ("e", "EH"),
    ("f", "F"),
    ("g", "G"), ("h", "HH"), ("i", "IH"), ("j", "JH"), ("k", "K"), ("l", "L"), ("m", "M"), ("n", "N"), ("o", "AA"),
    ("p", "P"), ("q", "K"), ("r", "R"), ("s", "S"), ("t", "T"), ("u", "AH"), ("v", "V"), ("w", "W"), ("x", "K S"),
    ("y", "IY"), ("z", "Z"),
)  # fmt: skip
_SHORTEST = 3
"""Letters of the smallest part by which a compound is taken apart."""


def relatives(word: str) -> set[str]:
    """Every word whose listed pronunciation could help with ``word``: ask a dictionary for these."""
    found = {word[:cut] for cut in range(_SHORTEST, len(word))} | {word[cut:] for cut in range(1, len(word) - 1)}
    return found | {word[: -len(end)] + new for end, new, _ in ENDINGS if word.endswith(end)}


def guesses(word: str, listed: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Pronunciations in ARPAbet without stress, likeliest first; () for a word without letters.

    Args:
        word: Lower case.
        listed: Pronunciations that are known, at least those of ``relatives(word)``.

    """
    if word.endswith(("ted", "ded")) and word[:-2] in listed:
        return (f"{listed[word[:-2]][0]} IH D",)
    for end, new, sounds in ENDINGS:
        stem = word[: -len(end)] + new
        if word.endswith(end) and len(stem) >= _SHORTEST and stem in listed:
            return tuple(f"{listed[stem][0]} {sound}" for sound in sounds)
    for begin, sound in BEGINNINGS.items():
        rest = word.removeprefix(begin)
        if rest != word and rest in listed:
            return tuple(f"{sound} {phones}" for phones in listed[rest][:2])
    for cut in range(len(word) - _SHORTEST, _SHORTEST - 1, -1):
        if word[:cut] in listed and word[cut:] in listed:
            return (f"{listed[word[:cut]][0]} {listed[word[cut:]][0]}",)
    spelled = _spelled(word)
    return (spelled,) if spelled else ()


def _spelled(word: str) -> str:
    out: list[str] = []
    at = 0
    # A last e after a consonant is silent.
    text = word[:-1] if len(word) > _SHORTEST and word.endswith("e") and word[-2] not in "aeiou" else word
    while at < len(text):
        if at and text[at] == text[at - 1] and text[at] not in "aeiou":
            at += 1  # a doubled consonant is one sound
            continue
        for letters, sound in LETTERS:
            if text.startswith(letters, at):
                out += sound.split()
                at += len(letters)
                break
        else:
            at += 1
    return " ".join(out)
