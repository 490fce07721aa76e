"""The decoding graph: a trie of all pronunciations with look-ahead, and a language model beside it.

libvosk composes the two while it decodes, and puts a runtime grammar in the language model's place. The trie is made
directly, so nothing has to be determinised. Words are numbered in the order of the trie: what can still be said from a
state is then a few runs of numbers, and those runs are what the look-ahead needs (OpenFst, label-reachable.h).
"""

from __future__ import annotations

import math
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vosk_model.lexicon import UNKNOWN_WORD, Pronunciation
from vosk_model.phones import SILENCE, SPEECH, class_of, in_word, phone_ids

MAGIC, ADDON_MAGIC = 2125659606, 446681434
EXPANDED, ACCEPTOR, NOT_ACCEPTOR, ILABELS_SORTED, OLABELS_SORTED = 0x1, 0x10000, 0x20000, 0x10000000, 0x40000000
"""OpenFst: fst.h, add-on.h, properties.h."""
HALF = math.log(2.0)
"""Cost of silence after a word, and of none."""
START, LOOP, PAUSE = 0, 1, 2
DISCOUNT = 0.5
"""Taken off every pair of words that was seen (absolute discounting), for those that were not."""
UNKNOWN_SHARE = 0.02
"""Of the single words, for what is none of them."""


@dataclass(frozen=True, slots=True)
class Arc:
    """From one state to another."""

    ilabel: int
    olabel: int
    cost: float
    to: int


@dataclass(slots=True)
class Fst:
    """States with their arcs; a state with an entry in ``final`` may end."""

    arcs: list[list[Arc]] = field(default_factory=list)
    final: dict[int, float] = field(default_factory=dict)
    start: int = 0

    def state(self) -> int:
        """A new state's number."""
        self.arcs.append([])
        return len(self.arcs) - 1


