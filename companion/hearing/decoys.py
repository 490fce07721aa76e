"""Frequent words that sound nearly like a pack's short phrases, so that a foreign word has somewhere to go.

Measured with the project's small Vosk model (2026-11-30). All commands and numbers, 58 decoys: a command was found in
5 % of 40 foreign words (15 % without), as many of 60 commands were heard (22), of people's 72 commands and numbers 13
(14), and none was taken for another (1). Nine commands, a dozen decoys: 18 % of 80 foreign words (30), 11 % of 61 other
recordings of people (26), of people's 24 commands 11 heard rightly (13) and 1 wrongly (6). With fifty or more to nine
commands, a third to three quarters of the commands went unheard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from companion.hearing.lm import listed
from companion.hearing.pocketsphinx import frequent_words

EACH = 3
"""Decoys for one phrase at most, the most frequent ones. With one each (21 for all commands) nothing changed that could
be measured; three lie between that and the 58 above, and were not measured by themselves."""
MEANT = frozenset({"yep", "yea", "ya", "yo", "nope", "nah", "hello", "hey"})
"""Never decoys: who says these may mean the phrase that they sound like."""


def near_words(phrases: Iterable[str], frequent: Iterable[str], said: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The frequent words that differ by one sound from a phrase of one word, the most frequent of each.

    None that stands in a phrase, and none that sounds as a word of a phrase does ("know" beside "no").

    Args:
        phrases: What is listened for.
        frequent: Words to choose from.
        said: Word to its pronunciations, phones with blanks between; words without one are passed over.

    """
    rows = list(dict.fromkeys(tuple(p.split()) for p in phrases))
    own = {w for row in rows for w in row}
    taken = {sounds for w in own for sounds in said.get(w, ())}
    free = [w for w in dict.fromkeys(frequent) if w not in own | MEANT and not taken.intersection(said.get(w, ()))]
    # By what is left of a word without one sound; a pack may have thousands of words, so nothing is compared twice.
    places: dict[tuple[str | int, ...], list[int]] = defaultdict(list)
    for place, word in enumerate(free):
        for sounds in said.get(word, ()):
            for key in _keys(sounds.split(), -1, -2):
                places[key].append(place)
    out: dict[str, None] = {}
    for row in rows:
        if len(row) == 1:
            keys = (key for sounds in said.get(row[0], ()) for key in _keys(sounds.split(), -2, -1))
            near = sorted({place for key in keys for place in places.get(key, ())})
            out |= dict.fromkeys(free[place] for place in near[:EACH])
    return tuple(out)


def _keys(sounds: Sequence[str], whole: int, less: int) -> Iterator[tuple[str | int, ...]]:
    """One key for the whole row, and for each sound two without it: where it is changed, and where it is gone.

    Rows that differ by one sound share a key when the ``whole`` of one is the ``less`` of the other, both ways.
    """
    yield (whole, *sounds)
    for n in range(len(sounds)):
        rest = (*sounds[:n], *sounds[n + 1 :])
        yield (n, len(sounds), *rest)
        yield (less, *rest)


def decoys(phrases: Sequence[str], cache: Path) -> tuple[str, ...]:
    """Decoys for the phrases, out of PocketSphinx's dictionary and language model; () where it isn't installed.

    Args:
        phrases: What is listened for, lower case.
        cache: Folder for what is made from the model, once.

    """
    try:
        import pocketsphinx
    except (ImportError, OSError):
        return ()
    pocketsphinx.set_loglevel("FATAL")
    home = Path(pocketsphinx.get_model_path("en-us"))
    dictionary = home / "cmudict-en-us.dict"
    try:
        frequent = [w for w in frequent_words(home / "en-us.lm.bin", dictionary, cache) if len(w) > 1]
        said = listed(dictionary, {*frequent, *(w for p in phrases for w in p.split())})
    except (OSError, RuntimeError, ValueError):
        return ()  # they only help
    return near_words(phrases, frequent, said)
