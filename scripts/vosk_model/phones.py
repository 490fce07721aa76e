"""The phones of the model and how they are numbered."""

from __future__ import annotations

from collections.abc import Sequence

SILENCE, UNKNOWN = "pau", "spn"
"""Silence, as flite names it, and the phone of what is no word of the model."""
SPEECH = tuple(
    (
        "aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v w y z zh"
    ).split()
)
"""Of flite's American English."""
CLASSES = (SILENCE, UNKNOWN, *SPEECH)
"""What the network tells apart; its position is the class's number (Kaldi's pdf)."""
POSITIONS = "BEIS"
"""Begin, end, inside, single: a word's phones carry their place, so that libvosk finds where words begin and end."""


def phone_ids(speech: Sequence[str] = SPEECH) -> dict[str, int]:
    """Numbers from 1, as Kaldi has it: silence, the unknown, then four for each phone of speech, such as "ae_B"."""
    names = [SILENCE, UNKNOWN, *(f"{phone}_{place}" for phone in speech for place in POSITIONS)]
    return {name: n for n, name in enumerate(names, 1)}


def class_of(name: str, speech: Sequence[str] = SPEECH) -> int:
    """The class of a numbered phone."""
    return (SILENCE, UNKNOWN, *speech).index(name.partition("_")[0])


def in_word(phones: tuple[str, ...]) -> tuple[str, ...]:
    """A word's phones with their places."""
    if phones == (UNKNOWN,):
        return phones
    if len(phones) == 1:
        return (f"{phones[0]}_S",)
    inner = (f"{p}_I" for p in phones[1:-1])
    return (f"{phones[0]}_B", *inner, f"{phones[-1]}_E")