@dataclass(slots=True)
class _Node:
    words: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Last phones with the words that end in them."""
    children: dict[str, _Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Graph:
    """What decoding needs."""

    numbers: dict[str, int]
    """Words in the order of the trie, from 1."""
    trie: Fst
    reach: list[list[tuple[int, int]]]
    """For each state of the trie the numbers that come next from it, as runs [first, last + 1)."""


def leave_chances(frames: Mapping[int, float], speech: Sequence[str] = SPEECH) -> dict[str, float]:
    """How likely each numbered phone ends after one step of 30 ms.

    Args:
        frames: Mean length of each class, in frames of 10 ms.
        speech: The phones beside silence and the unknown.

    """
    return {n: min(0.9, max(0.05, 3.0 / frames.get(class_of(n, speech), 8.0))) for n in phone_ids(speech)}


def decoding_graph(
    words: Mapping[str, Sequence[Pronunciation]], leaving: Mapping[str, float], speech: Sequence[str] = SPEECH
) -> Graph:
    """The trie of all words."""
    root = _Node()
    for word in sorted(words):
        for phones in words[word]:
            node, row = root, in_word(phones)
            for phone in row[:-1]:
                node = node.children.setdefault(phone, _Node())
            if word not in node.words[row[-1]]:
                node.words[row[-1]].append(word)
    numbers: dict[str, int] = {}
    _number(root, numbers)
    return _Builder(numbers, leaving, phone_ids(speech)).build(root)


def _number(node: _Node, numbers: dict[str, int]) -> None:
    for phone in sorted(node.words):
        for word in node.words[phone]:
            numbers.setdefault(word, len(numbers) + 1)
    for phone in sorted(node.children):
        _number(node.children[phone], numbers)


class _Builder:
    def __init__(self, numbers: dict[str, int], leaving: Mapping[str, float], ids: Mapping[str, int]) -> None:
        self._numbers, self._ids, self._leaving = numbers, ids, leaving
        self._fst, self._exits = Fst(), dict[str, int]()
        self._next: dict[int, set[int]] = {}

    def build(self, root: _Node) -> Graph:
        for _ in (START, LOOP, PAUSE):
            self._fst.state()
        silence = self._enter(SILENCE)
        self._fst.arcs[START] = [Arc(0, 0, HALF, LOOP), Arc(silence[0], 0, HALF + silence[1], PAUSE)]
        self._fst.arcs[PAUSE] = [Arc(0, 0, 0.0, LOOP), self._stay(SILENCE, PAUSE)]
        self._fst.final[LOOP] = 0.0
        self._grow(root, LOOP)
        everything = [(1, len(self._numbers) + 2)]  # the last number stands for the end
        inner = {state: _runs(come) for state, come in self._next.items() if state != LOOP}
        reach = [inner.get(state, everything) for state in range(len(self._fst.arcs))]
        for arcs in self._fst.arcs:
            arcs.sort(key=lambda a: (a.olabel, a.ilabel, a.to))
        return Graph(self._numbers, self._fst, reach)

    def _enter(self, phone: str) -> tuple[int, float]:
        """Label and cost of the step into a phone."""
        return 2 * self._ids[phone], -math.log(self._leaving[phone])

    def _stay(self, phone: str, state: int) -> Arc:
        return Arc(2 * self._ids[phone] - 1, 0, -math.log(1 - self._leaving[phone]), state)

    def _exit(self, phone: str) -> int:
        """The state in the last phone of a word, from which the next word or a silence follows."""
        if phone not in self._exits:
            state = self._exits[phone] = self._fst.state()
            silence = self._enter(SILENCE)
            self._fst.arcs[state] = [
                Arc(0, 0, HALF, LOOP), Arc(silence[0], 0, HALF + silence[1], PAUSE), self._stay(phone, state),
            ]  # fmt: skip
        return self._exits[phone]

    def _grow(self, node: _Node, state: int) -> set[int]:
        come: set[int] = set()
        for phone in sorted(node.words):
            label, cost = self._enter(phone)
            for word in node.words[phone]:
                self._fst.arcs[state].append(Arc(label, self._numbers[word], cost, self._exit(phone)))
                come.add(self._numbers[word])
        for phone in sorted(node.children):
            child = self._fst.state()
            label, cost = self._enter(phone)
            self._fst.arcs[state].append(Arc(label, 0, cost, child))
            self._fst.arcs[child].append(self._stay(phone, child))
            come |= self._grow(node.children[phone], child)
        self._next[state] = come
        return come


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for n in sorted(numbers):
        if runs and runs[-1][1] == n:
            runs[-1] = (runs[-1][0], n + 1)
        else:
            runs.append((n, n + 1))
    return runs


def language_model(sentences: Iterable[Sequence[str]], numbers: Mapping[str, int]) -> Fst:
    """Pairs of words with back-off to single words, as an acceptor; label 0 backs off.

    Args:
        sentences: Known words only count; a sentence with another one is left out.
        numbers: Of the words.

    """
    pairs: dict[str, Counter[str]] = defaultdict(Counter)
    single: Counter[str] = Counter()
    end = ""
    for row in sentences:
        if row and all(w in numbers for w in row):
            for before, after in zip(("^", *row), (*row, end), strict=True):
                pairs[before][after] += 1
                single[after] += 1
    for word in numbers:
        single[word] += 1
    total = sum(single.values()) - single[UNKNOWN_WORD]
    chance = {w: (1 - UNKNOWN_SHARE) * c / total for w, c in single.items()}
    chance[UNKNOWN_WORD] = UNKNOWN_SHARE
    fst = Fst()
    base = fst.state()
    states = {word: fst.state() for word in sorted(pairs, key=lambda w: (w != "^", w))}
    fst.start = states["^"]
    for word in sorted(numbers, key=numbers.__getitem__):
        fst.arcs[base].append(Arc(numbers[word], numbers[word], -math.log(chance[word]), states.get(word, base)))
    fst.final[base] = -math.log(chance[end])
    for before, state in states.items():
        seen = pairs[before]
        count = sum(seen.values())
        rest = DISCOUNT * len(seen) / count
        fst.arcs[state].append(Arc(0, 0, -math.log(rest), base))
        for after in sorted((w for w in seen if w != end), key=numbers.__getitem__):
            cost = -math.log((seen[after] - DISCOUNT) / count + rest * chance[after])
            fst.arcs[state].append(Arc(numbers[after], numbers[after], cost, states.get(after, base)))
        if end in seen:
            fst.final[state] = -math.log((seen[end] - DISCOUNT) / count + rest * chance[end])
    return fst


def const_fst(fst: Fst, properties: int) -> bytes:
    """OpenFst's ConstFst of standard arcs, version 2 (not aligned): const-fst.h."""
    states, arcs, at = bytearray(), bytearray(), 0
    for n, row in enumerate(fst.arcs):
        epsilons = sum(a.ilabel == 0 for a in row), sum(a.olabel == 0 for a in row)
        states += struct.pack("<fIIII", fst.final.get(n, math.inf), at, len(row), *epsilons)
        at += len(row)
        for a in row:
            arcs += struct.pack("<iifi", a.ilabel, a.olabel, a.cost, a.to)
    return _header("const", 2, properties, fst) + bytes(states) + bytes(arcs)


def acceptor(fst: Fst) -> bytes:
    """``Gr.fst``."""
    return const_fst(fst, EXPANDED | ACCEPTOR | ILABELS_SORTED | OLABELS_SORTED)


def lookahead(graph: Graph) -> bytes:
    """``HCLr.fst``: an olabel_lookahead FST, that is a const FST and for each state the runs that it reaches."""
    properties = EXPANDED | NOT_ACCEPTOR | OLABELS_SORTED
    fst = graph.trie
    out = bytearray(_header("olabel_lookahead", 1, properties, fst))
    out += struct.pack("<i", ADDON_MAGIC) + const_fst(fst, properties)
    # There is an add-on, a pair: none for the input side, one for the output side, which reaches by output labels and
    # keeps no table of relabelling.
    out += bytes((1, 0, 1, 0, 0)) + struct.pack("<iq", len(graph.numbers) + 1, len(graph.reach))
    for runs in graph.reach:
        out += struct.pack("<q", len(runs)) + b"".join(struct.pack("<ii", *run) for run in runs)
        out += struct.pack("<i", sum(b - a for a, b in runs))
    return bytes(out)


def _header(kind: str, version: int, properties: int, fst: Fst) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<i", len(value)) + value.encode()

    sizes = fst.start, len(fst.arcs), sum(map(len, fst.arcs))
    numbers = struct.pack("<iiQqqq", version, 0, properties, *sizes)
    return struct.pack("<i", MAGIC) + text(kind) + text("standard") + numbers
