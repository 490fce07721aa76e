"""How words sound: by flite's letter-to-sound rules, and a few ways in which people say small words."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence

from vosk_model.phones import SILENCE, SPEECH, UNKNOWN

UNKNOWN_WORD = "[unk]"
BATCH = 40
"""Words to one call of flite, each a sentence of its own."""
Pronunciation = tuple[str, ...]

# What flite says is the careful form; in a sentence these are often said otherwise.
VARIANTS: dict[str, tuple[str, ...]] = {
    "a": ("ey", "ax"), "the": ("dh iy", "dh ax"), "to": ("t uw", "t ax"), "of": ("ah v", "ax v"),
    "for": ("f ao r", "f er"),
    "and": ("ae n d", "ax n", "ae n"), "are": ("aa r", "er"), "can": ("k ae n", "k ax n"), "is": ("ih z",),
    "from": ("f r ah m", "f r ax m"), "that": ("dh ae t", "dh ax t"),
    "was": ("w aa z", "w ax z", "w ah z"),
    "what": ("w ah t", "w aa t", "hh w ah t"), "do": ("d uw", "d ax"), "does": ("d ah z", "d ax z"),
    "it": ("ih t", "ax t"),
    "you": ("y uw", "y ax"), "your": ("y ao r", "y er"), "or": ("ao r", "er"), "at": ("ae t", "ax t"),
    "an": ("ae n", "ax n"),
    "as": ("ae z", "ax z"), "there": ("dh eh r",), "when": ("w eh n", "hh w eh n"), "where": ("w eh r", "hh w eh r"),
    "why": ("w ay", "hh w ay"), "which": ("w ih ch", "hh w ih ch"), "pardon": ("p aa r d ax n",), "i": ("ay",),
    "cancer": ("k ae n s er", "k ae n t s er"), "spread": ("s p r eh d",), "tumor": ("t uw m er", "t y uw m er"),
    "metastasis": ("m ax t ae s t ax s ax s", "m ax t ae s t ax s ih s", "m eh t ax s t ey s ax s"),
    "metastases": ("m ax t ae s t ax s iy z",), "metastasize": ("m ax t ae s t ax s ay z",),
    "metastatic": ("m eh t ax s t ae t ih k",), "biopsy": ("b ay aa p s iy",), "lymph": ("l ih m f",),
    "lymphatic": ("l ih m f ae t ih k",), "oncologist": ("aa ng k aa l ax jh ih s t", "aa n k aa l ax jh ax s t"),
    "chemotherapy": ("k iy m ow th eh r ax p iy",), "prognosis": ("p r aa g n ow s ax s", "p r aa g n ow s ih s"),
    "palliative": ("p ae l iy ax t ih v", "p ae l iy ey t ih v"), "next": ("n eh k s t", "n eh k s"),
    "repeat": ("r ax p iy t", "r iy p iy t", "r ih p iy t"), "resume": ("r ax z uw m", "r ih z uw m", "r iy z uw m"),
    "yes": ("y eh s",), "yeah": ("y ae ax", "y eh ax"), "no": ("n ow",), "mri": ("eh m aa r ay",), "ct": ("s iy t iy",),
}  # fmt: skip


def lexicon(words: Iterable[str]) -> dict[str, tuple[Pronunciation, ...]]:
    """All ways to say each word, in a fixed order; "[unk]" is the unknown phone.

    Words that flite reads as nothing, or with a phone of another language, are left out.

    Raises:
        OSError, subprocess.SubprocessError: flite is not there, or fails.

    """
    found: dict[str, tuple[Pronunciation, ...]] = {UNKNOWN_WORD: ((UNKNOWN,),)}
    plain = sorted({w for w in words if w.replace("'", "").isalpha() and w.isascii() and w == w.lower()})
    for start in range(0, len(plain), BATCH):
        batch = plain[start : start + BATCH]
        said = _said(batch)
        if len(said) != len(batch):  # a word was read as two, or two as one
            said = [row for word in batch for row in [*_said([word]), ()][:1]]
        for word, phones in zip(batch, said, strict=True):
            rows = (phones, *(tuple(v.split()) for v in VARIANTS.get(word, ())))
            known = tuple(dict.fromkeys(r for r in rows if r and set(r) <= set(SPEECH)))
            if known:
                found[word] = known
    return found


def _said(words: Sequence[str]) -> list[Pronunciation]:
    done = subprocess.run(
        ["flite", "-t", " ".join(f"{w}." for w in words), "-o", "none", "-ps"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    groups, row = [], list[str]()
    for phone in [*done.stdout.split(), SILENCE]:
        if phone != SILENCE:
            row.append(phone)
        elif row:
            groups.append(tuple(row))
            row = []
    return groups
