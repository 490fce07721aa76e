"""All steps in a row, the same result for the same words."""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from vosk_model.files import Acoustic, write_model
from vosk_model.graph import decoding_graph, language_model, leave_chances
from vosk_model.lexicon import Pronunciation, lexicon
from vosk_model.network import CONTEXT, Network, align, new_network, teach
from vosk_model.phones import CLASSES
from vosk_model.speech import ESPEAK, FLITE, Labels, Line, Spoken, labels_of, speak

SEED = 7
FLITE_VOICES = ("slt", "rms")
ESPEAK_VOICES = tuple(f"en-us+{v}" for v in "m3 f2 m1 f4 m7 f1 m2 f3 m5 f5 m4 m8 m6".split())
BRIEF = 3
"""Words up to which a phrase is a short call: said alone, a word begins and ends otherwise than in a sentence."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done."""

    flite: int = 420
    """Sentences by flite's voices, in turn."""
    espeak: int = 780
    """Sentences by espeak-ng's."""
    hidden: tuple[int, ...] = (256, 256)
    """Sizes of the inner layers."""
    epochs: tuple[float, float, float] = (1.5, 0.8, 1.8)
    """On flite's speech, on all, and on all with its phones found anew."""
    flite_voices: tuple[str, ...] = FLITE_VOICES
    espeak_voices: tuple[str, ...] = ESPEAK_VOICES


SMALL = Plan()
"""For the tests."""
LARGE = Plan(flite=1000, espeak=2000, hidden=(384, 384), epochs=(1.5, 1.0, 3.0))


def build(phrases: Sequence[str], folder: Path, plan: Plan = SMALL, say: Say = print) -> dict[str, float]:
    """Make a model that hears ``phrases``.

    Args:
        phrases: Lower-case words with single spaces.
        folder: Where its files go; must not hold a model.
        plan: How much is done.
        say: Gets a line now and then.

    Returns:
        How far the network came: cross-entropy in nats after each part.

    Raises:
        OSError, subprocess.SubprocessError: flite or espeak-ng is not there, or fails.

    """
    words = lexicon(word for phrase in phrases for word in phrase.split())
    rows = [row for row in (tuple(p.split()) for p in phrases) if row and all(w in words for w in row)]
    # Spawned, not forked: a fork may copy a lock of the linear algebra in use.
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        spoken = list(pool.map(speak, lines(rows, plan), chunksize=8))
        say(f"{len(spoken)} sentences spoken, {sum(len(s.takes[0].features) for s in spoken) / 6000:.0f} minutes.")
        by_flite = [s for s in spoken if s.labels is not None]
        network = new_network([s.takes[0].features for s in by_flite], plan.hidden, SEED)
        labels: list[Labels] = [s.labels for s in by_flite if s.labels is not None]
        losses = {"flite": _teach(network, by_flite, labels, plan.epochs[0])}
        for part, epochs in (("all", plan.epochs[1]), ("again", plan.epochs[2])):
            labels = list(pool.map(partial(_labelled, network, words), spoken, chunksize=32))
            losses[part] = _teach(network, spoken, labels, epochs)
            say(f"Taught: {losses[part]:.2f} nats.")
    leaving = leave_chances(_lengths(labels))
    graph = decoding_graph(words, leaving)
    model = language_model(rows, graph.numbers)
    splices = [range(-CONTEXT, CONTEXT + 1), *((0,) for _ in plan.hidden)]
    write_model(folder, Acoustic(network.folded(), splices, network.priors, leaving), graph, model)
    return losses


def lines(rows: Sequence[tuple[str, ...]], plan: Plan) -> list[Line]:
    """Who says what: a sentence and a short call ("stop", "fact three") in turn, each by the next voice in turn."""
    kinds = [_rare_first([r for r in rows if (len(r) > BRIEF) == long]) for long in (True, False)]
    turns = zip(*(itertools.cycle(kind) for kind in kinds if kind), strict=False)
    order = [row for turn in itertools.islice(turns, max(map(len, kinds))) for row in turn]
    out = []
    for engine, voices, count in ((FLITE, plan.flite_voices, plan.flite), (ESPEAK, plan.espeak_voices, plan.espeak)):
        texts = itertools.islice(itertools.cycle(order), count)
        for n, (words, voice) in enumerate(zip(texts, itertools.cycle(voices), strict=False)):
            out.append(Line(engine, voice, words, SEED + 1000 * n + len(engine)))
    return out


def _rare_first(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The sentences, by how much of them was not said before; ties by their place."""
    said: dict[str, int] = {}
    left, out = list(dict.fromkeys(rows)), []
    while left:
        # Fifty at a time, so that it stays quick.
        worth = [sum(1 / (1 + said.get(w, 0)) for w in row) / (1 + 0.2 * len(row)) for row in left]
        best = sorted(range(len(left)), key=lambda n: (-worth[n], n))[:50]
        for n in best:
            out.append(left[n])
            for w in left[n]:
                said[w] = said.get(w, 0) + 1
        gone = set(best)
        left = [row for n, row in enumerate(left) if n not in gone]
    return out


def _labelled(network: Network, words: Mapping[str, Sequence[Pronunciation]], spoken: Spoken) -> Labels:
    if spoken.labels is not None:
        return spoken.labels
    return align(network, spoken.takes[0].features, spoken.line.words, words)


def _teach(network: Network, spoken: Sequence[Spoken], labels: Sequence[Labels], epochs: float) -> float:
    takes = [(t.features, labels_of(t, row)) for s, row in zip(spoken, labels, strict=True) for t in s.takes]
    takes = [(f, row) for f, row in takes if len(f)]
    return teach(network, [f for f, _ in takes], [row for _, row in takes], epochs, SEED)


def _lengths(labels: Iterable[Labels]) -> dict[int, float]:
    """Mean frames of a run of each class."""
    total, runs = np.zeros(len(CLASSES)), np.zeros(len(CLASSES))
    for row in labels:
        if len(row):
            total += np.bincount(row, minlength=len(CLASSES))
            ends = np.append(row[1:] != row[:-1], True)
            runs += np.bincount(row[ends], minlength=len(CLASSES))
    return {n: float(total[n] / runs[n]) for n in range(len(CLASSES)) if runs[n]}
