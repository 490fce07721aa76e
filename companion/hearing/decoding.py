"""What a PocketSphinx decoder makes of an utterance: its words, and what else may have been said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.events import Word

FRAMES_PER_SECOND = 100
PHONES = "phones"
LOOP = {"lw": 2.0, "beam": 1e-20, "pbeam": 1e-20}
"""Settings of the loop of phones: how much the order of phones counts, and what is followed no further."""
OTHERS = 4
"""Alternatives that are told."""
_LOOKED_AT = 60
"""Paths through the lattice, of which many differ in nothing but silence."""


def decode(decoder: Any, sound: NDArray[np.int16]) -> tuple[tuple[Word, ...], float, int]:
    """Words, the best path's score and the number of frames, by PocketSphinx's own front end."""
    decoder.reinit_feat()  # forgets the background of what came before
    decoder.start_utt()
    decoder.process_raw(sound.tobytes(), False, True)
    return _decoded(decoder)


def decode_features(decoder: Any, rows: NDArray[np.float32]) -> tuple[tuple[Word, ...], float, int]:
    """The same from cepstra, shape (frames, 13)."""
    decoder.reinit_feat()
    decoder.start_utt()
    decoder.process_cep(rows.tobytes(), False, True)
    return _decoded(decoder)


def _decoded(decoder: Any) -> tuple[tuple[Word, ...], float, int]:
    decoder.end_utt()
    found = decoder.hyp()
    if found is None:
        return (), 0.0, 1
    # Read out at once: a segment iterator that outlives its utterance reads freed memory.
    rows = [(s.word, s.start_frame, s.end_frame) for s in (decoder.seg() or ())]
    words = tuple(
        Word(plain(w), start / FRAMES_PER_SECOND, (end + 1) / FRAMES_PER_SECOND)
        for w, start, end in rows
        if plain(w)
    )
    return words, float(found.best_score), max(1, int(decoder.n_frames()))


def add_phone_loop(decoder: Any, language: Path) -> None:
    """Give a decoder a second search, `PHONES`, which tells how well any sounds at all would explain what was heard.

    It shares the acoustic model, of which a decoder of its own would load another. The search in use stays.

    Args:
        decoder: With a search.
        language: PocketSphinx's language model of phones.

    Raises:
        RuntimeError: The file can't be loaded.

    """
    in_use, config = decoder.current_search(), decoder.config
    kept = {name: config[name] for name in LOOP}
    # A search takes the settings that stand when it is added.
    for name, value in LOOP.items():
        config[name] = value
    try:
        decoder.add_allphone_file(PHONES, str(language))
    finally:
        for name, value in kept.items():
            config[name] = value
        decoder.activate_search(in_use)


def loop_score(decoder: Any, decoded: Callable[[], tuple[tuple[Word, ...], float, int]]) -> float:
    """The score of the loop of phones (``add_phone_loop``); the search in use stays.

    Args:
        decoder: The decoder.
        decoded: Decodes the utterance with it.

    """
    in_use = decoder.current_search()
    decoder.activate_search(PHONES)
    try:
        return decoded()[1]
    finally:
        decoder.activate_search(in_use)


def others(decoder: Any, text: str) -> tuple[str, ...]:
    """What else may have been said in the utterance decoded last, likeliest first, `OTHERS` at most.

    Args:
        decoder: With a language model; the utterance has ended.
        text: What was found, which is not among them.

    """
    found: dict[str, None] = {}
    for path in islice(decoder.nbest() or (), _LOOKED_AT):
        words = plain(path.hypstr) if path is not None else ""
        if words and words != text:
            found[words] = None
            if len(found) == OTHERS:
                break
    return tuple(found)


def later(words: Sequence[Word], seconds: float) -> tuple[Word, ...]:
    """The same words, so much later."""
    return tuple(Word(w.text, round(w.start + seconds, 2), round(w.end + seconds, 2)) for w in words)


def seconds_of(words: Sequence[Word]) -> float:
    """From the first word's start to the last one's end."""
    return words[-1].end - words[0].start if words else 0.0


def plain(text: str) -> str:
    """Without the markers of sentence ends, noises, and pronunciation variants."""
    return " ".join(w.split("(", 1)[0] for w in text.split() if w[:1] not in "<[+")
