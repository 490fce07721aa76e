"""A language model in ARPA's format as the acceptor that libvosk composes with the trie."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from vosk_model.graph import Arc, Fst
from vosk_model.lexicon import UNKNOWN_WORD

START, END = "<s>", "</s>"


class Gram(NamedTuple):
    """One line of the format."""

    words: tuple[str, ...]
    cost: float
    """Of its last word behind the others, in nats."""
    rest: float | None
    """Cost of forgetting its first word; None where nothing is known to follow."""


def arpa_model(text: str, numbers: Mapping[str, int], unknown: float) -> Fst:
    """One state for each history, from which an arc without a word goes to the shorter one.

    Args:
        text: As ``companion.hearing.lm.to_arpa`` writes it: each gram's history stands there, too.
        numbers: Of the words.
        unknown: Chance of "[unk]" where no history is known; the text has no such word.

    """
    grams, fst = tuple(_grams(text)), Fst()
    states: dict[tuple[str, ...], int] = {(): fst.state()}
    for gram in grams:
        if gram.rest is not None and gram.words[-1] != END:
            states[gram.words] = fst.state()

    def longest(words: tuple[str, ...]) -> int:
        while words not in states:
            words = words[1:]
        return states[words]

    fst.start = states[(START,)]
    for words, cost, rest in grams:
        if words in states:
            fst.arcs[states[words]].append(Arc(0, 0, rest or 0.0, longest(words[1:])))
        source = states[words[:-1]]
        if words[-1] == END:
            fst.final[source] = cost
        elif words != (START,):
            number = numbers[words[-1]]
            fst.arcs[source].append(Arc(number, number, cost, longest(words)))
    fst.arcs[0].append(Arc(numbers[UNKNOWN_WORD], numbers[UNKNOWN_WORD], -math.log(unknown), 0))
    for arcs in fst.arcs:
        arcs.sort(key=lambda a: a.ilabel)
    return fst


def _grams(text: str) -> Iterator[Gram]:
    order = 0
    for row in map(str.split, text.splitlines()):
        if row and row[0].endswith("-grams:"):
            order = int(row[0][1])
        elif order and len(row) > order:
            nats = [-math.log(10) * float(x) for x in (row[0], *row[order + 1 :])]
            yield Gram(tuple(row[1 : order + 1]), nats[0], nats[1] if len(nats) > 1 else None)
