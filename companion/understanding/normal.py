"""From what was typed or heard to plain tokens: lower case, contractions opened, numbers as words."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer

MAX_CHARS = 4_000
"""Characters of an utterance that are looked at. A longer one is cut in its middle, so that a cry for help at
either end is still seen; nobody asks a question that long."""

# The stemmer keeps the word it works on in itself: two threads would mix theirs, and the wrong stems would be kept.
_STEMMER = snowballstemmer.stemmer("english")
_ONE_AT_A_TIME = threading.Lock()

_CONTRACTIONS = {
    "can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not", "ain't": "is not",
    "let's": "let us", "it's": "it is", "that's": "that is", "what's": "what is", "he's": "he is",
    "she's": "she is", "there's": "there is", "here's": "here is", "who's": "who is", "where's": "where is",
    "how's": "how is", "when's": "when is", "why's": "why is", "something's": "something is",
    "someone's": "someone is", "somebody's": "somebody is", "nobody's": "nobody is", "everything's": "everything is",
    "mum's": "mum is", "mom's": "mom is", "dad's": "dad is", "gran's": "gran is", "nan's": "nan is",
    "y'all": "you all", "ma'am": "madam", "'cause": "because", "o'clock": "oclock",
    "wanna": "want to", "gonna": "going to", "gotta": "got to", "gimme": "give me", "lemme": "let me",
    "dunno": "do not know", "whatcha": "what are you", "kinda": "kind of", "innit": "is it not", "cos": "because",
    "im": "i am", "ive": "i have", "id": "i would", "cant": "can not", "dont": "do not", "wont": "will not",
    "isnt": "is not", "arent": "are not", "doesnt": "does not", "didnt": "did not", "hasnt": "has not",
    "havent": "have not", "wasnt": "was not", "couldnt": "could not", "shouldnt": "should not",
    "wouldnt": "would not", "whats": "what is", "thats": "that is", "hes": "he is", "shes": "she is",
    "theres": "there is", "whos": "who is", "wheres": "where is", "hows": "how is", "youre": "you are",
    "theyre": "they are", "pls": "please", "plz": "please", "u": "you", "ur": "your", "thru": "through",
    "teh": "the", "hte": "the", "waht": "what", "hwat": "what", "wat": "what", "wich": "which", "whcih": "which",
    "whihc": "which", "waht's": "what is", "wats": "what is", "doese": "does", "dose'nt": "does not", "hwo": "how", "cna": "can",
    "adn": "and", "taht": "that", "thier": "their", "becuase": "because", "woudl": "would", "coudl": "could",
    "mri's": "mri", "mris": "mri", "xray": "x ray", "xrays": "x ray",
}  # fmt: skip
_ENDINGS = (("n't", " not"), ("'re", " are"), ("'ve", " have"), ("'ll", " will"), ("'d", " would"), ("'m", " am"))
_ONES = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen"
    ).split()
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NUMBERS = {word: value for value, word in enumerate(_ONES)}
ORDINALS = {
    word: value
    for value, word in enumerate(
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"], start=1
    )
}
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|'cause")
_SPELLED = re.compile(r"\b(?:m r i|c t|p e t)\b")
_STEERING = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")
"""Control sequences (ECMA-48, section 5.4): an arrow key pressed while typing leaves one, and its letter is no word."""


def clean(text: str) -> str:
    """The text made safe to show: one line, no control characters, no hidden or direction-changing ones."""
    kept = (c if c.isprintable() else " " for c in _STEERING.sub("", text[: 2 * MAX_CHARS]))
    return " ".join("".join(kept).split())


def tokens(text: str) -> list[str]:
    """Lower-case words of ASCII letters, digits spelled out, contractions opened; at most ``MAX_CHARS`` are read."""
    if len(text) > MAX_CHARS:
        half = MAX_CHARS // 2
        text = f"{text[:half]} {text[-half:]}"
    text = _STEERING.sub("", text)
    if text.isascii() and text.isprintable():  # nearly all there is, and nothing in it to fold
        text = text.lower()
    else:
        text = unicodedata.normalize("NFKD", text).casefold().replace("\u2019", "'").replace("\u2018", "'")
        text = "".join(c for c in text if not unicodedata.combining(c) and (c.isprintable() or c.isspace()))
    # "911" is said digit by digit; any other grouping is a quantity.
    text = re.sub(r"\b(911|999|112|988)\b", lambda m: " ".join(_ONES[int(d)] for d in m[0]), text)
    out: list[str] = []
    for word in _WORD.findall(text):
        out.extend(_open(word, out[-1] if out else ""))
    return _united(out)


def _united(words: list[str]) -> list[str]:
    """Names of scans that were said letter by letter ("m r i") as one word: their "i" is nobody."""
    text = " ".join(words)
    return _SPELLED.sub(lambda m: m[0].replace(" ", ""), text).split() if _SPELLED.search(text) else words


def _open(word: str, before: str) -> list[str]:
    if word in _CONTRACTIONS:
        return _CONTRACTIONS[word].split()
    if word.isalpha() and before != "stage":
        return [word]
    for ending, full in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending):
            return (word[: -len(ending)] + full).split()
    word = word.removesuffix("'s").replace("'", "")
    if before == "stage" and word in {"iv", "iiii"}:
        return ["four"]
    if word.isdecimal() and len(word) <= 3:
        return _number(int(word))
    mixed = re.fullmatch(r"(\d{1,3})([a-z]+)", word)
    if mixed:
        return [*_number(int(mixed[1])), mixed[2]]
    return [word] if word else []


def _number(value: int) -> list[str]:
    if value < 20:
        return [_ONES[value]]
    if value < 100:
        return [_TENS[value // 10]] + ([_ONES[value % 10]] if value % 10 else [])
    return [_ONES[value // 100], "hundred"] + (_number(value % 100) if value % 100 else [])


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The word's stem by the Snowball English algorithm (Porter 2, 2001)."""
    with _ONE_AT_A_TIME:
        return str(_STEMMER.stemWord(word))


def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's tokens."""
    return tuple(stem(t) for t in tokens(text))
